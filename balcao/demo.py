"""The demo organisation: a small shop's customer service, ready to be tried.

Its people, numbers and reasons are a promise to whoever writes scripts against the demo, and are
named in the interface's description.  Filling is done once: what a visitor changes stays changed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from balcao.store import organisation
from balcao.store.database import Database, Tx

PASSWORD = "balcao-demo"


@dataclass(frozen=True)
class Person:
    """Somebody who signs in to the demo."""

    email: str
    name: str
    role: Literal["agent", "supervisor", "administrator"]
    teams: tuple[str, ...]


@dataclass(frozen=True)
class EntryPoint:
    """A WhatsApp number of the demo."""

    display_number: str
    phone_number_id: str
    queue: str


TEAMS = ("Suporte", "Logística", "Vendas")
PEOPLE = (
    Person("marina@demo", "Marina Alves", "agent", ("Suporte",)),
    Person("diego@demo", "Diego Dias", "agent", ("Logística",)),
    Person("camila@demo", "Camila Rocha", "agent", ("Suporte",)),
    Person("hugo@demo", "Hugo Lima", "agent", ("Vendas",)),
    Person("sofia@demo", "Sofia Prado", "supervisor", TEAMS),
    Person("admin@demo", "Ana Duarte", "administrator", ()),
)
# The teams of each queue, and after how many seconds of waiting they join in.
QUEUES = {
    "Suporte N1": {"Suporte": 0, "Logística": 120},
    "Vendas": {"Vendas": 0},
    "Financeiro": {"Suporte": 0},
    "Logística": {"Logística": 0},
}
ENTRY_POINTS = (
    EntryPoint("551140001000", "100000000000001", "Suporte N1"),
    EntryPoint("551140002000", "100000000000002", "Vendas"),
)
# The first of each is the default.
REASONS = {
    "wrap_up": (
        "Pedido resolvido",
        "Troca ou devolução",
        "Dúvida de pagamento",
        "Cliente não respondeu",
        "Transferido ao N2",
        "Engano / spam",
    ),
    "idle": ("Pausa", "Almoço", "Reunião", "Treinamento"),
}


class NotTheDemo(Exception):
    """The database holds an organisation that is not the demo's."""


async def fill(database: Database, hash: Callable[[str], str]) -> None:
    """Put the demo organisation into an empty database; one that has it stays as it is.

    Raises NotTheDemo, with nothing changed, where there is another organisation.
    """
    async with database.transaction() as tx:
        known = await organisation.emails(tx)
        if not known:
            await _fill(tx, hash(PASSWORD))
        elif not {person.email for person in PEOPLE} <= known:
            raise NotTheDemo("The database holds another organisation, and no demo runs on it.")


async def _fill(tx: Tx, password_hash: str) -> None:
    for kind, names in REASONS.items():
        await organisation.put_reasons(tx, kind, names)
    for team in TEAMS:
        await organisation.put_team(tx, team)
    queues = {name: await organisation.put_queue(tx, name, teams) for name, teams in QUEUES.items()}
    for point in ENTRY_POINTS:
        await organisation.put_entry_point(
            tx, point.phone_number_id, point.display_number, queues[point.queue]
        )
    for person in PEOPLE:
        await organisation.add_person(
            tx, person.email, person.name, person.role, password_hash, person.teams
        )

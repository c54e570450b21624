"""Customers: who wrote, by user id first and by phone second.

A customer may hide the phone, change it, or get another user id, so every identity
that was ever seen leads to the same row.  Events are resolved in batches, with a few
statements for a thousand of them.  Only intake adds customers, one at a time over
all processes, so what was looked up stays true until the commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import structlog

from balcao.domain.message import Sender
from balcao.store.bus import Kind
from balcao.store.database import Tx

log = structlog.get_logger()

Key: TypeAlias = tuple[str, str]


@dataclass(slots=True, eq=False)
class Customer:
    """A customer's row; intake changes it here and `learn` writes it."""

    id: int
    name: str | None = None
    profile_name: str | None = None
    username: str | None = None
    user_id: str | None = None
    wa_id: str | None = None
    conversations: dict[int, int] = field(default_factory=dict)
    """By entry point."""

    @property
    def shown_name(self) -> str | None:
        """What a colleague calls them: our own name for them first."""
        return self.name or self.profile_name or self.username


async def find_or_add(tx: Tx, senders: Sequence[Sender]) -> list[tuple[Customer, Sender]]:
    """The customer of each of *senders*, with what is his of it; unknown ones are added.

    A phone that leads to another customer than the user id does stays the other's.
    """
    known = await _known(tx, (key for sender in senders for key in _keys(sender)))
    found, added = list[tuple[Customer, Sender]](), list[Customer]()
    links: list[tuple[Key, Customer]] = []
    for sender in senders:
        keys = _keys(sender)
        customer = next((known[key] for key in keys if key in known), None)
        if customer is None:
            customer = Customer(0, None, sender.name, sender.username, *_ids(sender))
            added.append(customer)
        for key in keys:
            if key not in known:
                known[key] = customer
                links.append((key, customer))
        theirs = sender
        if sender.wa_id is not None and known["wa_id", sender.wa_id] is not customer:
            log.warning("two_customers", one=customer.id, other=known["wa_id", sender.wa_id].id)
            theirs = replace(sender, wa_id=None)
        found.append((customer, theirs))
    await _add(tx, added)
    await _link(tx, links)
    return found


async def learn(tx: Tx, seen: Sequence[tuple[Customer, Sender]]) -> None:
    """Take over what *seen* events say of their customers, where it is news."""
    changed: dict[int, Customer] = {}
    for customer, sender in seen:
        before = _said(customer)
        customer.profile_name = sender.name or customer.profile_name
        customer.username = sender.username or customer.username
        customer.user_id = sender.user_id or customer.user_id
        customer.wa_id = sender.wa_id or customer.wa_id
        if _said(customer) != before:
            changed[customer.id] = customer
    await _save(tx, list(changed.values()))


async def move(tx: Tx, old: Sender, new: Sender) -> None:
    """The customer known as *old* is *new* from now on; a repeat changes nothing."""
    keys = _keys(new)
    known = await _known(tx, (*_keys(old), *keys))
    customer = next((known[key] for key in _keys(old) if key in known), None)
    if customer is None:
        return  # never wrote to us: the first message will say who it is
    before = _said(customer)
    links: list[tuple[Key, Customer]] = []
    for kind, value in keys:
        if (kind, value) not in known:
            links.append(((kind, value), customer))
        elif known[kind, value].id != customer.id:
            log.warning("two_customers", one=customer.id, other=known[kind, value].id)
            continue
        if getattr(customer, kind) in (None, getattr(old, kind)):
            setattr(customer, kind, value)
    await _link(tx, links)
    if _said(customer) != before:
        await _save(tx, [customer])


async def begin(tx: Tx, pairs: Iterable[tuple[Customer, int]]) -> None:
    """Begin the conversation of each customer and entry point that have none."""
    missing = {
        (customer.id, entry_point): customer
        for customer, entry_point in pairs
        if entry_point not in customer.conversations
    }
    if not missing:
        return
    rows = await tx.fetch(
        "insert into conversation (customer_id, entry_point_id)"
        " select * from unnest($1::bigint[], $2::bigint[])"
        " returning id, customer_id, entry_point_id",
        [customer for customer, _ in missing],
        [entry_point for _, entry_point in missing],
    )
    for row in rows:
        customer = missing[row["customer_id"], row["entry_point_id"]]
        customer.conversations[row["entry_point_id"]] = row["id"]


def _keys(sender: Sender) -> list[Key]:
    """The identities that an event names, the stronger first."""
    pairs = (("user_id", sender.user_id), ("wa_id", sender.wa_id))
    return [(kind, value) for kind, value in pairs if value is not None]


def _ids(sender: Sender) -> tuple[str | None, str | None]:
    return sender.user_id, sender.wa_id


def _said(customer: Customer) -> tuple[str | None, ...]:
    return customer.profile_name, customer.username, customer.user_id, customer.wa_id


async def _known(tx: Tx, keys: Iterable[Key]) -> dict[Key, Customer]:
    """Whom the *keys* lead to, each with all conversations."""
    wanted = sorted(set(keys))
    rows = await tx.fetch(
        "select i.kind, i.value, c.id, c.name, c.profile_name, c.username, c.user_id, c.wa_id,"
        " v.entry_point_id, v.id as conversation_id"
        " from unnest($1::text[], $2::text[]) as n(kind, value)"
        " join customer_identity i using (kind, value) join customer c on c.id = i.customer_id"
        " left join conversation v on v.customer_id = c.id",
        [kind for kind, _ in wanted],
        [value for _, value in wanted],
    )
    customers: dict[int, Customer] = {}
    known = {}
    for row in rows:
        fields = dict(row)
        key = fields.pop("kind"), fields.pop("value")
        entry_point, conversation = fields.pop("entry_point_id"), fields.pop("conversation_id")
        customer = known[key] = customers.setdefault(row["id"], Customer(**fields))
        if conversation is not None:
            customer.conversations[entry_point] = conversation
    return known


async def _add(tx: Tx, added: Sequence[Customer]) -> None:
    """Insert *added* under numbers that are drawn first, so that each keeps its own."""
    if not added:
        return
    rows = await tx.fetch(
        "select nextval(pg_get_serial_sequence('customer', 'id')) as id"
        " from generate_series(1, $1)",
        len(added),
    )
    for customer, row in zip(added, rows, strict=True):
        customer.id = row["id"]
    await tx.execute(
        "insert into customer (id, profile_name, username, user_id, wa_id)"
        " overriding system value"
        " select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[])",
        [customer.id for customer in added],
        [customer.profile_name for customer in added],
        [customer.username for customer in added],
        [customer.user_id for customer in added],
        [customer.wa_id for customer in added],
    )


async def _link(tx: Tx, links: Sequence[tuple[Key, Customer]]) -> None:
    if links:
        await tx.execute(
            "insert into customer_identity (kind, value, customer_id)"
            " select * from unnest($1::text[], $2::text[], $3::bigint[])",
            [kind for (kind, _), _ in links],
            [value for (_, value), _ in links],
            [customer.id for _, customer in links],
        )


async def _save(tx: Tx, changed: Sequence[Customer]) -> None:
    """Write what is known of *changed*, and have all their conversations shown anew."""
    if not changed:
        return
    await tx.execute(
        "update customer c set profile_name = n.p, username = n.u, user_id = n.b, wa_id = n.w,"
        " version = version + 1 from unnest($1::bigint[], $2::text[], $3::text[], $4::text[],"
        " $5::text[]) as n(id, p, u, b, w) where c.id = n.id",
        [customer.id for customer in changed],
        [customer.profile_name for customer in changed],
        [customer.username for customer in changed],
        [customer.user_id for customer in changed],
        [customer.wa_id for customer in changed],
    )
    rows = await tx.fetch(
        "select id from conversation where customer_id = any($1::bigint[])",
        [customer.id for customer in changed],
    )
    for row in rows:
        tx.nudge(Kind.CONVERSATION, row["id"])

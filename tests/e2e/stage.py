"""The stage of the browser journeys: a whole demo as processes, its phones, and an agent's desk.

Customers act through the simulator's control API, agents through a real page, and nothing else
is touched but the database's settings that a visitor cannot change yet.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect

from balcao.demo import ENTRY_POINTS
from balcao.store import embedded
from balcao.store.database import Database
from tests.setup.test_command_line import CLEAN, free_port, status, until

SUPPORT, SALES = (point.display_number for point in ENTRY_POINTS)
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    # A microphone that beeps, and nobody to ask for it.
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
)
CONTEXT: dict[str, Any] = {
    "locale": "pt-BR",
    "timezone_id": "America/Sao_Paulo",
    "reduced_motion": "reduce",
    "viewport": {"width": 1440, "height": 900},
}
# The same for every server of a stage, as an operator with several would set them.
SECRETS = {
    "BALCAO_SECRET_KEY": "a secret of the browser journeys",
    "BALCAO_APP_SECRETS": "the app secret of the journeys",
    "BALCAO_VERIFY_TOKEN": "verify",
    "BALCAO_ACCESS_TOKEN": "access",
}


class Phone:
    """A customer's phone, as the simulator has it."""

    def __init__(self, stage: "Stage", name: str) -> None:
        self._stage = stage
        self.name = name
        self.id = str(stage.sim("customers", {"name": name})["id"])

    def write(self, text: str, to: str = SUPPORT) -> None:
        """The customer sends *text* to Suporte, or to another number."""
        self.send({"type": "text", "text": text}, to)

    def send(self, content: dict[str, Any], to: str = SUPPORT) -> str:
        """The customer sends anything at all; its wamid."""
        body = {"entry_point": to, **content}
        sent = self._stage.sim(f"customers/{quote(self.id)}/messages", body)
        return str(sent["wamid"])

    def shows(self, wamid: str) -> dict[str, Any]:
        """A line as it looks on this phone."""
        lines: list[dict[str, Any]] = self._stage.sim(f"customers/{quote(self.id)}/messages")
        return next(line for line in lines if line["wamid"] == wamid)

    def received(self) -> list[dict[str, Any]]:
        """What the company's messages look like on this phone."""
        lines = self._stage.sim(f"customers/{quote(self.id)}/messages")
        return [line for line in lines if line["direction"] == "received"]


class Stage:
    """A demo without scripted customers, and further servers on its database."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.home = folder / "data"
        self._folder = folder
        self._stack = stack
        port, self._phones = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.phones_url = f"http://127.0.0.1:{self._phones}"
        words = ["demo", "--quiet", "--data-dir", str(self.home)]
        words += ["--port", str(port), "--simulator-port", str(self._phones)]
        stack.enter_context(running(folder, words, port, SECRETS))
        until(lambda: status(self._phones, "/sim/customers") == 200, 60)

    def second_server(self) -> str:
        """Another server on the same database; returns its address."""
        port = free_port()
        environment = {
            **SECRETS,
            "BALCAO_DATABASE_URL": embedded.dsn(self.home),
            "BALCAO_GRAPH_URL": self.phones_url,
        }
        words = ["serve", "--port", str(port)]
        self._stack.enter_context(running(self._folder, words, port, environment))
        return f"http://127.0.0.1:{port}"

    def sim(self, path: str, body: object = None) -> Any:
        """Asks the simulator's control API; with a body it is a POST."""
        request = urllib.request.Request(
            f"{self.phones_url}/sim/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def ask(self, sql: str, *args: object) -> Any:
        """The one value that *sql* gives."""

        async def answer() -> Any:
            database = await Database.open(embedded.dsn(self.home), size=1)
            try:
                async with database.transaction() as tx:
                    return await tx.fetchval(sql, *args)
            finally:
                await database.close()

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(answer())).result()

    def ring_for(self, seconds: int) -> None:
        """Requests of Suporte ring for so long from now on."""
        self.ask("update queue set rona_seconds = $1 where name = 'Suporte N1'", seconds)

    def phone(self, name: str) -> Phone:
        """The phone of a new customer."""
        return Phone(self, name)


class Desk:
    """An agent's desk in a page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        page.goto(url)

    def sign_in(self, email: str) -> Self:
        """Come in by the form, as a person does."""
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Senha", exact=True).fill("balcao-demo")
        self.page.get_by_role("button", name="Entrar", exact=True).click()
        expect(self.page.get_by_role("button", name="Estado: ")).to_be_visible()
        return self

    def become_available(self) -> Self:
        """Choose Disponível on the card in the middle."""
        self.page.get_by_role("button", name="Ficar disponível").click()
        self.is_in("Disponível")
        return self

    def is_in(self, state: str) -> None:
        """The state selector shows exactly *state*."""
        button = self.page.get_by_role("button", name=f"Estado: {state}", exact=True)
        expect(button).to_be_visible()

    def offer(self, customer: Phone) -> Locator:
        """The card of a request."""
        requests = self.page.get_by_role("region", name="Solicitações", exact=True)
        return requests.get_by_role("article", name=customer.name, exact=True)

    def accept(self, customer: Phone) -> None:
        """Take a request."""
        self.offer(customer).get_by_role("button", name="Aceitar", exact=True).click()
        expect(self.composer).to_be_focused()

    def end(self) -> Locator:
        """End the open task; returns the dialogue that asks for the reason."""
        self.page.get_by_role("button", name="Encerrar").click()
        dialog = self.page.get_by_role("dialog", name="Motivos de conclusão")
        expect(dialog.get_by_role("combobox", name="Pesquisar")).to_be_focused()
        return dialog

    def wrap_up(self, dialog: Locator, wanted: str, reason: str) -> None:
        """Search for a reason, choose it and send it."""
        self.page.keyboard.type(wanted)
        reasons = dialog.get_by_role("listbox", name="Motivos").get_by_role("option")
        expect(reasons).to_have_count(1)
        expect(reasons).to_contain_text(reason)
        reasons.click()
        dialog.get_by_role("button", name="Enviar conclusão").click()
        expect(dialog).to_be_hidden()

    def ask(self, button: str, title: str) -> Locator:
        """Press a button of the open conversation; returns the dialogue that it opens."""
        self.page.get_by_role("main").get_by_role("button", name=button, exact=True).click()
        dialog = self.page.get_by_role("dialog", name=title)
        expect(dialog.get_by_role("combobox", name="Pesquisar")).to_be_focused()
        return dialog

    def choose(self, dialog: Locator, kind: str, wanted: str, name: str) -> None:
        """Search the queues or agents of *dialog*, and choose the only one found."""
        dialog.get_by_role("radio", name=kind, exact=True).check()
        dialog.get_by_role("combobox", name="Pesquisar").fill(wanted)
        options = dialog.get_by_role("option")
        expect(options).to_have_count(1)
        expect(options).to_contain_text(name)
        options.click()
        expect(dialog.get_by_text(f"Escolhido: {name}")).to_be_visible()

    def say(self, text: str) -> None:
        """Write to the customer of the open conversation."""
        self.composer.fill(text)
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("article").filter(has_text=text)).to_be_visible()

    def become(self, state: str) -> None:
        """Choose a state in the selector."""
        self.page.get_by_role("button", name="Estado: ").click()
        self.page.get_by_role("menuitemradio", name=state, exact=True).click()
        expect(self.page.get_by_role("button", name="Estado: ")).to_contain_text(state)

    def cookies(self) -> str:
        """What this desk's browser shows the server."""
        return "; ".join(f"{c['name']}={c['value']}" for c in self.page.context.cookies())

    @property
    def composer(self) -> Locator:
        """Where replies are written."""
        return self.page.get_by_role("textbox", name="Mensagem", exact=True)


@contextmanager
def running(
    folder: Path, words: list[str], port: int, environment: dict[str, str]
) -> Iterator[None]:
    """A command that serves on *port* for the while, in a process group of its own."""
    log = folder / f"{port}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "balcao", *words],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**CLEAN, **environment},
            cwd="/",
            process_group=0,
        )
    try:
        until(lambda: _ready(process, port, log), 90)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def _ready(process: subprocess.Popen[bytes], port: int, log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    return status(port, "/ready") == 200


def command(url: str, cookies: str) -> int:
    """The status that a POST without a body is answered with."""
    headers = {"Cookie": cookies, "Idempotency-Key": uuid.uuid4().hex}
    request = urllib.request.Request(url, method="POST", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: int = answer.status
            return found
    except urllib.error.HTTPError as error:
        with error:
            return error.code

"""Secrets and what people write go all the way, and through all that can fail; none comes out.

Real processes at their most talkative, a real collector of spans, and a WhatsApp that quotes in
its errors what it was sent.  Whatever the processes write, tell or answer to strangers is then
looked through.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from balcao.store import embedded
from balcao.store.database import Database
from tests import world
from tests.canaries import sung
from tests.health.day import Agent, at_work, employ
from tests.health.serving import Secrets, Server, served, until
from tests.whatsapp import bodies
from tests.whatsapp.graph import Graph
from tests.world import sql

pytestmark = pytest.mark.slow

SECRETS = Secrets(
    app_secret="canary-app-secret-hL7q",
    secret_key="canary-secret-key-Jw2x",
    verify_token="canary-verify-token-Zp9",
    access_token="canary-access-token-Tt4",
)
PASSWORD = "canary-password-Uy6"
EMAIL = "petronila.canary@loja.example"
NAME = "Petronila Canary"
CUSTOMER = "Zenaide Canary"
PHONE = "5521987650123"
USER = "BR.CanaryUser77"
WAMID = "wamid.HBgCanary"
BODY = "canary words of a customer"
REPLY = "canary words of an agent"
POISON = "canary words that no row may hold"

CANARIES = (
    *(SECRETS.app_secret, SECRETS.secret_key, SECRETS.verify_token, SECRETS.access_token),
    *(PASSWORD, EMAIL, NAME, CUSTOMER, PHONE, USER, WAMID, "canary words"),
)
POISONED = (
    "alter table message add constraint no_poison check"
    f" (text is distinct from '{POISON}' and author_name is distinct from '{POISON}')"
)


@dataclass
class Collector:
    """Receives spans, as an operator's collector does."""

    bodies: list[bytes] = field(default_factory=list)
    url: str = ""

    @property
    def names(self) -> set[str]:
        """What the spans so far are called."""
        found = set()
        for body in self.bodies:
            request = ExportTraceServiceRequest()
            request.ParseFromString(body)
            for resource in request.resource_spans:
                for scope in resource.scope_spans:
                    found |= {span.name for span in scope.spans}
        return found

    async def receive(self, request: web.Request) -> web.Response:
        """Take a batch of spans."""
        self.bodies.append(await request.read())
        return web.Response()


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """A collector on a real socket."""
    collector = Collector()
    application = web.Application()
    application.router.add_post("/v1/traces", collector.receive)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        await runner.cleanup()


def message(wamid: str, text: str = BODY, **over: Any) -> dict[str, Any]:
    """A message of the customer's."""
    who = {"from": PHONE, "from_user_id": USER}
    return bodies.text(f"{WAMID}{wamid}", text, over.pop("second", 0), **who, **over)


def post(*items: object, statuses: tuple[object, ...] = (), number: str = bodies.NUMBER) -> bytes:
    """A webhook about the customer."""
    contact = {"profile": {"name": CUSTOMER}, "wa_id": PHONE, "user_id": USER}
    return bodies.envelope(bodies.change(items, statuses, [contact], number))


async def quotes(request: web.Request) -> web.Response:
    """An error of WhatsApp's that repeats all that it was sent."""
    told = f"{await request.text()} {request.headers['authorization']}"
    error = {"message": told, "code": 131000, "error_data": {"details": told}}
    return web.json_response({"error": {**error, "code": 100}}, status=400)


async def breaks_off(request: web.Request) -> web.Response:
    """No answer at all."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def test_no_canary_is_heard(
    database: Database, dsn: str, postgres: Path, tmp_path: Path, graph: Graph
) -> None:
    floor = await world.build(database)
    await employ(database, floor, NAME, EMAIL, PASSWORD)
    await sql(database, POISONED)
    async with collecting() as collector:
        environment = {
            "BALCAO_GRAPH_URL": graph.url,
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "NO_PROXY": "127.0.0.1",
        }
        async with served(dsn, tmp_path, secrets=SECRETS, environment=environment) as server:
            second = int((await world.clock(database)).timestamp())
            async with at_work(server, EMAIL, PASSWORD) as agent:
                answers = await write_in(server, second)
                task = await agent.talking()
                answers += await write_back(agent, graph, task["id"])
                await settled(database)
                answers += await stray(agent, server)
                cookies = agent.cookies
                scrapes = [(await server.scrape()).text for _ in range(4)]
            await fall(server, dsn, postgres)
            scrapes += [(await server.scrape()).text]
            await until(lambda: has_all_spans(collector))

    assert len(cookies) == 1
    assert_things_went_wrong(server)
    said = [server.written, *scrapes, (postgres / "postgres.log").read_text()]
    said += [body.decode() for body in answers]
    said += [body.decode("latin-1") for body in collector.bodies]
    assert sung(said, (*CANARIES, *cookies)) == []


async def write_in(server: Server, second: int) -> list[bytes]:
    """Everything that can come in at the door, good and bad."""
    good = message("1", second=second)
    failed = bodies.status(
        f"{WAMID}none",
        "failed",
        second,
        recipient_id=PHONE,
        errors=[{"code": 131047, "title": BODY, "error_data": {"details": BODY}}],
    )
    identity = {"from": PHONE, "type": "system", "system": {"body": BODY, "wa_id": PHONE}}
    webhooks = [
        post(good),
        post(good),
        post(message("2", POISON, second=second), message("3", second=second)),
        post(message("4", second=second) | {"timestamp": BODY}),
        post(bodies.without(good, "text", "timestamp") | {"id": f"{WAMID}5"}, BODY, {"id": 7}),
        post(message("6", second=second), number="999999999999999"),
        post(bodies.text(f"{WAMID}7", BODY, second) | identity),
        post(statuses=(failed, failed | {"status": BODY})),
        BODY.encode(),
        b'{"entry": [{"changes": [' + BODY.encode(),
        json.dumps({"object": BODY, "entry": BODY}).encode(),
    ]
    answers = []
    for body in webhooks:
        status, answer = await server.webhook(body)
        assert status == 200, body
        answers.append(answer)
    status, answer = await server.webhook(post(good), "not the secret")
    assert status == 401
    answers.append(answer)
    for token, expected in ((SECRETS.verify_token, 200), (SECRETS.app_secret, 403)):
        query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "42"}
        url = f"{server.url}/webhooks/whatsapp"
        async with server.http.get(url, params=query) as answer_:
            assert answer_.status == expected
            answers.append(await answer_.read())
    return answers


async def write_back(agent: Agent, graph: Graph, task: str) -> list[bytes]:
    """Replies that go well, and those that fail in each way that there is; the refusals."""
    refusals = []
    for number, answer in enumerate(
        (
            graph.accepts,
            quotes,
            Graph.says(500, f"<html>{REPLY} {PHONE}</html>"),
            Graph.says(200, f'{{"{REPLY}'),
            Graph.says(429, f'{{"error": "{REPLY}"}}'),
            breaks_off,
        )
    ):
        asked = len(graph.bodies)
        graph.answer = answer
        assert (await agent.says(task, f"{REPLY} {number}"))[0] == 202

        async def called(asked: int = asked) -> bool:
            return len(graph.bodies) > asked

        await until(called)
    graph.answer = graph.accepts
    for text, expected in ((POISON, 500), (REPLY * 1_000, 422)):
        status, answer_ = await agent.says(task, text)
        assert status == expected, answer_
        refusals.append(answer_)
    return refusals


async def stray(agent: Agent, server: Server) -> list[bytes]:
    """Questions that nobody answers as they were asked; the answers."""
    asked: list[tuple[str, str, object, int]] = [
        ("GET", f"/api/tasks/{PHONE}", None, 404),
        ("GET", f"/api/{PHONE}?text={BODY}", None, 404),
        ("GET", f"/assets/{PHONE}.js", None, 404),
        ("PUT", "/api/agent/state", {"state": BODY}, 422),
        ("PUT", "/api/agent/state", BODY.encode(), 400),
        ("PUT", "/api/me/settings", {BODY: PHONE, "theme": BODY}, 422),
        ("POST", "/api/session", {"email": EMAIL, "password": f"{PASSWORD}!"}, 401),
        ("POST", "/api/session", {"email": EMAIL, "password": {PASSWORD: BODY}}, 422),
        ("POST", "/api/session", {"email": EMAIL, "password": PASSWORD, BODY: 1}, 422),
        ("DELETE", f"/api/{PHONE}", None, 404),
    ]
    answers = []
    for method, path, body, expected in asked:
        status, answer = await agent.ask(method, path, body)
        assert status == expected, (method, path, answer)
        answers.append(answer)
    head = b"POST /webhooks/whatsapp HTTP/1.1\r\nhost: desk\r\ncontent-length: 4000000\r\n\r\n"
    for raw, expected in (
        (f"GET {BODY} {PHONE}\r\nauthorization: {PASSWORD}\r\n\r\n".encode(), 400),
        (head + BODY.encode(), 413),
    ):
        answer = await server.raw(raw)
        assert answer.startswith(b"HTTP/1.1 %d" % expected)
        answers.append(answer)
    return answers


async def settled(database: Database) -> None:
    """Return once what came in is read, and what goes out has come to something or is put off."""

    async def quiet() -> bool:
        left = await sql(
            database,
            "select (select count(*) from webhook where done_at is null) + (select count(*)"
            " from message where status = 'sending') as n",
        )
        return left[0]["n"] == 0

    await until(quiet)


async def fall(server: Server, dsn: str, postgres: Path) -> None:
    """Kill a worker while its database lets nobody in, so that the next one crashes, then mend."""
    name = dsn.partition("@/")[2].partition("?")[0]
    outside = await asyncpg.connect(embedded.dsn(postgres, "postgres"))
    try:
        await outside.execute(f"alter database {name} allow_connections false")
        os.kill(server.workers()[0], signal.SIGKILL)
        await server.line("crashed")
        await outside.execute(f"alter database {name} allow_connections true")
    finally:
        await outside.close()

    async def back() -> bool:
        return (await server.scrape()).value("balcao_worker_up") == 2

    await until(back)


async def has_all_spans(collector: Collector) -> bool:
    return {"webhook", "intake step", "router step", "sender call", "hub turn"} <= collector.names


def assert_things_went_wrong(server: Server) -> None:
    """What was to be provoked was, and got a line."""
    events = {line["event"] for line in server.log}
    expected = {
        *("placed", "stepped", "told"),
        *("webhook_stored", "webhook_refused", "batch_failed", "item_set_aside"),
        *("offered", "claimed", "called", "settled", "request_failed", "crashed"),
        *("send_rejected", "send_unsure", "process_ended"),
    }
    assert expected <= events, expected - events

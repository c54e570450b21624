"""Spans: where they go when they are on, and what is never in them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from balcao.engine.intake import Intake
from balcao.engine.loop import Progress, Step, keep_done
from balcao.engine.router import Router
from balcao.engine.sender import Sender
from balcao.store.database import Database
from balcao.telemetry import traces
from balcao.whatsapp.client import Client
from balcao.whatsapp.signature import sign
from tests.canaries import sung
from tests.engine.outbound import KEY, send_all, sit_down
from tests.web.house import house
from tests.whatsapp import bodies
from tests.whatsapp.graph import Graph

ROOT = Path(__file__).parents[2]


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """What is exported while the test lasts."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    traces.use(provider)
    yield exporter
    traces.use(None)
    heard = sung(span.to_json() for span in exporter.get_finished_spans())
    assert heard == []


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    """The finished spans of one name."""
    return [span for span in exporter.get_finished_spans() if span.name == name]


async def once(name: str, step: Step) -> None:
    """Let a loop take one turn."""
    over = asyncio.Event()

    async def counted() -> Progress:
        try:
            return await step()
        finally:
            over.set()

    loop = asyncio.create_task(keep_done(name, counted, asyncio.Event()))
    async with asyncio.timeout(10):
        await over.wait()
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)


async def test_a_webhook_has_a_span_with_the_number_under_which_it_is_kept(
    database: Database, spans: InMemorySpanExporter
) -> None:
    body = bodies.messages(bodies.text("wamid.1", "Bom dia"))
    async with house(database) as here:
        signed = {"x-hub-signature-256": sign(body, "an app secret")}
        browser = here.browser()
        assert (await browser.ask("POST", "/webhooks/whatsapp", body, signed)).status == 200
        assert (await browser.ask("POST", "/webhooks/whatsapp", body)).status == 401
    taken, refused = named(spans, "webhook")
    assert dict(taken.attributes or {}) == {"status": 200, "webhook": 1}
    assert dict(refused.attributes or {}) == {"status": 401}


async def test_each_turn_of_a_loop_has_a_span(
    database: Database, spans: InMemorySpanExporter
) -> None:
    async with house(database) as here:
        body = bodies.messages(bodies.text("wamid.1", "Bom dia"))
        signed = {"x-hub-signature-256": sign(body, "an app secret")}
        await here.browser().ask("POST", "/webhooks/whatsapp", body, signed)
        await once("intake", Intake(database, seal_key=KEY).step)
        await once("router", Router(database).step)
    assert dict(named(spans, "intake step")[0].attributes or {}) == {"done": 1}
    assert named(spans, "router step")


async def test_a_call_to_whatsapp_has_a_span_with_what_came_of_it(
    database: Database, graph: Graph, spans: InMemorySpanExporter
) -> None:
    desk = await sit_down(database)
    client = await Client.open(graph.url, "v26.0")
    sender = Sender(database, client, seal_key=KEY, access_token="a token")
    message = await desk.say("Bom dia")
    await send_all(sender)
    await client.close()
    (call,) = named(spans, "sender call")
    expected = {"message": message, "attempt": 1, "result": "accepted"}
    assert dict(call.attributes or {}) == expected


async def test_what_fails_is_told_by_its_type_alone(spans: InMemorySpanExporter) -> None:
    async def step() -> Progress:
        raise ValueError("Bom dia, 5511987654321")

    await once("router", step)
    (span,) = named(spans, "router step")
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "ValueError"
    assert span.events == ()


def exported(code: str, **environment: str) -> str:
    """What a program writes that traces as the environment says."""
    program = f"from balcao.telemetry import traces\n{code}"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


SPAN = "with traces.exported('1.2.3', 1):\n    with traces.span('webhook', webhook=7): pass\n"


def test_the_environment_says_where_spans_go_and_how_the_service_is_called() -> None:
    said = exported(SPAN, OTEL_TRACES_EXPORTER="console", OTEL_SERVICE_NAME="loja")
    assert '"webhook": 7' in said
    assert '"service.name": "loja"' in said
    assert '"balcao.worker": 1' in said


def test_without_a_word_of_the_environment_the_library_is_not_even_loaded() -> None:
    look = "import sys\nprint([name for name in sys.modules if 'opentelemetry' in name])"
    assert exported(SPAN + look).strip() == "[]"


def test_an_exporter_that_is_not_there_is_told_and_stops_nothing() -> None:
    said = exported(SPAN + "print('done')", OTEL_TRACES_EXPORTER="nowhere")
    assert "traces_without_exporter" in said
    assert "done" in said

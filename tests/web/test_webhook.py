"""WhatsApp's door, asked as an ASGI server asks it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from balcao.store.database import Database
from balcao.store.webhooks import Inbox
from balcao.web.webhook import BODY_BYTES_MAX, Application, webhook_app
from balcao.whatsapp.signature import sign
from tests.whatsapp import bodies
from tests.world import sql

BODY = bodies.messages(bodies.text("wamid.1", "ação 🎉"))
PATH = "/webhooks/whatsapp"


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


@pytest.fixture
async def app(database: Database) -> AsyncIterator[Application]:
    async with Inbox(database) as inbox:
        yield webhook_app(inbox, secrets=["old", "new"], verify_token="token")


async def ask(
    app: Application,
    method: str = "POST",
    query: str = "",
    chunks: Sequence[bytes | None] = (b"",),
    **headers: str,
) -> Answer | None:
    """What is answered to a request; a chunk of None is the other side going away."""
    told: list[Any] = [
        {"type": "http.disconnect"}
        if chunk is None
        else {"type": "http.request", "body": chunk, "more_body": n < len(chunks) - 1}
        for n, chunk in enumerate(chunks)
    ]
    answered: list[Any] = []

    async def receive() -> Any:
        return told.pop(0)

    async def send(message: Any) -> None:
        answered.append(message)

    pairs = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    scope = {
        "type": "http",
        "method": method,
        "path": PATH,
        "query_string": query.encode(),
        "headers": pairs,
    }
    await app(scope, receive, send)
    return Answer(answered[0]["status"], answered[1]["body"]) if answered else None


async def post(app: Application, body: bytes, secret: str = "new", **headers: str) -> int:
    signed = {"x_hub_signature_256": sign(body, secret)} | headers
    answer = await ask(app, chunks=[body[:10], body[10:]], **signed)
    assert answer is not None
    return answer.status


async def stored(database: Database) -> list[object]:
    return [row["body"] for row in await sql(database, "select body from webhook order by id")]


async def test_whoever_knows_our_token_gets_the_challenge_back(app: Application) -> None:
    query = "hub.mode=subscribe&hub.challenge=a%2Bb-1&hub.verify_token=token"
    assert await ask(app, "GET", query) == Answer(200, b"a+b-1")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong",
        "hub.mode=subscribe&hub.challenge=1",
        "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=token",
        "hub.challenge=1&hub.verify_token=token",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=%FF",
    ],
)
async def test_nobody_else_does(app: Application, query: str) -> None:
    assert await ask(app, "GET", query) == Answer(403, b"forbidden")


async def test_without_a_token_of_ours_nobody_is_let_in(database: Database) -> None:
    app = webhook_app(Inbox(database), secrets=["s"], verify_token="")
    answer = await ask(app, "GET", "hub.mode=subscribe&hub.challenge=1&hub.verify_token=")
    assert answer == Answer(403, b"forbidden")


@pytest.mark.parametrize("secret", ["old", "new"])
async def test_a_signed_body_is_stored_as_it_came_before_the_answer(
    app: Application, database: Database, secret: str
) -> None:
    assert await post(app, BODY, secret) == 200
    assert await stored(database) == [BODY]


async def test_a_wrong_or_missing_signature_stores_nothing(
    app: Application, database: Database
) -> None:
    assert await post(app, BODY, "another") == 401
    assert await post(app, BODY, x_hub_signature_256="sha256=") == 401
    answer = await ask(app, chunks=[BODY])
    assert answer is not None
    assert answer.status == 401
    assert await stored(database) == []


async def test_a_body_over_3_mb_is_refused_whatever_its_length_says(
    app: Application, database: Database
) -> None:
    long = bytes(BODY_BYTES_MAX + 1)
    assert await post(app, long) == 413
    assert await post(app, long, content_length="10") == 413
    assert await post(app, BODY, content_length=str(4 << 20)) == 413
    assert await post(app, BODY, content_length="9" * 5000) == 413
    assert await stored(database) == []
    assert await post(app, bytes(BODY_BYTES_MAX)) == 200


async def test_what_cannot_be_stored_is_answered_503_so_that_it_comes_again(
    database: Database,
) -> None:
    app = webhook_app(Inbox(database), secrets=["new"], verify_token="token")
    assert await post(app, BODY) == 503


async def test_who_goes_away_half_way_leaves_nothing(app: Application, database: Database) -> None:
    assert await ask(app, chunks=[b"{", None]) is None
    assert await stored(database) == []


async def test_other_methods_are_refused(app: Application) -> None:
    answer = await ask(app, "DELETE")
    assert answer is not None
    assert answer.status == 405


async def test_many_at_once_are_all_stored(app: Application, database: Database) -> None:
    posts = [bodies.messages(bodies.text(f"wamid.{n}")) for n in range(100)]
    assert set(await asyncio.gather(*(post(app, body) for body in posts))) == {200}
    assert set(await stored(database)) == set(posts)

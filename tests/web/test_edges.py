"""What holds for every request: who it comes from, how long it is, and how it is answered."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from balcao.realtime.hub import Hub
from balcao.store.database import Database
from balcao.store.files import Files
from balcao.web.app import ROUTES, create, description
from balcao.web.gate import BODY_BYTES_MAX
from balcao.web.static import static_app
from balcao.web.webhook import Application, Message, Scope
from tests.web.house import HOST, Browser, House, house
from tests.world import sql

ROOT = Path(__file__).parents[2]
GUARDS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


async def test_every_answer_has_the_headers_that_guard_it(here: House) -> None:
    marina = await here.agent("Marina")
    asked = [
        ("GET", path) for path in ("/", "/tasks/7", "/nothing.js", "/api/nothing", "/api/desk/")
    ]
    asked += [("POST", "/"), ("POST", "/webhooks/whatsapp"), ("PUT", "/webhooks/whatsapp")]
    asked += [("GET", "/webhooks/whatsapp"), ("POST", "/api/desk"), ("DELETE", "/api/info")]
    for route in ROUTES:
        for path in route.paths:
            asked += [(method, path.replace("{id:str}", "7")) for method in route.http_methods]
    for method, path in asked:
        reply = await marina.ask(method, path)
        assert {name: reply.headers.get(name) for name in GUARDS} == GUARDS, path
        policy = reply.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'"), path
        assert "unsafe" not in policy
        if path.startswith("/api/"):
            assert reply.headers["cache-control"] == "no-store", path
        if reply.status >= 400 and not path.startswith("/webhooks"):
            assert reply.headers["content-type"] == "application/problem+json", path


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": f"http://{HOST}.evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": f"http://{HOST}"},
    ],
)
async def test_another_site_cannot_act_in_ones_name(here: House, headers: dict[str, str]) -> None:
    marina = await here.agent("Marina")
    body = {"state": "idle"}
    reply = await marina.ask("PUT", "/api/agent/state", body, headers)
    assert reply.problem == (403, "other-site")
    assert (await marina.get("/api/session")).json["agent"]["state"] == "available"


@pytest.mark.parametrize(
    "headers", [{}, {"origin": f"http://{HOST}"}, {"sec-fetch-site": "same-origin"}]
)
async def test_ones_own_site_and_programs_can(here: House, headers: dict[str, str]) -> None:
    marina = await here.agent("Marina")
    reply = await marina.ask("PUT", "/api/agent/state", {"state": "idle"}, headers)
    assert reply.status == 200


async def test_the_public_address_is_ones_own_site_too(database: Database) -> None:
    async with house(database, public_url="https://desk.example.com") as here:
        await here.employ("Marina")
        body = {"email": "marina@test", "password": "x"}
        origin = {"origin": "https://desk.example.com"}
        reply = await here.browser().ask("POST", "/api/session", body, origin)
        assert reply.problem == (401, "bad-credentials")


async def test_a_long_body_is_refused_whatever_it_says_of_its_length(here: House) -> None:
    marina = await here.agent("Marina")
    long = b'"' + b"x" * (4 << 20) + b'"'
    for length in (str(len(long)), "7", "x"):
        reply = await marina.ask("PUT", "/api/me/settings", long, {"content-length": length})
        assert reply.problem == (413, "body-too-long")
    fit = b'{"theme": "dark"}'.ljust(BODY_BYTES_MAX)
    assert (await marina.ask("PUT", "/api/me/settings", fit)).status == 200


async def test_a_body_that_cannot_be_read_names_what_is_wrong(here: House) -> None:
    browser = here.browser()
    for malformed in (b"{nope", b"\xff\xfe", b"", b"[" * 5_000):
        reply = await browser.ask("POST", "/api/session", malformed)
        assert reply.status in {400, 422}, malformed
        assert reply.problem[1] in {"malformed", "invalid"}
    missing = await browser.post("/api/session", {"email": "marina@test"})
    assert (missing.problem, missing.json["field"]) == ((422, "invalid"), "password")
    extra = {"email": "marina@test", "password": "x", "role": "administrator"}
    unknown = await browser.post("/api/session", extra)
    assert (unknown.problem, unknown.json["field"]) == ((422, "invalid"), "role")
    wrong = await browser.post("/api/session", {"email": "marina@test", "password": 7})
    assert (wrong.problem, wrong.json["field"]) == ((422, "invalid"), "password")


async def test_no_body_may_set_what_it_does_not_name(here: House) -> None:
    marina = await here.agent("Marina")
    columns = await sql(
        here.database,
        "select distinct column_name as name from information_schema.columns"
        " where table_schema = 'public'",
    )
    fit = {"state": "available"}
    for column in columns:
        name = str(column["name"])
        if name not in {"state", "aux_code_id"}:
            reply = await marina.ask("PUT", "/api/agent/state", {**fit, name: 1})
            assert (reply.problem, reply.json["field"]) == ((422, "invalid"), name)


async def test_a_fault_of_ours_says_nothing_about_itself(database: Database) -> None:
    async def broken(_scope: Scope, _receive: object, _send: object) -> None:
        raise RuntimeError("the secret is 42")

    async with Hub(database) as hub:
        application = create(database, hub, webhook=broken, files=Files("nowhere"), version="1")
        reply = await Browser(application).post("/webhooks/whatsapp")
    assert reply.problem == (500, "server-error")
    assert b"42" not in reply.body


async def test_without_the_database_the_answer_is_to_come_back(dsn: str) -> None:
    database = await Database.open(dsn)
    async with house(database) as here:
        marina = await here.agent("Marina")
        await database.close()
        reply = await marina.get("/api/session")
        assert reply.problem == (503, "unavailable")
        assert reply.headers["retry-after"] == "1"
        assert (await marina.get("/ready")).status == 503
        assert (await marina.get("/health")).status == 200
    assert reply.headers["x-content-type-options"] == "nosniff"


async def test_anyone_may_learn_what_this_is_and_how_it_is(here: House) -> None:
    anyone = here.browser()
    info = (await anyone.get("/api/info")).json
    assert info == {"product": "Balcão", "version": "1.2.3", "demo_accounts": None}
    assert (await anyone.get("/health")).json == {"status": "ok"}
    assert (await anyone.get("/ready")).json == {"status": "ok"}
    await here.agent("Marina")
    figures = (await anyone.get("/metrics")).body.decode()
    assert 'balcao_floor{what="agents_available"} 1.0' in figures
    assert 'balcao_requests_total{door="api",status="200",worker="0"}' in figures
    assert "marina" not in figures.lower()


async def test_the_description_is_the_committed_one(here: House) -> None:
    served = (await here.browser().get("/api/openapi.json")).body.decode()
    assert served == description() == (ROOT / "openapi.json").read_text()
    paths = json.loads(served)["paths"]
    operations = [one["operationId"] for path in paths.values() for one in path.values()]
    assert len(operations) == len(set(operations))
    assert {"desk", "accept", "write"} <= set(operations)


async def test_the_same_key_with_the_same_body_is_run_once(here: House) -> None:
    marina = await here.agent("Marina")
    task = await here.written("wamid.1")
    path = f"/api/tasks/{task}/accept"
    replies = await asyncio.gather(*(marina.post(path, idempotency_key="k") for _ in range(5)))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1
    assert (await marina.post(path)).problem == (409, "offer-over"), "without the key it is another"
    assert (await marina.post(path, idempotency_key="k")).status == 200


async def test_the_same_key_with_another_body_is_refused(here: House) -> None:
    marina = await here.agent("Marina")
    task = await here.written("wamid.1")
    await marina.post(f"/api/tasks/{task}/accept", idempotency_key="k")
    path = f"/api/tasks/{task}/messages"
    first = {"client_id": "1", "type": "note", "text": "um"}
    reused = await marina.post(path, first, idempotency_key="k")
    assert reused.problem == (422, "idempotency-key-reused")
    assert (await marina.post(path, first, idempotency_key="k2")).status == 202
    other = await marina.post(path, {**first, "text": "dois"}, idempotency_key="k2")
    assert other.problem == (422, "idempotency-key-reused")
    assert (await marina.post(path, first, idempotency_key="x" * 201)).problem[0] == 422


async def test_a_refusal_is_repeated_and_anothers_key_is_anothers(here: House) -> None:
    marina, camila = await here.agent("Marina"), await here.agent("Camila")
    first = await here.written("wamid.1")
    path = f"/api/tasks/{first}/accept"
    assert (await camila.post(path, idempotency_key="k")).problem == (404, "not-found")
    assert (await marina.post(path, idempotency_key="k")).status == 200
    repeated = await camila.post(path, idempotency_key="k")
    assert repeated.problem == (404, "not-found")


async def test_a_key_whose_server_died_can_be_tried_again(here: House) -> None:
    marina = await here.agent("Marina")
    task = await here.written("wamid.1")
    path = f"/api/tasks/{task}/accept"
    await marina.post(path, idempotency_key="k")
    await sql(
        here.database,
        "update idempotency set status = null, body = null, at = at - interval '2 minutes'",
    )
    assert (await marina.post(path, idempotency_key="k")).problem == (409, "offer-over")


@pytest.fixture
def files(tmp_path: Path) -> Application:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "assets" / "index-1a2b.js").write_text("let a = 1;" * 100)
    return static_app(tmp_path)


async def test_the_page_is_asked_for_each_time_and_its_parts_never_again(
    files: Application,
) -> None:
    browser = Browser(files)
    for path in ("/", "/tasks/17"):
        page = await browser.get(path)
        assert (page.status, page.body) == (200, b"<!doctype html>")
        assert page.headers["cache-control"] == "no-cache"
    tag = {"if-none-match": page.headers["etag"]}
    assert (await browser.ask("GET", "/", None, tag)).status == 304
    part = await browser.ask("GET", "/assets/index-1a2b.js", None, {"accept-encoding": "gzip"})
    assert "immutable" in part.headers["cache-control"]
    assert part.headers["content-encoding"] == "gzip"
    assert len(part.body) < 200


async def test_only_the_desktops_own_files_are_served(database: Database) -> None:
    async with house(database) as here:
        for path in ("/../app.py", "/assets/../../app.py", "/assets/none.js", "/.sources"):
            assert (await here.browser().get(path)).problem == (404, "not-found")


async def test_whoever_hangs_up_half_way_gets_no_answer(here: House) -> None:
    browser, sent = here.browser(), list[Message]()
    waiting = iter([{"type": "http.request", "body": b"{", "more_body": True}])

    async def receive() -> Message:
        return next(waiting, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        sent.append(message)

    await here.application(browser.scope("POST", "/api/session", None, 9), receive, send)
    assert sent == []

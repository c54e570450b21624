"""The control API refuses what makes no sense, says why, and loses nothing."""

import asyncio
import json
import re
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from balcao.simulator import page as phones_page
from balcao.simulator.main import Simulator
from tests.simulator.conftest import NUMBERS, SUPPORT_NUMBER, Inbox, World


async def test_a_customer_is_made_up_where_nothing_is_given(world: World) -> None:
    customer = await world.customer()

    assert customer["phone"].startswith("55")
    assert len(customer["phone"]) == 13
    assert customer["user_id"].startswith("BR.")
    assert len(customer["user_id"]) == 23
    assert " " in customer["name"]
    assert (await world.sim("GET", "customers")) == (200, [customer])


async def test_a_customer_is_found_by_phone_too(world: World) -> None:
    customer = await world.customer(phone="+5511980001200")
    await world.write(customer)

    assert len(await world.phone({"id": "5511980001200"})) == 1


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"phone": "eleven"}, 422, "bad-value"),
        ({"name": ""}, 422, "bad-value"),
        ({"user_id": "5511980001200"}, 422, "bad-value"),
        ({"hide_phone": "yes"}, 422, "bad-value"),
        ({"age": 7}, 422, "unknown-field"),
        ({"phone": "5511980001200"}, 409, "taken"),
        ([], 422, "bad-value"),
    ],
)
async def test_a_senseless_customer_is_refused(
    world: World, given: object, status: int, code: str
) -> None:
    await world.customer(phone="5511980001200")
    answered, problem = await world.sim("POST", "customers", given)

    assert (answered, problem["code"]) == (status, code)
    assert len((await world.sim("GET", "customers"))[1]) == 1


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"text": ""}, "missing"),
        ({"text": None}, "missing"),
        ({"text": "x" * 65_537}, "too-long"),
        ({"text": "\ud800"}, "bad-value"),
        ({"text": "Oi", "entry_point": "5511"}, "unknown-entry-point"),
        ({"text": "Oi", "entry_point": None}, "unknown-entry-point"),
        ({"type": "<b>"}, "bad-value"),
        ({"type": "location"}, "missing"),
        ({"type": "reaction", "reaction": {}}, "missing"),
        ({"type": "contacts", "contacts": []}, "missing"),
        ({"text": "Oi", "context": "that one"}, "bad-value"),
    ],
)
async def test_a_senseless_message_is_refused(
    world: World, given: dict[str, Any], code: str
) -> None:
    customer = await world.customer()
    body = {"entry_point": SUPPORT_NUMBER, **given}
    status, problem = await world.sim("POST", f"customers/{customer['id']}/messages", body)

    assert (status, problem["code"]) == (422, code)
    assert await world.phone(customer) == []
    assert world.inbox.bodies == []


async def test_an_unknown_customer_is_404_as_problem_json(world: World) -> None:
    url = f"{world.simulator.url}/sim/customers/BR.1/messages"
    async with world.session.get(url) as answer:
        assert answer.status == 404
        assert answer.content_type == "application/problem+json"
        assert (await answer.json())["code"] == "unknown-customer"
    assert (await world.sim("GET", "nothing"))[0] == 404
    assert (await world.sim("DELETE", "faults"))[1]["code"] == "method-not-allowed"


async def test_putting_faults_replaces_all_of_them(world: World) -> None:
    await world.faults(duplicate=0.5, batch=50)
    await world.faults(receipts="off", graph=500, media=404)
    _, faults = await world.sim("GET", "faults")

    assert faults == {
        "duplicate": 0.0,
        "reorder": 0.0,
        "batch": 1,
        "delay_ms": 0,
        "outage": False,
        "malformed": 0.0,
        "graph": "500",
        "media": "404",
        "window": "async",
        "receipts": "off",
        "seed": None,
    }


@pytest.mark.parametrize(
    "given",
    [
        {"duplicate": 2},
        {"duplicate": True},
        {"batch": 0},
        {"batch": 1.5},
        {"delay_ms": -1},
        {"outage": "yes"},
        {"graph": "down"},
        {"graph": ["ok"]},
        {"media": "gone"},
        {"window": None},
        {"seed": "x"},
        {"weather": "rain"},
    ],
)
async def test_senseless_faults_change_nothing(world: World, given: object) -> None:
    await world.faults(batch=7)
    status, _ = await world.sim("PUT", "faults", given)

    assert status == 422
    assert (await world.sim("GET", "faults"))[1]["batch"] == 7


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "missing"),
        ({"on": "yes"}, "bad-value"),
        ({"on": None}, "bad-value"),
        ({"on": True, "off": True}, "missing"),
        ([], "bad-value"),
    ],
)
async def test_a_senseless_switch_is_refused(world: World, given: object, code: str) -> None:
    status, problem = await world.sim("PUT", "colleagues", given)

    assert (status, problem["code"]) == (422, code)


async def test_where_there_is_no_desk_there_are_no_colleagues(world: World) -> None:
    assert await world.sim("GET", "colleagues") == (200, [])
    status, problem = await world.sim("PUT", "colleagues", {"on": True})
    assert (status, problem["code"]) == (409, "no-desk")


async def test_the_clock_moves_timestamps(world: World) -> None:
    status, clock = await world.sim("PUT", "clock", {"offset_s": 86_400})
    assert (status, clock["offset_s"]) == (200, 86_400)
    customer = await world.customer()
    await world.write(customer)
    await world.sim("PUT", "clock", {"offset_s": 0})
    await world.write(customer)
    await world.settled()

    ahead, now = (int(m["timestamp"]) for m in world.inbox.items("messages"))
    assert 86_390 <= ahead - now <= 86_400


@pytest.mark.parametrize("offset", [None, "1", True, float("inf"), 1e300])
async def test_a_senseless_offset_is_refused(world: World, offset: object) -> None:
    assert (await world.sim("PUT", "clock", {"offset_s": offset}))[0] in (400, 422)
    assert (await world.sim("GET", "clock"))[1]["offset_s"] == 0


async def test_a_body_that_is_not_json_is_refused(world: World) -> None:
    url = f"{world.simulator.url}/sim/faults"
    async with world.session.put(url, data=b"{") as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (400, "bad-json")


async def test_another_site_may_not_control_it(world: World) -> None:
    url = f"{world.simulator.url}/sim/customers"
    headers = {"Sec-Fetch-Site": "cross-site"}
    async with world.session.post(url, data=b"{}", headers=headers) as answer:
        assert answer.status == 403


async def test_a_receiver_that_is_not_there_is_told(world: World) -> None:
    world.simulator.receiver.url = "http://127.0.0.1:9/"
    status, problem = await world.sim("POST", "webhooks", {"body": "{}"})

    assert (status, problem["code"]) == (502, "no-answer")


async def test_a_webhook_with_no_receiver_yet_waits_for_it(world: World) -> None:
    url = world.simulator.receiver.url
    world.simulator.receiver.url = None
    customer = await world.customer()
    await world.write(customer)
    _, counts = await world.sim("GET", "deliveries")
    assert counts["pending"] == 1
    world.simulator.receiver.url = url
    await world.settled()

    assert len(world.inbox.items("messages")) == 1


async def test_the_stream_begins_with_everything_and_goes_on_with_changes(world: World) -> None:
    customer = await world.customer()
    await world.write(customer, "antes")
    async with world.session.get(f"{world.simulator.url}/sim/events") as stream:
        kind, data = await _event(stream.content)
        assert kind == "snapshot"
        assert data["customers"][0]["messages"][0]["text"] == "antes"
        await world.write(customer, "depois")
        while kind != "message" or data["message"]["text"] != "depois":
            kind, data = await _event(stream.content)


async def test_the_page_brings_no_script_of_its_own(world: World) -> None:
    async with world.session.get(world.simulator.url) as answer:
        page = await answer.text()
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert page.count("<script") == page.count('<script type="module" src=') == 1
    folder = Path(phones_page.__file__).parent / "static"
    scripts = [file.name for file in folder.glob("*.js")]
    assert "bubble.js" in scripts
    for name in ("phones.css", "phone.css", "media.css", *scripts):
        async with world.session.get(f"{world.simulator.url}/static/{name}") as answer:
            assert answer.status == 200
    async with world.session.get(f"{world.simulator.url}/static/..%2fmain.py") as answer:
        assert answer.status == 404


def test_the_page_says_the_same_in_each_language() -> None:
    folder = Path(phones_page.__file__).parent / "static"
    keys = {
        name: re.findall(r'^  "?([\w-]+)"?:', (folder / name).read_text("utf-8"), re.MULTILINE)
        for name in ("words-pt-BR.js", "words-en.js", "words-es.js")
    }
    first = keys["words-pt-BR.js"]
    assert len(first) == len(set(first)) > 100
    assert all(own == first for own in keys.values())


@pytest.mark.slow
async def test_a_scripted_customer_writes_within_seconds(inbox: Inbox) -> None:
    simulator = Simulator(
        webhook_url=inbox.url,
        app_secret="s",
        verify_token="v",
        access_token="t",
        entry_points=NUMBERS,
        scripted=True,
        seed=1,
    )
    async with simulator, asyncio.timeout(8):
        await inbox.arrived.wait()

    [first] = inbox.items("messages")
    assert first["from"] == "5511980001200"
    assert "pedido" in first["text"]["body"]


@pytest.mark.slow
async def test_people_and_windows_outlive_a_restart(inbox: Inbox, tmp_path: Path) -> None:
    for run in (1, 2):
        simulator = _remembering(inbox, tmp_path / "memory.json")
        async with simulator, aiohttp.ClientSession() as session:
            world = World(simulator, inbox, session)
            if run == 1:
                customer = await world.customer(hide_phone=True)
                await world.write(customer, "antes")
            await world.reply(customer, f"{run}")
            await world.settled()
            seen = [(line["text"], line["status"]) for line in await world.phone(customer)]

    assert seen == [("antes", "delivered"), ("1", "read"), ("2", "read")]


async def test_what_was_done_to_messages_outlives_a_restart(inbox: Inbox, tmp_path: Path) -> None:
    shown = []
    for run in (1, 2):
        simulator = _remembering(inbox, tmp_path / "memory.json")
        async with simulator, aiohttp.ClientSession() as session:
            world = World(simulator, inbox, session)
            if run == 1:
                customer = await world.customer()
                wamid = await world.write(customer, "um")
                message = {"type": "text", "text": {"body": "dois"}}
                edit = {"original_message_id": wamid, "message": message}
                await world.write(customer, type="edit", edit=edit)
                reaction = {"message_id": wamid, "emoji": "👍"}
                await world.write(customer, type="reaction", reaction=reaction)
                await world.settled()
            shown.append(await world.phone(customer))

    [line] = shown[1]
    assert (line["text"], line["edited"], line["reactions"]) == ("dois", True, {"customer": "👍"})
    assert shown[0] == shown[1]


async def test_a_memory_that_cannot_be_read_is_set_aside(inbox: Inbox, tmp_path: Path) -> None:
    (tmp_path / "memory.json").write_text('{"customers": [{"lines": 7}]}')
    async with _remembering(inbox, tmp_path / "memory.json") as simulator:
        assert simulator.world.customers == {}

    assert (tmp_path / "memory.unreadable").exists()


def _remembering(inbox: Inbox, memory: Path) -> Simulator:
    return Simulator(
        webhook_url=inbox.url,
        app_secret="s",
        verify_token="verify",
        access_token="token",
        entry_points=NUMBERS,
        memory=memory,
    )


async def test_a_simulator_ends_cleanly_when_told(inbox: Inbox) -> None:
    program = (
        "from balcao.simulator.main import run\n"
        f"run('127.0.0.1', 0, {inbox.url!r}, 's', 'v', 't', {NUMBERS!r}, scripted=True,"
        " on_ready=lambda: print('ready', flush=True))"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        assert await process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def _event(content: Any) -> tuple[str, Any]:
    lines = (await content.readuntil(b"\n\n")).decode().splitlines()
    return lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))

"""What is not one's own does not exist: every route that names a thing, for every stranger."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from balcao.web.app import ROUTES
from balcao.web.policy import POLICIES, Policy
from tests.web.house import Browser, House
from tests.world import sql

#: Every route that names a task, a conversation, a message or a notice, with a fit body.
NAMED: dict[tuple[str, str], object] = {
    ("GET", "/api/tasks/{task}"): None,
    ("POST", "/api/tasks/{task}/accept"): None,
    ("POST", "/api/tasks/{task}/messages"): {"client_id": "1", "type": "note", "text": "oi"},
    ("POST", "/api/tasks/{task}/read"): None,
    ("POST", "/api/tasks/{task}/typing"): None,
    ("POST", "/api/tasks/{task}/end"): None,
    ("POST", "/api/tasks/{task}/wrap-up"): {"aux_code_id": "4"},
    ("POST", "/api/tasks/{task}/wrap-up/hold"): None,
    ("POST", "/api/tasks/{task}/transfer"): {"to": {"queue_id": "1"}},
    ("POST", "/api/tasks/{task}/conference"): {"to": {"queue_id": "1"}},
    ("DELETE", "/api/tasks/{task}/conference"): None,
    ("POST", "/api/tasks/{task}/conference/end"): None,
    ("POST", "/api/tasks/{task}/leave"): None,
    ("POST", "/api/tasks/{task}/hand-over"): {"agent_id": "1"},
    ("DELETE", "/api/tasks/{task}/guests/{agent}"): None,
    ("GET", "/api/tasks/{task}/timeline"): None,
    ("GET", "/api/conversations/{conversation}/messages"): None,
    ("GET", "/api/conversations/{conversation}/tasks"): None,
    ("POST", "/api/messages/{message}/reaction"): {"emoji": "👍"},
    ("POST", "/api/messages/{message}/resend"): None,
    ("POST", "/api/messages/{message}/dismiss"): None,
    ("POST", "/api/media/{media}/retry"): None,
    ("POST", "/api/notices/{notice}/dismiss"): None,
}


#: A place for an id in the path of a route.
PLACE = re.compile(r"{\w+:str}")


def with_id(path: str, id: str) -> str:
    """The *path* with this id in it, whatever it is the id of."""
    named = ("task", "conversation", "message", "media", "notice", "agent")
    return path.format(**dict.fromkeys(named, id))


def asked(path: str) -> str:
    """The *path* of a route as a browser would ask for it."""
    return PLACE.sub("1", path)


@dataclass
class Hers:
    """The ids of what is Marina's."""

    marina: Browser
    task: int
    conversation: int
    message: int
    notice: int
    media: int
    agent: int = 1

    def path(self, pattern: str) -> str:
        return pattern.format(**vars(self))


@pytest.fixture
async def hers(here: House) -> Hers:
    marina = await here.agent("Marina")
    task = await here.written("wamid.1")
    await marina.post(f"/api/tasks/{task}/accept")
    body = {"client_id": "1", "type": "text", "text": "Olá"}
    message = (await marina.post(f"/api/tasks/{task}/messages", body)).json
    notice = await sql(
        here.database,
        "insert into notice (agent_id, code, at) select person_id, 'x', now() from agent"
        " returning id",
    )
    file = await sql(
        here.database,
        "insert into media (message_id, direction, kind, state, mime_type, graph_id, error,"
        " created_at) select min(id), 'in', 'image', 'failed', 'image/jpeg', '900', '{}', now()"
        " from message where direction = 'in' returning id",
    )
    ids = (message["conversation_id"], message["id"], notice[0]["id"], file[0]["id"])
    return Hers(marina, task, *(int(str(id)) for id in ids))


def test_every_route_that_names_a_thing_is_tried_here() -> None:
    named = {
        (method, PLACE.sub("{id}", path))
        for route in ROUTES
        for path in route.paths
        for method in route.http_methods
        if "{" in path
    }
    assert named == {(method, with_id(path, "{id}")) for method, path in NAMED}


def test_every_route_has_a_policy_and_every_policy_a_route() -> None:
    assert {str(route.operation_id) for route in ROUTES} == set(POLICIES)


async def test_nobody_is_told_to_sign_in_first(here: House, hers: Hers) -> None:
    stranger = here.browser()
    for (method, path), body in NAMED.items():
        reply = await stranger.ask(method, hers.path(path), body)
        assert reply.problem == (401, "no-session"), path
    for route in ROUTES:
        if POLICIES[str(route.operation_id)] is Policy.ANYONE:
            continue
        for path in route.paths:
            (method,) = route.http_methods - {"HEAD", "OPTIONS"}
            reply = await stranger.ask(method, asked(path))
            assert reply.problem == (401, "no-session"), path


@pytest.mark.parametrize("who", ["colleague", "supervisor", "administrator"])
async def test_a_strangers_id_does_not_exist(here: House, hers: Hers, who: str) -> None:
    if who == "colleague":
        other = await here.agent("Camila")
    else:
        await here.employ("Sofia", who)
        other = await here.signed_in("Sofia")
    for (method, path), body in NAMED.items():
        foreign = await other.ask(method, hers.path(path), body)
        assert foreign.problem == (404, "not-found"), path
    changed = await sql(here.database, "select 1 from message where direction = 'note'")
    assert changed == []


@pytest.mark.parametrize("id", ["0", "999", "-1", "1e0", "٣", "x", "9" * 40, "%00", "1.0"])
async def test_an_id_that_is_nobodys_does_not_exist(here: House, hers: Hers, id: str) -> None:
    for (method, path), body in NAMED.items():
        reply = await hers.marina.ask(method, with_id(path, id), body)
        assert reply.problem == (404, "not-found"), path


async def test_a_ringing_task_is_a_card_and_no_more(here: House) -> None:
    marina = await here.agent("Marina")
    task = await here.written("wamid.1")
    card = (await marina.get(f"/api/tasks/{task}")).json
    hidden = ("owner", "waiting_since", "window_closes_at", "referral", "explanation")
    assert {name: card[name] for name in hidden} == dict.fromkeys(hidden)
    assert (card["customer"]["user_id"], card["customer"]["fields"]) == (None, {})
    for path in ("messages", "tasks"):
        reply = await marina.get(f"/api/conversations/{card['conversation_id']}/{path}")
        assert reply.problem == (404, "not-found")
    assert (await marina.get(f"/api/tasks/{task}/timeline")).problem == (404, "not-found")


async def test_in_wrap_up_and_later_one_sees_up_to_the_end_of_ones_part(
    here: House, hers: Hers
) -> None:
    marina = hers.marina
    path = f"/api/conversations/{hers.conversation}/messages"
    await marina.post(f"/api/tasks/{hers.task}/end")
    until = (await marina.get(path)).json
    camila = await here.agent("Camila")
    await marina.ask("PUT", "/api/agent/state", {"state": "idle"})
    task = await here.written("wamid.2", "Ainda estou aqui")
    assert (await marina.get(path)).json == until
    await camila.post(f"/api/tasks/{task}/accept")
    assert len((await camila.get(path)).json["items"]) > len(until["items"])
    await marina.post(f"/api/tasks/{hers.task}/wrap-up", {"aux_code_id": "4"})
    assert (await marina.get(path)).json == until
    assert (await marina.get(f"/api/tasks/{hers.task}/timeline")).status == 200
    assert (await marina.get(f"/api/tasks/{task}/timeline")).problem == (404, "not-found")
    tasks = (await marina.get(f"/api/conversations/{hers.conversation}/tasks")).json["items"]
    assert [one["id"] for one in tasks] == [str(hers.task)]

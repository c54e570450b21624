"""The control API: customers and what their phones show, webhooks, faults, colleagues, the clock.

Every body is one JSON object. What makes no sense is refused with problem+json and changes nothing.
"""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from balcao.simulator import faults
from balcao.simulator.clock import rfc3339
from balcao.simulator.colleagues import Colleagues
from balcao.simulator.delivery import Deliveries
from balcao.simulator.graph import GraphApi
from balcao.simulator.problems import Problem
from balcao.simulator.receiver import NoAnswerError, Receiver
from balcao.simulator.world import World
from balcao.simulator.writing import Writing

_USER_ID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
_PHONE = re.compile(r"\+?[0-9]{6,15}")
_MOST_NAME = 200


class ControlApi:
    """Serves `/sim/…`."""

    def __init__(
        self,
        world: World,
        deliveries: Deliveries,
        writing: Writing,
        graph: GraphApi,
        receiver: Receiver,
        colleagues: Colleagues,
    ) -> None:
        self._world = world
        self._deliveries = deliveries
        self._writing = writing
        self._graph = graph
        self._receiver = receiver
        self._colleagues = colleagues

    def routes(self) -> list[web.RouteDef]:
        """Is what to serve."""
        return [
            web.get("/sim/entry-points", self._entry_points),
            web.get("/sim/customers", self._customers),
            web.post("/sim/customers", self._add_customer),
            web.patch("/sim/customers/{id}", self._change_customer),
            web.get("/sim/customers/{id}/messages", self._messages),
            web.post("/sim/customers/{id}/messages", self._write),
            web.get("/sim/webhooks", self._webhooks),
            web.post("/sim/webhooks", self._post_webhook),
            web.post("/sim/verification", self._verify),
            web.get("/sim/deliveries", self._counts),
            web.get("/sim/requests", self._requests),
            web.get("/sim/faults", self._faults),
            web.put("/sim/faults", self._set_faults),
            web.get("/sim/colleagues", self._crew),
            web.put("/sim/colleagues", self._switch_crew),
            web.get("/sim/clock", self._clock),
            web.put("/sim/clock", self._set_clock),
        ]

    async def _entry_points(self, _: web.Request) -> web.Response:
        return web.json_response([number.view() for number in self._world.numbers])

    async def _customers(self, _: web.Request) -> web.Response:
        return web.json_response([c.view() for c in self._world.customers.values()])

    async def _add_customer(self, request: web.Request) -> web.Response:
        given = _customer(await _object(request))
        return web.json_response(self._world.newcomer(**given).view(), status=201)

    async def _change_customer(self, request: web.Request) -> web.Response:
        customer = self._world.customer(request.match_info["id"])
        given = _customer(await _object(request), only=("name", "blocked", "hide_phone"))
        for key, value in given.items():
            setattr(customer, key, value)
        self._world.feed.publish("customer", customer.view())
        return web.json_response(customer.view())

    async def _messages(self, request: web.Request) -> web.Response:
        customer = self._world.customer(request.match_info["id"])
        return web.json_response([line.view() for line in customer.lines.values()])

    async def _write(self, request: web.Request) -> web.Response:
        customer = self._world.customer(request.match_info["id"])
        line = self._writing.write(customer, await _object(request))
        return web.json_response({"wamid": line.wamid, "at": rfc3339(line.at)}, status=201)

    async def _webhooks(self, _: web.Request) -> web.Response:
        return web.json_response(list(self._deliveries.log))

    async def _post_webhook(self, request: web.Request) -> web.Response:
        body = (await _object(request)).get("body")
        if not isinstance(body, str):
            raise Problem(422, "missing", "body must be the exact text to post")
        try:
            raw = body.encode()
        except UnicodeEncodeError:
            raise Problem(422, "bad-value", "body has half a surrogate pair") from None
        try:
            return web.json_response({"status": await self._receiver.post(raw)})
        except NoAnswerError as none:
            raise _no_answer(none) from none

    async def _verify(self, _: web.Request) -> web.Response:
        try:
            return web.json_response({"verified": await self._receiver.verify()})
        except NoAnswerError as none:
            raise _no_answer(none) from none

    async def _counts(self, _: web.Request) -> web.Response:
        return web.json_response(self._deliveries.counts())

    async def _requests(self, _: web.Request) -> web.Response:
        return web.json_response(list(self._graph.requests))

    async def _faults(self, _: web.Request) -> web.Response:
        return web.json_response(self._world.faults.view())

    async def _set_faults(self, request: web.Request) -> web.Response:
        self._world.set_faults(faults.parse(await _object(request)))
        self._deliveries.faults_changed()
        return web.json_response(self._world.faults.view())

    async def _crew(self, _: web.Request) -> web.Response:
        return web.json_response(self._colleagues.view())

    async def _switch_crew(self, request: web.Request) -> web.Response:
        given = await _object(request)
        if set(given) != {"on"}:
            raise Problem(422, "missing", "on, and nothing else, must be given")
        if not isinstance(given["on"], bool):
            raise Problem(422, "bad-value", "on must be true or false")
        self._colleagues.switch(on=given["on"])
        return await self._crew(request)

    async def _clock(self, _: web.Request) -> web.Response:
        clock = self._world.clock
        return web.json_response({"offset_s": clock.offset_s, "now": rfc3339(clock.now())})

    async def _set_clock(self, request: web.Request) -> web.Response:
        given = await _object(request)
        if set(given) != {"offset_s"}:
            raise Problem(422, "missing", "offset_s, and nothing else, must be given")
        self._world.clock.shift(given["offset_s"])
        return await self._clock(request)


@web.middleware
async def problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answers refusals as problem+json, and keeps other sites' pages out."""
    try:
        if request.method not in ("GET", "HEAD") and _is_from_elsewhere(request):
            raise Problem(403, "cross-site", "another site may not control the simulator")
        return await handler(request)
    except Problem as problem:
        return _problem(problem)
    except web.HTTPException as refused:
        if refused.status < 400:
            raise
        code = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}
        words = f"{request.method} {request.path}: {refused.reason}"
        return _problem(Problem(refused.status, code.get(refused.status, "refused"), words))


def _problem(problem: Problem) -> web.Response:
    return web.json_response(
        problem.body(), status=problem.status, content_type="application/problem+json"
    )


def _is_from_elsewhere(request: web.Request) -> bool:
    return request.headers.get("Sec-Fetch-Site", "none") == "cross-site"


def _no_answer(none: NoAnswerError) -> Problem:
    return Problem(502, "no-answer", f"the webhook's receiver gave no answer: {none}")


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        given = json.loads(await request.read() or b"{}")
    except (ValueError, RecursionError):
        raise Problem(400, "bad-json", "the body is not JSON") from None
    if not isinstance(given, dict):
        raise Problem(422, "bad-value", "the body must be an object")
    return given


def _customer(
    given: dict[str, Any],
    only: tuple[str, ...] = ("name", "phone", "user_id", "username", "hide_phone", "blocked"),
) -> dict[str, Any]:
    """Reads what is given of a customer; null counts as not given."""
    found: dict[str, Any] = {}
    for key, value in given.items():
        if key not in only:
            raise Problem(422, "unknown-field", f"a customer has no {key[:40]} to set here")
        if value is not None:
            found[key] = _field(key, value)
    return found


def _field(key: str, value: Any) -> Any:
    if key in ("hide_phone", "blocked"):
        if not isinstance(value, bool):
            raise Problem(422, "bad-value", f"{key} must be true or false")
        return value
    if not isinstance(value, str) or not value.strip() or len(value) > _MOST_NAME:
        raise Problem(422, "bad-value", f"{key} must be a text of 1 to {_MOST_NAME} characters")
    if key == "phone" and not _PHONE.fullmatch(value):
        raise Problem(422, "bad-value", "phone must be a country code and a number, digits only")
    if key == "user_id" and not _USER_ID.fullmatch(value):
        raise Problem(422, "bad-value", "user_id must look like BR.12345678901234567890")
    return value.removeprefix("+") if key == "phone" else value

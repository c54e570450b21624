"""What Graph tells of a business that is set up: its token, its app, its account and its numbers.

All is well at first. Whoever wants to see what happens when it is not sets an attribute wrong.
Only subscribing has an effect; the rest are questions.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import Any

from aiohttp import web

from balcao.simulator import refusals
from balcao.simulator.refusals import GraphError
from balcao.simulator.world import EntryPoint

_NOT_OF_THE_APP = (
    "(#100) You must provide an app access token, or a user access token that is an owner or "
    "developer of the app"
)
_SCOPES = ("whatsapp_business_management", "whatsapp_business_messaging")


class Account:
    """Is one WhatsApp Business Account, with the app and the token that may use it."""

    def __init__(
        self,
        numbers: Iterable[EntryPoint],
        access_token: str,
        app_secret: str,
        webhook_url: str | None,
    ) -> None:
        self.id = "200000000000001"
        self.app_id, self.app_name = "300000000000001", "Loja"
        self.scopes: list[str] = list(_SCOPES)
        self.is_valid = True
        self.is_developers = True
        """Whether the token may ask about itself."""
        self.expires_at = 0
        """The second at which the token ends; 0 is never."""
        self.subscribed = {self.app_id}
        self.fields = {"messages"}
        self.webhook_url = webhook_url
        self.traits: dict[str, dict[str, Any]] = {}
        """By phone number id: what is otherwise than with a number that works."""
        self._numbers = {number.phone_number_id: number for number in numbers}
        self._access_token, self._app_secret = access_token, app_secret

    def routes(self) -> list[web.RouteDef]:
        """Is what to serve, but for a number itself."""
        base = r"/{version:v\d+(?:\.\d+)?}"
        apps = base + r"/{id:\d+}/subscribed_apps"
        return [
            web.get(base + "/debug_token", _answers(self._debug_token)),
            web.get(base + r"/{id:\d+}/subscriptions", _answers(self._subscriptions)),
            web.get(base + r"/{id:\d+}/phone_numbers", _answers(self._phone_numbers)),
            web.get(apps, _answers(self._subscribed_apps)),
            web.post(apps, _answers(self._subscribe)),
            web.delete(apps, _answers(self._unsubscribe)),
        ]

    def number(self, phone_number_id: str, request: web.Request) -> dict[str, Any]:
        """Tells what is asked of a number, or what Graph tells unasked."""
        self._check(request)
        number = self._numbers.get(phone_number_id)
        if number is None:
            raise refusals.no_such_number(phone_number_id)
        known = self._known(number)
        asked = request.query.get("fields")
        if asked is None:
            return {name: one for name, one in known.items() if name != "health_status"}
        return {name: known[name] for name in ("id", *asked.split(",")) if name in known}

    def _known(self, number: EntryPoint) -> dict[str, Any]:
        id = number.phone_number_id
        entities = {"PHONE_NUMBER": id, "WABA": self.id, "APP": self.app_id}
        return {
            "id": id,
            "display_phone_number": f"+{number.display_number}",
            "verified_name": number.name,
            "quality_rating": "GREEN",
            "status": "CONNECTED",
            "code_verification_status": "VERIFIED",
            "platform_type": "CLOUD_API",
            "account_mode": "LIVE",
            "webhook_configuration": {"application": self.webhook_url} if self.webhook_url else {},
            "health_status": {
                "can_send_message": "AVAILABLE",
                "entities": [
                    {"entity_type": kind, "id": one, "can_send_message": "AVAILABLE"}
                    for kind, one in entities.items()
                ],
            },
            **self.traits.get(id, {}),
        }

    def _debug_token(self, request: web.Request) -> dict[str, Any]:
        if request.headers.get("Authorization") != self._app_token:
            self._check(request, alive=False)
            if not self.is_developers:
                raise GraphError(400, 100, _NOT_OF_THE_APP)
        if request.query.get("input_token") != self._access_token:
            raise refusals.invalid("The input token is no token of this app.")
        data = {
            "app_id": self.app_id,
            "type": "SYSTEM_USER",
            "application": self.app_name,
            "expires_at": self.expires_at,
            "is_valid": self.is_valid,
            "scopes": self.scopes,
            "granular_scopes": [{"scope": one, "target_ids": [self.id]} for one in self.scopes],
        }
        if not self.is_valid:
            data["error"] = {"code": 190, "message": "Session has expired", "subcode": 463}
        return {"data": data}

    def _subscriptions(self, request: web.Request) -> dict[str, Any]:
        if request.headers.get("Authorization") != self._app_token:
            raise refusals.no_token()
        if self.webhook_url is None:
            return {"data": []}
        fields = [{"name": name, "version": "v26.0"} for name in sorted(self.fields)]
        one = {"object": "whatsapp_business_account", "callback_url": self.webhook_url}
        return {"data": [{**one, "active": True, "fields": fields}]}

    def _phone_numbers(self, request: web.Request) -> dict[str, Any]:
        self._manage(request)
        return {"data": [self.number(id, request) for id in self._numbers]}

    def _subscribed_apps(self, request: web.Request) -> dict[str, Any]:
        self._manage(request)
        apps = [{"id": id, "name": self.app_name} for id in sorted(self.subscribed)]
        return {"data": [{"whatsapp_business_api_data": app} for app in apps]}

    def _subscribe(self, request: web.Request) -> dict[str, Any]:
        self._manage(request)
        self.subscribed.add(self.app_id)
        return {"success": True}

    def _unsubscribe(self, request: web.Request) -> dict[str, Any]:
        self._manage(request)
        self.subscribed.discard(self.app_id)
        return {"success": True}

    @property
    def _app_token(self) -> str:
        return f"Bearer {self.app_id}|{self._app_secret}"

    def _manage(self, request: web.Request) -> None:
        """Refuses what is not about this account, or may not be done with this token."""
        self._check(request)
        if "whatsapp_business_management" not in self.scopes:
            message = "(#200) You do not have permission to access this WhatsApp Business Account"
            raise GraphError(403, 200, message)
        if request.match_info["id"] != self.id:
            raise refusals.no_such_number(request.match_info["id"])

    def _check(self, request: web.Request, *, alive: bool = True) -> None:
        """Refuses a wrong token, one that has ended where it must be *alive*, and a wrong proof."""
        if request.headers.get("Authorization") != f"Bearer {self._access_token}":
            raise refusals.no_token()
        if alive and not self.is_valid:
            raise refusals.no_token()
        proof = request.query.get("appsecret_proof")
        if proof is not None and not hmac.compare_digest(proof, self._proof):
            message = "Invalid appsecret_proof provided in the API argument"
            raise GraphError(400, 100, message, kind="GraphMethodException")

    @property
    def _proof(self) -> str:
        key, message = self._app_secret.encode(), self._access_token.encode()
        return hmac.new(key, message, hashlib.sha256).hexdigest()


def _answers(
    question: Callable[[web.Request], dict[str, Any]],
) -> Callable[[web.Request], Any]:
    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            return web.json_response(question(request))
        except GraphError as error:
            return web.json_response(error.body(), status=error.status)

    return handler

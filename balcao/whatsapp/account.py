"""Asks Graph about an installation: its access token, its app, its numbers and their account.

Questions only.  None has an effect, so each may be asked at any time; none is part of sending or
receiving.  Whoever asks learns one of three things: the answer, that Graph denies it (Denied),
or that there was no answer of Graph's at all (Unanswered).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import aiohttp
import msgspec

from balcao.whatsapp.answers import Endless, whole

ANSWER_SECONDS_MAX = 10.0
OBJECT = "whatsapp_business_account"
FIELDS = (
    "display_phone_number,status,code_verification_status,platform_type,account_mode,"
    "webhook_configuration,health_status"
)
#: Which of the addresses of a webhook is used, where there are several.
NEAREST = ("phone_number", "whatsapp_business_account", "application")

T = TypeVar("T")


class Unanswered(Exception):
    """There was no answer that is Graph's; the text says what there was instead."""


class Denied(Exception):
    """Graph answered with an error; the text is Graph's own."""

    def __init__(self, code: int | None, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Token:
    """What an access token is good for; *why* it is not where it is invalid."""

    app_id: str
    app_name: str
    valid: bool
    why: str
    ends_at: datetime | None
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Number:
    """A business number as WhatsApp has it; what it does not tell is None."""

    digits: str
    status: str | None
    verified: bool
    platform: str | None
    account: str | None
    webhook: str | None
    blocked: tuple[str, str] | None
    """Why it may send nothing and what WhatsApp says would help, either of them perhaps empty."""


class _Error(msgspec.Struct):
    code: int | str | None = None
    message: str = ""


class _Refusal(msgspec.Struct):
    error: _Error


class _Inspected(msgspec.Struct):
    is_valid: bool
    app_id: str = ""
    application: str = ""
    expires_at: int = 0
    scopes: list[str] = []
    error: _Error = msgspec.field(default_factory=_Error)


class _Inspection(msgspec.Struct):
    data: _Inspected


class _Problem(msgspec.Struct):
    error_description: str = ""
    possible_solution: str = ""


class _Entity(msgspec.Struct):
    entity_type: str
    id: str
    can_send_message: str = ""
    errors: list[_Problem] = []


class _Health(msgspec.Struct):
    can_send_message: str = ""
    entities: list[_Entity] = []


class _Number(msgspec.Struct):
    display_phone_number: str = ""
    status: str | None = None
    code_verification_status: str | None = None
    platform_type: str | None = None
    account_mode: str | None = None
    webhook_configuration: dict[str, Any] = {}
    health_status: _Health = msgspec.field(default_factory=_Health)


class _App(msgspec.Struct):
    id: str = ""


class _Subscribed(msgspec.Struct):
    whatsapp_business_api_data: _App = msgspec.field(default_factory=_App)


class _Apps(msgspec.Struct):
    data: list[_Subscribed]


class _Field(msgspec.Struct):
    name: str


class _Subscription(msgspec.Struct):
    object: str
    active: bool = True
    fields: list[_Field] = []


class _Subscriptions(msgspec.Struct):
    data: list[_Subscription]


class Account:
    """Questions to one Graph API."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self._base = base
        self.told_at: tuple[datetime, float] | None = None
        """Graph's time in its last answer, and the event loop's when that came."""

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, version: str) -> AsyncIterator[Account]:
        """Questions to the Graph API at *url*, such as https://graph.facebook.com, v26.0."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            yield cls(session, f"{url.rstrip('/')}/{version}")

    async def token(self, token: str) -> Token:
        """What *token* is good for."""
        found = (await self._ask(token, "debug_token", _Inspection, input_token=token)).data
        return Token(
            app_id=found.app_id,
            app_name=found.application,
            valid=found.is_valid,
            why=found.error.message,
            ends_at=datetime.fromtimestamp(found.expires_at, UTC) if found.expires_at else None,
            scopes=frozenset(found.scopes),
        )

    async def is_secret(self, token: str, secret: str) -> bool:
        """Whether *secret* is the secret of the app that *token* belongs to.

        It is not told to Graph: a proof is, made with it, which Graph compares with its own.
        """
        proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        asked = {"input_token": token, "appsecret_proof": proof}
        try:
            await self._ask(token, "debug_token", _Inspection, **asked)
        except Denied as denied:
            if "appsecret_proof" in str(denied):
                return False
            raise
        return True

    async def number(self, token: str, phone_number_id: str) -> Number:
        """The number that WhatsApp knows as *phone_number_id*."""
        found = await self._ask(token, phone_number_id, _Number, fields=FIELDS)
        entities = found.health_status.entities
        addresses = (found.webhook_configuration.get(name) for name in NEAREST)
        return Number(
            digits="".join(filter(str.isdecimal, found.display_phone_number)),
            status=found.status,
            # The numbers that Meta lends for trying are never verified, and work.
            verified=found.code_verification_status != "NOT_VERIFIED"
            or found.account_mode == "SANDBOX",
            platform=found.platform_type,
            account=next((one.id for one in entities if one.entity_type == "WABA"), None),
            webhook=next((one for one in addresses if isinstance(one, str) and one), None),
            blocked=_blocked(found.health_status),
        )

    async def apps(self, token: str, account: str) -> frozenset[str]:
        """The ids of the apps that are told what happens in *account*."""
        found = await self._ask(token, f"{account}/subscribed_apps", _Apps)
        return frozenset(one.whatsapp_business_api_data.id for one in found.data)

    async def fields(self, app_id: str, secret: str) -> frozenset[str]:
        """What the webhook of an app is subscribed to; nothing where it has none."""
        app_token = f"{app_id}|{secret}"
        found = await self._ask(app_token, f"{app_id}/subscriptions", _Subscriptions)
        ours = (one.fields for one in found.data if one.object == OBJECT and one.active)
        return frozenset(field.name for fields in ours for field in fields)

    async def _ask(self, token: str, path: str, type: type[T], **query: str) -> T:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self._base}/{path}"
        try:
            async with self._session.get(
                url, params=query, headers=headers, allow_redirects=False
            ) as answer:
                body = await whole(answer)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unanswered(in_words(error)) from error
        self._note_time(answer.headers.get("Date"))
        if answer.status == 200:
            return _read(body, type, answer.status)
        refused = _read(body, _Refusal, answer.status).error
        code = str(refused.code)
        raise Denied(int(code) if code.isdecimal() else None, refused.message)

    def _note_time(self, date: str | None) -> None:
        try:
            told = parsedate_to_datetime(date or "")
        except ValueError:
            return
        if told.tzinfo is not None:
            self.told_at = told, asyncio.get_running_loop().time()


def _read(body: bytes, type: type[T], status: int) -> T:
    try:
        return msgspec.json.decode(body, type=type)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unanswered(f"HTTP {status}, and not as Graph answers") from error


def in_words(error: BaseException) -> str:
    """What went wrong on the way; never the address that was asked, as it may hold a token."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, Endless):
        return "an answer that does not end"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not trusted"
    if isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    if isinstance(error, OSError) and not isinstance(error, aiohttp.ClientError):
        return error.strerror or str(error) or type(error).__name__
    return type(error).__name__


def _blocked(health: _Health) -> tuple[str, str] | None:
    if health.can_send_message != "BLOCKED":
        return None
    problems = (
        problem
        for entity in health.entities
        if entity.can_send_message == "BLOCKED"
        for problem in entity.errors
    )
    first = next(problems, _Problem())
    return first.error_description, first.possible_solution

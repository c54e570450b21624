"""Asks our own public address what WhatsApp asks it: is there a certificate, is it us, do we agree.

WhatsApp sees a server through names, proxies and certificates that the server itself knows
nothing of, so it has to be asked from without.  Nothing here has an effect.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aiohttp
import msgspec

from balcao.whatsapp.account import Unanswered, in_words
from balcao.whatsapp.answers import whole

ANSWER_SECONDS_MAX = 10.0
WEBHOOK_PATH = "/webhooks/whatsapp"


class Distrusted(Exception):
    """The certificate is none that WhatsApp accepts; the text says why."""


class _Health(msgspec.Struct):
    status: str


async def certificate_ends_at(url: str) -> datetime | None:
    """When the certificate of *url* ends; None without https.

    Raises Unanswered where nobody listens, and Distrusted.
    """
    parts = urlsplit(url)
    if parts.scheme != "https":
        return None
    trust = ssl.create_default_context()
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            _, writer = await asyncio.open_connection(
                parts.hostname, parts.port or 443, ssl=trust, server_hostname=parts.hostname
            )
    except ssl.SSLCertVerificationError as error:
        raise Distrusted(error.verify_message) from error
    except (OSError, TimeoutError) as error:
        raise Unanswered(in_words(error)) from error
    certificate = writer.get_extra_info("peercert")
    writer.transport.abort()
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)


class Door:
    """Our own server, by its public address."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url.rstrip("/")

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Door]:
        """The server that is at *url*."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            yield cls(session, url)

    async def is_ours(self) -> bool:
        """Whether what answers there is a server of this kind; Unanswered where nothing does."""
        status, body = await self._get("/health")
        try:
            return status == 200 and msgspec.json.decode(body, type=_Health).status == "ok"
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return False

    async def verifies(self, token: str) -> bool:
        """Whether WhatsApp's question whether the webhook is ours would be answered rightly."""
        challenge = secrets.token_hex(8)
        question = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": token,
        }
        return await self._get(WEBHOOK_PATH, **question) == (200, challenge.encode())

    async def _get(self, path: str, **query: str) -> tuple[int, bytes]:
        try:
            async with self._session.get(
                self._url + path, params=query, allow_redirects=False
            ) as answer:
                return answer.status, await whole(answer)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unanswered(in_words(error)) from error

"""Media: the files of customers' messages, from WhatsApp into our keeping.

A step claims what is due and starts to fetch it; it does not wait, so a long film holds up no
photo.  A file is ready when its content is whole, has the hash that WhatsApp told, and is kept;
that is written in a transaction of its own.  Fetching has no effect on anybody, so whatever goes
wrong is simply done again.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from balcao.domain.media import INBOUND_BYTES_MAX, MISMATCHES_MAX, URL_FOR
from balcao.engine.calls import Calls, Settle, line, settle
from balcao.engine.loop import Progress
from balcao.store import media
from balcao.store.database import Database
from balcao.store.files import Files, Spool, spool
from balcao.store.media import LEASE, Claim
from balcao.telemetry import figures, traces
from balcao.whatsapp.client import Line, Rejected, Retryable
from balcao.whatsapp.media import GONE, Found, MediaClient, TooLarge, Vanished

log = structlog.get_logger()

AT_ONCE_MAX = 6


class Mismatch(Exception):
    """What came is not what WhatsApp has told of."""


class Downloads:
    """Fetches every file that is due; `step` is called by a loop."""

    def __init__(
        self,
        database: Database,
        client: MediaClient,
        files: Files,
        *,
        access_token: str | None,
        lease: timedelta = LEASE,
        most: int = AT_ONCE_MAX,
    ) -> None:
        """Fetches by *client*, *most* at once; it is done with a file well before the *lease*."""
        self._database = database
        self._client = client
        self._files = files
        self._access_token = access_token
        self._lease = lease
        self._calls = Calls(most)

    async def step(self) -> Progress:
        """Start to fetch what is due, as much as there is room for."""
        if self._calls.room == 0:
            return Progress()  # one that ends wakes us
        async with self._database.transaction() as tx:
            claims = await media.claim(tx, self._calls.room, self._lease)
            again_in = await media.next_moment(tx)
        for claim in claims:
            self._calls.begin(self._take(claim))
        return Progress(len(claims), again_in)

    async def finish(self) -> None:
        """Wait until whatever was begun has come to something, and that is written."""
        await self._calls.finish()

    async def let_go(self) -> None:
        """Leave what is being fetched to others, and let it be known."""
        await self._calls.cancel()

    async def _take(self, claim: Claim) -> None:
        try:
            with traces.span("media fetch", media=claim.media_id):
                result, written = await self._outcome(claim)
                traces.note(result=result)
        except asyncio.CancelledError:
            result, written = "let-go", partial(media.let_go, claim=claim)
        figures.fetched(result)
        log.debug("fetched", media=claim.media_id, result=result)
        await settle(self._database, written, media=claim.media_id)

    async def _outcome(self, claim: Claim) -> tuple[str, Settle]:
        """Fetch a file, and return what came of it in a word, and how to write it."""
        fail, postpone = partial(media.fail, claim=claim), partial(media.postpone, claim=claim)
        try:
            with spool() as spooled:
                sha256 = await self._fetch(claim, spooled)
                await self._files.keep(spooled, sha256)
                size = spooled.size
        except TooLarge:
            return "too-large", partial(fail, error=_told("media-too-large"))
        except Mismatch:
            written = fail if claim.tries >= MISMATCHES_MAX else postpone
            return "mismatch", partial(written, error=_told("media-mismatch", "retry"))
        except Rejected as refused:
            code = refused.failure.code
            log.warning("fetch_rejected", media=claim.media_id, code=code)
            if code in GONE:
                return "gone", partial(fail, error=_told("media-gone"))
            return "rejected", partial(fail, error=_told("media-unreachable", "retry"))
        except Exception as error:
            log.warning("fetch_postponed", media=claim.media_id, error=_why(error))
            return "postponed", partial(postpone, error=_told("media-unreachable", "retry"))
        return "ready", partial(media.ready, claim=claim, size=size, sha256=sha256)

    async def _fetch(self, claim: Claim, spooled: Spool) -> str:
        """Fetch the content into *spooled*; its hash, which is the one that was told."""
        number = line(claim.phone_number_id, claim.access_token, self._access_token)
        wanted = claim.sha256
        fresh = claim.tries == 1 and claim.at - claim.told_at < URL_FOR
        try:
            if claim.url is None or not fresh:
                raise Vanished
            await self._spool(number, claim.url, spooled)
        except Vanished:  # nothing was written: that is known before the first piece
            found = await self._find(number, claim)
            wanted = wanted or found.sha256
            await self._spool(number, found.url, spooled)
        sha256 = await spooled.close()
        if wanted is not None and sha256 != wanted:
            raise Mismatch
        return sha256

    async def _find(self, number: Line, claim: Claim) -> Found:
        found = await self._client.find(number, claim.graph_id)
        if found.size is not None and found.size > INBOUND_BYTES_MAX:
            raise TooLarge
        return found

    async def _spool(self, number: Line, url: str, spooled: Spool) -> None:
        async for piece in self._client.fetch(number, url):
            await spooled.add(piece)


def _why(error: Exception) -> str:
    """The kind of an error, and never an address."""
    if isinstance(error, Retryable):
        return error.failure.details or error.failure.title
    return type(error).__name__


def _told(code: str, action: str | None = None) -> dict[str, Any]:
    return {"code": code, "params": {}, "action": action}

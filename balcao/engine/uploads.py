"""Uploads: the files of pending messages → WhatsApp, before their messages.

A file may take longer than a message may be in doubt, so it goes on its own and first.  Whatever
is not known of an upload, it is simply done again: no customer sees it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

import structlog

from balcao.engine.calls import Calls, Settle, line, settle
from balcao.store import uploads
from balcao.store.database import Database
from balcao.store.files import Files, NoSuchFile
from balcao.store.media import LEASE
from balcao.store.uploads import Upload
from balcao.whatsapp.client import Rejected, Retryable
from balcao.whatsapp.errors import Failure, Retry
from balcao.whatsapp.media import MediaClient

log = structlog.get_logger()

UPLOADS_MAX = 8


class Uploads:
    """Uploads every file that a message waits for; the sender says when there are some."""

    def __init__(
        self,
        database: Database,
        client: MediaClient,
        files: Files,
        *,
        access_token: str | None,
        lease: timedelta = LEASE,
        most: int = UPLOADS_MAX,
    ) -> None:
        """Uploads by *client*, *most* at once; its calls are over before the *lease* is."""
        self._database = database
        self._client = client
        self._files = files
        self._access_token = access_token
        self._lease = lease
        self._calls = Calls(most)

    async def begin(self) -> int:
        """Start as many as are due and as there is room for; how many rows changed."""
        if self._calls.room == 0:
            return 0
        async with self._database.transaction() as tx:
            claims, changed = await uploads.claim(tx, self._calls.room, self._lease)
        for claim in claims:
            self._calls.begin(self._upload(claim))
        return changed

    async def finish(self) -> None:
        """Wait until every upload under way has come to something, and that is written."""
        await self._calls.finish()

    async def let_go(self) -> None:
        """Break off every upload under way, which may be long: another process begins it anew."""
        await self._calls.cancel()

    async def _upload(self, upload: Upload) -> None:
        try:
            result, written = await self._call(upload)
        except asyncio.CancelledError:
            result, written = "let go", partial(uploads.let_go, upload=upload)
        log.debug("upload", message=upload.message_id, result=result)
        await settle(self._database, written, message=upload.message_id)

    async def _call(self, upload: Upload) -> tuple[str, Settle]:
        """Call WhatsApp, and return what came of it in a word, and how to write it."""
        try:
            graph_id = await self._post(upload)
        except Retryable as refused:
            error = refused.failure.told()
            if refused.failure.rule.retry is Retry.PAUSE:
                return "paused", partial(uploads.pause, upload=upload, error=error)
            return "postponed", partial(uploads.postpone, upload=upload, error=error)
        except Rejected as refused:
            log.warning("upload_rejected", message=upload.message_id, code=refused.failure.code)
            return "rejected", partial(uploads.fail, upload=upload, error=refused.failure.told())
        except NoSuchFile:
            log.error("file_lost", message=upload.message_id)
            error = Failure(131053, "The file is not there").told()
            return "lost", partial(uploads.fail, upload=upload, error=error)
        except Exception as failed:  # whatever it is: uploading it again does no harm
            log.warning("upload_unsure", message=upload.message_id, error=type(failed).__name__)
            error = Failure(2, "Not uploaded", type(failed).__name__).told()
            return "unsure", partial(uploads.postpone, upload=upload, error=error)
        return "uploaded", partial(uploads.done, upload=upload, graph_id=graph_id)

    async def _post(self, upload: Upload) -> str:
        file = upload.file
        content = self._files.read(file.sha256)
        first = await anext(content)  # shows that it is there; in the midst of a call it would not
        return await self._client.upload(
            line(upload.phone_number_id, upload.access_token, self._access_token),
            _again(first, content),
            name=file.name,
            mime_type=file.mime_type,
            size=file.size,
        )


async def _again(first: bytes, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in content:
        yield piece

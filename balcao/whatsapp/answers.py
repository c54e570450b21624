"""What Graph answers: read no further than anyone would, and the error in it, if it is one."""

from __future__ import annotations

import aiohttp
import msgspec

from balcao.whatsapp.errors import Failure

ANSWER_BYTES_MAX = 1 << 20


class Endless(aiohttp.ClientPayloadError):
    """The answer is longer than any answer to a question of ours."""


class _Error(msgspec.Struct):
    code: int | str | None = None
    message: str | None = None
    error_data: object = None


class _Refusal(msgspec.Struct):
    error: _Error


async def whole(response: aiohttp.ClientResponse) -> bytes:
    """The body of an answer; raises Endless."""
    kept = bytearray()
    async for piece in response.content.iter_chunked(1 << 16):
        kept += piece
        if len(kept) > ANSWER_BYTES_MAX:
            raise Endless
    return bytes(kept)


def failure(status: int, body: bytes) -> Failure:
    """The error in an answer; some proxies answer 429 without one."""
    try:
        error = msgspec.json.decode(body, type=_Refusal).error
        code = int(error.code) if error.code is not None else None
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        return Failure(130429 if status == 429 else None, f"HTTP {status}")
    return Failure(code, error.message or "", _details(error.error_data))


def _details(data: object) -> str:
    """What went wrong in WhatsApp's words; usually an object, now and then plain text."""
    if isinstance(data, str):
        return data
    details = data.get("details") if isinstance(data, dict) else None
    return details if isinstance(details, str) else ""

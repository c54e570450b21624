"""Files at WhatsApp: what is told of them is read, and ours go up byte for byte."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from balcao.domain.media import Incoming
from balcao.whatsapp.client import Line, Rejected, Retryable
from balcao.whatsapp.media import MediaClient, hex_of, incoming
from tests.whatsapp.lookaside import PHOTO, TOKEN, Lookaside

LINE = Line("100", TOKEN)
RAW = bytes(range(32))


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 50_000):
        yield content[start : start + 50_000]


@pytest.fixture
async def whatsapp() -> AsyncIterator[Lookaside]:
    async with Lookaside() as whatsapp:
        yield whatsapp


@pytest.fixture
async def client(whatsapp: Lookaside) -> AsyncIterator[MediaClient]:
    client = await MediaClient.open(whatsapp.url, "v26.0", hosts=[whatsapp.host])
    yield client
    await client.close()


async def test_a_file_goes_up_as_it_is_with_its_type(
    client: MediaClient, whatsapp: Lookaside
) -> None:
    id = await client.upload(
        LINE, pieces(PHOTO), name='a "ç"\r\n.jpg', mime_type="image/jpeg", size=len(PHOTO)
    )

    assert id == "4711"
    ((fields, request),) = whatsapp.uploaded
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.match_info["number"] == "100"
    assert "Transfer-Encoding" not in request.headers
    assert fields["messaging_product"][2] == b"whatsapp"
    assert fields["type"][2] == b"image/jpeg"
    name, headers, content = fields["file"]
    assert (name, headers["Content-Type"], content) == ("a______.jpg", "image/jpeg", PHOTO)


async def test_what_is_no_id_is_never_asked_for(client: MediaClient, whatsapp: Lookaside) -> None:
    for id in ("../me", "1?a=b", "", "é", "1/messages"):
        with pytest.raises(Rejected):
            await client.find(LINE, id)
    assert whatsapp.found == []


@pytest.mark.parametrize(
    "url",
    [
        "https://HOST/file",
        "http://localhost:1/file",
        "http://user@HOST/file",
        "http://HOST@evil.example/file",
        "http://HOST.evil.example/file",
        "ftp://HOST/file",
        "//HOST/file",
        "nothing",
        "http://[::1",
    ],
)
async def test_only_the_hosts_on_the_list_are_asked(
    client: MediaClient, whatsapp: Lookaside, url: str
) -> None:
    with pytest.raises((Rejected, Retryable)) as refused:
        async for _ in client.fetch(LINE, url.replace("HOST", whatsapp.host)):
            pass
    assert whatsapp.fetched == []
    if url != "https://HOST/file":  # that host may be asked, and has no certificate
        assert isinstance(refused.value, Rejected)


async def test_the_token_leaves_this_machine_only_encrypted() -> None:
    client = await MediaClient.open("http://127.0.0.1:9", "v26.0", hosts=["lookaside.fbsbx.com"])
    with pytest.raises(Rejected):
        async for _ in client.fetch(LINE, "http://lookaside.fbsbx.com/file"):
            pass
    await client.close()


def test_hashes_are_read_in_hex_and_in_base64() -> None:
    assert hex_of(RAW.hex().upper()) == RAW.hex()
    assert hex_of(base64.b64encode(RAW).decode()) == RAW.hex()
    for nothing in (None, "", "abc", base64.b64encode(RAW[:31]).decode(), "ç"):
        assert hex_of(nothing) is None


@pytest.mark.parametrize(
    ("kind", "payload", "told"),
    [
        ("text", {"text": {"body": "Oi"}}, None),
        ("image", None, Incoming("image", "application/octet-stream")),
        ("image", {"image": ["nothing"]}, Incoming("image", "application/octet-stream")),
        (
            "audio",
            {"audio": {"id": "1", "mime_type": "audio/ogg; codecs=opus", "voice": True}},
            Incoming("audio", "audio/ogg; codecs=opus", voice=True, graph_id="1"),
        ),
        (
            "sticker",
            {"sticker": {"id": "1", "mime_type": "image/webp", "animated": True, "url": "u"}},
            Incoming("sticker", "image/webp", animated=True, graph_id="1", url="u"),
        ),
        (
            "document",
            {"document": {"id": 7, "mime_type": "text/plain", "filename": "/a/b.txt"}},
            Incoming("document", "text/plain", name="b.txt"),
        ),
        (
            "video",
            {"video": {"id": "1", "mime_type": "video/mp4"}, "errors": [{"code": 131052}]},
            Incoming("video", "video/mp4"),
        ),
    ],
)
def test_what_a_message_says_of_its_file_is_read_as_far_as_it_makes_sense(
    kind: str, payload: dict[str, Any] | None, told: Incoming | None
) -> None:
    assert incoming(kind, payload) == told

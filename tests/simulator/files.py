"""Files, and how both sides give them to the pretend WhatsApp: what tests of media share."""

import base64
import io
import struct
from pathlib import Path
from typing import Any

import aiohttp

from balcao.simulator import attaching
from tests.simulator.conftest import SUPPORT, World, text_to

DAY_S = 24 * 3600
MIB = 1024 * 1024
SAMPLES = Path(attaching.__file__).parent / "samples"
PHOTO, VOICE = (SAMPLES / "photo.jpg").read_bytes(), (SAMPLES / "voice.ogg").read_bytes()
STICKER, PDF = (SAMPLES / "sticker.webp").read_bytes(), (SAMPLES / "receipt.pdf").read_bytes()
MOVIE = b"\x00\x00\x00\x18ftypmp42" + bytes(200)
TOKEN = {"Authorization": "Bearer token"}
OTHER = "100000000000002"


def animated(size: int) -> bytes:
    """Is as many bytes that begin like a WebP that moves."""
    head = b"RIFF" + struct.pack("<I", size - 8) + b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02"
    return head + bytes(size - len(head))


async def upload(
    world: World,
    data: bytes,
    mime_type: str,
    *,
    token: str = "token",
    number: str = SUPPORT,
    product: str = "whatsapp",
) -> tuple[int, Any]:
    """Uploads a file of the business; gives status and answer."""
    form = aiohttp.FormData()
    form.add_field("messaging_product", product)
    form.add_field("file", io.BytesIO(data), filename="a file", content_type=mime_type)
    form.add_field("type", mime_type)
    url = f"{world.simulator.url}/v26.0/{number}/media"
    headers = {"Authorization": f"Bearer {token}"}
    async with world.session.post(url, data=form, headers=headers) as answer:
        return answer.status, await answer.json()


async def uploaded(world: World, data: bytes, mime_type: str) -> str:
    """Uploads a file of the business; gives its id."""
    status, answer = await upload(world, data, mime_type)
    assert status == 200, answer
    assert answer["id"].isdigit()
    return str(answer["id"])


async def node(
    world: World, id_: str, method: str = "GET", token: str = "token", **query: str
) -> tuple[int, Any]:
    """Asks Graph about a media; gives status and answer."""
    url = f"{world.simulator.url}/v26.0/{id_}"
    headers = {"Authorization": f"Bearer {token}"}
    async with world.session.request(method, url, headers=headers, params=query) as answer:
        return answer.status, await answer.json()


async def fetched(world: World, url: str, **headers: str) -> tuple[int, bytes]:
    """Fetches what is at an address of the media host; gives status and body."""
    async with world.session.get(url, headers=headers or TOKEN) as answer:
        return answer.status, await answer.read()


async def sent(
    world: World, customer: dict[str, Any], kind: str, own: dict[str, Any], **given: object
) -> tuple[int, Any]:
    """Lets the business send a media; gives status and answer."""
    body = {**text_to("+" + customer["phone"]), "type": kind, kind: own, **given}
    return await world.graph(body)


async def attached(
    world: World, customer: dict[str, Any], kind: str, **given: object
) -> dict[str, Any]:
    """Lets a customer send a media; gives what the webhook tells of it."""
    await world.write(customer, text="", type=kind, **given)
    await world.settled()
    told: dict[str, Any] = world.inbox.items("messages")[-1][kind]
    return told


def data(content: bytes, mime_type: str, **own: object) -> dict[str, object]:
    """Is a media as the control API takes it in one piece."""
    return {"data": base64.b64encode(content).decode(), "mime_type": mime_type, **own}

"""The pretend phones: a person attaches what they have, and sees what the business sends."""

import asyncio
import json
import re
import threading
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from balcao.simulator import attaching
from balcao.simulator.main import Simulator

pytestmark = pytest.mark.slow

NUMBER_ID, NUMBER = "100000000000001", "551140001000"
SAMPLES = Path(attaching.__file__).parent / "samples"
PHONE = "5511980001200"


def ask(url: str, body: object = None, **headers: str) -> Any:
    """Gets, or posts JSON or bytes; gives the answer."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data if body is not None else None, headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


@pytest.fixture
def simulator() -> Iterator[str]:
    """A simulator alone, with one customer; gives its address."""
    ready, told = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    phones = Simulator(
        webhook_url=None,
        app_secret="s",
        verify_token="v",
        access_token="token",
        entry_points=[(NUMBER_ID, NUMBER, "Loja")],
    )

    async def run() -> None:
        async with phones:
            ready.set()
            await told.wait()

    def live() -> None:
        loop.run_until_complete(run())
        loop.close()

    thread = threading.Thread(target=live)
    thread.start()
    assert ready.wait(20)
    ask(f"{phones.url}/sim/customers", {"name": "Ana Souza", "phone": PHONE})
    yield phones.url
    loop.call_soon_threadsafe(told.set)
    thread.join(20)


def attach(page: Page, chooser: Locator, name: str) -> None:
    """Picks one of the samples where a button asks for a file."""
    with page.expect_file_chooser() as asked:
        chooser.click()
    asked.value.set_files(SAMPLES / name)


def reply(url: str, kind: str, own: dict[str, Any], file: tuple[str, str] | None = None) -> None:
    """Lets the business send; a file is a sample and its type, and is uploaded first."""
    call, token = f"{url}/v26.0/{NUMBER_ID}", "Bearer token"
    if file is not None:
        own = {**own, "id": _upload(f"{call}/media", token, *file)}
    body = {"messaging_product": "whatsapp", "to": f"+{PHONE}", "type": kind, kind: own}
    ask(f"{call}/messages", body, Authorization=token)


def _upload(url: str, token: str, name: str, mime_type: str) -> str:
    line = uuid.uuid4().hex
    part = f"--{line}\r\nContent-Disposition: form-data; name="
    head = f'{part}"messaging_product"\r\n\r\nwhatsapp\r\n{part}"file"; filename="a"\r\n'
    head += f"Content-Type: {mime_type}\r\n\r\n"
    body = head.encode() + (SAMPLES / name).read_bytes() + f"\r\n--{line}--\r\n".encode()
    form = {"Authorization": token, "Content-Type": f"multipart/form-data; boundary={line}"}
    return str(ask(url, body, **form)["id"])


def test_a_person_attaches_photos_files_and_stickers(page: Page, simulator: str) -> None:
    page.goto(simulator)
    phone = page.get_by_role("article", name="Ana Souza")
    phone.get_by_role("textbox").fill("Veio amassada")
    attach(page, phone.get_by_role("button", name="Anexar foto ou vídeo"), "photo.jpg")
    bubble = phone.get_by_role("listitem").filter(has_text="Veio amassada")
    expect(bubble.get_by_role("img", name="Foto")).to_have_js_property("naturalWidth", 960)
    expect(phone.get_by_role("textbox")).to_have_value("")
    more = phone.get_by_role("button", name="Mais para enviar")
    more.click()
    attach(page, phone.get_by_role("button", name="Documento ou outro arquivo…"), "receipt.pdf")
    expect(phone.get_by_role("link", name="receipt.pdf")).to_be_visible()
    more.click()
    attach(page, phone.get_by_role("button", name="Figurinha (WebP)…"), "sticker.webp")
    expect(phone.get_by_role("img", name="Figurinha")).to_have_js_property("naturalWidth", 256)
    more.click()
    phone.get_by_role("button", name="Mensagem de voz: um exemplo").click()
    expect(phone.get_by_label("Mensagem de voz", exact=True)).to_have_js_property("readyState", 4)

    lines = ask(f"{simulator}/sim/customers/{PHONE}/messages")
    sent = [(line["type"], line["text"], line["media"]["size"]) for line in lines]
    files = ("photo.jpg", "receipt.pdf", "sticker.webp", "voice.ogg")
    sizes = [(SAMPLES / name).stat().st_size for name in files]
    kinds = ("image", "document", "sticker", "audio")
    captions = ("Veio amassada", None, None, None)
    assert sent == list(zip(kinds, captions, sizes, strict=True))
    assert lines[1]["media"]["name"] == "receipt.pdf"


def test_a_phone_shows_all_that_the_business_sends(page: Page, simulator: str) -> None:
    page.goto(simulator)
    phone = page.get_by_role("article", name="Ana Souza")
    phone.get_by_role("textbox").fill("Oi")
    phone.get_by_role("textbox").press("Enter")
    expect(phone.get_by_role("listitem").filter(has_text="Oi")).to_be_visible()
    reply(simulator, "image", {"caption": "Esta?"}, ("photo.jpg", "image/jpeg"))
    reply(simulator, "audio", {"voice": True}, ("voice.ogg", "audio/ogg"))
    pdf = {"filename": "recibo.pdf", "caption": "O recibo"}
    reply(simulator, "document", pdf, ("receipt.pdf", "application/pdf"))
    reply(simulator, "sticker", {}, ("sticker.webp", "image/webp"))
    spot = {"latitude": "-23.5614", "longitude": "-46.6559", "name": "Loja Paulista"}
    reply(simulator, "location", spot)

    bubble = phone.get_by_role("listitem").filter(has_text="Esta?")
    expect(bubble.get_by_role("img", name="Foto")).to_have_js_property("naturalWidth", 960)
    expect(phone.get_by_label("Mensagem de voz", exact=True)).to_have_js_property("readyState", 4)
    with page.expect_download() as saved:
        phone.get_by_role("link", name="recibo.pdf").click()
    assert saved.value.suggested_filename == "recibo.pdf"
    assert Path(saved.value.path()).read_bytes() == (SAMPLES / "receipt.pdf").read_bytes()
    expect(phone.get_by_role("img", name="Figurinha")).to_have_js_property("naturalWidth", 256)
    place = phone.get_by_role("link", name="Loja Paulista")
    expect(place).to_have_attribute(
        "href", re.compile("openstreetmap.*mlat=-23.5614&mlon=-46.6559")
    )
    expect(place).to_be_in_viewport()

"""Files over HTTP: what may be uploaded, who may have what, and how a browser is to treat it."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from balcao.domain.media import ANIMATED_STICKER_BYTES_MAX, BYTES_MAX
from balcao.store import media
from balcao.store.files import spool
from tests.web.house import Browser, House, Reply
from tests.web.test_contents import connected, other, sent
from tests.world import sql

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
PDF = b"%PDF-1.7\n" + bytes(range(256))
MP4 = b"\0\0\0\x18ftypisom\0\0\0\0isomiso2" + b"\0\0\0\x08moov hdlr vide hdlr soun"
M4A = b"\0\0\0\x18ftypM4A \0\0\0\0isomiso2" + bytes(64)
SPOKEN = b"\0\0\0\x18ftypiso5\0\0\0\0iso5iso6" + b"\0\0\0\x08moov hdlr soun"
THREE_GP = b"\0\0\0\x18ftyp3gp4\0\0\0\0" + bytes(64)
OPUS = b"OggS\0\x02" + bytes(22) + b"OpusHead\x01\x01" + bytes(64)
STEREO = b"OggS\0\x02" + bytes(22) + b"OpusHead\x01\x02" + bytes(64)
VORBIS = b"OggS\0\x02" + bytes(22) + b"\x01vorbis" + bytes(64)
STICKER = b"RIFF\x40\0\0\0WEBPVP8L" + bytes(64)
ANIMATED = b"RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0\x02" + bytes(64)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64)
ZIP = b"PK\x03\x04" + bytes(64)
HTML = b"<!doctype html><script>alert(1)</script>"
OFFICE = "application/vnd.openxmlformats-officedocument."


def form(content: bytes, name: str = "a.bin", field: str = "file") -> tuple[bytes, dict[str, str]]:
    """The body of a browser's form with one file, which says that it is an HTML page."""
    head = (
        f'--xyz\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
        "Content-Type: text/html\r\n\r\n"
    )
    body = head.encode() + content + b"\r\n--xyz--\r\n"
    return body, {"content-type": "multipart/form-data; boundary=xyz"}


async def upload(browser: Browser, content: bytes, name: str = "a.bin") -> Reply:
    return await browser.ask("POST", "/api/media", *form(content, name))


async def inbound(
    here: House, browser: Browser, task: int, kind: str, content: bytes, **own: Any
) -> str:
    """A customer's file that has been fetched; its id."""
    told = {"id": "900", "mime_type": "image/jpeg"} | own
    shown = await sent(here, browser, task, f"wamid.{kind}", **other(f"wamid.{kind}", kind, told))
    assert shown["media"]["state"] == "waiting"
    with spool() as spooled:
        await spooled.add(content)
        sha256 = await spooled.close()
        await here.files.keep(spooled, sha256)
    async with here.database.transaction() as tx:
        (claim,) = await media.claim(tx, 1)
        await media.ready(tx, claim, len(content), sha256)
    return str(shown["media"]["id"])


@pytest.mark.parametrize(
    ("content", "name", "mime_type", "kind"),
    [
        (JPEG, "a.html", "image/jpeg", "image"),
        (PNG, "a.jpg", "image/png", "image"),
        (MP4, "a.mp4", "video/mp4", "video"),
        (THREE_GP, "a.3gp", "video/3gpp", "video"),
        (M4A, "a.m4a", "audio/mp4", "audio"),
        (SPOKEN, "a.mp4", "audio/mp4", "audio"),
        (OPUS, "voice.ogg", "audio/ogg", "audio"),
        (b"ID3" + bytes(64), "a.mp3", "audio/mpeg", "audio"),
        (b"\xff\xf1" + bytes(64), "a.aac", "audio/aac", "audio"),
        (b"#!AMR\n" + bytes(64), "a.amr", "audio/amr", "audio"),
        (STICKER, "a.webp", "image/webp", "sticker"),
        (PDF, "contrato.pdf", "application/pdf", "document"),
        (ZIP, "a.docx", OFFICE + "wordprocessingml.document", "document"),
        (OLE, "a.xls", "application/vnd.ms-excel", "document"),
        ("Olá, São Paulo\r\n".encode(), "a.txt", "text/plain", "document"),
        (HTML, "a.html", "text/plain", "document"),
    ],
)
async def test_what_is_uploaded_is_what_its_bytes_say(
    here: House, content: bytes, name: str, mime_type: str, kind: str
) -> None:
    marina = await here.agent("Marina")

    reply = await upload(marina, content, name)

    assert reply.status == 201
    id = reply.json["id"]
    assert reply.json == {
        "id": id,
        "name": name,
        "mime_type": mime_type,
        "size": len(content),
        "kind": kind,
    }
    assert (await marina.get(f"/api/media/{id}")).body == content


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (VORBIS, "a.ogg"),
        (STEREO, "a.ogg"),
        (ZIP, "a.zip"),
        (OLE, "a.msi"),
        (b"MZ\x90\0" + bytes(64), "a.exe"),
        (b"GIF89a" + bytes(64), "a.gif"),
        (b"\x1aE\xdf\xa3" + bytes(64), "a.webm"),
    ],
)
async def test_what_whatsapp_would_not_take_is_refused(
    here: House, content: bytes, name: str
) -> None:
    marina = await here.agent("Marina")
    assert (await upload(marina, content, name)).problem == (415, "unsupported-type")
    assert await sql(here.database, "select 1 from media") == []


@pytest.mark.parametrize(
    ("content", "kind", "limit"),
    [
        (PNG, "image", BYTES_MAX["image"]),
        (MP4, "video", BYTES_MAX["video"]),
        (OPUS, "audio", BYTES_MAX["audio"]),
        (STICKER, "sticker", BYTES_MAX["sticker"]),
        (ANIMATED, "sticker", ANIMATED_STICKER_BYTES_MAX),
    ],
)
async def test_of_each_kind_there_may_be_so_much_and_no_more(
    here: House, content: bytes, kind: str, limit: int
) -> None:
    marina = await here.agent("Marina")
    assert (await upload(marina, content + bytes(limit - len(content)))).status == 201

    reply = await upload(marina, content + bytes(limit - len(content) + 1))

    assert reply.problem == (413, "too-large")
    assert reply.json["params"] == {"limit": limit, "kind": kind}


async def test_what_is_longer_than_anything_is_refused_unread(here: House) -> None:
    marina = await here.agent("Marina")
    _, headers = form(b"")
    headers["content-length"] = str(BYTES_MAX["document"] + 100_000)
    reply = await marina.ask("POST", "/api/media", b"--xyz\r\n", headers)
    assert reply.problem == (413, "too-large")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{}", {"content-type": "application/json"}),
        (b"--xyz\r\n", {"content-type": "multipart/form-data"}),
        (b"nothing of the kind", {"content-type": "multipart/form-data; boundary=xyz"}),
        (form(PNG)[0][:-20], form(PNG)[1]),
        form(PNG, field="other"),
        (form(PNG)[0][:-4] + b"\r\n" + form(PNG)[0], form(PNG)[1]),
        (form(PNG)[0].replace(b'; filename="a.bin"', b""), form(PNG)[1]),
    ],
)
async def test_what_is_no_form_with_one_file_is_refused(
    here: House, body: bytes, headers: dict[str, str]
) -> None:
    marina = await here.agent("Marina")
    reply = await marina.ask("POST", "/api/media", body, headers)
    assert reply.problem == (422, "bad-form")


async def test_an_empty_file_is_none(here: House) -> None:
    marina = await here.agent("Marina")
    assert (await upload(marina, b"")).problem == (422, "empty")


async def test_a_name_has_no_folders_in_it(here: House) -> None:
    marina = await here.agent("Marina")
    assert (await upload(marina, PNG, "../../etc/passwd.png")).json["name"] == "passwd.png"


async def test_without_a_session_or_from_another_site_there_is_nothing(here: House) -> None:
    marina = await here.agent("Marina")
    id = (await upload(marina, PNG)).json["id"]
    nobody = here.browser()
    assert (await upload(nobody, PNG)).problem == (401, "no-session")
    assert (await nobody.get(f"/api/media/{id}")).problem == (401, "no-session")

    body, headers = form(PNG)
    foreign = headers | {"sec-fetch-site": "cross-site"}
    assert (await marina.ask("POST", "/api/media", body, foreign)).problem == (403, "other-site")
    path, site = f"/api/media/{id}", {"sec-fetch-site": "cross-site"}
    assert (await marina.ask("GET", path, None, site)).problem == (403, "other-site")
    assert (await marina.ask("DELETE", path)).problem == (405, "method-not-allowed")


async def test_a_customers_photo_is_for_who_sees_its_message(here: House) -> None:
    marina, task = await connected(here)
    id = await inbound(here, marina, task, "image", JPEG)

    reply = await marina.get(f"/api/media/{id}")

    assert (reply.status, reply.body) == (200, JPEG)
    stranger = await here.agent("Otávio")
    for unknown in (id, "999", "x"):
        assert (await stranger.get(f"/api/media/{unknown}")).problem == (404, "not-found")
    assert (await stranger.post(f"/api/media/{id}/retry")).problem == (404, "not-found")


async def test_an_upload_is_nobody_elses(here: House) -> None:
    marina, stranger = await here.agent("Marina"), await here.agent("Otávio")
    id = (await upload(marina, PNG)).json["id"]
    assert (await stranger.get(f"/api/media/{id}")).problem == (404, "not-found")


async def test_what_was_taken_back_is_nobodys(here: House) -> None:
    marina, task = await connected(here)
    id = await inbound(here, marina, task, "image", JPEG)
    await here.written("wamid.revoke", type="revoke", revoke={"original_message_id": "wamid.image"})
    assert (await marina.get(f"/api/media/{id}")).problem == (404, "not-found")


async def test_the_desk_is_told_of_a_file_and_how_it_stands(here: House) -> None:
    marina, task = await connected(here)
    own = {"id": "900", "mime_type": "audio/ogg; codecs=opus", "voice": True}
    shown = await sent(here, marina, task, "wamid.1", **other("wamid.1", "audio", own))
    file = shown["media"]
    assert file == {
        "id": file["id"],
        "name": None,
        "mime_type": "audio/ogg; codecs=opus",
        "size": None,
        "kind": "audio",
        "state": "waiting",
        "voice": True,
        "animated": False,
        "error": None,
    }
    path = f"/api/media/{file['id']}"
    assert (await marina.get(path)).problem == (409, "not-ready")
    assert (await marina.post(f"{path}/retry")).problem == (409, "not-failed")

    error = {"code": "media-unreachable", "params": {}, "action": "retry"}
    async with here.database.transaction() as tx:
        (claim,) = await media.claim(tx, 1)
        await media.fail(tx, claim, error)
    async with here.desk(marina) as desk:
        failed = await desk.until(lambda it: _file(it.of("message"), "failed"))
        assert failed["error"] == error
        assert (await marina.get(path)).problem == (409, "not-ready")
        assert (await marina.post(f"{path}/retry")).status == 204
        await desk.until(lambda it: _file(it.of("message"), "waiting"))


def _file(views: list[dict[str, Any]], state: str) -> dict[str, Any] | None:
    files = (view["media"] for view in views if view["media"] is not None)
    return next((file for file in files if file["state"] == state), None)


async def test_a_browser_is_told_to_run_nothing_and_to_ask_again(here: House) -> None:
    marina, task = await connected(here)
    id = await inbound(here, marina, task, "image", JPEG)

    headers = (await marina.get(f"/api/media/{id}")).headers

    etag = f'"{hashlib.sha256(JPEG).hexdigest()}"'
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert (headers["content-type"], headers["content-disposition"]) == ("image/jpeg", "inline")
    assert (headers["etag"], headers["cache-control"]) == (etag, "private, no-cache")
    assert headers["content-length"] == str(len(JPEG))
    same = await marina.ask("GET", f"/api/media/{id}", None, {"if-none-match": etag})
    assert (same.status, same.body) == (304, b"")
    saved = (await marina.get(f"/api/media/{id}?download")).headers
    assert saved["content-disposition"] == "attachment"


@pytest.mark.parametrize(
    ("mime_type", "told"),
    [
        ("text/html", "text/html"),
        ("image/svg+xml", "image/svg+xml"),
        ("application/xhtml+xml", "application/xhtml+xml"),
        ("application/pdf", "application/pdf"),
        ("text/html\r\nset-cookie: a=b", "application/octet-stream"),
    ],
)
async def test_what_could_be_a_page_is_only_ever_saved(
    here: House, mime_type: str, told: str
) -> None:
    marina, task = await connected(here)
    own = {"mime_type": mime_type, "filename": 'a "ç";\n.html'}
    id = await inbound(here, marina, task, "document", HTML, **own)

    headers = (await marina.get(f"/api/media/{id}")).headers

    assert headers["content-type"] == told
    assert headers["content-disposition"] == "attachment; filename*=UTF-8''a%20%22%C3%A7%22%3B.html"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=10000-", 10_000, len(JPEG)),
        ("bytes=-7", len(JPEG) - 7, len(JPEG)),
        ("bytes=5-999999999", 5, len(JPEG)),
    ],
)
async def test_a_part_is_that_part(here: House, asked: str, start: int, end: int) -> None:
    marina, task = await connected(here)
    id = await inbound(here, marina, task, "image", JPEG)

    reply = await marina.ask("GET", f"/api/media/{id}", None, {"range": asked})

    assert (reply.status, reply.body) == (206, JPEG[start:end])
    assert reply.headers["content-range"] == f"bytes {start}-{end - 1}/{len(JPEG)}"
    assert reply.headers["content-length"] == str(end - start)


async def test_a_range_that_makes_no_sense_or_is_of_another_content_is_the_whole(
    here: House,
) -> None:
    marina = await here.agent("Marina")
    path = f"/api/media/{(await upload(marina, PNG)).json['id']}"
    for asked in ("bytes=5-2", "bytes=-", "lines=1-2", "bytes=0-1,4-5"):
        assert (await marina.ask("GET", path, None, {"range": asked})).body == PNG
    other_content = {"range": "bytes=0-1", "if-range": '"other"'}
    assert (await marina.ask("GET", path, None, other_content)).body == PNG
    beyond = await marina.ask("GET", path, None, {"range": f"bytes={len(PNG)}-"})
    assert beyond.problem == (416, "no-such-range")

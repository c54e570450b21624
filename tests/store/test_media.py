"""Files as rows and as contents: one owner, one message, and one file for equal contents."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest

from balcao.domain.media import Format
from balcao.store import media
from balcao.store.database import Database
from balcao.store.files import READ_BYTES, Files, NoSuchFile, spool
from tests import world
from tests.engine.inbound import sending
from tests.world import sql

PHOTO = Format("image", "image/jpeg")
SHA256 = "ab" * 32


async def kept(files: Files, content: bytes, piece: int = 70_000) -> str:
    """Keep *content*, which comes in pieces; its hash."""
    with spool() as spooled:
        for start in range(0, len(content), piece):
            await spooled.add(content[start : start + piece])
        sha256 = await spooled.close()
        assert spooled.size == len(content)
        await files.keep(spooled, sha256)
    return sha256


def there(folder: Path) -> list[Path]:
    """Every file in *folder*."""
    return [path for path in folder.rglob("*") if path.is_file()]


async def whole(files: Files, sha256: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in files.read(sha256, start, end)])


async def test_a_content_is_kept_by_its_hash_and_read_in_part_or_whole(tmp_path: Path) -> None:
    files = Files(str(tmp_path / "media"))
    content = bytes(range(256)) * 12_000

    sha256 = await kept(files, content)

    assert sha256 == hashlib.sha256(content).hexdigest()
    assert stat.S_IMODE((tmp_path / "media").stat().st_mode) == 0o700
    assert await whole(files, sha256) == content
    for start, end in ((0, 1), (5, 5), (READ_BYTES - 1, READ_BYTES + 1), (3_000_000, 9_000_000)):
        assert await whole(files, sha256, start, end) == content[start:end]


async def test_equal_contents_are_one_file_that_is_written_once(tmp_path: Path) -> None:
    files = Files(str(tmp_path))
    sha256 = await kept(files, b"the same")
    (path,) = there(tmp_path)
    before = path.stat()

    assert await kept(files, b"the same") == sha256

    assert path.stat() == before
    assert there(tmp_path) == [path]


async def test_what_was_never_whole_is_not_there(tmp_path: Path) -> None:
    files = Files(str(tmp_path))
    with spool() as spooled:
        await spooled.add(b"half of")
    assert there(tmp_path) == []
    with pytest.raises(NoSuchFile):
        await whole(files, SHA256)


async def test_an_upload_is_its_uploaders_until_it_is_sent_and_only_once(
    database: Database,
) -> None:
    floor = await world.build(database)
    claim = await sending(database, floor)
    (marina,) = [row["id"] for row in await sql(database, "select id from person")]
    async with database.transaction() as tx:
        id = await media.put_upload(tx, int(str(marina)), PHOTO, "a.jpg", 3, SHA256)
        assert await media.of_upload(tx, id, int(str(marina)) + 1) is None
        upload = await media.of_upload(tx, id, int(str(marina)))
        assert upload == media.Upload(id, "image", "a.jpg", "image/jpeg", 3)
        await media.attach(tx, id, claim.message_id, voice=True)
        assert await media.of_upload(tx, id, int(str(marina))) is None


async def test_what_whatsapp_has_is_sent_from_there_while_it_has_it(database: Database) -> None:
    floor = await world.build(database)
    claim = await sending(database, floor)
    (marina,) = [int(str(row["id"])) for row in await sql(database, "select id from person")]
    async with database.transaction() as tx:
        id = await media.put_upload(tx, marina, PHOTO, None, 3, SHA256)
        await media.attach(tx, id, claim.message_id)
        (file,) = (await media.outgoing(tx, [claim.message_id])).values()
        assert file == media.Outgoing(id, "image", None, "image/jpeg", 3, SHA256, False, None)
        await media.uploaded(tx, id, "4711", await tx.now())
        assert (await media.outgoing(tx, [claim.message_id]))[claim.message_id].graph_id == "4711"
        await tx.execute("update media set graph_id_at = graph_id_at - interval '29 days'")
        assert (await media.outgoing(tx, [claim.message_id]))[claim.message_id].graph_id is None

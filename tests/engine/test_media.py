"""Customers' files on a real PostgreSQL, real sockets and a folder: kept whole, or not at all."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from balcao.domain.media import INBOUND_BYTES_MAX, MISMATCHES_MAX, TRIES_MAX
from balcao.domain.values import Refused
from balcao.engine.media import Downloads
from balcao.store import media
from balcao.store.bus import Kind, Nudge
from balcao.store.database import Database
from balcao.store.files import Files
from balcao.store.media import LEASE
from balcao.whatsapp.media import MediaClient
from tests import world
from tests.engine.inbound import now, take_in
from tests.whatsapp import bodies
from tests.whatsapp.lookaside import PHOTO, TOKEN, Lookaside
from tests.world import sql

Row = dict[str, Any]


class House:
    """A customer who sends photos, and a process that fetches them."""

    def __init__(self, database: Database, whatsapp: Lookaside, folder: Path) -> None:
        self.database = database
        self.whatsapp = whatsapp
        self.files = Files(str(folder))
        self.folder = folder
        self.clients: list[MediaClient] = []

    async def downloads(self, database: Database | None = None) -> Downloads:
        client = await MediaClient.open(
            self.whatsapp.url, "v26.0", hosts=[self.whatsapp.host], fetch_seconds=5
        )
        self.clients.append(client)
        return Downloads(database or self.database, client, self.files, access_token=TOKEN)

    async def photo(self, wamid: str = "wamid.1", *, age: int = 0, **over: Any) -> Row:
        """A photo comes in, sent *age* seconds ago; its row."""
        told = {"id": "900", "mime_type": "image/jpeg", "sha256": self.whatsapp.sha256} | over
        own = {key: value for key, value in told.items() if value is not None}
        second = await now(self.database) - age
        await take_in(
            self.database, bodies.messages(bodies.other(wamid, "image", own, second=second))
        )
        return await self.row()

    async def row(self) -> Row:
        return (await sql(self.database, "select * from media order by id desc limit 1"))[0]

    async def hurry(self) -> None:
        statement = "update media set due_at = clock_timestamp() where state = 'waiting'"
        await sql(self.database, statement)

    async def version(self) -> int:
        (row,) = await sql(self.database, "select max(version) as version from conversation")
        return int(str(row["version"]))

    async def content(self) -> bytes:
        row = await self.row()
        return b"".join([piece async for piece in self.files.read(row["sha256"])])


async def fetch(downloads: Downloads) -> None:
    """Let it do all that is due now."""
    while (await downloads.step()).done:
        await downloads.finish()


@pytest.fixture
async def whatsapp() -> AsyncIterator[Lookaside]:
    async with Lookaside() as whatsapp:
        yield whatsapp


@pytest.fixture
async def house(database: Database, whatsapp: Lookaside, tmp_path: Path) -> AsyncIterator[House]:
    await world.build(database)
    house = House(database, whatsapp, tmp_path)
    yield house
    for client in house.clients:
        await client.close()


@pytest.fixture
async def downloads(house: House) -> Downloads:
    return await house.downloads()


async def test_a_photo_waits_from_the_moment_that_its_message_is_there(house: House) -> None:
    row = await house.photo(url=house.whatsapp.address)

    assert (row["state"], row["kind"], row["mime_type"]) == ("waiting", "image", "image/jpeg")
    assert row["sha256"] == hashlib.sha256(PHOTO).hexdigest(), "told in base64, kept in hex"
    assert row["graph_id"] == "900"


async def test_it_is_fetched_from_where_the_webhook_says_and_kept(
    house: House, downloads: Downloads
) -> None:
    await house.photo(url=house.whatsapp.address)
    before = await house.version()

    await fetch(downloads)

    row = await house.row()
    assert (row["state"], row["size"]) == ("ready", len(PHOTO))
    assert await house.content() == PHOTO
    assert house.whatsapp.found == [], "Graph was not asked"
    assert await house.version() > before, "desks are told"


async def test_without_an_address_or_with_an_old_one_graph_is_asked(
    house: House, downloads: Downloads
) -> None:
    await house.photo()
    await house.photo("wamid.2", url="http://127.0.0.1:9/old", age=600)

    await fetch(downloads)

    assert house.whatsapp.found == ["900", "900"]
    rows = await sql(house.database, "select distinct state from media")
    assert rows == [{"state": "ready"}]


async def test_equal_contents_are_one_file(house: House, downloads: Downloads) -> None:
    await house.photo()
    await house.photo("wamid.2")

    await fetch(downloads)

    assert len([path for path in house.folder.rglob("*") if path.is_file()]) == 1


async def test_what_is_not_there_any_more_is_looked_for_at_a_new_address(
    house: House, downloads: Downloads
) -> None:
    house.whatsapp.fetch = house.whatsapp.says(404)
    await house.photo(url=house.whatsapp.address)
    old = house.whatsapp.address

    async def only_new(request: Any) -> Any:
        old_one = str(request.url) == old
        give = house.whatsapp.says(404) if old_one else house.whatsapp.gives
        return await give(request)

    house.whatsapp.fetch = only_new
    await fetch(downloads)

    assert [str(one.url) == old for one in house.whatsapp.fetched] == [True, False]
    assert (await house.row())["state"] == "ready"


async def test_what_is_not_what_was_told_is_never_shown(house: House, downloads: Downloads) -> None:
    await house.photo()
    house.whatsapp.content, told = b"something else", house.whatsapp.content
    for _ in range(MISMATCHES_MAX):
        await house.hurry()
        await fetch(downloads)

    row = await house.row()
    assert (row["state"], row["error"]["code"]) == ("failed", "media-mismatch")
    assert row["error"]["action"] == "retry"
    assert not [path for path in house.folder.rglob("*") if path.is_file()]

    house.whatsapp.content = told
    async with house.database.transaction() as tx:
        await media.retry(tx, row["id"])
    await fetch(downloads)
    row = await house.row()
    assert (row["state"], row["error"]) == ("ready", None), "an agent asked for it"


async def test_half_a_file_is_none(house: House, downloads: Downloads) -> None:
    await house.photo()
    house.whatsapp.fetch = house.whatsapp.breaks_off
    await fetch(downloads)
    assert ((await house.row())["state"], (await house.row())["tries"]) == ("waiting", 1)

    house.whatsapp.fetch = house.whatsapp.gives
    await house.hurry()
    await fetch(downloads)

    assert await house.content() == PHOTO


@pytest.mark.parametrize("told", [INBOUND_BYTES_MAX + 1, None])
async def test_what_is_too_large_is_not_taken(
    house: House, downloads: Downloads, told: int | None
) -> None:
    async def tells(request: Any) -> Any:
        said = {"url": house.whatsapp.address, "file_size": told}
        return web.json_response(said)

    house.whatsapp.find = tells
    house.whatsapp.fetch = house.whatsapp.never_ends
    await house.photo()

    await fetch(downloads)

    row = await house.row()
    assert (row["state"], row["error"]["code"]) == ("failed", "media-too-large")
    assert len(house.whatsapp.fetched) == (0 if told else 1)


async def test_what_graph_knows_no_more_is_gone_for_good(
    house: House, downloads: Downloads
) -> None:
    await house.photo()
    house.whatsapp.find = house.whatsapp.says(400, 100)

    await fetch(downloads)

    error = (await house.row())["error"]
    assert (error["code"], error["action"]) == ("media-gone", None)


async def test_after_seven_days_it_is_given_up(house: House, downloads: Downloads) -> None:
    row = await house.photo(age=7 * 86_400 + 60)
    house.whatsapp.find = house.whatsapp.says(500)

    await fetch(downloads)

    row = await house.row()
    assert (row["state"], row["error"]["code"]) == ("failed", "media-unreachable")


async def test_where_whatsapp_is_down_it_is_tried_for_hours_and_then_somebody_is_asked(
    house: House, downloads: Downloads
) -> None:
    await house.photo()
    house.whatsapp.find = house.whatsapp.says(503, 131016)
    await fetch(downloads)
    first = await house.row()
    assert (first["state"], first["tries"]) == ("waiting", 1)
    assert first["due_at"] > first["created_at"]

    await sql(house.database, "update media set tries = $1", TRIES_MAX - 1)
    await house.hurry()
    await fetch(downloads)

    row = await house.row()
    assert (row["state"], row["error"]["code"]) == ("failed", "media-unreachable")


async def test_what_whatsapp_could_not_take_is_failed_from_the_start(
    house: House, downloads: Downloads
) -> None:
    second = await now(house.database)
    errors = [{"code": 131052, "title": "Media download error"}]
    video = bodies.other("wamid.1", "video", {"mime_type": "video/mp4"}, second=second)
    await take_in(house.database, bodies.messages(video | {"errors": errors}))

    row = await house.row()
    assert (row["state"], row["error"]["code"]) == ("failed", "media-gone")
    with pytest.raises(Refused, match="not-failed"):
        async with house.database.transaction() as tx:
            await media.retry(tx, row["id"])


async def test_the_token_goes_to_no_other_host_and_is_carried_on_by_no_redirect(
    house: House, downloads: Downloads
) -> None:
    async with Lookaside() as stranger:
        house.whatsapp.find = stranger.tells
        await house.photo(url=f"http://{stranger.host}/file")
        await fetch(downloads)
        row = await house.row()
        assert (row["state"], row["error"]["code"]) == ("failed", "media-unreachable")
        assert stranger.fetched == []

        house.whatsapp.find = house.whatsapp.tells
        house.whatsapp.fetch = house.whatsapp.says(302, Location=f"http://{stranger.host}/file")
        await house.photo("wamid.2")
        await fetch(downloads)
        assert (await house.row())["state"] == "waiting"
        assert stranger.fetched == []


async def test_a_process_that_died_leaves_it_to_others_when_its_lease_is_over(
    house: House, downloads: Downloads
) -> None:
    await house.photo()
    async with house.database.transaction() as tx:
        (claim,) = await media.claim(tx, 1, LEASE)
    await fetch(downloads)
    assert house.whatsapp.found == [], "it is somebody else's"

    await house.hurry()
    await fetch(downloads)
    assert (await house.row())["state"] == "ready"

    async with house.database.transaction() as tx:  # the dead one was only asleep
        await media.fail(tx, claim, {"code": "media-gone", "params": {}, "action": None})
    assert (await house.row())["state"] == "ready"


async def test_a_process_that_ends_leaves_it_to_others_at_once(
    house: House, downloads: Downloads
) -> None:
    await house.photo()
    house.whatsapp.fetch = house.whatsapp.waits
    await downloads.step()
    await asyncio.wait_for(house.whatsapp.asked.wait(), 5)
    await downloads.let_go()
    house.whatsapp.fetch = house.whatsapp.gives

    await fetch(await house.downloads())

    row = await house.row()
    assert (row["state"], row["tries"]) == ("ready", 1)


async def test_two_processes_fetch_each_file_once(
    dsn: str, house: House, downloads: Downloads
) -> None:
    for n in range(12):
        await house.photo(f"wamid.{n}", id=f"{n}")
    other_process = await Database.open(dsn)
    other = await house.downloads(other_process)

    async with asyncio.timeout(10):
        while await sql(house.database, "select 1 from media where state = 'waiting'"):
            await asyncio.gather(downloads.step(), other.step())
            await asyncio.gather(downloads.finish(), other.finish())

    assert sorted(house.whatsapp.found, key=int) == [f"{n}" for n in range(12)]
    await other_process.close()


async def test_a_slow_one_holds_up_no_other(house: House, downloads: Downloads) -> None:
    await house.photo("wamid.1", id="1")
    released = asyncio.Event()

    async def slow(request: Any) -> Any:
        await released.wait()
        return await house.whatsapp.gives(request)

    house.whatsapp.fetch = slow
    await downloads.step()
    await asyncio.wait_for(house.whatsapp.asked.wait(), 5)
    house.whatsapp.fetch = house.whatsapp.gives
    await house.photo("wamid.2", id="2")
    async with asyncio.timeout(5):
        while (await house.row())["state"] != "ready":
            await downloads.step()
            await asyncio.sleep(0.01)
    states = await sql(house.database, "select state from media order by id")
    assert [row["state"] for row in states] == ["waiting", "ready"]
    released.set()
    await downloads.finish()


async def test_what_changed_is_told(house: House, downloads: Downloads) -> None:
    heard: set[Nudge] = set()
    house.database.subscribe(heard.update)
    await house.photo()
    assert Nudge(Kind.MEDIA, 0) in heard
    heard.clear()

    await fetch(downloads)

    assert {nudge.kind for nudge in heard} >= {Kind.CONVERSATION, Kind.MEDIA}

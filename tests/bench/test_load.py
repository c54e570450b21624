"""The load generator: its schedule, its webhooks, and how it knows again what it sent."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balcao.simulator.world import Customer, EntryPoint
from balcao.whatsapp.items import InboundMessage, StatusUpdate
from balcao.whatsapp.signature import is_signed
from balcao.whatsapp.webhook import read
from bench import desks
from bench.client import LOST, Address, Pool, request
from bench.desks import EventParser, Seen, mark_of
from bench.schedule import arrivals, batch_sizes, play
from bench.webhooks import RECEIVED_BYTES, Mail, Thread, alike

SECRET = "a secret"
NUMBER = EntryPoint("100000000000001", "551140001000", "Loja")
EVENTS = st.lists(st.tuples(st.sampled_from([b"view", b"ping"]), st.binary(min_size=1)))


def customer(n: int) -> Customer:
    return Customer(f"BR.{n:016d}", f"Cliente {n}", f"5511{n:09d}")


def mail(threads: int = 3, outbound: int = 4) -> Mail:
    """Mail of some conversations, each with messages of ours of which nothing is known."""
    some = [
        Thread(customer(n), NUMBER, n, [(100 * n + k, f"wamid.{n}.{k}") for k in range(outbound)])
        for n in range(threads)
    ]
    return Mail(some, SECRET, 1_790_000_000, random.Random(1))


def body_of(whole: bytes) -> bytes:
    return whole.partition(b"\r\n\r\n")[2]


@given(count=st.integers(0, 500), seconds=st.floats(0.1, 100), seed=st.integers())
def test_as_many_come_as_shall_in_order_and_in_time(count: int, seconds: float, seed: int) -> None:
    moments = arrivals(count, seconds, random.Random(seed))
    assert len(moments) == count
    assert moments == sorted(moments)
    assert all(0 <= moment <= seconds for moment in moments)


@given(items=st.integers(0, 5000), largest=st.integers(1, 50), seed=st.integers())
def test_batches_hold_all_items_and_none_is_too_large(items: int, largest: int, seed: int) -> None:
    sizes = batch_sizes(items, 1, largest, random.Random(seed))
    assert sum(sizes) == items
    assert all(1 <= size <= largest for size in sizes)


async def test_each_request_is_fired_at_its_moment_and_never_before() -> None:
    moments = [0.0, 0.01, 0.01, 0.03]
    fired: list[tuple[int, float, float]] = []
    began = await play(moments, lambda i, due: fired.append((i, due, time.perf_counter())))
    assert [i for i, _, _ in fired] == [0, 1, 2, 3]
    assert [due - began for _, due, _ in fired] == pytest.approx(moments)
    assert all(at >= due for _, due, at in fired)


async def test_a_request_that_is_held_up_is_told_when_it_was_due() -> None:
    """Otherwise a generator that stumbles would not see its own stumbling."""
    late: list[float] = []

    def fire(i: int, due: float) -> None:
        late.append(time.perf_counter() - due)
        if i == 0:
            stumble_until = time.perf_counter() + 0.1
            while time.perf_counter() < stumble_until:
                pass

    await play([0.0, 0.001, 0.002], fire)
    assert late[1] > 0.09
    assert late[2] > 0.09


def test_webhooks_hold_all_items_and_are_signed_as_whatsapp_signs_them() -> None:
    whole = mail()
    items = whole.mixture(20, 9)
    posts = whole.posts(items, batch_sizes(len(items), 1, 7, random.Random(2)))
    found = []
    for post in posts:
        head, body = post.whole.split(b"\r\n\r\n", 1)
        given_signature = head.partition(b"x-hub-signature-256: ")[2].partition(b"\r\n")[0]
        assert is_signed(body, given_signature, [SECRET])
        assert f"content-length: {len(body)}".encode() in head
        found += list(read(body))
    assert [item for post in posts for item in post.items] == items
    messages = [one for one in found if isinstance(one, InboundMessage)]
    statuses = [one for one in found if isinstance(one, StatusUpdate)]
    assert (len(messages), len(statuses)) == (20, 9)
    assert len({one.wamid for one in messages}) == 20
    marks = {item.key for item in items if item.update.kind == "messages"}
    assert {mark_of(one.text) for one in messages} == marks


def test_the_statuses_of_a_message_come_in_their_order_and_none_twice() -> None:
    items = mail(threads=5, outbound=2).mixture(0, 30)
    ranks: dict[str, list[int]] = {}
    for item in items:
        message, _, rank = item.key.partition(":")
        ranks.setdefault(message, []).append(int(rank))
    assert len(ranks) == 10
    assert all(one == [1, 2, 3] for one in ranks.values())


def test_it_is_said_when_no_message_is_left_that_a_status_could_be_of() -> None:
    with pytest.raises(LookupError, match="store more"):
        mail(threads=1, outbound=1).mixture(0, 4)


def test_webhooks_for_the_ceiling_are_alike_but_for_their_ids() -> None:
    source: Iterator[bytes] = alike(customer(1), NUMBER, 1_790_000_000, SECRET)
    bodies = [body_of(next(source)) for _ in range(3)]
    assert all(abs(len(body) - RECEIVED_BYTES) < 4 for body in bodies)
    ids = {item.wamid for body in bodies for item in read(body) if isinstance(item, InboundMessage)}
    assert len(ids) == 3


@given(events=EVENTS, cuts=st.lists(st.integers(1, 9), min_size=1))
def test_events_are_the_same_however_the_stream_is_cut(
    events: list[tuple[bytes, bytes]], cuts: list[int]
) -> None:
    """Data is JSON on one line, so there is no line break in it."""
    told = [(name, json.dumps(data.hex()).encode()) for name, data in events]
    stream = b"".join(b"event: %b\ndata: %b\n\n" % one for one in told)
    found: list[tuple[bytes, bytes]] = []
    parser = EventParser(lambda name, data: found.append((name, data)))
    place, turn = 0, 0
    while place < len(stream):
        size = cuts[turn % len(cuts)]
        parser.feed(stream[place : place + size])
        place, turn = place + size, turn + 1
    assert found == told


def test_a_comment_is_no_event_and_data_of_several_lines_is_joined() -> None:
    found: list[tuple[bytes, bytes]] = []
    parser = EventParser(lambda name, data: found.append((name, data)))
    parser.feed(b": hello\n\ndata: one\ndata: two\n\n")
    assert found == [(b"message", b"one\ntwo")]


@pytest.mark.parametrize(
    ("text", "mark"),
    [("#m17# Olá", "m17"), ("Olá #m17#", None), ("#m17", None), ("", None), (None, None)],
)
def test_a_mark_is_what_a_text_begins_with(text: str | None, mark: str | None) -> None:
    assert mark_of(text) == mark


def test_a_message_that_is_seen_as_read_has_been_sent_and_delivered_too() -> None:
    seen = Seen()
    seen.view(3, desks.Message("7", "olá", "sent"), 1.0)
    seen.view(3, desks.Message("7", "olá", "read"), 2.0)
    seen.view(3, desks.Message("7", "olá", "delivered"), 3.0)
    assert seen.at == {"7:1": 1.0, "7:2": 2.0, "7:3": 2.0}


def test_a_message_is_seen_when_its_first_desk_shows_it() -> None:
    seen = Seen()
    seen.view(3, desks.Message("8", "#m1# olá"), 1.0)
    seen.view(4, desks.Message("8", "#m1# olá"), 2.0)
    assert (seen.at["m1"], seen.where["m1"]) == (1.0, 3)


@pytest.fixture
async def echo() -> AsyncIterator[Address]:
    """A server that answers with the path it was asked for, in chunks, and hangs up on /end."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split()[1]
                if path == b"/end":
                    return
                writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(path), path))
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield Address(*server.sockets[0].getsockname()[:2])


async def test_a_pool_answers_every_request_though_connections_are_few(echo: Address) -> None:
    async with asyncio.timeout(10), Pool(echo, 2) as pool:
        asked = [pool.ask(request("GET", f"/{n}")) for n in range(20)]
        assert await asyncio.gather(*asked) == [(200, f"/{n}".encode()) for n in range(20)]


async def test_a_connection_that_is_lost_is_told_and_replaced(echo: Address) -> None:
    async with asyncio.timeout(10), Pool(echo, 1) as pool:
        assert await pool.ask(request("GET", "/end")) == (LOST, b"")
        assert await pool.ask(request("GET", "/again")) == (200, b"/again")

"""A desk that does not read: it costs the server little, the others nothing, and catches up."""

from __future__ import annotations

import asyncio
import socket

import msgspec
import psutil

from balcao.simulator.world import Customer
from tests.crash.house import House, open_house
from tests.crash.people import Agent, eventually, until
from tests.crash.proof import calm, prove
from tests.web.house import Desk

RECEIVE_BYTES = 4096
CHUNK = 1 << 16
#: In all some 35 MB, which is more than kernels keep for anybody, and than may be kept here.
ROUNDS = 32
LINES = 250
WORDS = "palavra " * 500
GROWTH_BYTES_MAX = 24 << 20
OTHERS_SECONDS = 10.0


async def does_not_read() -> None:
    """Much is said while one of two desks of an agent does not read; then it reads."""
    async with open_house() as house:
        house.set_faults(batch=10, duplicate=0, reorder=0, malformed=0)
        ana, customer = house.agents["Ana"], house.newcomer()
        house.write(customer, "Ana", "Vou escrever muito")
        task = await ana.accept(customer)
        await _say_much(house, ana, customer, 0)  # so that what serving takes is there before
        with slow_desk(house, ana) as deaf:
            before = _memory(house)
            for part in range(1, ROUNDS):
                await _say_much(house, ana, customer, part)
            grown = _memory(house) - before
            assert grown < GROWTH_BYTES_MAX, f"{grown} bytes for one desk that does not read"
            desk = Desk()
            reading = asyncio.create_task(_read(deaf, desk))
            await eventually(lambda: _caught_up(desk, ana))
            await ana.say(task, "Pronto")
            await until(lambda: any(one["text"] == "Pronto" for one in desk.of("message")))
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        await calm(house)
        await prove(house)


async def _say_much(house: House, ana: Agent, customer: Customer, part: int) -> None:
    """A customer writes a lot, which a desk that reads has soon."""
    for number in range(LINES):
        house.write(customer, "Ana", f"{part} {number} {WORDS}")
    last = f"{part} {LINES - 1} {WORDS}"
    await until(lambda: any(one["text"] == last for one in ana.desk.of("message")), OTHERS_SECONDS)


def slow_desk(house: House, agent: Agent) -> socket.socket:
    """A connection that asks for the stream, and has hardly any room for it."""
    port = int(house.url.rpartition(":")[2])
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    deaf.connect(("127.0.0.1", port))
    ask = f"GET /api/desk HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {agent.cookie}\r\n\r\n"
    deaf.sendall(ask.encode())
    deaf.setblocking(False)
    return deaf


async def _read(deaf: socket.socket, desk: Desk) -> None:
    """Take in everything that the stream has to tell."""
    event, rest, loop = "", b"", asyncio.get_running_loop()
    while chunk := await loop.sock_recv(deaf, CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            word, _, said = line.partition(b": ")
            if word == b"event":
                event = said.decode()
            elif word == b"data":
                desk.hear(event, msgspec.json.decode(said))


async def _caught_up(desk: Desk, agent: Agent) -> bool:
    """Whether the desk holds all that a fresh snapshot tells, just as that tells it."""
    fresh = await agent.look_anew()
    return fresh.me == desk.me and all(
        desk.views.get(key) == view for key, view in fresh.views.items()
    )


def _memory(house: House) -> int:
    """What the serving processes have in memory, in bytes."""
    return sum(psutil.Process(pid).memory_info().rss for pid in house.servers())

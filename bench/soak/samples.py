"""What is looked at every few seconds, and what follows from it.

A sample is a row of named numbers; what could not be read at its moment is not in it.  Processes
are read in a thread, so that the load goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

import asyncpg
import psutil

from bench.figures import quantile
from bench.rig import usage
from bench.soak.faults import BACKENDS, Stage, connected

Sample: TypeAlias = dict[str, float]

EVERY_SECONDS = 5.0
#: A slope of less than this says more of chance than of a leak.
SLOPE_SECONDS_MIN = 600.0
SETTLED_SHARE = 1 / 3  # of the time, before memory is judged

#: What is small enough to be counted every time.
COUNTED = {
    "sessions": "select count(*) from session",
    "early statuses": "select count(*) from early_status",
    "webhooks waiting": "select count(*) from webhook where done_at is null",
    "messages unsettled": "select count(*) from message where status in ('pending', 'sending')",
    "tasks queued": "select count(*) from task where state = 'queued'",
    "items set aside": "select count(*) from set_aside",
    "sign-in failures": "select count(*) from sign_in_failure",
    "connections": f"select count(*) from ({BACKENDS}) backends",
    "database MB": "select pg_database_size(current_database()) / 1e6",
}
#: What grows with the work that is done; counting it takes a while.
GROWING = ("webhook", "idempotency", "message", "message_status", "event", "agent_event", "notice")


async def take(stage: Stage, began: float) -> Sample:
    """One sample, with the seconds since *began*."""
    sample: Sample = {"at": time.perf_counter() - began}
    sample |= await asyncio.to_thread(_processes, stage)
    with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        sample |= await _rows(stage.house.dsn)
    traffic = stage.traffic
    answers, traffic.answers = traffic.answers, []
    sample |= {"unanswered": traffic.unanswered, "desks live": stage.staff.live}
    if answers:
        sample["answers"] = len(answers)
        sample["answer p50 ms"] = quantile(answers, 0.5) * 1e3
        sample["answer p99 ms"] = quantile(answers, 0.99) * 1e3
    return sample


async def take_all(stage: Stage, began: float) -> Sample:
    """One sample with the size of every table that grows."""
    async with connected(stage.house.dsn) as connection:
        rows = {
            f"{table} rows": float(await connection.fetchval(f"select count(*) from {table}"))
            for table in GROWING
        }
    return rows | await take(stage, began)


def slope_per_hour(samples: Sequence[Mapping[str, float]], name: str) -> float | None:
    """By which share of itself *name* grows in an hour, once things have settled.

    Least squares over the last two thirds of the time, and by the line's value at their
    beginning.  None where there is too little time to tell.
    """
    end = samples[-1]["at"] if samples else 0.0
    points = [(one["at"], one[name]) for one in samples if name in one]
    points = [(at, value) for at, value in points if at >= SETTLED_SHARE * end]
    if not points or points[-1][0] - points[0][0] < SLOPE_SECONDS_MIN:
        return None
    middle_at = sum(at for at, _ in points) / len(points)
    middle = sum(value for _, value in points) / len(points)
    spread = sum((at - middle_at) ** 2 for at, _ in points)
    rise = sum((at - middle_at) * (value - middle) for at, value in points) / spread
    first = middle + rise * (points[0][0] - middle_at)
    return rise * 3600 / first


def _processes(stage: Stage) -> Sample:
    house, found = stage.house, Sample()
    for name, serve in (("kept", house.kept), ("victim", house.victim)):
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(serve.parent.pid)
            found[f"{name} supervisor RSS MB"] = parent.memory_info().rss / 1e6
        with suppress(psutil.NoSuchProcess):
            if serve.server is not None:
                found |= _process(name, serve.server)
    with suppress(psutil.NoSuchProcess):
        if house.postmaster is not None:
            found |= _postgres(house.postmaster)
    return found


def _process(name: str, process: psutil.Process) -> Sample:
    """Memory and descriptors; those to PostgreSQL, which a pool opens and closes, apart."""
    memory, times = process.memory_full_info(), process.cpu_times()
    descriptors = process.num_fds()
    local = len(process.net_connections(kind="unix"))
    return {
        f"{name} pid": process.pid,
        f"{name} RSS MB": memory.rss / 1e6,
        f"{name} USS MB": memory.uss / 1e6,
        f"{name} CPU s": times.user + times.system,
        f"{name} descriptors": descriptors,
        f"{name} descriptors but pool": descriptors - local,
    }


def _postgres(first: psutil.Process) -> Sample:
    """Memory and CPU of all that PostgreSQL is, with what has ended since it started."""
    children, ended = first.children(), first.cpu_times()
    used = usage([first, *children])
    gone = getattr(ended, "children_user", 0.0) + getattr(ended, "children_system", 0.0)
    return {
        "PostgreSQL PSS MB": used.pss / 1e6,
        "PostgreSQL processes": 1 + len(children),
        "PostgreSQL CPU s": used.cpu_seconds + gone,
    }


async def _rows(dsn: str) -> Sample:
    async with connected(dsn) as connection:
        return {name: float(await connection.fetchval(sql)) for name, sql in COUNTED.items()}

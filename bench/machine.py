"""What the figures were measured on: without it they say nothing."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from bench.figures import quantile

ROOT = Path(__file__).parents[1]
SYNCED_BYTES = 8192
SYNCS = 500
SETTINGS = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "wal_sync_method",
    "full_page_writes",
    "shared_buffers",
    "data_checksums",
)


def describe(folder: Path) -> dict[str, Any]:
    """The machine as it is before the run, and how quickly it makes things durable in *folder*."""
    load = os.getloadavg()
    return {
        "revision": revision(),
        "cores": os.cpu_count(),
        "cpu": _cpu(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_average_before": [round(one, 2) for one in load],
        "file_system": _file_system(folder),
        "generator": _generator(),
        **_syncs(folder),
    }


async def postgresql(dsn: str) -> dict[str, str]:
    """The database server's version, and what it promises about durability."""
    connection = await asyncpg.connect(dsn)
    try:
        return {name: await connection.fetchval(f"show {name}") for name in SETTINGS}
    finally:
        await connection.close()


def revision() -> str:
    """The commit that is measured, with a plus where the sources differ from it."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--", "balcao") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def stolen_seconds() -> float:
    """CPU time that the host has taken from this machine since it started."""
    return float(getattr(psutil.cpu_times(), "steal", 0.0))


def own_core() -> int | None:
    """The core that load is made on, where there are several to choose from."""
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2:
        return None
    return max(os.sched_getaffinity(0))


@contextmanager
def on_own_core() -> Iterator[None]:
    """Keep this process on one core while it makes load, where there are several.

    Processes that are started meanwhile would be kept there too, so nothing is started.
    """
    core = own_core()
    if core is None:
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def _generator() -> str:
    core = own_core()
    if core is None:
        return "on the one core that everything else is on"
    return f"kept on core {core}; servers and PostgreSQL may use all, this one too"


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _file_system(folder: Path) -> str:
    places = [
        (len(part.mountpoint), part.fstype)
        for part in psutil.disk_partitions(all=True)
        if folder.resolve().is_relative_to(part.mountpoint)
    ]
    return max(places, default=(0, "unknown"))[1]


def _syncs(folder: Path) -> dict[str, float]:
    """How long one write of a page with fdatasync takes, over a file that is there already."""
    path, took = folder / "sync", list[float]()
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.pwrite(handle, bytes(SYNCED_BYTES * SYNCS), 0)
        os.fsync(handle)
        sync = getattr(os, "fdatasync", os.fsync)
        for n in range(SYNCS):
            began = time.perf_counter()
            os.pwrite(handle, b"x" * SYNCED_BYTES, n * SYNCED_BYTES)
            sync(handle)
            took.append(time.perf_counter() - began)
    finally:
        os.close(handle)
        path.unlink()
    return {
        "fdatasync_8k_p50_ms": round(quantile(took, 0.5) * 1e3, 3),
        "fdatasync_8k_p99_ms": round(quantile(took, 0.99) * 1e3, 3),
    }

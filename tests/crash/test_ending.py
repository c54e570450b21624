"""A server that is told to end while its database has yet to start ends in order."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.house import free_port

pytestmark = pytest.mark.slow

SECONDS = 30.0


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty data folder that PostgreSQL's user can pass."""
    with tempfile.TemporaryDirectory(prefix="balcao-test-") as path:
        Path(path).chmod(0o711)
        yield Path(path) / "home"


def test_the_end_may_come_before_the_database_is_there(home: Path) -> None:
    settings = {"APP_SECRETS": "a secret", "SECRET_KEY": "a long enough secret"}
    environment = {f"BALCAO_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "balcao", "serve", "--data-dir", str(home)]
    command += ["--port", str(free_port())]
    server = subprocess.Popen(
        command, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + SECONDS
    while not (home / "data.new").exists():
        assert time.monotonic() < deadline, "the database is not made"
        select.select([], [], [], 0.01)
    server.send_signal(signal.SIGTERM)

    _, said = server.communicate(timeout=SECONDS)
    assert (server.returncode, said) == (0, "")

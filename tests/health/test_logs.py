"""The log: one line for each thing that happened, and nothing in it that people wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.canaries import sung

ROOT = Path(__file__).parents[2]
CANARY = "Quero falar com 5511987654321"

SAYS = f"""
import asyncio, logging, sys, threading
from balcao import logs
logs.configure("FORM", "LEVEL")
import structlog
log = structlog.get_logger()
canary = {CANARY!r}
"""

GUARDED = """
import structlog
def test_it(): structlog.get_logger().warning("said", to="WORD")
"""


def written(code: str, *, form: str = "json", level: str = "info", status: int = 0) -> str:
    """All that a program writes that logs as we do."""
    program = SAYS.replace("FORM", form).replace("LEVEL", level) + code
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, cwd=ROOT
    )
    assert ran.returncode == status, ran.stderr
    assert CANARY not in ran.stdout + ran.stderr
    assert "5511987654321" not in ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def lines(code: str, **how: Any) -> list[dict[str, Any]]:
    """The lines, where the log is JSON; there is nothing else but lines."""
    return [json.loads(line) for line in written(code, **how).splitlines()]


def test_an_error_is_told_by_its_type_and_its_places_and_never_by_its_text() -> None:
    code = "def step():\n    raise ValueError(canary)\ntry:\n    step()\nexcept Exception:\n"
    (line,) = lines(code + "    log.warning('step_failed', step='intake', exc_info=True)")
    assert (line["event"], line["level"], line["error"]) == ("step_failed", "warning", "ValueError")
    assert "step:" in line["through"]


def test_an_error_of_the_database_is_told_by_its_names() -> None:
    code = (
        "import asyncpg\n"
        "error = asyncpg.UniqueViolationError.new({'C': '23505', 'M': canary, 'D': canary,"
        " 't': 'person', 'n': 'person_email_key'})\n"
        "log.error('request_failed', exc_info=error)"
    )
    (line,) = lines(code)
    assert line["error"] == "UniqueViolationError"
    names = (line["sqlstate"], line["table"], line["constraint"])
    assert names == ("23505", "person", "person_email_key")


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_nobody_catches_ends_the_program_without_its_text(form: str) -> None:
    said = written("raise RuntimeError(canary)", form=form, status=1)
    assert "crashed" in said
    assert "RuntimeError" in said


def test_what_ends_a_thread_or_an_object_is_told_without_its_text() -> None:
    code = (
        "def fail(): raise RuntimeError(canary)\n"
        "one = threading.Thread(target=fail); one.start(); one.join()\n"
        "class Bad:\n    def __del__(self): raise KeyError(canary)\n"
        "Bad()"
    )
    found = lines(code)
    events = [(line["event"], line["error"]) for line in found]
    assert events == [("thread_crashed", "RuntimeError"), ("unraisable", "KeyError")]


def test_an_error_that_no_task_waits_for_is_told_without_its_text() -> None:
    code = (
        "import gc\n"
        "async def fail(): raise RuntimeError(canary)\n"
        "async def main():\n"
        "    asyncio.get_running_loop().set_exception_handler(logs.unhandled)\n"
        "    asyncio.ensure_future(fail())\n"
        "    await asyncio.sleep(0); await asyncio.sleep(0); gc.collect()\n"
        "asyncio.run(main())"
    )
    (line,) = lines(code)
    assert (line["event"], line["error"]) == ("unhandled", "RuntimeError")


def test_libraries_speak_in_the_words_of_their_authors_alone() -> None:
    code = (
        "logging.getLogger('uvicorn.error').warning('Bad request from %s', canary)\n"
        "logging.getLogger('aiohttp').error(ValueError(canary))\n"
        "try:\n    raise ValueError(canary)\nexcept ValueError:\n"
        "    logging.getLogger('asyncpg').exception('Broken %r', canary)\n"
        "logging.getLogger('asyncpg').info('not of interest')"
    )
    found = [(line["logger"], line["words"]) for line in lines(code)]
    assert found == [
        ("uvicorn.error", "Bad request from %s"),
        ("aiohttp", "ValueError"),
        ("asyncpg", "Broken %r"),
    ]


def test_the_level_says_what_is_written() -> None:
    code = "log.debug('a'); log.info('b'); log.warning('c'); log.error('d')"
    for level, events in (("debug", "abcd"), ("info", "bcd"), ("error", "d")):
        assert "".join(line["event"] for line in lines(code, level=level)) == events


def test_lines_are_counted_by_their_level() -> None:
    code = (
        "from prometheus_client import generate_latest\n"
        "from balcao.telemetry.figures import REGISTRY\n"
        "log.warning('c'); log.warning('c'); log.debug('a')\n"
        "print(generate_latest(REGISTRY).decode())"
    )
    said = written(code)
    assert 'balcao_log_lines_total{level="warning"} 2.0' in said
    assert 'balcao_log_lines_total{level="debug"} 0.0' in said


@pytest.mark.parametrize(("word", "status"), [("nothing of note", 0), ("+5511987654321", 1)])
def test_a_test_during_which_a_canary_is_heard_has_failed(
    tmp_path: Path, word: str, status: int
) -> None:
    """The suite's own guard, in a suite of its own."""
    (tmp_path / "conftest.py").write_text(
        "from tests.conftest import pytest_runtest_makereport as pytest_runtest_makereport\n"
    )
    (tmp_path / "test_one.py").write_text(GUARDED.replace("WORD", word))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    ran = subprocess.run(
        [*command, "-c", "/dev/null", "--rootdir", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )
    assert ran.returncode == status, ran.stdout
    assert ("canaries in the log" in ran.stdout) == bool(status)


def test_canaries_are_found_in_the_middle_of_a_line() -> None:
    assert sung(['{"to": "5511987654321"}\nfine', "fine"]) == ['{"to": "5511987654321"}']
    assert sung(["a", "b\nc"]) == []

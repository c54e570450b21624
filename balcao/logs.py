"""How the log is written: one event a line, to standard error, as text or as JSON.

What people write, and secrets, never get into it.  An error's text may quote the row or the value
that it is about, so an error is told by its type, by PostgreSQL's names for what went wrong, and
by the places that it came through.  What other libraries say is told in the words of their
authors, without what was put into them.

What belongs together is found by its ids: `webhook`, `conversation`, `task`, `message`, `agent`.
At the level *debug* a message can be followed by them from the door to the desk and back out.
"""

import asyncio
import logging
import sys
import threading
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

from balcao.telemetry import figures

WORDS_MAX = 300
#: What PostgreSQL says of an error in names of ours; its texts quote rows.
NAMES = {"sqlstate": "sqlstate", "table_name": "table", "constraint_name": "constraint"}

log = structlog.get_logger()


def configure(form: str, level: str = "info") -> None:
    """Write everything of our own from *level*, and from others only what went wrong.

    Also what nobody catches, which would otherwise be printed with all that its text quotes.
    """
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if form == "text":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _counted,
            _without_texts,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Others()], level=logging.WARNING)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # it quotes; see `unhandled`
    sys.excepthook = lambda _kind, error, _trace: log.critical("crashed", exc_info=error)
    threading.excepthook = lambda args: log.critical("thread_crashed", exc_info=args.exc_value)
    sys.unraisablehook = lambda args: log.error("unraisable", exc_info=args.exc_value)


def unhandled(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What an event loop does with an error that nobody waits for."""
    log.error("unhandled", exc_info=context.get("exception"))


class _Others(logging.Handler):
    """What libraries log, as one of our lines."""

    def emit(self, record: logging.LogRecord) -> None:
        words = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        log.log(record.levelno, "library", logger=record.name, words=words.strip()[:WORDS_MAX])


def _counted(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    figures.logged(event["level"])
    return event


def _without_texts(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace *exc_info* by what may be known of it."""
    told = event.pop("exc_info", None)
    error = sys.exc_info()[1] if told is True else told
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        for attribute, name in NAMES.items():
            if value := getattr(error, attribute, None):
                event[name] = value
        frames = traceback.extract_tb(error.__traceback__)
        event["through"] = " > ".join(f"{frame.name}:{frame.lineno}" for frame in frames)
    return event

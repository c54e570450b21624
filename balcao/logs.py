"""How the log is written: one event a line, to standard error, as text or as JSON.

What people write, and secrets, never get into it.  An error's text may quote the row that it is
about, so only the first line of it is written, with the places that it came through.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

TEXT_MAX = 300


def configure(form: str) -> None:
    """Write everything of our own from *info*, and from others only what went wrong."""
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if form == "text":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _briefly,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    others = logging.StreamHandler(sys.stderr)
    others.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    others.addFilter(_without_trace)
    logging.basicConfig(handlers=[others], level=logging.WARNING)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def _without_trace(record: logging.LogRecord) -> bool:
    """What went wrong elsewhere, in the one line that its author wrote."""
    record.exc_info = record.exc_text = None
    return True


def _briefly(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace *exc_info* by what may be known of it."""
    told = event.pop("exc_info", None)
    error = sys.exc_info()[1] if told is True else told
    if isinstance(error, BaseException):
        first = next(iter(str(error).splitlines()), "")[:TEXT_MAX]
        event["error"] = f"{type(error).__name__}: {first}"
        frames = traceback.extract_tb(error.__traceback__)
        event["through"] = " > ".join(f"{frame.name}:{frame.lineno}" for frame in frames)
    return event

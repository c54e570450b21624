"""Spans for OpenTelemetry: an optional extra, and free where it is off.

It is on where the environment names an exporter (`OTEL_TRACES_EXPORTER`) and the extra
`balcao[otel]` is installed; everything else is set by the library's own OTEL_* variables.
Attributes are ids and numbers.  An error is told by its type alone, as its text may quote what
people wrote.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.metadata import entry_points
from threading import Thread
from typing import TYPE_CHECKING, TypeAlias

import structlog

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

log = structlog.get_logger()

Attribute: TypeAlias = int | str

LAST_EXPORT_SECONDS = 2.0
#: The exporters' own names, where the standard has another word.
_EXPORTERS = {"otlp": "otlp_proto_http"}
_NOTHING = nullcontext()


class _Here:
    """Where the spans of this process go."""

    tracer: Tracer | None = None


@contextmanager
def exported(version: str, worker: int) -> Iterator[None]:
    """Within the block spans go where the environment says; without a word of it, nowhere."""
    provider = _provider(version, worker)
    use(provider)
    try:
        yield
    finally:
        use(None)
        if provider is not None:  # a collector that is away must not hold up the end
            last = Thread(target=provider.shutdown, daemon=True)
            last.start()
            last.join(LAST_EXPORT_SECONDS)


def _provider(version: str, worker: int) -> TracerProvider | None:
    wanted = os.environ.get("OTEL_TRACES_EXPORTER", "none")
    if wanted == "none":
        return None
    name = _EXPORTERS.get(wanted, wanted)
    found = next(iter(entry_points(group="opentelemetry_traces_exporter", name=name)), None)
    if found is None:
        log.warning("traces_without_exporter", wanted=wanted, extra="balcao[otel]")
        return None
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    os.environ.setdefault("OTEL_SERVICE_NAME", "balcao")
    resource = Resource.create({"service.version": version, "balcao.worker": worker})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(found.load()()))
    return provider


def use(provider: TracerProvider | None) -> None:
    """From here on spans go to *provider*; None: nowhere."""
    _Here.tracer = None if provider is None else provider.get_tracer("balcao")


def span(name: str, **attributes: Attribute) -> AbstractContextManager[object]:
    """One piece of work, within whatever span is open."""
    tracer = _Here.tracer
    return _NOTHING if tracer is None else _traced(tracer, name, attributes)


def note(**attributes: Attribute) -> None:
    """Say more of the innermost span that is open."""
    if _Here.tracer is not None:
        from opentelemetry.trace import get_current_span

        get_current_span().set_attributes(attributes)


@contextmanager
def _traced(tracer: Tracer, name: str, attributes: dict[str, Attribute]) -> Iterator[None]:
    from opentelemetry.trace import StatusCode

    with tracer.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except BaseException as error:
            span.set_status(StatusCode.ERROR, type(error).__name__)
            raise

"""Traces by OpenTelemetry: requests, statements, Redis, and what the worker does; sent as OTLP over HTTP.

Configured by the standard ``OTEL_*`` variables, which the library reads itself.  Statements are traced by SQLAlchemy's
events, whichever cursor sends them, and only inside of a span: a worker that looks into an empty queue is no trace.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import structlog
from flask import Flask, Response, request
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status, StatusCode
from sqlalchemy import Engine, event

from idp import log
from idp.telemetry import spans
from idp.telemetry.scrubbing import scrub_attributes, scrub_text

_tracer = trace.get_tracer("idp")
_NAMES = {"request_id": "idp.request_id", "tenant": "idp.tenant", "client_id": "idp.client_id"}


def instrument(app: Flask | None, engines: Iterable[Engine]) -> None:
    """Hang spans into an application and its engines; they go nowhere before `begin`."""
    if app is not None:
        FlaskInstrumentor().instrument_app(app, enable_commenter=False)  # type: ignore[no-untyped-call]
        app.after_request(_describe)
        if not RedisInstrumentor().is_instrumented_by_opentelemetry:
            RedisInstrumentor().instrument()
    for engine in engines:
        event.listen(engine, "before_cursor_execute", _begin_statement)
        event.listen(engine, "after_cursor_execute", _end_statement)
        event.listen(engine, "handle_error", _fail_statement)


def begin() -> None:
    """Start to send, from a thread of this process."""
    given = OTELResourceDetector().detect().attributes
    named = {} if SERVICE_NAME in given else {SERVICE_NAME: "idp"}
    resource = Resource.create({SERVICE_VERSION: version("idp"), **named})
    provider = TracerProvider(
        resource=resource, shutdown_on_exit=False
    )  # it would wait ten seconds for a dead collector
    provider.add_span_processor(BatchSpanProcessor(Scrubbed(OTLPSpanExporter())))
    trace.set_tracer_provider(provider)
    log.add_source(_ids)
    spans.open_by(_open)


def end() -> None:
    """Send what is left; returns when the collector has answered, or is given up."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.shutdown()


class Scrubbed(SpanExporter):
    """An exporter that is given nothing which must not leave, whatever an instrumentation put into a span."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send scrubbed copies."""
        return self._exporter.export([_scrubbed(span) for span in spans])

    def shutdown(self) -> None:
        """Send no more."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is kept here."""
        return self._exporter.force_flush(timeout_millis)


def _scrubbed(span: ReadableSpan) -> ReadableSpan:
    status = span.status
    return ReadableSpan(
        name=scrub_text(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=scrub_attributes(span.attributes),
        events=[Event(item.name, scrub_attributes(item.attributes), item.timestamp) for item in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(status.status_code, scrub_text(status.description) if status.description else None),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _describe(response: Response) -> Response:
    """Whose request it was, by the ids that the log has."""
    known, span = structlog.contextvars.get_contextvars(), trace.get_current_span()
    span.set_attribute("idp.endpoint", request.endpoint or "none")
    for name, attribute in _NAMES.items():
        if name in known:
            span.set_attribute(attribute, str(known[name]))
    return response


def _ids() -> dict[str, str]:
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": trace.format_trace_id(context.trace_id), "span_id": trace.format_span_id(context.span_id)}


@contextmanager
def _open(name: str, attributes: dict[str, str]) -> Iterator[None]:
    with _tracer.start_as_current_span(name, attributes={f"idp.{key}": value for key, value in attributes.items()}):
        yield


def _begin_statement(
    connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool
) -> None:
    if not trace.get_current_span().is_recording():
        return
    url, verb = connection.engine.url, statement.split(None, 1)[0].upper()
    context.idp_span = _tracer.start_span(
        f"{verb} {url.database}",
        kind=SpanKind.CLIENT,
        attributes={
            "db.system.name": "postgresql",
            "db.namespace": url.database or "",
            "db.operation.name": verb,
            "db.query.text": statement,
        },
    )


def _end_statement(
    _connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool
) -> None:
    if (span := context.__dict__.pop("idp_span", None)) is not None:
        span.end()


def _fail_statement(failed: Any) -> None:
    context = failed.execution_context
    if context is not None and (span := context.__dict__.pop("idp_span", None)) is not None:
        span.set_status(Status(StatusCode.ERROR, type(failed.original_exception).__name__))
        span.end()

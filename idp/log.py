"""JSON logs: static dotted event names, fields beside them, secrets never (R58).

Control characters are escaped by JSON itself; redaction works by key and by pattern.
"""

import logging
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, cast

import structlog

REDACTED = "[redacted]"
_SECRET_KEYS = re.compile(
    r"authorization|cookie|passw|secret|token|assertion|code_verifier|(^|_)(code|otp|state|nonce|csrf)$|master_key|database_url",
    re.IGNORECASE,
)
_SECRET_VALUES = re.compile(
    r"idp_[a-z]{2,6}_[A-Za-z0-9_-]{20,}"  # our opaque secrets
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"  # a JWT
    r"|(?i:bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"  # user:password in a URL
)

_Event = MutableMapping[str, Any]
Source = Callable[[], Mapping[str, Any]]
"""Fields that belong on every line, such as the trace that a line is part of."""
Reporter = Callable[[str, BaseException, Mapping[str, Any]], None]
"""Takes what an error line says, the exception behind it, and its fields."""
_sources: list[Source] = []
_reporters: list[Reporter] = []


def redact(_logger: Any, _method: str, event: _Event) -> _Event:
    """Replace values under secret-looking keys, and secret-looking values under any key."""
    return cast(_Event, {key: _clean(key, value) for key, value in event.items()})


def redact_text(text: str) -> str:
    """`text` without what looks like a secret."""
    return _SECRET_VALUES.sub(REDACTED, text)


def add_source(source: Source) -> None:
    """Have the fields of `source` on every line from now on."""
    _sources.append(source)


def add_reporter(reporter: Reporter) -> None:
    """Tell `reporter` of every error line that has an exception, from now on."""
    _reporters.append(reporter)


def forget_listeners() -> None:
    """Undo `add_source` and `add_reporter`."""
    _sources.clear()
    _reporters.clear()


def _enrich(_logger: Any, _method: str, event: _Event) -> _Event:
    for source in _sources:
        event.update(source())
    return event


def _report(_logger: Any, method: str, event: _Event) -> _Event:
    """Before the exception becomes text.  Nobody who listens may keep a line from being written."""
    if _reporters and method in {"error", "critical", "exception"}:
        given = event.get("exc_info")
        error = given if isinstance(given, BaseException) else given[1] if isinstance(given, tuple) else None
        if error is not None:
            for reporter in _reporters:
                with suppress(Exception):
                    reporter(str(event.get("event")), error, event)
    return event


def _clean(key: str, value: Any) -> Any:
    if _SECRET_KEYS.search(key) and value is not None:
        return REDACTED
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, dict):
        return {str(name): _clean(str(name), item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(key, item) for item in value]
    return value


_SHARED = (
    structlog.contextvars.merge_contextvars,
    _enrich,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    structlog.processors.StackInfoRenderer(),
    _report,
    structlog.processors.format_exc_info,
    redact,
)


def configure(level: str) -> None:
    """Send structlog and the standard library's logging to stderr as one JSON object a line."""
    structlog.configure(
        processors=[*_SHARED, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # whatever stderr is by then
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=list(_SHARED),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))


def get() -> structlog.typing.FilteringBoundLogger:
    """The logger; bind nothing that identifies a person beyond their id."""
    return cast(structlog.typing.FilteringBoundLogger, structlog.get_logger())


def bind(**fields: Any) -> None:
    """Add `fields` to every line of the current request or job."""
    structlog.contextvars.bind_contextvars(**fields)


def unbind() -> None:
    """Forget what `bind` added."""
    structlog.contextvars.clear_contextvars()

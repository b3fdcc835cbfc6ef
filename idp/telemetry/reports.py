"""Errors that we did not expect, to Sentry or to what speaks its protocol: each error line that has an exception.

No integration of the library is on, so it sees nothing but what it is handed: the exception, without local variables,
and the ids that the log line has, as tags.
"""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.types import Event, Hint

from idp import log
from idp.telemetry.scrubbing import scrub_text

_TAGS = ("request_id", "tenant", "client_id", "user_id", "operator_id", "trace_id", "job", "kind", "message")
_LONGEST_FLUSH_SECONDS = 0.3
_KEPT = ("event_id", "timestamp", "level", "platform", "release", "environment", "server_name", "tags", "sdk")


def begin(dsn: str) -> None:
    """Report from now on, from a thread of this process."""
    sentry_sdk.init(
        dsn=dsn,
        release=f"idp@{version('idp')}",
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[AtexitIntegration(callback=lambda _pending, _timeout: None)],
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        shutdown_timeout=_LONGEST_FLUSH_SECONDS,
        before_send=_scrub,
    )
    log.add_reporter(_report)


def _report(line: str, error: BaseException, fields: Mapping[str, Any]) -> None:
    with sentry_sdk.new_scope() as scope:
        scope.set_tag("event", line)
        for name in _TAGS:
            if fields.get(name) is not None:
                scope.set_tag(name, scrub_text(str(fields[name])))
        scope.capture_exception(error)


def _scrub(event: Event, _hint: Hint) -> Event:
    """An allow-list: what the library adds one day does not leave on that day."""
    kept: dict[str, Any] = {name: event[name] for name in _KEPT if name in event}  # type: ignore[literal-required]
    kept["exception"] = {"values": [_of(value) for value in event.get("exception", {}).get("values", [])]}
    return kept  # type: ignore[return-value]


def _of(value: Mapping[str, Any]) -> dict[str, Any]:
    frames = [
        {name: frame.get(name) for name in ("filename", "function", "module", "lineno", "in_app")}
        for frame in (value.get("stacktrace") or {}).get("frames", [])
    ]
    return {
        "type": value.get("type"),
        "module": value.get("module"),
        "value": scrub_text(str(value.get("value") or "")),
        "stacktrace": {"frames": frames},
    }

"""When telemetry begins: hung into the application before a web server forks, and sending after it.

A thread does not survive a fork, so each process starts its own.
"""

import importlib
from typing import Any

from flask import Flask

from idp.config import Misconfigured, Settings
from idp.wiring import Wiring


def prepare(settings: Settings, wiring: Wiring, app: Flask | None = None) -> None:
    """Hang what is configured into the application and the engines; nothing is sent yet.

    Args:
        settings: of this process.
        wiring: whose statements are traced.
        app: whose requests are traced; before any other hook of it.

    Raises:
        Misconfigured: something is asked for whose extra is not installed.
    """
    if settings.sentry_dsn is not None:
        _load("reports", "IDP_SENTRY_DSN is set", extra="sentry")
    if settings.is_traced:
        tracing = _load("tracing", "OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_TRACES_EXPORTER is set", extra="otel")
        tracing.instrument(app, (wiring.app, wiring.platform))


def begin(settings: Settings) -> None:
    """Start to send.  Once in each process, after the fork."""
    if settings.sentry_dsn is not None:
        _load("reports", "IDP_SENTRY_DSN is set", extra="sentry").begin(settings.sentry_dsn.get_secret_value())
    if settings.is_traced:
        _load("tracing", "traces are asked for", extra="otel").begin()


def _load(name: str, reason: str, *, extra: str) -> Any:
    try:
        return importlib.import_module(f"idp.telemetry.{name}")
    except ImportError as missing:
        raise Misconfigured(
            f"{reason}, but {missing.name or 'its library'} is not installed: pip install 'idp[{extra}]'."
        ) from None

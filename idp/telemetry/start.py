"""When telemetry begins and ends: hung into the application before a web server forks, and sending after it.

A thread does not survive a fork, so each process starts its own.
"""

import threading

from flask import Flask

from idp.config import Settings
from idp.telemetry import extras
from idp.wiring import Wiring

FAREWELL_SECONDS = 0.3
"""A stop waits no longer for a collector that does not answer."""


def prepare(settings: Settings, wiring: Wiring, app: Flask | None = None) -> None:
    """Hang what is configured into the application and the engines; nothing is sent yet.

    Args:
        settings: of this process.
        wiring: whose statements are traced.
        app: whose requests are traced; before any other hook of it.

    Raises:
        Misconfigured: something is asked for whose extra is not installed.
    """
    extras.require(settings)
    if settings.is_traced:
        from idp.telemetry import tracing  # noqa: PLC0415 - an extra

        tracing.instrument(app, (wiring.app, wiring.platform))


def begin(settings: Settings) -> None:
    """Start to send.  Once in each process, after the fork."""
    if settings.sentry_dsn is not None:
        from idp.telemetry import reports  # noqa: PLC0415 - an extra

        reports.begin(settings.sentry_dsn.get_secret_value())
    if settings.is_traced:
        from idp.telemetry import tracing  # noqa: PLC0415 - an extra

        tracing.begin()


def end(settings: Settings) -> None:
    """Send what is left, for as long as `FAREWELL_SECONDS`."""
    if settings.is_traced:
        from idp.telemetry import tracing  # noqa: PLC0415 - an extra

        farewell = threading.Thread(target=tracing.end, name="farewell", daemon=True)
        farewell.start()
        farewell.join(FAREWELL_SECONDS)

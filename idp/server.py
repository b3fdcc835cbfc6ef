"""The web server's command line: what an operator decides.  What never varies is in `idp.gunicorn_conf`."""

import os
import sys
from typing import NoReturn

from idp.config import Settings
from idp.telemetry import extras


def serve(settings: Settings) -> NoReturn:
    """Become gunicorn: it takes our place, so that signals reach it and its exit status is ours.

    Raises:
        Misconfigured: an extra is missing; gunicorn would tell of it in a traceback.
    """
    extras.require(settings)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, command(settings))  # noqa: S606 - no shell is wanted


def command(settings: Settings) -> list[str]:
    """The whole command line, for whoever starts it as a child."""
    return [sys.executable, "-m", "gunicorn", *gunicorn_arguments(settings)]


def gunicorn_arguments(settings: Settings) -> list[str]:
    """What gunicorn is told beyond its configuration; the settings themselves go by the environment."""
    ports = [settings.port] if settings.internal_port in {0, settings.port} else [settings.port, settings.internal_port]
    return [
        "--config=python:idp.gunicorn_conf",
        *(f"--bind={_address(settings.host, port)}" for port in ports),
        f"--workers={settings.web_workers}",
        f"--threads={settings.web_threads}",
        f"--worker-connections={max(settings.web_connections, settings.web_threads)}",
        f"--timeout={settings.web_timeout}",
        f"--graceful-timeout={settings.web_graceful_timeout}",
        f"--keep-alive={settings.web_keepalive}",
        f"--max-requests={settings.web_max_requests}",
        f"--max-requests-jitter={settings.web_max_requests // 10}",
        *(["--preload"] if settings.web_preload else []),
        f"--log-level={settings.log_level}",
    ]


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

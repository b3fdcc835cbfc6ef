"""The settings of a development instance: defaults that give way to any IDP_* variable, secrets of its data folder."""

import base64
import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path

import psycopg

from idp.crypto.secrets import new_seed
from idp.db import provision
from idp.dev.errors import CannotStart
from idp.dev.files import write_private

PREFIX = "IDP_"
PORT = 8000
LAST_PORT = 65_535
LOOPBACK = "127.0.0.0/8,::1/128"
"""What a development instance may call beside the internet: itself, as an upstream, and whatever runs beside it."""


def given() -> dict[str, str]:
    """The IDP_* variables of the environment."""
    return {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}


def development(data_dir: Path, *, host: str | None, port: int | None) -> dict[str, str]:
    """Every setting but the addresses of the servers.

    Args:
        data_dir: keeps the master key.
        host: as asked for on the command line, which wins over the environment.
        port: the same; 0 for any free one.

    Raises:
        CannotStart: a port is taken or is none; the sentence names it.
    """
    chosen = given()
    host = host or chosen.get("IDP_HOST", "127.0.0.1")
    number = _port(chosen.get("IDP_PORT", str(PORT))) if port is None else port
    number = number or free_port(host)
    require_free(host, number)
    defaults = {
        "IDP_DEV": "1",
        "IDP_BASE_URL": f"http://localhost:{number}",
        "IDP_INTERNAL_PORT": str(free_port(host)),
        "IDP_WORKER_PORT": str(free_port(host)),
        "IDP_WEB_WORKERS": "2",
        "IDP_OUTBOUND_ALLOW": LOOPBACK,
        "IDP_LOG_LEVEL": "warning",
    }
    if not is_given("IDP_MASTER_KEYS"):
        defaults["IDP_MASTER_KEYS"] = _master_key(data_dir / "master.key")
    return defaults | chosen | {"IDP_HOST": host, "IDP_PORT": str(number)}


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > LAST_PORT:
        raise CannotStart(f"IDP_PORT must be a number from 0 to {LAST_PORT}.")
    return int(text)


def is_given(name: str) -> bool:
    """Whether the environment holds a secret setting, itself or as a file."""
    return name in os.environ or f"{name}_FILE" in os.environ


def database_urls(data_dir: Path, admin_url: str) -> dict[str, str]:
    """The three roles' URLs on a private server: those of an earlier run where they still open, else new ones."""
    path = data_dir / "database.json"
    try:
        urls = {str(name): str(url) for name, url in json.loads(path.read_text("utf-8")).items()}
        for url in urls.values():
            psycopg.connect(url).close()
    except (OSError, ValueError, AttributeError, psycopg.Error):
        urls = provision.initialise(admin_url).as_environment()
        write_private(path, json.dumps(urls, indent=2) + "\n")
    return urls


def for_child(environment: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a process of ours: that of the shell, with `environment` instead of its IDP_*."""
    return {**without_settings(), **environment, "PYTHONUNBUFFERED": "1"}


def without_settings() -> dict[str, str]:
    """The shell's environment for a stranger's program: none of our secrets, and no proxy between local servers."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return {**inherited, "NO_PROXY": "localhost,127.0.0.1", "no_proxy": "localhost,127.0.0.1"}


def free_port(host: str = "127.0.0.1", *, first: int = 0, taken: frozenset[int] = frozenset()) -> int:
    """The next free port from `first` on, or any."""
    if first == 0:
        with _socket(host) as probe:
            probe.bind((host, 0))
            found: int = probe.getsockname()[1]
            return found
    return next(port for port in range(first, 65536) if port not in taken and is_free(host, port))


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there."""
    with _socket(host) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def require_free(host: str, port: int) -> None:
    """Refuse a port that somebody listens on, or a host that is not ours.

    Raises:
        CannotStart: with a sentence that names the port and the option.
    """
    try:
        if is_free(host, port):
            return
    except OSError:
        raise CannotStart(f"{host} is not an address of this machine; choose another with --host.") from None
    raise CannotStart(f"Port {port} is taken on {host}; choose another with --port.")


def _socket(host: str) -> socket.socket:
    probe = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return probe


def _master_key(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except FileNotFoundError:
        key = f"dev:{base64.b64encode(new_seed()).decode()}"
        write_private(path, key + "\n")
        return key

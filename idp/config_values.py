"""How a setting is written: one type a kind of value, each of which refuses what it is not with half a sentence.

The other half is the setting's name, which `idp.config` puts before it.
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode
from redis.connection import parse_url as parse_redis_host
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_KEY_BYTES = 32
_MOST_PORTS = 65535
_DEFAULT_PORTS = {"https": 443, "http": 80}
_REDIS_SCHEMES = frozenset({"redis", "rediss", "unix"})
_REDIS_KINDS = frozenset({"cluster", "sentinel"})
_MAILBOX = re.compile(r"[^\s@<>\"]+@[A-Za-z0-9.-]+")
_LEVELS = frozenset({"debug", "info", "warning", "error"})


def parse_master_keys(text: str) -> dict[str, bytes]:
    """``id:base64[,id:base64…]`` → keys by id, in that order.

    Raises:
        ValueError: with a whole sentence; what is wrong is named, and no key shown.
    """
    keys: dict[str, bytes] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        key_id, separator, encoded = item.partition(":")
        if not separator or not key_id.isidentifier():
            raise ValueError("IDP_MASTER_KEYS must read id:base64[,id:base64…]")
        if key_id in keys:
            raise ValueError(f"IDP_MASTER_KEYS: there are two keys {key_id!r}")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise ValueError(f"IDP_MASTER_KEYS: the key {key_id!r} is not base64") from None
        if len(key) != _KEY_BYTES:
            raise ValueError(f"IDP_MASTER_KEYS: the key {key_id!r} must be {_KEY_BYTES} bytes long")
        keys[key_id] = key
    if not keys:
        raise ValueError("IDP_MASTER_KEYS must hold at least one key")
    return keys


@dataclass(frozen=True, slots=True)
class RedisPlace:
    """Where a Redis URL leads.

    Attributes:
        kind: ``cluster``, ``sentinel``, or empty for one server.
        hosts: one URL a host, each with the credentials, as the client library takes them.
        service: what the sentinels call the master; empty for the other kinds.
    """

    kind: str
    hosts: tuple[str, ...]
    service: str = ""


def parse_redis_url(text: str) -> RedisPlace:
    """``redis[s][+cluster|+sentinel]://[user:password@]host[:port][,host[:port]…][/service][/db]``, or ``unix://path``.

    Raises:
        ValueError: it is none of these.
    """
    scheme, separator, rest = text.partition("://")
    plain, plus, kind = scheme.partition("+")
    if not separator or plain not in _REDIS_SCHEMES or (plus and (plain == "unix" or kind not in _REDIS_KINDS)):
        raise ValueError("no address of Redis")
    parts, service = urlsplit(f"//{rest}"), ""
    credentials, at, names = parts.netloc.rpartition("@")
    below = rest[len(parts.netloc) :]
    if kind == "sentinel":
        service, _, database = parts.path.removeprefix("/").partition("/")
        int(database or 0)
        below = f"/{database}" + (f"?{parts.query}" if parts.query else "")
    hosts = tuple(f"{plain}://{credentials}{at}{name}{below}" for name in (names.split(",") if kind else [names]))
    found: list[dict[str, Any]] = [parse_redis_host(host) for host in hosts]  # type: ignore[no-untyped-call]
    if not all("host" in each or "path" in each for each in found) or (kind == "sentinel" and not service):
        raise ValueError("no address of Redis")
    return RedisPlace(kind, hosts, service)


def is_random(key: bytes) -> bool:
    """Whether `key` may have come from a random source: nobody's "aaaa…"."""
    return len(set(key)) >= _KEY_BYTES // 4


def wants_traces(environ: Mapping[str, str]) -> bool:
    """Whether the standard variables of OpenTelemetry ask for traces.

    Raises:
        ValueError: they ask for a way to send them that we do not know; all but a full stop of a sentence.
    """
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = environ.get("OTEL_TRACES_EXPORTER", "")
    if exporter not in {"", "otlp", "none"}:
        raise ValueError("OTEL_TRACES_EXPORTER must be otlp or none")
    wanted = exporter == "otlp" or any(environ.get(f"OTEL_EXPORTER_OTLP_{name}ENDPOINT") for name in ("", "TRACES_"))
    if exporter == "none" or not wanted:
        return False
    for name in ("", "TRACES_"):
        if environ.get(f"OTEL_EXPORTER_OTLP_{name}PROTOCOL", "http/protobuf") != "http/protobuf":
            raise ValueError(f"OTEL_EXPORTER_OTLP_{name}PROTOCOL must be http/protobuf")
    return True


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.path not in {"", "/"}:
        raise ValueError("must be an origin such as https://id.example.com")
    if parts.query or parts.fragment or parts.username:
        raise ValueError("must be an origin, with no query, fragment or user")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_NAMES:
        raise ValueError("must be https unless it is a loopback address")
    if parts.netloc != parts.netloc.lower() or parts.port == _DEFAULT_PORTS[parts.scheme]:
        raise ValueError("must be in lower case and without a port that goes without saying, as browsers have it")
    return f"{parts.scheme}://{parts.netloc}"


def _database_url(value: SecretStr) -> SecretStr:
    try:
        known = make_url(value.get_secret_value()).get_backend_name() in {"postgresql", "postgres"}
    except (ArgumentError, ValueError):
        known = False
    if not known:
        raise ValueError("must be a URL such as postgresql://user:password@host/database")
    return value


def _redis_url(value: SecretStr) -> SecretStr:
    try:
        parse_redis_url(value.get_secret_value())
    except ValueError:
        raise ValueError(
            "must be a URL such as redis://host:6379/0, rediss://, redis+cluster://host,host, "
            "redis+sentinel://host,host/service or unix:///path"
        ) from None
    return value


def _mailbox(value: str) -> str:
    if not _MAILBOX.fullmatch(value):
        raise ValueError("must be an address alone, such as no-reply@id.example.com, its domain in ASCII")
    return value


def _networks(value: Any) -> Any:
    return tuple(str(ipaddress.ip_network(item)) for item in _listed(value))


def _name_servers(value: Any) -> Any:
    for item in _listed(value):
        host, colon, port = item.partition(":") if item.count(":") == 1 else (item, "", "")
        ipaddress.ip_address(host)
        if colon and not (port.isdecimal() and 0 < int(port) <= _MOST_PORTS):
            raise ValueError(f"{item!r} is not an address, or an address and a port")
    return tuple(_listed(value))


def _listed(value: Any) -> list[str]:
    return [item.strip() for item in (value.split(",") if isinstance(value, str) else value) if item.strip()]


def _list_of_ranges(value: str | None) -> str | None:
    parts = urlsplit(value or "https://none")
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("must be an https URL such as https://api.pwnedpasswords.com/range")
    return value or None


def _sentry_dsn(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in {"https", "http"} or not parts.hostname or not parts.username or not parts.path.strip("/"):
        raise ValueError("must be a URL such as https://key@sentry.example/42")
    return value


def _level(value: str) -> str:
    if value.lower() not in _LEVELS:
        raise ValueError("must be debug, info, warning or error")
    return value.lower()


Origin = Annotated[str, AfterValidator(_origin)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
SentryDsn = Annotated[SecretStr, AfterValidator(_sentry_dsn)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]
Networks = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_networks)]
NameServers = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_name_servers)]
BreachedPasswordsUrl = Annotated[str | None, AfterValidator(_list_of_ranges)]
LogLevel = Annotated[str, AfterValidator(_level)]
Port = Annotated[int, Field(ge=0, le=_MOST_PORTS)]
Seconds = Annotated[int, Field(ge=1, le=3600)]

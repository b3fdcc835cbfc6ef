"""Settings: the only reader of the environment (R59).

Each is an ``IDP_*`` variable; each secret also comes as ``IDP_…_FILE``, a file that holds it.  Built once, frozen,
passed down.  Per-tenant policy is data, not settings.
"""

import base64
import binascii
import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from redis.connection import parse_url as parse_redis_url
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from idp.errors import Invalid

KEY_BYTES = 32
_SECRETS = (
    "database_url",
    "platform_database_url",
    "owner_database_url",
    "redis_url",
    "master_keys",
    "smtp_url",
)
_DEFAULT_PORTS = {"https": 443, "http": 80}
_REDIS_SCHEMES = frozenset({"redis", "rediss", "redis+cluster", "rediss+cluster", "unix"})
_MAILBOX = re.compile(r"[^\s@<>\"]+@[A-Za-z0-9.-]+")
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class Misconfigured(Invalid):
    """A setting is missing, default, short or malformed; the sentence names it."""

    code = "misconfigured"


class Settings(BaseSettings):
    """What an operator decides.  URLs carry passwords, so they are `SecretStr`."""

    model_config = SettingsConfigDict(env_prefix="IDP_", frozen=True, extra="ignore")

    base_url: str
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    internal_port: int = Field(default=9090, ge=0, le=65535)
    database_url: SecretStr
    platform_database_url: SecretStr
    owner_database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    master_keys: SecretStr
    smtp_url: SecretStr | None = None
    mail_from: str = "no-reply@localhost"
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    outbound_allow: Annotated[tuple[str, ...], NoDecode] = ()
    dns_servers: Annotated[tuple[str, ...], NoDecode] = ()
    breached_passwords_url: str | None = None
    web_workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=256)
    web_threads: int = Field(default=4, ge=1, le=256)
    log_level: str = "info"
    dev: bool = False

    @field_validator("base_url")
    @classmethod
    def _base_url_is_an_origin(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"https", "http"} or not parts.hostname or parts.path not in {"", "/"}:
            raise ValueError("must be an origin such as https://id.example.com")
        if parts.query or parts.fragment or parts.username:
            raise ValueError("must be an origin, with no query, fragment or user")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK_NAMES:
            raise ValueError("must be https unless it is a loopback address")
        if parts.netloc != parts.netloc.lower() or parts.port == _DEFAULT_PORTS[parts.scheme]:
            raise ValueError("must be in lower case and without a port that goes without saying, as browsers have it")
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("database_url", "platform_database_url", "owner_database_url")
    @classmethod
    def _database_urls_are_of_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        try:
            known = value is None or make_url(value.get_secret_value()).get_backend_name() in {"postgresql", "postgres"}
        except (ArgumentError, ValueError):
            known = False
        if not known:
            raise ValueError("must be a URL such as postgresql://user:password@host/database")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_url_is_one(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        scheme, separator, rest = value.get_secret_value().partition("://")
        try:
            place = parse_redis_url(f"{scheme.replace('+cluster', '')}://{rest}")  # type: ignore[no-untyped-call]
            known = bool(separator) and scheme in _REDIS_SCHEMES and ("host" in place or "path" in place)
        except ValueError:
            known = False
        if not known:
            raise ValueError("must be a URL such as redis://host:6379/0, rediss://, redis+cluster:// or unix:///path")
        return value

    @field_validator("mail_from")
    @classmethod
    def _mail_is_from_an_address(cls, value: str) -> str:
        if not _MAILBOX.fullmatch(value):
            raise ValueError("must be an address alone, such as no-reply@id.example.com, its domain in ASCII")
        return value

    @field_validator("trusted_proxies", "outbound_allow", mode="before")
    @classmethod
    def _networks_are_networks(cls, value: Any) -> Any:
        listed = value.split(",") if isinstance(value, str) else value
        return tuple(str(ipaddress.ip_network(item.strip())) for item in listed if item.strip())

    @field_validator("dns_servers", mode="before")
    @classmethod
    def _name_servers_have_addresses(cls, value: Any) -> Any:
        listed = [item.strip() for item in (value.split(",") if isinstance(value, str) else value) if item.strip()]
        for item in listed:
            host, colon, port = item.partition(":") if item.count(":") == 1 else (item, "", "")
            ipaddress.ip_address(host)
            if colon and not (port.isdecimal() and 0 < int(port) < 65536):  # noqa: PLR2004 - ports end there
                raise ValueError(f"{item!r} is not an address, or an address and a port")
        return tuple(listed)

    @field_validator("breached_passwords_url")
    @classmethod
    def _breached_passwords_are_asked_for_by_https(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "https://none")
        if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("must be an https URL such as https://api.pwnedpasswords.com/range")
        return value or None

    @field_validator("log_level")
    @classmethod
    def _level_is_known(cls, value: str) -> str:
        if value.lower() not in {"debug", "info", "warning", "error"}:
            raise ValueError("must be debug, info, warning or error")
        return value.lower()

    @model_validator(mode="after")
    def _master_keys_are_long(self) -> Self:
        keys = _parse_master_keys(self.master_keys.get_secret_value())
        if not self.dev and any(len(set(key)) < KEY_BYTES // 4 for key in keys.values()):
            raise ValueError("IDP_MASTER_KEYS holds a key that is not random")
        return self

    @model_validator(mode="after")
    def _development_stays_here(self) -> Self:
        if self.dev and self.hostname not in _LOOPBACK_NAMES:
            raise ValueError("IDP_DEV shows everybody's mail at /dev/mail, so IDP_BASE_URL must be a loopback address")
        return self

    @property
    def key_encryption_keys(self) -> dict[str, bytes]:
        """Master keys by id; the first seals, the others only open (R19)."""
        return _parse_master_keys(self.master_keys.get_secret_value())

    @property
    def is_https(self) -> bool:
        """Whether browsers reach us by TLS; false only on loopback."""
        return self.base_url.startswith("https://")

    @property
    def authority(self) -> str:
        """Host and port of the base URL, as browsers send them in ``Host``."""
        return urlsplit(self.base_url).netloc

    @property
    def hostname(self) -> str:
        """The one host name that requests may come under (R35)."""
        return urlsplit(self.base_url).hostname or ""

    @classmethod
    def settings_customise_sources(  # type: ignore[override]
        cls, _cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, **_: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What `load` gives and nothing beside it: the library would go on to read the environment by itself."""
        return (init_settings,)

    @classmethod
    def load(cls, environ: dict[str, str] | None = None) -> Self:
        """Read the environment, or `environ` in its place.

        Raises:
            Misconfigured: with one sentence that names every wrong setting.
        """
        source = dict(os.environ if environ is None else environ)
        values = {name: source[f"IDP_{name.upper()}"] for name in cls.model_fields if f"IDP_{name.upper()}" in source}
        for name in _SECRETS:
            if (path := source.get(f"IDP_{name.upper()}_FILE")) is not None:
                values[name] = _read_secret(name, path)
        try:
            return cls.model_validate(values)
        except ValidationError as refused:
            raise Misconfigured(_explain(refused)) from None


def _read_secret(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Misconfigured(f"IDP_{name.upper()}_FILE cannot be read: {error.strerror}.") from None


def _parse_master_keys(text: str) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        key_id, separator, encoded = item.partition(":")
        if not separator or not key_id.isidentifier():
            raise ValueError("IDP_MASTER_KEYS must read id:base64[,id:base64…]")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise ValueError(f"IDP_MASTER_KEYS: the key {key_id!r} is not base64") from None
        if len(key) != KEY_BYTES:
            raise ValueError(f"IDP_MASTER_KEYS: the key {key_id!r} must be {KEY_BYTES} bytes long")
        keys[key_id] = key
    if not keys:
        raise ValueError("IDP_MASTER_KEYS must hold at least one key")
    return keys


def _explain(refused: ValidationError) -> str:
    sentences = []
    for error in refused.errors():
        name = f"IDP_{str(error['loc'][0]).upper()}" if error["loc"] else ""
        message = "is missing" if error["type"] == "missing" else error["msg"].removeprefix("Value error, ")
        sentences.append(f"{name} {message}".strip())
    return "; ".join(sentences) + "."

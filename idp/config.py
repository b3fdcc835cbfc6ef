"""Settings: the only reader of the environment (R59).

Each is an ``IDP_*`` variable; each secret also comes as ``IDP_…_FILE``, a file that holds it.  Built once, frozen,
passed down.  Per-tenant policy is data, not settings.
"""

import os
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from idp import config_values as values
from idp import cores
from idp.errors import Invalid

_SECRETS = (
    "database_url",
    "platform_database_url",
    "owner_database_url",
    "redis_url",
    "master_keys",
    "smtp_url",
    "sentry_dsn",
)


class Misconfigured(Invalid):
    """A setting is missing, default, short or malformed; the sentence names it."""

    code = "misconfigured"


class Settings(BaseSettings):
    """What an operator decides.  URLs carry passwords, so they are `SecretStr`."""

    model_config = SettingsConfigDict(env_prefix="IDP_", frozen=True, extra="ignore")

    base_url: values.Origin
    host: str = "127.0.0.1"
    port: values.Port = 8000
    internal_port: values.Port = 9090
    worker_port: values.Port = 9091
    trusted_proxies: values.Networks = ()
    trusted_proxy_hops: int = Field(default=1, ge=1, le=16)

    database_url: values.DatabaseUrl
    platform_database_url: values.DatabaseUrl
    owner_database_url: values.DatabaseUrl | None = None
    database_prepared_statements: bool = True
    redis_url: values.RedisUrl | None = None
    master_keys: SecretStr

    smtp_url: SecretStr | None = None
    mail_from: values.Mailbox = "no-reply@localhost"
    outbound_allow: values.Networks = ()
    dns_servers: values.NameServers = ()
    breached_passwords_url: values.BreachedPasswordsUrl = None

    web_workers: int = Field(default_factory=cores.usable, ge=1, le=256)
    web_threads: int = Field(default=4, ge=1, le=256)
    web_connections: int = Field(default=200, ge=1, le=65535)
    web_timeout: values.Seconds = 30
    web_graceful_timeout: values.Seconds = 25
    web_keepalive: values.Seconds = 75
    web_max_requests: int = Field(default=100_000, ge=0)
    web_preload: bool = True

    log_level: values.LogLevel = "info"
    sentry_dsn: values.SentryDsn | None = None
    dev: bool = False
    _is_traced: bool = PrivateAttr(default=False)

    @model_validator(mode="after")
    def _master_keys_are_random(self) -> Self:
        keys = values.parse_master_keys(self.master_keys.get_secret_value())
        if not self.dev and not all(values.is_random(key) for key in keys.values()):
            raise ValueError("IDP_MASTER_KEYS holds a key that is not random")
        return self

    @model_validator(mode="after")
    def _development_stays_here(self) -> Self:
        if self.dev and self.hostname not in values.LOOPBACK_NAMES:
            raise ValueError("IDP_DEV shows everybody's mail at /dev/mail, so IDP_BASE_URL must be a loopback address")
        return self

    @property
    def key_encryption_keys(self) -> dict[str, bytes]:
        """Master keys by id; the first seals, the others only open (R19)."""
        return values.parse_master_keys(self.master_keys.get_secret_value())

    @property
    def is_traced(self) -> bool:
        """Whether OpenTelemetry's own variables name somebody who wants traces."""
        return self._is_traced

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
        found = {name: source[f"IDP_{name.upper()}"] for name in cls.model_fields if f"IDP_{name.upper()}" in source}
        for name in _SECRETS:
            if (path := source.get(f"IDP_{name.upper()}_FILE")) is not None:
                found[name] = _read_secret(name, path)
        try:
            settings = cls.model_validate(found)
            settings._is_traced = values.wants_traces(source)  # noqa: SLF001 - our own
        except ValidationError as refused:
            raise Misconfigured(_explain(refused)) from None
        except ValueError as refused:
            raise Misconfigured(f"{refused}.") from None
        return settings


def _read_secret(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Misconfigured(f"IDP_{name.upper()}_FILE cannot be read: {error.strerror}.") from None


def _explain(refused: ValidationError) -> str:
    sentences = []
    for error in refused.errors():
        name = f"IDP_{str(error['loc'][0]).upper()}" if error["loc"] else ""
        message = "is missing" if error["type"] == "missing" else error["msg"].removeprefix("Value error, ")
        sentences.append(f"{name} {message}".strip())
    return "; ".join(sentences) + "."

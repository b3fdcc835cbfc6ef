"""Settings refuse what a production must not start with, and name it (R59)."""

import base64
import os
from pathlib import Path

import pytest

from idp.config import Misconfigured, Settings

KEY = base64.b64encode(bytes(range(32))).decode()
GOOD = {
    "IDP_BASE_URL": "https://id.example.com",
    "IDP_DATABASE_URL": "postgresql://app:a-password@db/idp",
    "IDP_PLATFORM_DATABASE_URL": "postgresql://platform:a-password@db/idp",
    "IDP_MASTER_KEYS": f"k1:{KEY}",
}


def test_what_is_needed_is_enough() -> None:
    settings = Settings.load(GOOD)
    assert settings.is_https
    assert settings.hostname == "id.example.com"
    assert settings.key_encryption_keys == {"k1": bytes(range(32))}
    assert not settings.dev


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_setting_is_named(name: str) -> None:
    with pytest.raises(Misconfigured, match=f"{name} is missing"):
        Settings.load({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IDP_BASE_URL", "http://id.example.com"),
        ("IDP_BASE_URL", "https://id.example.com/path"),
        ("IDP_BASE_URL", "https://user@id.example.com"),
        ("IDP_BASE_URL", "https://id.example.com?x"),
        ("IDP_BASE_URL", "id.example.com"),
        ("IDP_MASTER_KEYS", ""),
        ("IDP_MASTER_KEYS", KEY),
        ("IDP_MASTER_KEYS", "k1:short"),
        ("IDP_MASTER_KEYS", "k1:" + base64.b64encode(bytes(16)).decode()),
        ("IDP_MASTER_KEYS", "k1:" + base64.b64encode(bytes(32)).decode()),
        ("IDP_TRUSTED_PROXIES", "everybody"),
        ("IDP_OUTBOUND_ALLOW", "everybody"),
        ("IDP_MAIL_FROM", "nobody"),
        ("IDP_MAIL_FROM", "no-reply@münchen.example"),
        ("IDP_MAIL_FROM", "Acme <no-reply@acme.example>"),
        ("IDP_BREACHED_PASSWORDS_URL", "http://api.example/range"),
        ("IDP_BREACHED_PASSWORDS_URL", "https://user@api.example/range"),
        ("IDP_BREACHED_PASSWORDS_URL", "https://api.example/range?key=1"),
        ("IDP_PORT", "70000"),
        ("IDP_WEB_WORKERS", "0"),
        ("IDP_LOG_LEVEL", "loud"),
        ("IDP_TRUSTED_PROXY_HOPS", "0"),
        ("IDP_WORKER_PORT", "-1"),
        ("IDP_WEB_CONNECTIONS", "many"),
        ("IDP_WEB_TIMEOUT", "0"),
        ("IDP_WEB_MAX_REQUESTS", "-1"),
        ("IDP_WEB_PRELOAD", "perhaps"),
        ("IDP_DATABASE_PREPARED_STATEMENTS", "2"),
        ("IDP_SENTRY_DSN", "https://sentry.example/42"),
        ("IDP_SENTRY_DSN", "key"),
        ("IDP_MASTER_KEYS", f"k1:{KEY},k1:{KEY}"),
    ],
)
def test_a_wrong_setting_is_named_and_not_shown(name: str, value: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        Settings.load(GOOD | {name: value})
    assert name in refused.value.detail
    assert KEY not in refused.value.detail


def test_several_wrong_settings_are_all_named() -> None:
    with pytest.raises(Misconfigured) as refused:
        Settings.load({"IDP_BASE_URL": "x"})
    assert all(name in refused.value.detail for name in GOOD)


@pytest.mark.parametrize("name", ["IDP_DATABASE_URL", "IDP_MASTER_KEYS"])
def test_a_secret_comes_from_a_file_too(name: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(GOOD[name] + "\n")
    rest = {key: value for key, value in GOOD.items() if key != name}
    assert Settings.load(rest | {name + "_FILE": str(file)}) == Settings.load(GOOD)
    with pytest.raises(Misconfigured, match=f"{name}_FILE cannot be read"):
        Settings.load(rest | {name + "_FILE": str(tmp_path / "nothing")})


def test_settings_show_no_secret_and_cannot_be_changed() -> None:
    settings = Settings.load(GOOD)
    assert "a-password" not in repr(settings)
    assert KEY not in repr(settings)
    with pytest.raises(ValueError, match="frozen"):
        settings.dev = True  # type: ignore[misc]


def test_what_was_given_is_all_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "IDP_PORT", "1234")
    assert Settings.load(GOOD).port == 8000


def test_loopback_may_do_without_tls() -> None:
    for host in ("localhost", "127.0.0.1", "[::1]"):
        assert not Settings.load(GOOD | {"IDP_BASE_URL": f"http://{host}:8000"}).is_https


def test_proxies_are_networks() -> None:
    assert Settings.load(GOOD | {"IDP_TRUSTED_PROXIES": "10.0.0.0/8, ::1"}).trusted_proxies == ("10.0.0.0/8", "::1/128")


REDIS = (
    "redis://h",
    "rediss://u:p@h:6380/1",
    "redis+cluster://h:7000",
    "rediss+cluster://:p@h:7000,i:7001",
    "redis+sentinel://u:p@h:26379,i,[::1]:26380/master/1",
    "rediss+sentinel://h/master",
    "unix:///run/valkey.sock?db=1",
)


@pytest.mark.parametrize("url", REDIS)
def test_redis_may_be_of_every_kind(url: str) -> None:
    given = Settings.load(GOOD | {"IDP_REDIS_URL": url}).redis_url
    assert given is not None
    assert given.get_secret_value() == url


NO_REDIS = (
    *("h:6379", "http://h", "redis://", "redis://h:port", "unix://", "redis://h?db=x", "", "redis+other://h"),
    *("unix+cluster:///path", "redis+cluster://h,i:port", "redis+sentinel://h", "redis+sentinel://h,/master"),
    "redis+sentinel://h/master/first",
)


@pytest.mark.parametrize("url", NO_REDIS)
def test_what_is_no_address_of_redis_is_said_so(url: str) -> None:
    with pytest.raises(Misconfigured, match="IDP_REDIS_URL must be a URL such as redis://host:6379/0"):
        Settings.load(GOOD | {"IDP_REDIS_URL": url})

"""The internal port: alive, ready, counted; and out of reach of the public one (R60, R64)."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine
from werkzeug.test import Client

from idp.config import Settings
from idp.db import migrations
from idp.db.engine import make_engine
from idp.db.migrations import SchemaStatus
from idp.http.health import by_port, create_internal_app
from idp.wiring import Wiring
from tests.browser import Browser
from tests.factories import People

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def internal(settings: Settings, wiring: Wiring) -> Client:
    return Client(create_internal_app(settings, wiring.app))


@pytest.fixture
def gone() -> Any:
    engine: Engine = make_engine("postgresql://idp_app:x@127.0.0.1:1/nothing")
    yield engine
    engine.dispose()


def with_redis(environment: dict[str, str], url: str | None) -> Settings:
    return Settings.load({name: value for name, value in {**environment, "IDP_REDIS_URL": url}.items() if value})


def test_alive_needs_nothing(settings: Settings, gone: Engine) -> None:
    assert Client(create_internal_app(settings, gone)).get("/livez").json == {"status": "alive"}


def test_ready_when_everything_answers(internal: Client) -> None:
    answer = internal.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"status": "ready", "database": "ok", "redis": "ok"}


def test_without_redis_it_goes_on(environment: dict[str, str], wiring: Wiring) -> None:
    """R29: never an outage."""
    for url, word, status in ((NOWHERE, "unreachable", "degraded"), (None, "not configured", "ready")):
        answer = Client(create_internal_app(with_redis(environment, url), wiring.app)).get("/readyz")
        assert answer.status_code == 200
        assert answer.json == {"status": status, "database": "ok", "redis": word}


def test_not_ready_without_a_database(settings: Settings, gone: Engine) -> None:
    answer = Client(create_internal_app(settings, gone)).get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json["database"] == "unreachable"


def test_a_balancer_may_keep_those_whose_database_is_away(settings: Settings, gone: Engine) -> None:
    answer = Client(create_internal_app(settings, gone)).get("/readyz?exclude=database")
    assert answer.status_code == 200
    assert (answer.json["status"], answer.json["database"]) == ("degraded", "unreachable")


def test_a_probe_that_excludes_something_else_is_wrong(internal: Client) -> None:
    assert internal.get("/readyz?exclude=etcd").status_code == 400


def test_not_ready_before_its_migrations_and_ready_when_the_next_release_has_migrated(
    internal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R64: N and N+1 run together, on the schema of N+1."""
    head = "0002"
    for status, code in (
        (SchemaStatus(None, head), 503),
        (SchemaStatus("0001", head), 503),
        (SchemaStatus("0003", head, is_ahead=True), 200),
    ):
        monkeypatch.setattr(migrations, "status", lambda _engine, status=status: status)
        assert internal.get("/readyz").status_code == code
        assert internal.get("/readyz?exclude=database").status_code == code, "a schema that is too old is no outage"


def test_a_revision_of_a_later_release_is_known_to_be_one(
    internal: Client, wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert migrations.status(wiring.app).is_current
    monkeypatch.setattr(migrations, "_revisions", lambda: ("0000", frozenset({"0000"})))
    status = migrations.status(wiring.app)
    assert (status.is_current, status.is_ahead, status.is_usable) == (False, True, True)


def test_metrics_count_requests_sign_ins_and_tokens_and_name_no_tenant(
    internal: Client, people: People, browser: Browser
) -> None:
    people.user()
    client, secret = people.client()
    browser.exchange(client, secret, browser.code(client))
    browser.http.open("/nowhere", method="BREW")
    text = internal.get("/metrics").text
    assert re.search(r'^idp_signins_total\{outcome="success",way="password"\} [1-9]', text, re.MULTILINE)
    assert re.search(
        r'^idp_token_requests_total\{grant_type="authorization_code",outcome="issued"\} ', text, re.MULTILINE
    )
    assert re.search(
        r'^idp_http_requests_total\{endpoint="oauth.token",method="POST",status="200"\} ', text, re.MULTILINE
    )
    assert 'idp_http_requests_total{endpoint="none",method="other",status="404"}' in text
    assert browser.tenant.slug not in text
    assert str(browser.tenant.id) not in text


def app_named(name: str) -> Flask:
    app = Flask(name)
    app.add_url_rule("/", view_func=lambda: name)
    return app


@pytest.mark.parametrize(
    ("internal_port", "port", "served"),
    [(9090, 8000, "public"), (9090, 9090, "internal"), (0, 8000, "public"), (8000, 8000, "public"), (0, 0, "public")],
)
def test_the_socket_alone_decides_who_answers(internal_port: int, port: int, served: str) -> None:
    route = by_port(
        public=app_named("public"), internal=app_named("internal"), public_port=8000, internal_port=internal_port
    )
    lies = {"Host": f"localhost:{internal_port}", "X-Forwarded-Port": str(internal_port)}
    answer = Client(route).get("/", headers=lies, environ_overrides={"SERVER_PORT": str(port)})
    assert answer.text == served

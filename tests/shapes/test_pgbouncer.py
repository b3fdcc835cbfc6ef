"""The product behind pgbouncer in transaction mode: one server connection for everybody, and nobody sees another."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from idp.app import create_app
from idp.db import snapshot
from idp.db.cache import DATABASE_IS_GONE
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.browser import Browser
from tests.cli.conftest import Terminal
from tests.factories import People
from tests.shapes.pgbouncer import Pgbouncer
from tests.shapes.waiting import wait_until

pytestmark = pytest.mark.live
WHO = text("SELECT tenant_id, pg_backend_pid() FROM users")
"""No criteria of the session stand in this statement: row-level security alone decides."""
TIMES = 40


def test_interleaved_tenants_on_one_connection_see_their_own_rows_alone(
    narrow_wiring: Wiring, people: People, others: People
) -> None:
    for each in (people, others):
        each.user()
    backends: set[int] = set()
    start = threading.Barrier(5)

    def of(each: People) -> None:
        start.wait(10)
        for _ in range(TIMES):
            with narrow_wiring.tenant_unit(each.tenant) as uow:
                rows = uow.execute(WHO).all()
                assert {row[0] for row in rows} == {each.tenant.id}
                backends.update(row[1] for row in rows)

    def of_snapshots(each: People) -> None:
        start.wait(10)
        for _ in range(TIMES):
            with snapshot.read_tenant(narrow_wiring.app, each.tenant.id) as session:
                assert {row[0] for row in session.execute(WHO)} == {each.tenant.id}

    def of_nobody() -> None:
        start.wait(10)
        for _ in range(TIMES):
            with narrow_wiring.app.connect() as connection:
                assert connection.execute(WHO).all() == []

    with ThreadPoolExecutor(5) as pool:
        done = [pool.submit(run, each) for run in (of, of_snapshots) for each in (people, others)]
        done.append(pool.submit(of_nobody))
        for each in done:
            each.result(60)
    assert len(backends) == 1, "there was more than one connection to share"


def test_a_client_that_vanishes_leaves_no_tenant_behind(narrow_wiring: Wiring, people: People) -> None:
    people.user()
    url = narrow_wiring.settings.database_url.get_secret_value()
    lost = psycopg.connect(url, autocommit=True)
    lost.execute(f"BEGIN; SELECT set_config('idp.tenant_id', '{people.tenant.id}', true)", prepare=False)
    assert lost.execute("SELECT count(*) FROM users").fetchone() == (1,)
    lost.close()
    with psycopg.connect(url, autocommit=True) as next_one:
        assert next_one.execute("SELECT count(*) FROM users").fetchone() == (0,)


def test_people_of_two_tenants_sign_in_at_once(pooled_wiring: Wiring, people: People, others: People) -> None:
    app = create_app(pooled_wiring.settings, pooled_wiring)

    def act(each: People) -> None:
        each.user()
        client, secret = each.client(scope="openid email offline_access")
        browser = Browser(app, each.tenant)
        tokens = browser.tokens(client, secret, scope="openid email offline_access")
        for _ in range(8):
            answer = browser.token(client, secret, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
            assert answer.status_code == 200, answer.text
            tokens = answer.json
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert browser.get(browser.url("/oauth/userinfo"), headers=headers).json["email"] == "ada@example.com"

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(act, each) for each in (people, others)]:
            done.result(60)


def test_the_roles_timeouts_hold(pooled_wiring: Wiring, tenant: Tenant) -> None:
    with pooled_wiring.tenant_unit(tenant) as uow:
        assert uow.session.scalar(text("SHOW idle_in_transaction_session_timeout")) == "1min"
        assert uow.session.scalar(text("SHOW statement_timeout")) == "30s"


def test_a_transaction_that_idles_too_long_is_an_outage_of_its_own(
    pooled_wiring: Wiring, database_admin_url: str, tenant: Tenant
) -> None:
    uow = pooled_wiring.tenant_unit(tenant)
    uow.execute(text("SET LOCAL idle_in_transaction_session_timeout = '50ms'"))
    backend = uow.session.scalar(text("SELECT pg_backend_pid()"))
    with psycopg.connect(database_admin_url, autocommit=True) as direct:
        there = "SELECT 1 FROM pg_stat_activity WHERE pid = %s"
        wait_until(lambda: direct.execute(there, [backend]).fetchone() is None, 10, "PostgreSQL ends the transaction")
    with pytest.raises(DATABASE_IS_GONE):
        uow.execute(WHO)
    uow.close()
    with pooled_wiring.tenant_unit(tenant) as again:
        assert again.execute(WHO).all() == []


def test_a_pgbouncer_that_was_restarted_is_found_without_a_restart_of_ours(
    pooled_wiring: Wiring, bouncer: Pgbouncer, people: People
) -> None:
    people.user()
    client, secret = people.client(scope="openid")
    browser = Browser(create_app(pooled_wiring.settings, pooled_wiring), people.tenant)
    browser.tokens(client, secret)
    bouncer.stop()
    refused = browser.get(browser.url("/oauth/userinfo"), headers={"Authorization": "Bearer x"})
    assert refused.status_code == 401, "what needs no database is refused as ever"
    lost = browser.get(browser.url("/account"))
    assert (lost.status_code, lost.headers["Retry-After"].isdecimal()) == (503, True)
    bouncer.start()
    assert browser.follow(browser.get(browser.url("/account"))).status_code == 200


def test_the_owner_goes_past_it(bouncer: Pgbouncer, environment: dict[str, str]) -> None:
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(bouncer.through(environment["IDP_OWNER_DATABASE_URL"]))


def test_doctor_and_migrations_find_nothing_wrong(
    bouncer: Pgbouncer, environment: dict[str, str], wiring: Wiring, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("idp.log.configure", lambda _level: None)  # the test session's log stays as it is
    idp = Terminal(bouncer.environment(environment))
    upgraded = idp.json("db", "upgrade")
    assert upgraded["current"] == upgraded["head"]
    found = {each["check"]: each for each in idp.json("doctor")}
    assert "ill" not in {each["state"] for each in found.values()}, found
    assert found["pooler"]["detail"] == "there is one, and prepared statements are off"
    told = Terminal(idp.environment | {"IDP_DATABASE_PREPARED_STATEMENTS": "true"})("doctor", "--json")
    assert told.exit_code == 1
    assert "IDP_DATABASE_PREPARED_STATEMENTS=false" in told.stdout


@pytest.mark.soak
def test_more_sign_ins_than_connections_are_turned_away_and_told_when(narrow_wiring: Wiring, people: People) -> None:
    people.user()
    client, _ = people.client(scope="openid")
    browser = Browser(create_app(narrow_wiring.settings, narrow_wiring), people.tenant)
    page = browser.authorize(client)
    answer = browser.sign_in(page)
    assert (answer.status_code, answer.headers["Retry-After"].isdecimal()) == (503, True)
    assert browser.follow(browser.get(browser.url("/login"))).status_code == 200

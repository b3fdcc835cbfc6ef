"""A primary that dies, and a standby that has all that was answered (R60, R62): found without a restart of ours."""

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text

from idp.app import create_app
from idp.config import Settings
from idp.db import confirmed
from idp.wiring import Wiring
from tests.browser import Browser
from tests.cli.conftest import Terminal
from tests.factories import MASTER_KEY, People, make_tenant
from tests.shapes.replica import Pair, replicated
from tests.shapes.waiting import wait_until

pytestmark = pytest.mark.live
CLIENTS = 4
RECOVERY = 20.0
SCOPE = "openid email offline_access"


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with replicated() as pair:
        yield pair


@pytest.fixture(scope="module")
def installation(pair: Pair, wiring: Wiring) -> dict[str, str]:
    """The settings of an installation at the pair; keys and passwords are cheap."""
    return pair.provision() | {
        "IDP_BASE_URL": "http://localhost:8000",
        "IDP_MASTER_KEYS": "first:" + MASTER_KEY,
        "IDP_LOG_LEVEL": "error",
        "IDP_DEV": "true",
    }


@pytest.fixture(scope="module")
def terminal(installation: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """`idp` beside the pair, which brings the schema up first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("terminal"))
        patch.setattr("idp.log.configure", lambda _level: None)  # the test session's log stays as it is
        terminal = Terminal(installation)
        upgraded = terminal.json("db", "upgrade")
        assert upgraded["current"] == upgraded["head"]
        yield terminal


@pytest.fixture
def served(installation: dict[str, str], terminal: Terminal) -> Iterator[Wiring]:
    wiring = Wiring.of(Settings.load(installation))
    yield wiring
    wiring.dispose()


@pytest.fixture
def folk(served: Wiring) -> People:
    people = People(served, make_tenant(served, refresh_grace_seconds="30"))
    people.user()
    return people


def test_two_addresses_are_as_good_as_one_at_the_terminal(terminal: Terminal) -> None:
    assert {found["state"] for found in terminal.json("doctor")} == {"well"}


def test_a_server_that_takes_no_writes_is_an_outage(pair: Pair, installation: dict[str, str], folk: People) -> None:
    client, secret = folk.client(scope=SCOPE)
    lagging = Wiring.of(Settings.load(pair.at_standby(installation)))
    with pair.primary.connect() as primary:
        end = primary.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
    assert end is not None
    replayed = f"SELECT pg_last_wal_replay_lsn() >= '{end[0]}'"
    wait_until(lambda: pair.standby.ask(replayed), 10, "the standby has read all")
    browser = Browser(create_app(lagging.settings, lagging), folk.tenant)
    assert browser.get(browser.url("/jwks.json")).status_code == 200
    for _ in range(2):
        refused = browser.get(browser.url("/login"))
        assert (refused.status_code, refused.headers["Retry-After"].isdecimal()) == (503, True)
    assert browser.token(client, secret, grant_type="refresh_token", refresh_token="x").status_code != 500
    assert lagging.app.pool.status().endswith("Current Checked out connections: 0")
    lagging.dispose()


def test_what_no_standby_confirmed_is_not_answered_as_done(
    pair: Pair, served: Wiring, folk: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL would wait for ever; cancelled, it says COMMIT all the same, and with the primary it would be lost."""
    monkeypatch.setattr(confirmed, "PATIENCE_SECONDS", 0.5)
    browser = Browser(create_app(served.settings, served), folk.tenant)
    begun = browser.follow(browser.get(browser.url("/login")))
    pair.standby.stop()
    try:
        for ask in (lambda: browser.get(browser.url("/login")), lambda: browser.sign_in(begun)):
            refused = ask()
            assert (refused.status_code, refused.headers["Retry-After"].isdecimal()) == (503, True)
        assert browser.get(browser.url("/jwks.json")).status_code == 200
    finally:
        pair.standby.start()
    wait_until(pair.is_streaming, 30, "the standby streams again")
    assert "You’re signed in" in browser.sign_in(browser.follow(browser.get(browser.url("/login")))).text


@dataclass
class Refresher:
    """An application that rotates its token for ever, and tries the same one again when it gets no answer."""

    browser: Browser
    client: Any
    secret: str | None
    token: str
    rotated: int = 0
    unavailable: int = 0
    wrong: list[Any] = field(default_factory=list)

    def rotate(self) -> None:
        answer = self.browser.token(self.client, self.secret, grant_type="refresh_token", refresh_token=self.token)
        if answer.status_code == 200:
            self.token, self.rotated = answer.json["refresh_token"], self.rotated + 1
        elif answer.status_code == 503 and answer.headers.get("Retry-After", "").isdecimal():
            self.unavailable += 1
        else:
            self.wrong.append((answer.status_code, answer.text))

    def run(self, over: threading.Event) -> None:
        while not over.wait(0.02) and not self.wrong:
            self.rotate()


def test_a_failover_loses_nothing_that_was_answered(pair: Pair, served: Wiring, folk: People) -> None:
    app = create_app(served.settings, served)
    client, secret = folk.client(scope=SCOPE)
    code = Browser(app, folk.tenant)
    kept = code.code(client, scope=SCOPE)
    revoked = Browser(app, folk.tenant).tokens(client, secret, scope=SCOPE)["refresh_token"]
    assert code.post(code.url("/oauth/revoke"), **as_client(client, secret, token=revoked)).status_code == 200
    refreshers = []
    for _ in range(CLIENTS):
        browser = Browser(app, folk.tenant)
        token = browser.tokens(client, secret, scope=SCOPE)["refresh_token"]
        refreshers.append(Refresher(browser, client, secret, token))
    over = threading.Event()
    threads = [threading.Thread(target=each.run, args=(over,), daemon=True) for each in refreshers]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: all(each.rotated > 3 for each in refreshers), RECOVERY, "they refresh")
        pair.primary.kill()
        wait_until(lambda: all(each.unavailable for each in refreshers), RECOVERY, "everybody meets the outage")
        pair.promote()
        before = [each.rotated for each in refreshers]
        wait_until(
            lambda: all(each.rotated > was + 3 for each, was in zip(refreshers, before, strict=True)),
            RECOVERY,
            "everybody is served again",
        )
    finally:
        over.set()
        for thread in threads:
            thread.join(30)
    assert [each.wrong for each in refreshers] == [[]] * CLIENTS
    assert code.exchange(client, secret, kept).status_code == 200, "a code that was given is good"
    assert code.exchange(client, secret, kept).status_code == 400, "and once"
    assert code.authorize(client, scope=SCOPE).status_code == 303, "whoever was signed in still is"
    answer = code.token(client, secret, grant_type="refresh_token", refresh_token=revoked)
    assert answer.json["error"] == "invalid_grant", "what was revoked stays so"
    with served.tenant_unit(folk.tenant) as uow:
        generations = uow.execute(text("SELECT generation FROM refresh_families")).scalars().all()
    assert sum(generations) >= sum(each.rotated for each in refreshers)
    assert pair.standby.ask("SHOW synchronous_standby_names") == ""


def as_client(client: Any, secret: str | None, **values: str) -> dict[str, Any]:
    """Keywords of a POST by this client."""
    pair = base64.b64encode(f"{client.id}:{secret}".encode()).decode()
    return {"data": values, "headers": {"Authorization": f"Basic {pair}"}}

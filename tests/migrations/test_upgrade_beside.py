"""Two versions of the code over one database, forwards and back, as whole processes (R64)."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from idp.db import migrations
from idp.ids import parse_id
from idp.tenants import service as tenants
from idp.tenants.models import Tenant
from idp.worker import delivery
from tests import services
from tests.browser import answer
from tests.factories import CALLBACK
from tests.operations.installation import Installation
from tests.operations.releases import PREVIOUS, run_python, run_verbs, unpack_previous
from tests.operations.wire import Server, WireBrowser

pytestmark = pytest.mark.live

EMAIL = "ada@acme.example"
SENT = -1
DELIVER = """
import threading
from idp.config import Settings
from idp.wiring import Wiring
from idp.worker import delivery
while delivery.deliver_due(Wiring.of(Settings.load()), threading.Event()):
    pass
"""
OFFLINE = "openid email offline_access"


class Upgrade:
    """An installation of the previous release, with somebody and an application."""

    def __init__(self, addresses: dict[str, str], environment: dict[str, str], name: str, folder: Path) -> None:
        services.create_database(addresses, name, owner="idp_owner")
        told = {"IDP_WORKER_PORT": "0", "IDP_LOG_LEVEL": "info"}
        self.folder = folder
        self.installation = Installation(addresses, environment | Installation.urls(addresses, name) | told, name)
        self.before = unpack_previous(folder / "before")
        upgraded, made, client = run_verbs(
            self.installation,
            self.before,
            ("db", "upgrade"),
            ("tenant", "create", "acme", "--name", "Acme", "--admin-email", EMAIL),
            (
                *("client", "create", "--tenant", "acme", "--name", "Notes", "--type", "web", "--first-party"),
                *("--redirect-uri", CALLBACK, "--scope", "openid", "--scope", "email", "--scope", "offline_access"),
            ),
        )
        assert upgraded["current"] == PREVIOUS
        self.password = made["admin"]["password"]
        self.client: Any = SimpleNamespace(id=parse_id(client["client_id"]))
        self.secret = client["client_secret"]
        self.tenant: Any = SimpleNamespace(slug="acme", issuer="http://localhost:8000/t/acme")

    @property
    def schema(self) -> str | None:
        return migrations.status(self.installation.wiring().app).current

    def migrate(self, to: str) -> None:
        owner = self.installation.environment["IDP_OWNER_DATABASE_URL"]
        if to == "head":
            migrations.upgrade(owner)
        else:
            migrations.downgrade(owner, to)

    def serve_before(self, name: str) -> Server:
        return Server(self.installation, self.folder / f"{name}.log", code=self.before)

    def serve_now(self, name: str) -> Server:
        return Server(self.installation, self.folder / f"{name}.log")

    def sign_in(self, browser: WireBrowser, begun_at: Server, ended_at: Server) -> str:
        """Begun at one server and ended at another; answers the code."""
        page = browser.at(begun_at).authorize(self.client, scope=OFFLINE)
        assert 'name="password"' in page.text, page.text
        return answer(browser.at(ended_at).sign_in(page, EMAIL, self.password))["code"]

    def exchange(self, browser: WireBrowser, code: str) -> str:
        return self._refresh_token(browser.exchange(self.client, self.secret, code))

    def refresh(self, browser: WireBrowser, token: str) -> str:
        """Its successor; an access token that comes with it is good as well."""
        return self._refresh_token(
            browser.token(self.client, self.secret, grant_type="refresh_token", refresh_token=token)
        )

    @staticmethod
    def _refresh_token(response: Any) -> str:
        assert response.status_code == 200, response.text
        token: str = response.json["refresh_token"]
        return token

    def is_signed_in(self, browser: WireBrowser) -> bool:
        return bool(EMAIL in browser.get(browser.url("/account")).text)


@pytest.fixture(scope="module")
def upgrade(
    addresses: dict[str, str], environment: dict[str, str], worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgrade]:
    folder = tmp_path_factory.mktemp("upgrade")
    made = Upgrade(addresses, environment, f"idp_upgrade_{worker_id}", folder)
    yield made
    made.installation.close()


@pytest.fixture
def open_browser(upgrade: Upgrade) -> Iterator[Callable[[Server], WireBrowser]]:
    opened: list[WireBrowser] = []

    def open_one(server: Server) -> WireBrowser:
        opened.append(WireBrowser(upgrade.tenant, server))
        return opened[-1]

    yield open_one
    for browser in opened:
        browser.close()


def test_two_versions_serve_one_database_forwards_and_back(
    upgrade: Upgrade, open_browser: Callable[[Server], WireBrowser]
) -> None:
    with upgrade.serve_before("before") as before:
        ada = open_browser(before)
        token = upgrade.exchange(ada, upgrade.sign_in(ada, before, before))
        half_way = open_browser(before).authorize(upgrade.client, scope=OFFLINE)
        assert 'name="password"' in half_way.text

        upgrade.migrate("head")
        assert before.is_ready(), "it knows a newer schema when it sees one, and that it was only expanded"
        token = upgrade.refresh(ada, token)
        assert upgrade.is_signed_in(ada)

        with upgrade.serve_now("now") as now:
            token = side_by_side(upgrade, open_browser, ada, token, before, now)
            now.stop()  # the way back: the new release is taken away, its schema stays
        token = alone(upgrade, open_browser, ada, token, before)
        upgrade.migrate(PREVIOUS)
        assert upgrade.schema == PREVIOUS
        token = alone(upgrade, open_browser, ada, token, before)

        upgrade.migrate("head")
        with upgrade.serve_now("again") as again:
            before.stop()  # the way forwards
            alone(upgrade, open_browser, ada.at(again), token, again)


def side_by_side(
    upgrade: Upgrade,
    open_browser: Callable[[Server], WireBrowser],
    ada: WireBrowser,
    token: str,
    before: Server,
    now: Server,
) -> str:
    """What one version began the other goes on with; answers the refresh token that is good at the end."""
    for first, second in ((before, now), (now, before)):
        browser = open_browser(first)
        code = upgrade.sign_in(browser, first, second)
        upgrade.exchange(browser.at(first), code)
        assert upgrade.is_signed_in(browser.at(second))
        assert upgrade.is_signed_in(browser.at(first))
    for server in (now, before, now, before):
        spent, token = token, upgrade.refresh(ada.at(server), token)
        other = before if server is now else now
        assert upgrade.refresh(ada.at(other), spent) == token, "a retry, at the other one, gets the same successor"
    for issued_at, shown_at in ((before, now), (now, before)):
        tokens = (
            ada.at(issued_at)
            .token(upgrade.client, upgrade.secret, grant_type="refresh_token", refresh_token=token)
            .json
        )
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert ada.at(shown_at).get(ada.url("/oauth/userinfo"), headers=bearer).status_code == 200
        token = tokens["refresh_token"]
    return token


def alone(
    upgrade: Upgrade, open_browser: Callable[[Server], WireBrowser], ada: WireBrowser, token: str, server: Server
) -> str:
    """One version goes on with what both left, and begins anew."""
    assert server.is_ready()
    assert upgrade.is_signed_in(ada.at(server))
    token = upgrade.refresh(ada, token)
    newcomer = open_browser(server)
    upgrade.exchange(newcomer, upgrade.sign_in(newcomer, server, server))
    return token


def test_a_worker_of_the_previous_version_loses_nothing_that_only_the_new_one_can_send(upgrade: Upgrade) -> None:
    """Messages of a kind that it does not know come back, for whoever knows them."""
    upgrade.migrate("head")
    wiring = upgrade.installation.wiring()
    with wiring.platform_unit() as platform:
        acme: Tenant = tenants.get(platform, "acme")
        acme.webhook_events = ["tenant.updated"]
        platform.flush()
        tenants.update(platform, acme, {"name": "Acme Ltd"})
    waiting = text("SELECT attempts, sent_at, dead_at FROM outbox_messages WHERE kind LIKE 'webhook%'")

    def tried() -> int:
        with wiring.platform_unit() as platform:
            row: Any = platform.execute(waiting).one()
        attempts, sent_at, dead_at = row
        assert dead_at is None
        return SENT if sent_at is not None else int(attempts)

    run_python(upgrade.installation, upgrade.before, DELIVER)
    assert tried() == 1
    with wiring.platform_unit() as platform:
        platform.execute(text("UPDATE outbox_messages SET next_attempt_at = now()"))
    while delivery.deliver_due(wiring, threading.Event()):
        pass
    assert tried() == SENT, "the new version takes it"

"""design.md §5, counted: what each endpoint may ask of the database.

A round trip is any message that waits for an answer.  ``BEGIN`` and the tenant setting travel as one.
"""

import base64
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import text

from idp.app import create_app
from idp.config import Settings
from idp.db import cache
from idp.ids import new_id
from idp.keys import service as keys
from idp.oauth import clients
from idp.rbac import service as rbac
from idp.tenants import resolve
from idp.wiring import Wiring
from tests import factories
from tests.api.conftest import make_application
from tests.api.management.callers import token_of
from tests.browser import Browser
from tests.budgets.round_trips import RoundTrips

WARM_UP = 12
"""psycopg prepares a statement at its fifth run on a connection, one extra round trip in the life of both."""


@dataclass
class Stand:
    """A tenant on an application of its own, whose round trips are counted."""

    browser: Browser
    trips: RoundTrips
    client: Any
    secret: str | None
    machine: Any
    machine_secret: str | None
    wiring: Wiring

    def warm(self) -> None:
        """Fill the caches with what a request asks for."""
        self.browser.get(self.browser.url("/jwks.json"))
        self.browser.token(self.client, self.secret, grant_type="client_credentials")

    def count(self, request: Callable[[], Any], *, status: int = 200, before: Callable[[], Any] = lambda: None) -> int:
        """Round trips of `request` while no cache gets older, however slow this machine is.

        Args:
            request: what is counted.
            status: of its answer.
            before: fills what caches it needs beside those of `warm`.
        """
        with mock.patch.object(cache, "time", SimpleNamespace(monotonic=mock.Mock(return_value=time.monotonic()))):
            self.warm()
            before()
            with self.trips.counted() as counted:
                answer = request()
        assert answer.status_code == status, answer.text
        return counted[0]


def forget() -> None:
    """Every cache is cold."""
    resolve.forget()
    clients.forget()
    keys.forget()


@pytest.fixture(scope="module")
def stand(settings: Settings, wiring: Wiring) -> Iterator[Stand]:
    yield from stand_on(settings)


def stand_on(settings: Settings) -> Iterator[Stand]:
    """A stand of the installation that these settings describe."""
    own = Wiring.of(settings)
    trips = RoundTrips(own.app)
    tenant = factories.make_tenant(own)
    people = factories.People(own, tenant)
    people.user(roles=("member",))
    people.resource()
    client, secret = people.client(scope="openid email offline_access notes:read")
    machine, machine_secret = people.client(type="machine", scope="notes:read")
    yield Stand(Browser(create_app(settings, own), tenant), trips, client, secret, machine, machine_secret, own)
    own.dispose()
    trips.close()


@pytest.fixture(scope="module")
def tokens(stand: Stand) -> dict[str, Any]:
    return stand.browser.tokens(stand.client, stand.secret, scope="openid email offline_access notes:read")


def test_client_credentials_asks_nothing_when_warm(stand: Stand) -> None:
    def request() -> Any:
        return stand.browser.token(stand.machine, stand.machine_secret, grant_type="client_credentials")

    request()
    assert stand.count(request) == 0


def test_client_credentials_asks_three_times_when_cold(stand: Stand) -> None:
    """The tenant, the client with its secrets and audiences, the keys: each in one round trip."""

    def request() -> Any:
        return stand.browser.token(stand.machine, stand.machine_secret, grant_type="client_credentials")

    forget()
    with stand.trips.counted() as counted:
        assert request().status_code == 200
    assert counted[0] <= 3


def test_a_refresh_takes_four(stand: Stand, tokens: dict[str, Any]) -> None:
    """BEGIN with the setting, the rotation, the subject, COMMIT."""
    current = tokens["refresh_token"]

    def request() -> Any:
        nonlocal current
        answer = stand.browser.token(stand.client, stand.secret, grant_type="refresh_token", refresh_token=current)
        current = answer.json["refresh_token"]
        return answer

    for _ in range(WARM_UP):
        assert request().status_code == 200
    assert stand.count(request) <= 4


def test_a_refresh_by_the_sign_in_api_takes_no_more(stand: Stand) -> None:
    application = make_application(stand.browser.http.application, factories.People(stand.wiring, stand.browser.tenant))
    current = application.signed_in().tokens["refresh_token"]

    def request() -> Any:
        nonlocal current
        answer = application.post("refresh", refresh_token=current)
        current = answer.json["refresh_token"]
        return answer

    for _ in range(WARM_UP):
        assert request().status_code == 200
    assert stand.count(request) <= 4


def test_a_code_exchange_takes_five(stand: Stand) -> None:
    """BEGIN with the setting, the code, the subject, the new family, COMMIT."""
    for _ in range(WARM_UP // 2):
        stand.browser.tokens(stand.client, stand.secret)
    code = stand.browser.code(stand.client)
    assert stand.count(lambda: stand.browser.exchange(stand.client, stand.secret, code)) <= 5


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_introspection_takes_three(stand: Stand, kind: str) -> None:
    """BEGIN with the setting, the subject, COMMIT."""
    token = stand.browser.tokens(stand.client, stand.secret)[kind]

    def request() -> Any:
        return introspect(stand, token)

    for _ in range(WARM_UP):
        assert request().json["active"] is True
    assert stand.count(request) <= 3


def test_introspection_of_a_machines_token_takes_three(stand: Stand) -> None:
    token = stand.browser.token(stand.machine, stand.machine_secret, grant_type="client_credentials").json
    for _ in range(WARM_UP):
        introspect(stand, token["access_token"], stand.machine, stand.machine_secret)
    asked = stand.count(lambda: introspect(stand, token["access_token"], stand.machine, stand.machine_secret))
    assert asked <= 3


@pytest.mark.parametrize("kind", ["person", "machine"])
@pytest.mark.parametrize(("path", "most"), [("principal", 4), ("roles", 5)])
def test_the_management_api_takes_three_and_what_it_reads(stand: Stand, kind: str, path: str, most: int) -> None:
    """BEGIN with the setting, who calls, what is read, COMMIT; roles are read with one more for what they include."""
    token = manager(stand, kind)

    def request() -> Any:
        return stand.browser.get(stand.browser.url(f"/api/v1/{path}"), headers={"Authorization": f"Bearer {token}"})

    for _ in range(WARM_UP):
        assert request().status_code == 200
    assert stand.count(request, before=request) <= most


def test_introspection_of_nonsense_takes_none(stand: Stand) -> None:
    assert stand.count(lambda: introspect(stand, "no token of ours")) == 0


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_userinfo_takes_three(stand: Stand, tokens: dict[str, Any], method: str) -> None:
    """BEGIN with the setting, the subject, COMMIT."""
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    def request() -> Any:
        return stand.browser.http.open(stand.browser.url("/oauth/userinfo"), method=method, headers=headers)

    for _ in range(WARM_UP):
        assert request().status_code == 200
    assert stand.count(request) <= 3


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks.json", "/theme.css"])
def test_public_documents_ask_nothing_when_warm(stand: Stand, path: str) -> None:
    assert stand.count(lambda: stand.browser.get(stand.browser.url(path))) == 0


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks.json"])
def test_public_documents_ask_twice_when_cold(stand: Stand, path: str) -> None:
    forget()
    with stand.trips.counted() as counted:
        assert stand.browser.get(stand.browser.url(path)).status_code == 200
    assert counted[0] <= 2


def test_an_unknown_tenant_asks_once_in_two_seconds(stand: Stand) -> None:
    forget()
    url = "http://localhost:8000/t/nobody-here/jwks.json"
    with stand.trips.counted() as counted:
        assert [stand.browser.get(url).status_code for _ in range(3)] == [404] * 3
    assert counted[0] == 1


def test_a_unit_that_touches_nothing_opens_no_connection(settings: Settings, stand: Stand) -> None:
    quiet = Wiring.of(settings)
    trips = RoundTrips(quiet.app)
    for _ in range(3):
        with quiet.tenant_unit(stand.browser.tenant):
            pass
    assert (trips.connections, quiet.app.pool.checkedout()) == (0, 0)  # type: ignore[attr-defined]
    quiet.dispose()


def test_a_unit_that_reads_once_takes_three(stand: Stand) -> None:
    """And the tenant setting costs none of its own."""
    with stand.trips.counted() as counted, stand.wiring.tenant_unit(stand.browser.tenant) as uow:
        assert uow.now == uow.session.scalar(text("SELECT now()"))
    assert counted[0] == 3


def introspect(stand: Stand, token: str, client: Any = None, secret: str | None = None) -> Any:
    pair = f"{(client or stand.client).id}:{secret or stand.secret}"
    headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    return stand.browser.post(stand.browser.url("/oauth/introspect"), {"token": token}, headers=headers)


def manager(stand: Stand, kind: str) -> str:
    """A token for the management API, of a person by the console's client or of a machine."""
    people = factories.People(stand.wiring, stand.browser.tenant)
    if kind == "person":
        with people.unit() as uow:
            user = factories.make_user(uow, email=f"{new_id()}@example.com", roles=("admin",))
            return token_of(uow, user, ["roles:read"])
    machine, secret = people.client(type="machine", scope="roles:read")
    with people.unit() as uow:
        rbac.assign_to_client(uow, machine, "admin")
    clients.forget()
    token: str = stand.browser.token(machine, secret, grant_type="client_credentials").json["access_token"]
    return token

"""The console's client of tenants that were there before this release."""

import threading

import pytest
from sqlalchemy import delete, update

from idp.oauth import console
from idp.oauth.models import Client
from idp.rbac.permissions import PLATFORM
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from idp.worker import consoles
from tests.factories import People, system_tenant


def keep(wiring: Wiring) -> int:
    return consoles.keep(wiring, threading.Event())


def client_of(wiring: Wiring, tenant: Tenant) -> Client | None:
    with wiring.tenant_unit(tenant) as uow:
        return uow.find(Client, console.CLIENT_ID)


def lose(people: People) -> None:
    """As a tenant of the release before."""
    with people.unit() as uow:
        uow.execute(delete(Client).where(Client.id == console.CLIENT_ID))


def test_a_tenant_of_the_release_before_gets_the_client(wiring: Wiring, people: People) -> None:
    keep(wiring)
    lose(people)
    assert keep(wiring) == 1
    client = client_of(wiring, people.tenant)
    assert client is not None
    assert (client.first_party, client.require_pkce, client.token_endpoint_auth_method) == (True, True, "none")
    assert client.redirect_uris[0] == f"{wiring.settings.base_url}/docs/oauth2-redirect.html"
    assert set(client.scope).isdisjoint(PLATFORM)
    assert keep(wiring) == 0


def test_a_new_permission_reaches_the_client_which_stays_the_same_client(wiring: Wiring, people: People) -> None:
    keep(wiring)
    before = client_of(wiring, people.tenant)
    assert before is not None
    with people.unit() as uow:
        uow.execute(update(Client).where(Client.id == console.CLIENT_ID).values(scope=before.scope[:-1]))
    assert keep(wiring) == 1
    after = client_of(wiring, people.tenant)
    assert after is not None
    assert (after.scope, after.created_at) == (before.scope, before.created_at)


def test_operators_may_ask_for_what_only_they_have(wiring: Wiring) -> None:
    system = system_tenant(wiring)
    with wiring.tenant_unit(system) as uow:
        uow.execute(delete(Client).where(Client.id == console.CLIENT_ID))
    assert keep(wiring) >= 1
    client = client_of(wiring, system)
    assert client is not None
    assert set(client.scope) >= PLATFORM
    assert keep(wiring) == 0


def test_more_tenants_than_a_batch_are_all_kept(
    wiring: Wiring, people: People, others: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consoles, "BATCH", 1)
    keep(wiring)
    for each in (people, others):
        lose(each)
    assert keep(wiring) == 2
    assert client_of(wiring, people.tenant)
    assert client_of(wiring, others.tenant)


def test_one_that_fails_keeps_no_other_waiting(
    wiring: Wiring, people: People, others: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(wiring)
    monkeypatch.setattr(consoles, "BATCH", 1)
    for each in (people, others):
        lose(each)
    with wiring.platform_unit() as platform:
        first = console.tenants_without(platform, limit=2)[1]
    ensure = console.ensure
    monkeypatch.setattr(console, "ensure", lambda uow: 1 / 0 if uow.tenant.id == first.id else ensure(uow))
    assert keep(wiring) == 1
    monkeypatch.undo()
    assert keep(wiring) == 1


def test_a_worker_that_is_told_to_stop_stops(wiring: Wiring, people: People) -> None:
    lose(people)
    stop = threading.Event()
    stop.set()
    assert consoles.keep(wiring, stop) == 0
    assert client_of(wiring, people.tenant) is None

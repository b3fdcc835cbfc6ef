"""The connection of the demo: made once, found again, and mended where it no longer fits."""

import pytest
from sqlalchemy import select

from idp.dev import demo_connections
from idp.federation import connections, upstreams
from idp.federation.models import FederatedIdentity
from idp.federation.providers.base import Upstream
from idp.ids import new_id
from idp.tenants import service as tenants
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.factories import make_user


def upstream_of(wiring: Wiring, home: Tenant) -> Upstream:
    with wiring.tenant_unit(home) as uow:
        return upstreams.of(uow, connections.get(uow, demo_connections.NAME))


def test_a_second_run_finds_it_and_changes_nothing(wiring: Wiring, tenant: Tenant, other_tenant: Tenant) -> None:
    known = demo_connections.connect(wiring, tenant, other_tenant, {})
    before = upstream_of(wiring, tenant)
    assert (before.client_id, before.client_secrets) == (known["client_id"], (known["client_secret"],))
    assert (before.options.issuer, before.options.creation) == (other_tenant.issuer, "on")
    assert known["redirect_uris"] == [before.redirect_uri]
    assert demo_connections.connect(wiring, tenant, other_tenant, known) == known
    assert upstream_of(wiring, tenant) == before


@pytest.mark.parametrize("is_lost", [False, True])
def test_it_and_whoever_came_by_it_follow_another_port(
    wiring: Wiring, tenant: Tenant, other_tenant: Tenant, is_lost: bool
) -> None:
    """With `demo.json` gone too, which held the only copy of the secret."""
    known = demo_connections.connect(wiring, tenant, other_tenant, {})
    with wiring.tenant_unit(tenant) as uow:
        came_by = {"connection_id": connections.get(uow, demo_connections.NAME).id, "user_id": make_user(uow).id}
        uow.add(FederatedIdentity(id=new_id(), issuer=other_tenant.issuer, subject="1", **came_by))
    with wiring.platform_unit() as platform:
        moved = tenants.get(platform, other_tenant.slug)
        moved.issuer = f"{moved.issuer}-moved"
    again = demo_connections.connect(wiring, tenant, moved, {} if is_lost else known)
    assert again["client_id"] == known["client_id"]
    assert (again["client_secret"] == known["client_secret"]) is not is_lost
    now = upstream_of(wiring, tenant)
    assert (now.options.issuer, now.client_secrets[0]) == (moved.issuer, again["client_secret"])
    with wiring.tenant_unit(tenant) as uow:
        assert uow.session.scalars(select(FederatedIdentity.issuer)).all() == [moved.issuer]


def test_what_somebody_changed_stays_as_it_is(wiring: Wiring, tenant: Tenant, other_tenant: Tenant) -> None:
    known = demo_connections.connect(wiring, tenant, other_tenant, {})
    with wiring.tenant_unit(tenant) as uow:
        row = connections.hold(uow, demo_connections.NAME)
        connections.update_connection(uow, row, label="Mine", enabled=False, options={"creation": "off"})
    demo_connections.connect(wiring, tenant, other_tenant, known)
    with wiring.tenant_unit(tenant) as uow:
        row = connections.get(uow, demo_connections.NAME)
        assert (row.label, row.disabled_at is None, row.options.creation) == ("Mine", False, "off")

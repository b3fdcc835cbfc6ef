"""The not-before epoch: what a tenant issued until then is over, wherever it is shown (R8, R65)."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from idp.events.models import Event
from idp.ids import new_id
from idp.tenants import epoch, resolve
from idp.tenants import service as tenants
from idp.tenants.models import Tenant
from idp.wiring import Wiring, metadata
from tests.api.management.callers import Caller, person_caller
from tests.cli.conftest import Terminal
from tests.factories import People, make_tenant, system_tenant
from tests.operations.credentials import KINDS, Place

PATIENCE_SECONDS = 10
COMPARED = {
    "authorization_codes",  # by the grant
    "authorization_requests",
    "federation_transactions",
    "grants",
    "login_transactions",
    "one_time_tokens",
    "operator_accesses",
    "refresh_families",  # by the grant
    "sessions",
}
NO_CREDENTIAL = {
    "client_assertions": "remembers what must not come twice",
    "client_secrets": "of a machine's configuration, which outlives everything that it was used for",
    "idempotent_requests": "an answer that was given before",
    "invitations": "what an administrator wants; its link is a one-time token",
    "registrations": "what somebody wants; its link is a one-time token",
    "revoked_tokens": "remembers what is over",
}


@dataclass
class Told:
    """Whether each kind was taken that was issued before the epoch, and after it."""

    before: dict[str, bool] = field(default_factory=dict)
    after: dict[str, bool] = field(default_factory=dict)


def pass_by(wiring: Wiring, tenant: Tenant) -> None:
    """Wait until the database's clock has passed the tenant's epoch, by more than the second that tokens count in."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with wiring.platform_unit() as platform:
            row = tenants.get(platform, tenant.slug)
            if row.not_before is not None and (platform.now - row.not_before).total_seconds() > 1:
                return
        time.sleep(0.05)
    raise AssertionError("the epoch does not pass")


@pytest.fixture(scope="module")
def told(app: Any, wiring: Wiring) -> Told:
    """One tenant, signed out in the middle."""
    people = People(wiring, make_tenant(wiring, limit_sign_in_ip="1000/minute", limit_sign_in_account="60/minute"))
    system = People(wiring, system_tenant(wiring))
    permissions = ("tenants:read", "tenants:write", "tenants:act")
    operator = person_caller(app, system, email=f"op-{new_id().hex}@example.com", roles=("owner",), scope=permissions)
    operator.base = f"{wiring.settings.base_url}/api/v1"
    place, found = Place(app, wiring, people, operator), Told()
    kept = {name: make(place) for name, make in KINDS.items()}
    answer = operator.post(f"/tenants/{place.tenant.slug}/sign-out-everybody")
    assert answer.status_code == 200, answer.text
    resolve.forget()
    found.before = {name: use() for name, use in kept.items()}
    pass_by(wiring, place.tenant)
    found.after = {name: make(place)() for name, make in KINDS.items()}
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_issued_before_the_epoch_is_over_and_what_comes_after_is_not(told: Told, kind: str) -> None:
    assert (told.before[kind], told.after[kind]) == (False, True)


def test_every_table_of_things_that_end_is_compared_or_is_no_credential() -> None:
    """A table that is new must be put into one of the two, and into `KINDS`."""
    ending = {
        name
        for name, table in metadata.tables.items()
        if "expires_at" in table.c or any(column.endswith("_digest") for column in table.c.keys())  # noqa: SIM118
    }
    knows_devices = {"devices", "login_throttles"}
    assert ending - knows_devices == COMPARED | NO_CREDENTIAL.keys()


def test_the_tenant_and_the_operators_can_read_what_happened(wiring: Wiring, tenant: Tenant) -> None:
    with wiring.platform_unit() as platform:
        moment = epoch.sign_out_everybody(platform, tenants.get(platform, tenant.slug))
    with wiring.tenant_unit(tenant) as uow:
        told = uow.session.scalars(select(Event).where(Event.type == "tenant.credentials_revoked")).one()
    assert told.data == {"not_before": moment.isoformat()}


def test_a_restored_database_is_one_statement_and_one_event_for_all_tenants(
    wiring: Wiring, tenant: Tenant, other_tenant: Tenant, idp: Terminal
) -> None:
    system = system_tenant(wiring)
    with wiring.tenant_unit(tenant) as uow:
        before = uow.session.scalar(select(func.count()).select_from(Event))
    try:
        document = idp.json("db", "restored", "--yes")
        with wiring.platform_unit() as platform:
            moments = {str(tenants.get(platform, row.slug).not_before) for row in (tenant, other_tenant, system)}
            living = len(tenants.list_all(platform))
        assert moments == {str(datetime.fromisoformat(document["not_before"]))}
        assert document["tenants"] == living
        with wiring.tenant_unit(system) as uow:
            (event,) = uow.session.scalars(select(Event).where(Event.type == "database.restored")).all()
            assert event.data["tenants"] == living
        with wiring.tenant_unit(tenant) as uow:
            assert uow.session.scalar(select(func.count()).select_from(Event)) == before
    finally:
        lift(wiring)


def lift(wiring: Wiring) -> None:
    """What other tests of this database hold is good again."""
    with wiring.platform_unit() as platform:
        for row in tenants.list_all(platform):
            row.not_before = None
    resolve.forget()


def test_both_verbs_ask_before_they_sign_everybody_out(idp: Terminal, tenant: Tenant) -> None:
    for verb in (("db", "restored"), ("tenant", "sign-out-everybody", tenant.slug)):
        assert "--yes" in idp.sentence(*verb)


def test_the_verb_names_what_it_cannot_end(idp: Terminal, tenant: Tenant) -> None:
    said = idp("tenant", "sign-out-everybody", tenant.slug, "--yes")
    assert said.exit_code == 0, said.output
    assert "idp key revoke" in said.stdout
    assert idp.json("tenant", "show", tenant.slug)["credentials_not_before"] is not None


def test_whoever_may_not_change_tenants_signs_nobody_out(app: Any, wiring: Wiring, tenant: Tenant) -> None:
    system = People(wiring, system_tenant(wiring))
    reader: Caller = person_caller(app, system, email=f"op-{new_id().hex}@example.com", scope=("tenants:read",))
    reader.base = f"{wiring.settings.base_url}/api/v1"
    assert reader.post(f"/tenants/{tenant.slug}/sign-out-everybody").status_code == 403
    with wiring.platform_unit() as platform:
        assert tenants.get(platform, tenant.slug).not_before is None

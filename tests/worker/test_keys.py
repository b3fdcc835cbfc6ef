"""The schedule of signing keys: published before it signs, verified after, destroyed when nothing needs it (R18)."""

import threading
from datetime import timedelta

from sqlalchemy import text, update

from idp.db.locks import try_lock
from idp.keys import schedule as key_schedule
from idp.keys import service as keys
from idp.keys.models import KeyState, SigningKey
from idp.tenants import service as tenants
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from idp.worker import schedule

MOMENTS = (SigningKey.published_at, SigningKey.activated_at, SigningKey.retiring_at)


def is_due(wiring: Wiring, tenant: Tenant) -> bool:
    with wiring.platform_unit() as platform:
        return tenant.id in {row.id for row in key_schedule.due_tenants(platform, limit=10_000)}


def tend(wiring: Wiring) -> None:
    schedule.tend_keys(wiring, threading.Event())


def states(wiring: Wiring, tenant: Tenant) -> list[KeyState]:
    with wiring.tenant_unit(tenant) as uow:
        return [key.state for key in keys.list_all(uow)]


def age(wiring: Wiring, tenant: Tenant, by: timedelta) -> None:
    """Let time pass for a tenant's keys."""
    with wiring.platform_unit() as platform:
        platform.execute(
            update(SigningKey)
            .where(SigningKey.tenant_id == tenant.id)
            .values({column: column - by for column in MOMENTS})
        )


def test_a_new_tenant_gets_its_standby_key(wiring: Wiring, tenant: Tenant) -> None:
    assert states(wiring, tenant) == [KeyState.ACTIVE]
    assert is_due(wiring, tenant)
    tend(wiring)
    assert states(wiring, tenant) == [KeyState.PENDING, KeyState.ACTIVE]


def test_a_tenant_in_order_is_not_due(wiring: Wiring, tenant: Tenant) -> None:
    tend(wiring)
    assert not is_due(wiring, tenant)
    age(wiring, tenant, timedelta(days=89))
    assert not is_due(wiring, tenant)


def test_an_old_key_hands_over_and_is_destroyed_when_its_last_token_expired(wiring: Wiring, tenant: Tenant) -> None:
    tend(wiring)
    age(wiring, tenant, timedelta(days=91))
    tend(wiring)
    assert states(wiring, tenant) == [KeyState.ACTIVE, KeyState.RETIRING]
    tend(wiring)
    assert states(wiring, tenant) == [KeyState.PENDING, KeyState.ACTIVE, KeyState.RETIRING]
    assert not is_due(wiring, tenant)
    age(wiring, tenant, keys.RETIRE_AFTER)
    tend(wiring)
    assert states(wiring, tenant) == [KeyState.PENDING, KeyState.ACTIVE, KeyState.RETIRED]
    with wiring.tenant_unit(tenant) as uow:
        assert [key.private_sealed is None for key in keys.list_all(uow)] == [False, False, True]


def test_a_standby_that_is_too_fresh_does_not_sign(wiring: Wiring, tenant: Tenant) -> None:
    age(wiring, tenant, timedelta(days=91))
    tend(wiring)
    assert states(wiring, tenant) == [KeyState.PENDING, KeyState.ACTIVE]
    assert not is_due(wiring, tenant)
    age(wiring, tenant, keys.PUBLISH_LEAD)
    assert is_due(wiring, tenant)


def test_the_tenants_own_rotation_period_counts(wiring: Wiring, tenant: Tenant) -> None:
    tend(wiring)
    with wiring.platform_unit() as platform:
        tenants.update(platform, tenants.get(platform, tenant.slug), {"key_rotation_days": "7"})
    age(wiring, tenant, timedelta(days=8))
    assert is_due(wiring, tenant)
    tend(wiring)
    assert states(wiring, tenant)[-1] is KeyState.RETIRING


def test_a_deleted_tenant_gets_no_keys(wiring: Wiring, tenant: Tenant) -> None:
    with wiring.platform_unit() as platform:
        tenants.delete(platform, tenants.get(platform, tenant.slug))
    assert not is_due(wiring, tenant)


def test_a_tenant_whose_key_is_held_by_another_worker_is_left_to_it(wiring: Wiring, tenant: Tenant) -> None:
    with wiring.tenant_unit(tenant) as uow:
        assert try_lock(uow, f"keys:{tenant.id}")
        tend(wiring)
    assert states(wiring, tenant) == [KeyState.ACTIVE]


def test_many_workers_make_one_standby_key(wiring: Wiring, tenant: Tenant) -> None:
    threads = [threading.Thread(target=tend, args=(wiring,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states(wiring, tenant) == [KeyState.PENDING, KeyState.ACTIVE]


def test_one_broken_tenant_does_not_keep_the_others_waiting(
    wiring: Wiring, tenant: Tenant, other_tenant: Tenant
) -> None:
    with wiring.platform_unit() as platform:
        platform.execute(text("UPDATE tenants SET data_key_sealed = '\\x00' WHERE id = :tenant"), {"tenant": tenant.id})
    tend(wiring)
    assert states(wiring, tenant) == [KeyState.ACTIVE]
    assert states(wiring, other_tenant) == [KeyState.PENDING, KeyState.ACTIVE]


def test_a_rotation_that_is_asked_for_too_early_happens_as_soon_as_it_may(wiring: Wiring, tenant: Tenant) -> None:
    """R18: no key signs before it was published for long enough, whoever asks."""
    with wiring.tenant_unit(tenant) as uow:
        asked = keys.rotate(uow)
    tend(wiring)
    assert states(wiring, tenant) == [KeyState.PENDING, KeyState.ACTIVE]
    age(wiring, tenant, keys.PUBLISH_LEAD)
    assert is_due(wiring, tenant)
    tend(wiring)
    with wiring.tenant_unit(tenant) as uow:
        now_active = [key.kid for key in keys.list_all(uow) if key.state is KeyState.ACTIVE]
    assert now_active == [asked.kid]


def test_a_rotation_with_a_ready_standby_happens_now(wiring: Wiring, tenant: Tenant) -> None:
    tend(wiring)
    age(wiring, tenant, keys.PUBLISH_LEAD)
    with wiring.tenant_unit(tenant) as uow:
        assert keys.rotate(uow).state is KeyState.ACTIVE
    assert states(wiring, tenant) == [KeyState.ACTIVE, KeyState.RETIRING]

"""The envelope: master key → data key → value (R19, R51)."""

from uuid import uuid4

import pytest

from idp.crypto.sealing import DataKey, MasterKeys, SealBroken
from idp.db.unit import UnitOfWork
from idp.errors import NotFound
from idp.tenants import service as tenants
from idp.tenants.models import Tenant
from idp.wiring import Wiring

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def test_the_first_master_key_wraps_and_every_one_opens() -> None:
    tenant = uuid4()
    before = MasterKeys({"old": OLD}).wrap_new(tenant)
    rotated = MasterKeys({"new": NEW, "old": OLD})
    assert rotated.open(tenant, before)
    after = rotated.wrap_new(tenant)
    assert (before[2:5], after[2:5]) == (b"old", b"new")
    with pytest.raises(SealBroken, match="IDP_MASTER_KEYS"):
        MasterKeys({"old": OLD}).open(tenant, after)


def test_two_tenants_have_two_keys_and_two_purposes_two_derivations() -> None:
    keys = MasterKeys({"new": NEW})
    one, other = uuid4(), uuid4()
    first, second = keys.open(one, keys.wrap_new(one)), keys.open(other, keys.wrap_new(other))
    assert len({first.derive("a"), first.derive("b"), second.derive("a"), second.derive("b")}) == 4


def test_a_key_does_not_show_itself() -> None:
    key = DataKey(uuid4(), NEW)
    assert NEW.hex() not in repr(key)
    assert repr(NEW) not in repr(key)


def test_sealing_twice_looks_different() -> None:
    key, row = DataKey(uuid4(), NEW), uuid4()
    assert key.seal(b"x", table="t", column="c", row=row) != key.seal(b"x", table="t", column="c", row=row)


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x02" + bytes(40), b"\x01" + bytes(11), b"\x01" + bytes(40)])
def test_noise_does_not_open(blob: bytes) -> None:
    with pytest.raises(SealBroken):
        DataKey(uuid4(), NEW).unseal(blob, table="t", column="c", row=uuid4())
    with pytest.raises(SealBroken):
        MasterKeys({"new": NEW}).open(uuid4(), blob)


def test_deleting_a_tenant_shreds_what_was_sealed(wiring: Wiring, tenant: Tenant, uow: UnitOfWork) -> None:
    """R51: without the wrapped key nothing sealed under it can be read again."""
    assert uow.data_key
    with wiring.platform_unit() as platform:
        tenants.delete(platform, tenants.get(platform, tenant.slug))
        deleted = platform.session.get(Tenant, tenant.id)
        assert deleted is not None
        assert deleted.data_key_sealed is None
    with pytest.raises(NotFound):
        _ = wiring.tenant_unit(deleted).data_key

"""Settings of a tenant: of the type that their document says, or as people type them, and nothing between (R46)."""

from typing import Any

import pytest

from idp.policy import Policy
from idp.tenants import service as tenants
from idp.tenants.errors import SettingUnknown
from idp.tenants.models import Tenant
from idp.wiring import Wiring


def changed(wiring: Wiring, tenant: Tenant, **changes: Any) -> Tenant:
    with wiring.platform_unit() as platform:
        return tenants.update(platform, tenants.get(platform, tenant.slug), changes)


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("password_min_length", 20, 20),
        ("password_min_length", "20", 20),
        ("deletion_grace_days", 0, 0),
        ("deletion_grace_days", "0", 0),
        ("key_bits", "3072", 3072),
        ("sign_in_needs_verified_email", True, True),
        ("sign_in_needs_verified_email", "true", True),
        ("sign_in_needs_verified_email", "No", False),
        ("registration_domains", ["Acme.example"], ["acme.example"]),
        ("registration_domains", "acme.example, acme.com", ["acme.example", "acme.com"]),
        ("registration_domains", [], []),
        ("terms_version", "2026", "2026"),
    ],
)
def test_a_value_and_its_text_are_one(wiring: Wiring, tenant: Tenant, name: str, value: Any, kept: Any) -> None:
    assert getattr(changed(wiring, tenant, **{name: value}).policy, name) == kept


@pytest.mark.parametrize("empty", [None, ""])
def test_nothing_is_the_default_again(wiring: Wiring, tenant: Tenant, empty: Any) -> None:
    changed(wiring, tenant, password_min_length=20, registration_domains=["acme.example"])
    again = changed(wiring, tenant, password_min_length=empty, registration_domains=empty)
    assert again.policy == Policy()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("deletion_grace_days", True),
        ("deletion_grace_days", 1.0),
        ("deletion_grace_days", "1.0"),
        ("deletion_grace_days", "١"),
        ("sign_in_needs_verified_email", 1),
        ("sign_in_needs_verified_email", "perhaps"),
        ("registration_domains", [1]),
        ("registration_domains", {"acme.example": True}),
        ("terms_version", 2026),
        ("accent", 0),
        ("limit_tenant", 5),
        ("name", 5),
        ("name", None),
        ("logo_etag", "x"),
        ("slug", "other"),
    ],
)
def test_a_value_of_another_type_is_named_and_changes_nothing(
    wiring: Wiring, tenant: Tenant, name: str, value: Any
) -> None:
    with pytest.raises(SettingUnknown) as refused:
        changed(wiring, tenant, password_min_length=20, **{name: value})
    assert refused.value.field == name
    with wiring.platform_unit() as platform:
        assert tenants.get(platform, tenant.slug).policy == Policy()

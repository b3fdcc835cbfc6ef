"""Two versions of the code over one database, as a rolling deployment has them (R64)."""

from sqlalchemy import text

from idp.tenants import resolve
from idp.tenants.models import Tenant
from idp.wiring import Wiring


def test_a_document_of_a_newer_version_is_read_by_this_one(wiring: Wiring, tenant: Tenant) -> None:
    with wiring.platform_unit() as platform:
        platform.execute(
            text("UPDATE tenants SET policy = policy || '{\"from_the_future\": 1}' WHERE id = :id"), {"id": tenant.id}
        )
    resolve.forget()
    assert resolve.resolve(wiring.app, tenant.slug).policy == tenant.policy

"""N reads what N+1 wrote (R64)."""

import json

import pytest
from sqlalchemy import text

from idp.tenants.models import Tenant
from idp.tenants.resolve import forget
from idp.wiring import Wiring
from tests.browser import Browser


@pytest.mark.parametrize("column", ["policy", "branding"])
def test_a_setting_of_a_later_release_is_passed_over(
    browser: Browser, tenant: Tenant, wiring: Wiring, column: str
) -> None:
    with wiring.platform_unit() as platform:
        platform.execute(
            text(f"UPDATE tenants SET {column} = {column} || CAST(:more AS jsonb) WHERE id = :id"),  # noqa: S608
            {"more": json.dumps({"of_a_later_release": 1}), "id": tenant.id},
        )
    forget()
    assert browser.get(browser.url("/")).status_code == 200

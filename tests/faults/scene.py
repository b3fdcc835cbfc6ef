"""What the load acts on: one tenant with its people, an application and a machine."""

import base64
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from idp.rbac import service as rbac
from idp.rbac.models import Role
from idp.tenants import service as tenants
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests import factories

BUDGET = {
    "limit_tenant": "1000000/minute",
    "limit_visit_ip": "1000000/minute",
    "limit_sign_in_ip": "1000/minute",
    "limit_sign_in_account": "60/minute",
    "limit_client": "1000000/minute",
    "refresh_grace_seconds": "30",
}
"""What one loaded address needs, and the longest grace, as the slowest of all repairs is to end within it."""
SCOPE = "users:read users:write roles:assign"


@dataclass(frozen=True)
class Scene:
    """Everything by its public name.

    Attributes:
        issuer: of the tenant.
        app: credentials of the application, for HTTP Basic.
        machine: the same, of the machine, which manages people.
        role_id: what it gives and takes.
        people: how many sign in, by page and by API.
    """

    tenant_id: UUID
    issuer: str
    app: str
    app_id: str
    machine: str
    role_id: UUID
    people: int

    def person(self, number: int) -> str:
        """The address of somebody who uses applications."""
        return f"person-{number}@example.com"

    def changer(self, number: int) -> str:
        """The address of somebody who changes their password all the time."""
        return f"changer-{number}@example.com"


def prepare(wiring: Wiring, *, slug: str = "faults", people: int = 6) -> Scene:
    """Make the tenant, with passwords that cost a tenth."""
    with wiring.platform_unit() as platform:
        tenant: Tenant = tenants.create(platform, slug=slug, name="Faults", base_url=wiring.settings.base_url)
        platform.flush()
        tenants.update(platform, tenant, BUDGET)
    with factories.cheap_passwords(), wiring.tenant_unit(tenant) as uow:
        for number in range(people):
            factories.make_user(uow, email=f"person-{number}@example.com")
            factories.make_user(uow, email=f"changer-{number}@example.com")
        app, app_secret = factories.make_client(uow, direct_sign_in=True)
        machine, machine_secret = factories.make_client(uow, type="machine", scope=SCOPE)
        rbac.assign_to_client(uow, machine, "admin")
        role_id = uow.session.scalars(select(Role.id).where(Role.name == "member")).one()
        return Scene(
            tenant.id,
            tenant.issuer,
            _basic(app.id, app_secret),
            str(app.id),
            _basic(machine.id, machine_secret),
            role_id,
            people,
        )


def _basic(client_id: UUID, secret: str | None) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()

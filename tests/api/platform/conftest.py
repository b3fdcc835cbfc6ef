"""Operators: people and machine clients of the tenant ``system``, and what they hold when they act for another."""

from collections.abc import Callable
from typing import Any

import pytest

from idp.ids import new_id
from idp.oauth import management
from idp.rbac import permissions
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.api.management.callers import Caller, machine_caller, person_caller
from tests.factories import People, system_tenant

ABOVE = tuple(sorted(permissions.PLATFORM))
REASON = "Ticket 4711: nobody can sign in"


@pytest.fixture
def operators(wiring: Wiring) -> People:
    """The people of ``system``, which all tests share."""
    return People(wiring, system_tenant(wiring))


@pytest.fixture
def platform_caller(app: Any, operators: People) -> Callable[..., Caller]:
    """Makes operators, who are people."""

    def make(*roles: str, scope: tuple[str, ...] = ABOVE) -> Caller:
        person = person_caller(app, operators, email=f"op-{new_id().hex}@example.com", roles=roles, scope=scope)
        person.base = management.platform_audience(operators.tenant)
        return person

    return make


@pytest.fixture
def operator(platform_caller: Callable[..., Caller]) -> Caller:
    """An owner of ``system``."""
    return platform_caller("owner")


@pytest.fixture
def program(app: Any, operators: People) -> Callable[..., Caller]:
    """Makes machine clients of ``system``."""

    def make(scope: str, *roles: str) -> Caller:
        machine = machine_caller(app, operators, scope=scope, roles=roles)
        machine.base = management.platform_audience(operators.tenant)
        return machine

    return make


class Acting:
    """An operator at a tenant."""

    def __init__(self, app: Any, operator: Caller, tenant: Tenant) -> None:
        self.app, self.operator, self.tenant = app, operator, tenant
        self.url = f"/tenants/{tenant.slug}/accesses"

    def begin(self, *names: str, minutes: int = 5, reason: str = REASON) -> Caller:
        """A caller of the tenant's management API, who knows the access it stands on."""
        answer = self.operator.post(self.url, {"reason": reason, "minutes": minutes, "permissions": list(names)})
        assert answer.status_code == 201, answer.text
        caller = Caller(self.app, management.audience(self.tenant), answer.json["access_token"], self.operator.id)
        self.begun = answer.json
        return caller


@pytest.fixture
def acting(app: Any, operator: Caller, tenant: Tenant) -> Acting:
    return Acting(app, operator, tenant)

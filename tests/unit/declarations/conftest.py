"""A tenant to declare, as an operator."""

from collections.abc import Callable
from typing import Any

import pytest

from idp.declarations import state
from idp.declarations.apply import Applied, apply
from idp.declarations.document import check
from idp.declarations.reading import Source
from idp.declarations.things import State
from idp.tenants import service as tenants
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.conftest import BASE_URL
from tests.unit.declarations.examples import OPERATOR

Apply = Callable[..., Applied]


@pytest.fixture
def declare(wiring: Wiring, tenant: Tenant) -> Apply:
    def declare(*, slug: str = tenant.slug, prune: bool = False, expected: Any = None, **sections: Any) -> Applied:
        declaration = check(Source({"tenant": slug, **sections}), secrets=str)
        with wiring.platform_unit(OPERATOR) as platform:
            return apply(platform, declaration, base_url=BASE_URL, prune=prune, expected=expected)

    return declare


@pytest.fixture
def present(wiring: Wiring, tenant: Tenant) -> Callable[[], State]:
    def present() -> State:
        with wiring.platform_unit() as platform:
            return state.of_tenant(platform, tenants.get(platform, tenant.slug))

    return present

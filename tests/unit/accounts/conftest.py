import pytest

from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests import factories
from tests.factories import People
from tests.post import Post


@pytest.fixture
def tenant(wiring: Wiring) -> Tenant:
    """One that takes sign-ups."""
    return factories.make_tenant(wiring, registration="open")


@pytest.fixture
def post(wiring: Wiring, people: People) -> Post:
    return Post(wiring, people.tenant)

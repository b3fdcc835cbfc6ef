"""Ada, who is signed in, and the post office of her tenant."""

import pytest

from idp.tenants.models import Tenant
from idp.users.models import User
from idp.wiring import Wiring
from tests.browser import Browser
from tests.factories import People
from tests.post import Post
from tests.web.account.visitor import Visitor


@pytest.fixture
def user(people: People) -> User:
    return people.user(given_name="Ada")


@pytest.fixture
def ada(user: User, browser: Browser) -> Visitor:
    return Visitor(browser)


@pytest.fixture
def post(wiring: Wiring, tenant: Tenant) -> Post:
    return Post(wiring, tenant)

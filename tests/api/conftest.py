"""Applications that may sign people in directly: one without a secret, one with."""

from typing import Any

import pytest

from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.api.application import Application
from tests.factories import CALLBACK, People, make_tenant
from tests.post import Post

SCOPE = "openid profile email offline_access"


def make_application(app: Any, people: People, **members: Any) -> Application:
    members = {
        "type": "native",
        "direct_sign_in": True,
        "scope": SCOPE,
        "redirect_uris": [CALLBACK],
        "first_party": True,
        **members,
    }
    return Application(app, people.tenant, *people.client(**members))


@pytest.fixture
def application(app: Any, people: People) -> Application:
    """Without a secret, as on a phone."""
    return make_application(app, people)


@pytest.fixture
def backend(app: Any, people: People) -> Application:
    """With a secret, as on a server."""
    return make_application(app, people, type="web")


@pytest.fixture
def open_tenant(wiring: Wiring) -> Tenant:
    """A tenant where anybody may sign up, and nobody signs in unproven."""
    return make_tenant(wiring, registration="open", sign_in_needs_verified_email="true")


@pytest.fixture
def newcomers(wiring: Wiring, open_tenant: Tenant) -> People:
    return People(wiring, open_tenant)


@pytest.fixture
def signup(app: Any, newcomers: People) -> Application:
    """The application of `open_tenant`."""
    return make_application(app, newcomers)


@pytest.fixture
def post(wiring: Wiring, open_tenant: Tenant) -> Post:
    """The mail of `open_tenant`."""
    return Post(wiring, open_tenant)

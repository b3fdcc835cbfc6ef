"""Callers of the management API: an owner, an administrator, and whoever a test wants."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.management.callers import Caller, machine_caller, person_caller
from tests.factories import People


@pytest.fixture
def owner(app: Any, people: People) -> Caller:
    return person_caller(app, people, email="olive@example.com", roles=("owner",))


@pytest.fixture
def admin(app: Any, people: People) -> Caller:
    return person_caller(app, people, email="adam@example.com", roles=("admin",))


@pytest.fixture
def machine(app: Any, people: People) -> Callable[..., Caller]:
    """Makes machine clients with roles and a scope."""
    return lambda **values: machine_caller(app, people, **values)

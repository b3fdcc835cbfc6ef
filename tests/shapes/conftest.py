"""The shapes around this worker's installation."""

from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

from idp.config import Settings
from idp.wiring import Wiring
from tests.shapes.pgbouncer import Pgbouncer, pooled

POOL_SIZE = 3
"""Two sign-ins at once, each of which needs a second connection for an instant, find one."""


@pytest.fixture(scope="session")
def database_admin_url(addresses: dict[str, str], environment: dict[str, str]) -> str:
    """Of the superuser, in the worker's database."""
    database = make_url(environment["IDP_DATABASE_URL"]).database
    return make_url(addresses["admin_url"]).set(database=database).render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def bouncer(database_admin_url: str) -> Iterator[Pgbouncer]:
    """A pgbouncer before the worker's database."""
    with pooled(database_admin_url, pool_size=POOL_SIZE) as bouncer:
        yield bouncer


@pytest.fixture(scope="module")
def pooled_wiring(bouncer: Pgbouncer, environment: dict[str, str], wiring: Wiring) -> Iterator[Wiring]:
    """The parts of a process that knows PostgreSQL by way of pgbouncer alone; keys and passwords are cheap."""
    own = Wiring.of(Settings.load(bouncer.environment(environment)))
    yield own
    own.dispose()


@pytest.fixture(scope="module")
def narrow_wiring(database_admin_url: str, environment: dict[str, str], wiring: Wiring) -> Iterator[Wiring]:
    """The same, with one server connection for everybody: each meets what the one before it left behind."""
    with pooled(database_admin_url, pool_size=1) as bouncer:
        own = Wiring.of(Settings.load(bouncer.environment(environment)))
        yield own
        own.dispose()

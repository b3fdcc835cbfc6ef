"""Real servers for every test: one PostgreSQL and one Valkey, a database a worker, a fresh tenant a test."""

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import make_url

from idp.config import Settings
from idp.db import migrations, provision
from idp.tenants import resolve
from idp.tenants import service as tenants
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests import factories, services
from tests.browser import Browser

TEMPLATE = "idp_template"
BASE_URL = "http://localhost:8000"


def pytest_configure(config: pytest.Config) -> None:
    """On the controller, or the only process: start the servers and migrate the template once."""
    if hasattr(config, "workerinput"):
        config.services = config.workerinput["services"]
        return
    started = services.start_services()
    config.add_cleanup(started.stop)
    urls = provision.initialise(started.addresses["admin_url"], database=TEMPLATE)
    migrations.upgrade(urls.owner)
    config.services = {**started.addresses, **urls.as_environment()}


def pytest_collection_finish() -> None:
    """Thousands of tests are no garbage; the collector need not look at them again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each xdist worker where the servers are."""
    node.workerinput["services"] = node.config.services


@pytest.fixture(scope="session")
def addresses(request: pytest.FixtureRequest) -> dict[str, str]:
    return request.config.services


@pytest.fixture(scope="session")
def environment(addresses: dict[str, str], worker_id: str) -> dict[str, str]:
    """The settings of this worker's instance: a database of its own, from the migrated template."""
    database = f"idp_{worker_id}"
    services.create_database(addresses, database, owner="idp_owner", template=TEMPLATE)
    urls = {
        name: make_url(addresses[name]).set(database=database).render_as_string(hide_password=False)
        for name in ("IDP_DATABASE_URL", "IDP_PLATFORM_DATABASE_URL", "IDP_OWNER_DATABASE_URL")
    }
    return urls | {
        "IDP_BASE_URL": BASE_URL,
        "IDP_REDIS_URL": services.redis_url(addresses, worker_id),
        "IDP_MASTER_KEYS": "first:" + factories.MASTER_KEY,
        "IDP_LOG_LEVEL": "error",
        "IDP_WORKER_PORT": "0",
        "IDP_DEV": "true",
    }


@pytest.fixture(scope="session")
def settings(environment: dict[str, str]) -> Settings:
    return Settings.load(environment)


@pytest.fixture(scope="session")
def wiring(settings: Settings) -> Iterator[Wiring]:
    with factories.ready_made_keys(), factories.cheap_passwords():
        wiring = Wiring.of(settings)
        yield wiring
        wiring.dispose()


@pytest.fixture(scope="session")
def app(settings: Settings, wiring: Wiring) -> Any:
    from idp.app import create_app

    return create_app(settings, wiring)


@pytest.fixture
def tenant(wiring: Wiring) -> Tenant:
    return factories.make_tenant(wiring)


@pytest.fixture
def other_tenant(wiring: Wiring) -> Tenant:
    return factories.make_tenant(wiring)


@pytest.fixture
def granted(wiring: Wiring, tenant: Tenant) -> Callable[..., None]:
    """Sets the tenant's budget, as `idp tenant set` does.  A window of a day ends during no test."""

    def grant(**budget: str) -> None:
        with wiring.platform_unit() as platform:
            tenants.update(platform, tenants.get(platform, tenant.slug), budget)
        resolve.forget()

    return grant


@pytest.fixture
def uow(wiring: Wiring, tenant: Tenant) -> Iterator[Any]:
    """A unit of `tenant`, rolled back at the end."""
    unit = wiring.tenant_unit(tenant)
    yield unit
    unit.close()


@pytest.fixture
def people(wiring: Wiring, tenant: Tenant) -> factories.People:
    """Committing factories of `tenant`."""
    return factories.People(wiring, tenant)


@pytest.fixture
def others(wiring: Wiring, other_tenant: Tenant) -> factories.People:
    """The same, of `other_tenant`."""
    return factories.People(wiring, other_tenant)


@pytest.fixture
def browser(app: Any, tenant: Tenant) -> Browser:
    """A browser with cookies of its own, at `tenant`."""
    return Browser(app, tenant)

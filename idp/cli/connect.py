"""What a verb talks to: the living `idp dev` of the data folder, else the installation that the environment names."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import click

from idp import log
from idp.actor import OPERATOR
from idp.config import Settings
from idp.db.unit import PlatformUnit, UnitOfWork
from idp.dev.instance import living_instance
from idp.tenants import service as tenants
from idp.tenants.models import Tenant
from idp.wiring import Wiring

DATA_DIR = Path(".idp")


class Connection:
    """One command's way to the database; nothing opens before it is needed.

    Attributes:
        data_dir: where a living `idp dev` may be found.
        as_json: whether the answer is one JSON document.
    """

    def __init__(self) -> None:
        self.data_dir = DATA_DIR
        self.as_json = False

    @cached_property
    def settings(self) -> Settings:
        """Of the living instance, else of the environment.

        Raises:
            Misconfigured: with one sentence that names every wrong setting.
        """
        instance = living_instance(self.data_dir)
        return Settings.load(None if instance is None else instance.environment)

    @cached_property
    def wiring(self) -> Wiring:
        """Both engines, closed when the command ends."""
        log.configure("error")
        wiring = Wiring.of(self.settings)
        click.get_current_context().call_on_close(wiring.dispose)
        return wiring


def current() -> Connection:
    """The connection of the running command."""
    connection = click.get_current_context().find_object(Connection)
    assert connection is not None  # noqa: S101 - the root command makes it
    return connection


@contextmanager
def platform_unit() -> Iterator[PlatformUnit]:
    """A transaction across tenants, as the operator; commits when the block ends well."""
    with current().wiring.platform_unit(OPERATOR) as platform:
        yield platform


@contextmanager
def tenant_unit(slug: str) -> Iterator[UnitOfWork]:
    """A transaction of one tenant, as the operator.

    Raises:
        NoSuchTenant: there is none of that name.
    """
    with current().wiring.tenant_unit(find_tenant(slug), OPERATOR) as uow:
        yield uow


def find_tenant(slug: str) -> Tenant:
    """The tenant, detached.

    Raises:
        NoSuchTenant: there is none of that name.
    """
    with platform_unit() as platform:
        return tenants.get(platform, slug)

"""``idp db``: the database, its three roles, and its schema."""

import click
import psycopg

from idp.actor import SYSTEM
from idp.cli import output
from idp.cli.connect import current
from idp.cli.options import verb
from idp.config import Misconfigured, Settings
from idp.db import migrations, provision
from idp.tenants import service as tenants
from idp.tenants.errors import NoSuchTenant
from idp.tenants.models import SYSTEM_SLUG
from idp.wiring import Wiring


@click.group()
def db() -> None:
    """The database: init, upgrade, status."""


@verb(db, "init")
@click.option("--admin-url", required=True, metavar="URL", help="Of a role that may create roles and databases.")
@click.option("--database", default="idp", show_default=True, metavar="NAME")
def init(admin_url: str, database: str) -> None:
    """Create the database and its roles, and print their URLs as environment lines; their passwords are new."""
    try:
        environment = provision.initialise(admin_url, database=database).as_environment()
    except (psycopg.OperationalError, ValueError) as error:
        raise click.ClickException(f"The server cannot be reached: {str(error).splitlines()[0]}") from None
    if current().as_json:
        output.record(environment)
        return
    for name, value in environment.items():
        click.echo(f"{name}={value}")


@verb(db, "upgrade")
def upgrade() -> None:
    """Bring the schema up to date, and make the built-in tenant if it is missing."""
    settings = current().settings
    before = migrations.status(current().wiring.app)
    bring_up(settings, current().wiring)
    after = migrations.status(current().wiring.app)
    sentence = f"The schema is at {after.current}."
    if before.current != after.current:
        sentence = f"The schema went from {before.current or 'nothing'} to {after.current}."
    output.done({"before": before.current, "current": after.current, "head": after.head}, sentence)


@verb(db, "status")
def status() -> None:
    """Say where the schema is, and where this version wants it."""
    found = migrations.status(current().wiring.app)
    output.record({"current": found.current, "head": found.head, "is_current": found.is_current})


def bring_up(settings: Settings, wiring: Wiring) -> None:
    """Migrate as the owner, then see to the built-in tenant and to the master key.

    Raises:
        Misconfigured: the owner's URL is missing.
        SealBroken: the master keys are not those that the database was made with.
    """
    if settings.owner_database_url is None:
        raise Misconfigured("IDP_OWNER_DATABASE_URL is missing; `idp db init` prints it.")
    migrations.upgrade(settings.owner_database_url.get_secret_value())
    with wiring.platform_unit(SYSTEM) as platform:
        try:
            system = tenants.get(platform, SYSTEM_SLUG)
        except NoSuchTenant:
            system = tenants.create(platform, slug=SYSTEM_SLUG, name="Operators", base_url=settings.base_url)
        if system.data_key_sealed is not None:
            wiring.master_keys.open(system.id, system.data_key_sealed)

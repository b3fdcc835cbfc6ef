"""``idp db``: the database, its three roles, and its schema."""

from collections.abc import Mapping
from pathlib import Path

import click
import psycopg

from idp.actor import SYSTEM
from idp.cli import output
from idp.cli.connect import current, platform_unit
from idp.cli.options import confirm, verb, yes
from idp.config import Misconfigured, Settings
from idp.db import migrations, provision
from idp.tenants import epoch
from idp.tenants import service as tenants
from idp.tenants.errors import NoSuchTenant
from idp.tenants.models import SYSTEM_SLUG
from idp.wiring import Wiring


@click.group()
def db() -> None:
    """The database: init, upgrade, status, restored."""


@verb(db, "init")
@click.option("--admin-url", metavar="URL", help="Of a role that may create roles and databases.")
@click.option(
    "--admin-url-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="A file that holds it.",
)
@click.option("--database", metavar="NAME", help="Its name; idp when left out.")
@click.option("--from-settings", is_flag=True, help="Make what the configured URLs name, with their passwords.")
def init(admin_url: str | None, admin_url_file: Path | None, database: str | None, from_settings: bool) -> None:
    """Create the database and its roles, and print their URLs as environment lines; their passwords are new.

    With --from-settings the passwords are those of the three configured URLs, and nothing secret is printed.
    """
    admin = _admin_url(admin_url, admin_url_file)
    if from_settings:
        if database is not None:
            raise click.UsageError("With --from-settings the URLs name the database")
        wanted = provision.Configured.by(current().settings)
        _provision(admin, wanted.database, wanted.passwords)
        output.done({"database": wanted.database}, f"The database {wanted.database} and its three roles are there.")
        return
    environment = _provision(admin, database or "idp", None).as_environment()
    if current().as_json:
        output.record(environment)
        return
    for name, value in environment.items():
        click.echo(f"{name}={value}")


def _admin_url(url: str | None, file: Path | None) -> str:
    if (url is None) == (file is None):
        raise click.UsageError("Give one of --admin-url and --admin-url-file")
    return file.read_text("utf-8").strip() if file is not None else url or ""


def _provision(admin_url: str, database: str, passwords: Mapping[str, str] | None) -> provision.DatabaseUrls:
    try:
        return provision.initialise(admin_url, database=database, passwords=passwords)
    except (psycopg.OperationalError, ValueError) as error:
        raise click.ClickException(f"The server cannot be reached: {str(error).splitlines()[0]}") from None


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


@verb(db, "restored")
@yes
def restored(yes: bool) -> None:
    """Say that the database came back from a backup: whatever any tenant issued until now is over.

    What was revoked or used up after the backup would be good again otherwise.
    """
    confirm(yes, "Sign everybody of every tenant out, people and machines?")
    with platform_unit() as platform:
        moment, count = epoch.declare_restored(platform)
    output.done(
        {"not_before": moment, "tenants": count},
        f"Everything that {count} {'tenant' if count == 1 else 'tenants'} issued before"
        f" {moment:%Y-%m-%d %H:%M:%S} UTC is over. Next: `idp doctor`, then start `idp serve` and `idp worker`.",
    )


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

"""``idp secrets``: the secrets of a new installation, as the files that ``IDP_…_FILE`` name (R59).

Two folders, because whoever serves need not be able to change the schema: a volume each, where containers mount them.
"""

import base64
from pathlib import Path

import click
from sqlalchemy import URL

from idp.cli import output
from idp.cli.options import program
from idp.crypto.secrets import new_secret, new_seed
from idp.db.rls import APP, OWNER, PLATFORM
from idp.dev.files import write_private

SUPERUSER = "postgres"
SUPERUSER_PASSWORD = "POSTGRES_PASSWORD"  # as the image of PostgreSQL calls it
FOR_THE_GROUP = 0o640
"""The server of the database runs as another user; what makes it get in is our group."""

_folder = click.Path(path_type=Path, exists=True, file_okay=False, writable=True)


@program("secrets")
@click.option("--serving", type=_folder, required=True, metavar="FOLDER", help="For what `serve` and `worker` need.")
@click.option("--migrating", type=_folder, required=True, metavar="FOLDER", help="For what only `db` needs.")
@click.option("--database-host", default="postgres", show_default=True, metavar="HOST", help="Or its socket's folder.")
@click.option("--database", default="idp", show_default=True, metavar="NAME")
def secrets(serving: Path, migrating: Path, database_host: str, database: str) -> None:
    """Write random secrets of a new installation into two folders; what is there stays as it is.

    Each file has the name of its setting.  None of them is printed.  Keep a copy of IDP_MASTER_KEYS elsewhere: without
    it a backup of the database cannot be read.
    """

    def url(role: str, password: str, name: str) -> str:
        made = URL.create("postgresql", role, password, database=name)
        is_socket = database_host.startswith("/")
        made = made.set(query={"host": database_host}) if is_socket else made.set(host=database_host)
        return made.render_as_string(hide_password=False)

    made = [
        *_write(serving / "IDP_MASTER_KEYS", "k1:" + base64.b64encode(new_seed()).decode()),
        *_write(serving / "IDP_DATABASE_URL", url(APP, new_secret("pw"), database)),
        *_write(serving / "IDP_PLATFORM_DATABASE_URL", url(PLATFORM, new_secret("pw"), database)),
        *_write(migrating / "IDP_OWNER_DATABASE_URL", url(OWNER, new_secret("pw"), database)),
        *_write(migrating / SUPERUSER_PASSWORD, new_secret("pw"), mode=FOR_THE_GROUP),
    ]
    password = (migrating / SUPERUSER_PASSWORD).read_text("utf-8")
    made += _write(migrating / "ADMIN_DATABASE_URL", url(SUPERUSER, password, SUPERUSER))
    output.done({"made": made}, f"Made: {', '.join(made)}." if made else "Every secret was there already.")


def _write(path: Path, secret: str, *, mode: int = 0o600) -> list[str]:
    if is_new := not path.exists():
        write_private(path, secret)
    if path.stat().st_mode & 0o777 != mode:
        path.chmod(mode)
    return [path.name] if is_new else []

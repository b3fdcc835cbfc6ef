"""The servers of a test session: one PostgreSQL without fsync, one Valkey, and a share of both for each worker.

The xdist controller, or the only process, calls `start_services` and sends `Services.addresses` through
``workerinput``; each process then asks for what is its own: a database, and a Redis database number.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from idp.dev.postgres import Postgres
from idp.dev.valkey import Valkey


@dataclass(frozen=True)
class Services:
    """Both servers, running."""

    root: Path
    postgres: Postgres
    valkey: Valkey

    @property
    def addresses(self) -> dict[str, str]:
        """What workers need, as plain data."""
        return {"admin_url": self.postgres.admin_url, "redis_url": self.valkey.url}

    def stop(self) -> None:
        """Stop both, and remove all that they kept."""
        self.valkey.stop()
        self.postgres.stop()
        for folder in (self.postgres.home, self.postgres.socket_dir, self.root):
            shutil.rmtree(folder, ignore_errors=True)


def start_services(root: Path | None = None) -> Services:
    """Start both in `root`, or in a temporary folder; call it from the main thread."""
    if root is None:
        root = Path(tempfile.mkdtemp(prefix="idp-tests-"))
        root.chmod(0o711 if os.geteuid() == 0 else 0o700)  # PostgreSQL is not root, and must get in
    postgres, valkey = Postgres(root, durable=False), Valkey(root)
    try:
        return Services(root, postgres.start(), valkey.start())
    except BaseException:
        postgres.stop()
        shutil.rmtree(root, ignore_errors=True)
        raise


def worker_number(worker_id: str) -> int:
    """0 for the only process, 1 for gw0, 2 for gw1, and so on."""
    return int(worker_id.removeprefix("gw")) + 1 if worker_id.startswith("gw") else 0


def redis_url(addresses: dict[str, str], worker_id: str) -> str:
    """Address of the worker's own Redis database."""
    return f"{addresses['redis_url']}?db={worker_number(worker_id)}"


def create_database(
    addresses: dict[str, str], name: str, *, owner: str = "postgres", template: str = "template1"
) -> str:
    """Make an empty database, or a copy of `template`, in place of an earlier one; return the superuser's URL."""
    admin_url = addresses["admin_url"]
    with psycopg.connect(admin_url, autocommit=True) as connection:
        words = {"name": name, "owner": owner, "template": template}
        identifiers = {key: sql.Identifier(value) for key, value in words.items()}
        for statement in (
            "DROP DATABASE IF EXISTS {name} WITH (FORCE)",
            "CREATE DATABASE {name} OWNER {owner} TEMPLATE {template} STRATEGY FILE_COPY",
        ):
            connection.execute(sql.SQL(statement).format(**identifiers))
    return make_url(admin_url).set(database=name).render_as_string(hide_password=False)

"""pgbouncer before a PostgreSQL, in transaction mode, by the files of pgbouncer.md."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from idp.dev.accounts import CLEAN_ENVIRONMENT, server_account
from idp.dev.files import private_folder, write_private
from idp.dev.process import Child
from tests.live.programs import answers, free_port
from tests.shapes import debian
from tests.shapes.pages import configuration

PAGE = "pgbouncer"


class Pgbouncer:
    """A pgbouncer.  Start it from the main thread.

    Args:
        folder: for its files; made when missing.
        admin_url: of PostgreSQL's superuser, in the database that is served.
        pool_size: connections to PostgreSQL for each role.
    """

    def __init__(self, folder: Path, admin_url: str, *, pool_size: int) -> None:
        self.port = free_port()
        self._account = server_account()
        self._folder = private_folder(folder, self._account)
        server = make_url(admin_url)
        host, port = server.query.get("host", server.host), server.query.get("port", server.port)
        here = {
            "idp = host=10.0.0.21 port=5432 dbname=idp": f"{server.database} = host={host} port={port}"
            f" dbname={server.database}",
            "10.0.0.22": "127.0.0.1",
            "6432": str(self.port),
            "/run/pgbouncer": str(self._folder),
            "/etc/pgbouncer": str(self._folder),
            "default_pool_size = 20": f"default_pool_size = {pool_size}",
        }
        write_private(self._folder / "pgbouncer.ini", configuration(PAGE, "pgbouncer.ini", here), self._account)
        with psycopg.connect(admin_url) as connection:
            lines = connection.execute(configuration(PAGE, "userlist.sql", {})).fetchall()  # type: ignore[arg-type]
        write_private(self._folder / "userlist.txt", "".join(f"{line}\n" for (line,) in lines), self._account)

    def start(self) -> None:
        """Start, and wait until it listens."""
        program = debian.find("pgbouncer")
        as_whom = ["-u", "nobody"] if os.geteuid() == 0 else []
        self.child = Child(
            "pgbouncer",
            [program.path, "-q", *as_whom, self._folder / "pgbouncer.ini"],
            log=self._folder.with_suffix(".log"),
            env={**CLEAN_ENVIRONMENT, **program.env},
        )
        self.child.wait_until(lambda: answers(self.port), timeout=15)

    def through(self, url: str) -> str:
        """The address of the same role and database, by way of pgbouncer."""
        direct = make_url(url)
        via = direct.set(host="127.0.0.1", port=self.port, query={})
        return via.render_as_string(hide_password=False)

    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        """The settings of an installation that is served by way of pgbouncer; the owner goes past it."""
        served = {name: self.through(environment[name]) for name in ("IDP_DATABASE_URL", "IDP_PLATFORM_DATABASE_URL")}
        return {**environment, **served, "IDP_DATABASE_PREPARED_STATEMENTS": "false"}

    def stop(self) -> None:
        """End it at once."""
        if hasattr(self, "child"):
            self.child.kill()
            self.child.stop()


@contextmanager
def pooled(admin_url: str, *, pool_size: int) -> Iterator[Pgbouncer]:
    """A pgbouncer in a folder of its own, until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="idp-pgbouncer-"))
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)  # it is not root either, and must get in
    bouncer = Pgbouncer(folder / "pgbouncer", admin_url, pool_size=pool_size)
    try:
        bouncer.start()
        yield bouncer
    finally:
        bouncer.stop()
        shutil.rmtree(folder, ignore_errors=True)

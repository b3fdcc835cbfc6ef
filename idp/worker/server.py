"""The worker's own port: ``/livez``, ``/readyz``, ``/metrics``, answered beside the work (R60).

A thread of this process, so that what the worker counts needs no files; it ends with the process and keeps no stop
waiting.
"""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from idp.config import Misconfigured, Settings
from idp.http.health import create_internal_app
from idp.wiring import Wiring
from idp.worker.observe import Observer
from idp.worker.pulse import pulse

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class _Handler(WSGIRequestHandler):
    """A request, which gets ten seconds; nobody wants a line for each probe."""

    timeout = 10.0

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


class _Server(ThreadingMixIn, WSGIServer):
    """A thread a request, and none that a stop waits for."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, settings: Settings) -> None:
        self.address_family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        super().__init__((settings.host, settings.worker_port), _Handler)

    def server_bind(self) -> None:
        """Bind, and ask no name server for our name, as the library would."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "idp", self.server_address[1]
        self.setup_environ()


@contextmanager
def observed(wiring: Wiring) -> Iterator[None]:
    """Answer on the worker's port, and look around for what it shows, while the block runs.

    Raises:
        Misconfigured: the port is taken, or the host is no address of this machine.
    """
    if wiring.settings.worker_port == 0:
        yield
        return
    server, stop = _bind(wiring.settings), threading.Event()
    server.set_app(_unnamed(create_internal_app(wiring.settings, wiring.app, pulse.is_alive).wsgi_app))
    _start("observer", lambda: Observer(wiring).run(stop))
    _start("internal-port", lambda: server.serve_forever(poll_interval=0.1))
    try:
        yield
    finally:
        stop.set()
        server.shutdown()
        server.server_close()


def _bind(settings: Settings) -> _Server:
    try:
        return _Server(settings)
    except OSError as error:
        raise Misconfigured(
            f"The worker cannot listen on port {settings.worker_port} of {settings.host}: {error.strerror}. "
            "Say another port by IDP_WORKER_PORT, or 0 for none."
        ) from None


def _start(name: str, work: Callable[[], None]) -> None:
    threading.Thread(target=work, name=name, daemon=True).start()


def _unnamed(application: "WSGIApplication") -> "WSGIApplication":
    """The same, without the library's name and version in its answers."""

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, ("Server", "idp")], *rest)

        return application(environ, start)

    return answer

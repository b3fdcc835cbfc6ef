"""A receiver over TCP that keeps every copy as it came and verifies it by a library that is not ours."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Copy:
    """One POST as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    def verified(self, secret: str) -> dict[str, Any]:
        """The body, if the library finds it signed with `secret`."""
        return dict(Webhook(secret).verify(self.body, dict(self.headers)))


@dataclass(frozen=True)
class Reply:
    """What the receiver answers."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], Any] = lambda: None
    """Runs while the caller waits."""


class Receiver:
    """What came, and what is answered: `script` in order, then `then`.  Threads are the server's."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_port}/hooks"
        self.copies: list[Copy] = []
        self.script: list[Reply] = []
        self.then = Reply()
        self.lock = threading.Lock()

    def take(self, copy: Copy) -> Reply:
        with self.lock:
            self.copies.append(copy)
            return self.script.pop(0) if self.script else self.then

    @property
    def ids(self) -> list[str]:
        return [copy.id for copy in self.copies]

    @property
    def types(self) -> list[str]:
        return [copy.document["type"] for copy in self.copies]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    receiver = server.receiver = Receiver(server)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver: Receiver = self.server.receiver  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = receiver.take(Copy(self.path, headers, body))
        reply.before()
        self.send_response(reply.status)
        for name, value in {"Content-Length": "0", **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """A test says what came."""

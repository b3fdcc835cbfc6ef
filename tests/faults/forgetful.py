"""A proxy before PostgreSQL that loses the answer to a commit: it is done, and whoever asked never hears of it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CHUNK = 65536


class Forgetful:
    """Passes everything on; after `lose_next` it drops the connection between the next COMMIT and its answer."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._armed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.lost = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def lose_next(self) -> None:
        self._armed.set()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                deaf = threading.Event()
                for source, target, is_request in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pass, args=(source, target, deaf, is_request), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, deaf: threading.Event, is_request: bool) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                if is_request and self._armed.is_set() and b"COMMIT" in data:
                    self._armed.clear()
                    deaf.set()
                    self.lost += 1
                elif not is_request and deaf.is_set():
                    break  # the commit is done now
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def forgetful(server: str) -> Iterator[Forgetful]:
    """A proxy before the server at this Unix socket."""
    proxy = Forgetful(server)
    try:
        yield proxy
    finally:
        proxy.close()

"""A server over TCP that answers each connection with what a test gives it, byte for byte."""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

Script = Callable[[socket.socket, bytes], None]


def answer(body: bytes, *, status: str = "200 OK", **headers: str) -> Script:
    """Answers at once, and truthfully."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *(f"{name}: {it}" for name, it in headers.items())]
    return lambda caller, _asked: caller.sendall("\r\n".join([*lines, "", ""]).encode() + body)


class Listener:
    """What was asked, head and body as they came."""

    def __init__(self, script: Script, context: ssl.SSLContext | None) -> None:
        self.asked: list[bytes] = []
        self._script, self._context = script, context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._callers: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def stop(self) -> None:
        for one in (self._socket, *self._callers):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._socket.accept()
                self._callers.append(caller)
                thread = threading.Thread(target=self._serve, args=(caller,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, caller: socket.socket) -> None:
        with contextlib.suppress(OSError), caller:
            talking = self._context.wrap_socket(caller, server_side=True) if self._context else caller
            with talking:
                asked = _whole_request(talking)
                self.asked.append(asked)
                self._script(talking, asked)


def _whole_request(talking: socket.socket) -> bytes:
    """Head and body; the body may come in a packet of its own."""
    asked = talking.recv(65536)
    head, _, body = asked.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)^content-length: (\d+)", head, re.MULTILINE)
    missing = int(length[1]) - len(body) if length else 0
    while missing > 0 and (more := talking.recv(missing)):
        asked, missing = asked + more, missing - len(more)
    return asked


@contextlib.contextmanager
def listening(script: Script, context: ssl.SSLContext | None = None) -> Iterator[Listener]:
    """A listener on a free port of loopback, stopped at the end of the block."""
    listener = Listener(script, context)
    try:
        yield listener
    finally:
        listener.stop()

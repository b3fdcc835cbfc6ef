"""A small load generator: some connections kept alive, each sending its next request when the last is answered."""

import selectors
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Next = Callable[[bytes | None], bytes | None]
"""From the last answer's body (None at first) to the next request; None when this connection is done."""


@dataclass(frozen=True)
class Result:
    """What was measured.

    Attributes:
        rate: answers a second.
        p50: median latency, in milliseconds.
        p99: the same, of the slowest hundredth.
        failed: answers with a status of 400 and more.
    """

    rate: float
    p50: float
    p99: float
    failed: int


class Connection:
    """One keep-alive connection that is waiting for an answer, or done."""

    def __init__(self, address: tuple[str, int], following: Next) -> None:
        self.socket = socket.create_connection(address)
        self.following, self.buffer, self.sent_at = following, b"", 0.0
        self.done = not self.send(None)

    def send(self, body: bytes | None) -> bool:
        request = self.following(body)
        if request is None:
            return False
        self.buffer, self.sent_at = b"", time.perf_counter()
        self.socket.sendall(request)
        return True

    def receive(self) -> tuple[int, bytes] | None:
        """Status and body once they are whole."""
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionError("the server hung up")
        self.buffer += chunk
        head, separator, body = self.buffer.partition(b"\r\n\r\n")
        if not separator:
            return None
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        return (int(head[9:12]), body) if len(body) >= length else None


def measure(port: int, followings: Sequence[Next], *, seconds: float) -> Result:
    """Load a server on loopback from as many connections as there are `followings`, for at most `seconds`."""
    selector, latencies, failed = selectors.DefaultSelector(), [], 0
    connections = [Connection(("127.0.0.1", port), following) for following in followings]
    for connection in connections:
        if not connection.done:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
    begun = time.perf_counter()
    while selector.get_map() and time.perf_counter() - begun < seconds:
        for key, _ in selector.select(timeout=seconds):
            connection: Connection = key.data
            answer = connection.receive()
            if answer is None:
                continue
            latencies.append(time.perf_counter() - connection.sent_at)
            failed += answer[0] >= 400
            if not connection.send(answer[1]):
                selector.unregister(connection.socket)
    spent = time.perf_counter() - begun
    for connection in connections:
        connection.socket.close()
    latencies.sort()
    return Result(
        len(latencies) / spent,
        1000 * latencies[len(latencies) // 2],
        1000 * latencies[min(len(latencies) - 1, len(latencies) * 99 // 100)],
        failed,
    )


def repeat(request: bytes) -> Next:
    """The same request again and again."""
    return lambda _body: request


def once_each(requests: Sequence[bytes]) -> Next:
    """These requests, one after the other."""
    waiting = iter(requests)
    return lambda _body: next(waiting, None)


def get(host: str, path: str, **headers: str) -> bytes:
    """The bytes of a GET."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def post(host: str, path: str, body: str, **headers: str) -> bytes:
    """The bytes of a form POST."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {host}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body.encode())}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join([*lines, "", ""]) + body).encode()

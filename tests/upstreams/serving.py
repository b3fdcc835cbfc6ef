"""An HTTP server on a free port of loopback that a test scripts: what was asked, and what is answered instead."""

import json
import threading
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit


@dataclass(frozen=True)
class Ask:
    """One request; parameters that repeat are read as the last."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """What is sent: after `delay` seconds, and with a `drip` one byte in so many seconds."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0


Script = Reply | Callable[[Ask], Reply]
NEVER = Reply(delay=3600)
"""Takes the connection and says nothing for as long as the server lives."""


def as_json(document: Any, status: int = 200, **headers: str) -> Reply:
    """A document; names of headers with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps(document).encode(), status, {"Content-Type": "application/json; charset=utf-8", **named})


def as_form(members: Mapping[str, Any]) -> Reply:
    """What OAuth servers older than RFC 6749 answer."""
    return Reply(urlencode(members).encode(), headers={"Content-Type": "application/x-www-form-urlencoded"})


def as_page(title: str, body: str, status: int = 200) -> Reply:
    """An HTML page."""
    page = f"<!doctype html><html lang=en><title>{title}</title><h1>{title}</h1>{body}"
    return Reply(page.encode(), status, {"Content-Type": "text/html; charset=utf-8"})


def redirect(url: str, **parameters: str) -> Reply:
    """302 to `url` with more parameters."""
    joined = f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(parameters)}" if parameters else url
    return Reply(status=302, headers={"Location": joined})


class Serving(ABC):
    """A server; a subclass says in `answer` what it answers when the test says nothing else.

    Attributes:
        url: of it, without a slash at its end.
        asks: everything that was asked, in order.
        instead: by path, what is answered instead, as long as it stands there.
        once: by path, what is answered instead the next times, each once.
    """

    def __init__(self) -> None:
        self.asks: list[Ask] = []
        self.instead: dict[str, Script] = {}
        self.once: defaultdict[str, list[Script]] = defaultdict(list)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @abstractmethod
    def answer(self, ask: Ask) -> Reply:
        """What an honest server says."""

    def count(self, path: str) -> int:
        """How often `path` was asked for."""
        return Counter(ask.path for ask in self.asks)[path]

    def reply(self, ask: Ask) -> Reply:
        """What this one says: scripted, or honest."""
        with self._lock:
            self.asks.append(ask)
            waiting = self.once[ask.path]
            script = waiting.pop(0) if waiting else self.instead.get(ask.path)
        if script is None:
            return self.answer(ask)
        return script(ask) if callable(script) else script

    def pause(self, seconds: float) -> bool:
        """Wait, unless the server ends; whether it goes on."""
        return not (self._stopping.wait(seconds) if seconds else self._stopping.is_set())

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Serve until the end of the block."""
        self._thread.start()
        try:
            yield self
        finally:
            self._stopping.set()
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, *_: Any) -> None:
        """A test says what was asked."""

    def _serve(self) -> None:
        assert isinstance(self.server, _Server)
        serving, parts = self.server.serving, urlsplit(self.path)
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        query, form = dict(parse_qsl(parts.query)), dict(parse_qsl(sent))
        reply = serving.reply(Ask(self.command, parts.path, query, form, dict(self.headers)))
        if serving.pause(reply.delay):
            with suppress(OSError):
                self._send(reply, serving)

    def _send(self, reply: Reply, serving: Serving) -> None:
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if not reply.drip:
            self.wfile.write(reply.body)
            return
        for byte in reply.body:
            self.wfile.write(bytes([byte]))
            if not serving.pause(reply.drip):
                return


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, serving: Serving) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.serving = serving

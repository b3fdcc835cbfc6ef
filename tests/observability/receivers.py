"""Where telemetry goes in the tests: a collector of OTLP over HTTP, and the ingest of Sentry's protocol."""

import gzip
import json
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

T = TypeVar("T")


class Receiver:
    """Takes every POST and keeps its body as it came, unpacked."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.port = 0

    def spans(self) -> list[dict[str, Any]]:
        """Every span so far, with its service."""
        found = []
        for body in list(self.bodies):
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                service = {item.key: item.value.string_value for item in resource.resource.attributes}
                found += [
                    {
                        "service": service,
                        "name": span.name,
                        "kind": span.kind,
                        "trace": span.trace_id.hex(),
                        "parent": span.parent_span_id.hex(),
                        "attributes": {item.key: _value(item.value) for item in span.attributes},
                        "status": span.status.code,
                    }
                    for scope in resource.scope_spans
                    for span in scope.spans
                ]
        return found

    def reports(self) -> list[dict[str, Any]]:
        """Every event of every envelope so far."""
        found = []
        for body in list(self.bodies):
            lines = body.split(b"\n")
            found += [
                json.loads(lines[number + 1])
                for number, line in enumerate(lines[:-1])
                if line.startswith(b"{") and json.loads(line).get("type") == "event"
            ]
        return found


@contextmanager
def receiving() -> Iterator[Receiver]:
    """One of them, listening on loopback while the block runs."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            match self.headers.get("Content-Encoding"):
                case "gzip":
                    body = gzip.decompress(body)
                case "deflate":
                    body = zlib.decompress(body)
            receiver.bodies.append(body)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def eventually(look: Callable[[], T], seconds: float = 30.0) -> T:
    """What `look` finds as soon as it finds something; whatever it says in the end."""
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _value(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value"))

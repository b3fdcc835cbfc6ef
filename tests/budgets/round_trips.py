"""Count round trips: every answer of the server ends with ReadyForQuery, and libpq writes down each one it reads."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from psycopg.pq import Trace
from sqlalchemy import Engine, event

_ANSWERED = b"ReadyForQuery"


class RoundTrips:
    """Counts those of one engine's connections.  Install it before the engine connects."""

    def __init__(self, engine: Engine) -> None:
        self._files: list[BinaryIO] = []
        self.connections = 0
        event.listen(engine, "connect", self._trace)

    def _trace(self, connection: Any, _record: Any) -> None:
        trace = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the connection
        self._files.append(trace)
        self.connections += 1
        connection.pgconn.trace(trace.fileno())
        connection.pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)

    def total(self) -> int:
        """Answers so far."""
        return sum(self._read(trace).count(_ANSWERED) for trace in self._files)

    @staticmethod
    def _read(trace: BinaryIO) -> bytes:
        size = os.fstat(trace.fileno()).st_size
        return os.pread(trace.fileno(), size, 0)

    @contextmanager
    def counted(self) -> Iterator[list[int]]:
        """Those inside of the block, as the one item of the list."""
        counted: list[int] = []
        before = self.total()
        yield counted
        counted.append(self.total() - before)

    def close(self) -> None:
        """Throw the traces away; after the engine's connections were closed."""
        for trace in self._files:
            trace.close()

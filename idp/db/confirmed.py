"""A commit that was answered is wherever it has to be, and one that is not answered does not wait for ever.

Where a standby must confirm and is away, PostgreSQL waits with ``COMMIT`` as long as it takes: no timeout of its own
ends that.  A cancel request does; then it is committed at the primary, answered like any other, and only a warning says
that the standby may not have it.  Whoever was told "done" would lose it with the primary (R60).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

PATIENCE_SECONDS = 5.0
_WAITS_FOR_STANDBY = "SyncRepWaitForLSN"
"""Where PostgreSQL gives that warning: its text is in the server's language, its SQLSTATE that of every warning."""


class ConfirmedConnection(psycopg.Connection[Any]):
    """A connection whose `commit` raises when the standby did not confirm in time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._was_warned = False
        self._is_patient = True
        self._was_hurried = False
        self.add_notice_handler(self._hear)

    def _hear(self, notice: psycopg.errors.Diagnostic) -> None:
        self._was_warned = self._was_warned or notice.source_function == _WAITS_FOR_STANDBY

    def commit(self) -> None:
        """End the transaction.

        Raises:
            OperationalError: it is committed here, and perhaps nowhere else: as good as unknown.
        """
        with self.impatient():
            super().commit()

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """Wait for no answer longer than `PATIENCE_SECONDS` before cancelling, nor as long again after that.

        A connection that somebody was impatient with is closed: the cancel request may arrive after the answer, and is
        not for whoever has the connection next.

        Raises:
            OperationalError: what was done in here is committed at the primary, and perhaps nowhere else.
        """
        self._is_patient, self._was_warned, self._was_hurried = False, False, False
        try:
            yield
        finally:
            self._is_patient = True
            if self._was_hurried:
                self.close()
        if self._was_warned:
            raise psycopg.OperationalError("no standby confirmed the commit")

    def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        """What `gen` comes to, by the socket's leave."""
        return super().wait(gen if self._is_patient else self._cut_short(gen), *args, **options)

    def _cut_short(self, gen: Any) -> Any:
        """`gen`, which the driver resumes with nothing a few times a second as long as no answer comes."""
        limits = [time.monotonic() + PATIENCE_SECONDS * times for times in (1, 2)]
        try:
            state = next(gen)
            while True:
                ready = yield state
                if not ready and limits and time.monotonic() > limits[0]:
                    limits.pop(0)
                    self._insist(is_last=not limits)
                state = gen.send(ready)
        except StopIteration as done:
            return done.value

    def _insist(self, *, is_last: bool) -> None:
        if is_last:
            self.pgconn.finish()
            raise psycopg.OperationalError("the server does not answer, not even a cancel request")
        self._was_hurried = True
        self.cancel_safe(timeout=PATIENCE_SECONDS / 2)

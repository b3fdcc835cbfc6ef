"""A commit that was answered is wherever it has to be.

Where a standby must confirm, PostgreSQL lets a waiting COMMIT go when it is cancelled or its time is over, by
``statement_timeout`` too: it is committed at the primary, answered like any other, and only a warning says that the
standby may not have it.  Whoever was told "done" would lose it with the primary (R60).
"""

from typing import Any

import psycopg

_WARNING = "01000"


class ConfirmedConnection(psycopg.Connection[Any]):
    """A connection whose `commit` raises when the standby did not confirm."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._was_warned = False
        self.add_notice_handler(self._hear)

    def _hear(self, notice: psycopg.errors.Diagnostic) -> None:
        self._was_warned = self._was_warned or notice.sqlstate == _WARNING

    def commit(self) -> None:
        """End the transaction.

        Raises:
            OperationalError: it is committed here, and perhaps nowhere else: as good as unknown.
        """
        self._was_warned = False
        super().commit()
        if self._was_warned:
            raise psycopg.OperationalError("no standby confirmed the commit")

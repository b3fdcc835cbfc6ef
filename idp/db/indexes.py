"""Indexes of tables that are in use: built beside whoever writes, and anew when an earlier attempt was cut short (R64).

Only in a migration of its own: what came before it is committed first, because PostgreSQL wants no transaction around.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op


def build(name: str, table: str, columns: Sequence[str], **options: Any) -> None:
    """Make an index while the table is written to.  It waits for whoever writes already, and nobody waits for it.

    Args:
        name: of the index; an unfinished one of that name goes first.
        table: that has it.
        columns: in their order.
        options: as `alembic.op.create_index` takes them.
    """
    with op.get_context().autocommit_block(), _patience():
        op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
        op.create_index(name, table, columns, postgresql_concurrently=True, **options)


@contextmanager
def _patience() -> Iterator[None]:
    """No ``lock_timeout``: it is for those who keep others waiting."""
    connection = op.get_bind()
    kept = connection.scalar(sa.text("SHOW lock_timeout"))
    connection.execute(sa.text("SET lock_timeout = 0"))
    yield
    connection.execute(sa.text("SELECT set_config('lock_timeout', :kept, false)"), {"kept": kept})

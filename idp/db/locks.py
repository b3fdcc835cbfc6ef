"""Advisory locks: one process at a time for a named piece of work, until its transaction ends."""

from sqlalchemy import func, select

from idp.db.unit import PlatformUnit, UnitOfWork


def try_lock(unit: UnitOfWork | PlatformUnit, name: str) -> bool:
    """Take the lock called `name` for this transaction; False when somebody else has it.

    Args:
        unit: whose end releases it.
        name: of the work and of what it is done to, such as ``keys:<tenant id>``.
    """
    return bool(unit.session.scalar(select(func.pg_try_advisory_xact_lock(func.hashtextextended(name, 0)))))


def lock(unit: UnitOfWork | PlatformUnit, name: str) -> None:
    """Take the lock called `name` for this transaction, waiting for whoever has it; what they did is visible then."""
    unit.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))

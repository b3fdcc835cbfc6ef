"""What is an outage although the driver files it elsewhere, and which connections are then worth nothing.

PostgreSQL's class 25 is the driver's `InternalError`, as if we had made a mistake.  Two of its codes are none of ours:
a server that may not be written to, as a standby that a failover has left us with (25006), and a transaction that the
server ended because it took too long (25P03, 25P04).  Both connections go, and with them all others to that server.
"""

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

from idp.db.tenancy import DatabaseUnavailable

_OUTAGES = frozenset({"25006", "25P03", "25P04"})


def install(engine: Engine) -> None:
    """Have `engine` raise `DatabaseUnavailable` for these, and connect anew."""
    event.listen(engine, "handle_error", _as_outage, retval=True)


def _as_outage(context: ExceptionContext) -> DatabaseUnavailable | None:
    if getattr(context.original_exception, "sqlstate", None) not in _OUTAGES:
        return None
    context.is_disconnect = True
    return DatabaseUnavailable("The database takes no changes.")

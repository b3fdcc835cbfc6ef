"""Guessing at one account is slow, from wherever it comes and whether or not the account exists (R27).

Every attempt is counted as a failure before it is looked at, by a statement that commits on its own: no number of
parallel attempts gets more guesses, and none holds a lock while a password is hashed.  From the fifth failure in a row
the next attempt has to wait, a second at first and twice as long each time, up to fifteen minutes; after a hundred
only a recovery opens the account again.  Nothing here is in Redis.  NIST SP 800-63B-4 §3.2.2.
"""

from datetime import timedelta
from typing import cast

from sqlalchemy import ColumnElement, Table, and_, bindparam, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from idp.authn.errors import Throttled
from idp.authn.models import LoginThrottle
from idp.crypto.secrets import mac
from idp.db.snapshot import write_tenant
from idp.db.unit import UnitOfWork
from idp.i18n import format_wait
from idp.i18n import gettext as _

FREE_FAILURES = 5
LONGEST_DELAY = timedelta(minutes=15)
LOCKED_AT = 100
_STEEPEST = 20
"""Doublings beyond this are longer than `LONGEST_DELAY` anyway."""


def _delay(failures: ColumnElement[int]) -> ColumnElement[timedelta]:
    doublings = func.least(failures, FREE_FAILURES + _STEEPEST) - FREE_FAILURES
    seconds = func.least(LONGEST_DELAY.total_seconds(), func.power(2, doublings))
    return func.make_interval(0, 0, 0, 0, 0, 0, case((failures < FREE_FAILURES, 0), else_=seconds))


_AGAIN = LoginThrottle.failures + 1
_RESERVE = (
    insert(cast(Table, LoginThrottle.__table__))
    .values(
        tenant_id=bindparam("tenant"),
        account_digest=bindparam("digest"),
        failures=1,
        blocked_until=func.now(),
        last_failed_at=func.now(),
    )
    .on_conflict_do_update(
        index_elements=["tenant_id", "account_digest"],
        set_={"failures": _AGAIN, "blocked_until": func.now() + _delay(_AGAIN), "last_failed_at": func.now()},
        where=and_(LoginThrottle.blocked_until <= func.now(), LoginThrottle.failures < LOCKED_AT),
    )
    .returning(LoginThrottle.failures)
)
"""If it is this name's turn, it is not any more."""


def reserve(uow: UnitOfWork, name: str) -> int:
    """Count an attempt at `name`, before it is looked at; answers how many in a row that makes.

    Args:
        uow: the tenant's unit; its transaction is not touched.
        name: canonical name of the account, known or not.

    Raises:
        Throttled: it is not this name's turn; nothing was counted.
    """
    digest = _digest(uow, name)
    with write_tenant(uow.engine, uow.tenant.id) as session:
        reserved: int | None = session.scalar(_RESERVE, {"tenant": uow.tenant.id, "digest": digest})
        if reserved is not None:
            return reserved
        wait = func.extract("epoch", LoginThrottle.blocked_until - func.now())
        row = session.execute(
            select(LoginThrottle.failures, wait).where(LoginThrottle.account_digest == digest)
        ).one_or_none()
    failures, seconds = (0, 0) if row is None else row  # none: a right password has cleared it meanwhile
    raise _refusal(failures, float(seconds))


def release(uow: UnitOfWork, name: str, reserved: int) -> None:
    """Take back what `reserve` counted: the attempt could not be looked at.

    Args:
        uow: the tenant's unit; its transaction is not touched.
        name: as it was reserved.
        reserved: what `reserve` answered.  The wait that it began ends, but not one that a later attempt began.
    """
    with write_tenant(uow.engine, uow.tenant.id) as session:
        session.execute(
            update(LoginThrottle)
            .where(LoginThrottle.account_digest == _digest(uow, name), LoginThrottle.failures > 0)
            .values(
                failures=LoginThrottle.failures - 1,
                blocked_until=case((LoginThrottle.failures == reserved, func.now()), else_=LoginThrottle.blocked_until),
            ),
            execution_options={"synchronize_session": False},
        )


def clear(uow: UnitOfWork, name: str) -> None:
    """The right password, or a recovery: the row of failures is over, with this transaction."""
    uow.execute(
        delete(LoginThrottle).where(LoginThrottle.account_digest == _digest(uow, name)),
        execution_options={"synchronize_session": False},
    )


def account_of(uow: UnitOfWork, name: str) -> str:
    """What stands for a name in the log, where it is nobody's: the same for the same name, and telling of nothing."""
    return mac(uow.data_key.derive("login-account"), name.encode()).hex()[:32]


def _refusal(failures: int, seconds: float) -> Throttled:
    if failures >= LOCKED_AT:
        sentence = _("Too many attempts. Reset your password to sign in again.")
        return Throttled(sentence, retry_after=int(LONGEST_DELAY.total_seconds()))
    wait = max(1, int(seconds) + 1)
    return Throttled(_("Too many attempts. Try again {wait}.", wait=format_wait(wait)), retry_after=wait)


def _digest(uow: UnitOfWork, name: str) -> bytes:
    return mac(uow.data_key.derive("login-throttle"), name.encode())

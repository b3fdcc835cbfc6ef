"""One try at a password, on whatever path it comes: counted, verified, and written down (R27)."""

from typing import Any

from idp.authn import passwords, throttle
from idp.crypto.passwords import PasswordGateFull
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType, Outcome
from idp.users import service as users
from idp.users.models import User

WORTH_TELLING = frozenset({10, throttle.LOCKED_AT})
"""After so many failures in a row the person hears of it."""


def try_password(uow: UnitOfWork, name: str, user: User | None, password: str) -> bool:
    """Whether this is the password of an enabled person.  A refusal is returned, because its record must be committed.

    Args:
        uow: the tenant's unit.
        name: canonical name that the attempt counts against.
        user: who has that name, if anybody.
        password: as typed.

    Raises:
        Throttled: too many failures in a row; nothing was looked at.
        PasswordGateFull: too many are being checked right now; nothing was decided or counted.
    """
    failures = throttle.reserve(uow, name)
    try:
        right = passwords.verify(uow, user, password)
    except PasswordGateFull:
        throttle.release(uow, name, failures)
        raise
    if right:
        throttle.clear(uow, name)
        return True
    account = throttle.account_of(uow, name)
    whose: dict[str, Any] = {} if user is not None else {"account": account}
    events.record(uow, EventType.LOGIN_FAILED, user, outcome=Outcome.FAILURE, method="pwd", failures=failures, **whose)
    if failures in WORTH_TELLING:
        events.record(uow, EventType.LOGIN_BLOCKED, user, outcome=Outcome.FAILURE, failures=failures)
    return False


def confirm_password(uow: UnitOfWork, user: User, password: str) -> bool:
    """Whether somebody who is signed in still knows the password, before something that matters (R38).

    Raises:
        Throttled, PasswordGateFull: as `try_password`.
    """
    return try_password(uow, users.primary_email(uow, user.id).canonical, user, password)

"""What events say of one person: the story of their account, for themselves and for nobody else (R57, R63)."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import or_, select

from idp.actor import ActorKind
from idp.authn.one_time_tokens import TTL, Purpose
from idp.db.unit import UnitOfWork
from idp.events.models import Event
from idp.events.types import EventType
from idp.users.models import User

_PROOF_LASTS: timedelta = TTL[Purpose.CHANGE_EMAIL]
_STEPS = (
    EventType.EMAIL_CHANGE_REQUESTED,
    EventType.EMAIL_CHANGED,
    EventType.USER_DISOWNED,
    EventType.PASSWORD_SET,
    EventType.PASSWORD_CHANGED,
    EventType.PASSWORD_RESET,
)
"""What asks for another address, and what ends that; see `idp.accounts.verification.forget_change`."""


def done_and_suffered(uow: UnitOfWork, user: User, *, limit: int) -> Sequence[Event]:
    """What a person did and what was done to their account, newest first."""
    own = or_(Event.actor_id == user.id, Event.user_id == user.id)
    return uow.session.scalars(select(Event).where(own).order_by(Event.id.desc()).limit(limit)).all()


def of_account(
    uow: UnitOfWork, user: User, types: Iterable[EventType], *, limit: int, before: UUID | None = None
) -> Sequence[Event]:
    """What happened to a person's account, newest first.  What they did to others, as an administrator, is not in it.

    Args:
        uow: the tenant's unit.
        user: whose.
        types: what to look for.
        limit: at most so many.
        before: id of the last event of the page before.
    """
    statement = select(Event).where(Event.user_id == user.id, Event.type.in_([kind.value for kind in types]))
    if before is not None:
        statement = statement.where(Event.id < before)
    return uow.session.scalars(statement.order_by(Event.id.desc()).limit(limit)).all()


def shows_place(event: Event, user: User) -> bool:
    """Whether a person may know from where this was done: not where their administrator or an application sits."""
    return event.actor_id == user.id or event.actor_kind == ActorKind.ANONYMOUS


def wanted_address(uow: UnitOfWork, user: User) -> str | None:
    """The address that a person asked for and has not proven yet; None when they did not, or too long ago."""
    last = next(iter(of_account(uow, user, _STEPS, limit=1)), None)
    if last is None or last.type != EventType.EMAIL_CHANGE_REQUESTED or last.occurred_at + _PROOF_LASTS < uow.now:
        return None
    wanted: str | None = last.data.get("wanted")
    return wanted

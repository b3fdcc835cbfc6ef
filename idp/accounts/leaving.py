"""Leaving: a person asks to be deleted, may think better of it for a while, and is then erased (R51, R63)."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, case, cast, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import JSONB

from idp.accounts.models import Invitation, Registration
from idp.authn import throttle
from idp.authn.models import LoginTransaction, OneTimeToken
from idp.db.base import Base
from idp.db.unit import PlatformUnit, UnitOfWork
from idp.events import service as events
from idp.events.models import Event, OutboxMessage
from idp.events.types import EventType
from idp.i18n import gettext as _
from idp.mail import messages
from idp.mail.messages import recipient_of
from idp.oauth.models import AuthorizationRequest
from idp.rbac import owners
from idp.rbac.errors import LastOwner
from idp.tenants.models import Tenant
from idp.users import service as users
from idp.users.models import User, UserEmail

_PERSONAL = ("before", "wanted")
"""Members of an event's data that say who somebody is."""
_ADDRESSES = ("to", "email", "address")
"""Members of an outbox message that hold one."""


def request_deletion(uow: UnitOfWork, user: User) -> None:
    """Sign somebody out everywhere, and have them erased when the tenant's grace period is over.

    Raises:
        LastOwner: nobody would be left who may do everything.
    """
    if user.deletes_at is not None:
        return
    if owners.is_last(uow, user):
        raise LastOwner(_("You’re the last owner here. Make somebody else an owner before you leave."))
    user.deletes_at = uow.now + uow.tenant.policy.deletion_grace
    events.record(uow, EventType.USER_DELETION_REQUESTED, user, deletes_at=user.deletes_at.isoformat())


def cancel_deletion(uow: UnitOfWork, user: User) -> None:
    """They stay."""
    if user.deletes_at is not None:
        user.deletes_at = None
        events.record(uow, EventType.USER_DELETION_CANCELLED, user)


def due(platform: PlatformUnit, *, limit: int = 100, but: Collection[UUID] = ()) -> Sequence[tuple[Tenant, User]]:
    """People whose grace period is over, with their tenant; nobody else gets them before the transaction ends.

    Args:
        platform: the transaction.
        limit: at most so many.
        but: ids of people to pass over.
    """
    rows = platform.session.execute(
        select(Tenant, User)
        .join(User, User.tenant_id == Tenant.id)
        .where(User.deletes_at <= func.now(), Tenant.deleted_at.is_(None), User.id.not_in(but))
        .order_by(User.deletes_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=User)
    ).all()
    return [(row[0], row[1]) for row in rows]


def erase(uow: UnitOfWork, user: User, *, tell: bool = True) -> None:
    """Delete a person with everything that hangs on them; events keep their id, and nothing that says who it was.

    Whoever comes second finds nobody, and does nothing.

    Args:
        uow: the tenant's unit within a platform unit, since nobody else may change an event.
        user: whom.
        tell: whether a last mail says so; it is purged when it was sent.
    """
    if uow.session.scalar(select(User.id).where(User.id == user.id).with_for_update()) is None:
        return
    email = users.primary_email(uow, user.id)
    known = _addresses_of(uow, user)
    uow.execute(delete(OutboxMessage).where(_concerns(user, known)), execution_options=_UNSEEN)
    if tell:
        messages.account_deleted(uow, recipient_of(user, email))
    for address in known:
        throttle.clear(uow, address)
    begun = uow.session.scalars(
        delete(Registration).where(_is_one_of(Registration.address, known)).returning(Registration.id),
        execution_options=_UNSEEN,
    ).all()
    for model, typed in _TYPED:
        uow.execute(delete(model).where(_is_one_of(typed, known)), execution_options=_UNSEEN)
    events.record(uow, EventType.USER_DELETED, user)
    uow.flush()
    _pseudonymise(uow, user, begun)
    uow.execute(delete(User).where(User.id == user.id))


_UNSEEN = {"synchronize_session": False}
_TYPED: tuple[tuple[type[Base], SQLColumnExpression[Any]], ...] = (
    (Invitation, Invitation.canonical),
    (OneTimeToken, OneTimeToken.bound),
    (LoginTransaction, LoginTransaction.email_hint),
    (AuthorizationRequest, cast(AuthorizationRequest.parameters, JSONB)["login_hint"].astext),
)
"""Where an address stands beside nobody's id."""


def _addresses_of(uow: UnitOfWork, user: User) -> set[str]:
    """The addresses that they have, had or wanted and that are nobody else's now, canonical and as they were typed."""
    told = uow.session.execute(
        select(*(Event.data[member].astext for member in _PERSONAL)).where(
            Event.target_id == user.id,
            Event.type.in_([EventType.EMAIL_CHANGED.value, EventType.EMAIL_CHANGE_REQUESTED.value]),
        )
    ).all()
    own = uow.session.scalars(select(UserEmail.address).where(UserEmail.user_id == user.id)).all()
    had = {*own, *(address for row in told for address in row if address)}
    canonical = {users.canonical(address) for address in had}
    others = select(UserEmail.canonical).where(UserEmail.user_id != user.id, UserEmail.canonical.in_(canonical))
    taken = set(uow.session.scalars(others).all())
    theirs = [address for address in had if users.canonical(address) not in taken]
    return {spelled for address in theirs for spelled in (users.canonical(address), address.lower())}


def _is_one_of(column: SQLColumnExpression[Any], known: Collection[str]) -> ColumnElement[bool]:
    return func.lower(column).in_(known)


def _concerns(user: User, known: Collection[str]) -> ColumnElement[bool]:
    members = [OutboxMessage.payload[member].astext for member in _ADDRESSES]
    return or_(
        OutboxMessage.payload["user_id"].astext == str(user.id), *(_is_one_of(member, known) for member in members)
    )


def _pseudonymise(uow: UnitOfWork, user: User, begun: Sequence[UUID]) -> None:
    """Where an administrator was when they did something to this person is the administrator's, and stays."""
    theirs = or_(Event.actor_id == user.id, Event.actor_id.is_(None))
    uow.execute(
        update(Event)
        .where(
            or_(
                Event.actor_id == user.id,
                Event.user_id == user.id,
                Event.target_id.in_([user.id, *begun]),
                Event.data["user_id"].astext == str(user.id),  # where the release before wrote it
            )
        )
        .values(
            ip=case((theirs, None), else_=Event.ip),
            user_agent=case((theirs, None), else_=Event.user_agent),
            data=Event.data.op("-")(text(f"ARRAY{list(_PERSONAL)!r}::text[]")),
        ),
        execution_options=_UNSEEN,
    )

"""Leaving: a person asks to be deleted, may think better of it for a while, and is then erased (R51, R63)."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, func, or_, select, text, update

from idp.accounts.models import Invitation, Registration
from idp.authn import throttle
from idp.db.unit import PlatformUnit, UnitOfWork
from idp.events import service as events
from idp.events.models import Event, OutboxMessage
from idp.events.types import EventType
from idp.mail import messages
from idp.mail.messages import recipient_of
from idp.tenants.models import Tenant
from idp.users import service as users
from idp.users.models import User

_PERSONAL = ("before", "wanted", "address", "email", "to")
"""Members of an event's data that say who somebody is."""


def request_deletion(uow: UnitOfWork, user: User) -> None:
    """Sign somebody out everywhere, and have them erased when the tenant's grace period is over."""
    if user.deletes_at is None:
        user.deletes_at = uow.now + uow.tenant.policy.deletion_grace
        events.record(uow, EventType.USER_DELETION_REQUESTED, user, deletes_at=user.deletes_at.isoformat())


def cancel_deletion(uow: UnitOfWork, user: User) -> None:
    """They stay."""
    if user.deletes_at is not None:
        user.deletes_at = None
        events.record(uow, EventType.USER_DELETION_CANCELLED, user)


def due(platform: PlatformUnit, *, limit: int = 100) -> Sequence[tuple[Tenant, User]]:
    """People whose grace period is over, with their tenant."""
    rows = platform.session.execute(
        select(Tenant, User)
        .join(User, User.tenant_id == Tenant.id)
        .where(User.deletes_at <= func.now(), Tenant.deleted_at.is_(None))
        .order_by(User.deletes_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=User)
    ).all()
    return [(row[0], row[1]) for row in rows]


def erase(uow: UnitOfWork, user: User, *, tell: bool = True) -> None:
    """Delete a person with everything that hangs on them; events keep their id, and nothing that says who it was.

    Args:
        uow: the tenant's unit within a platform unit, since nobody else may change an event.
        user: whom.
        tell: whether a last mail says so.
    """
    email = users.primary_email(uow, user.id)
    uow.execute(delete(OutboxMessage).where(_addressed_to(email.address)))
    if tell:
        messages.account_deleted(uow, recipient_of(user, email))
    throttle.clear(uow, email.canonical)
    uow.execute(delete(Registration).where(Registration.address == email.address))
    uow.execute(delete(Invitation).where(Invitation.canonical == email.canonical))
    events.record(uow, EventType.USER_DELETED, user)
    uow.flush()
    uow.execute(
        update(Event)
        .where(_about(user))
        .values(ip=None, user_agent=None, data=Event.data.op("-")(text(f"ARRAY{list(_PERSONAL)!r}::text[]"))),
        execution_options={"synchronize_session": False},
    )
    uow.execute(delete(User).where(User.id == user.id))


def _addressed_to(address: str) -> ColumnElement[bool]:
    return or_(OutboxMessage.payload["to"].astext == address, OutboxMessage.payload["email"].astext == address)


def _about(user: User) -> ColumnElement[bool]:
    return or_(
        Event.actor_id == user.id,
        Event.target_id == user.id,
        Event.data["user_id"].astext == str(user.id),
    )

"""Who is alerted: the contacts that the tenant chose, or its owners at proven addresses."""

from uuid import UUID

from sqlalchemy import select

from idp.alerts.kinds import FOR_OWNERS_TOO, Kind
from idp.db.unit import UnitOfWork
from idp.mail.messages import Recipient, recipient_of
from idp.rbac.models import Role, RoleAssignment
from idp.rbac.permissions import Builtin
from idp.users import service as users
from idp.users.models import User, UserEmail

MOST_OWNERS = 50


def of(uow: UnitOfWork, kind: Kind, *, but: UUID | None = None) -> list[Recipient]:
    """Who gets an alert of this kind, each once.

    That the alerting was changed, or that there are more alerts than mails, is for the owners in any case, since the
    contacts are what may have been changed.

    Args:
        uow: the tenant's unit.
        kind: of the alert.
        but: a person whom it is about, who as an owner is no news to themselves.
    """
    contacts = [Recipient(address) for address in uow.tenant.policy.alert_contacts]
    if not contacts:
        return _owners(uow, but=but)
    if kind not in FOR_OWNERS_TOO:
        return contacts
    return list({users.canonical(to.address): to for to in (*contacts, *_owners(uow))}.values())


def _owners(uow: UnitOfWork, *, but: UUID | None = None) -> list[Recipient]:
    statement = (
        select(User, UserEmail)
        .join(UserEmail, (UserEmail.tenant_id == User.tenant_id) & (UserEmail.user_id == User.id))
        .join(RoleAssignment, (RoleAssignment.tenant_id == User.tenant_id) & (RoleAssignment.user_id == User.id))
        .join(Role, (Role.tenant_id == RoleAssignment.tenant_id) & (Role.id == RoleAssignment.role_id))
        .where(
            Role.is_builtin,
            Role.name == Builtin.OWNER.value,
            User.disabled_at.is_(None),
            UserEmail.is_primary,
            UserEmail.verified_at.is_not(None),
        )
        .order_by(User.id)
        .limit(MOST_OWNERS)
    )
    rows = uow.session.execute(statement).all()
    return [recipient_of(row[0], row[1]) for row in rows if row[0].id != but]

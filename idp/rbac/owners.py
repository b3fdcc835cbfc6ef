"""The last owner stays: whatever would leave a tenant without one is undone, even when two do it at once (R48)."""

from uuid import UUID

from sqlalchemy import select

from idp.db.locks import lock
from idp.db.unit import UnitOfWork
from idp.events.models import Event
from idp.i18n import gettext as _
from idp.rbac.errors import LastOwner
from idp.rbac.models import Role, RoleAssignment
from idp.rbac.permissions import Builtin
from idp.users.models import User


def keep_one(uow: UnitOfWork, event: Event) -> None:
    """React to what may have shut an owner out or made them less: somebody else must be one who may sign in.

    Raises:
        LastOwner: nobody would be left; the change is undone with its transaction.
    """
    unmade = event.data.get("role") == Builtin.OWNER.value
    if event.user_id is None or (event.data.get("role") is not None and not unmade):
        return
    uow.flush()
    if not (unmade or _is_owner(uow, event.user_id)):
        return
    lock(uow, f"owners:{uow.tenant.id}")
    if not _living(uow) - {event.user_id}:
        raise LastOwner(_("This is the last owner. Make somebody else an owner first."))


def is_last(uow: UnitOfWork, user: User) -> bool:
    """Whether they are an owner, and nobody else who stays and may sign in is one; decided one after the other.

    Their row is locked first: whoever disables them has it before the lock of the owners too.
    """
    uow.hold(user)
    lock(uow, f"owners:{uow.tenant.id}")
    return _is_owner(uow, user.id) and _living(uow) <= {user.id}


def _is_owner(uow: UnitOfWork, user_id: UUID) -> bool:
    return uow.session.scalar(_OWNERS.where(RoleAssignment.user_id == user_id)) is not None


def _living(uow: UnitOfWork) -> set[UUID]:
    living = _OWNERS.join(
        User, (User.tenant_id == RoleAssignment.tenant_id) & (User.id == RoleAssignment.user_id)
    ).where(User.disabled_at.is_(None), User.deletes_at.is_(None))
    return set(uow.session.scalars(living).all())


_OWNERS = (
    select(RoleAssignment.user_id)
    .join(Role, (Role.tenant_id == RoleAssignment.tenant_id) & (Role.id == RoleAssignment.role_id))
    .where(Role.name == Builtin.OWNER.value, Role.is_builtin)
)

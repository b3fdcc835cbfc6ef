"""Who may do what to whom: nobody grants, takes or controls more than they may do themselves (R47, R48).

Asked of `uow.actor`, whose permissions its face has authenticated.  The worker and an operator at the terminal are
trusted and asked for nothing.
"""

from collections.abc import Iterable
from uuid import UUID

from idp.db.unit import UnitOfWork
from idp.i18n import gettext as _
from idp.rbac import effective, permissions
from idp.rbac.errors import BeyondYourOwn, PermissionNeeded
from idp.rbac.permissions import EVERY_APP_PERMISSION, Permission


def may(uow: UnitOfWork, permission: Permission) -> bool:
    """Whether the actor has `permission`."""
    return uow.actor.is_trusted or permission in uow.actor.permissions


def require(uow: UnitOfWork, permission: Permission) -> None:
    """Refuse an actor without `permission`.

    Raises:
        PermissionNeeded: the actor, or the token that they came with, lacks it.
    """
    if not may(uow, permission):
        raise PermissionNeeded(_("This needs the permission {permission}.", permission=permission.value))


def require_grantable(uow: UnitOfWork, wanted: Iterable[str]) -> None:
    """Refuse to give, take away or change what the actor may not do themselves.

    Args:
        uow: the tenant's unit.
        wanted: names of permissions, or `EVERY_APP_PERMISSION`.

    Raises:
        BeyondYourOwn: naming some of what is missing.
    """
    if uow.actor.is_trusted:
        return
    missing = permissions.lacking(wanted, uow.actor.permissions)
    if missing:
        named = ", ".join(_name(item) for item in missing[:5]) + (", …" if len(missing) > 5 else "")  # noqa: PLR2004
        raise BeyondYourOwn(_("That reaches beyond what you may do yourself: {permissions}.", permissions=named))


def require_over_user(uow: UnitOfWork, user_id: UUID) -> None:
    """Refuse to touch a person who may do more than the actor.  Everybody is above nobody but themselves.

    Raises:
        BeyondYourOwn: they may do more.
    """
    if not uow.actor.is_trusted and uow.actor.id != user_id:
        require_grantable(uow, effective.of_user(uow, user_id).permissions)


def _name(permission: str) -> str:
    return _("every permission of your own applications") if permission == EVERY_APP_PERMISSION else permission

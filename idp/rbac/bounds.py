"""Who may do what to whom: nobody grants, takes or controls more than they may do themselves (R47, R48).

Asked of `uow.actor`, whose permissions its face has authenticated, and of what they may do now, since a request can
have waited for the one that took it from them.  The worker and an operator at the terminal are trusted and asked for
nothing.
"""

from collections.abc import Collection, Iterable
from uuid import UUID

from idp.actor import ActorKind
from idp.db.locks import lock
from idp.db.unit import UnitOfWork
from idp.i18n import gettext as _
from idp.rbac import effective, permissions
from idp.rbac.errors import BeyondYourOwn, PermissionNeeded
from idp.rbac.permissions import EVERY_APP_PERMISSION, Permission
from idp.users.models import User


def take_turn(uow: UnitOfWork) -> None:
    """Wait until nobody else changes roles, groups or who holds what: what is asked after this stays so until the end.

    The first lock of whatever changes them, before any row of theirs is locked, so that no two wait for each other.
    """
    lock(uow, f"roles:{uow.tenant.id}")


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
    names = set(wanted)
    missing = permissions.lacking(names, uow.actor.permissions)
    if names and not missing:
        missing = permissions.lacking(names, _held_now(uow))
    if missing:
        named = ", ".join(_name(item) for item in missing[:5]) + (", …" if len(missing) > 5 else "")  # noqa: PLR2004
        raise BeyondYourOwn(_("That reaches beyond what you may do yourself: {permissions}.", permissions=named))


def require_over_user(uow: UnitOfWork, user_id: UUID) -> None:
    """Refuse to touch a person who may do more than the actor.

    The person who acts is no exception: by a token with less than they have, an application would otherwise give their
    account an address of its own choice, and come back with all of it (R36).

    Raises:
        BeyondYourOwn: they may do more.
    """
    if not uow.actor.is_trusted:
        require_grantable(uow, effective.of_user(uow, user_id).permissions)


def require_over_client(uow: UnitOfWork, client_id: UUID) -> None:
    """Refuse to touch a machine client that may do more than the actor: whoever has its secret may do it too.

    Raises:
        BeyondYourOwn: it may do more, whatever its scope is now.
    """
    if not uow.actor.is_trusted:
        require_grantable(uow, effective.of_client(uow, client_id).permissions)


def _held_now(uow: UnitOfWork) -> Collection[str]:
    """What the actor may do by the rows of now; an operator, who is none of this tenant's, has what they came with."""
    match uow.actor.kind, uow.actor.id:
        case ActorKind.USER, UUID() as user_id if uow.session.get(User, (uow.tenant.id, user_id)) is not None:
            return effective.of_user(uow, user_id).permissions
        case ActorKind.CLIENT, UUID() as client_id:
            return effective.of_client(uow, client_id).permissions
        case _:
            return uow.actor.permissions


def _name(permission: str) -> str:
    return _("every permission of your own applications") if permission == EVERY_APP_PERMISSION else permission

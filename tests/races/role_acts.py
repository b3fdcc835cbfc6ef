"""What racers do with roles and owners; each takes (tenant's slug, …) and answers "done" or the code of the refusal."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from idp.accounts import leaving
from idp.actor import Actor, ActorKind
from idp.db.unit import UnitOfWork
from idp.rbac import bounds, roles
from idp.rbac import service as rbac
from idp.rbac.permissions import of_builtin
from idp.users import service as users
from idp.users.models import User
from idp.wiring import Wiring
from tests.races.racers import within

UNMAKE: dict[str, Callable[[UnitOfWork, User], Any]] = {
    "unassign": lambda uow, user: rbac.unassign_role(uow, user, "owner"),
    "disable": users.disable,
    "delete": leaving.request_deletion,
}


def unmake_owner(app: Any, wiring: Wiring, job: tuple[str, str, UUID, UUID]) -> Any:
    """One owner makes another none, as the management API does it: by a token that was read before."""
    slug, verb, by, whom = job

    def act(uow: UnitOfWork) -> str:
        uow.actor = Actor(ActorKind.USER).authenticated(ActorKind.USER, by, of_builtin("owner", slug))
        user = uow.get(User, whom)
        if verb != "unassign":
            bounds.require_over_user(uow, whom)
        if verb == "disable":  # the account page does not, before it asks for a deletion
            uow.hold(user)
        UNMAKE[verb](uow, user)
        return "done"

    return within(wiring, slug, act)


def include(app: Any, wiring: Wiring, job: tuple[str, str, str]) -> Any:
    slug, name, included = job

    def act(uow: UnitOfWork) -> str:
        roles.update_role(uow, rbac.get_role(uow, name), includes=[included])
        return "done"

    return within(wiring, slug, act)


def assign_or_delete(app: Any, wiring: Wiring, job: tuple[str, UUID | None, UUID]) -> Any:
    """Let somebody hold a role, or delete it."""
    slug, user_id, role_id = job

    def act(uow: UnitOfWork) -> str:
        role = roles.get(uow, role_id)
        if user_id is None:
            roles.delete_role(uow, role)
        else:
            rbac.assign_role(uow, uow.get(User, user_id), role)
        return "done"

    return within(wiring, slug, act)

"""Why somebody may do what they may: "because of the role X through the group Y"."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from idp.db.unit import UnitOfWork
from idp.rbac import roles, service
from idp.rbac.models import Group, GroupMember, GroupRole, RoleInclusion


@dataclass(frozen=True, slots=True)
class Reason:
    """One way in which a permission is held.

    Attributes:
        path: names of roles, from the one that is held to the one that permits it.
        group: through which group the first is held; None when it is held directly.
    """

    path: tuple[str, ...]
    group: str | None = None


def of_user(uow: UnitOfWork, user_id: UUID) -> dict[str, list[Reason]]:
    """Every permission that a person has, sorted, with every reason for it."""
    same = (GroupMember.tenant_id == Group.tenant_id) & (GroupMember.group_id == Group.id)
    held: list[tuple[UUID, str | None]] = [(role.id, None) for role in service.roles_of_user(uow, user_id)]
    through = uow.execute(
        select(GroupRole.role_id, Group.name)
        .join(Group, (Group.tenant_id == GroupRole.tenant_id) & (Group.id == GroupRole.group_id))
        .join(GroupMember, same)
        .where(GroupMember.user_id == user_id)
        .order_by(Group.name)
    ).all()
    held += [(row.role_id, row.name) for row in through]
    return _explained(uow, held)


def of_client(uow: UnitOfWork, client_id: UUID) -> dict[str, list[Reason]]:
    """The same of a machine client, whatever its scope."""
    return _explained(uow, [(role.id, None) for role in service.roles_of_client(uow, client_id)])


def _explained(uow: UnitOfWork, held: list[tuple[UUID, str | None]]) -> dict[str, list[Reason]]:
    known = {role.id: role for role in service.list_roles(uow)}
    includes: dict[UUID, list[UUID]] = {}
    for inclusion in uow.session.scalars(select(RoleInclusion)).all():
        includes.setdefault(inclusion.role_id, []).append(inclusion.included_id)
    found: dict[str, list[Reason]] = {}
    for role_id, group in held:
        for path in _shortest_paths(role_id, includes):
            names = tuple(known[step].name for step in path)
            for permission in roles.permissions_of(uow, known[path[-1]]):
                found.setdefault(permission, []).append(Reason(names, group))
    return dict(sorted(found.items()))


def _shortest_paths(start: UUID, includes: dict[UUID, list[UUID]]) -> Iterator[tuple[UUID, ...]]:
    """One path to each role that `start` reaches: all of them can be more than there are stars."""
    paths: dict[UUID, tuple[UUID, ...]] = {start: (start,)}
    waiting = deque([start])
    while waiting:
        role_id = waiting.popleft()
        yield paths[role_id]
        for included_id in includes.get(role_id, ()):
            if included_id not in paths:
                paths[included_id] = (*paths[role_id], included_id)
                waiting.append(included_id)

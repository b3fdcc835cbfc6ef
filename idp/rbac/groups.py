"""Verbs on groups: people who get the same roles together (RFC 7643 §4.2)."""

from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.ids import new_id
from idp.rbac import bounds, effective
from idp.rbac.errors import GroupNameTaken, NoSuchGroup, RoleInvalid, TooManyOfThem
from idp.rbac.models import Group, GroupMember
from idp.users.models import User

MAX_GROUPS = 10_000
MAX_NAME = 100


def get(uow: UnitOfWork, group_id: UUID) -> Group:
    """The group with this id.

    Raises:
        NoSuchGroup: none of this tenant.
    """
    group = uow.find(Group, group_id)
    if group is None:
        raise NoSuchGroup("There is no such group.")
    return group


def get_to_change(uow: UnitOfWork, group_id: UUID) -> Group:
    """The group with this id, as it is and stays until this transaction ends.

    Raises:
        NoSuchGroup: none of this tenant.
    """
    bounds.take_turn(uow)
    group = uow.session.get(Group, (uow.tenant.id, group_id), populate_existing=True)
    if group is None:
        raise NoSuchGroup("There is no such group.")
    return group


def get_by_name(uow: UnitOfWork, name: str) -> Group:
    """The group of that name.

    Raises:
        NoSuchGroup: none of this tenant.
    """
    group = uow.session.scalar(select(Group).where(Group.name == name))
    if group is None:
        raise NoSuchGroup(f"There is no group {name[:MAX_NAME]!r}.")
    return group


def create_group(uow: UnitOfWork, *, name: str, description: str = "") -> Group:
    """Make a group, with nobody in it and no role.

    Raises:
        RoleInvalid, GroupNameTaken, TooManyOfThem: it cannot be so.
    """
    bounds.take_turn(uow)
    if (uow.session.scalar(select(func.count()).select_from(Group)) or 0) >= MAX_GROUPS:
        raise TooManyOfThem(f"A tenant has at most {MAX_GROUPS} groups.")
    group = uow.add(Group(id=new_id(), name=_free(uow, name), description=_described(description)))
    uow.flush()
    events.record(uow, EventType.GROUP_CREATED, group, name=group.name)
    return group


def update_group(uow: UnitOfWork, group: Group, *, name: str | None = None, description: str | None = None) -> Group:
    """Change a group; what is None stays.

    Raises:
        NoSuchGroup: somebody deleted it meanwhile.
        RoleInvalid, GroupNameTaken: it cannot be so.
        BeyondYourOwn: its roles permit more than the actor may do.
    """
    group = get_to_change(uow, group.id)
    bounds.require_grantable(uow, effective.of_group(uow, group.id).permissions)
    changed = []
    if name is not None and name != group.name:
        group.name = _free(uow, name)
        changed.append("name")
    if description is not None and description != group.description:
        group.description = _described(description)
        changed.append("description")
    if changed:
        group.updated_at = uow.now
        events.record(uow, EventType.GROUP_UPDATED, group, name=group.name, changed=changed)
    uow.flush()
    return group


def delete_group(uow: UnitOfWork, group: Group) -> None:
    """Delete a group; its people lose what they had through it.

    Raises:
        NoSuchGroup: somebody deleted it meanwhile.
        BeyondYourOwn: its roles permit more than the actor may do.
    """
    group = get_to_change(uow, group.id)
    bounds.require_grantable(uow, effective.of_group(uow, group.id).permissions)
    events.record(uow, EventType.GROUP_DELETED, group, name=group.name)
    uow.flush()
    uow.execute(delete(Group).where(Group.id == group.id))


def add_member(uow: UnitOfWork, group: Group, user: User) -> bool:
    """Put a person into a group; answers whether they were not in it yet.

    Raises:
        NoSuchGroup: somebody deleted it meanwhile.
        BeyondYourOwn: its roles permit more than the actor may do.
    """
    group = get_to_change(uow, group.id)
    bounds.require_grantable(uow, effective.of_group(uow, group.id).permissions)
    row = {"tenant_id": uow.tenant.id, "group_id": group.id, "user_id": user.id}
    done = uow.execute(insert(GroupMember).values(row).on_conflict_do_nothing().returning(GroupMember.user_id)).first()
    if done is not None:
        events.record(uow, EventType.GROUP_MEMBER_ADDED, group, user_id=user.id, name=group.name)
    return done is not None


def remove_member(uow: UnitOfWork, group: Group, user: User) -> bool:
    """Take a person out of a group; answers whether they were in it.

    Raises:
        NoSuchGroup: somebody deleted it meanwhile.
        BeyondYourOwn: its roles permit more than the actor may do.
    """
    group = get_to_change(uow, group.id)
    bounds.require_grantable(uow, effective.of_group(uow, group.id).permissions)
    theirs = (GroupMember.group_id == group.id, GroupMember.user_id == user.id)
    done = uow.execute(delete(GroupMember).where(*theirs).returning(GroupMember.user_id)).first()
    if done is not None:
        events.record(uow, EventType.GROUP_MEMBER_REMOVED, group, user_id=user.id, name=group.name)
    return done is not None


def _free(uow: UnitOfWork, text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise RoleInvalid(f"A group's name is 1 to {MAX_NAME} printable characters.", field="name")
    if uow.session.scalar(select(Group.id).where(Group.name == name)) is not None:
        raise GroupNameTaken(f"There is a group {name!r} already.")
    return name


def _described(text: str) -> str:
    described = " ".join(text.split())
    if len(described) > 500 or not described.isprintable():  # noqa: PLR2004
        raise RoleInvalid("A description is one line of at most 500 characters.", field="description")
    return described

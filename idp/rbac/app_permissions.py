"""Permissions that a tenant defines for its own applications, each of one of its API resources."""

import re
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete, func, select, update

from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.models import Event
from idp.events.types import EventType
from idp.ids import new_id
from idp.rbac import bounds
from idp.rbac.errors import NoSuchPermission, PermissionInvalid, PermissionTaken, TooManyOfThem
from idp.rbac.models import AppPermission, Role
from idp.rbac.permissions import NAMES

MAX_OF_RESOURCE = 200
"""So that a token with all of them still fits into a header."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,49}:[a-z0-9][a-z0-9._-]{0,49}")


def define(uow: UnitOfWork, resource_id: UUID, *, name: str, description: str = "") -> AppPermission:
    """Define a permission of an API, or describe one of it anew.  Nobody has a new one, whatever its name.

    Args:
        uow: the tenant's unit.
        resource_id: of the API resource.
        name: ``resource:action``, such as ``invoices:approve``; unique in the tenant.
        description: for people.

    Raises:
        PermissionInvalid, PermissionTaken, TooManyOfThem: it cannot be so.
    """
    described = " ".join(description.split())
    if not _NAME.fullmatch(name):
        raise PermissionInvalid("A permission reads resource:action, such as invoices:approve.", field="name")
    if len(described) > 500 or not described.isprintable():  # noqa: PLR2004
        raise PermissionInvalid("A description is one line of at most 500 characters.", field="description")
    bounds.take_turn(uow)
    found = uow.session.scalar(select(AppPermission).where(AppPermission.name == name))
    if name in NAMES or (found is not None and found.resource_id != resource_id):
        raise PermissionTaken(f"{name} is a permission of another API.")
    if found is not None:
        found.description = described
        return found
    of_resource = select(func.count()).select_from(AppPermission).where(AppPermission.resource_id == resource_id)
    if (uow.session.scalar(of_resource) or 0) >= MAX_OF_RESOURCE:
        raise TooManyOfThem(f"An API has at most {MAX_OF_RESOURCE} permissions.")
    permission = uow.add(AppPermission(id=new_id(), resource_id=resource_id, name=name, description=described))
    uow.flush()
    _take_from_roles(uow, name)
    events.record(uow, EventType.PERMISSION_CREATED, permission, permission=name, resource_id=str(resource_id))
    return permission


def remove(uow: UnitOfWork, resource_id: UUID, name: str) -> None:
    """Take a permission away, from every role too.

    Raises:
        NoSuchPermission: the API has none of that name.
    """
    bounds.take_turn(uow)
    permission = uow.session.scalar(
        select(AppPermission).where(AppPermission.resource_id == resource_id, AppPermission.name == name)
    )
    if permission is None:
        raise NoSuchPermission(f"This API has no permission {name[:100]!r}.")
    events.record(uow, EventType.PERMISSION_DELETED, permission, permission=name, resource_id=str(resource_id))
    uow.flush()
    uow.execute(delete(AppPermission).where(AppPermission.id == permission.id))
    _take_from_roles(uow, name)


def remove_all(uow: UnitOfWork, event: Event) -> None:
    """React to the end of an API: its permissions end with it, so that no role keeps a name for the next API."""
    bounds.take_turn(uow)
    for permission in list_of(uow, [event.target_id] if event.target_id else []):
        _take_from_roles(uow, permission.name)


def _take_from_roles(uow: UnitOfWork, name: str) -> None:
    uow.execute(
        update(Role)
        .where(Role.permissions.op("@>")([name]))
        .values(permissions=func.array_remove(Role.permissions, name), updated_at=func.now()),
        execution_options={"synchronize_session": "fetch"},
    )


def list_of(uow: UnitOfWork, resource_ids: Collection[UUID]) -> Sequence[AppPermission]:
    """The permissions of API resources, by name."""
    return uow.session.scalars(
        select(AppPermission).where(AppPermission.resource_id.in_(resource_ids)).order_by(AppPermission.name)
    ).all()

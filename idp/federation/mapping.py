"""Roles by groups of an upstream: bounded when they are written down, followed when somebody comes (R23, R48)."""

from sqlalchemy import select

from idp.db.unit import UnitOfWork
from idp.events.models import Event
from idp.events.types import EventType
from idp.federation.errors import ConnectionInvalid
from idp.federation.models import Connection
from idp.federation.options import Options
from idp.federation.providers.base import UpstreamProfile
from idp.rbac import bounds, effective
from idp.rbac import service as rbac
from idp.rbac.errors import NoSuchRole
from idp.rbac.permissions import Builtin
from idp.users.models import User


def require_grantable(uow: UnitOfWork, options: Options, *, as_it_was: bool = False) -> None:
    """Refuse a mapping to roles that the actor may not give by hand.

    Args:
        uow: the tenant's unit.
        options: with the mapping.
        as_it_was: whether it stands already, so that a role that is gone gives nothing and offends nobody.

    Raises:
        NoSuchRole: a role that the tenant does not have.
        ConnectionInvalid: owners are not made by a mapping.
        BeyondYourOwn: the roles permit more than the actor may do.
    """
    if not options.roles:
        return
    bounds.take_turn(uow)
    names = set(options.roles.values())
    if as_it_was:
        names &= {role.name for role in rbac.list_roles(uow)}
    roles = [rbac.get_role(uow, name) for name in sorted(names)]
    if any(role.is_builtin and role.name == Builtin.OWNER for role in roles):
        raise ConnectionInvalid(
            "Owners are people, made one by one: no mapping gives that role.", field="options.roles"
        )
    bounds.require_grantable(uow, effective.of_roles(uow, [role.id for role in roles]).permissions)


def follow_groups(uow: UnitOfWork, connection: Connection, user: User, profile: UpstreamProfile) -> None:
    """The roles of the mapping are the connection's to give and to take: whoever leaves the group loses them."""
    named = connection.options.roles
    groups = {name.casefold() for name in profile.groups}
    wanted = {role for group, role in named.items() if group.casefold() in groups}
    for name in sorted(set(named.values())):
        try:
            role = rbac.get_role(uow, name)
        except NoSuchRole:  # deleted since; the connection's document still shows it
            continue
        if name in wanted:
            rbac.give(uow, user, role)
        else:
            rbac.take_back(uow, user, role)


def follow_role(uow: UnitOfWork, event: Event) -> None:
    """React to another name of a role, or its end: a mapping means the role that it meant when it was written.

    Otherwise the next role of that name would be given by it.
    """
    before = event.data.get("renamed_from", event.data["role"])
    if event.type != EventType.ROLE_DELETED and before == event.data["role"]:
        return
    for row in uow.session.scalars(select(Connection)):
        if before not in row.options.roles.values():
            continue
        kept = {group: role for group, role in row.options.roles.items() if role != before}
        if event.type != EventType.ROLE_DELETED:
            kept = {group: event.data["role"] if role == before else role for group, role in row.options.roles.items()}
        row.options = row.options.model_copy(update={"roles": kept})

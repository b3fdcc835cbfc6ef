"""``groups/{group_id}/members`` and ``users/{user_id}/groups``: who is in which group."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from idp.api.fields import moment, shown
from idp.api.listing import Listing
from idp.api.management.groups import GROUP, GroupPage
from idp.api.management.groups import describe as describe_group
from idp.api.management.routes import management
from idp.api.schemas import Body, listed
from idp.api.tags import GROUPS, PEOPLE
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.rbac import groups
from idp.rbac.models import Group, GroupMember
from idp.rbac.permissions import Permission
from idp.users.errors import NoSuchUser
from idp.users.models import User, UserEmail

MEMBER = {
    "id": "01981a4e-7c1b-7cc3-9a54-2f1d6f5f0a11",
    "email": "ida@acme.example",
    "name": "Ida Berg",
    "added_at": "2026-11-24T09:12:00.250000+00:00",
}
_CHANGE_REFUSES = ("no-such-group", "no-such-user", "beyond-your-own")


class GroupMemberOut(Body):
    """Somebody in a group."""

    id = shown("For `users/{user_id}`.")
    email = shown("Their primary address.")
    name = shown("Their full name, where it is known.", allow_none=True)
    added_at = moment("Since when.")


MEMBERS = Listing(
    "group-members", orders={"id": Order((GroupMember.user_id,), twins=(User.id, UserEmail.user_id))}, default="id"
)
OF_USER = Listing("user-groups", orders={"name": Order((Group.name, Group.id))}, default="name")


@management.operation(
    "GET",
    "/groups/<uuid:group_id>/members",
    needs=Permission.GROUPS_READ,
    tag=GROUPS,
    query=MEMBERS.query,
    answer=(200, listed(GroupMemberOut), {"items": [MEMBER], "next_cursor": None}),
    refuses=("no-such-group",),
)
def list_group_members(uow: UnitOfWork, query: dict[str, Any], group_id: UUID) -> dict[str, Any]:
    """List who is in a group.

    In the order in which their accounts were made.
    """
    group = groups.get(uow, group_id)
    same_user = (User.tenant_id == GroupMember.tenant_id) & (User.id == GroupMember.user_id)
    same_email = (UserEmail.tenant_id == GroupMember.tenant_id) & (UserEmail.user_id == GroupMember.user_id)
    statement: Any = (
        select(GroupMember, User, UserEmail)
        .join(User, same_user)
        .join(UserEmail, same_email)
        .where(GroupMember.group_id == group.id, UserEmail.is_primary)
    )
    page = MEMBERS.page(uow, statement, query)
    rows: Any = page.rows
    members = [
        {
            "id": str(user.id),
            "email": email.address,
            "name": user.profile.name,
            "added_at": member.added_at.isoformat(),
        }
        for member, user, email, *_ in rows
    ]
    return MEMBERS.answer(uow, page, members, query)


@management.operation(
    "PUT",
    "/groups/<uuid:group_id>/members/<uuid:user_id>",
    needs=Permission.GROUPS_WRITE,
    tag=GROUPS,
    answer=(204, None, None),
    refuses=_CHANGE_REFUSES,
)
def add_group_member(uow: UnitOfWork, group_id: UUID, user_id: UUID) -> None:
    """Put somebody into a group.

    They get its roles, so they must not permit more than whoever puts them in may do. Whoever is in it already stays
    in it.
    """
    groups.add_member(uow, groups.get(uow, group_id), person(uow, user_id))


@management.operation(
    "DELETE",
    "/groups/<uuid:group_id>/members/<uuid:user_id>",
    needs=Permission.GROUPS_WRITE,
    tag=GROUPS,
    answer=(204, None, None),
    refuses=_CHANGE_REFUSES,
)
def remove_group_member(uow: UnitOfWork, group_id: UUID, user_id: UUID) -> None:
    """Take somebody out of a group.

    Whoever is not in it stays out.
    """
    groups.remove_member(uow, groups.get(uow, group_id), person(uow, user_id))


@management.operation(
    "GET",
    "/users/<uuid:user_id>/groups",
    needs=Permission.USERS_READ,
    tag=PEOPLE,
    query=OF_USER.query,
    answer=(200, GroupPage, {"items": [GROUP], "next_cursor": None}),
    refuses=("no-such-user",),
)
def list_user_groups(uow: UnitOfWork, query: dict[str, Any], user_id: UUID) -> dict[str, Any]:
    """List the groups that somebody is in."""
    same = (GroupMember.tenant_id == Group.tenant_id) & (GroupMember.group_id == Group.id)
    statement = select(Group).join(GroupMember, same).where(GroupMember.user_id == person(uow, user_id).id)
    page = OF_USER.page(uow, statement, query)
    return OF_USER.answer(uow, page, [describe_group(row[0]) for row in page.rows], query)


def person(uow: UnitOfWork, user_id: UUID) -> User:
    """Somebody of this tenant.

    Raises:
        NoSuchUser: nobody has that id.
    """
    user = uow.find(User, user_id)
    if user is None:
        raise NoSuchUser("There is no such person.")
    return user

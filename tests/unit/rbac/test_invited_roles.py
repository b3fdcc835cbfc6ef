"""Roles that an invitation gives: those that were meant, as far as whoever invited may still give them (R48)."""

from uuid import UUID

import pytest

from idp.accounts import invitations, leaving
from idp.rbac import roles
from idp.rbac import service as rbac
from idp.rbac.errors import BeyondYourOwn
from idp.rbac.models import Role
from idp.users import service as users
from idp.users.models import User
from idp.wiring import Wiring
from tests.factories import NOBODY, PASSWORD, People
from tests.post import Post
from tests.unit.rbac.actors import acting, make_role, roles_of, somebody

EMAIL = "grace@example.com"
MAY = ("invitations:write", "users:read")


@pytest.fixture
def post(wiring: Wiring, people: People) -> Post:
    return Post(wiring, people.tenant)


@pytest.fixture
def reader(people: People) -> UUID:
    return make_role(people, "reader", "users:read")


def invite(people: People, inviter: UUID, *names: str) -> None:
    with acting(people, inviter, *MAY) as uow:
        invitations.invite(uow, EMAIL, roles=names)


def accepted(people: People, post: Post) -> list[str]:
    token = post.token(EMAIL, "?invitation=")
    with people.unit() as uow:
        user = invitations.accept(uow, token, password=PASSWORD, terms_accepted=True, profile={})
    return roles_of(people, user.id)


def test_nobody_invites_beyond_their_own(people: People, reader: UUID) -> None:
    helper = somebody(people, *MAY)
    for name in ("admin", "owner"):
        with pytest.raises(BeyondYourOwn):
            invite(people, helper.id, name)


def test_what_whoever_invited_may_give_no_more_is_withheld(people: People, post: Post, reader: UUID) -> None:
    helper = somebody(people, *MAY)
    invite(people, helper.id, "reader", "member")
    with people.unit() as uow:
        for role in rbac.roles_of_user(uow, helper.id):
            rbac.unassign_role(uow, uow.get(User, helper.id), role)
    assert accepted(people, post) == ["member"]


def test_a_role_that_grew_since_is_withheld(people: People, post: Post, reader: UUID) -> None:
    invite(people, somebody(people, *MAY).id, "reader", "member")
    with people.unit() as uow:
        roles.update_role(uow, uow.get(Role, reader), permissions=["users:read", "keys:write"])
    assert accepted(people, post) == ["member"]


def test_whoever_is_shut_out_gives_nothing_any_more(people: People, post: Post, reader: UUID) -> None:
    helper = somebody(people, *MAY)
    invite(people, helper.id, "reader", "member")
    with people.unit() as uow:
        users.disable(uow, uow.get(User, helper.id))
    assert accepted(people, post) == ["member"]


def test_whoever_is_to_be_deleted_gives_nothing_any_more(people: People, post: Post, reader: UUID) -> None:
    """Or somebody who was let go would invite themselves back during the grace period."""
    helper = somebody(people, *MAY)
    invite(people, helper.id, "reader", "member")
    with people.unit() as uow:
        leaving.request_deletion(uow, uow.get(User, helper.id))
    assert accepted(people, post) == ["member"]


def test_whoever_is_gone_gives_nothing_any_more(people: People, post: Post, reader: UUID) -> None:
    helper = somebody(people, *MAY)
    invite(people, helper.id, "reader", "member")
    people.erase(helper)
    assert accepted(people, post) == ["member"]


def test_an_operator_who_is_nobody_here_has_given_what_they_could(people: People, post: Post, reader: UUID) -> None:
    invite(people, NOBODY, "reader")
    assert accepted(people, post) == ["reader"]


def test_a_role_by_another_name_is_still_the_role_that_was_meant(people: People, post: Post, reader: UUID) -> None:
    invite(people, somebody(people, *MAY).id, "reader")
    with people.unit() as uow:
        roles.update_role(uow, uow.get(Role, reader), name="old-reader")
    make_role(people, "reader")
    assert accepted(people, post) == ["old-reader"]


def test_the_next_role_of_a_deleted_ones_name_is_not_given(people: People, post: Post, reader: UUID) -> None:
    invite(people, somebody(people, *MAY).id, "reader", "member")
    with people.unit() as uow:
        roles.delete_role(uow, uow.get(Role, reader))
    make_role(people, "reader")
    assert accepted(people, post) == ["member"]

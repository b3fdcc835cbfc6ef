"""The last owner who may sign in stays one, whatever is done to them (R48)."""

from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts import leaving
from idp.db.unit import UnitOfWork
from idp.rbac import groups, owners, roles
from idp.rbac import service as rbac
from idp.rbac.errors import LastOwner, OwnersArePeople
from idp.users import service as users
from idp.users.models import User
from tests.factories import People
from tests.unit.rbac.actors import make_role

Act = Callable[[UnitOfWork, User], Any]
ACTS = [
    pytest.param(lambda uow, user: rbac.unassign_role(uow, user, "owner"), id="unassign"),
    pytest.param(users.disable, id="disable"),
    pytest.param(leaving.request_deletion, id="delete"),
]


@pytest.fixture
def olive(people: People) -> User:
    return people.user(email="olive@example.com", roles=("owner",))


def do(people: People, user: User, act: Act) -> None:
    with people.unit() as uow:
        act(uow, uow.get(User, user.id))


@pytest.mark.parametrize("act", ACTS)
def test_the_last_owner_stays(people: People, olive: User, act: Act) -> None:
    with pytest.raises(LastOwner):
        do(people, olive, act)
    with people.unit() as uow:
        assert owners.is_last(uow, uow.get(User, olive.id))
        assert uow.get(User, olive.id).disabled_at is None


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("before", ACTS)
def test_one_of_two_may_go_and_then_no_more(people: People, olive: User, act: Act, before: Act) -> None:
    other = people.user(email="other@example.com", roles=("owner",))
    do(people, other, before)
    with pytest.raises(LastOwner):
        do(people, olive, act)


@pytest.mark.parametrize("act", ACTS)
def test_a_machine_that_holds_it_is_no_owner(people: People, olive: User, act: Act) -> None:
    with people.unit() as uow:
        rbac.assign_to_client(uow, people.client(type="machine", scope="users:read")[0], "owner")
    with pytest.raises(LastOwner):
        do(people, olive, act)


@pytest.mark.parametrize("act", ACTS)
def test_whoever_is_none_may_go(people: People, olive: User, act: Act) -> None:
    do(people, people.user(roles=("admin",)), act)


def test_another_role_of_the_last_owner_may_be_taken(people: People, olive: User) -> None:
    do(people, olive, lambda uow, user: rbac.assign_role(uow, user, "admin"))
    do(people, olive, lambda uow, user: rbac.unassign_role(uow, user, "admin"))


def test_no_group_has_it_and_no_role_includes_it(people: People) -> None:
    with people.unit() as uow, pytest.raises(OwnersArePeople):
        rbac.assign_to_group(uow, groups.create_group(uow, name="Chiefs"), "owner")
    with pytest.raises(OwnersArePeople):
        make_role(people, "chief", includes=("owner",))
    chief = make_role(people, "chief")
    with people.unit() as uow, pytest.raises(OwnersArePeople):
        roles.update_role(uow, roles.get(uow, chief), includes=["admin", "owner"])

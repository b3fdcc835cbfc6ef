"""Who holds which role, by the management API: given, taken, listed, and never beyond one's own (R8, R48)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from idp.oauth import console
from idp.oauth.clients import forget
from idp.rbac import groups, roles
from idp.rbac import service as rbac
from tests.api.management.callers import Caller, person_caller
from tests.factories import NOBODY, People

Holder = tuple[str, Callable[[str], list[str]]]


def role_id(people: People, name: str) -> UUID:
    with people.unit() as uow:
        return rbac.get_role(uow, name).id


def make_role(people: People, name: str, *permitted: str, includes: tuple[str, ...] = ()) -> UUID:
    with people.unit() as uow:
        return roles.create_role(uow, name=name, permissions=permitted, includes=includes).id


def make_group(people: People, name: str = "Finance") -> UUID:
    with people.unit() as uow:
        return groups.create_group(uow, name=name).id


@pytest.fixture(params=["users", "groups", "clients"])
def holder(request: pytest.FixtureRequest, people: People) -> str:
    """Below what the roles of a holder are."""
    match request.param:
        case "users":
            return f"/users/{people.user().id}"
        case "groups":
            return f"/groups/{make_group(people)}"
        case _:
            return f"/clients/{people.client(type='machine', scope='users:read')[0].id}"


def test_a_role_is_given_listed_and_taken_and_nothing_happens_twice(admin: Caller, people: People, holder: str) -> None:
    url = f"{holder}/roles/{make_role(people, 'support', 'users:read')}"
    for _ in range(2):
        assert admin.put(url).status_code == 204
    held = admin.get(f"{holder}/roles").json["items"]
    assert [(role["name"], role["permissions"]) for role in held] == [("support", ["users:read"])]
    for _ in range(2):
        assert admin.delete(url).status_code == 204
    assert admin.get(f"{holder}/roles").json == {"items": [], "next_cursor": None}


def test_roles_are_listed_by_page(admin: Caller, people: People, holder: str) -> None:
    for name in ("b", "a", "c"):
        admin.put(f"{holder}/roles/{make_role(people, name)}")
    first = admin.get(f"{holder}/roles?limit=2")
    rest = admin.get(f"{holder}/roles?limit=2&cursor={first.json['next_cursor']}")
    assert [role["name"] for page in (first, rest) for role in page.json["items"]] == ["a", "b", "c"]


def test_nobody_gives_or_takes_beyond_their_own(people: People, machine: Callable[..., Caller], holder: str) -> None:
    """By scope here: whoever holds everything may lend less than that to a token."""
    helper = machine(scope="roles:assign users:read", roles=("admin",))
    assert helper.put(f"{holder}/roles/{make_role(people, 'reader', 'users:read')}").status_code == 204
    more = make_role(people, "more", "users:read", includes=("admin",))
    for method in ("PUT", "DELETE"):
        answer = helper.call(method, f"{holder}/roles/{more}")
        assert (answer.status_code, answer.json["code"]) == (403, "beyond-your-own")
        assert "users:write" not in answer.json["detail"] or "users:read" not in answer.json["detail"]


def test_what_is_not_here_is_said_to_be_missing(admin: Caller, others: People, people: People, holder: str) -> None:
    theirs, member = role_id(others, "member"), role_id(people, "member")
    nobody = holder.replace(holder.rsplit("/", 1)[1], str(NOBODY))
    for method in ("PUT", "DELETE"):
        assert admin.call(method, f"{holder}/roles/{theirs}").json["code"] == "no-such-role"
        assert admin.call(method, f"{nobody}/roles/{member}").status_code == 404
    assert admin.get(f"{nobody}/roles").status_code == 404


def test_only_an_owner_makes_and_unmakes_one(admin: Caller, owner: Caller, people: People) -> None:
    ada, ownership = people.user(), role_id(people, "owner")
    url = f"/users/{ada.id}/roles/{ownership}"
    assert admin.put(url).json["code"] == "beyond-your-own"
    assert owner.put(url).status_code == 204
    assert admin.delete(url).json["code"] == "beyond-your-own"
    assert owner.delete(url).status_code == 204


def test_the_last_owner_stays(owner: Caller, people: People) -> None:
    answer = owner.delete(f"/users/{owner.id}/roles/{role_id(people, 'owner')}")
    assert (answer.status_code, answer.json["code"]) == (409, "last-owner")
    assert owner.get("/roles").status_code == 200


def test_no_group_has_the_role_owner(owner: Caller, people: People) -> None:
    answer = owner.put(f"/groups/{make_group(people)}/roles/{role_id(people, 'owner')}")
    assert (answer.status_code, answer.json["code"]) == (422, "owners-are-people")


def test_only_machines_hold_roles(owner: Caller, people: People) -> None:
    member = role_id(people, "member")
    for client_id in (people.client()[0].id, people.client(type="spa")[0].id, console.CLIENT_ID):
        answer = owner.put(f"/clients/{client_id}/roles/{member}")
        assert (answer.status_code, answer.json["code"]) == (422, "client-is-no-machine")
        assert owner.get(f"/clients/{client_id}/roles").json["items"] == []


def test_a_role_of_somebody_higher_is_taken_by_whoever_could_give_it(
    admin: Caller, owner: Caller, people: People
) -> None:
    """It makes nobody more than they are, and a mistake can be put right."""
    url = f"/users/{owner.id}/roles/{make_role(people, 'support', 'users:read')}"
    assert admin.put(url).status_code == 204
    assert admin.delete(url).status_code == 204


def test_a_role_that_is_taken_binds_at_the_next_call(app: Any, admin: Caller, people: People) -> None:
    ada = person_caller(app, people, email="ada@example.com")
    url = f"/users/{ada.id}/roles/{make_role(people, 'support', includes=('admin',))}"
    admin.put(url)
    assert ada.get("/roles").status_code == 200
    admin.delete(url)
    assert ada.get("/roles").json["code"] == "permission-needed"


def test_a_machines_role_binds_for_the_tokens_that_are_out(
    admin: Caller, people: People, machine: Callable[..., Caller]
) -> None:
    """As soon as the registration is read again, which is two seconds."""
    robot = machine(scope="roles:read")
    url = f"/clients/{robot.id}/roles/{role_id(people, 'admin')}"
    for act, status in ((admin.put, 200), (admin.delete, 403)):
        assert act(url).status_code == 204
        forget()
        assert robot.get("/roles").status_code == status


def test_holders_are_listed_by_kind(admin: Caller, people: People) -> None:
    support = make_role(people, "support", "users:read")
    user, group = people.user(), make_group(people)
    client = people.client(type="machine", scope="users:read")[0]
    for url in (f"/users/{user.id}", f"/groups/{group}", f"/clients/{client.id}"):
        admin.put(f"{url}/roles/{support}")
    expected = {"user": (user.id, "ada@example.com"), "group": (group, "Finance"), "client": (client.id, "Notes")}
    for kind, (holder_id, name) in expected.items():
        (item,) = admin.get(f"/roles/{support}/holders?kind={kind}").json["items"]
        assert (item["kind"], item["id"], item["name"]) == (kind, str(holder_id), name)


def test_holders_are_listed_by_page(admin: Caller, people: People) -> None:
    support = make_role(people, "support")
    ids = [str(people.user(email=f"p{number}@example.com").id) for number in range(3)]
    for user_id in ids:
        admin.put(f"/users/{user_id}/roles/{support}")
    url = f"/roles/{support}/holders?kind=user&limit=2"
    first = admin.get(url)
    assert first.json["next_cursor"] in first.headers["Link"]
    rest = admin.get(f"{url}&cursor={first.json['next_cursor']}")
    assert [item["id"] for page in (first, rest) for item in page.json["items"]] == ids
    elsewhere = f"/roles/{support}/holders?kind=group&cursor={first.json['next_cursor']}"
    assert admin.get(elsewhere).json["code"] == "cursor-invalid"


def test_holders_of_no_kind_and_of_no_role_are_none(admin: Caller, people: People) -> None:
    support = make_role(people, "support")
    assert admin.get(f"/roles/{support}/holders").json["errors"][0]["pointer"] == "/kind"
    assert admin.get(f"/roles/{support}/holders?kind=dog").status_code == 422
    assert admin.get(f"/roles/{NOBODY}/holders?kind=user").json["code"] == "no-such-role"

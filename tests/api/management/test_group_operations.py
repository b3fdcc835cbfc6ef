"""Groups by the management API: made, changed, deleted, filled; never with more than one may do oneself (R48)."""

from collections.abc import Callable
from typing import Any

import pytest

from idp.rbac import groups
from idp.rbac import service as rbac
from tests.api.management.callers import Caller, person_caller
from tests.factories import NOBODY, People

FINANCE = {"name": "Finance", "description": "Whoever sees the books."}


@pytest.fixture
def finance(admin: Caller) -> str:
    return str(admin.post("/groups", FINANCE).json["id"])


def give(people: People, group_id: str, role: str) -> None:
    """As somebody who may."""
    from uuid import UUID

    with people.unit() as uow:
        rbac.assign_to_group(uow, groups.get(uow, UUID(group_id)), role)


def test_a_group_is_made_shown_changed_and_deleted(admin: Caller) -> None:
    made = admin.post("/groups", FINANCE)
    assert made.status_code == 201
    url = f"/groups/{made.json['id']}"
    shown = admin.get(url)
    assert shown.json == made.json
    changed = admin.patch(url, {"name": "  Book   keeping "}, headers={"If-Match": shown.headers["ETag"]})
    assert (changed.json["name"], changed.json["description"]) == ("Book keeping", FINANCE["description"])
    assert changed.json["updated_at"] > made.json["updated_at"]
    assert admin.patch(url, {"name": "x"}, headers={"If-Match": shown.headers["ETag"]}).status_code == 412
    assert admin.delete(url, headers={"If-Match": shown.headers["ETag"]}).status_code == 412
    assert admin.delete(url).status_code == 204
    assert admin.get(url).json["code"] == "no-such-group"
    assert admin.delete(url).status_code == 404


def test_names_are_unique_and_printable(admin: Caller, finance: str) -> None:
    assert admin.post("/groups", FINANCE).json["code"] == "group-name-taken"
    other = admin.post("/groups", {"name": "Sales"}).json["id"]
    assert admin.patch(f"/groups/{other}", {"name": "Finance"}).json["code"] == "group-name-taken"
    for name in ("   ", "\u200b", "a\u202eb"):
        assert admin.post("/groups", {"name": name}).json["code"] == "role-invalid"
    for name in ("", "x" * 101, "a\x00b", "\ud800", 7, None):
        assert admin.post("/groups", {"name": name}).json["code"] == "body-invalid"


def test_groups_are_listed_by_page_and_by_name(admin: Caller) -> None:
    for name in ("b", "a", "c"):
        admin.post("/groups", {"name": name})
    first = admin.get("/groups?limit=2")
    rest = admin.get(f"/groups?limit=2&cursor={first.json['next_cursor']}")
    assert [group["name"] for page in (first, rest) for group in page.json["items"]] == ["a", "b", "c"]
    assert [group["name"] for group in admin.get("/groups?sort=-created_at").json["items"]] == ["c", "a", "b"]
    assert [group["name"] for group in admin.get("/groups?filter[name]=b").json["items"]] == ["b"]


def test_people_come_and_go_and_nothing_happens_twice(admin: Caller, people: People, finance: str) -> None:
    ada = people.user(given_name="Ada", name="Ada L.")
    member = f"/groups/{finance}/members/{ada.id}"
    for _ in range(2):
        assert admin.put(member).status_code == 204
    (shown,) = admin.get(f"/groups/{finance}/members").json["items"]
    assert (shown["id"], shown["email"], shown["name"]) == (str(ada.id), "ada@example.com", "Ada L.")
    assert [group["id"] for group in admin.get(f"/users/{ada.id}/groups").json["items"]] == [finance]
    for _ in range(2):
        assert admin.delete(member).status_code == 204
    assert admin.get(f"/groups/{finance}/members").json == {"items": [], "next_cursor": None}
    assert admin.get(f"/users/{ada.id}/groups").json["items"] == []


def test_members_are_listed_by_page(admin: Caller, people: People, finance: str) -> None:
    ids = [str(people.user(email=f"p{number}@example.com").id) for number in range(3)]
    for user_id in ids:
        admin.put(f"/groups/{finance}/members/{user_id}")
    first = admin.get(f"/groups/{finance}/members?limit=2")
    rest = admin.get(f"/groups/{finance}/members?limit=2&cursor={first.json['next_cursor']}")
    assert [member["id"] for page in (first, rest) for member in page.json["items"]] == ids


def test_what_is_not_here_is_said_to_be_missing(admin: Caller, others: People, people: People, finance: str) -> None:
    stranger, ada = others.user(), people.user()
    for user_id in (stranger.id, NOBODY):
        for method in ("PUT", "DELETE"):
            assert admin.call(method, f"/groups/{finance}/members/{user_id}").json["code"] == "no-such-user"
        assert admin.get(f"/users/{user_id}/groups").json["code"] == "no-such-user"
    for path in (f"/groups/{NOBODY}/members", f"/groups/{NOBODY}"):
        assert admin.get(path).json["code"] == "no-such-group"
    assert admin.put(f"/groups/{NOBODY}/members/{ada.id}").json["code"] == "no-such-group"


def test_a_group_whose_roles_reach_further_is_left_alone(
    people: People, machine: Callable[..., Caller], finance: str
) -> None:
    """Neither oneself nor anybody else comes in, and nobody is put out, is renamed or loses it."""
    ada = people.user()
    give(people, finance, "admin")
    helper = machine(scope="groups:read groups:write users:read", roles=("admin",))
    for method, path, body in (
        ("PUT", f"/groups/{finance}/members/{ada.id}", None),
        ("DELETE", f"/groups/{finance}/members/{ada.id}", None),
        ("PATCH", f"/groups/{finance}", {"name": "Nobody"}),
        ("DELETE", f"/groups/{finance}", None),
    ):
        answer = helper.call(method, path, body)
        assert (answer.status_code, answer.json["code"]) == (403, "beyond-your-own"), path


def test_whoever_is_in_a_group_may_do_what_it_permits_from_the_next_call_on(
    app: Any, people: People, admin: Caller, finance: str
) -> None:
    ada = person_caller(app, people, email="ada@example.com")
    give(people, finance, "admin")
    assert ada.get("/groups").json["code"] == "permission-needed"
    admin.put(f"/groups/{finance}/members/{ada.id}")
    assert ada.get("/groups").status_code == 200
    admin.delete(f"/groups/{finance}/members/{ada.id}")
    assert ada.get("/groups").json["code"] == "permission-needed"
    admin.put(f"/groups/{finance}/members/{ada.id}")
    admin.delete(f"/groups/{finance}")
    assert ada.get("/groups").json["code"] == "permission-needed"

"""People by the management API: found, added, changed, shut out and let go (R34, R36, R46, R48)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from tests.api.management.callers import Caller, person_caller
from tests.factories import NOBODY, People
from tests.post import Post

IDA = {"email": "ida@example.com", "given_name": "Ida"}


@pytest.fixture
def ida(admin: Caller) -> dict[str, Any]:
    made = admin.post("/users", IDA)
    assert made.status_code == 201, made.text
    person: dict[str, Any] = made.json
    return person


def test_a_person_is_added_shown_changed_and_let_go(admin: Caller, ida: dict[str, Any]) -> None:
    assert (ida["email_verified"], ida["status"]) == (False, "active")
    url = f"/users/{ida['id']}"
    shown = admin.get(url)
    assert shown.json == ida
    assert admin.get(url, headers={"If-None-Match": shown.headers["ETag"]}).status_code == 304
    changed = admin.patch(url, {"nickname": "I", "given_name": None}, headers={"If-Match": shown.headers["ETag"]})
    assert (changed.json["nickname"], "given_name" in changed.json) == ("I", False)
    assert admin.patch(url, {"nickname": "J"}, headers={"If-Match": shown.headers["ETag"]}).status_code == 412
    assert admin.delete(url).status_code == 202
    assert admin.get(url).json["status"] == "leaving"
    assert admin.patch(url, {"deletes_at": None}).json["status"] == "active"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"email": 1}, "/email"),
        ({}, "/email"),
        ({"email": None}, "/email"),
        ({"email": "x" * 300 + "@example.com"}, "/email"),
        ({**IDA, "roles": ["owner"]}, "/roles"),
        ({**IDA, "email_verified": True}, "/email_verified"),
        ({**IDA, "tenant_id": str(NOBODY)}, "/tenant_id"),
        ({**IDA, "id": str(NOBODY)}, "/id"),
        ({**IDA, "given_name": ["Ida"]}, "/given_name"),
        ({**IDA, "given_name": "a\x00b"}, "/given_name"),
        ({**IDA, "address": {"street": "x"}}, "/address/street"),
    ],
)
def test_what_does_not_fit_is_pointed_at(admin: Caller, body: dict[str, Any], pointer: str) -> None:
    refused = admin.post("/users", body)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]


def test_an_address_is_one_persons(admin: Caller, ida: dict[str, Any]) -> None:
    assert admin.post("/users", {"email": "IDA@Example.com"}).json["code"] == "email-taken"
    assert admin.post("/users", {"email": "not an address"}).json["code"] == "email-invalid"


def test_people_are_found_by_what_is_known_of_them(admin: Caller, ida: dict[str, Any]) -> None:
    def ids(query: str) -> list[str]:
        return [item["email"] for item in admin.get(f"/users?{query}").json["items"]]

    assert ids("filter[email]=IDA@example.com") == ["ida@example.com"]
    assert ids("filter[email_starts_with]=id") == ["ida@example.com"]
    assert ids("sort=email") == ["adam@example.com", "ida@example.com"]
    assert ids("sort=-email&filter[role]=admin") == ["adam@example.com"]
    assert ids("filter[status]=disabled") == []
    admin.post(f"/users/{ida['id']}/disable")
    assert ids("filter[status]=disabled") == ["ida@example.com"]
    assert ids("filter[status]=active") == ["adam@example.com"]
    group = admin.post("/groups", {"name": "Finance"}).json["id"]
    admin.put(f"/groups/{group}/members/{ida['id']}")
    assert ids(f"filter[group]={group}") == ["ida@example.com"]
    for wrong in ("filter[status]=gone", "filter[group]=x", "filter[password]=x", "sort=password_hash", "limit=0"):
        assert admin.get(f"/users?{wrong}").status_code == 422


def test_every_page_together_is_everybody_once(admin: Caller) -> None:
    admin.post("/users/bulk", {"users": [{"email": f"p{number}@example.com"} for number in range(7)]})
    for order in ("created_at", "-created_at", "email", "-email"):
        seen, query = [], f"/users?limit=3&sort={order}"
        while True:
            page = admin.get(query).json
            seen += [item["email"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            query = f"/users?limit=3&sort={order}&cursor={page['next_cursor']}"
        assert len(seen) == len(set(seen)) == 8


def test_whoever_is_shut_out_is_out_at_once(app: Any, people: People, admin: Caller) -> None:
    ben = person_caller(app, people, email="ben@example.com", roles=("member",))
    assert ben.get("/principal").status_code == 200
    assert admin.post(f"/users/{ben.id}/disable").json["status"] == "disabled"
    assert ben.get("/principal").status_code == 401
    assert admin.post(f"/users/{ben.id}/enable").json["status"] == "active"
    assert ben.get("/principal").status_code == 401


def test_nobody_touches_whoever_may_do_more(admin: Caller, owner: Caller) -> None:
    url = f"/users/{owner.id}"
    acts = [
        admin.patch(url, {"nickname": "x"}),
        admin.delete(url),
        *(admin.post(f"{url}/{act}") for act in ("disable", "enable", "unlock", "recovery")),
        admin.post(f"{url}/email", {"email": "other@example.com"}),
        admin.delete(f"{url}/sessions"),
    ]
    assert {(answer.status_code, answer.json["code"]) for answer in acts} == {(403, "beyond-your-own")}
    assert admin.get(url).json["status"] == "active"


def test_the_last_owner_stays(owner: Caller) -> None:
    for answer in (owner.post(f"/users/{owner.id}/disable"), owner.delete(f"/users/{owner.id}")):
        assert (answer.status_code, answer.json["code"]) == (409, "last-owner")
    assert owner.get(f"/users/{owner.id}").json["status"] == "active"


def test_a_recovery_goes_to_a_proven_address_only(admin: Caller, ida: dict[str, Any], people: People) -> None:
    assert admin.post(f"/users/{ida['id']}/recovery").json["code"] == "cannot-recover"
    ben = people.user(email="ben@example.com")
    assert admin.post(f"/users/{ben.id}/recovery").status_code == 202
    post = Post(people.wiring, people.tenant)
    post.deliver()
    assert "reset-password?token=" in post.link("ben@example.com")


def test_another_address_is_proven_before_it_is_theirs(admin: Caller, people: People) -> None:
    ben = people.user(email="ben@example.com")
    assert admin.post(f"/users/{ben.id}/email", {"email": "new@example.com"}).status_code == 202
    assert admin.get(f"/users/{ben.id}").json["email"] == "ben@example.com"
    assert admin.post(f"/users/{ben.id}/email", {"email": "nowhere"}).json["code"] == "email-invalid"


def test_sessions_and_grants_are_listed_and_ended(app: Any, people: People, admin: Caller) -> None:
    ben = person_caller(app, people, email="ben@example.com", roles=("member",))
    (session,) = admin.get(f"/users/{ben.id}/sessions").json["items"]
    (grant,) = admin.get(f"/users/{ben.id}/grants").json["items"]
    assert (grant["session_id"], grant["client_name"]) == (session["id"], "Console")
    assert admin.delete(f"/users/{admin.id}/grants/{grant['id']}").json["code"] == "no-such-grant"
    assert admin.delete(f"/users/{ben.id}/grants/{grant['id']}").status_code == 204
    assert ben.get("/principal").status_code == 401
    assert admin.get(f"/users/{ben.id}/grants").json["items"] == []
    assert admin.delete(f"/users/{ben.id}/sessions/{session['id']}").status_code == 204
    assert admin.delete(f"/users/{ben.id}/sessions/{session['id']}").json["code"] == "no-such-session"


def test_ways_in_are_shown_and_nothing_secret(admin: Caller, people: People) -> None:
    ben = people.user(email="ben@example.com")
    (identity,) = admin.get(f"/users/{ben.id}/identities").json["items"]
    assert (identity["kind"], identity["address"], identity["is_primary"]) == ("email", "ben@example.com", True)
    (factor,) = admin.get(f"/users/{ben.id}/factors").json["items"]
    assert factor.keys() == {"kind", "changed_at"}
    assert admin.post(f"/users/{ben.id}/export").json["user"]["id"] == str(ben.id)


def test_another_tenants_people_do_not_exist(admin: Caller, others: People) -> None:
    stranger = others.user(email="xaver@example.com")
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"nickname": "x"}),
        ("DELETE", "", None),
        ("POST", "/disable", None),
        ("GET", "/sessions", None),
        ("GET", "/factors", None),
    ):
        answer = admin.call(method, f"/users/{stranger.id}{path}", body)
        assert (answer.status_code, answer.json["code"]) == (404, "no-such-user")


def test_many_are_added_at_once_and_one_does_no_harm_to_another(admin: Caller, ida: dict[str, Any]) -> None:
    sent = [
        {"email": "a@example.com", "name": "A"},
        {"email": "a@example.com"},
        {"email": "ida@example.com"},
        {"email": 5},
        {"email": "b@example.com", "password": "x"},
        {"email": "c@example.com"},
    ]
    answer = admin.post("/users/bulk", {"users": sent})
    assert (answer.json["created"], answer.json["refused"]) == (2, 4)
    assert [result["status"] == "created" for result in answer.json["results"]] == [
        True,
        False,
        False,
        False,
        False,
        True,
    ]
    codes = [result.get("code") for result in answer.json["results"]]
    assert codes == [None, "email-taken", "email-taken", "body-invalid", "body-invalid", None]
    assert answer.json["results"][4]["errors"][0]["pointer"] == "/users/4/password"
    assert UUID(answer.json["results"][5]["id"])


def test_a_thousand_at_once_come_once(admin: Caller, people: People) -> None:
    body = {"users": [{"email": f"p{number}@example.com"} for number in range(1000)]}
    headers = {"Idempotency-Key": "the-import-of-monday"}
    first = admin.post("/users/bulk", body, headers=headers)
    assert (first.json["created"], first.json["refused"]) == (1000, 0)
    again = admin.post("/users/bulk", body, headers=headers)
    assert again.json == first.json
    assert admin.post("/users/bulk", {"users": [*body["users"], IDA]}).status_code == 422
    assert admin.post("/users/bulk", {"users": []}).status_code == 422


def test_whoever_only_reads_changes_nothing(machine: Callable[..., Caller], ida: dict[str, Any]) -> None:
    reader = machine(scope="users:read", roles=("admin",))
    assert reader.get(f"/users/{ida['id']}").status_code == 200
    assert reader.patch(f"/users/{ida['id']}", {"nickname": "x"}).json["code"] == "permission-needed"
    writer = machine(scope="users:write", roles=("member",))
    assert writer.post("/users", {"email": "new@example.com"}).json["code"] == "permission-needed"

"""People by the management API: found, added, changed, shut out and let go (R34, R36, R46, R48)."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from idp.accounts import invitations
from idp.authn import throttle
from idp.authn.models import LoginThrottle
from tests.api.management.callers import Caller, person_caller
from tests.factories import NOBODY, PASSWORD, People
from tests.post import Post
from tests.web.tenancy import decide

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
        admin.delete(f"{url}/sessions/{NOBODY}"),
        admin.delete(f"{url}/grants/{NOBODY}"),
        admin.delete(f"/consents/{owner.id}/{NOBODY}"),
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
    post = Post(people.wiring, people.tenant)
    assert "new@example.com" in post.last("ben@example.com").text
    assert "/verify-email?token=" in post.link("new@example.com")
    assert admin.get(f"/users/{ben.id}").json["email"] == "ben@example.com"
    assert admin.post(f"/users/{ben.id}/email", {"email": "nowhere"}).json["code"] == "email-invalid"
    assert admin.post(f"/users/{ben.id}/email", {"email": None}).json["code"] == "body-invalid"
    admin.post(f"/users/{ben.id}/disable")
    assert admin.post(f"/users/{ben.id}/email", {"email": "new@example.com"}).json["code"] == "account-disabled"
    assert admin.post(f"/users/{ben.id}/recovery").json["code"] == "cannot-recover"


def test_mails_do_not_say_where_the_administrator_sits(admin: Caller, people: People) -> None:
    """The address of the test's socket is 127.0.0.1."""
    ben, post = people.user(email="ben@example.com"), Post(people.wiring, people.tenant)
    admin.post(f"/users/{ben.id}/email", {"email": "new@example.com"})
    assert "127.0.0.1" not in post.last("ben@example.com").text
    assert admin.delete(f"/users/{ben.id}").status_code == 202
    told = post.last("ben@example.com")
    assert "An administrator of" in told.text
    assert "127.0.0.1" not in told.text
    assert not told.links("/not-me")


def test_whoever_is_deleted_is_signed_out_now_and_asked_once(app: Any, people: People, owner: Caller) -> None:
    ben = person_caller(app, people, email="ben@example.com", roles=("admin",))
    first = owner.delete(f"/users/{ben.id}")
    assert ben.get("/principal").status_code == 401
    assert owner.delete(f"/users/{ben.id}").json == first.json
    assert owner.get(f"/users/{ben.id}").json["deletes_at"] == first.json["deletes_at"]
    stale = {"If-Match": '"stale"'}
    assert owner.delete(f"/users/{ben.id}", headers=stale).json["code"] == "changed-meanwhile"


def test_deleting_takes_a_permission_of_its_own(machine: Callable[..., Caller], ida: dict[str, Any]) -> None:
    writer = machine(scope="users:read users:write", roles=("admin",))
    assert writer.delete(f"/users/{ida['id']}").json["code"] == "permission-needed"
    assert writer.patch(f"/users/{ida['id']}", {"nickname": "x"}).status_code == 200
    assert machine(scope="users:delete", roles=("admin",)).delete(f"/users/{ida['id']}").status_code == 202


def test_an_administrator_may_shut_themselves_out(admin: Caller, owner: Caller) -> None:
    assert admin.post(f"/users/{admin.id}/disable").json["status"] == "disabled"
    assert admin.get("/users").status_code == 401
    assert owner.get(f"/users/{admin.id}").json["status"] == "disabled"


def test_whoever_guessed_too_often_is_let_try_again(admin: Caller, people: People) -> None:
    ben = people.user(email="ben@example.com")
    with people.unit() as uow:
        throttle.reserve(uow, "ben@example.com")
    assert admin.post(f"/users/{ben.id}/unlock").status_code == 204
    with people.unit() as uow:
        assert uow.session.scalar(select(func.count()).select_from(LoginThrottle)) == 0


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"deletes_at": "2027-01-01T00:00:00Z"}, "/deletes_at"),
        ({"email": "x@example.com"}, "/email"),
        ({"email_verified": True}, "/email_verified"),
        ({"disabled_at": None}, "/disabled_at"),
        ({"roles": ["owner"]}, "/roles"),
        ({"website": "http://x.example"}, "/website"),
        ({"locale": 5}, "/locale"),
    ],
)
def test_what_cannot_be_changed_so_is_pointed_at(
    admin: Caller, ida: dict[str, Any], changes: dict[str, Any], pointer: str
) -> None:
    refused = admin.patch(f"/users/{ida['id']}", changes)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]
    assert admin.get(f"/users/{ida['id']}").json == ida


def test_a_postal_address_is_changed_part_by_part(admin: Caller, ida: dict[str, Any]) -> None:
    url = f"/users/{ida['id']}"
    admin.patch(url, {"address": {"locality": "Wien", "country": "AT"}})
    assert admin.patch(url, {"address": {"country": None, "postal_code": "1010"}}).json["address"] == {
        "locality": "Wien",
        "postal_code": "1010",
    }
    assert "address" not in admin.patch(url, {"address": None}).json


def test_whoever_is_added_with_an_invitation_chooses_a_password(admin: Caller, people: People) -> None:
    made = admin.post("/users", {**IDA, "send_invitation": True})
    assert (made.status_code, made.json["email_verified"]) == (201, False)
    text = Post(people.wiring, people.tenant).token("ida@example.com", "/signup?invitation=")
    with people.unit() as uow:
        user = invitations.accept(uow, text, password=PASSWORD, terms_accepted=False, profile={"given_name": "Eve"})
        assert str(user.id) == made.json["id"]
    shown = admin.get(f"/users/{user.id}").json
    assert (shown["email_verified"], shown["given_name"]) == (True, "Ida")
    assert [factor["kind"] for factor in admin.get(f"/users/{user.id}/factors").json["items"]] == ["password"]


def test_where_nobody_comes_in_by_invitation_nobody_is_added_with_one(admin: Caller, people: People) -> None:
    decide(people, registration="closed")
    assert admin.post("/users", {**IDA, "send_invitation": True}).json["code"] == "registration-closed"
    assert admin.get("/users?filter[email]=ida@example.com").json["items"] == []
    assert admin.post("/users", IDA).status_code == 201
    assert admin.post("/users", {"email": "x@example.com", "send_invitation": 1}).json["code"] == "body-invalid"


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


def test_whoever_only_reads_changes_nothing(machine: Callable[..., Caller], ida: dict[str, Any]) -> None:
    reader = machine(scope="users:read", roles=("admin",))
    assert reader.get(f"/users/{ida['id']}").status_code == 200
    assert reader.patch(f"/users/{ida['id']}", {"nickname": "x"}).json["code"] == "permission-needed"
    writer = machine(scope="users:write", roles=("member",))
    assert writer.post("/users", {"email": "new@example.com"}).json["code"] == "permission-needed"


def test_an_application_with_less_than_its_person_does_not_touch_their_account(app: Any, people: People) -> None:
    """Or it would give them its own address, ask for a new password, and be all that they are (R36, R48)."""
    token = person_caller(
        app, people, email="olga@example.com", roles=("owner",), scope=["users:write", "users:delete"]
    )
    for method, path, body in (
        ("POST", "/email", {"email": "mallory@example.com"}),
        ("POST", "/recovery", None),
        ("PATCH", "", {"nickname": "x"}),
        ("DELETE", "", None),
    ):
        answer = token.call(method, f"/users/{token.id}{path}", body)
        assert (answer.status_code, answer.json["code"]) == (403, "beyond-your-own")

"""Invitations by the management API: nobody lets in, or keeps out, whoever is beyond them (R33, R46, R48)."""

from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts import invitations
from idp.rbac import roles
from tests.api.management.callers import Caller
from tests.factories import PASSWORD, People
from tests.moments import pass_time
from tests.post import Post
from tests.web.tenancy import decide

NOOR = "noor@example.com"


def test_an_invitation_is_made_listed_sent_again_and_taken_back(admin: Caller, people: People) -> None:
    made = admin.post("/invitations", {"email": NOOR})
    assert (made.status_code, made.json["roles"], made.json["invited_by"]) == (201, ["member"], str(admin.id))
    again = admin.post(f"/invitations/{made.json['id']}/resend")
    assert (again.status_code, again.json["id"] != made.json["id"]) == (201, True)
    post = Post(people.wiring, people.tenant)
    post.deliver()
    assert post.link(NOOR, "signup?invitation=")
    assert [item["id"] for item in admin.get("/invitations").json["items"]] == [again.json["id"]]
    assert admin.get(f"/invitations?filter[email]={NOOR.upper()}").json["items"]
    assert admin.delete(f"/invitations/{again.json['id']}").status_code == 204
    assert admin.delete(f"/invitations/{again.json['id']}").json["code"] == "no-such-invitation"
    assert admin.post(f"/invitations/{made.json['id']}/resend").json["code"] == "no-such-invitation"


def test_a_link_that_was_sent_again_is_the_only_one(admin: Caller, people: People) -> None:
    post = Post(people.wiring, people.tenant)
    made = admin.post("/invitations", {"email": NOOR}).json
    before = post.token(NOOR, "?invitation=")
    admin.post(f"/invitations/{made['id']}/resend")
    after = post.token(NOOR, "?invitation=")
    with people.unit() as uow:
        assert invitations.find(uow, before) is None
        assert invitations.accept(uow, after, password=PASSWORD, terms_accepted=False, profile={})
    assert admin.get("/invitations").json["items"] == []


def test_one_that_waited_too_long_is_sent_again(admin: Caller, people: People) -> None:
    made = admin.post("/invitations", {"email": NOOR}).json
    pass_time(people, days=8)
    assert admin.get("/invitations").json["items"] == []
    assert admin.post(f"/invitations/{made['id']}/resend").status_code == 201
    assert len(admin.get("/invitations").json["items"]) == 1


def test_nobody_invites_beyond_their_own(admin: Caller, owner: Caller) -> None:
    assert admin.post("/invitations", {"email": NOOR, "roles": ["owner"]}).json["code"] == "beyond-your-own"
    assert owner.post("/invitations", {"email": NOOR, "roles": ["owner"]}).status_code == 201
    assert admin.post("/invitations", {"email": "x@example.com", "roles": ["nothing"]}).json["code"] == "no-such-role"
    assert admin.post("/invitations", {"email": "nowhere"}).json["code"] == "email-invalid"


def test_nobody_takes_back_what_they_could_not_have_given(admin: Caller, owner: Caller) -> None:
    made = owner.post("/invitations", {"email": NOOR, "roles": ["owner"]}).json
    for answer in (
        admin.delete(f"/invitations/{made['id']}"),
        admin.post(f"/invitations/{made['id']}/resend"),
        admin.post("/invitations", {"email": NOOR}),
    ):
        assert (answer.status_code, answer.json["code"]) == (403, "beyond-your-own")
    assert [item["id"] for item in admin.get("/invitations").json["items"]] == [made["id"]]
    assert owner.delete(f"/invitations/{made['id']}").status_code == 204


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/email"),
        ({"email": None}, "/email"),
        ({"email": NOOR, "roles": "owner"}, "/roles"),
        ({"email": NOOR, "roles": None}, "/roles"),
        ({"email": NOOR, "roles": []}, "/roles"),
        ({"email": NOOR, "roles": [1]}, "/roles/0"),
        ({"email": NOOR, "roles": ["mem\x00ber"]}, "/roles/0"),
        ({"email": NOOR, "roles": ["\ud800"]}, "/roles/0"),
        ({"email": NOOR, "roles": ["member"] * 51}, "/roles"),
        ({"email": NOOR, "invited_by": "me"}, "/invited_by"),
        ({"email": NOOR, "expires_at": "2030-01-01T00:00:00Z"}, "/expires_at"),
    ],
)
def test_what_does_not_fit_is_pointed_at(admin: Caller, body: dict[str, Any], pointer: str) -> None:
    refused = admin.post("/invitations", body)
    assert (refused.status_code, refused.json["code"]) == (422, "body-invalid")
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]


def test_a_closed_tenant_invites_nobody(admin: Caller, people: People) -> None:
    made = admin.post("/invitations", {"email": NOOR}).json
    decide(people, registration="closed")
    assert admin.post("/invitations", {"email": "x@example.com"}).json["code"] == "registration-closed"
    assert admin.post(f"/invitations/{made['id']}/resend").json["code"] == "registration-closed"
    assert [item["id"] for item in admin.get("/invitations").json["items"]] == [made["id"]]


def test_every_page_together_is_each_once(admin: Caller) -> None:
    for number in range(5):
        admin.post("/invitations", {"email": f"n{number}@example.com"})
    for order in ("created_at", "-created_at"):
        seen: list[str] = []
        cursor = ""
        while True:
            page = admin.get(f"/invitations?limit=2&sort={order}{cursor}").json
            seen += [item["email"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert sorted(seen) == [f"n{number}@example.com" for number in range(5)]


def test_an_invitation_by_the_same_key_is_one(admin: Caller, people: People) -> None:
    headers = {"Idempotency-Key": "noor-on-monday"}
    made = [admin.post("/invitations", {"email": NOOR}, headers=headers).json["id"] for _ in range(2)]
    assert made[0] == made[1]
    post = Post(people.wiring, people.tenant)
    post.deliver()
    assert len(post.mails(NOOR)) == 1


def test_another_tenants_invitations_and_roles_do_not_exist(admin: Caller, others: People) -> None:
    with others.unit() as uow:
        roles.create_role(uow, name="theirs")
        theirs = invitations.invite(uow, NOOR, roles=["theirs"]).id
    assert admin.get("/invitations").json["items"] == []
    assert admin.delete(f"/invitations/{theirs}").json["code"] == "no-such-invitation"
    assert admin.post(f"/invitations/{theirs}/resend").json["code"] == "no-such-invitation"
    assert admin.post("/invitations", {"email": NOOR, "roles": ["theirs"]}).json["code"] == "no-such-role"


def test_whoever_only_reads_invites_nobody(machine: Callable[..., Caller]) -> None:
    reader = machine(scope="invitations:read", roles=("admin",))
    assert reader.get("/invitations").status_code == 200
    assert reader.post("/invitations", {"email": NOOR}).json["code"] == "permission-needed"
    writer = machine(scope="invitations:write", roles=("admin",))
    beyond = writer.post("/invitations", {"email": NOOR, "roles": ["admin"]})
    assert beyond.json["code"] == "beyond-your-own"
    assert writer.post("/invitations", {"email": NOOR}).json["invited_by"] == str(writer.id)

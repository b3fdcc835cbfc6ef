"""Invitations and consents by the management API (R14, R33, R48)."""

from typing import Any

from idp.oauth import consents
from idp.oauth.models import Client
from tests.api.management.callers import Caller
from tests.factories import NOBODY, People
from tests.post import Post

NOOR = "noor@example.com"


def test_an_invitation_is_made_listed_sent_again_and_taken_back(admin: Caller, people: People) -> None:
    made = admin.post("/invitations", {"email": NOOR})
    assert (made.status_code, made.json["roles"], made.json["invited_by"]) == (201, ["member"], str(admin.id))
    again = admin.post(f"/invitations/{made.json['id']}/resend")
    assert again.json["id"] != made.json["id"]
    post = Post(people.wiring, people.tenant)
    post.deliver()
    assert post.link(NOOR, "signup?invitation=")
    assert [item["id"] for item in admin.get("/invitations").json["items"]] == [again.json["id"]]
    assert admin.get(f"/invitations?filter[email]={NOOR.upper()}").json["items"]
    assert admin.delete(f"/invitations/{again.json['id']}").status_code == 204
    assert admin.delete(f"/invitations/{again.json['id']}").json["code"] == "no-such-invitation"
    assert admin.post(f"/invitations/{made.json['id']}/resend").json["code"] == "no-such-invitation"


def test_nobody_invites_beyond_their_own(admin: Caller, owner: Caller) -> None:
    assert admin.post("/invitations", {"email": NOOR, "roles": ["owner"]}).json["code"] == "beyond-your-own"
    assert owner.post("/invitations", {"email": NOOR, "roles": ["owner"]}).status_code == 201
    assert admin.post("/invitations", {"email": NOOR, "roles": ["nothing"]}).json["code"] == "no-such-role"
    assert admin.post("/invitations", {"email": "nowhere"}).json["code"] == "email-invalid"
    for wrong in ({"email": NOOR, "roles": "owner"}, {"email": NOOR, "roles": [1]}, {"email": NOOR, "roles": []}, {}):
        assert admin.post("/invitations", wrong).json["code"] == "body-invalid"


def test_consents_are_listed_and_withdrawn(admin: Caller, people: People) -> None:
    ben = people.user(email="ben@example.com")
    client, _ = people.client(first_party=False)
    with people.unit() as uow:
        consents.give(uow, ben.id, uow.get(Client, client.id), ["openid"])
    (given,) = admin.get(f"/consents?filter[user_id]={ben.id}").json["items"]
    assert (given["client_id"], given["scope"]) == (str(client.id), ["openid"])
    assert admin.get(f"/consents?filter[client_id]={NOBODY}").json["items"] == []
    url = f"/consents/{ben.id}/{client.id}"
    assert admin.delete(url).status_code == 204
    assert admin.delete(url).json["code"] == "no-such-consent"


def test_another_tenants_consent_is_none(admin: Caller, others: People) -> None:
    stranger, (client, _) = others.user(email="x@example.com"), others.client(first_party=False)
    answer: Any = admin.delete(f"/consents/{stranger.id}/{client.id}")
    assert (answer.status_code, answer.json["code"]) == (404, "no-such-user")

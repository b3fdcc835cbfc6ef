"""``{issuer}/account/data``: one's own data as a file (R63)."""

import json

from sqlalchemy import select

from idp.authn.models import PasswordCredential, Session
from idp.users.models import User
from tests.factories import People
from tests.web.account.visitor import Visitor


def test_the_file_has_what_we_know_and_nothing_that_opens_a_door(people: People, user: User, ada: Visitor) -> None:
    client, _ = people.client(first_party=False)
    ada.browser.submit(ada.browser.authorize(client), decision="allow")
    answer = ada.post("data")
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="{people.tenant.slug}-account-')
    assert answer.headers["Cache-Control"] == "no-store"

    document = json.loads(answer.text)
    assert document["user"]["id"] == str(user.id)
    assert document["user"]["profile"] == {"given_name": "Ada"}
    assert [email["address"] for email in document["emails"]] == ["ada@example.com"]
    assert [application["name"] for application in document["applications"]] == ["Notes"]
    assert len(document["sessions"]) == 1
    assert {"user.created", "session.started", "consent.given"} <= {event["type"] for event in document["activity"]}

    with people.unit() as uow:
        secrets = [
            uow.session.scalars(select(PasswordCredential.password_hash)).one(),
            *(row.hex() for row in uow.session.scalars(select(Session.secret_digest))),
        ]
    for secret in (*secrets, "argon2", "digest", "hash", "idp_"):
        assert secret not in answer.text


def test_nobody_else_is_in_it(people: People, ada: Visitor) -> None:
    eve = people.user(email="eve@example.com", name="Eve")
    text = ada.post("data").text
    for word in ("eve@example.com", "Eve", str(eve.id)):
        assert word not in text


def test_that_it_was_taken_is_written_down(ada: Visitor) -> None:
    ada.post("data")
    assert "Your data was downloaded." in ada.get("activity").text

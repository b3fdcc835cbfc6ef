"""What somebody takes with them (R63): all of theirs, nothing of others, no secret."""

import json
from typing import Any

from sqlalchemy import select

from idp.actor import Actor, ActorKind
from idp.authn import devices, sessions
from idp.events.models import Event
from idp.events.types import EventType
from idp.federation import export
from idp.oauth import consents
from idp.oauth.models import Client
from idp.users import service as users
from idp.users.models import User
from tests.factories import PASSWORD, People
from tests.upstream_rows import connect, link, profile


def document(people: People, user: User) -> dict[str, Any]:
    with people.unit() as uow:
        return export.document(uow, uow.get(User, user.id))


def test_an_export_holds_what_is_theirs(people: People) -> None:
    user = people.user(roles=("member",), name="Ada", address={"country": "UK"})
    client, _ = people.client()
    there = Actor(ActorKind.ANONYMOUS, ip="198.51.100.7", user_agent="Firefox")
    with people.wiring.tenant_unit(people.tenant, there) as uow:
        session, secret = sessions.start(uow, user.id, ["pwd"], replaces=None)
        uow.flush()
        devices.remember(uow, session, b"laptop")
        consents.give(uow, user.id, uow.get(Client, client.id), ["openid"])
    whole = document(people, user)
    assert whole["user"]["profile"] == {"name": "Ada", "address": {"country": "UK"}}
    assert whole["emails"][0]["address"] == "ada@example.com"
    assert whole["roles"] == ["member"]
    assert whole["sessions"][0]["ip"] == "198.51.100.7"
    assert len(whole["devices"]) == 1
    assert whole["applications"][0]["name"] == "Notes"
    assert EventType.SESSION_STARTED in {event["type"] for event in whole["activity"]}
    text = json.dumps(whole)
    assert PASSWORD not in text
    assert secret not in text
    assert "argon2" not in text


def test_an_export_says_who_they_are_at_upstreams_and_not_with_which_tokens(people: People) -> None:
    user, other = people.user(), people.user(email="eve@example.com")
    connect(people, options={"keeps_tokens": True})
    link(people, user)
    link(people, other, subject="77", email="eve@github.example", username="eve")
    whole = document(people, user)
    (identity,) = whole["identities"]
    assert (identity["connection"], identity["issuer"], identity["subject"]) == (
        "github",
        "https://github.com",
        "583231",
    )
    assert (identity["email"], identity["username"]) == ("ida@acme.example", "ida")
    assert list(whole)[-1] == "activity"
    text = json.dumps(whole)
    assert "eve" not in text
    tokens = profile().tokens
    assert tokens is not None
    assert tokens.access_token not in text


def test_an_export_says_nothing_of_where_an_administrator_sits(people: People) -> None:
    user, admin = people.user(), people.user(email="admin@example.com")
    there = Actor(ActorKind.USER, admin.id, ip="192.0.2.1", user_agent="Lynx")
    with people.wiring.tenant_unit(people.tenant, there) as uow:
        users.disable(uow, uow.get(User, user.id))
    text = json.dumps(document(people, user))
    assert "192.0.2.1" not in text
    assert "admin@example.com" not in text


def test_an_export_is_an_event(people: People) -> None:
    user = people.user()
    document(people, user)
    with people.unit() as uow:
        assert uow.session.scalars(select(Event.target_id).where(Event.type == EventType.USER_EXPORTED)).all() == [
            user.id
        ]

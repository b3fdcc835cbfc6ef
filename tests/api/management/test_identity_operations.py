"""Identities of people at upstreams by the management API, and the tokens that are kept of them (R22, R48, R54)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from idp.authn.models import PasswordCredential
from idp.events.models import Event
from idp.federation.providers.base import Tokens
from idp.users.models import UserEmail
from tests.api.management.callers import Caller, person_caller
from tests.factories import NOBODY, People
from tests.upstream_rows import connect, link

KEPT = {"keeps_tokens": True}


@pytest.fixture
def ida(people: People) -> Any:
    connect(people, options=KEPT)
    return people.user(email="ida@acme.example")


def without_password(people: People, user: Any) -> None:
    with people.unit() as uow:
        uow.execute(delete(PasswordCredential).where(PasswordCredential.user_id == user.id))


def test_identities_stand_beside_addresses(admin: Caller, people: People, ida: Any) -> None:
    row = link(people, ida)
    address, upstream = admin.get(f"/users/{ida.id}/identities").json["items"]
    assert (address["kind"], address["address"]) == ("email", "ida@acme.example")
    assert upstream | {"linked_at": "", "last_used_at": ""} == {
        "kind": "connection",
        "id": str(row.id),
        "connection": "github",
        "label": "GitHub",
        "issuer": "https://github.com",
        "subject": "583231",
        "email": "ida@acme.example",
        "username": "ida",
        "linked_at": "",
        "last_used_at": "",
        "keeps_token": True,
    }


def test_an_identity_is_taken_away_once(admin: Caller, people: People, ida: Any) -> None:
    url = f"/users/{ida.id}/identities/{link(people, ida).id}"
    other = people.user(email="ben@acme.example")
    assert admin.delete(url.replace(str(ida.id), str(other.id))).json["code"] == "no-such-identity"
    assert admin.delete(url).status_code == 204
    assert admin.delete(url).json["code"] == "no-such-identity"
    assert [item["kind"] for item in admin.get(f"/users/{ida.id}/identities").json["items"]] == ["email"]
    assert admin.delete(f"/users/{NOBODY}/identities/{NOBODY}").json["code"] == "no-such-user"


def test_the_last_way_in_stays(admin: Caller, people: People, ida: Any) -> None:
    url = f"/users/{ida.id}/identities/{link(people, ida).id}"
    without_password(people, ida)
    with people.unit() as uow:
        uow.execute(update(UserEmail).where(UserEmail.user_id == ida.id).values(verified_at=None))
    refused = admin.delete(url)
    assert (refused.status_code, refused.json["code"]) == (409, "last-way-in")
    with people.unit() as uow:
        uow.execute(update(UserEmail).where(UserEmail.user_id == ida.id).values(verified_at=uow.now))
    assert admin.delete(url).status_code == 204


def test_nobody_takes_an_identity_from_somebody_who_may_do_more(admin: Caller, people: People, ida: Any) -> None:
    chief = people.user(email="olga@acme.example", roles=("owner",))
    url = f"/users/{chief.id}/identities/{link(people, chief).id}"
    assert admin.delete(url).json["code"] == "beyond-your-own"


def test_a_kept_token_is_read_by_permission_and_every_reading_is_an_event(
    owner: Caller, people: People, ida: Any
) -> None:
    row = link(people, ida, tokens=Tokens("gho_of_ida", "ghr_of_ida", scope="read:user"))
    read = owner.get(f"/users/{ida.id}/identities/{row.id}/token")
    assert read.json == {"access_token": "gho_of_ida", "expires_at": None, "scope": "read:user"}
    assert read.headers["Cache-Control"] == "no-store"
    with people.unit() as uow:
        (event,) = uow.session.scalars(select(Event).where(Event.type == "identity.token_read")).all()
    assert (event.actor_id, event.target_id) == (owner.id, row.id)
    said = [owner.get(f"/users/{ida.id}/identities"), owner.get(f"/users/{ida.id}/export"), owner.get("/events")]
    for answer in said:
        assert "gho_of_ida" not in answer.text
        assert "ghr_of_ida" not in answer.text


def test_the_end_of_a_token_is_told(owner: Caller, people: People, ida: Any) -> None:
    with people.unit() as uow:
        ends = uow.now + timedelta(hours=8)
    row = link(people, ida, tokens=Tokens("gho_of_ida", None, ends, "read:user"))
    assert owner.get(f"/users/{ida.id}/identities/{row.id}/token").json["expires_at"] == ends.isoformat()


def test_where_no_token_is_kept_none_is_found(owner: Caller, people: People, ida: Any) -> None:
    row = link(people, ida)
    connect(people, "other")
    bare = link(people, ida, "other")
    assert owner.get(f"/users/{ida.id}/identities/{bare.id}/token").json["code"] == "no-upstream-token"
    assert owner.get(f"/users/{ida.id}/identities/{NOBODY}/token").json["code"] == "no-such-identity"
    assert owner.patch("/connections/github", {"options": {"keeps_tokens": False}}).status_code == 200
    assert owner.get(f"/users/{ida.id}/identities/{row.id}/token").json["code"] == "no-upstream-token"


def test_a_token_is_for_owners_and_whom_they_let(
    app: Any, admin: Caller, machine: Callable[..., Caller], people: People, ida: Any
) -> None:
    row = link(people, ida)
    url = f"/users/{ida.id}/identities/{row.id}/token"
    assert admin.get(url).json["code"] == "permission-needed"
    assert machine(scope="users:read users:write", roles=("owner",)).get(url).json["code"] == "permission-needed"
    assert machine(scope="upstream-tokens:read", roles=("owner",)).get(url).status_code == 200
    chief = people.user(email="olga@acme.example", roles=("owner",))
    of_chief = link(people, chief, subject="1").id
    reader = person_caller(app, people, email="rita@acme.example", roles=("owner",), scope=["upstream-tokens:read"])
    assert reader.get(f"/users/{chief.id}/identities/{of_chief}/token").json["code"] == "beyond-your-own"

"""Where people are signed in and what applications may do for them: listed and ended by whoever may (R8, R38, R48)."""

from collections.abc import Callable
from typing import Any

import pytest

from idp.authn import sessions
from idp.oauth import console, grants
from idp.oauth.clients import find_registration
from idp.users.models import User
from tests.api.management.callers import Caller, person_caller
from tests.factories import NOBODY, PASSWORD, People


@pytest.fixture
def ben(app: Any, people: People) -> Caller:
    return person_caller(app, people, email="ben@example.com", roles=("member",))


def start_more(people: People, caller: Caller, count: int) -> None:
    """Sessions, each with a grant."""
    with people.unit() as uow:
        registration = find_registration(uow, console.CLIENT_ID)
        assert registration is not None
        for _ in range(count):
            session, _secret = sessions.start(uow, caller.id, ["pwd"], replaces=None)
            uow.flush()
            grants.start(uow, registration.client, session, scope=["openid"], resource=["https://api.example.com"])


def test_a_grant_ends_and_its_person_stays_signed_in(admin: Caller, ben: Caller) -> None:
    (session,) = admin.get(f"/users/{ben.id}/sessions").json["items"]
    (grant,) = admin.get(f"/users/{ben.id}/grants").json["items"]
    assert (grant["session_id"], grant["client_name"], grant["client_id"]) == (
        session["id"],
        "Console",
        str(console.CLIENT_ID),
    )
    assert admin.delete(f"/users/{ben.id}/grants/{grant['id']}").status_code == 204
    assert ben.get("/principal").status_code == 401
    assert admin.get(f"/users/{ben.id}/grants").json["items"] == []
    assert admin.delete(f"/users/{ben.id}/grants/{grant['id']}").json["code"] == "no-such-grant"
    assert len(admin.get(f"/users/{ben.id}/sessions").json["items"]) == 1


def test_a_session_ends_with_what_stands_on_it(admin: Caller, ben: Caller) -> None:
    (session,) = admin.get(f"/users/{ben.id}/sessions").json["items"]
    assert admin.delete(f"/users/{ben.id}/sessions/{session['id']}").status_code == 204
    assert ben.get("/principal").status_code == 401
    assert admin.get(f"/users/{ben.id}/grants").json["items"] == []
    assert admin.delete(f"/users/{ben.id}/sessions/{session['id']}").json["code"] == "no-such-session"


def test_everything_ends_at_once_and_nothing_of_anybody_else(admin: Caller, ben: Caller, people: People) -> None:
    start_more(people, ben, 2)
    for _ in range(2):
        assert admin.delete(f"/users/{ben.id}/sessions").status_code == 204
    assert admin.get(f"/users/{ben.id}/sessions").json["items"] == []
    assert ben.get("/principal").status_code == 401
    assert admin.get("/principal").status_code == 200


@pytest.mark.parametrize("what", ["sessions", "grants"])
def test_every_page_together_is_each_once(admin: Caller, ben: Caller, people: People, what: str) -> None:
    start_more(people, ben, 4)
    for order in ("created_at", "-created_at"):
        seen: list[str] = []
        cursor = ""
        while True:
            page = admin.get(f"/users/{ben.id}/{what}?limit=2&sort={order}{cursor}").json
            seen += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert len(seen) == len(set(seen)) == 5
        assert seen == sorted(seen, reverse=order == "-created_at")


def test_a_grant_says_for_which_api_it_is(admin: Caller, ben: Caller, people: People) -> None:
    start_more(people, ben, 1)
    newest = admin.get(f"/users/{ben.id}/grants").json["items"][0]
    assert (newest["scope"], newest["resource"]) == (["openid"], ["https://api.example.com"])


def test_what_is_somebody_elses_does_not_end_by_this_persons_id(
    admin: Caller, ben: Caller, others: People, app: Any
) -> None:
    stranger = person_caller(app, others, email="xaver@example.com", roles=("member",))
    with others.unit() as uow:
        theirs = grants.list_sessions(uow, stranger.id)[0].id
    (own,) = admin.get(f"/users/{admin.id}/sessions").json["items"]
    (grant,) = admin.get(f"/users/{admin.id}/grants").json["items"]
    for session_id in (own["id"], theirs, NOBODY):
        assert admin.delete(f"/users/{ben.id}/sessions/{session_id}").json["code"] == "no-such-session"
    assert admin.delete(f"/users/{ben.id}/grants/{grant['id']}").json["code"] == "no-such-grant"
    for path in ("sessions", "grants", f"sessions/{theirs}"):
        method = "DELETE" if path != "grants" else "GET"
        assert admin.call(method, f"/users/{stranger.id}/{path}").json["code"] == "no-such-user"
    assert stranger.get("/principal").status_code == 200


def test_seeing_and_ending_take_a_permission_each(machine: Callable[..., Caller], ben: Caller) -> None:
    reader = machine(scope="sessions:read", roles=("admin",))
    assert reader.get(f"/users/{ben.id}/sessions").status_code == 200
    assert reader.get(f"/users/{ben.id}/grants").status_code == 200
    assert reader.delete(f"/users/{ben.id}/sessions").json["code"] == "permission-needed"
    assert reader.delete(f"/users/{ben.id}/grants/{NOBODY}").json["code"] == "permission-needed"
    writer = machine(scope="sessions:write", roles=("admin",))
    assert writer.get(f"/users/{ben.id}/sessions").json["code"] == "permission-needed"
    assert writer.delete(f"/users/{ben.id}/sessions").status_code == 204


def test_ways_in_are_shown_and_nothing_secret(admin: Caller, people: People) -> None:
    ben = people.user(email="ben@example.com")
    (identity,) = admin.get(f"/users/{ben.id}/identities").json["items"]
    assert (identity["kind"], identity["address"], identity["is_primary"]) == ("email", "ben@example.com", True)
    (factor,) = admin.get(f"/users/{ben.id}/factors").json["items"]
    assert factor.keys() == {"kind", "changed_at"}
    ida = admin.post("/users", {"email": "ida@example.com"}).json["id"]
    assert admin.get(f"/users/{ida}/factors").json["items"] == []
    (unproven,) = admin.get(f"/users/{ida}/identities").json["items"]
    assert unproven["verified_at"] is None


def test_an_export_is_everything_that_may_be_seen_and_an_event(
    admin: Caller, ben: Caller, people: People, machine: Callable[..., Caller]
) -> None:
    whole = admin.get(f"/users/{ben.id}/export")
    assert whole.json["user"]["id"] == str(ben.id)
    assert len(whole.json["sessions"]) == 1
    assert PASSWORD not in whole.text
    assert "argon2" not in whole.text
    again = admin.get(f"/users/{ben.id}/export").json["activity"]
    assert "user.exported" in [event["type"] for event in again]
    with people.unit() as uow:
        assert uow.get(User, ben.id).disabled_at is None
    less = machine(scope="users:read sessions:read consents:read", roles=("admin",))
    assert less.get(f"/users/{ben.id}/export").json["code"] == "permission-needed"
    enough = machine(scope="users:read sessions:read consents:read events:read", roles=("admin",))
    assert enough.get(f"/users/{ben.id}/export").status_code == 200

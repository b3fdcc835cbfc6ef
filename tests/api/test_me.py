"""``me``: see, change and delete one's own account, and change its address (R36, R38, R46)."""

from typing import Any

import pytest

from idp.users import service as users
from tests.api.application import EMAIL, Application, pointers, refused
from tests.factories import PASSWORD, People
from tests.moments import pass_time
from tests.post import Post
from tests.upstream_rows import forget_password

NEW_EMAIL = "ada.lovelace@example.com"


@pytest.fixture
def signed_in(people: People, application: Application) -> Application:
    people.user(roles=("member",), given_name="Ada")
    return application.signed_in()


@pytest.fixture
def letters(wiring: Any, tenant: Any) -> Post:
    return Post(wiring, tenant)


def test_it_shows_the_account(signed_in: Application) -> None:
    answer = signed_in.call("GET", "me")
    me = answer.json
    assert (me["email"], me["email_verified"], me["given_name"], me["roles"]) == (EMAIL, True, "Ada", ["member"])
    assert me["deletes_at"] is None
    unchanged = signed_in.call("GET", "me", headers={"If-None-Match": answer.headers["ETag"]})
    assert (unchanged.status_code, unchanged.data) == (304, b"")


def test_members_are_set_taken_away_and_left_alone(signed_in: Application) -> None:
    """RFC 7396."""
    address = {"locality": "Bern", "country": "CH"}
    changed = signed_in.call(
        "PATCH", "me", {"family_name": "Okafor", "website": "https://a.example", "address": address}
    )
    assert (changed.status_code, changed.json["given_name"]) == (200, "Ada")
    assert changed.json["address"] == address
    merged = signed_in.call("PATCH", "me", {"address": {"locality": None, "region": "BE"}}).json
    assert merged["address"] == {"region": "BE", "country": "CH"}
    assert "address" not in signed_in.call("PATCH", "me", {"address": {"region": None, "country": None}}).json
    again = signed_in.call("PATCH", "me", {"website": None, "phone_number": "+41441234567"}).json
    assert "website" not in again
    assert (again["family_name"], again["phone_number_verified"]) == ("Okafor", False)
    assert signed_in.call("GET", "me").json == again


def test_a_change_for_another_state_is_refused(signed_in: Application) -> None:
    etag = signed_in.call("GET", "me").headers["ETag"]
    first = signed_in.call("PATCH", "me", {"nickname": "A"}, headers={"If-Match": etag})
    assert first.status_code == 200
    second = signed_in.call("PATCH", "me", {"nickname": "B"}, headers={"If-Match": etag})
    assert refused(second, "profile-changed", 412)
    third = signed_in.call("PATCH", "me", {"nickname": "C"}, headers={"If-Match": first.headers["ETag"]})
    assert third.json["nickname"] == "C"


@pytest.mark.parametrize(
    "name", ["sub", "email", "email_verified", "roles", "disabled_at", "tenant_id", "password", "updated_at"]
)
def test_nothing_but_the_profile_can_be_assigned(signed_in: Application, name: str) -> None:
    """R46."""
    before = signed_in.call("GET", "me").json
    answer = signed_in.call("PATCH", "me", {name: before.get(name, True)})
    assert refused(answer, "body-invalid", 422)
    assert pointers(answer) == [f"/{name}"]
    assert signed_in.call("GET", "me").json == before


@pytest.mark.parametrize(
    ("member", "value", "pointer"),
    [
        ("given_name", 5, "/given_name"),
        ("given_name", ["Ada"], "/given_name"),
        ("given_name", "", "/given_name"),
        ("given_name", "a" * 256, "/given_name"),
        ("given_name", "a\nb", "/given_name"),
        ("given_name", "\ud800", "/given_name"),
        ("birthdate", "yesterday", "/birthdate"),
        ("address", {"country": 3, "planet": "x"}, "/address/country"),
        ("deletes_at", "2030-01-01T00:00:00Z", "/deletes_at"),
    ],
)
def test_what_does_not_fit_is_named_by_pointer(signed_in: Application, member: str, value: Any, pointer: str) -> None:
    answer = signed_in.call("PATCH", "me", {member: value})
    assert refused(answer, "body-invalid", 422)
    assert pointer in pointers(answer)


def test_deleting_signs_out_everywhere_and_can_be_taken_back(signed_in: Application, people: People) -> None:
    wrong = signed_in.call("DELETE", "me", {"current_password": "not the password"})
    assert refused(wrong, "password-mismatch", 422)
    gone = signed_in.call("DELETE", "me", {"current_password": PASSWORD})
    assert gone.status_code == 202
    assert refused(signed_in.call("GET", "me"), "invalid-token", 401)
    assert signed_in.signed_in().call("GET", "me").json["deletes_at"] == gone.json["deletes_at"]
    assert signed_in.call("PATCH", "me", {"deletes_at": None}).json["deletes_at"] is None
    with people.unit() as uow:
        assert users.get_by_email(uow, EMAIL).deletes_at is None


def test_another_address_is_proven_first(signed_in: Application, backend: Application, letters: Post) -> None:
    """R36: the old one stays until then, and hears of it."""
    backend.signed_in()
    wrong = signed_in.call("POST", "me/email", {"email": NEW_EMAIL, "current_password": "not the password"})
    assert refused(wrong, "password-mismatch", 422)
    asked = signed_in.call("POST", "me/email", {"email": NEW_EMAIL, "current_password": PASSWORD})
    assert (asked.status_code, asked.json) == (202, {"status": "accepted"})
    assert signed_in.call("GET", "me").json["email"] == EMAIL
    code = letters.code(NEW_EMAIL)
    assert letters.mails(EMAIL)
    assert refused(signed_in.call("POST", "me/email/verify", {"code": "00000000"}), "code-mismatch", 422)
    proven = signed_in.call("POST", "me/email/verify", {"code": code})
    signed_in.tokens = proven.json
    assert signed_in.call("GET", "me").json["email"] == NEW_EMAIL
    assert refused(backend.call("GET", "me"), "invalid-token", 401)
    assert refused(signed_in.log_in(), "credentials-mismatch", 401)
    assert signed_in.log_in(NEW_EMAIL).status_code == 200


def test_somebody_elses_address_gets_the_same_answer(people: People, signed_in: Application, letters: Post) -> None:
    """R26."""
    people.user(email=NEW_EMAIL)
    asked = signed_in.call("POST", "me/email", {"email": NEW_EMAIL, "current_password": PASSWORD})
    assert (asked.status_code, asked.json) == (202, {"status": "accepted"})
    letters.deliver()
    assert signed_in.call("GET", "me").json["email"] == EMAIL


def test_the_last_owner_stays_and_is_not_taken_for_a_guesser(people: People, application: Application) -> None:
    """A right password is no failure, whatever becomes of the wish (R27)."""
    people.user(roles=("owner",))
    owner = application.signed_in()
    for _ in range(7):
        assert refused(owner.call("DELETE", "me", {"current_password": PASSWORD}), "last-owner", 409)


@pytest.mark.parametrize(("method", "path", "body"), [("DELETE", "me", {}), ("POST", "me/email", {"email": NEW_EMAIL})])
def test_somebody_without_a_password_signs_in_just_before(
    people: People, application: Application, method: str, path: str, body: dict[str, str]
) -> None:
    user = people.user()
    application.signed_in()
    assert refused(application.call(method, path, body), "password-mismatch", 422), "she has one"
    forget_password(people, user)
    pass_time(people, minutes=6)
    assert refused(application.call(method, path, body), "recent-sign-in-needed", 403)
    pass_time(people, minutes=-6)
    assert application.call(method, path, body).status_code == 202

"""``password/forgot``, ``password/reset``, ``password/change`` (R8, R34, R38)."""

from typing import Any

import pytest

from idp.authn import throttle
from tests.api.application import EMAIL, Application, pointers, refused
from tests.browser import Browser
from tests.factories import PASSWORD, People
from tests.moments import pass_time
from tests.post import Post
from tests.upstream_rows import forget_password

NEW = "another horse and a longer battery"
WRONG = "not the password at all"


@pytest.fixture
def letters(wiring: Any, tenant: Any) -> Post:
    return Post(wiring, tenant)


def test_a_forgotten_password_is_made_anew_by_the_mails_link(
    people: People, application: Application, letters: Post
) -> None:
    people.user()
    before = application.signed_in().tokens
    asked = application.post("password/forgot", email=EMAIL)
    assert (asked.status_code, asked.json) == (202, {"status": "accepted"})
    token = letters.token(EMAIL)
    refusal = application.post("password/reset", token=token, password="short")
    assert refused(refusal, "password-unacceptable", 422)
    assert application.post("password/reset", token=token, password=NEW).status_code == 204
    assert refused(application.post("password/reset", token=token, password=NEW), "link-expired", 410)
    assert refused(application.call("GET", "me"), "invalid-token", 401)
    assert refused(application.post("refresh", refresh_token=before["refresh_token"]), "invalid-grant", 400)
    assert refused(application.log_in(), "credentials-mismatch", 401)
    assert application.log_in(password=NEW).status_code == 200


def test_every_address_gets_the_same_answer(people: People, application: Application, letters: Post) -> None:
    """R26."""
    people.user()
    known, unknown = (application.post("password/forgot", email=email) for email in (EMAIL, "no@example.com"))
    assert (known.status_code, known.data) == (unknown.status_code, unknown.data)
    letters.deliver()
    assert letters.mails("no@example.com") == []
    assert refused(application.post("password/forgot", email="no address"), "email-invalid", 422)


def test_a_changed_password_ends_everything_else_and_brings_fresh_tokens(
    people: People, application: Application, backend: Application, browser: Browser
) -> None:
    people.user()
    browser.sign_in(browser.follow(browser.get(browser.url("/login"))))
    backend.signed_in()
    before = application.signed_in(scope="openid email").tokens
    body = {"current_password": PASSWORD, "new_password": NEW}
    changed = application.call("POST", "password/change", body)
    assert changed.json["scope"] == "openid email"
    assert refused(application.call("GET", "me"), "invalid-token", 401)
    assert refused(application.post("refresh", refresh_token=before["refresh_token"]), "invalid-grant", 400)
    assert refused(backend.call("GET", "me"), "invalid-token", 401)
    assert browser.get(browser.url("/")).status_code == 303 or EMAIL not in browser.get(browser.url("/")).text
    application.tokens = changed.json
    assert application.call("GET", "me").status_code == 200
    assert len(application.call("GET", "sessions").json["sessions"]) == 1
    assert application.log_in(password=NEW).status_code == 200


def test_the_current_password_is_needed(people: People, application: Application) -> None:
    people.user()
    application.signed_in()
    answer = application.call("POST", "password/change", {"current_password": WRONG, "new_password": NEW})
    assert refused(answer, "password-mismatch", 422)
    assert pointers(answer) == ["/current_password"]
    weak = application.call("POST", "password/change", {"current_password": PASSWORD, "new_password": "short"})
    assert refused(weak, "password-unacceptable", 422)
    assert application.log_in().status_code == 200


def test_somebody_without_a_password_sets_the_first_after_a_sign_in_just_now(
    people: People, application: Application, letters: Post
) -> None:
    user = people.user()
    application.signed_in()
    forget_password(people, user)
    weak = application.call("POST", "password/change", {"new_password": "short"})
    assert refused(weak, "password-unacceptable", 422)
    pass_time(people, minutes=6)
    late = application.call("POST", "password/change", {"new_password": NEW, "current_password": PASSWORD})
    assert refused(late, "recent-sign-in-needed", 403)
    pass_time(people, minutes=-6)
    changed = application.call("POST", "password/change", {"new_password": NEW})
    assert changed.status_code == 200
    assert "has a password now" in letters.last(EMAIL).subject
    application.tokens = changed.json
    again = application.call("POST", "password/change", {"new_password": PASSWORD})
    assert refused(again, "password-mismatch", 422)
    assert application.log_in(password=NEW).status_code == 200


def test_a_stolen_token_guesses_as_slowly_as_anybody(people: People, application: Application) -> None:
    """R27: confirming counts with signing in."""
    people.user()
    application.signed_in()
    body = {"current_password": WRONG, "new_password": NEW}
    answers = [application.call("POST", "password/change", body) for _ in range(throttle.FREE_FAILURES + 1)]
    assert all(refused(answer, "password-mismatch", 422) for answer in answers[:-1])
    assert refused(answers[-1], "throttled", 429)
    assert refused(application.call("DELETE", "me", {"current_password": PASSWORD}), "throttled", 429)

"""``sessions``: where somebody is signed in, and ending it (R38)."""

import pytest

from tests.api.application import AGENT, Application, refused
from tests.browser import Browser
from tests.factories import NOBODY, People
from tests.moments import pass_time


@pytest.fixture
def signed_in(people: People, application: Application) -> Application:
    people.user()
    return application.signed_in()


def listed(application: Application) -> list[dict[str, object]]:
    sessions: list[dict[str, object]] = application.call("GET", "sessions").json["sessions"]
    return sessions


def test_browsers_and_applications_stand_side_by_side(
    signed_in: Application, backend: Application, browser: Browser
) -> None:
    backend.signed_in()
    browser.sign_in(browser.follow(browser.get(browser.url("/login"))))
    sessions = listed(signed_in)
    assert len(sessions) == 3
    assert [session["is_current"] for session in sessions].count(True) == 1
    (current,) = [session for session in sessions if session["is_current"]]
    assert (current["user_agent"], current["ip"]) == (AGENT, "127.0.0.1")


def test_one_of_them_ends(signed_in: Application, backend: Application) -> None:
    backend.signed_in()
    (other,) = [session["id"] for session in listed(signed_in) if not session["is_current"]]
    assert signed_in.call("DELETE", f"sessions/{other}").status_code == 204
    assert refused(backend.call("GET", "me"), "invalid-token", 401)
    assert refused(signed_in.call("DELETE", f"sessions/{other}"), "no-such-session", 404)
    assert signed_in.call("GET", "me").status_code == 200


def test_one_may_end_ones_own(signed_in: Application) -> None:
    (own,) = [session["id"] for session in listed(signed_in)]
    assert signed_in.call("DELETE", f"sessions/{own}").status_code == 204
    assert refused(signed_in.call("GET", "me"), "invalid-token", 401)


def test_all_others_end(signed_in: Application, backend: Application, browser: Browser) -> None:
    backend.signed_in()
    browser.sign_in(browser.follow(browser.get(browser.url("/login"))))
    assert signed_in.call("DELETE", "sessions").status_code == 204
    assert refused(backend.call("GET", "me"), "invalid-token", 401)
    assert [session["is_current"] for session in listed(signed_in)] == [True]


def test_nobody_elses_session_exists(people: People, signed_in: Application, backend: Application) -> None:
    people.user(email="eve@example.com")
    eve = backend.signed_in("eve@example.com")
    (own,) = [session["id"] for session in listed(signed_in)]
    for unknown in (own, NOBODY):
        assert refused(eve.call("DELETE", f"sessions/{unknown}"), "no-such-session", 404)
    assert signed_in.call("GET", "me").status_code == 200


def test_an_application_that_is_idle_and_can_refresh_is_still_listed(
    people: People, signed_in: Application, backend: Application
) -> None:
    """Nobody would find it otherwise, and it opens the account."""
    backend.signed_in(scope="openid")
    pass_time(people, hours=2)
    refreshed = signed_in.post("refresh", refresh_token=signed_in.tokens["refresh_token"])
    signed_in.tokens = refreshed.json
    assert len(listed(signed_in)) == 2
    pass_time(people, hours=20)
    refreshed = signed_in.post("refresh", refresh_token=signed_in.tokens["refresh_token"])
    signed_in.tokens = refreshed.json
    assert [session["is_current"] for session in listed(signed_in)] == [True]

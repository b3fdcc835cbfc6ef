"""``refresh`` and ``logout``: the refresh grant by its rules, and an end that ends everything (R7, R8)."""

from typing import Any

from sqlalchemy import select

from idp.oauth.models import Grant
from tests.api.application import Application, refused
from tests.api.conftest import make_application
from tests.browser import Browser
from tests.factories import People
from tests.moments import pass_time


def test_a_refresh_token_is_good_once(people: People, application: Application) -> None:
    people.user()
    first = application.signed_in().tokens["refresh_token"]
    rotated = application.post("refresh", refresh_token=first)
    assert rotated.json.keys() == application.tokens.keys()
    assert rotated.json["refresh_token"] != first
    assert application.post("refresh", refresh_token=first).json["refresh_token"] == rotated.json["refresh_token"]
    pass_time(people, seconds=20)
    assert refused(application.post("refresh", refresh_token=first), "invalid-grant", 400)
    ended = application.post("refresh", refresh_token=rotated.json["refresh_token"])
    assert refused(ended, "invalid-grant", 400)


def test_the_token_endpoint_takes_it_too(people: People, application: Application, browser: Browser) -> None:
    people.user()
    tokens = application.signed_in().tokens
    answer = browser.token(application.client, None, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert application.post("refresh", refresh_token=answer.json["refresh_token"]).status_code == 200


def test_the_scope_narrows_and_never_widens(people: People, application: Application) -> None:
    people.user()
    token = application.signed_in(scope="openid email").tokens["refresh_token"]
    narrowed = application.post("refresh", refresh_token=token, scope="email").json
    assert narrowed["scope"] == "email"
    wider = application.post("refresh", refresh_token=narrowed["refresh_token"], scope="email profile")
    assert refused(wider, "invalid-scope", 400)


def test_another_clients_token_is_none(people: People, application: Application, backend: Application) -> None:
    people.user()
    token = application.signed_in().tokens["refresh_token"]
    assert refused(backend.post("refresh", refresh_token=token), "invalid-grant", 400)
    assert application.post("refresh", refresh_token=token).status_code == 200


def test_a_client_without_the_grant_gets_no_refresh_token(app: Any, people: People) -> None:
    people.user()
    application = make_application(app, people, grant_types=["authorization_code"])
    assert "refresh_token" not in application.signed_in().tokens
    assert refused(application.post("refresh", refresh_token="x"), "unauthorized-client", 400)


def test_logout_ends_the_session_and_its_tokens(people: People, application: Application) -> None:
    people.user()
    application.signed_in()
    assert application.call("POST", "logout").status_code == 204
    assert refused(application.call("GET", "me"), "invalid-token", 401)
    refresh = application.post("refresh", refresh_token=application.tokens["refresh_token"])
    assert refused(refresh, "invalid-grant", 400)


def test_logout_takes_another_sign_in_of_this_client_along(
    people: People, application: Application, backend: Application
) -> None:
    people.user()
    other = application.signed_in().tokens
    foreign = backend.signed_in().tokens
    application.signed_in()
    for token in (other, foreign):
        again = application.signed_in()
        assert again.call("POST", "logout", {"refresh_token": token["refresh_token"]}).status_code == 204
    assert refused(application.post("refresh", refresh_token=other["refresh_token"]), "invalid-grant", 400)
    assert backend.post("refresh", refresh_token=foreign["refresh_token"]).status_code == 200


def test_a_sign_out_in_the_browser_leaves_the_application_signed_in(
    people: People, application: Application, browser: Browser
) -> None:
    """They are two sessions."""
    people.user()
    application.signed_in()
    browser.sign_in(browser.follow(browser.get(browser.url("/login"))))
    browser.submit(browser.get(browser.url("/logout")))
    assert application.call("GET", "me").status_code == 200
    with people.unit() as uow:
        assert uow.session.scalars(select(Grant.revoked_at)).all() == [None]

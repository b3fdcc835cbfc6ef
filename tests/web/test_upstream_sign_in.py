"""Signing in at an upstream and coming back (R21–R23): the pages, over TCP to an honest provider."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from sqlalchemy import select

from idp.authn.models import LoginTransaction, Session
from idp.federation import connections, offers
from idp.federation.models import FederatedIdentity, FederationTransaction
from idp.tenants.models import TenantDomain
from idp.users.models import User
from idp.wiring import Wiring
from tests.browser import Browser, Forms, answer
from tests.factories import People, make_tenant
from tests.moments import pass_time
from tests.upstreams.oidc import OpenID
from tests.web.upstream import JANE, back, button, connect, counted, leave, open_login, sign_in


def test_somebody_new_comes_in_by_the_button(browser: Browser, connected: People, upstream: OpenID) -> None:
    page = open_login(browser)
    assert "Acme’s &lt;login&gt;" in page.text
    away = leave(browser, button(page))
    asked = dict(parse_qsl(urlsplit(away).query))
    assert away.startswith(f"{upstream.url}/authorize?")
    assert asked["redirect_uri"] == browser.url("/connections/sso/callback")
    assert {"state", "nonce", "code_challenge"} <= asked.keys()
    assert (asked["code_challenge_method"], asked["scope"]) == ("S256", "openid profile email")
    home = browser.follow(back(browser, upstream.approve(away)))
    assert JANE in home.text
    with connected.unit() as uow:
        assert uow.session.scalars(select(Session)).one().methods == ["fed"]
        assert uow.session.scalars(select(FederatedIdentity)).one().subject == upstream.person["sub"]


def test_the_way_leads_on_to_the_application(browser: Browser, connected: People, upstream: OpenID) -> None:
    client, secret = connected.client()
    tokens_page = sign_in(browser, upstream, browser.authorize(client))
    code = answer(browser.follow(tokens_page))["code"]
    tokens = browser.exchange(client, secret, code)
    assert tokens.status_code == 200


def test_a_client_names_the_connection_and_nobody_sees_our_page(
    browser: Browser, connected: People, upstream: OpenID
) -> None:
    client, _ = connected.client()
    query = urlencode(browser.parameters(client, connection="sso", login_hint=JANE))
    away = browser.follow(browser.get(browser.url(f"/oauth/authorize?{query}")))
    assert away.headers["Location"].startswith(upstream.url)
    assert dict(parse_qsl(urlsplit(away.headers["Location"]).query))["login_hint"] == JANE
    assert "code" in answer(browser.follow(back(browser, upstream.approve(away.headers["Location"]))))


@pytest.mark.parametrize("named", ["nobody", "../../x", "sso&x=1", "x" * 200, "", "SSO"])
def test_a_connection_that_is_none_is_a_hint_and_no_more(browser: Browser, connected: People, named: str) -> None:
    client, _ = connected.client()
    page = browser.authorize(client, connection=named)
    assert page.status_code == 200
    assert 'name="password"' in page.text


def test_a_client_offers_what_it_may_use(browser: Browser, connected: People, upstream: OpenID) -> None:
    connect(connected, upstream, "other")
    client, _ = connected.client()
    with connected.unit() as uow:
        offers.allow(uow, client, ["other"])
    page = browser.authorize(client)
    assert "/connections/other/login" in page.text
    assert "/connections/sso/login" not in page.text
    forced = button(page).replace("/other/", "/sso/")
    assert 'name="password"' in browser.follow(browser.get(forced)).text


def test_a_disabled_connection_is_no_way_in(browser: Browser, connected: People, upstream: OpenID) -> None:
    away = leave(browser, button(open_login(browser)))
    with connected.unit() as uow:
        connections.update_connection(uow, connections.get(uow, "sso"), enabled=False)
    page = browser.follow(back(browser, upstream.approve(away)))
    assert 'name="password"' in page.text
    assert "/connections/" not in page.text
    assert counted(connected, User) == 0


# The domain of an address


def prove(people: People, domain: str, *, verified: bool = True) -> None:
    with people.unit() as uow:
        uow.add(TenantDomain(domain=domain, challenge="x", verified_at=uow.now if verified else None))


def test_an_address_of_a_proven_domain_leads_home(browser: Browser, people: People, upstream: OpenID) -> None:
    connect(people, upstream, creation="on", domains=["acme.example"])
    prove(people, "acme.example")
    page = browser.submit(open_login(browser), email="Jane@ACME.example", password="")
    assert page.status_code == 200
    assert "Acme’s &lt;login&gt;" in page.text
    url = page.headers["Refresh"].removeprefix("0; url=")
    away = leave(browser, url)
    assert dict(parse_qsl(urlsplit(away).query))["login_hint"] == "Jane@ACME.example"
    assert JANE in browser.follow(back(browser, upstream.approve(away))).text


@pytest.mark.parametrize("verified", [False, None])
def test_a_domain_that_nobody_proved_leads_nowhere(
    browser: Browser, people: People, upstream: OpenID, verified: bool | None
) -> None:
    connect(people, upstream, domains=["acme.example"])
    if verified is not None:
        prove(people, "acme.example", verified=verified)
    page = browser.submit(open_login(browser), email=JANE, password="")
    assert page.status_code == 422
    assert "Enter your password." in page.text


def test_whoever_types_a_password_too_signs_in_by_it(browser: Browser, people: People, upstream: OpenID) -> None:
    connect(people, upstream, domains=["example.com"])
    prove(people, "example.com")
    people.user()
    assert "ada@example.com" in browser.sign_in(open_login(browser)).text


# Terms, and an address that is to be proven


def test_somebody_new_is_asked_for_the_terms(app: Any, wiring: Wiring, upstream: OpenID) -> None:
    people = People(wiring, make_tenant(wiring, terms_version="2026-11"))
    connect(people, upstream, creation="on")
    browser = Browser(app, people.tenant)
    page = browser.follow(sign_in(browser, upstream))
    assert "Almost there" in page.text
    assert JANE in page.text
    assert counted(people, User) == 0
    refused = browser.submit(page)
    assert refused.status_code == 422
    assert "Agree to the terms to go on." in refused.text
    home = browser.submit(page, terms="yes")
    assert JANE in home.text
    with people.unit() as uow:
        assert uow.session.scalars(select(User)).one().terms_version == "2026-11"
        trips = uow.session.scalars(select(FederationTransaction)).all()
        assert [trip.received_sealed for trip in trips] == [None]
    assert browser.submit(page, terms="yes").status_code == 410


def test_the_terms_of_another_browser_s_sign_in_are_not_there(app: Any, wiring: Wiring, upstream: OpenID) -> None:
    people = People(wiring, make_tenant(wiring, terms_version="2026-11"))
    connect(people, upstream, creation="on")
    browser, stranger = Browser(app, people.tenant), Browser(app, people.tenant)
    page = browser.follow(sign_in(browser, upstream))
    open_login(stranger)
    form = Forms(page.text)
    assert stranger.get(f"{form.action}?flow={form.fields['flow']}").status_code == 410
    assert stranger.post(form.action, {**form.fields, "terms": "yes"}).status_code in {403, 410}
    assert counted(people, User) == 0


# Proving again who one is


def test_whoever_must_confirm_who_they_are_does_it_upstream_too(
    browser: Browser, connected: People, upstream: OpenID
) -> None:
    client, _ = connected.client()
    assert JANE in browser.follow(sign_in(browser, upstream)).text
    pass_time(connected, minutes=3)
    page = browser.authorize(client, max_age="60")
    assert "Confirm it’s you" in page.text
    away = leave(browser, button(page))
    assert dict(parse_qsl(urlsplit(away).query))["prompt"] == "login"
    assert "code" in answer(browser.follow(back(browser, upstream.approve(away))))
    pass_time(connected, minutes=3)
    upstream.person = {**upstream.person, "sub": "another", "email": "mallory@acme.example"}
    page = browser.authorize(client, max_age="60")
    refused = sign_in(browser, upstream, page)
    assert refused.status_code == 403
    assert "confirm who you are" in refused.text
    assert counted(connected, User) == 1


# Trying a connection out


def test_a_test_signs_nobody_in_and_says_what_was_received(browser: Browser, people: People, upstream: OpenID) -> None:
    from idp.federation import testing

    connect(people, upstream, enabled=False, roles={"staff": "admin"}, groups_claim="groups")
    upstream.person["groups"] = ["staff"]
    with people.unit() as uow:
        test, url = testing.begin(uow, connections.get(uow, "sso"))
    away = leave(browser, url)
    page = back(browser, upstream.approve(away))
    assert page.status_code == 200
    assert "The test worked" in page.text
    assert "staff" in page.text
    with people.unit() as uow:
        result = testing.get(uow, connections.get(uow, "sso"), test.id)
        assert result.status == "received"
        assert result.profile is not None
        assert result.claims is not None
        assert (result.profile["email"], result.profile["roles"]) == (JANE, ["admin"])
        assert "access_token" not in result.claims
    assert browser.get(url).status_code == 410
    assert counted(people, User) == counted(people, Session) == counted(people, LoginTransaction) == 0


def test_a_test_that_fails_says_why(browser: Browser, people: People, upstream: OpenID) -> None:
    from idp.federation import testing

    connect(people, upstream)
    upstream.claims = {"aud": "somebody-else"}
    with people.unit() as uow:
        test, url = testing.begin(uow, connections.get(uow, "sso"))
    page = back(browser, upstream.approve(leave(browser, url)))
    assert "The test failed" in page.text
    assert "for another client" in page.text
    with people.unit() as uow:
        result = testing.get(uow, connections.get(uow, "sso"), test.id)
    assert (result.status, result.reason) == ("failed", "invalid-answer")

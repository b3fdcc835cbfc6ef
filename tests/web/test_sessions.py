"""Sessions and their cookies: rotated at sign-in, ended on the server, bound to one tenant (R37, R38, R39, R49)."""

import dataclasses
from typing import Any

import pytest

from idp.app import create_app
from idp.tenants import service as tenants
from idp.users import service as users
from idp.wiring import Wiring
from tests import factories
from tests.browser import Browser, Forms
from tests.factories import People
from tests.moments import pass_time, rows

HTTPS = "https://id.example.com"


def jar(browser: Browser) -> dict[str, str]:
    return {cookie.key: cookie.value for cookie in browser.http._cookies.values()}


def session_cookie(browser: Browser) -> tuple[str, str]:
    return next((name, value) for name, value in jar(browser).items() if not name.endswith("-b"))


def set_by(response: Any) -> dict[str, set[str]]:
    """Attributes of each cookie that an answer sets, by name."""
    parts = (cookie.split("; ") for cookie in response.headers.getlist("Set-Cookie"))
    return {first.partition("=")[0]: set(attributes) for first, *attributes in parts}


def is_signed_in(browser: Browser) -> bool:
    return "You’re signed in" in browser.get(browser.url("/")).text


def sign_in(browser: Browser, email: str = "ada@example.com") -> Any:
    page = browser.follow(browser.get(browser.url("/login")))
    form = Forms(page.text)
    return browser.post(form.action, data=form.fields | {"email": email, "password": factories.PASSWORD})


def test_on_loopback_http_cookies_are_http_only_and_lax(people: People, browser: Browser) -> None:
    people.user()
    first = set_by(browser.get(browser.url("/login")))
    assert [name.endswith("-b") for name in first] == [True]
    second = set_by(sign_in(browser))
    assert list(second.values()) == [{"HttpOnly", "Path=/", "SameSite=Lax"}]
    name = next(iter(second))
    assert name.startswith("idp-")
    assert len(name) == len("idp-") + 16
    assert all(len(value) < 100 for value in jar(browser).values())


@pytest.fixture
def secure(wiring: Wiring, environment: dict[str, str]) -> Browser:
    """A browser at a tenant of an instance that is reached by https."""
    settings = type(wiring.settings).load(environment | {"IDP_BASE_URL": HTTPS, "IDP_DEV": "false"})
    own = dataclasses.replace(wiring, settings=settings)
    tenant = factories.make_tenant(own, slug=f"secure-{id(settings) % 10_000}-{id(own) % 10_000}")
    People(own, tenant).user()
    return Browser(create_app(settings, own), tenant)


def test_by_https_cookies_are_host_prefixed_and_secure(secure: Browser) -> None:
    """R39; `__Host-` means Secure, Path=/ and no Domain."""
    secure.get(secure.url("/login"))
    answer = sign_in(secure)
    cookies = set_by(answer)
    assert list(cookies.values()) == [{"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}]
    assert next(iter(cookies)).startswith("__Host-idp-")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert is_signed_in(secure)
    gone = secure.submit(secure.get(secure.url("/logout")))
    assert gone.status_code == 200
    assert not is_signed_in(secure)


def test_the_mailbox_is_no_part_of_a_production(secure: Browser) -> None:
    assert secure.get(f"{HTTPS}/dev/mail").status_code == 404
    assert secure.get(f"{HTTPS}/dev/mail.json").status_code == 404


def test_signing_in_changes_the_secret_and_the_old_one_is_nothing(people: People, browser: Browser) -> None:
    """R37: rotated at login, also for the person who was there already."""
    people.user()
    sign_in(browser)
    name, before = session_cookie(browser)
    sign_in(browser)
    assert session_cookie(browser)[1] != before
    assert rows(people)["sessions"] == 1, "the same person's session goes on"
    browser.http.set_cookie(name, before, domain="localhost")
    assert not is_signed_in(browser)


def test_another_person_ends_the_session_that_was_there(people: People, browser: Browser) -> None:
    people.user()
    people.user(email="grace@example.com")
    client, secret = people.client()
    token = browser.tokens(client, secret)["refresh_token"]
    sign_in(browser, "grace@example.com")
    assert "grace@example.com" in browser.get(browser.url("/")).text
    again = browser.token(client, secret, grant_type="refresh_token", refresh_token=token)
    assert again.json["error"] == "invalid_grant"


@pytest.mark.parametrize("planted", ["", "x", "idp_ss_", "idp_ss_" + "A" * 43, "idp_br_" + "A" * 43, "a" * 3000, "é"])
def test_a_cookie_that_we_did_not_make_is_nobody(people: People, browser: Browser, planted: str) -> None:
    people.user()
    sign_in(browser)
    name, _ = session_cookie(browser)
    browser.http.set_cookie(name, planted, domain="localhost")
    browser.http.set_cookie(f"{name}-b", planted, domain="localhost")
    assert not is_signed_in(browser)
    assert browser.get(browser.url("/login")).status_code == 303


def test_a_planted_session_is_not_taken_over_by_a_sign_in(people: People, browser: Browser) -> None:
    """Session fixation: what stood in the cookie before never becomes a session."""
    people.user()
    sign_in(browser)
    name, _ = session_cookie(browser)
    victim = Browser(browser.http.application, browser.tenant)
    victim.http.set_cookie(name, "idp_ss_" + "A" * 43, domain="localhost")
    sign_in(victim)
    assert session_cookie(victim)[1] != "idp_ss_" + "A" * 43


def test_a_session_is_nobody_at_another_tenant(people: People, others: People, browser: Browser) -> None:
    """R49: even under that tenant's cookie name."""
    for each in (people, others):
        each.user()
    sign_in(browser)
    _, secret = session_cookie(browser)
    elsewhere = Browser(browser.http.application, others.tenant)
    sign_in(elsewhere)
    name, _ = session_cookie(elsewhere)
    elsewhere.http.set_cookie(name, secret, domain="localhost")
    assert not is_signed_in(elsewhere)


def test_a_session_ends_by_idleness_and_by_age(people: People, browser: Browser) -> None:
    """R38: idle 30 minutes, absolute 12 hours, by the database's time."""
    people.user()
    sign_in(browser)
    pass_time(people, minutes=29)
    assert is_signed_in(browser)
    pass_time(people, minutes=29)
    assert is_signed_in(browser), "being seen counts"
    pass_time(people, minutes=31)
    assert not is_signed_in(browser)
    sign_in(browser)
    for _ in range(25):
        pass_time(people, minutes=28)
        assert is_signed_in(browser)
    pass_time(people, minutes=28)
    assert not is_signed_in(browser)


def test_a_tenant_decides_how_long(people: People, browser: Browser) -> None:
    from idp.tenants import resolve

    with people.wiring.platform_unit() as platform:
        tenants.update(platform, tenants.get(platform, people.tenant.slug), {"session_idle_minutes": "5"})
    resolve.forget()
    people.user()
    sign_in(browser)
    pass_time(people, minutes=6)
    assert not is_signed_in(browser)


def test_disabling_a_person_ends_their_sessions_and_enabling_brings_none_back(people: People, browser: Browser) -> None:
    people.user()
    sign_in(browser)
    for verb in (users.disable, users.enable):
        with people.unit() as uow:
            verb(uow, users.get_by_email(uow, "ada@example.com"))
        assert not is_signed_in(browser)


def test_no_secret_is_stored_as_it_is(people: People, browser: Browser) -> None:
    """R4, R7, R37: only digests are kept."""
    from sqlalchemy import text

    people.user()
    client, secret = people.client()
    tokens = browser.tokens(client, secret)
    secrets = [*jar(browser).values(), str(secret), tokens["refresh_token"], tokens["access_token"], factories.PASSWORD]
    with people.unit() as uow:
        for table in rows(people):
            kept = uow.execute(text(f"SELECT t::text FROM {table} t")).scalars().all()  # noqa: S608 - our own names
            assert not [row for row in kept for value in secrets if value in row], table

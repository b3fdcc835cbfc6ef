"""RP-Initiated Logout 1.0: a hint of this session signs out, anything less asks first (R15)."""

from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, update

from idp.keys import service as keys
from idp.keys.models import SigningKey
from tests.browser import Browser, Forms
from tests.factories import SIGNED_OUT, People
from tests.moments import rows

ASKS, DONE = "Sign out of", "You’re signed out"


@pytest.fixture
def client(people: People) -> tuple[Any, str | None]:
    people.user()
    return people.client()


def leave(browser: Browser, /, **query: Any) -> Any:
    return browser.follow(browser.get(browser.url(f"/oauth/end_session?{urlencode(query, doseq=True)}")))


def is_signed_in(browser: Browser) -> bool:
    return "You’re signed in" in browser.get(browser.url("/")).text


def refused(response: Any) -> bool:
    assert response.status_code == 400
    assert "Location" not in response.headers
    assert "<script>alert" not in response.text
    return True


def test_a_hint_of_this_session_signs_out_and_goes_back_with_state(browser: Browser, client: tuple[Any, str]) -> None:
    tokens = browser.tokens(*client)
    gone = leave(
        browser,
        id_token_hint=tokens["id_token"],
        post_logout_redirect_uri=SIGNED_OUT,
        state="a&b",
        client_id=client[0].id,
    )
    assert (gone.status_code, gone.headers["Location"]) == (303, f"{SIGNED_OUT}?state=a%26b")
    assert not is_signed_in(browser)
    again = browser.token(*client, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert again.json["error"] == "invalid_grant", "R8: what was issued for the session ends with it"


def test_it_may_come_by_post_too(browser: Browser, client: tuple[Any, str]) -> None:
    """§2: GET and POST."""
    hint = browser.tokens(*client)["id_token"]
    gone = browser.post(
        browser.url("/oauth/end_session"), data={"id_token_hint": hint, "post_logout_redirect_uri": SIGNED_OUT}
    )
    assert gone.headers["Location"] == SIGNED_OUT
    assert not is_signed_in(browser)


def test_the_old_cookie_is_good_for_nothing_afterwards(browser: Browser, client: tuple[Any, str]) -> None:
    """R37: destroyed server-side."""
    hint = browser.tokens(*client)["id_token"]
    kept = {cookie.key: cookie.value for cookie in browser.http._cookies.values()}
    leave(browser, id_token_hint=hint)
    for name, value in kept.items():
        browser.http.set_cookie(name, value, domain="localhost")
    assert not is_signed_in(browser)


def test_without_a_hint_the_person_is_asked_and_the_client_gets_its_answer(
    browser: Browser, client: tuple[Any, str]
) -> None:
    browser.code(client[0])
    page = leave(browser, client_id=client[0].id, post_logout_redirect_uri=SIGNED_OUT, state='"><script>alert(1)')
    assert ASKS in page.text
    assert "ada@example.com" in page.text
    assert "<script>alert" not in page.text
    assert "form-action 'self' https://app.example.com;" in page.headers["Content-Security-Policy"]
    assert is_signed_in(browser)
    gone = browser.submit(page)
    assert gone.headers["Location"] == f"{SIGNED_OUT}?state=%22%3E%3Cscript%3Ealert%281%29"
    assert not is_signed_in(browser)


def test_without_an_address_it_ends_on_our_own_page(browser: Browser, client: tuple[Any, str]) -> None:
    browser.code(client[0])
    assert DONE in browser.submit(leave(browser)).text
    assert DONE in leave(browser).text, "nobody is signed in any more"


def test_a_hint_of_another_session_asks(people: People, browser: Browser, client: tuple[Any, str]) -> None:
    people.user(email="grace@example.com")
    elsewhere = Browser(browser.http.application, browser.tenant)
    another_browser = elsewhere.tokens(*client)["id_token"]
    elsewhere.submit(leave(elsewhere))
    another_person = elsewhere.tokens(*client, email="grace@example.com")["id_token"]
    browser.code(client[0])
    for hint in (another_browser, another_person):
        page = leave(browser, id_token_hint=hint, post_logout_redirect_uri=SIGNED_OUT)
        assert ASKS in page.text
        assert is_signed_in(browser)
    assert browser.submit(page).headers["Location"] == SIGNED_OUT


def test_a_hint_that_is_not_ours_or_not_for_this_client_is_refused(
    people: People, others: People, browser: Browser, client: tuple[Any, str]
) -> None:
    tokens = browser.tokens(*client)
    other, _ = people.client(client_name="Other")
    others.user()
    foreign = Browser(browser.http.application, others.tenant).tokens(*others.client())["id_token"]
    before = rows(people)
    for hint in (foreign, tokens["access_token"], tokens["id_token"] + "x", "a.b.c", "é", "<script>alert(1)</script>"):
        assert refused(leave(browser, id_token_hint=hint, post_logout_redirect_uri=SIGNED_OUT))
    assert refused(leave(browser, id_token_hint=tokens["id_token"], client_id=other.id))
    assert rows(people) == before
    assert is_signed_in(browser)


@pytest.mark.parametrize(
    "uri",
    [
        SIGNED_OUT + "/",
        SIGNED_OUT + "?x=1",
        SIGNED_OUT.upper(),
        "https://app.example.com/callback",
        "https://evil.example.com/",
        "javascript:alert(1)",
        "//evil.example.com",
        "<script>alert(1)</script>",
    ],
)
def test_the_address_is_one_of_the_clients_own_byte_for_byte(
    browser: Browser, client: tuple[Any, str], uri: str
) -> None:
    hint = browser.tokens(*client)["id_token"]
    assert refused(leave(browser, id_token_hint=hint, post_logout_redirect_uri=uri))
    assert refused(leave(browser, client_id=client[0].id, post_logout_redirect_uri=uri))
    assert is_signed_in(browser)


def test_an_address_needs_a_client_of_this_tenant(
    people: People, others: People, browser: Browser, client: tuple[Any, str]
) -> None:
    foreign, _ = others.client()
    for name in (None, "x", "\u0130", str(foreign.id)):
        query = {} if name is None else {"client_id": name}
        assert refused(leave(browser, post_logout_redirect_uri=SIGNED_OUT, **query))


def test_repeated_and_hostile_parameters_are_refused(browser: Browser, client: tuple[Any, str]) -> None:
    for name in ("id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint"):
        for value in (["a", "b"], "\x00", "a\r\nX: 1", "a" * 20_000):
            assert refused(leave(browser, **{name: value}))


def test_the_confirmation_is_a_form_of_this_browser_only(browser: Browser, client: tuple[Any, str]) -> None:
    """R40."""
    browser.code(client[0])
    form = Forms(leave(browser).text)
    for csrf in ("", "x", form.fields["csrf"][:-1], "é"):
        assert browser.post(form.action, data={"csrf": csrf}).status_code == 403
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example.com"}):
        assert browser.post(form.action, data=form.fields, headers=headers).status_code == 403
    assert is_signed_in(browser)
    forged = {**form.fields, "client_id": str(client[0].id), "post_logout_redirect_uri": "https://evil.example.com/"}
    assert refused(browser.post(form.action, data=forged))
    assert is_signed_in(browser)


def test_the_page_may_be_asked_for_by_hand(browser: Browser, client: tuple[Any, str]) -> None:
    browser.code(client[0])
    assert ASKS in browser.get(browser.url("/logout")).text
    assert browser.get(browser.url("/logout?state=a&state=b")).status_code == 422


def test_a_hint_outlives_its_key(people: People, browser: Browser) -> None:
    """RP-Initiated Logout §2: a token that expired is still a hint, after its key has retired too; not when revoked."""
    people.user()
    client, secret = people.client()
    hint = browser.tokens(client, secret)["id_token"]
    asked = browser.url(f"/oauth/end_session?id_token_hint={hint}&post_logout_redirect_uri={SIGNED_OUT}")
    with people.wiring.platform_unit() as platform:
        platform.execute(
            update(SigningKey)
            .where(SigningKey.tenant_id == people.tenant.id)
            .values(retiring_at=func.now(), retired_at=func.now())
        )
    keys.forget()
    assert browser.get(asked).location == SIGNED_OUT
    with people.wiring.platform_unit() as platform:
        platform.execute(
            update(SigningKey).where(SigningKey.tenant_id == people.tenant.id).values(revoked_at=func.now())
        )
    assert browser.get(asked).status_code == 400

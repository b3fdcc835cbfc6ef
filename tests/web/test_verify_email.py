"""Proving an address by its code or its link: once, in order, and for nobody who only has the link (R32, R33)."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from idp.users import service as users
from idp.wiring import Wiring
from tests.browser import Browser, Forms, answer
from tests.factories import PASSWORD as KNOWN_PASSWORD
from tests.factories import People, make_user
from tests.moments import pass_time, rows
from tests.post import Post
from tests.web.tenancy import decide

EMAIL, PASSWORD = "grace@example.com", "lantern orbit quiet harvest"
WRONG = "That code isn’t right, or it has expired."


@pytest.fixture
def post(wiring: Wiring, people: People) -> Post:
    decide(people, registration="open")
    return Post(wiring, people.tenant)


def sign_up(browser: Browser, email: str = EMAIL) -> Any:
    """The page that waits for the code."""
    page = browser.follow(browser.get(browser.url("/signup")))
    waiting = browser.submit(page, email=email, password=PASSWORD)
    assert "Check your email" in waiting.text
    return waiting


def is_signed_in(browser: Browser) -> bool:
    return EMAIL in browser.get(browser.url("/")).text


@pytest.mark.parametrize(
    "spelling", ["{0}{1}", "{0} {1}", " {0}-{1} ", "{0}\u2013{1}", "{0}\u00a0{1}", "\u200e{0}{1}"], ids=ascii
)
def test_a_code_may_be_typed_with_spaces_and_dashes(browser: Browser, post: Post, spelling: str) -> None:
    waiting, code = sign_up(browser), post.code(EMAIL)
    browser.submit(waiting, code=spelling.format(code[:4], code[4:]))
    assert is_signed_in(browser)


def test_a_code_may_be_typed_in_arabic_digits(browser: Browser, post: Post) -> None:
    waiting, code = sign_up(browser), post.code(EMAIL)
    browser.submit(waiting, code=code.translate({ord("0") + n: 0x660 + n for n in range(10)}))
    assert is_signed_in(browser)


def test_a_wrong_code_is_refused_and_the_fifth_ends_it(people: People, browser: Browser, post: Post) -> None:
    waiting, code = sign_up(browser), post.code(EMAIL)
    for _ in range(5):
        refused = browser.submit(waiting, code=str((int(code) + 1) % 10**8).zfill(8))
        assert refused.status_code == 422
        assert refused.text.count(WRONG) == 2
        assert EMAIL in refused.text
    assert browser.submit(waiting, code=code).status_code == 422
    assert not is_signed_in(browser)
    browser.submit(browser.submit(refused, 1), code=post.code(EMAIL))
    assert is_signed_in(browser), "a new mail helps"


@pytest.mark.parametrize("code", ["", " ", "1234567", "123456789", "abcdefg", "\x00", "1" * 5000, "²²²²²²²²", "①" * 8])
def test_what_cannot_be_a_code_costs_no_guess(browser: Browser, post: Post, code: str) -> None:
    waiting, right = sign_up(browser), post.code(EMAIL)
    for _ in range(6):
        assert browser.submit(waiting, code=code).status_code == 422
    browser.submit(waiting, code=right)
    assert is_signed_in(browser)


def test_a_code_is_over_after_ten_minutes_and_its_link_is_not(people: People, browser: Browser, post: Post) -> None:
    waiting, code = sign_up(browser), post.code(EMAIL)
    pass_time(people, minutes=11)
    assert WRONG in browser.submit(waiting, code=code).text
    browser.submit(browser.get(post.link(EMAIL)))
    assert is_signed_in(browser)


def test_only_the_newest_mail_counts(browser: Browser, post: Post) -> None:
    waiting, code, link = sign_up(browser), post.code(EMAIL), post.link(EMAIL)
    again = browser.submit(waiting, 1)
    assert "We have sent it again." in again.text
    assert post.code(EMAIL) != code
    assert browser.submit(again, code=code).status_code == 422
    assert browser.get(link).status_code == 410
    browser.submit(again, code=post.code(EMAIL))
    assert is_signed_in(browser)


def test_another_address_can_be_used_instead(browser: Browser, post: Post) -> None:
    waiting = sign_up(browser, "typo@example.com")
    back = waiting.text.partition(">Use another address<")[0].rpartition('href="')[2].partition('"')[0]
    form = browser.get(back)
    assert Forms(form.text).fields["email"] == "typo@example.com"
    waiting = browser.submit(form, email=EMAIL, password=PASSWORD)
    stale = post.code("typo@example.com")
    assert browser.submit(waiting, code=stale).status_code == 422
    browser.submit(waiting, code=post.code(EMAIL))
    assert is_signed_in(browser)


def test_opening_the_link_uses_nothing_up(people: People, app: Any, browser: Browser, post: Post) -> None:
    """Programs that scan mail open links, also with HEAD."""
    sign_up(browser)
    link = post.link(EMAIL)
    before = rows(people)
    scanner = Browser(app, people.tenant)
    for _ in range(3):
        assert scanner.get(link).status_code == scanner.http.head(link).status_code == 200
    assert rows(people) == before
    browser.submit(browser.get(link))
    assert is_signed_in(browser)
    assert browser.get(link).status_code == 410


def test_the_link_goes_on_with_the_login_of_its_browser(people: People, browser: Browser, post: Post) -> None:
    login = browser.authorize(people.client()[0])
    page = browser.get(browser.url(f"/signup?flow={Forms(login.text).fields['flow']}"))
    waiting = browser.submit(page, email=EMAIL, password=PASSWORD)
    opened = browser.get(post.link(EMAIL))
    assert 'type="password"' not in opened.text
    assert "code" in answer(browser.submit(opened))
    beside = browser.get(browser.url(f"/verify-email?flow={Forms(waiting.text).fields['flow']}"))
    assert beside.headers["Location"] == browser.url("/"), "the page that waited leads on as well"


def test_elsewhere_the_link_wants_the_password_and_signs_nobody_in(
    people: People, app: Any, browser: Browser, post: Post
) -> None:
    """Whoever signs up with somebody else's address gets nothing when that person follows the link."""
    sign_up(browser)
    elsewhere = Browser(app, people.tenant)
    opened = elsewhere.get(post.link(EMAIL))
    assert 'autocomplete="current-password"' in opened.text
    for wrong in ("", "wrong", "\x00", "x" * 5000):
        assert elsewhere.submit(opened, password=wrong).status_code == 422
    done = elsewhere.submit(opened, password=PASSWORD)
    assert "Your address is confirmed" in done.text
    assert not is_signed_in(elsewhere)
    assert not is_signed_in(browser)
    assert elsewhere.sign_in(elsewhere.follow(elsewhere.get(elsewhere.url("/login"))), EMAIL, PASSWORD)
    assert is_signed_in(elsewhere)


def test_guessing_the_password_beside_a_link_is_slow(people: People, app: Any, browser: Browser, post: Post) -> None:
    sign_up(browser)
    elsewhere = Browser(app, people.tenant)
    opened = elsewhere.get(post.link(EMAIL))
    statuses = [elsewhere.submit(opened, password="wrong").status_code for _ in range(7)]
    assert statuses[:5] == [422] * 5
    refused = elsewhere.submit(opened, password=PASSWORD)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert "Too many attempts." in refused.text


@pytest.mark.parametrize("token", ["", "x", "é", "\x00", "idp_ot_" + "A" * 43, "' OR 1=1 --", "A" * 5000])
def test_a_link_that_is_none_is_over(people: People, browser: Browser, post: Post, token: str) -> None:
    page = sign_up(browser)
    before = rows(people)
    csrf = Forms(page.text).fields["csrf"]
    for refused in (
        browser.http.get(browser.url("/verify-email"), query_string={"token": token}),
        browser.post(browser.url("/verify-email"), data={"csrf": csrf, "token": token}),
    ):
        assert refused.status_code == 410
        assert "This link has expired" in refused.text
        assert "/login" in refused.text
    assert rows(people) == before


def test_a_link_of_another_tenant_is_over(
    people: People, others: People, app: Any, browser: Browser, post: Post
) -> None:
    page = sign_up(browser)
    elsewhere = Browser(app, others.tenant)
    token = urlsplit(post.link(EMAIL)).query
    assert elsewhere.get(elsewhere.url(f"/verify-email?{token}")).status_code == 410
    other = Forms(elsewhere.follow(elsewhere.get(elsewhere.url("/login"))).text).fields["csrf"]
    sent = {"csrf": other, "token": token.partition("=")[2]}
    assert elsewhere.post(elsewhere.url("/verify-email"), data=sent).status_code == 410
    browser.submit(page, code=post.code(EMAIL))
    assert is_signed_in(browser)


def test_no_step_can_be_skipped(people: People, app: Any, browser: Browser, post: Post) -> None:
    page = browser.follow(browser.get(browser.url("/signup")))
    form = Forms(page.text)
    for sent in ({"code": "12345678"}, {"action": "resend"}, {"action": "nonsense"}, {}):
        response = browser.post(browser.url("/verify-email"), data=form.fields | sent)
        assert response.headers["Location"].startswith(browser.url("/login")), "nothing is proven that nobody claimed"
    response = browser.get(browser.url(f"/verify-email?flow={form.fields['flow']}"))
    assert response.headers["Location"].startswith(browser.url("/login"))
    waiting = browser.submit(page, email=EMAIL, password=PASSWORD)
    stranger = Browser(app, people.tenant)
    own = Forms(stranger.follow(stranger.get(stranger.url("/login"))).text).fields["csrf"]
    sent = Forms(waiting.text).fields | {"csrf": own, "code": post.code(EMAIL)}
    assert stranger.post(stranger.url("/verify-email"), data=sent).status_code == 410
    assert browser.post(browser.url("/verify-email"), data=Forms(waiting.text).fields | {"csrf": ""}).status_code == 403
    assert not is_signed_in(browser)


def test_who_must_be_verified_proves_it_on_the_way_in(people: People, browser: Browser, post: Post) -> None:
    decide(people, sign_in_needs_verified_email="true")
    with people.unit() as uow:
        user = make_user(uow, email=EMAIL)
        users.primary_email(uow, user.id).verified_at = None
    login = browser.follow(browser.get(browser.url("/login")))
    waiting = browser.sign_in(login, EMAIL, KNOWN_PASSWORD)
    assert "Check your email" in waiting.text
    assert not is_signed_in(browser)
    browser.sign_in(login, EMAIL, KNOWN_PASSWORD)
    post.deliver()
    assert len([mail for mail in post.mails(EMAIL) if mail.links("token=")]) == 1, "asked for once"
    assert browser.submit(waiting, code="00000000").status_code == 422
    browser.submit(waiting, code=post.code(EMAIL))
    assert is_signed_in(browser)


def test_an_address_that_was_proven_elsewhere_ends_the_waiting(
    people: People, app: Any, browser: Browser, post: Post
) -> None:
    decide(people, sign_in_needs_verified_email="true")
    with people.unit() as uow:
        user = make_user(uow, email=EMAIL)
        users.primary_email(uow, user.id).verified_at = None
    waiting = browser.sign_in(browser.follow(browser.get(browser.url("/login"))), EMAIL, KNOWN_PASSWORD)
    phone = Browser(app, people.tenant)
    assert "Your address is confirmed" in phone.submit(phone.get(post.link(EMAIL))).text
    assert not is_signed_in(phone)
    browser.follow(browser.get(browser.url(f"/verify-email?flow={Forms(waiting.text).fields['flow']}")))
    assert is_signed_in(browser)

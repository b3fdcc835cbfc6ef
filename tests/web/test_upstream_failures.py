"""What comes back from an upstream and is not believed (R21, R53): a sentence, a reference and a way back."""

import re
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlencode

import pytest

from idp.federation import gate
from idp.users.models import User
from idp.wiring import Wiring
from tests.browser import Browser
from tests.factories import People, make_tenant
from tests.moments import pass_time
from tests.upstreams.oidc import OpenID
from tests.upstreams.serving import Ask, Reply
from tests.web.upstream import JANE, back, button, connect, counted, last_failure, leave, open_login, sign_in


def test_an_answer_is_good_once_in_one_browser_at_one_connection(
    app: Any, browser: Browser, connected: People, upstream: OpenID
) -> None:
    connect(connected, upstream, "other", creation="on")
    sent = upstream.approve(leave(browser, button(open_login(browser))))
    stranger = Browser(app, connected.tenant)
    open_login(stranger)
    for other, name, changes in (
        (stranger, "sso", {}),
        (Browser(app, connected.tenant), "sso", {}),
        (browser, "other", {}),
        (browser, "sso", {"state": sent["state"] + "x"}),
        (browser, "sso", {"state": ""}),
    ):
        refused = back(other, sent, name, **changes)
        assert refused.status_code == 410, (name, changes)
    assert counted(connected, User) == 0
    assert back(browser, sent).status_code == 303
    assert back(browser, sent).status_code == 410
    assert upstream.count("/token") == 1


def test_an_answer_that_comes_too_late_is_none(browser: Browser, connected: People, upstream: OpenID) -> None:
    sent = upstream.approve(leave(browser, button(open_login(browser))))
    pass_time(connected, minutes=11)
    assert back(browser, sent).status_code == 410
    assert upstream.count("/token") == 0


def test_a_parameter_that_comes_twice_is_refused(browser: Browser, connected: People, upstream: OpenID) -> None:
    sent = upstream.approve(leave(browser, button(open_login(browser))))
    twice = browser.get(browser.url(f"/connections/sso/callback?{urlencode(sent)}&code=another"))
    assert twice.status_code == 410
    assert upstream.count("/token") == 0


def test_a_connection_of_another_tenant_is_none(app: Any, connected: People, wiring: Wiring, upstream: OpenID) -> None:
    stranger = Browser(app, make_tenant(wiring))
    assert stranger.get(stranger.url("/connections/sso/callback?state=x&code=y")).status_code == 404
    assert 'name="password"' in stranger.follow(stranger.get(stranger.url("/connections/sso/login"))).text


FAILURES = {
    "denied": ("answer_with", {"error": "access_denied", "code": None}, 200, "You cancelled"),
    "upstream-error": ("answer_with", {"error": "server_error", "code": None}, 502, "reported a problem"),
    "wrong-issuer": ("claims", {"iss": "https://evil.example"}, 502, "didn’t come from"),
    "invalid-answer": ("claims", {"nonce": "another"}, 502, "can’t be used"),
    "no-subject": ("claims", {"sub": None}, 502, "didn’t say who you are"),
    "no-email": ("person", {"sub": "7", "email": None, "email_verified": None, "name": "N"}, 403, "email address"),
    "email-unverified": ("person", {"sub": "7", "email": JANE, "email_verified": "true"}, 403, "isn’t confirmed"),
}


@pytest.mark.parametrize("reason", FAILURES)
def test_a_failure_is_a_sentence_a_reference_and_a_way_back(
    browser: Browser, connected: People, upstream: OpenID, reason: str
) -> None:
    member, value, status, words = FAILURES[reason]
    setattr(upstream, member, value)
    page = sign_in(browser, upstream)
    assert page.status_code == status, page.text
    assert words in page.text
    event = last_failure(connected)
    assert (event.data["reason"], event.data["connection"]) == (reason, "sso")
    assert str(event.request_id) in page.text
    assert event.data["cause"]
    assert event.data["cause"] not in page.text
    found = re.search(r'href="([^"]*/login\?flow=[^"]*)"', page.text)
    assert found
    assert 'name="password"' in browser.get(found.group(1).replace("&amp;", "&")).text
    assert counted(connected, User) == 0


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token"])
def test_an_upstream_that_is_down_is_said_to_be(
    browser: Browser, connected: People, upstream: OpenID, path: str
) -> None:
    upstream.instead[path] = Reply(b"down", 500)
    url = button(open_login(browser))
    page = browser.get(url) if path.startswith("/.well") else sign_in(browser, upstream)
    assert page.status_code == 502
    assert "doesn’t answer" in page.text
    assert last_failure(connected).data["reason"] == "unreachable"


def test_nothing_of_ours_waits_with_the_upstream(
    browser: Browser, connected: People, upstream: OpenID, wiring: Wiring
) -> None:
    held: list[int] = []

    def look(ask: Ask) -> Reply:
        held.append(wiring.app.pool.checkedout())
        return upstream.answer(ask)

    upstream.instead["/token"] = upstream.instead["/.well-known/openid-configuration"] = look
    assert JANE in browser.follow(sign_in(browser, upstream)).text
    assert held == [0, 0]


def test_when_too_many_wait_the_browser_does_it_for_us(browser: Browser, connected: People, upstream: OpenID) -> None:
    sent = upstream.approve(leave(browser, button(open_login(browser))))
    with ExitStack() as others:
        for _ in range(8):
            try:
                others.enter_context(gate.pass_through())
            except Exception:  # noqa: BLE001 - full
                break
        busy = back(browser, sent)
        assert busy.status_code == 503
        assert busy.headers["Retry-After"] == busy.headers["Refresh"]
    assert JANE in browser.follow(back(browser, sent)).text

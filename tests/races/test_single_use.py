"""Single-use things used sixteen times at the same moment from two processes: one wins, and all is well after (R62)."""

import base64
from collections import Counter
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from sqlalchemy import func, select

from idp.authn.models import LoginTransaction, Session
from idp.events.models import Event
from idp.events.types import EventType
from idp.oauth import refresh_families
from idp.oauth.models import AuthorizationCode, Grant, RefreshFamily
from idp.oauth.refresh_tokens import read
from idp.wiring import Wiring
from tests import factories
from tests.browser import Browser, Forms
from tests.factories import CALLBACK, PASSWORD, People
from tests.isolation.world import JWT_BEARER, World
from tests.races.racers import AT_ONCE, Answer, Racers, Request, send


def basic(client: Any, secret: str | None) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client.id}:{secret}".encode()).decode()}


def cookies(browser: Browser) -> tuple[tuple[str, str], ...]:
    return tuple((name, cookie.value) for (*_, name), cookie in browser.http._cookies.items())


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def count(people: People, model: Any, *where: Any) -> int:
    with people.unit() as uow:
        return uow.session.scalar(select(func.count()).select_from(model).where(*where)) or 0


def test_one_code(racers: Racers, people: People, browser: Browser) -> None:
    """RFC 6749 §4.1.2: one exchange, and then, as it was used again, nothing of it is left (R4)."""
    people.user()
    client, secret = people.client()
    form = {"grant_type": "authorization_code", "code": browser.code(client), "redirect_uri": CALLBACK}
    request = Request(
        browser.url("/oauth/token"), form=form | {"code_verifier": browser.verifier}, headers=basic(client, secret)
    )
    answers = racers.same(request)
    assert statuses(answers) == {200: 1, 400: AT_ONCE - 1}
    assert {answer.body["error"] for answer in answers if answer.status == 400} == {"invalid_grant"}
    assert count(people, RefreshFamily) == count(people, Grant, Grant.revoked_at.is_not(None)) == 1
    (won,) = (answer for answer in answers if answer.status == 200)
    refused = browser.token(client, secret, grant_type="refresh_token", refresh_token=won.body["refresh_token"])
    assert refused.json["error"] == "invalid_grant"
    assert count(people, Event, Event.type == EventType.GRANT_REVOKED) == 1


@pytest.mark.parametrize("attempt", range(3))
def test_one_refresh_token_without_grace(racers: Racers, app: Any, wiring: Wiring, attempt: int) -> None:
    """R7: with no grace one rotation counts, and the reuse ends the grant."""
    people = People(wiring, factories.make_tenant(wiring, refresh_grace_seconds="0"))
    _, answers = refresh_at_once(racers, app, people)
    assert statuses(answers) == {200: 1, 400: AT_ONCE - 1}
    assert count(people, Grant, Grant.revoked_at.is_(None)) == 0
    assert count(people, Event, Event.type == EventType.GRANT_REVOKED) == 1


def test_no_grace_is_none_even_for_a_transaction_that_began_earlier(app: Any, wiring: Wiring) -> None:
    """The loser's clock is the start of its transaction, which may lie before the winner's."""
    people = People(wiring, factories.make_tenant(wiring, refresh_grace_seconds="0"))
    people.user()
    client, secret = people.client()
    token = Browser(app, people.tenant).tokens(client, secret)["refresh_token"]
    with people.unit() as loser:
        assert loser.now
        with people.unit() as winner:
            assert refresh_families.rotate(winner, token, client.id) is not None
        assert refresh_families.rotate(loser, token, client.id) is None
    assert count(people, Grant, Grant.revoked_at.is_(None)) == 0


def test_one_refresh_token_with_grace(racers: Racers, app: Any, wiring: Wiring) -> None:
    """R7: honest retries all get the one successor, and it is good."""
    people = People(wiring, factories.make_tenant(wiring))
    _, answers = refresh_at_once(racers, app, people)
    assert statuses(answers) == {200: AT_ONCE}
    (successor,) = {answer.body["refresh_token"] for answer in answers}
    token = read(successor)
    assert token is not None
    with people.unit() as uow:
        assert uow.get(RefreshFamily, token.family_id).generation == token.generation == 1
    assert count(people, Grant, Grant.revoked_at.is_(None)) == 1


def refresh_at_once(racers: Racers, app: Any, people: People) -> tuple[Browser, list[Answer]]:
    browser = Browser(app, people.tenant)
    people.user()
    client, secret = people.client()
    token = browser.tokens(client, secret)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return browser, racers.same(Request(browser.url("/oauth/token"), form=form, headers=basic(client, secret)))


@pytest.mark.parametrize("browsers", ["one browser", "sixteen browsers"])
def test_one_pushed_request(racers: Racers, people: People, browser: Browser, browsers: str) -> None:
    """RFC 9126 §7.3, R13: whoever comes first has it; the person is signed in, so it ends in one code."""
    people.user()
    client, secret = people.client()
    browser.sign_in(browser.follow(browser.get(browser.url("/login"))))
    pushed = browser.post(browser.url("/oauth/par"), browser.parameters(client), headers=basic(client, secret)).json
    query = urlencode({"client_id": str(client.id), "request_uri": pushed["request_uri"]})
    own = cookies(browser)
    session = tuple(item for item in own if not item[0].endswith("-b"))
    sent = own if browsers == "one browser" else session
    request = Request(browser.url(f"/oauth/authorize?{query}"), "GET", cookies=sent)
    answers = racers.same(request)
    assert statuses(answers) == {303: 1, 400: AT_ONCE - 1}
    (won,) = (answer for answer in answers if answer.status == 303)
    assert won.location.startswith(CALLBACK)
    assert count(people, AuthorizationCode) == count(people, Grant) == 1


def test_one_stored_request(racers: Racers, people: People, browser: Browser) -> None:
    """A request that waits for its person is answered with one code, however often the browser comes back."""
    people.user()
    client, _ = people.client()
    flow = Forms(browser.authorize(client).text).fields["flow"]
    with people.unit() as uow:
        waiting = uow.get(LoginTransaction, UUID(flow)).resume_to
    browser.sign_in(browser.follow(browser.get(browser.url("/login"))))
    request = Request(browser.url(f"/oauth/authorize/resume?flow={waiting}"), "GET", cookies=cookies(browser))
    answers = racers.same(request)
    assert statuses(answers)[303] == 1
    assert statuses(answers).keys() <= {303, 400, 410}
    assert count(people, AuthorizationCode) == count(people, Grant) == 1


def test_one_client_assertion(racers: Racers, app: Any, wiring: Wiring) -> None:
    """RFC 7523 §3, R9: a jti is good once."""
    world = World(app, wiring, "acme")
    form = world.assertion_grant()
    assert form["client_assertion_type"] == JWT_BEARER
    answers = racers.same(Request(world.url("/oauth/token"), form=form))
    assert statuses(answers) == {200: 1, 401: AT_ONCE - 1}


def test_one_login(racers: Racers, people: People, browser: Browser) -> None:
    """R32: a login that was submitted twice starts one session."""
    people.user()
    page = Forms(browser.follow(browser.get(browser.url("/login"))).text)
    form = page.fields | {"email": "ada@example.com", "password": PASSWORD}
    answers = racers.same(Request(browser.url("/login"), form=form, cookies=cookies(browser)))
    assert statuses(answers) == {303: 1, 410: AT_ONCE - 1}
    assert count(people, Session) == 1
    (won,) = (answer for answer in answers if answer.status == 303)
    assert sum("-b=" not in cookie for answer in answers for cookie in answer.cookies) == 1
    assert won.cookies


def test_the_racers_really_are_two_processes(racers: Racers, browser: Browser) -> None:
    answers = racers.race(send, [Request(browser.url("/jwks.json"), "GET")] * AT_ONCE)
    assert statuses(answers) == {200: AT_ONCE}
    assert len({child.pid for child, _ in racers._children}) == 2

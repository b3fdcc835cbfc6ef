"""The answer to a commit is lost: an outage, and asking again brings what was done, once (R60, R62)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import func, make_url, select

from idp.app import create_app
from idp.config import Settings
from idp.events.models import Event
from idp.events.types import EventType
from idp.oauth.models import Grant
from idp.wiring import Wiring
from tests.api.management.callers import machine_caller
from tests.browser import Browser
from tests.factories import People
from tests.faults.forgetful import Forgetful, forgetful


@dataclass
class Behind:
    """The product with a forgetful proxy before its database."""

    proxy: Forgetful
    app: Any
    people: People
    browser: Browser


@pytest.fixture(scope="module")
def product(environment: dict[str, str]) -> Iterator[tuple[Forgetful, Any]]:
    url = make_url(environment["IDP_DATABASE_URL"])
    with forgetful(f"{unquote(str(url.query['host']))}/.s.PGSQL.5432") as proxy:
        through = url.set(host="127.0.0.1", port=proxy.port, query={}).render_as_string(hide_password=False)
        settings = Settings.load(environment | {"IDP_DATABASE_URL": through})
        wiring = Wiring.of(settings)
        yield proxy, create_app(settings, wiring)
        wiring.dispose()


@pytest.fixture
def behind(product: tuple[Forgetful, Any], people: People) -> Behind:
    proxy, app = product
    proxy.lost = 0
    return Behind(proxy, app, people, Browser(app, people.tenant))


def is_an_outage(answer: Any) -> bool:
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    return True


def test_a_rotation_is_answered_the_same_again(behind: Behind) -> None:
    browser = behind.browser
    behind.people.user()
    client, secret = behind.people.client()
    sent = browser.tokens(client, secret)["refresh_token"]
    behind.proxy.lose_next()
    assert is_an_outage(browser.token(client, secret, grant_type="refresh_token", refresh_token=sent))
    assert behind.proxy.lost == 1
    again = browser.token(client, secret, grant_type="refresh_token", refresh_token=sent)
    assert again.status_code == 200, again.text
    after = browser.token(client, secret, grant_type="refresh_token", refresh_token=again.json["refresh_token"])
    assert after.status_code == 200, after.text


def test_a_person_is_made_once(behind: Behind) -> None:
    caller = machine_caller(behind.app, behind.people, scope="users:read users:write", roles=("admin",))
    body, key = {"email": "ida@example.com"}, {"Idempotency-Key": "the-only-time"}
    behind.proxy.lose_next()
    assert is_an_outage(caller.post("/users", body, headers=key))
    assert behind.proxy.lost == 1
    again = caller.post("/users", body, headers=key)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    with behind.people.unit() as uow:
        made = select(func.count()).select_from(Event).where(Event.type == EventType.USER_CREATED)
        assert uow.session.scalar(made) == 1


def test_a_code_is_not_good_again_and_the_person_types_nothing(behind: Behind) -> None:
    """Nobody can tell a lost answer from a stolen code (RFC 6749 §4.1.2): the session brings the next one."""
    browser = behind.browser
    behind.people.user()
    client, secret = behind.people.client()
    code = browser.code(client)
    behind.proxy.lose_next()
    assert is_an_outage(browser.exchange(client, secret, code))
    assert browser.exchange(client, secret, code).json["error"] == "invalid_grant"
    with behind.people.unit() as uow:
        assert uow.session.scalar(select(func.count()).select_from(Grant).where(Grant.revoked_at.is_(None))) == 0
    assert "refresh_token" in browser.tokens(client, secret)


def test_a_sign_in_whose_answer_is_lost_is_done_again(behind: Behind) -> None:
    browser = behind.browser
    behind.people.user()
    client, _ = behind.people.client()
    page = browser.authorize(client)
    behind.proxy.lose_next()
    lost = browser.sign_in(page)
    assert is_an_outage(lost)
    assert "Set-Cookie" not in lost.headers
    assert browser.code(client)

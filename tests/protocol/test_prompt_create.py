"""``prompt=create`` (OpenID Connect: Initiating User Registration 1.0)."""

from typing import Any

from idp.wiring import Wiring
from tests.browser import Browser, answer
from tests.factories import People
from tests.post import Post
from tests.web.tenancy import decide

PASSWORD = "lantern orbit quiet harvest"


def test_it_is_announced(browser: Browser) -> None:
    """§5: ``create`` in ``prompt_values_supported``."""
    assert "create" in browser.get(browser.url("/.well-known/openid-configuration")).json["prompt_values_supported"]


def test_it_leads_to_the_sign_up_page_and_back(wiring: Wiring, people: People, browser: Browser) -> None:
    """§4: the server shows the page that creates an account, and then goes on as ever."""
    decide(people, registration="open")
    page = browser.authorize(people.client()[0], prompt="create", login_hint="grace@example.com")
    assert "Create your" in page.text
    assert 'value="grace@example.com"' in page.text
    waiting = browser.submit(page, email="grace@example.com", password=PASSWORD)
    back = browser.submit(waiting, code=Post(wiring, people.tenant).code("grace@example.com"))
    assert "code" in answer(back)


def test_whoever_is_signed_in_may_make_another_account_or_sign_in_anew(people: People, browser: Browser) -> None:
    decide(people, registration="open")
    people.user()
    client, _ = people.client()
    browser.code(client)
    page = browser.authorize(client, prompt="create", max_age=0)
    assert "Create your" in page.text
    login = browser.get(page.text.partition(">Sign in</a>")[0].rpartition('href="')[2].partition('"')[0])
    assert "code" in answer(browser.sign_in(login))


def test_a_tenant_without_sign_up_offers_signing_in(people: People, browser: Browser) -> None:
    people.user()
    refused = browser.authorize(people.client()[0], prompt="create")
    assert refused.status_code == 403
    login = browser.get(refused.text.partition(">Sign in</a>")[0].rpartition('href="')[2].partition('"')[0])
    assert "code" in answer(browser.sign_in(login))


def test_it_cannot_be_asked_silently(people: People, browser: Browser) -> None:
    refused: Any = browser.authorize(people.client()[0], prompt="create none")
    assert answer(refused)["error"] == "invalid_request"

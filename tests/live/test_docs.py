"""The page of the API in a real browser: it renders, blocks nothing, asks nobody but us, and signs people in."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from chromium import chromium
from clients import demo_tenant
from playwright.sync_api import Page

pytestmark = pytest.mark.live


class Visit:
    """A page, where it asked, and what the browser complained about."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page, self.base_url = page, base_url
        self.asked: list[str] = []
        self.said: list[str] = []
        page.context.on("request", lambda request: self.asked.append(request.url))
        page.context.on("console", lambda message: self._hear(message.type, message.text))
        page.context.on("weberror", lambda error: self.said.append(str(error.error)))

    def goto(self, path: str) -> None:
        self.page.goto(f"{self.base_url}{path}")

    def _hear(self, kind: str, text: str) -> None:
        """A violation of the policy is an error; where the focus went is information."""
        if kind != "info":
            self.said.append(f"{kind}: {text}")

    def is_undisturbed(self) -> None:
        assert self.said == []
        ours = urlsplit(self.base_url).netloc
        assert {urlsplit(url).netloc for url in self.asked if not url.startswith("data:")} == {ours}


@pytest.fixture(params=[360, pytest.param(1280, marks=pytest.mark.soak)])
def visit(live: Any, request: Any) -> Iterator[Visit]:
    with chromium() as browser:
        yield Visit(browser.new_page(viewport={"width": request.param, "height": 900}), live.base_url)


def test_swagger_ui_renders_under_our_policy(visit: Visit) -> None:
    page = visit.page
    visit.goto("/docs")
    page.locator(".opblock-tag").first.wait_for()
    chapters = [chapter.get_attribute("data-tag") for chapter in page.locator(".opblock-tag").all()]
    assert {"People", "Platform", "Sign-in", "Protocol"} <= set(chapters)
    for chapter in chapters:
        page.locator(f'.opblock-tag[data-tag="{chapter}"]').click()
        section = page.locator(".opblock-tag-section", has=page.locator(f'[data-tag="{chapter}"]'))
        section.locator(".opblock").first.wait_for()
        page.locator(f'.opblock-tag[data-tag="{chapter}"]').click()
    page.locator('.opblock-tag[data-tag="Sign-in"]').click()
    page.locator("#operations-Sign-in-login button").first.click()
    page.get_by_text("A wrong password and an unknown address").wait_for()
    assert page.evaluate("document.querySelector('.tenant').scrollWidth <= window.innerWidth")
    visit.is_undisturbed()


def test_authorize_signs_in_at_the_chosen_tenant_and_the_api_can_be_tried_out(live: Any, visit: Visit) -> None:
    page, admin = visit.page, demo_tenant(live, "acme")["admin"]
    visit.goto("/docs")
    page.get_by_label("Tenant", exact=True).fill("acme")
    page.get_by_role("button", name="Show its API").click()
    page.locator("button.authorize").first.click()
    form = page.locator(".auth-container", has_text="Flow: authorizationCode")
    with page.expect_popup() as opened:
        form.get_by_role("button", name="Apply given OAuth2 credentials").click()
    window = opened.value
    window.locator("[name=email]").fill(admin["email"])
    window.locator("[name=password]").fill(admin["password"])
    with window.expect_event("close"):
        window.locator("[name=password]").press("Enter")
    form.get_by_role("button", name="Remove authorization").wait_for()
    page.locator(".close-modal").click()

    page.locator('.opblock-tag[data-tag="Access"]').click()
    operation = page.locator("#operations-Access-get-principal")
    operation.get_by_role("button").first.click()
    operation.get_by_role("button", name="Try it out").click()
    assert operation.get_by_placeholder("tenant_slug").input_value() == "acme"
    with page.expect_response(lambda answer: answer.url.endswith("/api/v1/principal")) as given:
        operation.get_by_role("button", name="Execute").click()
    assert given.value.status == 200
    operation.locator(".live-responses-table").get_by_text('"owner"').first.wait_for()
    told = given.value.json()
    assert (told["kind"], told["roles"]) == ("user", ["owner"])
    assert "users:read" in told["permissions"]

    authorize = next(url for url in visit.asked if url.startswith(f"{live.issuer('acme')}/oauth/authorize?"))
    asked = {name: values[0] for name, values in parse_qs(urlsplit(authorize).query).items()}
    assert asked["code_challenge_method"] == "S256"
    assert asked["resource"] == f"{live.issuer('acme')}/api/v1"
    assert asked["redirect_uri"] == f"{live.base_url}/docs/oauth2-redirect.html"
    assert not {"tenants:read", "fleet:read"} & set(asked["scope"].split())
    kept = page.evaluate("JSON.stringify([localStorage.length, sessionStorage.length])")
    assert json.loads(kept) == [0, 0]
    visit.is_undisturbed()


def test_a_tenant_that_cannot_be_one_is_said_and_kept_in_the_form(visit: Visit) -> None:
    visit.goto("/docs?tenant=Acme%22%3E%3Cscript%3E")
    assert visit.page.get_by_label("Tenant", exact=True).input_value() == 'Acme"><script>'
    assert "2 to 40 small letters" in visit.page.get_by_role("alert").inner_text()
    assert visit.page.locator("script").count() == 2

"""The way of an account elsewhere in a browser: linked, used, and given up, with and without scripts (WCAG 2.2 AA)."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from chromium import chromium
from clients import Live
from playwright.sync_api import Browser, Page
from test_accessibility import SCRIPTS, npm_ci, violations

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def axe() -> str:
    npm_ci()
    return (SCRIPTS / "node_modules" / "axe-core" / "axe.min.js").read_text()


def somebody(live: Live, slug: str) -> tuple[str, str]:
    """A new person: their address and password."""
    email = f"{uuid.uuid4().hex[:12]}@{slug}.example"
    made = live.cli("user", "create", "--tenant", slug, "--email", email, "--verified")
    return email, made["password"]


def sign_in(page: Page, email: str, password: str) -> None:
    page.fill("[name=email]", email)
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")


@pytest.mark.parametrize(
    ("scheme", "width", "language"), [("light", 320, "en"), ("dark", 1280, "de"), ("dark", 320, "ar")]
)
def test_every_page_of_linking_is_accessible(
    live: Live, browser: Browser, axe: str, scheme: Any, width: int, language: str
) -> None:
    here, there = somebody(live, "acme"), somebody(live, "globex")
    account = live.issuer("acme") + "/account/connections"
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    page, complaints = context.new_page(), []
    page.set_default_timeout(20_000)
    page.on("console", lambda message: complaints.append(message.text) if "Policy" in message.text else None)

    def check() -> None:
        assert page.evaluate("document.documentElement.lang") == language
        assert violations(page, axe) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "sideways scrolling"

    page.goto(f"{account}?ui_locales={language}")
    sign_in(page, *here)
    page.wait_for_url(account)
    check()
    page.locator('button[name="link"][value="globex"]').click()
    page.wait_for_url(live.issuer("globex") + "/login?**")
    sign_in(page, *there)
    page.wait_for_url(f"{account}?notice=identity-linked")
    check()
    assert there[0] in page.locator("main").inner_text()
    page.locator('button[name="unlink"]').click()
    page.wait_for_url(f"{account}?notice=identity-unlinked")
    check()
    assert complaints == []
    context.close()


def test_linking_needs_no_javascript_and_the_last_way_in_stays(live: Live, browser: Browser) -> None:
    """Somebody whom Globex brings to Acme, and who has no password there before they set one."""
    email, password = somebody(live, "globex")
    account = live.issuer("acme") + "/account"
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(f"{account}/connections")
    page.get_by_role("link", name="Continue with Globex").click()
    sign_in(page, email, password)
    page.wait_for_url(f"{account}/connections")
    page.get_by_role("button", name="Unlink").click()
    assert "Set a password first." in page.get_by_role("alert").inner_text()
    page.get_by_role("link", name="Set a password").click()
    page.fill("[name=password]", "lantern orbit quiet harvest")
    page.get_by_role("button", name="Set password").click()
    page.wait_for_url(f"{account}/password?notice=password-set")
    page.goto(f"{account}/connections")
    page.get_by_role("button", name="Unlink").click()
    assert "unlinked" in page.get_by_role("status").first.inner_text()
    page.get_by_role("button", name="Link Globex").click()
    page.wait_for_url(f"{account}/connections?notice=identity-linked")
    context.close()

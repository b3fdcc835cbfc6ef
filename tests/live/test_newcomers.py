"""Signing up and recovering in a browser, with real mail: axe finds nothing, nothing scrolls sideways (WCAG 2.2 AA)."""

import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from chromium import chromium
from clients import Live
from playwright.sync_api import Browser, Page
from test_accessibility import SCRIPTS, npm_ci, violations

pytestmark = pytest.mark.live
PASSWORD, NEW_PASSWORD = "lantern orbit quiet harvest", "another lantern in orbit"
LINK, CODE = re.compile(r"https?://\S+"), re.compile(r"^\s*(\d{4} ?\d{4})\s*$", re.MULTILINE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def check() -> Callable[[Page], None]:
    npm_ci()
    axe = (SCRIPTS / "node_modules" / "axe-core" / "axe.min.js").read_text()

    def checked(page: Page) -> None:
        assert violations(page, axe) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "sideways scrolling"

    return checked


def mailed(live: Live, to: str, wanted: Callable[[str], list[str]]) -> str:
    """The first that is found in the newest mails to somebody, once it is there."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{live.base_url}/dev/mail.json") as answer:
            mails = [mail for mail in json.load(answer) if mail["to"] == to]
        for found in (wanted(mail["text"]) for mail in mails):
            if found:
                return found[0]
        time.sleep(0.2)
    raise AssertionError(f"no such mail to {to}")


def link_with(path: str) -> Callable[[str], list[str]]:
    return lambda text: [link for link in LINK.findall(text) if path in link]


@pytest.fixture
def with_terms(live: Live) -> Iterator[None]:
    """Acme has terms for as long as the test goes; others of the same installation know nothing of them."""
    live.cli("tenant", "set", "acme", "registration=open", "terms_version=1")
    yield
    live.cli("tenant", "set", "acme", "terms_version=")


@pytest.mark.usefixtures("with_terms")
@pytest.mark.parametrize(
    ("scheme", "width", "scripts", "language"),
    [("light", 320, True, "en"), ("dark", 1280, True, "ar"), ("light", 1280, False, "en")],
    ids=["phone", "dark and right to left", "without scripts"],
)
def test_somebody_signs_up_forgets_and_recovers(
    live: Live, browser: Browser, check: Any, scheme: Any, width: int, scripts: bool, language: str
) -> None:
    issuer, email = live.issuer("acme"), f"grace-{scheme}-{width}-{scripts}@example.com".lower()
    viewport: Any = {"width": width, "height": 800}
    context = browser.new_context(color_scheme=scheme, viewport=viewport, java_script_enabled=scripts, locale=language)
    page, primary = context.new_page(), "button.primary"
    examine = check if scripts else lambda _page: None

    for _ in range(50):
        page.goto(f"{issuer}/signup?ui_locales={language}")
        if page.locator("#email").count():
            break
        time.sleep(0.2)
    page.fill("#email", "grace")
    page.click(primary)
    page.locator(".summary").wait_for()
    examine(page)
    page.fill("#email", email)
    page.fill("#password", PASSWORD)
    page.check("#terms")
    page.click(primary)
    page.locator("#code").wait_for()
    examine(page)
    page.fill("#code", mailed(live, email, CODE.findall))
    page.click(primary)
    page.wait_for_url(f"{issuer}/")
    assert email in page.content()

    page.goto(f"{issuer}/recovery")
    examine(page)
    page.fill("#email", email)
    page.click(primary)
    page.wait_for_url("**/recovery?*notice=*")
    examine(page)
    page.goto(mailed(live, email, link_with("/reset-password?")))
    page.fill("#password", NEW_PASSWORD)
    examine(page)
    page.click(primary)
    page.wait_for_url("**/login?*notice=password-changed")
    examine(page)
    page.fill("#password", NEW_PASSWORD)
    page.click(primary)
    page.wait_for_url(f"{issuer}/")
    page.goto(mailed(live, email, link_with("/not-me?")))
    examine(page)
    page.click(primary)
    page.wait_for_url("**/not-me?notice=secured")
    examine(page)
    context.close()

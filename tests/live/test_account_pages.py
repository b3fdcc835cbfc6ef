"""The account pages as a browser sees them: axe finds nothing, nothing scrolls sideways, and no script is needed."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import chromium
from clients import Live, demo_tenant
from node import SCRIPTS, npm_ci
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.live

PAGES = (
    "",
    "/profile",
    "/email",
    "/password",
    "/connections",
    "/sessions",
    "/applications",
    "/activity",
    "/data",
    "/delete",
)
PICTURES = os.environ.get("IDP_TEST_PICTURES")
"""A folder for pictures of every page, for whoever wants to look."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def axe() -> str:
    npm_ci()
    return (SCRIPTS / "node_modules" / "axe-core" / "axe.min.js").read_text()


def account(live: Live, page: str = "") -> str:
    return f"{live.issuer('globex')}/account{page}"


def sign_in(live: Live, page: Page) -> None:
    """By the page that was asked for."""
    user = demo_tenant(live, "globex")["user"]
    page.fill("input[name=email]", user["email"])
    page.fill("input[name=password]", user["password"])
    page.locator("main button[type=submit]").last.click()
    page.wait_for_load_state("load")


def violations(page: Page, axe: str) -> list[Any]:
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    return [(item["id"], [node["html"] for node in item["nodes"]]) for item in found]


@pytest.mark.parametrize(
    ("language", "scheme", "width"),
    [
        ("en", "light", 320),
        ("ar", "dark", 1280),
        pytest.param("en", "dark", 1280, marks=pytest.mark.soak),
        pytest.param("de", "light", 1280, marks=pytest.mark.soak),
        pytest.param("ar", "dark", 320, marks=pytest.mark.soak),
        pytest.param("ar", "light", 1280, marks=pytest.mark.soak),
    ],
)
def test_every_page_is_accessible(
    live: Live, browser: Browser, axe: str, language: str, scheme: Any, width: int
) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text) if "Policy" in message.text else None)
    page.goto(account(live) + f"?ui_locales={language}")
    sign_in(live, page)
    page.wait_for_url(account(live))

    def check(name: str) -> None:
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}-{language}-{scheme}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.lang") == language
        assert violations(page, axe) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} scrolls sideways"

    for path in PAGES:
        page.goto(account(live, path))
        check(path.removeprefix("/") or "overview")
    page.goto(account(live, "/profile"))
    page.fill("input[name=phone_number]", "030 901820")
    page.locator("main form button[type=submit]").click()
    page.get_by_role("alert").wait_for()
    check("profile-refused")
    page.goto(account(live, "/email"))
    page.fill("input[name=email]", f"{language}{scheme}{width}@globex.example")
    page.fill("input[name=password]", demo_tenant(live, "globex")["user"]["password"])
    page.locator("form:has(input[name=password]) button[type=submit]").click()
    page.get_by_role("status").first.wait_for()
    check("email-wanted")
    assert complaints == []
    context.close()


def test_an_account_needs_no_javascript(live: Live, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(account(live, "/profile"))
    sign_in(live, page)
    page.wait_for_url(account(live, "/profile"))
    page.fill("input[name=nickname]", "Countess")
    page.get_by_role("button", name="Save").click()
    assert page.get_by_role("status").first.inner_text() == "Your profile is saved."
    assert page.input_value("input[name=nickname]") == "Countess"
    page.goto(account(live, "/data"))
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename.startswith("globex-account-")
    context.close()

"""The hosted pages as a browser sees them: axe finds nothing, nothing is blocked by our own policy, pages stay small.

WCAG 2.2 AA, in light and dark, on a phone of 320 pixels, and without JavaScript.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from chromium import chromium
from clients import Live, demo_tenant
from node import SCRIPTS, npm_ci
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.live

KIBIBYTE = 1024


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def axe() -> str:
    npm_ci()
    return (SCRIPTS / "node_modules" / "axe-core" / "axe.min.js").read_text()


def authorize_url(live: Live, **changes: str) -> str:
    client = demo_tenant(live, "globex")["clients"]["web"]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(secrets.token_bytes(32)).digest()).rstrip(b"=").decode()
    query = {
        "client_id": client["client_id"],
        "redirect_uri": client["redirect_uris"][0],
        "response_type": "code",
        "scope": "openid profile email offline_access",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    } | changes
    return f"{live.issuer('globex')}/oauth/authorize?{urlencode(query)}"


def sign_in(live: Live, page: Page, password: str | None = None) -> None:
    user = demo_tenant(live, "globex")["user"]
    page.fill("input[name=email]", user["email"])
    page.fill("input[name=password]", password or user["password"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state("load")


def violations(page: Page, axe: str) -> list[Any]:
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    return [(item["id"], [node["html"] for node in item["nodes"]]) for item in found]


@pytest.mark.parametrize(
    ("scheme", "width"),
    [
        ("dark", 320),
        ("light", 1280),
        pytest.param("light", 320, marks=pytest.mark.soak),
        pytest.param("dark", 1280, marks=pytest.mark.soak),
    ],
)
def test_every_page_on_the_way_is_accessible(live: Live, browser: Browser, axe: str, scheme: Any, width: int) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text) if "Policy" in message.text else None)

    def check() -> None:
        assert violations(page, axe) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "sideways scrolling"

    page.goto(authorize_url(live, prompt="consent"))
    check()
    sign_in(live, page, "this is not my password")
    page.get_by_role("alert").wait_for()
    check()
    sign_in(live, page)
    page.wait_for_url("**/consent?**")
    check()
    page.goto(authorize_url(live, prompt="select_account"))
    check()
    page.goto(authorize_url(live, redirect_uri="https://elsewhere.example/"))
    check()
    for path in ("/", "/account/applications", "/logout"):
        page.goto(live.issuer("globex") + path)
        check()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/logout?done=1")
    check()
    assert complaints == []
    context.close()


def test_signing_in_needs_no_javascript(live: Live, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live.issuer('globex')}/login")
    sign_in(live, page)
    page.wait_for_url(live.issuer("globex") + "/")
    assert page.get_by_role("heading", name="You’re signed in").is_visible()
    context.close()


def test_the_sign_in_page_is_small_and_asks_nobody_else(live: Live, browser: Browser) -> None:
    context = browser.new_context()
    page, sizes, hosts = context.new_page(), [], set()
    page.on("response", lambda answer: sizes.append(len(answer.body())) if answer.status == 200 else None)
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(authorize_url(live))
    page.wait_for_load_state("networkidle")
    assert sum(sizes) <= 30 * KIBIBYTE
    assert hosts == {live.base_url.split("/")[2]}
    context.close()

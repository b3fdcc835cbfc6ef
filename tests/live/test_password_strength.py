"""A real Chromium says how a new password fares while it is typed, under the policy of our pages."""

import contextlib
import threading
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from chromium import chromium
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from playwright.sync_api import Browser, Page, expect

from idp import templating
from idp.web import rendering

pytestmark = pytest.mark.live
POLICY = "default-src 'none'; script-src 'nonce-n0nce'; style-src 'self'; img-src 'self'; frame-ancestors 'none'"


@cache
def html() -> bytes:
    """The macro on a page of its own."""
    templates = Path(rendering.STATIC).parent / "templates"
    environment = Environment(loader=FileSystemLoader(templates), autoescape=True, undefined=StrictUndefined)
    templating.install(environment)
    environment.globals["static_url"] = "/{}".format
    page = environment.from_string(
        '<!doctype html><html lang="en"><title>Password</title><link rel="stylesheet" href="/idp.css">'
        '{% from "hosted/new_password.html" import new_password %}{% from "hosted/macros.html" import field, script %}'
        '{{ script("password.js", "n0nce") }}{{ script("strength.js", "n0nce") }}<form class="column card">'
        '{{ field("email", "Email") }}{{ new_password("password", "Password", 15, "Acme Rocketry", words=["acme"]) }}'
        "</form>"
    )
    return page.render().encode()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.lstrip("/").partition("?")[0]
        kinds = {"": "text/html; charset=utf-8", "js": "text/javascript", "css": "text/css"}
        body = (rendering.STATIC / name).read_bytes() if name in {"password.js", "strength.js", "idp.css"} else html()
        self.send_response(200)
        self.send_header("Content-Type", kinds[name.rpartition(".")[2] if "." in name else ""])
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def served() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, url: str) -> Page:
    page = browser.new_page()
    page.goto(url)
    return page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", ""),
        ("vq7xk2", "Too short: 6 of 15 characters."),
        ("e\N{COMBINING ACUTE ACCENT}" * 10 + "🔑", "Too short: 11 of 15 characters."),
        ("Acme Rocketry 2026", "Too close to your name, your address or Acme Rocketry."),
        ("ada@analytical.example", "Too close to your name, your address or Acme Rocketry."),
        ("aaaaaaaaaaaaaaaa", "Too simple: it repeats or follows the keyboard."),
        ("tigertigertigertiger", "Too simple: it repeats or follows the keyboard."),
        ("qwertyuiopasdfghjkl", "Too simple: it repeats or follows the keyboard."),
        ("1234567890123456", "Too simple: it repeats or follows the keyboard."),
        ("correct horse battery staple", "Good: long enough, and no simple pattern."),
        ("my acme account needs four words", "Good: long enough, and no simple pattern."),
        ("пароль совсем не простой", "Good: long enough, and no simple pattern."),
    ],
)
def test_it_is_said_in_words(page: Page, typed: str, said: str) -> None:
    page.get_by_label("Email").fill("ada@analytical.example")
    page.locator("#password").fill(typed)
    expect(page.get_by_role("status")).to_have_text(said)


def test_typing_sends_nothing_and_breaks_no_policy(browser: Browser, url: str) -> None:
    page = browser.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    page.on("request", lambda request: asked.append(request.url))
    page.locator("#password").press_sequentially("correct horse battery staple")
    expect(page.get_by_role("status")).to_have_text("Good: long enough, and no simple pattern.")
    page.get_by_role("button", name="Show password").click()
    expect(page.locator("#password")).to_have_attribute("type", "text")
    assert asked == []
    assert [complaint for complaint in complaints if "favicon" not in complaint] == []


def test_without_a_script_only_the_hint_stands_there(browser: Browser, url: str) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(url)
    expect(page.get_by_text("At least 15 characters.")).to_be_visible()
    assert not page.locator(".strength").is_visible()

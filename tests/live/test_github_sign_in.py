"""GitHub's button in a real browser: there, its own page, and back; or cancelled, and back where one was."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from chromium import chromium
from clients import Live, demo_tenant
from playwright.sync_api import Page

from tests.upstreams.github import CLIENT_ID, CLIENT_SECRET, TOKEN, GitHub, github

pytestmark = pytest.mark.live

NAME, LABEL = "hub", "GitHub at work"


@pytest.fixture
def notes(live: Live) -> str:
    """The demo application."""
    address = urlsplit(demo_tenant(live, "acme")["clients"]["web"]["redirect_uris"][0])
    return f"{address.scheme}://{address.netloc}"


@pytest.fixture
def hub(live: Live, tmp_path: Path) -> Iterator[GitHub]:
    """A GitHub Enterprise Server, and Acme's connection to it."""
    secret = tmp_path / "secret"
    secret.write_text(CLIENT_SECRET)
    with github() as server:
        made = live.cli(
            *("connection", "create", "--tenant", "acme", "--kind", "github", "--name", NAME, "--label", LABEL),
            *("--client-id", CLIENT_ID, "--client-secret-file", str(secret)),
            *("--option", f"base_url={server.url}", "--option", "creation=on"),
        )
        server.script.redirect_uris = [made["callback_url"]]
        try:
            yield server
        finally:
            live.cli("connection", "delete", "--tenant", "acme", NAME, "--yes")


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as browser, browser.new_page() as page:
        page.set_default_timeout(20_000)
        yield page


def leave(page: Page, notes: str) -> None:
    """From the demo application to GitHub's page."""
    page.goto(f"{notes}/login/acme")
    page.get_by_role("link", name=f"Continue with {LABEL}").click()
    page.get_by_role("heading", name="Authorize Acme").wait_for()


def test_somebody_signs_in_by_github(live: Live, notes: str, hub: GitHub, page: Page) -> None:
    hub.person.id, hub.person.emails = 4711, [{"email": "mona@hub.example", "primary": True, "verified": True}]
    violations: list[str] = []
    page.on("console", lambda said: violations.append(said.text) if "Content Security Policy" in said.text else None)
    leave(page, notes)
    page.get_by_role("button", name="Authorize").click()
    page.locator('[name="decision"][value="allow"]').click()
    page.get_by_role("heading", name="signed in as mona@hub.example").wait_for()
    assert page.url == f"{notes}/"
    assert violations == []
    [identity] = live.cli("user", "identities", "--tenant", "acme", "mona@hub.example")
    assert (identity["issuer"], identity["subject"]) == (hub.url, "4711")


def test_whoever_cancels_reads_so_and_finds_the_way_back(notes: str, hub: GitHub, page: Page) -> None:
    leave(page, notes)
    page.get_by_role("link", name="Cancel").click()
    page.get_by_text("Reference").wait_for()
    assert page.get_by_role("heading").count() >= 1
    assert LABEL in page.inner_text("main")
    assert not hub.count(TOKEN)
    page.get_by_role("main").get_by_role("link").first.click()
    page.get_by_role("heading", name="Sign in to Acme").wait_for()
    page.get_by_role("link", name=f"Continue with {LABEL}").click()
    page.get_by_role("heading", name="Authorize Acme").wait_for()


def test_a_github_that_is_away_is_told_on_a_page_of_ours(notes: str, hub: GitHub, page: Page) -> None:
    hub.script.used_up = True
    leave(page, notes)
    page.get_by_role("button", name="Authorize").click()
    page.get_by_text("Reference").wait_for()
    assert LABEL in page.inner_text("main")
    hub.script.used_up = False
    page.get_by_role("main").get_by_role("link").first.click()
    page.get_by_role("heading", name="Sign in to Acme").wait_for()

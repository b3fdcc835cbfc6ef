"""One tenant as the upstream of another, in the demo: nothing of the outside world is needed to try a connection."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from chromium import chromium
from clients import Live, demo_tenant
from visitor import Visitor

pytestmark = pytest.mark.live


@pytest.fixture
def notes(live: Live) -> str:
    """The demo product."""
    address = urlsplit(demo_tenant(live, "acme")["clients"]["web"]["redirect_uris"][0])
    return f"{address.scheme}://{address.netloc}"


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    with Visitor() as visitor:
        yield visitor


def test_in_a_browser_they_come_again_with_nothing_to_agree_to(live: Live, notes: str) -> None:
    """From the form of one tenant to the product in one chain of redirects, which Chromium holds against its policy."""
    gwen = demo_tenant(live, "globex")["admin"]
    with chromium() as browser:
        for _time in range(2):
            with browser.new_context() as context, context.new_page() as page:
                page.set_default_timeout(20_000)
                page.goto(f"{notes}/login/acme")
                page.get_by_role("link", name="Continue with Globex").click()
                page.locator('[name="email"]').fill(gwen["email"])
                page.locator('[name="password"]').fill(gwen["password"])
                page.locator('[name="password"]').press("Enter")
                allow = page.locator('[name="decision"][value="allow"]')
                heading = page.get_by_role("heading", name=f"signed in as {gwen['email']}")
                allow.or_(heading).first.wait_for()
                if allow.is_visible():
                    allow.click()
                heading.wait_for()


def test_in_a_browser_somebody_of_globex_signs_in_at_acme(live: Live, notes: str) -> None:
    hugo = demo_tenant(live, "globex")["user"]
    with chromium() as browser, browser.new_page() as page:
        page.set_default_timeout(20_000)
        page.goto(notes)
        page.get_by_role("link", name="Sign in as a customer of Acme").click()
        page.get_by_role("heading", name="Sign in to Acme").wait_for()
        page.get_by_role("link", name="Continue with Globex").click()
        page.get_by_role("heading", name="Sign in to Globex").wait_for()
        page.locator('[name="email"]').fill(hugo["email"])
        page.locator('[name="password"]').fill(hugo["password"])
        page.locator('[name="password"]').press("Enter")
        allow = page.locator('[name="decision"][value="allow"]')
        allow.wait_for()
        assert page.url.startswith(live.issuer("acme"))
        allow.click()
        page.get_by_role("heading", name=f"signed in as {hugo['email']}").wait_for()
        assert page.url == f"{notes}/"
        page.get_by_role("button", name="Call the API").click()
        page.get_by_text("The API answered 200").wait_for()

    (identity,) = live.cli("user", "identities", "--tenant", "acme", hugo["email"])
    assert (identity["connection"], identity["issuer"]) == ("globex", live.issuer("globex"))


def test_whoever_is_signed_in_at_globex_is_signed_in_at_acme_by_one_choice(
    live: Live, notes: str, visitor: Visitor
) -> None:
    address = "ines@globex.example"
    made = live.cli("user", "create", "--tenant", "globex", "--email", address, "--verified", "--name", "Ines Moreau")
    visitor.sign_in(visitor.get(f"{live.issuer('globex')}/login"), {"email": address, "password": made["password"]})
    page = visitor.get(f"{notes}/login/acme")
    assert "Continue with <bdi>Globex</bdi>" in page.text
    flow = page.url.partition("flow=")[2]
    page = visitor.get(f"{live.issuer('acme')}/connections/globex/login?flow={flow}")
    page = visitor.submit(page, "decision", decision="allow")
    assert page.url == f"{notes}/"
    assert f"signed in as {address}" in page.text
    (identity,) = live.cli("user", "identities", "--tenant", "acme", address)
    assert identity["email"] == address
    person = live.cli("user", "show", "--tenant", "acme", address)
    assert (person["name"], person["roles"]) == ("Ines Moreau", ["member"])


def test_an_address_that_somebody_has_at_acme_does_not_open_their_account(
    live: Live, notes: str, visitor: Visitor
) -> None:
    """The demo's connection is not trusted with addresses (R22)."""
    address = demo_tenant(live, "acme")["user"]["email"]
    made = live.cli("user", "create", "--tenant", "globex", "--email", address, "--verified")
    page = visitor.get(f"{notes}/login/acme")
    flow = page.url.partition("flow=")[2]
    page = visitor.get(f"{live.issuer('acme')}/connections/globex/login?flow={flow}")
    page = visitor.sign_in(page, {"email": address, "password": made["password"]})
    assert page.status_code == 403
    assert "You have an account already" in page.text

"""Somebody signs in at a tenant by an OpenID provider that nobody here wrote: npm's oidc-provider."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from clients import Live, demo_tenant
from upstream_provider import CLIENT_ID, CLIENT_SECRET, oidc_provider
from visitor import Visitor

pytestmark = pytest.mark.live

LABEL = "Other people's provider"


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    with Visitor() as visitor:
        yield visitor


@pytest.fixture
def notes(live: Live) -> str:
    """The demo application."""
    address = urlsplit(demo_tenant(live, "acme")["clients"]["web"]["redirect_uris"][0])
    return f"{address.scheme}://{address.netloc}"


@contextmanager
def connected(live: Live, folder: Path, name: str, account: dict[str, Any], *options: str) -> Iterator[str]:
    """A provider with this account, and Acme's connection to it; the issuer."""
    secret = folder / "secret"
    secret.write_text(CLIENT_SECRET)
    callback = f"{live.issuer('acme')}/connections/{name}/callback"
    with oidc_provider(callback, **account) as issuer:
        told = (f"issuer={issuer}", *options)
        made = live.cli(
            *("connection", "create", "--tenant", "acme", "--kind", "oidc", "--name", name, "--label", LABEL),
            *("--client-id", CLIENT_ID, "--client-secret-file", str(secret)),
            *(word for option in told for word in ("--option", option)),
        )
        assert made["callback_url"] == callback
        try:
            yield issuer
        finally:
            live.cli("connection", "delete", "--tenant", "acme", name, "--yes")


def go(live: Live, notes: str, visitor: Visitor, name: str, login: str) -> requests.Response:
    """From the demo application by our button to the provider, through its pages and back; where that ends."""
    page = visitor.get(f"{notes}/login/acme")
    flow = page.url.partition("flow=")[2]
    button = f"/connections/{name}/login?flow={flow}"
    assert button in page.text
    page = visitor.get(live.issuer("acme") + button)
    if 'name="login"' in page.text:
        page = visitor.submit(page, "login", login=login, password="any")
    if 'name="prompt"' in page.text:
        page = visitor.submit(page, "prompt")
    return page


def test_somebody_new_gets_an_account_and_is_known_the_next_time(
    live: Live, notes: str, visitor: Visitor, tmp_path: Path
) -> None:
    jane = {"email": "jane@upstream.example", "email_verified": True, "name": "Jane Doe", "groups": ["core"]}
    options = ("creation=on", "scope=offline_access", "groups_claim=groups", "roles=core:member")
    with connected(live, tmp_path, "others", jane, *options) as issuer:
        page = go(live, notes, visitor, "others", "jane-at-the-upstream")
        assert page.url.startswith(live.issuer("acme")), page.text[:2000]
        page = visitor.submit(page, "decision", decision="allow")
        assert page.url == f"{notes}/"
        assert "signed in as jane@upstream.example" in page.text
        [identity] = live.cli("user", "identities", "--tenant", "acme", jane["email"])
        assert (identity["issuer"], identity["subject"]) == (issuer, "jane-at-the-upstream")
        assert live.cli("user", "show", "--tenant", "acme", jane["email"])["roles"] == ["member"]

        with Visitor() as another:
            page = go(live, notes, another, "others", "jane-at-the-upstream")
        assert "signed in as jane@upstream.example" in page.text


def test_whoever_is_not_expected_reads_why_and_what_to_do(
    live: Live, notes: str, visitor: Visitor, tmp_path: Path
) -> None:
    with connected(live, tmp_path, "strangers", {"email": "eve@upstream.example", "email_verified": True}):
        page = go(live, notes, visitor, "strangers", "eve")
        assert page.status_code == 403
        assert page.url.startswith(f"{live.issuer('acme')}/connections/strangers/callback")
        assert "Reference" in page.text


def test_what_an_administrator_tries_out_is_shown_to_them(live: Live, visitor: Visitor, tmp_path: Path) -> None:
    jane = {"email": "jane@upstream.example", "email_verified": True, "name": "Jane Doe"}
    with connected(live, tmp_path, "trial", jane, "creation=off"):
        begun = live.cli("connection", "test", "--tenant", "acme", "trial", "--no-wait")
        page = visitor.submit(visitor.get(begun["url"]), "login", login="jane", password="any")
        page = visitor.submit(page, "prompt")
        assert page.status_code == 200, page.text[:2000]
        shown = live.cli("connection", "test", "--tenant", "acme", "trial", "--result", begun["id"])
    assert shown["status"] == "received"
    assert (shown["profile"]["subject"], shown["profile"]["email"]) == ("jane", "jane@upstream.example")
    assert shown["claims"]["name"] == "Jane Doe"

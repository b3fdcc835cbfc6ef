"""The programs under examples/: the demo product and its resource servers, run as a stranger would run them."""

import json
import re
import secrets
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import jwt
import pytest
import requests
from chromium import chromium
from clients import Live, demo_tenant
from node import ROOT, commands, npm_ci
from programs import answers, free_port, program
from visitor import Visitor

pytestmark = pytest.mark.live

SLUGS = ("acme", "globex")


def machine_token(live: Live, slug: str) -> str:
    """An access token of the demo tenant's machine client, for the demo resource server."""
    metadata = requests.get(f"{live.issuer(slug)}/.well-known/openid-configuration", timeout=20).json()
    client = demo_tenant(live, slug)["clients"]["machine"]
    response = requests.post(
        metadata["token_endpoint"],
        data={"grant_type": "client_credentials", "scope": "notes:read"},
        auth=(client["client_id"], client["client_secret"]),
        timeout=20,
    )
    assert response.status_code == 200, response.text
    token: str = response.json()["access_token"]
    return token


def audience_of(token: str) -> str:
    audience = jwt.decode(token, options={"verify_signature": False})["aud"]
    return audience if isinstance(audience, str) else audience[0]


@pytest.fixture(scope="module")
def api(live: Live) -> Iterator[str]:
    """The demo resource server: the one that the product started, else ours in its place."""
    identifier = audience_of(machine_token(live, "acme"))
    port = urlsplit(identifier).port or 80
    if answers(port):
        yield identifier
        return
    issuers = ",".join(map(live.issuer, SLUGS))
    settings = {"API_PORT": str(port), "API_IDENTIFIER": identifier, "API_ISSUERS": issuers}
    with program([sys.executable, "examples/api/app.py"], port, **settings):
        yield identifier


@pytest.fixture(scope="module")
def notes(live: Live, api: str) -> Iterator[str]:
    """The demo product, the same way."""
    tenants = [demo_tenant(live, slug) for slug in SLUGS]
    address = urlsplit(tenants[0]["clients"]["web"]["redirect_uris"][0])
    port = address.port or 80
    if answers(port):
        yield f"http://localhost:{port}"
        return
    customers = [
        {
            "slug": tenant["slug"],
            "name": tenant["slug"].title(),
            "issuer": tenant["issuer"],
            "client_id": tenant["clients"]["web"]["client_id"],
            "client_secret": tenant["clients"]["web"]["client_secret"],
        }
        for tenant in tenants
    ]
    settings = {
        "NOTES_PORT": str(port),
        "NOTES_SECRET_KEY": secrets.token_hex(16),
        "NOTES_API_URL": api,
        "NOTES_CUSTOMERS": json.dumps(customers),
    }
    with program([sys.executable, "examples/saas/app.py"], port, **settings) as running:
        yield running


@pytest.mark.parametrize("slug", SLUGS)
def test_a_customer_signs_in_calls_the_api_renews_and_signs_out(live: Live, notes: str, slug: str) -> None:
    tenant = demo_tenant(live, slug)
    with Visitor() as visitor:
        assert f"/login/{slug}" in visitor.get(notes).text
        page = visitor.sign_in(visitor.get(f"{notes}/login/{slug}"), tenant["user"])
        assert page.url == f"{notes}/"
        assert f"signed in as {tenant['user']['email']}" in page.text

        answer = visitor.session.post(f"{notes}/call", timeout=20)
        assert "The API answered 200" in answer.text
        assert tenant["issuer"] in answer.text
        assert "The token was renewed." in visitor.session.post(f"{notes}/renew", timeout=20).text
        assert "The API answered 200" in visitor.session.post(f"{notes}/call", timeout=20).text

        page = visitor.session.post(f"{notes}/logout/{slug}", timeout=20)
        assert page.url.split("?")[0] == f"{notes}/"
        assert "signed in as" not in page.text
        assert visitor.get(f"{notes}/login/{slug}").url.startswith(f"{tenant['issuer']}/login")


def test_in_a_browser_nobody_notices_that_the_key_was_rotated(live: Live, notes: str) -> None:
    tenant = demo_tenant(live, "acme")
    with chromium() as browser, browser.new_page() as page:
        page.set_default_timeout(20_000)
        page.goto(notes)
        page.get_by_role("link", name="Sign in as a customer of Acme").click()
        page.locator('[name="email"]').fill(tenant["user"]["email"])
        page.locator('[name="password"]').fill(tenant["user"]["password"])
        page.locator('[name="password"]').press("Enter")
        allow = page.locator('[name="decision"][value="allow"]')
        heading = page.get_by_role("heading", name=f"signed in as {tenant['user']['email']}")
        allow.or_(heading).first.wait_for()
        if allow.is_visible():
            allow.click()
        heading.wait_for()

        live.cli("key", "rotate", "--tenant", "acme")

        for button, answer in (
            ("Call the API", "The API answered 200"),
            ("Renew the token", "The token was renewed."),
            ("Call the API", "The API answered 200"),
        ):
            page.get_by_role("button", name=button).click()
            page.get_by_text(answer).wait_for()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("heading", name="Write it down").wait_for()


def test_the_resource_server_says_what_is_wrong_with_a_token(live: Live, api: str) -> None:
    token = machine_token(live, "acme")
    header, payload, signature = token.split(".")
    forged = f"{header}.{payload}.{signature[:-8]}{'A' * 8}"
    stranger = jwt.encode({"iss": "http://elsewhere.example"}, "k" * 32)

    def ask(method: str, bearer: str | None) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        response = requests.request(method, f"{api}/notes", headers=headers, json={"text": "x"}, timeout=20)
        return response.status_code, response.headers.get("WWW-Authenticate", "")

    assert ask("GET", token) == (200, "")
    assert ask("GET", None) == (401, 'Bearer realm="notes"')
    for bad in (forged, stranger, "x", "x.y.z"):
        status, challenge = ask("GET", bad)
        assert status == 401
        assert 'error="invalid_token"' in challenge
    status, challenge = ask("POST", token)
    assert status == 403
    assert re.search(r'error="insufficient_scope".*scope="notes:write"', challenge)


@pytest.mark.parametrize("language", ["fastapi", "node"])
def test_the_short_resource_servers_do_the_same(live: Live, language: str) -> None:
    tokens, port = [machine_token(live, slug) for slug in SLUGS], free_port()
    settings = {
        "API_PORT": str(port),
        "API_IDENTIFIER": audience_of(tokens[0]),
        "API_ISSUERS": live.issuer("acme"),
    }
    if language == "node":
        npm_ci(ROOT / "examples" / "api_node")
        command = [commands()[0], "examples/api_node/server.mjs"]
    else:
        command = [sys.executable, "examples/api_fastapi/main.py"]
    with program(command, port, **settings) as address:

        def ask(**headers: str) -> requests.Response:
            return requests.get(f"{address}/notes", headers=headers, timeout=20)

        answer = ask(Authorization=f"Bearer {tokens[0]}")
        assert (answer.status_code, answer.json()["issuer"]) == (200, live.issuer("acme"))
        untrusted = ask(Authorization=f"Bearer {tokens[1]}")
        assert untrusted.status_code == 401
        assert 'error="invalid_token"' in untrusted.headers["WWW-Authenticate"]
        assert ask().status_code == 401

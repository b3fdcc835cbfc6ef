"""Hosts, methods, sizes, headers, and what a suspended or deleted tenant still answers (R35, R41–R45, R51)."""

import re
from typing import Any

import pytest

from idp.tenants import resolve
from idp.tenants import service as tenants
from tests.browser import Browser
from tests.conftest import BASE_URL
from tests.factories import People

PAGES = ("/", "/login", "/consent", "/select-account", "/logout", "/oauth/authorize", "/oauth/end_session")
CALLED = ("/oauth/token", "/oauth/introspect", "/oauth/revoke", "/oauth/par")


def policy(response: Any) -> dict[str, str]:
    """CSP by directive."""
    parts = (part.strip().partition(" ") for part in response.headers["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in parts}


def is_guarded(response: Any) -> bool:
    """R41, R42: on every answer, whatever it is."""
    headers = response.headers
    assert policy(response)["default-src"] == "'none'"
    assert policy(response)["frame-ancestors"] == policy(response)["base-uri"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Server" not in headers or "Werkzeug" not in headers["Server"]
    assert re.fullmatch(r"[0-9a-f-]{36}", headers["X-Request-Id"])
    return True


def never_stored(response: Any) -> bool:
    return bool(response.headers["Cache-Control"] == "no-store")


def pages_of(people: People, browser: Browser) -> list[Any]:
    people.user()
    client, _ = people.client(first_party=False)
    login = browser.authorize(client)
    consent = browser.sign_in(login)
    return [
        login,
        browser.sign_in(browser.authorize(client, prompt="login"), password="wrong"),
        consent,
        browser.authorize(client, prompt="select_account"),
        browser.get(browser.url("/")),
        browser.get(browser.url("/logout")),
        browser.authorize(client, redirect_uri="https://evil.example.com/"),
        browser.submit(browser.get(browser.url("/logout"))),
    ]


def test_every_page_is_guarded_never_stored_and_runs_nothing_inline(people: People, browser: Browser) -> None:
    for page in pages_of(people, browser):
        assert is_guarded(page)
        assert never_stored(page)
        assert page.content_type == "text/html; charset=utf-8"
        assert "Cookie" in page.headers["Vary"]
        assert policy(page)["object-src"] == "'none'"
        assert policy(page)["style-src"] == policy(page)["img-src"] == "'self'"
        nonce = re.fullmatch(r"'nonce-([\w-]{22})'", policy(page)["script-src"])
        assert nonce is not None
        for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", page.text, re.DOTALL):
            assert f'nonce="{nonce[1]}"' in attributes
            assert body == ""
        assert not re.search(r"\son\w+=|style=|javascript:|<style", page.text)
        assert not re.findall(r"(?:src|href)=\"https?://(?!localhost)", page.text), "nothing of third parties"


def test_nonces_are_never_used_twice(browser: Browser) -> None:
    seen = {policy(browser.follow(browser.get(browser.url("/login"))))["script-src"] for _ in range(5)}
    assert len(seen) == 5


def test_errors_of_every_kind_are_guarded_too(browser: Browser) -> None:
    for response in (
        browser.get(f"{BASE_URL}/nothing"),
        browser.get(f"{BASE_URL}/t/nobody/login"),
        browser.get(browser.url("/login?flow=x")),
        browser.get(browser.url("/oauth/token")),
        browser.post(browser.url("/oauth/token")),
        browser.get(browser.url("/oauth/userinfo")),
        browser.get(browser.url("/branding/logo")),
        browser.post(browser.url("/login"), data={}),
    ):
        assert response.status_code in {400, 401, 403, 404, 405, 410}
        assert is_guarded(response)
        assert never_stored(response)
        assert "Traceback" not in response.text


def test_static_files_and_the_theme_are_kept_and_typed(browser: Browser) -> None:
    theme = browser.get(browser.url("/theme.css"))
    assert (theme.status_code, theme.mimetype) == (200, "text/css")
    assert "immutable" in theme.headers["Cache-Control"]
    with browser.get(f"{BASE_URL}/static/idp.css") as sheet:
        assert (sheet.status_code, sheet.mimetype) == (200, "text/css")
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/"):
        assert browser.get(f"{BASE_URL}{path}").status_code in {308, 404}


@pytest.mark.parametrize(
    "host", ["evil.example.com", "localhost.evil.com", "127.0.0.1", "", "a b", "[::1]", "LOCALHOST."]
)
def test_an_unknown_host_is_refused(browser: Browser, host: str) -> None:
    """R35."""
    for path in ("/login", "/jwks.json", "/oauth/token"):
        refused = browser.http.get(f"/t/{browser.tenant.slug}{path}", headers={"Host": host})
        assert refused.status_code == 400, host
        assert f"//{host}" not in refused.text or not host
        assert "Location" not in refused.headers


@pytest.mark.parametrize("path", ["/oauth/authorize", "/oauth/end_session", "/login", "/consent", "/logout", *CALLED])
def test_a_body_over_64_kib_is_too_much(browser: Browser, path: str) -> None:
    """R45."""
    refused = browser.post(browser.url(path), data={"a": "x" * 70_000})
    assert refused.status_code == 413
    assert is_guarded(refused)


@pytest.mark.parametrize("path", ["/login", "/consent", "/select-account", "/logout"])
def test_a_form_of_many_parts_or_another_kind_is_no_form(browser: Browser, path: str) -> None:
    for kwargs in (
        {"json": {"csrf": "x"}},
        {"data": {f"f{n}": "1" for n in range(3000)}},
        {"data": "x", "content_type": "multipart/form-data"},
        {"data": b"\xff\x00", "content_type": "application/x-www-form-urlencoded"},
    ):
        assert browser.post(browser.url(path), **kwargs).status_code in {400, 403, 413}


def test_methods_are_as_declared(browser: Browser) -> None:
    for path in (*PAGES, *CALLED):
        options = browser.http.options(browser.url(path))
        assert options.status_code == 200
        assert options.data == b""
        for method in ("PUT", "DELETE", "PATCH", "TRACE"):
            refused = browser.http.open(browser.url(path), method=method)
            assert refused.status_code == 405
            assert refused.headers["Allow"]
    for path in CALLED:
        assert browser.http.head(browser.url(path)).status_code == 405
    for path in ("/", "/login", "/logout", "/theme.css"):
        head = browser.http.head(browser.url(path))
        assert head.status_code in {200, 303}
        assert head.data == b""


def change(people: People, verb: Any) -> None:
    with people.wiring.platform_unit() as platform:
        verb(platform, tenants.get(platform, people.tenant.slug))
    resolve.forget()


def test_a_suspended_tenant_answers_403_to_people_and_access_denied_to_clients(
    people: People, browser: Browser
) -> None:
    people.user()
    client, secret = people.client()
    tokens = browser.tokens(client, secret)
    change(people, tenants.suspend)
    for path in (*PAGES, "/theme.css"):
        page = browser.get(browser.url(path))
        assert (page.status_code, page.mimetype) == (403, "text/html"), path
        assert "suspended" in page.text
        assert is_guarded(page)
    for path in CALLED:
        refused = browser.token(client, secret, grant_type="client_credentials") if path.endswith("token") else None
        refused = refused or browser.post(browser.url(path), data={"token": "x"})
        assert (refused.status_code, refused.json["error"]) == (403, "access_denied")
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert browser.get(browser.url("/oauth/userinfo"), headers=bearer).json["error"] == "access_denied"
    assert browser.get(browser.url("/jwks.json")).status_code == 200
    change(people, tenants.resume)
    again = browser.token(client, secret, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert again.status_code == 200, "nothing was lost"


def test_a_deleted_tenant_is_not_there(people: People, browser: Browser) -> None:
    client, secret = people.client()
    change(people, tenants.delete)
    for path in (*PAGES, "/theme.css", "/jwks.json", "/oauth/userinfo"):
        assert browser.get(browser.url(path)).status_code == 404, path
    assert browser.token(client, secret, grant_type="refresh_token", refresh_token="x").status_code == 404


def test_the_tenant_comes_from_the_path_and_nothing_else(people: People, others: People, browser: Browser) -> None:
    """R49: headers and body cannot override."""
    lies = {"X-Tenant": others.tenant.slug, "X-Forwarded-Host": "evil.example.com", "X-Original-URL": "/t/x/login"}
    page = browser.get(browser.url("/"), headers=lies, query_string={"tenant": others.tenant.slug, "tenant_slug": "x"})
    assert browser.tenant.name in page.text
    assert others.tenant.name not in page.text
    assert "evil.example.com" not in page.text
    for slug in (browser.tenant.slug.upper(), f"{browser.tenant.slug}%00", f"{browser.tenant.slug}.", "%2e%2e"):
        assert browser.get(f"{BASE_URL}/t/{slug}/login").status_code == 404

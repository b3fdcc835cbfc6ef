"""Discovery and key set: OpenID Connect Discovery §3 and §4, RFC 8414 §2 and §3, RFC 7517 §5; R20, R43."""

from typing import Any

import pytest

from idp.tenants import resolve
from idp.tenants import service as tenants
from tests.browser import Browser
from tests.conftest import BASE_URL
from tests.factories import People

ORIGIN = "https://app.example.com"
KINDS = ("openid-configuration", "oauth-authorization-server")
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}


def shapes(browser: Browser) -> list[str]:
    slug = browser.tenant.slug
    return [
        *(browser.url(f"/.well-known/{kind}") for kind in KINDS),
        *(f"{BASE_URL}/.well-known/{kind}/t/{slug}" for kind in KINDS),
    ]


def documents(browser: Browser) -> list[str]:
    return [*shapes(browser), browser.url("/jwks.json")]


def test_the_same_bytes_at_all_four_addresses(browser: Browser) -> None:
    """Discovery §4.1 puts the well-known part behind the issuer's path, RFC 8414 §3.1 before it."""
    answers = [browser.get(url) for url in shapes(browser)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.data for answer in answers}) == 1
    assert len({answer.headers["ETag"] for answer in answers}) == 1
    assert answers[0].json["issuer"] == browser.tenant.issuer, "identical to the issuer that was asked (§4.3)"


def test_every_endpoint_that_is_named_is_there(browser: Browser) -> None:
    metadata = browser.get(shapes(browser)[0]).json
    named = {name: url for name, url in metadata.items() if name.endswith("_endpoint") or name == "jwks_uri"}
    assert len(named) == 8
    for url in named.values():
        assert url.startswith(f"{browser.tenant.issuer}/")
        assert browser.http.options(url).status_code == 200


def test_it_promises_what_is_kept_and_nothing_more(browser: Browser) -> None:
    """R1, R3, R13 and RFC 9207 §3, RFC 9126 §5."""
    metadata = browser.get(shapes(browser)[0]).json
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["response_modes_supported"] == ["query", "form_post"]
    assert metadata["grant_types_supported"] == ["authorization_code", "refresh_token", "client_credentials"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["id_token_signing_alg_values_supported"] == ["RS256"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["request_parameter_supported"] is metadata["request_uri_parameter_supported"] is False
    assert metadata["claims_parameter_supported"] is True
    assert "none" in metadata["token_endpoint_auth_methods_supported"]
    assert "none" not in metadata["introspection_endpoint_auth_methods_supported"]
    assert {"openid", "profile", "email", "address", "phone", "offline_access"} == set(metadata["scopes_supported"])


def test_keys_are_public_ones(browser: Browser) -> None:
    answer = browser.get(browser.url("/jwks.json"))
    assert answer.json.keys() == {"keys"}
    for key in answer.json["keys"]:
        assert key.keys() == {"kty", "n", "e", "use", "alg", "kid"}
        assert PRIVATE.isdisjoint(key)


def test_documents_are_cached_and_revalidated(browser: Browser) -> None:
    for url in documents(browser):
        first = browser.get(url)
        assert first.headers["Cache-Control"] == "public, max-age=300"
        assert first.mimetype == "application/json"
        assert first.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in first.headers
        for validator in (first.headers["ETag"], "W/" + first.headers["ETag"], "*", f'"x", {first.headers["ETag"]}'):
            again = browser.get(url, headers={"If-None-Match": validator})
            assert (again.status_code, again.data) == (304, b"")
            assert again.headers["ETag"] == first.headers["ETag"]
            assert again.headers["Cache-Control"] == "public, max-age=300"
        assert browser.get(url, headers={"If-None-Match": '"x"'}).status_code == 200
        head = browser.http.head(url)
        assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", first.headers["ETag"])


def test_nothing_a_reader_sends_changes_a_byte(browser: Browser) -> None:
    """R35: Host, Forwarded and X-Forwarded-* never influence an address."""
    lies = {
        "X-Forwarded-Host": "evil.example.com",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "/evil",
        "Forwarded": "host=evil.example.com;proto=https",
        "X-Original-URL": "/evil",
        "Accept-Language": "de",
        "Accept": "text/html",
        "Cookie": "a=b",
    }
    for url in documents(browser):
        plain = browser.get(url)
        lied = browser.get(url, headers=lies, query_string={"x": "y"})
        assert lied.data == plain.data
        assert lied.headers["ETag"] == plain.headers["ETag"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_documents_are_read_only(browser: Browser, method: str) -> None:
    for url in documents(browser):
        refused = browser.http.open(url, method=method)
        assert refused.status_code == 405
        assert "GET" in refused.headers["Allow"]


def cross_origin(browser: Browser, origin: str, url: str, method: str = "GET") -> Any:
    headers = {"Origin": origin}
    if method == "OPTIONS":
        headers |= {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    return browser.http.open(url, method=method, headers=headers)


def test_registered_origins_may_read_across_origins_without_credentials(people: People, browser: Browser) -> None:
    """R43."""
    people.client(type="spa", allowed_origins=[ORIGIN])
    for url in (*documents(browser), browser.url("/oauth/token"), browser.url("/oauth/userinfo")):
        for method in ("GET", "OPTIONS"):
            answer = cross_origin(browser, ORIGIN, url, method)
            if url.endswith("/token") and method == "GET":
                continue
            assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN, (method, url)
            assert "Access-Control-Allow-Credentials" not in answer.headers
            assert "Origin" in answer.headers["Vary"]
    preflight = cross_origin(browser, ORIGIN, browser.url("/oauth/token"), "OPTIONS")
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://evil.example.com",
        ORIGIN + ".evil.com",
        ORIGIN + ":8443",
        ORIGIN + "/",
        "http" + ORIGIN[5:],
        "*",
    ],
)
def test_nobody_else_may(people: People, browser: Browser, origin: str) -> None:
    people.client(type="spa", allowed_origins=[ORIGIN])
    for url in documents(browser)[3:]:
        answer = cross_origin(browser, origin, url)
        assert answer.status_code == 200
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_an_origin_is_its_own_tenants_and_of_those_endpoints_only(
    others: People, people: People, browser: Browser
) -> None:
    others.client(type="spa", allowed_origins=[ORIGIN])
    assert "Access-Control-Allow-Origin" not in cross_origin(browser, ORIGIN, browser.url("/jwks.json")).headers
    people.client(type="spa", allowed_origins=["https://other.example.com"])
    for path in ("/oauth/authorize", "/login", "/oauth/end_session", "/oauth/introspect", "/"):
        answer = cross_origin(browser, "https://other.example.com", browser.url(path), "OPTIONS")
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_suspended_tenants_documents_stay_and_a_deleted_ones_go(people: People, browser: Browser) -> None:
    """Tokens that are out must stay verifiable; a deleted tenant does not exist (R51)."""
    for verb, status in ((tenants.suspend, 200), (tenants.delete, 404)):
        with people.wiring.platform_unit() as platform:
            verb(platform, tenants.get(platform, people.tenant.slug))
        resolve.forget()
        assert {browser.get(url).status_code for url in documents(browser)} == {status}


@pytest.mark.parametrize("slug", ["nobody", "A", "a", "-a", "a-", "a" * 41, "..", "%00", "é", "T1"])
def test_an_unknown_tenant_has_no_documents(browser: Browser, slug: str) -> None:
    for url in (
        f"{BASE_URL}/t/{slug}/jwks.json",
        f"{BASE_URL}/t/{slug}/.well-known/{KINDS[0]}",
        f"{BASE_URL}/.well-known/{KINDS[1]}/t/{slug}",
        f"{BASE_URL}/.well-known/{KINDS[0]}",
    ):
        answer = browser.get(url)
        assert answer.status_code == 404
        assert answer.headers["Cache-Control"] == "no-store"

"""The token endpoint whatever the grant (RFC 6749 §3.2, §5), and the client credentials grant (§4.4, RFC 8707)."""

from typing import Any

import jwt
import pytest

from tests.browser import Browser
from tests.factories import API, People
from tests.moments import rows

OTHER = "https://other.example.com"


@pytest.fixture
def machine(people: People) -> tuple[Any, str]:
    people.resource(API, ("notes:read", "notes:write"))
    people.resource(OTHER, ("files:read",))
    people.resource("https://third.example.com", ("third:read",))
    client, secret = people.client(type="machine", scope="notes:read notes:write files:read")
    return client, str(secret)


def ask(browser: Browser, machine: tuple[Any, str], **values: Any) -> Any:
    return browser.token(*machine, grant_type="client_credentials", **values)


def claims_of(response: Any) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    return jwt.decode(response.json["access_token"], options={"verify_signature": False})


def test_a_machine_gets_a_token_of_its_own(people: People, browser: Browser, machine: tuple[Any, str]) -> None:
    before = rows(people)
    response = ask(browser, machine, scope="notes:read")
    assert response.json.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (response.json["token_type"], response.json["expires_in"]) == ("Bearer", 600)
    claims = claims_of(response)
    assert claims["sub"] == claims["client_id"] == str(machine[0].id)
    assert (claims["aud"], claims["scope"], claims["iss"]) == (API, "notes:read", browser.tenant.issuer)
    assert {"sid", "auth_time", "roles", "grant_id"}.isdisjoint(claims)
    assert rows(people) == before, "nothing is kept of it"


def test_scope_and_resource_each_narrow_the_other(browser: Browser, machine: tuple[Any, str]) -> None:
    everything = claims_of(ask(browser, machine))
    assert everything["scope"] == "notes:read notes:write files:read"
    assert set(everything["aud"]) == {API, OTHER}
    one = claims_of(ask(browser, machine, resource=API))
    assert (one["aud"], one["scope"]) == (API, "notes:read notes:write")
    both = claims_of(ask(browser, machine, resource=[API, OTHER], scope="files:read notes:read"))
    assert set(both["aud"]) == {API, OTHER}


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"scope": "third:read"}, "invalid_scope"),
        ({"scope": "notes:read admin"}, "invalid_scope"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"scope": "offline_access"}, "invalid_scope"),
        ({"scope": " "}, "invalid_scope"),
        ({"scope": "notes:read  notes:write"}, "invalid_scope"),
        ({"resource": "https://third.example.com"}, "invalid_target"),
        ({"resource": "https://unknown.example.com"}, "invalid_target"),
        ({"resource": [API, "x"]}, "invalid_target"),
        ({"resource": [f"https://{n}.example.com" for n in range(11)]}, "invalid_request"),
        ({"scope": ["a", "b"]}, "invalid_request"),
        ({"scope": "notes:read\x00"}, "invalid_request"),
        ({"x": "a" * 2001}, "invalid_request"),
        ({f"p{n}": "1" for n in range(201)}, "invalid_request"),
    ],
    ids=lambda part: str(part)[:40],
)
def test_what_a_machine_may_not_have_is_refused(
    browser: Browser, machine: tuple[Any, str], values: dict[str, Any], error: str
) -> None:
    response = ask(browser, machine, **values)
    assert (response.status_code, response.json["error"]) == (400, error)
    assert response.json.keys() == {"error", "error_description"}


def test_a_client_without_resources_gets_a_token_for_us(people: People, browser: Browser) -> None:
    client, secret = people.client(type="machine", scope="")
    claims = claims_of(ask(browser, (client, str(secret))))
    assert (claims["aud"], claims["scope"]) == (browser.tenant.issuer, "")


@pytest.mark.parametrize(
    ("grant_type", "error"),
    [
        (None, "invalid_request"),
        ("", "invalid_request"),
        ("password", "unsupported_grant_type"),
        ("implicit", "unsupported_grant_type"),
        ("urn:ietf:params:oauth:grant-type:device_code", "unsupported_grant_type"),
        ("authorization_code", "unauthorized_client"),
        ("refresh_token", "unauthorized_client"),
        (["client_credentials", "client_credentials"], "invalid_request"),
    ],
    ids=str,
)
def test_a_grant_must_be_known_and_the_clients_own(
    browser: Browser, machine: tuple[Any, str], grant_type: Any, error: str
) -> None:
    values = {} if grant_type is None else {"grant_type": grant_type}
    response = browser.token(*machine, **values)
    assert (response.status_code, response.json["error"]) == (400, error)


def test_a_public_client_has_no_credentials_grant(people: People, browser: Browser) -> None:
    spa, _ = people.client(type="spa")
    response = browser.token(spa, None, grant_type="client_credentials")
    assert response.json["error"] == "unauthorized_client"


def test_parameters_are_a_form_in_the_body_and_nothing_else(browser: Browser, machine: tuple[Any, str]) -> None:
    """R1: TOKEN is POST form only; RFC 6749 §3.2: nothing in the query."""
    client, secret = machine
    values = {"grant_type": "client_credentials", "client_id": str(client.id), "client_secret": secret}
    url = browser.url("/oauth/token")
    for response in (
        browser.post(f"{url}?grant_type=client_credentials", data=values),
        browser.post(url, json=values),
        browser.post(url, data=values, content_type="multipart/form-data"),
        browser.post(url, data=b"grant_type=\xff", content_type="application/x-www-form-urlencoded"),
        browser.post(url, data=b"grant_type=%ff", content_type="application/x-www-form-urlencoded"),
        browser.post(url),
    ):
        assert (response.status_code, response.json["error"]) == (400, "invalid_request")
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        assert browser.http.open(url, method=method).status_code == 405


def test_answers_are_json_never_stored(browser: Browser, machine: tuple[Any, str]) -> None:
    """RFC 6749 §5.1: Cache-Control: no-store."""
    for response in (ask(browser, machine), browser.token(*machine)):
        assert response.mimetype == "application/json"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in response.headers


def test_an_access_token_says_what_rfc_9068_wants(browser: Browser, machine: tuple[Any, str]) -> None:
    token = ask(browser, machine).json["access_token"]
    header = jwt.get_unverified_header(token)
    assert (header["typ"], header["alg"]) == ("at+jwt", "RS256")
    keys = browser.get(browser.url("/jwks.json")).json["keys"]
    key = jwt.PyJWK(next(key for key in keys if key["kid"] == header["kid"])).key
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=API, issuer=browser.tenant.issuer)
    assert claims.keys() >= {"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope"}

"""Who may call: clients that may sign people in directly, and people through them; bearer only (R9, R14, R40, R43)."""

import base64
from typing import Any

import pytest

from idp.oauth import clients
from tests.api.application import EMAIL, Application, refused
from tests.api.conftest import make_application
from tests.browser import Browser
from tests.factories import PASSWORD, People

OPERATIONS = [("GET", "me"), ("PATCH", "me"), ("DELETE", "me"), ("POST", "me/email"), ("POST", "me/email/verify")]
OPERATIONS += [("POST", "password/change"), ("POST", "logout"), ("GET", "sessions"), ("DELETE", "sessions")]
OF_CLIENTS = {
    "register": {"email": EMAIL, "password": PASSWORD},
    "verify-email": {"transaction": "x", "code": "12345678"},
    "verify-email/resend": {"transaction": "x"},
    "login": {"email": EMAIL, "password": PASSWORD},
    "refresh": {"refresh_token": "x"},
    "password/forgot": {"email": EMAIL},
    "password/reset": {"token": "x", "password": PASSWORD},
}
ORIGIN = "https://app.example.com"


@pytest.mark.parametrize("path", OF_CLIENTS)
@pytest.mark.parametrize("members", [{"first_party": True}, {"first_party": False}], ids=["ours", "third party"])
def test_only_who_was_allowed_to_may_ask_for_passwords(
    app: Any, people: People, path: str, members: dict[str, Any]
) -> None:
    """R14: not every client of ours, and never somebody else's."""
    people.user()
    application = make_application(app, people, direct_sign_in=False, **members)
    assert refused(application.post(path, **OF_CLIENTS[path]), "direct-sign-in-not-allowed", 403)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_confidential_client_proves_itself_by_its_registered_method(app: Any, people: People, method: str) -> None:
    """R9."""
    people.user()
    application = make_application(app, people, type="web", token_endpoint_auth_method=method)
    assert application.log_in().status_code == 200
    body = {"email": EMAIL, "password": PASSWORD}
    named = {"client_id": str(application.client.id)}
    basic = {
        "Authorization": "Basic " + base64.b64encode(f"{named['client_id']}:{application.secret}".encode()).decode()
    }
    posted = {**named, "client_secret": application.secret}
    other = {"headers": basic, "body": body} if method.endswith("post") else {"headers": {}, "body": body | posted}
    for sent in (other, {"headers": {}, "body": body | named}, {"headers": {}, "body": body}):
        answer = application.send("POST", "login", sent["body"], headers=sent["headers"])
        assert refused(answer, "invalid-client", 401)
    both = application.send("POST", "login", body | posted, headers=basic)
    assert refused(both, "invalid-request", 400)
    application.secret = "idp_cs_" + "A" * 43
    assert refused(application.log_in(), "invalid-client", 401)


def test_a_public_client_has_no_secret(people: People, application: Application) -> None:
    people.user()
    body = {"client_id": str(application.client.id), "client_secret": "anything", "email": EMAIL, "password": PASSWORD}
    assert refused(application.send("POST", "login", body), "invalid-client", 401)
    unknown = application.send("POST", "login", body | {"client_id": "01a20e00-0000-7000-8000-000000000000"})
    assert refused(unknown, "invalid-client", 401)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_without_a_token_nobody_is_anybody(application: Application, method: str, path: str) -> None:
    """RFC 6750 §3.1."""
    answer = application.send(method, path, {} if method != "GET" else None)
    assert refused(answer, "invalid-token", 401)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="account"'
    assert refused(application.send(method, path, token="nonsense"), "invalid-token", 401)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_a_third_partys_token_is_no_use_here(
    people: People, application: Application, browser: Browser, method: str, path: str
) -> None:
    """Whatever its scope: it must not change a password, nor see sessions."""
    people.user()
    for first_party in (True, False):
        client, secret = people.client(first_party=first_party)
        page = browser.authorize(client)
        if "password" in page.text:
            page = browser.sign_in(page)
        if not first_party:
            page = browser.submit(page, decision="allow")
        code = page.headers["Location"].partition("code=")[2].partition("&")[0]
        token = browser.exchange(client, secret, code).json["access_token"]
        body = {"current_password": PASSWORD, "new_password": "a fine new password here"}
        answer = application.send(method, path, body if method != "GET" else None, token=token)
        assert refused(answer, "direct-sign-in-not-allowed", 403)
    assert application.log_in().status_code == 200


def test_a_machine_is_not_a_person(people: People, application: Application, browser: Browser) -> None:
    client, secret = people.client(type="machine", scope="")
    token = browser.token(client, secret, grant_type="client_credentials").json["access_token"]
    assert refused(application.send("GET", "me", token=token), "insufficient-scope", 403)


def test_an_id_token_and_a_token_for_an_api_are_refused(app: Any, people: People) -> None:
    """R6."""
    people.user()
    people.resource()
    application = make_application(app, people, scope="openid notes:read").signed_in()
    assert refused(application.send("GET", "me", token=application.tokens["id_token"]), "invalid-token", 401)
    for_api = application.log_in(scope="notes:read").json["access_token"]
    assert refused(application.send("GET", "me", token=for_api), "invalid-token", 401)


def test_what_is_taken_from_a_client_is_gone_at_once(people: People, application: Application) -> None:
    people.user()
    application.signed_in()
    with people.unit() as uow:
        clients.get(uow, application.client.id).direct_sign_in = False
    clients.forget()
    assert refused(application.call("GET", "me"), "direct-sign-in-not-allowed", 403)
    assert refused(application.log_in(), "direct-sign-in-not-allowed", 403)


def test_another_tenants_token_client_and_person_are_unknown(
    app: Any, people: People, others: People, application: Application
) -> None:
    """R49."""
    people.user()
    theirs = make_application(app, others)
    application.signed_in()
    assert refused(theirs.send("GET", "me", token=application.access_token), "invalid-token", 401)
    assert refused(theirs.log_in(), "credentials-mismatch", 401)
    stranger = Application(app, others.tenant, application.client)
    assert refused(stranger.log_in(), "invalid-client", 401)
    token = application.tokens["refresh_token"]
    assert refused(theirs.post("refresh", refresh_token=token), "invalid-grant", 400)


def test_cookies_are_neither_read_nor_set(app: Any, people: People, application: Application, browser: Browser) -> None:
    """R40: who is signed in in this browser is nobody here."""
    people.user()
    browser.sign_in(browser.follow(browser.get(browser.url("/login"))))
    assert len(browser.http._cookies) >= 2
    for method, path in OPERATIONS:
        answer = browser.http.open(browser.url(f"/api/v1/auth/{path}"), method=method, json={})
        assert refused(answer, "invalid-token", 401)
        assert "Set-Cookie" not in answer.headers
    body = {"client_id": str(application.client.id), "email": EMAIL, "password": PASSWORD}
    answer = browser.post(browser.url("/api/v1/auth/login"), json=body)
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (200, False)


def test_registered_origins_may_call_and_others_may_not(app: Any, people: People) -> None:
    """R43."""
    people.user()
    application = make_application(app, people, type="spa", allowed_origins=[ORIGIN])
    ask = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}
    preflight = application.send("OPTIONS", "me", headers={"Origin": ORIGIN, **ask})
    assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert {"GET", "PATCH", "DELETE"} <= set(preflight.headers["Access-Control-Allow-Methods"].split(", "))
    assert "If-Match" in preflight.headers["Access-Control-Allow-Headers"]
    body = {"client_id": str(application.client.id), "email": EMAIL, "password": PASSWORD}
    answer = application.send("POST", "login", body, headers={"Origin": ORIGIN})
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Access-Control-Allow-Credentials" not in answer.headers
    for origin in ("https://evil.example", "null"):
        assert (
            "Access-Control-Allow-Origin"
            not in application.send("POST", "login", body, headers={"Origin": origin}).headers
        )

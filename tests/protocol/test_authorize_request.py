"""The authorization request, parameter by parameter: RFC 6749 §3.1, §4.1.1, §4.1.2.1; RFC 9700 §2.1; R2, R3, R13, R45.

Before client and redirect URI are proven, and for whatever is repeated, too long or no text, our own page; afterwards
the registered error at the redirect URI, with state and iss.  Nothing is stored for a request that is refused.
"""

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.browser import Browser, answer
from tests.factories import CALLBACK, NOBODY, People
from tests.moments import rows

SINGLE = (
    *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge"),
    *("code_challenge_method", "prompt", "max_age", "claims", "id_token_hint", "login_hint", "ui_locales"),
    *("acr_values", "response_mode", "request", "request_uri", "registration", "display"),
)

REFUSED: list[tuple[str, Any, str]] = [
    ("response_mode", "fragment", "invalid_request"),
    ("response_mode", "web_message", "invalid_request"),
    ("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
    ("request_uri", "https://evil.example.com/request.jwt", "request_uri_not_supported"),
    ("request_uri", "http://169.254.169.254/latest", "request_uri_not_supported"),
    ("registration", "{}", "registration_not_supported"),
    ("scope", None, "invalid_scope"),
    ("scope", "", "invalid_scope"),
    ("scope", "admin", "invalid_scope"),
    ("scope", 'openid "quoted"', "invalid_scope"),
    ("scope", "openid\u00a0email", "invalid_scope"),
    ("scope", "o" * 101, "invalid_scope"),
    ("code_challenge", None, "invalid_request"),
    ("code_challenge", "", "invalid_request"),
    ("code_challenge", "short", "invalid_request"),
    ("code_challenge", "a" * 44, "invalid_request"),
    ("code_challenge", "a" * 42 + "=", "invalid_request"),
    ("code_challenge", "é" * 43, "invalid_request"),
    ("code_challenge_method", None, "invalid_request"),
    ("code_challenge_method", "plain", "invalid_request"),
    ("code_challenge_method", "s256", "invalid_request"),
    ("prompt", "none login", "invalid_request"),
    ("prompt", "register", "invalid_request"),
    ("prompt", "<script>", "invalid_request"),
    ("max_age", "-1", "invalid_request"),
    ("max_age", "1.5", "invalid_request"),
    ("max_age", "soon", "invalid_request"),
    ("max_age", "٣", "invalid_request"),
    ("max_age", "9" * 10, "invalid_request"),
    ("resource", "https://elsewhere.example.com", "invalid_target"),
    ("resource", "not a uri", "invalid_target"),
    ("claims", "{", "invalid_request"),
    ("claims", "[]", "invalid_request"),
    ("claims", "null", "invalid_request"),
    ("claims", '"text"', "invalid_request"),
    ("claims", '{"userinfo": []}', "invalid_request"),
    ("claims", '{"userinfo": {"email": "yes"}}', "invalid_request"),
    ("claims", '{"id_token": {"acr": {"essential": true, "values": "aal1"}}}', "invalid_request"),
    ("claims", '{"id_token": {"acr": {"essential": true, "values": ["\\ud800"]}}}', "invalid_request"),
    ("claims", '{"id_token": {"acr": {"essential": true, "value": "\\u0000"}}}', "invalid_request"),
    ("claims", '{"id_token": {"sub": {"value": "ada"}}}', "invalid_request"),
    ("claims", '{"id_token": {"sub": {"value": "a"}}, "userinfo": {"sub": {"value": "b"}}}', "invalid_request"),
    ("claims", '{"a":' * 1300 + "1" + "}" * 1300, "invalid_request"),
    ("claims", "[" * 8000, "invalid_request"),
    ("claims", "1" * 8000, "invalid_request"),
    ("id_token_hint", "garbage", "invalid_request"),
    ("id_token_hint", "eyJhbGciOiJub25lIn0.e30.", "invalid_request"),
]

NOT_PROVEN: list[tuple[str, Any]] = [
    ("client_id", None),
    ("client_id", ""),
    ("client_id", "notes"),
    ("client_id", str(NOBODY)),
    ("client_id", "<script>alert(1)</script>"),
    ("client_id", "' OR 1=1 --"),
    ("client_id", "e\u0301\u202e"),
    ("redirect_uri", None),
    ("redirect_uri", ""),
    ("redirect_uri", "https://evil.example.com/callback"),
    ("redirect_uri", CALLBACK + "/"),
    ("redirect_uri", CALLBACK + "?next=x"),
    ("redirect_uri", CALLBACK + "#x"),
    ("redirect_uri", CALLBACK + "/../x"),
    ("redirect_uri", CALLBACK.upper()),
    ("redirect_uri", CALLBACK.replace("https:", "http:")),
    ("redirect_uri", CALLBACK.replace(".com", ".com:443")),
    ("redirect_uri", CALLBACK.replace("//", "//evil@")),
    ("redirect_uri", CALLBACK.replace("callback", "c%61llback")),
    ("redirect_uri", "javascript:alert(1)"),
    ("redirect_uri", "data:text/html,<script>alert(1)</script>"),
    ("redirect_uri", "//app.example.com/callback"),
    ("redirect_uri", "/callback"),
    ("response_type", None),
    ("response_type", "token"),
    ("response_type", "code id_token"),
    ("response_type", "none"),
    ("response_type", "Code"),
]


def refused_by_page(response: Any) -> None:
    assert response.status_code == 400, response.text
    assert "Location" not in response.headers
    assert response.mimetype == "text/html"
    assert "<script>alert" not in response.text


@pytest.mark.parametrize(("name", "value", "error"), REFUSED, ids=lambda part: str(part)[:30])
def test_a_wrong_parameter_is_refused_at_the_redirect_uri(
    people: People, browser: Browser, name: str, value: Any, error: str
) -> None:
    client, _ = people.client()
    before = rows(people)
    back = browser.authorize(client, **{name: value})
    assert back.headers.get("Location", "").startswith(f"{CALLBACK}?"), back.text
    assert answer(back).keys() == {"error", "error_description", "state", "iss"}
    assert answer(back)["error"] == error
    assert answer(back)["state"] == "a-state"
    assert answer(back)["iss"] == browser.tenant.issuer
    assert rows(people) == before


@pytest.mark.parametrize(("name", "value"), NOT_PROVEN, ids=lambda part: str(part)[:30])
def test_nothing_is_redirected_before_client_and_redirect_uri_are_proven(
    people: People, browser: Browser, name: str, value: Any
) -> None:
    client, _ = people.client()
    before = rows(people)
    refused_by_page(browser.authorize(client, **{name: value, "prompt": "none"}))
    assert rows(people) == before


def test_a_parameter_may_not_be_repeated_oversized_or_hold_control_characters(people: People, browser: Browser) -> None:
    """RFC 6749 §3.1: "parameters MUST NOT be included more than once"; R2 wants our own page for it."""
    client, _ = people.client()
    before = rows(people)
    for name in SINGLE:
        whole = browser.parameters(client) | {name: "x"}
        for value in (["a", "b"], ["", "a"], "a\x00", "a\r\nX: 1", "a\x7f", "a" * 20_000):
            if name == "claims" and value in ("a\r\nX: 1", "a\x7f"):
                continue  # white space is JSON's own; the other is no JSON, and refused as such
            sent = urlencode(whole | {name: value}, doseq=True)
            refused_by_page(browser.get(browser.url(f"/oauth/authorize?{sent}")))
            if value != "a" * 20_000:
                refused_by_page(browser.post(browser.url("/oauth/authorize"), data=sent, content_type="x/y"))
    assert rows(people) == before


@pytest.mark.parametrize(
    "query",
    ["", "&&&", "=", "%00=1", "%ff=1", "client_id=%ff", "client_id=%c3%28", "a=1&" * 201, "resource=x&" * 11, "é=1"],
    ids=lambda query: query[:12],
)
def test_a_query_that_is_no_parameters_is_refused_by_our_page(people: People, browser: Browser, query: str) -> None:
    refused_by_page(browser.get(browser.url(f"/oauth/authorize?{quote(query, safe='%&=')}")))


def test_the_page_shows_what_was_sent_escaped_and_lists_nothing_registered(people: People, browser: Browser) -> None:
    client, _ = people.client(client_name="<b>Notes</b>")
    page = browser.authorize(client, redirect_uri="https://evil.example.com/?<script>alert(1)</script>")
    refused_by_page(page)
    assert "https://evil.example.com/?&lt;script&gt;" in page.text
    assert "&lt;b&gt;Notes&lt;/b&gt;" in page.text
    assert CALLBACK not in page.text


def test_another_tenants_client_does_not_exist(people: People, others: People, browser: Browser) -> None:
    """R49: another tenant's object does not exist."""
    client, _ = others.client()
    page = browser.authorize(client)
    refused_by_page(page)
    assert "not known here" in page.text
    assert client.name not in page.text


def test_a_machine_client_has_no_redirect_uri_and_so_no_answer_but_our_page(people: People, browser: Browser) -> None:
    client, _ = people.client(type="machine")
    refused_by_page(browser.authorize(client))


def test_a_client_without_pkce_may_leave_it_out_but_not_send_half_of_it(people: People, browser: Browser) -> None:
    """R3: a tenant may lift it for one confidential client; ``plain`` and halves are refused in any case."""
    people.user()
    client, secret = people.client(require_pkce=False)
    bare = {"code_challenge": None, "code_challenge_method": None}
    for half in ({"code_challenge": None}, {"code_challenge_method": None}, {"code_challenge_method": "plain"}):
        assert answer(browser.authorize(client, **half))["error"] == "invalid_request"
    code = browser.code(client, **bare)
    assert browser.exchange(client, secret, code).json["error"] == "invalid_grant", "an unexpected verifier"
    assert browser.exchange(client, secret, code, code_verifier=None).status_code == 200


def test_a_public_client_cannot_be_registered_without_pkce(people: People) -> None:
    with pytest.raises(Exception, match="PKCE"):
        people.client(type="spa", require_pkce=False)


def test_scopes_beyond_the_clients_are_left_out_and_said_so(people: People, browser: Browser) -> None:
    """RFC 6749 §3.3: if the issued scope differs, "scope" tells the client."""
    people.user()
    client, secret = people.client(scope="openid email")
    tokens = browser.tokens(client, secret, scope="openid profile email offline_access admin")
    assert tokens["scope"] == "openid email"


@pytest.mark.parametrize("state", ['"><script>alert(1)</script>', "a=b&c=d#e", "ключ 鍵 🔑", "%0d%0aX: 1", " ", "+"])
def test_state_comes_back_as_it_went(people: People, browser: Browser, state: str) -> None:
    client, _ = people.client()
    refused = browser.authorize(client, prompt="none", state=state)
    assert answer(refused)["state"] == state
    assert "\n" not in refused.headers["Location"]
    assert "state" not in answer(browser.authorize(client, prompt="none", state=None))


def test_unknown_parameters_are_passed_over(people: People, browser: Browser) -> None:
    """RFC 6749 §3.1: "The authorization server MUST ignore unrecognized request parameters"."""
    people.user()
    client, _ = people.client()
    assert browser.authorize(client, audience="x", dpop_jkt="y", display="popup").status_code == 200


def test_a_native_client_may_come_back_on_any_loopback_port_and_nowhere_else(people: People, browser: Browser) -> None:
    """RFC 8252 §7.3."""
    client, _ = people.client(type="native", redirect_uris=["http://127.0.0.1/cb", "com.example.notes:/cb"])
    for uri in ("http://127.0.0.1:51234/cb", "http://127.0.0.1/cb", "com.example.notes:/cb"):
        assert browser.authorize(client, redirect_uri=uri, prompt="none").headers["Location"].startswith(f"{uri}?")
    for uri in (
        "http://127.0.0.1:99999999/cb",
        "http://127.0.0.2:1/cb",
        "http://localhost:1/cb",
        "http://127.0.0.1:1/",
    ):
        refused_by_page(browser.authorize(client, redirect_uri=uri, prompt="none"))


def test_a_request_may_come_by_post_and_its_query_is_then_no_request(people: People, browser: Browser) -> None:
    """OpenID Connect Core §3.1.2.1: GET and POST."""
    client, _ = people.client()
    sent = browser.parameters(client, claims=json.dumps({"userinfo": {"email": None}}))
    assert "Sign in to" in browser.follow(browser.post(browser.url("/oauth/authorize"), data=sent)).text
    refused_by_page(browser.post(browser.url(f"/oauth/authorize?{urlencode(sent)}"), data={}))

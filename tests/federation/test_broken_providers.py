"""OpenID providers that answer something else than they should, or nothing: the end of one sign-in, in time (R53)."""

from typing import Any

import pytest

from idp.federation.errors import Reason
from tests.federation.trips import at_openid, refusal
from tests.upstreams.oidc import DISCOVERY, OpenID
from tests.upstreams.serving import NEVER, Reply, as_json, redirect

ENDPOINTS: dict[str, Any] = {
    "missing": None,
    "a number": 7,
    "a list": ["https://sso.acme.example/"],
    "empty": "",
    "relative": "/authorize",
    "without a host": "https:///authorize",
    "a script": "javascript:alert(1)//",
    "a file": "file:///etc/passwd",
    "data": "data:text/html,hello",
    "with a fragment": "https://sso.acme.example/#fragment",
    "with a user": "https://acme@sso.acme.example/",
    "with a user and a password": "https://acme:secret@sso.acme.example/",
    "with a space": "https://sso.acme.example/a b",
    "with a line": "https://sso.acme.example/\r\nSet-Cookie: a=b",
    "with a port that is none": "https://sso.acme.example:99999/",
    "with a bracket": "https://[sso.acme.example/",
    "not in ASCII": "https://sso.acme.example/\u2028",
    "too long": "https://sso.acme.example/" + "a" * 3000,
}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_an_endpoint_that_is_none_is_not_used(provider: OpenID, name: str, endpoint: str) -> None:
    provider.document = {name: ENDPOINTS[endpoint]}
    assert refusal(provider, at_openid(provider))[0] is Reason.INVALID_ANSWER
    assert [ask.path for ask in provider.asks] == [DISCOVERY]


UNUSABLE: dict[str, Reply] = {
    "no JSON": Reply(b"<html>"),
    "nothing": Reply(b""),
    "no UTF-8": Reply(b'{"keys": "\xff"}'),
    "a list": as_json([]),
    "a number": as_json(7),
    "null": as_json(None),
    "deep": Reply(b'{"keys":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "an endless number": Reply(b'{"keys":' + b"1" * 100_000 + b"}"),
    "HTTP 404": as_json({}, 404),
    "HTTP 204": Reply(status=204),
    "a redirect": redirect("http://127.0.0.1:9/"),
}
AWAY: dict[str, Reply] = {
    "silence": NEVER,
    "a slow drip": Reply(b"{}" * 1000, drip=0.05),
    "more than it says": Reply(b" " * (1024 * 1024 + 1)),
    "less than it says": Reply(b"{}", headers={"Content-Length": "1000"}),
    "HTTP 500": as_json({}, 500),
    "HTTP 503": Reply(status=503),
}


@pytest.mark.parametrize("case", UNUSABLE)
@pytest.mark.parametrize("path", [DISCOVERY, "/token", "/jwks", "/userinfo"])
def test_a_document_that_is_none_lets_nobody_in(provider: OpenID, path: str, case: str) -> None:
    provider.only_userinfo = {"email"}
    provider.instead[path] = UNUSABLE[case]
    assert refusal(provider, at_openid(provider))[0] in {Reason.INVALID_ANSWER, Reason.UPSTREAM_ERROR}


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("case", AWAY)
@pytest.mark.parametrize("path", [DISCOVERY, "/token", "/jwks", "/userinfo"])
def test_a_provider_that_is_away_is_told_from_one_that_lies(provider: OpenID, path: str, case: str) -> None:
    provider.only_userinfo = {"email"}
    provider.instead[path] = AWAY[case]
    assert refusal(provider, at_openid(provider))[0] is Reason.UNREACHABLE


def test_too_many_requests_are_told_with_their_status(provider: OpenID) -> None:
    provider.instead[DISCOVERY] = as_json({}, 429, Retry_After="60")
    reason, cause = refusal(provider, at_openid(provider))
    assert reason in {Reason.UNREACHABLE, Reason.INVALID_ANSWER}
    assert "429" in cause


def test_a_redirect_of_the_token_endpoint_is_not_followed_with_our_secret(provider: OpenID) -> None:
    provider.instead["/token"] = redirect(f"{provider.url}/elsewhere")
    for status in (301, 302, 307, 308):
        provider.instead["/token"] = Reply(status=status, headers={"Location": f"{provider.url}/elsewhere"})
        assert refusal(provider, at_openid(provider))[0] in {Reason.INVALID_ANSWER, Reason.UPSTREAM_ERROR}
    assert not provider.count("/elsewhere")


def test_a_word_of_the_token_endpoint_is_shown_in_one_short_line(provider: OpenID) -> None:
    for error in ("a\nb" * 500, "\x1b[31m", "", 7, None, {"a": 1}, ["x"], True):
        provider.instead["/token"] = as_json({"error": error, "error_description": "x" * 5000}, 400)
        _, cause = refusal(provider, at_openid(provider))
        assert cause.isprintable(), error
        assert len(cause) < 200

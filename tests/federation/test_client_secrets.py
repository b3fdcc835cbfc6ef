"""Client secrets as people paste them: whatever is in them arrives as it is (RFC 6749 §2.3.1)."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import pytest

from idp.federation.errors import Reason
from idp.federation.providers import claims
from tests.federation.trips import at_openid, refusal, sign_in, with_secrets
from tests.upstreams.oidc import SUBJECT, OpenID
from tests.upstreams.serving import Ask, Reply

SECRETS = ["plain-secret_1.2~3", "a+b/c==", "50%25 off", "per:cent&amp=", "käse", "🔑"]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "methods", [["client_secret_basic"], ["client_secret_post"], ["client_secret_basic", "client_secret_post"]]
)
def test_a_secret_arrives_as_it_is(provider: OpenID, methods: list[str], secret: str) -> None:
    provider.client_secret = secret
    provider.document = {"token_endpoint_auth_methods_supported": methods}
    assert sign_in(provider, with_secrets(at_openid(provider), secret)).subject == SUBJECT


def test_what_has_to_be_encoded_goes_in_the_body_where_it_may(provider: OpenID) -> None:
    """Not every server decodes what it gets by HTTP Basic; in a form there is one way to read it."""
    sent = []
    for secret in ("plain", "a+b"):
        provider.client_secret = secret
        sign_in(provider, with_secrets(at_openid(provider), secret))
        sent.append([ask for ask in provider.asks if ask.path == "/token"][-1].headers.get("Authorization") is None)
    assert sent == [False, True]


@pytest.mark.parametrize(
    ("written", "lives"),
    [
        ("300", True),
        ('"300"', True),
        ("300.5", True),
        ("0", False),
        ("-5", False),
        ("null", False),
        ("{}", False),
        ("99999999999999999999", False),
    ],
)
def test_a_life_of_a_token_is_seconds_or_unknown(provider: OpenID, written: str, lives: bool) -> None:
    provider.instead["/token"] = _rewriting(provider, written)
    tokens = sign_in(provider, at_openid(provider)).tokens
    assert tokens is not None
    assert (tokens.expires_at is not None) is lives


@pytest.mark.parametrize("written", ["Infinity", "-Infinity", "NaN", "1e400", '"soon"', "[1]"])
def test_a_life_that_is_no_number_ends_the_sign_in_and_nothing_else(provider: OpenID, written: str) -> None:
    provider.instead["/token"] = _rewriting(provider, written)
    assert refusal(provider, at_openid(provider))[0] is Reason.INVALID_ANSWER


def _rewriting(provider: OpenID, expires_in: str) -> Callable[[Ask], Reply]:
    def answer(ask: Ask) -> Reply:
        honest = provider.answer(ask)
        return Reply(
            honest.body.replace(b'"expires_in": 300', f'"expires_in": {expires_in}'.encode()), 200, honest.headers
        )

    return answer


DEEP: list[Any] = reduce(lambda inner, _: [inner], range(60), [])


@pytest.mark.parametrize("value", [float("nan"), {"a": float("inf")}, "\ud800", ["\ud800"], "x" * 3000, DEEP])
def test_what_cannot_be_shown_is_named_and_harms_no_test(value: object) -> None:
    shown = claims.shown({"sub": "a", "odd": value, "access_token": "a secret", "a\nb": 1})
    assert shown.keys() == {"sub", "odd"}
    assert isinstance(shown["odd"], str)
    assert shown["odd"].startswith("(")

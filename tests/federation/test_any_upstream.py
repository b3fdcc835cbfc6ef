"""Whatever JSON an upstream sends, somebody comes back whom our rows can hold, or nobody does (R21, R53)."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from idp.federation.errors import SignInRefused
from idp.federation.providers.base import UpstreamProfile
from idp.users.models import Profile
from tests.federation.trips import at_github, at_openid, judged, sign_in
from tests.upstreams.github import API, TOKEN, GitHub
from tests.upstreams.oidc import DISCOVERY, OpenID, rs256
from tests.upstreams.serving import Ask, Reply, as_json

often = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
texts = st.text(st.characters(exclude_categories=()), max_size=40)
"""Halves of surrogates and NUL too, which JSON can say and PostgreSQL cannot."""
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | texts
    | st.sampled_from(
        ["\x00", "\ud800", "x" * 5000, "a@b.example", "true", "1", "2024-02-30", "https://a.example/\ud800"]
    )
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
ID_TOKEN = (
    "iss", "sub", "aud", "azp", "exp", "iat", "nbf", "auth_time", "nonce", "at_hash", "amr", "acr", "email",
    "email_verified", "name", "preferred_username", "nickname", "locale", "birthdate", "picture", "website", "groups",
)  # fmt: skip
USER = ("id", "login", "name", "html_url", "avatar_url", "blog", "email")
TOKENS = (
    "access_token", "token_type", "expires_in", "refresh_token", "scope", "id_token", "error", "error_description",
    "error_uri", "expires_at",
)  # fmt: skip
DOCUMENT = (
    "issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint",
    "token_endpoint_auth_methods_supported", "id_token_signing_alg_values_supported",
    "authorization_response_iss_parameter_supported",
)  # fmt: skip


def some(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    """A few of these members, and others, with any value."""
    return st.dictionaries(st.sampled_from(names) | texts, values, min_size=1, max_size=4)


def come_or_not(server: GitHub | OpenID, **options: Any) -> None:
    """A round trip; what comes of it is held against what the rest of the house takes."""
    upstream = at_github(server, **options) if isinstance(server, GitHub) else at_openid(server, **options)
    try:
        profile = sign_in(server, upstream)
    except SignInRefused as refused:
        _, cause = judged(refused, server)
        assert cause.isprintable()
    else:
        hold(profile)


def hold(profile: UpstreamProfile) -> None:
    assert profile.issuer
    assert profile.subject.strip()
    assert profile.email is None or "@" in profile.email
    assert profile.email_verified in {True, False}
    Profile.model_validate(dict(profile.attributes))
    assert profile.tokens is not None
    kept = [
        profile.subject,
        profile.email or "",
        profile.username or "",
        *profile.groups,
        *strings(profile.attributes),
        profile.tokens.access_token,
        profile.tokens.refresh_token or "",
        profile.tokens.scope,
    ]
    assert not any("\x00" in text for text in kept)
    assert "".join(kept).encode(), "what PostgreSQL can hold"
    assert json.dumps(profile.claims, ensure_ascii=False, allow_nan=False).encode(), "what an administrator is shown"


def strings(members: Mapping[str, Any]) -> Iterator[str]:
    """Every text within."""
    for value in members.values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            yield from strings(value)


@often
@given(some(*ID_TOKEN))
@example({"x": float("nan")})
@example({"name": "\ud800", "website": "https://a.example/\ud800", "x": "\ud800"})
@example({"exp": float("inf")})
@example({"iat": float("-inf")})
@example({"exp": 10**400})
def test_any_claims_of_an_id_token(provider: OpenID, claims: dict[str, Any]) -> None:
    provider.claims = claims
    come_or_not(provider, groups_claim="groups", claims={"nickname": "acr"})


@often
@given(values)
def test_any_id_token(provider: OpenID, payload: Any) -> None:
    provider.sign = lambda it, header, _claims: rs256(it, header, payload)
    come_or_not(provider)


@often
@given(some("alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5c", "x5u", "cty"))
def test_any_header_of_an_id_token(provider: OpenID, header: dict[str, Any]) -> None:
    provider.header = header
    come_or_not(provider)


@often
@given(some("sub", *ID_TOKEN) | values)
@example({"email_verified": True, "email": "a@\ud800.example"})
def test_any_userinfo(provider: OpenID, document: Any) -> None:
    provider.only_userinfo = {"email", "email_verified", "name"}
    sub = {"sub": provider.person["sub"]}
    provider.instead["/userinfo"] = as_json(document | sub if isinstance(document, dict) else document)
    come_or_not(provider)


@often
@given(some(*TOKENS) | values)
@example({"expires_in": float("inf")})
@example({"expires_in": 10**400})
@example({"expires_in": "1" * 4000})
@example({"refresh_token": "\ud800", "scope": "\ud800"})
@example({"error": {"a": 1}})
def test_any_answer_of_a_token_endpoint(provider: OpenID, hub: GitHub, answer: Any) -> None:
    def changed(server: GitHub | OpenID, ask: Ask) -> Reply:
        honest = json.loads(server.answer(ask).body)
        return as_json(honest | answer if isinstance(answer, dict) else answer)

    provider.instead["/token"] = lambda ask: changed(provider, ask)
    hub.instead[TOKEN] = lambda ask: changed(hub, replace(ask, headers={"Accept": "application/json"}))
    come_or_not(provider)
    come_or_not(hub)


@often
@given(some(*DOCUMENT) | values)
def test_any_discovery_document(provider: OpenID, document: Any) -> None:
    honest = json.loads(provider.answer(Ask("GET", DISCOVERY, {}, {}, {})).body)
    provider.instead[DISCOVERY] = as_json(honest | document if isinstance(document, dict) else document)
    come_or_not(provider)


@often
@given(
    st.lists(some("kty", "n", "e", "kid", "use", "alg", "crv", "x", "y", "k", "d", "key_ops") | values, max_size=3),
    st.sampled_from(["RSA", "EC", "OKP", "oct", None]),
)
def test_any_keys(provider: OpenID, entries: list[Any], kty: str | None) -> None:
    named = [{"kty": kty, "kid": "first", **entry} if isinstance(entry, dict) else entry for entry in entries]
    provider.published = [*named, *provider.published]
    try:
        come_or_not(provider)
    finally:
        provider.rotate("first")


@often
@given(some(*USER) | values)
@example({"login": "\ud800", "name": "a\x00"})
def test_any_user_of_github(hub: GitHub, user: Any) -> None:
    hub.instead[f"{API}/user"] = as_json({"id": 1, "login": "jane", **user} if isinstance(user, dict) else user)
    come_or_not(hub)


@often
@given(st.lists(some("email", "primary", "verified", "login", "slug", "organization") | values, max_size=3) | values)
@example([{"primary": True, "email": "a@b.example", "verified": float("nan")}])
@example([{"login": "\ud800"}])
@example([{"primary": True, "email": "\ud800"}])
def test_any_list_of_github(hub: GitHub, items: Any) -> None:
    for path in ("emails", "orgs", "teams"):
        hub.instead[f"{API}/user/{path}"] = as_json(items)
    come_or_not(hub, roles={"acme/core": "member"})


@often
@given(st.binary(max_size=60) | texts.map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes(provider: OpenID, hub: GitHub, body: bytes) -> None:
    for path in ("/token", "/userinfo", "/jwks"):
        provider.instead = {path: Reply(body)}
        come_or_not(provider)
    for path in (TOKEN, f"{API}/user", f"{API}/user/emails"):
        hub.instead = {path: Reply(body)}
        come_or_not(hub)
    hub.instead = {TOKEN: Reply(body, headers={"Content-Type": "application/x-www-form-urlencoded"})}
    come_or_not(hub)


@often
@given(texts)
@example('<http://[>; rel="next"')
@example("<>; rel=next, ; , <a>;rel")
def test_any_link_to_the_next_page(hub: GitHub, link: str) -> None:
    with suppress(UnicodeEncodeError):
        link.encode("latin-1")
        sent = link.replace("\r", "").replace("\n", "")
        hub.instead[f"{API}/user/emails"] = as_json([], Link=sent)
        come_or_not(hub)


@pytest.mark.parametrize("depth", range(100, 1100, 25))
def test_any_depth(provider: OpenID, hub: GitHub, depth: int) -> None:
    """What can just be read must not fail where it is written down."""
    deep = b"[" * depth + b"]" * depth
    for text in (b'{"id": 1, "x": ' + deep + b"}", b'{"id": 1, "login": ' + deep + b"}"):
        hub.instead[f"{API}/user"] = Reply(text)
        come_or_not(hub)
    provider.only_userinfo = {"email"}
    provider.instead["/userinfo"] = Reply(
        json.dumps({"sub": provider.person["sub"]}).encode()[:-1] + b', "x": ' + deep + b"}"
    )
    come_or_not(provider)

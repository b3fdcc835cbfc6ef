"""Scopes only narrow, PKCE answers its own challenge, any parameters and claims are judged (R3, R11, R45)."""

import base64
import hashlib
import json
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.oauth import pkce, scopes
from idp.oauth.authorize.claims_parameter import ClaimsRequest, InvalidClaims, parse_claims
from idp.oauth.models import AuthorizationParameters
from idp.oauth.parameters import MAX_PARAMETERS, MAX_RESOURCES, ParameterProblem, Parameters, read

SCOPES = st.lists(st.sampled_from(["openid", "email", "profile", "notes:read", "notes:write", "x"]))
VERIFIERS = st.text("ABCabc019-._~", min_size=43, max_size=128)
NAMES = st.sampled_from(["userinfo", "id_token", "acr", "sub", "email", "essential", "value", "values"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text() | NAMES, children, max_size=4),
    max_leaves=12,
)


@given(SCOPES, SCOPES)
def test_a_scope_is_narrowed_and_never_widened(asked: list[str], allowed: list[str]) -> None:
    got = scopes.narrow(asked, allowed)
    assert set(got) == set(asked) & set(allowed)
    assert len(got) == len(set(got))
    assert scopes.narrow(got, allowed) == got
    assert got == sorted(got, key=asked.index)


@given(SCOPES, SCOPES, SCOPES)
def test_narrowing_twice_is_narrowing_by_both(asked: list[str], one: list[str], other: list[str]) -> None:
    assert scopes.narrow(scopes.narrow(asked, one), other) == scopes.narrow(scopes.narrow(asked, other), one)


@given(st.text())
def test_a_scope_parameter_is_parsed_or_refused(text: str) -> None:
    parsed = scopes.parse(text)
    if parsed is not None:
        assert scopes.parse(" ".join(parsed)) == parsed
        assert all(scopes.is_scope(item) and " " not in item for item in parsed)


@given(VERIFIERS)
def test_a_verifier_answers_its_own_challenge(verifier: str) -> None:
    """RFC 7636 §4.2, by another implementation than ours."""
    expected = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()
    assert pkce.challenge_of(verifier) == expected
    assert pkce.is_challenge(expected)


@given(VERIFIERS, VERIFIERS)
def test_no_other_verifier_answers_it(one: str, other: str) -> None:
    assert (pkce.challenge_of(one) == pkce.challenge_of(other)) == (one == other)


@given(st.text(max_size=42) | st.text(min_size=129) | VERIFIERS.map(lambda text: text[:-1] + "+"))
def test_what_is_no_verifier_has_no_challenge(text: str) -> None:
    assert pkce.challenge_of(text) is None


@given(st.binary(max_size=300) | st.text().map(lambda text: urlencode({text: text}).encode()))
def test_any_bytes_are_parameters_or_a_problem(encoded: bytes) -> None:
    try:
        parameters = read(encoded)
    except ParameterProblem:
        return
    assert isinstance(parameters, Parameters)
    assert all(value and "\x00" not in value for value in parameters.values.values())
    assert all(parameters.resource)


@given(st.dictionaries(st.text("abcdef_", min_size=1), st.text("abc def&=+%/é", min_size=1), max_size=8))
def test_parameters_come_through_as_sent(sent: dict[str, str]) -> None:
    assert dict(read(urlencode(sent).encode()).values) == sent


@given(st.text("abc", min_size=1), st.text("xyz"), st.text("xyz"))
def test_nothing_is_sent_twice(name: str, one: str, other: str) -> None:
    with pytest.raises(ParameterProblem):
        read(urlencode([(name, one), (name, other)]).encode())


@given(st.integers(0, 30))
def test_only_resources_are_many_and_not_too_many(count: int) -> None:
    encoded = urlencode([("resource", f"https://api{number}.example") for number in range(count)]).encode()
    if count > MAX_RESOURCES:
        with pytest.raises(ParameterProblem):
            read(encoded)
    else:
        assert read(encoded).resource == tuple(value for _, value in parse_qsl(encoded.decode()))


def test_too_many_parameters_are_refused_unread() -> None:
    with pytest.raises(ParameterProblem):
        read("&".join(f"p{number}=1" for number in range(MAX_PARAMETERS + 1)).encode())


@given(st.text() | JSON.map(json.dumps))
def test_any_claims_parameter_is_read_or_refused(text: str) -> None:
    try:
        request = parse_claims(text)
    except InvalidClaims:
        return
    assert isinstance(request, ClaimsRequest)
    assert request.userinfo | request.id_token <= scopes.SCOPE_OF_CLAIM.keys()
    stored = AuthorizationParameters(redirect_uri="https://a.example/", scope=[], required_acr=request.required_acr)
    assert "\\u0000" not in stored.model_dump_json()


@given(st.sampled_from(["[", "{", '{"id_token":', '{"id_token":{"acr":']), st.integers(1, 2_000))
def test_depth_is_refused_and_not_suffered(opening: str, depth: int) -> None:
    with pytest.raises(InvalidClaims):
        parse_claims(opening * depth)

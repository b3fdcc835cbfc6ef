"""Each algorithm that we say we understand, signed by somebody else's code, and headers as servers really send them."""

import hashlib
import json
import warnings
from typing import Any, Literal

import pytest
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from idp.federation.errors import Reason
from idp.federation.providers import signatures
from tests.federation.trips import at_openid, refusal, sign_in
from tests.upstreams.oidc import SUBJECT, OpenID, b64, public_jwk

Json = dict[str, Any]
ACCESS_TOKEN = "upstream-access-of-this-test"
CURVES: dict[str, Literal["P-256", "P-384", "P-521"]] = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}


def key_for(algorithm: str) -> Key:
    """A key that can sign so."""
    if algorithm in CURVES:
        return ECKey.generate_key(CURVES[algorithm], {"kid": "other"})
    if algorithm.startswith("Ed"):
        return OKPKey.generate_key("Ed25519", {"kid": "other"})
    return RSAKey.generate_key(2048, {"kid": "other"})


def signing(server: OpenID, algorithm: str, key: Key, *, hashed: str = ACCESS_TOKEN) -> None:
    """Let `server` sign with that key, the hash of the access token included."""
    raw = HASHES["512" if algorithm.startswith("Ed") else algorithm[-3:]](hashed.encode()).digest()
    half = b64(raw[: len(raw) // 2])

    def sign(_server: OpenID, header: Json, claims: Json) -> str:
        whole, told = {**header, "alg": algorithm, "kid": "other"}, json.dumps(claims | {"at_hash": half})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            return jws.serialize_compact(whole, told.encode(), key, algorithms=[algorithm])

    server.sign, server.token = sign, {"access_token": ACCESS_TOKEN}
    server.published = [public_jwk("first"), key.as_dict(private=False)]
    server.document = {"id_token_signing_alg_values_supported": [algorithm, "HS256", "none", 7]}


@pytest.mark.parametrize("algorithm", signatures.ALGORITHMS)
def test_every_algorithm_of_the_list_is_understood(provider: OpenID, algorithm: str) -> None:
    signing(provider, algorithm, key_for(algorithm))
    assert sign_in(provider, at_openid(provider)).subject == SUBJECT


@pytest.mark.parametrize("algorithm", signatures.ALGORITHMS)
def test_the_hash_of_another_access_token_is_seen_in_each(provider: OpenID, algorithm: str) -> None:
    signing(provider, algorithm, key_for(algorithm), hashed="another token")
    reason, cause = refusal(provider, at_openid(provider))
    assert (reason, "at_hash" in cause) == (Reason.INVALID_ANSWER, True)


def test_nothing_that_needs_no_key_of_its_owner_is_in_the_list() -> None:
    assert not [name for name in signatures.ALGORITHMS if name.startswith("HS") or name.lower() == "none"]


@pytest.mark.parametrize("listed", [["HS256"], ["none"], ["RSA1_5", "dir"], ["rs256"], [7, None, {}]])
def test_a_provider_that_lists_none_of_them_lets_nobody_in(provider: OpenID, listed: list[Any]) -> None:
    """An empty list of algorithms is no wish for the library's own choice."""
    provider.document = {"id_token_signing_alg_values_supported": listed}
    if all(isinstance(name, str) for name in listed):
        assert refusal(provider, at_openid(provider)) == (
            Reason.INVALID_ANSWER,
            "the signature of the ID token cannot be verified (NoAlgorithm)",
        )
    else:
        assert sign_in(provider, at_openid(provider)).subject == SUBJECT, "no names at all: RS256, which all must have"


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "at+jwt", "cty": "JWT"},
        {"pi.atm": "3", "org.acme": {"a": 1}},
        {"x5t": "d8fU", "x5c": ["A" * 4000]},
        {"jku": "https://evil.example/jwks"},
    ],
)
def test_members_of_a_header_that_say_nothing_to_us_are_passed_over(provider: OpenID, header: Json) -> None:
    """RFC 7515 §4: those that are not understood are ignored; keys are where the discovery document says."""
    provider.header = header
    assert sign_in(provider, at_openid(provider)).subject == SUBJECT


def test_a_private_key_that_was_published_is_nobodys(provider: OpenID) -> None:
    key = key_for("ES256")
    signing(provider, "ES256", key)
    provider.published = [key.as_dict(private=True)]
    assert refusal(provider, at_openid(provider))[0] is Reason.INVALID_ANSWER


def test_a_set_of_very_many_keys_is_read_as_far_as_it_is_sane(provider: OpenID) -> None:
    many = [public_jwk("first") | {"kid": f"k{number}"} for number in range(signatures.MAX_KEYS)]
    provider.published = [public_jwk("first"), *many]
    assert sign_in(provider, at_openid(provider)).subject == SUBJECT
    assert len(signatures.keys_of(provider.published)) == signatures.MAX_KEYS


def test_a_key_of_megabytes_is_none(provider: OpenID) -> None:
    provider.published = [public_jwk("first") | {"n": "A" * 100_000}]
    assert signatures.keys_of(provider.published) == ()


@pytest.mark.parametrize("wrong", ["RS256", "ES256", "EdDSA"])
def test_a_key_of_another_type_verifies_nothing(provider: OpenID, wrong: str) -> None:
    """The header says one algorithm, the key of that name is for another."""
    right = {"RS256": "ES256", "ES256": "EdDSA", "EdDSA": "RS256"}[wrong]
    signing(provider, right, key_for(right))
    provider.published = [key_for(wrong).as_dict(private=False)]
    provider.document = {"id_token_signing_alg_values_supported": [right, wrong]}
    assert refusal(provider, at_openid(provider))[0] is Reason.INVALID_ANSWER

"""OpenID providers that lie: nobody is let in, and the cause gives nothing away (R21)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from idp.federation.errors import Reason, SignInRefused
from idp.federation.providers.base import Hints
from idp.federation.providers.registry import KINDS
from tests.federation.trips import TRIP, at_openid, judged, refusal, sign_in
from tests.upstreams.oidc import (
    CLIENT_ID,
    CLIENT_SECRET,
    SUBJECT,
    OpenID,
    Signer,
    b64,
    hs256,
    public_jwk,
    public_pem,
    rs256,
    unsigned,
)

OIDC = KINDS["oidc"].provider
HOUR = 3600


def lies(**switches: Any) -> Callable[[OpenID], None]:
    """Set the switches of a provider to these values."""

    def turn(server: OpenID) -> None:
        for name, value in switches.items():
            setattr(server, name, value)

    return turn


def shifted(**seconds: int) -> Callable[[OpenID], None]:
    """Claims that are so many seconds later than they should be."""

    def turn(server: OpenID) -> None:
        honest: Signer = server.sign

        def sign(it: OpenID, header: dict[str, Any], claims: dict[str, Any]) -> str:
            later = {name: claims.get(name, claims["iat"]) + by for name, by in seconds.items()}
            return honest(it, header, claims | later)

        server.sign = sign

    return turn


def symmetric(secret: Callable[[OpenID], bytes], **more: Any) -> Callable[[OpenID], None]:
    """ID tokens that are signed with a secret, and a document that says so."""
    algorithms = {"id_token_signing_alg_values_supported": ["HS256", "RS256", "none"]}
    return lies(sign=hs256(secret), document=algorithms, **more)


def swapped(server: OpenID, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """The claims of somebody else under the signature of these."""
    first, _, signature = rs256(server, header, claims).rpartition(".")
    return f"{first.partition('.')[0]}.{b64(json.dumps(claims | {'email': 'eve@evil.example'}).encode())}.{signature}"


OCT = {"kty": "oct", "kid": "first", "k": b64(b"a secret that everybody can read in the JWK set"), "alg": "HS256"}
ISSUER, ANSWER, SUB = Reason.WRONG_ISSUER, Reason.INVALID_ANSWER, Reason.NO_SUBJECT

LIES: dict[str, tuple[Callable[[OpenID], None], Reason]] = {
    # who they are
    "another issuer in discovery": (lies(document={"issuer": "https://evil.example"}), ISSUER),
    "the issuer with a slash": (lambda it: it.document.update(issuer=it.issuer + "/"), ISSUER),
    "the issuer in capitals": (lambda it: it.document.update(issuer=it.issuer.replace("http", "HTTP")), ISSUER),
    "no issuer in discovery": (lies(document={"issuer": None}), ISSUER),
    "a list of issuers": (lambda it: it.document.update(issuer=[it.issuer]), ISSUER),
    "another issuer in the answer": (lies(answer_with={"iss": "https://evil.example"}), ISSUER),
    "an empty issuer in the answer": (lies(answer_with={"iss": ""}), ISSUER),
    "no issuer in the answer": (lies(answer_with={"iss": None}), ISSUER),
    "another issuer in the ID token": (lies(claims={"iss": "https://evil.example"}), ISSUER),
    "no issuer in the ID token": (lies(without={"iss"}), ISSUER),
    "issuer null in the ID token": (lies(claims={"iss": None}), ISSUER),
    "a list of issuers in the ID token": (lambda it: it.claims.update(iss=[it.issuer]), ISSUER),
    # which round trip it was
    "another nonce": (lies(claims={"nonce": "of another round trip"}), ANSWER),
    "no nonce": (lies(without={"nonce"}), ANSWER),
    "nonce null": (lies(claims={"nonce": None}), ANSWER),
    "the nonce in a list": (lies(claims={"nonce": [TRIP.nonce]}), ANSWER),
    "no ID token": (lies(token={"id_token": None}), ANSWER),
    "the ID token in a list": (lies(token={"id_token": ["a"]}), ANSWER),
    "an ID token that is none": (lies(token={"id_token": "a.b.c"}), ANSWER),
    "an ID token of one part": (lies(token={"id_token": "a"}), ANSWER),
    "an ID token not in ASCII": (lies(token={"id_token": "é.é.é"}), ANSWER),
    "an encrypted ID token": (lies(token={"id_token": "e30.a.b.c.d"}), ANSWER),
    # who signed
    "alg none": (lies(sign=unsigned), ANSWER),
    "alg none, announced": (
        lies(sign=unsigned, document={"id_token_signing_alg_values_supported": ["none"]}),
        ANSWER,
    ),
    "alg NONE": (lies(sign=lambda it, head, said: unsigned(it, head, said).replace("Im5vbmUi", "Ik5PTkUi")), ANSWER),
    "no signature": (lies(sign=lambda it, head, said: rs256(it, head, said).rpartition(".")[0] + "."), ANSWER),
    "half a signature": (lies(sign=lambda it, head, said: rs256(it, head, said)[:-100]), ANSWER),
    "claims that were changed": (lies(sign=swapped), ANSWER),
    "HS256 by the public key": (symmetric(lambda it: public_pem(it.kid)), ANSWER),
    "HS256 by our secret": (symmetric(lambda _it: CLIENT_SECRET.encode()), ANSWER),
    "HS256 by a published secret": (
        symmetric(lambda _it: b"a secret that everybody can read in the JWK set", published=[OCT]),
        ANSWER,
    ),
    "HS256 by a secret beside the key": (
        symmetric(lambda _it: b"a secret that everybody can read in the JWK set", published=[OCT, public_jwk("first")]),
        ANSWER,
    ),
    "HS256 by nothing": (symmetric(lambda _it: b""), ANSWER),
    "another's key": (lies(kid="second", header={"kid": "first"}), ANSWER),
    "a key of which nobody knows": (lies(kid="second"), ANSWER),
    "a key for encryption": (lies(published=[public_jwk("first") | {"use": "enc"}]), ANSWER),
    "no keys": (lies(published=[]), ANSWER),
    "a key in the header": (lies(kid="second", header={"jwk": public_jwk("second")}, published=[]), ANSWER),
    "a critical header": (lies(header={"crit": ["b64"], "b64": False}), ANSWER),
    "a header that is unknown and critical": (lies(header={"crit": ["x"], "x": 1}), ANSWER),
    "kid as a number": (lies(header={"kid": 1}), ANSWER),
    "alg as a list": (lies(header={"alg": ["RS256"]}), ANSWER),
    "an algorithm that was not announced": (
        lies(document={"id_token_signing_alg_values_supported": ["ES256"]}),
        ANSWER,
    ),
    # for whom, and when
    "another audience": (lies(claims={"aud": "another"}), ANSWER),
    "our name within another": (lies(claims={"aud": f"{CLIENT_ID}-2"}), ANSWER),
    "other audiences": (lies(claims={"aud": ["another", "one more"]}), ANSWER),
    "no audience": (lies(without={"aud"}), ANSWER),
    "audience null": (lies(claims={"aud": None}), ANSWER),
    "an audience as an object": (lies(claims={"aud": {CLIENT_ID: 1}}), ANSWER),
    "more audiences and no party": (lies(claims={"aud": [CLIENT_ID, "another"]}), ANSWER),
    "another party": (lies(claims={"azp": "another"}), ANSWER),
    "more audiences and another party": (lies(claims={"aud": [CLIENT_ID, "another"], "azp": "another"}), ANSWER),
    "expired": (shifted(exp=-HOUR), ANSWER),
    "no expiry": (lies(without={"exp"}), ANSWER),
    "expiry as text": (lies(claims={"exp": "9999999999"}), ANSWER),
    "expiry null": (lies(claims={"exp": None}), ANSWER),
    "issued in an hour": (shifted(iat=HOUR, exp=HOUR), ANSWER),
    "not before an hour": (shifted(nbf=HOUR), ANSWER),
    "no time of issue": (lies(without={"iat"}), ANSWER),
    "time of issue as a list": (lies(claims={"iat": [1]}), ANSWER),
    "a time that no calendar has": (lies(claims={"iat": 10**400}), ANSWER),
    "authenticated as text": (lies(claims={"auth_time": "yesterday"}), ANSWER),
    "the hash of another access token": (lies(claims={"at_hash": b64(b"0" * 16)}), ANSWER),
    "a hash that is a number": (lies(claims={"at_hash": 7}), ANSWER),
    "a hash not in ASCII": (lies(claims={"at_hash": "é"}), ANSWER),
    # who it is
    "no subject": (lies(without={"sub"}), SUB),
    "subject null": (lies(claims={"sub": None}), SUB),
    "subject as a number": (lies(claims={"sub": 248289761001}), SUB),
    "subject true": (lies(claims={"sub": True}), SUB),
    "an empty subject": (lies(claims={"sub": ""}), SUB),
    "a subject of spaces": (lies(claims={"sub": "  "}), SUB),
    "too long a subject": (lies(claims={"sub": "x" * 256}), SUB),
    "a subject with NUL": (lies(claims={"sub": "a\x00b"}), SUB),
    "half a surrogate as subject": (lies(claims={"sub": "\ud800"}), SUB),
    "a list of subjects": (lies(claims={"sub": [SUBJECT]}), SUB),
    "userinfo of somebody else": (lies(only_userinfo={"email"}, userinfo={"sub": "somebody else"}), ANSWER),
    "userinfo of nobody": (lies(only_userinfo={"email"}, userinfo={"sub": None}), ANSWER),
    # tokens
    "no access token": (lies(token={"access_token": None}), ANSWER),
    "an access token as a number": (lies(token={"access_token": 7}), ANSWER),
    "an access token with a line": (lies(token={"access_token": "a\r\nHost: evil"}, without={"at_hash"}), ANSWER),
    "tokens of another type": (lies(token={"token_type": "mac"}), ANSWER),
    "an error beside tokens": (lies(token={"error": "server_error"}), Reason.UPSTREAM_ERROR),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_lets_nobody_in(provider: OpenID, lie: str) -> None:
    turn, reason = LIES[lie]
    turn(provider)
    found, cause = refusal(provider, at_openid(provider, scope=["offline_access"]))
    assert found is reason, cause


def test_the_provider_of_the_table_is_believed_when_it_tells_the_truth(provider: OpenID) -> None:
    assert sign_in(provider, at_openid(provider, scope=["offline_access"])).subject == SUBJECT


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("access_denied", Reason.DENIED),
        ("login_required", Reason.UPSTREAM_ERROR),
        ("", Reason.UPSTREAM_ERROR),
        ("<b>\x1b[31m" * 1000, Reason.UPSTREAM_ERROR),
    ],
)
def test_an_error_in_the_answer_is_told_and_nothing_is_asked_for(provider: OpenID, error: str, reason: Reason) -> None:
    with pytest.raises(SignInRefused) as refused:
        OIDC.fetch(at_openid(provider), TRIP, {"error": error, "code": "a code", "state": TRIP.state})
    found, cause = judged(refused.value, provider)
    assert found is reason
    assert cause.isprintable()
    assert len(cause) < 200
    assert not provider.count("/token")


def test_an_answer_cannot_be_used_for_another_round_trip(provider: OpenID) -> None:
    """The code of somebody else, brought to our callback with a state of ours (RFC 9700 §4.5)."""
    upstream = at_openid(provider)
    other = type(TRIP)(state="of another", nonce="of another", code_verifier="x" * 43)
    stolen = provider.approve(OIDC.authorization_url(upstream, other, Hints()))
    with pytest.raises(SignInRefused) as refused:
        OIDC.fetch(upstream, TRIP, stolen | {"state": TRIP.state})
    assert judged(refused.value, provider)[0] is Reason.UPSTREAM_ERROR

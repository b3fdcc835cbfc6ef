"""An OpenID provider that is honest until a test turns a switch; it signs with its own code, so that it can lie.

OpenID Connect Core §3.1, Discovery §4; RFC 6749, 7636, 9207.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.upstreams.serving import Ask, Reply, Serving, as_json, as_page, redirect

CLIENT_ID = "acme-at-the-upstream"
CLIENT_SECRET = "a-client-secret-of-the-upstream"
DISCOVERY = "/.well-known/openid-configuration"
SUBJECT = "248289761001"

Json = dict[str, Any]
Signer = Callable[["OpenID", Json, Json], str]


@cache
def key(_kid: str) -> rsa.RSAPrivateKey:
    """The key of that name, the same in every server of a process: making one takes time."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_jwk(kid: str) -> Json:
    """What a JWK set holds of it (RFC 7518 §6.3)."""
    numbers = key(kid).public_key().public_numbers()
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": kid,
        "n": b64(numbers.n.to_bytes(256)),
        "e": b64(numbers.e.to_bytes(3)),
    }


def public_pem(kid: str) -> bytes:
    """The same key as PEM: what a careless verifier takes for a secret of HS256."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key(kid).public_key().public_bytes(serialization.Encoding.PEM, form)


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def jws(header: Json, claims: Json, sign: Callable[[bytes], bytes]) -> str:
    """A compact JWS (RFC 7515 §7.1)."""
    signed = ".".join(b64(json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{b64(sign(signed.encode()))}"


def rs256(server: "OpenID", header: Json, claims: Json) -> str:
    """As it should be."""
    return jws(header, claims, lambda text: key(server.kid).sign(text, padding.PKCS1v15(), hashes.SHA256()))


def unsigned(_server: "OpenID", header: Json, claims: Json) -> str:
    """``alg: none`` (RFC 8725 §2.1)."""
    return jws({**header, "alg": "none"}, claims, lambda _text: b"")


def hs256(secret: Callable[["OpenID"], bytes]) -> Signer:
    """By a secret that somebody else may know too."""

    def sign(server: "OpenID", header: Json, claims: Json) -> str:
        return jws({**header, "alg": "HS256"}, claims, lambda text: hmac.digest(secret(server), text, hashlib.sha256))

    return sign


@dataclass
class _Grant:
    redirect_uri: str
    nonce: str | None
    challenge: str | None
    scope: str
    auth_time: int = field(default_factory=lambda: int(time.time()))


class OpenID(Serving):
    """The server.

    Attributes:
        person: the claims about whoever is signed in there.
        client_secret: the one in force; None for a public client.
        path: after the address, in the issuer.
        document: members of the discovery document that are others; None leaves one out.
        claims: claims of the ID token that are others.
        without: claims that it does not have.
        header: members of its header that are others; None leaves one out.
        sign: what signs it.
        kid: of the key that signs.
        published: what the JWK set holds.
        only_userinfo: names of claims that the ID token leaves to userinfo.
        userinfo: claims of userinfo that are others.
        token: members of the token answer that are others; None leaves one out.
        answer_with: parameters of the callback that are others; None leaves one out.
    """

    def __init__(self) -> None:
        super().__init__()
        self.person: Json = {
            "sub": SUBJECT,
            "email": "jane@acme.example",
            "email_verified": True,
            "name": "Jane Doe",
            "given_name": "Jane",
            "family_name": "Doe",
            "preferred_username": "j.doe",
        }
        self.client_secret: str | None = CLIENT_SECRET
        self.path = ""
        self.document: Json = {}
        self.claims: Json = {}
        self.without: set[str] = set()
        self.header: Json = {}
        self.sign: Signer = rs256
        self.kid = "first"
        self.published: list[Any] = [public_jwk("first")]
        self.only_userinfo: set[str] = set()
        self.userinfo: Json = {}
        self.token: Json = {}
        self.answer_with: dict[str, str | None] = {}
        self._codes: dict[str, _Grant] = {}
        self._tokens: set[str] = set()
        self._refresh_tokens: dict[str, _Grant] = {}

    @property
    def issuer(self) -> str:
        """What it calls itself."""
        return self.url + self.path

    def rotate(self, kid: str) -> None:
        """Sign with another key, and publish that one only."""
        self.kid, self.published = kid, [public_jwk(kid)]

    def approve(self, url: str) -> dict[str, str]:
        """What the browser of whoever is signed in there brings to the callback."""
        answer = requests.get(url, allow_redirects=False, timeout=5)
        assert answer.status_code == 302, answer.text
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))

    def answer(self, ask: Ask) -> Reply:
        if ask.path == self.path.rstrip("/") + DISCOVERY:
            return as_json(_present(self._document() | self.document))
        known: dict[str, Callable[[Ask], Reply]] = {
            "/authorize": self._authorize,
            "/token": self._token,
            "/jwks": lambda _ask: as_json({"keys": self.published}),
            "/userinfo": self._userinfo,
        }
        serve = known.get(ask.path)
        return as_page("Not found", "", 404) if serve is None else serve(ask)

    def _document(self) -> Json:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def _authorize(self, ask: Ask) -> Reply:
        asked = ask.query
        if asked.get("client_id") != CLIENT_ID or not urlsplit(asked.get("redirect_uri", "")).hostname:
            return as_page("Unknown client", "", 400)
        if asked.get("response_type") != "code" or "openid" not in asked.get("scope", "") or not asked.get("state"):
            return redirect(asked["redirect_uri"], error="invalid_request", state=asked.get("state", ""))
        code = secrets.token_urlsafe(16)
        self._codes[code] = _Grant(
            asked["redirect_uri"], asked.get("nonce"), asked.get("code_challenge"), asked["scope"]
        )
        honest: dict[str, str | None] = {"code": code, "state": asked["state"], "iss": self.issuer}
        return redirect(asked["redirect_uri"], **_present(honest | self.answer_with))

    def _token(self, ask: Ask) -> Reply:
        if not self._knows(ask):
            return as_json({"error": "invalid_client"}, 401)
        if ask.form.get("grant_type") == "refresh_token":
            grant = self._refresh_tokens.pop(ask.form.get("refresh_token", ""), None)
        else:
            grant = self._codes.pop(ask.form.get("code", ""), None)
            proven = ask.form.get("code_verifier", "")
            if grant and grant.challenge and b64(hashlib.sha256(proven.encode()).digest()) != grant.challenge:
                grant = None
            if grant and ask.form.get("redirect_uri") != grant.redirect_uri:
                grant = None
        if grant is None:
            return as_json({"error": "invalid_grant"}, 400)
        return as_json(_present(self._issue(grant) | self.token))

    def _knows(self, ask: Ask) -> bool:
        scheme, _, basic = ask.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            name, _, secret = base64.b64decode(basic).decode().partition(":")
            return (unquote(name), unquote(secret)) == (CLIENT_ID, self.client_secret)
        return (ask.form.get("client_id"), ask.form.get("client_secret")) == (CLIENT_ID, self.client_secret)

    def _issue(self, grant: _Grant) -> Json:
        access_token, now = f"upstream-access-{secrets.token_urlsafe(16)}", int(time.time())
        self._tokens.add(access_token)
        claims: Json = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "auth_time": grant.auth_time,
            "at_hash": b64(hashlib.sha256(access_token.encode()).digest()[:16]),
            **({} if grant.nonce is None else {"nonce": grant.nonce}),
            **{name: value for name, value in self.person.items() if name not in self.only_userinfo},
            **self.claims,
        }
        told = {name: value for name, value in claims.items() if name not in self.without}
        issued: Json = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": grant.scope,
            "id_token": self.sign(self, _present({"alg": "RS256", "kid": self.kid, "typ": "JWT"} | self.header), told),
        }
        if "offline_access" in grant.scope:
            issued["refresh_token"] = f"upstream-refresh-{secrets.token_urlsafe(16)}"
            self._refresh_tokens[issued["refresh_token"]] = grant
        return issued

    def _userinfo(self, ask: Ask) -> Reply:
        if ask.headers.get("Authorization", "").removeprefix("Bearer ") not in self._tokens:
            return as_json({"error": "invalid_token"}, 401)
        return as_json(self.person | self.userinfo)


def _present(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


@contextmanager
def openid() -> Iterator[OpenID]:
    """A provider, stopped at the end of the block."""
    with OpenID().running() as server:
        yield server

"""OpenID Connect upstreams: code flow with state, PKCE and nonce, and an ID token that is believed for good reasons.

OpenID Connect Core §3.1, Discovery §4, RFC 7636, RFC 9207; R21.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from authlib.oidc.core import CodeIDToken
from joserfc import jwt

from idp.federation.errors import Reason, SignInRefused
from idp.federation.options import Options
from idp.federation.providers import claims, exchange, metadata, signatures, transport
from idp.federation.providers.base import Hints, Tokens, Trip, Upstream, UpstreamProfile
from idp.federation.providers.metadata import Metadata
from idp.oauth.scopes import CLAIMS

LEEWAY_SECONDS = 60
_NEEDED = ("email", "email_verified", "name")
_OK = 200

Received = dict[str, Any]


def said_true(received: Received) -> bool:
    """Whether the upstream says that the address is verified: JSON ``true`` and nothing that resembles it (R22)."""
    return received.get("email_verified") is True


def everybody(_options: Options, _received: Received) -> str | None:
    """No restriction of the kind's own."""
    return None


@dataclass(frozen=True, slots=True)
class OpenIDConnect:
    """One kind of OpenID provider.

    Attributes:
        issuer: of the connection.
        sends_nonce: whether its ID tokens bear the nonce.
        takes_pkce: whether it understands RFC 7636.
        auth_method: of its token endpoint, when its document does not tell the truth.
        is_verified: what says that an address is verified.
        keeps_out: why somebody may not come, or None.
        asks_userinfo: whether userinfo may know what the ID token does not say.
        groups_claim: where groups are, unless the connection says otherwise.
        parameters: more that goes into the address.
        asks_again: what has people prove again that it is them, as far as the upstream can.
    """

    issuer: Callable[[Options], str]
    sends_nonce: bool = True
    takes_pkce: bool = True
    auth_method: str | None = None
    is_verified: Callable[[Received], bool] = said_true
    keeps_out: Callable[[Options, Received], str | None] = everybody
    asks_userinfo: bool = True
    groups_claim: str | None = None
    parameters: Callable[[Options], Mapping[str, str]] = lambda _options: {}
    asks_again: Mapping[str, str] = field(default_factory=lambda: {"prompt": "login", "max_age": "0"})

    @transport.visiting
    def authorization_url(self, upstream: Upstream, trip: Trip, hints: Hints) -> str:
        """Where the browser goes (OpenID Connect Core §3.1.2.1).

        Raises:
            SignInRefused: the upstream does not say where.
        """
        found = metadata.discover(upstream, self.issuer(upstream.options))
        asked: dict[str, Any] = dict(self.parameters(upstream.options))
        if self.sends_nonce:
            asked["nonce"] = trip.nonce
        if hints.login_hint:
            asked["login_hint"] = hints.login_hint
        if hints.reauthenticate:
            asked |= self.asks_again
        if self.takes_pkce:
            asked["code_verifier"] = trip.code_verifier
        scope = " ".join(dict.fromkeys(("openid", "profile", "email", *upstream.options.scope)))
        session = transport.session(
            upstream.client_id,
            scope=scope,
            redirect_uri=upstream.redirect_uri,
            code_challenge_method="S256" if self.takes_pkce else None,
        )
        url, _state = session.create_authorization_url(found.authorization_endpoint, state=trip.state, **asked)
        return str(url)

    @transport.visiting
    def fetch(self, upstream: Upstream, trip: Trip, answer: Mapping[str, str]) -> UpstreamProfile:
        """Who came back (OpenID Connect Core §3.1.3).

        Raises:
            SignInRefused: nobody whom we may believe.
        """
        require_code(answer)
        found = metadata.discover(upstream, self.issuer(upstream.options))
        if answer.get("iss", found.issuer) != found.issuer or (found.says_iss and "iss" not in answer):
            raise SignInRefused(Reason.WRONG_ISSUER, "the answer names another issuer, or none (RFC 9207)")
        issued = self._exchange(upstream, found, trip, answer["code"])
        tokens = exchange.tokens_of(issued)
        received = self._id_token(upstream, found, trip, issued, tokens)
        subject = claims.subject(received.get("sub"))
        is_lacking = any(name not in received for name in self._wanted(upstream.options))
        if self.asks_userinfo and found.userinfo_endpoint and is_lacking:
            told = self._userinfo(found.userinfo_endpoint, tokens, subject)
            received = _joined(received, told, _address_claims(upstream.options))
        kept_out = self.keeps_out(upstream.options, received)
        if kept_out is not None:
            raise SignInRefused(Reason.NOT_PERMITTED, kept_out)
        return self._profile(upstream.options, found.issuer, subject, received, tokens)

    @transport.visiting
    def refresh(self, upstream: Upstream, tokens: Tokens) -> Tokens:
        """Another access token (RFC 6749 §6).

        Raises:
            SignInRefused: they are over.
        """
        refresh_token = exchange.refresh_token_of(tokens)
        found = metadata.discover(upstream, self.issuer(upstream.options))
        issued = exchange.with_secret(
            upstream,
            lambda session: session.refresh_token(found.token_endpoint, refresh_token=refresh_token),
            token_endpoint_auth_method=self._auth_method(found, upstream),
        )
        return exchange.tokens_of(issued)

    def _exchange(self, upstream: Upstream, found: Metadata, trip: Trip, code: str) -> Mapping[str, Any]:
        proof = {"code_verifier": trip.code_verifier} if self.takes_pkce else {}
        return exchange.with_secret(
            upstream,
            lambda session: session.fetch_token(
                found.token_endpoint, code=code, grant_type="authorization_code", **proof
            ),
            redirect_uri=upstream.redirect_uri,
            token_endpoint_auth_method=self._auth_method(found, upstream),
        )

    def _auth_method(self, found: Metadata, upstream: Upstream) -> str:
        if not upstream.client_secrets:
            return "none"
        if self.auth_method is not None:
            return self.auth_method
        takes_post = "client_secret_post" in found.auth_methods
        if takes_post and any(quote(part, safe="") != part for part in (upstream.client_id, *upstream.client_secrets)):
            return "client_secret_post"  # not every server undoes the encoding of RFC 6749 §2.3.1
        return "client_secret_basic" if "client_secret_basic" in found.auth_methods else "client_secret_post"

    def _id_token(
        self, upstream: Upstream, found: Metadata, trip: Trip, issued: Mapping[str, Any], tokens: Tokens
    ) -> Received:
        """The claims of the ID token, verified (OpenID Connect Core §3.1.3.7)."""
        text = issued.get("id_token")
        if not isinstance(text, str):
            raise SignInRefused(Reason.INVALID_ANSWER, "the token endpoint gave no ID token")
        token = self._verified(upstream, found, text)
        if token.claims.get("iss") != found.issuer:
            raise SignInRefused(Reason.WRONG_ISSUER, "the ID token names another issuer than the connection")
        claims.subject(token.claims.get("sub"))
        audience = token.claims.get("aud")
        if upstream.client_id not in (audience if isinstance(audience, list) else [audience]):
            raise SignInRefused(Reason.INVALID_ANSWER, "the ID token is for another client")
        known = CodeIDToken(
            token.claims,
            {**token.header, "alg": "EdDSA"} if token.header["alg"] == "Ed25519" else token.header,  # the same hash
            params={
                "client_id": upstream.client_id,
                "nonce": trip.nonce if self.sends_nonce or "nonce" in token.claims else None,
                "access_token": tokens.access_token,
            },
        )
        try:
            known.validate(leeway=LEEWAY_SECONDS)
        except signatures.FAULTS as refused:
            cause = f"the ID token is not acceptable: {claims.word(str(refused))}"
            raise SignInRefused(Reason.INVALID_ANSWER, cause) from None
        return dict(token.claims)

    def _verified(self, upstream: Upstream, found: Metadata, text: str) -> jwt.Token:
        refusal = ""
        for anew in (False, True):
            try:
                return signatures.read(text, metadata.keys(upstream, found, anew=anew), found.algorithms)
            except ValueError as refused:
                refusal = str(refused)
        raise SignInRefused(Reason.INVALID_ANSWER, f"the signature of the ID token cannot be verified ({refusal})")

    def _userinfo(self, endpoint: str, tokens: Tokens, subject: str) -> Received:
        """More claims (OpenID Connect Core §5.3); those of another subject are nobody's."""
        answer = transport.get(endpoint, headers={"Authorization": f"Bearer {tokens.access_token}"})
        try:
            received = json.loads(answer.body) if answer.status == _OK else None
        except (ValueError, RecursionError):
            received = None
        if not isinstance(received, dict):
            raise SignInRefused(Reason.INVALID_ANSWER, f"userinfo is no JSON object (HTTP {answer.status})")
        if received.get("sub") != subject:
            raise SignInRefused(Reason.INVALID_ANSWER, "userinfo is about another subject than the ID token")
        return received

    def _wanted(self, options: Options) -> tuple[str, ...]:
        more = [*options.claims.values(), options.groups_claim or self.groups_claim]
        return (*_NEEDED, *filter(None, more))

    def _profile(
        self, options: Options, issuer: str, subject: str, received: Received, tokens: Tokens
    ) -> UpstreamProfile:
        named: dict[str, object] = {name: received.get(name) for name in CLAIMS["profile"]}
        named |= {ours: received.get(theirs) for ours, theirs in options.claims.items()}
        groups_claim = options.groups_claim or self.groups_claim
        email, verified = _address_claims(options)
        return UpstreamProfile(
            issuer=issuer,
            subject=subject,
            email=claims.email(received.get(email)),
            email_verified=self.is_verified({**received, "email_verified": received.get(verified)}),
            username=claims.text(received.get("preferred_username") or received.get("nickname")),
            attributes=claims.attributes(named),
            groups=claims.groups(received.get(groups_claim)) if groups_claim else [],
            claims=claims.shown(received),
            tokens=tokens,
            auth_time=claims.seconds(received.get("auth_time")),
        )


def require_code(answer: Mapping[str, str]) -> None:
    """Refuse an answer that is an error (RFC 6749 §4.1.2.1), or none at all.

    Raises:
        SignInRefused: with what the upstream said.
    """
    if "error" in answer:
        error = claims.word(answer["error"])
        reason = Reason.DENIED if error == "access_denied" else Reason.UPSTREAM_ERROR
        raise SignInRefused(reason, f"the upstream answered {error}")
    if not answer.get("code"):
        raise SignInRefused(Reason.INVALID_ANSWER, "the upstream answered neither a code nor an error")


def _address_claims(options: Options) -> tuple[str, str]:
    """Where the address is, and what vouches for it: for another claim `email_verified` says nothing."""
    email = options.claims.get("email", "email")
    return email, options.claims.get("email_verified", "email_verified" if email == "email" else "")


def _joined(signed: Received, told: Received, address: tuple[str, str]) -> Received:
    """The ID token's claims and userinfo's; an address and whether it is verified are one statement (R22)."""
    email = address[0]
    if signed.get(email) is None:
        signed = {name: value for name, value in signed.items() if name not in address}
    elif told.get(email) != signed[email]:
        told = {name: value for name, value in told.items() if name not in address}
    return {**told, **signed}

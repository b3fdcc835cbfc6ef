"""The authorization request as an ordered list of one-rule checks, reading like the specification.

`PROVEN_FIRST` end on our own page, because nobody has proven yet where to go back to (R2); `CHECKS` end at the
client's redirect_uri.  PAR (RFC 9126) and plain requests run through the same lists.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from idp.db.unit import UnitOfWork
from idp.i18n import gettext as _
from idp.ids import parse_id
from idp.keys import signing
from idp.keys.errors import TokenInvalid
from idp.oauth import pkce, redirect_uris, resources, scopes
from idp.oauth.authorize.claims_parameter import InvalidClaims, parse_claims
from idp.oauth.clients import Registration
from idp.oauth.errors import AuthorizationRefused, OAuthError, PageError
from idp.oauth.models import AuthorizationParameters
from idp.oauth.parameters import Parameters

REQUEST_URI_PREFIX = "urn:ietf:params:oauth:request_uri:"
PROMPTS = ("none", "login", "consent", "select_account", "create")
RESPONSE_MODES = ("query", "form_post")
CONNECTION = re.compile(r"[a-z0-9-]{1,50}")
"""The upstream that the client would have the person sign in by: a hint of ours, of which nothing else is believed."""
MAX_AGE = re.compile(r"\d{1,9}")


@dataclass(slots=True)
class Candidate:
    """A request under examination, and what has been accepted of it so far."""

    uow: UnitOfWork
    registration: Registration
    sent: Parameters
    accepted: dict[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        """The parameter as sent."""
        return self.sent.get(name)


Check = Callable[[Candidate], None]


def check_redirect_uri(candidate: Candidate) -> None:
    """Byte for byte one of the registered ones (RFC 6749 §3.1.2.3, RFC 9700 §2.1)."""
    client, sent = candidate.registration.client, candidate.get("redirect_uri")
    native = client.type == "native"
    if sent is None:
        raise PageError(
            _("This link is incomplete"), _("{client} sent you here without a redirect_uri.", client=client.name)
        )
    if not any(redirect_uris.matches(sent, known, native=native) for known in client.redirect_uris):
        raise PageError(
            _("This address is not registered"),
            _(
                "{client} asked to send you back to an address that is not registered for it. "
                "Its developer can add it to the redirect URIs of the application.",
                client=client.name,
            ),
            facts=[("Application", client.name), ("Redirect URI that was sent", sent)],
        )
    candidate.accepted["redirect_uri"] = sent


def check_response_type(candidate: Candidate) -> None:
    """``code`` and nothing else (R1)."""
    if candidate.get("response_type") != "code":
        raise PageError(
            _("This link is not one that we understand"),
            _("{client} must ask with response_type=code.", client=candidate.registration.client.name),
            facts=[("response_type that was sent", candidate.get("response_type") or "(none)")],
            error="unsupported_response_type" if candidate.get("response_type") else "invalid_request",
        )


def check_response_mode(candidate: Candidate) -> None:
    """``query`` or ``form_post`` (OAuth 2.0 Form Post Response Mode)."""
    mode = candidate.get("response_mode") or "query"
    if mode not in RESPONSE_MODES:
        refuse("invalid_request", "response_mode must be query or form_post.")
    candidate.accepted["response_mode"] = mode


def check_state(candidate: Candidate) -> None:
    """Given back as it came (RFC 6749 §4.1.1)."""
    candidate.accepted["state"] = candidate.get("state")


def check_grant_type(candidate: Candidate) -> None:
    """The client is registered for codes (R1)."""
    if "authorization_code" not in candidate.registration.client.grant_types:
        refuse("unauthorized_client", "This client is not registered for the authorization code grant.")


def check_request_object(candidate: Candidate) -> None:
    """No request objects; a request_uri only from our own PAR endpoint (R13)."""
    if candidate.get("request") is not None:
        refuse("request_not_supported", "Request objects are not supported; push the request instead (RFC 9126).")
    if candidate.get("request_uri") is not None:
        refuse("request_uri_not_supported", "Only a request_uri from the pushed authorization request endpoint.")
    if candidate.get("registration") is not None:
        refuse("registration_not_supported", "The registration parameter is not supported.")


def check_scope(candidate: Candidate) -> None:
    """Narrowed to what the client may have; something must be left (RFC 6749 §3.3, R11)."""
    sent = candidate.get("scope")
    asked = scopes.parse(sent) if sent is not None else None
    if asked is None:
        refuse("invalid_scope", "scope is needed: space-separated scope names.")
    allowed = set(candidate.registration.client.scope)
    if "refresh_token" not in candidate.registration.client.grant_types:
        allowed.discard(scopes.OFFLINE_ACCESS)
    candidate.accepted["scope"] = scopes.narrow(asked, allowed)
    if not candidate.accepted["scope"]:
        refuse("invalid_scope", "None of these scopes is open to this client.")


def check_pkce(candidate: Candidate) -> None:
    """S256, always for public clients, by default for all (RFC 7636 §4.3, R3)."""
    client = candidate.registration.client
    challenge, method = candidate.get("code_challenge"), candidate.get("code_challenge_method")
    if challenge is None:
        if client.require_pkce or client.token_endpoint_auth_method == "none":
            refuse("invalid_request", "code_challenge is needed (RFC 7636, S256).")
        if method is not None:
            refuse("invalid_request", "code_challenge_method without code_challenge.")
        return
    if method != "S256":
        refuse("invalid_request", "code_challenge_method must be S256.")
    if not pkce.is_challenge(challenge):
        refuse("invalid_request", "code_challenge must be 43 base64url characters.")
    candidate.accepted["code_challenge"] = challenge


def check_nonce(candidate: Candidate) -> None:
    """Given back in the ID token (OpenID Connect Core §3.1.2.1)."""
    candidate.accepted["nonce"] = candidate.get("nonce")


def check_prompt(candidate: Candidate) -> None:
    """Known values; ``none`` stands alone (OpenID Connect Core §3.1.2.1, Initiating User Registration §4)."""
    prompt = (candidate.get("prompt") or "").split()
    if not set(prompt) <= set(PROMPTS):
        refuse("invalid_request", f"prompt must be among {', '.join(PROMPTS)}.")
    if "none" in prompt and len(prompt) > 1:
        refuse("invalid_request", "prompt=none stands alone.")
    candidate.accepted["prompt"] = prompt


def check_max_age(candidate: Candidate) -> None:
    """Whole seconds (OpenID Connect Core §3.1.2.1)."""
    sent = candidate.get("max_age")
    if sent is not None:
        if not MAX_AGE.fullmatch(sent) or not sent.isascii():
            refuse("invalid_request", "max_age must be a whole number of seconds.")
        candidate.accepted["max_age"] = int(sent)


def check_resource(candidate: Candidate) -> None:
    """Registered API resources that the client may ask for (RFC 8707 §2.1)."""
    try:
        resources.require_targets(candidate.registration, candidate.sent.resource)
    except OAuthError as refused:
        refuse(refused.error, refused.detail)
    candidate.accepted["resource"] = list(candidate.sent.resource)


def check_claims(candidate: Candidate) -> None:
    """The ``claims`` parameter (OpenID Connect Core §5.5), for what the client's scopes could open."""
    sent = candidate.get("claims")
    if sent is None:
        return
    try:
        asked = parse_claims(sent)
    except InvalidClaims as refused:
        refuse("invalid_request", refused.detail)
    open_to_client = scopes.claims_of(candidate.registration.client.scope)
    candidate.accepted["userinfo_claims"] = sorted(asked.userinfo & open_to_client)
    candidate.accepted["id_token_claims"] = sorted(asked.id_token & open_to_client)
    candidate.accepted["required_acr"] = asked.required_acr
    if asked.subject is not None:
        candidate.accepted["hinted_user_id"] = parse_id(asked.subject) or refuse(
            "invalid_request", "claims: sub is not a subject of ours."
        )


def check_id_token_hint(candidate: Candidate) -> None:
    """An ID token of ours for this client; it may have expired (OpenID Connect Core §3.1.2.1)."""
    sent = candidate.get("id_token_hint")
    if sent is None:
        return
    try:
        claims = signing.verify(
            candidate.uow, sent, "JWT", aud=str(candidate.registration.client.id), expired_is_fine=True
        )
    except TokenInvalid:
        refuse("invalid_request", "id_token_hint is not an ID token of ours for this client.")
    hinted = parse_id(claims["sub"])
    if candidate.accepted.get("hinted_user_id") not in {None, hinted}:
        refuse("invalid_request", "id_token_hint and claims name different people.")
    candidate.accepted["hinted_user_id"] = hinted


def check_hints(candidate: Candidate) -> None:
    """Hints that change what the pages show, and classes that are welcome (OpenID Connect Core §3.1.2.1)."""
    candidate.accepted["login_hint"] = candidate.get("login_hint")
    candidate.accepted["ui_locales"] = (candidate.get("ui_locales") or "").split()
    candidate.accepted["acr_values"] = (candidate.get("acr_values") or "").split()
    connection = candidate.get("connection") or ""
    candidate.accepted["connection"] = connection if CONNECTION.fullmatch(connection) else None


PROVEN_FIRST: tuple[Check, ...] = (check_redirect_uri, check_response_type)
CHECKS: tuple[Check, ...] = (
    check_response_mode,
    check_state,
    check_grant_type,
    check_request_object,
    check_scope,
    check_pkce,
    check_nonce,
    check_prompt,
    check_max_age,
    check_resource,
    check_claims,
    check_id_token_hint,
    check_hints,
)


def examine(candidate: Candidate) -> AuthorizationParameters:
    """Run every check in order.

    Raises:
        PageError: before client and redirect_uri are proven.
        AuthorizationRefused: afterwards; `candidate.accepted` then says where to answer.
    """
    for check in (*PROVEN_FIRST, *CHECKS):
        check(candidate)
    return AuthorizationParameters(**candidate.accepted)


def refuse(error: str, detail: str) -> NoReturn:
    """Answer with a registered error code (RFC 6749 §4.1.2.1)."""
    raise AuthorizationRefused(error, detail)

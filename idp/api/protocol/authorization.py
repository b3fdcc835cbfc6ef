"""``authorize``, ``par`` and ``end_session``: where browsers go (RFC 6749 §4.1, RFC 9126, RP-Initiated Logout)."""

from typing import Any

from idp.api.protocol.describe import (
    CLIENT_FIELDS,
    CLIENT_SECURITY,
    ISSUER,
    OF_EVERY_FORM,
    RESOURCE,
    Fault,
    answer,
    form,
    operation,
    page,
    query,
    refusals,
    see_other,
    text,
)
from idp.oauth.authorize.request import PROMPTS, REQUEST_URI_PREFIX, RESPONSE_MODES

_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
_CLIENT_ID = "01981a4e-8d11-7f20-8c55-6a0b9f3e2d41"
_CALLBACK = "https://notes.example/callback"
_FIELDS = {
    "response_type": text("The only one there is.", const="code"),
    "client_id": text("Of the client.", format="uuid"),
    "redirect_uri": text("Byte for byte one of the registered ones.", format="uri"),
    "scope": text("Space-separated; what the client may not have falls away.", example="openid email"),
    "state": text("Given back as it came."),
    "code_challenge": text("RFC 7636, S256.", pattern="^[A-Za-z0-9_-]{43}$"),
    "code_challenge_method": text("The only one there is.", const="S256"),
    "nonce": text("Given back in the ID token."),
    "response_mode": text("How the answer travels; `query` when left out.", enum=list(RESPONSE_MODES)),
    "prompt": text(f"Space-separated: {', '.join(PROMPTS)}. `none` stands alone."),
    "max_age": {"type": "integer", "minimum": 0, "description": "Seconds since the person proved who they are."},
    "login_hint": text("Email address to begin with."),
    "id_token_hint": text("An ID token of ours: this person and nobody else."),
    "acr_values": text("Space-separated classes that are welcome."),
    "ui_locales": text("Space-separated languages, best first."),
    "claims": text("JSON: single claims that are wanted (OpenID Connect Core §5.5)."),
    "resource": RESOURCE,
}
_PUSHED = {
    "request_uri": text("What the pushed authorization request endpoint gave; then `client_id` alone is needed.")
}
_NEEDED = ("response_type", "client_id", "redirect_uri", "scope")
_EXAMPLE = {
    "response_type": "code",
    "redirect_uri": _CALLBACK,
    "scope": "openid email",
    "state": "af0ifjsldkj",
    "code_challenge": _CHALLENGE,
    "code_challenge_method": "S256",
}
_REQUEST_FAULTS: tuple[Fault, ...] = (
    (400, "unsupported_response_type", "Notes must ask with response_type=code."),
    (400, "invalid_scope", "None of these scopes is open to this client."),
    (400, "invalid_target", "An API resource that is unknown here, or not open to this client."),
    (400, "unauthorized_client", "This client is not registered for the authorization code grant."),
    (400, "request_not_supported", "Request objects are not supported; push the request instead (RFC 9126)."),
    (400, "registration_not_supported", "The registration parameter is not supported."),
)
_LOGOUT_FIELDS = {
    "id_token_hint": text("The ID token of the session to end; it may have expired. Without it the person is asked."),
    "client_id": text("Of the client, where there is no hint.", format="uuid"),
    "post_logout_redirect_uri": text("One of the registered ones.", format="uri"),
    "state": text("Given back as it came."),
}
_AUTHORIZE = (
    "For browsers. Signs the person in, asks for consent where it is needed, and sends them back with a `code` or an "
    "`error`, always with `iss` (RFC 9207). PKCE with S256 is needed unless a confidential client is registered "
    "without. What is wrong before client and `redirect_uri` are proven ends on a page of ours; everything else is "
    "answered at the `redirect_uri`."
)
_LOGOUT = (
    "For browsers. A valid `id_token_hint` of this session ends it at once; otherwise a page asks the person. Then "
    "they are sent on to `post_logout_redirect_uri`, where it is registered."
)
_OUTAGES = {"429": page("Too often; `Retry-After` says when to try again."), "503": page("Not now.")}


def paths() -> dict[str, Any]:
    """Operations by address."""
    return {
        f"{ISSUER}/oauth/authorize": {"get": _authorize("authorize"), "post": _authorize("authorize-by-form")},
        f"{ISSUER}/oauth/par": {"post": _push()},
        f"{ISSUER}/oauth/end_session": {"get": _end("rp-logout"), "post": _end("rp-logout-by-form")},
    }


def _authorize(name: str) -> dict[str, Any]:
    by_form = name.endswith("form")
    fields = _FIELDS | _PUSHED
    examples = {
        "Code + PKCE": {**_EXAMPLE, "client_id": _CLIENT_ID},
        "Pushed before": {"client_id": _CLIENT_ID, "request_uri": f"{REQUEST_URI_PREFIX}nmwKlDSaFq3mCn6eQDsyhg"},
    }
    return operation(
        name,
        f"Ask for an authorization{' by a form' if by_form else ''} (RFC 6749 §4.1.1).",
        _AUTHORIZE,
        parameters=() if by_form else query(fields, required=("client_id",)),
        body=form(fields, examples, required=("client_id",)) if by_form else None,
        answers={
            "200": page("`response_mode=form_post`: a page that sends the answer on by itself."),
            "303": see_other("To the next step, or back to the client.", f"{_CALLBACK}?code=…&state=af0ifjsldkj&iss=…"),
            "400": page("A page that says what is wrong, for the developer of the client."),
            "403": page("The tenant is suspended."),
            **_OUTAGES,
        },
    )


def _push() -> dict[str, Any]:
    answered = {
        "type": "object",
        "required": ["request_uri", "expires_in"],
        "properties": {
            "request_uri": text("For the authorization endpoint, once."),
            "expires_in": {"type": "integer", "description": "Seconds."},
        },
    }
    example = {"request_uri": f"{REQUEST_URI_PREFIX}nmwKlDSaFq3mCn6eQDsyhg", "expires_in": 60}
    return operation(
        "push-authorization-request",
        "Push an authorization request (RFC 9126 §2).",
        "The same checks as at the authorization endpoint, answered to the client at once. The browser is then sent "
        "to `authorize` with `client_id` and `request_uri` alone.",
        security=CLIENT_SECURITY,
        body=form(
            {**CLIENT_FIELDS, **_FIELDS}, {"Code + PKCE": _EXAMPLE}, required=[n for n in _NEEDED if n != "client_id"]
        ),
        answers={"201": answer("Kept.", answered, {"Kept": example}), **refusals((*OF_EVERY_FORM, *_REQUEST_FAULTS))},
    )


def _end(name: str) -> dict[str, Any]:
    by_form = name.endswith("form")
    example = {"Ends at once": {"id_token_hint": "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9…", "state": "af0ifjsldkj"}}
    return operation(
        name,
        f"Sign out{' by a form' if by_form else ''} (RP-Initiated Logout §2).",
        _LOGOUT,
        parameters=() if by_form else query(_LOGOUT_FIELDS),
        body=form(_LOGOUT_FIELDS, example) if by_form else None,
        answers={
            "303": see_other("To a page that asks, or on to the client.", "https://notes.example/?state=af0ifjsldkj"),
            "400": page("A page that says what is wrong."),
            "403": page("The tenant is suspended."),
            **_OUTAGES,
        },
    )

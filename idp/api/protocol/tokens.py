"""``token``, ``introspect``, ``revoke`` and ``userinfo`` (RFC 6749, 7662 and 7009, OpenID Connect Core §5.3)."""

from typing import Any

from idp.api.protocol.describe import (
    CLIENT_FIELDS,
    CLIENT_SECURITY,
    INVALID_REQUEST,
    ISSUER,
    OF_EVERY_FORM,
    RESOURCE,
    SUSPENDED,
    TOO_OFTEN,
    UNAVAILABLE,
    answer,
    form,
    operation,
    reference,
    refusals,
    text,
)
from idp.authn.assurance import AAL1

_SUB, _SID = "01981a4e-7c1b-7cc3-9a54-2f1d6f5f0a11", "01981a4e-a6f1-7c93-8b22-0d5f8e1c7a90"
_CLIENT_ID, _GRANT_ID = "01981a4e-8d11-7f20-8c55-6a0b9f3e2d41", "01981a4e-b2c3-7d10-9e44-1a2b3c4d5e6f"
_ISS = "https://id.example/t/acme"
_JWT = "eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ii4uLiJ9…"
_REFRESH = "idp_rt_AZgaTqbxfJOLIg1fjhx6kAAAAAG…"
_GRANT_FIELDS = {
    "grant_type": text(
        "What the client has to show.", enum=["authorization_code", "refresh_token", "client_credentials"]
    ),
    "code": text("`authorization_code`: as it came to the redirect_uri; good once, for a minute."),
    "redirect_uri": text("`authorization_code`: the same as in the authorization request.", format="uri"),
    "code_verifier": text("`authorization_code`: what the challenge was made of.", minLength=43, maxLength=128),
    "refresh_token": text("`refresh_token`: the newest one."),
    "scope": text("`client_credentials`, `refresh_token`: space-separated, to have less than is allowed."),
    "resource": RESOURCE,
}
_NEEDED = {
    "authorization_code": ["grant_type", "code", "redirect_uri"],
    "refresh_token": ["grant_type", "refresh_token"],
    "client_credentials": ["grant_type"],
}
_GRANTS = {
    "A code": {
        "grant_type": "authorization_code",
        "client_id": _CLIENT_ID,
        "code": "idp_ac_9mGmUoTn7vJ0…",
        "redirect_uri": "https://notes.example/callback",
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    },
    "A refresh token": {"grant_type": "refresh_token", "client_id": _CLIENT_ID, "refresh_token": _REFRESH},
    "A machine, for itself": {"grant_type": "client_credentials", "scope": "notes:read"},
    "A machine, for the management API": {
        "grant_type": "client_credentials",
        "scope": "users:read roles:read",
        "resource": [f"{_ISS}/api/v1"],
    },
}
_FOR_A_PERSON = {
    "access_token": _JWT,
    "token_type": "Bearer",
    "expires_in": 600,
    "scope": "openid email notes:read",
    "id_token": "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9…",
    "refresh_token": _REFRESH,
}
_FOR_A_MACHINE = {"access_token": _JWT, "token_type": "Bearer", "expires_in": 600, "scope": "notes:read"}
_ACTIVE = {
    "active": True,
    "token_type": "Bearer",
    "iss": _ISS,
    "sub": _SUB,
    "aud": "https://api.notes.example",
    "client_id": _CLIENT_ID,
    "jti": "01981a4e-c0de-7b21-8f00-5a6b7c8d9e0f",
    "scope": "notes:read",
    "iat": 1795507200,
    "exp": 1795507800,
    "grant_id": _GRANT_ID,
    "sid": _SID,
    "auth_time": 1795507190,
    "acr": AAL1,
    "amr": ["pwd"],
    "roles": ["member"],
}
_ONE = {
    "token": text("Access token or refresh token."),
    "token_type_hint": text("Taken and not needed.", enum=["access_token", "refresh_token"]),
}


def paths() -> dict[str, Any]:
    """Operations by address."""
    return {
        f"{ISSUER}/oauth/token": {"post": _token()},
        f"{ISSUER}/oauth/introspect": {"post": _introspect()},
        f"{ISSUER}/oauth/revoke": {"post": _revoke()},
        f"{ISSUER}/oauth/userinfo": {"get": _userinfo("userinfo"), "post": _userinfo("userinfo-by-form")},
    }


def _token() -> dict[str, Any]:
    alternatives = [
        {"properties": {"grant_type": {"const": name}}, "required": needed} for name, needed in _NEEDED.items()
    ]
    return operation(
        "token",
        "Exchange a grant for tokens (RFC 6749 §3.2).",
        "`authorization_code` takes `code`, `redirect_uri` and `code_verifier`; `refresh_token` takes the newest "
        "`refresh_token`, and answers another; `client_credentials` takes nothing, and gives a machine client a token "
        "for itself. An older refresh token ends everything that came of its authorization. Without `resource` the "
        "token is for every API whose scopes it has.",
        security=CLIENT_SECURITY,
        body=form({**_GRANT_FIELDS, **CLIENT_FIELDS}, _GRANTS, required=["grant_type"], oneOf=alternatives),
        answers={
            "200": answer(
                "Tokens.",
                reference("TokenResponse"),
                {"For a person": _FOR_A_PERSON, "For a machine": _FOR_A_MACHINE},
            ),
            **refusals(
                (
                    *OF_EVERY_FORM,
                    (400, "invalid_grant", "The code is wrong, used, expired or not yours."),
                    (400, "invalid_scope", "A scope that this client may not have."),
                    (400, "invalid_target", "An API resource that is unknown here, or not open to this client."),
                    (400, "unauthorized_client", "This client is not registered for the refresh_token grant."),
                    (400, "unsupported_grant_type", f"grant_type must be among {', '.join(_NEEDED)}."),
                )
            ),
        },
    )


def _introspect() -> dict[str, Any]:
    return operation(
        "introspect",
        "Ask whether a token is good now (RFC 7662 §2).",
        "For confidential clients: of their own tokens, and of those for an API that they are registered as. Roles and "
        "permissions are those of now.",
        security=CLIENT_SECURITY,
        body=form({**_ONE, **CLIENT_FIELDS}, {"An access token": {"token": _JWT}}, required=["token"]),
        answers={
            "200": answer(
                "What is known of it.",
                reference("Introspection"),
                {"Good": _ACTIVE, "Not good": {"active": False}},
            ),
            **refusals(OF_EVERY_FORM),
        },
    )


def _revoke() -> dict[str, Any]:
    return operation(
        "revoke",
        "End a token (RFC 7009 §2).",
        "A refresh token ends with everything that came of its authorization, an access token alone. A token that is "
        "unknown or somebody else's changes nothing, and is no error.",
        security=CLIENT_SECURITY,
        body=form(
            {**_ONE, **CLIENT_FIELDS},
            {"A refresh token": {"token": _REFRESH, "client_id": _CLIENT_ID}},
            required=["token"],
        ),
        answers={"200": answer("Done; there is nothing to say."), **refusals(OF_EVERY_FORM)},
    )


def _userinfo(name: str) -> dict[str, Any]:
    by_form = name.endswith("form")
    fields = {"access_token": text("Where it is not in the header (RFC 6750 §2.2).")}
    return operation(
        name,
        f"Show claims about the person{', by a form' if by_form else ''} (OpenID Connect Core §5.3).",
        "For access tokens with the scope `openid`. The token is in the header or, with POST, in the form.",
        security=[{"bearer": []}, {}] if by_form else [{"bearer": []}],
        body={**form(fields, {"Token in the form": {"access_token": _JWT}}), "required": False} if by_form else None,
        answers={
            "200": answer(
                "The person.",
                reference("Userinfo"),
                {"Email": {"sub": _SUB, "email": "ida@acme.example", "email_verified": True}},
            ),
            **refusals(
                (
                    *((INVALID_REQUEST,) if by_form else ()),
                    (401, "invalid_token", "The access token was revoked."),
                    (403, "insufficient_scope", "The access token has no openid scope."),
                    SUSPENDED,
                    TOO_OFTEN,
                    UNAVAILABLE,
                )
            ),
        },
    )

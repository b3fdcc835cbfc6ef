"""What a client looks like in the management API, by the names of RFC 7591."""

from typing import Any

from marshmallow import fields, validate

from idp.api.fields import flag, moment, shown, text
from idp.api.schemas import Body
from idp.oauth import registration
from idp.oauth.models import Client

_MOMENT = "2026-11-24T09:12:00.250000+00:00"
ID = "01981a4e-52ab-7e0c-8d5e-5c1f0d1b7a10"
SECRET = "idp_cs_Zt3vJ9qkS5u1Lr8aXo2dWm7nB4hYc6eGf0pTiQ-xKs"
NEW = {
    "client_name": "Notes",
    "type": "web",
    "redirect_uris": ["https://notes.example/callback"],
    "scope": "openid email offline_access",
}
CLIENT: dict[str, Any] = {
    "client_id": ID,
    **NEW,
    "token_endpoint_auth_method": "client_secret_basic",
    "grant_types": ["authorization_code", "refresh_token"],
    "post_logout_redirect_uris": [],
    "allowed_origins": [],
    "jwks": None,
    "first_party": False,
    "direct_sign_in": False,
    "require_pkce": True,
    "require_pushed_authorization_requests": False,
    "permissions_claim": False,
    "client_uri": None,
    "policy_uri": None,
    "tos_uri": None,
    "disabled_at": None,
    "created_at": _MOMENT,
    "updated_at": _MOMENT,
}
_SECRET_MEMBER = {"client_secret": SECRET}
REGISTERED = CLIENT | _SECRET_MEMBER


def _uris(description: str) -> fields.List[Any]:
    return fields.List(
        fields.String(validate=validate.Length(1, 2000)),
        validate=validate.Length(max=100),
        metadata={"description": description},
    )


def _page(description: str) -> fields.String:
    return text(description, longest=2000, nullable=True, format="uri")


class ChangeClient(Body):
    """Changes of a client; members that are left out stay, null takes away what can be absent."""

    client_name = text("What people see.", longest=100)
    redirect_uris = _uris("Where answers may go; absolute, https, compared byte for byte.")
    post_logout_redirect_uris = _uris("Where people may go after signing out.")
    allowed_origins = _uris("Origins whose scripts may call token, userinfo and the API (CORS).")
    scope = fields.String(
        validate=validate.Length(max=10_000), metadata={"description": "Space-separated: the most that it may ask for."}
    )
    jwks = fields.Dict(
        keys=fields.String(), allow_none=True, metadata={"description": "Public keys, for private_key_jwt (RFC 7517)."}
    )
    first_party = flag("Ours: nobody is asked for consent. Owners only.")
    direct_sign_in = flag("May ask for passwords itself, by the sign-in API. Owners only.")
    require_pkce = flag("Whether PKCE is needed of a confidential client; of a public one it always is.")
    require_pushed_authorization_requests = flag("Whether requests must be pushed (RFC 9126).")
    permissions_claim = flag("Whether access tokens for the tenant's APIs carry `permissions`.")
    client_uri = _page("Its home page.")
    policy_uri = _page("Its privacy policy.")
    tos_uri = _page("Its terms of service.")


class RegisterClient(ChangeClient):
    """A client to register."""

    client_name = text("What people see.", longest=100, required=True)
    type = fields.String(
        validate=validate.OneOf(["web", "spa", "native", "machine"]),
        metadata={"description": "What follows from it is in the answer; `web` when left out."},
    )
    token_endpoint_auth_method = fields.String(
        validate=validate.OneOf(["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]),
        metadata={"description": "How it proves itself; what its type usually has, when left out."},
    )
    grant_types = fields.List(
        fields.String(validate=validate.OneOf(["authorization_code", "refresh_token", "client_credentials"])),
        validate=validate.Length(1, 3),
        metadata={"description": "What it may exchange for tokens; what its type usually has, when left out."},
    )


class ClientOut(Body):
    """A client."""

    client_id = shown("Its id, also in tokens.")
    client_name = shown("What people see.")
    type = shown("`web`, `spa`, `native` or `machine`.")
    token_endpoint_auth_method = shown("How it proves itself.")
    grant_types = fields.List(fields.String(), required=True)
    redirect_uris = fields.List(fields.String(), required=True)
    post_logout_redirect_uris = fields.List(fields.String(), required=True)
    allowed_origins = fields.List(fields.String(), required=True)
    scope = shown("Space-separated.")
    jwks = fields.Dict(required=True, allow_none=True)
    first_party = fields.Boolean(required=True)
    direct_sign_in = fields.Boolean(required=True)
    require_pkce = fields.Boolean(required=True)
    require_pushed_authorization_requests = fields.Boolean(required=True)
    permissions_claim = fields.Boolean(required=True)
    client_uri = shown("Its home page.", allow_none=True)
    policy_uri = shown("Its privacy policy.", allow_none=True)
    tos_uri = shown("Its terms of service.", allow_none=True)
    disabled_at = moment("Since when it is shut out.", allow_none=True)
    created_at = moment("When it was registered.")
    updated_at = moment("When it changed last.")


class RegisteredClient(ClientOut):
    """A client, as it is shown this once."""

    client_secret = fields.String(metadata={"description": "Where it has one. Keep it now: it is not shown again."})


def describe(client: Client) -> dict[str, Any]:
    """A client as the API shows it."""
    return {
        "client_id": str(client.id),
        **registration.members_of(client),
        "disabled_at": client.disabled_at and client.disabled_at.isoformat(),
        "created_at": client.created_at.isoformat(),
        "updated_at": client.updated_at.isoformat(),
    }

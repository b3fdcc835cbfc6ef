"""Client metadata: what an application says of itself at registration (RFC 7591 §2, OpenID Connect Registration)."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

from idp.keys import rsa
from idp.oauth import redirect_uris, scopes
from idp.oauth.errors import ClientMetadataInvalid

ClientType = Literal["web", "spa", "native", "machine"]
AuthMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
GrantType = Literal["authorization_code", "refresh_token", "client_credentials"]

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
]
WebPage = Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://[^\s\x00-\x1f]+$")]

_DEFAULTS: dict[ClientType, tuple[AuthMethod, list[GrantType]]] = {
    "web": ("client_secret_basic", ["authorization_code", "refresh_token"]),
    "spa": ("none", ["authorization_code", "refresh_token"]),
    "native": ("none", ["authorization_code", "refresh_token"]),
    "machine": ("client_secret_basic", ["client_credentials"]),
}
_IGNORED = ("contacts", "logo_uri", "software_id", "software_version", "subject_type", "response_types")


class ClientMetadata(BaseModel):
    """A registration.  Unknown members are refused; those of the standard that mean nothing here are dropped."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    client_name: Name
    type: ClientType = "web"
    token_endpoint_auth_method: AuthMethod = "client_secret_basic"
    grant_types: list[GrantType] = []
    redirect_uris: list[str] = []
    post_logout_redirect_uris: list[str] = []
    allowed_origins: list[str] = []
    scope: str = ""
    jwks: dict[str, Any] | None = None
    first_party: bool = False
    direct_sign_in: bool = False
    require_pkce: bool = True
    require_pushed_authorization_requests: bool = False
    permissions_claim: bool = False
    client_uri: WebPage | None = None
    policy_uri: WebPage | None = None
    tos_uri: WebPage | None = None
    id_token_signed_response_alg: Literal["RS256"] = "RS256"

    @model_validator(mode="before")
    @classmethod
    def _derive(cls, given: Any) -> Any:
        """Fill what follows from the rest: the type from RFC 7591 members, or those from the type."""
        if not isinstance(given, dict):
            return given
        if given.get("response_types", ["code"]) != ["code"]:
            raise ValueError('response_types: only ["code"] is supported')
        if "jwks_uri" in given:
            raise ValueError("jwks_uri: not supported; give the keys themselves as jwks")
        values = {key: value for key, value in given.items() if key not in {*_IGNORED, "application_type"}}
        kind = values.setdefault("type", _type_of(given))
        method, grants = _DEFAULTS[kind if kind in [*_DEFAULTS] else "web"]
        values.setdefault("token_endpoint_auth_method", method)
        values.setdefault("grant_types", grants)
        if values["grant_types"] != ["client_credentials"]:
            values.setdefault("scope", " ".join(scopes.STANDARD))
        return values

    @model_validator(mode="after")
    def _whole(self) -> Self:
        public, browser = self.token_endpoint_auth_method == "none", "authorization_code" in self.grant_types
        if public and "client_credentials" in self.grant_types:
            raise ValueError("grant_types: client_credentials needs a client that can authenticate")
        if public and not self.require_pkce:
            raise ValueError("require_pkce: a public client always needs PKCE")
        if "refresh_token" in self.grant_types and not browser:
            raise ValueError("grant_types: refresh_token comes with authorization_code")
        if browser and not self.redirect_uris:
            raise ValueError("redirect_uris: at least one is needed")
        if self.redirect_uris and not browser:
            raise ValueError("redirect_uris: this client never sends a browser here")
        if (self.token_endpoint_auth_method == "private_key_jwt") != (self.jwks is not None):
            raise ValueError("jwks: goes with private_key_jwt, and private_key_jwt needs it")
        if self.jwks is not None:
            _require_rsa_keys(self.jwks)
        if self.direct_sign_in and not (self.first_party and browser):
            raise ValueError("direct_sign_in: only for a first-party client of people")
        if scopes.parse(self.scope) is None and self.scope:
            raise ValueError("scope: space-separated scope names")
        return self

    @property
    def scope_list(self) -> list[str]:
        """`scope` as a list."""
        return scopes.parse(self.scope) or [] if self.scope else []

    @classmethod
    def read(cls, members: dict[str, Any], *, loopback_http: bool) -> Self:
        """Validate what was given.

        Args:
            members: as in RFC 7591.
            loopback_http: whether any client may use http on a loopback address (R2).

        Raises:
            ClientMetadataInvalid: naming the member.
        """
        try:
            metadata = cls.model_validate(members)
        except ValidationError as refused:
            first = refused.errors()[0]
            message = first["msg"].removeprefix("Value error, ")
            place = ".".join(str(part) for part in first["loc"])
            named = place or message.partition(":")[0]
            field = named if place or named in cls.model_fields else None
            raise ClientMetadataInvalid(f"{place}: {message}" if place else message, field=field) from None
        native = metadata.type == "native"
        for member in ("redirect_uris", "post_logout_redirect_uris"):
            for uri in getattr(metadata, member):
                if (why := redirect_uris.problem(uri, native=native, loopback_http=loopback_http)) is not None:
                    raise ClientMetadataInvalid(f"{member}: {uri} {why}.", field=member)
        for origin in metadata.allowed_origins:
            _require_origin(origin, loopback_http=loopback_http)
        return metadata


def _type_of(given: dict[str, Any]) -> str:
    if given.get("application_type") == "native":
        return "native"
    if given.get("grant_types") == ["client_credentials"]:
        return "machine"
    return "spa" if given.get("token_endpoint_auth_method") == "none" else "web"


def _require_rsa_keys(jwks: dict[str, Any]) -> None:
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not 1 <= len(keys) <= 10:  # noqa: PLR2004 - a set of keys, not a dump
        raise ValueError("jwks: one to ten keys are needed")
    for key in keys:
        if not isinstance(key, dict) or {"d", "p", "q"} & key.keys() or not isinstance(key.get("kid", ""), str):
            raise ValueError("jwks: public RSA keys only, with a kid that is text")
        try:
            rsa.from_jwk(key)
        except ValueError as refused:
            raise ValueError(f"jwks: {refused}") from None


def _require_origin(origin: str, *, loopback_http: bool) -> None:
    why = redirect_uris.problem(origin, native=False, loopback_http=loopback_http)
    if why is None and redirect_uris.origin(origin) != origin:
        why = "must be an origin such as https://app.example.com, with no path"
    if why is not None:
        raise ClientMetadataInvalid(f"allowed_origins: {origin} {why}.", field="allowed_origins")

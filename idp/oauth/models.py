"""Rows of the authorization server.  `Grant` is the parent of code and tokens: revoking it ends them all."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Index, UniqueConstraint, false, func
from sqlalchemy.orm import Mapped, mapped_column

from idp.db.base import Base, Identified, TenantScoped, Timestamped, TypedJSON, tenant_fk

ResponseMode = Literal["query", "form_post"]


class Client(TenantScoped, Identified, Timestamped, Base):
    """An application (RFC 6749 §2); ``client_id`` is its id.  Members are named as in RFC 7591."""

    __tablename__ = "clients"

    name: Mapped[str]
    type: Mapped[str]
    token_endpoint_auth_method: Mapped[str]
    redirect_uris: Mapped[list[str]]
    post_logout_redirect_uris: Mapped[list[str]]
    grant_types: Mapped[list[str]]
    scope: Mapped[list[str]]
    allowed_origins: Mapped[list[str]]
    jwks: Mapped[dict[str, Any] | None]
    first_party: Mapped[bool]
    direct_sign_in: Mapped[bool] = mapped_column(server_default=false())
    require_pkce: Mapped[bool]
    require_pushed_authorization_requests: Mapped[bool]
    permissions_claim: Mapped[bool] = mapped_column(server_default=false())
    client_uri: Mapped[str | None]
    policy_uri: Mapped[str | None]
    tos_uri: Mapped[str | None]
    disabled_at: Mapped[datetime | None]


class ClientSecret(TenantScoped, Identified, Base):
    """One of a client's secrets; two live during a rotation (R9)."""

    __tablename__ = "client_secrets"
    __table_args__ = (tenant_fk("client_id", "clients"), Index(None, "tenant_id", "client_id"))

    client_id: Mapped[UUID]
    secret_digest: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]


class ApiResource(TenantScoped, Identified, Timestamped, Base):
    """An API of the tenant's: an audience and the scopes that mean something to it (RFC 8707).

    `client_id` is the machine client that the API itself uses, which may introspect tokens for this audience (R10).
    `permissions_claim` says that its tokens carry what their holder may do there.
    """

    __tablename__ = "api_resources"
    __table_args__ = (
        tenant_fk("client_id", "clients", ondelete="SET NULL (client_id)"),
        UniqueConstraint("tenant_id", "identifier"),
    )

    identifier: Mapped[str]
    name: Mapped[str]
    scope: Mapped[list[str]]
    client_id: Mapped[UUID | None]
    permissions_claim: Mapped[bool] = mapped_column(server_default=false())


class Consent(TenantScoped, Base):
    """A person's remembered yes to a client (R14)."""

    __tablename__ = "consents"
    __table_args__ = (
        tenant_fk("user_id", "users"),
        tenant_fk("client_id", "clients"),
        Index(None, "tenant_id", "client_id", "user_id"),
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    scope: Mapped[list[str]]
    given_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AuthorizationParameters(BaseModel):
    """A validated authorization request, however it came (OpenID Connect Core §3.1.2.1)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    redirect_uri: str
    scope: list[str]
    response_mode: ResponseMode = "query"
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    prompt: list[str] = []
    max_age: int | None = None
    acr_values: list[str] = []
    required_acr: list[str] = []
    login_hint: str | None = None
    ui_locales: list[str] = []
    resource: list[str] = []
    userinfo_claims: list[str] = []
    id_token_claims: list[str] = []
    hinted_user_id: UUID | None = None
    connection: str | None = None


class AuthorizationRequest(TenantScoped, Identified, Base):
    """A stored request and how far it has come.  A pushed one waits under `request_uri_digest` for its browser."""

    __tablename__ = "authorization_requests"
    __table_args__ = (
        tenant_fk("client_id", "clients"),
        UniqueConstraint("tenant_id", "request_uri_digest"),
        Index(None, "expires_at"),
    )

    client_id: Mapped[UUID]
    parameters: Mapped[AuthorizationParameters] = mapped_column(TypedJSON(AuthorizationParameters))
    request_uri_digest: Mapped[bytes | None]
    browser_digest: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    account_selected_at: Mapped[datetime | None]
    consented_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]


class Grant(TenantScoped, Identified, Base):
    """One authorization by a person to a client; parent of its code and tokens (``grant_id``)."""

    __tablename__ = "grants"
    __table_args__ = (
        tenant_fk("user_id", "users"),
        tenant_fk("client_id", "clients"),
        tenant_fk("session_id", "sessions", ondelete="NO ACTION"),
        Index(None, "tenant_id", "user_id"),
        Index(None, "tenant_id", "session_id"),
        Index(None, "tenant_id", "client_id"),
        Index(None, "expires_at"),
    )

    user_id: Mapped[UUID]
    client_id: Mapped[UUID]
    session_id: Mapped[UUID]
    scope: Mapped[list[str]]
    resource: Mapped[list[str]]
    userinfo_claims: Mapped[list[str]]
    id_token_claims: Mapped[list[str]]
    nonce: Mapped[str | None]
    acr: Mapped[str]
    amr: Mapped[list[str]]
    authenticated_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class AuthorizationCode(TenantScoped, Base):
    """Single use, 60 seconds, bound to client, redirect URI and challenge (R4)."""

    __tablename__ = "authorization_codes"
    __table_args__ = (
        tenant_fk("grant_id", "grants"),
        Index(None, "tenant_id", "grant_id"),
        Index(None, "expires_at"),
    )

    code_digest: Mapped[bytes] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID]
    client_id: Mapped[UUID]
    redirect_uri: Mapped[str]
    code_challenge: Mapped[str | None]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class RefreshFamily(TenantScoped, Identified, Base):
    """All refresh tokens of a grant in one row: the live generation, and the seed its tokens are MACed over (R7)."""

    __tablename__ = "refresh_families"
    __table_args__ = (tenant_fk("grant_id", "grants"), Index(None, "tenant_id", "grant_id"))

    grant_id: Mapped[UUID]
    seed: Mapped[bytes]
    generation: Mapped[int] = mapped_column(default=0)
    rotated_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]


class RevokedToken(TenantScoped, Base):
    """An access token that was revoked before it expired (RFC 7009); gone when it would have been."""

    __tablename__ = "revoked_tokens"
    __table_args__ = (Index(None, "expires_at"),)

    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]


class ClientAssertion(TenantScoped, Base):
    """A ``jti`` that a client has used; the primary key is what makes it single-use (R9)."""

    __tablename__ = "client_assertions"
    __table_args__ = (tenant_fk("client_id", "clients"), Index(None, "expires_at"))

    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    jti_digest: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]

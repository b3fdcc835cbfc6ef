"""Rows: an upstream that a tenant trusts, who somebody is there, and a sign-in that is away at one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from idp.db.base import Base, Identified, TenantScoped, Timestamped, TypedJSON, tenant_fk
from idp.federation.options import Options


class Connection(TenantScoped, Identified, Timestamped, Base):
    """An upstream: where it is, as what we are known there, and what its word is worth here.

    `name` is part of the callback URL and never changes.  The secret before the last is kept for a day, so that another
    one can be written down here before it is in force upstream.
    """

    __tablename__ = "connections"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    name: Mapped[str]
    kind: Mapped[str]
    label: Mapped[str]
    position: Mapped[int]
    client_id: Mapped[str]
    client_secret_sealed: Mapped[bytes | None]
    previous_secret_sealed: Mapped[bytes | None]
    secret_changed_at: Mapped[datetime | None]
    options: Mapped[Options] = mapped_column(TypedJSON(Options))
    disabled_at: Mapped[datetime | None]


class ClientConnection(TenantScoped, Base):
    """One of the connections that a client may use; a client with none may use them all."""

    __tablename__ = "client_connections"
    __table_args__ = (
        tenant_fk("client_id", "clients"),
        tenant_fk("connection_id", "connections"),
        Index(None, "tenant_id", "connection_id"),
    )

    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(primary_key=True)


class FederatedIdentity(TenantScoped, Identified, Base):
    """Who somebody is at an upstream: (connection, issuer, subject), to the letter (R22).

    `email` and `username` are what the upstream called them last, to be shown and for nothing else.  Its tokens are
    kept only where the connection says so.
    """

    __tablename__ = "federated_identities"
    __table_args__ = (
        tenant_fk("user_id", "users"),
        tenant_fk("connection_id", "connections"),
        UniqueConstraint("tenant_id", "connection_id", "issuer", "subject"),
        UniqueConstraint("tenant_id", "user_id", "connection_id"),
    )

    user_id: Mapped[UUID]
    connection_id: Mapped[UUID]
    issuer: Mapped[str]
    subject: Mapped[str]
    email: Mapped[str | None]
    username: Mapped[str | None]
    tokens_sealed: Mapped[bytes | None]
    linked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime | None]


class FederationTransaction(TenantScoped, Identified, Base):
    """A browser that is away at an upstream (R21): what it went for, and what it came back with.

    `login_id` is the login that it is part of, `user_id` the person who wants to link; with neither it is a test.
    `received_sealed` is what the upstream said, where something has still to come: a yes to the terms, or whoever asked
    for the test.
    """

    __tablename__ = "federation_transactions"
    __table_args__ = (
        tenant_fk("connection_id", "connections"),
        tenant_fk("login_id", "login_transactions"),
        tenant_fk("user_id", "users"),
        UniqueConstraint("tenant_id", "state_digest"),
        Index(None, "tenant_id", "connection_id"),
        Index(None, "tenant_id", "login_id"),
        Index(None, "tenant_id", "user_id"),
        Index(None, "expires_at"),
    )

    connection_id: Mapped[UUID]
    login_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None]
    browser_digest: Mapped[bytes | None]
    state_digest: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    returned_at: Mapped[datetime | None]
    failure: Mapped[str | None]
    received_sealed: Mapped[bytes | None]
    completed_at: Mapped[datetime | None]

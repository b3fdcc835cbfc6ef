"""Rows: a password, a half-finished login, a session."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from idp.db.base import Base, Identified, TenantScoped, tenant_fk


class PasswordCredential(TenantScoped, Base):
    """A person's password, as Argon2id."""

    __tablename__ = "password_credentials"
    __table_args__ = (tenant_fk("user_id", "users"),)

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    password_hash: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class LoginTransaction(TenantScoped, Identified, Base):
    """A half-finished authentication, bound to one browser and to what it resumes (R32).

    `required_user_id` is set when one particular person must prove again that it is them.
    """

    __tablename__ = "login_transactions"
    __table_args__ = (
        tenant_fk("resume_to", "authorization_requests"),
        tenant_fk("user_id", "users"),
        tenant_fk("required_user_id", "users"),
        Index(None, "tenant_id", "resume_to"),
        Index(None, "expires_at"),
    )

    browser_digest: Mapped[bytes]
    resume_to: Mapped[UUID | None]
    required_user_id: Mapped[UUID | None]
    email_hint: Mapped[str | None]
    user_id: Mapped[UUID | None]
    methods: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]


class Session(TenantScoped, Identified, Base):
    """A browser in which somebody is signed in; ``sid`` is its id, the cookie holds its secret (R37)."""

    __tablename__ = "sessions"
    __table_args__ = (
        tenant_fk("user_id", "users"),
        UniqueConstraint("tenant_id", "secret_digest"),
        Index(None, "tenant_id", "user_id"),
        Index(None, "expires_at"),
    )

    user_id: Mapped[UUID]
    secret_digest: Mapped[bytes]
    authenticated_at: Mapped[datetime]
    methods: Mapped[list[str]]
    acr: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ip: Mapped[str | None]
    user_agent: Mapped[str | None]

"""Rows: a password, a half-finished login, a session, a device; what proves an address, and what slows a guesser."""

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

    `required_user_id` is set when one particular person must prove again that it is them, `next_page` when one of the
    tenant's own pages was asked for: its path below the issuer.
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
    device_digest: Mapped[bytes | None]
    next_page: Mapped[str | None]
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


class Device(TenantScoped, Base):
    """A browser or application that a person has signed in from; `device_digest` is of a secret that it keeps."""

    __tablename__ = "devices"
    __table_args__ = (tenant_fk("user_id", "users"), Index(None, "last_seen_at"))

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    device_digest: Mapped[bytes] = mapped_column(primary_key=True)
    first_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class LoginThrottle(TenantScoped, Base):
    """Consecutive failures of one account name, whether or not anybody has it (R27)."""

    __tablename__ = "login_throttles"
    __table_args__ = (Index(None, "last_failed_at"),)

    account_digest: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    blocked_until: Mapped[datetime]
    last_failed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class OneTimeToken(TenantScoped, Base):
    """The one living token of a purpose and its subject (R33): a newer one takes this row over.

    `id` is that of the message that carries it, `bound` what it was made for, such as an address.  The code is another
    spelling of the token, short-lived and with few guesses, for whoever types it into the browser that asked for it.
    """

    __tablename__ = "one_time_tokens"
    __table_args__ = (
        tenant_fk("user_id", "users"),
        UniqueConstraint("tenant_id", "token_digest"),
        Index(None, "tenant_id", "user_id"),
        Index(None, "expires_at"),
    )

    purpose: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID]
    user_id: Mapped[UUID | None]
    bound: Mapped[str]
    token_digest: Mapped[bytes]
    expires_at: Mapped[datetime]
    code_digest: Mapped[bytes | None]
    code_expires_at: Mapped[datetime | None]
    guesses: Mapped[int]
    used_at: Mapped[datetime | None]

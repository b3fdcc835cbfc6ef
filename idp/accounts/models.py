"""Rows: a sign-up that waits for proof of its address, and an invitation."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.db.base import Base, Identified, TenantScoped, TypedJSON
from idp.users.models import Profile


class Registration(TenantScoped, Identified, Base):
    """A sign-up: nobody is a user before their address is proven, so nobody can sit on another's address.

    `login_id` is the login that it began in and that its proof completes; `browser_digest` of the browser it was typed
    in.  One of an address that somebody has is a row like any other, and can never be completed (R26).
    """

    __tablename__ = "registrations"
    __table_args__ = (Index(None, "tenant_id", "login_id"), Index(None, "expires_at"))

    address: Mapped[str]
    password_hash: Mapped[str]
    profile: Mapped[Profile] = mapped_column(TypedJSON(Profile))
    terms_version: Mapped[str | None]
    login_id: Mapped[UUID]
    browser_digest: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]


class Invitation(TenantScoped, Identified, Base):
    """An address that may have an account here, and the roles that come with it."""

    __tablename__ = "invitations"
    __table_args__ = (
        Index(
            "invitations_one_open",
            "tenant_id",
            "canonical",
            unique=True,
            postgresql_where=text("accepted_at IS NULL AND revoked_at IS NULL"),
        ),
        Index(None, "expires_at"),
    )

    address: Mapped[str]
    canonical: Mapped[str]
    roles: Mapped[list[str]]
    invited_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

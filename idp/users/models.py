"""Rows: a person, and their addresses."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.db.base import Base, Identified, TenantScoped, Timestamped, TypedJSON, tenant_fk

Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Web = Annotated[str, StringConstraints(max_length=2000, pattern=r"^https://[^\s\x00-\x1f]+$")]


class Address(BaseModel):
    """OpenID Connect Core §5.1.1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    formatted: Line | None = None
    street_address: Line | None = None
    locality: Line | None = None
    region: Line | None = None
    postal_code: Line | None = None
    country: Line | None = None


class Profile(BaseModel):
    """The standard claims that a person may fill in (OpenID Connect Core §5.1)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Line | None = None
    given_name: Line | None = None
    family_name: Line | None = None
    middle_name: Line | None = None
    nickname: Line | None = None
    preferred_username: Line | None = None
    profile: Web | None = None
    picture: Web | None = None
    website: Web | None = None
    gender: Line | None = None
    birthdate: Annotated[str, StringConstraints(pattern=r"^\d{4}(-\d{2}-\d{2})?$")] | None = None
    zoneinfo: Line | None = None
    locale: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$")] | None = None
    phone_number: Annotated[str, StringConstraints(pattern=r"^\+[0-9]{6,15}(;ext=[0-9]{1,6})?$")] | None = None
    address: Address | None = None


class User(TenantScoped, Identified, Timestamped, Base):
    """A subscriber account; ``sub`` is its id."""

    __tablename__ = "users"
    __table_args__ = (
        Index(None, "deletes_at", postgresql_where=text("deletes_at IS NOT NULL")),
        Index("users_disabled_idx", "tenant_id", "id", postgresql_where=text("disabled_at IS NOT NULL")),
    )

    profile: Mapped[Profile] = mapped_column(TypedJSON(Profile))
    phone_verified_at: Mapped[datetime | None]
    terms_version: Mapped[str | None]
    terms_accepted_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    deletes_at: Mapped[datetime | None]


class UserEmail(TenantScoped, Identified, Base):
    """An address of a person; `canonical` is what makes it the same address."""

    __tablename__ = "user_emails"
    __table_args__ = (
        tenant_fk("user_id", "users"),
        UniqueConstraint("tenant_id", "canonical"),
        Index("user_emails_one_primary", "tenant_id", "user_id", unique=True, postgresql_where=text("is_primary")),
    )

    user_id: Mapped[UUID]
    address: Mapped[str]
    canonical: Mapped[str]
    is_primary: Mapped[bool]
    verified_at: Mapped[datetime | None]

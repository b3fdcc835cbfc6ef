"""Rows: a tenant, and its logo."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, HttpUrl
from sqlalchemy import Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.budget import Budget
from idp.db.base import Base, Identified, TenantScoped, Timestamped, TypedJSON
from idp.policy import Policy

SYSTEM_SLUG = "system"
DEFAULT_ACCENT = "#3451b2"


def _hex_colour(value: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ValueError("must be a colour such as #3451b2")
    return value.lower()


class Branding(BaseModel):
    """How a tenant's pages look: colours, text and a raster logo, nothing else (R41)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accent: Annotated[str, AfterValidator(_hex_colour)] = DEFAULT_ACCENT
    logo_etag: str | None = None
    terms_url: HttpUrl | None = None
    privacy_url: HttpUrl | None = None


class Tenant(Identified, Timestamped, Base):
    """A customer: one issuer, its own people, keys and policy.  The row outlives the customer as a tombstone.

    `webhook_events` are the types of event that some endpoint of the tenant hears of: to know it here costs a request
    nothing.  Sessions, grants and one-time tokens from earlier than `not_before` are over (R65).
    """

    __tablename__ = "tenants"
    __table_args__ = (Index("tenants_suspended_idx", "slug", postgresql_where=text("suspended_at IS NOT NULL")),)

    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    issuer: Mapped[str] = mapped_column(unique=True)
    policy: Mapped[Policy] = mapped_column(TypedJSON(Policy))
    branding: Mapped[Branding] = mapped_column(TypedJSON(Branding))
    budget: Mapped[Budget] = mapped_column(TypedJSON(Budget), server_default=text("'{}'"))
    data_key_sealed: Mapped[bytes | None]
    webhook_events: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    not_before: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    purged_at: Mapped[datetime | None]


class TenantDomain(TenantScoped, Identified, Base):
    """A domain that the tenant says is its own, proven by a TXT record that holds `challenge`."""

    __tablename__ = "tenant_domains"
    __table_args__ = (UniqueConstraint("tenant_id", "domain"),)

    domain: Mapped[str]
    challenge: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    checked_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]


class TenantLogo(TenantScoped, Base):
    """The logo, re-encoded as PNG by us."""

    __tablename__ = "tenant_logos"

    png: Mapped[bytes]

"""Rows: an alert that was raised."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from idp.db.base import Base, Identified, TenantScoped


class Alert(TenantScoped, Identified, Base):
    """One trouble of one subject in one stretch of time: what is raised again meanwhile is the same alert.

    `subject` is what it is about, an id or a digest of an address, never the address itself.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("tenant_id", "kind", "subject", "window_starts_at"),
        Index(None, "raised_at"),
        Index(None, "tenant_id", "kind", "id"),
    )

    kind: Mapped[str]
    subject: Mapped[str]
    window_starts_at: Mapped[datetime]
    raised_at: Mapped[datetime] = mapped_column(server_default=func.now())
    data: Mapped[dict[str, Any]]

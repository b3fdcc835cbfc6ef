"""Rows: an endpoint, an event on its way to it, and each try."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from idp.db.base import Base, Identified, TenantScoped, Timestamped, tenant_fk


class WebhookEndpoint(TenantScoped, Identified, Timestamped, Base):
    """A URL of the tenant's that hears of events of some types; ``*`` is all of them.

    The secret before the last goes on signing beside the new one for a while after `rotated_at`.
    `failing_since` is when the first of the tries failed that have failed ever since.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (UniqueConstraint("tenant_id", "url"),)

    url: Mapped[str]
    description: Mapped[str | None]
    event_types: Mapped[list[str]]
    secret_sealed: Mapped[bytes]
    previous_secret_sealed: Mapped[bytes | None]
    rotated_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]


class WebhookDelivery(TenantScoped, Identified, Base):
    """One event for one endpoint.  `id` is the ``webhook-id`` of every try, by which a receiver knows a second copy."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        tenant_fk("endpoint_id", "webhook_endpoints"),
        UniqueConstraint("tenant_id", "endpoint_id", "event_id"),
        Index(None, "tenant_id", "endpoint_id", "id"),
        Index(None, "created_at"),
    )

    endpoint_id: Mapped[UUID]
    event_id: Mapped[UUID]
    event_type: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]


class WebhookAttempt(TenantScoped, Identified, Base):
    """One try: what the endpoint answered, or why it did not.  What it said in its body is nobody's business here."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (tenant_fk("delivery_id", "webhook_deliveries"), Index(None, "tenant_id", "delivery_id", "id"))

    delivery_id: Mapped[UUID]
    attempted_at: Mapped[datetime] = mapped_column(server_default=func.now())
    duration_ms: Mapped[int]
    status: Mapped[int | None]
    error: Mapped[str | None]

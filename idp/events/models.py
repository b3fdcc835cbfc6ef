"""Rows: what happened (append-only), and what must be sent."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.db.base import Base, Identified, TenantScoped


class Event(TenantScoped, Identified, Base):
    """One thing that happened.  The app role may insert and read events, never change them.

    `user_id` is whose account it happened to: the target itself, or whoever the target belongs to.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index(None, "tenant_id", "occurred_at"),
        Index(None, "tenant_id", "target_id", "id"),
        Index(None, "tenant_id", "actor_id", "id"),
        Index(None, "tenant_id", "user_id", "id"),
        Index(None, "tenant_id", "type", "id"),
        Index(None, "tenant_id", "outcome", "id"),
        Index(None, "tenant_id", "ip", "id"),
        Index("events_failed_sign_ins_idx", "occurred_at", postgresql_where=text("type = 'login.failed'")),
    )

    type: Mapped[str]
    outcome: Mapped[str]
    occurred_at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor_kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    target_type: Mapped[str | None]
    target_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None]
    ip: Mapped[str | None]
    user_agent: Mapped[str | None]
    request_id: Mapped[str | None]
    data: Mapped[dict[str, Any]]


class EventCount(TenantScoped, Base):
    """How often something happened on one day (UTC), and to how many people; what a year's statistics are read from."""

    __tablename__ = "event_counts"

    day: Mapped[date] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    people: Mapped[int]


class EventRollup(TenantScoped, Base):
    """Up to which day, inclusive, the tenant's events are counted."""

    __tablename__ = "event_rollups"

    counted_until: Mapped[date]


class OutboxMessage(TenantScoped, Identified, Base):
    """Something that must leave the system, at least once.

    `payload` is what an operator may see of it; what only its recipient may see, such as a link that opens something,
    is in `body_sealed`.
    """

    __tablename__ = "outbox_messages"
    __table_args__ = (
        Index(
            "outbox_messages_due_idx",
            "next_attempt_at",
            postgresql_where=text("sent_at IS NULL AND dead_at IS NULL"),
        ),
        Index(None, "sent_at", postgresql_where=text("sent_at IS NOT NULL")),
    )

    kind: Mapped[str]
    payload: Mapped[dict[str, Any]]
    body_sealed: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]
    last_error: Mapped[str | None]

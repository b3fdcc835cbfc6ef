"""Rows: what was answered to a request that may come again."""

from datetime import datetime

from sqlalchemy import Index, func
from sqlalchemy.orm import Mapped, mapped_column

from idp.db.base import Base, TenantScoped


class IdempotentRequest(TenantScoped, Base):
    """A POST under an ``Idempotency-Key``, and its answer, which may hold a secret and so is sealed."""

    __tablename__ = "idempotent_requests"
    __table_args__ = (Index(None, "expires_at"),)

    key_digest: Mapped[bytes] = mapped_column(primary_key=True)
    request_digest: Mapped[bytes]
    answer_sealed: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]

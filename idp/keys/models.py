"""Rows: a signing key and the moments of its life (R18).

``pending`` (published, not signing) → ``active`` (signs) → ``retiring`` (published, verifies) → ``retired`` (gone from
the set); ``revoked`` at any moment, for good.  A pending key with `requested_at` signs as soon as it may.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from idp.db.base import Base, Identified, TenantScoped


class KeyState(StrEnum):
    """Where a key stands in its life."""

    PENDING = "pending"
    ACTIVE = "active"
    RETIRING = "retiring"
    RETIRED = "retired"
    REVOKED = "revoked"


class SigningKey(TenantScoped, Identified, Base):
    """An RSA key of one tenant; `kid` is its RFC 7638 thumbprint."""

    __tablename__ = "signing_keys"
    __table_args__ = (
        UniqueConstraint("tenant_id", "kid"),
        Index(
            "signing_keys_one_active_key",
            "tenant_id",
            unique=True,
            postgresql_where=text("activated_at IS NOT NULL AND retiring_at IS NULL AND revoked_at IS NULL"),
        ),
        Index(
            "signing_keys_one_pending_key",
            "tenant_id",
            unique=True,
            postgresql_where=text("activated_at IS NULL AND revoked_at IS NULL"),
        ),
        Index(
            "signing_keys_living",  # all that `idp.keys.schedule` reads, without the keys themselves
            "tenant_id",
            postgresql_include=["published_at", "activated_at", "requested_at", "retiring_at"],
            postgresql_where=text("retired_at IS NULL AND revoked_at IS NULL"),
        ),
    )

    kid: Mapped[str]
    alg: Mapped[str]
    public_jwk: Mapped[dict[str, Any]]
    private_sealed: Mapped[bytes | None]
    published_at: Mapped[datetime]
    requested_at: Mapped[datetime | None]
    activated_at: Mapped[datetime | None]
    retiring_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    @property
    def state(self) -> KeyState:
        """Read from the moments; there is no state beside them."""
        if self.revoked_at is not None:
            return KeyState.REVOKED
        if self.retired_at is not None:
            return KeyState.RETIRED
        if self.retiring_at is not None:
            return KeyState.RETIRING
        return KeyState.ACTIVE if self.activated_at is not None else KeyState.PENDING

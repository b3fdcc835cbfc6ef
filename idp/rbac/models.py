"""Rows: a role, and User × Role."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from idp.db.base import Base, Identified, TenantScoped, Timestamped, tenant_fk


class Role(TenantScoped, Identified, Timestamped, Base):
    """A name that a tenant's people can hold."""

    __tablename__ = "roles"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    name: Mapped[str]
    is_builtin: Mapped[bool]


class RoleAssignment(TenantScoped, Base):
    """That a person holds a role."""

    __tablename__ = "role_assignments"
    __table_args__ = (tenant_fk("user_id", "users"), tenant_fk("role_id", "roles"))

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    role_id: Mapped[UUID] = mapped_column(primary_key=True)
    assigned_at: Mapped[datetime] = mapped_column(server_default=func.now())

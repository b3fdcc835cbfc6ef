"""Rows: permissions that a tenant defines, roles and what they include, groups, and who holds what."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.db.base import Base, Identified, TenantScoped, Timestamped, tenant_fk


class AppPermission(TenantScoped, Identified, Base):
    """A permission that means something to one of the tenant's own APIs; the product's own are in the code."""

    __tablename__ = "permissions"
    __table_args__ = (
        tenant_fk("resource_id", "api_resources"),
        UniqueConstraint("tenant_id", "name"),
        Index(None, "tenant_id", "resource_id"),
    )

    resource_id: Mapped[UUID]
    name: Mapped[str]
    description: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Role(TenantScoped, Identified, Timestamped, Base):
    """Named permissions that people, groups and machine clients can hold.

    `permissions` are names; those of a built-in role are decided by `idp.rbac.permissions`, and it has none here.
    """

    __tablename__ = "roles"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    name: Mapped[str]
    is_builtin: Mapped[bool]
    description: Mapped[str] = mapped_column(server_default=text("''"), default="")
    permissions: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), default=list)


class RoleInclusion(TenantScoped, Base):
    """That whoever holds a role holds another one by it."""

    __tablename__ = "role_inclusions"
    __table_args__ = (
        tenant_fk("role_id", "roles"),
        tenant_fk("included_id", "roles"),
        Index(None, "tenant_id", "included_id"),
    )

    role_id: Mapped[UUID] = mapped_column(primary_key=True)
    included_id: Mapped[UUID] = mapped_column(primary_key=True)


class RoleAssignment(TenantScoped, Base):
    """That a person holds a role."""

    __tablename__ = "role_assignments"
    __table_args__ = (
        tenant_fk("user_id", "users"),
        tenant_fk("role_id", "roles"),
        Index(None, "tenant_id", "role_id", "user_id"),
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    role_id: Mapped[UUID] = mapped_column(primary_key=True)
    assigned_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Group(TenantScoped, Identified, Timestamped, Base):
    """People who get the same roles together (RFC 7643 §4.2)."""

    __tablename__ = "groups"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")


class GroupMember(TenantScoped, Base):
    """That a person is in a group."""

    __tablename__ = "group_members"
    __table_args__ = (
        tenant_fk("group_id", "groups"),
        tenant_fk("user_id", "users"),
        Index(None, "tenant_id", "user_id"),
    )

    group_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())


class GroupRole(TenantScoped, Base):
    """That the people of a group hold a role."""

    __tablename__ = "group_roles"
    __table_args__ = (
        tenant_fk("group_id", "groups"),
        tenant_fk("role_id", "roles"),
        Index(None, "tenant_id", "role_id"),
    )

    group_id: Mapped[UUID] = mapped_column(primary_key=True)
    role_id: Mapped[UUID] = mapped_column(primary_key=True)
    assigned_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ClientRole(TenantScoped, Base):
    """That a machine client holds a role."""

    __tablename__ = "client_roles"
    __table_args__ = (
        tenant_fk("client_id", "clients"),
        tenant_fk("role_id", "roles"),
        Index(None, "tenant_id", "role_id"),
    )

    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    role_id: Mapped[UUID] = mapped_column(primary_key=True)
    assigned_at: Mapped[datetime] = mapped_column(server_default=func.now())


class OperatorAccess(TenantScoped, Identified, Base):
    """That an operator may act for this tenant, for a reason and for a while (R48)."""

    __tablename__ = "operator_accesses"
    __table_args__ = (Index(None, "expires_at"),)

    operator_id: Mapped[UUID]
    operator_name: Mapped[str]
    reason: Mapped[str]
    permissions: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

"""Roles with permissions, groups, domains, operators' access, answers kept for retries, counts of events."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from idp.db import rls

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TENANT_TABLES = (
    "client_roles",
    "event_counts",
    "event_rollups",
    "group_members",
    "group_roles",
    "groups",
    "idempotent_requests",
    "operator_accesses",
    "permissions",
    "role_inclusions",
    "tenant_domains",
)
_MOMENT = sa.DateTime(timezone=True)
_TEXTS = postgresql.ARRAY(sa.Text())


def upgrade() -> None:
    op.add_column("roles", sa.Column("description", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("roles", sa.Column("permissions", _TEXTS, server_default=sa.text("'{}'"), nullable=False))
    op.add_column("clients", sa.Column("permissions_claim", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column(
        "api_resources", sa.Column("permissions_claim", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    _create(
        "permissions",
        _id(),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        _now("created_at"),
        _fk("permissions", "resource_id", "api_resources"),
        _unique("permissions", "name"),
        key=("id",),
    )
    op.create_index("permissions_tenant_id_resource_id_idx", "permissions", ["tenant_id", "resource_id"])
    _pairs("role_inclusions", ("role_id", "roles"), ("included_id", "roles"))
    op.create_index("role_inclusions_tenant_id_included_id_idx", "role_inclusions", ["tenant_id", "included_id"])
    _create(
        "groups",
        _id(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        _now("created_at"),
        _now("updated_at"),
        _unique("groups", "name"),
        key=("id",),
    )
    _pairs("group_members", ("group_id", "groups"), ("user_id", "users"), _now("added_at"))
    op.create_index("group_members_tenant_id_user_id_idx", "group_members", ["tenant_id", "user_id"])
    _pairs("group_roles", ("group_id", "groups"), ("role_id", "roles"), _now("assigned_at"))
    op.create_index("group_roles_tenant_id_role_id_idx", "group_roles", ["tenant_id", "role_id"])
    _pairs("client_roles", ("client_id", "clients"), ("role_id", "roles"), _now("assigned_at"))
    op.create_index("client_roles_tenant_id_role_id_idx", "client_roles", ["tenant_id", "role_id"])
    _create(
        "operator_accesses",
        _id(),
        sa.Column("operator_id", sa.Uuid(), nullable=False),
        sa.Column("operator_name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("permissions", _TEXTS, nullable=False),
        _now("created_at"),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        key=("id",),
    )
    op.create_index("operator_accesses_expires_at_idx", "operator_accesses", ["expires_at"])
    _create(
        "idempotent_requests",
        sa.Column("key_digest", sa.LargeBinary(), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        _now("created_at"),
        sa.Column("expires_at", _MOMENT, nullable=False),
        key=("key_digest",),
    )
    op.create_index("idempotent_requests_expires_at_idx", "idempotent_requests", ["expires_at"])
    _create(
        "tenant_domains",
        _id(),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("challenge", sa.Text(), nullable=False),
        _now("created_at"),
        sa.Column("checked_at", _MOMENT, nullable=True),
        sa.Column("verified_at", _MOMENT, nullable=True),
        _unique("tenant_domains", "domain"),
        key=("id",),
    )
    _create(
        "event_counts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        key=("day", "type"),
    )
    _create("event_rollups", sa.Column("counted_until", sa.Date(), nullable=False), key=())
    for table in TENANT_TABLES:
        for statement in rls.protect(table):
            op.execute(statement)


def downgrade() -> None:
    for table in ("client_roles", "group_roles", "group_members", "role_inclusions"):
        op.drop_table(table)
    for table in sorted(set(TENANT_TABLES) - {"client_roles", "group_roles", "group_members", "role_inclusions"}):
        op.drop_table(table)
    for table, column in (
        ("api_resources", "permissions_claim"),
        ("clients", "permissions_claim"),
        ("roles", "permissions"),
        ("roles", "description"),
    ):
        op.drop_column(table, column)


def _create(table: str, *members: sa.schema.SchemaItem, key: tuple[str, ...]) -> None:
    """A tenant's table: `tenant_id` leads its key and goes with the tenant (R50)."""
    op.create_table(
        table,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        *members,
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=f"{table}_tenant_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", *key, name=f"{table}_pkey"),
    )


def _pairs(table: str, left: tuple[str, str], right: tuple[str, str], *members: sa.schema.SchemaItem) -> None:
    """A table of who belongs to whom."""
    columns = [sa.Column(column, sa.Uuid(), nullable=False) for column, _ in (left, right)]
    references = [_fk(table, column, target) for column, target in (left, right)]
    _create(table, *columns, *members, *references, key=(left[0], right[0]))


def _id() -> sa.Column[object]:
    return sa.Column("id", sa.Uuid(), nullable=False)


def _fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{target}.tenant_id", f"{target}.id"],
        name=f"{table}_tenant_id_{column}_fkey",
        ondelete="CASCADE",
    )


def _unique(table: str, column: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("tenant_id", column, name=f"{table}_tenant_id_{column}_key")


def _now(column: str) -> sa.Column[object]:
    return sa.Column(column, _MOMENT, server_default=sa.text("now()"), nullable=False)

"""Connections to upstream identity providers, identities there, and sign-ins that are away at one."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from idp.db import rls

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TENANT_TABLES = ("connections", "client_connections", "federated_identities", "federation_transactions")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create(
        "connections",
        _id(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("client_secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("previous_secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("secret_changed_at", _MOMENT, nullable=True),
        sa.Column("options", postgresql.JSONB(), nullable=False),
        sa.Column("disabled_at", _MOMENT, nullable=True),
        _now("created_at"),
        _now("updated_at"),
        _unique("connections", "name"),
        key=("id",),
    )
    _create(
        "client_connections",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        _fk("client_connections", "client_id", "clients"),
        _fk("client_connections", "connection_id", "connections"),
        key=("client_id", "connection_id"),
    )
    _index("client_connections", "connection_id")
    _create(
        "federated_identities",
        _id(),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("tokens_sealed", sa.LargeBinary(), nullable=True),
        _now("linked_at"),
        sa.Column("last_used_at", _MOMENT, nullable=True),
        _fk("federated_identities", "user_id", "users"),
        _fk("federated_identities", "connection_id", "connections"),
        _unique("federated_identities", "connection_id", "issuer", "subject"),
        _unique("federated_identities", "user_id", "connection_id"),
        key=("id",),
    )
    _create(
        "federation_transactions",
        _id(),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("login_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("browser_digest", sa.LargeBinary(), nullable=True),
        sa.Column("state_digest", sa.LargeBinary(), nullable=True),
        _now("created_at"),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("returned_at", _MOMENT, nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("received_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("completed_at", _MOMENT, nullable=True),
        _fk("federation_transactions", "connection_id", "connections"),
        _fk("federation_transactions", "login_id", "login_transactions"),
        _fk("federation_transactions", "user_id", "users"),
        _unique("federation_transactions", "state_digest"),
        key=("id",),
    )
    for column in ("connection_id", "login_id", "user_id"):
        _index("federation_transactions", column)
    op.create_index("federation_transactions_expires_at_idx", "federation_transactions", ["expires_at"])
    for table in TENANT_TABLES:
        for statement in rls.protect(table):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(TENANT_TABLES):
        op.drop_table(table)


def _create(table: str, *members: sa.schema.SchemaItem, key: tuple[str, ...]) -> None:
    """A tenant's table: `tenant_id` leads its key and goes with the tenant (R50)."""
    op.create_table(
        table,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        *members,
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=f"{table}_tenant_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", *key, name=f"{table}_pkey"),
    )


def _id() -> sa.Column[object]:
    return sa.Column("id", sa.Uuid(), nullable=False)


def _fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{target}.tenant_id", f"{target}.id"],
        name=f"{table}_tenant_id_{column}_fkey",
        ondelete="CASCADE",
    )


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("tenant_id", *columns, name=f"{table}_tenant_id_{'_'.join(columns)}_key")


def _index(table: str, column: str) -> None:
    op.create_index(f"{table}_tenant_id_{column}_idx", table, ["tenant_id", column])


def _now(column: str) -> sa.Column[object]:
    return sa.Column(column, _MOMENT, server_default=sa.text("now()"), nullable=False)

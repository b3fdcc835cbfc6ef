"""Webhooks and their deliveries, security alerts, and the moment before which nothing of a tenant counts any more."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from idp.db import rls

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TENANT_TABLES = ("webhook_endpoints", "webhook_deliveries", "webhook_attempts", "alerts")
_MOMENT = sa.DateTime(timezone=True)
_WORDS = postgresql.ARRAY(sa.Text())


def upgrade() -> None:
    op.add_column("tenants", sa.Column("webhook_events", _WORDS, server_default=sa.text("'{}'"), nullable=False))
    op.add_column("tenants", sa.Column("not_before", _MOMENT, nullable=True))
    _create(
        "webhook_endpoints",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("event_types", _WORDS, nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("rotated_at", _MOMENT, nullable=True),
        sa.Column("failing_since", _MOMENT, nullable=True),
        sa.Column("disabled_at", _MOMENT, nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        _now("created_at"),
        _now("updated_at"),
        sa.UniqueConstraint("tenant_id", "url", name="webhook_endpoints_tenant_id_url_key"),
    )
    _create(
        "webhook_deliveries",
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        _now("created_at"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", _MOMENT, nullable=True),
        sa.Column("delivered_at", _MOMENT, nullable=True),
        sa.Column("failed_at", _MOMENT, nullable=True),
        _fk("webhook_deliveries", "endpoint_id", "webhook_endpoints"),
        sa.UniqueConstraint(
            "tenant_id", "endpoint_id", "event_id", name="webhook_deliveries_tenant_id_endpoint_id_event_id_key"
        ),
    )
    op.create_index(
        "webhook_deliveries_tenant_id_endpoint_id_id_idx", "webhook_deliveries", ["tenant_id", "endpoint_id", "id"]
    )
    op.create_index("webhook_deliveries_created_at_idx", "webhook_deliveries", ["created_at"])
    _create(
        "webhook_attempts",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        _now("attempted_at"),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        _fk("webhook_attempts", "delivery_id", "webhook_deliveries"),
    )
    op.create_index(
        "webhook_attempts_tenant_id_delivery_id_id_idx", "webhook_attempts", ["tenant_id", "delivery_id", "id"]
    )
    _create(
        "alerts",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("window_starts_at", _MOMENT, nullable=False),
        _now("raised_at"),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.UniqueConstraint(
            "tenant_id",
            "kind",
            "subject",
            "window_starts_at",
            name="alerts_tenant_id_kind_subject_window_starts_at_key",
        ),
    )
    op.create_index("alerts_raised_at_idx", "alerts", ["raised_at"])
    op.create_index("alerts_tenant_id_kind_id_idx", "alerts", ["tenant_id", "kind", "id"])
    for table in TENANT_TABLES:
        for statement in rls.protect(table):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(TENANT_TABLES):
        op.drop_table(table)
    op.drop_column("tenants", "not_before")
    op.drop_column("tenants", "webhook_events")


def _create(table: str, *members: sa.schema.SchemaItem) -> None:
    """A tenant's table: `tenant_id` leads its key and goes with the tenant (R50)."""
    op.create_table(
        table,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *members,
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=f"{table}_tenant_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=f"{table}_pkey"),
    )


def _fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{target}.tenant_id", f"{target}.id"],
        name=f"{table}_tenant_id_{column}_fkey",
        ondelete="CASCADE",
    )


def _now(column: str) -> sa.Column[object]:
    return sa.Column(column, _MOMENT, server_default=sa.text("now()"), nullable=False)

"""The life of an account: registrations, invitations, one-time tokens, throttles, devices; a tenant's own mails."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from idp.db import rls

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TENANT_TABLES = (
    "devices",
    "invitations",
    "login_throttles",
    "mail_settings",
    "one_time_tokens",
    "registrations",
)
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("tenants", sa.Column("budget", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False))
    op.add_column("clients", sa.Column("direct_sign_in", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("outbox_messages", sa.Column("body_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("login_transactions", sa.Column("device_digest", sa.LargeBinary(), nullable=True))
    op.add_column("login_transactions", sa.Column("next_page", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("terms_version", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("terms_accepted_at", _MOMENT, nullable=True))
    op.add_column("users", sa.Column("deletes_at", _MOMENT, nullable=True))
    op.add_column("events", sa.Column("user_id", sa.Uuid(), nullable=True))
    _create(
        "devices",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("device_digest", sa.LargeBinary(), nullable=False),
        _now("first_seen_at"),
        _now("last_seen_at"),
        _user_fk("devices"),
        key=("user_id", "device_digest"),
    )
    op.create_index("devices_last_seen_at_idx", "devices", ["last_seen_at"])
    _create(
        "invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("canonical", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=True),
        _now("created_at"),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("accepted_at", _MOMENT, nullable=True),
        sa.Column("revoked_at", _MOMENT, nullable=True),
        key=("id",),
    )
    op.create_index(
        "invitations_one_open",
        "invitations",
        ["tenant_id", "canonical"],
        unique=True,
        postgresql_where=sa.text("accepted_at IS NULL AND revoked_at IS NULL"),
    )
    op.create_index("invitations_expires_at_idx", "invitations", ["expires_at"])
    _create(
        "login_throttles",
        sa.Column("account_digest", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("blocked_until", _MOMENT, nullable=False),
        _now("last_failed_at"),
        key=("account_digest",),
    )
    op.create_index("login_throttles_last_failed_at_idx", "login_throttles", ["last_failed_at"])
    _create(
        "mail_settings",
        sa.Column("sender_name", sa.Text(), nullable=True),
        sa.Column("sender_address", sa.Text(), nullable=True),
        sa.Column("smtp_url_sealed", sa.LargeBinary(), nullable=True),
        _now("created_at"),
        _now("updated_at"),
        key=(),
    )
    _create(
        "one_time_tokens",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("bound", sa.Text(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("code_digest", sa.LargeBinary(), nullable=True),
        sa.Column("code_expires_at", _MOMENT, nullable=True),
        sa.Column("guesses", sa.Integer(), nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
        _user_fk("one_time_tokens"),
        sa.UniqueConstraint("tenant_id", "token_digest", name="one_time_tokens_tenant_id_token_digest_key"),
        key=("purpose", "subject_id"),
    )
    op.create_index("one_time_tokens_tenant_id_user_id_idx", "one_time_tokens", ["tenant_id", "user_id"])
    op.create_index("one_time_tokens_expires_at_idx", "one_time_tokens", ["expires_at"])
    _create(
        "registrations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("profile", postgresql.JSONB(), nullable=False),
        sa.Column("terms_version", sa.Text(), nullable=True),
        sa.Column("login_id", sa.Uuid(), nullable=False),
        sa.Column("browser_digest", sa.LargeBinary(), nullable=False),
        _now("created_at"),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("completed_at", _MOMENT, nullable=True),
        key=("id",),
    )
    op.create_index("registrations_tenant_id_login_id_idx", "registrations", ["tenant_id", "login_id"])
    op.create_index("registrations_expires_at_idx", "registrations", ["expires_at"])
    for table in TENANT_TABLES:
        for statement in rls.protect(table):
            op.execute(statement)


def downgrade() -> None:
    for table in TENANT_TABLES:
        op.drop_table(table)
    for table, column in (
        ("events", "user_id"),
        ("users", "deletes_at"),
        ("users", "terms_accepted_at"),
        ("users", "terms_version"),
        ("login_transactions", "next_page"),
        ("login_transactions", "device_digest"),
        ("outbox_messages", "body_sealed"),
        ("clients", "direct_sign_in"),
        ("tenants", "budget"),
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


def _user_fk(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "user_id"],
        ["users.tenant_id", "users.id"],
        name=f"{table}_tenant_id_user_id_fkey",
        ondelete="CASCADE",
    )


def _now(column: str) -> sa.Column[object]:
    return sa.Column(column, _MOMENT, server_default=sa.text("now()"), nullable=False)

"""Indexes behind the lists of the management API: role holders, disabled people, consents, events by each filter."""

import sqlalchemy as sa
from alembic import op

from idp.db import indexes

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    disabled, suspended = sa.text("disabled_at IS NOT NULL"), sa.text("suspended_at IS NOT NULL")
    indexes.build("users_disabled_idx", "users", ["tenant_id", "id"], postgresql_where=disabled)
    indexes.build("tenants_suspended_idx", "tenants", ["slug"], postgresql_where=suspended)
    indexes.build("consents_tenant_id_client_id_user_id_idx", "consents", ["tenant_id", "client_id", "user_id"])
    indexes.build(
        "role_assignments_tenant_id_role_id_user_id_idx", "role_assignments", ["tenant_id", "role_id", "user_id"]
    )
    for column in ("type", "outcome", "ip", "actor_id", "target_id"):
        indexes.build(f"events_tenant_id_{column}_id_idx", "events", ["tenant_id", column, "id"])
    op.drop_index("events_tenant_id_actor_id_idx", "events")
    op.drop_index("events_tenant_id_target_id_idx", "events")


def downgrade() -> None:
    for column in ("actor_id", "target_id"):
        indexes.build(f"events_tenant_id_{column}_idx", "events", ["tenant_id", column])
    for column in ("type", "outcome", "ip", "actor_id", "target_id"):
        op.drop_index(f"events_tenant_id_{column}_id_idx", "events")
    op.drop_index("role_assignments_tenant_id_role_id_user_id_idx", "role_assignments")
    op.drop_index("consents_tenant_id_client_id_user_id_idx", "consents")
    op.drop_index("tenants_suspended_idx", "tenants")
    op.drop_index("users_disabled_idx", "users")

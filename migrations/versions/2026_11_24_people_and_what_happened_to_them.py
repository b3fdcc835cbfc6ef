"""Indexes of people and events, which are large and written to all the time."""

import sqlalchemy as sa
from alembic import op

from idp.db import indexes

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    leaving = sa.text("deletes_at IS NOT NULL")
    indexes.build("users_deletes_at_idx", "users", ["deletes_at"], postgresql_where=leaving)
    indexes.build("events_tenant_id_actor_id_idx", "events", ["tenant_id", "actor_id"])
    indexes.build("events_tenant_id_user_id_id_idx", "events", ["tenant_id", "user_id", "id"])


def downgrade() -> None:
    op.drop_index("events_tenant_id_user_id_id_idx", "events")
    op.drop_index("events_tenant_id_actor_id_idx", "events")
    op.drop_index("users_deletes_at_idx", "users")

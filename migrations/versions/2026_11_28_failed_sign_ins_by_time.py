"""Failed sign-ins of the last minutes, over all tenants: what a spray of passwords is seen by."""

import sqlalchemy as sa
from alembic import op

from idp.db import indexes

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    failed = sa.text("type = 'login.failed'")
    indexes.build("events_failed_sign_ins_idx", "events", ["occurred_at"], postgresql_where=failed)


def downgrade() -> None:
    op.drop_index("events_failed_sign_ins_idx", "events")

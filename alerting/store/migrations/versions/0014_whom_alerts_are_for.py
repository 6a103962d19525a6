"""What somebody is told of is found by who they are, however many alerts there are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add indexes of whom alerts are for and assigned to now, of who was told, and of where else a reader's are looked for."""
    now, open_ = sa.text("until IS NULL"), sa.text("ended_at IS NULL")
    op.create_index("ix_routed_to", "routed", ["recipient"], sqlite_where=now, postgresql_where=now)
    op.create_index("ix_handling_assignee", "handling", ["assignee"], sqlite_where=open_, postgresql_where=open_)
    for of in ("team", "worker", "adviser", "person"):
        op.create_index(f"ix_alert_{of}", "alert", [of, "resolved_on"])
    op.create_index("ix_told_alert_id", "told", ["alert_id"])

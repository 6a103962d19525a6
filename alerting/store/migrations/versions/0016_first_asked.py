"""A week is compared with an earlier one only where the rule was asked then."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add since when each version of a rule is asked: of what was asked already, since it was first there, as far as anybody knows."""
    op.add_column("rule_version", sa.Column("first_asked_on", sa.Date(), nullable=True))
    op.execute("UPDATE rule_version SET first_asked_on = first_seen_on WHERE last_asked_on IS NOT NULL")

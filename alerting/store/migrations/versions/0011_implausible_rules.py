"""A rule may have two brakes at once: one for too many new alerts, and one because more match than can be right."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add how many an implausible rule asked about; a brake that is on is then told apart by its kind too."""
    op.add_column("brake", sa.Column("population", sa.Integer(), nullable=True))
    op.drop_index("ix_brake_on", table_name="brake")
    on = sa.text("released_at IS NULL")
    op.create_index("ix_brake_on", "brake", ["rule", "kind"], unique=True, sqlite_where=on, postgresql_where=on)

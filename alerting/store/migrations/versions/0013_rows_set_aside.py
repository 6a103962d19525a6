"""Rows of the store in which something cannot be read are set aside, as they stood."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alerting.store.column_types import Moment

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add where they are kept."""
    op.create_table(
        "set_aside",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("table_name", sa.String(length=60), nullable=False),
        sa.Column("columns", sa.String(length=200), nullable=False),
        sa.Column("row", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_set_aside")),
    )

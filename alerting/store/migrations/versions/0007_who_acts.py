"""From where people act, and requests that a second person approves: rows of what people did, which point to each other."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add what is new; what an earlier version kept has none of it."""
    op.add_column("act", sa.Column("account", sa.String(length=200), nullable=True))
    op.add_column("act", sa.Column("host", sa.String(length=255), nullable=True))
    op.add_column("act", sa.Column("wanted", sa.JSON(), nullable=True))
    op.add_column("act", sa.Column("answers", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_act_answers"), "act", ["answers"])
    op.add_column("handling", sa.Column("act_id", sa.Integer(), nullable=True))
    op.add_column("silence", sa.Column("act_id", sa.Integer(), nullable=True))

"""Drafts of rules are written on the page, until they are released or discarded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alerting.store.column_types import Moment

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add where they are kept."""
    op.create_table(
        "rule_draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=100), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("based_on", sa.String(length=40), nullable=True),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_draft")),
        sa.UniqueConstraint("rule", name=op.f("uq_rule_draft_rule")),
    )

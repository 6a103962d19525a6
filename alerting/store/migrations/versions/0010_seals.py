"""A chain of seals over what people did, what changed and what was sent; each act is linked to the one before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alerting.store.schema import Moment

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the seals. The next run seals all that there is; acts of before have no link."""
    op.add_column("act", sa.Column("link", sa.String(length=40), nullable=True))
    op.create_table(
        "seal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("previous", sa.String(length=40), nullable=False),
        sa.Column("head", sa.String(length=40), nullable=False),
        sa.Column("reach", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seal")),
    )
    op.create_table(
        "sealed_row",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seal_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("table_name", sa.String(length=30), nullable=False),
        sa.Column("row_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(length=10), nullable=False),
        sa.Column("salt", sa.String(length=16), nullable=False),
        sa.Column("facts", sa.String(length=40), nullable=False),
        sa.Column("contents_salt", sa.String(length=16), nullable=True),
        sa.Column("contents", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["seal_id"], ["seal.id"], name=op.f("fk_sealed_row_seal_id_seal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealed_row")),
        sa.UniqueConstraint("table_name", "row_id", "part", name=op.f("uq_sealed_row_table_name_row_id_part")),
    )

"""The first shape: alerts and their history, runs, the outbox, what each recipient was told."""

from __future__ import annotations

from alembic import op

from alerting.schema import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    metadata.create_all(op.get_bind())

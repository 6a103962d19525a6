"""An alert of what has no team of its own has a service, of whose teams all are told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the service of an alert; those that there are get theirs in the next run."""
    op.add_column("alert", sa.Column("service", sa.String(100), nullable=True))

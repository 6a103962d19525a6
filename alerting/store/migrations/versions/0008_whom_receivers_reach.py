"""Whom a message's receiver reaches: until here a copy in a folder counted as told, as a mail does."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from alerting.store.schema import LAST_WITHOUT_REACH, Moment

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Keep it of each message from now on, and note which runs kept nothing of it."""
    op.add_column("outbox", sa.Column("reach", sa.String(length=20), nullable=True))
    connection = op.get_bind()
    last = connection.execute(sa.text("SELECT max(id) FROM run")).scalar()
    if last is not None:
        state = sa.table("state", sa.column("name", sa.String()), sa.column("value", sa.JSON()), sa.column("at", Moment()))
        connection.execute(state.insert().values(name=LAST_WITHOUT_REACH, value=last, at=datetime.now(UTC)))

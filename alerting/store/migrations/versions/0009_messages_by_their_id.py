"""A message is found by its Message-ID, which is drawn: until here it was made of the key, by which it was found."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Index the ids of messages. Those that were given before stay as they are: their bounces may be on the way."""
    op.create_index(op.f("ix_outbox_message_id"), "outbox", ["message_id"])

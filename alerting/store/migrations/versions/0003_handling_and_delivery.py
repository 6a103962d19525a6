"""Silences, assignments and who was not told; receivers that fail; what was released, and the service's own state."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alerting.store.schema import Moment

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what is new; nothing that is there changes its meaning."""
    op.add_column("occurrence", sa.Column("note", sa.Text(), nullable=True))
    op.add_column("table_reading", sa.Column("loaded_at", Moment(), nullable=True))
    op.add_column("alert", sa.Column("flaps", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("alert", sa.Column("reopened_on", sa.Date(), nullable=True))
    op.add_column("handling", sa.Column("assignee", sa.String(length=200), nullable=True))
    op.add_column("handling", sa.Column("approved_by", sa.String(length=200), nullable=True))
    op.add_column("handling", sa.Column("ended_at", Moment(), nullable=True))
    op.add_column("handling", sa.Column("ended_by", sa.String(length=200), nullable=True))
    op.add_column("outbox", sa.Column("expires_at", Moment(), nullable=True))
    op.add_column("outbox", sa.Column("stands_for", sa.Integer(), nullable=True))
    op.add_column("brake", sa.Column("kind", sa.String(length=20), nullable=False, server_default="storm"))
    _people()
    _service()


def _people() -> None:
    op.create_table(
        "silence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("matcher", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("approved_by", sa.String(length=200), nullable=True),
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("ended_by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silence")),
    )
    op.create_index(op.f("ix_silence_until"), "silence", ["until"])
    op.create_table(
        "withheld",
        sa.Column("alert_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recipient", sa.String(length=200), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_withheld_alert_id_alert")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_withheld_run_id_run")),
        sa.PrimaryKeyConstraint("alert_id", "recipient", name=op.f("pk_withheld")),
    )
    op.create_table(
        "receiver_state",
        sa.Column("receiver", sa.String(length=60), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("opened_at", Moment(), nullable=True),
        sa.Column("next_at", Moment(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("receiver", name=op.f("pk_receiver_state")),
    )
    op.create_table(
        "bad_address",
        sa.Column("receiver", sa.String(length=60), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("receiver", "address", name=op.f("pk_bad_address")),
    )


def _service() -> None:
    op.create_table(
        "source_release",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("table_name", sa.String(length=60), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_release")),
    )
    op.create_table(
        "state",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_state")),
    )
    op.create_table(
        "act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("about", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_act")),
    )

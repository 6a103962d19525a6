"""Whom each alert is for, and why they were not told, from day to day: until here the newest run's reasons alone were kept."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from alerting.store.schema import LAST_WITHOUT_ROUTED, Moment

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Let what is withheld now be so since its day, and note which runs kept nothing of those who were told."""
    op.create_table(
        "routed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(length=200), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_routed_alert_id_alert")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_routed_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routed")),
    )
    op.create_index(op.f("ix_routed_alert_id"), "routed", ["alert_id"])
    op.create_index(
        "ix_routed_now",
        "routed",
        ["alert_id", "recipient"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
    op.execute(
        """INSERT INTO routed (alert_id, recipient, run_id, since, reason)
        SELECT alert_id, recipient, run_id, as_of, reason FROM withheld ORDER BY alert_id, recipient"""
    )
    op.drop_table("withheld")
    connection = op.get_bind()
    last = connection.execute(sa.text("SELECT max(id) FROM run")).scalar()
    if last is not None:
        state = sa.table("state", sa.column("name", sa.String()), sa.column("value", sa.JSON()), sa.column("at", Moment()))
        connection.execute(state.insert().values(name=LAST_WITHOUT_ROUTED, value=last, at=datetime.now(UTC)))

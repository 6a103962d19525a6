"""Rules' files and versions, and which made an alert; brakes; why an alert was not useful."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alerting.store.schema import Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what is new, and name the version that made each alert there is."""
    op.add_column("handling", sa.Column("reason", sa.String(length=20), nullable=True))
    op.add_column("alert", sa.Column("rule_version", sa.String(length=20), nullable=True))
    op.execute(
        """UPDATE alert SET rule_version = (
            SELECT t.rule_version FROM transition t
            WHERE t.id = (SELECT min(first.id) FROM transition first WHERE first.alert_id = alert.id))"""
    )
    op.create_table(
        "rule_file",
        sa.Column("path", sa.String(length=300), nullable=False),
        sa.Column("hash", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("first_seen_at", Moment(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=True),
        sa.Column("last_seen_on", sa.Date(), nullable=False),
        sa.Column("good", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("path", "hash", name=op.f("pk_rule_file")),
    )
    op.create_table(
        "rule_version",
        sa.Column("rule", sa.String(length=120), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("logic", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("path", sa.String(length=300), nullable=False),
        sa.Column("hash", sa.String(length=32), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("first_seen_at", Moment(), nullable=False),
        sa.Column("first_seen_on", sa.Date(), nullable=False),
        sa.Column("first_run", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=True),
        sa.Column("last_asked_on", sa.Date(), nullable=True),
        sa.Column("last_asked_run", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["first_run"], ["run.id"], name=op.f("fk_rule_version_first_run_run")),
        sa.ForeignKeyConstraint(["last_asked_run"], ["run.id"], name=op.f("fk_rule_version_last_asked_run_run")),
        sa.PrimaryKeyConstraint("rule", "version", name=op.f("pk_rule_version")),
    )
    op.create_table(
        "brake",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=120), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("released_at", Moment(), nullable=True),
        sa.Column("released_by", sa.String(length=200), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_brake_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brake")),
    )
    op.create_index(
        "ix_brake_on",
        "brake",
        ["rule"],
        unique=True,
        sqlite_where=sa.text("released_at IS NULL"),
        postgresql_where=sa.text("released_at IS NULL"),
    )

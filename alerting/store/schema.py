"""The tables of the service's own database, in the shape to which the migrations bring it.

A column's `info` says what else is known of what may stand in it: `words`, the only values there are; `json`, that its text is a JSON object.
"""

from __future__ import annotations

from typing import get_args

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    false,
    text,
)  # fmt: skip

from alerting.alerts.acts import ActKind
from alerting.alerts.brakes import Kind
from alerting.model import Condition, DeliveryReason, Level, Reach, Reason
from alerting.notifications.fallback import PASSED_ON
from alerting.notifications.recipient_log import NotToldReason
from alerting.store.column_types import Line, Prose
from alerting.store.column_types import Moment as Moment  # noqa: PLC0414  (released migrations take it from here)

SCHEMA = "0016"
"""The newest migration."""

LAST_WITHOUT_REACH = "last_without_reach"
"""The name in `state` of the last run that was before shape 0008, and kept nothing of whom its receivers reach."""

LAST_WITHOUT_ROUTED = "last_without_routed"
"""The name in `state` of the last run that was before shape 0004, and kept nothing of whom it told."""

RUN_STATES = ("running", "done", "done_with_faults", "failed", "stopped", "abandoned", "missed")
DONE = ("done", "done_with_faults")
"""The states of a run that did its work, be it with faults that administrators were told of."""
MESSAGE_STATES = ("planned", "deferred", "claimed", "accepted", "failed", "unknown", "cancelled")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


alembic_version = Table(
    "alembic_version",
    MetaData(),  # Alembic's own, and none of the tables that a migration brings to their shape
    Column("version_num", String(32), primary_key=True),
)
"""The newest migration that a store has had. Alembic makes the same table where it finds none."""


run = Table(
    "run", metadata,
    Column("id", Integer, primary_key=True),
    Column("job", Line(20), nullable=False),
    Column("as_of", Date, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("status", Line(20), nullable=False, info={"words": RUN_STATES}),
    Column("report", JSON),
)  # fmt: skip

occurrence = Table(
    "occurrence", metadata,
    Column("job", Line(20), primary_key=True),
    Column("as_of", Date, primary_key=True),
    Column("state", Line(20), nullable=False, info={"words": RUN_STATES}),
    Column("owner", Line(100), nullable=False),
    Column("token", Integer, nullable=False),
    Column("lease_until", Moment, nullable=False),
    Column("note", Prose),
)  # fmt: skip

table_reading = Table(
    "table_reading", metadata,
    Column("run_id", ForeignKey("run.id"), primary_key=True),
    Column("table_name", Line(60), primary_key=True),
    Column("as_of", Date, nullable=False),
    Column("rows", Integer),
    Column("problem", Prose),
    Column("loaded_at", Moment),
)  # fmt: skip

alert = Table(
    "alert", metadata,
    Column("id", Integer, primary_key=True),
    Column("ref", Line(20), nullable=False, unique=True),
    Column("rule", Line(120), nullable=False),
    Column("code", Line(20), nullable=False),
    Column("rule_version", Line(20)),
    Column("subject_kind", Line(60), nullable=False),
    Column("subject", Line(200), nullable=False),
    Column("episode", Integer, nullable=False),
    Column("condition", Line(20), nullable=False, info={"words": Condition}),
    Column("level", SmallInteger, nullable=False, info={"words": Level}),
    Column("first_seen", Date, nullable=False),
    Column("level_since", Date, nullable=False),
    Column("unit", Line(40), nullable=False),
    Column("team", Line(100)),
    Column("worker", Line(100)),
    Column("adviser", Line(100)),
    Column("person", Line(100)),
    Column("member", Line(100)),
    Column("also", Line(200), nullable=False),
    Column("streak", Integer, nullable=False),
    Column("streak_on", Date),
    # A Reason, and what else is known of it; so in `transition`.
    Column("held_reason", Prose, info={"words": Reason}),
    Column("held_detail", Prose),
    Column("held_since", Date),
    Column("resolved_on", Date),
    Column("resolved_reason", Prose, info={"words": Reason}),
    Column("resolved_detail", Prose),
    Column("flaps", Integer, nullable=False, server_default="0"),
    Column("reopened_on", Date),
    Column("service", Line(100)),
    UniqueConstraint("rule", "subject", "episode"),
)  # fmt: skip
Index(
    "ix_alert_open", alert.c.rule, alert.c.subject, unique=True,
    sqlite_where=text("resolved_on IS NULL"),
)  # fmt: skip
Index("ix_alert_resolved_on", alert.c.resolved_on)
for _of in (alert.c.team, alert.c.worker, alert.c.adviser, alert.c.person):  # where a reader's alerts are looked for
    Index(f"ix_alert_{_of.name}", _of, alert.c.resolved_on)

# Today's measure of an open alert belongs to the run, not to the alert: the alert's row is written when it changes.
reading = Table(
    "reading", metadata,
    Column("alert_id", ForeignKey("alert.id"), primary_key=True, autoincrement=False),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("measure", Float),
    Column("due", Date),
    Column("facts", Prose, nullable=False, info={"json": True}),
)  # fmt: skip

transition = Table(
    "transition", metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", ForeignKey("alert.id"), nullable=False, index=True),
    Column("run_id", ForeignKey("run.id")),
    Column("at", Moment, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("before", Line(20)),
    Column("after", Line(20), nullable=False, info={"words": Condition}),
    Column("level_before", SmallInteger),
    Column("level_after", SmallInteger, nullable=False),
    Column("reason", Prose, nullable=False),
    Column("detail", Prose),
    Column("by", Line(200), nullable=False),
    Column("rule_version", Line(20)),
)  # fmt: skip

handling = Table(
    "handling", metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", ForeignKey("alert.id"), nullable=False, index=True),
    Column("kind", Line(20), nullable=False, info={"words": ActKind}),
    Column("by", Line(200), nullable=False),
    Column("note", Prose, nullable=False),
    Column("reason", Line(20)),
    Column("until", Date),
    Column("level", SmallInteger, nullable=False, info={"words": Level}),
    Column("at", Moment, nullable=False),
    Column("assignee", Line(200)),
    Column("approved_by", Line(200)),
    Column("ended_at", Moment),
    Column("ended_by", Line(200)),
    # The act by which it was done; none of what an earlier version kept.
    Column("act_id", Integer),
)  # fmt: skip
Index(
    "ix_handling_assignee", handling.c.assignee,
    sqlite_where=text("ended_at IS NULL"),
)  # fmt: skip

silence = Table(
    "silence", metadata,
    Column("id", Integer, primary_key=True),
    # What an alert must be to be silenced, by name: rule, code, level, team, subject.
    Column("matcher", JSON, nullable=False),
    Column("reason", Prose, nullable=False),
    Column("by", Line(200), nullable=False),
    Column("approved_by", Line(200)),
    Column("begins", Date, nullable=False),
    Column("until", Date, nullable=False),
    # How many open alerts it matched when it was made.
    Column("matched", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("ended_by", Line(200)),
    Column("act_id", Integer),
    Index(None, "until"),
)  # fmt: skip

outbox = Table(
    "outbox", metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Line(64), nullable=False, unique=True),
    Column("run_id", ForeignKey("run.id")),
    Column("receiver", Line(60), nullable=False),
    Column("purpose", Line(20), nullable=False),
    Column("recipient", Line(200), nullable=False),
    Column("name", Line(200), nullable=False),
    Column("address", Line(320)),
    Column("as_of", Date, nullable=False),
    Column("urgency", SmallInteger, nullable=False),
    Column("content", Prose, nullable=False),
    Column("message_id", Line(120), nullable=False),
    Column("planned_at", Moment, nullable=False),
    Column("state", Line(20), nullable=False, info={"words": MESSAGE_STATES}),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment),
    Column("owner", Line(100)),
    Column("lease_until", Moment),
    Column("handed_over_at", Moment),
    Column("answer", Prose),
    Column("finished_at", Moment),
    Column("expires_at", Moment),
    Column("stands_for", Integer),
    Column("reason", Line(20), info={"words": DeliveryReason}),
    # A Reach; none of a message that was planned before it was kept.
    Column("reach", Line(20), info={"words": Reach}),
    Index(None, "state", "urgency"),
    Index(None, "receiver", "recipient", "purpose"),
    Index(None, "message_id"),
)  # fmt: skip

delivery = Table(
    "delivery", metadata,
    Column("id", Integer, primary_key=True),
    Column("outbox_id", ForeignKey("outbox.id"), nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("state", Line(20), nullable=False),
    Column("phase", Line(30), nullable=False),
    Column("answer", Prose, nullable=False),
)  # fmt: skip

told = Table(
    "told", metadata,
    Column("receiver", Line(60), primary_key=True),
    Column("recipient", Line(200), primary_key=True),
    Column("alert_id", ForeignKey("alert.id"), primary_key=True, index=True),
    Column("level", SmallInteger, nullable=False, info={"words": Level}),
    Column("condition", Line(20), nullable=False, info={"words": (*Condition, PASSED_ON)}),
    Column("told_on", Date, nullable=False),
)  # fmt: skip

# The recipient log: whom an alert is for, and why they are not told of it. A row is true at the end of each day from `since` to
# the one before `until`, and is written by the run in which that began.
routed = Table(
    "routed", metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", ForeignKey("alert.id"), nullable=False, index=True),
    # `*` for everybody.
    Column("recipient", Line(200), nullable=False),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
    # A NotToldReason; none where nothing keeps it from them.
    Column("reason", Prose, info={"words": NotToldReason}),
    Column("detail", Prose),
)  # fmt: skip
Index(
    "ix_routed_now", routed.c.alert_id, routed.c.recipient, unique=True,
    sqlite_where=text("until IS NULL"),
)  # fmt: skip
Index("ix_routed_to", routed.c.recipient, sqlite_where=text("until IS NULL"))

# A receiver that fails is left alone until `next_at`.
receiver_state = Table(
    "receiver_state", metadata,
    Column("receiver", Line(60), primary_key=True),
    # Those in a row, whoever they were meant for.
    Column("refusals", Integer, nullable=False),
    Column("opened_at", Moment),
    Column("next_at", Moment),
    Column("answer", Prose),
)  # fmt: skip

# An address that a receiver refused for good; it is used again when the directory gives another.
bad_address = Table(
    "bad_address", metadata,
    Column("receiver", Line(60), primary_key=True),
    Column("address", Line(320), primary_key=True),
    Column("since", Moment, nullable=False),
    Column("answer", Prose, nullable=False),
    # Whether it was never asked, as our own settings do not allow the address.
    Column("ours", Boolean, nullable=False, server_default=false()),
)  # fmt: skip

notice = Table(
    "notice", metadata,
    Column("key", Line(64), primary_key=True),
    Column("job", Line(20), nullable=False),
    Column("first_on", Date, nullable=False),
    Column("title", Prose, nullable=False),
)  # fmt: skip

# Every text of a file of rules that a run has used.
rule_file = Table(
    "rule_file", metadata,
    Column("path", Line(300), primary_key=True),
    Column("hash", Line(32), primary_key=True),
    Column("text", Prose, nullable=False),
    Column("first_seen_at", Moment, nullable=False),
    Column("by", Line(200)),
    Column("last_seen_on", Date, nullable=False),
    # Whether what it says was asked, and could be.
    Column("good", Boolean, nullable=False),
)  # fmt: skip

rule_version = Table(
    "rule_version", metadata,
    Column("rule", Line(120), primary_key=True),
    Column("version", Line(20), primary_key=True),
    # A version of only what decides its answers.
    Column("logic", Line(20), nullable=False),
    Column("code", Line(20), nullable=False),
    Column("path", Line(300), nullable=False),
    Column("hash", Line(32), nullable=False),
    Column("params", JSON, nullable=False),
    Column("first_seen_at", Moment, nullable=False),
    Column("first_seen_on", Date, nullable=False),
    Column("first_run", ForeignKey("run.id"), nullable=False),
    # Whose file it is; none where the rule's own file had not changed.
    Column("by", Line(200)),
    Column("first_asked_on", Date),
    Column("last_asked_on", Date),
    Column("last_asked_run", ForeignKey("run.id")),
)  # fmt: skip

# While released_at is empty, nobody is told of an alert of the rule that nobody has been told of; of an implausible rule, of none.
brake = Table(
    "brake", metadata,
    Column("id", Integer, primary_key=True),
    Column("rule", Line(120), nullable=False),
    Column("since", Date, nullable=False),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("count", Integer, nullable=False),
    Column("kind", Line(20), nullable=False, server_default="storm", info={"words": get_args(Kind)}),
    # How many a rule asked about that is implausible.
    Column("population", Integer),
    Column("released_at", Moment),
    Column("released_by", Line(200)),
    Column("note", Prose),
)  # fmt: skip
Index(
    "ix_brake_on", brake.c.rule, brake.c.kind, unique=True,
    sqlite_where=text("released_at IS NULL"),
)  # fmt: skip

# A table's change that somebody has looked at and found right: it counts as trusted with these rows.
source_release = Table(
    "source_release", metadata,
    Column("id", Integer, primary_key=True),
    Column("table_name", Line(60), nullable=False),
    Column("as_of", Date, nullable=False),
    Column("rows", Integer),
    Column("problem", Prose, nullable=False),
    Column("by", Line(200), nullable=False),
    Column("note", Prose, nullable=False),
    Column("at", Moment, nullable=False),
)  # fmt: skip

# What the service remembers of itself, by name: that it holds its fire, that it has gone live, which store this is.
state = Table(
    "state", metadata,
    Column("name", Line(60), primary_key=True),
    Column("value", JSON, nullable=False),
    Column("at", Moment, nullable=False),
)  # fmt: skip

# Everything that people did: who, from where, what, about what, why. Rows are added, and never changed.
act = Table(
    "act", metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("by", Line(200), nullable=False),
    Column("kind", Line(40), nullable=False, info={"words": ActKind}),
    Column("about", Line(200), nullable=False),
    Column("note", Prose, nullable=False),
    # The operating system's account and machine that asked; none of what an earlier version kept.
    Column("account", Line(200)),
    Column("host", Line(255)),
    # What is asked for, of a request.
    Column("wanted", JSON),
    # The request that is approved, withdrawn or done by it.
    Column("answers", Integer),
    # A digest of this act and of the link of the one before.
    Column("link", String(40)),
    Index(None, "answers"),
)  # fmt: skip

# The chain of seals: each over the one before and over what was new since.
seal = Table(
    "seal", metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer),
    Column("at", Moment, nullable=False),
    Column("previous", String(40), nullable=False),
    Column("head", String(40), nullable=False),
    # By table, the greatest number that is sealed.
    Column("reach", JSON, nullable=False),
)  # fmt: skip

# A part of a row that is sealed: digests with salt, of what stays and of what may be erased with its salt.
sealed_row = Table(
    "sealed_row", metadata,
    Column("id", Integer, primary_key=True),
    Column("seal_id", ForeignKey("seal.id"), nullable=False),
    # Which of the seal's rows it is.
    Column("place", Integer, nullable=False),
    Column("table_name", String(30), nullable=False),
    Column("row_id", Integer, nullable=False),
    Column("part", String(10), nullable=False),
    Column("salt", String(16), nullable=False),
    Column("facts", String(40), nullable=False),
    Column("contents_salt", String(16)),
    Column("contents", String(40)),
    UniqueConstraint("table_name", "row_id", "part"),
)  # fmt: skip

# A row, as it stood, in which something could not be read: kept for a while so that somebody can look at it.
set_aside = Table(
    "set_aside", metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("table_name", Line(60), nullable=False),
    # What of it could not be read.
    Column("columns", Line(200), nullable=False),
    Column("row", Prose, nullable=False),
)  # fmt: skip

# A draft of a rule that is written on the page, until it is released or discarded: one of each rule, by its id.
rule_draft = Table(
    "rule_draft", metadata,
    Column("id", Integer, primary_key=True),
    Column("rule", Line(100), nullable=False),
    Column("text", Prose, nullable=False),
    # Of the file that it is to take the place of, as it was when the draft was begun; nothing where there was none.
    Column("based_on", String(40)),
    # Who saved it last, and when.
    Column("by", Line(200), nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("rule"),
)  # fmt: skip


def make_tables(connection: Connection) -> None:
    """Make the tables of an empty store in today's shape at once, and note that it needs no migration up to today's."""
    if connection.dialect.name == "postgresql":
        # Said above for SQLite alone: to name PostgreSQL there would read its dialect wherever a store is, and takes a while.
        for index in (index for table in metadata.tables.values() for index in table.indexes):
            if (where := index.dialect_kwargs.get("sqlite_where")) is not None:
                index.dialect_kwargs["postgresql_where"] = where
    metadata.create_all(connection)
    alembic_version.create(connection)
    connection.execute(alembic_version.insert().values(version_num=SCHEMA))

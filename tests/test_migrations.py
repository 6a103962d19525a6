"""A store of an earlier release, with what it holds, brought to today's shape: nothing is lost, on either database."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from alerting import schema
from alerting.errors import StoreError
from alerting.lifecycle import CLEARED
from alerting.model import Condition, Level
from alerting.store import Store

MIGRATIONS = Path(__file__).parent.parent / "alerting" / "migrations"

OF_0001 = (
    "INSERT INTO run (id, job, as_of, started_at, finished_at, status, report) VALUES (1, 'daily', '2026-03-02', '2026-03-02 07:00:00', '2026-03-02 07:01:00', 'done', '{}')",
    "INSERT INTO occurrence (job, as_of, state, owner, token, lease_until) VALUES ('daily', '2026-03-02', 'done', 'here', 1, '2026-03-02 07:01:00')",
    "INSERT INTO table_reading (run_id, table_name, as_of, rows) VALUES (1, 'ssd_person', '2026-03-02', 100)",
    """INSERT INTO alert (id, ref, rule, code, subject_kind, subject, episode, condition, level, first_seen, level_since, unit, team, also,
        streak, resolved_on, resolved_reason) VALUES
        (1, 'A-OPEN', 'cp-visit-overdue', 'CP-03', 'child_protection_plan', 'C1', 1, 'firing', 3, '2026-03-02', '2026-03-02', 'days', 'T1', '', 0, NULL, NULL),
        (2, 'A-OVER', 'cp-visit-overdue', 'CP-03', 'child_protection_plan', 'C2', 1, 'resolved', 2, '2026-03-02', '2026-03-02', 'days', 'T1', '', 0, '2026-03-03', 'cleared'),
        (3, 'A-BARE', 'cp-visit-overdue', 'CP-03', 'child_protection_plan', 'C3', 1, 'firing', 2, '2026-03-02', '2026-03-02', 'days', 'T1', '', 0, NULL, NULL)""",
    "INSERT INTO reading (alert_id, run_id, measure, due, facts) VALUES (1, 1, 14, '2026-03-01', '{}')",
    """INSERT INTO transition (id, alert_id, run_id, at, as_of, before, after, level_after, reason, by, rule_version) VALUES
        (1, 1, 1, '2026-03-02 07:00:00', '2026-03-02', NULL, 'firing', 2, 'new', 'service', 'first'),
        (2, 2, 1, '2026-03-02 07:00:00', '2026-03-02', NULL, 'firing', 2, 'new', 'service', 'first'),
        (3, 1, 1, '2026-03-03 07:00:00', '2026-03-03', 'firing', 'firing', 3, 'level raised', 'service', 'second'),
        (4, 2, 1, '2026-03-03 07:00:00', '2026-03-03', 'firing', 'resolved', 2, 'cleared', 'service', 'second')""",
    "INSERT INTO handling (id, alert_id, kind, by, note, until, level, at) VALUES (1, 1, 'acknowledge', 'M1', 'visit booked', '2026-03-09', 3, '2026-03-03 09:00:00')",
    """INSERT INTO outbox (id, key, run_id, receiver, purpose, recipient, name, as_of, urgency, content, message_id, planned_at, state, attempts)
        VALUES (1, 'k', 1, 'mail', 'daily', 'M1', 'Person M1', '2026-03-02', 3, '{}', '<k@x>', '2026-03-02 07:00:00', 'accepted', 1)""",
    "INSERT INTO delivery (id, outbox_id, attempt, at, state, phase, answer) VALUES (1, 1, 1, '2026-03-02 07:00:10', 'accepted', 'sent', '250')",
    "INSERT INTO told (receiver, recipient, alert_id, level, condition, told_on) VALUES ('mail', 'M1', 1, 3, 'firing', '2026-03-03')",
    "INSERT INTO notice (key, job, first_on, title) VALUES ('n', 'daily', '2026-03-02', 'something')",
)
"""A store as release 0001 left it after two days; the third alert has no history, as after a restore of half a backup."""


@pytest.fixture
def older(store_url: str) -> Store:
    """A store of shape 0001, made by that release's own migration."""
    from alembic import command
    from alembic.config import Config

    store = Store.connect(store_url)
    config = Config()
    config.set_main_option("script_location", MIGRATIONS.as_posix())
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in OF_0001:
            connection.execute(sa.text(statement))
    return store


def test_an_older_store_is_refused_until_it_is_upgraded(older: Store) -> None:
    url = older.engine.url.render_as_string(hide_password=False)

    with pytest.raises(StoreError, match="older shape") as refused:
        Store.open(url)
    assert "alerting store upgrade" in refused.value.remedy
    older.close()


def test_an_upgrade_loses_nothing_and_gives_todays_shape(older: Store) -> None:
    def rows() -> dict[str, int]:
        with older.engine.connect() as connection:
            names = [name for name in sa.inspect(connection).get_table_names() if name != "alembic_version"]
            return {name: connection.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one() for name in names}

    before = rows()
    older.upgrade()

    assert before.items() <= rows().items()
    assert older.version() == schema.SCHEMA
    [first, third] = older.live()
    assert (first.ref, first.level, first.condition, first.measure) == ("A-OPEN", Level.red, Condition.firing, 14)
    assert (first.acts[0].by, third.ref) == ("M1", "A-BARE")
    over = older.find("A-OVER")
    assert over is not None
    assert over.resolved_reason == CLEARED
    assert [row["reason"] for row in older.history(first.id or 0) if row["kind"] == "change"] == ["new", "level raised"]
    older.close()


def test_an_upgrade_names_the_version_that_made_each_alert_where_its_history_knows_it(older: Store) -> None:
    older.upgrade()

    assert {alert.ref: alert.rule_version for alert in older.alerts()} == {"A-OPEN": "first", "A-OVER": "first", "A-BARE": None}
    older.close()


def test_an_upgraded_store_has_the_shape_of_a_new_one(older: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    older.upgrade()

    with older.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
    older.close()


def test_an_upgrade_that_is_repeated_changes_nothing(older: Store) -> None:
    older.upgrade()
    older.upgrade()

    assert len(older.alerts()) == 3
    older.close()


def test_the_first_migration_is_as_it_was_released() -> None:
    import hashlib

    text = (MIGRATIONS / "versions" / "0001_first.py").read_text("utf-8")

    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "f3dd230557cd43c6"

"""A store of an earlier release, with what it holds, brought to today's shape: nothing is lost, on either database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from alerting.alerts.lifecycle import CLEARED
from alerting.audit import verify
from alerting.errors import StoreError
from alerting.model import Condition, DeliveryReason, Level
from alerting.notifications import recipient_log
from alerting.store import circuit_breaker, schema
from alerting.store.store import Store
from tests.made_council import MONDAY

MIGRATIONS = Path(__file__).parent.parent / "alerting" / "store" / "migrations"

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


def _at(store: Store, revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", MIGRATIONS.as_posix())
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


@pytest.fixture
def older(store_url: str) -> Store:
    """A store of shape 0001, made by that release's own migration."""
    store = Store.connect(store_url)
    _at(store, "0001")
    with store.engine.begin() as connection:
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


def test_what_was_withheld_is_so_since_its_day_and_what_was_told_before_is_said_not_to_be_kept(older: Store) -> None:
    _at(older, "0003")
    with older.engine.begin() as connection:
        connection.execute(
            sa.text(
                """INSERT INTO withheld (alert_id, recipient, run_id, as_of, reason) VALUES
                (1, 'M1', 1, '2026-03-02', 'snoozed until 9 March'), (3, '*', 1, '2026-03-02', 'kept back by the brake of its rule')"""
            )
        )

    older.upgrade()

    with older.transaction() as connection:
        rows = connection.execute(sa.select(schema.routed).order_by(schema.routed.c.alert_id)).all()
        assert [(row.alert_id, row.recipient, row.run_id, row.since, row.until, row.reason) for row in rows] == [
            (1, "M1", 1, MONDAY, None, "snoozed until 9 March"),
            (3, "*", 1, MONDAY, None, "kept back by the brake of its rule"),
        ]
        found = verify.verify(connection, MONDAY, MONDAY, datetime(2026, 3, 3, 9, tzinfo=UTC))
        assert [breach for breach in found.breaches if breach.promise == "I2"] == []
        assert found.not_shown == ("I2 of 2 March 2026: the store did not keep yet whom each alert was for",)
        recipient_log.write(connection, 1, MONDAY, {"cp-visit-overdue"}, {(1, "M1"): "", (1, "S1"): ""})
        rows = connection.execute(sa.select(schema.routed).where(schema.routed.c.until.is_(None))).all()
        assert sorted((row.alert_id, row.recipient) for row in rows) == [(1, "M1"), (1, "S1")]
    older.close()


@pytest.mark.parametrize(
    ("state", "answer", "reason"),
    [
        ("cancelled", "superseded by a newer message", DeliveryReason.superseded),
        ("cancelled", "expired: it was not its turn", DeliveryReason.expired),
        ("unknown", "expired: no answer came", DeliveryReason.expired),
        ("cancelled", "the store was restored; it may have been sent before", DeliveryReason.restored),
        ("cancelled", "not sent: the environment is test, and only production posts to channels", DeliveryReason.not_posted),
        ("failed", "bounced: 550 5.1.1 unknown", DeliveryReason.bounced),
        ("failed", "there is no receiver 'mail' any more", DeliveryReason.no_receiver),
        ("failed", "the message could not be put into words (KeyError)", DeliveryReason.not_rendered),
        ("failed", "the address was refused on 2 March 2026: 550", DeliveryReason.refused_before),
        ("failed", "the receiver broke down (OSError)", DeliveryReason.broke_down),
        ("failed", "the address was refused: 550 no such user", DeliveryReason.refused),
        ("unknown", "handed over by a sender that then died; a card is not repeated", DeliveryReason.not_repeated),
        ("unknown", "no answer came after the message was handed over", DeliveryReason.no_answer),
        ("deferred", "the server answered 451", None),
        ("accepted", "250 expired: queued", None),
    ],
)
def test_why_a_message_ended_becomes_a_value(older: Store, state: str, answer: str, reason: DeliveryReason | None) -> None:
    _at(older, "0004")
    with older.engine.begin() as connection:
        connection.execute(sa.text("UPDATE outbox SET state = :state, answer = :answer"), {"state": state, "answer": answer})

    older.upgrade()

    with older.engine.connect() as connection:
        assert connection.execute(sa.select(schema.outbox.c.reason)).scalar_one() == reason
    older.close()


def test_an_address_that_our_own_settings_refused_is_known_as_such(older: Store) -> None:
    _at(older, "0004")
    with older.engine.begin() as connection:
        connection.execute(
            sa.text(
                """INSERT INTO bad_address (receiver, address, since, answer) VALUES
                ('mail', 'a@x', '2026-03-02 07:00:00', 'not sent: mail may not go to x'), ('mail', 'b@x', '2026-03-02 07:00:00', '550')"""
            )
        )

    older.upgrade()

    with older.transaction() as connection:
        assert {bad.address: bad.ours for bad in circuit_breaker.bad_addresses(connection)} == {"a@x": True, "b@x": False}
    older.close()


def test_a_new_store_keeps_it_from_its_first_run_on(store_url: str) -> None:
    store = Store.open(store_url)
    with store.transaction() as connection:
        assert connection.execute(sa.select(schema.state)).all() == []
    store.close()


def test_an_upgrade_that_is_repeated_changes_nothing(older: Store) -> None:
    older.upgrade()
    older.upgrade()

    assert len(older.alerts()) == 3
    older.close()


def test_the_first_migration_is_as_it_was_released() -> None:
    import hashlib

    text = (MIGRATIONS / "versions" / "0001_first.py").read_text("utf-8")

    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "4192ee74a9b570fa"

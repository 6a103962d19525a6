"""A store of an earlier release, with what it holds, brought to today's shape: nothing is lost, on either database."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from alerting.audit import verify
from alerting.errors import StoreError
from alerting.model import Condition, DeliveryReason, Level, Reason
from alerting.notifications.recipient_log import NotTold, NotToldReason
from alerting.store import schema
from alerting.store.alert_history import Change, read_history
from alerting.store.messages import circuit_breaker
from alerting.store.recipient_log import read_not_told, write
from alerting.store.rule_versions import RuleHistory
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


def changes_of(store: Store, alert: int) -> list[Change]:
    with store.transaction() as connection:
        return [event for event in read_history(connection, alert) if isinstance(event, Change)]


@pytest.fixture
def older(store_url: str) -> Store:
    """A store of shape 0001, made by that release's own migration."""
    store = Store.connect(store_url)
    _at(store, "0001")
    with store.engine.begin() as connection:
        for statement in OF_0001:
            connection.execute(sa.text(statement))
    return store


@pytest.mark.slow
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
    assert over.resolved_reason == Reason.cleared
    assert [change.reason for change in changes_of(older, first.id or 0)] == ["new", "level raised"]
    older.close()


def test_an_upgrade_names_the_version_that_made_each_alert_where_its_history_knows_it(older: Store) -> None:
    older.upgrade()

    assert {alert.ref: alert.rule_version for alert in older.alerts()} == {"A-OPEN": "first", "A-OVER": "first", "A-BARE": None}
    older.close()


@pytest.mark.slow
def test_an_upgraded_store_has_the_shape_of_a_new_one(older: Store) -> None:
    older.upgrade()
    upgraded = _shape(older)

    with older.engine.begin() as connection:
        schema.metadata.drop_all(connection)
        schema.alembic_version.drop(connection)
    older.upgrade()

    assert upgraded == _shape(older)
    assert upgraded.keys() >= {"alert", "outbox", "alembic_version"}
    older.close()


def _shape(store: Store) -> dict[str, object]:
    """Return what a database says of each of its tables."""
    looked = sa.inspect(store.engine)
    return {
        table: {
            "columns": {one["name"]: (one["nullable"], one["default"], str(one["type"])) for one in looked.get_columns(table)},
            "key": looked.get_pk_constraint(table)["constrained_columns"],
            "foreign": sorted((one["constrained_columns"], one["referred_table"]) for one in looked.get_foreign_keys(table)),
            "unique": sorted(one["column_names"] for one in looked.get_unique_constraints(table)),
            "indexes": sorted((str(one["name"]), one["column_names"], bool(one["unique"])) for one in looked.get_indexes(table)),
        }
        for table in looked.get_table_names()
    }


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
        assert [(row.alert_id, row.recipient, row.run_id, row.since, row.until, row.reason, row.detail) for row in rows] == [
            (1, "M1", 1, MONDAY, None, "snoozed", "until 9 March"),
            (3, "*", 1, MONDAY, None, "braked", None),
        ]
        found = verify.verify(connection, MONDAY, MONDAY, datetime(2026, 3, 3, 9, tzinfo=UTC))
        assert [breach for breach in found.breaches if breach.promise == "I2"] == []
        assert found.not_shown == ("I2 of 2 March 2026: the store did not keep yet whom each alert was for",)
        ids = dict(connection.execute(sa.select(schema.alert.c.ref, schema.alert.c.id)).all())
        [ref] = [ref for ref, id_ in ids.items() if id_ == 1]
        write(connection, 1, MONDAY, {"cp-visit-overdue"}, {(ref, "M1"): None, (ref, "S1"): None}, ids)
        rows = connection.execute(sa.select(schema.routed).where(schema.routed.c.until.is_(None))).all()
        assert sorted((row.alert_id, row.recipient) for row in rows) == [(1, "M1"), (1, "S1")]
    older.close()


def test_an_upgrade_takes_a_rule_that_was_asked_for_one_asked_since_it_was_there(older: Store) -> None:
    _at(older, "0015")
    kept = "version, logic, code, path, hash, params, first_seen_at, first_seen_on, first_run"
    values = "'1', '1', 'CP-03', 'a.yaml', 'x', '{}', '2026-03-02 07:00:00', '2026-03-02', 1"
    with older.engine.begin() as connection:
        for rule, last in (("asked", "'2026-03-05'"), ("off", "NULL")):
            connection.execute(
                sa.text(f"INSERT INTO rule_version (rule, last_asked_on, {kept}) VALUES ('{rule}', {last}, {values})")
            )
    older.upgrade()

    with older.transaction() as connection:
        assert RuleHistory(older).asked_since(connection) == {"asked": date(2026, 3, 2)}
    older.close()


MESSAGES_ENDED = (
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
)
"""How messages had ended: their state, the answer in words, and the value that this is now."""


@pytest.mark.slow
def test_why_a_message_ended_becomes_a_value(older: Store) -> None:
    _at(older, "0004")
    kept = "run_id, receiver, purpose, recipient, name, as_of, urgency, content, planned_at, attempts"
    add = f"INSERT INTO outbox (id, key, message_id, state, answer, {kept}) SELECT :id, :key, :key, :state, :answer, {kept} FROM outbox WHERE id = 1"
    with older.engine.begin() as connection:
        for id_, (state, answer, _) in enumerate(MESSAGES_ENDED, 2):
            connection.execute(sa.text(add), {"id": id_, "key": f"<{id_}@x>", "state": state, "answer": answer})

    older.upgrade()

    with older.engine.connect() as connection:
        reasons = connection.execute(sa.select(schema.outbox.c.reason).where(schema.outbox.c.id > 1).order_by(schema.outbox.c.id))
        assert [*reasons.scalars()] == [reason for _, _, reason in MESSAGES_ENDED]
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
        assert {bad.address: bad.ours for bad in circuit_breaker.refused_addresses(connection)} == {"a@x": True, "b@x": False}
    older.close()


# Shape 0006: reasons as values. Each text as the version before wrote it, with odd ones; what it is now: value and detail.

HELD = {
    "not in the data any more, and the data does not say why": (Reason.not_in_data, None),
    "a value the rule needs is not recorded": (Reason.not_recorded, None),
    "the rule cannot be used: `when`: there is no column `x`": (Reason.rule_broken, "`when`: there is no column `x`"),
    "ssd_cp_visits was not loaded; ext_staff has: no rows": (
        Reason.not_asked,
        "ssd_cp_visits was not loaded; ext_staff has: no rows",
    ),
    "left: out": (Reason.not_asked, "left: out"),
    "cleared": (Reason.not_asked, "cleared"),
}
ENDED = {
    "cleared": (Reason.cleared, None),
    "never fired": (Reason.never_fired, None),
    "rule_changed": (Reason.rule_changed, None),
    "rule_removed": (Reason.rule_removed, None),
    "record_merged": (Reason.record_merged, None),
    "left: plan ended": (Reason.left, "plan ended"),
    "left: manual: the plan: ended": (Reason.left, "manual: the plan: ended"),
    "left: cleared": (Reason.left, "cleared"),
    "left: ’twas 100 % – é": (Reason.left, "’twas 100 % – é"),
    "manual: duplicate": (Reason.closed, "duplicate"),
    "manual: left: other": (Reason.closed, "left: other"),
    "Left: plan ended": (Reason.other, "Left: plan ended"),
    "mended by hand after the restore": (Reason.other, "mended by hand after the restore"),
}
GOES_ON = {
    "new": Reason.new,
    "matches": Reason.matches,
    "back again": Reason.back_again,
    "improving": Reason.improving,
    "level raised": Reason.level_raised,
    "level lowered": Reason.level_lowered,
    "reassigned": Reason.reassigned,
    "data trusted again": Reason.trusted_again,
    "record merged": Reason.record_followed,
}
NOT_TOLD = {
    "kept back by the brake of its rule": NotTold(NotToldReason.braked),
    "none of the rules of its job could be asked": NotTold(NotToldReason.nothing_planned),
    "the record is restricted, or not known not to be: only those it names are told": NotTold(NotToldReason.restricted),
    "nobody was found who could be told": NotTold(NotToldReason.nobody_found),
    "snoozed by A. Officer until 9 March 2026": NotTold(NotToldReason.snoozed, "by A. Officer until 9 March 2026"),
    "said by M: N to be recorded on 2 March 2026, and waits for the next load": NotTold(
        NotToldReason.recorded, "by M: N to be recorded on 2 March 2026"
    ),
    "said by M1 to be wrong in the data, and waits until 9 March 2026 for that to be put right": NotTold(
        NotToldReason.data_error, "by M1 to be wrong in the data, and waits until 9 March 2026"
    ),
    "silenced by S, and not due until 9 March 2026 (silence 3)": NotTold(
        NotToldReason.silenced, "by S, and not due until 9 March 2026 (silence 3)"
    ),
    "covered by A-7K3QXM": NotTold(NotToldReason.covered, "A-7K3QXM"),
    "it comes and goes too often: told in the weekly summary only": NotTold(NotToldReason.flapping),
    "improving, and told if it comes back": NotTold(NotToldReason.improving),
    "on hold: the rule cannot be used: snoozed by X": NotTold(NotToldReason.on_hold, "the rule cannot be used: snoozed by X"),
    "acknowledged by M1 and S1 until 9 March 2026, and not due": NotTold(
        NotToldReason.acknowledged, "by M1 and S1 until 9 March 2026"
    ),
    "acknowledged, and not due": NotTold(NotToldReason.other, "acknowledged, and not due"),
    "no receiver of persons is set for this job": NotTold(NotToldReason.no_receiver),
    "Snoozed": NotTold(NotToldReason.other, "Snoozed"),
}


@pytest.fixture
def of_0005(older: Store) -> Store:
    """A store of shape 0005 with an alert, a transition and a row of `routed` for every text."""
    _at(older, "0005")
    changes: list[tuple[str, str]] = [("held", text) for text in (*HELD, "record merged")]
    changes += [("resolved", text) for text in ENDED] + [("firing", text) for text in GOES_ON] + [("held", " "), ("firing", "")]
    with older.engine.begin() as connection:
        insert = """INSERT INTO alert (id, ref, rule, code, subject_kind, subject, episode, condition, level, first_seen, level_since, unit,
            also, streak, held_reason, resolved_on, resolved_reason) VALUES (:id, :ref, 'r', 'R-1', 'child', :ref, 1, :condition, 2,
            '2026-03-02', '2026-03-02', '', '', 0, :held, :ended, :resolved)"""
        for number, text in enumerate((*HELD, *ENDED), 100):
            held = number < 100 + len(HELD)
            values = (
                {"condition": "held", "held": text, "ended": None, "resolved": None}
                if held
                else {"condition": "resolved", "held": None, "ended": date(2026, 3, 3), "resolved": text}
            )
            connection.execute(sa.text(insert), {"id": number, "ref": f"A-{number}"} | values)
        for number, (after, text) in enumerate(changes, 100):
            connection.execute(
                sa.text(
                    """INSERT INTO transition (id, alert_id, run_id, at, as_of, before, after, level_after, reason, by)
                    VALUES (:id, 3, 1, '2026-03-02 07:00:00', '2026-03-02', NULL, :after, 2, :text, 'service')"""
                ),
                {"id": number, "after": after, "text": text},
            )
        for number, text in enumerate((*NOT_TOLD, "", " ")):
            connection.execute(
                sa.text(
                    "INSERT INTO routed (alert_id, recipient, run_id, since, reason) VALUES (3, :who, 1, '2026-03-02', :text)"
                ),
                {"who": f"W{number:02}", "text": text},
            )
    return older


def test_the_reasons_of_alerts_are_values_with_a_detail_and_the_words_stay(of_0005: Store) -> None:
    of_0005.upgrade()

    alerts = {alert.id: alert for alert in of_0005.alerts()}
    for number, (text, why) in enumerate(HELD.items(), 100):
        alert = alerts[number]
        assert (alert.held_reason, alert.held_detail, alert.why_held) == (*why, text)
        assert (alert.resolved_reason, alert.why_resolved) == (None, None)
    for number, (text, why) in enumerate(ENDED.items(), 100 + len(HELD)):
        alert = alerts[number]
        assert (alert.resolved_reason, alert.resolved_detail, alert.why_resolved) == (*why, text)
        assert (alert.held_reason, alert.why_held) == (None, None)
    of_0005.close()


def test_the_history_of_alerts_has_values_with_a_detail_and_the_words_stay(of_0005: Store) -> None:
    of_0005.upgrade()

    with of_0005.transaction() as connection:
        table = schema.transition.c
        query = sa.select(table.after, table.reason, table.detail).where(table.id >= 100).order_by(table.id)
        rows = [tuple(row) for row in connection.execute(query)]
    assert rows == [
        *(("held", reason.value, detail) for reason, detail in HELD.values()),
        ("held", "record_followed", None),
        *(("resolved", reason.value, detail) for reason, detail in ENDED.values()),
        *(("firing", reason.value, None) for reason in GOES_ON.values()),
        ("held", "", None),
        ("firing", "", None),
    ]
    words = [change.reason for change in changes_of(of_0005, 3)]
    assert words == [*HELD, "record merged", *ENDED, *GOES_ON, "", ""]
    of_0005.close()


def test_who_was_not_told_of_an_alert_has_a_value_with_a_detail_and_the_words_stay(of_0005: Store) -> None:
    of_0005.upgrade()

    with of_0005.transaction() as connection:
        assert read_not_told(connection, 3) == [(f"W{n:02}", why) for n, why in enumerate(NOT_TOLD.values())]
        assert [str(why) for _, why in read_not_told(connection, 3)] == list(NOT_TOLD)
        table = schema.routed.c
        told = connection.execute(sa.select(table.recipient, table.detail).where(table.reason.is_(None))).all()
    assert sorted(map(tuple, told)) == [(f"W{len(NOT_TOLD):02}", None), (f"W{len(NOT_TOLD) + 1:02}", None)]
    of_0005.close()


def test_one_recipient_of_an_alert_has_one_row_that_stands_after_the_upgrade_too(of_0005: Store) -> None:
    of_0005.upgrade()

    again = "INSERT INTO routed (alert_id, recipient, run_id, since, until) VALUES (3, 'W00', 1, '2026-03-03', {})"
    with of_0005.engine.begin() as connection:
        connection.execute(sa.text(again.format("'2026-03-04'")))
    with pytest.raises(sa.exc.IntegrityError), of_0005.engine.begin() as connection:
        connection.execute(sa.text(again.format("NULL")))
    of_0005.close()


@pytest.mark.slow
def test_what_a_message_tells_of_alerts_has_them_too(of_0005: Store) -> None:
    items = [
        {"ref": "A-1", "held_reason": text, "resolved_reason": None, "facts": {"resolved_reason": "left: x"}} for text in HELD
    ]
    items += [{"ref": "A-1", "held_reason": None, "resolved_reason": text} for text in ENDED]
    contents = {
        "waits": {"items": items, "hidden": 1},
        "none": {"items": [{"held_reason": None}]},
        "notices": {"notices": ["manual: x"]},
    }
    kept = {key: json.dumps(content) for key, content in contents.items()}
    with of_0005.engine.begin() as connection:
        for number, (key, content) in enumerate({**kept, "wiped": ""}.items(), 2):
            connection.execute(
                sa.text(
                    """INSERT INTO outbox (id, key, run_id, receiver, purpose, recipient, name, as_of, urgency, content, message_id,
                    planned_at, state, attempts) VALUES (:id, :key, 1, 'mail', 'daily', 'M1', 'Person M1', '2026-03-02', 3, :content, '<k@x>',
                    '2026-03-02 07:00:00', 'planned', 0)"""
                ),
                {"id": number, "key": key, "content": content},
            )

    of_0005.upgrade()

    with of_0005.transaction() as connection:
        after = {row.key: row.content for row in connection.execute(sa.select(schema.outbox.c.key, schema.outbox.c.content))}
    assert (after["none"], after["notices"], after["wiped"]) == (kept["none"], kept["notices"], "")
    told = json.loads(after["waits"])
    assert told["hidden"] == 1
    assert [(item["held_reason"], item["held_detail"]) for item in told["items"]] == [
        *HELD.values(),
        *[(None, None)] * len(ENDED),
    ]
    assert [(item["resolved_reason"], item["resolved_detail"]) for item in told["items"]] == (
        [(None, None)] * len(HELD) + list(ENDED.values())
    )
    assert told["items"][0]["facts"] == {"resolved_reason": "left: x"}
    of_0005.close()


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

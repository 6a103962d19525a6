"""What people may do about an alert, what comes of it, and when it ends. An alert's condition is no business of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerting.alerts import handling, handling_state
from alerting.alerts.acts import Request
from alerting.alerts.people import Actor
from alerting.app import App, build
from alerting.casedata.directory import read_directory
from alerting.casedata.trust import Past
from alerting.config import Handling
from alerting.errors import HandlingError
from alerting.evaluation.day import read_day
from alerting.model import Act, Alert, Condition, Level
from alerting.notifications.routing import Router
from alerting.store import acts, recipient_log
from alerting.store.alert_actions import AlertActions
from alerting.store.people import read_people
from alerting.store.store import Transaction
from alerting.working_days import add_working_days, working_days_between
from tests.made_council import MONDAY, somebody
from tests.office import Office

DAY = timedelta(days=1)
WEEK = 7 * DAY
AMBER = Alert(
    id=1, ref="A-23456789", rule="plan-long", code="PL-01", subject_kind="child_protection_plan", subject="C1", episode=1,
    condition=Condition.firing, level=Level.amber, first_seen=MONDAY, level_since=MONDAY,
)  # fmt: skip


def at(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def working_days(start: date, end: date) -> int:
    return working_days_between(start, end, set())


def act(kind: str, by: str = "M1", on: date = MONDAY, **more: Any) -> Act:
    return Act(**{"id": 1, "kind": kind, "by": by, "at": at(on), "level": Level.amber, "until": on + WEEK} | more)


def with_acts(*acts: Act, **changes: Any) -> Alert:
    return replace(AMBER, acts=acts, **changes)


# ---- what stands on a day


def test_an_acknowledgement_stands_until_its_last_day():
    alert = with_acts(act("acknowledge"))

    assert [len(handling_state.active_acknowledgements(alert, MONDAY + days * DAY)) for days in (0, 7, 8)] == [1, 1, 0]


@pytest.mark.parametrize("kind", ["snooze", "data_error", "recorded"])
def test_what_was_put_off_as_amber_is_seen_as_red(kind: str):
    assert handling_state.active_snooze(with_acts(act(kind)), MONDAY)
    assert handling_state.active_snooze(with_acts(act(kind), level=Level.red), MONDAY) is None
    assert handling_state.active_acknowledgements(with_acts(act("acknowledge"), level=Level.red), MONDAY) == []


def test_a_snooze_ends_when_the_due_date_passes_that_lay_ahead():
    alert = with_acts(act("snooze"), due=MONDAY + 2 * DAY)

    assert handling_state.active_snooze(alert, MONDAY + 2 * DAY)
    assert handling_state.active_snooze(alert, MONDAY + 3 * DAY) is None


def test_a_snooze_of_what_was_overdue_already_lasts_until_its_day():
    assert handling_state.active_snooze(with_acts(act("snooze"), due=MONDAY - 9 * DAY), MONDAY + WEEK)


def test_what_is_recorded_waits_for_a_load_after_it_and_no_longer_than_its_day():
    alert = with_acts(act("recorded"))

    assert handling_state.active_snooze(alert, MONDAY + DAY, at(MONDAY, 2))
    assert handling_state.active_snooze(alert, MONDAY + DAY, at(MONDAY + DAY, 2)) is None
    assert handling_state.active_snooze(alert, MONDAY + 8 * DAY, at(MONDAY, 2)) is None


def test_where_no_load_is_stated_the_next_day_is_the_next_load():
    alert = with_acts(act("recorded"))

    assert (handling_state.active_snooze(alert, MONDAY), handling_state.active_snooze(alert, MONDAY + DAY)) == (
        alert.acts[0],
        None,
    )


def test_the_last_word_counts():
    alert = with_acts(act("snooze"), act("snooze", by="S1", on=MONDAY + DAY, until=MONDAY + DAY))

    assert handling_state.active_snooze(alert, MONDAY + 2 * DAY) is None


def test_only_the_first_acknowledgement_starts_the_clock_of_escalation_again():
    alert = with_acts(act("acknowledge", on=MONDAY + DAY), act("acknowledge", on=MONDAY + 4 * DAY))

    assert (handling_state.escalation_start(AMBER), handling_state.escalation_start(alert)) == (MONDAY, MONDAY + DAY)
    assert handling_state.escalation_start(replace(alert, level=Level.red)) == MONDAY


# ---- in the line


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule()
    office.begin(MONDAY)
    return office


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An office that has run once, for what is refused: that changes nothing."""
    office = Office(tmp_path_factory.mktemp("asked"))
    office.rules_of_its_own()
    office.rule()
    office.begin(MONDAY)
    return office


def named(app: App, connection: Transaction, said: str) -> Actor:
    """Whom the directory and config.yaml take somebody for."""
    person = read_people(connection, app.loaded.config.council.administrators).named(said)
    return Actor(id=person.id, name=person.name)


@contextmanager
def desk(
    office: Office, by: str = "M1", day: date = MONDAY, child: str = "C1", second: str | None = None
) -> Iterator[tuple[AlertActions, Alert]]:
    """Somebody at noon of a day, before one child's alert."""
    alert, app = office.alert(child, "plan-long"), build(office.folder / "config.yaml")
    store = app.store()
    holidays = app.book.settings.bank_holidays
    try:
        with store.transaction() as connection:
            yield (
                AlertActions(
                    store=store, connection=connection, by=named(app, connection, by), approved_by=second and somebody(second), now=at(day), today=day, limits=Handling(),
                    add=lambda start, count: add_working_days(start, count, holidays),
                ),
                alert,
            )  # fmt: skip
    finally:
        store.close()


def router(office: Office, day: date = MONDAY) -> Router:
    """Return who is told of what, by the directory of a day."""
    app = build(office.folder / "config.yaml")
    assert app.source is not None
    with read_day(app.book, app.source, [], day, Past) as found:
        return Router(read_directory(found.snapshot, found.trust), app.policy().routes)


def withheld(office: Office, child: str = "C1") -> dict[str, str]:
    """Return why whom was not told of a child's alert by the last run."""
    alert, store = office.alert(child, "plan-long"), office.store()
    try:
        with store.transaction() as connection:
            return {recipient: str(why) for recipient, why in recipient_log.read_not_told(connection, alert.id or 0)}
    finally:
        store.close()


def in_hand(office: Office, person: str) -> dict[str, str]:
    return {item.subject: item.in_hand for item in office.content(person).items}


@pytest.mark.slow
def test_who_acknowledges_is_not_reminded_and_the_others_see_by_whom(office: Office):
    office.rule("plan-long", "PL-01", notify="{amber: [team_manager, service_manager]}")
    office.run(MONDAY + DAY)
    with desk(office, day=MONDAY + DAY) as (mine, alert):
        assert mine.acknowledge(alert, note="core group on Friday") == date(2026, 3, 17)
    office.run(MONDAY + WEEK + DAY)

    assert office.told("M1") == {"C1": "open", "C2": "reminder"}
    assert office.told("S1") == {"C1": "reminder", "C2": "reminder"}
    assert in_hand(office, "S1") == {"C1": "Acknowledged by Person M1 until 17 March 2026.", "C2": ""}
    assert withheld(office) == {}


@pytest.mark.parametrize("name", ["M1", "m1@example.gov.uk", "person m1"])
@pytest.mark.slow
def test_whoever_wrote_it_down_may_name_them_by_id_address_or_name(office: Office, name: str):
    with desk(office, by=name) as (mine, alert):
        mine.acknowledge(alert)
    office.run(MONDAY + WEEK)

    assert office.told("M1") == {"C1": "open", "C2": "reminder"}


@pytest.mark.slow
def test_after_its_working_days_an_acknowledgement_lapses_and_reminders_start_again(office: Office):
    with desk(office) as (mine, alert):
        mine.acknowledge(alert)
    office.run(MONDAY + 2 * WEEK + DAY)

    assert office.told("M1") == {"C1": "reminder", "C2": "reminder"}


def test_an_acknowledgement_cannot_be_given_for_longer(asked: Office):
    with desk(asked) as (mine, alert), pytest.raises(HandlingError, match="10 working days at most"):
        mine.acknowledge(alert, until=MONDAY + 15 * DAY)


@pytest.mark.slow
def test_while_nobody_need_be_reminded_that_is_why_nobody_is_told(office: Office):
    with desk(office) as (mine, alert):
        mine.acknowledge(alert)
    office.run(MONDAY + WEEK + DAY)

    assert withheld(office) == {}  # it was told, as still open, beside the reminder of C2
    office.run(MONDAY + WEEK + 2 * DAY)
    assert withheld(office) == {"M1": "acknowledged by Person M1 until 16 March 2026, and not due"}
    assert withheld(office, "C2") == {}  # told before, and nothing is new


# ---- assigned


@pytest.mark.slow
def test_who_gets_an_alert_is_told_and_who_had_it_is_told_that_it_moved(office: Office):
    with desk(office, by="S1") as (mine, alert):
        mine.assign(alert, "W1", router(office), note="her case")
    office.run(MONDAY + DAY)

    assert office.told("W1") == {"C1": "new"}
    assert {item.why for item in office.content("W1").items} == {"assigned by Person S1"}
    assert office.told("M1") == {"C1": "moved", "C2": "open"}
    assert in_hand(office, "M1")["C1"] == "Now with Person W1."

    office.run(MONDAY + 2 * DAY)
    assert office.people() == set()


@pytest.mark.slow
def test_those_who_are_told_beside_the_first_still_are(office: Office):
    office.rule("plan-long", "PL-01", notify="{amber: [team_manager, service_manager]}")
    office.run(MONDAY + DAY)
    with desk(office) as (mine, alert):
        mine.assign(alert, "W1", router(office))
    office.run(MONDAY + WEEK + DAY)

    assert {person: "C1" in office.told(person) for person in office.people()} == {"W1": True, "S1": True, "M1": True}
    assert office.told("M1")["C1"] == "moved"
    assert (in_hand(office, "S1")["C1"], in_hand(office, "W1")["C1"]) == ("Assigned to Person W1.", "")


@pytest.mark.parametrize(
    ("worker", "why"),
    [
        ("W2", "is neither in Team T1 nor above it"),
        ("M2", "is neither in Team T1 nor above it"),
        ("NOBODY", "is not a current member of staff"),
    ],
)
def test_an_alert_is_given_to_nobody_without_a_need_to_see_the_child(asked: Office, worker: str, why: str):
    with desk(asked) as (mine, alert), pytest.raises(HandlingError, match=why):
        mine.assign(alert, worker, router(asked))


@pytest.mark.slow
def test_a_restricted_child_is_given_only_to_those_named(office: Office):
    office.council.add("ext_restricted", person_id="C1", level="limited", allowed_recipients="M1;H1")
    office.council.write()
    with desk(office) as (mine, alert):
        mine.assign(alert, "H1", router(office))
        with pytest.raises(HandlingError, match="is not named for this restricted record"):
            mine.assign(alert, "W1", router(office))


@pytest.mark.slow
def test_an_assignment_ends_when_its_worker_leaves_or_moves_and_the_alert_is_the_managers_again(office: Office):
    with desk(office) as (mine, alert):
        mine.assign(alert, "W1", router(office))
    office.run(MONDAY + DAY)
    office.council.row("ext_staff", worker_id="W1")["team_id"] = "T2"
    office.run(MONDAY + 2 * DAY)

    assert office.told("M1") == {"C1": "new", "C2": "open"}
    assert "W1" not in office.people()


@pytest.mark.slow
def test_who_covers_for_the_assignee_is_told_if_they_may_know(office: Office):
    office.council.add("ext_cover", staff_id="W1", covered_by="H1", from_date="2026-03-01", to_date="2026-03-20")
    with desk(office) as (mine, alert):
        mine.assign(alert, "W1", router(office))
    office.run(MONDAY + DAY)

    assert {item.why for item in office.content("H1").items} == {"assigned by Person M1, as cover for Person W1 until 20 March"}


@pytest.mark.slow
def test_an_assignment_that_is_taken_back_is_over(office: Office):
    with desk(office) as (mine, alert):
        mine.assign(alert, "W1", router(office))
    office.run(MONDAY + DAY)
    with desk(office, day=MONDAY + DAY) as (mine, alert):
        mine.take_back(alert, "assign", note="back from leave")
    office.run(MONDAY + 2 * DAY)

    assert office.told("M1") == {"C1": "new", "C2": "open"}


# ---- put off


@pytest.mark.slow
def test_a_snoozed_alert_is_counted_and_not_told_and_the_reason_is_kept(office: Office):
    with desk(office) as (mine, alert):
        mine.snooze(alert, until=MONDAY + WEEK, reason="visit booked")
    office.run(MONDAY + WEEK)

    assert (office.told("M1"), office.content("M1").snoozed) == ({"C2": "reminder"}, 1)
    assert withheld(office) == {"M1": "snoozed by Person M1 until 9 March 2026"}

    office.run(MONDAY + WEEK + DAY)
    assert office.told("M1") == {"C1": "reminder", "C2": "open"}


@pytest.mark.parametrize(("level", "days"), [(Level.info, 20), (Level.amber, 20), (Level.red, 5), (Level.critical, 5)])
def test_a_snooze_lasts_so_many_working_days_at_most(asked: Office, level: Level, days: int):
    last = add_working_days(MONDAY, days, set())
    with desk(asked, second="S1") as (mine, alert):
        serious = replace(alert, level=level)
        with pytest.raises(HandlingError, match=f"{days} working days at most"):
            mine.snooze(serious, until=last + DAY, reason="visit booked")
        assert mine.snooze(serious, until=last, reason="visit booked") is None


def test_a_critical_alert_is_put_off_by_two_people_only(asked: Office):
    before = asked.alert("C1", "plan-long").acts
    with desk(asked) as (mine, alert):
        critical = replace(alert, level=Level.critical)
        wanted = [
            mine.snooze(critical, until=MONDAY + DAY, reason="visit booked"),
            mine.data_error(critical, note="she moved in January"),
            mine.close(critical, reason="other", note="she moved in January"),
        ]

        assert [request.kind for request in acts.all_waiting(mine.connection)] == ["snooze", "data_error", "close"]
    assert all(isinstance(request, Request) and "is critical" in request.why for request in wanted)
    assert asked.alert("C1", "plan-long").acts == before
    assert asked.alert("C1", "plan-long").condition == Condition.firing


def test_a_reason_that_says_nothing_is_none(asked: Office):
    with desk(asked) as (mine, alert):
        with pytest.raises(HandlingError, match="needs a reason"):
            mine.snooze(alert, until=MONDAY + DAY, reason="  ")
        with pytest.raises(HandlingError, match="needs a note"):
            mine.data_error(alert, note="")


def test_a_day_that_has_passed_is_no_end(asked: Office):
    with desk(asked, day=MONDAY + WEEK) as (mine, alert), pytest.raises(HandlingError, match="has passed"):
        mine.snooze(alert, until=MONDAY, reason="visit booked")


def test_what_is_resolved_is_not_put_off(office: Office):
    office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_start_date"] = MONDAY.isoformat()
    office.run(MONDAY + DAY)
    with desk(office, day=MONDAY + DAY) as (mine, alert), pytest.raises(HandlingError, match="resolved already"):
        mine.snooze(alert, until=MONDAY + WEEK, reason="visit booked")


@pytest.mark.slow
def test_a_snooze_that_is_taken_back_is_over_and_its_history_says_so(office: Office):
    with desk(office) as (mine, alert):
        mine.snooze(alert, until=MONDAY + 2 * WEEK, reason="visit booked")
    with desk(office, by="S1", day=MONDAY + DAY) as (mine, alert):
        mine.take_back(alert, "snooze", note="visit fell through")
    office.run(MONDAY + WEEK)

    assert office.told("M1") == {"C1": "reminder", "C2": "reminder"}
    with desk(office) as (mine, alert), pytest.raises(HandlingError, match="is not snoozed"):
        mine.take_back(alert, "snooze")


# ---- recorded today


@pytest.mark.slow
def test_what_is_recorded_is_quiet_until_the_load_that_does_not_show_it(office: Office):
    office.council.tables["ext_load"] = []
    office.council.add("ext_load", table_name="ssd_cp_plans", loaded_at="2026-03-03T05:00:00", row_count="2")
    office.run(MONDAY + DAY)
    with desk(office, day=MONDAY + DAY) as (mine, alert):
        mine.recorded(alert, note="plan ended in the case system")
    office.run(MONDAY + 2 * DAY)  # the same load as before
    assert office.people() == set()
    assert withheld(office) == {"M1": "said by Person M1 to be recorded on 3 March 2026, and waits for the next load"}

    office.council.row("ext_load", table_name="ssd_cp_plans")["loaded_at"] = "2026-03-05T05:00:00"
    office.run(MONDAY + 3 * DAY)
    assert office.told("M1") == {"C1": "recorded", "C2": "open"}
    assert in_hand(office, "M1")["C1"] == "Person M1 said on 3 March 2026 that it was recorded."

    office.council.row("ext_load", table_name="ssd_cp_plans")["loaded_at"] = "2026-03-06T05:00:00"
    office.run(MONDAY + 4 * DAY)
    assert office.people() == set()


@pytest.mark.slow
def test_what_is_recorded_and_loaded_clears_as_any_other(office: Office):
    with desk(office) as (mine, alert):
        mine.recorded(alert)
    office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_start_date"] = MONDAY.isoformat()
    office.run(MONDAY + WEEK)

    assert office.told("M1") == {"C1": "cleared", "C2": "reminder"}
    assert set(in_hand(office, "M1").values()) == {""}


# ---- the record is wrong


@pytest.mark.slow
def test_a_record_that_is_wrong_goes_on_a_list_with_its_age_and_its_alert_waits(office: Office):
    with desk(office) as (mine, alert):
        assert mine.data_error(alert, note="the plan ended in January") == date(2026, 3, 16)
    office.run(MONDAY + WEEK)

    [error] = handling.data_errors(office.alerts(), MONDAY + WEEK, working_days)
    assert (error.alert.subject, error.act.note, error.age, error.waits) == ("C1", "the plan ended in January", 5, True)
    assert office.told("M1") == {"C2": "reminder"}
    assert "said by Person M1 to be wrong in the data" in withheld(office)["M1"]
    listed = [notice.items for notice in office.notices if notice.title == "Records that somebody says are wrong"]
    assert listed == [(error.alert.ref,)] * 2  # the performance team and the administrator


@pytest.mark.slow
def test_a_record_that_stays_wrong_is_told_again_and_stays_on_the_list(office: Office):
    with desk(office) as (mine, alert):
        mine.data_error(alert, note="the plan ended in January")
    office.run(MONDAY + 3 * WEEK)

    assert office.told("M1") == {"C1": "reminder", "C2": "reminder"}
    [error] = handling.data_errors(office.alerts(), MONDAY + 3 * WEEK, working_days)
    assert (error.waits, error.age) == (False, 15)


@pytest.mark.slow
def test_a_record_that_was_put_right_leaves_the_list(office: Office):
    with desk(office) as (mine, alert):
        mine.data_error(alert, note="the plan ended in January")
    office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_start_date"] = MONDAY.isoformat()
    office.run(MONDAY + DAY)

    assert handling.data_errors(office.alerts(), MONDAY + DAY, working_days) == []


# ---- who is not told, and why


@pytest.mark.slow
def test_of_a_restricted_child_it_is_kept_that_only_those_named_are_told(office: Office):
    office.council.add("ext_restricted", person_id="C1", level="limited", allowed_recipients="M2")
    office.run(MONDAY + DAY)

    assert "only those it names" in withheld(office)["*"]


@pytest.mark.slow
def test_of_what_nobody_could_be_told_of_that_is_kept(office: Office):
    for row in office.council.tables["ext_staff"]:
        row["ends_on"] = MONDAY.isoformat()
    office.run(MONDAY + DAY)

    assert withheld(office) == {"*": "nobody was found who could be told"}


@pytest.mark.slow
def test_a_dry_run_withholds_nothing(office: Office):
    with desk(office) as (mine, alert):
        mine.snooze(alert, until=MONDAY + WEEK, reason="visit booked")
    office.run(MONDAY + DAY, dry_run=True)

    assert withheld(office) == {}

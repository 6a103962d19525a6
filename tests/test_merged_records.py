"""Two records of one person become one: what was known of the one that is gone goes on under the other."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from alerting.audit import verify
from alerting.casedata import person_merges
from alerting.model import Alert, Condition, Reason
from alerting.store.alert_history import Change, read_history
from tests.made_council import MONDAY
from tests.office import Office

pytestmark = pytest.mark.slow

TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + timedelta(days=days) for days in (1, 2, 3))
LONG_AGO = MONDAY - timedelta(days=40)
RULE = "cp-visit-overdue"


@pytest.fixture(scope="module")
def after_monday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a service that has told M1 of C1 on Monday."""
    office = Office(tmp_path_factory.mktemp("monday"))
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    office.run(MONDAY)
    return office.folder


@pytest.fixture
def office(tmp_path: Path, after_monday: Path) -> Office:
    shutil.copytree(after_monday, tmp_path, dirs_exist_ok=True)
    return Office(tmp_path)


@pytest.fixture
def new_office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    return office


def merged(office: Office, old: str, new: str, **cells: str) -> None:
    """Let the council merge one record into another: its rows are gone, and the table says where they went."""
    leaves(office, old)
    office.council.add("ext_merged", merged_person_id=old, person_id=new, **cells)


def leaves(office: Office, person: str) -> None:
    for name, rows in office.council.tables.items():
        if name.startswith("ssd_"):
            office.council.tables[name] = [row for row in rows if person not in row.values()]


def history(office: Office, alert: Alert) -> list[tuple[date, str | None, str, str, str]]:
    store = office.store()
    try:
        with store.transaction() as connection:
            events = read_history(connection, alert.id or 0)
        return [(one.as_of, one.before, one.after, one.reason, one.by) for one in events if isinstance(one, Change)]
    finally:
        store.close()


def breaches(office: Office, until: date) -> tuple[verify.Breach, ...]:
    store = office.store()
    try:
        with store.transaction() as connection:
            return verify.verify(connection, MONDAY, until, datetime(2026, 3, 20, 12, tzinfo=UTC)).breaches
    finally:
        store.close()


def data_notices(office: Office) -> list[str]:
    """Return what the data owner is told of the table; the performance team and the administrator are told the same."""
    return sorted({notice.detail for notice in office.notices if notice.title == "Data: ext_merged"})


def opened(office: Office, rule: str = RULE) -> list[Alert]:
    return [alert for alert in office.alerts() if alert.rule == rule and alert.condition != Condition.resolved]


# ------------------------------------------------------------------ the alert goes on


def test_an_alert_keeps_its_reference_its_age_and_who_has_it_in_hand_and_is_not_told_as_new(office: Office):
    before = office.alert("C1")
    office.handle("C1", RULE, "acknowledge", MONDAY, until=MONDAY + timedelta(days=14))
    office.council.on_a_plan("C9", seen=LONG_AGO)
    merged(office, "C1", "C9", merged_on=TUESDAY.isoformat())
    report = office.run(TUESDAY)

    [after] = opened(office)
    assert (after.subject, after.person) == ("C9", "C9")
    assert (after.id, after.ref, after.first_seen, after.level) == (before.id, before.ref, MONDAY, before.level)
    assert [act.kind for act in after.acts] == ["acknowledge"]
    assert history(office, after)[1] == (TUESDAY, "firing", "firing", Reason.record_followed.words, "service")
    assert report.alerts.new == 0
    assert office.people() == set()  # nothing is news to anybody
    assert data_notices(office) == []
    office.run(WEDNESDAY)
    assert [reason for *_, reason, _ in history(office, after)].count(Reason.record_followed.words) == 1
    assert breaches(office, WEDNESDAY) == ()


def test_the_surviving_record_can_show_that_it_was_done(office: Office):
    office.council.on_a_plan("C9", seen=MONDAY)
    merged(office, "C1", "C9")
    office.run(TUESDAY)

    alert = office.alert("C9")
    assert (alert.condition, alert.resolved_reason) == (Condition.resolved, "cleared")
    assert breaches(office, TUESDAY) == ()


def test_an_alert_on_hold_because_the_record_was_missing_moves_once_the_merge_is_known(office: Office):
    office.council.on_a_plan("C9", seen=MONDAY)
    leaves(office, "C1")
    office.run(TUESDAY)
    held = office.alert("C1")
    assert (held.condition, held.held_reason) == (Condition.held, Reason.not_in_data)
    office.council.add("ext_merged", merged_person_id="C1", person_id="C9")
    office.council.remove("ssd_cp_visits", cppv_person_id="C9")
    office.council.visited("C9", LONG_AGO)
    office.run(WEDNESDAY)

    [alert] = opened(office)
    assert (alert.subject, alert.ref, alert.condition, alert.first_seen) == ("C9", held.ref, Condition.firing, MONDAY)
    assert breaches(office, WEDNESDAY) == ()


def test_a_chain_of_merges_leads_to_whoever_is_at_its_end(office: Office):
    ref = office.alert("C1").ref
    office.council.on_a_plan("C9", seen=LONG_AGO)
    merged(office, "C1", "C8")
    merged(office, "C8", "C9")
    office.run(TUESDAY)
    office.council.on_a_plan("C10", seen=LONG_AGO)
    merged(office, "C9", "C10")
    office.run(WEDNESDAY)

    [alert] = opened(office)
    assert (alert.subject, alert.ref, alert.first_seen) == ("C10", ref, MONDAY)
    assert breaches(office, WEDNESDAY) == ()


def test_it_goes_on_after_the_alerts_that_the_survivor_has_had(new_office: Office):
    office = new_office
    office.council.on_a_plan("C9", seen=LONG_AGO)
    office.council.remove("ssd_cp_visits", cppv_person_id="C1")
    office.council.visited("C1", MONDAY - timedelta(days=2))
    office.run(MONDAY)
    office.council.visited("C9", MONDAY)
    office.run(TUESDAY)
    assert office.alert("C9").resolved_reason == "cleared"
    office.council.remove("ssd_cp_visits", cppv_person_id="C1")
    office.council.visited("C1", LONG_AGO)
    office.run(WEDNESDAY)
    ref = office.alert("C1").ref
    office.council.remove("ssd_cp_visits", cppv_person_id="C9")
    merged(office, "C1", "C9")
    office.council.visited("C9", LONG_AGO)
    office.run(THURSDAY)

    [alert] = opened(office)
    assert (alert.subject, alert.ref, alert.episode) == ("C9", ref, 2)
    assert breaches(office, THURSDAY) == ()


def test_where_a_merge_is_undone_the_old_record_gets_an_alert_of_its_own(office: Office):
    office.council.on_a_plan("C9", seen=LONG_AGO)
    merged(office, "C1", "C9")
    office.run(TUESDAY)
    office.council.tables["ext_merged"] = []
    office.council.on_a_plan("C1", seen=LONG_AGO)
    office.run(WEDNESDAY)

    assert {(alert.subject, alert.first_seen) for alert in opened(office)} == {("C9", MONDAY), ("C1", WEDNESDAY)}
    assert len({alert.ref for alert in opened(office)}) == 2
    assert breaches(office, WEDNESDAY) == ()


def test_a_merge_of_a_later_day_is_not_one_yet(office: Office):
    office.council.on_a_plan("C9", seen=MONDAY)
    merged(office, "C1", "C9", merged_on=WEDNESDAY.isoformat())
    office.run(TUESDAY)
    assert office.alert("C1").held_reason == Reason.not_in_data
    office.run(WEDNESDAY)

    assert office.alert("C9").resolved_reason == "cleared"


# ------------------------------------------------------------------ two alerts about the same


def test_where_the_survivor_has_one_too_the_older_goes_on_and_the_other_ends(office: Office):
    older = office.alert("C1")
    office.handle("C1", RULE, "acknowledge", MONDAY, until=MONDAY + timedelta(days=14))
    office.council.on_a_plan("C9", seen=LONG_AGO)
    office.run(TUESDAY)
    younger = office.alert("C9")
    merged(office, "C1", "C9")
    office.run(WEDNESDAY)

    [alert] = opened(office)
    assert (alert.subject, alert.ref, alert.first_seen) == ("C9", older.ref, MONDAY)
    assert [act.kind for act in alert.acts] == ["acknowledge"]
    [ended] = [each for each in office.alerts() if each.ref == younger.ref]
    assert (ended.condition, ended.resolved_reason, ended.resolved_on) == (Condition.resolved, Reason.record_merged, WEDNESDAY)
    assert breaches(office, WEDNESDAY) == ()


def test_where_the_survivors_own_is_the_older_that_one_goes_on_where_it_is(office: Office):
    office.council.on_a_plan("C9", seen=LONG_AGO)
    office.run(TUESDAY)
    merged(office, "C9", "C1")
    office.run(WEDNESDAY)

    [alert] = opened(office)
    assert (alert.subject, alert.first_seen, len(history(office, alert))) == ("C1", MONDAY, 1)
    assert office.alert("C9").resolved_reason == Reason.record_merged
    assert breaches(office, WEDNESDAY) == ()


def test_whoever_was_told_of_the_one_that_ends_reads_why(office: Office):
    office.council.on_a_plan("C9", seen=LONG_AGO)
    office.run(TUESDAY)
    merged(office, "C1", "C9")
    office.council.on_a_plan("C7", seen=LONG_AGO)  # something that is news
    office.run(WEDNESDAY)

    items = {(item.subject, item.state, item.resolved_reason) for item in office.content("M1").items}
    assert items == {("C9", "open", None), ("C9", "cleared", Reason.record_merged), ("C7", "new", None)}
    pages = "".join(path.read_text("utf-8") for path in (office.folder / "outbox").rglob("*.html"))
    assert "Two records of one person were merged, and there was an older alert about the same: that one goes on." in pages


# ------------------------------------------------------------------ who is told


def test_where_the_case_changes_teams_with_the_merge_the_new_manager_is_told_and_the_old_one_no_longer_has_it(office: Office):
    office.council.on_a_plan("C9", seen=LONG_AGO, team="T2", worker="W2")
    merged(office, "C1", "C9")
    office.run(TUESDAY)

    [alert] = opened(office)
    assert (alert.subject, alert.team, alert.first_seen) == ("C9", "T2", MONDAY)
    assert office.told("M2") == {"C9": "new"}
    assert "M1" not in office.people()
    assert [reason for *_, reason, _ in history(office, alert)] == ["new", Reason.record_followed.words, "reassigned"]
    assert breaches(office, TUESDAY) == ()


def test_what_few_may_see_of_a_record_few_may_see_of_the_one_it_was_merged_into(new_office: Office):
    office = new_office
    office.council.add("ext_restricted", person_id="C1", level="limited", allowed_recipients="S1")
    office.run(MONDAY)
    assert office.people() == {"S1"}
    office.council.on_a_plan("C9", seen=LONG_AGO)
    merged(office, "C1", "C9")
    office.rule("plan-long", "PL-01")
    office.run(TUESDAY)

    about_it = {
        person: {(item.rule, item.state) for item in office.content(person).items if item.subject == "C9"}
        for person in office.people()
    }
    assert about_it == {"M1": set(), "S1": {(RULE, "open"), ("plan-long", "new")}}


def test_only_those_whom_both_records_name_see_what_became_one(new_office: Office):
    office = new_office
    office.council.add("ext_restricted", person_id="C1", level="limited", allowed_recipients="S1;M1")
    office.council.add("ext_restricted", person_id="C9", level="limited", allowed_recipients="M1;H1")
    office.council.on_a_plan("C9", seen=LONG_AGO)
    merged(office, "C1", "C9")
    office.run(MONDAY)

    assert office.people() == {"M1"}


# ------------------------------------------------------------------ what cannot be followed


def test_what_cannot_be_followed_is_left_and_told_and_the_others_move(new_office: Office):
    office = new_office
    for child in ("D1", "D2", "D3", "D4"):
        office.council.on_a_plan(child, seen=LONG_AGO)
    office.run(MONDAY)
    office.council.on_a_plan("C9", seen=LONG_AGO)
    office.council.on_a_plan("C8", seen=MONDAY)
    merged(office, "C1", "C9")
    merged(office, "D1", "D1")
    merged(office, "D2", "D3")
    merged(office, "D3", "D2")
    merged(office, "D4", "C8")
    merged(office, "D4", "C9")
    report = office.run(TUESDAY)

    assert {(alert.subject, alert.held_reason) for alert in opened(office)} == {
        ("C9", None),
        *((child, Reason.not_in_data) for child in ("D1", "D2", "D3", "D4")),
    }
    [problem] = [problem for problem in report.problems if problem.startswith("ext_merged")]
    assert problem == (
        "ext_merged: of the records that were merged away, 1 is merged into itself, 1 is merged into two that are not the same, "
        "2 are merged round in a ring; left out, and the others used (ext_merged.csv:3: column merged_person_id, "
        "ext_merged.csv:4: column merged_person_id, ext_merged.csv:5: column merged_person_id, ...)"
    )
    said = problem.removeprefix("ext_merged: ")
    assert [detail.startswith(f"{said[:1].upper()}{said[1:]}") for detail in data_notices(office)] == [True]
    office.run(WEDNESDAY)
    assert data_notices(office) == []  # it was said, and has not changed
    assert breaches(office, WEDNESDAY) == ()


def test_a_record_that_is_used_all_the_same_keeps_its_alerts(office: Office):
    office.council.on_a_plan("C9", seen=LONG_AGO)
    office.council.add("ext_merged", merged_person_id="C1", person_id="C9")
    office.run(TUESDAY)

    assert {(alert.subject, alert.first_seen) for alert in opened(office)} == {("C1", MONDAY), ("C9", TUESDAY)}
    [detail] = data_notices(office)
    assert detail.startswith("Of the records that were merged away, 1 is in use all the same")


def test_nothing_moves_to_an_id_that_is_nowhere(office: Office):
    merged(office, "C1", "C99")
    office.run(TUESDAY)

    alert = office.alert("C1")
    assert (alert.person, alert.held_reason) == ("C1", Reason.not_in_data)


def test_a_table_that_is_not_trusted_moves_nothing(office: Office):
    office.council.on_a_plan("C9", seen=LONG_AGO)
    merged(office, "C1", "C9")
    office.council.tables["ext_load"] = [
        {"table_name": "ext_merged", "loaded_at": f"{TUESDAY} 05:00:00", "row_count": "7"},
    ]
    report = office.run(TUESDAY)

    assert "ext_merged has 1 rows, but its source states 7" in report.problems
    assert {(alert.subject, alert.held_reason) for alert in opened(office)} == {("C1", Reason.not_in_data), ("C9", None)}
    ref = office.alert("C1").ref
    office.council.tables.pop("ext_load")
    (office.folder / "extracts" / "ext_load.csv").unlink()
    office.run(WEDNESDAY)
    assert [(alert.subject, alert.ref, alert.first_seen) for alert in opened(office)] == [("C9", ref, MONDAY)]
    assert breaches(office, WEDNESDAY) == ()


def test_a_rule_that_is_not_asked_keeps_its_alerts_until_it_is(office: Office):
    ref = office.alert("C1").ref
    office.council.on_a_plan("C9", seen=LONG_AGO)
    merged(office, "C1", "C9")
    office.run(TUESDAY, without=("ssd_cp_visits",))
    assert (office.alert("C1").condition, office.alert("C1").ref) == (Condition.held, ref)
    office.run(WEDNESDAY)

    [alert] = opened(office)
    assert (alert.subject, alert.ref, alert.condition) == ("C9", ref, Condition.firing)
    assert breaches(office, WEDNESDAY) == ()


def test_a_council_need_not_have_the_table_nor_the_day_of_a_merge(office: Office):
    report = office.run(TUESDAY, without=("ext_merged",))
    assert (report.trusted, report.problems) == (True, ())
    office.council.on_a_plan("C9", seen=LONG_AGO)
    leaves(office, "C1")
    office.council.write()
    path = office.folder / "extracts" / "ext_merged.csv"
    office.council.tables.pop("ext_merged")
    path.write_text("merged_person_id,person_id\nC1,C9\n", "utf-8")
    report = office.run(WEDNESDAY)

    assert (report.trusted, report.problems) == (True, ())
    assert [alert.subject for alert in opened(office)] == ["C9"]


# ------------------------------------------------------------------ the table by itself


@pytest.mark.parametrize(
    ("rows", "survivors"),
    [
        ([("A", "B"), ("B", "C"), ("X", "B")], {"A": "C", "B": "C", "X": "C"}),
        ([("A", "C"), ("A", "B"), ("B", "C")], {"A": "C", "B": "C"}),  # a chain and its short cut say the same
        ([("A", "B"), ("B", "B")], {"A": "B"}),
        ([("A", "B"), ("B", "C"), ("B", "D")], {}),
        ([("A", "B"), ("B", "A"), ("X", "A"), ("Y", "Z")], {"Y": "Z"}),
        ([("A", None), ("B", "C")], {"B": "C"}),
    ],
)
def test_each_merged_record_leads_to_one_survivor_or_to_none(rows, survivors):
    assert person_merges.resolve(rows).survivors == survivors
    assert person_merges.resolve(reversed(rows)).survivors == survivors


def test_a_chain_of_any_length_is_followed():
    many = [(f"P{number}", f"P{number + 1}") for number in range(50_000)]

    assert person_merges.resolve(many).survivors["P0"] == "P50000"

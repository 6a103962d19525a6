"""A backtest: what a rule would have done on the days kept, which is what it did where it was in use."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alerting.app import build
from alerting.authoring.backtest.backtest import Backtest, Day, Timeline, backtest
from alerting.authoring.draft import find_in_use, load_draft
from alerting.commands import cli
from alerting.errors import AlertingError
from alerting.store.schema import alert as alert_table
from alerting.store.schema import transition as transition_table
from tests.made_council import MONDAY
from tests.office import Office

pytestmark = pytest.mark.slow

WEEKDAYS = frozenset(range(5))
PER_TEAM = """\
id: plans-of-team
code: PT-01
title: Many on a plan
says: "{{ measure }} children on plans"
clears: Fewer are.
owner: head of service
basis: {kind: local, text: workloads are looked at}
job: daily
subject: child_protection_plan
per: team
measure: count()
unit: children
levels: {amber: measure >= 3}
notify: {amber: [team_manager]}
"""


def that_keeps_days(folder: Path) -> Office:
    office = Office(folder)
    office.settings = {"keep": {"days": 400}}
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    return office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return that_keeps_days(tmp_path)


def working_day(number: int) -> date:
    """Return the working day this many after the first Monday."""
    return MONDAY + timedelta(days=number // 5 * 7 + number % 5)


def back(office: Office, name: str, *, first: date = date.min, last: date = date.max, **params: Any) -> Backtest:
    app = build(office.folder / "config.yaml")
    draft = load_draft(app.book, name, params)
    in_use = find_in_use(app.book, draft)
    beside = in_use if in_use is not None and in_use.version != draft.version else None
    return backtest(app.book, app.archive(), draft, beside, first, last, WEEKDAYS)


def counts(days: Iterable[Day], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(getattr(day, name) for name in names) for day in days]


def lived(office: Office, rule: str) -> list[tuple[int, int, int, int, int]]:
    """Return what became of a rule's alerts in the real runs: new, cleared, left, open and on hold, a day."""
    store = office.store()
    query = transition_table.join(alert_table, alert_table.c.id == transition_table.c.alert_id).select()
    with store.transaction() as connection:
        rows = connection.execute(query.where(alert_table.c.rule == rule).order_by(transition_table.c.id)).mappings().all()
        ran = sorted({row for (row,) in connection.exec_driver_sql("SELECT DISTINCT as_of FROM run WHERE job = 'daily'")})
    store.close()
    condition: dict[int, str] = {}
    days = []
    for day in map(date.fromisoformat, ran):
        reasons: Counter[str] = Counter()
        for row in rows:
            if row["as_of"] == day:
                condition[row["alert_id"]] = row["after"]
                reasons["left" if row["reason"].startswith("left: ") else row["reason"]] += 1
        open_now = [state for state in condition.values() if state in ("firing", "recovering", "held")]
        days.append((reasons["new"], reasons["cleared"], reasons["left"], len(open_now), open_now.count("held")))
    return days


def said(timeline: Timeline) -> list[tuple[Any, ...]]:
    return counts(timeline.days, "new", "cleared", "left", "open", "held")


# ---------------------------------------------------------------- it says what the runs said


def test_it_lives_through_what_a_rule_in_use_lived_through(office: Office) -> None:
    council = office.council
    office.run(working_day(0))  # C1 not seen for long
    council.visited("C1", working_day(0))
    council.on_a_plan("C3", seen=MONDAY - timedelta(days=30))
    office.run(working_day(1))  # C1 cleared, C3 new
    plan = council.row("ssd_cp_plans", cppl_person_id="C3")
    council.remove("ssd_cp_plans", cppl_person_id="C3")
    office.run(working_day(2))  # C3 is missing, and nothing says why
    council.tables["ssd_cp_plans"].append(plan)
    office.run(working_day(3))  # and back again
    office.run(working_day(4), without=("ssd_cp_visits",))  # the rule waits
    office.run(working_day(5))
    plan["cppl_cp_plan_end_date"] = working_day(5).isoformat()
    office.run(working_day(6))  # C3's plan has ended
    council.on_a_plan("C4", seen=MONDAY - timedelta(days=30))
    office.run(working_day(7))

    found = back(office, "CP-03")
    assert said(found.draft) == lived(office, "cp-visit-overdue")
    assert [day.status for day in found.draft.days] == ["ok"] * 4 + ["withheld"] + ["ok"] * 3
    assert sum(day.left for day in found.draft.days) == 1
    assert max(day.held for day in found.draft.days) == 1


def test_who_was_missing_and_is_explained_days_later_has_left_on_that_day(office: Office) -> None:
    council = office.council
    office.run(working_day(0))
    plan = council.row("ssd_cp_plans", cppl_person_id="C1")
    council.remove("ssd_cp_plans", cppl_person_id="C1")
    office.run(working_day(1))
    office.run(working_day(2))
    council.tables["ssd_cp_plans"].append(plan | {"cppl_cp_plan_end_date": working_day(1).isoformat()})
    office.run(working_day(3))

    found = back(office, "CP-03")
    assert said(found.draft) == lived(office, "cp-visit-overdue")
    assert counts(found.draft.days, "held", "left") == [(0, 0), (1, 0), (1, 0), (0, 1)]


def test_days_a_rule_must_match_and_be_clear_are_lived_through_too(office: Office) -> None:
    office.rule("plan-long", "PL-01", "for: 2 runs", "keep_firing_for: 1 run")
    for number in range(3):
        office.run(working_day(number))
    for child in ("C1", "C2"):
        office.council.row("ssd_cp_plans", cppl_person_id=child)["cppl_cp_plan_start_date"] = MONDAY.isoformat()
    for number in range(3, 6):
        office.run(working_day(number))

    found = back(office, "PL-01")
    assert said(found.draft) == lived(office, "plan-long")
    assert counts(found.draft.days, "new", "pending", "cleared", "open") == [
        (0, 2, 0, 0),
        (2, 0, 0, 2),
        (0, 0, 0, 2),
        (0, 0, 0, 2),
        (0, 0, 2, 0),
        (0, 0, 0, 0),
    ]


def test_a_rule_about_teams_is_asked_of_the_teams_that_there_were(office: Office) -> None:
    (office.folder / "rules" / "local" / "plans-of-team.yaml").write_text(PER_TEAM, "utf-8")
    office.run(working_day(0))
    office.council.on_a_plan("C3", seen=MONDAY)
    office.run(working_day(1))
    office.run(working_day(2))
    for child in ("C1", "C2", "C3"):
        office.council.row("ssd_cp_plans", cppl_person_id=child)["cppl_cp_plan_end_date"] = working_day(2).isoformat()
    office.run(working_day(3))

    found = back(office, "PT-01")
    assert said(found.draft) == lived(office, "plans-of-team")
    assert counts(found.draft.days, "new", "open", "cleared") == [(0, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1)]
    assert [(line.name, line.new, line.open) for line in found.draft.teams] == [("Team T1", 1, 0)]


@pytest.mark.parametrize("expression", ["is_open(plan_start, null)", "days_since(plan_start) > 50"])
def test_a_rule_is_asked_alike_whether_its_days_go_together_or_one_by_one(office: Office, expression: str) -> None:
    office.rule(levels=f'{{amber: "{expression}"}}')
    for number in range(3):
        office.run(working_day(number))
        office.council.on_a_plan(f"N{number}", seen=MONDAY, begun=working_day(number) - timedelta(days=49))

    assert said(back(office, "PL-01").draft) == lived(office, "plan-long")


def test_a_value_that_too_few_have_puts_the_rule_off_for_the_day(office: Office) -> None:
    office.settings |= {"rules": {"params": {"min_fill_at_least": 2}}}
    office.rule("plan-long", "PL-01", "requires: [last_cp_visit]", "reads: [ssd_cp_plans]")
    office.run(working_day(0))
    office.council.tables["ssd_cp_visits"].clear()
    office.run(working_day(1))

    found = back(office, "PL-01")
    assert [day.status for day in found.draft.days] == ["ok", "off"]
    assert found.draft.days[1].problem == "only 0 % of its population have 'last_cp_visit' recorded; it needs 70 %"
    assert said(found.draft) == lived(office, "plan-long")


def test_every_shipped_rule_did_on_a_made_up_council_what_a_backtest_says(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["demo", "--dir", str(tmp_path), "--days", "4", "--children", "300"])
    assert result.exit_code == 0, result.output
    office = Office(tmp_path)

    rules = [
        rule for rule in build(tmp_path / "config.yaml").book.rules if rule.file.job == "daily" and not rule.subject.answers_of
    ]
    alike = {rule.code: said(back(office, rule.code).draft) == lived(office, rule.id) for rule in rules}
    assert alike == dict.fromkeys(alike, True)
    assert len(alike) >= 10


# ---------------------------------------------------------------- a draft beside the rule in use


def test_a_draft_stands_beside_the_rule_in_use_and_a_rule_as_it_is_stands_alone(office: Office) -> None:
    office.run(working_day(0))
    office.run(working_day(1))

    assert back(office, "CP-03").in_use is None
    found = back(office, "CP-03", visit_wd=100)
    assert found.in_use is not None
    assert counts(found.in_use.days, "open") == [(1,), (1,)]
    assert counts(found.draft.days, "open") == [(0,), (0,)]


def test_a_draft_in_a_file_of_its_own_is_found_by_its_code(office: Office, tmp_path: Path) -> None:
    office.rule()
    office.run(working_day(0))
    file = tmp_path / "draft.yaml"
    file.write_text(
        (office.folder / "rules/local/plan-long.yaml").read_text("utf-8").replace("long_days: 50", "long_days: 60"), "utf-8"
    )
    found = back(office, str(file))

    assert found.in_use is not None
    assert (found.in_use.days[0].open, found.draft.days[0].open) == (2, 0)


def test_the_first_day_opens_what_there_is_and_counts_as_new_for_no_team(office: Office) -> None:
    office.run(working_day(0))
    office.council.on_a_plan("C3", seen=MONDAY - timedelta(days=30))
    office.run(working_day(1))

    found = back(office, "CP-03")
    assert found.draft.new_a_day == 1.0
    assert [(line.team, line.new, line.open, line.most) for line in found.draft.teams] == [("T1", 1, 2, 2)]


def test_who_comes_and_goes_flaps_and_the_longest_open_is_counted_in_working_days(office: Office) -> None:
    office.rule()
    for number in range(8):
        office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_start_date"] = (
            (MONDAY - timedelta(days=60)) if number % 2 == 0 else MONDAY
        ).isoformat()
        office.run(working_day(number))

    found = back(office, "PL-01")
    assert said(found.draft) == lived(office, "plan-long")
    assert found.draft.flapping == 1
    assert (found.draft.longest, found.draft.longest_goes_on) == (7, True)


def test_days_with_more_new_than_the_brake_lets_through_are_counted(office: Office) -> None:
    office.rule("plan-long", "PL-01", "brake: 1")
    office.run(working_day(0))
    for child in ("C3", "C4"):
        office.council.on_a_plan(child, seen=MONDAY)
    office.run(working_day(1))

    assert back(office, "PL-01").draft.braked == 1


# ---------------------------------------------------------------- days without an answer


def test_a_working_day_that_was_not_run_is_a_gap_and_a_sunday_is_none(office: Office) -> None:
    office.run(working_day(0))
    office.run(working_day(2))
    office.run(working_day(5))

    assert back(office, "CP-03").gaps == dict.fromkeys(map(working_day, (1, 3, 4)), "no run was kept")


def test_a_day_whose_files_were_changed_is_a_gap(office: Office) -> None:
    office.run(working_day(0))
    office.run(working_day(1))
    [path] = (office.folder / "kept" / working_day(1).isoformat() / "daily").glob("child_protection_plan-*")
    path.write_bytes(path.read_bytes() + b"x")

    found = back(office, "CP-03")
    assert [day.as_of for day in found.draft.days] == [working_day(0)]
    assert found.gaps == {working_day(1): f"{path.name} is not as it was written"}


def test_a_column_that_was_not_kept_yet_is_named_with_the_days_before_it(office: Office) -> None:
    office.rule()
    office.run(working_day(0))
    subject = office.folder / "rules" / "subjects" / "child_protection_plan.yaml"
    text = subject.read_text("utf-8").replace(
        "columns:\n", "columns:\n  plan_number: {type: text, tier: reference, says: As it is}\n"
    )
    before, _, after = text.rpartition("  SELECT c.person_id, ")
    text = f"{before}  SELECT c.plan_id AS plan_number, c.person_id, {after}"
    subject.write_text(text, "utf-8")
    office.rule(levels="{amber: plan_number is not null}")

    with pytest.raises(AlertingError) as refused:
        back(office, "PL-01")
    assert f"on {working_day(0)}, child_protection_plan had no plan_number yet" in str(refused.value)

    office.run(working_day(1))
    found = back(office, "PL-01")
    assert [day.as_of for day in found.draft.days] == [working_day(1)]
    assert found.gaps == {working_day(0): "child_protection_plan had no plan_number yet"}


def test_days_on_which_the_subject_was_another_are_named(office: Office) -> None:
    office.run(working_day(0))
    view = next((office.folder / "rules" / "subjects" / "_views").glob("v_cp.sql"))
    view.write_text(view.read_text("utf-8") + "\n-- another\n", "utf-8")
    office.run(working_day(1))

    assert back(office, "CP-03").changed == (working_day(0), working_day(0))


def test_with_nothing_to_ask_it_says_why_and_what_to_do(office: Office) -> None:
    office.council.write()
    office.council.configure("sqlite:///alerting.db", **office.settings)
    with pytest.raises(AlertingError, match="no days are kept yet"):
        back(office, "CP-03")
    office.run(working_day(0))
    with pytest.raises(AlertingError) as early:
        back(office, "CP-03", last=MONDAY - timedelta(days=1))
    assert f"The days kept go from {MONDAY} to {MONDAY}." in str(early.value)
    office.rule(job="weekly")
    with pytest.raises(AlertingError, match=r"no weekly run .*is kept, and PL-01 is asked weekly") as weekly:
        back(office, "PL-01")
    assert "`job: daily`" in str(weekly.value)
    office.settings = {"keep": {"days": 0}}
    office.run(working_day(1))
    with pytest.raises(AlertingError, match="no days are kept") as off:
        back(office, "CP-03")
    assert "`keep: days:`" in str(off.value)


# ---------------------------------------------------------------- the command and its report


def asked(office: Office, *words: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), "rules", "backtest", *words])


@pytest.fixture(scope="module")
def _lived(tmp_path_factory: pytest.TempPathFactory) -> Office:
    office = that_keeps_days(tmp_path_factory.mktemp("weeks"))
    for number in (0, 1, 3):
        office.run(working_day(number), without=("ssd_cp_visits",) if number == 1 else ())
    return office


@pytest.fixture
def weeks(_lived: Office, tmp_path: Path) -> Office:
    """Three days, on one of which a table was not there, with one between that was not run."""
    return _lived.copy(tmp_path, working_day(3))


def test_the_command_tells_in_figures_days_and_teams_and_names_the_gaps(weeks: Office) -> None:
    result = asked(weeks, "CP-03", "--set", "visit_wd=100")

    assert result.exit_code == 0, result.output
    assert "Open on the last day\t1\t0" in result.stdout
    assert "Mon 2 Mar 2026\t-\t1\t-\t0" in result.stdout
    assert "Team T1\t0\t0\t1\t0\t1\t0" in result.stdout
    assert "params visit_wd: 100 instead of 10" in result.stdout
    assert "Without an answer: 3 March 2026: the rule waited: ssd_cp_visits is not there." in result.stdout
    assert "Without an answer: 4 March 2026: no run was kept." in result.stdout
    assert result.stderr == "\nNothing was stored or sent.\n"


def test_the_command_prints_one_json_value(weeks: Office) -> None:
    found = json.loads(asked(weeks, "CP-03", "--json").stdout)

    assert found["in_use"] is None
    assert [day["as_of"] for day in found["draft"]["days"]] == [working_day(number).isoformat() for number in (0, 1, 3)]
    assert found["gaps"] == {working_day(2).isoformat(): "no run was kept"}


def test_the_report_is_one_page_that_fetches_nothing_and_names_no_child(weeks: Office, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    asked(weeks, "CP-03", "--set", "visit_wd=100", "--html", str(page))

    text = page.read_text("utf-8")
    assert re.findall(r"(?:src|href|url)\s*[=(]|<script|@import|https?:", text) == []
    assert re.findall(r"\bP?C[12]\b", text) == []
    assert text.count('<svg viewBox="-44') == 2
    assert 'role="img" aria-label="Open each day: in use from 1 to 1, at most 1; draft from 0 to 0, at most 0"' in text
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert '<th scope="row">Team T1</th>' in text


def test_a_report_that_cannot_be_written_says_so(weeks: Office, tmp_path: Path) -> None:
    result = asked(weeks, "CP-03", "--html", str(tmp_path / "nowhere" / "report.html"))

    assert result.exit_code == 1
    assert "cannot be written (No such file or directory)" in result.stderr


def test_it_stores_and_sends_nothing(weeks: Office) -> None:
    def everything() -> dict[str, bytes]:
        return {path.as_posix(): path.read_bytes() for path in weeks.folder.rglob("*") if path.is_file()}

    before = everything()
    asked(weeks, "CP-03", "--set", "visit_wd=1")

    assert everything() == before


def test_only_the_days_that_are_asked_for_are_asked(weeks: Office) -> None:
    result = asked(weeks, "CP-03", "--from", working_day(1).isoformat(), "--to", working_day(3).isoformat(), "--json")

    assert [day["as_of"] for day in json.loads(result.stdout)["draft"]["days"]] == [
        working_day(1).isoformat(),
        working_day(3).isoformat(),
    ]

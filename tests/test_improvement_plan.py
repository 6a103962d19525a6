"""The improvement plan: what is stated beside what the rules show, changes first, as a page, a table and a paper."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path

import pytest

from alerting.authoring.paper import print_as_pdf
from alerting.authoring.plan_report import PlanReport, as_csv, as_page
from alerting.errors import AlertingError
from alerting.evaluation.plan_actions import PlanAction
from alerting.model import Level
from alerting.notifications.content import WeeklyContent
from alerting.notifications.improvement_plan import compose_plan, stale_after
from alerting.notifications.messages.plan import plan_lines, plan_summary
from alerting.notifications.week_content import PlanRow, Rag
from tests.case_rows import shipped
from tests.made_council import MONDAY
from tests.office import Office
from tests.one_rule_office import command
from tests.plain_day import DIRECTORY, TUESDAY, alert
from tests.rendered import message, notification, read

LONG_AGO = TUESDAY - timedelta(days=30)


def action(ref: str = "4.10", stated: str | None = "GREEN", live: str | None = "GREEN", **changes: object) -> PlanAction:
    usual = {
        "ref": ref,
        "called": f"{ref} Plans for permanence",
        "owner": "M1",
        "stated": stated,
        "stated_before": stated,
        "live": live,
        "updated_on": LONG_AGO,
        "evidence_due_on": TUESDAY + timedelta(days=30),
        "evidence": ("CLA-20", "CLA-03"),
    }
    return PlanAction(**(usual | changes))


def plan(*actions: PlanAction, alerts: tuple[object, ...] = ()) -> tuple[PlanRow, ...]:
    return compose_plan(actions, alerts, DIRECTORY, TUESDAY, stale_days=42)


def of_action(ref: str, **changes: object) -> object:
    return alert("A-1", "action", subject_kind="plan_action", subject=ref, person=None, **changes)


@pytest.mark.parametrize(
    ("stated", "live", "is_better"),
    [
        ("GREEN", "AMBER", True),
        ("BLUE", "RED", True),
        ("AMBER", "RED", True),
        ("BLUE", "GREEN", False),
        ("RED", "GREEN", False),
        ("GREEN", None, False),
        (None, "RED", False),
    ],
)
def test_an_action_is_stated_better_than_it_is_measured_where_the_rules_show_worse(stated, live, is_better):
    [row] = plan(action(stated=stated, live=live))

    assert row.is_better_than_measured is is_better
    assert (row.stated, row.measured) == (Rag(stated) if stated else None, Rag(live) if live else None)


def test_what_a_rule_shows_of_which_more_match_than_can_be_right_is_not_measured():
    """Its alert was told of what the rules showed; that it stands still is not said of it for want of a measure."""
    told = of_action("4.10", level=Level.amber, level_since=LONG_AGO)
    given = action(live="AMBER"), action("5", live="RED", evidence=("CP-03",))
    first, second = compose_plan(given, [told], DIRECTORY, TUESDAY, 42, frozenset({"CLA-03", "CIN-01"}))

    assert (first.ref, first.measured, first.is_better_than_measured) == ("5", Rag.red, True)
    assert (second.measured, second.is_better_than_measured, second.is_late) == (None, False, False)
    assert plan_lines([second])[0].measured == "not known"


def test_what_has_changed_comes_first_then_what_does_not_agree_then_the_reddest():
    rows = plan(
        action("1"),
        action("2", "RED", "GREEN"),
        action("3", "GREEN", "AMBER"),
        action("4", "AMBER", "AMBER", stated_before="GREEN"),
        action("5", "RED", "RED"),
        alerts=(of_action("5", level_since=TUESDAY), of_action("2", level_since=LONG_AGO)),
    )

    assert [row.ref for row in rows] == ["5", "4", "3", "2", "1"]
    assert [row.has_changed for row in rows] == [True, True, False, False, False]
    assert [row.since for row in rows] == [TUESDAY, None, None, LONG_AGO, None]
    assert rows[1].before is Rag.green


def test_an_action_is_late_where_its_evidence_is_overdue():
    yesterday = TUESDAY - timedelta(days=1)
    late = {
        row.ref: row.is_late
        for row in plan(
            action("1", evidence_due_on=yesterday),
            action("2", evidence_due_on=TUESDAY),
            action("3", "BLUE", evidence_due_on=yesterday),
        )
    }

    assert late == {"1": True, "2": False, "3": False}


@pytest.mark.parametrize(
    ("stated", "days", "is_stale"),
    [("GREEN", 42, False), ("GREEN", 43, True), ("RED", 42, False), ("RED", 43, True), ("BLUE", 43, False), (None, 43, True)],
)
def test_an_action_that_nobody_has_updated_for_too_long_stands_still_whatever_is_stated(stated, days, is_stale):
    [row] = plan(action(stated=stated, updated_on=TUESDAY - timedelta(days=days)))
    [line] = plan_lines([row])

    assert row.is_stale is is_stale
    assert ("Not updated." in line.says) is is_stale


def test_an_action_that_was_never_updated_stands_still_and_says_so_beside_its_overdue_evidence():
    [line] = plan_lines(plan(action("1", "RED", "RED", updated_on=None, evidence_due_on=date(2026, 3, 1))))

    assert (line.updated, line.says) == ("never", "Evidence overdue. Not updated.")


def test_how_long_an_action_may_go_without_an_update_is_said_by_the_rule_that_looks_at_it():
    plan_rule = next(rule for rule in shipped().rules if rule.code == "WF-08")

    assert stale_after([plan_rule]) == 42
    assert stale_after([]) is None


def test_the_words_say_who_leads_it_and_what_is_the_matter():
    [line] = plan_lines(plan(action(live="RED", stated_before="AMBER", evidence_due_on=date(2026, 3, 1))))

    assert (line.stated, line.measured, line.owner) == ("green", "red", "Person M1")
    assert line.says == "Was amber. Better than measured. Evidence overdue."
    assert plan_summary(plan(action(), action("2", "RED"))) == "2 open actions: 1 red and 1 green as stated. Nothing to remark."
    assert plan_summary(()) == "There is no open action of the improvement plan."


def test_heads_read_the_plan_in_their_weekly_summary_in_both_parts():
    rows = plan(*(action(str(number), live="RED") for number in range(20)))
    sent = message(notification("weekly", WeeklyContent(week_ending=TUESDAY, teams=(), plan=rows, scope_of="8 teams")))

    assert "- 0 Plans for permanence\n  Stated green, measured red. Better than measured." in sent.text
    assert "green red Better than measured. Evidence due 2 Apr 2026. Person M1." in read(sent.html)
    assert "And 8 more actions" in sent.text


def report(*actions: PlanAction) -> PlanReport:
    return PlanReport(council="Exampleshire", as_of=TUESDAY, stamp="MADE-UP DATA", rows=plan(*actions))


def test_the_page_needs_nothing_from_outside_and_is_laid_out_for_paper():
    html = as_page(report(action(called="4.10 <b>Plans</b>")))

    assert "&lt;b&gt;Plans" in html
    assert "@page { size: A4 landscape" in html
    assert not {"<script", "src=", "href=", "url("} & set(html.split())
    assert "http" not in html


def test_the_table_is_read_by_a_spreadsheet_and_holds_no_formula():
    given = report(action(called="=HYPERLINK(1)", live=None), action("5", None, evidence=()))
    [names, first, second] = csv.reader(io.StringIO(as_csv(given)))

    assert dict(zip(names, first, strict=True)) == {
        "ref": "4.10",
        "action": "'=HYPERLINK(1)",
        "stated": "green",
        "stated_before": "",
        "measured": "",
        "stated_better_than_measured": "no",
        "since": "",
        "evidence_due": "2026-04-02",
        "updated": "2026-02-01",
        "owner": "Person M1",
        "evidence": "CLA-20 CLA-03",
    }
    assert second[2] == ""


def test_without_a_browser_a_pdf_is_refused_with_another_way_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AlertingError) as refused:
        print_as_pdf("<p>Plan</p>", tmp_path / "plan.pdf")

    assert "--html" in (refused.value.remedy or "")
    assert not (tmp_path / "plan.pdf").exists()


@pytest.mark.slow
def test_thirty_actions_are_one_sheet_of_paper(tmp_path: Path, chromium: str) -> None:
    paper = tmp_path / "plan.pdf"
    print_as_pdf(as_page(report(*(action(f"{number}.1", live="RED") for number in range(30)))), paper)

    assert paper.read_bytes().startswith(b"%PDF")
    assert b"/Count 1" in paper.read_bytes()
    assert paper.stat().st_mode & 0o077 == 0


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A council with one rule about visits to children on plans, and an improvement plan whose action has it as evidence."""
    office = Office(tmp_path)
    office.rules_of_its_own("practice/cp-visit-overdue.yaml", "workforce/improvement-plan-action.yaml")
    office.settings = {"rules": {"path": "rules", "params": {"evidence_min_items": 1}}}
    for ref, rag, closed in (("4.2", "Green", ""), ("4.10", "Amber", ""), ("9", "Red", "2026-01-01")):
        office.council.add(
            "ext_plan_action", ref=ref, title="Visits", owner_id="M1", rag=rag, updated_on="2026-02-20", closed_on=closed,
            evidence="cp-03; CLA-99",
        )  # fmt: skip
    return office


@pytest.mark.slow
def test_the_command_shows_open_actions_alone_with_what_the_rules_show(office: Office) -> None:
    office.run(MONDAY)
    code, output = command(office, "report", "plan", "--as-of", MONDAY.isoformat())

    assert code == 0
    assert output.splitlines()[0].startswith("2 open actions: 1 amber and 1 green as stated.")
    assert ["\t".join(line.split("\t")[:3]) for line in output.splitlines()[2:4]] == [
        "4.2 Visits\tgreen\tred",
        "4.10 Visits\tamber\tred",
    ]
    assert command(office, "report", "plan", "--as-of", MONDAY.isoformat(), "--csv", str(office.folder / "plan.csv"))[0] == 0
    assert "CP-03 CLA-99" in (office.folder / "plan.csv").read_text("utf-8-sig")


@pytest.mark.slow
def test_the_head_of_service_reads_the_plan_and_a_team_manager_does_not(office: Office) -> None:
    office.run(MONDAY, "weekly")
    weeks = {who: content for who, content in office.sent if isinstance(content, WeeklyContent)}
    heads = {who for who, content in weeks.items() if content.plan}

    assert heads
    assert "M1" not in heads
    assert {row.ref for who in heads for row in weeks[who].plan} == {"4.2", "4.10"}

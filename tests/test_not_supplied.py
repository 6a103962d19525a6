"""What a council says that its case system cannot give is no doubt: the rules that need it are off, and no manager hears of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from alerting.commands import cli
from alerting.commands.run import tell
from alerting.notifications.content import NoticeContent
from alerting.notifications.report import Report
from tests.made_council import MONDAY
from tests.office import Office, rule_row

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
SEEN = "ssd_cp_visits.cppv_cp_visit_seen"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A council whose case system does not say whether a child was seen; a child is without a social worker."""
    office = Office(tmp_path)
    office.settings = {"go_live": "full", "rules": {"params": {"not_supplied_columns": [SEEN]}}}
    for row in office.council.tables["ssd_cp_visits"]:
        row["cppv_cp_visit_seen"] = ""
    office.council.row("ssd_involvements", invo_person_id="C1")["invo_involvement_end_date"] = str(MONDAY - 30 * DAY)
    return office


def notices(report: Report) -> list[str]:
    """Return the titles and details of what administrators are told in a run."""
    told = [item.content for item in report.planned if isinstance(item.content, NoticeContent)]
    return [f"{one.title}: {one.detail}" for content in told for one in content.notices]


def test_the_rules_that_need_it_are_off_and_the_others_are_asked(office: Office):
    report = office.run(MONDAY)

    off = rule_row(report, "CP-03")
    assert (off.status, off.is_stopped, off.needs_a_look) == ("off", False, False)
    assert off.problem == f"{SEEN} is not supplied here (`not_supplied_columns` in the settings)"
    assert rule_row(report, "CP-08").status == "ok"
    assert report.trusted
    assert not any(SEEN in problem for problem in report.problems)


def test_managers_hear_nothing_of_it_and_administrators_once(office: Office):
    first, second = office.run(MONDAY), office.run(MONDAY + DAY)

    for report in (first, second):
        shown = [line for item in report.planned for line in getattr(item.content, "banners", ())]
        assert not any("could not" in line for line in shown), shown
    [said] = {notice for notice in notices(first) if SEEN in notice}
    assert said.startswith("1 rule off, by what is not supplied here: ")
    assert not any(SEEN in notice for notice in notices(second))


def test_the_list_of_rules_says_why_they_are_off(office: Office):
    office.run(MONDAY)

    listed = CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), "rules", "list"])
    [line] = [line for line in listed.stdout.splitlines() if line.startswith("CP-03")]
    assert f"off: {SEEN} is not supplied here" in line


def test_why_rules_could_not_run_is_printed_once_with_the_rules(office: Office, capsys: pytest.CaptureFixture[str]):
    office.settings["rules"]["params"]["not_supplied_columns"] = [SEEN, "ssd_involvements.invo_person_id"]
    report = office.run(MONDAY)
    capsys.readouterr()
    tell(report)

    lines = capsys.readouterr().out.splitlines()
    [why] = [line for line in lines if line.startswith("CP-08")][1:]
    assert (
        why
        == "CP-08, DQ-02 and WF-01: ssd_involvements.invo_person_id is not supplied here (`not_supplied_columns` in the settings)"
    )
    assert sum("invo_person_id" in line for line in lines) == 1


def test_a_cause_in_the_data_is_printed_with_the_rules_that_wait_for_it(office: Office, capsys: pytest.CaptureFixture[str]):
    office.settings["rules"]["params"] = {}
    report = office.run(MONDAY, without=("ssd_involvements",))
    capsys.readouterr()
    tell(report)

    said = [line for line in capsys.readouterr().out.splitlines() if "ssd_involvements" in line]
    assert len(said) == 1
    assert said[0].startswith("data: ssd_involvements is not there")
    assert "CP-08, DQ-02 and WF-01 wait" in said[0]

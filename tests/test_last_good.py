"""A bad file keeps its last good version: the others run, it runs as it last worked, and that is said wherever one looks."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerting.commands import cli
from alerting.errors import Faults
from alerting.rulebook.book import LastGoodText
from alerting.rulebook.loader import load_rulebook
from tests.made_council import MONDAY
from tests.office import Office, rule_row
from tests.rule_folder import RULE, SETTINGS, SUBJECT, VIEW, Folder

DAY = timedelta(days=1)
FRIDAY = date(2026, 11, 20)
GOOD = {
    name: LastGoodText(text=text, seen_on=FRIDAY)
    for name, text in {
        "settings.yaml": SETTINGS,
        "subjects/child.yaml": SUBJECT,
        "subjects/_views/v_everybody.sql": VIEW,
        "practice/visits-few.yaml": RULE,
    }.items()
}


# ---- loading


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "rules")


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("practice/visits-few.yaml", "measure: visits\n", "measure: vists\n"),
        ("practice/visits-few.yaml", "owner: head of service", "\towner: x"),
        ("subjects/child.yaml", "key: person_id", "key: persn_id"),
        ("settings.yaml", "min_fill: 0.70", "min_fill: lots"),
    ],
)
def test_a_file_with_a_fault_is_used_as_it_last_worked_and_its_fault_is_told(
    folder: Folder, name: str, before: str, after: str
) -> None:
    whole = load_rulebook(folder.path)
    folder.change(name, (before, after))

    book = load_rulebook(folder.path, last_good=lambda: GOOD)

    assert [rule.version for rule in book.rules] == [rule.version for rule in whole.rules]
    assert book.broken == ()
    assert {fault.severity for fault in book.faults} == {"error", "warning"}
    assert str(book.older[name]).startswith("runs in its version of 20 November 2026: ")
    assert book.texts[name] == GOOD[name].text


def test_the_last_good_versions_are_asked_for_once_and_only_where_a_file_has_a_fault(folder: Folder) -> None:
    asked = 0

    def last_good() -> dict[str, LastGoodText]:
        nonlocal asked
        asked += 1
        return GOOD

    load_rulebook(folder.path, last_good=last_good)
    assert asked == 0

    for name, fault in (("subjects/_views/v_everybody.sql", "SELECT"), ("practice/visits-few.yaml", "id: [")):
        folder.write(name, fault)
    book = load_rulebook(folder.path, last_good=last_good)

    assert (asked, len(book.older)) == (1, 2)


def test_a_view_that_cannot_be_read_is_used_as_it_last_was(folder: Folder) -> None:
    (folder.path / "subjects/_views/v_everybody.sql").write_bytes(b"SELECT '\xff'")

    book = load_rulebook(folder.path, last_good=lambda: GOOD)

    assert list(book.older) == ["subjects/_views/v_everybody.sql"]
    assert book.views["v_everybody"] == VIEW.strip().rstrip(";")


def test_a_view_whose_sql_cannot_be_read_is_used_as_it_last_was(folder: Folder) -> None:
    name, sql = "subjects/_views/v_everybody.sql", VIEW.replace("SELECT", "-- everybody: {all of them}\nSELECT")
    folder.write(name, VIEW.replace("FROM", "FORM"))

    book = load_rulebook(folder.path, last_good=lambda: GOOD | {name: LastGoodText(text=sql, seen_on=FRIDAY)})

    assert (list(book.older), book.broken) == ([name], ())
    assert book.views["v_everybody"].endswith("FROM ssd_person")


def test_a_new_file_with_a_fault_stays_out_and_the_others_are_used(folder: Folder) -> None:
    folder.rule("practice/new-one.yaml", ("measure: visits\n", "measure: vists\n"))

    book = load_rulebook(folder.path, last_good=lambda: GOOD)

    assert ([rule.id for rule in book.rules], [broken.id for broken in book.broken]) == (["visits-few"], ["new-one"])
    assert book.older == {}


def test_a_file_that_is_deleted_is_not_brought_back(folder: Folder) -> None:
    (folder.path / "practice/visits-few.yaml").unlink()

    book = load_rulebook(folder.path, last_good=lambda: GOOD)

    assert (book.rules, book.broken, book.ids) == ((), (), frozenset())


def test_settings_that_are_deleted_are_not_brought_back(folder: Folder) -> None:
    (folder.path / "settings.yaml").unlink()

    with pytest.raises(Faults, match="cannot be read"):
        load_rulebook(folder.path, last_good=lambda: GOOD)


def test_a_fault_that_the_last_good_version_has_too_leaves_the_rule_out(folder: Folder) -> None:
    folder.change("practice/visits-few.yaml", ("title: Few visits", "title: Too few visits"))
    folder.change("subjects/child.yaml", ("  born_on: {type: date, tier: detail, says: Date of birth}\n", ""))

    book = load_rulebook(folder.path, last_good=lambda: GOOD)

    assert [broken.code for broken in book.broken] == ["CL-01"]
    assert book.older == {}


def test_an_id_taken_from_another_rule_is_no_fault_of_the_version_before(folder: Folder) -> None:
    folder.rule("practice/another.yaml")
    good = GOOD | {
        "practice/another.yaml": LastGoodText(text=(folder.path / "practice/another.yaml").read_text("utf-8"), seen_on=FRIDAY)
    }
    folder.change("practice/another.yaml", ("id: another", "id: visits-few"))

    book = load_rulebook(folder.path, last_good=lambda: good)

    assert ({rule.id for rule in book.rules}, list(book.older)) == ({"another", "visits-few"}, ["practice/another.yaml"])


# ---- running


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    return office


def alerting(office: Office, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), *arguments])


@pytest.mark.slow
def test_a_rule_that_was_broken_today_runs_as_it_was_and_the_run_the_list_the_check_and_the_administrators_say_so(
    office: Office,
) -> None:
    path = office.rule()
    office.run(MONDAY)
    path.write_text(path.read_text("utf-8").replace("days_since(", "day_since("), "utf-8")

    report = office.run(MONDAY + DAY)

    assert (report.status, report.alerts.ongoing, report.alerts.held) == ("done_with_faults", 3, 0)
    row = rule_row(report, "PL-01")
    assert (row.status, row.match["amber"]) == ("ok", 2)
    assert row.problem.startswith("runs in its version of 2 March 2026: ")
    assert "plan-long.yaml:11:10" in row.problem
    assert rule_row(report, "CP-03").problem is None
    assert [item["file"] for item in report.as_json()["older_files"]] == ["local/plan-long.yaml"]
    [notice] = {notice.title: notice for notice in office.notices}.values()
    assert notice.title == "local/plan-long.yaml is used in its version of 2 March 2026"
    assert "in use, last good version of 2 Mar 2026" in alerting(office, "rules", "list").stdout
    checked = alerting(office, "check", "--no-source")
    assert (checked.exit_code, "day_since" in checked.stdout, "1 error" in checked.output) == (1, True, True)


@pytest.mark.slow
def test_while_it_lasts_the_administrators_are_told_once(office: Office) -> None:
    path = office.rule()
    office.run(MONDAY)
    path.write_text("id: [", "utf-8")

    office.run(MONDAY + DAY)
    office.run(MONDAY + 2 * DAY)

    assert office.notices == []
    assert "version of 2 March" in rule_row(office.run(MONDAY + 2 * DAY), "PL-01").problem


@pytest.mark.slow
def test_settings_that_were_broken_today_are_used_as_they_were(office: Office) -> None:
    office.begin(MONDAY)
    settings = office.folder / "rules" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8").replace("params:", "params: {", 1), "utf-8")

    report = office.run(MONDAY + DAY)

    assert (report.status, rule_row(report, "CP-03").status) == ("done_with_faults", "ok")
    assert any(notice.title.startswith("settings.yaml is used in its version of 2 March") for notice in office.notices)


def test_settings_that_never_worked_stop_everything(office: Office) -> None:
    (office.folder / "rules" / "settings.yaml").write_text("params: {", "utf-8")

    with pytest.raises(Faults, match="not valid YAML"):
        office.run(MONDAY)


@pytest.mark.slow
def test_a_subject_that_was_broken_today_is_used_as_it_was(office: Office) -> None:
    office.begin(MONDAY)
    subject = office.folder / "rules" / "subjects" / "child_protection_plan.yaml"
    subject.write_text(subject.read_text("utf-8").replace("key: person_id", "key: persn_id"), "utf-8")

    report = office.run(MONDAY + DAY)

    assert rule_row(report, "CP-03").status == "ok"
    assert rule_row(report, "CP-03").problem.startswith("subjects/child_protection_plan.yaml runs in its version of 2 March")


@pytest.mark.slow
def test_a_rule_that_could_never_be_asked_is_not_kept_as_good(office: Office) -> None:
    # It loads, and fails when it is asked: the view is not there.
    subject = office.folder / "rules" / "subjects" / "child_protection_plan.yaml"
    good = subject.read_text("utf-8")
    subject.write_text(good.replace("FROM v_cp c", "FROM v_gone c"), "utf-8")
    office.rule()
    assert rule_row(office.run(MONDAY), "PL-01").status == "error"

    subject.write_text("id: [", "utf-8")
    report = office.run(MONDAY + DAY)

    assert rule_row(report, "PL-01").status == "error"
    assert report.older == ()


@pytest.mark.slow
def test_a_file_that_is_put_right_is_used_as_it_is_now(office: Office) -> None:
    path = office.rule()
    office.run(MONDAY)
    good = path.read_text("utf-8")
    path.write_text("id: [", "utf-8")
    office.run(MONDAY + DAY)
    path.write_text(good.replace("Long on a plan", "Long on a child protection plan"), "utf-8")

    report = office.run(MONDAY + 2 * DAY)

    assert (report.status, rule_row(report, "PL-01").problem) == ("done", None)

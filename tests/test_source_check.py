"""What `source check` and administrators are told of data that is not understood, or not there: one cause once, with what it touches."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from alerting.casedata.not_understood import Kind, NotUnderstood
from alerting.casedata.spellings import Spelling
from alerting.commands import cli
from alerting.evaluation.data_problems import map_command
from alerting.evaluation.evaluation import Status
from alerting.model import Problem
from alerting.notifications.notices import of_data, of_rules
from alerting.notifications.report import RuleRow
from tests.office import Office

pytestmark = pytest.mark.slow

MONDAY = date(2026, 3, 9)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def check(office: Office, *more: str) -> str:
    config = office.council.configure(office.store_url)
    return CliRunner().invoke(cli, ["--config", str(config), "source", "check", "--as-of", str(MONDAY), *more]).output


def legal_status(office: Office, word: str, times: int) -> None:
    for number in range(times):
        office.council.add("ssd_legal_status", lega_legal_status_id=f"L{number}", lega_person_id="C1", lega_legal_status=word)


def test_words_that_nothing_maps_come_with_the_command_the_lines_and_the_rules(office: Office) -> None:
    legal_status(office, "S20 single", 6)
    office.council.write()

    said = check(office)

    assert "ssd_legal_status.lega_legal_status: 6 of 6 cells (100%) hold words that no code map has." in said
    assert '  Written as: "S20 single" (6)\n' in said
    assert "  First at: ssd_legal_status.csv:2, ssd_legal_status.csv:3," in said
    assert '  To say what a word means: alerting source map legal_status "S20 single" CODE\n' in said
    assert '    rules:\n      codes:\n        legal_status:\n          CODE: ["S20 single"]\n' in said
    assert "CLA-01" in said.partition("What waits for it: ")[2]


def test_the_words_are_known_once_they_are_mapped_as_it_says(office: Office) -> None:
    legal_status(office, "S20 single", 6)
    office.council.write()
    config = office.council.configure(office.store_url)

    CliRunner().invoke(cli, ["--config", str(config), "source", "map", "legal_status", "S20 single", "V2"])
    said: Any = json.loads(
        CliRunner().invoke(cli, ["--config", str(config), "source", "check", "--as-of", str(MONDAY), "--json"]).output
    )

    assert [row["unclear"] for row in said if row["table"] == "ssd_legal_status"] == [[]]


def test_nothing_of_a_cell_is_told_but_its_shape(office: Office) -> None:
    legal_status(office, "Doe Jane, 07700 900123", 9)
    office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_end_date"] = "ended by Jane Doe"

    report = office.run(MONDAY)
    said = check(office) + check(office, "--json") + json.dumps(report.as_json()) + str(office.notices)

    assert "Jane" not in said
    assert "Aaa Aaaa, 99999 999999 (9)" in said
    assert "aaaaa aa Aaaa Aaa (1)" in said


def test_tables_of_one_cause_are_one_notice_with_the_rules_that_wait() -> None:
    lost = Problem(
        about="ssd_a",
        also=("ssd_b", "ext_restricted"),
        text="Each of 3 tables is not there",
        rules=("CP-03", "CP-05"),
        stops=True,
    )

    [notice] = of_data([lost], ())

    assert (notice.title, notice.items) == ("Data: 2 tables", ("ssd_a", "ssd_b"))
    assert "CP-03 and CP-05 wait: their alerts are on hold until it is put right." in notice.detail


def test_what_is_wrong_stands_under_its_name_once_and_what_holds_for_all_is_said_once() -> None:
    dates = Problem(about="ssd_a.day", text="ssd_a.day cannot be read in 9 of 12 cells", rules=("CP-03",), stops=True)
    words = Problem(about="ssd_b.word", text="ssd_b.word: 7 of 8 cells hold words that no code map has")

    first, last = of_data([dates, words], ())

    assert (first.title, first.detail.partition(". ")[0]) == ("Data: ssd_a.day", "Cannot be read in 9 of 12 cells")
    assert last.detail.startswith("7 of 8 cells hold words")
    assert "guessed" not in first.detail
    assert last.detail.endswith("Nothing was guessed in any of these. The command `alerting source check` lists every place.")


def test_a_rule_that_waits_for_data_is_told_with_the_data_and_rules_of_one_fault_together() -> None:
    waits = RuleRow(id="a", code="CP-03", status=Status.withheld, problem="ssd_a is not there")
    faulty = [RuleRow(id=code, code=code, status=Status.error, problem="v_cla: no column x") for code in ("CLA-01", "CLA-02")]
    problem = Problem(about="ssd_a", text="ssd_a is not there", rules=("CP-03",), stops=True)

    [together] = of_rules([waits, *faulty], [problem])
    [alone, _] = of_rules([waits, *faulty], [])

    assert (together.title, together.items) == ("2 rules could not run", ("CLA-01", "CLA-02"))
    assert alone.title == "CP-03 could not run"


def test_a_folder_that_is_gone_is_one_line_for_administrators(office: Office) -> None:
    office.begin(MONDAY)
    office.settings["source"] = {"type": "files", "path": "nowhere"}

    report = office.run(date(2026, 3, 10))

    assert [problem for problem in report.problems if "nowhere" in problem] == list(report.problems)
    assert len(report.problems) == 1
    assert not [notice for notice in office.notices if "could not run" in notice.title]


@pytest.mark.parametrize("word", ['say "x"', "cost $5", "a`b", "50%"])
def test_a_word_that_a_shell_would_read_is_not_put_into_a_command(word: str) -> None:
    spelling = Spelling(shown=word, is_word=True, cells=9)
    one = NotUnderstood(
        table="ssd_legal_status", column="lega_legal_status", kind=Kind.unmapped, cells=9, of=9, spellings=(spelling,), vocabulary="legal_status",
    )  # fmt: skip

    assert map_command(one) == 'alerting source map legal_status "WORD" CODE'

"""The council's calendar: the shipped bank holidays are those of England, single days may be changed, and what lacks is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from alerting.app import build
from alerting.authoring.calendars import find_calendar_faults, holidays_of_england
from alerting.clocks import Calendar
from alerting.documents.document import load
from alerting.working_days import term_end
from tests.case_rows import RULES
from tests.rule_folder import Folder

TODAY = date(2026, 3, 31)


def told(tmp_path: Path, rules: str, today: date = TODAY) -> list[str]:
    """Return what is told of the calendar of a council whose config.yaml says this of its rules."""
    Folder(tmp_path / "rules").write("settings.yaml", (RULES / "settings.yaml").read_text("utf-8"))
    file = tmp_path / "config.yaml"
    file.write_text(
        "council: {name: X, administrators: [a@example.gov.uk], domain: alerts.example.gov.uk}\nstore: sqlite:///x.db\n"
        f"source: {{type: demo, children: 50}}\nrules: {{{rules}}}\nreceivers: {{box: {{type: folder, path: box}}}}\n",
        "utf-8",
    )
    app = build(file)
    assert not [fault for fault in app.faults if "config.yaml" in str(fault)]
    return [fault.problem for fault in find_calendar_faults(app, today)]


def test_the_shipped_bank_holidays_are_those_of_england():
    shipped = load(RULES / "settings.yaml").value["bank_holidays"]

    assert shipped == [str(day) for day in holidays_of_england(range(2018, 2031))]


def test_a_council_changes_single_days(tmp_path):
    folder = Folder(tmp_path)

    book = folder.load({"bank_holiday_changes": {"add": ["2026-06-08"], "remove": ["2026-04-06"]}})

    assert book.settings.bank_holidays == {date(2026, 4, 3), date(2026, 6, 8)}


def test_of_a_calendar_as_it_is_shipped_nothing_is_told(tmp_path):
    assert told(tmp_path, "") == []


@pytest.mark.parametrize(
    ("rules", "today", "problem"),
    [
        ("bank_holiday_changes: {remove: [2026-05-04]}", TODAY, "the bank holidays lack 4 May 2026: it counts as a working day"),
        ("bank_holiday_changes: {add: [2026-12-29]}", TODAY, "29 December 2026 is no bank holiday of England that we know of"),
        (
            "",
            date(2029, 7, 1),
            "the bank holidays lack 1 January 2031: it counts as a working day",  # the shipped list ends with 2030
        ),
        (
            "params: {term_ends: [2026-03-27, 2026-07-21]}",
            TODAY,
            "the school terms of `term_ends` end on 21 July 2026: what is due in a later term is not known",
        ),
    ],
)
def test_what_the_calendar_lacks_or_has_beside_is_told(tmp_path, rules, today, problem):
    assert told(tmp_path, rules, today) == [problem]


def test_a_list_of_the_councils_own_is_held_to_that_of_england(tmp_path):
    [problem] = told(tmp_path, "bank_holidays: [2026-12-25]")

    assert problem.startswith("the bank holidays lack 1 January 2026, 3 April 2026, 6 April 2026, 4 May 2026")
    assert problem.endswith(" more: they count as working days")


# ---------------------------------------------------------------- school terms

OWN = ("2026-03-27", "2026-07-21", "18 December")


@pytest.mark.parametrize(
    ("day", "later", "written", "ends"),
    [
        (date(2025, 12, 12), 1, Calendar(bank_holidays=frozenset()).term_ends, date(2026, 3, 31)),
        (date(2025, 6, 30), 1, Calendar(bank_holidays=frozenset()).term_ends, date(2025, 12, 31)),
        (date(2026, 3, 31), 0, Calendar(bank_holidays=frozenset()).term_ends, date(2026, 3, 31)),
        (date(2026, 4, 1), 0, Calendar(bank_holidays=frozenset()).term_ends, date(2026, 7, 31)),
        (date(2026, 3, 28), 0, OWN, date(2026, 7, 21)),
        (date(2026, 3, 28), 1, OWN, date(2026, 12, 18)),
        (date(2026, 7, 22), 0, ("2026-07-21",), None),
    ],
)
def test_a_term_ends_on_the_first_of_its_days_that_comes(day, later, written, ends):
    assert term_end(day, later, written) == ends


@pytest.mark.parametrize(
    ("ends", "problem"),
    [(["31 June"], "has what is no day: 31 June"), (["Easter", "31 July"], "has what is no day: Easter"), ([], "is empty")],
)
def test_terms_that_cannot_be_read_are_a_fault(tmp_path, ends, problem):
    folder = Folder(tmp_path)
    folder.change("settings.yaml", ("  grace: null\n", "  grace: null\n  term_ends: [31 July]\n"))

    book = folder.load({"params": {"term_ends": ends}})

    assert [fault.problem for fault in book.stopping] == [f"`rules: params: term_ends:` {problem}"]

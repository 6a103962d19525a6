"""Whether enough of those whom a rule asks about have the values that it needs, else it is off: the definitions' 8.2."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from alerting.casedata.snapshot import Snapshot
from alerting.evaluation.evaluate import ask_rules
from alerting.evaluation.evaluation import Asked
from alerting.model import Outcome
from alerting.rulebook.book import Rulebook
from alerting.rulebook.loader import load_rulebook

TUESDAY = date(2026, 3, 31)


RULE = {
    "settings.yaml": """\
params: {row_count_tolerance: 0, max_row_change: 1, max_row_change_at_least: 1, max_load_age_wd: 9,
  min_fill: 0.70, min_fill_at_least: 30}
codes: {}
bank_holidays: []
""",
    "subjects/child.yaml": """\
id: child
title: Child
says: Everybody
about: child
key: person_id
person: person_id
team: team_id
columns:
  person_id: {type: text, tier: reference, says: Number}
  team_id: {type: text, tier: detail, says: Team}
  born_on: {type: date, tier: detail, says: Date of birth}
  sex: {type: text, tier: detail, says: Sex}
sql: SELECT pers_person_id AS person_id, NULL AS team_id, pers_dob AS born_on, pers_sex AS sex FROM ssd_person
""",
    "local/born.yaml": """\
id: born
code: DQ-99
title: Born
says: Born
clears: "-"
owner: nobody
basis: {kind: local, text: "-"}
job: daily
reads: [ssd_person]
requires: [born_on]
subject: child
where: coalesce(sex, 'F') = 'F'
levels: {red: born_on < today()}
notify: {red: [worker]}
""",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("rules")
    for name, text in RULE.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def book(folder) -> Rulebook:
    book = load_rulebook(folder)
    assert book.faults == ()
    return book


def ask(book: Rulebook, cells: Sequence[tuple[str | None, str]], withheld: dict[str, str] | None = None) -> tuple[Asked, int]:
    """Ask of these people, each a date of birth and a sex; and count what it found."""
    with Snapshot(TUESDAY, book.settings) as filled:
        columns = [[f"P{number}" for number, _ in enumerate(cells)], *map(list, zip(*cells, strict=True))]
        filled.fill("ssd_person", ["pers_person_id", "pers_dob", "pers_sex"], columns)
        filled.settle(book.wanted(book.rules))
        evaluation = ask_rules(book, filled, book.rules, withheld)
        return evaluation.asked["born"], len(evaluation.findings("born"))


def girls(recorded: int, missing: int) -> list[tuple[str | None, str]]:
    return [("2012-01-01", "F")] * recorded + [(None, "F")] * missing


@pytest.mark.parametrize(
    ("recorded", "missing", "status"),
    [
        (21, 9, "ok"),
        (20, 10, "off"),
        (20, 9, "ok"),
        (0, 29, "ok"),
        (0, 30, "off"),
        (70, 30, "ok"),
        (69, 31, "off"),
        (30, 0, "ok"),
    ],
)
def test_seven_in_ten_must_be_recorded_where_there_are_at_least_30(book, recorded, missing, status):
    asked, findings = ask(book, girls(recorded, missing))

    assert asked.status == status
    assert asked.population == recorded + missing
    assert findings == (recorded + missing if status == "ok" else 0)


def test_a_rule_that_is_off_says_what_is_missing_and_has_no_answers(book):
    asked, _ = ask(book, girls(209, 91))

    assert asked.problem == "only 69 % of its population have 'born_on' recorded (ssd_person.pers_dob); it needs 70 %"
    assert (sum(asked.match.values()), asked.clear, asked.unknown) == (0, 0, 0)


@pytest.mark.parametrize("nothing", ["", "1900-01-01", "9999-12-31", "NULL", "31/31/2012"])
def test_a_placeholder_is_not_recorded(book, nothing):
    asked, _ = ask(book, [("2012-01-01", "F")] * 20 + [(nothing, "F")] * 10)

    assert asked.status == "off"


def test_only_the_rules_own_population_counts(book):
    boys = [(None, "M")] * 100

    assert ask(book, girls(30, 0) + boys)[0].status == "ok"


def test_the_fill_rate_is_a_setting(folder, book):
    cells = girls(20, 10)
    text = (folder / "settings.yaml").read_text()
    for changed in (text.replace("0.70", "0.60"), text.replace("30", "31")):
        (folder / "settings.yaml").write_text(changed)
        assert ask(load_rulebook(folder), cells)[0].status == "ok"
    (folder / "settings.yaml").write_text(text)


def test_a_rule_that_is_withheld_is_not_asked(book):
    asked, findings = ask(book, girls(30, 0), {"born": "ssd_person is not there"})

    assert (asked.status, asked.problem, asked.population, findings) == ("withheld", "ssd_person is not there", 0, 0)


def test_an_answer_is_unknown_where_its_value_is_missing(book):
    with Snapshot(TUESDAY, book.settings) as filled:
        filled.fill("ssd_person", ["pers_person_id", "pers_dob", "pers_sex"], [["1", "2"], ["2012-01-01", None], ["F", "F"]])
        filled.settle(book.wanted(book.rules))
        outcomes = [finding.outcome for finding in ask_rules(book, filled, book.rules).findings("born")]

    assert outcomes == [Outcome.match, Outcome.unknown]


def test_it_may_be_asked_of_some_of_the_population(folder, book):
    path = folder / "local" / "born.yaml"
    text = path.read_text()
    path.write_text(f"{text}requires_of: coalesce(team_id is null and sex is not null, false)\n")
    of_some = load_rulebook(folder)
    path.write_text(text)

    assert of_some.faults == ()
    assert ask(of_some, [*girls(29, 0), *[(None, "")] * 40])[0].status == "ok"
    asked, _ = ask(of_some, [*girls(20, 10), *[("2012-01-01", "")] * 40])
    assert asked.status == "off"
    assert asked.problem == (
        "only 66 % of those in its population with `coalesce(team_id is null and sex is not null, false)` have 'born_on' recorded "
        "(ssd_person.pers_dob); it needs 70 %"
    )

"""Faults of a rule file: every one is found in one pass, each with its place and what to do."""

from __future__ import annotations

import pytest

from tests.rule_folder import Folder


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path / "rules")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # keys
        ([("title: Few visits", "titel: Few visits")], ["3:1: unknown key `titel`\n  Did you mean 'title'?"]),
        ([("job: daily", "job: hourly")], ["8:6: `job` should be daily, weekly or monthly"]),
        ([("reads: [ssd_person]", "reads: ssd_person")], ["9:8: `reads` should be a list\n  Write it in square brackets: [ssd_person]."]),
        ([("kind: local", "kind: lokal")], ["7:15: `basis.kind` should be statutory, guidance or local\n  Did you mean 'local'?"]),
        ([("code: CL-01", "code: cl01")], ["2:7: `code` is not written as it should be\n  Such as CL-01."]),
        ([("amber: [worker]", "ambre: [worker]")], ["25:10: unknown key `ambre`\n  Did you mean 'amber'?"]),
        ([('"has(statuses, short_statuses)"', "has(statuses, short_statuses)")], ["26:39: unknown key `short_statuses)`\n  Put the expression before it in quotes: inside { } a comma begins a new key."]),
        ([("  amber: measure < 3", "  purple: measure < 3")], ["20:3: unknown key `purple`\n  The keys here are: info, amber, red, critical."]),
        # more than there may be
        ([("title: Few visits", "title: " + "few " * 60)], ["3:8: `title` is longer than the 200 characters that it may have\n  Say it in fewer words."]),
        ([("owner: head of service", "owner: " + "x" * 300_000)], ["6:8: `owner` is longer than the 200 characters that it may have\n  Say it in fewer words."]),
        # names
        ([("subject: child", "subject: chil")], ["13:10: there is no subject 'chil'\n  Did you mean 'child'?"]),
        ([("reads: [ssd_person]", "reads: [ssd_persons]")], ["9:9: `reads.0`: there is no table 'ssd_persons'\n  Did you mean 'ssd_person'?"]),
        ([("requires: [born_on]", "requires: [born]")], ["12:12: `requires.0`: there is no column 'born'\n  Did you mean 'born_on'?"]),
        ([("id: visits-few", "id: few-visits")], ["1:5: the id is 'few-visits' but the file is visits-few.yaml\n  Write `id: visits-few`, or call the file few-visits.yaml."]),
        ([("owner:", "replaces: visit-few\nowner:")], ["6:11: 'visit-few' is not a rule of an earlier pack"]),
        ([("  age: age_on", "  statuses: age_on"), ("and age <", "and 1 <"), ("due: add_days(born_on, 7)\n", ""), ('also: {service_manager: "has(statuses, short_statuses)"}\n', "")], ["16:3: `let.statuses`: 'statuses' is the name of something else\n  Give it a name of its own."]),
        ([("  age: age_on", "  adult_age: age_on"), ("and age <", "and 1 <")], ["16:3: `let.adult_age`: 'adult_age' is the name of something else\n  Give it a name of its own."]),
        ([("  age: age_on", "  measure: age_on"), ("and age <", "and 1 <")], ["16:3: `let.measure`: 'measure' is the name of something else\n  Give it a name of its own."]),
        ([("red_visits: 1", "red_visits: 1\n  visits: 3")], ["12:3: `params.visits`: 'visits' is the name of something else\n  Give it a name of its own."]),
        ([("  age: age_on", "  Its age: age_on"), ("and age <", "and 1 <")], ["16:3: `let.Its age`: 'Its age' cannot be a name\n  Write it in a-z, 0-9 and _, a letter first."]),
        ([(", red: [team_manager]", "")], ["25:9: `notify`: nobody is told of level red\n  Add `red: [team_manager]` or whoever it is."]),
        ([("due:", "when_null: critical\ndue:")], ["26:9: `notify`: nobody is told of level critical\n  Add `critical: [team_manager]` or whoever it is."]),
        ([("also:", "examples: [{says: a, as_of: 2026-03-31, row: {visit: 1}, gives: red}]\nalso:")], ["26:47: `examples.0.row.visit`: there is no column 'visit'\n  Did you mean 'visits'?"]),
        # expressions: plain, in a block, in quotes
        ([("measure: visits", "measure: visit")], ["17:10: `measure`: there is no column or parameter 'visit'\n  Did you mean 'visits'?"]),
        ([("measure: visits", "measure: visits > 2")], ["17:10: `measure`: this gives a yes-or-no, but a number is needed here\n  Write how_many(...) for 1 or 0, or put the comparison under `levels`."]),
        ([("and age <", "and aeg <")], ["23:11: `levels.red`: there is no column or parameter 'aeg'\n  Did you mean 'age'?"]),
        ([("amber: measure < 3", 'amber: "measure < three"')], ["20:21: `levels.amber`: there is no column or parameter 'three'\n  `alerting rules subjects NAME` lists the columns; a step of `let` is known only below its own line."]),
        ([("amber: measure < 3", "amber: measure < 3 visits")], ["20:22: `levels.amber`: 'visits' is left over\n  Is a unit or a second word left over? Write `x > 3`, not `x > 3 days`."]),
        ([("  age: age_on(born_on, today())", "  age: (select max(pers_dob) from ssd_person)")], ["16:16: `let.age`: a subquery is not part of the rule language\n  A rule asks about its subject's own columns; what they are made of stands in the subject's SQL."]),
        ([("amber: measure < 3", "amber: exists (select 1 from ssd_person)")], ["20:25: `levels.amber`: a subquery is not part of the rule language\n  A rule asks about its subject's own columns; what they are made of stands in the subject's SQL."]),
        ([("amber: measure < 3", "amber: getenv('HOME') = 'x'")], ["20:10: `levels.amber`: there is no function 'getenv'\n  `alerting rules functions` lists them all."]),
        ([("has(statuses, short", "has(visits, short")], ["26:30: `also.service_manager`: has() needs a list of codes, but this is a number\n  Such as `has(codes('C1', 'E1'), 'E1')`."]),
        ([("due: add_days(born_on, 7)", "due: visits")], ["24:6: `due`: this gives a number, but a date is needed here\n  Such as add_days(x, 42), where x is a date."]),
        # what follows a faulty step is judged on its own
        ([("  age: age_on(born_on, today())", "  age: age_on(bornon, today())")], ["16:15: `let.age`: there is no column or parameter 'bornon'\n  Did you mean 'born_on'?"]),
    ],
)  # fmt: skip
def test_a_fault_of_a_rule_has_its_place_and_what_to_do(folder, changes, expected):
    folder.change("practice/visits-few.yaml", *changes)

    found = [fault.removeprefix("practice/visits-few.yaml:") for fault in folder.faults()]

    assert sorted(found) == sorted(expected)


def test_a_step_may_use_only_the_steps_before_it(folder):
    folder.change("practice/visits-few.yaml", ("  age: age_on", "  older: age + 1\n  age: age_on"))

    [fault] = folder.faults()

    assert fault.startswith("practice/visits-few.yaml:16:10: `let.older`: there is no column or parameter 'age'")


def test_every_fault_of_every_file_is_found_in_one_pass(folder):
    folder.change("practice/visits-few.yaml", ("measure: visits", "measure: visit"), ("job: daily", "jobs: daily"))
    folder.rule("practice/second.yaml", ("measure: visits", "measure: visit"), ("due: add_days", "due: ad_days"))
    folder.write("practice/third.yaml", "id: third\n\tcode: X")

    found = folder.faults()

    assert [fault.partition(" ")[0] for fault in found] == [
        "practice/second.yaml:17:10:",
        "practice/second.yaml:24:6:",
        "practice/third.yaml:2:1:",
        "practice/visits-few.yaml:8:1:",
        "practice/visits-few.yaml:17:10:",
    ]


def test_a_level_may_be_written_as_a_bare_value(folder):
    folder.change("practice/visits-few.yaml", ("amber: measure < 3", "amber: true"), ("measure: visits", "measure: 2"))

    assert folder.faults() == []

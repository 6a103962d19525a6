"""The SQL of subjects and views is tried on empty tables: what the engine would refuse is found before a run."""

from __future__ import annotations

import pytest

from alerting.evaluation.dry_run import check_book
from tests.rule_folder import Folder, asked, ids


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path / "rules")


def told(folder: Folder) -> list[str]:
    """Return what loading and trying find, with paths from the folder of rules; what follows for the rules is left out."""
    book = folder.load()
    every = [str(fault).replace(f"{folder.path.as_posix()}/", "") for fault in (*book.faults, *check_book(book))]
    return [fault for fault in every if "cannot be used" not in fault]


@pytest.mark.parametrize(
    ("file", "change", "fault"),
    [
        ("subjects/_views/v_everybody.sql", ("pers_dob", "pers_date_of_birth"), "subjects/_views/v_everybody.sql:1:37: there is no column 'pers_date_of_birth'\n  Did you mean 'pers_dob'?"),
        ("subjects/_views/v_everybody.sql", ("ssd_person", "ssd_persons"), "subjects/_views/v_everybody.sql:1:62: there is no table or view 'ssd_persons'\n  Did you mean 'ssd_person'?"),
        ("subjects/child.yaml", ("v_everybody p", "v_everbody p"), "subjects/child.yaml:15:88: there is no table or view 'v_everbody'\n  Did you mean 'v_everybody'?"),
        ("subjects/child.yaml", ("p.born_on, 2", "p.born, 2"), "subjects/child.yaml:15:40: there is no column 'born'\n  Did you mean 'born_on'?"),
        ("subjects/child.yaml", ("p.born_on, 2", "2"), "subjects/child.yaml:11:3: the SQL does not give the column 'born_on'\n  Add it to the SQL, or leave it out here."),
        ("subjects/child.yaml", ("2 AS visits", "2 AS visits, 3 AS more"), "subjects/child.yaml:8:1: the SQL gives a column 'more' that is not among the columns\n  Say what it is: `more: {type: text, tier: detail, says: ...}`."),
        ("subjects/child.yaml", ("['C2'] AS", "p.born_on AS"), "subjects/child.yaml:13:20: the SQL gives DATE as 'statuses', which is no codes\n  Mend its type, or the SQL."),
        ("subjects/child.yaml", ("p.born_on, 2", "p.born_on,, 2"), 'subjects/child.yaml:15:50: this SQL cannot be read: syntax error at or near ","\n  Look for a missing comma, bracket, quote or keyword just before it.'),
        ("subjects/child.yaml", ("p.born_on, 2", "upper(p.born_on, 1) AS born_on, 2"), "subjects/child.yaml:15:40: the engine cannot use this SQL: No function matches the given name and argument types 'upper(DATE, INTEGER_LITERAL)'. You might need to add explicit type casts.\n  It would take upper(string VARCHAR) -> VARCHAR."),
        ("subjects/child.yaml", ("sql: |", "left_when: SELECT 1 FROM nowhere\nsql: |"), "subjects/child.yaml:14:26: there is no table or view 'nowhere'\n  `alerting rules subjects` shows the tables and views there are."),
        ("subjects/child.yaml", ("sql: |", "left_when: SELECT l.rule, l.subject, l.team AS reason FROM live l\nsql: |"), "subjects/child.yaml:14:38: there is no column 'team'\n  There is: member."),
        ("subjects/child.yaml", ("sql: |", "left_when: SELECT l.rule, l.subject FROM live l\nsql: |"), "subjects/child.yaml:14:1: `left_when` does not give 'reason'\n  It gives rule, subject and reason."),
    ],
)  # fmt: skip
def test_wrong_sql_is_found_without_any_data_at_its_place(folder, file, change, fault):
    folder.change(file, change)

    assert told(folder) == [fault]


def test_sql_may_end_as_people_end_it(folder):
    folder.change("subjects/child.yaml", ("FROM v_everybody p\n", "FROM v_everybody p; -- everybody\n"))
    folder.change("subjects/_views/v_everybody.sql", ("ssd_person;", "ssd_person -- all of them"))

    assert told(folder) == []
    assert asked(folder.load()) != []


def test_a_view_of_a_view_that_cannot_be_used_cannot_be_used_and_one_fault_is_told(folder):
    folder.write("subjects/_views/v_all.sql", "SELECT person_id, born_on FROM v_everybody")
    folder.change("subjects/child.yaml", ("FROM v_everybody p", "FROM v_all p"))
    folder.change("subjects/_views/v_everybody.sql", ("pers_dob AS", "today() AS"))

    assert [fault.partition(": ")[0] for fault in told(folder)] == ["subjects/_views/v_everybody.sql:1:37"]
    assert ids(folder.load()) == []


def test_rules_that_ask_the_same_with_other_numbers_are_tried_once(folder):
    folder.rule("practice/second.yaml", ("red_visits: 1", "red_visits: 2"))

    assert told(folder) == []

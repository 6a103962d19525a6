"""Rules and subjects in an editor: the real yaml-language-server, asked as an editor asks it.

`.ci/run` installs it; YAML_LANGUAGE_SERVER names another.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.case_rows import RULES
from tests.language_server import LanguageServer, find_server

COMMAND = find_server()
PRACTICE, SUBJECTS = RULES / "practice", RULES / "subjects"
FIRST_LINE = "# yaml-language-server: $schema=../rule.schema.json\n"
FIRST_LINE_OF_A_SUBJECT = "# yaml-language-server: $schema=../subject.schema.json\n"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(COMMAND is None, reason="there is no node with a yaml-language-server on this machine"),
]


@pytest.fixture(scope="module")
def network() -> Iterator[socket.socket]:
    """The one way the server has to the network: a proxy that answers nobody."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def editor(network: socket.socket) -> Iterator[LanguageServer]:
    assert COMMAND
    with LanguageServer(COMMAND, f"http://127.0.0.1:{network.getsockname()[1]}") as server:
        yield server


RULE = f"""{FIRST_LINE}id: visit-overdue
code: CP-77
title: Visit overdue
says: No visit for {{{{ measure }}}} working days.
clears: A visit is recorded.
owner: head of service
basis: {{kind: local, text: Seen every ten working days}}
review_by: 2027-04-01
job: daily
reads: [ssd_cp_visits]
subject: child_protection_plan
where: not unborn
measure: working_days_since(last_cp_visit)
unit: working days
levels:
  red: measure > 10
notify: {{red: [team_manager]}}
examples:
  - says: eleven working days
    as_of: 2026-03-31
    row: {{person_id: P1, unborn: false, last_cp_visit: 2026-03-16}}
    gives: red
"""


def rule(before: str = "", after: str = "") -> str:
    """Return a good rule, with one part of it written otherwise."""
    assert not before or RULE.count(before) == 1, before
    return RULE.replace(before, after) if before else RULE


# ---------------------------------------------------------------- what is right is not underlined


@pytest.mark.parametrize("folder", sorted({path.parent for path in RULES.glob("*/*.yaml")}), ids=lambda folder: folder.name)
def test_nothing_is_underlined_in_any_shipped_file(editor, folder):
    assert editor.faults(folder, *(path.read_text("utf-8") for path in sorted(folder.glob("*.yaml")))) == []


def test_nothing_is_underlined_in_what_only_some_rules_use(editor):
    also = (
        "for: 2 runs\nkeep_firing_for: 1\nremind_every: 10 working days\nescalate: [{after: 10, to: quality}]\nwhen_null: amber\n"
    )

    assert (
        editor.faults(PRACTICE, rule("unit: working days\n", f"unit: working days\nrequires: {{plan_start: 0.8}}\n{also}")) == []
    )


# ---------------------------------------------------------------- what is wrong is


@pytest.mark.parametrize(
    ("before", "after", "faults"),
    [
        ("levels:\n", "level:\n", ['2: Missing property "levels".', "16: Property level is not allowed."]),
        ("owner: head of service\n", "", ['2: Missing property "owner".']),
        ("job: daily", "job: dayly", ['10: Value is not accepted. Valid values: "daily", "weekly", "monthly".']),
        ("where: not unborn", "where: [not unborn]", ["13: Incorrect type. Expected one of string, number, boolean."]),
        ("unit: working days", "channel: sometimes", ['15: Incorrect type. Expected "boolean".']),
        ("code: CP-77", "code: CP77", ["3: Write capital letters, a dash and a number, such as CL-01."]),
        ("review_by: 2027-04-01", "review_by: 1 April 2027", ["9: Write a date as 2026-03-31."]),
        ("unit: working days", "remind_every: 5 days", ["15: Write a number of working days: 5, or 5 working days."]),
        ("unborn: false", "unbron: false", ["22: Property unbron is not allowed."]),
        ("row: {person_id: P1", "row: {person_id: [P1]", ["22: Incorrect type. Expected one of string, number, null."]),
    ],
)
def test_a_misspelt_key_a_missing_one_and_a_wrong_value_are_underlined_with_what_is_wrong(editor, before, after, faults):
    assert editor.faults(PRACTICE, rule(before, after)) == faults


def test_a_role_that_is_not_there_is_underlined_with_those_that_are(editor):
    [fault] = editor.faults(PRACTICE, rule("[team_manager]", "[team_manger]"))

    assert fault.startswith("18: Value is not accepted.")
    assert '"team_manager"' in fault


def test_a_subject_that_lacks_a_key_or_has_a_column_of_no_type_is_underlined(editor):
    text = (SUBJECTS / "child_in_need.yaml").read_text("utf-8")

    assert editor.faults(SUBJECTS, text.replace("key: person_id\n", "")) == ['2: Missing property "key".']
    [fault] = editor.faults(SUBJECTS, text.replace("referral_date: {type: date", "referral_date: {type: day"))
    assert 'Valid values: "text", "integer", "number", "date", "moment", "boolean", "codes"' in fault


def test_a_word_in_the_place_of_a_list_is_underlined_unless_it_is_the_one_that_may_stand_there(editor):
    text = (SUBJECTS / "rule_asked.yaml").read_text("utf-8")

    assert editor.faults(SUBJECTS, text.replace("answers_of: all", "answers_of: [CP-08, DQ-01]")) == []
    [fault] = editor.faults(SUBJECTS, text.replace("answers_of: all", "answers_of: every"))
    assert fault.endswith("The only word that may stand here is `all`.")


# ---------------------------------------------------------------- what is offered


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("lev|", {"levels": "When each level holds: an expression; the highest level that holds is given"}),
        ("job: |", {"daily": "every working day", "weekly": "once a week", "monthly": "once a month"}),
        ("notify:\n  |", {"amber": "needs somebody's attention soon", "red": "needs somebody's attention now"}),
        ("notify:\n  red: [|]", {"team_manager": "the manager of the team that answers"}),
        ("also:\n  |", {"head_of_service": "the head of service over that team"}),
        ("subject: |", {"child_in_need": "Child in need. One row per child with an open referral that was accepted."}),
        ("reads: [|]", {"ssd_cp_plans": "Child protection plans."}),
        ("subject: child_in_need\nrequires: [|]", {"referral_date": ""}),
        ("subject: child_in_need\nexamples:\n  - row: {re|}", {"referral_date": "Date of that referral (date)"}),
        ("subject: child_in_need\nexamples:\n  - gives: |", {"out": "it is not in the population"}),
    ],
)
def test_keys_and_values_are_offered_with_what_they_mean(editor, text, offered):
    assert offered.items() <= editor.completions(PRACTICE, f"{FIRST_LINE}{text}\n").items()


def test_only_the_columns_of_the_rules_own_subject_are_offered(editor):
    found = editor.completions(PRACTICE, f"{FIRST_LINE}subject: child_in_need\nrequires: [|]\n")

    assert "latest_contact" not in found


def test_a_subjects_keys_are_offered(editor):
    assert {"left_when", "columns"} <= editor.completions(SUBJECTS, f"{FIRST_LINE_OF_A_SUBJECT}l|\n").keys()


# ---------------------------------------------------------------- what is explained


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("lev|els:\n  red: measure > 5", "When each level holds"),
        ("re|mind_every: 5 working days", "When it is left out: `5`"),
        ("whe|re: 'true'", "`working_days_since`"),
        ("subject: child_|in_need", "Columns: `person_id`, `team_id`"),
        ("job: dai|ly", "every working day"),
        ("subject: child_in_need\nexamples:\n  - row: {on_|plan: true}", "Whether the child is on a protection plan too"),
    ],
)
def test_a_key_or_a_value_is_explained_where_the_pointer_rests(editor, text, shown):
    assert shown in editor.hover(PRACTICE, f"{FIRST_LINE}{text}\n")


# ---------------------------------------------------------------- no network


def test_none_of_this_asked_the_network_for_anything(editor, network):
    editor.faults(PRACTICE, rule())
    network.setblocking(False)

    with pytest.raises(BlockingIOError):
        network.accept()


def test_the_proxy_would_have_seen_it(editor, network):
    network.settimeout(20)
    editor.open(PRACTICE, "# yaml-language-server: $schema=http://schema.invalid/rule.schema.json\nid: x\n")

    connection, _ = network.accept()
    connection.close()

"""The ten pitfalls of records of children: whatever the rule, what is said of the dead, the adopted, the unborn, and so on.

Every shipped rule is asked; what a pitfall is about stands beside the same record without it, of which rules do speak.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache

import pytest

from alerting.casedata.snapshot import Snapshot
from alerting.evaluation.evaluate import ask_rules
from alerting.model import Finding, Outcome
from alerting.sources.demo.source import Source
from tests.case_rows import Row, episode, involvement, leaver, legal, person, placement, plan, referral, shipped

pytestmark = pytest.mark.slow

MONDAY = date(2026, 3, 30)
Columns = Mapping[str, Sequence[object]]
Told = dict[str, dict[str, Finding]]
"""By the code of a rule, what it finds, by subject."""


COUNTED = ("FD-02", "FD-05", "FD-07", "FD-08", "FD-09", "FD-10", "WF-01")
"""The rules whose counts hold sealed people too."""


def asked(tables: Mapping[str, Columns]) -> Told:
    """Return the answers of every shipped rule."""
    book = shipped()
    with Snapshot(MONDAY, book.settings) as snapshot:
        for table, columns in tables.items():
            snapshot.fill(table, list(columns), [list(cells) for cells in columns.values()])
        snapshot.settle(book.wanted(book.rules))
        answers = ask_rules(book, snapshot, book.rules)
        return {rule.code: {one.subject: one for one in answers.findings(rule.id)} for rule in book.rules}


def about(people: Iterable[str], answers: Told) -> dict[str, set[str]]:
    """Return the rules that match somebody of these, by code, with whom."""
    wanted = set(people)
    found = {
        code: {str(one.person) for one in its.values() if one.outcome == Outcome.match and one.person in wanted}
        for code, its in answers.items()
    }
    return {code: whom for code, whom in found.items() if whom}


def told(*rows: tuple[str, Row]) -> dict[str, set[str]]:
    """Return what every rule says in a council of these rows, each beside its table: by its code, of whom."""
    return about(("P1", "P2"), asked(_columns(rows)))


def _columns(rows: Sequence[tuple[str, Row]]) -> dict[str, dict[str, list[object]]]:
    tables: defaultdict[str, list[Row]] = defaultdict(list)
    for table, row in rows:
        tables[table].append(row)
    return {
        table: {name: [row.get(name) for row in its] for name in sorted({name for row in its for name in row})}
        for table, its in tables.items()
    }


# ---------------------------------------------------------------- whoever they are: a made-up council, and whom its rules speak of


@cache
def town() -> Mapping[str, Columns]:
    return Source(children=120).tables(MONDAY)


@cache
def town_answers() -> Told:
    return asked(town())


def one_of_each() -> set[str]:
    """Return a child for each rule that speaks of any."""
    of_rules = (
        min((one.person for one in its.values() if one.outcome == Outcome.match and one.person), default=None)
        for its in town_answers().values()
    )
    return {who for who in of_rules if who}


def test_the_council_has_children_of_whom_many_rules_speak():
    assert len(about(one_of_each(), town_answers())) > 30


def test_of_a_child_who_died_nothing_is_told_by_any_rule_but_that_their_record_is_open():
    people, whose = one_of_each(), town()["ssd_person"]
    died = [
        "2026-03-27" if who in people else cell
        for who, cell in zip(whose["pers_person_id"], whose["pers_death_date"], strict=True)
    ]
    answers = asked({**town(), "ssd_person": {**whose, "pers_death_date": died}})

    assert about(people, answers).keys() <= {"DQ-04"}


def test_of_a_sealed_child_no_rule_says_anything_and_no_count_changes_that_holds_the_sealed():
    people, listed = sorted(one_of_each()), town()["ext_restricted"]
    more = {"person_id": people, "level": ["sealed"] * len(people), "allowed_recipients": [""] * len(people)}
    sealed = asked({**town(), "ext_restricted": {name: [*cells, *more[name]] for name, cells in listed.items()}})

    assert about(people, sealed) == {}
    for code in COUNTED:
        assert sealed[code] == town_answers()[code], code
    # What is a count of a team, a worker or a service names none of them.
    named = [
        one
        for its in sealed.values()
        for one in its.values()
        if one.person is None and set(people) & set(map(str, one.facts.values()))
    ]
    assert named == []


# ---------------------------------------------------------------- one record beside the same without the pitfall

CHILD = person("P1", "2016-05-04")
IN_CARE = (CHILD, episode("P1", "2024-01-08"), legal("P1", "C2", "2024-01-08"), placement("C1", "U6", "2024-01-08"))


def left_care(why: str) -> tuple[tuple[str, Row], ...]:
    """Return the same child, whose care ended a week ago."""
    (_, row), gone = episode("P1", "2024-01-08", "2026-03-23"), "2026-03-23"
    ended = ("ssd_cla_episodes", {**row, "clae_cla_episode_ceased_reason": why})
    return (CHILD, ended, legal("P1", "C2", "2024-01-08", gone), placement("C1", "U6", "2024-01-08", gone))


def test_of_an_adopted_child_nothing_is_told_under_the_number_they_had():
    assert {"CLA-01", "CLA-02", "CLA-04"} <= told(*IN_CARE).keys()
    assert told(*left_care("E11")) == {}
    assert "DQ-04" in told(*left_care("E12"), plan("P1", "2024-02-01")), (
        "a plan that nobody ended is told to the performance team"
    )


def test_an_unborn_child_is_on_a_plan_with_a_worker_and_a_review_and_is_not_to_be_seen_or_grown_up():
    record = (referral("P1", "2025-12-02"), plan("P1", "2025-12-20"))
    of_unborn, of_born = told(person("P1", None, "2026-06-01"), *record), told(person("P1", "2026-01-20"), *record)

    assert of_unborn.keys() == {"CP-05", "CP-08"}
    assert of_born.keys() - of_unborn.keys() == {"CP-03"}


def test_of_siblings_with_one_enquiry_each_is_asked_about_by_themselves():
    def enquiry(who: str, ended: str | None = None) -> tuple[str, Row]:
        return "ssd_s47_enquiry", {
            "s47e_s47_enquiry_id": "S1", "s47e_person_id": who, "s47e_s47_start_date": "2026-02-02", "s47e_s47_end_date": ended,
        }  # fmt: skip

    both = (person("P1"), person("P2"))
    assert told(*both, enquiry("P1"), enquiry("P2")) == {"CP-01": {"P1", "P2"}}
    assert told(*both, enquiry("P1"), enquiry("P2", "2026-02-20")) == {"CP-01": {"P1"}}


def test_a_child_with_short_breaks_alone_is_not_looked_after():
    short = [
        ("ssd_legal_status", {**row, "lega_legal_status": "V4"}) if table == "ssd_legal_status" else (table, row)
        for table, row in IN_CARE
    ]

    assert told(*IN_CARE) != {}
    assert told(*short) == {}


def test_of_a_child_or_care_leaver_who_moved_abroad_nobody_is_told_to_visit_or_call():
    def away(where: str) -> tuple[tuple[str, Row], ...]:
        return (
            person("P1", "2007-05-04"),
            leaver("P1", care_leaver_latest_contact="2025-09-01", care_leaver_accommodation=where),
        )

    assert told(*left_care("E16")) == {}
    assert told(*away("U1")).keys() - told(*away("G")).keys() == {"CL-01"}


def test_a_person_who_is_there_twice_is_told_of_once_and_by_what_either_row_knows():
    twice = asked({"ssd_person": {"pers_person_id": ["P1", "P1"], "pers_dob": ["2016-05-04", None]}, **_columns(IN_CARE[1:])})

    assert about(("P1",), twice) == told(*IN_CARE)
    assert all(len(its) == 1 for code, its in twice.items() if code.startswith("CLA-") and its and "P1" in its)


def test_an_episode_that_is_opened_again_counts_from_its_own_day_and_not_from_the_earlier_one():
    earlier = (
        episode("P1", "2023-01-08", "2025-01-10", id="E1", cla="C1"),
        ("ssd_cla_reviews", {"clar_cla_id": "C1", "clar_cla_review_date": "2024-12-01", "clar_cla_review_cancelled": "N"}),
    )
    again = (episode("P1", "2026-03-23", id="E2", cla="C2"), legal("P1", "C2", "2026-03-23"), placement("C2", "U6", "2026-03-23"))
    answers = asked(_columns((CHILD, *earlier, *again)))

    until = (date(2026, 4, 22) - MONDAY).days
    assert answers["CLA-02"]["P1"].measure == -until, "the first review is due 20 working days after 23 March"
    assert answers["CLA-04"]["P1"].measure == -until, "and so is the first health assessment"
    assert answers["CLA-01"]["P1"].due == date(2026, 3, 30)


def test_an_entry_that_is_dated_back_counts_from_its_date_and_not_from_when_it_was_made():
    def visit(number: int, on: str) -> tuple[str, Row]:
        return "ssd_cp_visits", {
            "cppv_cp_visit_id": f"V{number}", "cppv_person_id": "P1", "cppv_cp_visit_date": on, "cppv_cp_visit_seen": "Y",
        }  # fmt: skip

    record = (CHILD, referral("P1", "2025-12-02"), involvement("P1", "W1"), plan("P1", "2026-01-20"), visit(1, "2026-02-02"))
    assert "CP-03" in told(*record)
    assert "CP-03" not in told(*record, visit(2, "2026-03-25")), "a visit of last week, recorded today"
    assert "CP-03" in told(*record, visit(2, "2026-02-09")), "one that is too long ago even so"
    assert asked(_columns((CHILD, plan("P1", "2025-01-20"))))["CP-05"]["P1"].due == date(2025, 4, 20), (
        "a plan of last year, recorded today"
    )

"""What the made-up council keeps beside its case system: it lives, can be read, and nothing of it is told to those who look after the service."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

import pytest

from alerting.casedata.catalogue import TABLES
from alerting.casedata.snapshot import Snapshot
from alerting.casedata.trust import Past, judge
from alerting.sources.demo import Source
from alerting.sources.demo.plan_actions import ACTIONS
from tests.case_rows import shipped

START = date(2026, 3, 2)
SMALL = Source(children=300, seed=7, start=START)
NEW = {
    *("ext_contact", "ext_referral", "ext_strategy", "ext_supervision", "ext_oversight", "ext_audit", "ext_plan_action"),
    *("ext_workforce", "ext_vacancy", "ext_pep", "ssd_assessment_factors", "ssd_sdq_scores", "ssd_immigration_status"),
}


@pytest.mark.slow
@pytest.mark.parametrize("as_of", [START, date(2026, 6, 1)])
def test_every_new_table_can_be_read_and_believed_and_stands_still_nowhere(as_of):
    wanted = {name: frozenset(table.columns) for name, table in TABLES.items()}
    with Snapshot(as_of, shipped().settings) as snapshot:
        SMALL.read(wanted, snapshot)
        snapshot.settle(wanted)
        found = judge(snapshot, wanted, Past())

    assert [text for name, text in found.problems.items() if name.partition(".")[0] in NEW] == []
    assert [problem.text for problem in found.told if problem.about.partition(".")[0] in NEW] == []
    assert [unknown.about for unknown in found.unknown_ids if unknown.table in NEW] == []


def test_contacts_come_at_all_hours_and_a_few_without_their_time():
    cells = [cell for cell in SMALL.tables(START)["ext_contact"]["received_at"] if cell]
    times = [datetime.fromisoformat(cell) for cell in cells if " " in cell]

    assert 0 < len(cells) - len(times) < len(cells) / 10
    assert {time.weekday() for time in times} == set(range(7))
    assert any(time.hour < 6 or time.hour > 21 for time in times)


def test_what_is_decided_is_decided_after_it_came():
    tables = SMALL.tables(START)
    pairs = [*zip(tables["ext_contact"]["received_at"], tables["ext_contact"]["decision_at"], strict=True)]
    pairs += [*zip(tables["ext_referral"]["received_at"], tables["ext_referral"]["completed_at"], strict=True)]

    assert all(came and came < done for came, done in pairs if done)
    assert any(done is None for _, done in pairs)


@pytest.mark.slow
def test_audits_have_every_grade_and_some_are_done_again_or_not_back_yet():
    table = Source(children=3000, seed=7, start=START).tables(START)["ext_audit"]

    assert set(table["grade"]) == {None, "Outstanding", "Good", "Requires improvement", "Inadequate"}
    assert Counter(table["kind"]).keys() == {"audit", "dip_sample", "re_audit"}
    assert {cell for cell in table["reaudit_of"] if cell} <= set(table["audit_id"])


def test_the_improvement_plan_has_thirty_actions_each_with_an_owner_and_evidence():
    table = SMALL.tables(START)["ext_plan_action"]

    assert sorted(cell or "" for cell in table["ref"]) == sorted(ref for ref, _, _ in ACTIONS)
    assert len(ACTIONS) == 30
    assert all(table["owner_id"])

"""The scorecard of a week: all that is somebody's, a rule a row, against its target, last week and last year."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta

import pytest

from alerting.casedata.directory import Team
from alerting.evaluation.watch import TeamWatch
from alerting.model import Alert, Condition, Level
from alerting.notifications.masking import FEW
from alerting.notifications.scorecard import Looked, Scope, Target, weeks_of_scope
from alerting.notifications.week_content import ScopeWeek, Standing
from alerting.rulebook.file_models import Overrides, SettingsFile
from alerting.rulebook.settings import apply_overrides
from tests.plain_day import MONDAY, TUESDAY, alert, ended

DAY = timedelta(days=1)
NORTH, SOUTH, WEST = (
    Team(id=id_, name=name, service="assessment", manager=None, service_manager=None, head_of_service=None)
    for id_, name in (("T1", "North"), ("T2", "South"), ("T3", "West"))
)
LOOKED = Looked(
    as_of=TUESDAY,
    asked_since=dict.fromkeys(("visits", "own", "few", "many", "worst"), TUESDAY - timedelta(weeks=60)),
    watch=lambda _: None,
    targets={"visits": Target(on_target_from=0.9, below_from=0.8, at_least=10)},
    title=str.title,
    flapping=lambda _: False,
)


def due(ref: str, day: date, team: str = "T1", **changes: object) -> tuple[Alert, str]:
    return alert(ref, due=day, team=team, **changes), team


def looks_at(**teams: tuple[int, int]) -> Looked:
    """Return what is known where rules look at so many of each team, and so many of them are late."""
    watched = {id_: TeamWatch(known={"visits": known}, late={"visits": late}) for id_, (known, late) in teams.items()}
    return replace(LOOKED, watch=lambda team: watched.get(team.id))


def week(
    *alerts: tuple[Alert, str | None], looked: Looked = LOOKED, own: str = "T1 T2 T3", teams: tuple[Team, ...] = (NORTH,)
) -> ScopeWeek:
    [row] = weeks_of_scope(Scope(teams=teams, own=frozenset(own.split()), alerts=alerts), looked)
    return row


def test_overdue_is_due_before_today_and_due_soon_is_today_and_seven_days_after_it():
    days = [TUESDAY + DAY * after for after in (-20, -1, 0, 7, 8)]
    row = week(*(due(f"A-{number}", day) for number, day in enumerate(days)), (alert("A-9"), "T1"))

    assert (row.open, row.overdue, row.due_soon, row.longest) == (6, 2, 2, TUESDAY - 20 * DAY)


def test_what_has_ended_is_open_no_more_and_counts_in_the_weeks_when_it_was():
    row = week((ended("A-1"), "T1"), due("A-2", MONDAY))

    assert (row.open, row.open_last, row.cleared, row.new) == (1, 0, 1, 2)
    assert (week((ended("A-1", first_seen=MONDAY - timedelta(weeks=3)), "T1")).trend[-4:]) == (1, 1, 1, 0)


def test_a_year_is_compared_where_the_service_ran_then_and_no_week_is_counted_from_before_it():
    old = ended("A-1", first_seen=TUESDAY - timedelta(weeks=54), resolved_on=TUESDAY - timedelta(weeks=50))
    late = due("A-2", MONDAY)

    assert week((old, "T1"), late).open_last_year == 1
    begun = week((old, "T1"), late, looked=replace(LOOKED, asked_since={"visits": TUESDAY - timedelta(weeks=2)}))
    assert (begun.open_last_year, begun.trend) == (None, (None,) * 9 + (0, 0, 1))


def test_with_a_week_in_which_its_rule_was_not_asked_yet_nothing_is_compared():
    new = week(due("A-1", MONDAY, first_seen=TUESDAY), looked=replace(LOOKED, asked_since={}))

    assert (new.open, new.open_last, new.open_last_year, new.trend) == (1, None, None, (None,) * 11 + (1,))


def test_in_time_is_of_those_of_whom_it_is_known_against_the_target_and_never_rounded_up():
    stands = {late: week(looked=looks_at(T1=(1000, late))) for late in (1, 100, 101, 200, 201)}

    assert {late: (row.standing, row.in_time) for late, row in stands.items()} == {
        1: (Standing.on_target, 99),
        100: (Standing.on_target, 90),
        101: (Standing.below, 89),
        200: (Standing.below, 80),
        201: (Standing.far_below, 79),
    }
    assert (stands[100].of, stands[100].target) == (1000, 90)


def test_of_too_few_and_of_what_nothing_is_known_of_no_share_is_said():
    late = due("A-1", MONDAY)

    assert (week(late, looked=looks_at(T1=(9, 9))).standing, week(late).standing) == (Standing.too_few, Standing.not_known)
    assert week((alert("A-1", "own"), "T1")).standing is Standing.no_target
    assert [row.in_time for row in (week(late), week(late, looked=looks_at(T1=(9, 9))))] == [None, None]


def test_what_is_critical_comes_first_then_what_is_far_below_its_target_then_what_is_most_overdue():
    looked = replace(looks_at(T1=(20, 10)), targets={"visits": LOOKED.targets["visits"]})
    found = [
        (alert("A-1", "few", due=MONDAY), "T1"),
        *((alert(f"A-{number}", "many", due=MONDAY), "T1") for number in (2, 3)),
        (alert("A-4", "worst", level=Level.critical), "T1"),
        due("A-5", MONDAY),
    ]
    rows = weeks_of_scope(Scope(teams=(NORTH,), own=frozenset({"T1"}), alerts=tuple(found)), looked)

    assert [row.rule for row in rows] == ["worst", "visits", "many", "few"]


def test_a_rule_that_looks_at_a_team_and_finds_all_in_time_has_its_row():
    assert (week(looked=looks_at(T1=(30, 0))).standing, week(looked=looks_at(T1=(30, 0))).open) == (Standing.on_target, 0)


def test_what_is_told_to_the_reader_alone_counts_in_the_whole_and_in_no_team():
    row = week(due("A-1", MONDAY), (alert("A-2", due=MONDAY, condition=Condition.held), None), teams=(NORTH, SOUTH))

    assert (row.open, row.overdue, row.held) == (2, 2, 1)
    assert [team.overdue for team in row.teams] == [1, 0]


def late_in(team: str, count: int) -> list[tuple[Alert, str]]:
    return [due(f"A-{team[1:]}{number:02}", MONDAY, team) for number in range(count)]


def test_of_teams_that_are_not_the_readers_a_few_are_kept_back_with_what_would_tell_them():
    looked = looks_at(T1=(40, 3), T2=(40, 2), T3=(40, 12))
    found = [*late_in("T1", 3), *late_in("T2", 2), *late_in("T3", 12)]
    row = week(*found, looked=looked, own="T1", teams=(NORTH, SOUTH, WEST))

    assert [(team.overdue, team.in_time) for team in row.teams] == [(3, 92), (None, None), (None, None)]
    assert [team.standing for team in row.teams] == [Standing.on_target, Standing.kept_back, Standing.kept_back]
    assert (row.overdue, row.open, row.in_time, row.of) == (17, 17, 85, 120)
    assert (row.new, row.cleared, row.held) == (0, 0, 0)


def test_a_total_that_is_of_a_few_others_is_kept_back_with_its_share_its_weeks_and_its_longest():
    row = week(*late_in("T2", 2), looked=looks_at(T2=(40, 2)), own="", teams=(NORTH, SOUTH))

    assert (row.overdue, row.open, row.in_time, row.of, row.longest) == (None, None, None, None, None)
    assert row.trend[-1] is None
    assert row.standing is Standing.kept_back


def test_of_fewer_than_five_of_another_team_no_standing_is_said_either():
    looked = replace(looks_at(T1=(4, 4), T2=(4, 4)), targets={"visits": Target(on_target_from=0.9, below_from=0.75, at_least=3)})
    row = week(looked=looked, own="T1", teams=(NORTH, SOUTH))

    assert [team.standing for team in row.teams] == [Standing.far_below, Standing.too_few]


def test_a_share_of_fewer_than_five_others_is_kept_back_although_none_of_them_is_late():
    looked = replace(looks_at(T2=(4, 0)), targets={"visits": Target(on_target_from=0.9, below_from=0.75, at_least=3)})
    row = week(*late_in("T1", 1), looked=looked, own="T1", teams=(NORTH, SOUTH))

    assert (row.standing, row.in_time, row.of) == (Standing.too_few, None, None)
    both = replace(looks_at(T1=(40, 0), T2=(4, 0)), targets=looked.targets)
    assert (week(looked=both, own="T1", teams=(NORTH, SOUTH)).of, week(looked=both, teams=(NORTH, SOUTH)).of) == (None, 44)


@pytest.mark.parametrize("known", [10, 20, 100])
@pytest.mark.parametrize("own", ["", "T1"])
def test_how_a_team_stands_does_not_say_how_many_are_late_to_somebody_who_knows_how_many_there_are(known, own):
    """Of all weeks that are shown alike, in words and figures, no team whose share is kept back has as many late in each."""
    alike = defaultdict(list)
    for late in itertools.product(range(min(known, 2 * FEW) + 1), repeat=3):
        looked = looks_at(**{team: (known, count) for team, count in zip(("T1", "T2", "T3"), late, strict=True)})
        row = week(looked=looked, own=own, teams=(NORTH, SOUTH, WEST))
        shown = tuple((team.standing, team.in_time) for team in row.teams)
        alike[shown, row.standing, row.in_time].append(late)

    for shown, weeks in alike.items():
        for place, (standing, in_time) in enumerate(shown[0]):
            if in_time is None:
                assert standing is Standing.kept_back
                assert len({late[place] for late in weeks}) > 1, shown


def test_of_what_is_open_overdue_and_due_soon_none_that_is_kept_back_comes_out_by_subtraction():
    """Of all weeks of another team that are shown alike, no count that is kept back is the same in each."""
    alike = defaultdict(list)
    for counts in itertools.product(range(2 * FEW), repeat=3):
        if sum(counts) >= 2 * FEW:
            continue
        days = [day for day, count in zip((MONDAY, TUESDAY, date(2026, 6, 1)), counts, strict=True) for _ in range(count)]
        alerts = (due(f"A-{number}", day, "T2") for number, day in enumerate(days))
        for row in weeks_of_scope(Scope(teams=(SOUTH,), own=frozenset(), alerts=tuple(alerts)), LOOKED):
            alike[row.open, row.overdue, row.due_soon].append((sum(counts), *counts[:2]))

    for shown, weeks in alike.items():
        for place, count in enumerate(shown):
            assert count is None or count == 0 or count >= FEW
            assert count is not None or len({each[place] for each in weeks}) > 1, shown


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"scorecard": {"reviews": [0.95, 0.85, 10]}, "scorecard_rules": {"reviews": ["CP-05"]}}, None),
        ({"scorecard": {"reviews": [0.95, 0.85]}}, "`rules: params: scorecard:` has no target for reviews"),
        ({"scorecard": {"reviews": ["95%", "85%", 10]}}, "`rules: params: scorecard:` has no target for reviews"),
        ({"scorecard": {"reviews": [95, 85, 10]}}, "`rules: params: scorecard:` has no target for reviews"),
        ({"scorecard": {"reviews": [0.85, 0.95, 10]}}, "`rules: params: scorecard:` has no target for reviews"),
        ({"scorecard": {"reviews": [0.95, 0.85, -1]}}, "`rules: params: scorecard:` has no target for reviews"),
        ({"scorecard": {"reviews": 0.95}}, "`rules: params: scorecard:` has no target for reviews"),
        ({"scorecard_rules": {"reviews": "CP-05"}}, "`rules: params: scorecard_rules:` has no list for reviews"),
        ({"misled_by_gaps": {"ssd_person.pers_expected_dob": ["DQ-05"]}}, None),
        ({"misled_by_gaps": {"a.b": "DQ-05"}}, "`rules: params: misled_by_gaps:` has no list for a.b"),
    ],
)
def test_a_target_or_a_list_of_rules_that_is_none_is_told_by_the_check_and_not_by_a_run_that_ends(params, problem):
    shipped = SettingsFile(params={"scorecard": {}, "scorecard_rules": {}, "misled_by_gaps": {}}, codes={}, bank_holidays=())
    _, faults = apply_overrides(shipped, Overrides(params=params), lambda _: None)

    assert [fault.problem for fault in faults] == ([problem] if problem else [])

"""The card of a first-line manager: fourteen measures, what each is of, six months of the team's own, and the service's middle as a band."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.casedata.directory import Team
from alerting.evaluation.team_measures import SUBJECT, TeamMeasure, measures_of, text_of
from alerting.notifications.content import DigestContent
from alerting.notifications.messages.team_card import view_team_cards
from alerting.notifications.team_card import TeamCard, cards_of, compose_team_cards, keep_month, middle
from tests.case_rows import RULES
from tests.made_council import MONDAY
from tests.office import Office
from tests.rendered import item, message, notification, read

MARCH = date(2026, 3, 2)
NORTH, SOUTH = (
    Team(id=id_, name=name, service=service, manager=None, service_manager=None, head_of_service=None)
    for id_, name, service in (("T1", "North", "help_protection"), ("T2", "South", "Help_Protection"))
)
VISITS = TeamMeasure(called="protection visits", good=41, of=45, steps=0, at_least=10)


def card(*now: TeamMeasure, kept: dict[str, dict[str, str]] | None = None) -> TeamCard:
    [found] = compose_team_cards({"T1": now}, kept or {}, {"T1": NORTH}, MARCH)
    return found


def said(one: TeamMeasure, **kept: str) -> tuple[str, str, str]:
    """Return what a card says of a measure. kept: of the team, by month, such as m2026_02."""
    months = {name[1:].replace("_", "-"): text for name, text in kept.items()}
    [shown] = view_team_cards([card(one, kept={"T1": months})])
    [row] = shown.rows
    return row.word, row.says, row.aside


def test_a_measure_says_how_many_are_good_of_how_many_and_never_rounds_up():
    assert said(VISITS)[:2] == ("green", "41 of 45, 91 %")
    assert said(replace(VISITS, good=449, of=450))[1] == "449 of 450, 99 %"


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (replace(VISITS, good=3, of=4, steps=None), "too few to say: 4, of at least 10 needed"),
        (replace(VISITS, good=None, of=None, steps=None), "not known"),
        (TeamMeasure(called="audits"), "not known"),
        (TeamMeasure(called="caseloads", steps=1), ""),
        (TeamMeasure(called="overdue work", of=0, steps=0), "0 children long overdue"),
        (TeamMeasure(called="overdue work", of=1, steps=1), "1 child long overdue"),
        (TeamMeasure(called="overdue work"), "not known"),
    ],
)
def test_what_is_not_known_is_said_in_words_and_what_has_no_share_has_none(one: TeamMeasure, says: str):
    word, shown, _ = said(one)

    assert shown == says
    assert word == ("" if one.steps is None else ("green", "amber", "red")[one.steps])


def test_it_shows_the_teams_own_months_with_those_that_are_not_known():
    before = text_of((replace(VISITS, good=30, of=60, steps=2),))

    assert said(VISITS, m2025_10=before, m2026_02=before)[2].startswith(
        "6 months: 50 %, not known, not known, not known, 50 %, 91 %."
    )
    assert said(VISITS, m2025_09=before, m2026_03=before)[2].startswith("No earlier month is known.")


def test_a_month_is_kept_until_no_card_shows_it_and_of_teams_that_there_are():
    text = text_of((VISITS,))
    kept = keep_month({"T1": {"2025-09": "old", "2025-10": text}, "T9": {"2026-02": text}}, {"T1": (VISITS,)}, MARCH)

    assert kept == {"T1": {"2025-10": text, "2026-03": text}}
    assert measures_of(text) == (VISITS,)


@given(st.lists(st.one_of(st.none(), st.integers(0, 100)), max_size=12))
def test_the_middle_is_of_five_teams_or_more_and_holds_half_of_them(shares: list[int | None]):
    known = [share for share in shares if share is not None]
    found = middle(shares)

    if len(known) < 5:
        assert found is None
    else:
        assert found is not None
        low, high = found
        assert (low % 5, high % 5) == (0, 0)
        assert 0 <= low < high <= 100
        assert sum(low <= share <= high for share in known) * 2 >= len(known)


def test_the_service_is_whoever_has_the_same_whatever_its_case():
    teams = {"T1": NORTH, **{f"S{number}": replace(SOUTH, id=f"S{number}") for number in range(4)}}
    measures = dict.fromkeys(teams, (VISITS,))
    other = replace(teams["S3"], service="children_in_care")

    assert {row.middle for each in compose_team_cards(measures, {}, teams, MARCH) for row in each.rows} == {(90, 95)}
    assert {row.middle for each in compose_team_cards(measures, {}, {**teams, "S3": other}, MARCH) for row in each.rows} == {None}


def test_a_teams_share_is_worked_out_once_however_many_teams_stand_beside_it(monkeypatch):
    asked: list[TeamMeasure] = []
    monkeypatch.setattr(TeamMeasure, "share", property(lambda one: asked.append(one) or 91))
    teams = {f"S{number}": replace(SOUTH, id=f"S{number}") for number in range(30)}

    compose_team_cards(dict.fromkeys(teams, (VISITS,)), {}, teams, MARCH)

    assert len(asked) == 30


def test_a_card_goes_with_the_alert_about_its_team_and_with_nothing_else():
    cards = compose_team_cards({"T1": (VISITS,), "T2": (VISITS,)}, {}, {"T1": NORTH, "T2": SOUTH}, MARCH)

    assert [each.team for each in cards_of(cards, [(SUBJECT, "T2"), ("team_caseload", "T1"), ("child_in_care", "T1")])] == ["T2"]
    # Also where a message stands in for another, with fewer items.
    mine = item("new", "first-line-manager-scorecard", subject="T2", subject_kind=SUBJECT, child_level=False, called="Team South")
    sent = message(notification("monthly", DigestContent(items=(mine,), told=(), cards=cards)))
    for part in (sent.text, read(sent.html)):
        assert "south: its work in march 2026" in part.lower()
        assert "41 of 45, 91 %" in part
        assert "north" not in part.lower().replace("assessment north", "")


@pytest.mark.slow
def test_the_manager_and_the_service_manager_get_it_each_month_and_nobody_else(tmp_path: Path):
    office = Office(tmp_path)
    names = ["protection visits", "visits in care", "visits in need", "reviews", "permanence", "pathway plans", "assessments"]
    targets = {name: [0.9, 0.8, 1] for name in (*names, "initial conferences", "supervision", "oversight")}
    own = {"params": {"scorecard": targets}, "settings": {"WF-07": {"params": {"min_known": 1}}}}
    office.settings = {"go_live": "full", "rules": {"path": RULES.as_posix(), **own}}

    got = [cards(office, on) for on in (MONDAY, date(2026, 4, 1))]

    assert [set(each) for each in got] == [{"M1", "S1"}, {"M1", "S1"}]
    [first], [second] = got[0]["M1"], got[1]["M1"]
    assert (first.team, len(first.rows), first.rows[0].now.called) == ("T1", 14, "protection visits")
    assert (first.rows[0].now.good, first.rows[0].now.of, first.rows[0].before[-1]) == (1, 2, None)
    assert second.rows[0].before[-1] == first.rows[0].now


def cards(office: Office, on: date) -> dict[str, tuple[TeamCard, ...]]:
    """Return the cards in the messages of a monthly run, by reader."""
    report = office.run(on, "monthly")
    contents = {one.recipient: one.content for one in report.planned if isinstance(one.content, DigestContent)}
    return {who: content.cards for who, content in contents.items() if content.cards}

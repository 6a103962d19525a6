"""Who is watched, and who is not: which rules look at a team's work, over how many people; a team at which none looks is told so."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from alerting.app import build
from alerting.authoring.today import look
from alerting.evaluation.day import ask
from alerting.notifications.content import WeeklyContent
from alerting.notifications.messages.week import view_week
from alerting.notifications.week_content import TeamWeek, Watched
from tests.made_council import MONDAY
from tests.office import Office
from tests.one_rule_office import command

DAY = timedelta(days=1)


def week(*watched: Watched | None, sealed: str = "") -> str:
    """Return what a summary says of teams without anything open."""
    teams = tuple(TeamWeek(team_name=f"Team {number}", rows=(), watched=each) for number, each in enumerate(watched))
    content = WeeklyContent(week_ending=MONDAY, teams=teams, asked=14, sealed=sealed)
    view = view_week(content, str)
    return " / ".join(filter(None, [view.summary, *(team.says for team in view.teams), view.sealed]))


@pytest.mark.parametrize(
    ("watched", "says"),
    [
        (None, "Nothing open, new or cleared under 14 rules."),
        (Watched(rules=0, people=0), "No rule looks at the work of this team, so nothing is known of it."),
        (
            Watched(rules=14, people=212),
            "Nothing open, new or cleared under 14 rules. 212 children and young people under 14 rules.",
        ),
        (
            Watched(rules=1, people=1, unwatched=3),
            "Nothing open, new or cleared under 14 rules. 1 child or young person under 1 rule. About 3 more with an open case no rule asks.",
        ),
        (Watched(rules=1, people=0), "Nothing open, new or cleared under 14 rules. 1 rule looks at its work."),
    ],
)
def test_a_week_says_at_what_rules_look(watched: Watched | None, says: str) -> None:
    assert week(watched).split(" / ")[1] == says


def test_of_several_teams_nothing_is_known_only_where_no_rule_looks_at_any() -> None:
    assert week(Watched(rules=0, people=0), Watched(rules=0, people=0)).startswith(
        "2 teams together: No rule looks at the work of these"
    )
    assert week(Watched(rules=0, people=0), Watched(rules=1, people=1)).startswith("2 teams together: Nothing open")
    assert week(None, sealed="fewer than 5").endswith(
        "/ Of those whose record is sealed, fewer than 5 are asked about by no rule."
    )


@pytest.fixture
def office(tmp_path) -> Office:
    """Two daily rules: one about visits to children on plans, one about children's assessments, of whom there is none."""
    office = Office(tmp_path)
    office.rules_of_its_own("practice/cp-visit-overdue.yaml", "statutory/cp-no-social-worker.yaml")
    return office


def weeks(office: Office, person: str) -> dict[str, Watched | None]:
    [content] = [content for who, content in office.sent if who == person and isinstance(content, WeeklyContent)]
    return {team.team_name: team.watched for team in content.teams}


@pytest.mark.slow
def test_in_the_week_every_rule_counts_whatever_its_job_and_no_restricted_record(office: Office) -> None:
    office.council.add("ext_restricted", person_id="C2", level="limited", allowed_recipients="W2")
    office.council.add("ssd_person", pers_person_id="C3", pers_dob="2015-05-05")
    office.council.add(
        "ssd_cin_episodes", cine_referral_id="R3", cine_person_id="C3", cine_referral_date="2026-01-05", cine_referral_team="T1"
    )
    office.run(MONDAY, "weekly")

    assert weeks(office, "M1") == {"Team T1": Watched(rules=2, people=1, unwatched=0)}
    assert weeks(office, "M2") == {"Team T2": Watched(rules=0, people=0)}
    assert [alert for alert in office.alerts() if alert.code == "CP-03"] == [], "a daily rule opens nothing in a weekly run"


@pytest.mark.slow
def test_only_who_leads_the_performance_team_reads_how_many_are_sealed_and_never_which_few(office: Office) -> None:
    office.council.add("ext_restricted", person_id="C2", level="sealed")
    office.run(MONDAY, "weekly")

    said = {who: content.sealed for who, content in office.sent if isinstance(content, WeeklyContent)}
    assert said == {"P1": "fewer than 5"} | dict.fromkeys(said.keys() - {"P1"}, "")


@pytest.mark.slow
def test_of_each_team_it_is_known_how_many_are_late_without_restricted_records_and_what_has_no_team_stands_apart(
    office: Office,
) -> None:
    office.council.add("ext_restricted", person_id="C2", level="limited", allowed_recipients="W2")
    office.council.on_a_plan("C3", seen=MONDAY - 60 * DAY)
    office.council.on_a_plan("C4", seen=MONDAY - 60 * DAY, team="T9")
    office.run(MONDAY)
    app = build(office.folder / "config.yaml")
    with look(app, app.book.rules, MONDAY) as found:
        watch = ask(app.book, found, app.book.rules, watch=True).watch

    assert watch is not None
    assert (watch.teams["T1"].known["cp-visit-overdue"], watch.teams["T1"].late["cp-visit-overdue"]) == (2, 2)
    assert sum(one.late.get("cp-visit-overdue", 0) for one in (*watch.teams.values(), watch.teamless)) == 3


@pytest.mark.slow
def test_the_command_shows_teams_and_the_rules_of_one(office: Office) -> None:
    office.run(MONDAY)
    code, output = command(office, "rules", "coverage", "--as-of", "2026-03-02", "--json")
    teams = {one["team"]: one for one in json.loads(output)["teams"]}

    assert (code, teams["T1"]["rules"], teams["T1"]["people"]) == (0, {"cp-visit-overdue": 2, "cp-no-social-worker": 2}, 2)
    assert "CP-08" in command(office, "rules", "coverage", "T1", "--as-of", "2026-03-02")[1]
    assert "No rule looks at the work of Team T2" in command(office, "rules", "coverage", "T2", "--as-of", "2026-03-02")[1]
    assert command(office, "rules", "coverage", "T9", "--as-of", "2026-03-02")[0] != 0

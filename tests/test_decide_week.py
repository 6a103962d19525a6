"""What `decide` makes of a week: whose summary counts what, from plain values."""

from __future__ import annotations

from dataclasses import replace

from alerting.alerts.brakes import Brake
from alerting.casedata.directory import Restriction
from alerting.council_people import Leader
from alerting.evaluation.evaluation import Asked, Status
from alerting.evaluation.watch import TeamWatch, Watch
from alerting.notifications.content import WeeklyContent
from alerting.notifications.decide import decide
from alerting.notifications.decision import Decision
from alerting.notifications.policy import Policy
from alerting.notifications.report import RuleRow
from alerting.notifications.routing import Router
from alerting.notifications.scorecard import Target
from alerting.notifications.week_content import Standing
from alerting.notifications.weekly import look_of, that_could_not_run
from alerting.notifications.world import Week
from tests.plain_day import DIRECTORY, MONDAY, THURSDAY, alert, clear, day, ended, world
from tests.plain_policy import BEYOND, STORM, noticed


def summaries(decision: Decision) -> dict[str, WeeklyContent]:
    return {
        message.recipient: message.content for message in decision.notifications if isinstance(message.content, WeeklyContent)
    }


def test_the_weekly_summary_counts_what_is_open_and_what_ended_of_late_as_it_is_today(policy: Policy) -> None:
    week = Week(recent=(ended("A-1"), alert("A-2")), asked_since=dict.fromkeys(("visits", "plans"), THURSDAY))
    braked = alert("A-3", "plans")
    live = world(alert("A-2"), braked, week=week, brakes=(replace(STORM, rule="plans"),))
    weekly = decide(policy, "weekly", live, day(clear("A-2"), rules=["weekly"]))
    [north] = [team for team in summaries(weekly)["M1"].teams if team.team_name == "Team T1"]

    assert [(row.rule, row.open, row.cleared) for row in north.rows] == [("visits", 0, 2)]
    assert (summaries(weekly)["M1"].braked, summaries(weekly)["M1"].asked) == (1, 1)
    assert [message.recipient for message in weekly.notifications if message.purpose == "check"] == ["team:T1"]
    assert summaries(decide(policy, "daily", live, day())) == {}


def test_the_weekly_summary_counts_nothing_that_is_about_its_reader(policy: Policy) -> None:
    own = alert("A-1", "own", subject_kind="worker", subject="M1", person=None)
    weekly = decide(policy, "weekly", world(alert("A-2"), own), day(rules=["weekly"]))
    counted = {
        who: {(row.rule, row.open) for team in found.teams for row in team.rows} for who, found in summaries(weekly).items()
    }

    assert counted["M1"] == {("visits", 1)}
    assert counted["S1"] == {("visits", 1), ("own", 1)}


def test_a_summary_counts_all_that_its_reader_is_told_of_and_never_says_that_nothing_is_open(policy: Policy) -> None:
    """S1 is told of what goes up after a working day; M1 of what is of the team."""
    live = world(alert("A-1", "up"), alert("A-2", due=MONDAY))
    found = summaries(decide(policy, "weekly", live, day(rules=["weekly"])))

    for who in ("M1", "S1"):
        assert {(row.rule, row.open, row.overdue) for row in found[who].scope} == {("up", 1, 0), ("visits", 1, 1)}


def test_a_teams_channel_gets_a_card_of_its_week_without_what_channels_do_not_hear_of(policy: Policy) -> None:
    quiet = replace(policy)
    quiet.__dict__["routes"] = {**policy.routes, "plans": replace(policy.routes["plans"], channel=False)}
    planned = decide(quiet, "weekly", world(alert("A-1"), alert("A-2", "plans")), day(rules=["weekly"])).notifications
    [card] = [one for one in planned if one.purpose == "weekly" and one.is_for_channel]

    assert isinstance(card.content, WeeklyContent)
    assert (card.receiver, card.recipient, card.name) == ("teams", "team:T1", "Team T1")
    assert [(team.team_name, [row.rule for row in team.rows]) for team in card.content.teams] == [("Team T1", ["visits"])]
    nothing = decide(policy, "weekly", world(), day(rules=["weekly"])).notifications
    assert [one.recipient for one in nothing if one.purpose == "weekly" and one.is_for_channel] == []


def test_what_has_no_team_is_in_time_or_late_in_the_performance_team_which_is_told_of_it(policy: Policy) -> None:
    own = TeamWatch(known={"visits": 10}, late={"visits": 1})
    found = Watch(teams={"TP": own, "T1": own}, services={}, teamless=TeamWatch(known={"visits": 5}, late={"visits": 4}))
    looks = look_of(Router(DIRECTORY, policy.routes), found)

    assert [(looks(DIRECTORY.teams[id_]).known, looks(DIRECTORY.teams[id_]).late) for id_ in ("TP", "T1")] == [
        ({"visits": 15}, {"visits": 5}),
        ({"visits": 10}, {"visits": 1}),
    ]


def test_heads_of_service_get_counts_of_their_teams_and_no_team_by_itself(policy: Policy) -> None:
    found = summaries(decide(policy, "weekly", world(alert("A-1", due=MONDAY)), day(rules=["weekly"])))["H1"]

    assert (found.teams, found.masked, [(row.rule, row.overdue) for row in found.scope]) == ((), False, [("visits", 1)])


def test_whom_config_names_gets_counts_of_all_teams_with_few_kept_back(policy: Policy) -> None:
    director = Leader(name="Dee Rector", address="dee@example.gov.uk")
    of_data = Leader(name="Dan Data", address="dan@example.gov.uk", services=("Performance",))
    live = world(*(alert(f"A-{number}", due=MONDAY) for number in range(1, 5)))
    found = summaries(decide(replace(policy, leadership=(director, of_data)), "weekly", live, day(rules=["weekly"])))

    assert [(row.rule, row.overdue, row.open) for row in found["dee@example.gov.uk"].scope] == [("visits", None, None)]
    assert (found["dee@example.gov.uk"].masked, found["dee@example.gov.uk"].teams) == (True, ())
    assert found["dan@example.gov.uk"].scope == ()


def test_a_leader_who_is_in_the_directory_gets_one_summary_with_nothing_of_their_own_teams_kept_back(policy: Policy) -> None:
    leader = Leader(name="Head", address="head@example.gov.uk", worker_id="H1")
    live = world(alert("A-1", due=MONDAY))
    planned = decide(replace(policy, leadership=(leader,)), "weekly", live, day(rules=["weekly"])).notifications
    found = [one for one in planned if one.purpose == "weekly" and one.recipient in ("H1", "head@example.gov.uk")]

    assert len(found) == 1
    assert isinstance(found[0].content, WeeklyContent)
    assert [row.overdue for row in found[0].content.scope] == [1]


def test_a_restricted_child_is_in_the_counts_of_those_alone_whom_the_record_names(policy: Policy) -> None:
    restricted = replace(DIRECTORY, restricted={"C1": Restriction(allowed=frozenset({"M1"}))})
    live = world(alert("A-1"), alert("A-2"))
    found = summaries(decide(policy, "weekly", live, day(directory=restricted, rules=["weekly"])))

    assert {who: [row.open for row in found[who].scope] for who in ("M1", "S1", "H1")} == {"M1": [2], "S1": [1], "H1": [1]}


def test_the_weekly_summary_names_the_rules_that_could_not_run(policy: Policy) -> None:
    asked = {"weekly": Asked(id="weekly", code="VS-03", status=Status.error, problem="it does not end")}
    week = Week(daily_rules=(RuleRow(code="VS-99", id="gone", status=Status.error),))
    weekly = decide(policy, "weekly", world(week=week), day(asked=asked))

    assert [(rule.title, rule.problem) for rule in summaries(weekly)["M1"].not_run] == [
        ("VS-99 and weekly", "Something is wrong that those who look after the service are told of."),
    ]
    assert [rule.rules for rule in summaries(weekly)["M1"].not_run] == [2]


def test_the_weekly_summary_names_rules_of_one_cause_together_and_the_records_that_they_wait_for_in_managers_words() -> None:
    rows = [
        RuleRow(code=f"VS-{number}", id=str(number), status=Status.withheld, problem="ssd_x.y is empty") for number in range(8)
    ]
    visits, many = {"visits to children on plans"}, {f"records {number}" for number in range(7)}
    waits_for = {**dict.fromkeys("0123456", visits), "7": many}

    assert [(rule.title, rule.problem, rule.rules) for rule in that_could_not_run(rows, waits_for, {"7": "Caseload"})] == [
        ("VS-0, VS-1, VS-2, VS-3, VS-4 and 2 more", "Visits to children on plans could not be read or believed.", 7),
        (
            "Caseload",
            "Records 0, records 1, records 2, records 3, records 4 and 2 other kinds of records could not be read or believed.",
            1,
        ),
    ]


def test_posts_that_lead_to_nobody_are_the_week_s_news_and_managers_who_are_nobody_the_day_s(policy: Policy) -> None:
    gone = replace(DIRECTORY, staff={id_: person for id_, person in DIRECTORY.staff.items() if id_ != "M1"})
    live = world(alert("A-1"), alert("A-2", "weekly"))
    posts, managers = "Posts that lead to nobody, in teams with open alerts", "Teams whose manager is nobody who can be told"

    assert noticed(decide(policy, "weekly", live, day(directory=gone, rules=["weekly"]))) & {posts, managers} == {posts}
    assert noticed(decide(policy, "daily", live, day(directory=gone))) & {posts, managers} == {managers}


def test_of_a_rule_that_is_implausible_a_week_counts_nothing_old_or_new_and_says_so(policy: Policy) -> None:
    looked_at = Watch(teams={"T1": TeamWatch(known={"visits": 40, "plans": 40}, late={"visits": 30, "plans": 30})}, services={})
    aimed = replace(policy)
    aimed.__dict__["targets"] = dict.fromkeys(("visits", "plans"), Target(on_target_from=0.9, below_from=0.75, at_least=10))
    week = Week(recent=(ended("A-1"), ended("A-2", "plans")), asked_since=dict.fromkeys(("visits", "plans"), THURSDAY))

    def read(*brakes: Brake) -> tuple[dict[str, Standing], dict[str, int], tuple[str, ...]]:
        live = world(alert("A-3"), week=week, brakes=brakes)
        found = summaries(decide(aimed, "weekly", live, day(rules=["weekly"], watch=looked_at)))["M1"]
        standings = {row.rule: row.standing for row in found.scope}
        return standings, {row.rule: row.cleared for team in found.teams for row in team.rows}, found.banners

    far_below = dict.fromkeys(("visits", "plans"), Standing.far_below)
    assert read() == (far_below, {"visits": 1, "plans": 1}, ())
    standings, cleared, [banner] = read(BEYOND)
    assert (standings, cleared) == ({"plans": Standing.far_below}, {"plans": 1})
    assert banner.startswith("1 rule has found more than can be right: visits.")
    live = world(alert("A-3", "plans"), week=week, brakes=(BEYOND,))
    [card] = [
        one
        for one in decide(aimed, "weekly", live, day(rules=["weekly"])).notifications
        if one.is_for_channel and one.purpose == "weekly"
    ]
    assert card.content.banners == (banner,)
    assert read(STORM)[0] == {"visits": Standing.not_known, "plans": Standing.far_below}, "those that wait are in no share either"

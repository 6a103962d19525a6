"""What `decide` makes of plain values: a book of rules, what the service remembers, what the day's data says. Nothing is asked or kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerting.alerts.brakes import Brake, History
from alerting.alerts.matcher import Matcher
from alerting.casedata.directory import Restriction
from alerting.council_people import Administrator, Leader
from alerting.evaluation.evaluation import Asked, Reading, Status
from alerting.evaluation.watch import TeamWatch, Watch
from alerting.model import Act, Condition, LastTold, Level, Person, Reason
from alerting.notifications.content import DigestContent, NoticeContent, WeeklyContent
from alerting.notifications.decide import Decision, decide
from alerting.notifications.policy import Policy
from alerting.notifications.recipient_log import EVERYBODY
from alerting.notifications.report import RuleRow
from alerting.notifications.routing import Receiver, Router
from alerting.notifications.silences import Silence
from alerting.notifications.weekly import look_of
from alerting.notifications.world import Week
from tests.plain_day import BELIEVED, DIRECTORY, FRIDAY, MONDAY, THURSDAY, TUESDAY, alert, clear, day, ended, match, world
from tests.rule_folder import Folder

RULE = """\
id: {id}
code: {code}
title: {id}
says: "{{{{ visits }}}} visits"
clears: A visit is recorded.
owner: head of service
basis: {{kind: local, text: seen often}}
job: {job}
subject: child
measure: visits
unit: visits
levels: {{amber: measure < 3, red: measure < 2, critical: measure < 1}}
notify: {{amber: [team_manager], red: [team_manager], critical: [team_manager]}}
remind_every: 2
brake: 2
"""
WORKER = """\
id: worker
title: Worker
says: Everybody who works here
about: worker
key: worker_id
worker: worker_id
team: team_id
columns:
  worker_id: {type: text, tier: reference, says: Worker number}
  team_id: {type: text, tier: reference, says: The team}
  visits: {type: integer, tier: reference, says: Visits}
sql: |
  SELECT s.worker_id, s.team_id, 2 AS visits FROM ext_staff s
"""
RULES = {
    "visits": RULE.format(id="visits", code="VS-01", job="daily"),
    "plans": RULE.format(id="plans", code="VS-02", job="daily") + "inhibited_by: [visits]\n",
    "up": RULE.format(id="up", code="VS-03", job="daily") + "escalate: [{after: 1, to: service_manager}]\n",
    "own": RULE.format(id="own", code="VS-04", job="daily").replace("subject: child", "subject: worker"),
    "weekly": RULE.format(id="weekly", code="VS-05", job="weekly"),
}
"""`visits` covers `plans`; `up` goes up after a working day; `own` is about those who work there."""


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """Return what a council with these rules has decided."""
    folder = Folder(tmp_path_factory.mktemp("rules"))
    folder.write("subjects/worker.yaml", WORKER)
    for id_, text in RULES.items():
        folder.write(f"practice/{id_}.yaml", text)
    (folder.path / "practice/visits-few.yaml").unlink()
    book = folder.load()
    assert [str(fault) for fault in book.faults if fault.severity == "error"] == []
    return Policy(
        book=book,
        receivers={"mail": Receiver(name="mail"), "teams": Receiver(name="teams", teams=frozenset({"T1"}))},
        jobs={},
        administrators=(Administrator(name="Ada", address="ada@example.gov.uk"),),
        zone=ZoneInfo("Europe/London"),
        full_go_live=True,
    )


def told(decision: Decision, recipient: str = "M1") -> dict[str, str]:
    """Return what somebody's message tells of each alert."""
    contents = [message.content for message in decision.notifications if message.recipient == recipient]
    items = [item for content in contents if isinstance(content, DigestContent) for item in content.items]
    assert len({item.ref for item in items}) == len(items), "an alert is told once"
    return {item.ref: item.state.value for item in items}


def noticed(decision: Decision) -> set[str]:
    return {notice.title for notice in decision.notices.values()}


def notices_to(decision: Decision, recipient: str) -> list[str]:
    contents = [message.content for message in decision.notifications if message.recipient == recipient]
    return [notice.title for content in contents if isinstance(content, NoticeContent) for notice in content.notices]


def kept_back(decision: Decision) -> set[str]:
    return {ref for (ref, who), why in decision.recipient_log.items() if who == EVERYBODY and why is not None}


# ---------------------------------------------------------------------- what becomes of alerts


def test_the_alerts_are_those_there_were_and_the_new_ones_as_they_are_today(policy: Policy) -> None:
    readings = tuple(Reading(ref=ref, measure=1.0, due=MONDAY, facts='{"visits": 1}') for ref in ("A-1", "A-9"))
    decision = decide(policy, "daily", world(alert("A-1"), alert("A-2")), day(match("C3"), clear("A-2"), readings=readings))
    now = {one.subject: one for one in decision.alerts}

    assert {child: one.condition.value for child, one in now.items()} == {"C1": "firing", "C2": "resolved", "C3": "firing"}
    assert (now["C1"].measure, now["C1"].due, now["C1"].facts) == (1.0, MONDAY, {"visits": 1})
    assert {item.alert.subject for item in decision.transitions} == {"C2", "C3"}
    assert (decision.counts.new, decision.counts.resolved, decision.counts.ongoing) == (1, 1, 1)
    assert (decision.job, decision.as_of, decision.readings) == ("daily", TUESDAY, readings)


def test_the_log_of_recipients_is_of_the_rules_of_the_job(policy: Policy) -> None:
    live = world(alert("A-1"), alert("A-2", "weekly"))

    assert {ref for ref, _ in decide(policy, "daily", live, day()).recipient_log} == {"A-1"}
    assert {ref for ref, _ in decide(policy, "weekly", live, day(rules=["weekly"])).recipient_log} == {"A-2"}


# ---------------------------------------------------------------------- who answers for what


def test_days_on_hold_count_for_no_alert_that_goes_up(policy: Policy) -> None:
    both = world(alert("A-1", "up"), alert("A-2", "up"), held_spans={"A-1": [(THURSDAY, None)]})
    decision = decide(policy, "daily", both, day())

    assert {ref: [one.person.id for one in found] for ref, found in decision.routes.items()} == {
        "A-1": ["M1"],
        "A-2": ["M1", "S1"],
    }
    assert decision.router.waited is not None
    assert [decision.router.waited(one) for one in decision.alerts] == [0, 3]


def test_while_the_staff_cannot_be_believed_the_last_good_directory_serves(policy: Policy) -> None:
    kept = replace(DIRECTORY, teams={**DIRECTORY.teams, "T1": replace(DIRECTORY.teams["T1"], manager="H1")})
    doubt = replace(BELIEVED, problems={"ext_staff": "has half its rows"})

    assert decide(policy, "daily", world(kept_directory=kept), day(trust=doubt)).router.directory.teams["T1"].manager == "H1"
    assert decide(policy, "daily", world(kept_directory=kept), day()).router.directory.teams["T1"].manager == "M1"


def test_administrators_are_the_performance_team_and_those_of_the_settings(policy: Policy) -> None:
    assert [one.id for one in decide(policy, "daily", world(), day()).administrators] == ["Q1", "ada@example.gov.uk"]


# ---------------------------------------------------------------------- what is not told

STORM, BEYOND = (
    Brake(rule="visits", since=MONDAY, count=3),
    Brake(rule="visits", since=MONDAY, count=30, kind="implausible", population=40),
)
MANY = [match(f"C{number}") for number in range(5, 8)]


@pytest.mark.parametrize(
    ("on", "put_on"), [((), ["storm"]), ((STORM,), []), ((BEYOND,), ["storm"])], ids=["none", "a storm", "an implausible one"]
)
def test_more_new_alerts_than_a_rule_may_have_put_its_brake_on_once(
    policy: Policy, on: tuple[Brake, ...], put_on: list[str]
) -> None:
    decision = decide(policy, "daily", world(brakes=on), day(*MANY))

    assert [brake.kind for brake in decision.brakes] == put_on
    assert told(decision) == {}
    assert len(kept_back(decision)) == 3


def test_more_matches_than_can_be_right_put_a_brake_on_once_and_not_where_they_are_believed(policy: Policy) -> None:
    def put_on(**changes: Any) -> list[str]:
        crowd = {"visits": Asked(id="visits", code="VISITS", population=40, match={"red": 30})}
        return [brake.kind for brake in decide(policy, "daily", world(**changes), day(asked=crowd)).brakes]

    assert put_on() == ["implausible"]
    assert put_on(brakes=(BEYOND,)) == []
    assert put_on(brakes=(STORM,)) == ["implausible"]
    assert put_on(history=History(asked=frozenset({"visits"}), believed=frozenset({"visits"}))) == []


def test_a_brake_of_a_rule_that_is_gone_keeps_nothing_back(policy: Policy) -> None:
    def rows(brake: Brake) -> list[str]:
        return [row.id for row in decide(policy, "daily", world(alert("A-1"), brakes=(brake,)), day()).brake_rows]

    assert rows(STORM) == ["visits"]
    assert rows(replace(STORM, rule="gone")) == []


def test_what_is_critical_waits_for_nobody_longer_than_a_working_day(policy: Policy) -> None:
    live = [alert("A-1", level=Level.critical), alert("A-2"), alert("A-3", "plans")]

    def heard(*brakes: Brake) -> set[str]:
        return set(told(decide(policy, "daily", world(*live, brakes=brakes), day())))

    assert heard() == {"A-1", "A-2", "A-3"}
    assert heard(STORM) == {"A-1", "A-3"}
    assert heard(replace(STORM, since=TUESDAY)) == {"A-3"}
    assert heard(STORM, BEYOND) == {"A-3"}, "of what is implausible nothing is told, critical or not"


def test_what_somebody_was_told_of_is_not_kept_back_but_for_a_rule_that_is_implausible(policy: Policy) -> None:
    both = world(alert("A-1"), alert("A-2"), told=["A-1"], brakes=(STORM,))
    beyond = replace(both, brakes=(BEYOND,))

    assert kept_back(decide(policy, "daily", both, day())) == {"A-2"}
    assert kept_back(decide(policy, "daily", beyond, day())) == {"A-1", "A-2"}
    assert [one.ref for one in decide(policy, "daily", beyond, day()).today.doubted] == ["A-1", "A-2"]
    assert decide(policy, "daily", both, day()).today.doubted == ()


def test_of_a_rule_that_is_implausible_nobody_is_told_that_an_alert_has_ended(policy: Policy) -> None:
    def heard(*brakes: Brake) -> dict[str, str]:
        known = world(alert("A-1"), alert("A-2"), alert("A-3", "plans"), told=["A-1", "A-3", "A-4"], brakes=brakes,
                      believed_open=(ended("A-4"),))  # fmt: skip
        decision = decide(policy, "daily", known, day(clear("A-1"), clear("A-2"), match("C9", "plans")))
        return {ref: state for ref, state in told(decision).items() if state != "new"}

    assert heard() == {"A-1": "cleared", "A-3": "open", "A-4": "cleared"}, "of A-2 nobody was told"
    assert heard(BEYOND) == {"A-3": "open"}


def test_who_released_no_brake_is_told_and_then_the_next(policy: Policy) -> None:
    two = world(brakes=(STORM, replace(STORM, rule="plans", since=TUESDAY)))

    assert notices_to(decide(policy, "daily", two, day()), "S1") == ["VISITS waits for somebody to release it"]


def test_a_head_of_service_hears_how_much_that_is_critical_is_kept_back_as_implausible(policy: Policy) -> None:
    critical = alert("A-1", level=Level.critical)

    def heard(brake: Brake) -> list[str]:
        return notices_to(decide(policy, "daily", world(critical, brakes=(brake,)), day()), "H1")

    assert [title.partition(" of ")[0] for title in heard(BEYOND)] == ["Critical alerts"]
    assert heard(STORM) == []


# ---------------------------------------------------------------------- what is told


def test_what_was_told_last_decides_what_is_news(policy: Policy) -> None:
    live = world(alert("A-1"), alert("A-2"), alert("A-3"), told=["A-1"], backlog=frozenset({"A-1", "A-2"}))

    assert told(decide(policy, "daily", live, day())) == {"A-1": "open", "A-2": "backlog", "A-3": "new"}
    assert decide(policy, "daily", live, day()).today.backlog == {"A-2"}


def test_what_was_passed_on_counts_as_told_once_the_alert_has_ended(policy: Policy) -> None:
    passed = {("mail", "M1", ref): LastTold(level=3, condition="passed_on", told_on=MONDAY) for ref in ("A-1", "A-2", "A-3")}
    live = world(alert("A-1"), alert("A-2"), told=(), believed_open=(ended("A-3"),))
    decision = decide(policy, "daily", replace(live, told=passed), day(clear("A-1")))

    assert told(decision) == {"A-1": "cleared", "A-2": "new", "A-3": "cleared"}


def test_an_alert_that_ended_is_told_to_who_believes_it_open_and_one_that_is_back_is_told_as_that(policy: Policy) -> None:
    known = world(alert("A-1"), alert("A-2"), told=["A-1", "A-3"], believed_open=(ended("A-3"), ended("A-1")))
    decision = decide(policy, "daily", known, day(match("C4"), clear("A-2")))
    [new] = [one.ref for one in decision.alerts if one.subject == "C4"]

    assert told(decision) == {"A-1": "open", "A-3": "cleared", new: "new"}
    assert decision.routes.keys() == {"A-1", "A-3", new}, "A-2 has ended, and nobody believes it open"


def test_reminders_do_not_count_the_days_on_which_an_alert_stood_still(policy: Policy) -> None:
    def state(*spans: tuple[date, date | None]) -> str:
        live = world(alert("A-1"), alert("A-2"), told=["A-1"], on=THURSDAY, held_spans={"A-1": spans})
        return told(decide(policy, "daily", live, day()))["A-1"]

    assert state() == "reminder"
    assert state((FRIDAY, MONDAY)) == "reminder", "told on Thursday, two working days count: to Friday and to Tuesday"
    assert state((FRIDAY, None)) == "open"
    assert state((date(2026, 1, 5), FRIDAY)) == "reminder", "what was before it was told does not count"
    assert state((date(2026, 1, 5), MONDAY)) == "open"
    assert state((FRIDAY, date(2026, 3, 20))) == "open"


def test_an_alert_that_comes_and_goes_is_counted_unless_it_is_critical(policy: Policy) -> None:
    back = (THURSDAY, FRIDAY, MONDAY)
    live = world(alert("A-1", came_back=back), alert("A-2", came_back=back, level=Level.critical), alert("A-3"))

    assert decide(policy, "daily", live, day()).today.flapping == {"A-1"}
    assert told(decide(policy, "daily", live, day())) == {"A-2": "new", "A-3": "new"}


def silence(*rules: str, until: date = FRIDAY, number: int = 1, by: str = "S1") -> Silence:
    return Silence(id=number, matcher=Matcher(rule=rules), reason="moving house", by=by, approved_by=None, begins=THURSDAY,
                   until=until, matched=1, at=datetime(2026, 2, 26, 9, tzinfo=UTC))  # fmt: skip


LONG = date(2026, 3, 20)
SNOOZED = Act(id=1, kind="snooze", by="M1", at=datetime(2026, 3, 2, 9, tzinfo=UTC), level=Level.red, until=LONG)


@pytest.mark.parametrize(
    ("source", "changes", "covered"),
    [
        ({}, {}, {"A-2": "A-1"}),
        ({}, {"silences": (silence("visits", until=LONG),)}, {}),
        ({"acts": (SNOOZED,)}, {}, {}),
        ({"level": Level.info}, {}, {}),
    ],
    ids=["told", "silenced", "snoozed", "with nobody to tell"],
)
def test_only_what_is_told_covers(
    policy: Policy, source: dict[str, Any], changes: dict[str, Any], covered: dict[str, str]
) -> None:
    live = world(alert("A-1", **source), alert("A-2", "plans", subject="C1", person="C1"), **changes)

    assert dict(decide(policy, "daily", live, day()).today.covered) == covered


def test_what_is_kept_back_or_has_ended_covers_nothing(policy: Policy) -> None:
    live = world(alert("A-1"), alert("A-2", "plans", subject="C1", person="C1"), brakes=(STORM,))

    assert decide(policy, "daily", live, day()).today.covered == {}
    assert decide(policy, "daily", replace(live, brakes=()), day(clear("A-1"))).today.covered == {}


def test_new_silences_are_told_by_the_daily_run(policy: Policy) -> None:
    live = world(alert("A-1"), silences=(silence("visits", until=LONG),), new_silences=frozenset({1}))

    assert decide(policy, "daily", live, day()).today.new_silences == {1}
    assert [message.recipient for message in decide(policy, "daily", live, day()).notifications] == ["M1"]
    assert list(decide(policy, "weekly", live, day(rules=["weekly"])).today.new_silences) == []


def test_of_a_rule_that_could_not_run_it_is_said_since_when_and_what_could_not_be_read(policy: Policy) -> None:
    doubt = replace(BELIEVED, problems={"ssd_person.pers_dob": "is empty", "ext_cover": "cannot be read"})
    held: dict[str, Any] = {
        "condition": Condition.held,
        "held_reason": Reason.not_asked,
        "held_detail": "its data is not believed",
    }
    live = world(
        alert("A-1", held_since=MONDAY, **held), alert("A-2", held_since=FRIDAY, **held), alert("A-3", "plans", held_since=THURSDAY, **held),
        told=["A-1", "A-2"],
    )  # fmt: skip
    banners = decide(policy, "daily", live, day(trust=doubt, status=Status.withheld)).today.banners

    assert banners.since == {"visits": FRIDAY, "plans": THURSDAY}
    assert banners.stopped == {"visits": "VISITS"}
    assert banners.records == {"visits": frozenset({"records of children and young people"})}
    assert banners.doubted == {}
    assert decide(policy, "daily", world(brakes=(BEYOND,)), day()).today.banners.doubted == {"visits": "VISITS"}


@pytest.mark.parametrize(
    ("job", "status", "planned"),
    [("daily", Status.ok, True), ("daily", Status.error, True), ("weekly", Status.ok, True), ("weekly", None, False)],
)
def test_without_an_answer_only_the_daily_run_plans(policy: Policy, job: str, status: Status | None, planned: bool) -> None:
    asked = (
        {}
        if status is None
        else {"weekly": Asked(id="weekly", code="VS-03", status=status, problem="x" if status == Status.error else None)}
    )
    decision = decide(policy, job, world(alert("A-1"), alert("A-2", "weekly")), day(asked=asked))

    assert decision.is_planned == planned
    assert told(decision) == ({{"daily": "A-1", "weekly": "A-2"}[job]: "new"} if planned else {})
    assert decision.routes.keys() == ({{"daily": "A-1", "weekly": "A-2"}[job]} if planned else set())


# ---------------------------------------------------------------------- the week


def summaries(decision: Decision) -> dict[str, WeeklyContent]:
    return {
        message.recipient: message.content for message in decision.notifications if isinstance(message.content, WeeklyContent)
    }


def test_the_weekly_summary_counts_what_is_open_and_what_ended_of_late_as_it_is_today(policy: Policy) -> None:
    week = Week(recent=(ended("A-1"), alert("A-2")), first_day=THURSDAY)
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
        ("VS-99", ""),
        ("weekly", "it does not end"),
    ]


def test_posts_that_lead_to_nobody_are_the_week_s_news_and_managers_who_are_nobody_the_day_s(policy: Policy) -> None:
    gone = replace(DIRECTORY, staff={id_: person for id_, person in DIRECTORY.staff.items() if id_ != "M1"})
    live = world(alert("A-1"), alert("A-2", "weekly"))
    posts, managers = "Posts that lead to nobody, in teams with open alerts", "Teams whose manager is nobody who can be told"

    assert noticed(decide(policy, "weekly", live, day(directory=gone, rules=["weekly"]))) & {posts, managers} == {posts}
    assert noticed(decide(policy, "daily", live, day(directory=gone))) & {posts, managers} == {managers}


# ---------------------------------------------------------------------- who looks after the service


def test_a_silence_that_ends_tomorrow_is_told_by_the_daily_run_to_who_made_it_and_to_administrators(policy: Policy) -> None:
    live = world(silences=(silence("visits", until=date(2026, 3, 4)), silence("plans", until=date(2026, 3, 5), number=2)))
    daily, weekly = decide(policy, "daily", live, day()), decide(policy, "weekly", live, day(rules=["weekly"]))

    assert notices_to(daily, "S1") == ["Silence 1 ends on 4 March 2026"]
    assert "silence 1" in daily.notices
    assert notices_to(weekly, "S1") == []
    assert "silence 1" not in weekly.notices


def test_that_no_rule_was_asked_is_told_of_a_job_that_has_rules_and_every_day(policy: Policy) -> None:
    said = {"The rules were asked of nobody", "No rule was asked"}

    assert noticed(decide(policy, "daily", world(), day())) & said == set()
    assert noticed(decide(policy, "daily", world(), day(population=0))) & said == {"The rules were asked of nobody"}
    assert noticed(decide(policy, "weekly", world(), day(rules=["weekly"], population=0))) & said == {
        "The rules were asked of nobody"
    }
    assert noticed(decide(policy, "daily", world(), day(rules=[]))) & said == {"No rule was asked"}
    assert noticed(decide(policy, "weekly", world(), day(rules=[]))) & said == set()


def test_nobody_who_can_be_told_is_told_of(policy: Policy) -> None:
    lost = Person(id="X1", name="Person X1", email=None)
    nobody = replace(DIRECTORY, staff={"X1": lost})
    decision = decide(policy, "daily", world(alert("A-1")), day(directory=nobody), ["the disk is full"])

    assert [one.ref for one in decision.unrouted] == ["A-1"]
    assert {"Alerts that nobody could be told of", "A day could not be kept"} <= noticed(decision)

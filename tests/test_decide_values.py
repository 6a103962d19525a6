"""What `decide` makes of plain values: a book of rules, what the service remembers, what the day's data says. Nothing is asked or kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from alerting.alerts.matcher import Matcher
from alerting.evaluation.evaluation import Asked, Reading, Status
from alerting.model import Act, Condition, LastTold, Level, Person, Reason
from alerting.notifications.decide import decide
from alerting.notifications.policy import Policy
from alerting.notifications.silences import Silence
from tests.plain_day import BELIEVED, DIRECTORY, FRIDAY, MONDAY, THURSDAY, TUESDAY, alert, clear, day, ended, match, world
from tests.plain_policy import BEYOND, STORM, noticed, notices_to, told

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

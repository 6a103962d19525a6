"""What becomes of an alert, and what its manager hears of it: the specification as a table, and what a change carries."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from alerting.alerts import lifecycle
from alerting.alerts.lifecycle import (
    RuleLife,
    advance,
    begin_alert,
    end_changed_kind,
    end_merged,
    end_removed,
    hold,
    is_flapping,
    next_episode,
    open_alert,
    resolve,
)
from alerting.casedata.directory import Directory, Team
from alerting.model import Alert, Condition, LastTold, Level, Outcome, Person, Reason, Transition, reference
from alerting.notifications.banners import Banners
from alerting.notifications.content import DigestContent, Item
from alerting.notifications.digests import Circumstances, compose_digests
from alerting.notifications.routing import Receiver, Router, RuleRoute
from tests.one_alert import (
    AT_ONCE,
    CLEAR,
    GONE,
    MATCH,
    MONDAY,
    NO_DATA,
    NOT_BEFORE_IT_LASTS,
    ON_THE_SECOND_DAY,
    ON_THE_THIRD_DAY,
    OPEN,
    PLAN_ENDED,
    TUESDAY,
    UNSURE,
    WEDNESDAY,
    alert,
    said,
    weekdays,
    why,
)

ROUTER = Router(
    Directory(
        staff={"M1": Person(id="M1", name="Person M1", email="m1@example.gov.uk")},
        former={},
        teams={
            "North": Team(
                id="North", name="North", service="help_protection", manager="M1", service_manager=None, head_of_service=None
            )
        },
        cover={},
        restricted={},
    ),
    {
        AT_ONCE.id: RuleRoute(
            notify={level: ["team_manager"] for level in Level},
            channel=False,
            remind_every=5,
            title="",
            code="CP-03",
        )
    },
)


def became(transition: Transition | None) -> tuple[str, str] | None:
    return (transition.alert.condition.value, why(transition)) if transition else None


# The specification: what an alert was on Monday, what is said of its subject on Tuesday, what becomes of it, and what a
# manager hears who was told of it when it fired. "at once": a message goes out for it. "listed": it stands in the next one.

SPECIFICATION = [
    # before           input                guard                            after        reason                told
    ("none",            "match",             "for 1 run",                     "firing",    "new",                "at once: new"),
    ("none",            "match",             "for 2 runs",                    "pending",   "matches",            "nothing"),
    ("none",            "clear",             "",                              None,        None,                 "nothing"),
    ("none",            "left",              "",                              None,        None,                 "nothing"),
    ("none",            "gone",              "",                              None,        None,                 "nothing"),
    ("none",            "unknown",           "",                              None,        None,                 "nothing"),

    ("pending",         "match",             "for 2 runs",                    "firing",    "new",                "at once: new"),
    ("pending",         "match",             "for 3 runs",                    "pending",   "matches",            "nothing"),
    ("pending",         "clear",             "for 2 runs",                    "resolved",  "never_fired",        "nothing"),
    ("pending",         "gone",              "for 2 runs",                    "resolved",  "never_fired",        "nothing"),
    ("pending",         "left",              "for 2 runs",                    "resolved",  "left (plan ended)",  "nothing"),
    ("pending",         "unknown",           "for 2 runs",                    "pending",   None,                 "nothing"),
    ("pending",         "not asked",         "for 2 runs",                    "pending",   None,                 "nothing"),
    ("pending",         "rule removed",          "for 2 runs",                    "resolved",  "rule_removed",       "nothing"),

    ("firing",          "match",             "facts the same",                "firing",    None,                 "listed: open"),
    ("firing",          "match",             "told 5 working days ago",       "firing",    None,                 "at once: reminder"),
    ("firing",          "match",             "told 5 days ago, 1 on hold",    "firing",    None,                 "listed: open"),
    ("firing",          "match, red",        "",                              "firing",    "level_raised",       "at once: worse"),
    ("firing",          "match, info",       "",                              "firing",    "level_lowered",      "listed: open"),
    ("firing",          "match, another's",  "",                              "firing",    "reassigned",         "listed: open"),
    ("firing",          "match, later plan", "",                              "firing",    "reassigned",         "listed: open"),
    ("firing",          "clear",             "cleared by the first run",      "resolved",  "cleared",            "listed: cleared"),
    ("firing",          "clear",             "kept for 1 run",                "recovering","improving",          "listed: improving"),
    ("firing",          "clear",             "kept for 2 runs",               "recovering","improving",          "listed: improving"),
    ("firing",          "clear",             "the rule was changed",          "resolved",  "rule_changed",       "listed: cleared"),
    ("firing",          "left",              "",                              "resolved",  "left (plan ended)",  "listed: cleared"),
    ("firing",          "gone",              "",                              "held",      "not_in_data",        "listed: held"),
    ("firing",          "unknown",           "",                              "held",      "not_recorded",       "listed: held"),
    ("firing",          "not asked",         "",                              "held",      "not_asked (no data)","listed: held"),
    ("firing",          "rule removed",          "",                              "resolved",  "rule_removed",       "listed: cleared"),
    ("firing",          "closed",            "",                              "resolved",  "closed (duplicate)", "listed: cleared"),

    ("recovering",      "match",             "told as firing",                "firing",    "back_again",         "listed: open"),
    ("recovering",      "match",             "told as improving",             "firing",    "back_again",         "at once: back"),
    ("recovering",      "clear",             "kept for 2 runs",               "recovering","improving",          "listed: improving"),
    ("recovering",      "clear",             "kept for 1 run",                "resolved",  "cleared",            "listed: cleared"),
    ("recovering",      "clear",             "kept for 2, rule changed",      "resolved",  "rule_changed",       "listed: cleared"),
    ("recovering",      "left",              "kept for 2 runs",               "resolved",  "left (plan ended)",  "listed: cleared"),
    ("recovering",      "gone",              "kept for 2 runs",               "held",      "not_in_data",        "listed: held"),
    ("recovering",      "unknown",           "kept for 2 runs",               "held",      "not_recorded",       "listed: held"),
    ("recovering",      "not asked",         "kept for 2 runs",               "held",      "not_asked (no data)","listed: held"),
    ("recovering",      "rule removed",          "kept for 2 runs",               "resolved",  "rule_removed",       "listed: cleared"),
    ("recovering",      "closed",            "kept for 2 runs",               "resolved",  "closed (duplicate)", "listed: cleared"),

    ("held",            "match",             "",                              "firing",    "trusted_again",      "listed: open"),
    ("held",            "match, red",        "",                              "firing",    "trusted_again",      "at once: worse"),
    ("held",            "clear",             "cleared by the first run",      "resolved",  "cleared",            "listed: cleared"),
    ("held",            "clear",             "kept for 2 runs",               "recovering","improving",          "listed: improving"),
    ("held",            "clear",             "the rule was changed",          "resolved",  "rule_changed",       "listed: cleared"),
    ("held",            "left",              "",                              "resolved",  "left (plan ended)",  "listed: cleared"),
    ("held",            "gone",              "",                              "held",      None,                 "listed: held"),
    ("held",            "unknown",           "",                              "held",      "not_recorded",       "listed: held"),
    ("held",            "not asked",         "",                              "held",      "not_asked (no data)","listed: held"),
    ("held",            "rule removed",          "",                              "resolved",  "rule_removed",       "listed: cleared"),
    ("held",            "closed",            "",                              "resolved",  "closed (duplicate)", "listed: cleared"),

    ("cleared",         "match",             "within the window",             "firing",    "back_again",         "at once: back"),
    ("cleared",         "match",             "in it, never told as cleared",  "firing",    "back_again",         "at once: back"),
    ("cleared",         "match, red",        "in it, never told as cleared",  "firing",    "back_again",         "at once: worse"),
    ("cleared",         "match",             "in it, for 2 runs",             "firing",    "back_again",         "at once: back"),
    ("cleared",         "match",             "after the window",              "new",       "new",                "at once: new"),
    ("cleared",         "clear",             "within the window",             "resolved",  None,                 "nothing"),
    ("left",            "match",             "within the window",             "new",       "new",                "at once: new"),
    ("rule_removed",    "match",             "within the window",             "new",       "new",                "at once: new"),
    ("rule_changed",    "match",             "within the window",             "new",       "new",                "at once: new"),
    ("never_fired",     "match",             "within the window",             "new",       "new",                "at once: new"),
    ("closed",          "match",             "facts the same",                "resolved",  None,                 "nothing"),
    ("closed",          "match",             "another measure, same due",     "resolved",  None,                 "nothing"),
    ("closed",          "match",             "facts changed",                 "new",       "new",                "at once: new"),
    ("closed",          "match",             "the due date changed",          "new",       "new",                "at once: new"),
    ("closed",          "match",             "another plan",                  "new",       "new",                "at once: new"),
    ("closed",          "match",             "no due date, measure fell",     "new",       "new",                "at once: new"),
    ("closed",          "match",             "no due date, measure grew",     "resolved",  None,                 "nothing"),
    ("closed",          "match",             "no due date, measure the same", "resolved",  None,                 "nothing"),
    ("closed",          "match",             "no due date, measure gone",     "new",       "new",                "at once: new"),
    ("closed",          "match",             "measure fell, same due",        "resolved",  None,                 "nothing"),
    ("closed",          "match, red",        "facts the same",                "new",       "new",                "at once: new"),
    ("closed",          "match",             "until yesterday",               "new",       "new",                "at once: new"),
    ("closed",          "match",             "until today",                   "resolved",  None,                 "nothing"),
    ("closed",          "match",             "facts changed, for 2 runs",     "pending, new","matches",            "nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "given", "guard", "after", "reason", "told"), SPECIFICATION)
def test_the_specification(before: str, given: str, guard: str, after: str | None, reason: str | None, told: str) -> None:
    was, rule, today = beforehand(before, guard)
    transition = goes_on(was, given, guard, rule, today)
    now = transition.alert if transition else was

    assert (why(transition) if transition else None) == reason
    assert (named(now, was) if now else None) == after
    assert heard(now, was, guard, today) == told


def beforehand(before: str, guard: str) -> tuple[Alert | None, RuleLife, date]:
    """Return the alert as it was, the rule as the guard has it, and the day of the answer."""
    runs = re.search(r"(for|kept for) (\d)", guard)
    rule = replace(AT_ONCE, **{{"for": "pending_for", "kept for": "keep_firing_for"}[runs[1]]: int(runs[2])}) if runs else AT_ONCE
    today = {"after the window": MONDAY + timedelta(days=4), "told 5": MONDAY + timedelta(days=7)}
    day = next((day for words, day in today.items() if words in guard), TUESDAY)
    if before == "none":
        return None, rule, day
    if before in ("pending", "firing", "recovering", "held"):
        return alert(before), rule, day
    ended, detail = Reason(before), {"left": "plan ended", "closed": "duplicate"}.get(before)
    until = {"until yesterday": MONDAY, "until today": TUESDAY}.get(guard)
    facts = {} if "no due date" in guard else {"due": MONDAY}
    was = alert("firing", measure=11.0, facts={"plan": "CP1"}, **facts)
    return replace(resolve(was, ended, MONDAY, detail=detail).alert, closed_until=until), rule, day


def goes_on(was: Alert | None, given: str, guard: str, rule: RuleLife, today: date) -> Transition | None:
    if was is not None and given == "not asked":
        return hold(was, Reason.not_asked, today, detail=NO_DATA)
    if was is not None and given == "rule removed":
        return end_removed([was], {}, today)[0]
    if was is not None and given == "closed":
        return resolve(was, Reason.closed, today, detail="duplicate", by="Q1")
    answers = {"clear": CLEAR, "left": PLAN_ENDED, "gone": GONE, "unknown": UNSURE}
    levels = {"match, red": Level.red, "match, info": Level.info}
    another = {"match, another's": {"worker": "W2"}, "match, later plan": {"member": "CP2"}}
    answer = answers.get(given) or said("match", level=levels.get(given, Level.amber), **another.get(given, {}))
    if was is None or was.condition == Condition.resolved:
        record: dict[str, Any] = {"measure": 12.0, "due": MONDAY, "facts": {"plan": "CP1"}}
        record |= {"facts": {"plan": "CP2"}} if "facts changed" in guard else {}
        record |= {"due": TUESDAY} if guard == "the due date changed" else {}
        record |= {"member": "CP2"} if guard == "another plan" else {}
        record |= {"due": None} if "no due date" in guard else {}
        measures = {"measure fell": 3.0, "measure the same": 11.0, "measure gone": None}
        record |= next(({"measure": measure} for words, measure in measures.items() if words in guard), {})
        return begin_alert(replace(answer, **record) if answer.outcome == Outcome.match else answer, rule, was, today, weekdays)
    return advance(was, answer, rule, today, changed="changed" in guard)


def named(now: Alert, was: Alert | None) -> str:
    """Return an alert's condition; `new` where it is another alert than the one there was."""
    another = was is not None and now.episode > was.episode
    if another and now.condition == Condition.firing:
        return "new"
    return f"{now.condition.value}{', new' if another else ''}"


def heard(now: Alert | None, was: Alert | None, guard: str, today: date) -> str:
    """Return how an alert is told to a manager who was told when it fired, and that it ended; beside another that is new."""
    if now is None:
        return "nothing"
    this, other = replace(now, id=now.id or 8), replace(alert("firing"), id=9, ref="A-OTHER")
    last: dict[tuple[str, str, str], LastTold] = {}
    knows = was is not None and (was.condition in OPEN or "never told as cleared" in guard)
    if knows:
        condition = "recovering" if guard == "told as improving" else "firing"
        last["mail", "M1", this.ref] = LastTold(level=int(Level.amber), condition=condition, told_on=MONDAY)
    idle = 1 if "1 on hold" in guard else 0

    circumstances = Circumstances(
        banners=Banners(router=ROUTER), purpose="daily", as_of=today, working_days=weekdays, last_told=last,
        idle=lambda _alert, _since: idle,
    )  # fmt: skip

    def told(*alerts: Alert) -> list[Item]:
        planned = compose_digests(ROUTER, alerts, [Receiver(name="mail")], circumstances)
        contents = (notification.content for notification in planned.notifications)
        return [item for content in contents if isinstance(content, DigestContent) for item in content.items]

    [state] = [item.state for item in told(this, other) if item.ref == this.ref] or ["nothing"]
    if state == "nothing":
        return state
    return f"{'at once' if told(this) else 'listed'}: {state}"


def test_the_table_of_the_lifecycle_has_every_reason_in_its_place() -> None:
    header, *rows = (lifecycle.__doc__ or "").split("\n\n")[1].splitlines()
    column = header.index("reason")

    assert {word for row in rows for word in row[column : column + 28].split()} <= {*Reason, "-"}
    written = " ".join(row[column:] for row in rows)
    left_out = {reason for reason in Reason if not re.search(rf"\b{reason}\b", written)}
    assert left_out <= {Reason.other}, "of earlier versions alone"


@pytest.mark.parametrize("condition", ["pending", *OPEN])
def test_where_its_rule_is_there_an_alert_goes_on(condition: str) -> None:
    assert end_removed([alert(condition)], {AT_ONCE.id: 1}, TUESDAY) == []


# Coming back


def test_an_alert_that_comes_back_is_the_alert_it_was() -> None:
    was = replace(
        resolve(alert("firing", first_seen=date(2026, 1, 5)), Reason.cleared, MONDAY).alert, came_back=(date(2026, 2, 2),)
    )

    again = begin_alert(said("match", level=Level.red, worker="W2", measure=14.0), AT_ONCE, was, TUESDAY, weekdays)

    assert again is not None
    assert (again.before, again.level_before, again.reason) == (Condition.resolved, Level.amber, Reason.back_again)
    assert (again.alert.id, again.alert.ref, again.alert.episode) == (was.id, was.ref, was.episode)
    assert (again.alert.first_seen, again.alert.level_since) == (date(2026, 1, 5), TUESDAY)
    assert (again.alert.resolved_on, again.alert.resolved_reason) == (None, None)
    assert (again.alert.came_back, again.alert.reopened_on) == ((date(2026, 2, 2), TUESDAY), TUESDAY)
    assert (again.alert.worker, again.alert.measure) == ("W2", 14.0)


def test_an_alert_comes_back_to_whom_it_was_told_while_that_cannot_be_trusted() -> None:
    was = resolve(alert("firing"), Reason.cleared, MONDAY).alert

    again = begin_alert(said("match", worker=None, team=None), AT_ONCE, was, TUESDAY, weekdays, owners_known=False)

    assert again is not None
    assert (again.alert.worker, again.alert.team) == ("W1", "North")


@pytest.mark.parametrize(("window", "day", "episode"), [(0, 1, 2), (1, 1, 1), (3, 3, 1), (3, 4, 2), (5, 7, 1), (5, 8, 2)])
def test_the_window_counts_working_days(window: int, day: int, episode: int) -> None:
    was = resolve(alert("firing"), Reason.cleared, MONDAY).alert

    again = begin_alert(MATCH, replace(AT_ONCE, reopen_window=window), was, MONDAY + timedelta(days=day), weekdays)

    assert again is not None
    assert again.alert.episode == episode


def test_a_rule_that_is_about_something_else_now_opens_a_new_alert() -> None:
    was = replace(resolve(alert("firing"), Reason.cleared, MONDAY).alert, subject_kind="team")

    again = begin_alert(MATCH, AT_ONCE, was, TUESDAY, weekdays)

    assert again is not None
    assert again.alert.episode == 2


def test_an_alert_that_is_open_cannot_begin() -> None:
    with pytest.raises(ValueError, match="is open"):
        begin_alert(MATCH, AT_ONCE, alert("firing"), TUESDAY, weekdays)


@pytest.mark.parametrize(
    ("days", "on", "flaps"),
    [
        ((), 0, False),
        ((0, 2), 2, False),
        ((0, 2, 4), 4, True),
        ((0, 2, 28), 28, True),  # 20 working days from the first to the third
        ((0, 2, 29), 29, False),
        ((0, 2, 4), 29, False),  # it has been quiet since
        ((0, 30, 32, 34), 34, True),  # only the last three count
    ],
)
def test_an_alert_flaps_that_came_back_three_times_in_twenty_working_days(days: tuple[int, ...], on: int, flaps: bool) -> None:
    came_back = [MONDAY + timedelta(days=day) for day in days]

    assert is_flapping(came_back, MONDAY + timedelta(days=on), weekdays) == flaps


# What a change carries


def test_a_new_alert_says_what_is_known_of_it():
    finding = said("match", measure=11.0, due=MONDAY, adviser="W3", also=("service_manager",), facts={"plan": "CP1"})

    new = open_alert(finding, AT_ONCE, 3, TUESDAY).alert

    assert (new.rule, new.code, new.subject_kind, new.subject) == ("cp-visit-overdue", "CP-03", "child", "P1")
    assert (new.episode, new.ref) == (3, reference("cp-visit-overdue", "P1", 3))
    assert (new.first_seen, new.level_since, new.level) == (TUESDAY, TUESDAY, Level.amber)
    assert (new.measure, new.unit, new.due, new.facts) == (11.0, "working days", MONDAY, {"plan": "CP1"})
    assert (new.team, new.worker, new.adviser, new.person, new.member) == ("North", "W1", "W3", "P1", "CP1")
    assert new.also == ("service_manager",)


def test_a_change_keeps_what_it_was_before():
    transition = advance(alert("firing"), said("match", level=Level.red), AT_ONCE, TUESDAY)

    assert transition is not None
    assert (transition.before, transition.level_before, transition.alert.level) == (Condition.firing, Level.amber, Level.red)
    assert (transition.alert.id, transition.by) == (7, "service")


def test_the_level_dates_from_the_day_it_changed():
    raised = advance(alert("firing"), said("match", level=Level.red), AT_ONCE, TUESDAY)
    moved = advance(alert("firing"), said("match", worker="W2"), AT_ONCE, TUESDAY)

    assert raised is not None
    assert moved is not None
    assert (raised.alert.level_since, moved.alert.level_since) == (TUESDAY, MONDAY)


def test_a_held_alert_is_the_alert_it_was():
    held = hold(alert("firing"), Reason.not_asked, TUESDAY, detail=NO_DATA)

    assert held is not None
    assert replace(held.alert, condition=Condition.firing, held_reason=None, held_detail=None, held_since=None) == alert("firing")
    assert (held.alert.why_held, held.alert.held_since) == (NO_DATA, TUESDAY)


def test_another_reason_to_hold_does_not_start_the_holding_anew():
    held = hold(alert("held"), Reason.not_asked, WEDNESDAY, detail=NO_DATA)

    assert held is not None
    assert (held.alert.why_held, held.alert.held_since) == (NO_DATA, MONDAY)


def test_an_alert_held_for_the_same_reason_does_not_change():
    assert hold(alert("held"), Reason.not_in_data, WEDNESDAY) is None


def test_a_match_after_holding_goes_on_as_the_same_alert():
    again = advance(alert("held", first_seen=date(2026, 1, 5), episode=2), MATCH, AT_ONCE, TUESDAY)

    assert again is not None
    assert (again.alert.first_seen, again.alert.episode) == (date(2026, 1, 5), 2)
    assert (again.alert.held_reason, again.alert.held_detail, again.alert.held_since) == (None, None, None)


def test_an_alert_that_ends_says_when_and_why():
    ended = resolve(alert("held"), Reason.cleared, TUESDAY).alert

    assert (ended.resolved_on, ended.resolved_reason, ended.why_resolved) == (TUESDAY, Reason.cleared, "cleared")
    assert (ended.held_reason, ended.held_since, ended.streak) == (None, None, 0)
    assert (ended.team, ended.level, ended.first_seen) == ("North", Level.amber, MONDAY)


@pytest.mark.parametrize("condition", OPEN)
def test_a_case_stays_whose_it_was_while_that_cannot_be_trusted(condition):
    change = advance(alert(condition), said("match", worker=None, team=None), AT_ONCE, TUESDAY, owners_known=False)

    assert change is None or (change.alert.worker, change.alert.team) == ("W1", "North")
    assert (change is None) == (condition == "firing")


def test_a_match_must_have_a_level():
    with pytest.raises(ValueError, match="has no level"):
        open_alert(replace(MATCH, level=None), AT_ONCE, 1, TUESDAY)


# A second run of the same day


@pytest.mark.parametrize(
    ("condition", "answer", "rule"),
    [
        ("pending", MATCH, ON_THE_SECOND_DAY),
        ("pending", MATCH, ON_THE_THIRD_DAY),
        ("recovering", CLEAR, NOT_BEFORE_IT_LASTS),
        ("recovering", CLEAR, replace(AT_ONCE, keep_firing_for=1)),
        ("firing", MATCH, AT_ONCE),
        ("held", GONE, AT_ONCE),
    ],
)
def test_a_second_run_of_the_same_day_with_the_same_answer_changes_nothing(condition, answer, rule):
    assert advance(alert(condition), answer, rule, MONDAY) is None


def test_a_second_run_of_the_same_day_with_another_answer_counts():
    assert became(advance(alert("pending"), CLEAR, ON_THE_SECOND_DAY, MONDAY)) == ("resolved", "never_fired")
    assert became(advance(alert("recovering"), MATCH, NOT_BEFORE_IT_LASTS, MONDAY)) == ("firing", "back_again")


@pytest.mark.parametrize(
    ("rule", "after"), [(AT_ONCE, ("resolved", "cleared")), (NOT_BEFORE_IT_LASTS, ("recovering", "improving"))]
)
def test_an_alert_that_fired_today_is_cleared_by_a_second_run_of_the_day(rule, after):
    assert became(advance(open_alert(MATCH, AT_ONCE, 1, MONDAY).alert, CLEAR, rule, MONDAY)) == after


@pytest.mark.parametrize(("days", "condition"), [(1, "pending"), (2, "pending"), (3, "firing")])
def test_a_rule_that_waits_for_three_days_tells_on_the_third(days, condition):
    now = open_alert(MATCH, ON_THE_THIRD_DAY, 1, MONDAY).alert
    for day in range(1, days):
        change = advance(now, MATCH, ON_THE_THIRD_DAY, MONDAY + timedelta(days=day))
        now = change.alert if change else now

    assert (now.condition, now.first_seen) == (condition, MONDAY)


# ---------------------------------------------------------------------- what ends without an answer


@pytest.mark.parametrize(
    ("condition", "reason"), [("firing", "record_merged"), ("held", "record_merged"), ("pending", "never_fired")]
)
def test_beside_an_older_one_of_the_same_person_an_alert_ends(condition: str, reason: str) -> None:
    ended = end_merged(alert(condition), TUESDAY)

    assert (ended.reason.value, ended.alert.condition, ended.alert.resolved_on) == (reason, Condition.resolved, TUESDAY)


def test_an_alert_ends_whose_rule_is_about_something_else_now_and_no_other() -> None:
    kinds = {AT_ONCE.id: "team"}

    assert [why(ended) for ended in end_changed_kind([alert("firing")], kinds, TUESDAY)] == ["rule_changed"]
    assert [why(ended) for ended in end_changed_kind([alert("pending")], kinds, TUESDAY)] == ["never_fired"]
    assert end_changed_kind([alert("firing")], {AT_ONCE.id: "child"}, TUESDAY) == []
    assert end_changed_kind([alert("firing")], {}, TUESDAY) == [], "a rule that is gone is not this one's to end"


def test_a_pending_alert_that_is_clear_by_a_changed_rule_never_fired() -> None:
    for condition, reason in (("pending", "never_fired"), ("firing", "rule_changed")):
        ended = advance(alert(condition), CLEAR, AT_ONCE, TUESDAY, changed=True)
        assert ended
        assert ended.reason.value == reason


def test_the_next_episode_is_one_on_with_a_reference_of_its_own() -> None:
    first = alert("firing")
    second = next_episode(first)

    assert (first.episode, second.episode) == (1, 2)
    assert second.ref == reference(first.rule, first.subject, 2) != first.ref
    assert (begun := begin_alert(MATCH, AT_ONCE, None, MONDAY, weekdays))
    assert begun.alert.episode == 1

"""Who is told of an alert and why them, by the directory of a day: plain values, no data behind them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from alerting.casedata.directory import Cover
from alerting.model import About, Act, Alert, Level
from alerting.notifications.nobody_there import NobodyThere
from alerting.notifications.routing import Router, is_by, notification_key, waited
from tests.one_alert import weekdays
from tests.one_team import (
    ALERT,
    AMBER,
    CRITICAL,
    MONDAY,
    NOON,
    ROUTE,
    STAFF,
    T1,
    TP,
    given_to,
    limited,
    router,
    told,
    without,
)

# ---------------------------------------------------------------------- by role


@pytest.mark.parametrize(
    ("alert", "who"),
    [
        (AMBER, {"W1": "allocated worker"}),
        (ALERT, {"M1": "team manager"}),
        (CRITICAL, {"M1": "team manager", "S1": "service manager"}),
        (replace(ALERT, also=("quality",)), {"M1": "team manager", "Q1": "quality assurance"}),
        (replace(ALERT, also=("team_manager",)), {"M1": "team manager"}),
        (replace(ALERT, also=("adviser",)), {"M1": "team manager", "A1": "personal adviser"}),
        (replace(ALERT, level=Level.info), {}),
        (replace(ALERT, team=None), {"P1": "team manager"}),
        (replace(ALERT, team="gone"), {"P1": "team manager"}),
    ],
    ids=["amber", "red", "critical", "also", "also who is told anyway", "adviser", "no role", "no team", "a team that is gone"],
)
def test_who_is_told_by_the_level_and_the_team(alert: Alert, who: dict[str, str]) -> None:
    assert told(alert) == who


@pytest.mark.parametrize(
    ("alert", "gone", "who"),
    [
        (AMBER, ("W1",), {"M1": "team manager: no allocated worker to tell"}),
        (AMBER, ("W1", "M1"), {"S1": "service manager: no allocated worker to tell"}),
        (ALERT, ("M1",), {"S1": "service manager: no team manager to tell"}),
        (ALERT, ("M1", "S1"), {"H1": "head of service: no team manager to tell"}),
        (ALERT, ("M1", "S1", "H1"), {"P1": "performance team: no team manager to tell"}),
        (ALERT, ("M1", "S1", "H1", "P1"), {}),
        (CRITICAL, ("S1",), {"M1": "team manager", "H1": "head of service: no service manager to tell"}),
    ],
)
def test_in_place_of_somebody_who_has_left_or_has_no_address_it_is_the_next_up(
    alert: Alert, gone: tuple[str, ...], who: dict[str, str]
) -> None:
    no_address = {id_: replace(person, email=None if id_ in gone else person.email) for id_, person in STAFF.items()}

    assert told(alert, router(staff=without(*gone))) == who
    assert told(alert, router(staff=no_address)) == who


def test_whoever_is_away_is_covered_for_however_often_it_is_handed_on() -> None:
    covers = {"M1": Cover(by="W1", until=date(2026, 3, 10)), "W1": Cover(by="W2", until=None)}
    [once] = router(cover={"M1": covers["M1"]}).recipients(ALERT)
    [twice] = router(cover=covers).recipients(ALERT)

    assert (once.person.id, once.why, once.covering, once.direct) == (
        "W1",
        "as cover for Person M1 until 10 March",
        "Person M1 until 10 March",
        False,
    )
    assert (twice.person.id, twice.covering) == ("W2", "Person M1")
    assert router().recipients(ALERT)[0].direct


@pytest.mark.parametrize(
    "cover",
    [
        {"M1": Cover(by=None, until=None)},
        {"M1": Cover(by="W1", until=None), "W1": Cover(by="M1", until=None)},
        {"M1": Cover(by="M1", until=None)},
        {"M1": Cover(by="left", until=None)},
    ],
    ids=["by nobody", "in a ring", "by themselves", "by somebody who has left"],
)
def test_cover_that_leads_to_nobody_leads_to_the_next_up(cover: dict[str, Cover]) -> None:
    assert told(by=router(cover=cover)) == {"S1": "service manager: no team manager to tell"}


def test_the_cover_of_somebody_who_has_left_counts_for_nothing() -> None:
    assert list(told(by=router(staff=without("M1"), cover={"M1": Cover(by="W1", until=None)}))) == ["S1"]


def test_a_role_that_nobody_has_is_looked_for_up_the_line_of_the_alert_s_team() -> None:
    no_quality = {"T1": T1, "TP": TP}

    assert told(replace(ALERT, level=Level.info, also=("quality",)), router(teams=no_quality)) == {
        "M1": "team manager: no quality assurance to tell"
    }
    assert told(AMBER, router(teams={})) == {"W1": "allocated worker"}, "a case has its worker, whatever became of its team"
    assert told(ALERT, router(teams={})) == {}


# ---------------------------------------------------------------------- who may know


def test_a_limited_record_is_told_to_those_of_them_whom_it_names_else_to_those_it_names() -> None:
    assert told(CRITICAL, router(restricted=limited("S1", "Q1"))) == {"S1": "service manager"}
    assert told(CRITICAL, router(restricted=limited("Q1", "W2"))) == dict.fromkeys(
        ("Q1", "W2"), "named for this restricted record"
    )
    assert told(CRITICAL, router(restricted=limited("Q1", "gone"))) == {"Q1": "named for this restricted record"}
    assert told(CRITICAL, router(restricted=limited("Q1"), staff=STAFF | {"Q1": replace(STAFF["Q1"], email=None)})) == {}
    assert told(CRITICAL, router(restricted=limited())) == {}
    assert [one.named for one in router(restricted=limited("Q1")).recipients(ALERT)] == [True]
    assert told(CRITICAL, router(restricted=limited("Q1", child="C2"))) == told(CRITICAL)


def test_with_no_list_nobody_is_told_of_a_child_and_a_team_s_alert_goes_as_ever() -> None:
    of_a_team = replace(ROUTE, about=About.team)

    assert told(by=router(restricted=None)) == {}
    assert told(by=router(of_a_team, restricted=None)) == {"M1": "team manager"}
    assert told(by=router(of_a_team, restricted=limited("Q1"))) == {"M1": "team manager"}


def test_who_covers_for_somebody_named_may_not_know_by_that() -> None:
    away = {"M1": Cover(by="W2", until=None)}

    assert told(by=router(restricted=limited("M1"), cover=away)) == {"M1": "named for this restricted record"}


def test_an_alert_of_a_rule_that_is_gone_is_confined_as_that_of_a_child() -> None:
    unknown = replace(ALERT, rule="gone")

    assert router(restricted=limited("Q1")).confined_to(unknown) == {"Q1"}
    assert router(restricted=None).confined_to(unknown) == frozenset()
    assert router().confined_to(unknown) is None
    assert (router(restricted=limited("Q1")).is_confined(unknown), router().is_confined(unknown)) == (True, False)


# ---------------------------------------------------------------------- assigned


def test_who_an_alert_was_assigned_to_is_told_in_place_of_the_first_but_what_is_red_stays_on_the_managers_list() -> None:
    assert told(given_to("W2", CRITICAL)) == {"W2": "assigned by Person M1", "M1": "team manager", "S1": "service manager"}
    assert told(given_to("S1", CRITICAL)) == {"S1": "assigned by Person M1", "M1": "team manager"}
    assert set(told(given_to("W2", replace(ALERT, level=Level.amber)))) == {"W2"}
    # Nor does what is amber stay on a manager's list, where it was there for want of a worker.
    assert set(told(given_to("W2", AMBER), router(staff=without("W1")))) == {"W2"}
    assert told(given_to("W2"), router(cover={"W2": Cover(by="A1", until=None)})) == {
        "A1": "assigned by Person M1, as cover for Person W2",
        "M1": "team manager",
    }


@pytest.mark.parametrize(
    ("alert", "directory", "keeps"),
    [
        (ALERT, {"teams": {"T1": replace(T1, manager=None)}}, {"S1": "service manager: no team manager to tell"}),
        (CRITICAL, {"teams": {"T1": replace(T1, manager=None)}}, {"S1": "service manager: no team manager to tell"}),
        (ALERT, {"staff": without("M1", "S1")}, {"H1": "head of service: no team manager to tell"}),
        (ALERT, {"staff": without("M1", "S1", "H1")}, {"P1": "performance team: no team manager to tell"}),
        (ALERT, {"cover": {"M1": Cover(by="A1", until=None)}}, {"A1": "as cover for Person M1"}),
        (ALERT, {"cover": {"M1": Cover(by=None, until=None)}}, {"S1": "service manager: no team manager to tell"}),
        (CRITICAL, {"restricted": limited("S1", "W2")}, {"S1": "service manager"}),
        (ALERT, {"restricted": limited("Q1", "W2")}, {"Q1": "named for this restricted record"}),
        (AMBER, {"staff": without("W1", "M1")}, {}),
        (AMBER, {"restricted": limited("Q1", "W2")}, {}),
    ],
    ids=[
        "no manager", "no manager, critical", "no service manager either", "nobody of the line", "a manager away, covered",
        "a manager away, not covered", "a manager who may not know", "nobody who may know but whom the record names",
        "amber, no manager", "amber, whom the record names",
    ],
)  # fmt: skip
def test_what_is_red_and_given_away_stays_with_whoever_answers_for_the_team_in_its_managers_place(
    alert: Alert, directory: dict[str, Any], keeps: dict[str, str]
) -> None:
    assert told(given_to("W2", alert, by="W2"), router(**directory)) == {"W2": "assigned by Person W2"} | keeps


def test_what_is_red_and_was_its_workers_is_the_workers_no_more_when_it_is_given_to_another() -> None:
    to_the_worker = replace(ROUTE, notify={Level.red: ["worker", "service_manager"]})

    assert told(given_to("W2"), router(to_the_worker)) == {"W2": "assigned by Person M1", "S1": "service manager"}


@pytest.mark.parametrize(
    ("worker", "why"),
    [
        ("W2", None),
        ("S1", None),
        ("H1", None),
        ("X1", "is neither in North nor above it"),
        ("P1", "is neither in North nor above it"),
        ("gone", "is not a current member of staff"),
    ],
)
def test_an_alert_is_given_to_somebody_of_its_team_or_above_it(worker: str, why: str | None) -> None:
    assert router().why_not_assigned(ALERT, worker) == why
    assert (worker in told(given_to(worker))) == (why is None)


def test_why_an_alert_is_not_given_to_somebody() -> None:
    assert router(staff=STAFF | {"W2": replace(STAFF["W2"], email=None)}).why_not_assigned(ALERT, "W2") == "has no address"
    assert router(restricted=limited("M1")).why_not_assigned(ALERT, "W2") == "is not named for this restricted record"
    assert router(restricted=limited("W2")).why_not_assigned(ALERT, "W2") is None
    assert router(teams={}).why_not_assigned(ALERT, "W2") == "is neither in its team nor above it"


def test_to_whom_an_alert_can_be_given_by_name() -> None:
    zoe = STAFF | {"A1": replace(STAFF["A1"], name="Zoe Adams"), "W1": replace(STAFF["W1"], email=None)}

    assert [person.id for person in router(staff=zoe).assignable(ALERT)] == ["H1", "M1", "S1", "W2", "A1"]
    assert [person.id for person in router(restricted=limited("W2", "X1")).assignable(ALERT)] == ["W2"]
    assert router(restricted=None).assignable(ALERT) == []


def test_who_may_not_see_it_now_does_not_have_it_by_having_been_given_it() -> None:
    assert told(given_to("W2"), router(restricted=limited("M1"))) == {"M1": "team manager"}
    away = {"W2": Cover(by="A1", until=None)}
    assert told(given_to("W2"), router(restricted=limited("M1", "W2"), cover=away)) == {"M1": "team manager"}


def test_who_was_given_it_and_is_away_with_nobody_to_cover_does_not_have_it() -> None:
    assert told(given_to("W2"), router(cover={"W2": Cover(by=None, until=None)})) == {"M1": "team manager"}


def test_an_alert_of_a_rule_that_is_gone_may_be_given_to_who_is_in_its_team() -> None:
    assert router().why_not_assigned(replace(ALERT, rule="gone"), "W2") is None
    assert router().why_not_assigned(replace(ALERT, rule="gone"), "X1") == "is neither in North nor above it"


def test_where_nobody_answers_for_it_nobody_has_it_by_being_given_it() -> None:
    assert told(given_to("W2"), router(restricted=None)) == {}
    assert told(given_to("W2", replace(ALERT, level=Level.info))) == {}


def test_who_answers_for_a_child_without_a_list_is_whom_the_rule_names_to_be_told_nothing_of_the_child() -> None:
    def answer(by: Router) -> list[str]:
        return [recipient.person.id for recipient in by.answerable(ALERT)]

    assert answer(router(restricted=None)) == ["M1"]
    assert answer(router(restricted=limited("Q1"))) == ["Q1"]


def test_which_reasons_go_on_from_somebodys_name() -> None:
    assert {why.value for why in NobodyThere if not why.about_somebody} == {"not_recorded", "cover_in_a_ring"}


def test_whom_it_was_handed_on_from_and_to() -> None:
    [before, now] = router().handed_on(given_to("W2")) or (None, None)

    assert (before and before.person.id, now and now.person.id) == ("M1", "W2")
    assert router().handed_on(ALERT) is None
    assert router().handed_on(given_to("M1")) is None
    assert router(restricted=None).handed_on(given_to("W2")) is None
    assert router().handed_on(given_to("W2", replace(ALERT, level=Level.info))) is None, "the rule names nobody"


@pytest.mark.parametrize(
    ("name", "id_"),
    [("w2", "W2"), ("W2@EXAMPLE.gov.uk ", "W2"), (" person w2", "W2"), ("Somebody ", "Somebody"), ("Person", "Person")],
)
def test_who_is_meant_by_an_id_an_address_or_a_name(name: str, id_: str) -> None:
    assert router().worker_named(name) == id_


def test_a_name_of_two_people_is_nobodys() -> None:
    twins = STAFF | {id_: replace(STAFF[id_], name="A. Twin") for id_ in ("W1", "W2")}

    assert router(staff=twins).worker_named("A. Twin") == "A. Twin"


def test_who_has_no_address_is_meant_by_their_name() -> None:
    assert router(staff=STAFF | {"W1": replace(STAFF["W1"], email=None)}).worker_named("Person W1") == "W1"


# ---------------------------------------------------------------------- escalated


@pytest.mark.parametrize(("days", "more"), [(4, []), (5, ["S1"]), (9, ["S1"]), (10, ["S1", "H1"])])
def test_it_is_escalated_from_the_day_on_that_the_rule_says(days: int, more: list[str]) -> None:
    route = replace(ROUTE, escalate=((5, "service_manager"), (10, "head_of_service")))

    assert list(told(by=router(route, days))) == ["M1", *more]
    assert list(told(by=router(route))) == ["M1"], "nobody counts how long it has waited"


def test_why_somebody_is_told_by_escalation() -> None:
    route = replace(ROUTE, escalate=((5, "service_manager"),))

    assert told(by=router(route, 5))["S1"] == "escalated after 5 working days"
    assert (
        told(by=router(route, 5, staff=without("S1")))["H1"]
        == "escalated after 5 working days, head of service: no service manager to tell"
    )
    assert told(CRITICAL, router(route, 5))["S1"] == "service manager", "who is told anyway is told why as ever"
    assert told(by=router(route, 5, restricted=limited("M1"))) == {"M1": "team manager"}


# ---------------------------------------------------------------------- who may be told at all, and who instead


def test_readers_are_all_whom_the_rule_may_ever_name_and_those_above_each_where_they_may_know() -> None:
    route = replace(ROUTE, escalate=((5, "quality"),))

    assert router().readers(ALERT) == {"W1", "M1", "S1", "H1"}
    assert router(route).readers(ALERT) == {"W1", "M1", "S1", "H1", "Q1"}
    assert router().readers(replace(ALERT, also=("adviser",))) == {"W1", "M1", "S1", "H1", "A1"}
    assert router().readers(given_to("W2")) == {"W1", "M1", "S1", "H1", "W2"}
    assert router(restricted=limited("S1", "X1", "gone")).readers(ALERT) == {"S1", "X1"}
    assert router(restricted=None).readers(ALERT) == frozenset()
    assert router().readers(replace(ALERT, rule="gone")) == {"M1", "S1", "H1"}
    assert router(staff=STAFF | {"X1": replace(STAFF["X1"], email=None)}, restricted=limited("X1")).readers(ALERT) == frozenset()


@pytest.mark.parametrize(
    ("who", "instead"),
    [("W1", ["M1", "S1", "H1"]), ("M1", ["S1", "H1"]), ("S1", ["H1"]), ("H1", []), ("Q1", ["M1", "S1", "H1"])],
)
def test_instead_of_somebody_who_cannot_be_reached_it_is_those_above_them(who: str, instead: list[str]) -> None:
    assert [person.id for person in router().instead_of(ALERT, who)] == instead


def test_instead_of_somebody_it_is_nobody_who_may_not_know_is_not_there_or_is_whom_it_is_about() -> None:
    def instead(alert: Alert = ALERT, **directory: Any) -> list[str]:
        return [person.id for person in router(**directory).instead_of(alert, "M1")]

    assert instead(restricted=limited("H1")) == ["H1"]
    assert instead(restricted=None) == []
    assert instead(staff=without("S1")) == ["H1"]
    own = router(replace(ROUTE, about=About.worker)).instead_of(replace(ALERT, subject="S1", person=None), "M1")
    assert [person.id for person in own] == ["H1"], "a manager is not told of their own"
    assert instead(cover={"S1": Cover(by="M1", until=None)}) == ["H1"], "who cannot be reached is not who covers"
    assert instead(cover={"S1": Cover(by="H1", until=None)}) == ["H1"]
    assert instead(replace(ALERT, rule="gone")) == []
    assert instead(teams={}) == []


def test_who_answers_for_a_team_for_performance_and_for_what_has_no_team() -> None:
    answers = router().answers_for("T1", "team_manager")
    data = router().performance()

    assert (answers and answers.person.id, data and data.person.id) == ("M1", "P1")
    assert router(teams={}).performance() is None
    assert (router().team_name(ALERT), router().team_name(replace(ALERT, team=None))) == ("North", "Data")
    assert router(teams={}).team_name(ALERT) == "T1"
    assert router(teams={}).team_name(replace(ALERT, team=None)) == "no team"


def test_posts_that_lead_to_nobody_are_named_with_who_they_name_and_why() -> None:
    holes = router(
        teams={"T1": replace(T1, service_manager=None, head_of_service="left")}, cover={"M1": Cover(by=None, until=None)}
    )

    assert [str(gap) for gap in holes.gaps(["T1", "T1", "gone"])] == [
        "North, team manager: M1 is away, and nobody covers",
        "North, service manager: nobody is recorded",
        "North, head of service: left is nobody on the staff list",
    ]
    assert router().gaps(["T1", "TP"]) == []
    assert [gap.role for gap in holes.gaps(["T1"], ["head_of_service"])] == ["head_of_service"]


def test_of_a_post_whose_cover_goes_in_a_ring_it_is_said_that_it_does_and_of_one_covered_by_who_has_left_who_that_is() -> None:
    covers = {"M1": Cover(by="W1", until=None), "W1": Cover(by="M1", until=None), "S1": Cover(by="X9", until=None)}
    left = {"X9": replace(STAFF["X1"], id="X9")}

    gaps = router(cover=covers, former=left).gaps(["T1"])
    assert [gap.worker for gap in gaps] == ["M1", "X9"]
    assert [str(gap) for gap in gaps] == [
        "North, team manager: those who are away cover for each other",
        "North, service manager: X9 has left",
    ]


def test_who_reads_for_a_team_as_its_manager() -> None:
    by_w2 = {"M1": Cover(by="W2", until=None)}

    assert router().manager_of(T1) == STAFF["M1"]
    assert router(cover=by_w2).manager_of(T1) == STAFF["W2"]
    assert router(staff=without("M1")).manager_of(T1) is None, "the next up is not their manager"


def test_where_was_looked_for_somebody() -> None:
    [first, second, third] = router(
        teams={"T1": replace(T1, service_manager=None)}, cover={"M1": Cover(by="left", until=None)}
    ).paths(ALERT, "team_manager")[0]

    assert (first.worker, first.away, first.reader, first.problem and first.problem.value) == ("M1", ("M1",), "left", "not_staff")
    assert (second.worker, second.problem and second.problem.value) == (None, "not_recorded")
    assert (third.role, third.problem, third.recipient and third.recipient.person.id) == ("head_of_service", None, "H1")
    assert [step.team for step in (first, second, third)] == ["North", "North", "North"]


def test_of_a_role_that_is_of_no_team_no_team_is_said() -> None:
    [worker, manager] = router(staff=without("W1")).paths(AMBER, "worker")[0]
    nobody = router(staff=without("M1", "S1", "H1")).paths(ALERT, "team_manager")[0]

    assert (worker.team, manager.team) == (None, "North")
    assert [(step.role, step.team) for step in nobody][-1] == ("performance", None)


# ---------------------------------------------------------------------- small answers


@pytest.mark.parametrize(
    ("by", "it_is"), [("M1", True), ("m1", True), ("M1@example.gov.uk", True), ("person m1", True), ("M2", False), ("", False)]
)
def test_an_act_is_somebodys_by_their_id_address_or_name(by: str, it_is: bool) -> None:
    act = Act(id=1, kind="acknowledge", by=by, at=NOON, level=Level.red)

    assert is_by(act, STAFF["M1"]) == it_is
    assert not is_by(replace(act, by=""), replace(STAFF["M1"], email=None))


def test_an_alert_has_waited_since_it_began_less_the_days_on_hold() -> None:
    friday, wednesday = date(2026, 3, 6), date(2026, 3, 4)

    assert waited(ALERT, friday, [], weekdays) == 4
    assert waited(ALERT, friday, [(date(2026, 3, 3), wednesday)], weekdays) == 3
    assert waited(ALERT, friday, [(wednesday, None)], weekdays) == 2
    assert waited(ALERT, friday, [(date(2026, 2, 2), wednesday)], weekdays) == 2, "no day before it began"
    assert waited(replace(ALERT, resolved_on=wednesday), friday, [], weekdays) == 2
    assert waited(replace(ALERT, resolved_on=wednesday), friday, [(date(2026, 3, 3), None)], weekdays) == 1


def test_the_same_things_to_the_same_person_on_the_same_day_have_the_same_key() -> None:
    key = notification_key("daily", MONDAY, "mail", "M1", ["b", "a"])
    others = [
        notification_key("weekly", MONDAY, "mail", "M1", ["a", "b"]),
        notification_key("daily", date(2026, 3, 3), "mail", "M1", ["a", "b"]),
        notification_key("daily", MONDAY, "folder", "M1", ["a", "b"]),
        notification_key("daily", MONDAY, "mail", "M2", ["a", "b"]),
        notification_key("daily", MONDAY, "mail", "M1", ["a"]),
    ]

    assert key == notification_key("daily", MONDAY, "mail", "M1", ["a", "b"])
    assert len({key, *others}) == 6
    assert len(key) == 32

"""Who is told of what is not about one child: a service's, a team's, a worker's, an audit's; and of whom nobody is told themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerting.casedata.directory import Cover, Team
from alerting.model import About, Level
from alerting.notifications.called import called
from tests.one_team import ALERT, AMBER, CRITICAL, DIRECTORY, ROUTE, STAFF, T1, TP, TQ, given_to, limited, router, told, without

OF_A_SERVICE = replace(ALERT, team=None, service="help_protection", worker=None, person=None, subject="contacts")
T2 = Team(id="T2", name="West", service="Help_Protection", manager="X1", service_manager=None, head_of_service="H1")
OF_SERVICES = replace(ROUTE, about=About.service)


def test_of_a_service_all_teams_are_told_and_those_that_record_nobody_only_where_none_does() -> None:
    both = router(OF_SERVICES, teams={"T1": T1, "T2": T2, "TP": TP})

    assert told(OF_A_SERVICE, both) == {"M1": "team manager", "X1": "team manager"}
    assert told(replace(OF_A_SERVICE, level=Level.critical), both).keys() == {"M1", "X1", "S1"}
    assert (both.team(OF_A_SERVICE), both.team_name(OF_A_SERVICE)) == (None, "Help protection")
    assert (both.team(replace(OF_A_SERVICE, team="T1")), both.team_name(replace(OF_A_SERVICE, team="T1"))) == (T1, "North")
    assert both.team_name(replace(OF_A_SERVICE, service="front_door")) == "Data"
    assert told(replace(OF_A_SERVICE, service="front_door"), both) == {"P1": "team manager"}
    assert told(OF_A_SERVICE, router(OF_SERVICES, teams={"T1": replace(T1, manager=None), "T2": replace(T2, manager=None)})) == {
        "S1": "service manager: no team manager to tell",
        "H1": "head of service: no team manager to tell",
    }


def test_a_role_of_the_whole_council_is_looked_for_once_for_all_teams_of_a_service() -> None:
    with_quality = replace(OF_A_SERVICE, level=Level.info, also=("quality",))

    assert told(with_quality, router(OF_SERVICES, teams={"T1": T1, "T2": T2, "TQ": TQ})) == {"Q1": "quality assurance"}
    assert told(with_quality, router(OF_SERVICES, teams={"T1": T1, "T2": T2})) == {
        "M1": "team manager: no quality assurance to tell"
    }


def test_where_a_team_of_a_service_has_somebody_the_performance_team_is_not_told_and_where_none_has_once() -> None:
    one_left, none_left = (
        {"T1": T1, "T2": replace(T2, manager=manager, head_of_service="gone"), "TP": TP, "TX": replace(TP, id="TX", manager="X1")}
        for manager in ("X1", "gone")
    )
    nobody = {**none_left, "T1": replace(T1, manager="gone", service_manager=None, head_of_service=None)}

    assert told(OF_A_SERVICE, router(OF_SERVICES, teams=one_left)) == {"M1": "team manager", "X1": "team manager"}
    assert told(OF_A_SERVICE, router(OF_SERVICES, teams=none_left)) == {"M1": "team manager"}
    assert told(OF_A_SERVICE, router(OF_SERVICES, teams=nobody)) == {"P1": "performance team: no team manager to tell"}


def test_what_is_of_no_team_and_no_service_is_not_that_of_the_teams_that_have_none() -> None:
    of_none = router(teams={"T1": replace(T1, service=None), "TP": TP})
    alone = replace(ALERT, team=None)

    assert not of_none.is_of_service(alone)
    assert (of_none.team_name(alone), told(alone, of_none)) == ("Data", {"P1": "team manager"})


def test_instead_of_a_manager_of_a_service_it_is_those_above_in_each_of_its_teams() -> None:
    both = router(OF_SERVICES, teams={"T1": T1, "T2": replace(T2, service_manager="Q1"), "TP": TP})

    assert [person.id for person in both.instead_of(OF_A_SERVICE, "M1")] == ["S1", "Q1", "H1"]
    assert both.readers(OF_A_SERVICE) == {"M1", "X1", "S1", "Q1", "H1"}


@pytest.mark.parametrize(
    ("subject", "level", "who"),
    [("M1", Level.red, {"S1"}), ("W1", Level.amber, {"M1"}), ("S1", Level.critical, {"M1", "H1"}), ("X1", Level.red, {"M1"})],
)
def test_nobody_is_told_of_an_alert_about_themselves(subject: str, level: Level, who: set[str]) -> None:
    of_workers = router(replace(ROUTE, about=About.worker))
    own = replace(ALERT, subject=subject, level=level, person=None)

    assert told(own, of_workers).keys() == who
    assert subject not in of_workers.readers(own)
    assert not of_workers.may_know(own, STAFF[subject])


def test_nobody_is_told_of_themselves_as_cover_or_under_another_id_of_theirs_now_or_before() -> None:
    of_workers, own = replace(ROUTE, about=About.worker), replace(ALERT, subject="W2", person=None)
    same = replace(STAFF["M1"], email=" W2@example.gov.uk")

    assert told(own, router(of_workers, cover={"M1": Cover(by="W2", until=None)})).keys() == {"S1"}
    assert told(own, router(of_workers, staff=STAFF | {"M1": same})).keys() == {"S1"}
    assert told(own, router(of_workers, staff=without("W2") | {"M1": same}, former={"W2": STAFF["W2"]})).keys() == {"S1"}
    assert told(own, router(of_workers, staff=without("M1"))).keys() == {"S1"}
    assert told(own, router(of_workers)).keys() == {"M1"}
    assert told(replace(own, subject="W99"), router(of_workers)).keys() == {"M1"}, "whom nobody has ever heard of is none of them"
    nameless = {id_: replace(person, email=None) for id_, person in STAFF.items() if id_ in ("W2", "X1")}
    for other in (nameless["X1"], STAFF["M1"]):
        assert not router(of_workers, staff=STAFF | nameless).is_about(own, other), "to have no address is to share none"
    assert not router(of_workers).is_about(replace(own, rule="gone"), STAFF["W2"])
    assert not router().is_about(own, STAFF["W2"]), "a child may have the number of a worker"
    assert router(of_workers).why_not_assigned(own, "W2") == "is whom it is about"


def test_the_worker_of_an_audit_is_its_auditor_and_its_manager_is_its_manager() -> None:
    of_audits = replace(ROUTE, about=About.audit)

    assert told(AMBER, router(of_audits)) == {"W1": "auditor"}
    assert told(AMBER, router(of_audits, staff=without("W1"))) == {"M1": "team manager: no auditor to tell"}
    assert told(ALERT, router(of_audits)) == {"M1": "team manager"}
    assert told(AMBER, router(replace(ROUTE, about=About.action))) == {"W1": "owner of the action"}
    for of_no_rule in (None, replace(ALERT, rule="gone")):
        assert router(of_audits).role_words(of_no_rule, "worker") == "allocated worker"


def test_of_what_goes_to_nobody_else_the_performance_team_is_no_next_up_and_nobody_is_given_it() -> None:
    alone = router(replace(ROUTE, about=About.team, nobody_else=True), staff=without("M1", "S1", "H1"))
    card = replace(ALERT, person=None, subject="T1")

    assert told(card, alone) == {}
    named = router(replace(ROUTE, about=About.team, nobody_else=True))
    assert "nobody else" in str(named.why_not_assigned(card, "W2"))
    assert named.why_not_assigned(card, "M1") is None
    assert router(replace(ROUTE, about=About.team)).why_not_assigned(card, "W2") is None
    assert named.readers(card) == {"W1", "M1", "S1"}, "whom it names at any level, and nobody above them"


@pytest.mark.parametrize(
    ("about", "subject", "words"),
    [
        (About.child, "00123", ""),
        (About.contact, "00123", "Contact 00123"),
        (About.missing_episode, "7", "Missing episode 7"),
        (About.worker, "W1", "Person W1"),
        (About.worker, "W99", "Worker W99"),
        (About.team, "T1", "Team North"),
        (About.team, "T99", "Team T99"),
        (About.vacancy, "V12", "Vacancy V12"),
        (About.action, "4.10", "Action 4.10"),
        (About.service, "front_door", "Front door"),
        (About.table, "ssd_cp_plans", "Table ssd_cp_plans"),
    ],
)
def test_what_an_alert_is_about_has_words_of_its_own(about: About, subject: str, words: str) -> None:
    assert called(replace(ALERT, subject=subject), replace(ROUTE, about=about), DIRECTORY) == words
    assert called(replace(ALERT, facts={"name": "x"}), replace(ROUTE, about=About.service, name="name"), DIRECTORY) == "X"


# ---------------------------------------------------------------------- in shadow


def test_of_a_rule_in_shadow_the_performance_team_alone_is_told_and_it_is_given_to_nobody() -> None:
    in_shadow = router(replace(ROUTE, shadow=True, escalate=((1, "head_of_service"),)), 5)

    assert told(CRITICAL, in_shadow) == {"P1": "in shadow: nobody else is told"}
    assert told(given_to("W2"), in_shadow) == {"P1": "in shadow: nobody else is told"}
    assert in_shadow.why_not_assigned(ALERT, "W2") == "is not told of a rule that is in shadow"
    assert in_shadow.readers(ALERT) == {"P1"}
    assert in_shadow.instead_of(ALERT, "M1") == in_shadow.instead_of(ALERT, "P1") == []
    assert told(ALERT, router(replace(ROUTE, shadow=True), teams={"T1": T1})) == {}, "there is no performance team"
    assert told(ALERT, router(replace(ROUTE, shadow=True, nobody_else=True))) == {}


def test_of_a_rule_in_shadow_a_restricted_child_s_alert_is_told_to_nobody_who_is_not_of_the_performance_team() -> None:
    def heard(*named: str) -> dict[str, str]:
        return told(ALERT, router(replace(ROUTE, shadow=True), restricted=limited(*named)))

    assert heard("M1") == {}
    assert heard("M1", "P1") == {"P1": "in shadow: nobody else is told"}
    assert router(replace(ROUTE, shadow=True), restricted=limited("M1", "P1")).readers(ALERT) == {"P1"}

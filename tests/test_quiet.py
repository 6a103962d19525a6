"""What those hear of whom nothing is open, or of whom something is done and nothing new: seldom, where the council wants it, and nothing that is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerting.casedata.directory import Cover, Restriction
from alerting.evaluation.evaluation import Status
from alerting.evaluation.looked_at import LookedAt, Share
from alerting.model import Alert, Condition, Level, Person, Reason
from alerting.notifications.content import AllClear, DigestContent, Notification
from alerting.notifications.decide import decide
from alerting.notifications.policy import Policy
from alerting.notifications.preferences import Preferences
from alerting.notifications.world import World
from tests.made_council import MONDAY
from tests.office import Office
from tests.plain_day import DIRECTORY, TUESDAY, alert, clear, day, ended, match, world
from tests.plain_policy import STORM, plain_policy, told
from tests.rendered import daily, message

DAY = timedelta(days=1)
WORKER = Person(id="W1", name="Person W1", email="w1@example.gov.uk", team="T1")
STAFF = replace(DIRECTORY, staff={**DIRECTORY.staff, "W1": WORKER})
LOOKED = LookedAt(
    workers={"W1": Share(cases=14, not_known=2, rules=frozenset({"visits", "plans"}))},
    teams={"T1": Share(cases=80, rules=frozenset({"visits", "plans", "up"}))},
)


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return plain_policy(tmp_path_factory.mktemp("rules"))


@pytest.fixture(scope="module")
def policy(silent: Policy) -> Policy:
    """Return what a council has decided that wants to be told of quiet weeks."""
    return with_numbers(silent, all_clear_days=7, done_days=7)


def with_numbers(policy: Policy, **numbers: int) -> Policy:
    chosen = replace(policy.book.settings, params={**policy.book.settings.params, **numbers})
    return replace(policy, book=replace(policy.book, settings=chosen))


def messages(
    policy: Policy, before: World, *candidates: object, looked_at: LookedAt | None = LOOKED, **changes: object
) -> list[Notification]:
    evaluation = day(*candidates, looked_at=looked_at, **{"directory": STAFF, **changes})
    decided = decide(policy, "daily", before, evaluation).notifications
    return [one for one in decided if isinstance(one.content, DigestContent)]


def clears(policy: Policy, before: World, **changes: object) -> dict[str, AllClear]:
    """Return at how much was looked of each who is told that nothing is open."""
    found = messages(policy, before, **changes)
    return {one.recipient: one.content.all_clear for one in found if one.content.all_clear is not None}


def heard(days_ago: int) -> dict[tuple[str, str], date]:
    return dict.fromkeys((("mail", "M1"), ("mail", "W1")), TUESDAY - days_ago * DAY)


# ---------------------------------------------------------------------- nothing is open


def test_unless_the_council_wants_it_nobody_hears_that_nothing_is_open(silent: Policy):
    assert clears(silent, world()) == {}


def test_a_worker_and_a_manager_of_whom_nothing_is_open_hear_at_how_many_cases_how_many_rules_looked(policy: Policy):
    assert clears(policy, world()) == {
        "W1": AllClear(cases=14, not_known=2, rules=2),
        "M1": AllClear(cases=80, not_known=0, rules=3),
    }


@pytest.mark.parametrize(("days_ago", "is_told"), [(1, False), (6, False), (7, True), (30, True)])
def test_nobody_hears_it_who_had_a_message_within_the_week(policy: Policy, days_ago: int, is_told: bool):
    assert (set(clears(policy, world(last_heard=heard(days_ago)))) == {"M1", "W1"}) is is_told


def test_less_than_a_week_is_a_week_and_more_is_what_is_set(silent: Policy):
    assert clears(with_numbers(silent, all_clear_days=1), world(last_heard=heard(6))) == {}
    assert clears(with_numbers(silent, all_clear_days=28), world(last_heard=heard(27))) == {}
    assert set(clears(with_numbers(silent, all_clear_days=28), world(last_heard=heard(28)))) == {"M1", "W1"}


@pytest.mark.parametrize(
    "before",
    [
        world(alert(), told=["A-1"]),
        world(alert(condition=Condition.held, held_reason=Reason.not_in_data), told=["A-1"]),
        world(alert(condition=Condition.recovering), told=["A-1"]),
        world(alert(), brakes=(STORM,)),
    ],
    ids=["open", "on hold", "improving", "kept back by a brake"],
)
def test_whoever_has_anything_that_is_not_over_is_never_told_that_nothing_is_open(policy: Policy, before: World):
    assert "M1" not in clears(policy, before, candidates=())


def test_the_worker_of_a_case_of_which_the_manager_alone_is_told_does_not_hear_that_nothing_is_open(policy: Policy):
    visit = alert(worker="W1")

    assert "W1" in clears(policy, world(alert(), told=["A-1"]))
    assert "W1" not in clears(policy, world(visit, told=["A-1"]))


def test_an_alert_of_a_rule_that_is_tried_first_keeps_nobody_but_the_performance_team_from_hearing_it(policy: Policy):
    tried = tuple(replace(rule, shadow=rule.id == "visits") for rule in policy.book.rules)
    trying = replace(policy, book=replace(policy.book, rules=tried))

    assert set(clears(trying, world(alert(worker="W1")))) == {"M1", "W1"}


def test_whoever_is_away_does_not_hear_it(policy: Policy):
    away = replace(STAFF, cover={"W1": Cover(by="M1", until=None)})

    assert set(clears(policy, world(), directory=away)) == {"M1"}


def test_nobody_learns_by_silence_that_a_restricted_child_has_an_alert(policy: Policy):
    known = replace(STAFF, restricted={"C1": Restriction(allowed=frozenset({"M9"}))})

    assert set(clears(policy, world(alert(worker="W1")), directory=known)) == {"M1", "W1"}


def test_while_it_is_not_known_who_may_be_told_of_which_child_nobody_hears_it(policy: Policy):
    assert clears(policy, world(), directory=replace(STAFF, restricted=None)) == {}


def test_at_whose_cases_no_rule_looked_hears_nothing(policy: Policy):
    assert clears(policy, world(), looked_at=LookedAt()) == {}
    assert clears(policy, world(), looked_at=None) == {}


def test_where_a_rule_could_not_look_the_message_names_it_and_says_no_more_than_is_known(policy: Policy):
    [found] = [one for one in messages(policy, world(), status=Status.withheld) if one.recipient in {"W1", "M1"}][:1]
    sent = message(found)

    assert sent.subject == "Your cases: nothing open, as far as could be checked"
    assert "could not run today" in sent.text


def test_the_words_say_what_was_looked_at_and_of_how_much_nothing_can_be_said():
    sent = message(daily(all_clear=AllClear(cases=14, not_known=2, rules=23)))

    assert sent.subject == "Your cases: nothing open"
    assert sent.text.startswith(
        "Nothing of yours is open or due. 14 cases were looked at under 23 rules. Of 2 not all could be said, as something that a rule "
        "needs is not recorded. Data as at 05:40 today."
    )
    assert "1 case was looked at under 1 rule." in message(daily(all_clear=AllClear(cases=1, not_known=0, rules=1))).text
    assert "told once a week at most" in sent.text
    assert "send its reference" not in sent.text


CONDITIONS = st.sampled_from([Condition.firing, Condition.recovering, Condition.held, Condition.pending, Condition.resolved])
ALERTS = st.lists(st.tuples(CONDITIONS, st.sampled_from([Level.amber, Level.red, Level.critical]), st.booleans()), max_size=4)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ALERTS, st.booleans(), st.integers(0, 20))
def test_whatever_there_is_nobody_with_an_open_alert_hears_that_there_is_none_and_nobody_twice_in_a_week(
    policy, given_alerts, braked, ago
):
    def made(number: int, condition: Condition, level: Level) -> Alert:
        if condition is Condition.resolved:
            return ended(f"A-{number}", level=level)
        return alert(
            f"A-{number}",
            condition=condition,
            level=level,
            held_reason=Reason.not_in_data if condition is Condition.held else None,
        )

    live = [made(number, condition, level) for number, (condition, level, _) in enumerate(given_alerts, 1)]
    known = [one.ref for one, (_, _, is_told) in zip(live, given_alerts, strict=True) if is_told]
    open_ = [one for one in live if one.condition not in (Condition.resolved, Condition.pending)]
    before = world(*live, told=known, brakes=(STORM,) if braked else (), last_heard=heard(ago) if ago else {})

    found = messages(policy, before)
    clear_ = [one for one in found if one.content.all_clear is not None]

    assert not ("M1" in {one.recipient for one in clear_} and open_)
    assert not (clear_ and 0 < ago < 7)
    assert len({(one.receiver, one.recipient) for one in found}) == len(found)
    assert all(one.content.items == () and one.content.told == () for one in clear_)


# ---------------------------------------------------------------------- something is done


def test_what_is_done_alone_is_no_message_unless_the_council_wants_it(silent: Policy):
    assert told(decide(silent, "daily", world(alert(), told=["A-1"]), day(clear("A-1")))) == {}


@pytest.mark.parametrize(("days_ago", "says"), [(1, {}), (6, {}), (7, {"A-1": "cleared"})])
def test_what_is_done_is_told_alone_once_a_week_at_most(policy: Policy, days_ago: int, says: dict[str, str]):
    before = world(ended("A-1"), told=["A-1"], last_heard=heard(days_ago))

    assert told(decide(policy, "daily", before, day())) == says


def test_what_time_alone_has_cleared_is_no_good_news(policy: Policy):
    before = world(ended("A-1", resolved_reason=Reason.left), told=["A-1"])

    assert told(decide(policy, "daily", before, day())) == {}


# ---------------------------------------------------------------------- a council's weeks


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule("plan-long", "PL-01", levels="{amber: measure > 65}")
    office.settings["rules"] = {"path": "rules", "params": {"all_clear_days": 7}}
    return office


@pytest.mark.slow
def test_through_two_weeks_a_manager_hears_once_a_week_and_never_while_something_is_open(office: Office):
    heard = {}
    for ahead in (0, 1, 2, 3, 4, 7, 8, 9):
        office.run(MONDAY + ahead * DAY)
        if "M1" in office.people():
            heard[ahead] = "nothing open" if office.content("M1").all_clear else office.told("M1")

    # On the eighth day both children have been on their plans for more than 65 days.
    assert heard == {0: "nothing open", 7: {"C1": "new", "C2": "new"}}


@pytest.mark.slow
def test_it_comes_again_after_a_week_by_what_the_outbox_says_was_accepted(office: Office):
    office.rule("plan-long", "PL-01", levels="{amber: measure > 650}")
    told = []
    for ahead in (0, 1, 4, 7, 8):
        office.run(MONDAY + ahead * DAY)
        told += [ahead] if "M1" in office.people() else []

    assert told == [0, 7]


@pytest.mark.slow
def test_whoever_had_a_message_this_morning_hears_no_good_news_when_the_day_is_run_once_more(office: Office):
    office.settings["go_live"] = "full"
    office.settings["rules"]["params"]["done_days"] = 7
    office.rule("plan-long", "PL-01")
    office.run(MONDAY)
    assert office.told("M1") == {"C1": "new", "C2": "new"}
    for plan in office.council.tables["ssd_cp_plans"]:
        plan["cppl_cp_plan_start_date"] = (MONDAY - 20 * DAY).isoformat()

    office.run(MONDAY)

    assert office.people() == {"W1"}  # of whom nothing was told before


@pytest.mark.slow
def test_a_restricted_child_is_in_no_count_of_what_was_looked_at(office: Office):
    office.council.add("ext_restricted", person_id="C2", level="limited", allowed_recipients="W1")
    office.run(MONDAY)

    assert {person: office.content(person).all_clear.cases for person in ("M1", "W1")} == {"M1": 1, "W1": 1}


@pytest.mark.slow
def test_a_worker_is_no_case_of_their_own_and_a_rule_in_shadow_has_not_looked(office: Office):
    office.add_shipped("data_quality/cases-allocated-to-leaver.yaml")  # about workers
    office.rule("plan-tried", "PL-02", "shadow: true", levels="{amber: measure > 650}")
    office.run(MONDAY)

    assert office.content("W1").all_clear == AllClear(cases=2, not_known=0, rules=1)
    assert office.content("M1").all_clear == AllClear(cases=2, not_known=0, rules=1)


# ---------------------------------------------------------------------- who would rather not hear


def test_whoever_would_rather_not_is_not_told_that_nothing_is_open_and_others_are(policy: Policy):
    rather = world(preferences={"M1": Preferences(all_clear=False)})

    assert set(clears(policy, rather)) == {"W1"}


def test_whoever_would_rather_not_does_not_hear_of_what_is_done_alone_and_hears_of_all_that_is_new(policy: Policy):
    rather = {"M1": Preferences(all_clear=False, done=False)}
    is_over = world(ended("A-1"), told=["A-1"], preferences=rather)

    assert told(decide(policy, "daily", is_over, day())) == {}
    assert told(decide(policy, "daily", replace(is_over, preferences={}), day())) == {"A-1": "cleared"}
    assert len(told(decide(policy, "daily", is_over, day(match("C2"))))) == 2, "what is new, and with it what is done"

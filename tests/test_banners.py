"""What a message says at its head, to those whom it concerns; and what a message that stands in for another says of itself."""

from dataclasses import replace
from datetime import date

import pytest

from alerting.casedata.catalogue import TABLES
from alerting.casedata.directory import Directory, Team
from alerting.model import Level, Person
from alerting.notifications.banners import Banners
from alerting.notifications.content import Addressee, DigestContent, FallbackChain, Item, ItemState, Notification
from alerting.notifications.fallback import pass_on
from alerting.notifications.routing import Router, RuleRoute


def route(title: str, *roles: str, channel: bool = False) -> RuleRoute:
    return RuleRoute(notify={Level.red: roles}, channel=channel, remind_every=5, title=title, code=title.upper())


PEOPLE = {id_: Person(id=id_, name=f"Person {id_}", email=f"{id_}@example.gov.uk") for id_ in ("M1", "S1", "W1")}
NORTH = Team(id="T1", name="North", service=None, manager="M1", service_manager="S1", head_of_service=None)
ROUTER = Router(
    Directory(staff=PEOPLE, former={}, teams={"T1": NORTH}, cover={}, restricted={}),
    {
        "visit": route("Visits", "team_manager", channel=True),
        "review": route("Reviews", "service_manager"),
        "own": route("Own work", "worker"),
    },
)
NOTHING = Banners(router=ROUTER, data=("The data is old.",))
NO_VISITS = "1 rule could not run today: Visits. Its alerts are on hold, and none of them is cleared."


def item(rule: str) -> Item:
    return Item(ref="A-7K3QXM", rule=rule, state=ItemState.new, level=Level.red, subject_kind="child", subject="C1", team="T1",
                team_name="North", worker_name=None, first_seen=date(2026, 3, 2))  # fmt: skip


def stopped(*rules: str) -> Banners:
    return replace(NOTHING, data=(), stopped={rule: rule.upper() for rule in rules})


def test_what_is_wrong_with_the_data_everybody_is_told() -> None:
    assert NOTHING.for_person("W1", []) == NOTHING.for_channel() == NOTHING.for_everybody() == ("The data is old.",)


def test_a_rule_that_could_not_run_concerns_whom_it_would_tell_and_who_has_alerts_of_it() -> None:
    assert stopped("visit").for_person("M1", []) == (NO_VISITS,)
    assert stopped("visit").for_person("S1", [item("visit")]) == (NO_VISITS,)
    assert stopped("visit").for_person("S1", [item("review")]) == ()


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ({"visit records"}, "Visit records could not be read this morning. "),
        ({"visit records", "legal statuses"}, "Legal statuses and visit records could not be read this morning. "),
        ({"a", "b", "c", "d"}, "The records of the council could not be read this morning. "),
    ],
)
def test_what_could_not_be_read_is_said_in_the_words_of_managers(records: set[str], said: str) -> None:
    assert replace(stopped("visit"), records={"visit": records}).for_person("M1", []) == (said + NO_VISITS,)


def test_every_table_has_a_name_that_managers_know() -> None:
    assert not [table.words for table in TABLES.values() if "_" in table.words or table.words == table.name]


def test_a_rule_that_tells_the_worker_of_a_case_may_concern_anybody() -> None:
    assert [len(stopped("own").for_person(id_, [])) for id_ in PEOPLE] == [1, 1, 1]


def test_a_rule_of_which_nobody_can_say_whom_it_would_tell_concerns_everybody() -> None:
    broken = stopped("broken")

    assert "BROKEN" in broken.for_person("W1", [])[0]
    assert "BROKEN" in broken.for_channel()[0]


def test_a_channel_is_told_of_the_rules_that_it_counts() -> None:
    assert stopped("visit", "review").for_channel() == (NO_VISITS,)


def test_of_many_rules_three_are_named_and_a_summary_has_all() -> None:
    assert stopped("visit", "review", "own", "a", "b").for_everybody() == (
        "5 rules could not run today: Visits, Reviews, Own work and 2 more. Their alerts are on hold, and none of them is cleared.",
    )


def test_a_card_that_was_not_posted_is_told_to_who_has_alerts_of_its_team() -> None:
    banners = replace(NOTHING, data=(), not_posted={"T1": date(2026, 3, 2), "T2": date(2026, 3, 2)})

    assert banners.for_person("M1", [item("visit")]) == (
        "The card of 2 March 2026 for the channel of North could not be posted. Nothing in it is missing here.",
    )
    assert banners.for_person("M1", []) == banners.for_channel() == ()


def test_a_message_that_stands_in_for_another_counts_nothing_that_was_its_first_readers() -> None:
    reader = Addressee(id="S1", name="Person S1", address="s1@example.gov.uk")
    content = DigestContent(items=(item("visit"),), told=(), covering=("Person W1",), snoozed=2, silenced=3, covered=4,
                            instead=(FallbackChain(people=(reader,), alerts=("A-7K3QXM",)),))  # fmt: skip
    refused = Notification(key="k", receiver="mail", purpose="daily", recipient="M1", name="Person M1", address=None,
                           as_of=date(2026, 3, 2), content=content)  # fmt: skip

    [stand_in], left = pass_on(refused)
    assert isinstance(stand_in.content, DigestContent)
    assert (stand_in.recipient, stand_in.reader, left) == ("S1", "M1", [])
    assert stand_in.content.covering == ()
    assert (stand_in.content.snoozed, stand_in.content.silenced, stand_in.content.covered) == (0, 0, 0)

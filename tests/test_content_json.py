"""What a message holds survives being written to the outbox and read again, whatever it is; rows of earlier versions are read."""

import json
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.model import Condition, Level
from alerting.notifications.content import (
    AnyContent,
    CardContent,
    CheckContent,
    DigestContent,
    Item,
    ItemState,
    NoticeContent,
    QualityContent,
    RuleFigures,
    SendTestContent,
    ToldAlert,
    WeeklyContent,
)
from alerting.store.messages.content_json import ContentError, Told, add_banner, from_json, to_json, told_from_json
from tests import rendered

KINDS = (DigestContent, CardContent, WeeklyContent, NoticeContent, QualityContent, CheckContent, SendTestContent)
JSON = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
FACTS = st.dictionaries(st.text(), JSON | st.lists(JSON, max_size=3), max_size=3)


def no_references(ids: object) -> dict[int, str]:
    raise AssertionError(f"a row of this version has no ids, and {ids} were looked for")


def content() -> st.SearchStrategy[AnyContent]:
    a_number = st.none() | st.floats(allow_nan=False)
    items = st.lists(st.builds(Item, facts=FACTS, measure=a_number), max_size=3).map(tuple)
    rules = st.lists(st.builds(RuleFigures, median_days=a_number), max_size=3).map(tuple)
    others = (st.builds(kind) for kind in KINDS if kind not in (DigestContent, QualityContent))
    return st.one_of(st.builds(DigestContent, items=items), st.builds(QualityContent, rules=rules), *others)


@settings(max_examples=60, deadline=None)
@given(content())
@pytest.mark.slow
def test_content_of_each_type_is_the_same_after_it_was_written_and_read(given_content: AnyContent) -> None:
    assert from_json(to_json(given_content), no_references) == given_content


def test_no_type_of_content_is_forgotten() -> None:
    assert set(KINDS) == set(AnyContent.__args__)
    assert all(is_dataclass(kind) and kind.__dataclass_params__.frozen for kind in KINDS)  # type: ignore[attr-defined]


@pytest.mark.parametrize("planned", [rendered.a_morning(), rendered.a_week()], ids=["daily", "weekly"])
def test_a_message_reads_the_same_when_it_was_written_and_read(planned: rendered.Notification) -> None:
    stored = replace(planned, content=from_json(to_json(planned.content), no_references))

    assert rendered.message(stored) == rendered.message(planned)


def test_what_a_message_tells_of_alerts_is_found_without_reading_the_rest() -> None:
    told = ToldAlert(ref="A-7K3QXM", level=Level.red, condition=Condition.firing)
    card = CardContent(team_name="North", lines=(), told=(told,))

    assert told_from_json(to_json(card)) == Told(alerts=(("A-7K3QXM", "firing"),))
    assert told_from_json('{"told": [[7, 3, "firing"]], "for": {"id": "S1", "name": "S"}}') == Told(
        alerts=((7, "firing"),), meant_for="S1"
    )


@pytest.mark.parametrize("wiped", ["", "{}", "[]", "null", '{"told": 3}', '{"told": [null]}'])
def test_where_the_content_was_wiped_nothing_is_told(wiped: str) -> None:
    assert told_from_json(wiped) == Told()


def test_a_banner_is_added_to_what_waits_without_reading_the_rest() -> None:
    check = CheckContent(team_name="North", word="BCD-FGH", banners=("first",))

    assert from_json(add_banner(to_json(check), "second"), no_references) == replace(check, banners=("first", "second"))
    assert json.loads(add_banner('{"items": []}', "first")) == {"items": [], "banners": ["first"]}


# ---- what cannot be read


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kind": "song"}, "its kind is not known"),
        ({"verse": 1}, "the fields of a CheckContent are others"),
        ({"word": None}, "NoneType stands where another type belongs"),
        ({"banners": "one"}, "str stands where another type belongs"),
    ],
)
def test_what_is_no_content_of_this_version_is_refused_without_a_word_of_it(changes: dict[str, object], why: str) -> None:
    raw = json.loads(to_json(CheckContent(team_name="Rose House", word="BCD-FGH")))

    with pytest.raises(ContentError, match=why) as refused:
        from_json(json.dumps(raw | changes), no_references)
    assert "Rose House" not in str(refused.value)


@pytest.mark.parametrize("broken", ["", "[]", "{", '"text"', "{}"])
def test_what_is_no_content_at_all_is_refused(broken: str) -> None:
    with pytest.raises(ContentError):
        from_json(broken, lambda _: {})


def test_a_state_that_is_not_known_is_refused() -> None:
    raw = json.loads(to_json(rendered.daily(rendered.item()).content))
    raw["items"][0]["state"] = "lost"

    with pytest.raises(ContentError, match="there is no such ItemState"):
        from_json(json.dumps(raw), no_references)


# ---- rows of versions that named alerts by their ids, and had no `kind`

OLD_ITEM = {
    "alert_id": 7, "ref": "A-7K3QXM", "rule": "cp-visit-overdue", "state": "new", "level": "red", "subject_kind": "child",
    "subject": "C1", "team": "T1", "team_name": "North", "worker_name": None, "first_seen": "2026-03-02", "measure": 12.0,
    "unit": "days", "due": "2026-02-27", "facts": {"visit": "2026-02-01"}, "held_reason": "not_asked", "held_detail": "no row", "resolved_reason": None,
    "resolved_detail": None,
    "child_level": True, "called": "", "why": "team manager", "in_hand": "",
}  # fmt: skip
OLD_LIST = {
    "items": [OLD_ITEM], "covering": ["Person M1"], "hidden": 2, "silenced": 1, "covered": 3, "flapping": 4,
    "told": [[7, 3, "firing"]], "banners": ["Look."], "data_as_at": "2026-03-02T05:40:00",
    "instead": [{"people": [{"id": "S1", "name": "Sam", "address": "s1@example.gov.uk"}], "alerts": [7]}],
    "for": {"id": "M2", "name": "Morgan"},
}  # fmt: skip
OLD_WEEK = {
    "rule": "cp-visit-overdue", "title": "Visit overdue", "open": 2, "held": 0, "new": 1, "new_last": 0, "cleared": 0,
    "cleared_last": 0, "oldest": "2026-02-03", "oldest_days": 27, "level": "red", "trend": [None, 2],
}  # fmt: skip
OLD_RULE = {
    "code": "CP-03", "id": "cp-visit-overdue", "title": "Visit overdue", "fired": 3, "cleared": 1, "open": 2, "acknowledged": 0,
    "median_working_days_to_clear": 4, "not_useful": {}, "flapping": 0, "flapping_alerts": [], "never_fired_in_90_days": False,
    "review_by": None, "review_passed": False, "withheld_days": 0, "error_days": 0, "remarks": ["failed on 1 day"],
}  # fmt: skip


def read_old(old: dict[str, object]) -> AnyContent:
    return from_json(json.dumps(old), lambda ids: {id_: "A-7K3QXM" for id_ in ids if id_ == 7})


def test_an_old_list_is_read_with_its_alerts_by_reference() -> None:
    found = read_old(OLD_LIST)

    assert isinstance(found, DigestContent)
    [item], [told], [chain] = found.items, found.told, found.instead
    assert (item.ref, item.state, item.level, item.first_seen) == ("A-7K3QXM", ItemState.new, Level.red, date(2026, 3, 2))
    assert (item.due, item.facts, item.why) == (date(2026, 2, 27), {"visit": "2026-02-01"}, "team manager")
    assert told == ToldAlert(ref="A-7K3QXM", level=Level.red, condition=Condition.firing)
    assert (chain.people[0].address, chain.alerts) == ("s1@example.gov.uk", ("A-7K3QXM",))
    assert (found.snoozed, found.silenced, found.covered, found.flapping) == (2, 1, 3, 4)
    assert (found.covering, found.banners, found.data_as_at) == (("Person M1",), ("Look.",), datetime(2026, 3, 2, 5, 40))
    assert found.meant_for is not None
    assert found.meant_for.id == "M2"


def test_in_an_old_list_what_is_not_known_any_more_is_passed_over() -> None:
    found = read_old(
        {"items": [OLD_ITEM | {"state": "better", "colour": "blue"}], "told": [[8, 3, "firing"]], "data_as_at": None}
    )

    assert isinstance(found, DigestContent)
    assert (found.items[0].state, found.told) == (ItemState.open, ())


def test_other_old_messages_are_read_too() -> None:
    line = {"rule": "CP-03", "title": "Visit overdue", "level": "none", "new": 0, "open": 0, "cleared": 1, "held": 0}
    card = read_old({"team_name": "North", "lines": [line], "told": [[7, 3, "resolved"]], "banners": [], "data_as_at": None})
    week = read_old({"week_ending": "2026-03-02", "teams": [{"team_name": "North", "rows": [OLD_WEEK]}], "not_run": [],
                     "banners": [], "covering": []})  # fmt: skip
    new, old = {"title": "CP-03 could not run", "detail": "Look.", "items": []}, {"title": "T9", "since": "2026-03-02"}
    notices = read_old({"notices": [new], "still": [old], "run": {"Messages sent": 2, "Audit": "every promise kept"}})
    quality = read_old({"since": "2025-12-02", "rules": [OLD_RULE]})

    assert isinstance(card, CardContent)
    assert (card.lines[0].level, card.told[0].condition) == (None, Condition.resolved)
    assert isinstance(week, WeeklyContent)
    assert (week.teams[0].rows[0].trend, week.teams[0].rows[0].flapping) == ((None, 2), 0)
    assert isinstance(notices, NoticeContent)
    assert ([each.value for each in notices.run], notices.still[0].since) == ([2, "every promise kept"], date(2026, 3, 2))
    assert isinstance(quality, QualityContent)
    assert (quality.rules[0].median_days, quality.rules[0].remarks) == (4, ("failed on 1 day",))
    assert read_old({"word": "BCD-FGH", "team_name": "North", "told": [], "banners": []}) == CheckContent(
        word="BCD-FGH", team_name="North"
    )
    assert read_old({"receiver": "mail"}) == SendTestContent(receiver="mail")


def test_what_an_old_row_says_nothing_of_may_be_left_out_of_an_item() -> None:
    later = {field.name for field in fields(Item)} - OLD_ITEM.keys()

    assert later == {"person", "working_days_to_due", "unread", "is_in_hand", "unchecked", "meeting"}
    assert OLD_ITEM.keys() - {field.name for field in fields(Item)} == {"alert_id"}


@pytest.mark.parametrize("text", ["{half", "7", '{"banners": 7}'])
def test_what_cannot_be_read_any_more_stays_as_it_is_where_something_more_would_be_said(text: str) -> None:
    assert add_banner(text, "It may be a repeat.") == text

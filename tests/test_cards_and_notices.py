"""What a channel's card says, and what those who look after the service are told."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from alerting.model import Card, Level, Reason, Tier
from alerting.notifications.admin_digest import by_cost
from alerting.notifications.content import COUNTED_ONLY, CardLine, ItemState, Notice, SendTestContent, WeeklyContent
from alerting.notifications.messages.counts import view_digest
from alerting.notifications.notices import keyed, of_budget, of_nothing_asked, of_older_files, of_rules
from alerting.notifications.report import RuleRow
from alerting.notifications.routing import RuleRoute
from alerting.notifications.week_content import TeamWeek
from tests.rendered import AS_OF, a_card, a_team_week, a_week, a_week_row, daily, item, message, notices, notification, read


def test_a_channel_gets_a_card_of_counts_and_both_parts():
    given_notification = a_card(
        "Assessment North",
        CardLine(
            rule="worker-caseload-high", level=Level.amber, new=0, open=4, cleared=0, held=0, levels={"amber": 4},
        ),
        CardLine(
            rule="care-leaver-not-in-touch", level=Level.red, new=2, open=6, cleared=1, held=1, levels={"red": 5, "amber": 3}, overdue=5,
        ),
        counts={"overdue": 5, "due_soon": 3, "to_look_at": 4, "held": 1, "done": 1},
        data_as_at=datetime(2026, 3, 31, 5, 40),
    )  # fmt: skip
    sent = message(given_notification, ceiling=Tier.counts, channel="T1", page_url="https://alerts.example.gov.uk/")

    counts = "5 overdue, 3 due soon, 4 to look at, 1 on hold"
    held = "1 alert on hold: the data could not be believed or did not say."
    assert sent.channel == "T1"
    assert sent.subject == f"Assessment North: {counts}"
    assert sent.card == Card(
        title=sent.subject,
        summary=f"{counts}; 2 new.",
        columns=("Rule", "Now", "Overdue"),
        rows=(
            ("Care leaver not in touch", "5 red · 3 amber · 1 on hold · 1 done", "5"),
            ("Worker's caseload over the threshold", "4 amber", ""),
        ),
        footer=f"Data as at 05:40 today. {held} Counts only: each manager gets the list by mail.",
        link="https://alerts.example.gov.uk/",
    )
    for part in (sent.text, read(sent.html)):
        assert f"{counts}; 2 new. Data as at 05:40 today." in part
        assert "Care leaver not in touch" in part


def test_a_reader_of_counts_is_told_how_many_went_to_somebody_else_or_are_no_longer_checked():
    moved, ended = (
        item("moved", in_hand="Now with A. Lindqvist."),
        item("cleared", subject="8", resolved_reason=Reason.rule_removed),
    )
    alone, beside = (
        message(daily(*items), ceiling=Tier.counts) for items in ((moved,), (moved, ended, item("open", subject="9")))
    )

    assert (alone.subject, alone.text.partition(".")[0]) == (
        "Assessment North: 1 with somebody else now",
        "1 with somebody else now",
    )
    assert beside.subject == "Assessment North: 1 overdue"
    for part in (beside.text, read(beside.html)):
        assert "2 alerts with somebody else now, or no longer checked: in no row." in part


@pytest.mark.parametrize("level", ["red", "amber", "critical"])
@pytest.mark.parametrize("state", [state for state in ItemState if state not in {*COUNTED_ONLY, ItemState.moved}])
def test_a_row_says_overdue_only_of_what_a_list_would_have_among_the_overdue_or_critical(state, level):
    [row] = view_digest(daily(item(state, level=level)).content, AS_OF, str).rows
    listed = message(daily(item(state, level=level))).text

    assert (row.overdue == "1") is ("1 working day overdue" in listed or "1 day overdue" in listed)


def test_what_improves_and_what_was_open_before_the_service_began_is_in_a_row_and_is_not_overdue():
    items = item("improving", subject="1"), item("backlog", subject="2"), item("open", subject="3")
    sent = message(daily(*items), ceiling=Tier.counts)

    assert sent.subject == "Assessment North: 1 overdue, 1 to look at, 1 open already when this service began"
    assert sent.text.count("3 red") == 1
    [row] = view_digest(daily(*items).content, AS_OF, str).rows
    assert (row.now, row.overdue) == ("3 red", "1")


def test_a_card_that_an_earlier_version_planned_says_what_it_knows():
    line = CardLine(rule="care-leaver-not-in-touch", level=Level.red, new=2, open=10, cleared=1, held=1)
    sent = message(a_card("Assessment North", line), ceiling=Tier.counts, channel="T1")

    assert sent.subject == "Assessment North: 12 to look at, 1 on hold"
    assert sent.card.rows == (("Care leaver not in touch", "12 red · 1 on hold · 1 done", ""),)


@pytest.mark.parametrize(
    "given_notification",
    [a_week(), notices(), notification("test", SendTestContent(receiver="teams"))],
    ids=["weekly", "admin", "test"],
)
def test_whatever_goes_to_a_channel_has_a_card(given_notification):
    card = message(given_notification, channel="T1", stamp="TEST SYSTEM").card

    assert card.summary.startswith("TEST SYSTEM. ")
    assert all(len(row) == len(card.columns) and all(type(cell) is str for cell in row) for row in card.rows)


def test_administrators_get_notices_with_references_only():
    one = Notice(title="4 alerts have no recipient", detail="T9 has no manager.", items=("A-7K3QXM22", "A-8K3QXM22"))
    sent = message(notices(one, run={"rules": 26, "new": 14}))

    assert sent.subject == "Practice alerts service: 1 thing to do"
    for part in (sent.text, read(sent.html)):
        for said in ("4 alerts have no recipient", "T9 has no manager.", "A-7K3QXM22, A-8K3QXM22", "26"):
            assert said in part


def test_a_day_on_which_nothing_is_wrong_is_told_as_all_clear_with_its_figures():
    sent = message(notices(run={"Rules asked": "41 of 41", "Messages sent": 12}, asked=41))

    assert sent.subject == "Practice alerts service: all clear"
    for part in (sent.text, read(sent.html)):
        for said in ("All clear: 41 rules asked, and nothing needs your attention.", "Rules asked", "41 of 41", "Messages sent"):
            assert said in part


@pytest.mark.parametrize(("asked", "told"), [(0, "nothing asked"), (None, "nothing to do")])
def test_all_is_clear_only_where_a_rule_was_asked(asked, told):
    sent = message(notices(asked=asked))

    assert sent.subject == f"Practice alerts service: {told}"
    assert "all clear" not in f"{sent.text}{read(sent.html)}".lower()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"asked": 0}, "No rule looked at anybody, so nothing is known."),
        ({"asked": 1}, "Nothing open, new or cleared under 1 rule."),
        ({"asked": 3, "braked": 2}, "under 3 rules, and what 2 rules found waits to be looked at first."),
        ({}, "Nothing open, new or cleared."),
    ],
)
def test_a_week_of_nothing_says_of_how_many_rules(changes, said):
    content = WeeklyContent(week_ending=date(2026, 3, 29), teams=(TeamWeek(team_name="North", rows=()),), **changes)

    assert said in " ".join(message(notification("weekly", content)).text.split())


def test_a_card_of_what_is_on_hold_does_not_say_that_nothing_is_open():
    line = CardLine(rule="CP-03", level=None, new=0, open=0, cleared=0, held=3)
    sent = message(a_card("North", line), channel="T1", ceiling=Tier.counts)

    assert "3 on hold" in sent.subject
    assert "nothing open" not in f"{sent.subject}{sent.card.summary}".lower()


def test_what_costs_most_stands_first():
    rows = [RuleRow(id=code, code=code, status="withheld", problem="visits lost half of their rows") for code in ("A", "B")]
    found = keyed([
        *of_older_files([]),
        Notice(title="A rule is not as it is shipped"),
        *of_rules([*rows, RuleRow(id="C", code="C", status="error", problem="it fails")], []),
        *of_nothing_asked([]),
    ])  # fmt: skip

    assert [found[key].title for key in by_cost(found)] == [
        "No rule was asked", "2 rules could not run", "C could not run", "A rule is not as it is shipped",
    ]  # fmt: skip


def test_administrators_read_which_rules_brought_more_than_a_day_may():
    route = RuleRoute(notify={}, channel=True, remind_every=5, title="Care leaver not in touch", code="CL-01")
    fresh = [item(subject=str(n), level="amber") for n in range(12)]
    red = [item(subject=f"r{n}") for n in range(12)]

    [notice] = of_budget([daily(*fresh, *red, budget=10), daily(*fresh, budget=12)], {"care-leaver-not-in-touch": route})
    assert notice.detail.startswith("1 person was told of some as a count alone, most of them of these rules: CL-01 2.")
    assert list(of_budget([daily(*red, budget=10), daily(*fresh)], {})) == []


def test_what_was_told_before_and_lasts_stands_after_what_is_new_with_its_day():
    lasts = Notice(title="T9 has no manager", detail="Check ext_team.", since=date(2026, 3, 2))
    sent = message(notices(Notice(title="CP-03 could not run"), still=(lasts,)))

    assert sent.subject == "Practice alerts service: 2 things to do"
    for part in (sent.text, read(sent.html)):
        assert "2 things to do, 1 new." in part
        assert part.index("CP-03 could not run") < part.upper().index("STILL TO DO") < part.index("T9 has no manager")
        assert "since 2 March 2026" in part


def test_a_test_message_says_that_it_is_one():
    sent = message(notification("test", SendTestContent(receiver="mail")))

    assert sent.subject == "Practice alerts: a test message"
    for part in (sent.text, read(sent.html)):
        assert "This is a test message of the receiver mail." in part


@pytest.mark.parametrize("purpose", ["weekly", "monthly"])
def test_a_rule_asked_weekly_or_monthly_has_its_items_told_like_the_daily_ones(purpose):
    sent = message(replace(daily(item()), purpose=purpose))

    assert sent.subject == f"Assessment North, {purpose} list: 1 overdue"
    assert "No contact for 57 days" in sent.text


def test_a_rule_whose_alerts_are_all_cleared_has_no_level_in_a_channel():
    line = CardLine(rule="CL-01", title="Not in touch", level=None, new=0, open=0, cleared=2, held=0)
    sent = message(a_card("North", line), ceiling=Tier.counts, channel="T1")

    assert sent.card.rows == (("Not in touch", "2 done", ""),)
    assert "None" not in read(sent.html)


def test_the_card_of_a_week_has_a_row_a_rule_the_worst_first_and_no_noughts():
    rows = (
        a_week_row("one", title="Nothing open", open=0, new=0, level=Level.critical),
        a_week_row("two", title="Visit overdue", open=3, new=0),
        a_week_row("three", title="No social worker", open=1, new=1, level=Level.critical),
    )
    card = message(a_week(a_team_week("North", *rows)), channel="T1").card

    assert (card.title, card.columns) == ("The week in practice alerts: North", ("Rule", "Open", "New"))
    assert card.rows == (("Critical: No social worker", "1", "1"), ("Red: Visit overdue", "3", ""), ("Nothing open", "", ""))
    assert card.summary.startswith("4 open, 3 on hold; 1 new, was 9")


def test_a_card_says_what_its_message_says_at_its_head():
    week = replace(
        a_week(a_team_week("North", a_week_row("one"))), content=replace(a_week().content, banners=("1 rule is doubted.",))
    )

    assert message(week, channel="T1").card.summary.endswith(" Please note: 1 rule is doubted.")

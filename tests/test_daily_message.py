"""What the daily message says, in which order, and that both of its parts say the same.

tests/expected/ holds it. To write it anew: UPDATE_EXPECTED=1 pytest tests/test_daily_message.py
"""

import re
from datetime import date

import pytest

from alerting.model import Reason, reference
from alerting.notifications.messages import digest
from tests.rendered import SEVEN, Outline, a_morning, daily, item, message, read, render, same_as


def test_the_daily_message_reads_as_expected():
    sent = message(a_morning(), page_url="https://alerts.example.gov.uk/")

    same_as("daily.txt", sent.text)
    same_as("daily.outline", "\n".join(Outline(sent.html).lines) + "\n")


def test_the_first_line_says_how_many_of_what_for_whom_and_how_old_the_data_is():
    sent = message(a_morning())

    first = "2 new, 1 worse and 2 still open for Assessment North; 1 cleared; 1 on hold. Data as at 31 March, 05:40."
    assert sent.text.splitlines()[0] == first
    assert first in read(sent.html)


def test_data_of_unknown_age_is_said_to_be_of_unknown_age():
    assert "How old the data is, is not known." in message(daily(item(), data_as_at=None)).text


def test_both_parts_say_the_same_of_every_item():
    sent = message(a_morning())

    for part in (sent.text, read(sent.html)):
        for said in (
            "No contact for 57 days (last 2 February 2026).",
            "No review is recorded.",
            "20.25 cases for each full-time post.",
            "Due 30 March 2026, ",
            "1 day over",
            "in 2 days",
            "Since 28 March 2026 (3 days).",
            "More serious than before.",
            "Why you: as cover for J. Patel.",
            "Closed: contact on 30 March is recorded.",
            "On hold: ssd_care_leavers was not loaded.",
            "J. Patel until 21 November",
            "2 more alerts snoozed until a day that somebody set",
            "Clears when: A contact dated within the last 42 days is recorded.",
            "Local standard: Contact at least every 8 weeks (council standard).",
            "Statutory: Reviews within 20 working days, then 3 and 6 months (Care Planning Regulations 2010, reg 33).",
            "not the case record",
            reference("cla-review-overdue", "100871", 1),
        ):
            assert said in part


def test_a_level_is_always_a_word():
    sent = message(daily(item(level="critical"), item(level="amber", subject="2")))

    assert {"Critical", "Amber"} <= set(read(sent.html).split())
    assert "- CRITICAL: " in sent.text


def test_a_child_with_five_items_is_one_block():
    five = [item(subject="100234", level=level, ref=f"A-{n}") for n, level in enumerate(["amber", "red", "info", "red", "amber"])]
    sent = message(daily(*five))

    assert read(sent.html).count("Care leaver 100234") == 1
    assert sent.text.count("Care leaver 100234") == 1


def test_a_child_known_in_two_ways_is_still_one_block_but_an_assessment_of_the_same_number_is_not():
    sent = message(daily(
        item(subject="7"), item(subject="7", subject_kind="child_in_care"), item(subject="7", subject_kind="assessment"),
    ))  # fmt: skip

    assert "Child or young person 7" in sent.text
    assert "Assessment 7" in sent.text


def test_the_most_serious_comes_first_then_the_earliest_due():
    sent = message(daily(
        item(subject="amber-1", level="amber", due=date(2026, 1, 1)),
        item(subject="red-late", due=date(2026, 3, 30)),
        item(subject="red-later", due=None),
        item(subject="red-early", due=date(2026, 3, 1)),
        item(subject="critical-1", level="critical", due=None),
    ))  # fmt: skip

    order = re.findall(r"^Care leaver (\S+),", sent.text, re.MULTILINE)
    assert order == ["critical-1", "red-early", "red-late", "red-later", "amber-1"]


@pytest.mark.parametrize("kind", ["worker", "worker_with_cases"])
def test_a_worker_is_named_and_a_child_is_a_number(kind):
    sent = message(daily(item(rule="worker-caseload-high", subject="W17", subject_kind=kind, worker_name="A. Lindqvist")))

    assert "\nA. Lindqvist\n" in sent.text
    assert "W17" not in sent.text


def test_teams_are_named_where_there_are_several():
    sent = message(daily(item(), item(subject="2", team_name="Leaving Care")))

    assert "for 2 teams" in sent.text
    assert "Care leaver 2, J. Patel, Leaving Care" in sent.text


def test_past_fifty_items_the_rest_is_counted_by_rule():
    many = [item("open", subject=str(n)) for n in range(60)]
    cleared = [item("cleared", subject=f"c{n}", resolved_reason=Reason.cleared) for n in range(7)]
    sent = message(daily(*many, *cleared))

    assert sent.text.count("No contact for") == digest.FULL == 50
    assert "And 10 more, less urgent: 10 Care leaver not in touch." in sent.text
    assert "Counted by rule: 7 Care leaver not in touch." in sent.text
    assert "60 still open" in sent.text
    assert len(sent.html) < 102_400


def test_a_long_list_pushes_neither_a_critical_item_nor_the_news_out_of_sight():
    many = [item("open", subject=str(n)) for n in range(60)]
    critical = item("open", subject="critical-one", level="critical", due=None)
    news = item("new", subject="new-one", level="info", due=None)
    sent = message(daily(*many, critical, news))

    assert "critical-one" in sent.text
    assert "new-one" in sent.text


@pytest.mark.parametrize(
    ("state", "section", "tag"),
    [
        ("improving", "STILL OPEN (1)", "Improving: the record shows it now. It closes when that lasts."),
        ("recorded", "STILL OPEN (1)", "Still open: the data loaded since then does not show it."),
        ("reminder", "STILL OPEN (1)", "A reminder: nothing has changed."),
    ],
)
def test_what_changed_without_being_new_is_still_open_and_says_what_changed(state, section, tag):
    sent = message(daily(item(state)))

    assert section in sent.text
    assert tag in sent.text


def test_what_is_cleared_or_on_hold_does_not_repeat_what_no_longer_is_known_to_hold():
    sent = message(daily(item("cleared", left="turned 18"), item("held", subject="2", held="no row")))

    assert "No contact for" not in sent.text
    assert "They are not cleared." in sent.text


def test_a_rule_that_is_gone_still_has_its_items_cleared_by_name():
    rendered = render(daily(item("cleared", "old-rule", left="no longer checked")))

    assert "Old rule\n  Closed: no longer checked." in rendered.message.text
    assert rendered.problems == ()


def test_nothing_to_tell_is_said_plainly():
    sent = message(daily(item("cleared", resolved_reason=Reason.cleared)))

    assert sent.text.startswith("Nothing new and nothing open for Assessment North; 1 cleared.")
    assert sent.subject == "Practice alerts: 1 cleared"


def test_a_message_that_may_be_a_repeat_says_so():
    sent = message(daily(item()), repeated=True)

    assert sent.repeated
    assert sent.text.startswith("You may have had this message already.")
    assert "You may have had this message already." in read(sent.html)


def test_what_does_not_come_from_the_live_service_is_stamped_at_the_top_and_in_the_subject():
    sent = message(daily(item()), stamp="TEST SYSTEM")

    assert sent.subject == "[TEST SYSTEM] Practice alerts: 1 new"
    assert sent.text.startswith("*** TEST SYSTEM ***")
    assert read(sent.html).index("TEST SYSTEM") < read(sent.html).index("1 new for")


def test_the_message_carries_what_was_fixed_when_it_was_planned():
    sent = message(daily(item()))

    assert (sent.key, sent.message_id, sent.date) == ("mail:W1:daily:2026-03-31", "<1@example>", SEVEN)
    assert (sent.to_name, sent.to_address, sent.channel, sent.card) == ("Sam Okoro", "sam.okoro@example.gov.uk", None, None)

"""What the daily message says, in which order, and that both of its parts say the same.

tests/expected/ holds it. To write it anew: UPDATE_EXPECTED=1 pytest tests/test_daily_message.py
"""

import re
from datetime import date, datetime, timedelta

import pytest

from alerting.model import Reason, reference
from alerting.notifications import triage
from tests.rendered import AS_OF, SEVEN, Outline, a_morning, daily, item, message, read, render, rule, same_as

PAGE = "https://alerts.example.gov.uk/"
VISIT = rule(
    "cp-visit-overdue",
    code="CP-03",
    title="Child protection visit due or overdue",
    falls_due="Protection visit",
    says="Seen late.",
)
UNALLOCATED = rule(
    "cp-no-social-worker",
    code="CP-08",
    title="Child on a protection plan without a social worker",
    says="No social worker is recorded.",
    one="child on a plan has no social worker",
    many="children on a plan have no social worker",
)


def visit(subject, days=-1, state="open", **changes):
    """Return an item of a protection visit that is due so many days from now."""
    values = {"level": "amber", "subject_kind": "child_protection_plan", "person": subject, "first_seen": date(2026, 3, 23)}
    return item(state, "cp-visit-overdue", subject, **{"due": AS_OF + timedelta(days), **values, **changes})


def unallocated(subject, state="open", **changes):
    values = {"level": "critical", "subject_kind": "child_protection_plan", "person": subject, "due": date(2026, 3, 27)}
    return item(state, "cp-no-social-worker", subject, **{**values, **changes})


def told(*items, **settings):
    return message(daily(*items), VISIT, UNALLOCATED, **settings)


def section(text, title):
    """Return what stands in one section of the plain part."""
    return re.search(rf"^{title.upper()}: .*?(?=\n\n\n|\n--\n)", text, re.MULTILINE | re.DOTALL)[0]


def test_the_daily_message_reads_as_expected():
    sent = message(a_morning(), page_url=PAGE)

    same_as("daily.txt", sent.text)
    same_as("daily.outline", "\n".join(Outline(sent.html).lines) + "\n")


# ---------------------------------------------------------------------- the subject, and the first line


def test_the_subject_and_the_first_line_say_the_worst_first():
    sent = told(
        visit("1", -3), visit("2", 2), visit("3", 6, "new"), unallocated("4"), unallocated("5", "new"),
        visit("6", state="cleared", resolved_reason=Reason.cleared),
    )  # fmt: skip

    assert sent.subject == "Assessment North: 2 critical, 1 overdue, 2 due soon"
    first = "2 children on a plan have no social worker. 1 overdue, 2 due within a week, 1 done since last time; 2 new. "
    assert sent.text.splitlines()[0] == f"{first}Data as at 05:40 today."
    assert first in read(sent.html)


@pytest.mark.parametrize("count", range(1, 6))
@pytest.mark.parametrize("level", ["critical", "red", "amber", "info"])
def test_the_first_line_names_the_worst_whatever_there_is(level, count):
    others = [visit(f"o{n}", n - 2, level="amber") for n in range(5)]
    sent = told(*others, *(unallocated(str(n), level=level) for n in range(count)))

    worst = f"{count} child" if level == "critical" else f"{count + 2} overdue"
    assert sent.text.startswith(worst)
    assert sent.subject.startswith(f"Assessment North: {count} critical" if level == "critical" else f"Assessment North: {worst}")


def test_a_critical_rule_without_words_of_its_own_is_told_by_its_title():
    assert told(item(level="critical")).text.startswith("1 critical: Care leaver not in touch.")


def test_a_critical_alert_on_hold_is_named_and_never_only_counted():
    sent = told(unallocated("4", "held"), visit("2"))

    assert sent.subject == "Assessment North: 1 critical, 1 overdue"
    assert sent.text.startswith("1 critical is on hold. 1 overdue.")
    critical = section(sent.text, "Critical")
    assert "Child 4, J. Patel" in critical
    assert "[On hold]" in critical


def test_a_child_is_counted_once_by_its_worst_and_items_stand_in_brackets():
    sent = told(visit("7", -3), visit("7", 5, ref="A-2"), unallocated("7"), visit("8", -1))

    assert sent.subject == "Assessment North: 1 critical, 1 overdue"
    assert "CRITICAL: 1 child (3 items)" in sent.text
    assert "OVERDUE: 1 child\n" in sent.text
    assert sent.text.count("Child 7,") == read(sent.html).count("Child 7") == 1


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(2026, 3, 31, 5, 40), "Data as at 05:40 today."),
        (datetime(2026, 3, 30, 22, 5), "Data as at 22:05 yesterday."),
        (datetime(2026, 3, 27, 5, 40), "Data as at 27 March, 05:40."),
        (datetime(2025, 12, 27, 5, 40), "Data as at 27 December 2025, 05:40."),
        (None, "How old the data is, is not known."),
    ],
)
def test_the_first_line_says_how_old_the_data_is(moment, said):
    assert message(daily(item(), data_as_at=moment)).text.splitlines()[0].endswith(said)


def test_nothing_to_tell_but_what_is_done_is_said_plainly():
    sent = message(daily(item("cleared", resolved_reason=Reason.cleared)))

    assert sent.text.startswith("1 done since last time. ")
    assert sent.subject == "Assessment North: 1 done"


def test_a_message_for_several_teams_says_how_many_and_each_item_which():
    sent = message(daily(item(), item(subject="2", team_name="Leaving Care")))

    assert sent.subject == "2 teams: 2 overdue"
    assert "Child 2, J. Patel, Leaving Care" in sent.text


# ---------------------------------------------------------------------- order


def test_sections_are_in_order_of_urgency_and_what_is_new_is_a_tag():
    sent = told(
        visit("done", state="cleared", resolved_reason=Reason.cleared),
        item("moved", subject="moved", in_hand="Now with A. Lindqvist."),
        item("open", subject="look", due=None),
        visit("held", state="held", unread=("protection visits",)),
        visit("soon", 3, "new"),
        visit("late", -3, "worse", level="red"),
        unallocated("critical", "back"),
    )  # fmt: skip

    titles = re.findall(r"^([A-Z ]+): \d", sent.text, re.MULTILINE)
    assert titles == [
        "CRITICAL", "OVERDUE", "DUE SOON", "ON HOLD", "TO LOOK AT", "DONE SINCE LAST TIME", "WITH SOMEBODY ELSE NOW",
    ]  # fmt: skip
    for line in (
        "Protection visit due by Friday 3 April [New]",
        "Protection visit 3 days overdue (28 March) [Worse]",
        "[Back again]",
        "Protection visits could not be read or believed this morning.",
        "Nothing was decided about these, and none of them is cleared.",
        "Well done: 1 of these is recorded now.",
        "- Protection visit: child done.",
        "Now with A. Lindqvist.",
    ):
        assert line in sent.text


@pytest.mark.parametrize(
    ("days", "where", "said"),
    [
        (-1, "Overdue", "1 day overdue (30 March)"),
        (0, "Due soon", "due today"),
        (1, "Due soon", "due by Wednesday 1 April"),
        (7, "Due soon", "due by Tuesday 7 April"),
        (8, "Due later", "due by 8 April"),
        (-1900, "Overdue", "5 years overdue (16 January 2021)"),
    ],
)
@pytest.mark.parametrize("level", ["info", "amber", "red"])
def test_overdue_is_due_before_today_at_whatever_level(level, days, where, said):
    assert f"Protection visit {said}" in section(told(visit("7", days, level=level)).text, where)


def test_of_two_ways_to_count_days_an_item_says_one_by_its_name():
    sent = told(visit("7", -4, working_days_to_due=-2))

    assert "Protection visit 2 working days overdue (27 March)" in sent.text
    assert "4 days" not in sent.text


def test_no_number_of_days_stands_beside_the_hours_that_a_rule_counts():
    sent = told(visit("7", -4, unit="hours"), visit("8", -40, unit="hours"))

    assert "Protection visit overdue since Friday 27 March" in sent.text
    assert "Protection visit overdue since 19 February" in sent.text
    assert "days overdue" not in sent.text


def test_what_is_overdue_goes_by_level_then_by_date_and_what_is_due_by_date():
    sent = told(
        visit("amber-old", -90), visit("red-new", -1, level="red"), visit("red-old", -9, level="red"),
        visit("soon-red", 6, level="red"), visit("soon-amber", 2),
    )  # fmt: skip

    assert re.findall(r"^Child (\S+),", sent.text, re.MULTILINE) == ["red-old", "red-new", "amber-old", "soon-amber", "soon-red"]


# ---------------------------------------------------------------------- one block a child


def test_the_childs_number_is_always_there():
    sent = told(item(rule="assessment", subject="5006633", subject_kind="assessment", person="0011726", due=date(2026, 4, 2)))

    assert "\nChild 0011726 · assessment 5006633, J. Patel\n" in sent.text


def test_one_block_a_child_across_rules_and_records_placed_by_the_worst():
    sent = told(
        visit("0011726", 3),
        item(rule="assessment", subject="5006633", subject_kind="assessment", person="0011726", due=date(2026, 3, 2)),
        visit("0009999", -1, level="amber"),
    )  # fmt: skip

    late = section(sent.text, "Overdue")
    assert late.startswith("OVERDUE: 2 children (3 items)")
    assert "Assessment (assessment 5006633), 29 days overdue (2 March)" in late
    assert "Protection visit due by Friday 3 April" in late
    assert "DUE SOON" not in sent.text


@pytest.mark.parametrize("due", [None, date(2026, 5, 1)], ids=["to look at", "due later"])
def test_what_is_open_of_a_child_is_never_said_to_be_on_hold_because_another_alert_of_that_child_is(due):
    held = visit("0011726", state="held", unread=("protection visits",))
    sent = told(held, item(subject="0011726", subject_kind="child_protection_plan", due=due))

    place = "To look at" if due is None else "Due later"
    block = section(sent.text, place)
    assert block.startswith(f"{place.upper()}: 1 child (2 items)")
    assert re.findall(r"^- (RED|AMBER): (.*?) \[(.*)\]$", block, re.MULTILINE)[-1] == (
        "AMBER",
        "Child protection visit due or overdue",
        "On hold",
    )
    assert "ON HOLD" not in sent.text
    assert sent.subject == f"Assessment North: 1 {place.lower()}"


def test_a_record_of_the_same_number_as_a_child_is_not_that_child():
    sent = told(item(subject="7"), item(subject="7", rule="a", subject_kind="assessment"))

    assert {"Child 7, J. Patel", "Assessment 7, J. Patel"} <= set(sent.text.splitlines())


def test_one_rule_one_worker_and_one_date_are_one_line_of_numbers():
    sent = told(*(visit(f"000{n}", 0) for n in range(3)), visit("0004", 0, worker_name="M. Osei"), visit("0005", 1))

    assert re.findall(r"^Child.*Patel|^Child.*Osei", sent.text, re.MULTILINE) == [
        "Children 0000, 0001, 0002, J. Patel", "Child 0004, M. Osei", "Child 0005, J. Patel",
    ]  # fmt: skip
    refs = [reference("cp-visit-overdue", f"000{n}", 1) for n in range(3)]
    assert ", ".join(refs) in sent.text


def test_of_several_that_are_told_together_it_is_said_since_when_the_first_and_the_last_are_listed():
    sent = told(visit("1", 3, first_seen=date(2026, 3, 2)), visit("2", 3, first_seen=date(2026, 3, 20)), visit("3", 4))

    assert re.findall(r"Listed since (.*?)\.", sent.text) == ["2 March to 20 March", "23 March"]


def test_what_is_critical_is_told_one_by_one():
    assert len(re.findall(r"^Child \d", told(unallocated("1"), unallocated("2")).text, re.MULTILINE)) == 2


@pytest.mark.parametrize("kind", ["worker", "worker_with_cases"])
def test_a_worker_is_named_and_a_child_is_a_number(kind):
    caseload = item(rule="worker-caseload-high", subject="W17", subject_kind=kind, worker_name="A. Lindqvist", due=None)
    sent = message(daily(caseload))

    assert "\nA. Lindqvist\n" in sent.text
    assert "TO LOOK AT: 1 worker" in sent.text
    assert "W17" not in sent.text


# ---------------------------------------------------------------------- each item


def test_both_parts_say_the_same_of_every_item():
    sent = message(a_morning())

    for part in (sent.text, read(sent.html)):
        for said in (
            "No contact for 57 days (last 2 February 2026).",
            "No review is recorded.",
            "20.25 cases for each full-time post.",
            "1 day overdue",
            "due by Thursday 2 April",
            "Listed since 21 March.",
            "Why you: as cover for J. Patel, unless an item says otherwise.",
            "Closed: contact on 30 March is recorded.",
            "What it needs could not be read or believed this morning.",
            "J. Patel until 21 November",
            "2 more alerts snoozed until a day that somebody set",
            "A contact dated within the last 42 days is recorded.",
            "Local standard: Contact at least every 8 weeks (council standard).",
            "Statutory: Reviews within 20 working days, then 3 and 6 months (Care Planning Regulations 2010, reg 33).",
            "not the case record",
            reference("cla-review-overdue", "100871", 1),
        ):
            assert said in part


def test_what_clears_and_why_you_are_said_once():
    sent = told(*(visit(str(n), why="team manager") for n in range(9)), visit("10", -2, why="assigned by Sam Okoro"))

    assert sent.text.count("A contact dated within the last 42 days is recorded.") == 1
    assert sent.text.count("team manager") == 1
    assert "why you: assigned by Sam Okoro." in sent.text


def test_an_item_says_when_it_was_due_beside_since_when_it_is_listed():
    assert "32 days overdue (27 February)\n  Listed since 23 March." in told(visit("7", -32)).text.replace("  Seen late.\n", "")


def test_a_level_is_always_a_word():
    sent = told(item(level="critical"), item(level="amber", subject="2"))

    assert {"Critical", "Amber"} <= set(read(sent.html).split())
    assert "- CRITICAL: " in sent.text


def test_a_reference_leads_to_the_mailbox_or_to_the_page_where_there_is_one():
    ref = reference("cp-visit-overdue", "7", 1)

    assert f'href="mailto:perf@example.gov.uk?subject={ref}"' in told(visit("7"), ask="perf@example.gov.uk").html
    linked = told(visit("7"), ask="perf@example.gov.uk", page_url=PAGE).html
    assert f'href="{PAGE}a/{ref}"' in linked
    assert "mailto:" not in linked


def test_a_childs_number_leads_to_the_case_system_only_where_the_council_says_how():
    assert 'href="https://cases.example/p/00%2F7"' in told(visit("00/7"), case_link="https://cases.example/p/{child}").html
    assert "https://" not in told(visit("00/7")).html


@pytest.mark.parametrize(
    ("state", "tag"),
    [
        ("improving", "The record shows it now; it closes when that lasts."),
        ("recorded", "Still open: the data loaded since then does not show it."),
        ("reminder", "[Reminder]"),
    ],
)
def test_what_changed_without_being_new_says_what_changed(state, tag):
    assert tag in told(visit("7", state=state)).text


def test_what_somebody_has_in_hand_and_what_nobody_has_checked_say_so():
    given = visit("7", level="red", is_in_hand=True, in_hand="Assigned to J. Patel.")
    sent = told(given, unallocated("8", "new", unchecked=True))

    assert "[In hand]" in sent.text
    assert "Assigned to J. Patel." in sent.text
    assert "[New, Not checked]" in sent.text
    assert "Nobody has checked yet whether what its rule found is right." in sent.text


def test_what_is_cleared_or_on_hold_does_not_repeat_what_no_longer_is_known_to_hold():
    sent = message(daily(item("cleared", left="turned 18"), item("held", subject="2", held="no row")))

    assert "No contact for" not in sent.text
    assert "none of them is cleared" in sent.text


def test_which_table_was_not_read_is_not_for_managers():
    assert "ssd_" not in message(daily(item("held", held="ssd_care_leavers lost 38 % of its rows"))).text


def test_a_rule_that_is_gone_still_has_its_items_cleared_by_name():
    rendered = render(daily(item("cleared", "old-rule", left="no longer checked")))

    assert "- Old rule: child 100234. Closed: no longer checked." in rendered.message.text
    assert rendered.problems == ()


# ---------------------------------------------------------------------- length


def test_up_to_thirty_items_each_is_told():
    assert len(re.findall(r"^Child \d", told(*(visit(str(n), -n - 1) for n in range(30))).text, re.MULTILINE)) == 30


def test_of_sixty_items_the_worst_twenty_are_told_and_the_rest_counted_by_rule_and_worker():
    many = [visit(f"1{n}", -n - 1, worker_name=f"Worker {n % 3}") for n in range(60)]
    sent = told(*many)

    assert len(re.findall(r"^Child \d", sent.text, re.MULTILINE)) == triage.WORST == 20
    assert "And 40 more, less urgent: Protection visit (40). By worker: Worker 0 (14), " in sent.text
    assert sent.subject == "Assessment North: 60 overdue"
    assert len(sent.html) < 40_000


def test_beyond_the_worst_twenty_what_is_red_or_new_has_its_number_in_a_line():
    many = [visit(f"1{n}", -n - 1, level="red") for n in range(60)]
    sent = told(*many, visit("the-new-one", 5, "new", level="info"), unallocated("the-critical-one"))

    for number in ("the-critical-one", "the-new-one", *(each.subject for each in many)):
        assert number in sent.text
    assert "- Protection visit: children " in sent.text


def test_more_new_amber_than_a_day_may_bring_is_counted_and_red_never():
    fresh = [visit(f"1{n}", n, "new") for n in range(8)]
    content = daily(*fresh, visit("red-one", 1, "new", level="red"), budget=5)
    sent = message(content, VISIT)

    assert len(re.findall(r"^Child 1\d", sent.text, re.MULTILINE)) == 5
    assert "And 3 more, less urgent: Protection visit (3)." in sent.text
    assert "red-one" in sent.text
    assert sent.subject == "Assessment North: 9 due soon"


def test_what_was_open_before_the_service_began_is_counted_and_what_is_critical_of_it_named():
    sent = told(*(visit(str(n), -1, "backlog", level="red") for n in range(4)), unallocated("5", "backlog"))

    assert "OPEN ALREADY WHEN THIS SERVICE BEGAN: 4 children" in sent.text
    assert "Counted by rule: Protection visit (4)." in sent.text
    assert "Child 5, J. Patel" in section(sent.text, "Critical")


# ---------------------------------------------------------------------- the whole


def test_a_message_that_may_be_a_repeat_says_so():
    sent = message(daily(item()), repeated=True)

    assert sent.repeated
    assert sent.text.startswith("You may have had this message already.")
    assert "You may have had this message already." in read(sent.html)


def test_what_does_not_come_from_the_live_service_is_stamped_at_the_top_and_in_the_subject():
    sent = message(daily(item()), stamp="TEST SYSTEM")

    assert sent.subject == "[TEST SYSTEM] Assessment North: 1 overdue"
    assert sent.text.startswith("*** TEST SYSTEM ***")
    assert "TEST SYSTEM" in read(sent.html)


def test_the_message_carries_what_was_fixed_when_it_was_planned():
    sent = message(daily(item()))

    assert (sent.key, sent.message_id, sent.date) == ("mail:W1:daily:2026-03-31", "<1@example>", SEVEN)
    assert (sent.to_name, sent.to_address, sent.channel, sent.card) == ("Sam Okoro", "sam.okoro@example.gov.uk", None, None)

"""What the weekly summary says.

tests/expected/ holds it. To write it anew: UPDATE_EXPECTED=1 pytest tests/test_weekly_message.py
"""

from alerting.notifications.content import WeeklyContent
from alerting.notifications.week_content import Standing
from tests.rendered import (
    AS_OF,
    Outline,
    a_scope_row,
    a_standing,
    a_team_week,
    a_week,
    a_week_row,
    message,
    notification,
    read,
    same_as,
)


def test_the_weekly_message_reads_as_expected():
    sent = message(a_week(), page_url="https://alerts.example.gov.uk/")

    same_as("weekly.txt", sent.text)
    same_as("weekly.outline", "\n".join(Outline(sent.html).lines) + "\n")


def test_the_first_words_say_how_much_is_overdue_and_then_what_is_better_worse_and_needs_the_reader():
    said = message(a_week()).text

    assert said.startswith("3 teams: 22 open, 18 overdue, 4 due in the next seven days. Of 2 rules with a target: 1 below")
    assert "Better: Looked-after review overdue: 6 open, 4 fewer than last week." in said
    assert "Worse: Protection visit overdue: 14 open, 3 more than last week." in said
    assert "Needs you: Child on a plan without a social worker: 2 open alerts, critical among them." in said


def test_what_needs_the_reader_is_what_is_below_its_target_where_nothing_is_critical():
    assert (
        "Needs you: Protection visit overdue: 12 overdue, the longest 4 months, 80 % in time against 90 %."
        in message(a_week(scope=(a_scope_row(),), scope_of="3 teams")).text
    )
    fine = a_scope_row(standing=Standing.on_target, overdue=0, longest=None)
    assert "Needs you: nothing is critical, overdue or below its target." in message(a_week(scope=(fine,), scope_of="x")).text


def test_in_a_first_week_nothing_is_better_or_worse():
    said = message(a_week(scope=(a_scope_row(open_last=None, open_last_year=None),), scope_of="3 teams")).text

    assert "Better: not known: there is no week before this one." in said
    assert "a year ago" not in said


def test_a_row_of_the_whole_says_share_target_longest_and_both_comparisons_in_both_parts():
    sent = message(a_week())

    for part in (sent.text, read(sent.html)):
        assert (
            "80 % of 60 in time (target 90 %). Longest overdue 4 months. 3 more open than last week; 2 fewer open than a year ago."
            in part
        )
        assert "2 come and go and are told of here only." in part


def test_the_bars_have_their_numbers_and_begin_with_the_first_week_that_was_counted():
    assert "Open, 10 weeks: ▃▃▃▃▄▄▅▅▇█ 3 4 4 5 6 6 7 9 11 14" in message(a_week()).text.replace("  ", " ")


def test_how_a_team_stands_is_a_word_beside_its_colour():
    sent = message(a_week())

    assert "- Assessment North: far below target (61 %, 10 overdue)" in sent.text
    cells = [attrs.get("class", "") for tag, attrs in Outline(sent.html).tags if tag == "td"]
    assert cells.count("heat red") == 2
    assert read(sent.html).count("far below target 61 %, 10 overdue") == 2


def test_a_count_that_is_kept_back_is_a_star_that_is_explained_and_nothing_is_added_up_over_rules():
    kept = (
        a_scope_row(
            open=None, overdue=None, due_soon=0, in_time=None, of=None, open_last=None, trend=(6, None, None), longest=None
        ),
    )
    sent = message(
        notification("weekly", WeeklyContent(week_ending=AS_OF, teams=(), scope=kept, scope_of="8 teams", masked=True))
    )

    assert sent.text.startswith("8 teams. Of 1 rule with a target: 1 below target.")
    assert "* overdue, 0 due soon, * open; below target" in sent.text
    assert "A star stands for a count that is kept back" in read(sent.html)
    assert "Better: not known: the counts of last week or this are kept back." in sent.text


def a_masked_week(*rows):
    return message(
        notification("weekly", WeeklyContent(week_ending=AS_OF, teams=(), scope=rows, scope_of="8 teams", masked=True))
    ).text


def test_what_is_overdue_needs_the_reader_although_it_is_kept_back_how_many_are():
    kept = a_scope_row(standing=Standing.too_few, overdue=None, in_time=None, of=None, longest=None)

    assert "Needs you: Protection visit overdue: some overdue." in a_masked_week(kept)


def test_that_no_rule_has_more_open_or_fewer_is_said_of_those_alone_of_which_it_is_shown():
    same, kept = a_scope_row(open=14, open_last=14), a_scope_row(open=None, open_last=None)

    assert "Better: no rule has fewer open than last week." in a_masked_week(same)
    for word, than in (("Better", "fewer"), ("Worse", "more")):
        assert f"{word}: no rule whose counts are shown has {than} open than last week." in a_masked_week(same, kept)


def test_in_a_first_week_it_is_not_said_that_a_week_before_it_is_kept_back():
    first = (a_scope_row(open_last=None, open_last_year=None, trend=(None,) * 11 + (14,)),)
    sent = message(
        notification("weekly", WeeklyContent(week_ending=AS_OF, teams=(), scope=first, scope_of="8 teams", masked=True))
    )

    assert "Worse: not known: there is no week before this one." in sent.text


def test_of_one_team_the_rules_stand_once():
    sent = message(
        a_week(a_team_week("North", a_week_row(title="Visit overdue")), scope=(a_scope_row("Visit overdue"),), scope_of="North")
    )

    assert sent.text.count("Visit overdue") == 3, "in what is worse, in what needs the reader, and in its row"


def test_this_week_stands_against_the_last():
    sent = message(a_week())

    assert "12 open; 5 new, was 3; 2 cleared, was 4" in sent.text
    assert "5 was 3 2 was 4" in read(sent.html)


def test_rules_that_could_not_be_asked_are_named_in_both_parts():
    sent = message(a_week())

    for part in (sent.text, read(sent.html)):
        assert "Placement moves" in part
        assert "Placements could not be read or believed." in part
        assert "Their alerts are on hold, not cleared." in part


def test_the_longest_summaries_are_of_a_size_that_arrives():
    """A service manager of forty teams with twenty rules each, and a director of them."""
    names = [f"Family Help and Protection {n}" for n in range(40)]
    scope = tuple(
        a_scope_row(f"Personal education plan due or overdue {m}", f"rule-{m}", teams=tuple(map(a_standing, names)))
        for m in range(60)
    )
    teams = tuple(a_team_week(name, *(a_week_row(f"rule-{m}") for m in range(20))) for name in names)
    managed = message(a_week(*teams, scope=scope, scope_of="40 teams"))
    led = message(
        notification("weekly", WeeklyContent(week_ending=AS_OF, teams=(), scope=scope, scope_of="40 teams", masked=True))
    )

    assert len(managed.html.encode()) < 60_000
    assert len(led.html.encode()) < 60_000
    assert "And 48 more rules: 672 open, 576 overdue." in managed.text
    assert "And 24 more teams, which stand better." in managed.text
    assert "And 17 more rules of this team" in managed.text
    assert "Other teams" in managed.html


def test_a_summary_of_an_earlier_version_still_reads():
    sent = message(a_week(a_team_week("North", a_week_row()), a_team_week("South")))

    assert sent.text.startswith("2 teams together: 12 open, 1 on hold; 5 new, was 3; 2 cleared, was 4.")

"""What the weekly summary says.

tests/expected/ holds it. To write it anew: UPDATE_EXPECTED=1 pytest tests/test_weekly_message.py
"""

from tests.rendered import Outline, a_team_week, a_week, a_week_row, message, read, same_as


def test_the_weekly_message_reads_as_expected():
    sent = message(a_week(), page_url="https://alerts.example.gov.uk/")

    same_as("weekly.txt", sent.text)
    same_as("weekly.outline", "\n".join(Outline(sent.html).lines) + "\n")


def test_each_rule_has_a_trend_of_twelve_cells_with_their_numbers():
    sent = message(a_week())
    bars = [attrs for tag, attrs in Outline(sent.html).tags if tag == "td" and attrs.get("class") == "fill"]

    assert len(bars) == 2 * 12
    assert [int(bar["height"]) for bar in bars[:12]] == [7, 9, 9, 12, 14, 14, 16, 21, 21, 23, 21, 28]
    assert "3 4 4 5 6 6 7 9 9 10 9 12" in read(sent.html)
    assert "▃▃▃▄▅▅▅▆▆▇▆█  3 4 4 5 6 6 7 9 9 10 9 12" in sent.text


def test_a_week_that_was_not_counted_is_a_gap_and_not_a_nought():
    weeks = (None, None, 0, 1, 2, 2, 2, 2, 2, 2, 2, 2)
    sent = message(a_week(a_team_week("North", a_week_row(trend=weeks))))

    assert "– – 0 1 2 2" in sent.text


def test_this_week_stands_against_the_last():
    sent = message(a_week())

    assert "12 open; 5 new, was 3; 2 cleared, was 4" in sent.text
    assert "5 was 3 2 was 4" in read(sent.html)


def test_rules_that_could_not_be_asked_are_named_in_both_parts():
    sent = message(a_week())

    for part in (sent.text, read(sent.html)):
        assert "Placement moves" in part
        assert "ssd_cla_placement lost 38 % of its rows." in part
        assert "Their alerts are on hold, not cleared." in part


def test_a_head_of_service_with_forty_teams_gets_a_message_of_a_size_that_arrives():
    sent = message(a_week(*(a_team_week(f"Team {n}", *(a_week_row(f"rule-{m}") for m in range(20))) for n in range(40))))

    assert len(sent.html) < 300_000
    assert "And 20 more rules of this team" in sent.text
    assert sent.text.startswith("40 teams together: 9600 open, 800 on hold; 4000 new, was 2400; 1600 cleared, was 3200.")

"""What a message may never say: facts above its reader's tier, and whatever case data may try."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.model import Tier
from tests.rendered import Outline, a_morning, a_week, daily, item, message, read, render, rule


def test_the_subject_line_has_counts_and_severity_and_nothing_else():
    counts = "2 overdue, 1 due soon, 1 to look at, 1 on hold"
    assert message(a_morning()).subject == f"Assessment North: {counts}"
    assert message(daily(item(level="critical"))).subject == "Assessment North: 1 critical"
    assert message(replace(a_morning(), purpose="monthly")).subject == f"Assessment North, monthly list: {counts}"
    assert message(a_week()).subject == "Practice alerts weekly summary, week ending 29 March"


def test_what_a_locked_phone_previews_is_the_first_line_which_names_nobody():
    sent = message(a_morning())
    preview = Outline(sent.html).text[1].split("\u034f")[0].strip()

    assert preview == sent.text.splitlines()[0]
    assert not any(private in preview + sent.subject for private in ("100234", "100871", "Patel", "Osei", "Lindqvist", "A-"))
    assert Outline(message(a_week()).html).text[1].startswith("You have a message from practice alerts.")


def test_a_fact_above_the_ceiling_is_not_shown_and_the_item_is_shown_without_the_rules_words():
    secret = rule(says="Now in {{ accommodation }}.")
    given_notification = daily(item(facts={"accommodation": "Rose House"}))

    rendered = render(given_notification, secret)
    assert "Rose House" not in rendered.message.text + rendered.message.html
    assert "RED: Care leaver not in touch, 1 day overdue (30 March) [New]\n  57 days.\n" in rendered.message.text
    [problem] = rendered.problems
    assert "they name accommodation, above what this receiver may be shown" in problem.text

    assert "Now in Rose House." in message(given_notification, secret, ceiling=Tier.detail).text


def test_a_fact_without_a_tier_is_treated_as_detail():
    untold = rule(says="{{ new_column }}")

    assert "Rose House" not in message(daily(item(facts={"new_column": "Rose House"})), untold).text


@pytest.mark.parametrize(
    "says",
    [
        "{{ accommodation | default('') }}",
        "{% if accommodation is defined %}{{ accommodation }}{% endif %}",
        "{{ params.accommodation }}",
        "{{ self }}{{ accommodation }}",
        "{{ params['accommodation'] }}",
    ],
)
def test_no_turn_of_words_reaches_a_fact_above_the_ceiling(says):
    sent = message(daily(item(facts={"accommodation": "Rose House"})), rule(says=says))

    assert "Rose House" not in sent.text + sent.html


def test_a_receiver_of_counts_gets_no_item():
    sent = message(a_morning(), ceiling=Tier.counts, channel="T1")

    everything = sent.text + sent.html + str(sent.card)
    for private in ("100234", "100871", "Patel", "Osei", "Lindqvist", "A-", "2 February", "30 March"):
        assert private not in everything
    assert ("Care leaver not in touch", "2 red · 1 amber · 1 on hold · 1 done", "2") in sent.card.rows


# ---------------------------------------------------------------------- what case data may try

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</td></tr></table><h1>All clear</h1>",
    "\"><a href='javascript:alert(1)'>x</a>",
    "{{ 7 * 7 }} {% for x in y %}",
    "{{ params }}",
    "[click](http://evil.example)",
    "![x](https://evil.example/pixel.png)",
    "=HYPERLINK(A1)",
    "@SUM(A1)",
    "<!--[if mso]><b>x</b><![endif]-->",
    "A" * 100_000,
    "line one\r\nBcc: everyone@example.com\r\n\r\nbody",
    "\x00\x1b[31mred\x07",
    "\u202egnp.exe\u2066",
    "a\ud800b",
    "www.evil.example",
    "😀" * 300,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_text_of_the_case_data_is_text_and_nothing_else(text):
    noted = rule(says="Note: {{ note }}.")
    one = item("new", facts={"note": text}, ref="A-TEST", subject=text, worker_name=f"{text} W", team_name=f"{text} T", why=text)
    other = item("cleared", left=text)
    sent = message(daily(one, other, covering=(text,)), noted)
    plainly = message(daily(item(facts={"note": "n"}, why="w"), item("cleared", left="r"), covering=("c",)), noted)

    assert [tag for tag, _ in Outline(sent.html).tags] == [tag for tag, _ in Outline(plainly.html).tags]
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", sent.text + sent.subject)
    assert len(sent.text.splitlines()) == len(plainly.text.splitlines())
    assert "49" not in sent.text
    assert "://evil" not in sent.text + sent.html
    assert "www." not in sent.text
    assert max(len(line) for line in sent.text.splitlines()) < 1000
    sent.text.encode(), sent.html.encode(), sent.subject.encode("ascii")


def test_a_field_is_cut_at_200_characters_and_a_sentence_at_600():
    long = rule(says="{{ note }}{{ note }}{{ note }}{{ note }}{{ note }}")
    sent = message(daily(item(facts={"note": "x" * 900})), long)

    [line] = [line.strip() for line in sent.text.splitlines() if "xxx" in line]
    assert len(line) == 600
    assert line[199] == "…"
    assert line.endswith("…")


def test_markup_in_a_rules_own_words_is_shown_and_not_obeyed():
    sent = message(
        daily(item()), rule(says="<b>{{ measure }}</b>", title="<i>Title</i>", clears="<u>x</u>", basis_text="<s>y</s>")
    )

    assert not {"b", "i", "u", "s"} & {tag for tag, _ in Outline(sent.html).tags}
    assert "<b>57</b>" in read(sent.html)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=300), st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=50)))
def test_any_value_at_all_gives_a_message(text, fact):
    rendered = render(daily(item(subject=text, worker_name=text, facts={"note": fact})), rule(says="{{ note }} {{ measure }}"))

    rendered.message.html.encode()
    assert "Care leaver not in touch" in rendered.message.text

"""What becomes of a rule's words that cannot be used, and what is said of them beforehand."""

import pytest

from alerting.model import Tier
from tests.rendered import RULES, daily, item, message, render, rule, words


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ("No contact {{ measure", "line 1"),
        ("{% if measure %}", "line 1"),
        ("{{ mesure }}", "they name mesure, which is not there"),
        ("{{ params.amber }}", "they name params.amber, which is not there"),
        ("{{ latest_contact | day }}", "a value that they print is missing"),
        ("{{ latest_contact }}", "a value that they print is missing"),
        ("{{ measure + unit }}", "they could not be worked out (TypeError)"),
        ("{{ measure / 0 }}", "they could not be worked out (ZeroDivisionError)"),
        ("{{ unit | day }}", "they could not be worked out (ValueError)"),
        ("{{ measure | shout }}", "there is no filter 'shout'"),
        ("{% for n in params %}{{ n }}{% endfor %}", "'for' is not allowed"),
        ("{{ 'x' * 50000000 }}", "'mul' is not allowed"),
        ("{{ 9 ** 9 ** 9 }}", "'pow' is not allowed"),
        ("{{ '%99999999d' % 1 }}", "'mod' is not allowed"),
        ("{{ range(9) }}", "'call' is not allowed"),
        ("{{ measure.__class__ }}", "'.__class__' is not allowed"),
        ("{% include 'daily.txt' %}", "'include' is not allowed"),
        ("{% set x = 1 %}{{ x }}", "'assign' is not allowed"),
        ("{{ measure | round(99999999, 'floor') }}", "`round` gives at most 9 decimals"),
        ("{{ measure | round(precision=-99999999) }}", "they could not be worked out (ValueError)"),
        ("{{ measure | round(measure * 1) }}", "'mul' is not allowed"),
        ("{{ measure | round(measure) }}", "they could not be worked out (ValueError)"),
        ("{% if measure %}" * 50 + "{% endif %}" * 50, "nested too deeply"),
        ("{% if measure %}" * 120 + "{% endif %}" * 120, "at most 2,000 characters, and these have 3,240"),
        ("{{ " + "(" * 900 + "1" + ")" * 900 + " }}", "nested too deeply"),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "at most 2,000 characters"),
        ("{{ " + "-" * 300 + "1 }}", "nested too deeply"),
        ("{{ 1" + " - 1" * 450 + " }}", "choose and count too much"),
        ("{{ unit" + " | lower" * 190 + " }}", "nested too deeply"),
        ("{{ " + "9" * 1900 + " }}", "this number is too large"),
        ("{{ " + "9" * 5000 + " }}", "at most 2,000 characters"),
        ("{{ 1e999 }}", "this number is too large"),
        (
            "{{ 'aaaaaaaaaaaaaaaa'" + " | join('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb')" * 20 + " }}",
            "they could not be worked out (TypeError)",
        ),
        ("{#" * 900, "line 1"),
        ("x" * 3_000_000, "at most 2,000 characters, and these have 3,000,000"),
    ],
)
def test_words_that_cannot_be_used_cost_only_themselves(says, reason):
    broken = rule(says=says)
    given_notification = daily(
        item(facts={"latest_contact": None}), item(rule="cla-review-overdue", subject="2", facts={"last_review": None})
    )

    rendered = render(given_notification, broken)

    assert "RED: Care leaver not in touch, 1 day overdue (30 March) [New]\n  57 days.\n" in rendered.message.text
    assert "No review is recorded." in rendered.message.text
    [problem] = rendered.problems
    assert problem.text.startswith("CL-01 care-leaver-not-in-touch: its words in 'says' were not used: ")
    assert reason in problem.text


def test_the_same_problem_of_many_items_is_told_once_and_counted():
    rendered = render(daily(*(item(subject=str(n), level="critical") for n in range(9))), rule(says="{{ nothing }}"))

    [problem] = rendered.problems
    assert problem.text.endswith("(9 times)")


def test_a_problem_never_repeats_case_data():
    rendered = render(daily(item(facts={"note": "Rose House"})), rule(says="{{ note | day }}{{ note | round }}"))

    assert "Rose" not in str(rendered.problems)


def test_what_clears_an_alert_is_said_once_or_in_each_way_it_differs():
    told = rule(clears="At or below {{ note }}.")
    items = [item(subject="1", facts={"note": 18}), item(subject="2", facts={"note": 18}), item(subject="3", facts={"note": 22})]

    assert "  At or below 18. Or: At or below 22.\n" in message(daily(*items), told).text


def test_words_about_clearing_that_cannot_be_used_are_replaced():
    rendered = render(daily(item()), rule(clears="{{ accommodation }}"))

    assert "  The record no longer meets the rule.\n" in rendered.message.text
    assert len(rendered.problems) == 1


def test_without_words_and_without_a_unit_title_and_due_date_stand_alone():
    sent = message(daily(item(measure=None, unit="")), rule(says="{{ measure }}"))

    assert "RED: Care leaver not in touch, 1 day overdue (30 March) [New]\n  A-" in sent.text


# ---------------------------------------------------------------------- checking a rule's words beforehand


def test_words_that_are_right_have_no_problems():
    assert [words().problems(each, Tier.reference) for each in RULES.values()] == [[], [], []]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"clears": "{{ " + "(" * 900 + "1" + ")" * 900 + " }}"}, "clears: these words are nested too deeply"),
        ({"says": "x" * 2001}, "says: words may have at most 2,000 characters, and these have 2,001"),
        ({"says": "{{ mesure }}"}, "says: there is no name 'mesure'; did you mean 'measure'?"),
        ({"says": "{{ amber_days }}"}, "says: there is no name 'amber_days'; a parameter is written params.amber_days"),
        ({"says": "{{ params.amber_day }}"}, "says: there is no parameter 'amber_day'; did you mean 'amber_days'?"),
        ({"says": "{{ due | dey }}"}, "says: line 1: there is no filter 'dey'; did you mean 'day'?"),
        ({"says": "{% if due is sequence %}{% endif %}"}, "says: line 1: there is no test 'sequence'"),
        ({"says": "Now\n{{ due"}, "says: line 2: unexpected end of template, expected 'end of print statement'."),
        (
            {"says": "{{ accommodation }}"},
            "says: 'accommodation' is of tier detail, and the receiver may be shown no more than reference",
        ),
        ({"clears": "Under {{ params.amber }}."}, "clears: there is no parameter 'amber'; did you mean 'amber_days'?"),
    ],
)
def test_what_is_wrong_with_words_is_told_with_what_to_do(changes, problem):
    assert [str(fault) for fault in words().problems(rule(**changes), Tier.reference)] == [problem]


def test_a_name_above_the_ceiling_is_no_problem_where_the_words_ask_for_it_or_no_words_are_shown():
    asks = rule(says="{% if accommodation is defined %}Now {{ accommodation }}.{% endif %}")

    assert words().problems(asks, Tier.reference) == []
    assert words().problems(rule(says="{{ accommodation }}"), Tier.counts) == []

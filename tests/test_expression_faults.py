"""What is wrong in an expression, where, and what to do."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.young_people import faults


@pytest.mark.parametrize(
    ("text", "problem", "place", "remedy"),
    [
        ("visit > 3", "there is no column or parameter 'visit'", (1, 1), "Did you mean 'visits'?"),
        ("visits > limits", "there is no column or parameter 'limits'", (1, 10), "Did you mean 'limit'?"),
        ("in_care and\n  borne > 3", "there is no column or parameter 'borne'", (2, 3), "Did you mean 'born'?"),
        (
            'team = "Westward"',
            "there is no column or parameter 'Westward'",
            (1, 8),
            "Text stands in single quotes: write 'Westward'.",
        ),
        (
            "xyzzy",
            "there is no column or parameter 'xyzzy'",
            (1, 1),
            "`alerting rules subjects NAME` lists the columns; a step of `let` is known only below its own line.",
        ),
        ("today > born", "'today' is a function", (1, 1), "Write `today()`."),
        ("day_since(born)", "there is no function 'day_since'", (1, 1), "Did you mean 'days_since'?"),
        (
            "visits > sum(visits)",
            "sum() cannot stand here",
            (1, 10),
            "It counts over many subjects: write `per: team` in the rule, and count in `measure`.",
        ),
        ("days_since()", "days_since() takes 1 value, but here are 0", (1, 1), "Such as `days_since(date '2026-03-01')`."),
        (
            "age_on(born)",
            "age_on() takes 2 values, but here is 1",
            (1, 1),
            "Such as `age_on(date '2008-04-01', date '2026-03-31')`.",
        ),
        ("round(1, 2, 3)", "round() takes 1 value, but here are 3", (1, 1), "Such as `round(2.345, 1)`."),
        ("has()", "has() takes 1 value or more, but here are 0", (1, 1), "Such as `has(codes('C1', 'E1'), 'E1')`."),
        (
            "days_since(team)",
            "days_since() needs a date, but this is a text",
            (1, 12),
            "Such as `days_since(date '2026-03-01')`.",
        ),
        ("has(team, 'C2')", "has() needs a list of codes, but this is a text", (1, 5), "Such as `has(codes('C1', 'E1'), 'E1')`."),
        ("has(statuses, 2)", "has() needs a text, but this is a number", (1, 15), "Such as `has(codes('C1', 'E1'), 'E1')`."),
        ("one_of(visits, 'a')", "this looks for a text where a number is", (1, 16), ""),
        ("one_of(visits, kinds)", "this looks for a text where a number is", (1, 16), ""),
        ("one_of(statuses, 'C2')", "one_of() looks for one value, but this is a list of codes", (1, 1), "Use `has(...)`."),
        (
            "visits > 'a'",
            "this compares a number with a text",
            (1, 1),
            "A number stands without quotes, a text in single quotes.",
        ),
        (
            "born > '2026-03-31'",
            "this compares a date with a text",
            (1, 1),
            "A day is written date '2026-03-31'; days are counted by days_since(x) or days_between(x, y).",
        ),
        ("null between visits and born", "`between` compares a value with a number and a date", (1, 14), ""),
        ("null in (visits, born)", "this looks for a date where a number is", (1, 18), ""),
        ("case null when visits then 1 when born then 2 end", "this compares a number with a date", (1, 35), ""),
        (
            "visits{:}",
            "this cannot be read",
            (1, 1),
            "Look beside it: a word such as `and`, a sign, a bracket or a quote is missing or misspelt.",
        ),
        ("born between '2026-03-31' and today()", "`between` compares a date with a text and a date", (1, 1), ""),
        ("team in (1)", "this looks for a number where a text is", (1, 10), ""),
        (
            "team in (kinds)",
            "this looks for a list of codes where a text is",
            (1, 10),
            "Leave out the brackets: a list stands for itself.",
        ),
        ("team in team", "`in` needs a list in brackets or a list parameter", (1, 1), ""),
        ("visits in kinds", "`in` a list of codes needs a text, but this is a number", (1, 1), ""),
        ("team in ()", "`in` needs a list of values, such as in ('A', 'B')", (1, 1), ""),
        ("in_care and visits", "`and` needs a yes-or-no, but this is a number", (1, 13), "Use `is null` or a comparison."),
        ("not team", "`not` needs a yes-or-no, but this is a text", (1, 5), "Use `is null` or a comparison."),
        (
            "team is true",
            "`is true` and `is false` needs a yes-or-no, but this is a text",
            (1, 1),
            "Use `is null` or a comparison.",
        ),
        ("team is 'North'", "`is` goes with null, true or false only", (1, 1), "Use `=` to compare values."),
        ("team = null", "a comparison with null is never true", (1, 1), "Write `is null` or `is not null`."),
        ("visits like '3%'", "`like` needs a text, but this is a number", (1, 1), ""),
        ("team + 1", "`+` needs a number, but this is a text", (1, 1), ""),
        ("born * 2", "`*` needs a number, but this is a date", (1, 1), ""),
        ("born + born", "`+` needs a number, but this is a date", (1, 1), ""),
        ("-team", "`-` needs a number, but this is a text", (1, 2), ""),
        ("case team when 3 then 1 end", "this compares a text with a number", (1, 16), ""),
        (
            "case when visits then 1 end",
            "`when` needs a yes-or-no, but this is a number",
            (1, 11),
            "Use `is null` or a comparison.",
        ),
        ("case when in_care then 1 else 'a' end", "this gives a number in one case and a text in another", (1, 11), ""),
        ("coalesce(1, 'a')", "coalesce() is given a number and a text: it takes one kind", (1, 1), ""),
        ("date '2026-02-30'", "this is not a day", (1, 6), "Write it as date '2026-03-31'."),
        ("date '31/03/2026'", "this is not a day", (1, 6), "Write it as date '2026-03-31'."),
        ("date '2026-W01-1'", "this is not a day", (1, 6), "Write it as date '2026-03-31'."),
        ("date 'today'", "this is not a day", (1, 6), "Write it as date '2026-03-31'."),
        ("9999999999999999", "this number cannot be used", (1, 1), "Write it in plain digits, at most 15."),
        ("1e300", "this number cannot be used", (1, 1), "Write it in plain digits, at most 15."),
        (
            "visits > 3 days",
            "'days' is left over",
            (1, 12),
            "Is a unit or a second word left over? Write `x > 3`, not `x > 3 days`.",
        ),
        (
            "born + interval '3 days'",
            "an interval is not part of the rule language",
            (1, 1),
            "Write `add_days(x, 3)` or `x + days(3)`.",
        ),
        ("(visits > 3", "this `(` is not closed", (1, 1), "Add the `)` where it ends."),
        ("visits > 3)", "this `)` closes nothing", (1, 11), "Leave it out, or add the `(` that it closes."),
        ("visits > 3 && in_care", "`&&` is not part of the rule language", (1, 12), "Write `and`."),
        (
            "visits > 3 || in_care",
            "`||` is not part of the rule language",
            (1, 12),
            "Write `or`. Words are put together in `says`.",
        ),
        ("visits <= 3 and visits ≤ 3", "this is not how at most is written", (1, 24), "Write `<=`."),
        ("visits – 3 > 1", "this is a dash, not a minus", (1, 8), "Type it as -: a word processor lengthens it."),
        (
            "team = ‘North’",
            "this is no quote that a text stands in",
            (1, 8),
            "Type it as ', straight: a word processor curls it.",
        ),
        (
            "if visits > 3 then true",
            "`if` is not part of the rule language",
            (1, 1),
            "Write `case when ... then ... else ... end`.",
        ),
        (
            "visits 3",
            "this cannot be read from here on",
            (1, 8),
            "Look beside it: a word such as `and`, a sign, a bracket or a quote is missing or misspelt.",
        ),
        (
            "visits > 2 or",
            "this cannot be read: something is missing or out of place",
            (1, 12),
            "Look beside it: a word such as `and`, a sign, a bracket or a quote is missing or misspelt.",
        ),
        ("'North", "a quote is opened here and not closed", (1, 1), "Close it with another '."),
        ("in_care; in_care", "only one expression is allowed: there is a `;`", (1, 1), ""),
        ("", "there is no expression here", (1, 1), ""),
        ("-- nothing but words", "there is no expression here", (1, 1), ""),
    ],
)
def test_a_fault_says_what_is_wrong_where_and_what_to_do(text, problem, place, remedy):
    fault = faults(text)[0]

    assert (fault.problem, (fault.line, fault.column), fault.remedy) == (problem, place, remedy)


def test_every_fault_of_an_expression_is_found_at_once():
    found = faults("visit > 3\n and teem = 'North'\n or days_sinse(born) > limt")

    assert [(fault.line, fault.column, fault.remedy) for fault in found] == [
        (1, 1, "Did you mean 'visits'?"),
        (2, 6, "Did you mean 'team'?"),
        (3, 5, "Did you mean 'days_since'?"),
        (3, 24, "Did you mean 'limit'?"),
    ]


def test_faults_stand_in_the_order_of_the_text():
    found = faults("a1 > 1 and b2 > 2 and c3 > 3 and d4 > 4")

    assert all(before.column < after.column for before, after in pairwise(found))
    assert len(found) == 4

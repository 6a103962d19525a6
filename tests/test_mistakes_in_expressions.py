"""Mistakes in a rule's expressions, and the whole of what `alerting check` prints of each."""

from __future__ import annotations

import pytest

from tests.mistakes import RULE, Mistake, assert_useful, check_copies

IN_EXPRESSIONS = (
    Mistake("a column is misspelt", RULE,
            "greatest(plan_start, last_visit)",
            "greatest(plan_start, last_vist)", """
error: `let.seen`: there is no column or parameter 'last_vist'
  --> rules/local/plan-visit-late.yaml:17:30
   |
17 |   seen: greatest(plan_start, last_vist)
   |                              ^^^^^^^^^
   = help: Did you mean 'last_visit'?
"""),
    Mistake("a function is misspelt", RULE,
            "days_since(seen)",
            "day_since(seen)", """
error: `measure`: there is no function 'day_since'
  --> rules/local/plan-visit-late.yaml:18:10
   |
18 | measure: day_since(seen)
   |          ^^^^^^^^^
   = help: Did you mean 'days_since'?
"""),
    Mistake("a parameter that there is not", RULE,
            "measure > red_days",
            "measure > fortnight", """
error: `levels.red`: there is no column or parameter 'fortnight'
  --> rules/local/plan-visit-late.yaml:22:18
   |
22 |   red: measure > fortnight
   |                  ^^^^^^^^^
   = help: `alerting rules subjects NAME` lists the columns; a step of `let` is known only below its own line.
"""),
    Mistake("no for false in an expression", RULE,
            "where: not unborn",
            "where: unborn = no", """
error: `where`: there is no column or parameter 'no'
  --> rules/local/plan-visit-late.yaml:15:17
   |
15 | where: unborn = no
   |                 ^^
   = help: Write false.
"""),
    Mistake("days without a function", RULE,
            "measure: days_since(seen)",
            "measure: seen", """
error: `measure`: this gives a date, but a number is needed here
  --> rules/local/plan-visit-late.yaml:18:10
   |
18 | measure: seen
   |          ^^^^
   = help: Count its days, such as days_since(seen).
"""),
    Mistake("today without brackets", RULE,
            "measure: days_since(seen)",
            "measure: today - seen", """
error: `measure`: 'today' is a function
  --> rules/local/plan-visit-late.yaml:18:10
   |
18 | measure: today - seen
   |          ^^^^^
   = help: Write `today()`.
"""),
    Mistake("a unit after a number", RULE,
            "measure > red_days",
            "measure > 42 days", """
error: `levels.red`: 'days' is left over
  --> rules/local/plan-visit-late.yaml:22:21
   |
22 |   red: measure > 42 days
   |                     ^^^^
   = help: Is a unit or a second word left over? Write `x > 3`, not `x > 3 days`.
"""),
    Mistake("equals null", RULE,
            "where: not unborn",
            "where: ethnicity = null", """
error: `where`: a comparison with null is never true
  --> rules/local/plan-visit-late.yaml:15:8
   |
15 | where: ethnicity = null
   |        ^^^^^^^^^
   = help: Write `is null` or `is not null`.
"""),
    Mistake("not in a list with null", RULE,
            "where: not unborn",
            "where: ethnicity not in ('WBRI', null)", """
warning: with null in its list, `not in` never holds
  --> rules/local/plan-visit-late.yaml:15:34
   |
15 | where: ethnicity not in ('WBRI', null)
   |                                  ^^^^
   = help: Take the null out of the list; write `and x is not null` beside it if that is meant.
"""),
    Mistake("a date as a text", RULE,
            "where: not unborn",
            "where: plan_start > '2026-01-01'", """
error: `where`: this compares a date with a text
  --> rules/local/plan-visit-late.yaml:15:8
   |
15 | where: plan_start > '2026-01-01'
   |        ^^^^^^^^^^
   = help: A day is written date '2026-03-31'; days are counted by days_since(x) or days_between(x, y).
"""),
    Mistake("a date as a sum", RULE,
            "where: not unborn",
            "where: plan_start > 2026-01-01", """
error: `where`: this compares a date with a number
  --> rules/local/plan-visit-late.yaml:15:8
   |
15 | where: plan_start > 2026-01-01
   |        ^^^^^^^^^^
   = help: A day is written date '2026-03-31'; days are counted by days_since(x) or days_between(x, y).
"""),
    Mistake("a date with its day first", RULE,
            "where: not unborn",
            "where: plan_start > date '01/01/2026'", """
error: `where`: this is not a day
  --> rules/local/plan-visit-late.yaml:15:26
   |
15 | where: plan_start > date '01/01/2026'
   |                          ^^^^^^^^^^^^
   = help: Write it as date '2026-03-31'.
"""),
    Mistake("a text compared with a number", RULE,
            "where: not unborn",
            "where: ethnicity = 3", """
error: `where`: this compares a text with a number
  --> rules/local/plan-visit-late.yaml:15:8
   |
15 | where: ethnicity = 3
   |        ^^^^^^^^^
   = help: A number stands without quotes, a text in single quotes.
"""),
    Mistake("a text in double quotes", RULE,
            "where: not unborn",
            'where: ethnicity = "WBRI"', """
error: `where`: there is no column or parameter 'WBRI'
  --> rules/local/plan-visit-late.yaml:15:20
   |
15 | where: ethnicity = "WBRI"
   |                    ^^^^^^
   = help: Text stands in single quotes: write 'WBRI'.
"""),
    Mistake("a text in curly quotes", RULE,
            "where: not unborn",
            "where: ethnicity = ‘WBRI’", """
error: `where`: this is no quote that a text stands in
  --> rules/local/plan-visit-late.yaml:15:20
   |
15 | where: ethnicity = ‘WBRI’
   |                    ^
   = help: Type it as ', straight: a word processor curls it.
"""),
    Mistake("a quote in an expression that is not closed", RULE,
            "where: not unborn",
            "where: ethnicity = 'WBRI", """
error: `where`: a quote is opened here and not closed
  --> rules/local/plan-visit-late.yaml:15:20
   |
15 | where: ethnicity = 'WBRI
   |                    ^
   = help: Close it with another '.
"""),
    Mistake("a round bracket that is not closed", RULE,
            "measure: days_since(seen)",
            "measure: days_since(seen", """
error: `measure`: this `(` is not closed
  --> rules/local/plan-visit-late.yaml:18:20
   |
18 | measure: days_since(seen
   |                    ^
   = help: Add the `)` where it ends.
"""),
    Mistake("a round bracket too many", RULE,
            "measure: days_since(seen)",
            "measure: days_since(seen))", """
error: `measure`: this `)` closes nothing
  --> rules/local/plan-visit-late.yaml:18:26
   |
18 | measure: days_since(seen))
   |                          ^
   = help: Leave it out, or add the `(` that it closes.
"""),
    Mistake("two ampersands", RULE,
            "where: not unborn",
            "where: not unborn && ethnicity = 'WBRI'", """
error: `where`: `&&` is not part of the rule language
  --> rules/local/plan-visit-late.yaml:15:19
   |
15 | where: not unborn && ethnicity = 'WBRI'
   |                   ^^
   = help: Write `and`.
"""),
    Mistake("and misspelt", RULE,
            "where: not unborn",
            "where: not unborn adn ethnicity = 'WBRI'", """
error: `where`: this cannot be read from here on
  --> rules/local/plan-visit-late.yaml:15:23
   |
15 | where: not unborn adn ethnicity = 'WBRI'
   |                       ^^^^^^^^^
   = help: Look beside it: a word such as `and`, a sign, a bracket or a quote is missing or misspelt.
"""),
    Mistake("half a comparison after or", RULE,
            "where: not unborn",
            "where: ethnicity = 'WBRI' or 'AIND'", """
error: `where`: `or` needs a yes-or-no, but this is a text
  --> rules/local/plan-visit-late.yaml:15:30
   |
15 | where: ethnicity = 'WBRI' or 'AIND'
   |                              ^^^^^^
   = help: Repeat what is compared: x = 1 or x = 2; or write x in (1, 2).
"""),
    Mistake("a chain of comparisons", RULE,
            "measure > red_days",
            "35 < measure < 42", """
error: `levels.red`: this compares a yes-or-no with a number
  --> rules/local/plan-visit-late.yaml:22:8
   |
22 |   red: 35 < measure < 42
   |        ^^
   = help: Write each comparison by itself: x > 35 and x < 42; or x between 36 and 41.
"""),
    Mistake("a comma at the end", RULE,
            "where: not unborn",
            "where: not unborn,", """
error: `where`: this comma has no place here
  --> rules/local/plan-visit-late.yaml:15:18
   |
15 | where: not unborn,
   |                  ^
   = help: Leave it out; conditions are joined with `and` or `or`.
"""),
    Mistake("a comma in a number", RULE,
            "measure > red_days",
            "measure > 1,000", """
error: `levels.red`: this comma has no place here
  --> rules/local/plan-visit-late.yaml:22:19
   |
22 |   red: measure > 1,000
   |                   ^
   = help: Write the number in digits alone, such as 1000.
"""),
    Mistake("between with a comma", RULE,
            "measure > red_days",
            "measure between 42, 60", """
error: `levels.red`: this comma has no place here
  --> rules/local/plan-visit-late.yaml:22:26
   |
22 |   red: measure between 42, 60
   |                          ^
   = help: Write `and` between the two ends: between 5 and 10.
"""),
    Mistake("in without brackets", RULE,
            "where: not unborn",
            "where: ethnicity in 'WBRI', 'AIND'", """
error: `where`: this comma has no place here
  --> rules/local/plan-visit-late.yaml:15:27
   |
15 | where: ethnicity in 'WBRI', 'AIND'
   |                           ^
   = help: Put the list in brackets: in ('A', 'B').
"""),
    Mistake("per cent", RULE,
            "measure > red_days",
            "measure > 50 %", """
error: `levels.red`: `%` is not part of the rule language
  --> rules/local/plan-visit-late.yaml:22:21
   |
22 |   red: measure > 50 %
   |                     ^
   = help: Write the number alone: share() and percentage() count in percent.
"""),
    Mistake("if", RULE,
            "measure > red_days",
            "if measure > red_days then true", """
error: `levels.red`: `if` is not part of the rule language
  --> rules/local/plan-visit-late.yaml:22:8
   |
22 |   red: if measure > red_days then true
   |        ^^
   = help: Write `case when ... then ... else ... end`.
"""),
    Mistake("a case without its end", RULE,
            "measure > red_days",
            "case when measure > red_days then true", """
error: `levels.red`: a `case` is not ended
  --> rules/local/plan-visit-late.yaml:22:42
   |
22 |   red: case when measure > red_days then true
   |                                          ^^^^
   = help: Close it with `end`: case when ... then ... else ... end.
"""),
    Mistake("a query inside an expression", RULE,
            "where: not unborn",
            "where: plan_id in (select cppl_cp_plan_id from ssd_cp_plans)", """
error: `where`: `in` needs a list of values, such as in ('A', 'B')
  --> rules/local/plan-visit-late.yaml:15:8
   |
15 | where: plan_id in (select cppl_cp_plan_id from ssd_cp_plans)
   |        ^^^^^^^
   = help: A rule asks about its subject's own columns; what they are made of stands in the subject's SQL.
"""),
    Mistake("a function of SQL Server", RULE,
            "days_since(seen)",
            "datediff(day, seen, getdate())", """
error: `measure`: there is no function 'datediff'
  --> rules/local/plan-visit-late.yaml:18:10
   |
18 | measure: datediff(day, seen, getdate())
   |          ^^^^^^^^
   = help: Write days_between(first, second), or days_since(first).
"""),
    Mistake("another function of SQL Server", RULE,
            "greatest(plan_start, last_visit)",
            "isnull(last_visit, plan_start)", """
error: `let.seen`: there is no function 'isnull'
  --> rules/local/plan-visit-late.yaml:17:9
   |
17 |   seen: isnull(last_visit, plan_start)
   |         ^^^^^^
   = help: Write coalesce(x, y) for the first that is there, or `x is null`.
"""),
    Mistake("too few values for a function", RULE,
            "due: add_days(seen, red_days)",
            "due: add_days(seen)", """
error: `due`: add_days() takes 2 values, but here is 1
  --> rules/local/plan-visit-late.yaml:23:6
   |
23 | due: add_days(seen)
   |      ^^^^^^^^
   = help: Such as `add_days(date '2026-02-27', 2)`.
"""),
    Mistake("the values of a function in another order", RULE,
            "due: add_days(seen, red_days)",
            "due: add_days(red_days, seen)", """
error: `due`: add_days() needs a date, but this is a number
  --> rules/local/plan-visit-late.yaml:23:15
   |
23 | due: add_days(red_days, seen)
   |               ^^^^^^^^
   = help: Such as `add_days(date '2026-02-27', 2)`.

error: `due`: add_days() needs a number, but this is a date
  --> rules/local/plan-visit-late.yaml:23:25
   |
23 | due: add_days(red_days, seen)
   |                         ^^^^
   = help: Such as `add_days(date '2026-02-27', 2)`.
"""),
    Mistake("a number where a day is wanted", RULE,
            "due: add_days(seen, red_days)",
            "due: red_days", """
error: `due`: this gives a number, but a date is needed here
  --> rules/local/plan-visit-late.yaml:23:6
   |
23 | due: red_days
   |      ^^^^^^^^
   = help: Such as add_days(x, 42), where x is a date.
"""),
    Mistake("a star in like", RULE,
            "where: not unborn",
            "where: ethnicity like 'W*'", """
warning: in `like`, a star is only a star
  --> rules/local/plan-visit-late.yaml:15:25
   |
15 | where: ethnicity like 'W*'
   |                         ^
   = help: Write % for any letters, _ for one: like 'C%'.
"""),
    Mistake("a where that is the same for everybody", RULE,
            "where: not unborn",
            "where: 1 = 1", """
warning: `where` is the same for everybody: there is no column in it
  --> rules/local/plan-visit-late.yaml:15:8
   |
15 | where: 1 = 1
   |        ^^^^^
   = help: Name a column of the subject in it, or leave `where` out to ask about everyone.
"""),
    Mistake("a where that is no condition", RULE,
            "where: not unborn",
            "where: ethnicity", """
error: `where`: this gives a text, but a yes-or-no is needed here
  --> rules/local/plan-visit-late.yaml:15:8
   |
15 | where: ethnicity
   |        ^^^^^^^^^
   = help: Write a comparison, such as `measure > 5`.
"""),
    Mistake("a step before the one that it uses", RULE,
            "  seen: greatest(plan_start, last_visit)",
            "  late: days_since(seen)\n  seen: greatest(plan_start, last_visit)", """
error: `let.late`: there is no column or parameter 'seen'
  --> rules/local/plan-visit-late.yaml:17:20
   |
17 |   late: days_since(seen)
   |                    ^^^^
   = help: `alerting rules subjects NAME` lists the columns; a step of `let` is known only below its own line.
"""),
    Mistake("a step with the name of a column", RULE,
            "  seen: greatest(plan_start, last_visit)",
            "  seen: greatest(plan_start, last_visit)\n  unborn: true", """
error: `let.unborn`: 'unborn' is the name of something else
  --> rules/local/plan-visit-late.yaml:18:3
   |
18 |   unborn: true
   |   ^^^^^^
   = help: Give it a name of its own.
"""),
)  # fmt: skip


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return check_copies(tmp_path_factory.mktemp("copies"), IN_EXPRESSIONS)


@pytest.mark.parametrize("mistake", IN_EXPRESSIONS, ids=lambda mistake: mistake.name)
def test_a_mistake_in_an_expression_is_told_as_its_author_can_use_it(mistake, printed):
    assert printed[mistake.name] == mistake.printed.strip("\n")
    assert_useful(mistake.printed)

"""Mistakes in the keys and the YAML of a rule file, and the whole of what `alerting check` prints of each."""

from __future__ import annotations

import pytest

from tests.mistakes import RULE, Mistake, assert_useful, check_copies

IN_KEYS = (
    Mistake("a key is misspelt", RULE,
            "measure: days_since",
            "mesure: days_since", """
error: unknown key `mesure`
  --> rules/local/plan-visit-late.yaml:18:1
   |
18 | mesure: days_since(seen)
   | ^^^^^^
   = help: Did you mean 'measure'?
"""),
    Mistake("a level is misspelt", RULE,
            "  amber: measure >",
            "  ambre: measure >", """
error: unknown key `ambre`
  --> rules/local/plan-visit-late.yaml:21:3
   |
21 |   ambre: measure > amber_days
   |   ^^^^^
   = help: Did you mean 'amber'?
"""),
    Mistake("a role is misspelt", RULE,
            "[worker, team_manager]",
            "[worker, team_manger]", """
error: `notify.red.1` is none of the words that may stand here
  --> rules/local/plan-visit-late.yaml:26:17
   |
26 |   red: [worker, team_manger]
   |                 ^^^^^^^^^^^
   = help: Did you mean 'team_manager'?
"""),
    Mistake("a table is misspelt", RULE,
            "ssd_cp_visits, ssd",
            "ssd_cp_visit, ssd", """
error: `reads.1`: there is no table 'ssd_cp_visit'
  --> rules/local/plan-visit-late.yaml:10:23
   |
10 | reads: [ssd_cp_plans, ssd_cp_visit, ssd_involvements]
   |                       ^^^^^^^^^^^^
   = help: Did you mean 'ssd_cp_visits'?
"""),
    Mistake("a subject that there is not", RULE,
            "subject: plan",
            "subject: plans", """
error: there is no subject 'plans'
  --> rules/local/plan-visit-late.yaml:14:10
   |
14 | subject: plans
   |          ^^^^^
   = help: Did you mean 'plan'?
"""),
    Mistake("a parameter that nothing uses", RULE,
            "measure > amber_days",
            "measure > 35", """
warning: the parameter 'amber_days' is used nowhere
  --> rules/local/plan-visit-late.yaml:12:3
   |
12 |   amber_days: 35
   |   ^^^^^^^^^^
   = help: Leave it out, or use it.
"""),
    Mistake("a key is left out", RULE,
            "title: No visit for six weeks\n",
            "", """
error: `title` is missing
 --> rules/local/plan-visit-late.yaml:1:1
  |
1 | id: plan-visit-late
  | ^^
  = help: Add `title:`. What is wrong, in a few words.
"""),
    Mistake("a key has nothing after it", RULE,
            "where: not unborn",
            "where:", """
error: `where` has nothing written after it
  --> rules/local/plan-visit-late.yaml:15:7
   |
15 | where:
   |       ^
   = help: Write it, or leave the key out.
"""),
    Mistake("a key is given twice", RULE,
            "unit: days\n",
            "unit: days\nunit: weeks\n", """
error: the key `unit` is given twice, first on line 19
  --> rules/local/plan-visit-late.yaml:20:1
   |
20 | unit: weeks
   | ^^^^
   = help: Leave one of them out.
"""),
    Mistake("a list without brackets", RULE,
            "red: [worker, team_manager]",
            "red: worker, team_manager", """
error: `notify.red` should be a list
  --> rules/local/plan-visit-late.yaml:26:8
   |
26 |   red: worker, team_manager
   |        ^^^^^^^^^^^^^^^^^^^^
   = help: Write it in square brackets: [worker, team_manager].
"""),
    Mistake("a code in small letters", RULE,
            "code: LOC-01",
            "code: loc1", """
error: `code` is not written as it should be
 --> rules/local/plan-visit-late.yaml:2:7
  |
2 | code: loc1
  |       ^^^^
  = help: Such as CL-01.
"""),
    Mistake("a day in words", RULE,
            "2099-04-01",
            "1 April 2099", """
error: `review_by` should be a day
 --> rules/local/plan-visit-late.yaml:8:12
  |
8 | review_by: 1 April 2099
  |            ^^^^^^^^^^^^
  = help: Write the year first: 2026-03-31.
"""),
    Mistake("a review that is past", RULE,
            "2099-04-01",
            "2025-04-01", """
warning: its review was due on 1 April 2025
 --> rules/local/plan-visit-late.yaml:8:12
  |
8 | review_by: 2025-04-01
  |            ^^^^^^^^^^
  = help: Look at the rule with its owner, then write the day of the next review.
"""),
    Mistake("how many runs, in days", RULE,
            "unit: days\n",
            "unit: days\nfor: 2 days\n", """
error: `for` is not written as it should be
  --> rules/local/plan-visit-late.yaml:20:6
   |
20 | for: 2 days
   |      ^^^^^^
   = help: Such as 2 runs.
"""),
    Mistake("a level that nobody is told of", RULE,
            "  red: [worker, team_manager]\n",
            "", """
error: `notify`: nobody is told of level red
  --> rules/local/plan-visit-late.yaml:25:3
   |
25 |   amber: [worker]
   |   ^^^^^
   = help: Add `red: [team_manager]` or whoever it is.
"""),
    Mistake("a level that is never reached", RULE,
            "amber_days: 35",
            "amber_days: 49", """
warning: amber is never given: red holds whenever it does
  --> rules/local/plan-visit-late.yaml:21:10
   |
21 |   amber: measure > amber_days
   |          ^^^^^^^^^^^^^^^^^^^^
   = help: Is a comparison the wrong way round, or are two numbers swapped?
"""),
    Mistake("per a team without a measure that counts", RULE,
            "unit: days\n",
            "unit: days\nper: team\n", """
error: `measure`: 'seen' is of one subject, and this is asked of many
  --> rules/local/plan-visit-late.yaml:18:21
   |
18 | measure: days_since(seen)
   |                     ^^^^
   = help: Say what of all of them is meant, such as `count(seen is null)`.

error: `due`: 'seen' is of one subject, and this is asked of many
  --> rules/local/plan-visit-late.yaml:24:15
   |
24 | due: add_days(seen, red_days)
   |               ^^^^
   = help: Count it in `measure`, such as `count(seen is null)`, and compare `measure` here.

error: `examples.0`: this example has one `row`
  --> rules/local/plan-visit-late.yaml:29:5
   |
29 |   - says: 35 days, still clear
   |     ^^^^
   = help: With `per`, an example has `rows`: a list of rows.

error: `examples.1`: this example has one `row`
  --> rules/local/plan-visit-late.yaml:33:5
   |
33 |   - says: 43 days, red
   |     ^^^^
   = help: With `per`, an example has `rows`: a list of rows.
"""),
    Mistake("at least without per", RULE,
            "unit: days\n",
            "unit: days\nat_least: 3\n", """
warning: `at_least` does nothing without `per`
  --> rules/local/plan-visit-late.yaml:20:1
   |
20 | at_least: 3
   | ^^^^^^^^
   = help: Leave it out, or add `per: team`.
"""),
    Mistake("at least out of range", RULE,
            "unit: days\n",
            "unit: days\nper: team\nat_least: -1\n", """
error: `measure`: 'seen' is of one subject, and this is asked of many
  --> rules/local/plan-visit-late.yaml:18:21
   |
18 | measure: days_since(seen)
   |                     ^^^^
   = help: Say what of all of them is meant, such as `count(seen is null)`.

error: `at_least` should be at least 0
  --> rules/local/plan-visit-late.yaml:21:11
   |
21 | at_least: -1
   |           ^^

error: `due`: 'seen' is of one subject, and this is asked of many
  --> rules/local/plan-visit-late.yaml:25:15
   |
25 | due: add_days(seen, red_days)
   |               ^^^^
   = help: Count it in `measure`, such as `count(seen is null)`, and compare `measure` here.
"""),
    Mistake("another rule that there is not", RULE,
            "unit: days\n",
            "unit: days\ninhibited_by: [plan-without-worker]\n", """
warning: there is no rule 'plan-without-worker'
  --> rules/local/plan-visit-late.yaml:20:16
   |
20 | inhibited_by: [plan-without-worker]
   |                ^^^^^^^^^^^^^^^^^^^
   = help: Did you mean 'plan-without-a-worker'?
"""),
    Mistake("a rule by its code where its id is meant", RULE,
            "unit: days\n",
            "unit: days\ninhibited_by: [LOC-02]\n", """
warning: there is no rule 'LOC-02'
  --> rules/local/plan-visit-late.yaml:20:16
   |
20 | inhibited_by: [LOC-02]
   |                ^^^^^^
   = help: Write its id: plan-without-a-worker.
"""),
    Mistake("a tab", RULE,
            "  amber: measure",
            "\tamber: measure", """
error: not valid YAML: a tab stands where only spaces may
  --> rules/local/plan-visit-late.yaml:21:1
   |
21 |     amber: measure > amber_days
   | ^^^^
   = help: Indent with spaces.
"""),
    Mistake("a line that is indented too far", RULE,
            "  red: measure >",
            "   red: measure >", """
error: not valid YAML: this line does not line up with those above it
  --> rules/local/plan-visit-late.yaml:22:4
   |
22 |    red: measure > red_days
   |    ^
   = help: Put it exactly below the keys or dashes it belongs with, in spaces; or close the quote or bracket before it.
"""),
    Mistake("lines that are not indented", RULE,
            "  amber: measure > amber_days\n  red: measure",
            "amber: measure > amber_days\nred: measure", """
error: `levels` should have keys of its own
  --> rules/local/plan-visit-late.yaml:20:8
   |
20 | levels:
   |        ^
   = help: Indented below it, `amber: measure > amber_days`.

error: unknown key `amber`
  --> rules/local/plan-visit-late.yaml:21:1
   |
21 | amber: measure > amber_days
   | ^^^^^
   = help: If it belongs to `levels`, indent it by two spaces.

error: unknown key `red`
  --> rules/local/plan-visit-late.yaml:22:1
   |
22 | red: measure > red_days
   | ^^^
   = help: If it belongs to `levels`, indent it by two spaces.
"""),
    Mistake("two colons on a line", RULE,
            "title: No visit",
            "title: No visit: none", """
error: not valid YAML: there is a second colon on this line
 --> rules/local/plan-visit-late.yaml:3:16
  |
3 | title: No visit: none for six weeks
  |                ^
  = help: Put the text after the first in quotes: title: "...".
"""),
    Mistake("no space after a colon", RULE,
            "unit: days",
            "unit:days", """
error: not valid YAML: this line is no `key: value`
  --> rules/local/plan-visit-late.yaml:19:1
   |
19 | unit:days
   | ^
   = help: Write `key: value`, with a space after the colon; a text of several lines stands indented below its key.
"""),
    Mistake("a quote that is not closed", RULE,
            'days."\nclears',
            "days.\nclears", """
error: not valid YAML: a quote is opened here and not closed
 --> rules/local/plan-visit-late.yaml:4:7
  |
4 | says: "{{ measure }} days without a visit, the last on {{ last_visit | day }}. The limit is {{ params.red_days }} d…
  |       ^
  = help: Close it where the text ends; a quote inside it is written twice, or stands in quotes of the other kind.
"""),
    Mistake("a text that begins with a brace", RULE,
            "clears: A visit",
            "clears: {{ measure }} A visit", """
error: not valid YAML: a text that begins with a brace needs quotes
 --> rules/local/plan-visit-late.yaml:5:9
  |
5 | clears: {{ measure }} A visit at which the child was seen is recorded.
  |         ^
  = help: Put the whole text in double quotes; an expression needs no braces.
"""),
    Mistake("a comma too many in a list", RULE,
            "[worker, team_manager]",
            "[worker,, team_manager]", """
error: not valid YAML: a value is missing, or a bracket is not closed
  --> rules/local/plan-visit-late.yaml:26:16
   |
26 |   red: [worker,, team_manager]
   |                ^
   = help: Take out the comma before it, or close the bracket with ] or }.
"""),
    Mistake("a bracket that is not closed", RULE,
            "[ssd_cp_plans, ssd_cp_visits, ssd_involvements]",
            "[ssd_cp_plans, ssd_cp_visits, ssd_involvements", """
error: not valid YAML: a `[` is opened and not closed
  --> rules/local/plan-visit-late.yaml:10:8
   |
10 | reads: [ssd_cp_plans, ssd_cp_visits, ssd_involvements
   |        ^
   = help: Close it with ], and put commas between what is in it.
"""),
)  # fmt: skip


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return check_copies(tmp_path_factory.mktemp("copies"), IN_KEYS)


@pytest.mark.parametrize("mistake", IN_KEYS, ids=lambda mistake: mistake.name)
def test_a_mistake_in_keys_is_told_as_its_author_can_use_it(mistake, printed):
    assert printed[mistake.name] == mistake.printed.strip("\n")
    assert_useful(mistake.printed)

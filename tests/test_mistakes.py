"""Mistakes that people make in the files they write, and the whole of what `alerting check` prints of each.

Each is made alone in a file that is good. What is printed is to say what is wrong, where, and what to do, in the words of
somebody who knows a little SQL and no Python: change a message here first, and read it as that person would.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from alerting.commands import cli

CONFIG, SETTINGS = "config.yaml", "rules/settings.yaml"
RULE, OTHER = "rules/local/plan-visit-late.yaml", "rules/local/plan-without-a-worker.yaml"
SUBJECT, VIEW = "rules/subjects/plan.yaml", "rules/subjects/_views/v_plan.sql"
GOOD = {
    CONFIG: """\
council: {name: Exampleshire, administrators: [alerts-admin@example.gov.uk]}
store: sqlite:///alerting.db
source: {type: files, path: extracts}
rules:
  path: rules
  settings:
    LOC-01:
      params: {red_days: 40}
    plan-without-a-worker:
      enabled: false
      reason: tried again in May
  params: {adult_age: 18}
receivers:
  outbox: {type: folder, path: outbox, ceiling: reference}
""",
    SETTINGS: """\
params:
  adult_age: 18
  row_count_tolerance: 0.005
  max_row_change: 0.20
  max_row_change_at_least: 50
  max_load_age_wd: 1
  min_fill: 0.70
  min_fill_at_least: 30
codes:
  legal_status:
    codes: [C2, V3]
    words: {C2: [full care order]}
bank_holidays: [2026-04-03, 2026-04-06]
""",
    SUBJECT: """\
id: plan
title: Child on a plan
says: One row per child on a child protection plan today.
about: child
key: plan_id
person: person_id
team: team_id
worker: worker_id
columns:
  plan_id: {type: text, tier: reference, says: The plan's number}
  person_id: {type: text, tier: reference, says: Case system number}
  team_id: {type: text, tier: reference, says: The team that answers}
  worker_id: {type: text, tier: reference, says: The allocated worker}
  plan_start: {type: date, tier: reference, says: First day of the plan}
  last_visit: {type: date, tier: reference, says: Latest visit at which the child was seen}
  ethnicity: {type: text, tier: detail, says: Ethnicity as a national code}
  unborn: {type: boolean, tier: reference, says: Not born yet}
sql: |
  SELECT p.plan_id, p.person_id, i.team_id, i.worker_id, p.plan_start,
    max(v.cppv_cp_visit_date) AS last_visit, c.pers_ethnicity AS ethnicity, false AS unborn
  FROM v_plan p
  LEFT JOIN ssd_person c ON c.pers_person_id = p.person_id
  LEFT JOIN v_worker i ON i.person_id = p.person_id
  LEFT JOIN ssd_cp_visits v ON v.cppv_cp_plan_id = p.plan_id
  GROUP BY ALL
""",
    VIEW: """\
-- One row per child protection plan that has not ended.
SELECT cppl_cp_plan_id AS plan_id, cppl_person_id AS person_id, cppl_cp_plan_start_date AS plan_start
FROM ssd_cp_plans
WHERE cppl_cp_plan_start_date <= as_of() AND cppl_cp_plan_end_date IS NULL
""",
    "rules/subjects/_views/v_worker.sql": """\
SELECT invo_person_id AS person_id, invo_professional_id AS worker_id, invo_professional_team AS team_id FROM ssd_involvements
""",
    RULE: """\
id: plan-visit-late
code: LOC-01
title: No visit for six weeks
says: "{{ measure }} days without a visit, the last on {{ last_visit | day }}. The limit is {{ params.red_days }} days."
clears: A visit at which the child was seen is recorded.
owner: child protection service manager
basis: {kind: local, text: A child on a plan is seen every six weeks, source: service standard}
review_by: 2099-04-01
job: daily
reads: [ssd_cp_plans, ssd_cp_visits, ssd_involvements]
params:
  amber_days: 35
  red_days: 42
subject: plan
where: not unborn
let:
  seen: greatest(plan_start, last_visit)
measure: days_since(seen)
unit: days
levels:
  amber: measure > amber_days
  red: measure > red_days
due: add_days(seen, red_days)
notify:
  amber: [worker]
  red: [worker, team_manager]
examples:
  - says: 35 days, still clear
    as_of: 2026-03-31
    row: {plan_id: P1, unborn: false, plan_start: 2025-10-01, last_visit: 2026-02-24}
    gives: none
  - says: 43 days, red
    as_of: 2026-03-31
    row: {plan_id: P1, unborn: false, plan_start: 2025-10-01, last_visit: 2026-02-16}
    gives: red
""",
    OTHER: """\
id: plan-without-a-worker
code: LOC-02
title: Plan without a worker
says: Nobody is allocated to this child.
clears: A worker is allocated.
owner: child protection service manager
basis: {kind: local, text: Every child on a plan has a worker}
review_by: 2099-04-01
job: daily
reads: [ssd_cp_plans, ssd_involvements]
subject: plan
levels:
  red: worker_id is null
notify: {red: [team_manager]}
examples:
  - says: nobody
    as_of: 2026-03-31
    row: {plan_id: P1}
    gives: red
  - says: somebody
    as_of: 2026-03-31
    row: {plan_id: P1, worker_id: W1}
    gives: none
""",
}
"""A small council without a fault."""


@dataclass(frozen=True)
class Mistake:
    """A mistake: what it is, the file it is made in, what stands there, what is written instead, and what is printed of it."""

    what: str
    file: str
    good: str
    bad: str
    printed: str

    @property
    def name(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.what.lower()).strip("-")

    def made(self) -> str:
        text = GOOD[self.file]
        assert text.count(self.good) == 1, self.good
        return text.replace(self.good, self.bad)


IN_A_RULE = (
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
    Mistake("no for false in an example", RULE,
            "unborn: false, plan_start: 2025-10-01, last_visit: 2026-02-24",
            "unborn: no, plan_start: 2025-10-01, last_visit: 2026-02-24", """
error: 'unborn' is true or false, but here is a text
  --> rules/local/plan-visit-late.yaml:30:32
   |
30 |     row: {plan_id: P1, unborn: no, plan_start: 2025-10-01, last_visit: 2026-02-24}
   |                                ^^
   = help: Write true or false, without quotes.
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
    Mistake("a column in the words is misspelt", RULE,
            "{{ last_visit | day }}",
            "{{ last_vist | day }}", """
error: `says`: there is no name 'last_vist'
 --> rules/local/plan-visit-late.yaml:4:59
  |
4 | …: "{{ measure }} days without a visit, the last on {{ last_vist | day }}. The limit is {{ params.red_days }} days."
  |                                                        ^^^^^^^^^
  = help: Did you mean 'last_visit'?
"""),
    Mistake("a parameter in the words without params", RULE,
            "{{ params.red_days }}",
            "{{ red_days }}", """
error: `says`: there is no name 'red_days'
 --> rules/local/plan-visit-late.yaml:4:96
  |
4 | says: "{{ measure }} days without a visit, the last on {{ last_visit | day }}. The limit is {{ red_days }} days."
  |                                                                                                ^^^^^^^^
  = help: Write params.red_days.
"""),
    Mistake("a column that a mail may not show", RULE,
            "the last on {{ last_visit | day }}",
            "of {{ ethnicity }}", """
error: `says`: 'ethnicity' is of tier detail, and the receiver may be shown no more than reference
 --> rules/local/plan-visit-late.yaml:4:50
  |
4 | says: "{{ measure }} days without a visit, of {{ ethnicity }}. The limit is {{ params.red_days }} days."
  |                                                  ^^^^^^^^^
  = help: Leave it out, or ask first: {% if ethnicity is defined %}.
"""),
    Mistake("a filter is misspelt", RULE,
            "| day }}",
            "| dya }}", """
error: `says`: there is no filter 'dya'
 --> rules/local/plan-visit-late.yaml:4:72
  |
4 | … "{{ measure }} days without a visit, the last on {{ last_visit | dya }}. The limit is {{ params.red_days }} days."
  |                                                                    ^^^
  = help: Did you mean 'day'?
"""),
    Mistake("an if in the words that is not closed", RULE,
            "The limit",
            "{% if measure > 40 %}The limit", """
error: `says`: an {% if %} is opened and not closed
 --> rules/local/plan-visit-late.yaml:4:80
  |
4 | …without a visit, the last on {{ last_visit | day }}. {% if measure > 40 %}The limit is {{ params.red_days }} days."
  |                                                       ^
  = help: End it with {% endif %}.
"""),
    Mistake("single braces", RULE,
            "{{ measure }}",
            "{ measure }", """
warning: `says`: between single braces nothing is filled in
 --> rules/local/plan-visit-late.yaml:4:8
  |
4 | says: "{ measure } days without a visit, the last on {{ last_visit | day }}. The limit is {{ params.red_days }} day…
  |        ^
  = help: Write {{ measure }}.
"""),
    Mistake("braces that are half closed", RULE,
            "{{ measure }}",
            "{{ measure }", """
error: `says`: this `}` closes nothing
 --> rules/local/plan-visit-late.yaml:4:19
  |
4 | says: "{{ measure } days without a visit, the last on {{ last_visit | day }}. The limit is {{ params.red_days }} da…
  |                   ^
  = help: What is filled in stands between {{ and }}, a choice between {% and %}.
"""),
    Mistake("an example that expects nothing", RULE,
            "    gives: none\n",
            "", """
error: `gives` is missing
  --> rules/local/plan-visit-late.yaml:28:5
   |
28 |   - says: 35 days, still clear
   |     ^^^^
   = help: Add `gives:`. What the rule must say of it: a level, none (it is clear), unknown, or out (not in the
           population).
"""),
    Mistake("an example that expects a level that there is not", RULE,
            "    gives: none\n",
            "    gives: green\n", """
error: `examples.0.gives` is none of the words that may stand here
  --> rules/local/plan-visit-late.yaml:31:12
   |
31 |     gives: green
   |            ^^^^^
   = help: Write info, amber, red, critical, none, unknown or out.
"""),
    Mistake("an example with a misspelt column", RULE,
            "last_visit: 2026-02-24",
            "last_vist: 2026-02-24", """
error: `examples.0.row.last_vist`: there is no column 'last_vist'
  --> rules/local/plan-visit-late.yaml:30:63
   |
30 |     row: {plan_id: P1, unborn: false, plan_start: 2025-10-01, last_vist: 2026-02-24}
   |                                                               ^^^^^^^^^
   = help: Did you mean 'last_visit'?
"""),
    Mistake("an example with its day first", RULE,
            "last_visit: 2026-02-24",
            "last_visit: 24/02/2026", """
error: 'last_visit' is a date, but this is not one
  --> rules/local/plan-visit-late.yaml:30:75
   |
30 |     row: {plan_id: P1, unborn: false, plan_start: 2025-10-01, last_visit: 24/02/2026}
   |                                                                           ^^^^^^^^^^
   = help: Write the year first: 2026-03-31.
"""),
)  # fmt: skip

IN_THE_SQL = (
    Mistake("two statements in a subject", SUBJECT,
            "  GROUP BY ALL\n",
            "  GROUP BY ALL;\n  DELETE FROM ssd_cp_plans\n", """
error: there is more than one statement
  --> rules/subjects/plan.yaml:25:15
   |
25 |   GROUP BY ALL;
   |               ^
   = help: Write one query, without a `;` inside it.
"""),
    Mistake("a table that there is not", SUBJECT,
            "ssd_cp_visits v",
            "ssd_cp_visit v", """
error: there is no table or view 'ssd_cp_visit'
  --> rules/subjects/plan.yaml:24:13
   |
24 |   LEFT JOIN ssd_cp_visit v ON v.cppv_cp_plan_id = p.plan_id
   |             ^^^^^^^^^^^^
   = help: Did you mean 'ssd_cp_visits'?
"""),
    Mistake("a view that there is not", SUBJECT,
            "FROM v_plan p",
            "FROM v_plans p", """
error: there is no table or view 'v_plans'
  --> rules/subjects/plan.yaml:21:8
   |
21 |   FROM v_plans p
   |        ^^^^^^^
   = help: Did you mean 'v_plan'?
"""),
    Mistake("a column of a table that there is not", SUBJECT,
            "cppv_cp_visit_date",
            "cp_visit_date", """
error: there is no column 'cp_visit_date'
  --> rules/subjects/plan.yaml:20:9
   |
20 |     max(v.cp_visit_date) AS last_visit, c.pers_ethnicity AS ethnicity, false AS unborn
   |         ^^^^^^^^^^^^^^^
   = help: Did you mean 'cppv_cp_visit_date'?
"""),
    Mistake("the computers day", SUBJECT,
            "false AS unborn",
            "p.plan_start > current_date AS unborn", """
error: 'current_date' is the computer's day, not the day that the run is about
  --> rules/subjects/plan.yaml:20:92
   |
20 |     max(v.cppv_cp_visit_date) AS last_visit, c.pers_ethnicity AS ethnicity, p.plan_start > current_date AS unborn
   |                                                                                            ^^^^^^^^^^^^
   = help: Write as_of().
"""),
    Mistake("the computers day as SQL Server has it", SUBJECT,
            "false AS unborn",
            "p.plan_start > getdate() AS unborn", """
error: 'getdate' is the computer's day, not the day that the run is about
  --> rules/subjects/plan.yaml:20:92
   |
20 |     max(v.cppv_cp_visit_date) AS last_visit, c.pers_ethnicity AS ethnicity, p.plan_start > getdate() AS unborn
   |                                                                                            ^^^^^^^
   = help: Write as_of().
"""),
    Mistake("a file", SUBJECT,
            "LEFT JOIN ssd_cp_visits v",
            "LEFT JOIN read_csv('visits.csv') v", """
error: read_csv() reaches a file or a network, which is not allowed here
  --> rules/subjects/plan.yaml:24:13
   |
24 |   LEFT JOIN read_csv('visits.csv') v ON v.cppv_cp_plan_id = p.plan_id
   |             ^^^^^^^^
   = help: Read case tables; a source reads files.
"""),
    Mistake("a comma is left out", SUBJECT,
            "p.plan_start,\n",
            "p.plan_start\n", """
error: this SQL cannot be read: syntax error at or near "("
  --> rules/subjects/plan.yaml:20:8
   |
20 |     max(v.cppv_cp_visit_date) AS last_visit, c.pers_ethnicity AS ethnicity, false AS unborn
   |        ^
   = help: Look for a missing comma, bracket, quote or keyword just before it.
"""),
    Mistake("a bracket in SQL that is not closed", SUBJECT,
            "max(v.cppv_cp_visit_date)",
            "max(v.cppv_cp_visit_date", """
error: this SQL cannot be read: syntax error at or near "AS"
  --> rules/subjects/plan.yaml:20:30
   |
20 |     max(v.cppv_cp_visit_date AS last_visit, c.pers_ethnicity AS ethnicity, false AS unborn
   |                              ^^
   = help: Look for a missing comma, bracket, quote or keyword just before it.
"""),
    Mistake("a column that the SQL does not give", SUBJECT,
            ", c.pers_ethnicity AS ethnicity, ",
            ", ", """
error: the SQL does not give the column 'ethnicity'
  --> rules/subjects/plan.yaml:16:3
   |
16 |   ethnicity: {type: text, tier: detail, says: Ethnicity as a national code}
   |   ^^^^^^^^^
   = help: Add it to the SQL, or leave it out here.
"""),
    Mistake("a column that is not described", SUBJECT,
            "  ethnicity: {type: text, tier: detail, says: Ethnicity as a national code}\n",
            "", """
warning: the SQL gives a column 'ethnicity' that is not among the columns
 --> rules/subjects/plan.yaml:9:1
  |
9 | columns:
  | ^^^^^^^
  = help: Say what it is: `ethnicity: {type: text, tier: detail, says: ...}`.
"""),
    Mistake("a type that there is not", SUBJECT,
            "last_visit: {type: date",
            "last_visit: {type: datetime", """
error: `columns.last_visit.type` is none of the words that may stand here
  --> rules/subjects/plan.yaml:15:22
   |
15 |   last_visit: {type: datetime, tier: reference, says: Latest visit at which the child was seen}
   |                      ^^^^^^^^
   = help: Did you mean 'date'?
"""),
    Mistake("a tier that there is not", SUBJECT,
            "tier: detail",
            "tier: secret", """
error: `columns.ethnicity.tier` should be reference or detail
  --> rules/subjects/plan.yaml:16:33
   |
16 |   ethnicity: {type: text, tier: secret, says: Ethnicity as a national code}
   |                                 ^^^^^^
"""),
    Mistake("a key that is no column", SUBJECT,
            "key: plan_id",
            "key: plan", """
error: 'plan' is not one of the columns
 --> rules/subjects/plan.yaml:5:6
  |
5 | key: plan
  |      ^^^^
  = help: Did you mean 'plan_id'?
"""),
    Mistake("a table in a view that there is not", VIEW,
            "FROM ssd_cp_plans",
            "FROM ssd_cp_plan", """
error: there is no table or view 'ssd_cp_plan'
 --> rules/subjects/_views/v_plan.sql:3:6
  |
3 | FROM ssd_cp_plan
  |      ^^^^^^^^^^^
  = help: Did you mean 'ssd_cp_plans'?
"""),
    Mistake("a column in a view that there is not", VIEW,
            "cppl_person_id",
            "cppl_person", """
error: there is no column 'cppl_person'
 --> rules/subjects/_views/v_plan.sql:2:36
  |
2 | SELECT cppl_cp_plan_id AS plan_id, cppl_person AS person_id, cppl_cp_plan_start_date AS plan_start
  |                                    ^^^^^^^^^^^
  = help: Did you mean 'cppl_person_id'?
"""),
    Mistake("a view that is made", VIEW,
            "SELECT cppl_cp_plan_id AS plan_id",
            "CREATE VIEW v AS SELECT cppl_cp_plan_id AS plan_id", """
error: this is no query: it begins with CREATE
 --> rules/subjects/_views/v_plan.sql:2:1
  |
2 | CREATE VIEW v AS SELECT cppl_cp_plan_id AS plan_id, cppl_person_id AS person_id, cppl_cp_plan_start_date AS plan_st…
  | ^^^^^^
  = help: Begin with SELECT or WITH.
"""),
    Mistake("a quote in a view that is not closed", VIEW,
            "IS NULL",
            "= 'open", """
error: this SQL cannot be read: unterminated string literal
 --> rules/subjects/_views/v_plan.sql:4:70
  |
4 | WHERE cppl_cp_plan_start_date <= as_of() AND cppl_cp_plan_end_date = 'open
  |                                                                      ^
  = help: Look for a missing comma, bracket, quote or keyword just before it.
"""),
    Mistake("a shared parameter that there is not", VIEW,
            "as_of()",
            "param('adult_ages')", """
error: there is no shared parameter 'adult_ages'
 --> rules/subjects/_views/v_plan.sql:4:41
  |
4 | WHERE cppl_cp_plan_start_date <= param('adult_ages') AND cppl_cp_plan_end_date IS NULL
  |                                         ^^^^^^^^^^
  = help: Did you mean 'adult_age'?
"""),
)  # fmt: skip

BETWEEN_FILES = (
    Mistake("a code that another rule has", RULE,
            "code: LOC-01",
            "code: LOC-02", """
error: the code LOC-02 is used twice, first in rules/local/plan-visit-late.yaml
 --> rules/local/plan-without-a-worker.yaml:2:7
  |
2 | code: LOC-02
  |       ^^^^^^
  = help: Give one of them another code.

warning: `rules: settings:` names a rule 'LOC-01' that is not there
 --> config.yaml:7:5
  |
7 |     LOC-01:
  |     ^^^^^^
  = help: Did you mean 'LOC-02'?
"""),
    Mistake("an id that is not the name of its file", RULE,
            "id: plan-visit-late",
            "id: plan-visit-overdue", """
error: the id is 'plan-visit-overdue' but the file is plan-visit-late.yaml
 --> rules/local/plan-visit-late.yaml:1:5
  |
1 | id: plan-visit-overdue
  |     ^^^^^^^^^^^^^^^^^^
  = help: Write `id: plan-visit-late`, or call the file plan-visit-overdue.yaml.
"""),
    Mistake("a limit that config yaml makes unreachable", CONFIG,
            "red_days: 40",
            "red_days: 30", """
warning: amber is never given: red holds whenever it does
  --> rules/local/plan-visit-late.yaml:21:10
   |
21 |   amber: measure > amber_days
   |          ^^^^^^^^^^^^^^^^^^^^
   = help: Is a comparison the wrong way round, or are two numbers swapped? config.yaml sets red_days to 30.
"""),
    Mistake("a subject that cannot be used", SUBJECT,
            "    max(v.cppv",
            "    mx(v.cppv", """
error: there is no function 'mx' to be used here
  --> rules/subjects/plan.yaml:20:5
   |
20 |     mx(v.cppv_cp_visit_date) AS last_visit, c.pers_ethnicity AS ethnicity, false AS unborn
   |     ^^
   = help: Did you mean 'max'?

error: the subject 'plan' cannot be used: its files have faults
  --> rules/local/plan-visit-late.yaml:14:10
   |
14 | subject: plan
   |          ^^^^
   = help: Put subjects/plan.yaml right first.

error: the subject 'plan' cannot be used: its files have faults
  --> rules/local/plan-without-a-worker.yaml:11:10
   |
11 | subject: plan
   |          ^^^^
   = help: Put subjects/plan.yaml right first.
"""),
    Mistake("a setting is misspelt", SETTINGS,
            "bank_holidays:",
            "bank_holiday:", """
error: unknown key `bank_holiday`
  --> rules/settings.yaml:13:1
   |
13 | bank_holiday: [2026-04-03, 2026-04-06]
   | ^^^^^^^^^^^^
   = help: Did you mean 'bank_holidays'?
"""),
    Mistake("a bank holiday with its day first", SETTINGS,
            "2026-04-06",
            "06/04/2026", """
error: `bank_holidays.1` should be a day
  --> rules/settings.yaml:13:29
   |
13 | bank_holidays: [2026-04-03, 06/04/2026]
   |                             ^^^^^^^^^^
   = help: Write the year first: 2026-03-31.
"""),
    Mistake("a number of the settings in words", SETTINGS,
            "min_fill: 0.70",
            "min_fill: most", """
error: `params.min_fill` should be a number
 --> rules/settings.yaml:7:13
  |
7 |   min_fill: most
  |             ^^^^
  = help: Write it in digits.
"""),
    Mistake("a number of the settings left out", SETTINGS,
            "  min_fill: 0.70\n",
            "", """
error: the number `min_fill` is missing
 --> rules/settings.yaml:2:3
  |
2 |   adult_age: 18
  |   ^^^^^^^^^
  = help: Add `min_fill:` as it is in the shipped settings.
"""),
    Mistake("a rule in config yaml that there is not", CONFIG,
            "LOC-01:",
            "LOC-11:", """
warning: `rules: settings:` names a rule 'LOC-11' that is not there
 --> config.yaml:7:5
  |
7 |     LOC-11:
  |     ^^^^^^
  = help: Did you mean 'LOC-01'?
"""),
    Mistake("a parameter in config yaml that there is not", CONFIG,
            "red_days: 40",
            "red_day: 40", """
error: `rules: settings: LOC-01:` names a parameter 'red_day' it does not have
 --> config.yaml:8:16
  |
8 |       params: red_day: …
  |               ^^^^^^^
  = help: Did you mean 'red_days'?
"""),
    Mistake("a parameter in config yaml in words", CONFIG,
            "red_days: 40",
            "red_days: forty", """
error: `rules: settings: LOC-01:` red_days is a text, but stands for a number
 --> config.yaml:8:16
  |
8 |       params: red_days: …
  |               ^^^^^^^^
  = help: The rule's file has 42.
"""),
    Mistake("no for false in config yaml", CONFIG,
            "enabled: false",
            "enabled: no", """
error: `rules.settings.plan-without-a-worker.enabled` should be true or false
  --> config.yaml:10:16
   |
10 |       enabled: …
   |                ^
   = help: Here that is only a word: write false.
"""),
    Mistake("a shared parameter in config yaml that there is not", CONFIG,
            "adult_age: 18",
            "adult_ages: 18", """
error: `rules: params:` names a shared parameter 'adult_ages' that is not there
  --> config.yaml:12:12
   |
12 |   params: adult_ages: …
   |           ^^^^^^^^^^
   = help: Did you mean 'adult_age'?
"""),
    Mistake("a key of config yaml is misspelt", CONFIG,
            "rules:\n",
            "rule:\n", """
error: unknown key `rule`
 --> config.yaml:4:1
  |
4 | rule:
  | ^^^^
  = help: Did you mean 'rules'?
"""),
)  # fmt: skip


def check(folder: Path, files: Mapping[str, str]) -> str:
    """What `alerting check` prints of a council that has these files."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    with contextlib.chdir(folder):
        result = CliRunner().invoke(cli, ["check", "--no-source", "--offline"], catch_exceptions=False)
    return result.stdout


@pytest.fixture(scope="module")
def printed_of_copies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is printed of each mistake of IN_A_RULE and IN_THE_SQL, all made in one council, each in a copy of its own."""
    files = {name: text for name, text in GOOD.items() if name != RULE}
    files[CONFIG] = re.sub(r"  settings:\n(    .*\n)+", "", GOOD[CONFIG])
    copies = {}
    for number, mistake in enumerate((*IN_A_RULE, *IN_THE_SQL)):
        good = Path(mistake.file)
        # As long as the name that it stands for, or messages would be laid out otherwise.
        name = f"{chr(97 + number // 26)}{chr(97 + number % 26)}".ljust(len(good.stem), "x")
        copies[good.with_stem(name).as_posix()] = mistake
        text = mistake.made().replace(f"id: {good.stem}\n", f"id: {name}\n").replace("code: LOC-01", f"code: LOC-{number + 10}")
        files[good.with_stem(name).as_posix()] = text
    found: dict[str, list[str]] = {mistake.name: [] for mistake in copies.values()}
    for block in check(tmp_path_factory.mktemp("copies"), files).strip().split("\n\n"):
        [path] = re.findall(r"--> ([^:\n]+)", block)
        mistake = copies[path]
        found[mistake.name].append(block.replace(Path(path).stem, Path(mistake.file).stem))
    return {name: "\n\n".join(blocks) for name, blocks in found.items()}


def test_the_files_that_mistakes_are_made_in_are_good(tmp_path):
    assert check(tmp_path, GOOD) == "All is well.\n"


@pytest.mark.parametrize("mistake", [*IN_A_RULE, *IN_THE_SQL], ids=lambda mistake: mistake.name)
def test_a_mistake_in_a_rule_or_in_sql_is_told_as_its_author_can_use_it(mistake, printed_of_copies):
    assert printed_of_copies[mistake.name] == mistake.printed.strip("\n")


@pytest.mark.parametrize("mistake", BETWEEN_FILES, ids=lambda mistake: mistake.name)
def test_a_mistake_that_concerns_other_files_is_told_as_its_author_can_use_it(mistake, tmp_path):
    assert check(tmp_path, {**GOOD, mistake.file: mistake.made()}).strip("\n") == mistake.printed.strip("\n")


@pytest.mark.parametrize("mistake", [*IN_A_RULE, *IN_THE_SQL, *BETWEEN_FILES], ids=lambda mistake: mistake.name)
def test_every_message_has_a_place_and_a_mark_and_says_what_to_do(mistake):
    for block in mistake.printed.strip("\n").split("\n\n"):
        assert re.match(r"(error|warning): .+\n +--> [\w./-]+:\d+:\d+\n", block)
        assert re.search(r"\^", block)
        assert " = help: " in block or "should be" in block

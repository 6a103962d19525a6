"""Mistakes in a rule's words and examples, and the whole of what `alerting check` prints of each."""

from __future__ import annotations

import pytest

from tests.mistakes import RULE, Mistake, assert_useful, check_copies

IN_WORDS = (
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
    Mistake("a headline for one and not for many", RULE,
            "title: No visit for six weeks\n",
            "title: No visit for six weeks\nheadline: [child not seen for six weeks]\n", """
error: `headline` has too few parts
 --> rules/local/plan-visit-late.yaml:4:11
  |
4 | headline: [child not seen for six weeks]
  |           ^
  = help: Such as [child on a plan has no social worker, children on a plan have no social worker].
"""),
    Mistake("a headline that is to be filled in", RULE,
            "title: No visit for six weeks\n",
            "title: No visit for six weeks\nheadline: [child not seen, '{{ measure }} children not seen']\n", """
warning: `headline`: nothing is filled in here
 --> rules/local/plan-visit-late.yaml:4:28
  |
4 | headline: [child not seen, '{{ measure }} children not seen']
  |                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: Say it in words that fit everybody the rule is about.
"""),
    Mistake("what falls due is to be filled in", RULE,
            "title: No visit for six weeks\n",
            "title: No visit for six weeks\nfalls_due: Visit of {{ last_visit }}\n", """
warning: `falls_due`: nothing is filled in here
 --> rules/local/plan-visit-late.yaml:4:12
  |
4 | falls_due: Visit of {{ last_visit }}
  |            ^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: Say it in words that fit everybody the rule is about.
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


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return check_copies(tmp_path_factory.mktemp("copies"), IN_WORDS)


@pytest.mark.parametrize("mistake", IN_WORDS, ids=lambda mistake: mistake.name)
def test_a_mistake_in_words_or_examples_is_told_as_its_author_can_use_it(mistake, printed):
    assert printed[mistake.name] == mistake.printed.strip("\n")
    assert_useful(mistake.printed)

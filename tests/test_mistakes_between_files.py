"""Mistakes in settings, in config.yaml and between files, and the whole of what `alerting check` prints of each."""

from __future__ import annotations

import pytest

from tests.mistakes import CONFIG, GOOD, RULE, SETTINGS, SUBJECT, Mistake, assert_useful, check

OF_ITS_RULES = """\
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
"""
"""What is said of the rules of a subject that cannot be used, after what is wrong with it."""

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
    Mistake("a word where a subject names the rules whose answers it reads", SUBJECT,
            "about: child\n",
            "about: child\nanswers_of: LOC-01\n", """
error: `answers_of` should be a list
 --> rules/subjects/plan.yaml:5:13
  |
5 | answers_of: LOC-01
  |             ^^^^^^
  = help: Write it in square brackets: [LOC-01].

""" + OF_ITS_RULES),
    Mistake("all of them in another spelling", SUBJECT,
            "about: child\n",
            "about: child\nanswers_of: All\n", """
error: `answers_of` should be all
 --> rules/subjects/plan.yaml:5:13
  |
5 | answers_of: All
  |             ^^^
  = help: Did you mean 'all'?

""" + OF_ITS_RULES),
    Mistake("a subject that cannot be used", SUBJECT,
            "    max(v.cppv",
            "    mx(v.cppv", """
error: there is no function 'mx' to be used here
  --> rules/subjects/plan.yaml:20:5
   |
20 |     mx(v.cppv_cp_visit_date) AS last_visit, c.pers_ethnicity AS ethnicity, false AS unborn
   |     ^^
   = help: Did you mean 'max'?

""" + OF_ITS_RULES),
    Mistake("a setting is misspelt", SETTINGS,
            "bank_holidays:",
            "bank_holiday:", """
error: unknown key `bank_holiday`
  --> rules/settings.yaml:13:1
   |
13 | bank_holiday: [2018-01-01, 2018-03-30,
   | ^^^^^^^^^^^^
   = help: Did you mean 'bank_holidays'?
"""),
    Mistake("a bank holiday with its day first", SETTINGS,
            "2018-03-30",
            "30/03/2018", """
error: `bank_holidays.1` should be a day
  --> rules/settings.yaml:13:29
   |
13 | bank_holidays: [2018-01-01, 30/03/2018,
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


def test_the_files_that_mistakes_are_made_in_are_good(tmp_path):
    assert check(tmp_path, GOOD) == "All is well.\n"


@pytest.mark.parametrize("mistake", BETWEEN_FILES, ids=lambda mistake: mistake.name)
def test_a_mistake_that_concerns_other_files_is_told_as_its_author_can_use_it(mistake, tmp_path):
    assert check(tmp_path, {**GOOD, mistake.file: mistake.made()}).strip("\n") == mistake.printed.strip("\n")
    assert_useful(mistake.printed)

"""The catalogue of rules: each in words for people who know the work and not the data, in step with what its rule does."""

from __future__ import annotations

import re
from functools import cache

import pytest

from alerting.authoring.explain.catalogue import PARTS, catalogue_page
from alerting.authoring.explain.plain_english import fill_params
from alerting.casedata.catalogue import TABLES
from alerting.notifications.roles import role_words
from alerting.rulebook.file_models import Overrides
from alerting.rulebook.rule import Rule
from tests.case_rows import load_shipped, shipped
from tests.rule_folder import Folder


@cache
def page() -> str:
    return catalogue_page(shipped())


def entry(rule: Rule) -> str:
    [found] = re.findall(rf"^### {rule.code} .*?(?=^### |^## |\Z)", page(), re.MULTILINE | re.DOTALL)
    return str(found)


RULES = [pytest.param(rule, id=rule.code) for rule in shipped().rules]


def test_every_rule_has_one_entry_under_its_part_of_the_service():
    found = re.findall(r"^(?:## (.+)|### (\S+))", page(), re.MULTILINE)
    parts = [part for part, _ in found if part]

    assert sorted(code for _, code in found if code) == sorted(rule.code for rule in shipped().rules)
    assert parts == ["What is off without a table", *dict.fromkeys(PARTS.values())]


@pytest.mark.parametrize("rule", RULES)
def test_an_entry_says_what_is_asked_when_it_is_how_serious_who_is_told_what_clears_it_and_why(rule):
    said = entry(rule)

    assert rule.file.in_words["asks"][:40].split("{{")[0] in said
    for level in rule.levels:
        [line] = re.findall(rf"^- \*\*{level.name.capitalize()}\*\* when (.+)$", said, re.MULTILINE)
        assert all(role_words(role, rule.about) in line.partition("Told: ")[2] for role in rule.file.notify[level.name])
    assert "- What clears it: " in said
    assert "- Stands on: " in said
    assert rule.basis_text.rstrip(".") in said
    assert rule.basis_source in said
    assert all(TABLES[table].words in said.partition("Without ")[2] for table in rule.file.off_without)


@pytest.mark.parametrize("rule", RULES)
def test_no_entry_names_a_file_a_column_a_code_or_an_expression(rule):
    said = entry(rule)

    assert re.findall(r"[a-z]+_[a-z_]+|\.yaml|[<>{}=`|]|\bnull\b|\bthe measure\b", said) == []
    assert re.findall(r"\b[A-Z][0-9]{1,2}\b|\b(?:REFU|NREQ|FREL|INAD)\b", said) == []


@pytest.mark.parametrize("rule", RULES)
def test_only_what_is_past_its_day_is_called_overdue(rule):
    of_levels = [fill_params(text, rule.params) for key, text in rule.file.in_words.items() if key not in ("asks", "also")]

    assert not re.search(r"(?<!due or )overdue$", rule.title) or not any("due within" in text for text in of_levels)


def test_the_numbers_are_those_of_the_council():
    book = load_shipped(Overrides.model_validate({"settings": {"CL-01": {"params": {"red_days": 70}}}}))

    assert "it was more than 70 days (10 weeks) ago" in catalogue_page(book)


def test_a_rule_without_words_of_its_own_is_told_by_what_it_does(tmp_path):
    said = catalogue_page(Folder(tmp_path).load())

    assert "About each child where the age on today of somebody born on born on is under 18." in said
    assert "- **Amber** when the measure is under 3 visits. Told: allocated worker." in said


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ('{asks: "a", amber: b, red: c, also: d, critical: e}', "`in_words.critical`: there is no level 'critical'"),
        ('{asks: "a", amber: b, also: d}', "`in_words`: `red` is not said"),
        ('{asks: "a", amber: b, red: c}', "`in_words`: `also` is not said"),
        (
            '{asks: "{{ params.red_visit }}", amber: b, red: c, also: d}',
            "`in_words.asks`: 'params.red_visit' cannot be filled in",
        ),
        ('{asks: "{{ visits }}", amber: b, red: c, also: d}', "`in_words.asks`: 'visits' cannot be filled in"),
        ('{asks: "{{ params.red_visits | day }}", amber: b, red: c, also: d}', "'params.red_visits | day' cannot be filled in"),
    ],
)
def test_words_that_do_not_fit_the_rule_are_a_fault(tmp_path, words, fault):
    folder = Folder(tmp_path)
    folder.change("practice/visits-few.yaml", ("owner:", f"in_words: {words}\nowner:"))

    assert [fault in found for found in folder.faults()] == [True]

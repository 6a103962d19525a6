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


@pytest.mark.parametrize("rule", RULES)
def test_every_shipped_rule_has_words_for_what_it_asks_each_of_its_levels_and_who_joins_in(rule):
    assert rule.file.in_words.keys() == {"asks", *rule.file.levels} | ({"also"} if rule.also else set())


def test_a_level_without_words_is_read_by_its_condition(tmp_path):
    folder = Folder(tmp_path)
    folder.change(
        "practice/visits-few.yaml",
        ("owner:", 'in_words: {asks: "How many visits?", amber: "there were {{ params.red_visits }} or 2"}\nowner:'),
    )
    said = catalogue_page(folder.load())

    assert "How many visits?" in said
    assert "- **Amber** when there were 1 or 2. Told: allocated worker." in said
    assert "- **Red** when the measure is under 1 visit and 'age' is under 18. Told: team manager." in said


@pytest.mark.parametrize("inside", ["params.red_visit", "visits", "params.red_visits | day"])
def test_what_cannot_be_filled_in_is_a_fault(tmp_path, inside):
    folder = Folder(tmp_path)
    folder.change("practice/visits-few.yaml", ("owner:", f'in_words: {{asks: "Are there {{{{ {inside} }}}}?"}}\nowner:'))

    [fault] = folder.faults()
    assert f"`in_words.asks`: '{inside}' cannot be filled in" in fault

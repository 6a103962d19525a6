"""`alerting rules diff`: what a change of a rule comes to, for whoever has to agree to it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alerting.authoring.differences import EFFECTS, break_lines, compare_rules, show_lines, summarise
from alerting.authoring.draft import find_rule
from alerting.commands import cli
from alerting.rulebook.file_models import RuleFile
from alerting.rulebook.loader import compile_rule
from alerting.rulebook.rule import Rule
from tests.case_rows import RULES, shipped
from tests.made_council import MadeCouncil

SHIPPED = RULES / "practice" / "care-leaver-not-in-touch.yaml"
OLD = find_rule(shipped(), "CL-01")


@pytest.fixture
def changed(tmp_path: Path):
    """Write the shipped rule with parts of it written otherwise, and compile it."""

    def change(*changes: tuple[str, str]) -> Rule:
        text = SHIPPED.read_text("utf-8")
        for before, after in changes:
            assert text.count(before) == 1, before
            text = text.replace(before, after)
        file = tmp_path / SHIPPED.name
        file.write_text(text, "utf-8")
        rule = compile_rule(shipped(), file, {})
        assert isinstance(rule, Rule), rule
        return rule

    return change


def said(new: Rule) -> list[tuple[str, str, str]]:
    return [(each.effect, each.key, each.says) for each in compare_rules(OLD, new)]


# ---------------------------------------------------------------- key by key

CHANGES: dict[str, tuple[Any, Any, str]] = {
    "id": ("x-y", "record", "x-y instead of care-leaver-not-in-touch: its alerts are others"),
    "code": ("CL-99", "record", "CL-99 instead of CL-01"),
    "title": ("Other", "words", "other words"),
    "says": ("Other.", "words", "other words"),
    "clears": ("Other.", "words", "other words"),
    "falls_due": ("Call", "words", "other words"),
    "headline": (("young person is not in touch", "young people are not in touch"), "words", "is new"),
    "in_words": ({**OLD.file.in_words, "asks": "Other."}, "words", "other words"),
    "owner": ("somebody", "record", "somebody instead of leaving care service manager"),
    "basis": ({"kind": "guidance", "text": "Contact at least every 8 weeks", "source": "council standard"}, "words", "guidance instead of local"),
    "review_by": (date(2028, 1, 1), "record", "2028-01-01 instead of 2027-04-01"),
    "between": ("2 hours between 08:00 and 18:00", "told", "asked between the daily runs: 2 hours between 08:00 and 18:00 instead of none"),
    "nobody_else": (True, "told", "told to nobody beside those it names: yes instead of no"),
    "shadow": (True, "told", "tried first, and told to the performance team alone: yes instead of no"),
    "not_beside": (("worker-caseload-high",), "told", "also worker-caseload-high"),
    "job": ("weekly", "told", "asked weekly instead of daily"),
    "reads": (("ssd_care_leavers", "ssd_cla_episodes"), "told", "no longer ssd_legal_status"),
    "off_without": ({"ext_supervision": {"kind": "staff"}}, "answers", "also ext_supervision (kind: staff)"),
    "services": (("front_door",), "told", "also front_door"),
    "requires": ({"latest_contact": 0.8}, "answers", "also latest_contact (80%); no longer latest_contact"),
    "off_without_all": (("ext_contact", "ext_referral"), "answers", "also ext_contact, ext_referral"),
    "shared_params": ({"visits": "cp_visits_considered"}, "record", "also visits for cp_visits_considered"),
    "requires_of": ("age > 17", "answers", "what is required is looked at in others"),
    "uses": ({"caseload": "WF-01"}, "answers", "uses the numbers of WF-01 instead of none"),
    "sane": ({**OLD.file.sane, "red_days": (30, 100)}, "record", "30, 100 instead of 28, 120"),
    "subject": ("open_case", "answers", "asks about open_case instead of care_leaver"),
    "per": ("team", "answers", "one answer a team instead of a subject"),
    "at_least": (5, "answers", "needs 5 subjects in a group instead of 0"),
    "where": ("age > 1", "answers", "other people are asked about"),
    "let": ({"since": "days_since(leaver_since)"}, "answers", "is new"),
    "measure": ("days_since(pathway_review)", "answers", "something else is measured"),
    "enabled": (False, "answers", "asked by runs: no instead of yes"),
    "unit": ("nights", "words", "nights instead of days"),
    "levels": ({"amber": OLD.file.levels["amber"]}, "answers", "is gone"),
    "when_null": ("red", "answers", "a missing measure gives red instead of unknown"),
    "due": ("leaver_since", "told", "it is due on another day"),
    "notify": ({"amber": ("adviser", "quality"), "red": ("team_manager",)}, "told", "told now: quality; no longer told: team_manager"),
    "also": ({}, "told", "is gone"),
    "channel": (False, "told", "counted in channels: no instead of yes"),
    "escalate": (({"after": 10, "to": "quality"},), "told", "told as well when it is 10 working days old, instead of none"),
    "inhibited_by": (("cp-visit-overdue",), "told", "also cp-visit-overdue"),
    "max_share": (0.7, "told", "share of its population that is not believed: 0.7 instead of none"),
    "brake": (25, "told", "new alerts in one run that hold it back: 25 instead of none"),
    "remind_every": (10, "told", "reminded every 10 working days instead of 5"),
    "pending_for": (2, "answers", "must match in 2 runs before anybody is told, instead of 1"),
    "keep_firing_for": (2, "answers", "stays open for 2 runs after it is clear, instead of 0"),
    "replaces": ("other", "record", "other instead of none"),
    "examples": ((), "record", f"0 new or changed, {len(OLD.file.examples)} gone or changed"),
}  # fmt: skip


@pytest.mark.parametrize("key", [key for key in RuleFile.model_fields if key not in ("params", "tables")])
def test_a_change_of_any_key_is_told_in_plain_words(key):
    value, effect, words = CHANGES[key]
    written = OLD.file.model_dump(by_alias=False) | {key: value}
    file = RuleFile.model_validate({RuleFile.model_fields[name].alias or name: part for name, part in written.items()})
    [change] = compare_rules(OLD, replace(OLD, file=file))

    assert (change.effect, change.says) == (effect, words)
    assert change.key.startswith(RuleFile.model_fields[key].alias or key)


def test_the_weightiest_change_comes_first(changed):
    new = changed(("title: Care", "title: A care"), ("red_days: 56", "red_days: 60"), ("job: daily", "job: weekly"))

    assert said(new) == [
        ("answers", "params red_days", "60 instead of 56"),
        ("told", "job", "asked weekly instead of daily"),
        ("words", "title", "other words"),
    ]


def test_a_list_says_what_has_come_and_gone(changed):
    assert said(changed(("eligibility: [REL, FREL]", "eligibility: [REL, QUAL]"))) == [
        ("answers", "params eligibility", "also QUAL; no longer FREL")
    ]


def test_a_table_says_which_rows_are_others():
    old = next(rule for rule in shipped().rules if rule.code == "WF-01")
    table = {**old.params["thresholds"], "asye": (8, 9), "edge_of_care": (14, 18)}

    [change] = compare_rules(old, replace(old, params={**old.params, "thresholds": table}))

    assert (change.effect, change.key) == ("answers", "params thresholds")
    assert change.says == "asye: 8, 9 instead of 10, 12; edge_of_care: 14, 18 instead of none"


def test_a_parameter_touches_what_uses_it(changed):
    new = changed(("head_of_service_days: 182", "head_of_service_days: 90"), ("amber_days: 42", "amber_days: 40"))

    assert {(key, effect) for effect, key, _ in said(new)} == {
        ("params head_of_service_days", "told"),
        ("params amber_days", "answers"),
    }


def test_layout_comments_and_the_order_of_roles_are_no_difference(changed):
    new = changed(
        ("[adviser, team_manager]", "[team_manager, adviser]"),
        (" # abroad, deported", ""),
        ("one_of(eligible_as, eligibility)) and age", "one_of(eligible_as,   eligibility))\n  and age"),
    )

    assert said(new) == []


# ---------------------------------------------------------------- what it comes to


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("red_days: 56", "red_days: 60"), "It may alert others than before."),
        (("job: daily", "job: weekly"), "It alerts the same as before; who is told, or when, changes."),
        (("title: Care", "title: A care"), "It alerts and tells the same as before; only what they read changes."),
        (("review_by: 2027-04-01", "review_by: 2028-04-01"), "It alerts and tells the same as before, in the same words."),
        ((" # abroad, deported", ""), "Nothing differs but layout and comments."),
    ],
)
def test_a_sentence_says_what_the_changes_come_to(changed, change, words):
    new = changed(change)

    assert summarise(OLD, new, compare_rules(OLD, new)) == words


def test_an_expression_is_shown_condition_by_condition(changed):
    [change] = compare_rules(OLD, changed(("and not one_of(in_touch, exclude_touch)", "and age <> 19")))

    assert show_lines(change) == [
        "  (eligible_as is null",
        "  or one_of(eligible_as, eligibility))",
        "  and age between min_age and max_age",
        "- and not one_of(in_touch, exclude_touch)",
        "+ and age <> 19",
        "  and not one_of(accommodation, exclude_accommodation)",
    ]


def test_a_sentence_is_shown_whole(changed):
    [change] = compare_rules(OLD, changed(("title: Care leaver not in touch", "title: Lost and found")))

    assert show_lines(change) == ["- Care leaver not in touch", "+ Lost and found"]


def test_the_and_of_between_begins_no_line():
    assert break_lines("a between 1 and 2 and b or c") == ["a between 1 and 2", "and b", "or c"]


# ---------------------------------------------------------------- the command


@pytest.fixture
def config(tmp_path: Path) -> Path:
    council = MadeCouncil(tmp_path)
    council.write()
    return council.configure("sqlite:///alerting.db")


def diff(config: Path, *arguments: str, code: int) -> Result:
    result = CliRunner().invoke(cli, ["--config", str(config), "rules", "diff", *arguments])
    assert result.exit_code == code, result.output
    return result


def test_a_rule_in_use_and_a_draft_of_it_are_told_apart_for_a_reader(config, changed):
    new = changed(("red_days: 56", "red_days: 60"), ("job: daily", "job: weekly"))

    output = diff(config, "cl-01", new.place, code=1).stdout

    assert output.splitlines()[2:] == [
        "",
        "It may alert others than before.",
        "",
        "Whom it alerts",
        "  params red_days  60 instead of 56",
        "",
        "Who is told, and when",
        "  job              asked weekly instead of daily",
    ]


def test_a_rule_and_itself_are_the_same(config):
    assert diff(config, "CL-01", str(SHIPPED), code=0).stdout.endswith("Nothing differs but layout and comments.\n")


def test_what_config_yaml_sets_counts(config):
    MadeCouncil(config.parent).configure("sqlite:///alerting.db", rules={"settings": {"CL-01": {"params": {"red_days": 70}}}})

    assert diff(config, "CL-01", str(SHIPPED), code=0)


def test_a_script_gets_one_value(config, changed):
    value = json.loads(diff(config, "CL-01", changed(("red_days: 56", "red_days: 60")).place, "--json", code=1).stdout)

    assert value.keys() == {"old", "new", "same", "summary", "changes"}
    assert value["old"].keys() == {"id", "code", "file", "version"}
    assert value["same"] is False
    assert value["changes"] == [
        {"key": "params red_days", "effect": "answers", "says": "60 instead of 56", "old": 56, "new": 60, "expression": False}
    ]


def test_a_name_that_is_no_rule_is_told_with_the_nearest(config):
    assert "Did you mean 'CL-01'?" in diff(config, "CL-1", "CP-03", code=1).stderr


def test_every_effect_has_its_heading():
    assert {effect for _, effect, _ in CHANGES.values()} == set(EFFECTS)

"""`alerting rules new`: from a few answers to a rule that passes every check and proves itself."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alerting.app import words_of
from alerting.authoring.examples import failing_examples
from alerting.authoring.new_rule import NewRule, as_yaml, compose, next_code, suggested_id, tables_of
from alerting.authoring.rule_templates import SHAPES, Answers, fitting
from alerting.commands import cli
from alerting.documents.document import load
from alerting.errors import AlertingError
from alerting.model import Tier
from alerting.notifications.messages.rendering import Words
from alerting.rulebook.loader import compile_rule, load_rulebook
from tests.case_rows import RULES, shipped
from tests.made_council import MadeCouncil

LIMITS: dict[str, dict[str, float]] = {
    "overdue": {"amber": 42, "red": 56},
    "due": {"amber": 5, "red": 0},
    "nothing": {"amber": 28},
    "number": {"amber": 18, "red": 22},
    "count": {"amber": 2, "red": 4},
    "share": {"amber": 80, "red": 60},
}
EACH = [(subject.id, shape.id) for subject in shipped().subjects.values() for shape in fitting(subject)]


def new_rule(subject: str, shape: str, column: str | None = None, **answers: Any) -> NewRule:
    """A new rule of a shape about a subject, over the first column that fits."""
    about, chosen = shipped().subjects[subject], SHAPES[shape]
    column = column or chosen.columns(about)[0]
    kind = about.columns[column].type
    made = Answers(
        **{
            "subject": about,
            "column": column,
            "limits": LIMITS[shape],
            "wanted": "true" if kind == "boolean" else "missing",
            **answers,
        }
    )
    return NewRule(
        shape=chosen, answers=made, id="made-for-a-test", code="LOC-77", title="Something is late", owner="head of service",
        basis_kind="local", basis_text="Nothing is late", basis_source="council standard", review_by=date(2027, 4, 1),
        notify=dict.fromkeys(made.limits or (made.at_once,), ("team_manager",)),
    )  # fmt: skip


def given(text: str) -> list[str]:
    return re.findall(r"^    gives: (\w+)$", text, re.MULTILINE)


# ---------------------------------------------------------------- what is written


def test_every_shape_fits_some_shipped_subject_and_every_subject_has_a_shape():
    assert {shape for _, shape in EACH} == set(SHAPES)
    assert {subject for subject, _ in EACH} == set(shipped().subjects)


@pytest.mark.slow
@pytest.mark.parametrize(("subject", "shape"), EACH)
def test_a_rule_of_every_shape_about_every_subject_can_be_used_and_proves_itself(subject, shape, tmp_path):
    text, proof = compose(shipped(), new_rule(subject, shape))
    file = tmp_path / "made-for-a-test.yaml"
    file.write_text(text, "utf-8")
    rule = compile_rule(shipped(), file, {})

    assert not isinstance(rule, list)
    assert failing_examples([rule], shipped()) == []
    assert {"none", *LIMITS[shape]} <= set(given(text))
    assert len(proof) == len(rule.file.examples)
    assert Words({rule.id: words_of(rule)}, council="Exampleshire").problems(words_of(rule), Tier.reference) == []


@pytest.mark.parametrize(
    ("rule", "proof"),
    [
        (
            new_rule("care_leaver", "overdue", "latest_contact"),
            ["42 days ago: still clear", "43 days ago: amber begins", "56 days ago: still amber", "57 days ago: red begins",
             "no date is recorded: unknown"],
        ),
        (
            new_rule("child_protection_plan", "overdue", "last_cp_visit", working_days=True, limits={"red": 10}, missing="red"),
            ["10 working days ago: still clear", "11 working days ago: red begins", "no date is recorded: red"],
        ),
        (
            new_rule("child_in_care", "due", "next_review", working_days=True),
            ["6 working days to go: still clear", "5 working days to go: amber begins", "the day itself: still amber",
             "1 working days past: red begins", "no date is recorded: unknown"],
        ),
        (
            new_rule("care_leaver", "nothing", "pathway_review", since="leaver_since"),
            ["28 days on: still clear", "29 days on: amber begins", "recorded: clear",
             "nothing is recorded, not even the date it is counted from: unknown"],
        ),
        (
            new_rule("child_in_care", "nothing", "legal_statuses", limits={}, at_once="red"),
            ["recorded: clear", "nothing is recorded: red"],
        ),
        (
            new_rule("worker", "number", "staff_fte", limits={"red": 0.7}),
            ["0.7: still clear", "0.8: red begins", "no number is recorded: unknown"],
        ),
        (
            new_rule("open_case", "count", "has_worker", wanted="false", limits={"amber": 2}),
            ["2 in the team: still clear", "3 in the team: amber begins"],
        ),
        (
            new_rule("open_case", "share", "has_worker", wanted="true", limits={"red": 90}),
            ["90 % in the team: still clear", "80 % in the team: red begins", "too few in the team: unknown"],
        ),
    ],
    ids=["overdue", "overdue, missing is red", "due", "nothing", "nothing, at once", "number", "count", "share"],
)  # fmt: skip
def test_the_examples_show_both_sides_of_each_limit_and_what_a_missing_value_means(rule, proof):
    assert compose(shipped(), rule)[1] == proof


def test_the_file_points_to_its_schema_and_says_what_may_be_added():
    text, _ = compose(shipped(), new_rule("care_leaver", "overdue", "latest_contact"))

    assert text.startswith("# yaml-language-server: $schema=../rule.schema.json\n")
    assert "# where: " in text
    assert "`when_null: amber` would" in text


def test_what_a_mail_may_not_show_is_not_in_its_words():
    text, _ = compose(shipped(), new_rule("care_leaver", "overdue", "born_on"))

    assert "born_on" not in re.findall(r"^says: (.*)$", text, re.MULTILINE)[0]


def test_a_rule_waits_for_every_table_that_its_subject_is_made_of():
    assert {"ssd_cp_plans", "ssd_cp_visits", "ext_visit_freq"} <= set(
        tables_of(shipped(), shipped().subjects["child_protection_plan"])
    )


@pytest.mark.parametrize(
    "words",
    ["No", "12", "1e3", "Late: very", "A # mark", 'He said "late"', "Ärger", "-", "2026-03-31", "~", "[a]", "a, b", "x:", "'"],
)
def test_words_that_yaml_would_take_for_something_else_come_back_as_they_were(words, tmp_path):
    (tmp_path / "rule.yaml").write_text(f"title: {as_yaml(words)}\nrow: {{x: {as_yaml(words)}}}\n", "utf-8")

    assert load(tmp_path / "rule.yaml").value == {"title": words, "row": {"x": words}}


def test_limits_too_near_to_each_other_to_show_are_refused():
    with pytest.raises(AlertingError, match="Give limits that lie further apart"):
        compose(shipped(), new_rule("open_case", "share", "has_worker", wanted="true", limits={"amber": 80, "red": 79.99}))


# ---------------------------------------------------------------- suggestions


def test_an_id_is_suggested_from_the_title():
    assert suggested_id("Worker's caseload: too high!") == "workers-caseload-too-high"


def test_the_next_free_code_has_the_letters_of_the_pack():
    assert next_code(shipped(), "local") == "LOC-01"
    assert next_code(shipped(), "practice").partition("-")[2] > "00"
    assert next_code(shipped(), "workforce") == "WF-02"


# ---------------------------------------------------------------- the command


@pytest.fixture
def config(tmp_path: Path) -> Path:
    council = MadeCouncil(tmp_path)
    council.write()
    shutil.copytree(RULES, tmp_path / "rules")
    return council.configure("sqlite:///alerting.db")


def alerting(config: Path, *arguments: str, answers: str | None = None, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["--config", str(config), "rules", *arguments], input=answers)
    assert result.exit_code == code, result.output
    return result


SCRIPT = (
    "new", "--yes", "--subject", "care_leaver", "--shape", "overdue", "--column", "latest_contact", "--amber", "42", "--red", "56",
    "--title", "No contact with a care leaver", "--basis", "Contact every eight weeks", "--owner", "leaving care manager",
)  # fmt: skip


def files(config: Path) -> set[Path]:
    return set((config.parent / "rules").rglob("*"))


def test_a_script_gives_every_answer_as_an_option_and_gets_the_path(config):
    result = alerting(config, *SCRIPT, "--notify", "amber=adviser,team_manager", "--review-by", "2027-01-31")

    path = Path(result.stdout.strip())
    text = path.read_text("utf-8")
    assert path == config.parent / "rules" / "local" / "no-contact-with-a-care-leaver.yaml"
    assert "code: LOC-01\n" in text
    assert "  amber: [adviser, team_manager]\n  red: [team_manager]\n" in text
    assert "review_by: 2027-01-31 " in text
    assert "of 5 examples" in alerting(config, "test", "LOC-01").stderr


def test_what_is_written_passes_the_check(config):
    alerting(config, *SCRIPT)

    result = CliRunner().invoke(cli, ["--config", str(config), "check", "--no-source", "--offline"])

    assert (result.exit_code, result.stdout) == (0, "All is well.\n")


def test_a_rule_of_every_shape_passes_the_check_without_a_warning(config):
    for number, (shape, subject) in enumerate({shape: subject for subject, shape in EACH}.items(), start=70):
        rule = replace(new_rule(subject, shape), id=f"made-{shape}", code=f"LOC-{number}")
        (config.parent / "rules" / "local" / f"made-{shape}.yaml").write_text(compose(shipped(), rule)[0], "utf-8")

    result = CliRunner().invoke(cli, ["--config", str(config), "check", "--no-source", "--offline"])

    assert (result.exit_code, result.stdout) == (0, "All is well.\n")


def answers(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


QUESTIONS = {
    "subject": "care_leaver", "title": "No contact", "id": "", "code": "", "shape": "overdue", "column": "latest_contact",
    "days": "working", "amber": "42", "red": "56", "missing": "red", "amber told": "adviser", "red told": "team_manager",
    "basis": "Contact every eight weeks", "kind": "", "source": "", "owner": "leaving care manager", "clears": "", "write": "y",
}  # fmt: skip


def test_a_person_is_asked_each_thing_with_a_suggestion_and_shown_the_proof(config):
    result = alerting(config, "new", answers=answers(*QUESTIONS.values()))

    text = (config.parent / "rules" / "local" / "no-contact.yaml").read_text("utf-8")
    assert "measure: working_days_since(latest_contact)" in text
    assert "when_null: red " in text
    assert "43 working days ago: amber begins" in result.stderr
    assert result.stdout.strip().endswith("rules/local/no-contact.yaml")


WRONG = (
    ("subject", "care leavers", "'care leavers' is none of these. Did you mean 'care_leaver'?"),
    ("title", "x" * 81, "That is 81 characters; 80 fit."),
    ("title", "{{ name }}", "Plain words on one line"),
    ("id", "CP visit", "small letters, digits and dashes"),
    ("id", "cp-visit-overdue", "There is a rule 'cp-visit-overdue' already"),
    ("code", "loc1", "capital letters, a dash and a number"),
    ("code", "CP-03", "CP-03 is the code of cp-visit-overdue."),
    ("column", "in_touch", "'in_touch' is none of these."),
    ("amber", "six weeks", "Write a number, or none."),
    ("amber", "1.5", "A limit here is a whole number."),
    ("amber", "9999", "The limit can be 3650 at most."),
    ("red", "42", "it must be more than amber, 42."),
    ("amber told", "team_manger", "'team_manger' is none of these. Did you mean 'team_manager'?"),
    ("red told", ",", "Somebody has to be told."),
    ("owner", "{x}", "Plain words on one line"),
)


def test_an_answer_that_will_not_do_is_asked_for_again_with_the_reason(config):
    wrong = {name: [line for question, line, _ in WRONG if question == name] for name in QUESTIONS}

    result = alerting(
        config, "new", answers=answers(*(line for name, right in QUESTIONS.items() for line in (*wrong[name], right)))
    )

    assert [reason for _, _, reason in WRONG if reason not in result.stderr] == []
    assert (config.parent / "rules" / "local" / "no-contact.yaml").exists()


@pytest.mark.parametrize("stopped_at", [0, 6, len(QUESTIONS) - 1])
def test_who_stops_on_the_way_leaves_nothing_behind(config, stopped_at):
    before = files(config)

    alerting(config, "new", answers=answers(*list(QUESTIONS.values())[:stopped_at]), code=1)

    assert files(config) == before


def test_who_says_no_at_the_end_leaves_nothing_behind(config):
    before = files(config)

    alerting(config, "new", answers=answers(*[*QUESTIONS.values()][:-1], "n"), code=1)

    assert files(config) == before


def test_no_file_is_ever_overwritten(config):
    path = config.parent / "rules" / "local" / "no-contact-with-a-care-leaver.yaml"
    path.write_text("mine", "utf-8")

    alerting(config, *SCRIPT, "--id", "another-id")
    result = alerting(config, *SCRIPT, "--code", "LOC-09", code=2)

    assert "There is a rule 'no-contact-with-a-care-leaver' already" in result.stderr
    assert path.read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--subject", "worker"], "--shape"),
        (["--amber", "60"], "it must be more than amber, 60."),
        (["--amber", "none", "--red", "none"], "without amber there must be red"),
        (["--since", "leaver_since"], "--since has no part in this rule"),
        (["--notify", "critical=team_manager"], "--notify critical= has no part in this rule"),
        (["--pack", "subjects"], "A pack is a folder"),
        (["--title", ""], "--title is needed"),
    ],
)
def test_an_option_that_will_not_do_is_refused_with_the_reason(config, options, reason):
    before = files(config)

    result = alerting(config, *SCRIPT, *options, code=2)

    assert reason in result.stderr
    assert files(config) == before


def test_a_pack_that_config_yaml_does_not_use_is_refused(config):
    config.write_text(config.read_text("utf-8") + "rules: {packs: [practice]}\n", "utf-8")

    assert "`rules: packs:` has practice" in alerting(config, *SCRIPT, code=2).stderr


def test_a_council_that_uses_the_shipped_rules_gets_a_copy_of_them_with_its_own_beside(config):
    shutil.rmtree(config.parent / "rules")

    result = alerting(config, *SCRIPT)

    assert "they are copied to" in result.stderr
    book = load_rulebook(config.parent / "rules")
    assert {rule.id for rule in book.rules} == {rule.id for rule in shipped().rules} | {"no-contact-with-a-care-leaver"}

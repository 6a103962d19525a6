"""`alerting rules keys` and `alerting rules subjects`: what there is to write a rule with, asked at the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerting.commands import cli
from alerting.rulebook.reference import key_names
from tests.case_rows import shipped


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("council") / "config.yaml"
    path.write_text("council: {name: Exampleshire}\nsource: {type: demo}\nreceivers: {look: {type: console}}\n", "utf-8")
    return path


def rules(config: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(config), "rules", *words])


def test_every_key_is_listed_once_under_what_it_is_a_key_of(config):
    listed = rules(config, "keys").stdout

    assert [name for name in key_names() if name not in listed] == []
    assert [line.partition(":")[0] for line in listed.splitlines()] == [
        "A rule", "The basis of a rule", "An example of a rule", "An escalation of a rule", "A subject", "A column of a subject",
    ]  # fmt: skip


def test_a_key_is_told_with_its_words_and_what_it_is_without_being_written(config):
    assert rules(config, "keys", "when_null").stdout == (
        "A rule: The level where the measure is missing; without it the answer is unknown. "
        "Words: `info`, `amber`, `red`, `critical`. Default: none.\n"
    )


def test_a_key_of_several_parts_is_told_for_each(config):
    assert [line.partition(":")[0] for line in rules(config, "keys", "says").stdout.splitlines()] == [
        "A rule", "An example of a rule", "A subject", "A column of a subject",
    ]  # fmt: skip


def test_every_subject_is_listed_with_whom_it_is_about(config):
    listed = rules(config, "subjects").stdout

    assert [
        f"{subject.id}\t{subject.says}"
        for subject in shipped().subjects.values()
        if f"{subject.id}\t{subject.says}" not in listed
    ] == []


FEW = {"child_protection_plan", "team_workforce", "worker"}
"""Of the shipped subjects, a few: the command reads all the rules for each."""


@pytest.mark.parametrize(
    "name", [name if name in FEW else pytest.param(name, marks=pytest.mark.slow) for name in sorted(shipped().subjects)]
)
def test_a_subject_is_told_with_each_of_its_columns(config, name):
    lines = rules(config, "subjects", name).stdout.splitlines()

    assert lines[0] == "Column\tType\tTier\tMeans"
    assert lines[1:] == [
        f"{column}\t{about.type}\t{about.tier}\t{about.says}" for column, about in shipped().subjects[name].columns.items()
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("keys", "when_nul"), "there is no key 'when_nul'\n  Did you mean 'when_null'?"),
        (("keys", "xyzzy"), "there is no key 'xyzzy'\n  `alerting rules keys` lists them all."),
        (("subjects", "care_leavers"), "there is no subject 'care_leavers'\n  Did you mean 'care_leaver'?"),
        (("subjects", "xyzzy"), "there is no subject 'xyzzy'\n  `alerting rules subjects` lists them all."),
        (("functions", "day_since"), "there is no function 'day_since'\n  Did you mean 'days_since'?"),
    ],
    ids=str,
)
def test_what_there_is_not_is_answered_with_the_nearest_or_where_to_look(config, words, said):
    result = rules(config, *words)

    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr

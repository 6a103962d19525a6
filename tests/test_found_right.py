"""What a check remembers of rule files saves time and changes no answer."""

from __future__ import annotations

import contextlib
import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from alerting import cli, commands
from alerting.app import build
from alerting.rulebook import check_cache
from alerting.rulebook.loader import GoodText
from tests.test_mistakes import BETWEEN_FILES, CONFIG, GOOD, IN_THE_SQL, RULE, SETTINGS, SUBJECT, VIEW

THIRD, FOURTH = "rules/local/plan-third.yaml", "rules/local/plan-fourth.yaml"
CHECK = ("check", "--no-source", "--offline")


def renamed(name: str, code: str) -> str:
    return GOOD[RULE].replace("id: plan-visit-late", f"id: {name}").replace("code: LOC-01", f"code: {code}")


FILES = GOOD | {THIRD: renamed("plan-third", "LOC-03"), FOURTH: renamed("plan-fourth", "LOC-04")}


class Council:
    """A council's folder of config.yaml and rules, all of them good at first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write(FILES)

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text, "utf-8")

    def change(self, file: str, *changes: tuple[str, str]) -> None:
        text = (self.folder / file).read_text("utf-8")
        for before, after in changes:
            assert before in text
            text = text.replace(before, after, 1)
        self.write({file: text})

    def check(self, *options: str) -> str:
        with contextlib.chdir(self.folder):
            return CliRunner().invoke(commands.cli, [*CHECK, *options], catch_exceptions=False).stdout

    def not_looked_into(self) -> set[str]:
        with contextlib.chdir(self.folder):
            return {right.id for right in build(Path(CONFIG), checking=True, memory=True).book.right.values()}

    @property
    def kept(self) -> list[Path]:
        return list((self.folder / "cache").rglob("*.json"))


@pytest.fixture
def council(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Council:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    return Council(tmp_path)


def test_a_rule_file_that_was_found_right_is_not_looked_into_again_until_it_changes(council: Council) -> None:
    assert council.not_looked_into() == set()
    assert council.check() == "All is well.\n"
    assert council.not_looked_into() == {"plan-third", "plan-fourth"}

    council.change(THIRD, ("clears: A visit", "clears: A new visit"))
    assert council.not_looked_into() == {"plan-fourth"}
    assert council.check() == "All is well.\n"
    assert council.not_looked_into() == {"plan-third", "plan-fourth"}


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        (SETTINGS, "adult_age: 18", "adult_age: 19"),
        (SUBJECT, "title: Child on a plan", "title: Child with a plan"),
        (VIEW, "-- One row", "-- A row"),
        (CONFIG, "red_days: 40", "red_days: 41"),
        (CONFIG, "ceiling: reference", "ceiling: detail"),
    ],
)
def test_whatever_a_verdict_stands_on_counts_as_a_change(council: Council, file: str, before: str, after: str) -> None:
    council.check()
    council.change(file, (before, after))

    assert council.not_looked_into() == set()


def test_another_version_of_the_program_looks_into_every_file(
    council: Council, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Path(shutil.copytree(Path(check_cache.__file__).parent, tmp_path / "program"))
    monkeypatch.setattr(check_cache, "__file__", (program / "found_right.py").as_posix())
    council.check()
    assert council.not_looked_into()

    (program / "doubts.py").write_text("# mended\n", "utf-8")

    assert council.not_looked_into() == set()


def test_a_rule_with_a_fault_or_a_warning_is_looked_into_every_time(council: Council) -> None:
    council.change(THIRD, ("red_days: 42", "red_days: 42\n  spare_days: 3"))
    council.change(FOURTH, ("measure > red_days", "measure > reddays"))
    told = council.check()

    assert council.not_looked_into() == set()
    assert council.check() == told
    assert "'spare_days' is used nowhere" in told
    assert "'reddays'" in told


@pytest.mark.parametrize("mistake", [*IN_THE_SQL, *BETWEEN_FILES], ids=lambda mistake: mistake.name)
def test_a_mistake_in_what_rules_stand_on_is_told_as_if_nothing_were_remembered(council: Council, mistake) -> None:
    council.check()
    assert council.not_looked_into() == {"plan-third", "plan-fourth"}
    council.write({mistake.file: mistake.made()})

    assert council.check() == council.check("--no-cache")


TANGLED = {
    "two rules with one id": [(FOURTH, "id: plan-fourth", "id: plan-third")],
    "two rules with one code, the later one changed": [(THIRD, "code: LOC-03", "code: LOC-04")],
    "two rules with one code, the earlier one changed": [(FOURTH, "code: LOC-04", "code: LOC-03")],
    "a rule that another was covered by is gone": [(THIRD, "id: plan-third", "id: plan-3")],
    "two rules that cover each other": [(THIRD, "subject: plan\n", "subject: plan\ninhibited_by: [plan-covered]\n")],
    "a rule that is covered by a code": [(THIRD, "subject: plan\n", "subject: plan\ninhibited_by: [LOC-04]\n")],
    "a rule that stands for one of its own pack": [(THIRD, "subject: plan\n", "subject: plan\nreplaces: plan-fourth\n")],
    "a rule that stands for none": [(THIRD, "subject: plan\n", "subject: plan\nreplaces: plan-fifth\n")],
    "config.yaml sets a number of a rule in words": [(CONFIG, "LOC-01:", "LOC-03: {params: {red_days: forty}}\n    LOC-01:")],
    "config.yaml turns a rule off": [(CONFIG, "LOC-01:", "LOC-03: {enabled: false}\n    LOC-01:")],
    "config.yaml names a rule in other letters": [(CONFIG, "LOC-01:", "LOC-3: {enabled: false}\n    LOC-01:")],
    "a receiver may be shown less": [(CONFIG, "ceiling: detail", "ceiling: reference")],
    "a subject loses a column": [(SUBJECT, "ethnicity: {type", "ethnic: {type")],
    "a pack is taken away": [(CONFIG, "  path: rules\n", "  path: rules\n  packs: [locals]\n")],
}


@pytest.mark.parametrize("changes", TANGLED.values(), ids=TANGLED)
def test_rules_that_hang_on_each_other_are_told_of_as_if_nothing_were_remembered(council: Council, changes) -> None:
    covered = renamed("plan-covered", "LOC-05").replace("subject: plan\n", "subject: plan\ninhibited_by: [plan-third]\n")
    council.write({"rules/local/plan-covered.yaml": covered})
    council.change(CONFIG, ("ceiling: reference", "ceiling: detail"))
    council.change(FOURTH, ("clears: A visit", "clears: (of ethnicity {{ ethnicity }}) A visit"))
    assert council.check() == "All is well.\n"
    assert council.not_looked_into() == {"plan-third", "plan-fourth"}
    for file, before, after in changes:
        council.change(file, (before, after))

    told = council.check()

    assert told == council.check("--no-cache")
    assert told == council.check()


def test_a_receiver_that_is_put_right_may_be_shown_less_than_the_others(council: Council) -> None:
    mail = "  post: {type: folder, pathe: post, ceiling: reference}\n"
    council.change(CONFIG, ("ceiling: reference}\n", f"ceiling: detail}}\n{mail}"))
    council.change(FOURTH, ("clears: A visit", "clears: (of ethnicity {{ ethnicity }}) A visit"))
    assert "pathe" in council.check()
    council.change(CONFIG, ("pathe:", "path:"))

    assert "'ethnicity' is of tier detail" in council.check()


def test_a_subject_in_its_last_good_version_is_not_what_rules_are_remembered_by(
    council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {"subjects/plan.yaml": GoodText(text=FILES[SUBJECT], seen_on=date(2026, 3, 30))}
    council.change(SUBJECT, ("key: plan_id", "keys: plan_id"))
    with monkeypatch.context() as patch:
        patch.setattr("alerting.app._last_good", lambda _: good)
        assert "its version of 30 March 2026 is used" in council.check()

    assert council.check() == council.check("--no-cache")


def test_a_rule_is_told_of_once_its_review_is_due_though_nothing_has_changed(
    council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    council.change(THIRD, ("review_by: 2099-04-01", "review_by: 2027-04-01"))
    monkeypatch.setattr(cli, "now", lambda: datetime(2027, 4, 1, 9, tzinfo=UTC))
    assert council.check() == "All is well.\n"

    monkeypatch.setattr(cli, "now", lambda: datetime(2027, 4, 2, 9, tzinfo=UTC))

    assert "its review was due on 1 April 2027" in council.check()
    assert council.check() == council.check("--no-cache")


def test_a_rule_that_another_stands_for_is_not_told_of(council: Council, monkeypatch: pytest.MonkeyPatch) -> None:
    council.change(THIRD, ("review_by: 2099-04-01", "review_by: 2027-04-01"))
    council.check()
    other = renamed("plan-visit-so-late", "LOC-06").replace("subject: plan\n", "subject: plan\nreplaces: plan-third\n")
    council.write({"rules/local/plan-visit-so-late.yaml": other})
    monkeypatch.setattr(cli, "now", lambda: datetime(2027, 4, 2, 9, tzinfo=UTC))

    assert council.check() == "All is well.\n"


def test_nothing_is_remembered_while_the_engine_refuses_a_rule(council: Council, monkeypatch: pytest.MonkeyPatch) -> None:
    # Rules that ask the same with other numbers are tried once: the others have no fault of their own.
    with monkeypatch.context() as patch:
        patch.setattr("alerting.evaluation.dry_run.query", lambda _: "SELECT nothing FROM nowhere")
        assert "cannot be asked" in council.check()

    assert council.not_looked_into() == set()


def test_a_run_reads_every_rule_whatever_a_check_remembers(council: Council) -> None:
    council.check()

    book = build(council.folder / CONFIG).book

    assert len(book.rules) + len(book.off) == 4
    assert book.right == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', '{"a": ["b"]}', '{"a": ["b", "c", "soon"]}', "\0"])
def test_what_is_kept_and_cannot_be_read_counts_as_nothing(council: Council, text: str) -> None:
    council.check()
    [kept] = council.kept
    kept.write_text(text, "utf-8")

    assert council.not_looked_into() == set()
    assert council.check() == "All is well.\n"
    assert council.not_looked_into() == {"plan-third", "plan-fourth"}


def test_where_nothing_can_be_kept_a_check_is_only_slower(council: Council) -> None:
    (council.folder / "cache").write_text("a file where a folder would be")

    assert council.check() == "All is well.\n"
    assert council.not_looked_into() == set()


def test_an_account_without_a_home_keeps_nothing(council: Council, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: Path("~/.cache/practice-alerts"))
    before = sorted(path.name for path in council.folder.iterdir())

    assert council.check() == "All is well.\n"
    assert sorted(path.name for path in council.folder.iterdir()) == before


def test_what_is_kept_of_a_council_are_ids_codes_and_days(council: Council) -> None:
    council.check()
    [kept] = council.kept

    assert sorted(value for value in json.loads(kept.read_text("utf-8")).values()) == [
        ["plan-fourth", "LOC-04", "2099-04-01"],
        ["plan-third", "LOC-03", "2099-04-01"],
    ]
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]

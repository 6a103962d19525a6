"""`alerting rules new --from CODE`: a rule of the council's own, copied from one that there is."""

from __future__ import annotations

import difflib
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerting.app import build
from alerting.authoring.copy_rule import plan_copy, write_copy
from alerting.commands import cli
from alerting.rulebook.book import Rulebook
from alerting.rulebook.loader import load_rulebook
from tests.case_rows import RULES, copy_shipped, shipped
from tests.made_council import MadeCouncil

pytestmark = pytest.mark.slow

CODES = [rule.code for rule in shipped().rules]
OFF = {rule.id for rule in shipped().off}
SOURCE = RULES / "practice" / "care-leaver-not-in-touch.yaml"
CL_01 = "care-leaver-not-in-touch"


COUNCIL = {
    "name": "Exampleshire",
    "administrators": [
        {"name": "Alex Officer", "address": "admin@example.gov.uk"},
        {"name": "Bo Deputy", "address": "deputy@example.gov.uk"},
    ],
    "domain": "alerts.example.gov.uk",
}


class Council:
    """A council with its own folder of rules, and somebody at its command line."""

    def __init__(self, folder: Path) -> None:
        made = MadeCouncil(folder)
        made.write()
        copy_shipped(folder / "rules")
        self.folder, self.config = folder, made.configure("sqlite:///alerting.db", council=COUNCIL)

    def alerting(self, *words: str) -> Result:
        return CliRunner().invoke(cli, ["--config", str(self.config), *words])

    def new(self, code: str, *options: str) -> Path:
        """Copy a rule; return the file."""
        result = self.alerting("rules", "new", "--from", code, *options)
        assert result.exit_code == 0, result.output
        return Path(result.stdout.strip())

    def check(self) -> tuple[int, str]:
        """Return how `check` ended, and what it said; of rules that read answers of others it may say which are not in use now."""
        result = self.alerting("check", "--no-source", "--offline")
        said = re.sub(
            r"warning: (?:its subject reads the answers of|there is no rule) .*?\n\n", "", result.stdout, flags=re.DOTALL
        )
        said = re.sub(r"\d+ warnings? in \d+ files?\n", "", said)
        return result.exit_code, said or "All is well.\n"

    def book(self) -> Rulebook:
        return load_rulebook(self.folder / "rules")

    def configure(self, text: str) -> None:
        self.config.write_text(f"{self.config.read_text('utf-8')}{text}\n", "utf-8")

    def change(self, rule: str, old: str, new: str) -> Path:
        """Change a rule's file."""
        [path] = (self.folder / "rules").glob(f"*/{rule}.yaml")
        text = path.read_text("utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), "utf-8")
        return path

    def files(self) -> dict[str, bytes]:
        paths = [path for path in self.folder.rglob("*") if path.is_file()]
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture
def council(tmp_path: Path) -> Council:
    return Council(tmp_path)


def changed_lines(before: Path, after: Path) -> list[str]:
    lines = [path.read_bytes().decode("utf-8").splitlines(keepends=True) for path in (before, after)]
    return [f"{line[:1]} {line[1:].strip()}" for line in list(difflib.unified_diff(*lines, n=0))[2:] if line[:1] in "+-"]


# ---------------------------------------------------------------- every rule that comes with the product


def copy_all(council: Council, *, replaces: bool) -> dict[str, Path]:
    """Copy every rule that comes with the product, as the command does; return the files by the codes of their sources."""
    app = build(council.config)
    copies = {
        code: plan_copy(app, code, id_=None, code=f"LOC-{number:02}", title=None, replaces=replaces)
        for number, code in enumerate(CODES, 1)
    }
    for copy in copies.values():
        write_copy(app, copy)
    return {code: copy.path for code, copy in copies.items()}


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Council, dict[str, Path]]:
    council = Council(tmp_path_factory.mktemp("copied"))
    return council, copy_all(council, replaces=False)


@pytest.fixture(scope="module")
def replaced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Council, dict[str, Path]]:
    council = Council(tmp_path_factory.mktemp("replaced"))
    return council, copy_all(council, replaces=True)


def test_the_copies_of_all_rules_pass_the_check_at_once(copied):
    assert copied[0].check() == (0, "All is well.\n")


def test_the_copies_of_all_rules_pass_the_check_as_their_replacements(replaced):
    assert replaced[0].check() == (0, "All is well.\n")


@pytest.mark.parametrize("code", CODES[::12])
def test_the_examples_of_a_copy_that_is_off_prove_it(code, copied):
    council, files = copied
    result = council.alerting("rules", "test", files[code].stem)

    assert result.exit_code == 0, result.output
    assert re.search(r"^([1-9]\d*) of \1 examples? of 1 rule ", result.stderr)


def test_the_examples_of_all_copies_prove_them(replaced):
    result = replaced[0].alerting("rules", "test")

    assert result.exit_code == 0, result.output
    assert re.search(rf"^([1-9]\d*) of \1 examples of {len(CODES)} rules ", result.stderr)


def test_a_copy_differs_in_its_id_its_code_and_being_off_and_in_nothing_else(copied):
    for source in shipped().rules:
        path = copied[1][source.code]
        assert path.parent == copied[0].folder / "rules" / "local"
        assert changed_lines(Path(source.place), path) == [
            f"- id: {source.id}",
            f"- code: {source.code}",
            f"+ id: {path.stem}",
            f"+ code: LOC-{CODES.index(source.code) + 1:02}",
            "+ enabled: false",
        ]


def test_a_replacement_differs_in_its_id_its_code_and_what_it_replaces_and_in_nothing_else(replaced):
    for source in shipped().rules:
        assert changed_lines(Path(source.place), replaced[1][source.code])[2:] == [
            f"+ id: {source.id}-local",
            f"+ code: LOC-{CODES.index(source.code) + 1:02}",
            f"+ replaces: {source.id}",
        ]


def test_the_first_line_of_a_copy_points_an_editor_to_the_schema(copied):
    for path in copied[1].values():
        [schema] = re.findall(r"^# yaml-language-server: \$schema=(.*)$", path.read_text("utf-8"), re.MULTILINE)
        assert (path.parent / schema).is_file()


def test_copies_are_off_and_the_rules_they_were_copied_from_go_on(copied):
    book = copied[0].book()

    assert {rule.id for rule in book.rules} == {rule.id for rule in shipped().rules}
    assert {rule.id for rule in book.off} == OFF | {path.stem for path in copied[1].values()}


def test_replacements_are_asked_and_the_rules_they_were_copied_from_are_not(replaced):
    book = replaced[0].book()

    assert {rule.id for rule in book.rules} == {path.stem for path in replaced[1].values()}
    assert {rule.id for rule in book.off} == OFF


def test_a_copy_is_checked_while_it_is_off(council):
    path = council.new("CL-01")
    path.write_text(
        path.read_text("utf-8").replace("subject: care_leaver", "subject: care_leaver\nlet: {spare: age + 1}"), "utf-8"
    )

    assert "the step 'spare' is used nowhere" in council.check()[1]


# ---------------------------------------------------------------- names


def test_a_copy_has_the_names_that_it_is_given(council):
    path = council.new("CL-01", "--id", "no-contact", "--code", "cl-70", "--title", "No contact: six weeks # or more")

    [rule] = [rule for rule in council.book().off if rule.id not in OFF]
    assert (path.name, rule.id, rule.code, rule.title) == (
        "no-contact.yaml",
        "no-contact",
        "CL-70",
        "No contact: six weeks # or more",
    )
    assert council.check() == (0, "All is well.\n")


def test_an_id_is_made_of_the_title_and_numbered_where_it_is_taken(council):
    assert council.new("CL-01", "--title", "Nobody's call: late!").stem == "nobodys-call-late"
    assert council.new("CL-01", "--title", "Nobody's call, late").stem == "nobodys-call-late-2"


def test_the_next_code_has_the_letters_of_the_councils_own_rules(council):
    council.new("CL-01", "--code", "OUR-07")
    council.new("CP-03")

    assert {rule.code for rule in council.book().off if rule.id not in OFF} == {"OUR-07", "OUR-08"}


def test_a_replacement_can_keep_id_and_code_and_so_its_open_alerts(council):
    council.configure("rules: {settings: {CL-01: {params: {red_days: 60}}}}")
    council.change("cp-visit-overdue", "owner:", f"inhibited_by: [{CL_01}]\nowner:")

    path = council.new("CL-01", "--replaces", "--id", CL_01, "--code", "CL-01")

    assert changed_lines(SOURCE, path) == [f"+ replaces: {CL_01}"]
    assert council.check() == (0, "All is well.\n")
    [rule] = [rule for rule in council.book().rules if rule.code == "CL-01"]
    assert rule.pack == "local"


def test_the_names_of_a_rule_that_is_replaced_are_taken_still_and_it_comes_back_under_them(council):
    replacement = council.new("CL-01", "--replaces")

    for words in (("--code", "CL-01"), ("--id", CL_01), ("--code", "CL-01", "--replaces")):
        result = council.alerting("rules", "new", "--from", "CP-03", *words)
        assert result.exit_code == 1
        assert "care-leaver-not-in-touch.yaml" in result.stderr
    another = council.new("CP-03", "--title", "Care leaver not in touch")
    replacement.unlink()

    assert another.stem == f"{CL_01}-2"
    assert council.check() == (0, "All is well.\n")
    assert {rule.id for rule in council.book().rules} == {rule.id for rule in shipped().rules}


def test_the_next_code_is_behind_those_of_replaced_rules(council):
    council.new("CP-08", "--code", "CP-52", "--replaces")

    assert "code: CP-53" in council.new("CP-03").read_text("utf-8")


# ---------------------------------------------------------------- rules of the council's own


def test_a_copy_can_be_copied_and_is_off_as_well(council):
    first = council.new("CL-01")

    second = council.new("LOC-01")

    assert changed_lines(first, second) == [
        f"- id: {CL_01}-local", "- code: LOC-01", f"+ id: {CL_01}-local-2", "+ code: LOC-02",
    ]  # fmt: skip
    assert council.check() == (0, "All is well.\n")


def test_a_copy_of_a_replacement_does_not_replace_what_that_one_did(council):
    council.new("CL-01", "--replaces")

    assert "replaces:" not in council.new("LOC-01").read_text("utf-8")
    assert council.check() == (0, "All is well.\n")


def test_comments_line_ends_and_a_byte_order_mark_stay_as_they_are(council):
    [path] = (council.folder / "rules").glob(f"*/{CL_01}.yaml")
    text = path.read_text("utf-8").replace(f"id: {CL_01}", f"id: '{CL_01}'  # ours, for good").replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode("utf-8") + b"# the end, without a line end")

    copy = council.new("CL-01", "--title", "Ours").read_bytes()

    assert (
        copy
        == b"\xef\xbb\xbf"
        + text.replace(f"'{CL_01}'", "ours")
        .replace("code: CL-01\r\n", "code: LOC-01\r\nenabled: false\r\n")
        .replace("title: Care leaver not in touch", "title: Ours")
        .encode("utf-8")
        + b"# the end, without a line end"
    )


# ---------------------------------------------------------------- what cannot be


def leave_a_file(council: Council) -> None:
    (council.folder / "rules" / "local" / "mine.yaml").write_text("id: other\n", "utf-8")


def put_a_file_in_the_way(council: Council) -> None:
    shutil.rmtree(council.folder / "rules" / "local")
    (council.folder / "rules" / "local").write_text("", "utf-8")


def break_the_source(council: Council) -> None:
    council.change(CL_01, "subject: care_leaver", "subject: care_leavers")


def fold_the_title(council: Council) -> None:
    council.change(CL_01, "title: Care leaver not in touch", "title: >-\n  Care leaver not\n  in touch")


def let_another_stand_back(council: Council) -> None:
    council.change("cp-visit-overdue", "owner:", f"inhibited_by: [{CL_01}]\nowner:")


WRONG = {
    "there is no such rule": ("", ["CL-10"], "there is no rule 'CL-10'", "Did you mean 'CL"),
    "the id is a rule's": ("", ["CL-01", "--id", "cp-visit-overdue"], "there is a rule 'cp-visit-overdue' already", "practice/cp-visit-overdue.yaml"),
    "the id is the source's, which stays": ("", ["CL-01", "--id", CL_01], f"there is a rule '{CL_01}' already", "another --id"),
    "the id is no id": ("", ["CL-01", "--id", "../No contact"], "'../No contact' is no id", "small letters, digits and dashes"),
    "the code is a rule's": ("", ["CL-01", "--code", "CP-03"], "CP-03 is the code of cp-visit-overdue", "LOC-01 is free"),
    "the code is no code": ("", ["CL-01", "--code", "loc1"], "'LOC1' is no code", "as in LOC-01"),
    "the title is empty": ("", ["CL-01", "--title", " "], "a title is a few words on one line", "--title"),
    "the title has two lines": ("", ["CL-01", "--title", "a\nb"], "a title is a few words on one line", "--title"),
    "local is not in use": ("rules: {packs: [practice]}", ["CL-01"], "local, is not in use", "config.yaml:20:16"),
    "local comes first": ("rules: {packs: [local, practice]}", ["CL-01", "--replaces"], "local is read before practice", "Put local last."),
    "config.yaml would speak of a rule that is gone": (
        "rules: {settings: {CL-01: {reason: x}}}", ["CL-01", "--replaces"], "what config.yaml sets for CL-01 would be lost", "with --code CL-01",
    ),
    "a rule would stand back for one that is gone": (
        let_another_stand_back, ["CL-01", "--replaces"], f"CP-03 stands back for '{CL_01}', which would be gone", f"with --id {CL_01}",
    ),
    "there is such a file": (leave_a_file, ["CL-01", "--id", "mine"], "there is such a file already", "rules/local/mine.yaml"),
    "the folder cannot be written to": (put_a_file_in_the_way, ["CL-01"], "the copy cannot be written", "Ask for the right to write there"),
    "the source has faults": (break_the_source, ["CL-01"], "the rule CL-01 cannot be used", "`alerting check` shows its faults"),
    "the title is written over lines": (
        fold_the_title, ["CL-01", "--title", "New"], "CL-01 cannot be copied as it is written", "`title` on a line of their own",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("arranged", "words", "problem", "remedy"), WRONG.values(), ids=WRONG)
def test_a_copy_that_cannot_be_made_is_refused_with_what_to_do_and_leaves_nothing(council, arranged, words, problem, remedy):
    if callable(arranged):
        arranged(council)
    else:
        council.configure(arranged)
    before = council.files()

    result = council.alerting("rules", "new", "--from", *words)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert problem in result.stderr
    assert remedy in result.stderr
    assert council.files() == before


def test_a_rule_that_runs_in_an_older_version_is_not_copied(council):
    assert council.alerting("run", "daily", "--as-of", "2026-03-02").exit_code == 0
    break_the_source(council)

    result = council.alerting("rules", "new", "--from", "CL-01")

    assert result.exit_code == 1
    assert "CL-01 has faults and cannot be copied" in result.stderr


def test_a_rule_of_the_councils_own_is_changed_and_not_replaced(council):
    council.new("CL-01")

    result = council.alerting("rules", "new", "--from", "LOC-01", "--replaces")

    assert result.exit_code == 1
    assert "LOC-01 is the council's own already" in result.stderr
    assert "Change that file" in result.stderr


# ---------------------------------------------------------------- a council that uses the rules of this version


def test_a_council_without_a_folder_of_rules_gets_one_with_nothing_but_the_copy_in_it(council):
    shutil.rmtree(council.folder / "rules")

    result = council.alerting("rules", "new", "--from", "CL-01")

    assert "its own lie over them" in result.stderr
    copy, own = Path(result.stdout.strip()), council.folder / "rules"
    carried, book = load_rulebook(RULES), load_rulebook(RULES, own=own)
    assert {path.name for path in own.rglob("*") if path.is_file()} == {copy.name, "rule.schema.json"}
    assert {rule.id for rule in book.rules} == {rule.id for rule in carried.rules}
    assert {rule.id for rule in book.off} == {rule.id for rule in carried.off} | {copy.stem}

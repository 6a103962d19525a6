"""The pages for people who write rules: every block in them is run, as its reader would, and does what the page says."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from alerting.authoring.scenarios.file_models import (
    Change,
    Day,
    Directory,
    Expected,
    ExpectedAlert,
    ExpectedMessage,
    HalfLoad,
    Handled,
    Scenario,
)
from alerting.commands import cli
from alerting.rulebook.reference import PARTS, key_names, key_says, keys_page, subjects_page
from tests.case_rows import copy_shipped, shipped

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    {DOCS / "tutorial.md", *DOCS.glob("how-to/*rule*.md"), *DOCS.glob("reference/*rule*.md"), DOCS / "reference/subjects.md"}
)
RUN = ("sh", "yaml", "diff", "text")


# ---------------------------------------------------------------- what is generated


def generated(page: str, command: str) -> str:
    """Return what a page has between the marks of a generator."""
    text = (DOCS / "reference" / page).read_text(encoding="utf-8")
    [found] = re.findall(
        rf"^<!-- [^\n]*`{command}` prints; change it there. -->\n\n(.*?)\n<!-- Here ends", text, re.MULTILINE | re.DOTALL
    )
    return str(found)


def printed(*words: str) -> str:
    return CliRunner().invoke(cli, [*words], catch_exceptions=False).output


@pytest.mark.parametrize(
    ("page", "command"),
    [
        ("rules.md", "rules keys"),
        ("rules.md", "rules functions"),
        ("subjects.md", "rules subjects"),
        ("catalogue.md", "rules catalogue"),
        ("what-is-read.md", "source columns"),
    ],
)
def test_a_generated_page_holds_exactly_what_its_command_prints(page, command, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text(
        "council: {name: Exampleshire}\nsource: {type: demo}\nreceivers: {look: {type: console}}\n", encoding="utf-8"
    )

    assert generated(page, f"alerting {command} --markdown") == printed("--config", str(config), *command.split(), "--markdown")


def test_the_catalogue_has_every_column_of_every_subject_with_its_type_its_tier_and_its_meaning():
    subjects = shipped().subjects
    rows = subjects_page(subjects.values())

    for subject in subjects.values():
        assert f"## {subject.title}\n\n{subject.says}\n" in rows
        for name, column in subject.columns.items():
            assert f"| `{name}` | {column.type} | {column.tier} | {column.says}" in rows


def test_every_key_stands_in_its_table_with_its_description():
    page = keys_page()

    for heading, model in PARTS.items():
        table = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
        for name, field_ in model.model_fields.items():
            [row] = [line for line in table.splitlines() if line.startswith(f"| `{field_.alias or name}` |")]
            assert (field_.description or "").replace("|", "\\|") in row
            assert field_.description


def test_every_key_can_be_asked_about_by_its_name():
    assert [name for name in key_names() if not key_says(name)] == []


@pytest.mark.parametrize("part", [Scenario, Directory, Day, Change, HalfLoad, Handled, Expected, ExpectedAlert, ExpectedMessage])
def test_every_key_of_a_scenario_is_explained(part):
    page = (DOCS / "how-to/test-a-rule.md").read_text(encoding="utf-8").partition("## Scenarios")[2]

    assert [name for name in part.model_fields if f"`{name}`" not in page] == []


# ---------------------------------------------------------------- what is run


@dataclass(frozen=True)
class Block:
    """One block of a page: its language, what is in it, and where it begins."""

    language: str
    text: str
    line: int


@dataclass
class Reader:
    """Somebody at the keyboard who goes through a page: what was made for them, where they are, what they last saw."""

    room: Room
    folder: Path
    seen: str = ""
    status: int = 0
    file: Path | None = None
    skipped: list[str] = field(default_factory=list)
    done: dict[int, BaseException | None] = field(default_factory=dict)


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [Block(each[1], each[2], text.count("\n", 0, each.start()) + 1) for each in found]


def command_exists(words: list[str]) -> bool:
    """Return whether the words name a command that there is; its options and arguments are looked past."""
    command: click.Command = cli
    for word in words:
        if not isinstance(command, click.Group) or word.startswith("-"):
            return True
        found = command.get_command(click.Context(command), word)
        if found is None:
            return command.invoke_without_command and command is not cli
        command = found
    return True


@dataclass
class Room:
    """Where the pages are followed: the demo councils made so far, by the words that made them, and each page's reader."""

    folder: Path
    councils: dict[tuple[str, ...], str] = field(default_factory=dict)
    readers: dict[Path, Reader] = field(default_factory=dict)

    def copy_council(self, words: tuple[str, ...], to: Path) -> str:
        """Put the demo council that these words make there, made only once; return what was said when it was made.

        Its rules are those that come with the product, as at a reader's: this checkout may have others of its own.
        """
        place = self.folder / f"council{list(self.councils).index(words) if words in self.councils else len(self.councils)}"
        if words not in self.councils:
            result = CliRunner().invoke(cli, [*words, "--dir", str(place)], catch_exceptions=False)
            assert result.exit_code == 0, result.output
            copy_shipped(place / "rules")
            self.councils[words] = result.output
        shutil.copytree(place, to)
        return self.councils[words]

    def reader_of(self, page: Path) -> Reader:
        if page not in self.readers:
            folder = self.folder / f"reader{len(self.readers)}"
            folder.mkdir()
            self.readers[page] = Reader(room=self, folder=folder)
        return self.readers[page]


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    return Room(folder=tmp_path_factory.mktemp("author-docs"))


def type_line(reader: Reader, line: str) -> None:
    """Do what one line of a shell block does. The demo is copied from the one that the same words have made before."""
    words = shlex.split(line, comments=True)
    if not words:
        return
    if words[0] == "cd":
        reader.folder = reader.folder / words[1]
        return
    assert words[0] == "alerting", f"a page for authors runs nothing but alerting: {line}"
    if not command_exists(words[1:]):
        reader.skipped.append(line)
        reader.seen, reader.status = "", 0
        return
    reader.skipped.clear()
    if words[1] == "demo":
        reader.seen = reader.room.copy_council(tuple(words[1:]), reader.folder / "demo")
        return
    with contextlib.chdir(reader.folder):
        result = CliRunner().invoke(cli, words[1:], catch_exceptions=False)
    reader.seen, reader.status = result.output, result.exit_code


def write_rule(reader: Reader, text: str) -> str:
    """Write the rule file, as its own id names it; return that id."""
    [name] = re.findall(r"^id: (.*)$", text, re.MULTILINE)
    there = list(reader.folder.glob(f"rules/*/{name}.yaml"))
    reader.file = there[0] if there else reader.folder / "rules" / "local" / f"{name}.yaml"
    if not (reader.folder / "rules").exists():
        copy_shipped(reader.folder / "rules")
    reader.file.write_text(text, encoding="utf-8")
    return str(name)


def write_scenario(reader: Reader, text: str) -> None:
    """Write a scenario into the file that its first line names."""
    reader.file = reader.folder / text.partition("\n")[0].removeprefix("# ")
    reader.file.parent.mkdir(exist_ok=True)
    reader.file.write_text(text, encoding="utf-8")


def change_rule(reader: Reader, text: str) -> None:
    """Change the rule file or scenario that was written last: lines with - are taken out where those with + are put."""
    file = reader.file or max(reader.folder.glob("rules/local/*.yaml"), key=lambda path: path.stat().st_mtime)
    old = "".join(f"{line[1:]}\n" for line in text.splitlines() if not line.startswith("+"))
    new = "".join(f"{line[1:]}\n" for line in text.splitlines() if not line.startswith("-"))
    before = file.read_text(encoding="utf-8")
    assert before.count(old) == 1, f"{file.name} does not have exactly once:\n{old}"
    file.write_text(before.replace(old, new), encoding="utf-8")


def compare(reader: Reader, text: str) -> None:
    """What a page states is what was seen: line by line, spaces aside; `...` stands for anything."""
    if reader.skipped:
        pytest.skip(f"there is no such command yet: {reader.skipped[0]}")
    flat = " ".join(reader.seen.split())
    for line in text.splitlines():
        parts = [re.escape(" ".join(part.split())) for part in line.split("...")]
        assert re.search(".*".join(parts), flat), f"not seen: {line}\nbut:\n{reader.seen}"


def go_through(reader: Reader, block: Block, following: Block | None) -> None:
    if block.language == "sh":
        for line in block.text.splitlines():
            type_line(reader, line)
            expected_to_fail = (
                following is not None
                and following.language == "text"
                and re.search(r"error:|there is no|Look twice|expected  |done with faults", following.text) is not None
            )
            assert expected_to_fail or reader.status == 0, f"{line}\n{reader.seen}"
        if reader.skipped:
            pytest.skip(f"there is no such command yet: {reader.skipped[0]}")
    elif block.language == "yaml" and block.text.startswith("# scenarios/"):
        write_scenario(reader, block.text)
    elif block.language == "yaml":
        name = write_rule(reader, block.text)
        with contextlib.chdir(reader.folder):
            for words in (["check", "--no-source"], ["rules", "test", name]):
                result = CliRunner().invoke(cli, words, catch_exceptions=False)
                assert result.exit_code == 0, result.output
    elif block.language == "diff":
        change_rule(reader, block.text)
    else:
        compare(reader, block.text)


def every_block(*, followed: bool) -> list[object]:
    """Return the blocks of the pages that can be followed, which make a council to be followed in; or those of the others."""
    return [
        pytest.param(page, n, id=f"{page.relative_to(ROOT).as_posix()}:{block.line}")
        for page in PAGES
        if followed is any(re.search(r"^alerting demo\b", block.text, re.MULTILINE) for block in blocks(page))
        for n, block in enumerate(blocks(page))
    ]


@pytest.mark.parametrize(("page", "number"), every_block(followed=False))
def test_a_page_that_cannot_be_followed_shows_commands_that_can_be_typed(page, number):
    block = blocks(page)[number]
    assert block.language == "sh"
    for line in block.text.splitlines():
        command, words = cli, shlex.split(line, comments=True)
        while isinstance(command, click.Group):
            command, words = command.get_command(click.Context(command), words[1]), words[1:]
        assert command is not None, line
        command.make_context(words[0], words[1:])


@pytest.mark.slow  # they make councils, and live through their days
@pytest.mark.parametrize(("page", "number"), every_block(followed=True))
def test_every_block_of_the_pages_for_authors_does_what_the_page_says(page, number, room):
    reader, on_page = room.reader_of(page), blocks(page)
    for n, (block, following) in enumerate(zip(on_page, [*on_page[1:], None], strict=True)):
        if n > number:
            break
        if n not in reader.done:
            try:
                go_through(reader, block, following)
                reader.done[n] = None
            except (Exception, pytest.skip.Exception) as error:  # noqa: BLE001  (what a block before did is told by its own test)
                reader.done[n] = error
    failure = reader.done[number]
    if failure is not None:
        raise failure


def test_the_pages_for_authors_have_no_block_that_nothing_runs():
    assert {block.language for page in PAGES for block in blocks(page)} <= set(RUN)

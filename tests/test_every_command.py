"""Every command there is, given what makes no sense: it says so, ends with an honest code and shows nothing that a terminal obeys."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from alerting.cli import DAY
from alerting.commands import cli
from tests.every_command import COMMANDS
from tests.forked_program import Ended, forked_program
from tests.made_council import MONDAY, MadeCouncil, its_rules
from tests.test_terminal import streams

pytestmark = pytest.mark.slow

ODD = (
    "-1", "9" * 400, "nan", "0001-01-01", "9999-12-31", "/dev/null", "=1+1", "Ł☂😀\u202e\u200b", "%s{0}${env:X}' OR 1=1 --", "rul\udce9s",
)  # fmt: skip
NOTHING_THERE = {
    "an id that is none": "A-ZZZZZZZZ",
    "a folder": "folder",
    "a file that is not there": "nowhere.yaml",
    "a file that cannot be read": "loop.yaml",
    "markup": "[red]x[/red]",
    "control characters": "\x1b[2J\x07",
    "an emoji": "😀",
    "a date that is none": "2026-02-30",
    "10,000 characters": "x" * 10_000,
    "an empty string": "",
    "a dash": "-",
    "a folder above": "../..",
}
"""Twelve kinds of what names nothing that there is."""
LIVES_ON = {("serve",), ("demo",)}
"""What does not end, or makes a council first."""
NAMES_WHAT_IS_NEW = {("demo", "export"), ("store", "backup"), ("rules", "new")}
"""What is given a place to write to."""
NEEDS_ONE_OR_THE_OTHER = {("init",), ("messages", "preview"), ("rules", "diff")}
"""What needs arguments or options, some in place of others, or an answer to a question, which its parameters do not say."""
CHOOSES = {"--rule", "--state"}
"""Options that choose among what there is."""
LONGEST = 6_000
"""Characters that a fault may take, where what is wrong with an argument is told."""


def tells(command: click.Command) -> bool:
    """Return whether a command does something of use when nothing is given to it."""
    return not any(each.required for each in command.params)


TELLS = sorted(path for path in COMMANDS.keys() - LIVES_ON - NEEDS_ONE_OR_THE_OTHER if tells(COMMANDS[path]))


def calls(command: click.Command, bad: str) -> Iterator[tuple[str, ...]]:
    """Return ways to give a command something bad: as all its arguments, and as each of its options.

    A command that has no arguments, and needs none of its options, is first given nothing, whatever is bad.
    """
    options = [each for each in command.params if isinstance(each, click.Option) and not each.is_flag]
    required = [word for each in options if each.required for word in (each.opts[0], bad)]
    arguments = ["--", *(bad for each in command.params if isinstance(each, click.Argument))]
    yield (*required, *arguments)
    for each in options:
        yield (*required, each.opts[0], bad, *arguments)


def ways(command: click.Command, bad: Mapping[str, str], every: int) -> dict[tuple[str, ...], str]:
    """Return ways to give a command each of what is bad, with its kind: as all its arguments, and as some of its options.

    An option is given every second or third, or more where a command has fewer, so that each command is given all of them.
    """
    found: dict[tuple[str, ...], str] = {}
    for place, (each, kind) in enumerate(bad.items()):
        as_arguments, *as_options = calls(command, each)
        every = min(every, max(1, len(as_options)))
        for way in (as_arguments, *(way for number, way in enumerate(as_options) if (place + number) % every == 0)):
            found.setdefault(way, kind)
    return found


def is_fit(result: Result, said: object) -> None:
    assert result.exception is None or isinstance(result.exception, SystemExit), said
    assert result.exit_code in (0, 1, 2, 3), said
    assert result.output.replace("\n", "").replace("\t", "").isprintable(), said
    assert "Traceback" not in result.output, said


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_that_is_a_date_or_a_number_has_bounds(path):
    for each in COMMANDS[path].params:
        assert each.type is DAY or not isinstance(each.type, click.DateTime), each.name
        is_number = isinstance(each.type, click.types.IntParamType | click.types.FloatParamType)
        assert not is_number or (getattr(each.type, "min", None) is not None and each.type.max is not None), each.name


def test_no_command_breaks_on_arguments_that_make_no_sense_where_there_is_no_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path, command in COMMANDS.items():
        if path in LIVES_ON:
            continue
        for bad in ("9" * 400, "Ł☂\u202e", "\x1b[2J"):
            arguments = next(calls(command, bad))
            is_fit(CliRunner().invoke(cli, [*path, *arguments], input=""), (path, arguments))


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a council that nobody should print, after a run; the working folder is two below it."""
    folder: Path = tmp_path_factory.mktemp("used")
    council = MadeCouncil(folder)
    council.row("ext_staff", worker_id="M1")["name"] = "[red]Oak[/red] \x1b[2J\u202e Ŵyn"
    council.row("ext_team", team_id="T1")["name"] = "=HYPERLINK(1) \x9b1m"
    council.write()
    # Of its own, as some commands write rules; beside it, so that no folder above is one of rules.
    rules = shutil.copytree(its_rules(), tmp_path_factory.mktemp("rules") / "rules")
    council.configure(
        f"sqlite:///{folder / 'alerting.db'}", rules={"path": rules.as_posix()}, council={"name": "Cyngor Ŵ ☂ [red]Łódź[/red]"}
    )
    is_fit(
        CliRunner().invoke(cli, ["--config", str(folder / "config.yaml"), "run", "daily", "--as-of", MONDAY.isoformat()]), "run"
    )
    shutil.copy(folder / "alerting.db", folder / "kept.db")
    within = folder / "a" / "b"
    (within / "folder").mkdir(parents=True)
    (within / "loop.yaml").symlink_to("loop.yaml")  # whoever may read everything cannot read this
    return folder


@pytest.fixture
def ask(used: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(used / "a" / "b")

    def invoke(*arguments: str) -> Result:
        shutil.copy(used / "kept.db", used / "alerting.db")
        return CliRunner().invoke(cli, ["--config", str(used / "config.yaml"), *arguments], input="")

    return invoke


@pytest.mark.parametrize("path", sorted(COMMANDS.keys() - LIVES_ON))
def test_no_command_breaks_on_arguments_that_make_no_sense(ask, path):
    for arguments in ways(COMMANDS[path], dict.fromkeys(ODD, "odd"), every=2):
        is_fit(ask(*path, *arguments), (path, arguments))
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("path", sorted(COMMANDS.keys() - LIVES_ON))
def test_what_names_nothing_that_there_is_is_a_fault_of_few_words(ask, path):
    command = COMMANDS[path]
    names = any(isinstance(each, click.Argument) for each in command.params) and path not in NAMES_WHAT_IS_NEW
    bad = {each: kind for kind, each in NOTHING_THERE.items()}
    for arguments, kind in ways(command, bad, every=3).items():
        result = ask(*path, *arguments)
        is_fit(result, (path, kind, arguments))
        assert not result.exit_code or len(result.output) < LONGEST, (path, kind)
        assert result.exit_code or not (names or CHOOSES & set(arguments)), (path, kind, arguments)


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii"])
def test_every_command_says_what_it_has_to_in_a_code_page_that_lacks_the_letters(used, monkeypatch, encoding):
    monkeypatch.chdir(used / "a" / "b")
    shutil.copy(used / "kept.db", used / "alerting.db")
    for path in TELLS:
        with streams(out := io.TextIOWrapper(io.BytesIO(), encoding, newline="\n")) as talk, pytest.raises(SystemExit) as ended:
            cli.main(["--config", str(used / "config.yaml"), *path])
        out.flush()
        said = out.buffer.getvalue().decode(encoding)
        assert ended.value.code in (0, 1), (path, said, talk.getvalue())
        assert "fault of the program" not in talk.getvalue(), path
        assert said.replace("\n", "").replace("\t", "").isprintable(), path


@pytest.fixture(scope="module")
def program(used: Path) -> Iterator[Callable[[Sequence[str], str], Ended]]:
    if not hasattr(os, "fork"):
        pytest.skip("this system does not fork")
    with forked_program(used / "config.yaml") as program:
        yield program


@pytest.mark.parametrize("path", TELLS)
def test_an_output_that_is_closed_or_full_ends_no_command_in_a_traceback(used, program, path):
    arguments = ["--config", str(used / "config.yaml"), *path]
    heard, unheard, full = (program(arguments, output) for output in ("heard", "closed", "full"))

    assert unheard.returncode == heard.returncode
    assert full.returncode == (heard.returncode or (1 if heard.stdout else 0))
    for done in (heard, unheard, full):
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr

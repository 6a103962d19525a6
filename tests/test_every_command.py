"""Every command there is, given what makes no sense: it says so, ends with an honest code and shows nothing that a terminal obeys."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from alerting.cli import DAY
from alerting.commands import cli
from tests.every_command import COMMANDS
from tests.made_council import MONDAY, MadeCouncil

pytestmark = pytest.mark.slow

BAD = (
    "", "-1", "9" * 400, "nan", "0001-01-01", "9999-12-31", "../../etc/passwd", "/dev/null", "[red]x[/red]", "=1+1", "Ł☂😀\u202e\u200b",
    "%s{0}${env:X}' OR 1=1 --", "rul\udce9s", "\x1b[2J\x07",
)  # fmt: skip
LIVES_ON = {("serve",), ("demo",)}
"""What does not end, or makes a council first."""


def calls(command: click.Command, bad: str) -> Iterator[list[str]]:
    """Return ways to give a command something bad: as all its arguments, and as each of its options."""
    options = [each for each in command.params if isinstance(each, click.Option) and not each.is_flag]
    required = [word for each in options if each.required for word in (each.opts[0], bad)]
    arguments = ["--", *(bad for each in command.params if isinstance(each, click.Argument))]
    yield [*required, *arguments]
    for each in options:
        yield [*required, each.opts[0], bad, *arguments]


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


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(COMMANDS.keys() - LIVES_ON))
def test_no_command_breaks_on_arguments_that_make_no_sense(tmp_path, monkeypatch, path):
    council = MadeCouncil(tmp_path)
    council.row("ext_staff", worker_id="M1")["name"] = "[red]Oak[/red] \x1b[2J\u202e"
    council.row("ext_team", team_id="T1")["name"] = "=HYPERLINK(1) \x9b1m"
    council.write()
    config = council.configure("sqlite:///alerting.db")
    monkeypatch.chdir(tmp_path)
    is_fit(CliRunner().invoke(cli, ["--config", str(config), "run", "daily", "--as-of", MONDAY.isoformat()]), "run")
    kept = shutil.copy(tmp_path / "alerting.db", tmp_path / "kept.db")
    for bad in BAD:
        for arguments in calls(COMMANDS[path], bad):
            is_fit(CliRunner().invoke(cli, ["--config", str(config), *path, *arguments], input=""), (path, arguments))
            (tmp_path / "alerting.db").unlink(missing_ok=True)
            shutil.copy(kept, Path("alerting.db"))

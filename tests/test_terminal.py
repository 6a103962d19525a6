"""What commands print, wherever it goes, and whatever other people's text has in it."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest

from alerting import cli as command_line
from alerting import terminal
from alerting.cli import CommandFolder
from alerting.commands import cli
from alerting.errors import AlertingError

ODD = "Łódź [red]Oak[/red] \x1b[2J\x9b1m\u202e\u200b ☂"


class Folder(CommandFolder):
    """A command line whose one command is a function."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__(package=sys.modules["alerting.commands"])
        self._act = click.Command("act", callback=act)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        return self._act


class Full(io.TextIOWrapper):
    """A stream whose writes fail as those to a full disk, or to a pipe that was closed."""

    def __init__(self, error: OSError) -> None:
        super().__init__(io.BytesIO(), "utf-8")
        self._error = error

    def flush(self) -> None:
        raise self._error


@contextmanager
def streams(stdout: io.TextIOWrapper | None) -> Iterator[io.StringIO]:
    kept, talk = (sys.stdout, sys.stderr), io.StringIO()
    sys.stdout, sys.stderr = stdout, talk
    try:
        yield talk
    finally:
        sys.stdout, sys.stderr = kept


def printed(act: Callable[[], object], encoding: str = "utf-8") -> tuple[str, int | None]:
    """Return what a command prints to stdout in an encoding, and what it ends with."""
    raw = io.BytesIO()
    with streams(io.TextIOWrapper(raw, encoding, newline="\n")), pytest.raises(SystemExit) as ended:
        Folder(act).main(["act"])
    return raw.getvalue().decode(encoding), ended.value.code


@contextmanager
def narrow_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Let stdout be a terminal of so many columns; the way to what was drawn on it."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    mine, theirs = pty.openpty()
    kept = sys.stdout
    with os.fdopen(theirs, "w", encoding="utf-8") as screen:
        sys.stdout = screen
        try:
            yield lambda: os.read(mine, 1 << 16).decode()
        finally:
            sys.stdout = kept


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "cp437", "ascii"])
def test_a_name_that_the_code_page_cannot_write_is_written_so_that_it_can_be_told(encoding):
    text, code = printed(lambda: terminal.echo("Łódź – and… back"), encoding)

    assert code == 0
    assert {"utf-8": "Łódź", "ascii": "\\u0141\\xf3d\\u017a - and... back"}.get(encoding, "\\u0141ód\\u017a") in text


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
def test_json_is_the_same_value_in_every_code_page(encoding):
    value = [{"name": f"{ODD} …", "astral": "😀"}]

    text, _ = printed(lambda: terminal.echo_json(value), encoding)

    assert json.loads(text) == value
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e]", text)


def test_no_control_character_and_no_markup_of_other_peoples_text_is_obeyed():
    def act() -> None:
        terminal.echo(ODD)
        terminal.echo_table(["Name"], [[ODD]])
        raise AlertingError(ODD)

    raw = io.BytesIO()
    stdout = io.TextIOWrapper(raw, "utf-8")
    with streams(stdout) as talk, pytest.raises(SystemExit):
        Folder(act).main(["act"])
    for said in (raw.getvalue().decode(), talk.getvalue()):
        assert "Łódź [red]Oak[/red] �[2J�1m�� ☂" in said
        assert said.replace("\n", "").isprintable()


def test_a_table_on_a_narrow_terminal_cuts_no_word_and_obeys_no_markup(monkeypatch):
    words = ["CL-01-7F3K-22QX-ABCD", "[red]Oak[/red]", "\x1b[2JGone", "A reason of several words that may go on in the next line"]

    with narrow_terminal(30, monkeypatch) as drawn:
        terminal.echo_table(["Ref", "Team", "Name", "Why"], [words])
        text = drawn()

    assert all(word in text for word in ("CL-01-7F3K-22QX-ABCD", "[red]Oak[/red]", "�[2JGone"))
    assert "…" not in text
    assert "\x1b[2J" not in text


def test_no_cell_is_a_formula_to_a_spreadsheet():
    cells = [
        "=HYPERLINK(1)",
        "+1+cmd|' /C calc'!A0",
        "-2+3+cmd",
        "@SUM(1)",
        " =1",
        "-3",
        "+44 161 496 0000",
        "-",
        "2026-03-31",
        "a=b",
    ]

    text, _ = printed(lambda: terminal.echo_table(["A"], [[cell] for cell in cells] + [[-3]]))

    shown = text.splitlines()[1:]
    assert shown[:5] == [f"'{cell}" for cell in cells[:5]]
    assert shown[5:] == [*cells[5:], "-3"]


def test_a_line_break_or_a_tab_in_a_cell_makes_no_row_and_no_column_of_its_own():
    text, _ = printed(lambda: terminal.echo_table(["A", "B"], [["a\nb\tc", "d"]]))

    assert text == "A\tB\na b�c\td\n"


@pytest.mark.parametrize(
    ("error", "told"), [(OSError(28, "No space left on device"), "No space left"), (BrokenPipeError(32, "gone"), "")]
)
def test_what_cannot_be_printed_ends_no_work_and_is_no_success(error, told):
    done = []

    def act() -> None:
        terminal.echo("first")
        done.append("the work after it")

    with streams(Full(error)) as talk, pytest.raises(SystemExit) as ended:
        Folder(act).main(["act"])

    assert (done, ended.value.code) == (["the work after it"], 1)
    assert told in talk.getvalue()
    assert bool(told) == bool(talk.getvalue())


@pytest.mark.parametrize("code", [0, 1, 3])
def test_a_closed_stdout_changes_no_code(code):
    with streams(None), pytest.raises(SystemExit) as ended:
        Folder(lambda: (terminal.echo("unheard"), sys.exit(code))).main(["act"])

    assert ended.value.code == code


def test_an_error_that_nobody_foresaw_is_told_by_its_place_and_without_its_words(monkeypatch):
    monkeypatch.delenv("ALERTING_TRACEBACK")

    with streams(io.TextIOWrapper(io.BytesIO(), "utf-8")) as talk, pytest.raises(SystemExit) as ended:
        Folder(lambda: int("Mary Smith")).main(["act"])
    with streams(io.TextIOWrapper(io.BytesIO(), "utf-8")) as path, pytest.raises(SystemExit):
        Folder(lambda: Path("/nowhere/to be found").read_text("utf-8")).main(["act"])

    assert ended.value.code == 1
    assert "error: a fault of the program itself: ValueError in alerting/cli.py, line" in talk.getvalue()
    assert "Mary" not in talk.getvalue()
    assert path.getvalue() == "error: No such file or directory: /nowhere/to be found\n"
    assert command_line._TRACEBACK in talk.getvalue()


@pytest.mark.parametrize("argument", ["rul\udce9s", "\x1b[2J", "a\x00b", "", "x" * 10_000])
def test_an_argument_that_is_empty_no_text_or_endless_is_a_usage_error(argument):
    with streams(io.TextIOWrapper(io.BytesIO(), "utf-8")) as talk, pytest.raises(SystemExit) as ended:
        cli.main(["rules", argument])

    assert ended.value.code == 2
    assert talk.getvalue().replace("\n", "").isprintable()
    assert len(talk.getvalue()) < 500


@pytest.mark.parametrize(
    ("redirected", "code"),
    [("", 0), (">&-", 0), (">/dev/full", 1), ("2>&-", 0), (">&- 2>&-", 0), ("2>/dev/full", 0), ("| head -c 1", 0)],
)
def test_the_shell_may_close_fill_or_leave_the_output(redirected, code):
    command = f"{sys.executable} -m alerting --help {redirected}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr

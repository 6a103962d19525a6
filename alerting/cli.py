"""What the commands of `alerting/commands/` share: each is read only when it is given.

Output goes to stdout, talk to stderr. Exit codes: 0 done, 1 done with faults or problems found, 2 usage,
3 another process has this run.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.util
import os
import pkgutil
import platform
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TextIO

import click

from alerting.errors import AlertingError

if TYPE_CHECKING:
    from alerting.alerts.people import Actor, People
    from alerting.app import App
    from alerting.documents.report import Look
    from alerting.store.store import Store, Transaction

_NOBODY_SIGNED_IN = 2**32 - 1


class CommandFolder(click.Group):
    """The commands that stand as files in a folder; each is read only when it is given. Errors as a person can act on them."""

    def __init__(self, *args: Any, package: ModuleType, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._package = package

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._modules:
            return None
        module = importlib.import_module(f"{self._package.__name__}.{self._modules[cmd_name]}")
        command: click.Command = module.command
        return command

    @property
    def _modules(self) -> dict[str, str]:
        # A command whose word Python keeps for itself, or for a built-in, stands in a file with `_` at its end.
        return {module.name.strip("_").replace("_", "-"): module.name for module in pkgutil.iter_modules(self._package.__path__)}

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their sentences, as they stand in the files: to import them all would take a second."""
        limit = formatter.width - 6 - max(map(len, self._modules))
        rows = [
            (name, click.Command(name, help=self._sentence(name)).get_short_help_str(limit)) for name in self.list_commands(ctx)
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _sentence(self, name: str) -> str:
        found = importlib.util.find_spec(f"{self._package.__name__}.{self._modules[name]}")
        source = Path(found.origin).read_text("utf-8") if found and found.origin else ""
        functions = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == "command")
        return next((ast.get_docstring(function) or "" for function in functions), "")

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            if near and near[0] not in error.message:
                raise click.UsageError(f"{error.message} Did you mean '{near[0]}'?", ctx) from None
            raise

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        except AlertingError as error:
            from alerting.documents import report

            click.echo(report.render_error(error, look_of(sys.stderr)), err=True)
            sys.exit(error.exit_code)


def build_app(ctx: click.Context, *, checking: bool = False) -> App:
    """Read the configuration that --config names, and all it points to; to check it, in spite of its faults."""
    from alerting.app import build

    path: Path = ctx.obj
    return build(path, checking=checking)


def now() -> datetime:
    """Read the clock: here and in the scheduler, and nowhere else."""
    return datetime.now(UTC)


def today(app: App) -> date:
    """Return today's date where the council is."""
    from zoneinfo import ZoneInfo

    return now().astimezone(ZoneInfo(app.loaded.config.council.timezone)).date()


def whence() -> tuple[str, str]:
    """Return the operating system's account that gives this command, and its machine: not what the environment says of either."""
    return _account(), platform.node()


def _account() -> str:
    try:
        import pwd
    except ImportError:  # Windows
        return os.getlogin()
    number = os.getuid()
    with suppress(OSError, ValueError):
        # Who signed in: it stays the same whoever they have become since, as by sudo.
        signed_in = int(Path("/proc/self/loginuid").read_text("ascii"))
        number = signed_in if signed_in != _NOBODY_SIGNED_IN else number
    with suppress(KeyError):
        return pwd.getpwuid(number).pw_name
    return str(number)


def acting(app: App, connection: Transaction, said: str | None) -> tuple[People, Actor]:
    """Return who may act, and who does. said: what `--by` gave. Raises HandlingError where that is nobody who may."""
    from alerting.alerts.people import Actor
    from alerting.errors import HandlingError
    from alerting.store.people import read_people

    people, (account, host) = read_people(connection, app.loaded.config.council.administrators), whence()
    person = people.of_account(account) if said is None else people.named(said)
    if person is None:
        raise HandlingError(
            f"nobody is known to act from the account {account}",
            remedy="Say who does this with --by: a worker id, address or name.",
        )
    return people, Actor(id=person.id, name=person.name, account=account, host=host)


def tell_now(app: App, store: Store) -> None:
    """Send what waits, with what is told of an act that has just been written: whoever must know of it knows it today."""
    from alerting.store import acts
    from alerting.store.messages import send_hold

    try:
        with store.transaction() as connection:
            may_wait = bool(send_hold.find_hold(connection)) or not acts.untold(connection)
        problems = [] if may_wait else [problem.text for problem in app.sender(store).send_all(now)]
    except AlertingError as error:
        problems = [error.problem]
    for problem in problems:
        click.echo(f"What is told of it waits: {problem}", err=True)


def look_of(stream: TextIO) -> Look:
    """Return how faults look on a stream: in colour and as wide as a terminal, plain elsewhere and with NO_COLOR."""
    from alerting.documents.report import PLAIN, Look

    if not stream.isatty():
        return PLAIN
    return Look(colour="NO_COLOR" not in os.environ, width=shutil.get_terminal_size().columns)


def echo_json(value: object) -> None:
    """Print one JSON value."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def echo_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table: drawn on a terminal, plain columns with tabs between them elsewhere, so that scripts can read it."""
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        for row in (headings, *rows):
            click.echo("\t".join("" if cell is None else str(cell) for cell in row))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*headings, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    Console().print(table)

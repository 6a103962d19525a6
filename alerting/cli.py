"""What the commands of `alerting/commands/` share: each is read only when it is given.

Output goes to stdout, talk to stderr. Exit codes: 0 done, 1 done with faults or problems found, 2 usage,
3 another process has this run.
"""

from __future__ import annotations

import ast
import difflib
import gc
import importlib
import importlib.util
import os
import pkgutil
import platform
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

from alerting.errors import AlertingError
from alerting.formatting import capital
from alerting.terminal import echo, echo_styled, look_of, output, unfit

if TYPE_CHECKING:
    from alerting.alerts.people import Actor, People
    from alerting.app import App
    from alerting.store.store import Store, Transaction

_EARLIEST, _LATEST = date(1950, 1, 1), date(2099, 12, 31)
_NOBODY_SIGNED_IN = 2**32 - 1
_TRACEBACK = "ALERTING_TRACEBACK"
"""The variable of the environment with which an error that nobody foresaw is shown as Python shows it."""


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
        with _made_to_stay():
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

    def main(self, args: Sequence[str] | None = None, *more: Any, **kwargs: Any) -> Any:
        """Do what is asked, and end the process with an honest code: no error shows as a traceback, and none goes unsaid."""
        given = sys.argv[1:] if args is None else list(args)
        with output() as printed:
            code = self._refused(given) or _ending(lambda: super(CommandFolder, self).main(given, *more, **kwargs))
        if printed.failed is not None:
            code = code or 1
            if not isinstance(printed.failed, BrokenPipeError):
                with suppress(OSError):
                    echo(f"error: what was to be printed cannot be written: {printed.failed.strerror}", err=True)
        sys.exit(code)

    def _refused(self, given: Sequence[str]) -> int:
        """Return the code that an argument which can be none ends with, after saying so; 0 where all can be."""
        for why in filter(None, map(unfit, given)):
            error = click.UsageError(f"{capital(why)}.", click.Context(self, info_name="alerting"))
            error.show()
            return error.exit_code
        return 0


@contextmanager
def _made_to_stay() -> Iterator[None]:
    """Look for nothing that could be freed while modules and rules are made, which stay to the end: to look takes a seventh of that."""
    looked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looked:
            gc.enable()


def _ending(run: Callable[[], Any]) -> Any:
    """Return the code that a command ends with. Whatever goes wrong is said."""
    try:
        run()
    except SystemExit as ended:
        return ended.code
    except AlertingError as error:
        from alerting.documents import report

        echo_styled(report.render_error(error, look_of(sys.stderr)), err=True)
        return error.exit_code
    except Exception as error:
        if _TRACEBACK in os.environ and not (isinstance(error, OSError) and error.strerror):
            raise
        echo(f"error: {_unforeseen(error)}", err=True)
        return 1
    return 0


def _unforeseen(error: Exception) -> str:
    """Return what is known of an error that nobody foresaw. Its own words can quote case data; those of the system name a path."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if f"{os.sep}alerting{os.sep}" in frame.filename]
    place = f" in alerting{ours[-1].filename.rpartition(f'{os.sep}alerting')[2]}, line {ours[-1].lineno}" if ours else ""
    return (
        f"a fault of the program itself: {type(error).__name__}{place}\n"
        f"  Report that line. With {_TRACEBACK}=1 set, the whole way there is shown, which may quote case data."
    )


class _Day(click.DateTime):
    """A date of an option, of those that a calendar of working days can reckon with."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        found: datetime = super().convert(value, param, ctx)
        if not _EARLIEST <= found.date() <= _LATEST:
            self.fail(f"{value} is not between {_EARLIEST} and {_LATEST}", param, ctx)
        return found


DAY = _Day()
"""The type of every option that is a date."""


class _Clock:
    """The clock that commands go by: how far it is ahead of the machine's, which is nothing but for a made-up council."""

    ahead: timedelta = timedelta()


_CLOCK = _Clock()


class _Process:
    """The process that commands run in: whether it is there for one command alone, and ends with it."""

    is_own: bool = False


PROCESS = _Process()


def build_app(ctx: click.Context, *, checking: bool = False, to_the_end: bool = False) -> App:
    """Read the configuration that --config names, and all it points to; to check it, in spite of its faults.

    to_the_end: the command reads it once only. A process of its own then never looks through it for what could be freed.
    From then on it is what that council's clock says: a made-up one may have a day of its own, on which it is noon now.
    """
    path: Path = ctx.obj
    with _made_to_stay():
        from alerting.casedata import engine

        engine.start()  # its process gets ready while all else is read
        from alerting.app import build

        app = build(path, checking=checking)
        if to_the_end and PROCESS.is_own:
            gc.freeze()
    _CLOCK.ahead = timedelta()
    own = app.source.own_today() if app.source else None
    if own is not None:
        go_to(app, own)
    return app


def go_to(app: App, on: date) -> bool:
    """Let it be noon of a day, in a made-up council that has a day of its own; return whether it is one."""
    if app.source is None or app.source.own_today() is None:
        return False
    _CLOCK.ahead = datetime.combine(on, time(12), tzinfo=UTC) - datetime.now(UTC)
    return True


def now() -> datetime:
    """Read the clock: here and in the scheduler, and nowhere else."""
    return datetime.now(UTC) + _CLOCK.ahead


def today(app: App) -> date:
    """Return today's date where the council is."""
    return now().astimezone(app.loaded.config.council.zone).date()


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


def refuse_where_on_page(app: App) -> None:
    """Raise HandlingError where a second person approves on the page alone."""
    from alerting.errors import HandlingError

    page = app.loaded.config.page
    if app.loaded.config.handling.approve_on_page and page is not None:
        raise HandlingError(
            "here the second person approves on the page, where they have signed in",
            remedy=f"They open {page.url}/service/waiting, or the page of the alert; leave `--approved-by` out.",
        )


def tell_now(app: App, store: Store) -> None:
    """Send what waits, with what is told of an act that has just been written: whoever must know of it knows it today."""
    from alerting.store import acts
    from alerting.store.messages import send_hold

    try:
        with store.transaction() as connection:
            may_wait = send_hold.which_may_be_sent(connection) is None or not acts.untold(connection)
        problems = [] if may_wait else [problem.text for problem in app.sender(store).send_all(now)]
    except AlertingError as error:
        problems = [error.problem]
    for problem in problems:
        echo(f"What is told of it waits: {problem}", err=True)

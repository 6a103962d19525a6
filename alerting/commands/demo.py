"""`alerting demo`: a made-up council, some working days of its life, and the messages its managers get."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerting import private_files
from alerting.casedata import flavours
from alerting.cli import DAY
from alerting.delivery.sending import Clock
from alerting.errors import ConfigError, StoreError
from alerting.notifications.report import Report
from alerting.sources.demo.export import DateStyle, Encoding, Format
from alerting.terminal import echo, echo_table

if TYPE_CHECKING:
    from alerting.app import App
    from alerting.store.store import Store

_FIRST_DAY = date(2026, 3, 2)
_EXPORTED = ".made-up-council"
_AT = {"daily": time(7), "monthly": time(7, 15), "weekly": time(7, 30)}
_PORT = 8620
_MARK = "# Made by `alerting demo`, which makes it anew each time."
_CONFIG = f"""{_MARK}
council:
  name: Exampleshire Council
  # Who looks after the service: two people, so that one can act when the other is away.
  administrators:
    - name: Alex Admin
      address: alerts-admin@example.gov.uk
    - name: Bo Deputy
      address: alerts-deputy@example.gov.uk
  leadership:
    - name: Dee Rector
      address: director@example.gov.uk
  domain: alerts.example.gov.uk
  stamp: MADE-UP DATA
store: sqlite:///alerting.db
go_live: full
# It stays this day here, so that a run some other month does not go on with it.
source: {{type: demo, children: %(children)d, seed: %(seed)d, start: %(start)s, today: %(today)s}}
keep: {{path: kept, days: 400}}
receivers:
  outbox: {{type: folder, path: outbox, ceiling: reference}}
  channel: {{type: folder, path: channel, ceiling: counts, teams: [A01, P01]}}
# The page, at which one looks as anybody of this council: on this machine alone.
page:
  url: http://127.0.0.1:{_PORT}
  port: {_PORT}
  sign_in: {{type: look-as}}
"""


@click.group(invoke_without_command=True)
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path), default=Path("demo"), show_default=True, help="Where it is made."
)
@click.option(
    "--children", default=3000, show_default=True, type=click.IntRange(50, 200_000), help="How many open or recent cases."
)
@click.option("--days", default=10, show_default=True, type=click.IntRange(1, 80), help="How many working days.")
@click.option("--seed", default=7, show_default=True, type=click.IntRange(0, 2**31 - 1), help="Another seed is another council.")
@click.option("--serve", is_flag=True, help="Then show the page, to look at it as its managers would, until told to stop.")
@click.pass_context
def command(ctx: click.Context, folder: Path, children: int, days: int, seed: int, *, serve: bool) -> None:
    """Run some working days, a month's rules and a weekly summary on a made-up council; deliver into a folder."""
    if ctx.invoked_subcommand:
        return
    from alerting.app import build

    config = _prepare(folder, children, seed)
    app = build(config)
    holidays = app.book.settings.bank_holidays
    store = app.store()
    try:
        pipeline = app.pipeline(store)
        reports: list[Report] = []
        first, *others = _working_days(_FIRST_DAY, days, holidays)
        last = others[-1] if others else first
        # The first day is the first working day of a month.
        jobs = [("daily", first), ("monthly", first), *(("daily", day) for day in others), ("weekly", last)]
        with _progress(len(jobs)) as advance:
            for job, day in jobs:
                advance(f"{job} for {day:%a} {day.day} {day:%B}")
                reports.append(pipeline.run(job, day, _morning(day, _AT[job])))
        _look_for_the_page(app, store, reports, last)
        _write_config(config, children, seed, last)
        index = _show(app, store, folder, reports)
    finally:
        store.close()
    _tell(folder, index, reports)
    if serve:
        from alerting.commands.serve import show_page

        echo(f"Open http://127.0.0.1:{_PORT} to look at the page as one of its people; Ctrl+C ends it.")
        show_page(config, lambda: build(config))


@command.command()
@click.option("--to", "folder", type=click.Path(path_type=Path), required=True, help="The folder to write into.")
@click.option("--format", "kind", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True)
@click.option("--as-of", type=DAY, default=_FIRST_DAY.isoformat(), show_default=True, help="The day to show.")
@click.option("--children", default=3000, show_default=True, type=click.IntRange(50, 200_000))
@click.option("--seed", default=7, show_default=True, type=click.IntRange(0, 2**31 - 1))
@click.option("--dates", type=click.Choice(["iso", "uk"]), default="iso", show_default=True, help="2026-03-31 or 31/03/2026.")
@click.option("--encoding", type=click.Choice(["utf-8", "utf-8-sig", "cp1252"]), default="utf-8", show_default=True)
@click.option("--flavour", type=click.Choice(flavours.names()), help="As the official SSD script of this case system has them.")
@click.option("--force", is_flag=True, help="Write into a folder that has other files in it, over those of the same names.")
def export(
    folder: Path,
    kind: Format,
    as_of: datetime,
    children: int,
    seed: int,
    dates: DateStyle,
    encoding: Encoding,
    flavour: str | None,
    *,
    force: bool,
) -> None:
    """Write the made-up council out, a file a table, as an extract of a case system would be.

    A folder that has anything in it but an earlier export is left alone.
    """
    from alerting.sources.demo.export import export as write
    from alerting.sources.demo.source import Source

    _own_folder(folder, force=force)
    source = Source(children=children, seed=seed, start=_FIRST_DAY)
    paths = write(source, as_of.date(), folder, kind, date_style=dates, encoding=encoding, flavour=flavour)
    _mark(folder, paths)
    echo(f"{len(paths)} tables are in {folder}")


def _own_folder(folder: Path, *, force: bool) -> None:
    """Raise ConfigError where a folder has anything in it but what an export wrote: it may be a council's real extract."""
    if force or not folder.exists():
        return
    made = _exported(folder)
    if not folder.is_dir() or any(made.get(path.name) != _digest(path) for path in folder.iterdir() if path.name != _EXPORTED):
        raise ConfigError(
            f"{folder} is not empty and was not made by `alerting demo export` alone: nothing was written",
            remedy="Give another folder with --to, or --force to write over files of the same names.",
        )


def _exported(folder: Path) -> dict[str, str]:
    """Return what exports have written into a folder: each file's name, with a digest of what it held."""
    try:
        lines = (folder / _EXPORTED).read_text("utf-8").splitlines()[1:]
    except (OSError, ValueError):
        return {}
    return {name: digest for digest, _, name in (line.partition(" ") for line in lines)}


def _digest(path: Path) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=20).hexdigest() if path.is_file() else ""


def _mark(folder: Path, paths: Iterable[Path]) -> None:
    """Write down what exports have written into a folder, so that another may write over it."""
    written = _exported(folder) | {path.name: _digest(path) for path in paths}
    head = "Written by `alerting demo export`: no real child is in these files, as long as they are what they were.\n"
    private_files.write(folder / _EXPORTED, head + "".join(f"{digest} {name}\n" for name, digest in sorted(written.items())))


def _morning(day: date, at: time) -> Clock:
    """Return a clock that stands at the council's morning, so that the same demo is the same to the letter."""
    moment = datetime.combine(day, at, tzinfo=UTC)
    return lambda: moment


def _look_for_the_page(app: App, store: Store, reports: Sequence[Report], last: date) -> None:
    """Find what the page shows of the case data, as a council's last daily run of the morning does."""
    from alerting.service import look_after

    daily = next(report for report in reversed(reports) if report.job == "daily")
    look_after(app, store, daily, _morning(last, _AT["daily"]), lambda entry: echo(entry.says, err=True))


def _show(app: App, store: Store, folder: Path, reports: Sequence[Report]) -> Path:
    """Write the page that one opens first, and beside it the improvement plan for a board; return where it is."""
    from alerting.authoring.plan_report import as_page, plan_today
    from alerting.authoring.showcase import write_showcase
    from alerting.store import newest_directory

    with store.transaction() as connection:
        newest = newest_directory.read(connection)
    if newest is None:
        raise StoreError("the directory of the last run cannot be read")
    board = folder / "board-page.html"
    private_files.write(board, as_page(plan_today(app, reports[-1].as_of)))
    planned = [item for report in reports for item in report.planned]
    return write_showcase(folder, planned, newest.directory, app.loaded.config.council, board)


def _prepare(folder: Path, children: int, seed: int) -> Path:
    """Make the demo's folder, or empty the one that an earlier demo made. Raises ConfigError for any other folder."""
    config = folder / "config.yaml"
    if folder.exists() and any(folder.iterdir()):
        if not config.is_file() or not config.read_text("utf-8").startswith(_MARK):
            raise ConfigError(f"{folder} is not empty and was not made by the demo", remedy="Give another folder with --dir.")
        for path in folder.iterdir():
            if path.name in ("outbox", "channel", "kept"):
                shutil.rmtree(path)
            elif path.name.startswith("alerting.db"):
                path.unlink()
    private_files.make_folder(folder)
    _write_config(config, children, seed, _FIRST_DAY)
    return config


def _write_config(path: Path, children: int, seed: int, today: date) -> None:
    """Write the demo's config.yaml. today: the day that it stays in its council."""
    given = {"children": children, "seed": seed, "start": _FIRST_DAY.isoformat(), "today": today.isoformat()}
    private_files.write(path, _CONFIG % given)


def _working_days(first: date, count: int, holidays: frozenset[date]) -> Iterator[date]:
    from alerting.working_days import is_working_day

    day = first
    while count:
        if is_working_day(day, holidays):
            yield day
            count -= 1
        day += timedelta(days=1)


@contextmanager
def _progress(steps: int) -> Iterator[Callable[[str], None]]:
    """Show how far the demo is: a bar on a terminal, a line a step elsewhere."""
    if not sys.stderr.isatty():
        yield _say
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("Making a council", total=steps)

        def advance(text: str) -> None:
            progress.update(task, description=text, advance=1)

        yield advance


def _tell(folder: Path, index: Path, reports: list[Report]) -> None:
    """Print who was told what, day by day, and where to look."""
    echo("What happened, day by day:")
    echo_table(
        ["Job", "Day", "New", "Changed", "Cleared", "On hold", "Messages", "Faults"],
        [
            [
                report.job,
                f"{report.as_of:%a} {report.as_of.day} {report.as_of:%B}",
                report.alerts.new,
                report.alerts.changed,
                report.alerts.resolved,
                report.alerts.held,
                report.sending.messages.accepted,
                len(report.problems),
            ]
            for report in reports
        ],
    )
    told = Counter(item.name for report in reports for item in report.planned if not item.is_for_channel)
    purposes = Counter(item.purpose for report in reports for item in report.planned)
    counted = ", ".join(f"{count} {purpose}" for purpose, count in sorted(purposes.items()))
    echo(f"\n{len(told)} people were told, in {sum(purposes.values())} messages ({counted}). The most to:")
    for name, count in told.most_common(5):
        echo(f"  {name}: {count} messages")
    echo(f"\nOpen {index.absolute().as_uri()} to read them.")
    echo(f"`alerting --config {folder / 'config.yaml'} alerts list` shows what is open.")
    echo(f"`alerting --config {folder / 'config.yaml'} serve --web-only` shows the page, to look at it as one of its people.")


def _say(text: str) -> None:
    echo(text, err=True)

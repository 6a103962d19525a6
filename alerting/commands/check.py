"""`alerting check`: every fault of the configuration, rules, words, receivers, source and store, in one pass."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerting.cli import build_app, today
from alerting.errors import AlertingError, Fault
from alerting.terminal import echo, echo_json, echo_styled, look_of

if TYPE_CHECKING:
    from alerting.app import App


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--output-format",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="For people, for scripts, or as annotations of a pull request.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --output-format json.")
@click.option("--no-source", is_flag=True, help="Do not read the case data.")
@click.option("--offline", is_flag=True, help="Do not connect to the receivers.")
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    output_format: str,
    *,
    as_json: bool,
    no_source: bool,
    offline: bool,
) -> None:
    """Check everything that can be told without sending or changing anything.

    With PATHS, rule files or folders of them, only what is wrong in these is told, and neither the case data nor a receiver is
    asked. A rule file that lies elsewhere is checked as a draft.
    """
    from alerting.documents.document import many_files
    from alerting.documents.report import ordered

    # The rules stay in memory to the end: to look among them for what is garbage would take a third of the time.
    with many_files():
        app = _app(ctx)
        if isinstance(app, list):
            faults = app
        elif paths:
            faults = _path_faults(app, paths)
        else:
            faults = _faults(app, no_source=no_source, offline=offline)
    faults = ordered(faults)
    to_one_address = not isinstance(app, list) and app.loaded.config.council.redirect_to is not None
    _print(faults, "json" if as_json else output_format, to_one_address=to_one_address)
    sys.exit(1 if any(fault.severity == "error" for fault in faults) else 0)


def _print(faults: Sequence[Fault], output_format: str, *, to_one_address: bool) -> None:
    from alerting.documents import report

    match output_format:
        case "json":
            echo_json([report.as_json(fault) for fault in faults])
        case "github":
            for fault in faults:
                echo(report.for_github(fault))
        case _ if faults:
            echo_styled(report.render(faults, look_of(sys.stdout)) + "\n")
            echo(report.summary(faults), err=True)
        case _:
            aside = " The environment is not production: every message goes to one address." if to_one_address else ""
            echo(f"All is well.{aside}")


def _faults(app: App, *, no_source: bool, offline: bool) -> list[Fault]:
    from alerting.authoring.check import check, check_kept_days, check_store

    faults = [*check(app, today(app), reach=not offline), *check_store(app), *check_kept_days(app, today(app))]
    return faults if no_source or app.source is None else faults + _data_faults(app)


def _path_faults(app: App, paths: Sequence[Path]) -> list[Fault]:
    """Return the faults of these files and folders, and of no others."""
    from alerting.app import rules_folders
    from alerting.authoring.check import check, check_draft, is_in_use

    wanted = [path.resolve() for path in paths]
    faults = [
        fault
        for fault in check(app, today(app), reach=False)
        if fault.where and any(Path(fault.where.file).resolve().is_relative_to(path) for path in wanted)
    ]
    for path in paths:
        if path.is_file() and path.suffix == ".yaml":
            faults += [] if is_in_use(app, path) else check_draft(app, path, today(app))
        elif not is_in_use(app, path) and not any(
            each.resolve().is_relative_to(path.resolve()) for each in rules_folders(app.loaded)
        ):
            remedy = "Give a rule file, or a folder of those in use."
            faults.append(Fault(problem=f"no rule was checked: {path} is none, and holds none that is in use", remedy=remedy))
    return faults


def _app(ctx: click.Context) -> App | list[Fault]:
    """Return what config.yaml stands for, or why it cannot be used at all."""
    from alerting.documents.report import faults_of

    try:
        return build_app(ctx, checking=True)
    except AlertingError as error:
        return faults_of(error)


def _data_faults(app: App) -> list[Fault]:
    """Read the case data as it is today. A table that cannot be trusted is an error, a cell that cannot be read a warning."""
    from alerting.authoring.source_tables import looks_like, read_tables

    where = app.loaded.document.place(("source",))
    try:
        tables = read_tables(app, today(app))
    except AlertingError as error:
        return [Fault(problem=error.problem, where=where, remedy=error.remedy)]
    like = looks_like(tables)
    faults = [Fault(problem=like.says, where=where, remedy=f"Add `{like.setting}` to `source:`.")] if like else []
    by_cause: dict[str, list[str]] = {}
    remedies = {about: remedy for row in tables for about, remedy in row.remedies.items()}
    for row in tables:
        if row.rows == 0 and row.table.startswith("ssd_") and not row.problems:
            empty = f"{row.table}: is there and has no rows"
            faults.append(Fault(problem=empty, where=where, remedy="See that its extract ran to the end.", severity="warning"))
        for about, why in row.doubts.items():
            by_cause.setdefault(why, []).append(about)
        for problem in row.problems[len(row.doubts) :]:
            faults.append(Fault(problem=f"{row.table}: {problem}", where=where, severity="warning"))
    for why, abouts in by_cause.items():
        what = "columns" if all("." in about for about in abouts) else "tables"
        problem = f"{abouts[0]}: {why}" if len(abouts) == 1 else f"each of {len(abouts)} {what} {why}: {', '.join(abouts)}"
        faults.append(Fault(problem=problem, where=where, remedy=remedies.get(abouts[0], "")))
    return faults

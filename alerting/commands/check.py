"""`alerting check`: every fault of the configuration, rules, words, receivers, source and store, in one pass."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

import click

from alerting.cli import build_app, echo_json, today
from alerting.errors import AlertingError, Fault, Faults, Place

if TYPE_CHECKING:
    from alerting.app import App


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the faults as one JSON list.")
@click.option("--no-source", is_flag=True, help="Do not read the case data.")
@click.option("--offline", is_flag=True, help="Do not connect to the receivers.")
@click.pass_context
def command(ctx: click.Context, *, as_json: bool, no_source: bool, offline: bool) -> None:
    """Check everything that can be told without sending or changing anything."""
    faults = _faults(ctx, no_source=no_source, offline=offline)
    errors = [fault for fault in faults if fault.severity == "error"]
    if as_json:
        echo_json([_as_json(fault) for fault in faults])
    else:
        for fault in faults:
            click.echo(f"{fault.severity}: {fault}")
        rest = len(faults) - len(errors)
        click.echo(f"{len(errors)} errors, {rest} warnings" if faults else "All is well.", err=bool(faults))
    sys.exit(1 if errors else 0)


def _faults(ctx: click.Context, *, no_source: bool, offline: bool) -> list[Fault]:
    from alerting.app import check, check_store

    try:
        app = build_app(ctx, checking=True)
    except Faults as found:
        return list(found.faults)
    except AlertingError as error:
        where = error.where if isinstance(error.where, Place) else None
        return [Fault(problem=error.problem, where=where, remedy=error.remedy)]
    faults = [*check(app, reach=not offline), *check_store(app)]
    return faults if no_source or app.source is None else faults + _faults_of_the_data(app)


def _faults_of_the_data(app: App) -> list[Fault]:
    """Read the case data as it is today. A table that cannot be trusted is an error, a cell that cannot be read a warning."""
    from alerting.commands.source import read_tables

    where = app.loaded.document.place(("source",))
    try:
        tables = read_tables(app, today(app))
    except AlertingError as error:
        return [Fault(problem=error.problem, where=where, remedy=error.remedy)]
    faults = []
    for row in tables:
        if row["rows"] == 0 and row["table"].startswith("ssd_") and not row["problems"]:
            empty = f"{row['table']}: is there and has no rows"
            faults.append(Fault(problem=empty, where=where, remedy="See that its extract ran to the end.", severity="warning"))
        for index, problem in enumerate(row["problems"]):
            kind: Literal["error", "warning"] = "error" if index == 0 and not row["trusted"] else "warning"
            faults.append(Fault(problem=f"{row['table']}: {problem}", where=where, severity=kind))
    return faults


def _as_json(fault: Fault) -> dict[str, object]:
    place = fault.where
    return {
        "severity": fault.severity,
        "problem": fault.problem,
        "remedy": fault.remedy,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
    }

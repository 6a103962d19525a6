"""`alerting source`: whether the case data can be read and believed."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import Any

import click

from alerting import trust
from alerting.app import App
from alerting.case_data import TABLES
from alerting.cells import quoted
from alerting.cli import build_app, echo_json, echo_table, today
from alerting.errors import SourceError
from alerting.snapshot import Snapshot


@click.group()
def command() -> None:
    """Whether the case data can be read and believed."""


@command.command("check")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The business date; today when left out.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def check_source(ctx: click.Context, as_of: datetime | None, *, as_json: bool) -> None:
    """Read every table that the rules need, and say what was found: rows, columns, fill rates, cells, codes, trust."""
    app = build_app(ctx)
    tables = read_tables(app, as_of.date() if as_of else today(app))
    if as_json:
        echo_json(tables)
    else:
        echo_table(
            ["Table", "Rows", "Trusted", "Least filled", "Problems"],
            [
                [row["table"], row["rows"], "yes" if row["trusted"] else "no", _least_filled(row), "; ".join(row["problems"])]
                for row in tables
            ],
        )
    sys.exit(1 if any(row["problems"] for row in tables) else 0)


def read_tables(app: App, as_of: date) -> list[dict[str, Any]]:
    """Read what the rules need, and describe each table: rows, trusted, fill rate by column, problems, unmapped codes."""
    if app.source is None:
        raise SourceError("there is no source to read", remedy="Mend `source:` in config.yaml; `alerting check` says how.")
    wanted = app.book.wanted(app.book.rules)
    with Snapshot(as_of, app.book.settings) as snapshot:
        app.source.read(wanted, snapshot)
        snapshot.settle(wanted, app.source)
        judged = trust.judge(snapshot, sorted(wanted), {})
        return [_describe(snapshot, name, wanted[name], judged.problems.get(name)) for name in sorted(wanted)]


def _describe(snapshot: Snapshot, name: str, columns: frozenset[str], problem: str | None) -> dict[str, Any]:
    reading = snapshot.readings[name]
    problems = [problem] if problem else []
    problems += [f"{column}: {count} cells cannot be read" for column, count in reading.unreadable_cells.items()]
    problems += reading.places
    fill: dict[str, float] = {}
    if reading.rows:
        named = [column for column in columns if TABLES[name].columns[column].kind != "flag"]
        counts = snapshot.sql(f"SELECT {', '.join(f'count({quoted(column)})' for column in named) or '0'} FROM {name}")[0]
        fill = {column: round(count / reading.rows, 3) for column, count in zip(named, counts, strict=False)}
    return {
        "table": name,
        "supplied": reading.supplied,
        "rows": reading.rows,
        "trusted": problem is None,
        "problems": problems,
        "fill": fill,
        "unmapped": reading.unmapped,
    }


def _least_filled(row: dict[str, Any]) -> str:
    if not row["fill"]:
        return ""
    column = min(row["fill"], key=row["fill"].get)
    return f"{column} {row['fill'][column]:.0%}"

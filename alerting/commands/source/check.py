"""`alerting source check`: whether the case data can be read and believed, and what of it is not understood."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import click

from alerting.authoring.source_tables import TableReport, Unclear, looks_like, read_tables
from alerting.cli import DAY, build_app, today
from alerting.terminal import echo, echo_json, echo_table

_FIRST = 5
"""How many places of cells that are not understood are printed; `--json` has more."""


@click.command("check")
@click.option("--as-of", type=DAY, help="The business date; today when left out.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def command(ctx: click.Context, as_of: datetime | None, *, as_json: bool) -> None:
    """Read every table that the rules need, and say what was found: rows, columns, fill rates, cells, codes, trust."""
    app = build_app(ctx)
    tables = read_tables(app, as_of.date() if as_of else today(app))
    if as_json:
        echo_json([asdict(row) for row in tables])
    else:
        echo_table(
            ["Table", "Rows", "Trusted", "Least filled"],
            [[row.table, row.rows, "yes" if row.trusted else "no", row.least_filled] for row in tables],
        )
        _tell_problems(tables)
        if like := looks_like(tables):
            echo(f"{like.says}.\nTo have it read so, add to `source:` in config.yaml:\n  {like.setting}")
    sys.exit(1 if any(row.problems for row in tables) else 0)


def _tell_problems(tables: Sequence[TableReport]) -> None:
    """Print what is wrong: what is not trusted, a cause once, then what is not understood, then the rest."""
    by_cause = defaultdict[str, list[tuple[TableReport, str]]](list)
    for row in tables:
        for about, why in row.causes.items():
            by_cause[why].append((row, about))
    for why, found in by_cause.items():
        abouts, rows = [about for _, about in found], list({row.table: row for row, _ in found}.values())
        what = "columns" if all("." in about for about in abouts) else "tables"
        echo(f"{abouts[0]}: {why}" if len(found) == 1 else f"Each of {len(found)} {what} {why}:")
        _item("", ", ".join(abouts) if len(found) > 1 else "")
        _item("What to do: ", rows[0].remedies.get(abouts[0], ""))
        _item("What waits for it: ", ", ".join(sorted({code for row in rows for code in row.waiting})))
        for release in filter(None, (row.release for row in rows)):
            echo(f"  If that is a real change and a run has found it: {release}")
    for row in tables:
        for one in row.unclear:
            _tell_unclear(row, one)
        for problem in row.others:
            echo(f"{row.table}: {problem}")
    for row in tables:
        for note in row.notes:
            echo(f"{note}. It stops nothing.")


def _tell_unclear(row: TableReport, one: Unclear) -> None:
    """Print what of a column is not understood; the cause first, then how it is written, then where."""
    about = row.about(one)
    doubt = row.doubts.get(about)
    echo(f"{about}: {one.says}.")
    _item("Written as: ", ", ".join([*map(str, one.written), *([f"and {one.others:,} other ways"] if one.others else [])]))
    _item("Understood: ", one.accepted)
    _item("Not trusted: it ", doubt or "")
    _item("What to do: ", row.remedies.get(about, ""))
    places = [place.removesuffix(f"column {one.column}").removesuffix(one.column).rstrip(": ") for place in one.places]
    _item("First at: ", ", ".join([*places[:_FIRST], *(["and more"] if len(places) > _FIRST else [])]))
    _item("What waits for it: " if doubt else "Read by: ", ", ".join(one.rules))
    if one.command:
        echo(f"  To say what a word means: {one.command}")
    if one.lines:
        echo(f"  or in config.yaml, {one.choice}:")
        for line in one.lines.split("\n"):
            echo(f"    {line}")
    if doubt and row.release:
        echo(f"  If that is a real change and a run has found it: {row.release}")


def _item(label: str, text: str) -> None:
    """Print a line of what belongs to the one above, in several where the terminal is narrow; nothing where there is nothing."""
    if text:
        width = max(shutil.get_terminal_size().columns, 40) if sys.stdout.isatty() else 10_000
        wrap = {"break_long_words": False, "break_on_hyphens": False, "subsequent_indent": "    "}
        echo("\n".join(textwrap.wrap(f"  {label}{text}", width, **wrap)))  # type: ignore[arg-type]

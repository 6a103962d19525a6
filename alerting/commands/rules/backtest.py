"""`alerting rules backtest`: a rule, or a draft of one, asked of the days kept."""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alerting.authoring.backtest.charts import draw_blocks, round_up, squeeze
from alerting.cli import DAY, build_app
from alerting.terminal import echo, echo_json, echo_table

if TYPE_CHECKING:
    from alerting.authoring.backtest.backtest import Backtest, Timeline

_DAY = DAY


@click.command()
@click.argument("rule")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Set one of its parameters otherwise; may be repeated."
)
@click.option("--from", "first", type=_DAY, help="The first business date; the first one kept when left out.")
@click.option("--to", "last", type=_DAY, help="The last business date; the last one kept when left out.")
@click.option(
    "--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="Write a report to read in a browser or print."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def command(
    ctx: click.Context,
    rule: str,
    settings: tuple[str, ...],
    first: datetime | None,
    last: datetime | None,
    page: Path | None,
    *,
    as_json: bool,
) -> None:
    """Ask a rule, or a draft of one, of the days kept: what it would have told. RULE is a code, an id or a file.

    A draft goes beside the rule in use that has its id or code, or that it replaces. Nothing is stored or sent.
    """
    from alerting.authoring.backtest.backtest import look_back
    from alerting.authoring.draft import load_draft, parse_params

    app = build_app(ctx)
    draft = load_draft(app.book, rule, parse_params(settings))
    found = look_back(app, draft, first.date() if first else date.min, last.date() if last else date.max)
    if page:
        from alerting.authoring.backtest.report import write_page

        write_page(found, page, council=app.loaded.config.council.name)
        echo(f"The report is in {page}", err=True)
    if as_json:
        echo_json(_as_json(found))
    else:
        _print(found)


def _as_json(found: Backtest) -> dict[str, Any]:
    def timeline(one: Timeline) -> dict[str, Any]:
        named = {"code": one.rule.code, "id": one.rule.id, "file": one.rule.place, "version": one.rule.version}
        counts = {"new_a_day": round(one.new_a_day, 2), "longest": one.longest, "longest_goes_on": one.longest_goes_on}
        days, teams = [asdict(day) for day in one.days], [asdict(team) for team in one.teams]
        return named | counts | {"flapping": one.flapping, "braked": one.braked, "days": days, "teams": teams}

    gaps = {day.isoformat(): why for day, why in found.gaps.items()}
    changed = [day.isoformat() for day in found.changed] if found.changed else None
    beside = timeline(found.in_use) if found.in_use else None
    return {"draft": timeline(found.draft), "in_use": beside, "gaps": gaps, "subject_changed": changed}


def _print(found: Backtest) -> None:
    from alerting.authoring.backtest.report import make_figures, make_periods, make_team_table, write_notes, write_span

    rule, days = found.draft.rule, found.draft.days
    echo(f"{rule.code} {rule.title}, asked of {len(days)} days kept, {write_span(days[0].as_of, days[-1].as_of)}")
    _print_heading(found)
    echo()
    echo_table(["", "In use", "Draft"] if found.in_use else ["", ""], make_figures(found))
    if sys.stdout.isatty():
        _draw("Open each day", found, "open")
        _draw("New each day", found, "new")
    else:
        echo()
        echo_table(*make_periods(found))
    headings, rows = make_team_table(found)
    echo("\nBy team, new after the first day:" if rows else "\nIt alerted about nobody.")
    if rows:
        echo_table(headings, rows)
    for note in write_notes(found):
        echo(f"\n{note}")
    echo("\nNothing was stored or sent.", err=True)


def _print_heading(found: Backtest) -> None:
    from alerting.authoring.differences import compare_rules

    if found.in_use is None:
        echo(f"Rule: {found.draft.rule.place}")
        return
    echo(f"In use: {found.in_use.rule.place}")
    echo(f"Draft:  {found.draft.rule.place}")
    for each in compare_rules(found.in_use.rule, found.draft.rule):
        echo(f"  {each.key}: {each.says}")


def _draw(title: str, found: Backtest, what: str) -> None:
    """Draw a column a day, or for some days, as wide as the terminal allows; a day without an answer is a dot."""
    from alerting.authoring.backtest.report import name_timelines, read_series

    width = min(shutil.get_terminal_size().columns, 110) - 10
    every = {name: read_series(found, timeline, what) for name, timeline in name_timelines(found)}
    days = len(next(iter(every.values())))
    top = round_up(max((value for values in every.values() for value in values if value is not None), default=0))
    many = f"; a column is {-(-days // width)} days, the highest of them" if days > width else ""
    echo(f"\n{title}, from 0 to {top}{many}:")
    for name, values in every.items():
        *upper, lowest = draw_blocks(squeeze(values, width), top, height=3)
        for line in upper:
            echo(f"{'':<7} {line}")
        echo(f"{name:<7} {lowest}")

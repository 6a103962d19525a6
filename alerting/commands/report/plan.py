"""`alerting report plan`: the improvement plan, stated beside measured, to read, to print or to calculate with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from alerting.cli import DAY, build_app, today
from alerting.terminal import echo, echo_table

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--html", "page", type=_FILE, help="Write a page to read in a browser or print.")
@click.option("--pdf", "paper", type=_FILE, help="Write a PDF for a board; a browser must be there.")
@click.option("--csv", "table", type=_FILE, help="Write a table for a spreadsheet.")
@click.option("--as-of", type=DAY, help="The business date; today when left out.")
@click.pass_context
def command(ctx: click.Context, page: Path | None, paper: Path | None, table: Path | None, as_of: datetime | None) -> None:
    """Show each open action of the improvement plan: the rating stated beside the one that the rules show, changes first.

    Reads the case data; nothing is stored or sent, and nothing of any child is in it.
    """
    from alerting import private_files
    from alerting.authoring.paper import print_as_pdf
    from alerting.authoring.plan_report import HEADINGS, as_cells, as_csv, as_page, plan_today
    from alerting.notifications.messages.plan import plan_summary

    app = build_app(ctx)
    report = plan_today(app, as_of.date() if as_of else today(app))
    if page:
        private_files.write(page, as_page(report))
    if table:
        # With a mark by which spreadsheets know that it is UTF-8.
        private_files.write(table, "\ufeff" + as_csv(report))
    if paper:
        print_as_pdf(as_page(report), paper)
    for path in (page, table, paper):
        if path:
            echo(f"The plan is in {path}", err=True)
    if not (page or table or paper):
        echo(plan_summary(report.rows))
        echo_table(list(HEADINGS[:-1]), [list(as_cells(line)[:-1]) for line in report.lines])

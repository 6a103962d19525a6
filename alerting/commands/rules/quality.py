"""`alerting rules quality`: how well each rule serves."""

from __future__ import annotations

from datetime import datetime

import click

from alerting.cli import DAY, build_app, today
from alerting.formatting import number
from alerting.terminal import echo, echo_json, echo_table
from alerting.working_days import working_days_between


@click.command()
@click.option("--since", type=DAY, help="The first day that counts; 90 days ago when left out.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def command(ctx: click.Context, since: datetime | None, *, as_json: bool) -> None:
    """Show what each rule fired, what cleared and how soon, what people made of it; what needs a look first."""
    from alerting.notifications.rule_quality import PERIOD
    from alerting.store import rule_quality

    app = build_app(ctx)
    holidays = app.book.settings.bank_holidays
    store = app.store()
    try:
        # Days without a run say nothing of a rule.
        latest = store.latest_run()
        day = latest.as_of if latest else today(app)
        first = since.date() if since else day - PERIOD
        with store.transaction() as connection:
            rows = rule_quality.measure(
                connection, app.book.rules, first, day, lambda start, end: working_days_between(start, end, holidays)
            )
    finally:
        store.close()
    if as_json:
        echo_json({"since": first.isoformat(), "rules": [row.as_json() for row in rows]})
        return
    echo_table(
        ["Rule", "Fired", "Cleared", "Days", "Open", "Acted on", "Not useful", "Title", "To look at"],
        [
            [
                row.code,
                row.fired,
                row.cleared,
                "" if row.median_days is None else number(row.median_days),
                row.open,
                row.acknowledged,
                sum(row.not_useful.values()) or "",
                row.title,
                "; ".join(row.remarks()),
            ]
            for row in rows
        ],
    )
    echo(f"From {first} to {day}. Days: median working days to clear. Acted on: acknowledged.", err=True)

"""`alerting alerts data-errors`: the records that somebody says are wrong."""

from __future__ import annotations

import click

from alerting.cli import build_app, today
from alerting.terminal import echo, echo_json, echo_table


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """List the records that somebody says are wrong and whose alerts are open, the oldest first."""
    from alerting.alerts import handling
    from alerting.working_days import working_days_between

    app = build_app(ctx)
    store = app.store()
    try:
        live = store.live()
    finally:
        store.close()
    holidays = app.book.settings.bank_holidays
    errors = handling.data_errors(live, today(app), lambda start, end: working_days_between(start, end, holidays))
    rows = [
        {
            "ref": error.alert.ref,
            "code": error.alert.code,
            "subject": error.alert.subject,
            "team": error.alert.team,
            "by": error.act.by,
            "on": error.act.on.isoformat(),
            "age_working_days": error.age,
            "until": error.act.until.isoformat() if error.act.until else None,
            "told_again": not error.waits,
            "note": error.act.note,
        }
        for error in errors
    ]
    if as_json:
        echo_json(rows)
        return
    headings = ["Ref", "Rule", "Subject", "Team", "Said by", "On", "Working days", "Waits until", "What is wrong"]
    shown = ("ref", "code", "subject", "team", "by", "on", "age_working_days", "until", "note")
    echo_table(
        headings, [[row[key] if key != "until" or not row["told_again"] else "over, told again" for key in shown] for row in rows]
    )
    echo(f"{len(rows)} records", err=True)

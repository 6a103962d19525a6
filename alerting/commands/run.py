"""`alerting run JOB`: one run of daily, weekly or monthly."""

from __future__ import annotations

import sys
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import click

from alerting.app import App
from alerting.cli import build_app, echo_json, echo_table, now, today
from alerting.config import DAYS
from alerting.reporting import Report
from alerting.store import Store


@click.command()
@click.argument("job", type=click.Choice(["daily", "weekly", "monthly"]))
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The business date; today when left out.")
@click.option("--dry-run", is_flag=True, help="Work everything out; write, plan and send nothing.")
@click.option("--due", is_flag=True, help="Do nothing unless the job is due now and has not been done today.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON value.")
@click.pass_context
def command(ctx: click.Context, job: str, as_of: datetime | None, *, dry_run: bool, due: bool, as_json: bool) -> None:
    """Run a job once: read, ask every rule, and tell whoever is to be told."""
    app = build_app(ctx)
    for fault in app.faults:
        click.echo(f"{fault.severity}: {fault}", err=True)
    day = as_of.date() if as_of else today(app)
    store = app.store()
    try:
        if due and not _is_due(app, store, job, day):
            click.echo(f"{job} is not due", err=True)
            return
        report = app.pipeline(store).run(job, day, now, dry_run=dry_run)
    finally:
        store.close()
    if as_json:
        echo_json(report.as_json())
    else:
        tell(report, dry_run=dry_run)
    sys.exit(0 if report.status == "done" else 1)


def _is_due(app: App, store: Store, job: str, day: date) -> bool:
    """Say whether a job's time has come today, its cut-off has not, and it has not been done."""
    settings = getattr(app.loaded.config.jobs, job)
    local = now().astimezone(ZoneInfo(app.loaded.config.council.timezone)).time()
    latest = store.latest_run(job)
    done = latest is not None and latest["as_of"] >= day and latest["status"] != "failed"
    in_time = time.fromisoformat(settings.at) <= local and (
        settings.cut_off is None or local < time.fromisoformat(settings.cut_off)
    )
    return DAYS[day.weekday()] in settings.on and in_time and not done


def tell(report: Report, *, dry_run: bool = False) -> None:
    """Print what a run did, for a person."""
    loaded = f", data as at {report.loaded_at.day} {report.loaded_at:%B %H:%M}" if report.loaded_at else ""
    click.echo(
        f"{report.job} for {report.as_of:%A} {report.as_of.day} {report.as_of:%B %Y}: {report.status.replace('_', ' ')}{loaded}"
    )
    rows = [
        [
            row["code"],
            row["status"],
            row["population"],
            *(row["match"][level] or "" for level in ("info", "amber", "red", "critical")),
            row["clear"],
            row["unknown"] or "",
            row["problem"] or "",
        ]
        for row in report.rules
    ]
    if rows:
        echo_table(["Rule", "Status", "Asked", "Info", "Amber", "Red", "Critical", "Clear", "Unknown", "Problem"], rows)
    for older in report.older:
        if not any(str(older) in (row["problem"] or "") for row in report.rules):
            click.echo(f"rules: {older.file} {older}")
    for problem in report.problems:
        click.echo(f"data: {problem}")
    click.echo("Alerts: " + ", ".join(f"{count} {name}" for name, count in report.alerts.items()))
    if dry_run:
        click.echo(f"Nothing was written or sent. {len(report.planned)} messages would go out:")
        echo_table(
            ["Receiver", "To", "Purpose", "Items"],
            [
                [item.receiver, item.name, item.purpose, len(item.content.get("items", item.content.get("lines", [])))]
                for item in report.planned
            ],
        )
    else:
        click.echo("Messages: " + ", ".join(f"{count} {name}" for name, count in report.notifications.items()))

"""`alerting run JOB`: one run of daily, weekly or monthly."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import click

from alerting.cli import DAY, build_app, go_to, now, today
from alerting.errors import AlertingError, ConfigError, RunHeld, StoreAwayError
from alerting.formatting import capital, listed
from alerting.terminal import echo, echo_json, echo_table, make_log

if TYPE_CHECKING:
    from alerting.app import App
    from alerting.notifications.content import AnyContent
    from alerting.notifications.report import Report
    from alerting.store.store import Store

LOOK_EVERY_S = 2.0


@click.command()
@click.argument("job", type=click.Choice(["daily", "weekly", "monthly"]))
@click.option("--as-of", type=DAY, help="The business date; today when left out.")
@click.option("--dry-run", is_flag=True, help="Work everything out; write, plan and send nothing.")
@click.option(
    "--due", is_flag=True, help="Do nothing unless the job is to be done now and nobody has, or its data was loaded since."
)
@click.option("--wait", default=60, show_default=True, type=click.IntRange(0, 600), help="Minutes to wait for another job's run.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON value.")
@click.pass_context
def command(ctx: click.Context, job: str, as_of: datetime | None, *, dry_run: bool, due: bool, wait: int, as_json: bool) -> None:
    """Run a job once: read, ask every rule, and tell whoever is to be told."""
    if due and (as_of or dry_run):
        raise click.UsageError("--due is about today, and runs: it goes with neither --as-of nor --dry-run.", ctx)
    try:
        report = _run_once(ctx, job, as_of, dry_run=dry_run, due=due, wait=timedelta(minutes=wait))
    except AlertingError as error:
        if as_json:
            echo_json(_not_done(job, as_of, error))
        raise
    if report is None:
        return
    if as_json:
        echo_json(report.as_json())
    else:
        tell(report, dry_run=dry_run)
    sys.exit(0 if report.status == "done" else 1)


def _run_once(
    ctx: click.Context, job: str, as_of: datetime | None, *, dry_run: bool, due: bool, wait: timedelta
) -> Report | None:
    app = build_app(ctx, to_the_end=True)
    # Read while the engine, which that begins, gets ready.
    from alerting.runs.stopping import told_to_stop
    from alerting.service import entry_of, run_again, run_due
    from alerting.store.job_leases import JobLeases, this_process

    for fault in app.faults:
        echo(f"{fault.severity}: {fault}", err=True)
    store = app.store()
    try:
        with told_to_stop(lambda: JobLeases(store).let_go(this_process(), now()), code=1) as stop:
            if due:
                log = make_log(now)
                report = run_due(app, store, job, now, stop.asked, log)
                if report is None and job == "daily":
                    report = run_again(app, store, now, stop.asked, log)
                if report is not None:
                    log(entry_of(report))
                return report
            return _run(app, store, job, as_of, stop.asked, dry_run=dry_run, wait=wait)
    finally:
        store.close()


def _not_done(job: str, as_of: datetime | None, error: AlertingError) -> dict[str, object]:
    """Return what a run that could not be done says of itself, as JSON values."""
    from alerting.documents.report import as_json, faults_of

    return {
        "job": job,
        "as_of": as_of.date().isoformat() if as_of else None,
        "status": "held" if isinstance(error, RunHeld) else "failed",
        "passing": isinstance(error, RunHeld | StoreAwayError),
        "faults": [as_json(fault) for fault in faults_of(error)],
    }


def _run(
    app: App, store: Store, job: str, as_of: datetime | None, stopping: Callable[[], bool], *, dry_run: bool, wait: timedelta
) -> Report:
    from alerting import service
    from alerting.runs import clock_jumps

    on = as_of.date() if as_of else today(app)
    is_made_up = go_to(app, on)
    moment = now()
    if not (dry_run or is_made_up):
        _refuse_tomorrow(app, on)
        if as_of is None:
            clock_jumps.watch(store, moment, clock_jumps.read(moment))
            service.record_missed(app, store, moment, make_log(now, in_words=True))
        elif on == today(app):
            clock_jumps.accept(store, clock_jumps.read(moment))
    until, said = time.monotonic() + wait.total_seconds(), ""
    while True:
        try:
            report = app.pipeline(store).run(job, on, now, dry_run=dry_run, stopping=stopping)
        except RunHeld as held:
            if not held.other or time.monotonic() >= until or stopping():
                raise
            if not said:
                echo(held.problem, err=True)
            said = held.problem
            time.sleep(LOOK_EVERY_S)
        else:
            service.look_after(app, store, report, now, make_log(now, in_words=True))
            return report


def _refuse_tomorrow(app: App, on: date) -> None:
    if on > today(app):
        raise ConfigError(
            f"{on} has not come yet: today is {today(app)}",
            remedy="Give today's date or an earlier one, or look ahead with --dry-run.",
        )


def _size(content: AnyContent) -> int:
    """Return how many alerts a list has, or rules a card."""
    from alerting.notifications.content import CardContent, DigestContent

    match content:
        case DigestContent():
            return len(content.items)
        case CardContent():
            return len(content.lines)
    return 0


def tell(report: Report, *, dry_run: bool = False) -> None:
    """Print what a run did, for a person."""
    loaded = f", data as at {report.loaded_at.day} {report.loaded_at:%B %H:%M}" if report.loaded_at else ""
    echo(f"{report.job} for {report.as_of:%A} {report.as_of.day} {report.as_of:%B %Y}: {report.status.replace('_', ' ')}{loaded}")
    rows = [
        [
            row.code,
            row.status,
            row.population,
            *(row.match[level] or "" for level in ("info", "amber", "red", "critical")),
            row.clear,
            row.unknown or "",
        ]
        for row in report.rules
    ]
    if rows:
        echo_table(["Rule", "Status", "Asked", "Info", "Amber", "Red", "Critical", "Clear", "Unknown"], rows)
    for why, codes in report.causes.items():
        echo(f"{listed(codes)}: {why}")
    told = {file for row in report.rules for file in row.older}
    for older in report.older:
        if older.file not in told:
            echo(f"rules: {older.file} {older}")
    for found in report.data_problems:
        wait = f": {listed(found.rules)} wait{'s' if len(found.rules) == 1 else ''}" if found.stops and found.rules else ""
        echo(f"data: {found.text}{wait}")
    for problem in report.sending.problems:
        echo(f"sending: {problem.text}")
    if report.sending.hold_fire:
        echo(f"{capital(report.sending.hold_fire)}.", err=True)
    for breach in report.sending.not_kept:
        echo(f"audit: {breach}", err=True)
    begun = [brake for brake in report.brakes if brake.kind == "baseline"]
    if begun:
        echo(
            f"The first day: {sum(brake.kept_back for brake in begun)} alerts of {len(begun)} rules wait, and nobody is told of them. "
            "Look at them, then run `alerting rules release --all --by NAME`."
        )
    echo("Alerts: " + ", ".join(f"{count} {name}" for name, count in asdict(report.alerts).items()))
    if dry_run:
        echo(f"Nothing was written or sent. {len(report.planned)} messages would go out:")
        echo_table(
            ["Receiver", "To", "Purpose", "Items"],
            [[item.receiver, item.name, item.purpose, _size(item.content)] for item in report.planned],
        )
    else:
        echo("Messages: " + ", ".join(f"{count} {name}" for name, count in asdict(report.sending.messages).items()))
        if report.sending.bounces:
            from alerting.delivery.bounces import counted

            echo(f"Bounces: {counted(report.sending.bounces)}")

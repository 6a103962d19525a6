"""`alerting region run JOB`: a job of every authority."""

from __future__ import annotations

import os
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerting.cli import DAY, now
from alerting.errors import ConfigError
from alerting.formatting import number, plural
from alerting.terminal import echo, echo_json, echo_table

if TYPE_CHECKING:
    from alerting.regions.region import Engine, Stopping
    from alerting.regions.region_report import AuthorityRun, RegionReport
    from alerting.regions.table_reading import DatabaseTable

PATIENCE_S = 45.0
"""How long authorities that are told to stop are waited for: a little longer than each has."""
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@click.command()
@click.argument("job", type=click.Choice(["daily", "weekly", "monthly"]))
@click.option(
    "--authorities",
    "place",
    required=True,
    metavar="PLACE",
    help="A folder of authorities, each a folder with its config.yaml; a CSV or Parquet file, or the address of a database, with a row for "
    "each; or a text file with a folder on each line.",
)
@click.option("--table", help="With the address of a database: the table or view that has the rows, as NAME or SCHEMA.NAME.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="With the address of a database: the region's folder, from where rows tell folders, and where the report is kept; the current one when left out.",
)
@click.option("--as-of", type=DAY, help="The business date; today when left out.")
@click.option(
    "--engine", type=click.Choice(["local", "spark"]), default="local", show_default=True, help="This machine, or a cluster."
)
@click.option("--master", help="With --engine spark: the cluster, such as spark://host:7077.")
@click.option("--at-once", type=click.IntRange(1, 1000), help="With --engine local: how many; one a processor when left out.")
@click.option("--memory-mb", default=4096, show_default=True, type=click.IntRange(512, 1_000_000), help="MB that one may take.")
@click.option("--minutes", default=60, show_default=True, type=click.IntRange(1, 1440), help="Minutes that one may take.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON value.")
@click.pass_context
def command(
    ctx: click.Context,
    job: str,
    place: str,
    table: str | None,
    folder: Path | None,
    as_of: datetime | None,
    engine: str,
    master: str | None,
    at_once: int | None,
    *,
    memory_mb: int,
    minutes: int,
    as_json: bool,
) -> None:
    """Run a job of every authority, each as `alerting run` would, and say who ran and who did not."""
    from alerting.regions.region import Region
    from alerting.runs.stopping import told_to_stop

    if master and engine != "spark":
        raise click.UsageError("--master names a cluster: it goes with --engine spark.", ctx)
    if at_once and engine == "spark":
        raise click.UsageError("--at-once is about this machine: how many a cluster runs at once is for Spark to say.", ctx)
    on = as_of.date() if as_of else None
    found = _place(ctx, place, table, folder)
    region = Region(place=found, job=job, as_of=on, memory_mb=memory_mb, minutes=minutes)
    with told_to_stop(lambda: None, code=1, patience_s=PATIENCE_S) as stop:
        report = region.run(_engine(engine, master, at_once, stop.asked), now, stop.asked, _tell_one)
    if as_json:
        echo_json(report.as_json())
    else:
        tell(report)
    region.keep(report)
    sys.exit(report.exit_code)


def _place(ctx: click.Context, given: str, table: str | None, folder: Path | None) -> Path | DatabaseTable:
    """Return where the authorities are found. given: a path, or an address, or what either is kept in, such as `${env:NAME}`."""
    from alerting.database_address import has_password
    from alerting.regions.table_reading import DatabaseTable
    from alerting.secrets_of_config import looked_up

    here = Path.cwd()
    secret = looked_up(given, here)
    address = given if secret is None else secret
    if not _ADDRESS.match(address):
        if table or folder:
            raise click.UsageError("--table and --folder go with the address of a database, such as sqlite:///region.db.", ctx)
        return Path(address).absolute()
    if secret is None and has_password(given):
        raise ConfigError(
            "a password stands in the command, where others on this machine may read it",
            where="--authorities",
            remedy="Write the whole address into a file that only this account may read, and give '${file:PATH}', in single quotes; or '${env:NAME}'.",
        )
    if not table:
        raise click.UsageError("the address of a database goes with --table, which says what in it has the authorities.", ctx)
    return DatabaseTable(address=address, table=table, folder=(folder or here).absolute())


def _engine(name: str, master: str | None, at_once: int | None, stopping: Stopping) -> Engine:
    if name == "spark":
        from alerting.regions.cluster import on_cluster

        return on_cluster(master)
    from alerting.regions.region import on_this_machine

    return on_this_machine(at_once or os.cpu_count() or 1, stopping)


def _tell_one(run: AuthorityRun, done: int, of: int) -> None:
    """Say that one has ended, while the others go on."""
    rows = f", {number(run.rows)} rows" if run.rows is not None else ""
    echo(f"{done} of {of}: {run.name}: {run.ending.words}{rows}, {run.seconds:.1f} s", err=True)


def tell(report: RegionReport) -> None:
    """Print what became of the region's job, for a person: those that did not run last, where they are seen."""
    on = f" for {report.as_of}" if report.as_of else ""
    echo(
        f"{report.job}{on}: {len(report.ran)} of {plural(len(report.authorities), 'authority', 'authorities')} ran, {report.seconds:.0f} s"
    )
    rows = [
        [run.name, run.ending.words, run.rows, f"{run.seconds:.1f}", run.alerts.get("new"), run.messages.get("accepted")]
        for run in (*report.ran, *report.off, *report.not_run)
    ]
    echo_table(["Authority", "Ended", "Rows", "Seconds", "New alerts", "Messages"], rows)
    for run in (*report.ran, *report.not_run):
        if run.why:
            echo(f"{run.name}: {run.ending.words}: {run.why}")

"""`alerting people cover`: who answers for somebody who is away, from when to when."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

import click

from alerting.cli import DAY, acting, build_app, now, today
from alerting.commands.alerts import by as who
from alerting.errors import HandlingError
from alerting.formatting import day
from alerting.terminal import echo, echo_json, echo_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerting.casedata.directory import Directory
    from alerting.casedata.said_cover import SaidCover


@click.command()
@click.argument("away", required=False)
@click.option("--covered-by", help="Who answers meanwhile: a worker id, address or name.")
@click.option("--from", "begins", type=DAY, help="The first day; today when left out.")
@click.option("--until", type=DAY, help="The last day.")
@click.option("--end", type=click.IntRange(1, 2**31 - 1), help="End the cover with this number.")
@click.option("--note", default="", help="Why.")
@who("says so")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list of what stands and what is to come.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    away: str | None,
    covered_by: str | None,
    begins: datetime | None,
    until: datetime | None,
    end: int | None,
    note: str,
    by: str | None,
    as_json: bool,
) -> None:
    """Say who answers for AWAY, a worker id, address or name, from when to when. Without AWAY, list what stands and what is to come.

    It is said by themselves, by those above them, or by an administrator, counts from the next run on and ends by itself.
    """
    from alerting.alerts.people import People
    from alerting.casedata.said_cover import SaidCover
    from alerting.store import newest_directory, said_cover

    app, moment = build_app(ctx), now()
    on = today(app)
    if away and end is not None:
        raise HandlingError("both who is away and --end are given", remedy="Give one of the two.")
    with closing(app.store()) as store, store.transaction() as connection:
        newest = newest_directory.read(connection)
        if newest is None:
            raise HandlingError("no run has read the staff yet", remedy="Run the daily job first.")
        directory = newest.directory
        if not away and end is None:
            _list(directory, said_cover.read(connection, on), as_json=as_json)
            return
        people, actor = acting(app, connection, by)
        ids = None if people.is_administrator(actor.id) else [actor.id]
        if end is not None:
            found = said_cover.end(connection, directory, end, actor, ids, on, moment, note=note)
            echo(f"Cover {end}, of {directory.name(found.away)} by {directory.name(found.by)}, is ended.")
            return
        if not covered_by or until is None:
            raise HandlingError("who covers, or until when, is not said", remedy="Give both --covered-by and --until.")
        staff = People(staff=tuple(directory.staff.values()))
        wanted = SaidCover(
            id=0,
            away=staff.named(away or "").id,
            by=staff.named(covered_by).id,
            said_by=actor.id,
            begins=begins.date() if begins else on,
            until=until.date(),
        )
        said = said_cover.say(connection, directory, wanted, actor, ids, on, moment, note=note)
    echo(
        f"{directory.name(said.by)} covers for {directory.name(said.away)} from {day(said.begins)} to {day(said.until)}: "
        f"cover {said.id}. `alerting people cover --end {said.id}` ends it before."
    )


def _list(directory: Directory, said: Sequence[SaidCover], *, as_json: bool) -> None:
    if as_json:
        echo_json(
            [
                {
                    "cover": one.id,
                    "away": one.away,
                    "covered_by": one.by,
                    "from": one.begins.isoformat(),
                    "until": one.until.isoformat(),
                    "said_by": one.said_by,
                }
                for one in said
            ]
        )
        return
    named = [
        (one.id, *map(directory.name, (one.away, one.by)), one.begins, one.until, directory.name(one.said_by)) for one in said
    ]
    echo_table(["Cover", "Away", "Covered by", "From", "Until", "Said by"], named)
    echo(f"{len(said)} said", err=True)

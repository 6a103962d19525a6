"""`alerting audit verify`: the proof that nothing was lost, from the store alone."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from typing import Any

import click

from alerting.app import App
from alerting.audit import seals
from alerting.audit import verify as audit
from alerting.cli import DAY, build_app, now, today
from alerting.errors import ConfigError
from alerting.formatting import day, plural
from alerting.runs import timetable
from alerting.store.store import Store
from alerting.terminal import echo, echo_json

_LATER = "Give days on which something was run."


@click.command()
@click.option("--from", "since", type=DAY, help="The first day; that of the first run when left out.")
@click.option("--to", "until", type=DAY, help="The last day; that of the last run when left out.")
@click.option("--head", "heads", multiple=True, help="A head of the seals that somebody has from outside, such as by mail.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def command(ctx: click.Context, since: datetime | None, until: datetime | None, heads: tuple[str, ...], *, as_json: bool) -> None:
    """Prove from the store that each run, alert and message was brought to its end, and that no row was changed by hand, or say where not."""
    app = build_app(ctx)
    store = app.store()
    try:
        with store.transaction() as connection:
            known = audit.job_days(connection)
            if not known:
                raise ConfigError(
                    "nothing has been run yet, so there is nothing to prove", remedy="Run `alerting run daily` first."
                )
            first = since.date() if since else min(begun for begun, _ in known.values())
            last = until.date() if until else max(ended for _, ended in known.values())
            if first > last:
                raise ConfigError(f"{first} lies after {last}", remedy=_LATER)
            found = audit.verify(connection, first, last, now(), due=_due(app, known, first, last))
            sealed = seals.check_seals(connection, [*heads, *_given_away(app, store)])
        found = replace(found, breaches=(*found.breaches, *map(_of_seals, sealed.breaks)))
    finally:
        store.close()
    if as_json:
        echo_json(
            {
                "from": found.since,
                "to": found.until,
                "looked_at": found.looked_at,
                "not_shown": found.not_shown,
                "breaches": list(map(_as_row, found.breaches)),
                "seals": {"count": sealed.seals, "rows": sealed.rows, "erased": sealed.erased, "head": sealed.head},
            }
        )
    else:
        _tell(found)
        echo(seals.in_words(sealed))
    sys.exit(1 if found.breaches else 0)


def _of_seals(problem: str) -> audit.Breach:
    return audit.Breach(promise="seal", about="the store", problem=problem)


def _given_away(app: App, store: Store) -> list[str]:
    """Return the heads that stand outside the store: in the file of the heartbeat, and in the marker beside it."""
    marked = [head] if (head := app.marker(store).head) else []
    path = app.heartbeat().file
    try:
        text = path.read_text("utf-8") if path else ""
    except (OSError, UnicodeDecodeError):
        return marked
    return [*marked, *re.findall(r"^seal ([0-9a-f]{40})$", text, re.MULTILINE)]


def _due(app: App, known: Mapping[str, tuple[date, date]], first: date, last: date) -> Iterator[tuple[str, date]]:
    """Return the slots of the timetable since each job's first run, but for those of today: their time may not have come."""
    holidays = app.book.settings.bank_holidays
    for job, settings in dict(app.loaded.config.jobs).items():
        if job in known:
            begins, ends = max(first, known[job][0]), min(last + timedelta(days=1), today(app))
            slots = timetable.slots(job, settings, begins - timedelta(days=1), ends, holidays)
            yield from ((job, on) for on in slots)


def _as_row(breach: audit.Breach) -> dict[str, Any]:
    return asdict(breach)


def _tell(found: audit.Audit) -> None:
    looked = ", ".join(f"{count} {name}" for name, count in found.looked_at.items())
    echo(f"{day(found.since)} to {day(found.until)}: {looked}.")
    for each in found.not_shown:
        echo(f"Not shown: {each}.")
    if not found.breaches:
        echo(
            "Every promise is kept: each run ended, each alert that was firing was told to everybody it was for or says why not, each "
            "message came to an end, and each that was due was taken for its reader or for the next up."
        )
        return
    echo(f"{plural(len(found.breaches), 'promise is', 'promises are')} not kept:")
    for breach in found.breaches:
        echo(f"  {breach}")

"""How the service goes, in counts: for administrators, auditors, directors and the performance team. It names no child and no alert."""

from __future__ import annotations

from starlette.responses import Response

from alerting.model import Level
from alerting.store.messages.send_hold import find_hold
from alerting.store.service_counts import count_open_by_level
from alerting.web.readiness import why_not_ready
from alerting.web.run_line import line_of
from alerting.web.sections import TODAY
from alerting.web.visits import Visit, read_number

_RUNS = 30


def show_service(visit: Visit) -> Response:
    """Show the line of the last daily run, and the runs before it."""
    store, zone, opened = visit.council.store(), visit.zone, count_open_by_level(visit.connection)
    last, held = store.latest_run("daily", within=visit.connection), find_hold(visit.connection)
    return visit.show(
        "service.html",
        here=TODAY.path,
        why=why_not_ready(visit.app, store, visit.connection, visit.now),
        hold=str(held) if held else "",
        run=line_of(last, zone) if last else None,
        runs=[line_of(run, zone) for run in store.recent_runs(_RUNS, visit.connection)],
        opened=[(level.name, opened[level]) for level in reversed(Level)],
    )


def show_run(visit: Visit) -> Response:
    """Show one run: its line, and how asking each rule went."""
    number = read_number(visit.path["run"])
    run = visit.council.store().ended_run(number, visit.connection) if number is not None else None
    return visit.show("run.html", here=TODAY.path, run=line_of(run, visit.zone)) if run else visit.nothing_there()

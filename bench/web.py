"""Time the list and the page of an alert, 20 managers at once, over a store with many alerts, while runs are writing.

    python -m bench web [--open 100000] [--past 1000000] [--asks 30] [--pause 1] [--postgresql]

The page, the runs and the managers are three processes, as they are in a council. Its directory names 1,500 people in 300 teams; the alerts
are spread over 2,000 teams, of which each manager answers for one and is told of all its 50. Each manager asks for their list, then for an
alert of it, and pauses before each for so many seconds on average; with `--pause 0` all 20 ask as fast as they are answered. Printed are the
median and the 99th of a hundred in milliseconds, as a reader waits for them, on an empty store first: `x` is how much longer the full one takes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from alerting.app import build
from alerting.store import schema
from tests.made_council import MONDAY
from tests.office import Office
from tests.postgres import start_postgres
from tests.web_site import Browser, new_office, shown

MANAGERS, TEAMS, TEAMS_WITH_ALERTS, WORKERS_A_TEAM, PIECE = 20, 300, 2_000, 4, 50_000
FAR = 60
"""Days that no run comes to before the store is full."""
_NEW = multiprocessing.get_context("spawn")


def main() -> None:
    """Print what an empty store and a full one take."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--open", type=int, default=100_000)
    parser.add_argument("--past", type=int, default=1_000_000)
    parser.add_argument("--asks", type=int, default=30)
    parser.add_argument("--pause", type=float, default=1.0)
    parser.add_argument("--postgresql", action="store_true")
    arguments = parser.parse_args()
    print(f"{'open':>8} {'past':>9} {'page':6} {'median':>7} {'99th':>7} {'x':>5}")
    with tempfile.TemporaryDirectory() as folder, a_store(Path(folder), on_postgresql=arguments.postgresql) as store:
        office = new_office(Path(folder))
        office.store_url = store
        for number in range(TEAMS):
            _add_team(office, number)
        office.run(MONDAY)
        with begun(serve, office) as url:
            config = office.folder / "config.yaml"
            with begun(keep_running, config, MONDAY):
                before = measure(url, arguments.asks, arguments.pause, 0, 0, {})
            fill(office, arguments.open, arguments.past)
            with begun(keep_running, config, MONDAY + timedelta(days=FAR)):
                measure(url, arguments.asks, arguments.pause, arguments.open, arguments.past, before)


@contextmanager
def a_store(folder: Path, *, on_postgresql: bool) -> Iterator[str]:
    """Return the address of an empty store."""
    if on_postgresql:
        with start_postgres() as url:
            yield url
    else:
        yield f"sqlite:///{(folder / 'bench.db').as_posix()}"


def _add_team(office: Office, number: int) -> None:
    """Add a team with its manager and workers; the manager of one that is measured has a child who is not seen."""
    team = f"TB{number}"
    for worker, role in [
        (f"B{number}", "team_manager"),
        *((f"W{number}-{one}", "social_worker") for one in range(WORKERS_A_TEAM)),
    ]:
        address = f"{worker.lower()}@example.gov.uk"
        office.council.add("ext_staff", worker_id=worker, name=f"Person {worker}", email=address, role=role, team_id=team)
    office.council.add("ext_team", team_id=team, name=f"Team {team}", service="help_protection", manager_id=f"B{number}")
    if number < MANAGERS:
        office.council.on_a_plan(f"B{number}", seen=MONDAY - timedelta(days=60), team=team, worker=f"B{number}")


def fill(office: Office, open_: int, past: int) -> None:
    """Put copies of one manager's alert into the store, of each team as many, and of what is open that its manager is told of it."""
    store = office.store()
    with store.transaction() as connection:
        like = _first(connection, schema.alert, schema.alert.c.team == "TB0")
        its = {
            table: _first(connection, table, table.c.alert_id == like["id"])
            for table in (schema.routed, schema.reading, schema.told)
        }
        number = 10_000_000  # far from those that runs give meanwhile
    for at in range(0, open_ + past, PIECE):
        rows: dict[sa.Table, list[dict[str, Any]]] = {schema.alert: [], schema.reading: [], schema.routed: [], schema.told: []}
        for copy in range(at, min(at + PIECE, open_ + past)):
            id_, team, is_open = number + copy, copy % TEAMS_WITH_ALERTS, copy < open_
            ended = None if is_open else MONDAY - timedelta(days=copy % 300)
            about = {
                "id": id_,
                "ref": f"X-{copy}",
                "subject": f"S{copy}",
                "person": f"C{copy}",
                "team": f"TB{team}",
                "worker": f"W{team}-0",
            }
            rows[schema.alert].append(like | about | ({} if is_open else {"condition": "resolved", "resolved_on": ended}))
            of_it = {"alert_id": id_, "recipient": f"B{team}", "until": ended}
            rows[schema.routed].append(its[schema.routed] | of_it)
            rows[schema.told].append(its[schema.told] | {"alert_id": id_, "recipient": f"B{team}"})
            if is_open:
                rows[schema.reading].append(its[schema.reading] | {"alert_id": id_})
        with store.transaction() as connection:
            for table, some in rows.items():
                if some:
                    connection.execute(sa.insert(table), some)
    store.close()


def _first(connection: sa.Connection, table: sa.Table, *where: sa.ColumnElement[bool]) -> dict[str, Any]:
    """Return a row of a table, without its number where it has one."""
    row = dict(connection.execute(sa.select(table).where(*where).limit(1)).mappings().one())
    return {name: value for name, value in row.items() if name != "id" or table is schema.alert}


@contextmanager
def begun(what: Callable[..., None], *given: Any) -> Iterator[str]:
    """Let a process of its own do something until the block ends, and return what it says once it has begun."""
    says, to = _NEW.Pipe()
    ended = _NEW.Event()
    process = _NEW.Process(target=what, args=(*given, to, ended))
    process.start()
    try:
        yield says.recv()
    finally:
        ended.set()
        process.join()


def serve(office: Office, says: Connection, ended: Event) -> None:
    """Show the page, and say where."""
    with shown(office) as site:
        says.send(site.url)
        ended.wait()


def keep_running(config: Path, after: date, says: Connection, ended: Event) -> None:
    """Do runs one after another, each of the next day after one. Nobody writes config.yaml meanwhile: the page would read all rules anew."""
    app = build(config)
    store = app.store()
    says.send("")
    for number in count(1):
        if ended.is_set():
            break
        moment = datetime.combine(after + timedelta(days=number), time_of_day(7), tzinfo=UTC)
        app.pipeline(store).run("daily", moment.date(), lambda moment=moment: moment)
    store.close()


def measure(url: str, asks: int, pause: float, open_: int, past: int, before: dict[str, float]) -> dict[str, float]:
    """Ask as all managers at once; print what it took, and return the medians by page."""
    with ThreadPoolExecutor(MANAGERS) as pool:
        took = list(pool.map(lambda number: ask(url, f"b{number}@example.gov.uk", asks, pause), range(MANAGERS)))
    medians = {}
    for page in ("list", "alert"):
        all_ = [seconds * 1000 for one in took for seconds in one[page]]
        medians[page], worst = statistics.median(all_), statistics.quantiles(all_, n=100)[-1]
        beside = medians[page] / before[page] if before else 1.0
        print(f"{open_:>8} {past:>9} {page:6} {medians[page]:>7.0f} {worst:>7.0f} {beside:>5.2f}", flush=True)
    return medians


def ask(url: str, address: str, asks: int, pause: float) -> dict[str, list[float]]:
    """Ask for the list, and the first alert of it, some times; return the seconds of each."""
    browser, drawn = Browser(url=url, headers={"X-Mail": address}), random.Random(address)
    took: dict[str, list[float]] = {"list": [], "alert": []}
    ref = ""
    for _ in range(asks):
        for page in ("list", "alert"):
            time.sleep(drawn.uniform(0, 2 * pause))
            began = time.perf_counter()
            answer = browser.get("/" if page == "list" else f"/a/{ref}")
            took[page].append(time.perf_counter() - began)
            assert answer.status_code == 200, answer.status_code
            if page == "list":
                ref = answer.text.partition('href="/a/')[2].partition('"')[0]
    browser.close()
    return {page: seconds[1:] for page, seconds in took.items()}


if __name__ == "__main__":
    main()

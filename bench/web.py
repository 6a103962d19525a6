"""Time the list and the page of an alert, 20 managers at once, over a store with many alerts, while runs are writing.

    python -m bench web [--open 100000] [--past 1000000] [--asks 30] [--postgresql]

The alerts are spread over 300 teams; each manager answers for one. Printed are the median and the 99th of a hundred in milliseconds, as a
reader waits for them, on an empty store first: `x` is how much longer the full one takes.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from alerting.store import schema
from tests.made_council import MONDAY
from tests.postgres import start_postgres
from tests.web_site import Browser, Site, new_office, shown

MANAGERS, TEAMS, PIECE = 20, 300, 50_000


def main() -> None:
    """Print what an empty store and a full one take."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--open", type=int, default=100_000)
    parser.add_argument("--past", type=int, default=1_000_000)
    parser.add_argument("--asks", type=int, default=30)
    parser.add_argument("--postgresql", action="store_true")
    arguments = parser.parse_args()
    print(f"{'open':>8} {'past':>9} {'page':6} {'median':>7} {'99th':>7} {'x':>5}")
    with tempfile.TemporaryDirectory() as folder, a_store(Path(folder), on_postgresql=arguments.postgresql) as store:
        office = new_office(Path(folder))
        office.store_url = store
        for number in range(MANAGERS):
            worker, team = f"B{number}", f"TB{number}"
            office.council.add(
                "ext_staff",
                worker_id=worker,
                name=f"Person {worker}",
                email=f"{worker.lower()}@example.gov.uk",
                role="team_manager",
                team_id=team,
            )
            office.council.add("ext_team", team_id=team, name=f"Team {team}", service="help_protection", manager_id=worker)
            office.council.on_a_plan(f"B{number}", seen=MONDAY - timedelta(days=60), team=team, worker=worker)
        office.run(MONDAY)
        days = (MONDAY + timedelta(days=number) for number in count(1))
        with shown(office) as site:
            before = measure(site, arguments.asks, days, 0, 0, {})
            fill(site, arguments.open, arguments.past)
            measure(site, arguments.asks, days, arguments.open, arguments.past, before)


@contextmanager
def a_store(folder: Path, *, on_postgresql: bool) -> Iterator[str]:
    """Return the address of an empty store."""
    if on_postgresql:
        with start_postgres() as url:
            yield url
    else:
        yield f"sqlite:///{(folder / 'bench.db').as_posix()}"


def fill(site: Site, open_: int, past: int) -> None:
    """Put copies of one manager's alert into the store, of each team as many."""
    store = site.council.store()
    with store.transaction() as connection:
        like: dict[str, Any] = dict(
            connection.execute(sa.select(schema.alert).where(schema.alert.c.team == "TB0").limit(1)).mappings().one()
        )
    like.pop("id")
    for at in range(0, open_ + past, PIECE):
        rows = []
        for number in range(at, min(at + PIECE, open_ + past)):
            ended = {} if number < open_ else {"condition": "resolved", "resolved_on": MONDAY - timedelta(days=number % 300)}
            about = {"ref": f"X-{number}", "subject": f"S{number}", "person": f"C{number}", "team": f"TB{number % TEAMS}"}
            rows.append(like | about | ended)
        with store.transaction() as connection:
            connection.execute(sa.insert(schema.alert), rows)


def measure(site: Site, asks: int, days: Iterator[date], open_: int, past: int, before: dict[str, float]) -> dict[str, float]:
    """Ask as all managers at once while runs write; print what it took, and return the medians by page."""
    ended = threading.Event()
    writer = threading.Thread(target=keep_running, args=(site, days, ended))
    writer.start()
    with ThreadPoolExecutor(MANAGERS) as pool:
        took = list(pool.map(lambda number: ask(site.reader(f"B{number}"), asks), range(MANAGERS)))
    ended.set()
    writer.join()
    medians = {}
    for page in ("list", "alert"):
        all_ = [seconds * 1000 for one in took for seconds in one[page]]
        medians[page], worst = statistics.median(all_), statistics.quantiles(all_, n=100)[-1]
        beside = medians[page] / before[page] if before else 1.0
        print(f"{open_:>8} {past:>9} {page:6} {medians[page]:>7.0f} {worst:>7.0f} {beside:>5.2f}", flush=True)
    return medians


def keep_running(site: Site, days: Iterator[date], ended: threading.Event) -> None:
    """Do runs one after another, each of the next day."""
    while not ended.is_set():
        site.office.run(next(days))


def ask(browser: Browser, asks: int) -> dict[str, list[float]]:
    """Ask for the list, and the first alert of it, some times; return the seconds of each."""
    took: dict[str, list[float]] = {"list": [], "alert": []}
    ref = ""
    for _ in range(asks):
        for page in ("list", "alert"):
            began = time.perf_counter()
            answer = browser.get("/" if page == "list" else f"/a/{ref}")
            took[page].append(time.perf_counter() - began)
            assert answer.status_code == 200, answer.status_code
            if page == "list":
                ref = answer.text.partition('href="/a/')[2].partition('"')[0]
    return {page: seconds[1:] for page, seconds in took.items()}


if __name__ == "__main__":
    main()

"""Kill runs with SIGKILL, at points of the delivery protocol and at any instant, and count what that loses or doubles.

    python bench/chaos.py [--crashes 1000] [--store sqlite|postgresql] [--seed 1] [--teams 20]

Each cycle is a store without rows in which a daily run is killed some times and then left to end; a relay, a process of its
own that writes each mail down before it answers 250, knows what was accepted. That is compared with an undisturbed run.
Processes are forked, so that times leave out how long Python takes to start.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from alerting.store import schema
from alerting.store.store import Store
from tests.crashes import PER_MESSAGE, POINTS, TWICE, Killing, Ran, council_of_teams, killing
from tests.postgres import start_postgres
from tests.relay import Mail, Relay, relay_process

ANY_INSTANT = "any instant"
GO_ON = 0.85
"""How likely another crash is after one: between six and seven to a cycle."""
DOUBLING = ("K6 behind the dot", "K7", "K7 within", ANY_INSTANT)


@dataclass(kw_only=True)
class Count:
    """What came of all cycles. other: messages of ids that an undisturbed run does not send; recovery: seconds."""

    crashes: Counter[str] = field(default_factory=Counter)
    cycles: int = 0
    messages: int = 0
    lost: int = 0
    same_id: int = 0
    same_id_unmarked: int = 0
    other: Counter[str] = field(default_factory=Counter)
    not_well: list[str] = field(default_factory=list)
    recovery: list[float] = field(default_factory=list)
    more_than_crashes: int = 0


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One installation that is killed. fresh: empties its store."""

    config: Path
    relay: Relay
    killing: Killing
    fresh: Callable[[], None]
    chance: random.Random

    def undisturbed(self) -> tuple[list[Mail], float]:
        """Return what an undisturbed run sends, and how many seconds it takes."""
        self.fresh()
        self.relay.forget()
        ran = self.killing.run(self.config)
        return self.relay.mails(), ran.ended - ran.began

    def crash(self, longest: float, messages: int) -> tuple[str, Ran]:
        """Start a run and kill it; the name says where, and the run may have ended before."""
        if self.chance.random() < 0.5:
            return ANY_INSTANT, self.killing.run(self.config, after_s=self.chance.uniform(0, longest))
        name = self.chance.choice(list(POINTS))
        most = messages if name in PER_MESSAGE else 2 if name in TWICE else 1
        return name, self.killing.run(self.config, name, self.chance.randint(1, most))

    def cycle(self, wanted: list[Mail], longest: float, most: int, count: Count) -> None:
        """Kill runs of one store, at most so many, let the last one end, and count."""
        self.fresh()
        self.relay.forget()
        where: list[str] = []
        died = time.time()
        while len(where) < most and (not where or self.chance.random() < GO_ON):
            name, ran = self.crash(longest, len(wanted))
            if not ran.killed:
                break
            where.append(name)
            died = ran.ended
        ended = self.killing.run(self.config)
        mails = self.relay.mails()
        count.crashes.update(where)
        count.cycles += 1
        count.messages += len(wanted)
        self._compare(wanted, mails, where, count)
        late = [mail.at for mail in mails if mail.at > died]
        if where:
            count.recovery.append((max(late) if late else ended.ended) - died)
        if ended.report["status"] != "done" or ended.report["breaches"]:
            count.not_well.append(f"{ended.report['status']}: {ended.report['source']['problems']} {ended.report['breaches']}")

    def _compare(self, wanted: list[Mail], mails: list[Mail], where: list[str], count: Count) -> None:
        expected, came = {mail.id for mail in wanted}, Counter(mail.id for mail in mails)
        count.lost += len(expected - came.keys())
        for mail in mails:
            if mail.id not in expected:
                count.other[mail.purpose] += 1
        extra = sum(came[id_] - 1 for id_ in came)
        count.same_id += extra
        seen: set[str] = set()
        for mail in mails:
            count.same_id_unmarked += mail.id in seen and not mail.repeat
            seen.add(mail.id)
        count.more_than_crashes += max(0, extra - sum(name in DOUBLING for name in where))


@contextmanager
def on_sqlite(folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Return the address of a store in a file, and what puts an empty one in its place."""
    template, path = folder / "template.db", folder / "alerting.db"
    Store.open(f"sqlite:///{template.as_posix()}").close()

    def fresh() -> None:
        for name in ("alerting.db", "alerting.db-wal", "alerting.db-shm", "alerting.db.marker"):
            (folder / name).unlink(missing_ok=True)
        shutil.copy(template, path)

    yield f"sqlite:///{path.as_posix()}", fresh


@contextmanager
def on_postgresql(_: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Return the address of a store on a server of its own, and what empties its tables."""
    tables = ", ".join(f'"{table.name}"' for table in schema.metadata.sorted_tables)
    with start_postgres() as url:
        Store.open(url).close()
        engine = sa.create_engine(url, poolclass=sa.NullPool)

        def fresh() -> None:
            with engine.begin() as connection:
                connection.execute(sa.text(f"TRUNCATE {tables} RESTART IDENTITY"))

        yield url, fresh


def main() -> None:
    """Kill as often as asked and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crashes", type=int, default=1000)
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--teams", type=int, default=20)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url, fresh = stack.enter_context((on_sqlite if arguments.store == "sqlite" else on_postgresql)(folder))
        relay = stack.enter_context(relay_process(folder / "mails"))
        office = council_of_teams(folder / "council", url, relay, arguments.teams)
        bench = Bench(
            config=office.folder / "config.yaml",
            relay=relay,
            killing=stack.enter_context(killing()),
            fresh=fresh,
            chance=random.Random(arguments.seed),
        )
        bench.undisturbed()
        wanted, longest = bench.undisturbed()
        count = Count()
        with suppress(KeyboardInterrupt):  # then what was counted so far is shown
            while (so_far := count.crashes.total()) < arguments.crashes:
                bench.cycle(wanted, longest, arguments.crashes - so_far, count)
                print(f"\r{count.crashes.total()} crashes, {count.lost} lost ", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
    show(count, arguments.store, len(wanted), longest)
    sys.exit(1 if count.lost or count.not_well or count.other["daily"] else 0)


def show(count: Count, store: str, messages: int, longest: float) -> None:
    """Print the figures of one store."""
    print(f"{store}: {messages} messages a run, {longest:.1f} s undisturbed; {count.cycles} cycles")
    print(f"  {'killed at':20} {'crashes':>8}")
    for name in (*POINTS, ANY_INSTANT):
        print(f"  {name:20} {count.crashes[name]:>8}")
    print(f"  {'in all':20} {count.crashes.total():>8}")
    print(f"  messages wanted              {count.messages:>8}")
    print(f"  lost                         {count.lost:>8}")
    print(f"  doubled, the same Message-ID {count.same_id:>8}   of them without a word about it: {count.same_id_unmarked}")
    other = ", ".join(f"{number} {purpose}" for purpose, number in count.other.items()) or "0"
    print(f"  of another Message-ID        {count.other.total():>8}   {other}")
    print(f"  repeats beyond one a crash   {count.more_than_crashes:>8}")
    print(f"  cycles that did not end well {len(count.not_well):>8}   {'; '.join(sorted(set(count.not_well))[:3])}")
    recovery = count.recovery or [0.0]
    print(f"  from the last kill until all is sent: median {statistics.median(recovery):.1f} s, longest {max(recovery):.1f} s")


if __name__ == "__main__":
    main()

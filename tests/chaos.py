"""Runs that are killed, and judged by who must be told what: nothing lost, nothing to anybody else, nothing twice without a word.

The judge knows the mails that a relay accepted, the list that `tests.owed` makes of the council's tables, and where the runs died.
It knows nothing of the product, and of no run that was left in peace, which would have the same bugs.
"""

from __future__ import annotations

import random
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa

from alerting.store import schema
from alerting.store.store import Store
from tests.crashes import PER_MESSAGE, POINTS, TWICE, Killing, Ran, council_of_teams
from tests.made_council import MONDAY
from tests.office import Office
from tests.owed import Owed, owed
from tests.postgres import start_postgres
from tests.relay import REPEAT, Mail, Relay

ANY_INSTANT = "any instant"
GO_ON = 0.85
"""How likely another crash is after one: between six and seven to a cycle."""
IN_DOUBT = frozenset({"K6 before the dot", "K6 behind the dot", "K7", "K7 within", ANY_INSTANT})
"""Where a message may have been under way, so that it comes again and says so."""
DOUBLING = IN_DOUBT - {"K6 before the dot"}
"""Where it may have arrived."""
ADMINISTRATORS = frozenset({"admin@example.gov.uk", "p1@example.gov.uk"})
"""Who reads about the run: whom config.yaml names, and the manager of the performance team."""
SLOWEST_S, SLOWEST_TIMES = 30.0, 5
"""After the last kill all is sent within so many seconds, and so many times what an undisturbed run takes."""

CHILD = re.compile(r"\bP?(C\d+)\b")
HEADING = re.compile(r"\bChild(?:ren)? (C\d+(?:, C\d+)*)\b")
ITEM = re.compile(r"- (RED|AMBER): .*? recorded for (\d+) working days \(last protection visit (\d+ \w+ \d{4})\)")


class Fault(StrEnum):
    """What a killed run may not lead to."""

    lost = "lost: somebody who must be told was not"
    stranger = "told to somebody who must not be told"
    content = "not what its reader must be told"
    second = "a second message, not a repeat"
    other_reader = "a repeat to somebody else"
    other_words = "a repeat with other words"
    unmarked = "a repeat without a word about it"
    marked = "called a repeat, and nothing was in doubt"
    copies = "more copies than crashes"
    administrators = "administrators: not one message each about the run"
    not_well = "the last run did not end well"
    slow = "sent late after the last kill"


Found = list[tuple[Fault, str]]


@dataclass(frozen=True, kw_only=True)
class Must:
    """What must come of a day. told: by address; administrators: the addresses of those who read about the run."""

    told: Mapping[str, frozenset[Owed]]
    administrators: frozenset[str]


def judge(must: Must, mails: Sequence[Mail], where: Iterable[str]) -> Found:
    """Return what is wrong with the mails that were accepted. where: the points at which runs died."""
    daily = [mail for mail in mails if mail.purpose == "daily"]
    return [
        *_lost_and_misdirected(must, daily),
        *(found for mail in daily for found in _content(must, mail)),
        *_repeats(mails, list(where)),
        *_to_administrators(must, [mail for mail in mails if mail.purpose != "daily"]),
    ]


def _lost_and_misdirected(must: Must, daily: Sequence[Mail]) -> Found:
    ids: dict[str, set[str]] = {}
    for mail in daily:
        ids.setdefault(mail.to, set()).add(mail.id)
    lost = [(Fault.lost, to) for to in must.told if to not in ids]
    strangers = [(Fault.stranger, to) for to in ids if to not in must.told]
    return lost + strangers + [(Fault.second, to) for to, its in ids.items() if len(its) > 1]


def _content(must: Must, mail: Mail) -> Found:
    """Compare a mail with what its reader must be told: each item in plain words, each child in both parts, and the subject."""
    due = must.told.get(mail.to, frozenset())
    children = sorted(item.child for item in due)
    right = (
        sorted(_items(mail.text)) == sorted(due)
        and set(CHILD.findall(f"{mail.subject}\n{mail.text}")) == set(children)
        and set(CHILD.findall(mail.html)) == set(children)
        and all(f"for {item.working_days} working days" in _plain(mail.html) for item in due)
        and f"; {len(due)} new." in _plain(mail.text)
    )
    return [] if right else [(Fault.content, f"{mail.to}: {mail.subject}: {_items(mail.text)}; must be {sorted(due)}")]


def _items(text: str) -> list[Owed]:
    """Return the items that a message's plain words have."""
    found, parts = [], HEADING.split(_plain(text))
    for children, said in zip(parts[1::2], parts[2::2], strict=True):
        for level, days, last in ITEM.findall(said):
            last_visit = datetime.strptime(last, "%d %B %Y").date()
            for child in children.split(", "):
                found.append(Owed(child=child, level=level, working_days=int(days), last_visit=last_visit))
    return found


def _plain(text: str) -> str:
    return " ".join(text.replace(REPEAT, "").split())


def _repeats(mails: Sequence[Mail], where: Sequence[str]) -> Found:
    found: Found = []
    first: dict[str, Mail] = {}
    for mail in mails:
        before = first.setdefault(mail.id, mail)
        if before is mail:
            continue
        same_words = (mail.subject, _plain(mail.text)) == (before.subject, _plain(before.text))
        found += [(Fault.unmarked, mail.to)] * (not mail.repeat)
        found += [(Fault.other_reader, f"{before.to}, then {mail.to}")] * (mail.to != before.to)
        found += [(Fault.other_words, mail.to)] * (not same_words)
    extra, marks = len(mails) - len(first), sum(mail.repeat for mail in mails)
    found += [(Fault.copies, f"{extra}")] * (extra > sum(name in DOUBLING for name in where))
    return found + [(Fault.marked, f"{marks}")] * (marks > sum(name in IN_DOUBT for name in where))


def _to_administrators(must: Must, others: Sequence[Mail]) -> Found:
    """Compare what is not a manager's: one message about the run to each administrator, in words, of no child."""
    found: Found = []
    ids = {(mail.purpose, mail.to): mail.id for mail in others}
    expected = {("admin", to) for to in must.administrators}
    if ids.keys() != expected or len({mail.id for mail in others}) != len(expected):
        found.append((Fault.administrators, f"{sorted((mail.purpose, mail.to) for mail in others)}"))
    open_alerts = len({item for items in must.told.values() for item in items})
    for mail in others:
        words = (f"Alerts open: {open_alerts} ", "Audit: every promise kept")
        said = all(word in _plain(mail.text) for word in words) and "every promise kept" in mail.html
        if not said or CHILD.search(f"{mail.subject}\n{mail.text}\n{mail.html}"):
            found.append((Fault.administrators, f"what {mail.to} reads"))
    return found


# ---------------------------------------------------------------------- runs that are killed


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One installation that is killed. fresh: empties its store; bug: the one of tests.planted that its processes have."""

    office: Office
    relay: Relay
    killing: Killing
    fresh: Callable[[], None]
    chance: random.Random
    bug: str | None = None

    @property
    def must(self) -> Must:
        """What must come of its day."""
        return Must(told=owed(self.office.council.tables, MONDAY), administrators=ADMINISTRATORS)

    def run(self, point: str | None = None, nth: int = 1, **how: float) -> Ran:
        """Start a run in a process of its own."""
        return self.killing.run(self.office.folder / "config.yaml", point, nth, bug=self.bug, **how)

    def undisturbed(self) -> tuple[Found, float]:
        """Return what is wrong after a run that nobody kills, and how many seconds it takes."""
        self.begin()
        ran = self.run()
        return judge(self.must, self.relay.mails(), []) + _not_well(ran), ran.ended - ran.began

    def begin(self) -> None:
        """Empty the store and what the relay knows."""
        self.fresh()
        self.relay.forget()
        (self.office.folder / "alive").unlink(missing_ok=True)

    def crash(self, longest: float) -> tuple[str, Ran]:
        """Start a run and kill it; the name says where, and the run may have ended before."""
        if self.chance.random() < 0.5:
            return ANY_INSTANT, self.run(after_s=self.chance.uniform(0, longest))
        name = self.chance.choice(list(POINTS))
        most = len(self.must.told) if name in PER_MESSAGE else 2 if name in TWICE else 1
        return name, self.run(name, self.chance.randint(1, most))

    def cycle(self, longest: float, most: int) -> Cycle:
        """Kill runs of one store, at most so many, and let the last one end."""
        self.begin()
        killed: list[tuple[str, Ran]] = []
        while len(killed) < most and (not killed or self.chance.random() < GO_ON):
            name, ran = self.crash(longest)
            if not ran.killed:
                break
            killed.append((name, ran))
        return self.end(killed, longest)

    def killed_at(self, *points: tuple[str, int]) -> Cycle:
        """Kill runs at these points, one after the other, and let the last one end."""
        self.begin()
        killed = [(name, self.run(name, nth)) for name, nth in points]
        return self.end([(name, ran) for name, ran in killed if ran.killed], None)

    def end(self, killed: Sequence[tuple[str, Ran]], longest: float | None) -> Cycle:
        """Let a run end, and judge. longest: what an undisturbed one takes; None: it may take as long as it likes."""
        ended = self.run()
        mails, where = self.relay.mails(), [name for name, _ in killed]
        died = killed[-1][1].ended if killed else ended.began
        recovery = max([mail.at for mail in mails if mail.at > died], default=ended.ended) - died
        found = judge(self.must, mails, where) + _not_well(ended)
        if not (self.office.folder / "alive").exists():
            found.append((Fault.not_well, "no sign of life"))
        if longest is not None and recovery > max(SLOWEST_S, SLOWEST_TIMES * longest):
            found.append((Fault.slow, f"{recovery:.1f} s"))
        repeats = len(mails) - len({mail.id for mail in mails})
        return Cycle(where=where, found=found, repeats=repeats, recovery=recovery if killed else None)


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """What came of one store. where: the points at which its runs died; recovery: seconds; None where none died."""

    where: list[str]
    found: Found
    repeats: int
    recovery: float | None

    @property
    def faults(self) -> Counter[Fault]:
        """How often each fault was found."""
        return Counter(fault for fault, _ in self.found)


def _not_well(ran: Ran) -> Found:
    said = ran.report
    well = said["status"] == "done" and not said["breaches"] and not said["source"]["problems"]
    return [] if well else [(Fault.not_well, f"{said['status']}: {said['source']['problems']} {said['breaches']}")]


def chaotic_council(folder: Path, store_url: str, relay: Relay, teams: int) -> Office:
    """Make a council of teams with all that makes it hard to say who is told: cover, a leaver, limited and sealed records.

    X10 has two children, whom its manager reads of in one message; X11's manager is away; X12's has left.
    """
    office = council_of_teams(folder, store_url, relay, teams)
    council = office.council
    long_ago, of_late = MONDAY - timedelta(days=38), MONDAY - timedelta(days=13)
    council.on_a_plan("C50", seen=long_ago, team="X10")
    council.on_a_plan("C51", seen=of_late, team="T2", worker="W2")
    council.on_a_plan("C52", seen=long_ago, team="X10")
    council.on_a_plan("C53", seen=long_ago, team="X11")
    council.on_a_plan("C54", seen=long_ago, team="X12")
    council.add("ext_restricted", person_id="C52", level="limited", allowed_recipients="SM10;Q1")
    council.add("ext_restricted", person_id="C53", level="sealed", allowed_recipients="SM11")
    council.add("ext_restricted", person_id="C54", level="limited", allowed_recipients="H1;Q1")
    council.add("ext_cover", staff_id="TM11", covered_by="M2", from_date="2026-02-20", to_date="2026-03-10")
    council.row("ext_staff", worker_id="TM12")["ends_on"] = date(2026, 2, 27).isoformat()
    council.write()
    return office


# ---------------------------------------------------------------------- stores that are emptied


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


STORES = {"sqlite": on_sqlite, "postgresql": on_postgresql}
"""Where its rows may be, by name."""

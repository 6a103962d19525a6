"""A made council over days of whatever may happen, and who may read what of it: worked out from its tables alone, by the published rule.

Nothing here asks the service who may know of a child. A child's team is that of its involvement; the people of a child are its worker
and the managers of that team, up the line, and whoever covers for one of them, by the staff list of the day; in a place where nobody is
the next up, and the performance team above the head of service. Of a restricted child only those whom its rows name, all of them, also
once it was taken off the list; by a list that cannot be trusted nobody. What is compared with that is what was accepted, as it reads: every name of a child in every message.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st

from alerting.alerts.people import SERVICE
from alerting.app import build
from alerting.model import Message, Tier
from alerting.store import schema
from alerting.store.messages import send_hold
from tests.bounced_mails import exchange
from tests.made_council import MONDAY, Row
from tests.moods import Receiver
from tests.office import Office

Event = tuple[Any, ...]
"""The name of a method of `Days`, and what it is given."""

DAY = timedelta(days=1)
CHILD = re.compile(r"\bP?(C\d+|00701\d\d)\b")
PEOPLE = ("M1", "M2", "S1", "H1", "W1", "W2", "P1", "M7", "M8")
CHILDREN = ("C1", "C2", "0070103", "0070104")
TEAMS = ("T1", "T2")
RULES = {"daily": 0, "weekly": 1, "monthly": 0}
"""The job of each of the council's rules, and whom it tells: the team manager, or the worker and the service manager."""


def _id(cell: str) -> str:
    """Return an id as a spreadsheet leaves it: without leading zeros, and without the `.0` that it adds."""
    return cell.removesuffix(".0").lstrip("0")


@dataclass(frozen=True, kw_only=True)
class Restricted:
    """The list of restricted records as one run must take it, beside the one that was trusted last."""

    #: Whether it is there, each row has an id, no more than half of them are nobody's, and it has half of the rows there were.
    trusted: bool
    #: The rows that count, whoever was taken off since among them, and how many rows were delivered.
    rows: tuple[Row, ...] = ()
    delivered: int = 0

    @classmethod
    def of(cls, rows: Sequence[Row] | None, people: Sequence[Row], before: Restricted) -> Restricted:
        """Return what a run makes of the rows that were delivered; None: there was no list. before: what was last trusted."""
        known = {_id(row["pers_person_id"]) for row in people}
        if (
            rows is None
            or any(not row["person_id"] for row in rows)
            or 2 * sum(_id(row["person_id"]) not in known for row in rows) > len(rows)
            or 2 * len(rows) < before.delivered
        ):
            return replace(before, trusted=False)
        listed = {_id(row["person_id"]) for row in rows}
        taken_off = [row for row in before.rows if _id(row["person_id"]) not in listed]
        return cls(trusted=True, rows=(*deepcopy(rows), *taken_off), delivered=len(rows))

    def of_child(self, child: str) -> list[Row]:
        return [row for row in self.rows if _id(row["person_id"]) == _id(child)]


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a run knows of the council: its tables as they were loaded, and the list of restricted records that it goes by."""

    day: date
    tables: dict[str, list[Row]]
    restricted: Restricted

    # ------------------------------------------------------------------ people

    def post(self, worker: str | None) -> Row | None:
        """Return the row of a worker who is a current member of staff: the latest to start of those that are current."""
        today = self.day.isoformat()
        posts = [
            row
            for row in self.tables["ext_staff"]
            if row["worker_id"] == worker
            and (row.get("starts_on") or "") <= today
            and (not row.get("ends_on") or row["ends_on"] >= today)
        ]
        return max(posts, key=lambda row: (row.get("starts_on") or "", row["team_id"], row["role"]), default=None)

    def address(self, worker: str | None) -> str | None:
        post = self.post(worker)
        return (post.get("email") or None) if post else None

    def reader(self, worker: str | None) -> str | None:
        """Return who reads for a worker: themselves, or whoever covers, or covers for that one; None where nobody can be reached."""
        today, seen = self.day.isoformat(), set[str | None]()
        while worker not in seen and self.post(worker):
            seen.add(worker)
            covers = [
                row
                for row in self.tables["ext_cover"]
                if row["staff_id"] == worker and row["from_date"] <= today and (not row.get("to_date") or row["to_date"] >= today)
            ]
            if not covers:
                return worker if self.address(worker) else None
            worker = max(covers, key=lambda row: row["from_date"])["covered_by"] or None
        return None

    # ------------------------------------------------------------------ children

    def line(self, child: str) -> list[str | None]:
        """Return the team manager, service manager and head of service of a child's team."""
        [involved] = [row for row in self.tables["ssd_involvements"] if row["invo_person_id"] == child]
        [team] = [row for row in self.tables["ext_team"] if row["team_id"] == involved["invo_professional_team"]]
        return [team["manager_id"], team["service_manager_id"], team["head_of_service_id"]]

    def named(self, child: str) -> set[str] | None:
        """Return whom all of a child's rows on the list name, and nobody where one seals it; None where there is no row."""
        rows = self.restricted.of_child(child)
        if self.is_sealed(child):
            return set()
        allowed = [{worker.strip() for worker in (row.get("allowed_recipients") or "").split(";")} - {""} for row in rows]
        return set.intersection(*allowed) if allowed else None

    def is_sealed(self, child: str) -> bool:
        return any(row["level"] != "limited" for row in self.restricted.of_child(child))

    def may_know(self, child: str) -> set[str]:
        """Return the workers who may be told of a child."""
        if not self.restricted.trusted:
            return set()
        named = self.named(child)
        if named is not None:
            return {worker for worker in named if self.post(worker)}
        [involved] = [row for row in self.tables["ssd_involvements"] if row["invo_person_id"] == child]
        worker, line = involved["invo_professional_id"], self.line(child)
        # In each of their places whoever reads for them, or the next up.
        places = [[worker, *line], line, line[1:], line[2:]]
        read = {next((found for each in place if (found := self.reader(each))), "P1") for place in places}
        return read | {each for each in (worker, *line) if each and self.post(each)}

    def first(self, child: str, role: int) -> set[str]:
        """Return those of whom one must be told: who reads for a manager of the child, or the next up; of a restricted child whom it names.

        role: 0 for the team manager, 1 for the service manager. None of them may be reachable.
        """
        named = self.named(child)
        if named is not None:
            return {worker for worker in named if self.address(worker)}
        found = next((reader for worker in (*self.line(child)[role:], "P1") if (reader := self.reader(worker))), None)
        return {found} - {None}  # type: ignore[return-value]


@dataclass(kw_only=True)
class PostBox(Receiver):
    """A receiver with a folder for what comes back."""

    folder: Path
    ceiling: Tier = Tier.detail

    def bounce_folder(self) -> Path:
        return self.folder


@dataclass(frozen=True, kw_only=True)
class FirstDay:
    """What the first day leaves, on which nothing has happened yet."""

    #: The store and what is beside it, by their names.
    files: Mapping[str, bytes]
    minutes: int
    trusted: Restricted
    known: Known
    told: Mapping[tuple[str, str], set[str]]
    taken: Sequence[Message]


class Days:
    """One council and its service, from its first day on, or from after it. wrong: what somebody was told and may not know."""

    def __init__(self, first: FirstDay | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="paper"))
        office = Office(self.folder)
        office.rules_of_its_own()
        office.rule("plan-long", "PL-01", "escalate: [{after: 2, to: head_of_service}]")
        office.rule("plan-of-the-week", "PL-02", job="weekly", notify="{amber: [worker, service_manager]}")
        office.rule("plan-of-the-month", "PL-03", job="monthly", notify="{amber: [team_manager]}")
        self.council = office.council
        for child in CHILDREN[2:]:
            self.council.on_a_plan(child, seen=MONDAY - 3 * DAY, team="T2", worker="W2")
        for child in ("C7", "C8", "C9"):
            self.council.add("ssd_person", pers_person_id=child, pers_dob="2015-05-05")
            self.council.add("ext_restricted", person_id=child, level="sealed", allowed_recipients="")
        for name in ("new", "cur", "tmp"):
            (self.folder / "bounces" / name).mkdir(parents=True)
        self.day, self.minutes, self.bounced = MONDAY, 0, 0
        self.list_there = True
        self.trusted = Restricted(trusted=True)
        self.told: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self.unreachable: set[str | None] = set()
        self.wrong: list[str] = []
        self.box = PostBox(folder=self.folder / "bounces", seen=self._taken)
        self.council.write()
        self.app = replace(build(self.council.configure("sqlite:///alerting.db", keep={"days": 0})), notifiers={"mail": self.box})
        for name, content in first.files.items() if first else ():
            (self.folder / name).write_bytes(content)
        self.store = self.app.store()
        self.known = first.known if first else self._known()
        if first:
            self.minutes, self.trusted = first.minutes, first.trusted
            self.told |= deepcopy(dict(first.told))
            self.box.taken += first.taken

    def first_day(self) -> FirstDay:
        """Let the first day pass with a run of each job, and return what it leaves. Nothing more can be asked of this council."""
        for job in RULES:
            self.run(job)
        self.nobody_was_told_what_they_may_not_know()
        self.store.close()
        files = {path.name: path.read_bytes() for path in self.folder.glob("alerting.db*")}
        return FirstDay(
            files=files,
            minutes=self.minutes,
            trusted=self.trusted,
            known=self.known,
            told=self.told,
            taken=tuple(self.box.taken),
        )

    def close(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    def _known(self) -> Known:
        tables = deepcopy(self.council.tables)
        restricted = Restricted.of(tables["ext_restricted"] if self.list_there else None, tables["ssd_person"], self.trusted)
        self.trusted = restricted if restricted.trusted else self.trusted
        return Known(day=self.day, tables=tables, restricted=restricted)

    def now(self) -> datetime:
        return datetime(self.day.year, self.day.month, self.day.day, 7, tzinfo=UTC) + timedelta(minutes=self.minutes)

    def _taken(self, message: Message) -> None:
        """Compare what a message reads with who may know, by what the last run had been given."""
        on_paper = f"{message.subject}\n{message.text}\n{message.html}"
        # Whoever leads the performance team reads each week how many records are sealed, and of none of them why or whose.
        counts = message.purpose == "weekly" and str(message.to_address) == self.known.address("P1")
        if "sealed" in on_paper and message.purpose != "admin" and not counts:
            self.wrong.append(f"{message.to_address} reads why somebody is not told")
        for child in sorted(set(CHILD.findall(on_paper))):
            readers = self.known.may_know(child) if child in CHILDREN else set()
            there = {worker for worker in readers if self.known.address(worker) == message.to_address}
            if not there:
                self.wrong.append(
                    f"{self.day} {message.purpose}: {message.to_address} is told of {child}, which {sorted(readers)} may know"
                )
            self.told[message.purpose, child] |= there

    # ------------------------------------------------------------------ what the service does

    def run(self, job: str = "daily") -> None:
        self.council.write(without=() if self.list_there else ("ext_restricted",))
        self.known = self._known()
        self.minutes += 1
        self.app.pipeline(self.store).run(job, self.day, self.now)

    def send(self) -> None:
        """Do what the service does between runs."""
        self.minutes += 40
        line = self.app.pipeline(self.store)
        line.bounces.read(self.now)
        line.sender.send_all(self.now)

    # ------------------------------------------------------------------ what happens

    def limit(self, child: str, allowed: frozenset[str], level: str) -> None:
        self.council.add("ext_restricted", person_id=child, level=level, allowed_recipients=";".join(sorted(allowed)))

    def lose_the_list(self) -> None:
        self.list_there = False

    def find_the_list(self) -> None:
        """Have the list there again, with an id in each row."""
        self.list_there = True
        self.council.remove("ext_restricted", person_id="")

    def blank_an_id(self) -> None:
        self.council.add("ext_restricted", person_id="", level="limited", allowed_recipients="H1")

    def through_a_spreadsheet(self) -> None:
        """Let the list lose its leading zeros, and gain what makes a number of an id."""
        for row in self.council.tables["ext_restricted"]:
            if row["person_id"].startswith("0"):
                row["person_id"] = f"{row['person_id'].lstrip('0')}.0"

    def take_off(self, child: str) -> None:
        """Take a child off the list, which nobody releases."""
        rows = self.council.tables["ext_restricted"]
        self.council.tables["ext_restricted"] = [row for row in rows if _id(row["person_id"]) != _id(child)]

    def leave(self, worker: str) -> None:
        for row in self.council.tables["ext_staff"]:
            if row["worker_id"] == worker:
                row["ends_on"] = (self.day - DAY).isoformat()

    def succeed(self, worker: str, team: str) -> None:
        if not any(row["worker_id"] == worker for row in self.council.tables["ext_staff"]):
            self.council.add("ext_staff", worker_id=worker, name=f"Person {worker}", email=f"{worker.lower()}@example.gov.uk",
                             role="team_manager", team_id=team)  # fmt: skip
        self.council.row("ext_team", team_id=team)["manager_id"] = worker

    def move(self, child: str, team: str) -> None:
        worker = {"T1": "W1", "T2": "W2"}[team]
        self.council.row("ssd_involvements", invo_person_id=child).update(
            invo_professional_team=team, invo_professional_id=worker
        )

    def cover(self, worker: str, by: str, days: int) -> None:
        self.council.remove("ext_cover", staff_id=worker)
        until = (self.day + days * DAY).isoformat()
        self.council.add("ext_cover", staff_id=worker, covered_by=by, from_date=self.day.isoformat(), to_date=until)

    def take_a_post(self, worker: str, starts_in: int) -> None:
        """Have a second post in the other team, under another address, from some day on."""
        start = (self.day + starts_in * DAY).isoformat()
        self.council.add("ext_staff", worker_id=worker, name=f"Person {worker}", email=f"{worker.lower()}.{start}@example.gov.uk",
                         role="team_manager", team_id="T2", starts_on=start)  # fmt: skip

    def relay(self, mode: str) -> None:
        self.box.mode = mode

    def refuse(self, worker: str) -> None:
        self.box.refuses = self.known.address(worker)
        self.unreachable.add(worker)

    def bounce(self, which: int) -> None:
        """Have one of the messages that were taken come back."""
        about = [message for message in self.box.taken if message.purpose != "admin" and message.to_address]
        if about:
            message = about[-1 - which % len(about)]
            self.bounced += 1
            path = self.folder / "bounces" / "new" / f"{1772434805 + self.bounced}.{self.bounced}.relay"
            path.write_bytes(exchange(message.message_id, str(message.to_address)))
            self.unreachable |= {
                worker for worker in PEOPLE if worker.lower() == str(message.to_address).split("@")[0].split(".")[0]
            }

    def hold(self) -> None:
        with self.store.transaction() as connection:
            send_hold.hold(connection, by=SERVICE, why="a look first", now=self.now())

    def release(self) -> None:
        with self.store.transaction() as connection:
            self.app.marker(self.store).release(connection, by=SERVICE, note="looked", now=self.now())

    def next_day(self, days: int = 1) -> None:
        self.day += days * DAY
        while self.day.weekday() >= 5:
            self.day += DAY
        self.minutes = 0

    # ------------------------------------------------------------------ what must hold

    def nobody_was_told_what_they_may_not_know(self) -> None:
        assert not self.wrong, "\n".join(self.wrong)

    def in_the_end_nobody_goes_untold(self) -> None:
        """Once all is well again, each child's first manager has a message with its name, or a reason is kept why not."""
        self.box.mode, self.box.refuses = "well", None
        self.find_the_list()
        self.release()
        self.next_day()
        for job in ("daily", "weekly", "monthly"):
            self.run(job)
        self.send()
        self.nobody_was_told_what_they_may_not_know()
        for child in (child for child in CHILDREN if not self.known.is_sealed(child)):
            for purpose, role in RULES.items():
                first, told = self.known.first(child, role), self.told[purpose, child]
                if not first or not self.known.restricted.trusted:
                    assert self._has_a_reason(child), f"nobody may know of {child}, and no reason is kept"
                elif first <= self.unreachable:
                    up_the_line = {self.known.reader(worker) for worker in self.known.line(child)} & self.known.may_know(child)
                    assert up_the_line <= self.unreachable or told & self.known.may_know(child), (
                        f"{purpose}: nobody was told of {child}"
                    )
                else:
                    assert told & first, f"{purpose}: {sorted(first)} were never told of {child}, and {sorted(told)} were"

    def _has_a_reason(self, child: str) -> bool:
        table, alert = schema.routed, schema.alert
        query = sa.select(table.c.reason).join(alert, alert.c.id == table.c.alert_id).where(table.c.until.is_(None))
        with self.store.transaction() as connection:
            reasons = connection.execute(query.where(alert.c.person == child)).scalars().all()
        return any(reasons)


_PERSON, _CHILD, _TEAM = st.sampled_from(PEOPLE), st.sampled_from(CHILDREN), st.sampled_from(TEAMS)
_MANAGER = st.sampled_from(("M1", "M2", "S1", "H1"))
EVENTS = st.one_of(
    st.tuples(
        st.just("limit"), _CHILD, st.frozensets(_PERSON, max_size=3), st.sampled_from(("limited", "limited", "sealed", ""))
    ),
    st.tuples(st.just("relay"), st.sampled_from(("well", "down", "later", "silent", "deaf"))),
    st.tuples(st.just("leave"), _MANAGER),
    st.tuples(st.just("succeed"), st.sampled_from(("M7", "M8", "M1", "M2")), _TEAM),
    st.tuples(st.just("move"), _CHILD, _TEAM),
    st.tuples(st.just("cover"), _MANAGER, _PERSON, st.integers(0, 2)),
    st.tuples(st.just("take_a_post"), _MANAGER, st.integers(0, 2)),
    st.tuples(st.just("refuse"), _MANAGER),
    st.tuples(st.just("bounce"), st.integers(0, 5)),
    st.tuples(
        st.sampled_from(("lose_the_list", "find_the_list", "blank_an_id", "through_a_spreadsheet", "send", "hold", "release"))
    ),
    st.tuples(st.just("take_off"), _CHILD),
    st.tuples(st.just("run"), st.sampled_from(("daily", "weekly", "monthly"))),
)
"""What may happen on a day."""

SOME_DAYS = st.lists(st.lists(EVENTS, max_size=4), min_size=2, max_size=5)


@cache
def _first_day() -> FirstDay:
    council = Days()
    try:
        return council.first_day()
    finally:
        council.close()


def live(days: Sequence[Sequence[Event]]) -> None:
    """Let these days pass after a first one, each with its daily run after what happened on it, and look at what was told."""
    council = Days(_first_day())
    try:
        for events in days:
            council.next_day()
            for name, *given in events:
                getattr(council, name)(*given)
            council.run()
            council.send()
            council.nobody_was_told_what_they_may_not_know()
        council.in_the_end_nobody_goes_untold()
    finally:
        council.close()

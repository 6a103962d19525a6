"""A made-up council of which one column is damaged: who is then told of what, and what administrators read of it.

Nothing of the service is asked who was told: it is read in what went out, by reader, rule and reference. Who may be told of whom
is worked out from the council's undamaged tables, widely: whoever works with a child, and the managers of the teams that do.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path

import sqlalchemy as sa
import yaml

from alerting.app import App, build
from alerting.casedata import snapshot
from alerting.casedata.catalogue import SERVICE_COLUMNS, TABLES
from alerting.casedata.snapshot import Snapshot, Wanted
from alerting.delivery.notifier import Notifier
from alerting.model import Message, Tier
from alerting.notifications.content import NEWS, DigestContent, ItemState
from alerting.rulebook.rule import Rule
from alerting.rulebook.run_tables import ALL
from alerting.sources.demo.source import Source
from alerting.store import schema
from alerting.store.messages.content_json import from_json
from tests.column_damage import DAMAGES

RULES = Path(__file__).parent.parent / "rules"
DAYS = (date(2026, 3, 27), date(2026, 3, 30), date(2026, 3, 31))
"""Three working days; on the last the column is damaged, and the days before it were run or not."""
LOADS = {"first": DAYS[2:], "third": DAYS}
"""By which load it is that the damage comes with, the days that are run."""

ROWS = "rows"

LEAST = 10
"""How many alerts more or fewer of a rule are too many, where they are more than twice or less than half of what there are."""

_DAMAGE = {damage.name: damage for damage in DAMAGES}

Columns = Mapping[str, Sequence[str | None]]
Tables = Mapping[str, Columns]

_NOTICE = re.compile(r"^- .+(?:\n  .+)*", re.MULTILINE)
_CODE = re.compile(r"\b[A-Z]+-\d+\b")
_WAIT = re.compile(r"((?:[A-Z]+-\d+(?:, | and )?)+) waits?: (?:its|their) alerts")
"""How a notice of what is wrong ends, that names the rules that wait for it."""
_FIGURE = re.compile(r"(?<![\w-])\d+(?![\w-])")
_ALLOCATED = frozenset({"CW", "ALLWKR", "ALLOCATED CASE WORKER"})
_OF_EVERYBODY = frozenset({"performance", "quality_assurance", "commissioning", "front_door"})
"""The services that are told in place of a team that has nobody, of reviews, of placements and of contacts."""
RESTRICTED = "ext_restricted"
_AS_A_WHOLE = frozenset({"ext_restricted", "ext_load"})
"""The tables of which what is wrong is said of the whole."""
_NUMBERED = re.compile(r"\bW(\d{4})\b")
_FIRST_LOAD = re.compile(r"^  Loaded for the first time: .*$", re.MULTILINE)
_PERSON = re.compile(r"\b\d{4,7}\b")


@dataclass(frozen=True, kw_only=True)
class Told:
    """What went out on a day. items: rule, reference and reader of what is news; still: of what is open still; over: of what has ended."""

    items: frozenset[tuple[str, str, str]]
    over: frozenset[tuple[str, str, str]]
    #: By reference, the person or worker that it is about, as its heading reads.
    about: Mapping[str, str]
    #: The notices to administrators, each as it reads.
    notices: frozenset[str]
    still: frozenset[tuple[str, str, str]] = frozenset()

    @property
    def everything(self) -> frozenset[tuple[str, str, str]]:
        return self.items | self.still | self.over

    def by_rule(self) -> Counter[str]:
        """Return how many alerts of each rule are news to somebody."""
        return Counter(rule for rule, _ in {(rule, reference) for rule, reference, _ in self.items})

    def ended(self) -> Counter[str]:
        """Return how many alerts of each rule somebody was told to be over."""
        return Counter(rule for rule, _ in {(rule, reference) for rule, reference, _ in self.over})


@dataclass(frozen=True, kw_only=True)
class Square:
    """One square of the matrix: what is damaged, how, and with which load it comes."""

    load: str
    table: str
    #: `ROWS` where the damage is to the whole table.
    column: str
    damage: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}, {self.damage}, {self.load} load"

    def damaged(self, tables: Tables) -> Tables:
        """Return the tables with the damage."""
        columns = tables[self.table]
        if self.column == ROWS:
            return {**tables, self.table: {name: cells[::2] for name, cells in columns.items()}}
        return {**tables, self.table: {**columns, self.column: _DAMAGE[self.damage].cells(columns[self.column])}}


def squares(tables: Tables, wanted: Mapping[str, frozenset[str]]) -> Iterator[Square]:
    """Yield every square of the wanted columns and their tables that damages anything in these tables."""
    for load in LOADS:
        for table, names in sorted(wanted.items()):
            columns = {name: column for name, column in TABLES[table].columns.items() if name in names}
            if any(map(any, tables[table].values())):
                yield Square(load=load, table=table, column=ROWS, damage="rows halved")
            for name, column in columns.items():
                for damage in DAMAGES:
                    before = tables[table][name]
                    if column.kind in damage.kinds and damage.cells(before) != list(before):
                        yield Square(load=load, table=table, column=name, damage=damage.name)


# ------------------------------------------------------------------ the council and its service


@dataclass
class Extract(snapshot.Source):
    """The council's tables, as text, a day's at a time."""

    tables: Tables

    def read(self, wanted: Wanted, into: Snapshot) -> None:
        for name, columns in wanted.items():
            into.fill(name, sorted(columns), [self.tables[name][column] for column in sorted(columns)])


@dataclass
class PostBox(Notifier):
    """Where messages go."""

    taken: list[Message] = field(default_factory=list)
    ceiling: Tier = Tier.reference

    def send(self, message: Message, handed_over: Callable[[], None]) -> str:
        handed_over()
        self.taken.append(message)
        return "taken"


@dataclass(eq=False)
class Bench:
    """A council of so many children and its service, in a folder of its own.

    Rules of every job are asked in one run of a day: when a rule is asked changes nothing of what it says of a column. Of a damage those
    are that read the column; the others cannot say anything else for it, and are left as they were.
    """

    folder: Path
    children: int = 300
    least: int = LEAST
    #: Shared parameters that the council sets, such as limits.
    settings: Mapping[str, object] = field(default_factory=dict)

    @cached_property
    def days(self) -> Mapping[date, Tables]:
        """The council's tables by day. Its workers' ids are numbers with a zero in front: what a spreadsheet changes."""
        source = Source(children=self.children, start=date(2026, 3, 2))
        return {
            day: {
                name: {
                    column: [_NUMBERED.sub(r"0\1", cell) if cell else cell for cell in cells] for column, cells in table.items()
                }
                for name, table in source.tables(day).items()
            }
            for day in DAYS
        }

    @cached_property
    def app(self) -> App:
        self.folder.mkdir(parents=True, exist_ok=True)
        officer = {"name": "A. Officer", "address": "officer@example.gov.uk"}
        config = {
            "council": {
                "name": "Exampleshire",
                "domain": "alerts.example.gov.uk",
                "administrators": [officer],
                "administrators_daily": True,
            },
            "store": "sqlite:///alerting.db",
            "go_live": "full",
            "keep": {"days": 0},
            "source": {"type": "demo"},
            "receivers": {"post": {"type": "folder", "path": "post"}},
            "rules": {"params": dict(self.settings)},
        }
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(config), "utf-8")
        return build(path)

    @cached_property
    def _readers(self) -> Mapping[str, frozenset[str]]:
        """By table, and by column as `table.column`, the rules whose own questions read it, and those that read what these answer."""
        book, readers = self.app.book, defaultdict(set)
        for rule in book.rules:
            asked = [rule] if rule.subject.answers_of == ALL else book.in_order([rule])
            alone = replace(book, rules=tuple(asked))
            for name in frozenset().union(*map(alone.needs, asked)):
                readers[name].add(rule.id)
        return {name: frozenset(ids) for name, ids in readers.items()}

    def readers(self, square: Square) -> frozenset[str]:
        """Return the rules that can say anything else for a damage: those that read the column.

        Who is told is found in one way for all rules: of what the service itself reads, one rule about each kind is asked too.
        """
        reading = self._readers.get(square.table if square.column == ROWS else f"{square.table}.{square.column}", frozenset())
        return reading | (self._of_each_kind if square.column in {ROWS, *SERVICE_COLUMNS.get(square.table, ())} else frozenset())

    @cached_property
    def _of_each_kind(self) -> frozenset[str]:
        """Of the rules about children, about those with an adviser, about workers, teams and so on, the one of which most is told."""
        told = self.told("first", self.days[DAYS[-1]], frozenset(rule.id for rule in self.app.book.rules)).by_rule()
        most = sorted((rule for rule in self.app.book.rules if rule.subject.answers_of != ALL), key=lambda rule: told[rule.code])
        return frozenset({(rule.about, rule.subject.adviser is None): rule.id for rule in most}.values())

    @cache  # noqa: B019  (a bench lives as long as its runs)
    def begun(self, load: str) -> Path:
        """Return the folder of the service before the last day's load, the days before it run with every rule."""
        folder = self.folder / load
        folder.mkdir(parents=True)
        replace(self.app, loaded=replace(self.app.loaded, folder=folder)).store().close()
        for day in LOADS[load][:-1]:
            self._run(folder, day, self.days[day], frozenset(rule.id for rule in self.app.book.rules))
        return folder

    def told(self, load: str, tables: Tables, rules: frozenset[str]) -> Told:
        """Return who is told of what by these rules on the last day, with these tables."""
        folder = self.folder / "now"
        shutil.copytree(self.begun(load), folder)
        try:
            return self._run(folder, DAYS[-1], tables, rules)
        finally:
            shutil.rmtree(folder)

    def _run(self, folder: Path, day: date, tables: Tables, rules: frozenset[str]) -> Told:
        post = PostBox()
        book = replace(self.app.book, rules=tuple(_asked(rule, rule.id in rules) for rule in self.app.book.rules))
        loaded = replace(self.app.loaded, folder=folder)
        app = replace(self.app, loaded=loaded, book=book, source=Extract(tables), notifiers={"post": post})
        store = app.store()
        try:
            app.pipeline(store).run("daily", day, lambda: datetime.combine(day, datetime.min.time(), UTC).replace(hour=7))
            with store.transaction() as connection:
                row = schema.outbox.c
                sent = connection.execute(
                    sa.select(row.address, row.content).where(row.as_of == day, row.purpose == "daily", row.state == "accepted")
                ).all()
        finally:
            store.close()
        return read_told(sent, post.taken, {rule.id: rule.code for rule in self.app.book.every})

    def squares(self) -> list[Square]:
        """Return every square: of each column that a rule of the book or the service itself reads."""
        return list(squares(self.days[DAYS[-1]], self.app.book.wanted(self.app.book.rules)))

    @cached_property
    def _circle(self) -> Circle:
        return Circle(self.days[DAYS[-1]], DAYS[-1])

    @cache  # noqa: B019
    def judge(self, load: str, rules: frozenset[str]) -> Judge:
        """Return who judges what comes with a load, by what these rules tell without any damage."""
        return Judge(circle=self._circle, usual=self.told(load, self.days[DAYS[-1]], rules), least=self.least)

    def came_of(self, square: Square) -> Came:
        """Return what comes of a damage."""
        rules = self.readers(square)
        return self.judge(square.load, rules).judge(square, self.told(square.load, square.damaged(self.days[DAYS[-1]]), rules))


def _asked(rule: Rule, is_asked: bool) -> Rule:
    """Return a rule as one of the run's job, or of one that is not run."""
    return replace(rule, file=rule.file.model_copy(update={"job": "daily" if is_asked else "monthly"}))


# ------------------------------------------------------------------ what the messages say


def read_told(sent: Iterable[tuple[str | None, str]], messages: Iterable[Message], codes: Mapping[str, str]) -> Told:
    """Return what a day's messages say: each reader's list, by the content that went out, and what administrators read."""
    found: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
    about: dict[str, str] = {}
    for address, text in sent:
        content = from_json(text, lambda _: {})
        for item in content.items if isinstance(content, DigestContent) else ():
            if item.state is ItemState.held:
                continue
            over = item.state in (ItemState.cleared, ItemState.moved)
            kind = "over" if over else "items" if item.state in NEWS else "still"
            found[kind].add((codes.get(item.rule, item.rule), item.ref, address or ""))
            worker = item.worker_name if "worker" in item.subject_kind.split("_") else None
            about[item.ref] = item.called or worker or f"{item.subject_kind} {item.subject}"
    notices = {
        notice
        for message in messages
        if message.purpose == "admin"
        for notice in (*_NOTICE.findall(message.text), *_FIRST_LOAD.findall(message.text))
    }
    items, still, over = (frozenset(found[kind]) for kind in ("items", "still", "over"))
    return Told(items=items, still=still, over=over, about=about, notices=frozenset(notices))


# ------------------------------------------------------------------ who may be told of whom


class Circle:
    """Who may be told of whom, by address, from a council's undamaged tables on a day."""

    def __init__(self, tables: Tables, day: date) -> None:
        self._tables, self._today = tables, day.isoformat()
        self._staff = {
            row["worker_id"]: row for row in self._rows("ext_staff") if not row["ends_on"] or row["ends_on"] >= self._today
        }
        self._teams = {row["team_id"]: row for row in self._rows("ext_team")}
        self._named = {row["name"]: row["worker_id"] for row in self._rows("ext_staff")}
        self._assessed = {row["cina_assessment_id"]: row["cina_person_id"] for row in self._rows("ssd_cin_assessments")}
        self._involved: dict[str | None, list[dict[str, str | None]]] = defaultdict(list)
        for row in self._rows("ssd_involvements"):
            self._involved[row["invo_person_id"]].append(row)
            self._involved[row["invo_professional_id"]].append(row)
        self._referred: dict[str | None, set[str | None]] = defaultdict(set)
        for row in self._rows("ssd_cin_episodes"):
            if not row["cine_close_date"] or row["cine_close_date"] > self._today:
                self._referred[row["cine_person_id"]].add(row["cine_referral_team"])
        self._restricted = {row["person_id"]: row for row in self._rows("ext_restricted")}

    def _rows(self, table: str) -> Iterator[dict[str, str | None]]:
        columns = self._tables[table]
        return (dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True))

    def may_know(self, heading: str) -> set[str | None] | None:
        """Return who may be told of the child or the worker of a heading; None where it names neither."""
        found = _PERSON.search(heading)
        subject = found[0].zfill(7) if found else self._named.get(heading)
        subject = self._assessed.get(subject, subject)
        if subject is None or subject not in self._involved:
            return None
        if restricted := self._restricted.get(subject):
            named = set((restricted["allowed_recipients"] or "").split(";"))
            return self._addresses(named if restricted["level"] == "limited" else set())
        return self._addresses(self._around(subject))

    def _around(self, subject: str) -> set[str | None]:
        """Return whoever works with somebody, and the managers of their teams, that of an open referral too; of those of before where none does."""
        involved = self._involved[subject]
        now = [row for row in involved if not row["invo_involvement_end_date"] or row["invo_involvement_end_date"] > self._today]
        allocated = [row for row in now if row["invo_professional_role_id"] in _ALLOCATED]
        rows = now if allocated else involved
        workers = {row["invo_professional_id"] for row in rows} | {subject}
        teams = {row["invo_professional_team"] for row in rows} | {
            self._staff[id_]["team_id"] for id_ in workers & self._staff.keys()
        }
        teams |= self._referred[subject]
        for team in self._teams.values():
            if team["team_id"] in teams or team["service"] in _OF_EVERYBODY:
                workers |= {team[role] for role in ("manager_id", "service_manager_id", "head_of_service_id")}
        return workers

    def _addresses(self, workers: set[str | None]) -> set[str | None]:
        reached = set(workers)
        for _ in range(3):  # one who covers may be away too
            reached |= {row["covered_by"] for row in self._rows("ext_cover") if row["staff_id"] in reached}
        return {self._staff[id_]["email"] for id_ in reached & self._staff.keys()}


# ------------------------------------------------------------------ what came of it


class Outcome(StrEnum):
    """What came of a damage."""

    unnamed = "harm unnamed"
    named = "harm named"
    withheld = "withheld"
    none = "no effect"


@dataclass(frozen=True, kw_only=True)
class Came:
    """What came of a damage."""

    square: Square
    outcome: Outcome
    #: Whether administrators read the column, or the table where all of it is damaged, and a figure.
    is_named: bool
    #: What is otherwise than without the damage: rules with how many alerts there were and are, and how often others are told.
    harm: tuple[str, ...] = ()
    #: The rules that wait or are held by a brake.
    withheld: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = "; ".join((*self.harm, *(f"{rule} waits" for rule in self.withheld)))
        return f"{self.outcome}: {self.square}: {said}"


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Says what came of a damage, by what is told without it. least: how many alerts more or fewer are too many."""

    circle: Circle
    usual: Told
    least: int = LEAST

    def judge(self, square: Square, told: Told) -> Came:
        """Return what came of a damage after which this was told."""
        usual = self.usual
        notices = told.notices - usual.notices
        withheld = self._withheld(usual, told, notices)
        harm = (*self._changed(usual, told, withheld), *self._others(usual, told))
        is_named = any(_names(notice, square) for notice in notices)
        if harm or (withheld and not is_named):
            outcome = Outcome.named if is_named else Outcome.unnamed
        else:
            outcome = Outcome.withheld if withheld else Outcome.none
        return Came(square=square, outcome=outcome, is_named=is_named, harm=harm, withheld=tuple(sorted(withheld)))

    def _withheld(self, usual: Told, told: Told, notices: frozenset[str]) -> set[str]:
        """Return the rules of which nobody is told any more, and administrators read so."""
        silent = {rule for rule in usual.by_rule() if not told.by_rule()[rule]}
        child_level_stops = any(RESTRICTED in notice for notice in notices)
        said = {code for notice in notices for code in _CODE.findall(_said_of_rules(notice))}
        return said - told.by_rule().keys() | (silent if child_level_stops else set())

    def _changed(self, usual: Told, told: Told, withheld: set[str]) -> Iterator[str]:
        for said, before, now in (("told", usual.by_rule(), told.by_rule()), ("over", usual.ended(), told.ended())):
            for rule in sorted(before.keys() | now.keys()):
                was, is_ = before[rule], now[rule]
                too_many = is_ > 2 * was and is_ - was >= self.least
                too_few = said == "told" and rule not in withheld and 2 * is_ < was and was - is_ >= self.least
                if too_many or too_few:
                    yield f"{rule} {said} {was} -> {is_}"

    def _others(self, usual: Told, told: Told) -> Iterator[str]:
        """Yield the rules of which somebody is told who may not be, each with how many times."""
        wrong: Counter[str] = Counter()
        for rule, reference, reader in told.everything - usual.everything:
            may_know = self.circle.may_know(told.about[reference])
            wrong[rule] += may_know is not None and reader not in may_know
        yield from (f"{rule} to others {count}" for rule, count in sorted(wrong.items()) if count)


def _said_of_rules(notice: str) -> str:
    """Return what of a notice says which rules are not asked or told of: its title, the rules that wait, or all where that is what it is about."""
    title = notice.partition("\n")[0]
    return notice if "could not run" in title else " ".join((title, *_WAIT.findall(notice)))


def _names(notice: str, square: Square) -> bool:
    """Return whether a notice names what is damaged, and says how much of it."""
    table, column = square.table, square.column
    rest = notice.replace(f"{table}.{column}", " ")
    both = re.search(rf"\b{table}\b", notice) and re.search(rf"\b{column}\b", notice)
    # Of ids that meet nobody it is said where they stand, or where nobody has them.
    is_id = column != ROWS and TABLES[table].columns[column].kind == "id"
    as_a_whole = table in notice and (column == ROWS or table in _AS_A_WHOLE or is_id)
    return bool(rest != notice or both or as_a_whole) and bool(_FIGURE.search(rest))

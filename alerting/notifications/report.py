"""What a run says of itself, in figures: to the command line, to scripts, and to those who look after the service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any

from alerting.alerts.brakes import Brake
from alerting.casedata.trust import ColumnShares, Trust
from alerting.errors import Fault
from alerting.evaluation.evaluation import Asked, Evaluation, Off, Status
from alerting.formatting import day, plural
from alerting.model import Alert, Condition, Level, Problem, Transition
from alerting.notifications.content import Notification
from alerting.rulebook.book import FallbackVersion, Rulebook
from alerting.rulebook.rule import Rule

SAMPLE = 5
"""How many of the alerts that a brake keeps back are named to administrators, by reference."""


@dataclass(frozen=True, kw_only=True)
class RuleRow(Asked):
    """How asking a rule of the job went, as people read it: what is not as usual about it stands in its problem."""

    #: The files that it stands on and that are used in an earlier version, where its problem says so.
    older: tuple[str, ...] = ()

    @property
    def is_stopped(self) -> bool:
        """Whether it could not do its work; one that is off as the council has it was not meant to."""
        return self.status in (Status.error, Status.withheld) or (self.status == Status.off and not self.is_off_here)

    @property
    def is_off_here(self) -> bool:
        """Whether it is off as the council has it: switched off, or for want of a table that is not supplied."""
        return self.status == Status.off and self.off is not Off.too_few

    @property
    def needs_a_look(self) -> bool:
        """Whether its problem is one that somebody should look at; that a rule is off here is as the council has it."""
        return self.problem is not None and not self.is_off_here

    @property
    def has_answered(self) -> bool:
        """Whether it was asked, and of anybody."""
        return self.status == Status.ok and self.population > 0

    def as_json(self) -> dict[str, Any]:
        """Return the row as `run --json` prints it."""
        values = asdict(self)
        shown = ("code", "id", "status", "off", "lacks", "population", "match", "clear", "unknown", "ms", "problem")
        return {name: values[name] for name in shown}


@dataclass(frozen=True, kw_only=True)
class BrakeRow:
    """What a rule's brake keeps back."""

    code: str
    id: str
    kind: str
    since: date
    #: The new alerts of the run that put it on.
    new: int
    kept_back: int
    #: How many it keeps back of each level, the most serious first.
    levels: Mapping[str, int]
    #: The references of some of them, the most serious first.
    sample: tuple[str, ...]
    #: The references of all that are critical.
    critical: tuple[str, ...] = ()
    #: Of a rule that is implausible, how many it asked about; `new` are then its matches at amber or above.
    population: int | None = None
    #: Of a rule that is implausible, what each column that it reads is like.
    columns: tuple[ColumnShares, ...] = ()

    @property
    def is_implausible(self) -> bool:
        """Whether more of the rule's population match than can be right."""
        return self.kind == "implausible"

    def as_json(self) -> dict[str, Any]:
        """Return the row as `run --json` prints it."""
        values = asdict(self) | {"since": self.since.isoformat(), "sample": list(self.sample), "critical": list(self.critical)}
        return values | {"columns": [asdict(column) for column in self.columns]}


@dataclass(frozen=True, kw_only=True)
class AlertCounts:
    """What became of alerts in a run."""

    new: int = 0
    changed: int = 0
    ongoing: int = 0
    held: int = 0
    resolved: int = 0


@dataclass(frozen=True, kw_only=True)
class MessageCounts:
    """What became of a run's messages."""

    planned: int = 0
    accepted: int = 0
    deferred: int = 0
    failed: int = 0
    cancelled: int = 0


@dataclass(frozen=True, kw_only=True)
class Sending:
    """What became of sending a run's messages, and of what came back."""

    messages: MessageCounts = field(default_factory=MessageCounts)
    problems: tuple[Problem, ...] = ()
    #: Mails in the folders of bounces, by what became of them.
    bounces: Mapping[str, int] = field(default_factory=dict)
    #: Why nothing is sent, None where it is.
    hold_fire: str | None = None
    #: The promises that the audit found not to be kept, but for those in `unaccepted`.
    breaches: tuple[str, ...] = ()
    #: The messages that were due and that no receiver of persons has accepted.
    unaccepted: tuple[str, ...] = ()

    #: The head of the seal over all that was done until then; None where the run sealed nothing.
    seal: str | None = None
    #: The receivers of persons that say they would take no message, asked where none had one to take.
    unwilling: tuple[str, ...] = ()

    @property
    def not_kept(self) -> tuple[str, ...]:
        """Every promise that was not kept."""
        return (*self.breaches, *self.unaccepted)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a run did, in the shape that `run --json` prints, and the messages it planned."""

    job: str
    as_of: date
    run: int | None
    status: str
    data: Trust | None = None
    #: What was wrong with the data, and with keeping it.
    data_problems: tuple[Problem, ...] = ()
    missed: tuple[str, ...] = ()
    rules: tuple[RuleRow, ...] = ()
    #: The files of rules that were used in their last good version, and why.
    older: tuple[FallbackVersion, ...] = ()
    brakes: tuple[BrakeRow, ...] = ()
    alerts: AlertCounts = field(default_factory=AlertCounts)
    sending: Sending = field(default_factory=Sending)
    planned: tuple[Notification, ...] = ()
    #: Seconds that each step took.
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def loaded_at(self) -> datetime | None:
        """When the oldest of the data was loaded, where the council says so."""
        return self.data.loaded_at if self.data else None

    @property
    def problems(self) -> tuple[str, ...]:
        """What was wrong with the data, with keeping it, and with sending."""
        return tuple(problem.text for problem in (*self.data_problems, *self.sending.problems))

    @property
    def causes(self) -> Mapping[str, tuple[str, ...]]:
        """Why rules could not do their work, each cause once with their codes; not those that a problem with the data says of itself."""
        told = {code for problem in self.data_problems if problem.stops for code in problem.rules}
        found: dict[str, tuple[str, ...]] = {}
        for row in self.rules:
            if row.problem and not (row.status == Status.withheld and row.code in told):
                found[row.problem] = (*found.get(row.problem, ()), row.code)
        return found

    @property
    def trusted(self) -> bool:
        """Whether all of the data could be believed."""
        return self.data is None or not self.data.problems

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "job": self.job,
            "as_of": self.as_of.isoformat(),
            "run": self.run,
            "status": self.status,
            "source": {
                "loaded_at": self.loaded_at.isoformat() if self.loaded_at else None,
                "rows": sum(self.data.rows.values()) if self.data else None,
                "trusted": self.trusted,
                "problems": list(self.problems),
                "notes": [note.text for note in self.data.notes] if self.data else [],
            },
            "missed": list(self.missed),
            "causes": [{"why": why, "rules": list(codes)} for why, codes in self.causes.items()],
            "rules": [row.as_json() for row in self.rules],
            "older_files": [
                {"file": item.file, "version_of": item.seen_on.isoformat(), "problem": placed(item.fault)} for item in self.older
            ],
            "brakes": [brake.as_json() for brake in self.brakes],
            "alerts": asdict(self.alerts),
            "notifications": asdict(self.sending.messages),
            "bounces": dict(self.sending.bounces),
            "hold_fire": self.sending.hold_fire,
            "breaches": list(self.sending.not_kept),
            "timings": {name: round(seconds, 3) for name, seconds in self.timings.items()},
        }


def placed(fault: Fault) -> str:
    """Return what is wrong, and where."""
    return f"{fault.where}: {fault.problem}" if fault.where else fault.problem


def count_alerts(alerts: Iterable[Alert], transitions: Sequence[Transition]) -> AlertCounts:
    """Return what became of alerts. alerts: as they are after the transitions."""
    touched = {item.alert.ref for item in transitions}
    resolved = sum(item.alert.condition == Condition.resolved for item in transitions)
    new = sum(item.before is None and item.alert.condition != Condition.resolved for item in transitions)
    opened = [alert for alert in alerts if alert.condition != Condition.resolved]
    held = sum(alert.condition == Condition.held for alert in opened)
    ongoing = sum(alert.condition != Condition.held and alert.ref not in touched for alert in opened)
    return AlertCounts(new=new, changed=len(transitions) - resolved - new, ongoing=ongoing, held=held, resolved=resolved)


def rule_rows(evaluation: Evaluation, book: Rulebook, job: str) -> tuple[RuleRow, ...]:
    """Return how asking each rule of a job went, those that could not be asked at all too, by code."""
    rules = {rule.id: rule for rule in book.rules}
    rows = [
        RuleRow(**vars(asked)) if asked.problem else _with_older_files(asked, rules.get(asked.id), book)
        for asked in evaluation.asked.values()
    ]
    rows += [
        RuleRow(code=broken.code, id=broken.id, status=Status.error, problem=broken.problem)
        for broken in book.broken
        if broken.job == job
    ]
    rows += [
        RuleRow(
            code=rule.code,
            id=rule.id,
            status=Status.off,
            off=Off.switched_off,
            problem=f"switched off in {'config.yaml' if rule.file.enabled else 'its file'}",
        )
        for rule in book.off
        if rule.file.job == job
    ]
    return tuple(sorted(rows, key=lambda row: row.code))


def not_supplied(rows: Iterable[RuleRow]) -> list[tuple[str, tuple[str, ...]]]:
    """Return each thing that is not supplied, in words, with the codes of the rules that are off for want of it: one line a table."""
    by_table: dict[str, list[str]] = {}
    for code, what in sorted({(row.code, row.problem or "") for row in rows if row.off is Off.not_supplied}):
        by_table.setdefault(what, []).append(code)
    return [(what, tuple(codes)) for what, codes in sorted(by_table.items())]


def _with_older_files(asked: Asked, rule: Rule | None, book: Rulebook) -> RuleRow:
    """Return the row of a rule that says which of the files that it stands on are used in an earlier version, if any."""
    files: Sequence[str] = book.files_of(rule) if rule else ()
    older = tuple(file for file in files if file in book.older)
    said = [str(book.older[file]) if file == files[0] else f"{file} {book.older[file]}" for file in older]
    return RuleRow(**vars(asked) | {"problem": "; ".join(said) or None}, older=older)


def brake_rows(
    rows: Iterable[RuleRow], brakes: Iterable[Brake], waiting: Sequence[Alert], columns: Mapping[str, Sequence[ColumnShares]]
) -> tuple[BrakeRow, ...]:
    """Return what the brakes of the job's rules keep back, a row a rule.

    waiting: the alerts that any brake keeps back. columns: by rule, what each column that it reads is like.
    """
    # Of two brakes of a rule the one that keeps back all of it counts.
    on = {brake.rule: brake for brake in sorted(brakes, key=lambda brake: brake.is_implausible)}
    found = []
    for row in rows:
        brake = on.get(row.id)
        if brake is None:
            continue
        mine = sorted((alert for alert in waiting if alert.rule == brake.rule), key=lambda alert: (-alert.level, alert.ref))
        found.append(
            BrakeRow(
                code=row.code,
                id=brake.rule,
                kind=brake.kind,
                since=brake.since,
                new=brake.count,
                kept_back=len(mine),
                levels={level.name: n for level in reversed(Level) if (n := sum(alert.level == level for alert in mine))},
                sample=tuple(alert.ref for alert in mine[:SAMPLE]),
                critical=tuple(alert.ref for alert in mine if alert.level == Level.critical),
                population=brake.population,
                columns=tuple(columns.get(brake.rule, ())) if brake.is_implausible else (),
            )
        )
    return tuple(found)


def with_brakes(rows: Iterable[RuleRow], brakes: Iterable[BrakeRow]) -> tuple[RuleRow, ...]:
    """Return the rows, those whose brake is on with what it keeps back and how that ends."""
    # To wait for the first release is no fault.
    on = {brake.id: brake for brake in brakes if brake.kind != "baseline"}
    return tuple(_with_brake(row, on[row.id]) if row.id in on else row for row in rows)


def _with_brake(row: RuleRow, brake: BrakeRow) -> RuleRow:
    kept = plural(brake.kept_back, "alert")
    if brake.is_implausible:
        said = f"matched {brake.new} of {brake.population} on {day(brake.since)}, more than can be right: {kept} kept back until `alerting rules release {row.code}`"
    else:
        said = f"brake on since {day(brake.since)}: {kept} kept back until `alerting rules release {row.code}`"
    return replace(row, problem=f"{row.problem}; {said}" if row.problem else said)

"""What a run says of itself: to the command line, in banners on messages, and to the performance team."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from alerting.alerts.brakes import Brake
from alerting.casedata.snapshot import Snapshot
from alerting.casedata.trust import Trust
from alerting.errors import Fault
from alerting.evaluation.evaluate import Evaluation
from alerting.formatting import day
from alerting.model import Alert, Condition, Level, Reason, Transition
from alerting.notifications.banners import Banners
from alerting.notifications.content import Addressee, AnyContent, Notice, Notification
from alerting.notifications.digests import Plan
from alerting.notifications.routing import Receiver, Router, notification_key
from alerting.rulebook.loader import FallbackVersion, Rulebook
from alerting.rulebook.rule import Rule


@dataclass(kw_only=True)
class Report:
    """What a run did, in the shape that `run --json` prints, and the messages it planned.

    data: what was made of the case data. older: the files of rules that were used in their last good version, and why. brakes: the rules whose new alerts wait.
    notices: what the administrators must know, by key. of_sending: what went wrong with sending, which is among the problems
    too. bounces: mails in the folders of bounces, by what became of them. hold_fire: why nothing is sent, None where it is. breaches: the promises that the audit found not to be kept.
    """

    job: str
    as_of: date
    run: int | None
    status: str = "done"
    loaded_at: datetime | None = None
    trusted: bool = True
    problems: list[str] = field(default_factory=list)
    data: Trust | None = None
    missed: list[str] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)
    older: tuple[FallbackVersion, ...] = ()
    brakes: list[dict[str, Any]] = field(default_factory=list)
    alerts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("new", "changed", "ongoing", "held", "resolved"), 0))
    notifications: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("planned", "accepted", "deferred", "failed", "cancelled"), 0)
    )
    timings: dict[str, float] = field(default_factory=dict)
    planned: list[Notification] = field(default_factory=list)
    notices: dict[str, Notice] = field(default_factory=dict)
    administrators: list[Addressee] = field(default_factory=list)
    of_sending: list[str] = field(default_factory=list)
    bounces: dict[str, int] = field(default_factory=dict)
    hold_fire: str | None = None
    breaches: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "job": self.job,
            "as_of": self.as_of.isoformat(),
            "run": self.run,
            "status": self.status,
            "source": {
                "loaded_at": self.loaded_at.isoformat() if self.loaded_at else None,
                "trusted": self.trusted,
                "problems": self.problems,
                "notes": list(self.data.notes) if self.data else [],
            },
            "missed": self.missed,
            "rules": self.rules,
            "older_files": [
                {"file": item.file, "version_of": item.seen_on.isoformat(), "problem": _placed(item.fault)} for item in self.older
            ],
            "brakes": self.brakes,
            "alerts": self.alerts,
            "notifications": self.notifications,
            "bounces": self.bounces,
            "hold_fire": self.hold_fire,
            "breaches": self.breaches,
            "timings": {name: round(seconds, 3) for name, seconds in self.timings.items()},
        }


def count(report: Report, alerts: Iterable[Alert], written: Sequence[Transition]) -> None:
    counts = report.alerts
    touched = set()
    for transition in written:
        touched.add(transition.alert.ref)
        if transition.alert.condition == Condition.resolved:
            counts["resolved"] += 1
        elif transition.before is None:
            counts["new"] += 1
        else:
            counts["changed"] += 1
    for alert in alerts:
        if alert.condition == Condition.held:
            counts["held"] += 1
        elif alert.condition != Condition.resolved and alert.ref not in touched:
            counts["ongoing"] += 1


def rule_rows(evaluation: Evaluation, book: Rulebook, job: str) -> list[dict[str, Any]]:
    rows = [
        {
            "code": asked.rule.code,
            "id": asked.rule.id,
            "status": asked.status,
            "population": asked.population,
            "match": asked.match,
            "clear": asked.clear,
            "unknown": asked.unknown,
            "ms": asked.ms,
            "problem": asked.problem or _older(asked.rule, book),
        }
        for asked in evaluation.asked.values()
    ]
    nothing: dict[str, Any] = {"population": 0, "match": dict.fromkeys(Level.__members__, 0), "clear": 0, "unknown": 0, "ms": 0}
    rows += [
        {"code": broken.code, "id": broken.id, "status": "error", **nothing, "problem": broken.problem}
        for broken in book.broken
        if broken.job == job
    ]
    rows += [
        {
            "code": rule.code,
            "id": rule.id,
            "status": "off",
            **nothing,
            "problem": f"switched off in {'config.yaml' if rule.file.enabled else 'its file'}",
        }
        for rule in book.off
        if rule.file.job == job
    ]
    return sorted(rows, key=lambda row: row["code"])


def _older(rule: Rule, book: Rulebook) -> str | None:
    """Return which of the files that a rule stands on are used in an earlier version; None where none is."""
    own, *others = book.files_of(rule)
    said = [str(book.older[own])] if own in book.older else []
    said += [f"{file} {book.older[file]}" for file in others if file in book.older]
    return "; ".join(said) or None


def _placed(fault: Fault) -> str:
    return f"{fault.where}: {fault.problem}" if fault.where else fault.problem


SAMPLE = 5
"""How many of the alerts that a brake keeps back are named to administrators, by reference."""


def braked(report: Report, brakes: Iterable[Brake], waiting: Sequence[Alert]) -> None:
    """Return of the job's rules whose brake is on that nobody is told of their new alerts, and how that ends."""
    count = Counter(alert.rule for alert in waiting)
    on = {brake.rule: brake for brake in brakes}
    for row in report.rules:
        brake = on.get(row["id"])
        if brake is None:
            continue
        if brake.kind != "baseline":  # to wait for the first release is no fault
            kept = _counted(count[brake.rule], "alert")
            said = f"brake on since {day(brake.since)}: {kept} kept back until `alerting rules release {row['code']}`"
            row["problem"] = f"{row['problem']}; {said}" if row["problem"] else said
        mine = sorted((alert for alert in waiting if alert.rule == brake.rule), key=lambda alert: (-alert.level, alert.ref))
        report.brakes.append(
            {
                "code": row["code"],
                "id": brake.rule,
                "kind": brake.kind,
                "since": brake.since.isoformat(),
                "new": brake.count,
                "kept_back": count[brake.rule],
                "levels": {level.name: n for level in reversed(Level) if (n := sum(alert.level == level for alert in mine))},
                "sample": [alert.ref for alert in mine[:SAMPLE]],
            }
        )


def unread(snapshot: Snapshot) -> list[str]:
    """Return which cells and records could not be read, by place; never what stands in them."""
    problems = []
    for name, reading in sorted(snapshot.readings.items()):
        for column, count in reading.unreadable_cells.items():
            at = [place for place in reading.places if place.endswith(f"column {column}")]
            shown = f" ({', '.join(at[:3])}{', ...' if len(at) > 3 else ''})" if at else ""
            problems.append(f"{name}.{column}: {_counted(count, 'cell')} cannot be read, taken as empty{shown}")
        if reading.left_out:
            problems.append(
                f"{name}: {_counted(reading.left_out, 'record')} cannot be read, left out ({', '.join(reading.places[:3])})"
            )
    return problems


def is_stopped(row: dict[str, Any]) -> bool:
    """Return whether a rule of a report could not do its work; one that the council switched off was not meant to."""
    return row["status"] in ("error", "withheld") or (row["status"] == "off" and row["population"] > 0)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def banners(report: Report, router: Router, not_posted: Mapping[str, date] | None = None) -> Banners:
    """Return what the messages of a run say at their heads. not_posted: by team, the day of the card that its channel did not get."""
    return Banners(
        router=router,
        data=tuple(report.data.banners) if report.data else (),
        stopped={row["id"]: row["code"] for row in report.rules if is_stopped(row)},
        not_posted=not_posted or {},
    )


def notices(report: Report, alerts: Iterable[Alert], planned: Plan, router: Router) -> dict[str, Notice]:
    """Return what the performance team must know of today, by a key that stays the same while it lasts."""
    notices: dict[str, Notice] = {}

    def add(title: str, detail: str, items: Sequence[str] = ()) -> None:
        key = hashlib.blake2b("\x1f".join([title, *items]).encode(), digest_size=16).hexdigest()
        notices[key] = Notice(title=title, detail=detail, items=tuple(items))

    for row in report.rules:
        if is_stopped(row):
            add(f"{row['code']} could not run", f"{row['problem']}. Its alerts are on hold until it can.")
    if report.missed:
        add(
            "Runs that did not take place",
            "Nobody was told of anything by them. Reminders and escalations do not count those days, so nobody is said to have "
            "waited on them. Find out what kept them: the machine, the service, or what it says here.",
            [*report.missed[:12], *([f"and {len(report.missed) - 12} more"] if len(report.missed) > 12 else [])],
        )
    for older in report.older:
        detail = f"{_placed(older.fault)}. {older.fault.remedy}".rstrip(". ")
        add(
            f"{older.file} is used in its version of {day(older.seen_on)}",
            f"It has a fault today: {detail}. Its last good version is used until it is put right; `alerting check` shows every fault.",
        )
    for title, detail in _of_brakes(report.brakes):
        add(title, detail)
    for problem in report.problems:
        if problem.startswith("kept: "):
            add("A day could not be kept", f"{problem.removeprefix('kept: ')}. Alerts and messages are not touched by it.")
            continue
        # Told of once while it lasts, although its numbers change from day to day.
        about = problem.split(" ")[0].rstrip(":")
        detail = f"{problem}. Nothing was guessed. The command `alerting source check` lists every place."
        if report.data and about in report.data.releasable:
            table = about.partition(".")[0]
            detail += f" If it is a real change, look at it and run `alerting source release {table} --by NAME --note WHY`."
        add(f"Data: {about}", detail)
    missing = sorted(
        alert.ref for alert in alerts if alert.condition == Condition.held and alert.held_reason == Reason.not_in_data
    )
    if missing:
        add("Alerts on hold because their subject is not in the data", "Find out where the record went.", missing)
    if planned.unrouted:
        refs = sorted(alert.ref for alert in planned.unrouted)
        add(
            "Alerts that nobody could be told of",
            "No current member of staff was found for them. Check ext_staff and ext_team.",
            refs,
        )
    if router.directory.restricted is None:
        add(
            "No list of restricted records was supplied",
            "Nothing about a child is sent until there is one. Supply ext_restricted, if need be with no rows.",
        )
    return notices


_WHY_BRAKED = {
    "storm": "more than its brake allows",
    "first_run": "and it was never asked before",
    "source": "and the data comes from somewhere else than the last time",
}


def _of_brakes(brakes: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Return what each brake keeps back, and what to do; of a job's first day at once."""
    for brake in brakes:
        if brake["kind"] == "baseline":
            continue
        levels = ", ".join(f"{count} {level}" for level, count in brake["levels"].items())
        sample = f" ({levels}), such as {', '.join(brake['sample'])}" if brake["sample"] else ""
        detail = (
            f"It had {_counted(brake['new'], 'new alert')} in the run of {day(brake['since'])}, {_WHY_BRAKED[brake['kind']]}. "
            f"{_counted(brake['kept_back'], 'alert')}{sample} told to nobody until somebody has looked and runs "
            f"`alerting rules release {brake['code']} --by NAME`."
        )
        yield f"{brake['code']} is held by its brake", detail
    begun = [brake for brake in brakes if brake["kind"] == "baseline"]
    if begun:
        most = sorted(begun, key=lambda brake: -brake["kept_back"])[:SAMPLE]
        counts = ", ".join(f"{brake['code']} {brake['kept_back']}" for brake in most)
        detail = (
            f"{_counted(sum(brake['kept_back'] for brake in begun), 'alert')} of {_counted(len(begun), 'rule')}, most of them {counts}. "
            "Nobody is told of anything yet. Look at them with `alerting alerts list`; then `alerting rules release --all --by NAME`: "
            "each manager gets one summary of what was open, and from then on what is new."
        )
        yield "The service begins: what is open already waits to be released", detail


def administrators(router: Router, addresses: Iterable[str]) -> list[Addressee]:
    """Return who is told of the service itself: the performance team and the administrators."""
    found = router.performance()
    told = [Addressee(id=found.person.id, name=found.person.name, address=found.person.email)] if found else []
    return told + [Addressee(id=address, name="Administrator", address=address) for address in addresses]


def to_administrators(
    told: Iterable[Addressee],
    receivers: Iterable[Receiver],
    purpose: str,
    as_of: date,
    content: AnyContent,
    new: Collection[str] = (),
    *,
    urgency: int = 0,
) -> list[Notification]:
    """Plan one message to each of them through each receiver of persons. new: the keys of what is new in it."""
    return [
        Notification(
            key=notification_key(purpose, as_of, receiver.name, each.id, new),
            receiver=receiver.name,
            purpose=purpose,
            recipient=each.id,
            name=each.name,
            address=each.address,
            as_of=as_of,
            content=content,
            urgency=urgency,
        )
        for receiver in receivers
        if receiver.teams is None
        for each in told
    ]

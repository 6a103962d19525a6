"""One run as its kept report has it, for the page: what is wrong first, then the line from the source to the messages. No child."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from alerting.evaluation.evaluation import Status
from alerting.formatting import capital, counted, day, listed, plain, plural
from alerting.model import Level
from alerting.notifications.report import RuleRow
from alerting.store.rule_rows import read_rule_rows
from alerting.store.store import EndedRun

_NOT_KNOWN = "Not known of this run"
_ALERTS = {"new": "new", "changed": "changed", "ongoing": "going on", "held": "on hold", "resolved": "ended"}
_MESSAGES = {
    "planned": "planned",
    "accepted": "accepted",
    "deferred": "to be tried again",
    "failed": "failed",
    "cancelled": "not sent, as something newer stands for it",
}
_STATUS = {Status.ok: "asked", Status.withheld: "waits for its data", Status.error: "has a fault", Status.off: "off"}
_BEFORE_IT_WAS_DONE = {
    "": "The run was cut short: what it did until then is not known here, and the next start goes on from what was kept",
    "stopped": "The run was stopped before it was done: the next start goes on from there",
    "failed": "The run failed before it was done: the next start goes on from there",
}
"""What is said of a run that came to no end, by the status that its report has, if it has any."""
_LONGEST = 600


@dataclass(frozen=True, kw_only=True)
class RuleLine:
    """How asking one rule went."""

    code: str
    status: str
    population: int
    #: How many match, by the name of the level, the least serious first.
    match: Sequence[int]
    clear: int
    unknown: int


@dataclass(frozen=True, kw_only=True)
class RunLine:
    """One run: what needs a look, and how each step went."""

    number: int
    job: str
    as_of: date
    started_at: datetime
    status: str
    new: int
    resolved: int
    held: int
    sent: int
    #: What somebody should look at, the cause of other things before them.
    look_at: Sequence[str]
    #: What each step did, in the order of the line: its name, and what it says.
    steps: Sequence[tuple[str, str]]
    rules: Sequence[RuleLine]
    #: Which rules are off as the council has it, each reason once.
    off_here: Sequence[str]


def line_of(run: EndedRun, zone: ZoneInfo) -> RunLine:
    """Return a run as its report has it; of a report of an earlier version, what that has."""
    report = run.report
    alerts, sending, rules = _part(report, "alerts"), _part(report, "notifications"), read_rule_rows(run)
    return RunLine(
        number=run.id,
        job=str(report.get("job", "")),
        as_of=run.as_of,
        started_at=run.started_at.astimezone(zone),
        status=str(report.get("status", "cut short")).replace("_", " "),
        new=_count(alerts, "new"),
        resolved=_count(alerts, "resolved"),
        held=_count(alerts, "held"),
        sent=_count(sending, "accepted"),
        look_at=_look_at(report, rules),
        steps=(
            ("Source", _source(report, run.as_of)),
            ("Trust", _trust(report)),
            ("Rules", _rules(rules)),
            ("Alerts", _counted(alerts, _ALERTS)),
            ("Messages", _counted(sending, _MESSAGES)),
        ),
        rules=[_rule(row) for row in rules],
        off_here=[_cause(one) for one in _rows(report, "causes") if _is_off_here(one, rules)],
    )


def _look_at(report: Mapping[str, Any], rules: Sequence[RuleRow]) -> list[str]:
    """Return what needs a look: what the data is like comes before what waits for it, and that before what became of messages."""
    found = [said] if (said := _BEFORE_IT_WAS_DONE.get(str(report.get("status", "")))) else []
    found += [f"The run of {text} did not take place" for text in _texts(report.get("missed"))]
    found += _texts(_part(report, "source").get("problems"))
    found += [_cause(one) for one in _rows(report, "causes") if not _is_off_here(one, rules)]
    found += [f"{one.get('file', '')}: {one.get('problem', '')}" for one in _rows(report, "older_files")]
    found += _first_day(report)
    held = report.get("hold_fire")
    found += [capital(held)] if isinstance(held, str) and held else []
    found += _texts(report.get("breaches"))
    return [plain(text, _LONGEST) for text in dict.fromkeys(found)]


def _cause(one: Mapping[str, Any]) -> str:
    return plain(f"{listed(_texts(one.get('rules')))}: {one.get('why', '')}", _LONGEST)


def _is_off_here(cause: Mapping[str, Any], rules: Sequence[RuleRow]) -> bool:
    """Return whether a cause is that rules are off as the council has it, which nobody needs to look at."""
    off = {row.code for row in rules if row.is_off_here}
    return off.issuperset(_texts(cause.get("rules")))


def _first_day(report: Mapping[str, Any]) -> list[str]:
    """Return what waits of the first day, in one sentence: each of its rules has a brake on."""
    kept = [_count(row, "kept_back") for row in _rows(report, "brakes") if row.get("kind") == "baseline"]
    if not kept:
        return []
    return [
        f"The first day: {plural(sum(kept), 'alert')} of {plural(len(kept), 'rule')} wait, and nobody is told of them until somebody has looked"
    ]


def _source(report: Mapping[str, Any], as_of: date) -> str:
    if not _part(report, "source"):
        return _NOT_KNOWN
    loaded = _part(report, "source").get("loaded_at")
    return (
        f"Data as at {day(loaded)}" if isinstance(loaded, str) else f"Read for {day(as_of)}; it does not say when it was loaded"
    )


def _trust(report: Mapping[str, Any]) -> str:
    source = _part(report, "source")
    if not source:
        return _NOT_KNOWN
    notes = _texts(source.get("notes"))
    said = "All that rules read was believed" if source.get("trusted", True) else "Some of what rules read was not believed"
    return f"{said}; {plural(len(notes), 'note')}" if notes else said


def _rules(rows: Sequence[RuleRow]) -> str:
    codes = {status: [row.code for row in rows if row.status is status] for status in Status}
    said = [f"{len(codes[Status.ok])} asked"]
    for status, words in ((Status.withheld, "waiting for their data"), (Status.error, "with a fault")):
        said += [f"{len(codes[status])} {words} ({', '.join(codes[status])})"] if codes[status] else []
    return listed([*said, *([f"{len(codes[Status.off])} off"] if codes[Status.off] else [])])


def _rule(row: RuleRow) -> RuleLine:
    return RuleLine(
        code=row.code,
        status=_STATUS[row.status],
        population=row.population,
        match=[row.match.get(level.name, 0) for level in Level],
        clear=row.clear,
        unknown=row.unknown,
    )


def _counted(part: Mapping[str, Any], words: Mapping[str, str]) -> str:
    return listed(counted((_count(part, name), text) for name, text in words.items())) or "None"


def _part(report: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = report.get(name)
    return part if isinstance(part, dict) else {}


def _rows(report: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = report.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _texts(values: object) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _count(part: Mapping[str, Any], name: str) -> int:
    value = part.get(name, 0)
    return value if isinstance(value, int) else 0

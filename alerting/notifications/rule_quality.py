"""How well each rule serves: what it fired, what cleared and how soon, what people made of it, what it could not answer.

A rule that never fires, fires and fires again, or is called not useful is looked at by who answers for it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import Any

import sqlalchemy as sa

from alerting.alerts import lifecycle
from alerting.alerts.lifecycle import WorkingDays
from alerting.formatting import day, number, plural
from alerting.model import Condition, Reason
from alerting.notifications.content import QualityContent, RuleFigures
from alerting.rulebook.rule import Rule
from alerting.store.schema import alert, handling, rule_version, run, transition

PERIOD = timedelta(days=90)
"""How far back a rule is looked at, and how long one may be silent before that is said of it."""


@dataclass(frozen=True, kw_only=True)
class RuleQuality:
    """One rule since a day. median_days: working days from first seen to cleared, None where nothing cleared.

    not_useful: people who said so, by their reason. flapping: the references of alerts that keep coming back. silent: it has been
    there for 90 days and has not fired in them. withheld, error: days on which it could not be asked.
    """

    code: str
    id: str
    title: str
    fired: int = 0
    cleared: int = 0
    median_days: float | None = None
    open: int = 0
    acknowledged: int = 0
    not_useful: Mapping[str, int] = field(default_factory=dict)
    flapping: tuple[str, ...] = ()
    silent: bool = False
    review_by: date | None = None
    review_passed: bool = False
    withheld: int = 0
    error: int = 0

    def remarks(self) -> list[str]:
        """Return what somebody should look at, a few words each; nothing of a rule that does as it should."""
        reasons = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in self.not_useful.items())
        said = {
            f"called not useful {_times(sum(self.not_useful.values()))} ({reasons})": bool(self.not_useful),
            f"comes and goes for {plural(len(self.flapping), 'subject')}": bool(self.flapping),
            f"has not fired in {PERIOD.days} days": self.silent,
            f"was to be reviewed by {day(self.review_by) if self.review_by else ''}": self.review_passed,
            f"failed on {plural(self.error, 'day')}": self.error > 0,
            f"waited for its data on {plural(self.withheld, 'day')}": self.withheld > 0,
        }
        return [words for words, so in said.items() if so]

    def figures(self) -> RuleFigures:
        """Return the row as the weekly message shows it."""
        return RuleFigures(
            code=self.code,
            title=self.title,
            fired=self.fired,
            cleared=self.cleared,
            median_days=self.median_days,
            open=self.open,
            acknowledged=self.acknowledged,
            remarks=tuple(self.remarks()),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return {
            "code": self.code,
            "id": self.id,
            "title": self.title,
            "fired": self.fired,
            "cleared": self.cleared,
            "median_working_days_to_clear": self.median_days,
            "open": self.open,
            "acknowledged": self.acknowledged,
            "not_useful": dict(self.not_useful),
            "flapping": len(self.flapping),
            "flapping_alerts": list(self.flapping),
            "never_fired_in_90_days": self.silent,
            "review_by": self.review_by.isoformat() if self.review_by else None,
            "review_passed": self.review_passed,
            "withheld_days": self.withheld,
            "error_days": self.error,
            "remarks": self.remarks(),
        }


def measure(
    connection: sa.Connection, rules: Iterable[Rule], since: date, as_of: date, working_days: WorkingDays
) -> list[RuleQuality]:
    """Return each rule's row, those with something to look at first. since, as_of: the first and the last day that count."""
    fired, last_fired = _fired(connection, since)
    cleared, opened = _cleared(connection, since, working_days), _open(connection)
    acknowledged, not_useful = _handled(connection, since)
    flapping, troubled = _flapping(connection, since, working_days), _troubled(connection, since)
    known = _known_since(connection)
    quiet = as_of - PERIOD
    rows = [
        RuleQuality(
            code=rule.code,
            id=rule.id,
            title=rule.title,
            fired=fired[rule.id],
            cleared=len(cleared[rule.id]),
            median_days=median(cleared[rule.id]) if cleared[rule.id] else None,
            open=opened[rule.id],
            acknowledged=acknowledged[rule.id],
            not_useful=dict(not_useful[rule.id].most_common()),
            flapping=tuple(flapping[rule.id]),
            silent=known.get(rule.id, as_of) <= quiet and last_fired.get(rule.id, date.min) < quiet,
            review_by=rule.file.review_by,
            review_passed=rule.file.review_by is not None and rule.file.review_by < as_of,
            withheld=len(troubled[rule.id, "withheld"]),
            error=len(troubled[rule.id, "error"]),
        )
        for rule in rules
    ]
    return sorted(rows, key=lambda row: (-sum(row.not_useful.values()), -len(row.remarks()), -row.fired, row.code))


def quality_content(rows: Sequence[RuleQuality], since: date) -> QualityContent:
    """Return what the weekly message to the administrators says of the rules."""
    return QualityContent(since=since, rules=tuple(row.figures() for row in rows))


def _fired(connection: sa.Connection, since: date) -> tuple[Counter[str], dict[str, date]]:
    """Count each rule's new alerts since a day, and give the day of its newest."""
    new = transition.c.reason == Reason.new.value
    counted = sa.func.sum(sa.case((transition.c.as_of >= since, 1), else_=0))
    query = sa.select(alert.c.rule, counted, sa.func.max(transition.c.as_of)).join(alert, alert.c.id == transition.c.alert_id)
    rows = connection.execute(query.where(new).group_by(alert.c.rule)).all()
    return Counter({rule: int(count) for rule, count, _ in rows}), {rule: last for rule, _, last in rows}


def _cleared(connection: sa.Connection, since: date, working_days: WorkingDays) -> defaultdict[str, list[int]]:
    """Return the working days that each rule's cleared alerts took. What a rule gave up, or who left, was not cleared."""
    query = sa.select(alert.c.rule, alert.c.first_seen, alert.c.resolved_on)
    found = defaultdict(list)
    for rule, first, last in connection.execute(
        query.where(alert.c.resolved_on >= since, alert.c.resolved_reason == Reason.cleared.value)
    ):
        found[rule].append(working_days(first, last))
    return found


def _open(connection: sa.Connection) -> Counter[str]:
    told = sa.and_(alert.c.resolved_on.is_(None), alert.c.condition != Condition.pending.value)
    rows = connection.execute(sa.select(alert.c.rule, sa.func.count()).where(told).group_by(alert.c.rule)).all()
    return Counter({row[0]: row[1] for row in rows})


def _handled(connection: sa.Connection, since: date) -> tuple[Counter[str], defaultdict[str, Counter[str]]]:
    """Count each rule's alerts that were acknowledged, and who called one not useful, by reason."""
    query = sa.select(alert.c.rule, handling.c.alert_id, handling.c.kind, handling.c.reason)
    query = query.join(alert, alert.c.id == handling.c.alert_id)
    acknowledged: set[tuple[str, int]] = set()
    not_useful: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in connection.execute(query.where(handling.c.at >= datetime.combine(since, time(), UTC))):
        if row.kind == "acknowledge":
            acknowledged.add((row.rule, row.alert_id))
        elif row.kind == "not_useful":
            not_useful[row.rule][row.reason] += 1
    return Counter(rule for rule, _ in acknowledged), not_useful


def _flapping(connection: sa.Connection, since: date, working_days: WorkingDays) -> defaultdict[str, list[str]]:
    """Return each rule's alerts, by reference, that came back too often in too short a time, since a day."""
    query = sa.select(alert.c.rule, alert.c.ref, transition.c.as_of).join(alert, alert.c.id == transition.c.alert_id)
    returns: defaultdict[tuple[str, str], list[date]] = defaultdict(list)
    flapping: defaultdict[str, list[str]] = defaultdict(list)
    for rule, ref, on in connection.execute(
        query.where(transition.c.reason == Reason.back_again.value).order_by(transition.c.id)
    ):
        returns[rule, ref].append(on)
        if on >= since and ref not in flapping[rule] and lifecycle.flapping(returns[rule, ref], on, working_days):
            flapping[rule].append(ref)
    return flapping


def _troubled(connection: sa.Connection, since: date) -> defaultdict[tuple[str, str], set[date]]:
    """Return the days on which each rule was withheld or failed, by the reports of the runs."""
    found: defaultdict[tuple[str, str], set[date]] = defaultdict(set)
    rows = connection.execute(sa.select(run.c.as_of, run.c.report).where(run.c.as_of >= since, run.c.report.is_not(None)))
    for as_of, report in rows:
        for row in (report or {}).get("rules", ()):
            if row["status"] in ("withheld", "error"):
                found[row["id"], row["status"]].add(as_of)
    return found


def _known_since(connection: sa.Connection) -> dict[str, date]:
    query = sa.select(rule_version.c.rule, sa.func.min(rule_version.c.first_seen_on)).group_by(rule_version.c.rule)
    return {row[0]: row[1] for row in connection.execute(query)}


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{number(count)} times")

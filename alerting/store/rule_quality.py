"""How well each rule serves, measured in the store."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time
from statistics import median

import sqlalchemy as sa

from alerting.alerts import lifecycle
from alerting.alerts.lifecycle import WorkingDays
from alerting.model import Condition, Reason
from alerting.notifications.rule_quality import PERIOD, RuleQuality
from alerting.rulebook.rule import Rule
from alerting.store import restricted_lists
from alerting.store.schema import alert, handling, rule_version, run, transition


def measure(
    connection: sa.Connection, rules: Iterable[Rule], since: date, as_of: date, working_days: WorkingDays
) -> list[RuleQuality]:
    """Return each rule's row, those with something to look at first. since, as_of: the first and the last day that count."""
    fired, last_fired = _fired(connection, since)
    cleared, opened = _cleared(connection, since, working_days), _open(connection)
    acknowledged, not_useful = _handled(connection, since)
    right, judged = _judged(connection, since)
    flapping, troubled = _flapping(connection, since, working_days), _troubled(connection, since)
    known, restricted = _known_since(connection), restricted_lists.restricted_people(connection)
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
            shadow=rule.shadow,
            right=right[rule.id],
            judged=judged[rule.id],
            counted=_counted(connection, rule, since, restricted) if rule.shadow else 0,
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


_still_said = sa.or_(handling.c.kind.not_in(("not_useful", "judged")), handling.c.ended_at.is_(None))
"""Of what one person said twice, the last word."""


def _handled(connection: sa.Connection, since: date) -> tuple[Counter[str], defaultdict[str, Counter[str]]]:
    """Count each rule's alerts that were acknowledged, and who called one not useful, by reason."""
    query = sa.select(alert.c.rule, handling.c.alert_id, handling.c.kind, handling.c.reason)
    query = query.join(alert, alert.c.id == handling.c.alert_id)
    acknowledged: set[tuple[str, int]] = set()
    not_useful: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in connection.execute(query.where(handling.c.at >= datetime.combine(since, time(), UTC), _still_said)):
        if row.kind == "acknowledge":
            acknowledged.add((row.rule, row.alert_id))
        elif row.kind == "not_useful":
            not_useful[row.rule][row.reason] += 1
    return Counter(rule for rule, _ in acknowledged), not_useful


def _judged(connection: sa.Connection, since: date) -> tuple[Counter[str], Counter[str]]:
    """Count each rule's alerts that were judged right, and all that were judged; one that anybody called wrong is not right."""
    query = sa.select(alert.c.rule, handling.c.alert_id, handling.c.reason).join(alert, alert.c.id == handling.c.alert_id)
    said = (handling.c.kind == "judged", handling.c.at >= datetime.combine(since, time(), UTC), handling.c.ended_at.is_(None))
    verdicts: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for row in connection.execute(query.where(*said)):
        verdicts[row.rule, row.alert_id].add(row.reason)
    right = Counter(rule for (rule, _), found in verdicts.items() if found == {"right"})
    return right, Counter(rule for rule, _ in verdicts)


def _counted(connection: sa.Connection, rule: Rule, since: date, restricted: Collection[str]) -> int:
    """Count a rule's new alerts since a day that nobody has judged, and of which only some may know."""
    judged = sa.select(handling.c.alert_id).where(handling.c.kind == "judged", handling.c.ended_at.is_(None))
    new = (transition.c.reason == Reason.new.value, transition.c.as_of >= since, alert.c.rule == rule.id)
    query = sa.select(alert.c.person).join(transition, alert.c.id == transition.c.alert_id)
    people = connection.execute(query.where(*new, alert.c.id.not_in(judged))).scalars()
    return sum(rule.file.nobody_else or person in restricted for person in people)


def _flapping(connection: sa.Connection, since: date, working_days: WorkingDays) -> defaultdict[str, list[str]]:
    """Return each rule's alerts, by reference, that came back too often in too short a time, since a day."""
    query = sa.select(alert.c.rule, alert.c.ref, transition.c.as_of).join(alert, alert.c.id == transition.c.alert_id)
    returns: defaultdict[tuple[str, str], list[date]] = defaultdict(list)
    flapping: defaultdict[str, list[str]] = defaultdict(list)
    for rule, ref, on in connection.execute(
        query.where(transition.c.reason == Reason.back_again.value).order_by(transition.c.id)
    ):
        returns[rule, ref].append(on)
        if on >= since and ref not in flapping[rule] and lifecycle.is_flapping(returns[rule, ref], on, working_days):
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

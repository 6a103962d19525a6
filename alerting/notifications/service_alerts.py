"""Alerts about the service itself: tables, columns and rules. Those who look after it read of them in their own message, once. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from alerting.formatting import plural
from alerting.model import Alert, Condition, Level, Problem
from alerting.notifications.content import Notice
from alerting.notifications.report import RuleRow
from alerting.notifications.routing import RuleRoute
from alerting.rulebook.rule import Rule


def is_of_service(route: RuleRoute) -> bool:
    """Return whether a rule's alerts are about the service itself, and not tried first."""
    return route.about.is_of_service and not route.shadow


def of_service_alerts(
    alerts: Iterable[Alert], problems: Iterable[Problem], rows: Iterable[RuleRow], rules: Mapping[str, Rule]
) -> Iterator[Notice]:
    """Return what alerts about the service say that no other notice of the day does: a rule an item, with all that it is about.

    problems, rows: what is wrong with the day's data, and how asking went, of which there are notices. rules: those in use, by their ids.
    What is no more than to be known, as that a rule is off for want of a table, asks nothing of anybody.
    """
    said = {about for problem in problems if _says_it(problem) for about in (problem.about, *problem.also)}
    said |= {row.code for row in rows if row.is_stopped}
    left: defaultdict[tuple[str, bool], set[str]] = defaultdict(set)
    for alert in alerts:
        is_open = alert.condition not in (Condition.pending, Condition.resolved)
        if is_open and alert.rule in rules and rules[alert.rule].about.is_of_service and alert.subject not in said:
            left[alert.rule, alert.level > Level.info].add(alert.subject)
    for (id_, asks), subjects in sorted(left.items()):
        rule = rules[id_]
        if rule.shadow:
            continue
        clears = rule.file.clears[:1].lower() + rule.file.clears[1:]
        yield Notice(
            title=f"{rule.code}: {rule.title}",
            detail=f"{rule.code} says so of {plural(len(subjects), rule.about.words)}; `alerting alerts list` says how each stands.",
            do=f"See to it that {clears}" if asks else "",
            items=tuple(sorted(subjects)),
            asks=asks,
        )


def _says_it(problem: Problem) -> bool:
    """Return whether a problem of the data says what an alert about the same table or column does."""
    return problem.stops or problem.still_since is not None or "." in problem.about

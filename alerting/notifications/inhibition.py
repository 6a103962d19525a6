"""Which alerts another covers, so that one matter is told once. Pure, and worked out when messages are planned.

A rule's `inhibited_by` names the rules whose alert covers its own about the same subject: the same kind and key, or,
where the kinds differ, the same child, worker, team or whatever else both are about. `not_beside` names those that do so only at
the same or a higher level. Only what is told covers: an alert on hold, snoozed, kept
back by a brake, without anybody to tell, or covered itself covers nothing. So there is always one that is told.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from alerting.model import About, Alert, Condition
from alerting.notifications.routing import RuleRoute


def covered(alerts: Iterable[Alert], rules: Mapping[str, RuleRoute], is_told: Callable[[Alert], bool]) -> dict[str, str]:
    """Return the alerts that are covered, by reference, each with the reference of the alert that covers it.

    is_told: says of an alert that fires whether somebody is told of it. Where rules name each other in a ring, the least
    serious alert of it is covered, and of equals the newest.
    """
    standing = [alert for alert in alerts if alert.condition != Condition.resolved and alert.rule in rules]
    named = {source for alert in standing for source in _covering(rules[alert.rule])}
    sources: dict[tuple[str, str], list[Alert]] = defaultdict(list)
    for alert in standing:
        # What is tried first is told to the performance team alone, and covers nothing from others.
        if (
            alert.rule in named
            and not rules[alert.rule].shadow
            and alert.condition in (Condition.firing, Condition.recovering)
            and is_told(alert)
        ):
            for about in _about(alert, rules):
                sources[alert.rule, about].append(alert)
    found: dict[str, str | None] = {}

    def cover(alert: Alert, asking: Sequence[str]) -> str | None:
        if alert.ref not in found:
            same = [
                other
                for rule in _covering(rules[alert.rule])
                for about in _about(alert, rules)
                for other in sources.get((rule, about), ())
                if other.ref not in (alert.ref, *asking) and _same(alert, other)
                if other.level >= alert.level or rule in rules[alert.rule].inhibited_by
            ]
            found[alert.ref] = next((other.ref for other in same if cover(other, (*asking, alert.ref)) is None), None)
        return found[alert.ref]

    # What the store has not written yet has no id, and is newer than all that has; of such, the last is the newest.
    age = {alert.ref: (alert.id if alert.id is not None else math.inf, place) for place, alert in enumerate(standing)}
    for alert in sorted(sorted(standing, key=lambda alert: age[alert.ref], reverse=True), key=lambda alert: alert.level):
        if _covering(rules[alert.rule]):
            cover(alert, ())
    return {ref: other for ref, other in found.items() if other is not None}


def _about(alert: Alert, rules: Mapping[str, RuleRoute]) -> list[str]:
    """Return what an alert is about: its subject, and its child, worker, team or what else it is about one of."""
    about, whom = rules[alert.rule].about, alert.person if rules[alert.rule].child_level else alert.subject
    one = [f"{About.child if about.concerns_child else about}\x1f{whom}"] if whom is not None else []
    return list(dict.fromkeys((f"{alert.subject_kind}\x1f{alert.subject}", *one)))


def _covering(route: RuleRoute) -> tuple[str, ...]:
    return (*route.inhibited_by, *route.not_beside)


def _same(alert: Alert, other: Alert) -> bool:
    # Two assessments of one child are two matters: the child alone is enough only between kinds.
    return alert.subject_kind != other.subject_kind or alert.subject == other.subject

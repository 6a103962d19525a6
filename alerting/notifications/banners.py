"""What a message says at its head of the day's data and of the rules that could not run: to those whom it concerns.

A rule that could not run concerns whoever has alerts of it, and whoever it would tell: a team manager who reads nothing of
visits must know whether there was nothing to read. It does not concern somebody whom it never tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from alerting.formatting import day
from alerting.model import CHANNEL, Notification
from alerting.notifications import report as reporting
from alerting.notifications.report import Report
from alerting.notifications.routing import Router, RuleRoute

_ANYBODY = frozenset({"worker", "adviser"})
"""Roles that are not of the directory but of a case: anybody may have one."""


def bannered(
    report: Report, router: Router, notifications: Iterable[Notification], not_posted: Mapping[str, date]
) -> list[Notification]:
    """Return the messages to persons and channels, each with the banners that concern its reader.

    not_posted: by team, the day of the card that its channel did not get.
    """
    stopped = [row for row in report.rules if reporting.is_stopped(row)]
    reached = {row["id"]: _reached(router, router.rules[row["id"]]) for row in stopped if row["id"] in router.rules}
    found = []
    for item in notifications:
        theirs = [row for row in stopped if _concerns(router, row["id"], reached.get(row["id"]), item)]
        data = report.data.banners if report.data else ()
        cards = _cards(router, item, not_posted)
        banners = [*data, *reporting.could_not_run(theirs, router), *cards, *item.content.get("banners", ())]
        found.append(replace(item, content=item.content | {"banners": banners}))
    return found


def _cards(router: Router, item: Notification, not_posted: Mapping[str, date]) -> list[str]:
    teams = sorted(
        {str(one.get("team")) for one in item.content.get("items", ())} & not_posted.keys() & router.directory.teams.keys()
    )
    return [
        f"The card of {day(not_posted[team])} for the channel of {router.directory.teams[team].name} could not be posted. "
        "Nothing in it is missing here."
        for team in teams
    ]


def _concerns(router: Router, rule: str, reached: set[str] | None, item: Notification) -> bool:
    """Return whether a rule that could not run concerns who gets a message. reached: None where nobody can say whom it would tell."""
    if reached is None:
        return True
    if item.recipient.startswith(CHANNEL):
        return router.rules[rule].channel
    return item.recipient in reached or any(one.get("rule") == rule for one in item.content.get("items", ()))


def _reached(router: Router, route: RuleRoute) -> set[str]:
    """Return everybody whom a rule may tell by their place in the directory, and who covers for them."""
    roles = {role for told in route.notify.values() for role in told} | {role for _, role in route.escalate}
    directory = router.directory
    found = set(directory.staff) if roles & _ANYBODY else set()
    for team in directory.teams:
        for role in roles - _ANYBODY:
            recipient = router.answers_for(team, role)
            found |= {recipient.person.id} if recipient else set()
    return found | {cover.by for away, cover in directory.cover.items() if cover.by and away in found}

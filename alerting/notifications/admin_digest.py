"""What those who look after the service are told of a run, after it: what there is to do, and its figures, all clear included.

After a daily run there is a message where anything has changed, while nobody is told of something, and else once in seven days to each of
them, or the day after theirs did not arrive; or after every one, where the council wants it so. After the other jobs, and when a day is run again, only where something is new. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from alerting.casedata.trust import Trust
from alerting.formatting import day, listed, plural
from alerting.model import Condition, Level
from alerting.notifications.administrators import to_administrators
from alerting.notifications.content import Figure, Notice, NoticeContent, Notification
from alerting.notifications.decision import Decision
from alerting.notifications.notices import NOBODY_TOLD, keyed, of_changes_by_hand
from alerting.notifications.policy import Policy
from alerting.notifications.report import Sending, not_supplied
from alerting.notifications.rule_quality import RuleQuality, quality_content

DAILY = "daily"
_SHOWN = 3
"""How many broken promises a notice names; the others are counted."""


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """What the store says once a run has been written and sent."""

    #: Of every notice that was told and lasts, the day that this job first told of it; today, where another job did.
    told_since: Mapping[str, date] = field(default_factory=dict)
    #: The title of every notice that this job told and that lasted until its last run, by key.
    told_before: Mapping[str, str] = field(default_factory=dict)
    #: The keys of the administrators' messages that have been planned already.
    planned: frozenset[str] = frozenset()
    #: The keys of today's messages about a day's run to whom the last one in the six days before has arrived.
    told_lately: frozenset[str] = frozenset()
    #: How many alerts that somebody is to be told of are in each condition.
    open: Mapping[str, int] = field(default_factory=dict)
    #: How many alerts are withheld from somebody.
    withheld: int = 0
    brakes_on: int = 0
    #: What became of each rule's alerts lately; for the weekly job only.
    quality: tuple[RuleQuality, ...] = ()
    #: The first day that counts for it.
    quality_since: date = date.min


@dataclass(frozen=True, kw_only=True)
class AdminDigest:
    """The messages to those who look after the service."""

    messages: tuple[Notification, ...]
    #: The title of every notice of the run, new or not, by key.
    titles: Mapping[str, str]


def compose_admin_digest(
    policy: Policy, decision: Decision, sending: Sending, aftermath: Aftermath, judged: Trust
) -> AdminDigest:
    """Compose the messages of a run that has sent what it had to send, or would have.

    Their `notices` are what is new since the last run of the job, their `still` what was told before and lasts.
    """
    of_sending = keyed(_of_sending(sending))
    notices = {**decision.notices, **of_sending}
    in_order = by_cost(notices)
    # What happened since the last run is another thing each time, be it called the same: it does not last.
    happened = of_sending.keys() | keyed(of_changes_by_hand(judged)).keys() if not aftermath.planned else frozenset[str]()
    new = [key for key in in_order if key not in aftermath.told_since or key in happened]
    lasting = [key for key in in_order if key not in new and notices[key].asks]
    content = NoticeContent(
        notices=tuple(notices[key] for key in new),
        still=tuple(replace(notices[key], since=aftermath.told_since[key]) for key in lasting),
        over=_over(notices, aftermath) if decision.job == DAILY else (),
        run=_figures(decision, sending, aftermath, judged) if decision.job == DAILY else (),
        asked=sum(row.has_answered for row in decision.rules),
    )
    receivers = policy.receivers_of(decision.job)

    def about(what: Iterable[str]) -> list[Notification]:
        told, urgency = decision.administrators, int(Level.red) if new else 0
        return to_administrators(told, receivers, "admin", decision.as_of, content, list(what), urgency=urgency)

    # The day's own message has one key, whatever is in it: a run that is taken up after a crash must not send a second.
    is_kept_back = aftermath.brakes_on or _is_urgent(notices[key] for key in lasting)
    for_all = policy.administrators_daily or new or content.over or is_kept_back
    of_day = about([DAILY]) if decision.job == DAILY else []
    daily = [item for item in of_day if for_all or item.key not in aftermath.told_lately]
    chosen = daily if daily and not aftermath.planned & {item.key for item in daily} else about(new) if new else []
    rules = []
    if aftermath.quality:
        quality = quality_content(aftermath.quality, aftermath.quality_since)
        rules = to_administrators(decision.administrators, receivers, "quality", decision.as_of, quality)
    return AdminDigest(messages=(*chosen, *rules), titles={key: notice.title for key, notice in notices.items()})


def _over(notices: Mapping[str, Notice], aftermath: Aftermath) -> tuple[str, ...]:
    """Return the titles of what was told before and is over; what goes on about other alerts or teams is not."""
    gone = {title for key, title in aftermath.told_before.items() if key not in notices}
    return tuple(sorted(gone - {notice.title for notice in notices.values()}))


def _is_urgent(notices: Iterable[Notice]) -> bool:
    """Return whether nobody is told of something that they would be told of: that is said every day while it lasts."""
    return any(notice.cost >= NOBODY_TOLD for notice in notices)


def by_cost(notices: Mapping[str, Notice]) -> list[str]:
    """Return the keys of notices, what costs most first: nobody told of anything, then what stops most rules, then the rest by name."""
    return sorted(notices, key=lambda key: (-notices[key].cost, notices[key].title))


@dataclass(frozen=True, kw_only=True)
class DailyKeys:
    """The keys that the message about a daily run has or would have, one a recipient and receiver."""

    #: By today's, those of the same recipient and receiver of the six days before, the newest first.
    lately: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def today(self) -> frozenset[str]:
        """Today's."""
        return frozenset(self.lately)


def daily_keys(policy: Policy, decision: Decision) -> DailyKeys:
    """Return the keys of the message about a daily run; of another job there are none."""
    told, receivers, content = decision.administrators, policy.receivers_of(decision.job), NoticeContent(notices=())

    days = [decision.as_of - timedelta(days=back) for back in range(7)] if decision.job == DAILY else []
    keys = [[item.key for item in to_administrators(told, receivers, "admin", on, content, [DAILY])] for on in days]
    return DailyKeys(lately={today: tuple(before) for today, *before in zip(*keys, strict=True)})


def _figures(decision: Decision, sending: Sending, aftermath: Aftermath, judged: Trust) -> tuple[Figure, ...]:
    """Return a run in figures, in the order in which they are read."""
    rules = [row for row in decision.rules if row.status != "off"]
    asked = sum(row.status == "ok" for row in rules)
    counts = sending.messages
    figures: dict[str, str | int] = {
        "Data as at": day(judged.loaded_at.replace(second=0, microsecond=0)) if judged.loaded_at else "not stated by the source",
        "Rules asked": f"{asked} of {len(rules)}",
        "Rules waiting for their data, or at fault": len(rules) - asked,
        "Alerts new": decision.counts.new,
        "Alerts open": sum(count for condition, count in aftermath.open.items() if condition != Condition.held),
        "Alerts on hold": aftermath.open.get(Condition.held, 0),
        "Alerts ended": decision.counts.resolved,
        "Alerts withheld from somebody": aftermath.withheld,
        "Messages sent": counts.accepted,
        "Messages waiting": counts.deferred,
        "Messages failed": counts.failed,
        "Brakes on": aftermath.brakes_on,
        "Audit": "every promise kept"
        if not sending.not_kept
        else plural(len(sending.not_kept), "promise not kept", "promises not kept"),
        **({"Sealed as": sending.seal} if sending.seal else {}),
    }
    # Nothing says of a first load how much should be there: whoever knows the data sees what is not.
    first = [
        Figure(name="Loaded for the first time", value=f"{column}, in {there} of {rows} rows")
        for column, (there, rows) in sorted(judged.first_seen.items())
    ]
    not_asked = [Figure(name="Off", value=f"{listed(codes)}: there are {what}") for what, codes in not_supplied(decision.rules)]
    return (*(Figure(name=name, value=value) for name, value in figures.items()), *not_asked, *first)


def _of_sending(sending: Sending) -> Iterable[Notice]:
    """Return what there is to do about sending, and about promises that were not kept."""
    counts = sending.messages
    for problem in sending.problems:
        yield Notice(title=f"Sending: {problem.about}", detail=f"{problem.text}.")
    if counts.failed:
        yield Notice(
            title="Messages could not be delivered",
            detail=f"{plural(counts.failed, 'message')} failed for good.",
            do="Run `alerting deliveries list --state failed`, which says why, of each.",
        )
    if counts.deferred:
        yield Notice(
            title="Messages wait to be sent",
            detail=f"{plural(counts.deferred, 'message')} could not be sent yet; each is tried again until its time is over.",
            do="See that the mail relay takes mail; `alerting deliveries list --state deferred` shows them.",
        )
    if sending.breaches:
        shown = "; ".join(sending.breaches[:_SHOWN])
        more = f"; and {len(sending.breaches) - _SHOWN} more" if len(sending.breaches) > _SHOWN else ""
        yield Notice(
            title="The audit found a promise that was not kept",
            cost=NOBODY_TOLD,
            detail=f"{shown}{more}. No heartbeat goes out until there is none.",
            do="Run `alerting audit verify`, which lists all, and see to each.",
        )

"""Whom each open alert is for, and why they are not told of it today: one row for each, which lasts while that stays so.

With what was told and what waits in the outbox, these rows show of any day that no open alert was lost: each was told to,
or visibly withheld from, everybody it was for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from alerting.alerts import handling_state
from alerting.formatting import day, listed
from alerting.model import Act, Alert, Condition, Worded
from alerting.notifications.digests import Circumstances, Plan
from alerting.notifications.routing import Receiver, Recipient, Router, is_by
from alerting.notifications.silences import said

EVERYBODY = "*"


class NotToldReason(Worded):
    """Why somebody is not told of an alert that is for them."""

    braked = "braked", "kept back by the brake of its rule"
    implausible = "implausible", "more match its rule than can be right, and nobody has looked yet"
    nothing_planned = "nothing_planned", "none of the rules of its job could be asked"
    restricted = "restricted", "the record is restricted, or not known not to be: only those it names are told"
    shadow = "shadow", "in shadow, and only some may know of it: it is counted"
    nobody_found = "nobody_found", "nobody was found who could be told"
    snoozed = "snoozed", "snoozed {detail}"
    recorded = "recorded", "said {detail}, and waits for the next load"
    data_error = "data_error", "said {detail} for that to be put right"
    silenced = "silenced", "silenced {detail}"
    covered = "covered", "covered by {detail}"
    flapping = "flapping", "it comes and goes too often: told in the weekly summary only"
    improving = "improving", "improving, and told if it comes back"
    on_hold = "on_hold", "on hold: {detail}"
    with_administrators = "with_administrators", "it stands in the message to those who look after the service"
    acknowledged = "acknowledged", "acknowledged {detail}, and not due"
    no_receiver = "no_receiver", "no receiver of persons is set for this job"
    # A text that an earlier version kept, and that is none of these.
    other = "other", "{detail}"


@dataclass(frozen=True)
class NotTold:
    """Why somebody is not told of an alert, and by whom, until when or through what: the detail."""

    reason: NotToldReason
    detail: str | None = None

    def __str__(self) -> str:
        return self.reason.say(self.detail)


_PUT_OFF = {
    "snooze": (NotToldReason.snoozed, "by {by} until {until}"),
    "recorded": (NotToldReason.recorded, "by {by} to be recorded on {on}"),
    "data_error": (NotToldReason.data_error, "by {by} to be wrong in the data, and waits until {until}"),
}


RecipientLog = Mapping[tuple[str, str], NotTold | None]
"""By alert's reference and recipient, why they are not told; None for those who are."""


def log_recipients(
    router: Router,
    alerts: Iterable[Alert],
    plan: Plan,
    today: Circumstances,
    waiting: Collection[str],
    *,
    planned: bool,
    receivers: Iterable[Receiver],
) -> RecipientLog:
    """Return whom each open alert is for, by alert and recipient, and why they are not told of it; EVERYBODY for all of them.

    None for those who are told of it today, and for those who were told before and have nothing new to hear: of anybody else with
    None the audit finds that they go untold. waiting: the references of alerts that a brake keeps back. planned: whether there was
    anything to plan by. receivers: those of the job.
    """
    nothing_kept = None if any(receiver.teams is None for receiver in receivers) else NotTold(NotToldReason.no_receiver)
    told = {(one.ref, notification.recipient) for notification in plan.notifications for one in notification.told}
    before = {(ref, recipient) for _, recipient, ref in today.last_told}
    found: dict[tuple[str, str], NotTold | None] = {}
    for alert in alerts:
        if alert.condition in (Condition.pending, Condition.resolved):
            continue
        recipients = plan.routes.get(alert.ref, ())
        if alert.ref in waiting:
            doubted = alert.rule in today.banners.doubted
            found[alert.ref, EVERYBODY] = NotTold(NotToldReason.implausible if doubted else NotToldReason.braked)
            continue
        if not planned:
            found[alert.ref, EVERYBODY] = NotTold(NotToldReason.nothing_planned)
            continue
        if router.is_confined(alert):
            found[alert.ref, EVERYBODY] = NotTold(NotToldReason.restricted)
        elif not recipients and router.is_in_shadow(alert):
            found[alert.ref, EVERYBODY] = NotTold(NotToldReason.shadow)
        elif not recipients:
            found[alert.ref, EVERYBODY] = NotTold(NotToldReason.nobody_found)
        for recipient in recipients:
            key = (alert.ref, recipient.person.id)
            if key not in told:
                why = _why(router, alert, recipient, today, was_told=key in before)
                found[key] = why if why or key in before else nothing_kept
            else:
                found[key] = None
    return found


def _why(router: Router, alert: Alert, recipient: Recipient, today: Circumstances, *, was_told: bool) -> NotTold | None:
    """Return what keeps an alert that is for somebody from them; None where nothing does."""
    if today.is_with_administrators(router, alert, recipient.person):
        return NotTold(NotToldReason.with_administrators)
    put_off = handling_state.active_snooze(alert, today.as_of, today.loaded_at)
    if put_off:
        reason, detail = _PUT_OFF[put_off.kind]
        return NotTold(reason, detail.format(by=_named(router, put_off), on=day(put_off.on), until=_until(put_off)))
    if alert.ref in today.silenced:
        return NotTold(NotToldReason.silenced, said(today.silenced[alert.ref]))
    if alert.ref in today.covered:
        return NotTold(NotToldReason.covered, today.covered[alert.ref])
    if alert.ref in today.flapping:
        return NotTold(NotToldReason.flapping)
    if alert.condition == Condition.recovering and not was_told:
        return NotTold(NotToldReason.improving)
    if alert.condition == Condition.held:
        return NotTold(NotToldReason.on_hold, alert.why_held)
    own = [act for act in today.in_hand(alert) if is_by(act, recipient.person)]
    if own:
        by = listed([_named(router, act) for act in own])
        return NotTold(NotToldReason.acknowledged, f"by {by} until {_until(own[-1])}")
    return None


def _named(router: Router, act: Act) -> str:
    return router.directory.name(act.by) or act.by


def _until(act: Act) -> str:
    return day(act.until) if act.until else "it is taken back"

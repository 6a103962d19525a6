"""What an alert becomes when today's answer meets it. Pure: values in, transitions out.

    before      answer                               after       reason
    (none)      match, first of `for` runs           pending     matches                     nobody is told yet
    (none)      match                                firing      new
    (none)      clear, absent or unknown             (none)      -
    pending     match, `for` runs reached            firing      new
    pending     clear or absent                      resolved    never_fired                 nobody was told
    pending     unknown, or the rule was not asked   pending     -                           its count stands still
    firing      match, at another level              firing      level_raised                or level_lowered
    firing      match                                firing      reassigned                  or nothing, if nothing changed
    firing      clear                                recovering  improving                   or resolved, cleared
    recovering  match                                firing      back_again                  it has come back once more
    recovering  clear, `keep_firing_for` reached     resolved    cleared
    held        match                                firing      trusted_again
    held        clear                                as firing
    any open    absent, the data says why            resolved    left                        detail: why
    any open    absent, it does not                  held        not_in_data
    any open    unknown                              held        not_recorded
    any open    the rule was not asked               held        not_asked                   detail: why; or rule_broken
    any open    the rule is gone or off              resolved    rule_removed
    any open    clear, the rule was changed          resolved    rule_changed                in the first run that asks it so
    any open    its record was merged into another   as it was   record_followed             it goes on under the other's id
    any open    the other has an older one of it     resolved    record_merged               see record_merges
    any open    somebody closes it                   resolved    closed                      detail: why
    any open    two people wipe its child            resolved    wiped                       nobody is told
    resolved    match, cleared of late               firing      back_again                  the same alert; it has come back
    resolved    match, closed for these very facts   resolved    -                           until the day it was closed until
    resolved    match, otherwise                     as (none)                               a new alert, one episode on

Only `clear`, proof of leaving, the rule's end or a person resolves. What was not asked, or is not in the data, is held: its
clocks stand still. An alert that comes back again and again flaps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from alerting.model import Alert, Condition, Finding, Level, Outcome, Reason, Transition, reference

FLAPS, FLAPS_WITHIN = 3, 20
"""An alert flaps where it has come back so often within so many working days."""

WorkingDays = Callable[[date, date], int]
"""Counts the working days after the first of two days, up to and including the second."""


@dataclass(frozen=True, kw_only=True)
class RuleLife:
    """What decides, of a rule, what becomes of its alerts."""

    id: str
    code: str
    subject_kind: str
    unit: str
    version: str | None = None
    #: For how many runs a rule must match before its alert fires.
    pending_for: int = 1
    #: For how many runs it must be clear before its alert ends, beside the one in which it ends.
    keep_firing_for: int = 0
    #: For how many working days after an alert was cleared a match is the same alert again.
    reopen_window: int = 3


def open_alert(finding: Finding, rule: RuleLife, episode: int, as_of: date) -> Transition:
    """Return how an alert opens for a match that has none. episode: 1 for the first time, one more than the last after that."""
    condition = Condition.firing if rule.pending_for <= 1 else Condition.pending
    alert = Alert(
        ref=reference(rule.id, finding.subject, episode),
        rule=rule.id,
        code=rule.code,
        subject_kind=rule.subject_kind,
        subject=finding.subject,
        episode=episode,
        condition=condition,
        level=_level(finding),
        first_seen=as_of,
        level_since=as_of,
        unit=rule.unit,
        rule_version=rule.version,
        streak=1,
        streak_on=as_of,
    )
    reason = Reason.new if condition == Condition.firing else Reason.matches
    return Transition(alert=_told(alert, finding), before=None, level_before=None, reason=reason)


def begin_alert(
    finding: Finding, rule: RuleLife, ended: Alert | None, as_of: date, working_days: WorkingDays, *, owners_known: bool = True
) -> Transition | None:
    """Return how an alert begins for a finding that has no live one; None where none does.

    For a match a new one opens, or the last one comes back, unless that stays closed. ended: the last alert of this rule and subject, if any, with the facts it ended with. One that somebody closed stays so
    until the day it was closed until has passed, its level rises, or the record says something else than it did then.
    """
    if finding.outcome != Outcome.match:
        return None
    if ended is None:
        return open_alert(finding, rule, 1, as_of)
    if ended.resolved_on is None:
        raise ValueError(f"{ended.ref} is open")
    if ended.resolved_reason == Reason.closed and _stays_closed(ended, finding, as_of):
        return None
    of_late = ended.resolved_reason == Reason.cleared and working_days(ended.resolved_on, as_of) <= rule.reopen_window
    if not of_late or ended.subject_kind != rule.subject_kind:
        return open_alert(finding, rule, ended.episode + 1, as_of)
    if not owners_known:
        finding = _whose_it_was(finding, ended)
    after = replace(
        _told(ended, finding), condition=Condition.firing, resolved_on=None, resolved_reason=None, resolved_detail=None
    )
    if after.level != ended.level:
        after = replace(after, level_since=as_of)
    return _transition(ended, _come_back(replace(after, reopened_on=as_of), as_of), Reason.back_again)


def is_flapping(came_back: Sequence[date], on: date, working_days: WorkingDays) -> bool:
    """Return whether an alert comes and goes too often to be told each time. came_back: the days it came back, up to `on`."""
    last = came_back[-FLAPS:]
    return len(last) == FLAPS and working_days(last[0], on) <= FLAPS_WITHIN


def advance(
    alert: Alert, finding: Finding, rule: RuleLife, as_of: date, *, owners_known: bool = True, changed: bool = False
) -> Transition | None:
    """Return how today's answer changes a live alert; None where it does not.

    owners_known: false when the tables that say whose a case is cannot be trusted today; then it stays whose it was.
    changed: the rule answers otherwise than when it was last asked, so that `clear` says nothing about the record.
    """
    if not owners_known:
        finding = _whose_it_was(finding, alert)
    match finding.outcome:
        case Outcome.match:
            return _matched(alert, finding, rule, as_of)
        case Outcome.clear if changed:
            return _pending_ends(alert, as_of) or resolve(alert, Reason.rule_changed, as_of)
        case Outcome.clear:
            return _cleared(alert, rule, as_of)
        case Outcome.absent if finding.left:
            return resolve(alert, Reason.left, as_of, detail=finding.left)
        case Outcome.absent:
            return _pending_ends(alert, as_of) or hold(alert, Reason.not_in_data, as_of)
        case _:
            return hold(alert, Reason.not_recorded, as_of)


def hold(alert: Alert, reason: Reason, as_of: date, *, detail: str | None = None) -> Transition | None:
    """Return how an alert is held whose subject could not be judged today; None where it is held for that already.

    A pending alert waits as it is: nobody has been told of it.
    """
    held = alert.condition == Condition.held
    if alert.condition == Condition.pending or (held and (alert.held_reason, alert.held_detail) == (reason, detail)):
        return None
    since = alert.held_since if held else as_of
    after = replace(alert, condition=Condition.held, held_reason=reason, held_detail=detail, held_since=since)
    return _transition(alert, after, reason, detail)


def resolve(alert: Alert, reason: Reason, as_of: date, *, detail: str | None = None, by: str = "service") -> Transition:
    """Return how an alert ends."""
    ended = replace(
        _without_streak(_not_held(alert)),
        condition=Condition.resolved,
        resolved_on=as_of,
        resolved_reason=reason,
        resolved_detail=detail,
    )
    return replace(_transition(alert, ended, reason, detail), by=by)


def end_removed(live: Iterable[Alert], known: Mapping[str, object], as_of: date) -> list[Transition]:
    """Return how the alerts end whose rules are no longer there or are switched off: no longer checked, which is not cleared."""
    return [resolve(alert, Reason.rule_removed, as_of) for alert in live if alert.rule not in known]


def next_episode(alert: Alert) -> Alert:
    """Return an alert as the next episode, with that one's reference."""
    episode = alert.episode + 1
    return replace(alert, episode=episode, ref=reference(alert.rule, alert.subject, episode))


def end_merged(alert: Alert, as_of: date) -> Transition:
    """Return how an alert ends beside which an older one about the same goes on, since two records of one person became one."""
    return _pending_ends(alert, as_of) or resolve(alert, Reason.record_merged, as_of)


def end_changed_kind(live: Iterable[Alert], kinds: Mapping[str, str], as_of: date) -> list[Transition]:
    """Return how the alerts end whose rules are about something else now, such as a team and no longer a child.

    kinds: what each rule is about, by its id.
    """
    return [
        _pending_ends(alert, as_of) or resolve(alert, Reason.rule_changed, as_of)
        for alert in live
        if kinds.get(alert.rule, alert.subject_kind) != alert.subject_kind
    ]


def _matched(alert: Alert, finding: Finding, rule: RuleLife, as_of: date) -> Transition | None:
    after = _told(alert, finding)
    if after.level != alert.level:
        after = replace(after, level_since=as_of)
    if alert.condition == Condition.pending:
        if alert.streak_on == as_of:  # a second run of the same day is no second run of matching
            return None
        streak = alert.streak + 1
        fires = streak >= rule.pending_for
        after = replace(after, streak=streak, streak_on=as_of, condition=Condition.firing if fires else Condition.pending)
        return _transition(alert, after, Reason.new if fires else Reason.matches)
    after = replace(_without_streak(_not_held(after)), condition=Condition.firing)
    if alert.condition == Condition.recovering:
        return _transition(alert, _come_back(after, as_of), Reason.back_again)
    if alert.condition == Condition.held:
        return _transition(alert, after, Reason.trusted_again)
    if after.level != alert.level:
        return _transition(alert, after, Reason.level_raised if after.level > alert.level else Reason.level_lowered)
    return _transition(alert, after, Reason.reassigned) if _whose(after) != _whose(alert) else None


def _cleared(alert: Alert, rule: RuleLife, as_of: date) -> Transition | None:
    ended = _pending_ends(alert, as_of)
    if ended:
        return ended
    if alert.condition == Condition.recovering and alert.streak_on == as_of:
        return None
    streak = alert.streak + 1 if alert.condition == Condition.recovering else 1
    if streak > rule.keep_firing_for:
        return resolve(alert, Reason.cleared, as_of)
    after = replace(_not_held(alert), condition=Condition.recovering, streak=streak, streak_on=as_of)
    return _transition(alert, after, Reason.improving)


def _pending_ends(alert: Alert, as_of: date) -> Transition | None:
    return resolve(alert, Reason.never_fired, as_of) if alert.condition == Condition.pending else None


def _come_back(alert: Alert, as_of: date) -> Alert:
    return replace(alert, came_back=(*alert.came_back, as_of))


def _stays_closed(ended: Alert, finding: Finding, as_of: date) -> bool:
    if (ended.closed_until is not None and as_of > ended.closed_until) or _level(finding) > ended.level:
        return False
    # Time alone makes a measure grow. One that falls says that the record was changed, where no due date says so.
    fell = finding.due is None and (finding.measure or 0) < (ended.measure or 0)
    same = (finding.facts, finding.due, finding.member) == (ended.facts, ended.due, ended.member)
    return same and not fell


def _whose_it_was(finding: Finding, alert: Alert) -> Finding:
    return replace(finding, team=alert.team, worker=alert.worker, adviser=alert.adviser, service=alert.service)


def _level(finding: Finding) -> Level:
    if finding.level is None:
        raise ValueError(f"a match of {finding.rule} has no level")
    return finding.level


def _told(alert: Alert, finding: Finding) -> Alert:
    return replace(
        alert,
        level=_level(finding),
        measure=finding.measure,
        due=finding.due,
        team=finding.team,
        worker=finding.worker,
        adviser=finding.adviser,
        service=finding.service,
        person=finding.person,
        member=finding.member,
        also=finding.also,
        facts=finding.facts,
    )


def _whose(alert: Alert) -> tuple[object, ...]:
    return (alert.team, alert.worker, alert.adviser, alert.service, alert.also, alert.member, alert.person)


def _transition(before: Alert, after: Alert, reason: Reason, detail: str | None = None) -> Transition:
    return Transition(alert=after, before=before.condition, level_before=before.level, reason=reason, detail=detail)


def _not_held(alert: Alert) -> Alert:
    return replace(alert, held_reason=None, held_detail=None, held_since=None)


def _without_streak(alert: Alert) -> Alert:
    return replace(alert, streak=0, streak_on=None)

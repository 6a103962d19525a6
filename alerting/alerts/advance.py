"""The day's answers and the alerts there are -> what changes. Pure: what lifecycle needs to know of the past comes with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType

from alerting.alerts import lifecycle, record_merges
from alerting.alerts.lifecycle import RuleLife, WorkingDays
from alerting.casedata.catalogue import TABLES
from alerting.evaluation.evaluation import Evaluation, RuleSubject, Status
from alerting.model import Alert, Finding, Reason, Transition
from alerting.rulebook.book import Rulebook
from alerting.rulebook.rule import Rule
from alerting.working_days import working_days_between

_OWNERS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "ssd_involvements": frozenset(TABLES["ssd_involvements"].columns) - {"invo_referral_id"},
        "ext_staff": frozenset({"worker_id", "role", "team_id", "starts_on", "ends_on"}),
    }
)
"""The tables that say whose a case is, and the columns that they say it by."""


def are_owners_known(doubted: Iterable[str]) -> bool:
    """Return whether it is known whose a case is. doubted: what is not trusted, tables and columns as `table.column`.

    While it is not, a case stays whose it was.
    """
    names = (name.partition(".") for name in doubted)
    return not any(table in _OWNERS and (not column or column in _OWNERS[table]) for table, _, column in names)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What is known of alerts that have ended, as far as they may begin again today."""

    #: The last alert of a rule and subject, where it has ended.
    last: Mapping[RuleSubject, Alert] = field(default_factory=dict)
    #: References that an alert has already, of those that a new one would have.
    taken: frozenset[str] = frozenset()


def advance_alerts(book: Rulebook, evaluation: Evaluation, live: Sequence[Alert], ended: Ended) -> list[Transition]:
    """Return what changes on a day: of the live alerts, those that ended and come back, and new ones."""
    as_of, lives = evaluation.as_of, lives_of(book)
    owners_known = are_owners_known(evaluation.trust.problems)
    followed = record_merges.transitions(evaluation.moves, live, ended.last, as_of)
    live = after(live, followed)
    moved = lifecycle.end_changed_kind(live, {id_: life.subject_kind for id_, life in lives.items()}, as_of)
    live = after(live, moved)
    by_ref = {alert.ref: alert for alert in live}
    matches = [finding for ref, finding in evaluation.candidates if ref is None]
    began = _begun(
        book, matches, [*ended.last.values(), *(item.alert for item in moved)], lives, as_of, owners_known=owners_known
    )
    transitions: list[Transition | None] = [*followed, *moved, *_under_free_references(began, ended.taken)]
    for ref, finding in evaluation.candidates:
        alert = by_ref.get(ref or "")
        if alert is not None:  # what somebody closed since the data was asked has ended
            life, is_changed = lives[finding.rule], (finding.rule, finding.subject) in evaluation.given_up
            transitions.append(lifecycle.advance(alert, finding, life, as_of, owners_known=owners_known, changed=is_changed))
    not_asked = _not_asked(book, evaluation)
    for alert in live:
        if alert.rule in not_asked:
            reason, detail = not_asked[alert.rule]
            transitions.append(lifecycle.hold(alert, reason, as_of, detail=detail))
    known = book.ids - {rule.id for rule in book.off}
    transitions += lifecycle.end_removed(live, dict.fromkeys(known), as_of)
    return [transition for transition in transitions if transition is not None]


def after(live: Sequence[Alert], transitions: Sequence[Transition]) -> list[Alert]:
    """Return live alerts as transitions leave them, without those that end."""
    now = {item.alert.ref: item.alert for item in transitions}
    return [alert for alert in (now.get(alert.ref, alert) for alert in live) if alert.resolved_on is None]


def _not_asked(book: Rulebook, evaluation: Evaluation) -> dict[str, tuple[Reason, str]]:
    """Return the rules that could not be asked today, each with why."""
    asked = [one for one in evaluation.asked.values() if one.status != Status.ok]
    not_asked = {one.id: (Reason.not_asked, one.problem or one.status.value) for one in asked}
    return not_asked | {broken.id: (Reason.rule_broken, broken.problem) for broken in book.broken}


def _begun(
    book: Rulebook,
    matches: Sequence[Finding],
    ended: Sequence[Alert],
    lives: Mapping[str, RuleLife],
    as_of: date,
    *,
    owners_known: bool,
) -> list[Transition]:
    """Return what matches become that have no live alert. ended: the last alert of each rule and subject that had one."""
    last = {(alert.rule, alert.subject): alert for alert in ended}
    days = working_days(book)
    found = [
        lifecycle.begin_alert(
            finding, lives[finding.rule], last.get((finding.rule, finding.subject)), as_of, days, owners_known=owners_known
        )
        for finding in matches
    ]
    return [item for item in found if item is not None]


def _under_free_references(begun: Sequence[Transition], taken: Set[str]) -> list[Transition]:
    """Return new alerts under the next episode whose reference is free.

    One that followed a merged record took its own along. And of many alerts two may come to one by chance: of a million, as likely as not.
    """
    free, given = [], set(taken)
    for item in begun:
        alert = item.alert
        while alert.id is None and alert.ref in given:
            alert = lifecycle.next_episode(alert)
        given.add(alert.ref)
        free.append(replace(item, alert=alert))
    return free


def lives_of(book: Rulebook) -> dict[str, RuleLife]:
    """Return what lifecycle needs of each rule that is in use, by its id."""
    return {rule.id: life_of(rule, book) for rule in book.rules}


def life_of(rule: Rule, book: Rulebook) -> RuleLife:
    """Return what lifecycle needs of a rule."""
    file = rule.file
    return RuleLife(
        id=rule.id,
        code=rule.code,
        subject_kind=rule.subject_kind,
        unit=rule.unit,
        pending_for=file.pending_for,
        keep_firing_for=file.keep_firing_for,
        reopen_window=int(str(book.settings.params.get("reopen_window_wd", RuleLife.reopen_window))),
        version=rule.version,
    )


def working_days(book: Rulebook) -> WorkingDays:
    """Return what counts working days by the council's calendar."""
    holidays = book.settings.bank_holidays
    return lambda start, end: working_days_between(start, end, holidays)

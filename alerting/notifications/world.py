"""What the service remembers, as far as it decides what becomes of alerts and who is told: read from the store once, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from alerting.alerts.advance import Ended
from alerting.alerts.brakes import Brake, History
from alerting.casedata.directory import Directory
from alerting.casedata.said_cover import SaidCover
from alerting.model import Alert, LastTold
from alerting.notifications.channel_checks import Channel
from alerting.notifications.preferences import Preferences
from alerting.notifications.report import RuleRow
from alerting.notifications.silences import Silence
from alerting.notifications.team_card import Kept

ToldKey = tuple[str, str, str]
"""A receiver, a recipient, and the reference of an alert."""

Span = tuple[date, date | None]
"""A stretch of days: its first, and the day that ended it, None where it goes on."""


@dataclass(frozen=True, kw_only=True)
class Week:
    """What the weekly summary looks back on besides."""

    #: Every alert that is open or was resolved in the weeks that the summary shows.
    recent: tuple[Alert, ...] = ()
    #: The day on which each rule was asked first, where it was asked before.
    asked_since: Mapping[str, date] = field(default_factory=dict)
    #: The rules of the last daily run.
    daily_rules: tuple[RuleRow, ...] = ()
    channels: tuple[Channel, ...] = ()


@dataclass(frozen=True, kw_only=True)
class World:
    """What the service knew before a run: only what can change today, or must be told."""

    #: Every alert that is not resolved, with its latest reading and what people did to it.
    live: tuple[Alert, ...] = ()
    ended: Ended = field(default_factory=Ended)
    #: Alerts that had ended before, and that somebody still believes open.
    believed_open: tuple[Alert, ...] = ()
    told: Mapping[ToldKey, LastTold] = field(default_factory=dict)
    #: Who was who when that was last known; None where nothing of it is kept.
    kept_directory: Directory | None = None
    #: What people said of cover that stands or is to come.
    cover: tuple[SaidCover, ...] = ()
    #: Receivers and addresses that were refused of late, compared without case.
    refused: frozenset[tuple[str, str]] = frozenset()
    #: The references of alerts that a baseline kept back until its release.
    backlog: frozenset[str] = frozenset()
    #: The stretches on which an alert stood still, by its reference: on hold, cleared before it came back, kept back by a brake.
    held_spans: Mapping[str, Sequence[Span]] = field(default_factory=dict)
    #: Those that stand on the day, the oldest first.
    silences: tuple[Silence, ...] = ()
    #: The numbers of those made since the last daily run: whom they touch is told today.
    new_silences: frozenset[int] = frozenset()
    #: Rows of the store that nobody can read, in words: each counts for nothing.
    unreadable: tuple[str, ...] = ()
    #: Since when each table is doubted that waits for somebody to release it, by an earlier run.
    doubted_since: Mapping[str, date] = field(default_factory=dict)
    #: Those that are on.
    brakes: tuple[Brake, ...] = ()
    history: History = field(default_factory=History)
    #: Every day on which the daily run was to be done and was not.
    missed_days: frozenset[date] = frozenset()
    #: What was missed since the last daily run, in words.
    missed: tuple[str, ...] = ()
    #: By team, the day of the card that its channel did not get.
    cards_not_posted: Mapping[str, date] = field(default_factory=dict)
    #: How the work of each team went in earlier months; for the monthly job only.
    months: Kept = field(default_factory=dict)
    #: The last day of a message of the daily job to somebody, an earlier run of this one too, by receiver and id, where that is looked for.
    last_heard: Mapping[tuple[str, str], date] = field(default_factory=dict)
    #: What people would rather have, by id, of those who said so.
    preferences: Mapping[str, Preferences] = field(default_factory=dict)
    #: For the weekly job only.
    week: Week = field(default_factory=Week)

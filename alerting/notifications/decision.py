"""A decision: all that a run decides of alerts and messages, frozen, before anything of it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from alerting.alerts.brakes import Brake
from alerting.evaluation.evaluation import Reading
from alerting.model import Alert, Transition
from alerting.notifications.content import Addressee, Notification
from alerting.notifications.digests import Circumstances
from alerting.notifications.notices import Notices
from alerting.notifications.recipient_log import RecipientLog
from alerting.notifications.report import AlertCounts, BrakeRow, RuleRow
from alerting.notifications.routing import Recipient, Router


@dataclass(frozen=True, kw_only=True)
class Decision:
    """All that a run decided, before anything of it is written."""

    job: str
    as_of: date
    transitions: tuple[Transition, ...]
    #: What today says of each live alert that still matches.
    readings: tuple[Reading, ...]
    #: Every alert that was live, and every new one, as it is now.
    alerts: tuple[Alert, ...]
    #: The brakes that this run puts on.
    brakes: tuple[Brake, ...]
    #: The rules that were believed although more matched than can be right, and of which no more match today.
    plausible_again: frozenset[str]
    #: What keeps alerts quiet, what was told before, what every message says at its head.
    today: Circumstances
    #: Who each alert is for, told today or not, by its reference.
    routes: Mapping[str, Sequence[Recipient]]
    #: Alerts nobody could be told of.
    unrouted: tuple[Alert, ...]
    #: How many alerts about restricted records are told to nobody.
    confined: int
    notifications: tuple[Notification, ...]
    #: Whether there was anything to plan by: what waits of the job, and is not planned again, is then told no more.
    is_planned: bool
    recipient_log: RecipientLog
    #: What those who look after the service must know.
    notices: Notices
    administrators: tuple[Addressee, ...]
    rules: tuple[RuleRow, ...]
    brake_rows: tuple[BrakeRow, ...]
    counts: AlertCounts
    #: Who answers for what today.
    router: Router

"""The values that travel along the line. Each is frozen and made in one place.

Finding       evaluate   one rule's answer about one subject today; no memory
Alert         store      one rule and one subject for as long as it matters
Transition    lifecycle  one change of one alert: before, after, reason. The audit trail
Item          routing    one alert as one person is told of it
Notification  routing    what one person, or one channel, is to be told; the outbox row
Message       rendering  a notification in words
Delivery      delivery   what became of one attempt to send it
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import Any, Self


class Level(IntEnum):
    """How serious, in rising order. Stored and shown by its lower-case name."""

    info = 1
    amber = 2
    red = 3
    critical = 4


class Outcome(StrEnum):
    """What a rule says of a subject of its population; `absent` is a live alert whose subject is not there."""

    match = "match"
    clear = "clear"
    unknown = "unknown"
    absent = "absent"


class Condition(StrEnum):
    """Where an alert is in its life, from the data alone. What people did to it is kept apart."""

    pending = "pending"
    firing = "firing"
    recovering = "recovering"
    held = "held"
    resolved = "resolved"


CHANNEL = "team:"
"""How the recipient of a channel's card begins; the rest is the team's id."""

BOUNCED = "bounced"
"""The state, among the attempts of a message, in which it came back after it had been accepted."""

BACK_AGAIN = "back again"
"""The reason of a transition by which an alert comes back that had been cleared, or was improving."""

BY_HAND = "manual: "
"""How the reason begins for which somebody closed an alert."""


class DeliveryReason(StrEnum):
    """Why a message that was not accepted ended as it did. The store keeps the value; the words beside it are for people."""

    #: How it is said; `{detail}` is what only the case itself can add, such as what the receiver answered.
    words: str

    def __new__(cls, value: str, words: str) -> Self:
        """Return the reason of a value, with its words."""
        reason = str.__new__(cls, value)
        reason._value_ = value
        reason.words = words
        return reason

    superseded = "superseded", "superseded by a newer message"
    expired = "expired", "expired: {detail}"
    restored = "restored", "the store was restored; it may have been sent before"
    not_posted = "not_posted", "{detail}"
    no_receiver = "no_receiver", "there is no receiver '{detail}' any more"
    not_rendered = "not_rendered", "the message could not be put into words ({detail})"
    refused_before = "refused_before", "the address was refused on {detail}"
    not_repeated = (
        "not_repeated",
        "handed over by a sender that then died; a card is not repeated, as its news goes by mail too",
    )
    refused = "refused", "{detail}"
    no_answer = "no_answer", "{detail}"
    broke_down = "broke_down", "the receiver broke down ({detail})"
    bounced = "bounced", "bounced: {detail}"

    def say(self, detail: str = "") -> str:
        """Return the reason in words, with what the case itself adds."""
        return self.words.format(detail=detail)


class Tier(IntEnum):
    """How much of a person a receiver may be shown. A column above a receiver's ceiling is never rendered."""

    counts = 1
    reference = 2
    detail = 3


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One rule's answer about one subject on one day.

    measure: in the rule's unit; None where the rule has none. facts: the subject's columns that the rule's words use.
    also: further roles that join in today. left: why the subject is no longer in the population, where the data says so.
    """

    rule: str
    subject: str
    outcome: Outcome
    level: Level | None = None
    measure: float | None = None
    due: date | None = None
    team: str | None = None
    worker: str | None = None
    adviser: str | None = None
    person: str | None = None
    member: str | None = None
    also: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    left: str | None = None


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something that somebody did to an alert and has not taken back. What of it stands on a day is for `standing` to say.

    level: the alert's at that time. until: the last day it stands, where it has one. assignee: a worker id.
    """

    id: int
    kind: str
    by: str
    at: datetime
    level: Level
    until: date | None = None
    note: str = ""
    assignee: str | None = None
    approved_by: str | None = None

    @property
    def on(self) -> date:
        """Return the day it was done."""
        return self.at.date()


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One rule about one subject, from the day it was first seen until it is resolved.

    person: the child it is about, None for a worker's or a service's alert. member: the row that made the subject a
    member of the population (a period of care, a plan, a referral): only that row can prove it has left.
    streak: how many days' runs running the pending or recovering condition has lasted; streak_on: the last day counted.
    rule_version: the version of the rule that opened it. came_back: the days on which it came back, after it had been cleared
    or was improving; reopened_on: the last on which it had been cleared. closed_until: of one that somebody closed, how long.
    """

    id: int | None = None
    ref: str
    rule: str
    code: str
    subject_kind: str
    subject: str
    episode: int
    condition: Condition
    level: Level
    first_seen: date
    level_since: date
    measure: float | None = None
    unit: str = ""
    due: date | None = None
    team: str | None = None
    worker: str | None = None
    adviser: str | None = None
    person: str | None = None
    member: str | None = None
    also: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    rule_version: str | None = None
    streak: int = 0
    streak_on: date | None = None
    held_reason: str | None = None
    held_since: date | None = None
    resolved_on: date | None = None
    resolved_reason: str | None = None
    came_back: tuple[date, ...] = ()
    reopened_on: date | None = None
    closed_until: date | None = None
    acts: tuple[Act, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Transition:
    """One change of one alert. `after` is the whole alert as it is now; `before` its condition and level until now."""

    alert: Alert
    before: Condition | None
    level_before: Level | None
    reason: str
    by: str = "service"


@dataclass(frozen=True, kw_only=True)
class LastTold:
    """What one recipient was last told of one alert through one receiver."""

    level: int
    condition: str
    told_on: date


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody in the council's directory on a day."""

    id: str
    name: str
    email: str | None
    role: str | None = None
    team: str | None = None


@dataclass(frozen=True, kw_only=True)
class Item:
    """One alert as one person is told of it. Only what the rule's words use travels: `facts`, each with its tier.

    state: new, worse, reminder, recorded, open, cleared, held or moved. why: why this person, in a few words. in_hand: who has it
    in hand, whose it is now.
    """

    alert_id: int
    ref: str
    rule: str
    state: str
    level: str
    subject_kind: str
    subject: str
    team: str | None
    team_name: str
    worker_name: str | None
    first_seen: date
    measure: float | None = None
    unit: str = ""
    due: date | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    held_reason: str | None = None
    resolved_reason: str | None = None
    child_level: bool = True
    why: str = ""
    in_hand: str = ""


@dataclass(frozen=True, kw_only=True)
class Notification:
    """What one person, or one team's channel, is to be told through one receiver for one purpose.

    purpose: daily, weekly, monthly, admin, quality or test. key: deterministic, so that planning the same twice is one row.
    recipient: a worker id, a team id for a channel, or an address. content: items, summary or notices, as JSON values.
    """

    key: str
    receiver: str
    purpose: str
    recipient: str
    name: str
    address: str | None
    as_of: date
    content: dict[str, Any]
    urgency: int = 0


@dataclass(frozen=True, kw_only=True)
class Message:
    """A notification in words, ready to send.

    key and message_id stay the same on every attempt, so that a repeat can be told from a second message.
    date: when the notification was planned, with its zone. channel: the team whose channel it is for, None for a person.
    card: for channels, plain values (see rendering); a receiver turns them into its own format.
    """

    key: str
    purpose: str
    to_name: str
    to_address: str | None
    subject: str
    text: str
    html: str
    message_id: str
    date: datetime
    channel: str | None = None
    card: dict[str, Any] | None = None
    repeated: bool = False


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What became of one attempt to send a message."""

    outbox_id: int
    #: accepted, deferred, failed, unknown (handed over, no answer) or cancelled
    state: str
    phase: str
    #: what the receiver said, or why nothing was asked of it, in words
    answer: str
    at: datetime
    #: why it ended so; None where it was accepted, or will be tried again
    reason: DeliveryReason | None = None
    #: when it is tried again, where it was deferred
    retry_at: datetime | None = None
    #: what was at fault, as DeliveryError has it
    about: str = "message"
    #: whether the message may have arrived all the same
    ambiguous: bool = False
    remedy: str = ""


def reference(rule: str, subject: str, episode: int) -> str:
    """Return an alert's short name, such as A-7K3QXM: the same for the same rule, subject and episode.

    Made of ids only and not reversible, so it may stand in a log or an address.
    """
    alphabet = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"
    number = int.from_bytes(hashlib.blake2b(f"{rule}\x1f{subject}\x1f{episode}".encode(), digest_size=8).digest())
    letters = []
    for _ in range(8):
        number, index = divmod(number, len(alphabet))
        letters.append(alphabet[index])
    return "A-" + "".join(letters)

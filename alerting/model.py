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


class Worded(StrEnum):
    """A value that is stored and compared, with the words beside it that people read.

    `{detail}` in the words stands for what else is known: what the data proved, who said so, why a rule was not asked.
    """

    #: What people read, such as "left: {detail}".
    words: str

    def __new__(cls, value: str, words: str = "", told: str = "") -> Self:
        """Make a value with its words."""
        del told
        member = str.__new__(cls, value)
        member._value_ = value
        member.words = words
        return member

    @classmethod
    def choices(cls) -> dict[str, str]:
        """Return the words of each value."""
        return {member.value: member.words for member in cls}

    def say(self, detail: str | None = None) -> str:
        """Return the words with the detail in its place."""
        return self.words.format(detail=detail or "")


class Reason(Worded):
    """Why an alert changed, is on hold or has ended: each with its words, and with what a message says of one that has ended."""

    #: What a message says of an alert that has ended for this.
    told: str

    def __init__(self, _value: str, words: str = "", told: str = "") -> None:
        self.told = told or f"Closed: {words}."

    # It goes on.
    matches = "matches", "matches"
    new = "new", "new"
    back_again = "back_again", "back again"
    improving = "improving", "improving"
    level_raised = "level_raised", "level raised"
    level_lowered = "level_lowered", "level lowered"
    reassigned = "reassigned", "reassigned"
    trusted_again = "trusted_again", "data trusted again"
    record_followed = "record_followed", "record merged"

    # It is held.
    not_in_data = "not_in_data", "not in the data any more, and the data does not say why"
    not_recorded = "not_recorded", "a value the rule needs is not recorded"
    not_asked = "not_asked", "{detail}"
    rule_broken = "rule_broken", "the rule cannot be used: {detail}"

    # It has ended.
    never_fired = "never_fired", "never fired"
    cleared = "cleared", "cleared", "The record shows it now."
    left = "left", "left: {detail}", "Closed: {detail}."
    closed = "closed", "manual: {detail}", "Closed by somebody: {detail}. It opens again if the record changes."
    rule_removed = "rule_removed", "rule_removed", "This is no longer checked, which does not mean that it is cleared."
    rule_changed = (
        "rule_changed",
        "rule_changed",
        "The rule was changed and no longer asks for this, which does not mean that it is cleared.",
    )
    record_merged = (
        "record_merged",
        "record_merged",
        "Two records of one person were merged, and there was an older alert about the same: that one goes on.",
    )

    # A text that an earlier version kept, and that is none of these.
    other = "other", "{detail}"

    def sentence(self, detail: str | None = None) -> str:
        """Return what a message says of an alert that has ended for this."""
        return self.told.format(detail=detail or "")

    @property
    def by_the_record(self) -> bool:
        """Whether it says something about the record: what a rule gave up or somebody closed counts as cleared nowhere."""
        return self not in (Reason.closed, Reason.rule_removed, Reason.rule_changed, Reason.record_merged)


class Closing(Worded):
    """Why somebody closed an alert: the detail of `Reason.closed`."""

    data_error = "data_error", "the record is wrong"
    duplicate = "duplicate", "it is there twice"
    not_a_concern = "not_a_concern", "it is not a concern"
    other = "other", "another reason"


CHANNEL = "team:"
"""How the recipient of a channel's card begins; the rest is the team's id."""

BOUNCED = "bounced"
"""The state, among the attempts of a message, in which it came back after it had been accepted."""


class DeliveryReason(Worded):
    """Why a message that was not accepted ended as it did. The store keeps the value; the words beside it are for people."""

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
    held_reason: Reason | None = None
    held_detail: str | None = None
    held_since: date | None = None
    resolved_on: date | None = None
    resolved_reason: Reason | None = None
    resolved_detail: str | None = None
    came_back: tuple[date, ...] = ()
    reopened_on: date | None = None
    closed_until: date | None = None
    acts: tuple[Act, ...] = ()

    @property
    def why_held(self) -> str | None:
        """Why it is on hold, in words; None where it is not."""
        return self.held_reason.say(self.held_detail) if self.held_reason else None

    @property
    def why_resolved(self) -> str | None:
        """Why it has ended, in words; None where it has not."""
        return self.resolved_reason.say(self.resolved_detail) if self.resolved_reason else None


@dataclass(frozen=True, kw_only=True)
class Transition:
    """One change of one alert. `after` is the whole alert as it is now; `before` its condition and level until now."""

    alert: Alert
    before: Condition | None
    level_before: Level | None
    reason: Reason
    detail: str | None = None
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
    held_reason: Reason | None = None
    held_detail: str | None = None
    resolved_reason: Reason | None = None
    resolved_detail: str | None = None
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

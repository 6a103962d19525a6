"""The values that travel along the line, from the answer of a rule to the message that was sent. Each is frozen and made in one place.

Finding       evaluation              one rule's answer about one subject today; no memory
Alert         alerts                  one rule and one subject for as long as it matters
Transition    alerts                  one change of one alert: before, after, reason. The audit trail
Notification  notifications           what one person, or one channel, is to be told; a row of the outbox (`notifications.content`)
Message       notifications.messages  a notification in words
Delivery      delivery                what became of one attempt to send it
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
    """What a rule says of a subject."""

    match = "match"
    clear = "clear"
    #: A value that the rule needs is not recorded.
    unknown = "unknown"
    #: There is a live alert, and its subject is not in the rule's population today.
    absent = "absent"


class Condition(StrEnum):
    """Where an alert is in its life, from the data alone. What people did to it is kept apart."""

    #: It matches, and not yet for as long as its rule waits; nobody is told.
    pending = "pending"
    firing = "firing"
    #: It is clear, and not yet for as long as its rule wants before it ends.
    recovering = "recovering"
    #: Its subject cannot be judged today; its clocks stand still.
    held = "held"
    resolved = "resolved"


class Worded(StrEnum):
    """A value that is stored and compared, with the words beside it that people read.

    `{detail}` in the words stands for what else is known: what the data proved, who said so, why a rule was not asked.
    """

    #: What people read, such as "left: {detail}".
    words: str

    def __new__(cls, value: str, words: str = "", *_: str) -> Self:
        """Make a value with its words; what else stands beside it is for the class of the value to keep."""
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
        "The rule was changed and no longer looks for this, which does not mean that it is cleared.",
    )
    record_merged = (
        "record_merged",
        "record_merged",
        "Two records of one person were merged, and there was an older alert about the same: that one goes on.",
    )

    wiped = "wiped", "what was kept about the child was wiped", "What was kept about the child was wiped."

    # A text that an earlier version kept, and that is none of these.
    other = "other", "{detail}"

    def sentence(self, detail: str | None = None) -> str:
        """Return what a message says of an alert that has ended for this."""
        return self.told.format(detail=detail or "")

    @property
    def by_the_record(self) -> bool:
        """Whether it says something about the record: what a rule gave up or somebody closed counts as cleared nowhere."""
        return self not in (Reason.closed, Reason.rule_removed, Reason.rule_changed, Reason.record_merged, Reason.wiped)


class About(Worded):
    """What an alert is about: each with what one is called in a message, before its name or id."""

    child = "child", "child or young person"
    contact = "contact", "contact"
    referral = "referral", "referral"
    missing_episode = "missing_episode", "missing episode"
    audit = "audit", "audit"
    worker = "worker", "worker"
    team = "team", "team"
    vacancy = "vacancy", "vacancy"
    #: Of the improvement plan.
    action = "action", "action"
    #: A service, or what is counted over one or over the whole council, such as its contacts.
    service = "service", ""
    table = "table", "table"
    column = "column", "column"
    rule = "rule", "rule"

    @property
    def concerns_child(self) -> bool:
        """Whether it tells of a child's record: who may know of that child may know of it, and nobody else."""
        return self in (About.child, About.contact, About.referral, About.missing_episode, About.audit)

    @property
    def is_of_service(self) -> bool:
        """Whether it is about the service itself, its data and its rules, and not about anybody's work."""
        return self in (About.table, About.column, About.rule)

    @property
    def needs_child(self) -> bool:
        """Whether there is none without a child; an audit may be of no one case."""
        return self.concerns_child and self is not About.audit

    @property
    def is_of_the_run(self) -> bool:
        """Whether it is a part of the service's own work, of which something can be said whatever the data is like."""
        return self in (About.table, About.column, About.rule)


class ClosingReason(Worded):
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
    withdrawn = "withdrawn", "withdrawn: a later run, which planned anew, does not tell it to them"
    not_theirs = "not_theirs", "whom it was for may not be told it any more; whoever may is told instead"
    list_doubted = "list_doubted", "waits for a list of restricted records that can be trusted"
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


class Reach(StrEnum):
    """Whom a receiver reaches. What persons or their stand-ins have not accepted has been told to nobody."""

    persons = "persons"
    #: Nobody: beside a receiver of persons it keeps what they are sent.
    copy = "copy"
    channels = "channels"
    #: The one address that gets everything where the environment is not production.
    one_address = "one_address"


class Tier(IntEnum):
    """How much of a person a receiver may be shown. A column above a receiver's ceiling is never rendered."""

    counts = 1
    reference = 2
    detail = 3


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something wrong with a day's data or with sending that stops no run. No case data."""

    #: What it is about: a table, `table.column`, a subject, a rule, or a receiver. A problem that lasts is known by it.
    about: str
    #: The whole of it in words.
    text: str
    #: What else it is about: one cause may touch many tables.
    also: tuple[str, ...] = ()
    #: The codes of the rules that read what it is about.
    rules: tuple[str, ...] = ()
    #: Whether those wait until it is put right.
    stops: bool = False
    #: What to do about it, in sentences.
    remedy: str = ""
    #: The words that are not understood, of those that may be shown, with their counts: as lines for config.yaml or as commands, in which
    #: only what each means is left open.
    paste: tuple[str, ...] = ()
    #: The newest day in a table that is kept by hand and stands still.
    still_since: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One rule's answer about one subject on one day."""

    rule: str
    subject: str
    outcome: Outcome
    #: How serious; of a match alone.
    level: Level | None = None
    #: In the rule's unit; None where the rule has none.
    measure: float | None = None
    due: date | None = None
    team: str | None = None
    worker: str | None = None
    adviser: str | None = None
    #: The service of whose teams all are told, of what has no team of its own.
    service: str | None = None
    #: The child it is about, None for a worker's or a service's.
    person: str | None = None
    #: The row that makes the subject a member of the population, such as a plan.
    member: str | None = None
    #: Further roles that join in today.
    also: tuple[str, ...] = ()
    #: The subject's columns that the rule's words use.
    facts: dict[str, Any] = field(default_factory=dict)
    #: Why the subject is no longer in the population, where the data says so.
    left: str | None = None


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something that somebody did to an alert and has not taken back. What of it stands on a day, `alerts.handling_state` says."""

    id: int
    #: acknowledge, assign, snooze, recorded, data_error or not_useful
    kind: str
    by: str
    at: datetime
    #: The alert's level at that time.
    level: Level
    #: The last day it stands, where it has one.
    until: date | None = None
    note: str = ""
    #: The worker id of who was made responsible.
    assignee: str | None = None
    approved_by: str | None = None

    @property
    def on(self) -> date:
        """Return the day it was done."""
        return self.at.date()


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """One rule about one subject, from the day it was first seen until it is resolved."""

    #: Its number in the store; None before it is written.
    id: int | None = None
    #: Its short name: see `reference`.
    ref: str
    rule: str
    code: str
    subject_kind: str
    subject: str
    #: Which of the alerts of this rule and subject it is: the first is 1.
    episode: int
    condition: Condition
    level: Level
    first_seen: date
    level_since: date
    #: In the rule's unit, as last judged; None where the rule has none.
    measure: float | None = None
    unit: str = ""
    due: date | None = None
    team: str | None = None
    worker: str | None = None
    adviser: str | None = None
    #: The service of whose teams all are told, of what has no team of its own.
    service: str | None = None
    #: The child it is about, None for a worker's or a service's alert.
    person: str | None = None
    #: The row that makes the subject a member of the population, such as a plan: only that row can prove it has left.
    member: str | None = None
    #: Further roles that join in.
    also: tuple[str, ...] = ()
    #: The subject's columns that the rule's words use.
    facts: dict[str, Any] = field(default_factory=dict)
    #: The version of the rule that opened it.
    rule_version: str | None = None
    #: For how many days' runs it has been pending, or recovering.
    streak: int = 0
    #: The last day that was counted in the streak.
    streak_on: date | None = None
    held_reason: Reason | None = None
    held_detail: str | None = None
    held_since: date | None = None
    resolved_on: date | None = None
    resolved_reason: Reason | None = None
    resolved_detail: str | None = None
    #: The days on which it came back, after it had been cleared or was improving.
    came_back: tuple[date, ...] = ()
    #: The last day on which it came back after it had been cleared.
    reopened_on: date | None = None
    #: The last day it stays closed, where somebody closed it until one.
    closed_until: date | None = None
    #: What people did to it and have not taken back, the oldest first.
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
    """One change of one alert: a row of its history."""

    #: The whole alert as it is now.
    alert: Alert
    #: Its condition until now; None of one that is new.
    before: Condition | None
    level_before: Level | None
    reason: Reason
    #: What else is known of the reason.
    detail: str | None = None
    #: Who changed it: the service, or somebody.
    by: str = "service"


@dataclass(frozen=True, kw_only=True, slots=True)
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
    #: The first day of a post that they do not hold yet; None for whoever holds one or has left.
    begins: date | None = None
    ends: date | None = None  #: The last day on which they hold any post, where that is known.
    end_unread: bool = False  #: Whether they hold no post but one whose last day is written and cannot be read.
    since: date | None = None  #: The first day of the post that they hold, where that is known.
    left: date | None = None  #: The last day of the latest of their posts that is over, whether they hold another or not.


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a channel is shown: a table of counts, a row a rule. All of it is plain text, which a receiver escapes for its own format."""

    title: str
    summary: str
    columns: tuple[str, ...]
    #: Each as many cells as there are columns.
    rows: tuple[tuple[str, ...], ...] = ()
    footer: str = ""
    link: str | None = None


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that goes with a message."""

    name: str
    #: Such as `csv` of `text/csv`.
    subtype: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Message:
    """A notification in words, ready to send."""

    #: The same on every attempt, as is message_id, so that a repeat can be told from a second message.
    key: str
    purpose: str
    to_name: str
    to_address: str | None
    subject: str
    text: str
    html: str
    message_id: str
    #: When the notification was planned, with its zone.
    date: datetime
    #: The team whose channel it is for, None for a person.
    channel: str | None = None
    #: For channels; a receiver turns it into its own format.
    card: Card | None = None
    repeated: bool = False
    #: For persons only: made of what the message itself holds, and kept nowhere.
    attachments: tuple[Attachment, ...] = ()


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
    #: what was at fault, as DeliveryError has it; of what came back, `one bounce` or, of an address that more came back from, `bounce`
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

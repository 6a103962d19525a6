"""What a message holds before it has words: one frozen type a purpose, and the notification that carries one.

Everything here is made once, when messages are planned, and never edited. Alerts are named by reference, so that a message can
be planned about an alert that is not written yet. The store turns these types into JSON and back; templates turn them into words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar

from alerting.model import CHANNEL, Condition, Level, Reason
from alerting.notifications.team_card import TeamCard, cards_of
from alerting.notifications.week_content import HeadFigures, PlanRow, ScopeWeek, StoppedRule, TeamWeek


class ItemState(StrEnum):
    """How an alert stands to what its reader was last told of it."""

    #: Open since before the service began, and told for the first time.
    backlog = "backlog"
    new = "new"
    #: It had been cleared, or its reader was told that it improves.
    back = "back"
    worse = "worse"
    #: Nothing has changed, and it is time to say it again.
    reminder = "reminder"
    #: Somebody said that it was recorded, and the data loaded since does not show it.
    recorded = "recorded"
    open = "open"
    improving = "improving"
    cleared = "cleared"
    held = "held"
    #: It was assigned to somebody else.
    moved = "moved"
    snoozed = "snoozed"
    silenced = "silenced"
    covered = "covered"
    flapping = "flapping"


NEWS = frozenset(
    {ItemState.new, ItemState.backlog, ItemState.back, ItemState.worse, ItemState.reminder, ItemState.recorded, ItemState.moved}
)
"""States for whose sake a message is sent."""

COUNTED_ONLY = frozenset({ItemState.snoozed, ItemState.silenced, ItemState.covered, ItemState.flapping})
"""States of alerts that a message counts and does not show."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One alert as one person is told of it. Only what the rule's words use travels with it."""

    ref: str
    rule: str
    state: ItemState
    level: Level
    subject_kind: str
    subject: str
    team: str | None
    team_name: str
    worker_name: str | None
    first_seen: date
    measure: float | None = None
    unit: str = ""
    due: date | None = None
    #: The subject's columns that the rule's words name; what of them is shown depends on the receiver's tier.
    facts: Mapping[str, object] = field(default_factory=dict)
    held_reason: Reason | None = None
    held_detail: str | None = None
    resolved_reason: Reason | None = None
    resolved_detail: str | None = None
    child_level: bool = True
    #: The number of the child it is about; None of what is about none, or about several.
    person: str | None = None
    #: How many working days the due date is away, below nought once it has passed; None where its rule counts days.
    working_days_to_due: int | None = None
    #: What could not be read of the data that it waits for, as managers call it.
    unread: tuple[str, ...] = ()
    #: What it is about, as readers know it, such as `Team Assessment West`; empty where that is a child's record by its number.
    called: str = ""
    #: The meeting that it waits for, the same for all whom that is about; None where the data does not say which.
    meeting: str | None = None
    #: Why this person, in a few words.
    why: str = ""
    #: Who has it in hand, and whose it is now, in words.
    in_hand: str = ""
    #: Whether somebody else has it in hand.
    is_in_hand: bool = False
    #: Whether it is told although a brake holds its rule, and nobody has looked whether it is right.
    unchecked: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldAlert:
    """What a message says of an alert: what its reader knows once it is accepted."""

    ref: str
    level: Level
    #: `resolved` of what has ended, and of what is with somebody else now: its reader knows nothing of it from then on.
    condition: Condition


@dataclass(frozen=True, kw_only=True)
class Addressee:
    """Somebody to whom a message can be sent."""

    #: A worker's id, or an address of somebody who is not in the directory.
    id: str
    name: str
    address: str | None


@dataclass(frozen=True, kw_only=True)
class FallbackChain:
    """Who is told of some alerts when the reader of a message cannot be reached, the nearest first."""

    people: tuple[Addressee, ...]
    #: The alerts' references.
    alerts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a message of any purpose holds."""

    #: What is to be known of the day's data and rules, at the head of the message.
    banners: tuple[str, ...] = ()

    @property
    def heads(self) -> tuple[str, ...]:
        """What is said at the head of the message, before anything else."""
        return self.banners


@dataclass(frozen=True, kw_only=True)
class AllClear:
    """At how much was looked of somebody of whom nothing is open."""

    cases: int
    #: Of how many of them something could not be said, as what a rule needs is not recorded.
    not_known: int
    rules: int


@dataclass(frozen=True, kw_only=True)
class DigestContent(Content):
    """One person's list, daily or monthly: all that is theirs, where something of it is new to them."""

    items: tuple[Item, ...]
    told: tuple[ToldAlert, ...]
    #: For whom the reader answers as cover, in words.
    covering: tuple[str, ...] = ()
    # How many more alerts are theirs and are not shown, by why.
    snoozed: int = 0
    silenced: int = 0
    #: By whom they are silenced, how many and until when, in words.
    silences: tuple[str, ...] = ()
    covered: int = 0
    flapping: int = 0
    #: When the data was loaded, in the council's time, where its source says so.
    data_as_at: datetime | None = None
    #: Of how many new amber and info alerts more than a count is told; None for all.
    budget: int | None = None
    #: Of the teams of whose work it tells.
    cards: tuple[TeamCard, ...] = ()
    #: At how much was looked, of a list that says that nothing is open.
    all_clear: AllClear | None = None
    instead: tuple[FallbackChain, ...] = ()
    #: Whom a message was for that stands in for one that could not be delivered.
    meant_for: Addressee | None = None
    #: Of a list that was for somebody else: for whom, and why they do not get it, in words.
    was_for: str = ""

    @property
    def heads(self) -> tuple[str, ...]:
        """What is said at the head of the list, before anything else."""
        return (self.was_for, *self.banners) if self.was_for else self.banners

    def only(self, refs: Collection[str]) -> DigestContent:
        """Return of the list only these alerts, and the cards of the teams that they are about; what it counts beside them was counted with the others."""
        items = tuple(item for item in self.items if item.ref in refs)
        told = tuple(each for each in self.told if each.ref in refs)
        cards = cards_of(self.cards, ((item.subject_kind, item.subject) for item in items))
        return replace(self, items=items, told=told, cards=cards, snoozed=0, silenced=0, covered=0, flapping=0)


@dataclass(frozen=True, kw_only=True)
class CardLine:
    """One rule's counts on a card."""

    rule: str
    #: None where the rule's own words say it.
    title: str | None = None
    #: The worst that holds today, None where nothing does.
    level: Level | None
    new: int
    open: int
    cleared: int
    held: int
    #: Of those that hold today, how many are at each level that has any, the most serious first.
    levels: Mapping[str, int] = field(default_factory=dict)
    #: How many of these were due before today.
    overdue: int = 0


@dataclass(frozen=True, kw_only=True)
class CardContent(Content):
    """A team channel's card: counts a rule, and nothing of any one child."""

    team_name: str
    lines: tuple[CardLine, ...]
    told: tuple[ToldAlert, ...]
    #: How many children, or whom else it is about, are critical, overdue and so on: each once, by the worst. None of an earlier version.
    counts: Mapping[str, int] | None = None
    #: When the data was loaded, in the council's time, where its source says so.
    data_as_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class WeeklyContent(Content):
    """The summary of a week: for managers of their teams, for heads and directors of all teams of theirs as counts."""

    week_ending: date
    #: Each team of which the reader is told everything; none of a summary that has nothing but aggregates.
    teams: tuple[TeamWeek, ...]
    #: All that the reader answers for or is told of, a rule a row; none of a summary of an earlier version.
    scope: tuple[ScopeWeek, ...] = ()
    #: What `scope` is of, as a head says it: `8 teams`.
    scope_of: str = ""
    #: Whether small counts of teams that are not the reader's are kept back in `scope`.
    masked: bool = False
    #: Further figures and the improvement plan, for those who lead services.
    figures: HeadFigures | None = None
    plan: tuple[PlanRow, ...] = ()
    not_run: tuple[StoppedRule, ...] = ()
    #: How many rules were asked of anybody; None of a summary that was planned before that was kept.
    asked: int | None = None
    #: Of how many rules alerts wait until somebody has looked at them.
    braked: int = 0
    covering: tuple[str, ...] = ()
    #: For the performance team: how many people with a sealed record no rule asks about, in words that hide a small number.
    sealed: str = ""
    #: For the performance team: how many contacts and referrals wait of which nobody may be told, in words that hide a small number.
    divided: str = ""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One thing that those who look after the service must know. Nothing of a case but references."""

    title: str
    #: What is so, and what comes of it.
    detail: str = ""
    #: What to do about it.
    do: str = ""
    #: References of alerts, or names of what it is about: all that one cause touches.
    items: tuple[str, ...] = ()
    #: Lines to paste.
    paste: tuple[str, ...] = ()
    #: Since when it lasts, of one that was told before.
    since: date | None = None
    #: How much it costs while it lasts, in rules that cannot be asked or, where nobody is told of anything, more than all of them.
    cost: int = 0
    #: Whether there is something to do about it; what is only to be known is told once.
    asks: bool = True


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure of a run, by its name."""

    name: str
    value: int | str


@dataclass(frozen=True, kw_only=True)
class NoticeContent(Content):
    """What those who look after the service are told: what is new, what lasts, and the run in figures."""

    notices: tuple[Notice, ...]
    still: tuple[Notice, ...] = ()
    #: The titles of what was told before and is over.
    over: tuple[str, ...] = ()
    run: tuple[Figure, ...] = ()
    #: How many rules were asked of anybody: of none, nothing is known and nothing clear. None of a message that is not about a day.
    asked: int | None = None


@dataclass(frozen=True, kw_only=True)
class RuleFigures:
    """How well one rule serves, in figures."""

    code: str
    title: str
    fired: int
    cleared: int
    #: Median working days from first seen to cleared, None where nothing cleared.
    median_days: float | None
    open: int
    acknowledged: int
    #: What somebody should look at, a few words each.
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class QualityContent(Content):
    """How well each rule serves, since a day."""

    since: date
    rules: tuple[RuleFigures, ...]


@dataclass(frozen=True, kw_only=True)
class CheckContent(Content):
    """Asks a team's channel whether its cards are seen: whoever sees the word passes it on."""

    team_name: str
    word: str


@dataclass(frozen=True, kw_only=True)
class SendTestContent(Content):
    """Tries a receiver, and is about no one."""

    receiver: str


AnyContent = DigestContent | CardContent | WeeklyContent | NoticeContent | QualityContent | CheckContent | SendTestContent

SomeContent = TypeVar("SomeContent", bound=Content)


def with_banner(content: SomeContent, banner: str) -> SomeContent:
    """Return content that says something more at its head, before what it said there already."""
    return replace(content, banners=(banner, *content.banners))


@dataclass(frozen=True, kw_only=True)
class Notification:
    """What one person, or one team's channel, is to be told through one receiver for one purpose. One row of the outbox."""

    #: The same for the same things told to the same recipient on the same day, so that planning twice makes one row.
    key: str
    receiver: str
    #: daily, weekly, monthly, admin, quality, check or test.
    purpose: str
    #: A worker's id, a team's channel, or an address.
    recipient: str
    name: str
    address: str | None
    as_of: date
    content: AnyContent
    urgency: int = 0

    @property
    def is_for_channel(self) -> bool:
        """Whether a team's channel is told, rather than a person."""
        return self.recipient.startswith(CHANNEL)

    @property
    def stands_in_for(self) -> Addressee | None:
        """Whom it was for first, where it stands in for a message that could not be delivered."""
        return self.content.meant_for if isinstance(self.content, DigestContent) else None

    @property
    def reader(self) -> str:
        """Whom it was for first, by id: not who gets it in their stead."""
        return self.stands_in_for.id if self.stands_in_for else self.recipient

    @property
    def told(self) -> tuple[ToldAlert, ...]:
        """What its reader knows of alerts once it is accepted."""
        return self.content.told if isinstance(self.content, DigestContent | CardContent) else ()

    @property
    def refs(self) -> frozenset[str]:
        """The references of all alerts that it is about."""
        told = {each.ref for each in self.told}
        if not isinstance(self.content, DigestContent):
            return frozenset(told)
        passed_on = {ref for chain in self.content.instead for ref in chain.alerts}
        return frozenset(told | passed_on | {item.ref for item in self.content.items})

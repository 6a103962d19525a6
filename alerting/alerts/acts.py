"""What people do, each with a kind: what is told of it, and what a second person must approve. Pure.

Whatever takes two people is two acts: one person asks, another approves with a command of their own. Both stay in the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar

from alerting.alerts.people import Actor, People
from alerting.errors import HandlingError
from alerting.model import Worded

if TYPE_CHECKING:
    from alerting.alerts.matcher import Matcher


class ActKind(Worded):
    """What somebody did. The store keeps the value; the words beside it are for people."""

    request = "request", "asked for"
    approval = "approval", "approved"
    withdrawal = "withdrawal", "withdrew"
    lapse = "lapse", "lapsed"

    acknowledge = "acknowledge", "acknowledged"
    assign = "assign", "assigned"
    snooze = "snooze", "snoozed"
    recorded = "recorded", "said to be recorded"
    data_error = "data_error", "said to be wrong in the data"
    not_useful = "not_useful", "said to be not useful"
    judged = "judged", "judged right or wrong"
    rule_drafted = "rule drafted", "saved a draft of a rule"
    draft_discarded = "draft discarded", "discarded a draft of a rule"
    rule_released = "rule released", "released a rule"
    rule_promoted = "rule promoted", "let a rule go live"
    close = "close", "closed"
    take_back = "take_back", "taken back"
    silence = "silence", "silenced"
    silence_ended = "silence ended", "ended a silence"
    brake_released = "brake released", "released a brake"
    table_released = "table released", "released a table"
    list_released = "list released", "released the list of restricted records"
    removal_released = "removal released", "released a removal from the list of restricted records"
    fire_held = "hold_fire", "held fire"
    fire_released = "release_fire", "released fire"
    address_tried = "retry_address", "let an address be tried again"
    retention_begun = "retention begun", "let the store forget what is old"
    channel_seen = "channel seen", "saw a channel"
    word_mapped = "word mapped", "said what a word of the data means"
    trail_read = "trail read", "looked up what was done"
    cover_said = "cover said", "said who covers"
    cover_ended = "cover ended", "ended cover"
    preferences_said = "preferences said", "said what they would rather have"
    child_looked_up = "child looked up", "looked up a child"
    list_saved = "list saved", "saved a list of alerts as a spreadsheet"
    child_wiped = "child wiped", "wiped what was kept about a child"

    @property
    def is_told(self) -> bool:
        """Whether administrators are told of it the same day: what keeps something from people, and what lets something out."""
        return self in _TOLD


_TOLD = frozenset(
    {
        ActKind.request,
        ActKind.approval,
        ActKind.withdrawal,
        ActKind.lapse,
        ActKind.close,
        ActKind.silence,
        ActKind.silence_ended,
        ActKind.brake_released,
        ActKind.table_released,
        ActKind.list_released,
        ActKind.removal_released,
        ActKind.fire_held,
        ActKind.fire_released,
        ActKind.child_wiped,
        ActKind.rule_released,
        ActKind.rule_promoted,
        ActKind.retention_begun,
    }
)


@dataclass(frozen=True, kw_only=True)
class SnoozeWanted:
    """That a critical alert is put off."""

    kind: ClassVar = ActKind.snooze
    until: date


@dataclass(frozen=True, kw_only=True)
class DataErrorWanted:
    """That a critical alert goes on the list of data errors."""

    kind: ClassVar = ActKind.data_error


@dataclass(frozen=True, kw_only=True)
class CloseWanted:
    """That a critical alert is closed."""

    kind: ClassVar = ActKind.close
    #: The value of a reason for which an alert is closed.
    reason: str
    #: The last day it stays closed while nothing changes; None for no such day.
    until: date | None = None


@dataclass(frozen=True, kw_only=True)
class SilenceWanted:
    """That alerts of a kind are told to nobody for a while."""

    kind: ClassVar = ActKind.silence
    matcher: Matcher
    begins: date
    until: date
    #: The open alerts that it matched when it was asked for.
    matched: int


@dataclass(frozen=True, kw_only=True)
class BrakeWanted:
    """That a brake is taken off."""

    kind: ClassVar = ActKind.brake_released
    #: The rule's id; None for every brake that may be taken off together.
    rule: str | None


@dataclass(frozen=True, kw_only=True)
class TableWanted:
    """That what was found of a table counts as right."""

    kind: ClassVar = ActKind.table_released


@dataclass(frozen=True, kw_only=True)
class ListWanted:
    """That a doubted list of restricted records is gone by."""

    kind: ClassVar = ActKind.list_released
    #: Of the very ids that it had.
    mark: str


@dataclass(frozen=True, kw_only=True)
class FireWanted:
    """That the service sends again."""

    kind: ClassVar = ActKind.fire_released


@dataclass(frozen=True, kw_only=True)
class WipeWanted:
    """That what is kept about a child is wiped."""

    kind: ClassVar = ActKind.child_wiped
    #: Every id of the child.
    children: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RuleWanted:
    """That a draft of a rule is written into the council's folder of rules, and counts from the next run on."""

    kind: ClassVar = ActKind.rule_released
    #: The number of the draft, and the mark of the very text that was read.
    draft: int
    mark: str


Wanted = (
    SnoozeWanted
    | DataErrorWanted
    | CloseWanted
    | SilenceWanted
    | BrakeWanted
    | TableWanted
    | ListWanted
    | FireWanted
    | WipeWanted
    | RuleWanted
)


@dataclass(frozen=True, kw_only=True)
class Request:
    """Something that one person asked for, and a second must approve."""

    id: int
    at: datetime
    by: Actor
    #: What is done when it is approved.
    wanted: Wanted
    #: An alert's reference, a rule, a table, or what a silence is about.
    about: str
    note: str
    #: Who was asked to approve it, by id; None where anybody else may.
    asked: str | None = None
    #: Why it takes two people.
    why: str = ""

    @property
    def kind(self) -> ActKind:
        """What is done when it is approved."""
        return self.wanted.kind

    def __str__(self) -> str:
        return f"request {self.id}: {self.about}, {self.kind.words}"


@dataclass(frozen=True, kw_only=True)
class Approval:
    """A request that a second person approved."""

    request: Request
    by: Actor


def two_people(people: People, by: Actor, second: Actor, *, two_accounts: bool = False, on_page: bool = False) -> None:
    """Raise HandlingError where who approves is who asks, however they are written, or where that cannot be known for sure.

    two_accounts: what is typed is not enough: they act from two accounts. on_page: who approves has signed in on the page. Of two of
    whom one signed in and the other gave a command, the command's account must be that person's by config.yaml: else one person could
    type another's name, and approve it as themselves.
    """
    if not second.id.strip() or people.are_same(by.id, second.id):
        raise HandlingError(
            "who approves is who asks for it",
            remedy="Another person must approve it, by `--by` with their own worker id, address or name.",
        )
    if on_page and not second.is_signed_in:
        raise HandlingError("approvals are made on the page", remedy="`handling: approve_on_page` in config.yaml says so.")
    if two_accounts or on_page:
        is_mixed = by.is_signed_in != second.is_signed_in
        _own_account(people, by, must_be_known=is_mixed or on_page)
        _own_account(people, second, must_be_known=is_mixed)
        if not second.account or by.account == second.account:
            raise HandlingError(
                f"both came from the account {second.account or 'without a name'} of the operating system",
                remedy="`handling: two_accounts` asks that each signs in with their own: approve it from there.",
            )


def _own_account(people: People, actor: Actor, *, must_be_known: bool) -> None:
    if actor.is_signed_in:
        return
    account = people.account_of(actor.id)
    if account is None and must_be_known:
        raise HandlingError(
            f"{actor.name} gave a command, and config.yaml does not say from which account of the operating system they do",
            remedy="Ask for it on the page, or add their `account` to config.yaml.",
        )
    if account is not None and account.casefold() != actor.account.casefold():
        raise HandlingError(
            f"{actor.name} acts from the account {account}, and this was {actor.account or 'another'}",
            remedy="Give the command from there, or correct `account` in config.yaml.",
        )

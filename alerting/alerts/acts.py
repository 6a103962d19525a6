"""What people do, each with a kind: what is told of it, and what a second person must approve. Pure.

Whatever takes two people is two acts: one person asks, another approves with a command of their own. Both stay in the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alerting.alerts.people import Actor, People
from alerting.errors import HandlingError
from alerting.model import Worded


class ActKind(Worded):
    """What somebody did. The store keeps the value; the words beside it are for people."""

    request = "request", "asked for"
    approval = "approval", "approved"
    withdrawal = "withdrawal", "withdrew"

    acknowledge = "acknowledge", "acknowledged"
    assign = "assign", "assigned"
    snooze = "snooze", "snoozed"
    recorded = "recorded", "said to be recorded"
    data_error = "data_error", "said to be wrong in the data"
    not_useful = "not_useful", "said to be not useful"
    judged = "judged", "judged right or wrong"
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

    @property
    def is_told(self) -> bool:
        """Whether administrators are told of it the same day: what keeps something from people, and what lets something out."""
        return self in _TOLD


_TOLD = frozenset(
    {
        ActKind.request,
        ActKind.approval,
        ActKind.withdrawal,
        ActKind.close,
        ActKind.silence,
        ActKind.silence_ended,
        ActKind.brake_released,
        ActKind.table_released,
        ActKind.list_released,
        ActKind.removal_released,
        ActKind.fire_held,
        ActKind.fire_released,
    }
)


@dataclass(frozen=True, kw_only=True)
class Request:
    """Something that one person asked for, and a second must approve."""

    id: int
    at: datetime
    by: Actor
    #: What is done when it is approved.
    kind: ActKind
    #: An alert's reference, a rule, a table, or what a silence is about.
    about: str
    note: str
    #: What it takes to do it.
    wanted: Mapping[str, Any] = field(default_factory=dict)
    #: Who was asked to approve it, by id; None where anybody else may.
    asked: str | None = None
    #: Why it takes two people.
    why: str = ""

    def __str__(self) -> str:
        return f"request {self.id}: {self.about}, {self.kind.words}"


@dataclass(frozen=True, kw_only=True)
class Approval:
    """A request that a second person approved."""

    request: Request
    by: Actor


def two_people(people: People, by: Actor, second: Actor, *, two_accounts: bool = False) -> None:
    """Raise HandlingError where who approves is who asks, however they are written, or acts from the same account where that counts."""
    if not second.id.strip() or people.are_same(by.id, second.id):
        raise HandlingError(
            "who approves is who asks for it",
            remedy="Another person must approve it, by `--by` with their own worker id, address or name.",
        )
    if two_accounts:
        _own_account(people, by)
        _own_account(people, second)
        if not second.account or (by.account, by.host) == (second.account, second.host) or by.account == second.account:
            raise HandlingError(
                f"both came from the account {second.account or 'without a name'} of the operating system",
                remedy="`handling: two_accounts` asks that each signs in with their own: approve it from there.",
            )


def _own_account(people: People, actor: Actor) -> None:
    account = people.account_of(actor.id)
    if account is not None and account.casefold() != actor.account.casefold():
        raise HandlingError(
            f"{actor.name} acts from the account {account}, and this was {actor.account or 'another'}",
            remedy="Give the command from there, or correct `account` in config.yaml.",
        )

"""The shapes of `/api/v1`: what a program asks with, and what it is answered. Texts are those of the page, dates are ISO."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_FROZEN = ConfigDict(frozen=True)
_ASKED = ConfigDict(frozen=True, extra="forbid")
LevelName = Literal["info", "amber", "red", "critical"]


class AlertsAsked(BaseModel):
    """Which of their alerts somebody wants, as on their list."""

    model_config = _ASKED

    whose: Literal["mine", "all"] = Field(default="mine", description="What they are told of, or all that they may see")
    show: Literal["open", "done"] = Field(default="open", description="What is open, or what has ended in the last 14 days")
    rule: str = Field(default="", max_length=20, description="The code of a rule")
    level: LevelName | None = None
    limit: int = Field(default=200, ge=1, le=500)
    offset: int = Field(default=0, ge=0, le=1_000_000)


class ActAsked(BaseModel):
    """What somebody does about an alert. Which of it an act needs is as on the page."""

    model_config = _ASKED

    stand: str = Field(
        max_length=60, description="How the alert stood when they looked at it: what has changed since is not acted on"
    )
    note: str = Field(default="", max_length=2_000)
    until: date | None = Field(default=None, description="The last day on which it counts")
    reason: str = Field(
        default="", max_length=200, description="Why: of a snooze in words, of `close` and `not-useful` one of the choices"
    )
    to: str = Field(default="", max_length=200, description="Of `assign`: the worker's id")
    kind: str = Field(default="", max_length=40, description="Of `take-back`: what is taken back")
    request: str = Field(default="", max_length=12, description="Of `approve` and `withdraw`: the number of what was asked for")
    verdict: str = Field(default="", max_length=12, description="Of `judge`, of a rule in shadow: right or wrong")


class Me(BaseModel):
    """Who asks."""

    model_config = _FROZEN

    name: str
    roles: list[str]
    token: str = Field(description="What each act carries in the header `X-Form-Token`")


class AlertRow(BaseModel):
    """One alert, as the page shows it in a list."""

    model_config = _FROZEN

    ref: str
    rule: str
    title: str
    level: LevelName
    section: str
    about: str
    sentence: str
    due: date | None
    over: str = Field(description="How far the due date is away, in words")
    since: date
    worker: str
    team: str
    notes: list[str]


class AlertRows(BaseModel):
    """Some of somebody's alerts, the most serious first. total: how many there are of what was asked."""

    model_config = _FROZEN

    as_of: date | None = Field(description="The day of the last daily run")
    total: int
    alerts: list[AlertRow]


class Fact(BaseModel):
    """Something recorded of an alert."""

    model_config = _FROZEN

    name: str
    value: str


class HistoryRow(BaseModel):
    """Something that happened to an alert."""

    model_config = _FROZEN

    at: datetime
    says: str
    note: str


class WaitingRow(BaseModel):
    """What somebody asked for, and waits for a second person."""

    model_config = _FROZEN

    request: str = Field(description="What `approve` and `withdraw` name")
    to_be: str = Field(description="What the alert would be then, such as snoozed")
    by: str
    note: str
    may_approve: bool
    may_withdraw: bool


class AlertShown(BaseModel):
    """One alert, with all that the page shows of it."""

    model_config = _FROZEN

    alert: AlertRow
    facts: list[Fact]
    history: list[HistoryRow]
    waiting: list[WaitingRow]
    stand: str = Field(description="What an act says of how it stood")


class ActDone(BaseModel):
    """What was done. done: `asked` where a second person is asked to approve it first."""

    model_config = _FROZEN

    ref: str
    done: str
    says: str


class RunRow(BaseModel):
    """One run, in counts."""

    model_config = _FROZEN

    run: int
    job: str
    as_of: date
    started_at: datetime
    status: str
    new: int
    resolved: int
    held: int
    sent: int
    to_look_at: int = Field(description="How much of it somebody should look at")


class RuleRow(BaseModel):
    """One rule of the council."""

    model_config = _FROZEN

    code: str
    id: str
    title: str
    job: str
    owner: str
    state: Literal["on", "shadow", "off"]


class Health(BaseModel):
    """How the service goes."""

    model_config = _FROZEN

    ready: bool
    why: str = Field(description="Why it is not ready, empty where it is")
    as_of: date | None = Field(description="The day of the last daily run")
    open: dict[str, int] = Field(description="Open alerts of the whole council, by level")

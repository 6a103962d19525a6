"""What may stand in a scenario: a council's data day by day, and what must come of it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, model_validator

from alerting.rulebook.file_models import LevelName

_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True)
Through = Literal["counts", "reference", "detail"]
STATES = ("new", "back", "worse", "reminder", "improving", "open", "cleared", "held")
"""How an alert may stand in a message to somebody."""


def _cell(value: object) -> object:
    """Read a cell as an extract would have it: everything is text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, (str, int, float)):
        return None if value is None else str(value)
    raise ValueError("a cell is a text, a number, a date, true, false or nothing")


def _list_of_one(value: object) -> object:
    return value if isinstance(value, list) or value is None else [value]


def _about(value: object) -> object:
    """Read `CP-03 C1` as a rule and a subject."""
    if isinstance(value, str) and len(value.split(maxsplit=1)) == 2:
        rule, subject = value.split(maxsplit=1)
        return (rule, subject.strip())
    raise ValueError("write a rule's code and a subject, such as CP-03 C1")


About = Annotated[tuple[str, str], BeforeValidator(_about, json_schema_input_type=str)]
Row = dict[str, Annotated[str | None, BeforeValidator(_cell, json_schema_input_type=str | float | bool | None)]]
Rows = tuple[Row, ...]


class Directory(BaseModel):
    """Who is in the council at the start. What is left out is as in the standard small council."""

    model_config = _STRICT

    staff: Rows | None = Field(default=None, description="Rows of ext_staff")
    teams: Rows | None = Field(default=None, description="Rows of ext_team")
    cover: Rows = Field(default=(), description="Rows of ext_cover")
    restricted: Rows = Field(default=(), description="Rows of ext_restricted")


class Change(BaseModel):
    """A change to the rows of a table that have these cells."""

    model_config = _STRICT

    where: Row = Field(description="The cells that say which rows")
    to: Row = Field(description="Their cells from now on")


class HalfLoad(BaseModel):
    """A load that broke off: so many of a table's rows, while its source states all of them."""

    model_config = _STRICT

    table: str = Field(description="The table")
    keep: float = Field(ge=0, lt=1, description="The share of its rows that arrived, the first ones")


class Handled(BaseModel):
    """What somebody did to an alert before the day's run."""

    model_config = _STRICT

    alert: About = Field(description="Rule and subject, such as CP-03 C1")
    by: str = Field(default="M1", description="Who did it")
    until: date = Field(description="The last day it holds")


class ExpectedAlert(BaseModel):
    """An alert that must be there; of it, what is given here."""

    model_config = _STRICT

    rule: str = Field(description="The rule's code or id")
    subject: str = Field(description="The key of its subject")
    condition: Literal["pending", "firing", "recovering", "held", "resolved"] | None = Field(
        default=None, description="Where it is in its life"
    )
    level: LevelName | None = Field(default=None, description="Its level")
    measure: float | None = Field(default=None, description="What is measured")
    due: date | None = Field(default=None, description="The day by which it should have been done")
    episode: int | None = Field(default=None, ge=1, description="1 for the first time, 2 for the second")
    team: str | None = Field(default=None, description="The team that answers for it")
    held: str | None = Field(default=None, description="Words of why it is on hold")
    resolved: str | None = Field(default=None, description="Words of why it was resolved: cleared, or left and why")


class ExpectedMessage(BaseModel):
    """A message that must go out. With one of its lists, all of them are compared: one that is left out has nothing in it."""

    model_config = _STRICT

    to: str = Field(description="A worker's id; for `through: counts` a team's")
    through: Through = Field(default="reference", description="The receiver, named by how much of a person it may show")
    new: tuple[About, ...] | None = Field(default=None, description="Told for the first time")
    back: tuple[About, ...] | None = Field(default=None, description="Cleared or improving when last told, and back again")
    worse: tuple[About, ...] | None = Field(default=None, description="Their level has risen")
    reminder: tuple[About, ...] | None = Field(default=None, description="Told again because they are still open")
    improving: tuple[About, ...] | None = Field(default=None, description="Clear, but not for long enough to be cleared")
    open: tuple[About, ...] | None = Field(default=None, description="Listed beside, as nothing new")
    cleared: tuple[About, ...] | None = Field(default=None, description="Resolved since they were told")
    held: tuple[About, ...] | None = Field(default=None, description="On hold")
    words: Annotated[tuple[str, ...], BeforeValidator(_list_of_one)] = Field(default=(), description="What its text must say")
    without: Annotated[tuple[str, ...], BeforeValidator(_list_of_one)] = Field(default=(), description="What it must not say")

    def lists(self) -> dict[str, tuple[tuple[str, str], ...]] | None:
        """Return every list by its state; None where none of them is given."""
        given = {state: getattr(self, state) for state in STATES}
        return (
            {state: listed or () for state, listed in given.items()} if any(one is not None for one in given.values()) else None
        )


class Expected(BaseModel):
    """What must have come of a day. What is not named is not compared; what is named is complete, unless `some`."""

    model_config = _STRICT

    alerts: tuple[ExpectedAlert, ...] | None = Field(default=None, description="Every alert that is open, or was resolved today")
    messages: tuple[ExpectedMessage, ...] | None = Field(default=None, description="Every message of the day")
    nobody: StrictBool = Field(default=False, description="No message goes out")
    notices: tuple[str, ...] | None = Field(
        default=None, description="What the performance team is told of the data and the service: words of each title"
    )
    some: StrictBool = Field(default=False, description="There may be more alerts and messages than those named")

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Expected:
        if self.nobody and self.messages:
            raise ValueError("`nobody: true` and `messages` cannot both be")
        return self


class Day(BaseModel):
    """One run: the data as it is by then, and what must come of it. The data of the day before goes on."""

    model_config = _STRICT

    as_of: date = Field(description="The day of the run")
    job: Literal["daily", "weekly", "monthly"] = Field(default="daily", description="The job that runs")
    data: dict[str, Rows] = Field(default_factory=dict, description="Whole tables, each with all its rows")
    add: dict[str, Rows] = Field(default_factory=dict, description="Rows that come to a table")
    change: dict[str, tuple[Change, ...]] = Field(default_factory=dict, description="Rows that are changed")
    remove: dict[str, Annotated[Rows, BeforeValidator(_list_of_one)]] = Field(
        default_factory=dict, description="Rows that go: those with these cells"
    )
    missing_table: str | None = Field(default=None, description="A table that is not delivered on this day")
    half_load: HalfLoad | None = Field(default=None, description="A table of which only a part is delivered on this day")
    acknowledge: tuple[Handled, ...] = Field(default=(), description="Alerts that somebody has in hand")
    snooze: tuple[Handled, ...] = Field(default=(), description="Alerts that are kept out of messages for a while")
    expect: Expected | None = Field(default=None, description="What must have come of it")


class Scenario(BaseModel):
    """A scenario as it is written in its file."""

    model_config = _STRICT

    says: str = Field(description="What it shows, in a sentence")
    rules: Annotated[tuple[str, ...], BeforeValidator(_list_of_one)] | None = Field(
        default=None, description="The rules that are asked, by code or id; all in use when left out"
    )
    rule_files: dict[str, str] = Field(
        default_factory=dict, description="Rules of its own: the text of each file, after `|`, by the file's name"
    )
    council: Directory = Field(default=Directory(), description="Who is in the council; a standard small one when left out")
    receivers: tuple[Through, ...] = Field(
        default=("reference",), description="How messages go out: each receiver by how much it may show"
    )
    days: tuple[Day, ...] = Field(description="The days that are run, in order")

    @model_validator(mode="after")
    def _in_order(self) -> Scenario:
        days = [day.as_of for day in self.days]
        if days != sorted(days):
            raise ValueError("the days stand in the order of their dates")
        if not any(day.expect for day in self.days):
            raise ValueError("no day has `expect`, so it shows nothing")
        return self

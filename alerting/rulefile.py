"""What may stand in the files of `rules/` and in config.yaml's `rules:`: the shape of each, and what each key means."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

LevelName = Literal["info", "amber", "red", "critical"]
Role = Literal[
    "worker", "adviser", "team_manager", "service_manager", "head_of_service", "quality", "commissioning", "performance"
]
Expression = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, (int, float)) else value)]


def _count(unit: str) -> Callable[[object], object]:
    """Read `2 runs` or `10 working days` as a number of them; anything else is left to be refused."""

    def read(value: object) -> object:
        found = re.fullmatch(rf"([0-9]{{1,4}}) {unit}s?", value.strip()) if isinstance(value, str) else None
        return int(found[1]) if found else value

    return read


def _shares(value: object) -> object:
    """Read a list of columns as columns without a share of their own."""
    if isinstance(value, (list, tuple)) and all(isinstance(name, str) for name in value):
        return dict.fromkeys(value)
    return value


Runs = Annotated[int, BeforeValidator(_count("run"), json_schema_input_type=int | str)]
WorkingDays = Annotated[int, BeforeValidator(_count("working day"), json_schema_input_type=int | str)]
_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True)


class SubjectColumn(BaseModel):
    """One column of a subject: its type, how private it is, and what it means."""

    model_config = _STRICT

    type: Literal["text", "integer", "number", "date", "boolean", "codes"]
    tier: Literal["reference", "detail"]
    says: str


class Subject(BaseModel):
    """Who a rule can be about: one row per key, from SQL over the case tables and the shared views."""

    model_config = _STRICT

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="The subject's name, the same as its file's")
    title: str = Field(description="What one subject is called, such as Child in care")
    says: str = Field(description="What a row is, and who is left out")
    about: Literal["child", "worker", "service"] = Field(description="Whether an alert is about a child: restrictions apply then")
    key: str = Field(description="The column that identifies the alert")
    person: str | None = Field(default=None, description="The column with the child it is about")
    member: str | None = Field(default=None, description="The column with the row that makes the key a member")
    team: str = Field(description="The column with the team that answers for it")
    worker: str | None = Field(default=None, description="The column with the allocated worker")
    adviser: str | None = Field(default=None, description="The column with the personal adviser")
    columns: dict[str, SubjectColumn] = Field(description="Every column, in words")
    sql: str = Field(description="One SELECT that gives exactly the columns")
    left_when: str | None = Field(
        default=None,
        description="One SELECT over `live` that gives rule, subject and reason where the data proves a subject has left",
    )


class Basis(BaseModel):
    """Why a rule exists: the law, guidance or local standard it stands on."""

    model_config = _STRICT

    kind: Literal["statutory", "guidance", "local"]
    text: str
    source: str = ""


class Example(BaseModel):
    """A rule's proof: a row of its subject's columns and what the rule must say of it."""

    model_config = _STRICT

    says: str
    as_of: date
    row: dict[str, Any] = Field(default_factory=dict, description="The subject's columns; one that is left out is not recorded")
    rows: tuple[dict[str, Any], ...] = Field(
        default=(), description="For a rule with `per`: the rows of one team, worker or service"
    )
    gives: Literal["info", "amber", "red", "critical", "none", "unknown", "out"]
    measure: float | None = None
    due: date | None = None


class Escalation(BaseModel):
    """Who is told as well when an alert has been open for long."""

    model_config = _STRICT

    after: WorkingDays = Field(ge=1, description="Working days since it was first seen")
    to: Role = Field(description="The role that is told as well")


class RuleFile(BaseModel):
    """A rule as it is written in its file."""

    model_config = _STRICT

    id: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]*$", description="Identity of its alerts, the same as its file's name: never reused"
    )
    code: str = Field(pattern=r"^[A-Z]+-[0-9]+$", description="Short name people use, such as CL-01")
    title: str = Field(description="What is wrong, in a few words")
    says: str = Field(description="The sentence about one subject; {{ names }} are filled in")
    clears: str = Field(description="What the record needs to show for the alert to clear")
    owner: str = Field(description="The role that answers for this rule")
    basis: Basis
    review_by: date | None = Field(default=None, description="When the owner looks at the rule again")
    job: Literal["daily", "weekly", "monthly"] = Field(description="When the rule is asked")
    reads: tuple[str, ...] = Field(default=(), description="The tables it depends on: when one is not trusted, the rule waits")
    params: dict[str, Any] = Field(default_factory=dict, description="Named values a council may change in config.yaml")
    requires: Annotated[dict[str, float | None], BeforeValidator(_shares)] = Field(
        default_factory=dict,
        description="Columns that must be filled for the rule to make sense, by name or with the least share, such as 0.8",
    )
    subject: str = Field(description="Who it is about: a file in rules/subjects")
    per: Literal["team", "worker", "service"] | None = Field(
        default=None, description="Ask once about each team, worker or service: the measure counts over its subjects"
    )
    at_least: int = Field(default=0, ge=0, description="With `per`: subjects there must be; with fewer the answer is unknown")
    where: Expression = Field(default="true", description="Which subjects the rule asks about: its population")
    let: dict[str, Expression] = Field(default_factory=dict, description="Named steps, in order, for use below")
    measure: Expression | None = Field(default=None, description="The number measured about each subject")
    unit: str = Field(default="", description="The measure's unit, such as days")
    levels: dict[LevelName, Expression] = Field(
        min_length=1, description="When each level holds; the highest that holds is given"
    )
    when_null: LevelName | None = Field(default=None, description="The level where the measure is missing; without it: unknown")
    due: Expression | None = Field(default=None, description="The day by which it should have been done")
    notify: dict[LevelName, tuple[Role, ...]] = Field(description="Who is told at each level")
    also: dict[Role, Expression] = Field(default_factory=dict, description="Who joins in, and when")
    channel: bool = Field(default=True, description="Whether it may be counted in a team's channel")
    escalate: tuple[Escalation, ...] = Field(default=(), description="Who is told as well when it has been open for long")
    inhibited_by: tuple[str, ...] = Field(
        default=(), description="Rules whose firing alert about the same subject covers this one: it is not told beside it"
    )
    brake: int | None = Field(
        default=None, ge=1, description="New alerts in one run beyond which nobody is told until an administrator releases them"
    )
    remind_every: WorkingDays = Field(default=5, ge=1, description="Working days until an unchanged alert is told again")
    pending_for: Runs = Field(default=1, ge=1, alias="for", description="Runs it must match before anybody is told")
    keep_firing_for: Runs = Field(default=0, ge=0, description="Runs it must be clear before it is resolved, beyond the first")
    replaces: str | None = Field(default=None, description="The rule of an earlier pack that this one stands for")
    examples: tuple[Example, ...] = Field(default=(), description="Rows and what the rule says of them")


class CodeWords(BaseModel):
    """One code map: its codes, and the words that stand for each."""

    model_config = _STRICT

    codes: tuple[str, ...]
    words: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class SettingsFile(BaseModel):
    """rules/settings.yaml: shared parameters, code maps and bank holidays."""

    model_config = _STRICT

    params: dict[str, Any]
    codes: dict[str, CodeWords]
    bank_holidays: tuple[date, ...]


class RuleSetting(BaseModel):
    """What config.yaml may say of one rule."""

    model_config = _STRICT

    params: dict[str, Any] = Field(default_factory=dict)
    enabled: bool = True
    reason: str = ""


class Overrides(BaseModel):
    """What config.yaml may say of the rules: one rule by its code or id, shared parameters, code words, bank holidays."""

    model_config = _STRICT

    settings: dict[str, RuleSetting] = Field(default_factory=dict)
    params: dict[str, Any] = Field(default_factory=dict)
    codes: dict[str, dict[str, tuple[str, ...]]] = Field(default_factory=dict)
    bank_holidays: tuple[date, ...] | None = None

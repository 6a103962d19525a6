"""What may stand in the files of `rules/` and in config.yaml's `rules:`: the shape of each, and what each key means."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StrictBool, StrictFloat, StrictInt

from alerting.rulebook.between import BETWEEN, Between, read_between

LevelName = Literal["info", "amber", "red", "critical"]
Role = Literal[
    "worker", "adviser", "team_manager", "service_manager", "head_of_service", "quality", "commissioning", "performance"
]
Expression = Annotated[
    str,
    BeforeValidator(
        lambda value: str(value) if isinstance(value, (int, float)) else value, json_schema_input_type=str | float | bool
    ),
]


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


Number = StrictInt | StrictFloat
TableRow = Number | tuple[Number, Number]
Tables = dict[str, Annotated[dict[str, TableRow], Field(min_length=1, max_length=200)]]


def _rows_of_any_kind(value: object) -> object:
    """Read a list of tables as tables of which any row will do."""
    if isinstance(value, (list, tuple)) and all(isinstance(name, str) for name in value):
        return {name: {} for name in value}
    return value


Runs = Annotated[
    int, BeforeValidator(_count("run"), json_schema_input_type=int | Annotated[str, Field(pattern=r"^[0-9]{1,4} runs?$")])
]
WorkingDays = Annotated[
    int,
    BeforeValidator(
        _count("working day"), json_schema_input_type=int | Annotated[str, Field(pattern=r"^[0-9]{1,4} working days?$")]
    ),
]


_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True)


class SubjectColumn(BaseModel):
    """One column of a subject: its type, how private it is, and what it means."""

    model_config = _STRICT

    type: Literal["text", "integer", "number", "date", "moment", "boolean", "codes"] = Field(
        description="What its values are; a moment is a day with its time; codes is a list of codes, such as legal statuses"
    )
    tier: Literal["reference", "detail"] = Field(
        description="How private it is: reference may stand in a mail, detail only where the receiver may show it"
    )
    says: str = Field(
        description="What it means, in words a practitioner uses", examples=["Latest visit at which the child was seen"]
    )


class Subject(BaseModel):
    """Who a rule can be about: one row per key, from SQL over the case tables and the shared views."""

    model_config = _STRICT

    id: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$",
        max_length=60,
        description="The subject's name, the same as its file's",
        examples=["care_leaver"],
    )
    title: str = Field(max_length=200, description="What one subject is called", examples=["Child in care"])
    says: str = Field(
        description="What a row is, and who is left out",
        examples=["One row per child looked after today. Children with short breaks only are left out."],
    )
    about: Literal[
        "child",
        "contact",
        "referral",
        "missing_episode",
        "audit",
        "worker",
        "team",
        "vacancy",
        "action",
        "service",
        "table",
        "column",
        "rule",
    ] = Field(
        description="What an alert is about. Of a child, a contact, a referral, a missing episode or an audit only those may be told "
        "who may know of its `person`"
    )
    key: str = Field(description="The column that identifies the alert: no two rows have the same", examples=["person_id"])
    name: str | None = Field(
        default=None, description="The column with what readers call it, where that is not its key", examples=["title"]
    )
    meeting: str | None = Field(
        default=None,
        description="The column with the meeting that it waits for, the same for all whom that is about: siblings then stand together",
        examples=["meeting_id"],
    )
    person: str | None = Field(default=None, description="The column with the child it is about", examples=["person_id"])
    member: str | None = Field(
        default=None,
        description="The column with the record that makes the key a member, such as the plan or the period of care",
        examples=["plan_id"],
    )
    team: str | None = Field(
        default=None,
        description="The column with the team that answers for it. Needed, unless there is a `service`",
        examples=["team_id"],
    )
    service: str | None = Field(
        default=None,
        description="The column with the service that answers for what has no team of its own: those of all teams with that service "
        "are told",
        examples=["service"],
    )
    worker: str | None = Field(
        default=None,
        description="The column with the allocated worker; of an audit the auditor, of an action its owner",
        examples=["worker_id"],
    )
    adviser: str | None = Field(default=None, description="The column with the personal adviser", examples=["adviser_id"])
    columns: dict[str, SubjectColumn] = Field(
        description="Every column its SQL gives: its type, how private it is, and what it means"
    )
    sql: str = Field(description="One SELECT over the case tables and the shared views that gives exactly these columns")
    answers_of: tuple[str, ...] | Literal["all"] = Field(
        default=(),
        description="The codes of the rules of which its SQL reads what they answered, in `run_answer` and `run_rule`: they are asked "
        "first, whatever their job. `all` for every rule, and for `run_table`",
        examples=[["CP-08", "DQ-01"]],
    )
    left_when: str | None = Field(
        default=None,
        description="One SELECT over `live` that gives rule, subject and reason where the data proves a subject has left",
    )


class Basis(BaseModel):
    """Why a rule exists: the law, guidance or local standard it stands on."""

    model_config = _STRICT

    kind: Literal["statutory", "guidance", "local"] = Field(
        description="The law says so (statutory), guidance does, or the council has decided it (local)"
    )
    text: str = Field(
        max_length=600, description="What is to be done, in a sentence", examples=["Contact at least every 8 weeks"]
    )
    source: str = Field(default="", max_length=300, description="Where that is written down", examples=["council standard"])


class Example(BaseModel):
    """A rule's proof: a row of its subject's columns and what the rule must say of it."""

    model_config = _STRICT

    says: str = Field(description="What this row shows", examples=["the eleventh working day without a visit"])
    as_of: date = Field(description="The day on which it is asked", examples=["2026-03-31"])
    row: dict[str, Any] = Field(default_factory=dict, description="The subject's columns; one that is left out is not recorded")
    rows: tuple[dict[str, Any], ...] = Field(
        default=(), description="For a rule with `per`: the rows of one team, worker or service"
    )
    gives: Literal["info", "amber", "red", "critical", "none", "unknown", "out"] = Field(
        description="What the rule must say of it: a level, none (it is clear), unknown, or out (not in the population)"
    )
    measure: float | None = Field(
        default=None, description="What the measure must be, where that is worth showing", examples=[42]
    )
    due: date | None = Field(
        default=None, description="What the due date must be, where that is worth showing", examples=["2026-04-13"]
    )
    also: tuple[Role, ...] | None = Field(
        default=None, description="Who joins in, where that is worth showing; [] for nobody", examples=[["head_of_service"]]
    )


class Escalation(BaseModel):
    """Who is told as well when an alert has been open for long."""

    model_config = _STRICT

    after: WorkingDays = Field(ge=1, description="Working days since it was first seen", examples=["10 working days"])
    to: Role = Field(description="The role that is told as well")


class RuleFile(BaseModel):
    """A rule as it is written in its file."""

    model_config = _STRICT

    id: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]*$",
        max_length=120,
        description="Identity of its alerts, the same as its file's name: never reused for something else",
        examples=["care-leaver-not-in-touch"],
    )
    code: str = Field(pattern=r"^[A-Z]+-[0-9]+$", max_length=20, description="The short name people use", examples=["CL-01"])
    title: str = Field(max_length=200, description="What is wrong, in a few words", examples=["Care leaver not in touch"])
    says: str = Field(
        description="The sentence about one subject. `{{ measure }}`, `{{ a_column | day }}` and `{{ params.a_number }}` are filled in",
        examples=["No contact is recorded for {{ measure }} days (last {{ latest_contact | day }})."],
    )
    clears: str = Field(
        description="What the record needs to show for the alert to clear",
        examples=["A contact dated within the last {{ params.amber_days }} days is recorded."],
    )
    falls_due: str = Field(
        default="",
        max_length=60,
        description="What falls due, for a message to say `Visit due by 16 March` and `Visit 2 working days overdue`; without it, its title",
        examples=["Protection visit"],
    )
    headline: tuple[str, str] | None = Field(
        default=None,
        description="What is critical, after its count, in the first line of a message: of one, and of many. No value of a case",
        examples=[["child on a plan has no social worker", "children on a plan have no social worker"]],
    )
    in_words: dict[Literal["asks", "also"] | LevelName, str] = Field(
        default_factory=dict,
        description="The rule as it is read to people who know the work and not the data: what it `asks`, when each level holds, and who "
        "joins in `also`. A level that it leaves out is read by its condition. `{{ params.a_number }}` is filled in; `| percent`, `| listed`, `| working_days`, `| weeks`, `| months` or `| years` may follow it",
        examples=[{"asks": "When was the last contact?", "red": "it was more than {{ params.red_days }} days ago"}],
    )
    enabled: StrictBool = Field(
        default=True,
        description="Whether runs ask it: false for a rule that is still being written. What config.yaml says of it goes before",
    )
    shadow: StrictBool = Field(
        default=False,
        description="Whether it is tried first: asked and kept, and told to the performance team alone, who judge each alert",
    )
    owner: str = Field(
        max_length=200, description="The role that answers for this rule", examples=["leaving care service manager"]
    )
    basis: Basis = Field(description="Why the rule exists: the law, guidance or local standard it stands on")
    review_by: date | None = Field(default=None, description="When the owner looks at the rule again", examples=["2027-04-01"])
    job: Literal["daily", "weekly", "monthly"] = Field(description="When the rule is asked")
    between: (
        Annotated[
            Between,
            BeforeValidator(read_between, json_schema_input_type=Annotated[str, Field(pattern=rf"^{BETWEEN}$")]),
            PlainSerializer(lambda between: str(between) if between else None, return_type=str | None),
        ]
        | None
    ) = Field(
        default=None,
        alias="every",
        description="When a daily rule is asked between the daily runs too, where a table that it reads has been loaded since; what is "
        "new or worse is told",
        examples=["2 hours between 08:00 and 18:00"],
    )
    reads: tuple[str, ...] = Field(
        default=(),
        description="The tables it depends on: when one is not trusted, the rule waits. Left out: all that its subject's SQL reads",
        examples=[["ssd_care_leavers", "ssd_cla_episodes"]],
    )
    off_without: Annotated[
        dict[str, dict[str, str]],
        BeforeValidator(_rows_of_any_kind, json_schema_input_type=tuple[str, ...] | dict[str, dict[str, str]]),
    ] = Field(
        default_factory=dict,
        description="The tables without which it is off, and nobody takes that for all clear: where a table has no row, or none that "
        "says what is named of it",
        examples=[["ext_contact"], {"ext_supervision": {"kind": "staff"}}],
    )
    services: tuple[str, ...] = Field(
        default=(),
        description="Those of `case_services` whose work it looks at, where it is not that of all: managers of the others do not read "
        "on their weekly summary that it is off for want of a table",
        examples=[["front_door"]],
    )
    params: dict[str, Any] = Field(
        default_factory=dict,
        description="Named values for its expressions, which a council may change in config.yaml",
        examples=[{"amber_days": 42, "red_days": 56}],
    )
    tables: Tables = Field(
        default_factory=dict,
        description="Numbers by row, which a council may change row by row in config.yaml: one number a row, or [amber, red]. Its "
        "row `default` is for all that have no row of their own. `value_of`, `amber_of` and `red_of` look a number up",
        examples=[{"thresholds": {"asye": [10, 12], "default": [18, 22]}}],
    )
    uses: dict[str, str] = Field(
        default_factory=dict,
        description="Rules whose parameters and tables this one reads as well, each by a name for it and the rule's code: with "
        "`caseload: WF-01`, `caseload.thresholds` is the table of WF-01 as it applies here",
        examples=[{"caseload": "WF-01"}],
    )
    sane: dict[str, tuple[Number, Number]] = Field(
        default_factory=dict,
        description="Of a parameter or a table, the least and the most that a council may set it to without being asked whether it "
        "means that",
        examples=[{"red_days": [28, 120]}],
    )
    off_without_all: tuple[str, ...] = Field(
        default=(),
        description="Tables of which at least one must have a row: where none has, the rule is off as `off_without` has it",
        examples=[["ext_contact", "ext_referral"]],
    )
    shared_params: dict[str, str] = Field(
        default_factory=dict,
        description="Its own names for shared parameters that its subject's SQL reads: what config.yaml sets for the rule under such a name "
        "holds for every rule that reads it",
        examples=[{"window_days": "missing_window_days"}],
    )
    requires: Annotated[
        dict[str, float | None], BeforeValidator(_shares, json_schema_input_type=tuple[str, ...] | dict[str, float | None])
    ] = Field(
        default_factory=dict,
        description="Columns without which it makes no sense, by name or each with the least share that must be filled: "
        "where too few rows have a value, the rule is off for the day",
        examples=[["latest_contact"], {"latest_contact": 0.8}],
    )
    requires_of: Expression = Field(
        default="true",
        description="Of whom in its population that share is taken: an expression over columns and steps, everyone when it is left out",
        examples=["visits > 0"],
    )
    subject: str = Field(description="Who it is about: the name of a file in rules/subjects")
    per: Literal["team", "worker", "service"] | None = Field(
        default=None, description="Ask once about each team, worker or service: the measure then counts over its subjects"
    )
    at_least: int = Field(
        default=0, ge=0, description="With `per`: how many subjects there must be; with fewer the answer is unknown"
    )
    where: Expression = Field(
        default="true",
        description="Which subjects the rule asks about, its population: an expression over the subject's columns, everyone "
        "when it is left out",
        examples=["age between 17 and 20 and not one_of(in_touch, 'REFU', 'NREQ')"],
    )
    let: dict[str, Expression] = Field(
        default_factory=dict,
        max_length=50,
        description="Named steps, in order, for use in the expressions below",
        examples=[{"base": "greatest(plan_start, last_cp_visit)"}],
    )
    measure: Expression | None = Field(
        default=None, description="The number measured about each subject: an expression", examples=["days_since(latest_contact)"]
    )
    unit: str = Field(default="", max_length=40, description="The measure's unit", examples=["days", "working days"])
    levels: dict[LevelName, Expression] = Field(
        min_length=1,
        description="When each level holds: an expression; the highest level that holds is given",
        examples=[{"amber": "measure > amber_days", "red": "measure > red_days"}],
    )
    when_null: LevelName | None = Field(
        default=None, description="The level where the measure is missing; without it the answer is unknown"
    )
    due: Expression | None = Field(
        default=None,
        description="The day by which it should have been done: an expression that gives a date",
        examples=["add_days(latest_contact, red_days)"],
    )
    notify: dict[LevelName, tuple[Role, ...]] = Field(
        description="Who is told at each level", examples=[{"amber": ["worker", "team_manager"], "red": ["team_manager"]}]
    )
    also: dict[Role, Expression] = Field(
        default_factory=dict,
        description="Who is told as well, and when: a role and an expression",
        examples=[{"head_of_service": "measure > 182"}],
    )
    channel: StrictBool = Field(default=True, description="Whether it may be counted in a team's channel")
    nobody_else: StrictBool = Field(
        default=False,
        description="Whether it stays with those it names, whoever covers for them, and the next up of their team: it is in no summary, "
        "cannot be assigned, and goes to no other team",
    )
    escalate: tuple[Escalation, ...] = Field(
        default=(),
        description="Who is told as well when it has been open for long",
        examples=[[{"after": "10 working days", "to": "service_manager"}]],
    )
    inhibited_by: tuple[str, ...] = Field(
        default=(),
        description="Ids of rules whose firing alert about the same subject covers this one: it is not told beside it",
        examples=[["cp-no-social-worker"]],
    )
    not_beside: tuple[str, ...] = Field(
        default=(),
        description="Ids of rules whose firing alert about the same subject covers this one where it is at the same or a higher level",
        examples=[["worker-caseload-high"]],
    )
    brake: int | None = Field(
        default=None,
        ge=1,
        description="New alerts in one run beyond which nobody is told until an administrator releases them",
        examples=[25],
    )
    max_share: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="The share of its population beyond which its matches at amber or above are not believed, and nobody is told of any "
        "until somebody has looked: 1 for a rule that most of them may match. Left out: `max_share` of the settings",
        examples=[0.7],
    )
    remind_every: WorkingDays = Field(
        default=5, ge=1, description="Working days until an unchanged alert is told again", examples=["5 working days"]
    )
    pending_for: Runs = Field(
        default=1, ge=1, alias="for", description="Runs it must match before anybody is told", examples=["2 runs"]
    )
    keep_firing_for: Runs = Field(
        default=0, ge=0, description="Runs it must be clear before it is resolved, beyond the first", examples=["2 runs"]
    )
    replaces: str | None = Field(
        default=None, description="The id of the rule of an earlier pack that this one stands for", examples=["cp-visit-overdue"]
    )
    examples: tuple[Example, ...] = Field(
        default=(), description="Its proof: rows and what the rule says of them; `alerting rules test` tries each"
    )


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
    tables: Tables = Field(default_factory=dict)
    enabled: StrictBool | None = None
    reason: str = ""


class HolidayChanges(BaseModel):
    """Single bank holidays that config.yaml adds to the list, or takes out of it."""

    model_config = _STRICT

    add: tuple[date, ...] = ()
    remove: tuple[date, ...] = ()


class Overrides(BaseModel):
    """What config.yaml may say of the rules: one rule by its code or id, shared parameters, code words, bank holidays."""

    model_config = _STRICT

    settings: dict[str, RuleSetting] = Field(default_factory=dict)
    params: dict[str, Any] = Field(default_factory=dict)
    codes: dict[str, dict[str, tuple[str, ...]]] = Field(default_factory=dict)
    bank_holidays: tuple[date, ...] | None = None
    bank_holiday_changes: HolidayChanges = HolidayChanges()
    shadow: tuple[str, ...] = ()
    promoted: tuple[str, ...] = ()

"""config.yaml -> Config: what the council decides. Every fault of the file is found in one pass, each with its place.

Secrets are put in after the file has been read. Paths are taken from the folder the file is in.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    Strict,
    ValidationError,
    field_validator,
    model_validator,
)

from alerting.council_people import Administrator, Leader, one_address
from alerting.database_address import is_in_memory, sqlite_file
from alerting.documents.document import Document, KeyPath, load
from alerting.errors import ConfigError, Fault, Faults
from alerting.mailboxes import is_domain
from alerting.page_settings import Page, must_be_web_address
from alerting.secrets_of_config import control_character, with_secrets

_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)
_LONGEST_DOMAIN = 80  # for a message's id has 120 characters in the store
_RECORD = r"^https://[^{}]+\{child\}[^{}]*$"
PRODUCTION = "production"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _can_be_a_path(path: Path) -> Path:
    if problem := path_problem(path):
        raise ValueError(f"a path {problem}")
    return path


WrittenPath = Annotated[Path, AfterValidator(_can_be_a_path)]
"""A path as it is written in config.yaml."""


class Council(BaseModel):
    """Whose service this is."""

    model_config = _STRICT

    name: str = Field(description="The council's name, as managers know it")
    timezone: str = Field(default="Europe/London", description="The zone that days are counted in")
    administrators: tuple[Administrator, ...] = Field(
        default=(), description="Who looks after the service, two at least: each a `name` and an `address`"
    )
    administrators_daily: Annotated[bool, Strict()] = Field(
        default=False, description="Whether these read of every daily run; else of what has changed, and once in seven days"
    )
    leadership: tuple[Leader, ...] = Field(
        default=(),
        description="Who gets the weekly summary of all teams, or of those of `services`, as counts: each a `name` and an `address`",
    )
    domain: str = Field(default="practice-alerts.invalid", description="The domain of message ids, such as alerts.example.gov.uk")
    page: str | None = Field(default=None, description="Address of the page that messages link to, when there is one")
    ask: str | None = Field(default=None, description="Mailbox for questions on an item; without it, the first administrator's")
    case_link: str | None = Field(default=None, pattern=_RECORD, description="Address of a child's record, with {child} in it")
    attach_lists: Annotated[bool, Strict()] = Field(
        default=True,
        description="Whether a list too long for its message is attached as a .csv, where there is no page to open it on",
    )
    stamp: str | None = Field(default=None, description="Words on every message, such as TEST, where the data is not live data")
    environment: str = Field(
        default=PRODUCTION, pattern=r"^[a-z][a-z0-9-]{1,29}$", description="production, or what this is, such as test"
    )
    redirect_to: str | None = Field(
        default=None, description="The one address that every message goes to where the environment is not production"
    )

    @property
    def stamped(self) -> str | None:
        """The words on every message: those that are set, or the environment's name where it is not production."""
        return self.stamp or (None if self.environment == PRODUCTION else self.environment.upper())

    @model_validator(mode="after")
    def _nobody_is_written_to_by_mistake(self) -> Self:
        if self.environment != PRODUCTION and self.redirect_to is None:
            raise ValueError(
                f"the environment is {self.environment}, so `redirect_to` must say which address gets every message instead"
            )
        if self.environment == PRODUCTION and self.redirect_to is not None:
            raise ValueError(
                "`redirect_to` is for an installation that is not the live one: add `environment: test`, or take it out"
            )
        return self

    @field_validator("redirect_to", "ask")
    @classmethod
    def _isone_address(cls, value: str | None) -> str | None:
        return None if value is None else one_address(value)

    @field_validator("domain")
    @classmethod
    def _is_a_domain(cls, value: str) -> str:
        if not is_domain(value) or len(value) > _LONGEST_DOMAIN:
            raise ValueError(f"not a domain of at most {_LONGEST_DOMAIN} characters, such as alerts.council.gov.uk")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The zone that days are counted in."""
        return ZoneInfo(self.timezone)

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("there is no such time zone; write Europe/London") from None
        return value


class RulesSection(BaseModel):
    """Which rules apply, and what the council sets about them."""

    model_config = _STRICT

    path: WrittenPath = Field(default=Path("rules"), description="The folder with the rules")
    packs: tuple[str, ...] | None = Field(default=None, description="Folders of rules, in order; all of them when left out")
    settings: dict[str, Any] = Field(default_factory=dict, description="By a rule's code: params, tables, enabled, reason")
    shadow: tuple[str, ...] = Field(default=(), description="Rules by code, or packs, told to the performance team alone")
    promoted: tuple[str, ...] = Field(default=(), description="Rules by code that are live, whatever else says that they are not")
    params: dict[str, Any] = Field(default_factory=dict, description="Shared parameters, such as recording_lag_wd")
    codes: dict[str, Any] = Field(default_factory=dict, description="By code map and code: the council's own words")
    bank_holidays: tuple[str, ...] | None = Field(default=None, description="Days that stand for the shipped bank holidays")
    bank_holiday_changes: dict[str, Any] = Field(default_factory=dict, description="Single days to `add` and to `remove`")


class Job(BaseModel):
    """When a job runs."""

    model_config = _STRICT

    at: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Local time, such as 07:00")
    on: tuple[Annotated[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], Field()], ...] = Field(
        default=("mon", "tue", "wed", "thu", "fri"), description="Days of the week, by name; none: never"
    )
    cut_off: str | None = Field(
        default=None, pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Local time after which a missed run is not caught up"
    )
    to: tuple[str, ...] | None = Field(default=None, description="Receivers this job uses; all of them when left out")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.cut_off is not None and self.cut_off <= self.at:
            raise ValueError(f"`cut_off` must be later on the same day than `at`, which is {self.at}")
        return self

    @field_validator("at")
    @classmethod
    def _not_in_the_clock_change(cls, value: str) -> str:
        if value.startswith("01:"):
            raise ValueError("a time from 01:00 to 01:59 comes twice in October and not at all in March; choose another")
        return value


class Jobs(BaseModel):
    """The jobs, each with its time."""

    model_config = _STRICT

    daily: Job = Job(at="07:00", cut_off="14:00")
    weekly: Job = Job(at="07:30", on=("mon",))
    monthly: Job = Job(at="07:45")


class Keep(BaseModel):
    """What is kept of each run's data, so that a change to a rule can be tried on the past."""

    model_config = _STRICT

    path: WrittenPath = Field(default=Path("kept"), description="The folder with the days that are kept; it holds case data")
    days: int = Field(default=400, ge=0, le=4000, description="How many days back they are kept; 0 keeps none")


class Messages(BaseModel):
    """What a council words itself in the messages of its people."""

    model_config = _STRICT

    templates: WrittenPath | None = Field(
        default=None, description="A folder with the council's own words: title.txt, head.txt, praise.txt, foot.txt"
    )


class Engine(BaseModel):
    """What one rule, one subject or one shared view may take of the machine; one that takes more is left out, the others are asked."""

    model_config = _STRICT

    memory_mb: int = Field(default=2048, ge=512, le=1_000_000, description="MB of memory that the engine may take")
    seconds: int = Field(default=120, ge=5, le=3600, description="Seconds that a rule, with what it stands on, may take")


class Retention(BaseModel):
    """What the store forgets, and after how many days. Nothing, until it is set here and `alerting store retention` has shown it."""

    model_config = _STRICT

    message_contents: int | None = Field(
        default=None, ge=30, le=4000, description="Days after which messages forget ended alerts"
    )
    alert_facts: int | None = Field(
        default=None, ge=60, le=4000, description="Days after its end for which an alert keeps its facts"
    )
    sealed: Annotated[bool, Strict()] = Field(
        default=False, description="Whether earlier messages forget a child as soon as the record is sealed"
    )


class Heartbeat(BaseModel):
    """What is given a sign of life after each run that the audit finds right, so that silence is noticed from outside."""

    model_config = _STRICT

    url: SecretStr | None = Field(default=None, description="An address that is asked for, such as one of a monitoring service")
    method: Literal["GET", "POST"] = Field(default="GET", description="How it is asked for: GET or POST")
    timeout_s: float = Field(default=10, gt=0, le=60, description="Seconds for its answer")
    file: WrittenPath | None = Field(
        default=None, description="A file that the time is written into, for a monitoring agent to look at"
    )

    @field_validator("url")
    @classmethod
    def _is_of_the_web(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            must_be_web_address(value.get_secret_value())
        return value


class Snooze(BaseModel):
    """How long an alert of each level may be snoozed, in working days."""

    model_config = _STRICT

    info: int = Field(default=20, ge=1, le=250, description="Working days that one of level info may be snoozed")
    amber: int = Field(default=20, ge=1, le=250, description="Working days that an amber one may be snoozed")
    red: int = Field(default=5, ge=1, le=60, description="Working days that a red one may be snoozed")
    critical: int = Field(default=5, ge=1, le=20, description="Working days that a critical one may be snoozed, by two people")


class Handling(BaseModel):
    """How far people may put alerts off."""

    model_config = _STRICT

    acknowledge: int = Field(default=10, ge=1, le=60, description="Working days after which an acknowledgement lapses")
    snooze: Snooze = Snooze()
    recorded: int = Field(
        default=5, ge=1, le=20, description="Working days that an alert waits for a load after somebody said that it is recorded"
    )
    data_error: int = Field(
        default=10, ge=1, le=60, description="Working days that an alert waits for a record that is wrong to be put right"
    )
    silence: int = Field(default=60, ge=1, le=250, description="Working days that a silence may last")
    silence_share: int = Field(
        default=20, ge=0, le=100, description="Per cent of the open alerts above which a silence needs a second person"
    )
    request: int = Field(default=5, ge=1, le=60, description="Working days after which a request that nobody approved lapses")
    two_accounts: Annotated[bool, Strict()] = Field(
        default=False, description="Whether two people must be two accounts of the operating system as well, each its own"
    )
    two_release: Annotated[bool, Strict()] = Field(
        default=False,
        description="Whether two people release a brake, a hold or a table; the list of restricted records always takes two",
    )
    approve_on_page: Annotated[bool, Strict()] = Field(
        default=False, description="Whether the second person approves on the page alone, where they have signed in"
    )


class Config(BaseModel):
    """Everything config.yaml says. `source`, `own_tables` and `receivers` are checked by the module their `type` names."""

    model_config = _STRICT

    council: Council
    store: str = Field(default="sqlite:///alerting.db", description="The service's own database, as an SQLAlchemy URL")
    source: dict[str, Any] = Field(description="Where case data comes from: a `type` and its settings")
    own_tables: dict[str, Any] | None = Field(
        default=None,
        description="Where the council's own tables come from, if not with the case data: a `type`, its settings, and which `tables`",
    )
    rules: RulesSection = RulesSection()
    jobs: Jobs = Jobs()
    go_live: Literal["baseline", "full"] = Field(
        default="baseline",
        description="What is open on a job's first day: kept back, and told in one summary when released (baseline), or told as new (full)",
    )
    keep: Keep = Keep()
    messages: Messages = Messages()
    retention: Retention = Retention()
    engine: Engine = Engine()
    handling: Handling = Handling()
    heartbeat: Heartbeat = Heartbeat()
    page: Page | None = Field(default=None, description="The page that `alerting serve` shows; none when left out")
    marker: WrittenPath | None = Field(
        default=None,
        description="A file, best one that no backup restores, by which a restored store is recognised; beside an SQLite store",
    )
    receivers: dict[str, dict[str, Any]] = Field(min_length=1, description="By name: a `type` and its settings")

    @model_validator(mode="after")
    def _is_open_to_nobody_else(self) -> Self:
        if self.page is not None:
            self.page.must_suit(self.source.get("type"))
        elif self.handling.approve_on_page:
            raise ValueError("`handling: approve_on_page` needs a `page`, on which people sign in")
        return self

    @field_validator("store")
    @classmethod
    def _lasts(cls, value: str) -> str:
        if is_in_memory(value):
            raise ValueError("a store in memory would forget all that was told; write sqlite:///alerting.db")
        if odd := control_character(value):
            raise ValueError(f"the address of the store {odd}")
        return value


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A configuration as it was read."""

    config: Config
    #: What its relative paths start from.
    folder: Path
    #: For where each part of it stands in the file.
    document: Document


def load_config(path: Path, gathered: list[Fault] | None = None) -> Loaded:
    """Read a config.yaml. Raises Faults with every fault of the file, ConfigError when there is no file.

    gathered: for `check`, which wants the faults of the other files too. The faults are put into it, and what remains
    without the faulty settings is returned, if it can stand; nothing must be run on that.
    """
    if not path.is_file():
        raise ConfigError(
            f"there is no {path.as_posix()}",
            remedy="Give its place with --config, have one written by `alerting init`, or run `alerting demo` to see one at work.",
        )
    document = load(path)
    if not document.faults and not isinstance(document.value, dict):
        document.faults.append(
            Fault(problem="this is not a configuration", where=document.place(()), remedy="It starts with `council:`.")
        )
    if document.faults:
        raise Faults(document.faults)
    document.value = with_secrets(document.value, document, (), path.parent)
    config = document.check(Config)
    if gathered is not None and document.faults:
        gathered += document.faults
        document.faults.clear()
        config = config or document.check(Config, _without_faulty(document.value))
        if config is None:
            raise Faults(gathered)
        document.faults.clear()
    if document.faults or config is None:
        raise Faults(document.faults)
    return Loaded(config=config, folder=path.parent, document=document)


def _without_faulty(value: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration without the settings that are wrong, nor what cannot stand without them."""
    rest: dict[str, Any] = copy.deepcopy(value)
    for _ in range(4):
        try:
            Config.model_validate(rest)
        except ValidationError as error:
            for detail in error.errors(include_input=False):
                location = detail["loc"][:-1] if detail["type"] == "missing" else detail["loc"]
                _drop(rest, location)
        else:
            break
    return rest


def _drop(value: dict[str, Any], location: KeyPath) -> None:
    within: Any = value
    for part in location[:-1]:
        within = within.get(part) if isinstance(within, dict) else None
    if isinstance(within, dict) and location:
        within.pop(str(location[-1]), None)


def sqlite_path(url: str, folder: Path) -> str:
    """Return the address of a store, with a relative path of an SQLite file taken from a folder."""
    file = sqlite_file(url)
    return url if file is None else f"sqlite:///{(folder.absolute() / file).as_posix()}"


def path_problem(path: Path) -> str | None:
    """Return what is wrong with a path as it is written, None where it can be one."""
    if str(path) == ".":
        return "must name a file or a folder, or be left out"
    return control_character(str(path))

"""The common shapes of a rule: from a few answers to the parts of its file, and rows that show it at work.

A shape knows which columns it fits, what its limits count, and a ladder of rows from clear to worst. What the rule says of
each row is not known here: the engine is asked (see new_rules).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

from alerting.rulebook.file_models import LevelName, Subject

Row = dict[str, Any]
Wanted = Literal["recorded", "missing", "true", "false"]

AS_OF = date(2026, 3, 31)
"""The day on which the examples are asked: a Tuesday with no bank holiday just before it."""

MOST_DAYS, MOST_COUNTED = 3650, 200
_EVERY = frozenset({"text", "integer", "number", "date", "boolean", "codes"})
_DATES = frozenset({"date"})


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What is wanted of a rule. limits: by level, rising in seriousness; empty where the shape knows no number.

    since: the date that the days of `nothing` are counted from; at_once: its level where there is none.
    missing: what a missing date means in `overdue`; wanted: what is counted, in the shapes that count in a team.
    """

    subject: Subject
    column: str
    limits: Mapping[LevelName, float] = field(default_factory=dict)
    working_days: bool = False
    since: str | None = None
    at_once: LevelName = "amber"
    missing: LevelName | None = None
    wanted: Wanted = "missing"
    at_least: int = 10

    @property
    def unit(self) -> str:
        return "working days" if self.working_days else "days"

    @property
    def label(self) -> str:
        """What the column means, as the beginning of a sentence."""
        return self.subject.columns[self.column].says.rstrip(".")

    @property
    def shown(self) -> bool:
        """Whether the column's value may stand in a mail."""
        return self.subject.columns[self.column].tier == "reference"

    def limit(self, ending: str, levels: Mapping[LevelName, float] | None = None) -> str:
        """Return the limit of a message's level, as the words of a message have it."""
        names = list(levels or self.limits)
        if len(names) == 1:
            return f"{{{{ params.{names[0]}_{ending} }}}}"
        return f"{{% if level == 'red' %}}{{{{ params.red_{ending} }}}}{{% else %}}{{{{ params.amber_{ending} }}}}{{% endif %}}"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Rows to ask the rule about: one subject's, or those of one team. says: what they show, where no measure tells it."""

    rows: tuple[Row, ...]
    says: str = ""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of a rule file that a shape decides, each as it is written there.

    ladder: from clear to worst; only where the answer changes are its rows worth showing. beside: always worth showing.
    told: a measure in words.
    """

    says: str
    clears: str
    levels: Mapping[LevelName, str]
    ladder: tuple[Trial, ...]
    params: Mapping[str, float] = field(default_factory=dict)
    measure: str = ""
    unit: str = ""
    due: str = ""
    per: str = ""
    at_least: int = 0
    when_null: LevelName | None = None
    beside: tuple[Trial, ...] = ()
    told: Callable[[float], str] = "{:.12g}".format


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One shape. types: of the columns it may look at. amber, red: the questions for its limits; none, where it has none.

    rising: whether a higher number is worse. whole: whether its limits are whole numbers, none greater than `most`.
    """

    id: str
    says: str
    types: frozenset[str]
    make: Callable[[Answers], Parts]
    amber: str = ""
    red: str = ""
    days: bool = False
    rising: bool = True
    whole: bool = True
    most: float = MOST_DAYS
    per_team: bool = False

    def columns(self, subject: Subject) -> list[str]:
        """Return the columns of a subject that it may look at: not those that say who it is and who answers."""
        names = (subject.key, subject.person, subject.member, subject.team)
        taken = {*names, *((subject.worker, subject.adviser) if not self.per_team and self.id != "nothing" else ())}
        if self.per_team and subject.about == "service":
            return []
        return [name for name, column in subject.columns.items() if column.type in self.types and name not in taken]

    def limit_fault(self, level: LevelName, value: float, others: Mapping[LevelName, float]) -> str:
        """Return why a number cannot be the limit of a level beside those given, or nothing."""
        if value < 0:
            return "A limit is 0 or more."
        if value > self.most:
            return f"The limit can be {self.most:g} at most."
        if value == 0 and not self.rising:
            return "No share is below 0."
        if self.whole and value != int(value):
            return "A limit here is a whole number."
        before = others.get("amber") if level == "red" else None
        if before is None or self.id == "due":
            return ""
        if (value <= before) if self.rising else (value >= before):
            return f"Red is the worse of the two: it must be {'more' if self.rising else 'less'} than amber, {before:g}."
        return ""


def fitting(subject: Subject) -> list[Shape]:
    """Return the shapes that fit a subject: those with a column to look at."""
    return [shape for shape in SHAPES.values() if shape.columns(subject)]


def row_of(subject: Subject, cells: Mapping[str, Any] | None = None, *, number: int = 1) -> Row:
    """Return a row of a subject in which nothing is recorded but who it is, and these cells."""
    letter = {"child": "P", "worker": "W", "service": "S"}[subject.about]
    return {subject.key: f"{letter}{number}", **{name: cell for name, cell in (cells or {}).items() if cell is not None}}


def _overdue(answers: Answers) -> Parts:
    column, ending = answers.column, "wd" if answers.working_days else "days"
    measured = f"working_days_since({column})" if answers.working_days else f"days_since({column})"
    adds = "add_working_days" if answers.working_days else "add_days"
    last = list(answers.limits)[-1]
    when = (
        f"{{{{ {column} | day }}}}, {{{{ measure }}}} {answers.unit} ago"
        if answers.shown
        else f"{{{{ measure }}}} {answers.unit} ago"
    )
    says = f"{answers.label}: {when}. The limit is {answers.limit(ending)} {answers.unit}."
    if answers.missing:
        says = f"{{% if measure is none %}}{answers.label}: nothing is recorded.{{% else %}}{says}{{% endif %}}"
    back = range(int(max(answers.limits.values()) * (2 if answers.working_days else 1)) + 30)
    return Parts(
        says=says,
        clears=f"The record shows one within the last {{{{ params.{next(iter(answers.limits))}_{ending} }}}} {answers.unit}: "
        f"{_lower(answers.label)}.",
        params={f"{level}_{ending}": limit for level, limit in answers.limits.items()},
        measure=measured,
        unit=answers.unit,
        levels={level: f"measure > {level}_{ending}" for level in answers.limits},
        when_null=answers.missing,
        due=f"{adds}({column}, {last}_{ending})",
        ladder=tuple(Trial(rows=(row_of(answers.subject, {column: AS_OF - timedelta(days=n)}),)) for n in back),
        beside=(Trial(rows=(row_of(answers.subject),), says="no date is recorded"),),
        told=lambda measure: f"{measure:.12g} {answers.unit} ago",
    )


def _due(answers: Answers) -> Parts:
    column, ending = answers.column, "wd" if answers.working_days else "days"
    # The one is 0 where the other counts, so that the day itself is 0 and every day before it is less.
    measured = f"working_days_since({column}) - working_days_until({column})" if answers.working_days else f"days_since({column})"
    names = {"amber": f"amber_before_{ending}", "red": f"red_after_{ending}"}
    when = f": {{{{ {column} | day }}}}" if answers.shown else ""
    past = f"{{% if measure > 0 %}}{{{{ measure }}}} {answers.unit} ago{{% else %}}due now{{% endif %}}"
    wide = int(max(answers.limits.values()) * (2 if answers.working_days else 1)) + 30
    levels = {"amber": f"measure >= 0 - {names['amber']}", "red": f"measure > {names['red']}"}
    return Parts(
        says=f"{answers.label}{when}, {past}." if when else f"{answers.label}: {past}.",
        clears=f"The record shows a later date: {_lower(answers.label)}.",
        params={names[level]: limit for level, limit in answers.limits.items()},
        measure=measured,
        unit=answers.unit,
        levels={level: levels[level] for level in answers.limits},
        due=column,
        ladder=tuple(
            Trial(rows=(row_of(answers.subject, {column: AS_OF + timedelta(days=wide - n)}),)) for n in range(2 * wide + 1)
        ),
        beside=(Trial(rows=(row_of(answers.subject),), says="no date is recorded"),),
        told=lambda measure: _around(measure, answers.unit),
    )


def _nothing(answers: Answers) -> Parts:
    column, since = answers.column, answers.since
    missing = f"({column} is null or count_of({column}) = 0)" if _type(answers) == "codes" else f"{column} is null"
    there = row_of(answers.subject, {column: _value(answers)} | ({since: AS_OF - timedelta(days=MOST_DAYS)} if since else {}))
    clears = f"The record shows it: {_lower(answers.label)}."
    if since is None:
        return Parts(
            says=f"Nothing is recorded: {_lower(answers.label)}.",
            clears=clears,
            levels={answers.at_once: missing},
            ladder=(Trial(rows=(there,), says="recorded"), Trial(rows=(row_of(answers.subject),), says="nothing is recorded")),
        )
    ending = "wd" if answers.working_days else "days"
    from_column = answers.subject.columns[since]
    when = f" ({{{{ {since} | day }}}})" if from_column.tier == "reference" else ""
    days = f"working_days_since({since})" if answers.working_days else f"days_since({since})"
    back = range(int(max(answers.limits.values()) * (2 if answers.working_days else 1)) + 30)
    last = list(answers.limits)[-1]
    return Parts(
        says=f"Nothing is recorded, {{{{ measure }}}} {answers.unit} on{when}: {_lower(answers.label)}.",
        clears=clears,
        params={f"{level}_{ending}": limit for level, limit in answers.limits.items()},
        measure=days,
        unit=answers.unit,
        levels={level: f"{missing} and measure > {level}_{ending}" for level in answers.limits},
        due=f"{'add_working_days' if answers.working_days else 'add_days'}({since}, {last}_{ending})",
        ladder=tuple(Trial(rows=(row_of(answers.subject, {since: AS_OF - timedelta(days=n)}),)) for n in back),
        beside=(
            Trial(rows=(there,), says="recorded"),
            Trial(rows=(row_of(answers.subject),), says="nothing is recorded, not even the date it is counted from"),
        ),
        told=lambda measure: f"{measure:.12g} {answers.unit} on",
    )


def _number(answers: Answers) -> Parts:
    steps = sorted({0.0, *(round(limit + step, 6) for limit in answers.limits.values() for step in (0, _step(answers, limit)))})
    cells = [int(step) if _type(answers) == "integer" else step for step in steps]
    shown = f"{answers.label}: {{{{ measure }}}}" if answers.shown else "The number is {{ measure }}"
    return Parts(
        says=f"{shown}. The limit is {answers.limit('over')}.",
        clears=f"The number is {{{{ params.{next(iter(answers.limits))}_over }}}} or less: {_lower(answers.label)}.",
        params={f"{level}_over": limit for level, limit in answers.limits.items()},
        measure=answers.column,
        levels={level: f"measure > {level}_over" for level in answers.limits},
        ladder=tuple(Trial(rows=(row_of(answers.subject, {answers.column: cell}),)) for cell in cells),
        beside=(Trial(rows=(row_of(answers.subject),), says="no number is recorded"),),
    )


def _count(answers: Answers) -> Parts:
    condition, words = _condition(answers)
    counts = sorted({0, *(int(limit) + step for limit in answers.limits.values() for step in (0, 1))})
    return Parts(
        per="team",
        says=f"{answers.label}: {words} {{{{ measure }}}} in the team. The limit is {answers.limit('over')}.",
        clears=f"{answers.label}: {words} {{{{ params.{next(iter(answers.limits))}_over }}}} or fewer in the team.",
        params={f"{level}_over": limit for level, limit in answers.limits.items()},
        measure=f"count({condition})",
        unit=answers.subject.title.lower(),
        levels={level: f"measure > {level}_over" for level in answers.limits},
        ladder=tuple(Trial(rows=_team(answers, count, max(count, 1))) for count in counts),
        told=lambda measure: f"{measure:.12g} in the team",
    )


def _share(answers: Answers) -> Parts:
    condition, words = _condition(answers)
    size = max(answers.at_least, 1) * next((times for times in (1, 2, 4, 10) if _enough(answers, answers.at_least * times)), 20)
    return Parts(
        per="team",
        at_least=answers.at_least,
        says=f"{answers.label}: {words} {{{{ measure }}}} % in the team. The target is {answers.limit('below')} %.",
        clears=f"{answers.label}: {words} {{{{ params.{next(iter(answers.limits))}_below }}}} % or more in the team.",
        params={f"{level}_below": limit for level, limit in answers.limits.items()},
        measure=f"round(share({condition}), 1)",
        unit="%",
        levels={level: f"measure < {level}_below" for level in answers.limits},
        ladder=tuple(Trial(rows=_team(answers, count, size)) for count in _around_limits(answers, size)),
        beside=(Trial(rows=_team(answers, 0, answers.at_least - 1), says="too few in the team"),) if answers.at_least > 1 else (),
        told=lambda measure: f"{measure:.12g} % in the team",
    )


def _enough(answers: Answers, size: int) -> bool:
    """Whether a team of this size can show every level: a share between any two limits, and one that meets the highest."""
    limits = sorted(answers.limits.values(), reverse=True)
    shares = [round(100 * count / size, 1) for count in range(size + 1)]
    bounds = [*limits, -1.0]
    return all(any(low <= share < high for share in shares) for high, low in itertools.pairwise(bounds))


def _around_limits(answers: Answers, size: int) -> list[int]:
    """Return how many of a team of this size must be counted for shares on both sides of each limit, the greatest first."""
    least = [math.ceil(limit * size / 100) for limit in answers.limits.values()]
    return sorted({size, *(count for each in least for count in (each, each - 1) if 0 <= count <= size)}, reverse=True)


def _team(answers: Answers, wanted: int, size: int) -> tuple[Row, ...]:
    """Return a team's rows, the first so many of which are what is counted."""
    values: dict[str, tuple[Any, Any]] = {
        "recorded": (_value(answers), None),
        "missing": (None, _value(answers)),
        "true": (True, False),
        "false": (False, True),
    }
    is_it, is_not = values[answers.wanted]
    # A row that leaves its worker out is of some worker: nobody has to be said.
    nobody = {answers.column: None} if answers.column == answers.subject.worker else {}
    return tuple(
        nobody
        | row_of(answers.subject, {answers.subject.team: "T1", answers.column: is_it if n < wanted else is_not}, number=n + 1)
        for n in range(size)
    )


def _condition(answers: Answers) -> tuple[str, str]:
    """Return what is counted as an expression, and what is said of it before the number."""
    column = answers.column
    missing = f"{column} is null or count_of({column}) = 0" if _type(answers) == "codes" else f"{column} is null"
    recorded = f"count_of({column}) > 0" if _type(answers) == "codes" else f"{column} is not null"
    return {
        "recorded": (recorded, "recorded for"),
        "missing": (missing, "nothing recorded for"),
        "true": (column, "yes for"),
        "false": (f"not {column}", "no for"),
    }[answers.wanted]


def _type(answers: Answers) -> str:
    return answers.subject.columns[answers.column].type


def _value(answers: Answers) -> Any:
    """Return something that may be recorded in the column."""
    values = {"date": AS_OF, "integer": 1, "number": 1, "boolean": True, "codes": ["X1"], "text": "recorded"}
    return values[_type(answers)]


def _step(answers: Answers, limit: float) -> float:
    """Return how little more than a limit a number can be, for an example that reads well."""
    return 1.0 if _type(answers) == "integer" or limit >= 10 else 0.1


def _around(measure: float, unit: str) -> str:
    if measure == 0:
        return "the day itself"
    return f"{-measure:.12g} {unit} to go" if measure < 0 else f"{measure:.12g} {unit} past"


def _lower(text: str) -> str:
    """Begin a phrase in the middle of a sentence, unless it begins with a name or an abbreviation."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


_AMBER, _RED = "Amber after more than how many {unit}", "Red after more than how many {unit}"
SHAPES: Mapping[str, Shape] = {
    shape.id: shape
    for shape in (
        Shape(
            id="overdue",
            says="too long since a date, such as the latest visit",
            types=_DATES,
            make=_overdue,
            amber=_AMBER,
            red=_RED,
            days=True,
        ),
        Shape(
            id="due",
            says="a date by which something was due comes near or has passed",
            types=_DATES,
            make=_due,
            amber="Amber how many {unit} before it is due",
            red="Red more than how many {unit} after it was due (0: the next day)",
            days=True,
        ),
        Shape(
            id="nothing",
            says="nothing is recorded, at once or some time after a date",
            types=_EVERY,
            make=_nothing,
            amber=_AMBER,
            red=_RED,
            days=True,
        ),
        Shape(
            id="number",
            says="a number is over a limit",
            types=frozenset({"integer", "number"}),
            make=_number,
            amber="Amber above which number",
            red="Red above which number",
            whole=False,
            most=1_000_000,
        ),
        Shape(
            id="count",
            says="how many there are in a team is over a limit",
            types=_EVERY,
            make=_count,
            amber="Amber above how many in a team",
            red="Red above how many in a team",
            most=MOST_COUNTED,
            per_team=True,
        ),
        Shape(
            id="share",
            says="the share in a team is below a target",
            types=_EVERY,
            make=_share,
            amber="Amber below which percentage",
            red="Red below which percentage",
            rising=False,
            whole=False,
            most=100,
            per_team=True,
        ),
    )
}
"""Every shape by its name, the most usual first."""

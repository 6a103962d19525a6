"""What the shipped rules answer about a council, beside what their twins of `tests.oracle` answer, and where the two differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from alerting.casedata.catalogue import TABLES
from alerting.casedata.snapshot import Snapshot
from alerting.evaluation.evaluate import Answers, ask_rules
from alerting.model import Finding, Outcome
from alerting.rulebook.book import Rulebook
from alerting.rulebook.rule import Rule
from tests.oracle.answers import Answer, Params
from tests.oracle.cells import Table
from tests.oracle.rules import RULES, asked
from tests.oracle.whole_councils import whole_council

# A Tuesday at a month's end, the day after Easter Monday, leap days, a Sunday, a bank holiday, the ends of a year.
DATES = (
    date(2026, 3, 31),
    date(2026, 4, 7),
    date(2024, 2, 29),
    date(2025, 12, 31),
    date(2026, 5, 31),
    date(2027, 3, 1),
    date(2025, 8, 25),
    date(2028, 2, 29),
)
NOT_ASKED = "not in the population"


# What does not yet answer as the definitions say, by rule and subject; whoever puts it right takes it out.


@dataclass(frozen=True)
class Difference:
    """One subject about which a rule and its twin do not say the same."""

    code: str
    subject: str
    #: outcome, level and the rest, or that it is not in the population
    rule: tuple[object, ...]
    twin: tuple[object, ...]

    def __str__(self) -> str:
        return f"{self.code} {self.subject!r}: rule {self.rule}, twin {self.twin}"


def whole(seed: int, people: int = 200) -> tuple[dict[str, Table], date]:
    as_of = DATES[seed % len(DATES)]
    return whole_council(seed, as_of, people), as_of


def with_twins(book: Rulebook) -> dict[str, Rule]:
    return {rule.code: rule for rule in book.rules if rule.code in RULES}


def fill(snapshot: Snapshot, tables: Mapping[str, Table]) -> None:
    for name, rows in tables.items():
        if name in TABLES:
            columns = list(TABLES[name].columns)
            snapshot.fill(name, columns, [[row.get(column) for row in rows] for column in columns])


def ask(book: Rulebook, snapshot: Snapshot, tables: Mapping[str, Table], rules: Collection[Rule]) -> Answers:
    """Ask these rules about a council; none of them fails."""
    fill(snapshot, tables)
    snapshot.settle(book.wanted(list(rules)))
    evaluation = ask_rules(book, snapshot, list(rules))
    assert {result.code: result.problem for result in evaluation.asked.values() if result.status not in ("ok", "off")} == {}
    return evaluation


def answered(
    book: Rulebook, tables: Mapping[str, Table], as_of: date, codes: Collection[str] = ()
) -> dict[str, dict[str, Finding] | None]:
    """Return what each rule that has a twin answers, by code and subject; None of one that is off. codes: only these, if any."""
    rules = {code: rule for code, rule in with_twins(book).items() if not codes or code in codes}
    # Of a council made to be misread, too few have what a rule requires. What it answers is asked here all the same.
    book = replace(book, settings=replace(book.settings, params={**book.settings.params, "min_fill": 0}))
    with Snapshot(as_of, book.settings) as snapshot:
        evaluation = ask(book, snapshot, tables, rules.values())
        return {
            code: {f.subject: f for f in evaluation.findings(rule.id)} if evaluation.asked[rule.id].status == "ok" else None
            for code, rule in rules.items()
        }


def said(answer: Finding | Answer, twin: Answer) -> tuple[object, ...]:
    """Return what the definitions decide of an answer. Due, and who joins in, only of a level: nobody is told of the others.

    twin: the other hand's answer. Of a measure, a worker or an adviser that it does not state, the definitions decide nothing.
    """
    level = answer.level if isinstance(answer, Answer) else answer.level.name if answer.level else None
    told = (answer.due, frozenset(answer.also)) if level else ()
    measure = None if answer.outcome == Outcome.unknown or not _has_measure(twin) else answer.measure
    if isinstance(answer, Answer) and answer.share is not None:
        measure = float(100 * answer.share)
    people = (answer.worker if twin.names_worker else None, answer.adviser if twin.names_adviser else None)
    # A share is held in percent, as nearly as a number can be.
    measure = round(measure, 6) if measure is not None else None
    return (str(answer.outcome), level, measure, answer.team if twin.has_team else None, *people, *told)


def _has_measure(twin: Answer) -> bool:
    return twin.measure is not None or twin.share is not None


@dataclass(frozen=True)
class Compared:
    differences: list[Difference]
    #: How many answers the twins gave, by code and level; clear and unknown are named as such.
    compared: Counter[tuple[str, str]]


def compare(
    book: Rulebook,
    tables: Mapping[str, Table],
    as_of: date,
    params: Mapping[str, Params] | None = None,
    codes: Collection[str] = (),
) -> Compared:
    """Return every subject about which a rule and its twin do not say the same, and how many answers were compared."""
    given = answered(book, tables, as_of, codes)
    expected = asked(tables, as_of, params, codes=list(given))
    found: list[Difference] = []
    for code, answers in given.items():
        theirs = expected[code]
        if answers is None or theirs is None:
            states = tuple("off" if either is None else "asked" for either in (answers, theirs))
            found += [Difference(code, "*", states[:1], states[1:])] if states != ("off", "off") else []
        else:
            found += _differing(code, answers, theirs)
    counted = [(code, answer.level or answer.outcome) for code in given for answer in (expected[code] or {}).values()]
    return Compared(found, Counter(counted))


def _differing(code: str, answers: Mapping[str, Finding], twins: Mapping[str, Answer]) -> Iterator[Difference]:
    for subject in sorted(answers.keys() | twins.keys()):
        if subject in answers and subject in twins:
            rule, twin = said(answers[subject], twins[subject]), said(twins[subject], twins[subject])
        else:
            rule = (str(answers[subject].outcome),) if subject in answers else (NOT_ASKED,)
            twin = (twins[subject].outcome,) if subject in twins else (NOT_ASKED,)
        if rule != twin:
            yield Difference(code, subject, rule, twin)


def differences(
    book: Rulebook, tables: Mapping[str, Table], as_of: date, params: Mapping[str, Params] | None = None
) -> list[Difference]:
    return compare(book, tables, as_of, params).differences

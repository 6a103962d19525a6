"""Three young people for tests of the rule language: one with everything recorded, one with nothing, one other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from alerting.casedata.catalogue import Settings
from alerting.casedata.snapshot import Snapshot
from alerting.expressions.compile import Compiled, ExpressionFault, Name, compile_expression, constant
from alerting.expressions.functions import Type

AS_OF = date(2026, 3, 31)
COLUMNS: dict[str, tuple[Type, str, list[Any]]] = {
    "team": ("text", "VARCHAR", ["North", None, ""]),
    "visits": ("number", "BIGINT", [3, None, 0]),
    "caseload": ("number", "DOUBLE", [17.5, None, -1.0]),
    "born": ("date", "DATE", [date(2010, 2, 28), None, date(2026, 3, 31)]),
    "in_care": ("boolean", "BOOLEAN", [True, None, False]),
    "statuses": ("codes", "VARCHAR[]", [["C2", "E1"], None, []]),
}
PARAMETERS: dict[str, object] = {
    "limit": 5,
    "share": 0.5,
    "strict": True,
    "word": "it's",
    "nothing": None,
    "kinds": ["C2", "D1"],
    "none_of_them": [],
}
KNOWN, MISSING, OTHER = 0, 1, 2
NAMES = {name: Name(type=kind, sql=f's."{name}"') for name, (kind, _, _) in COLUMNS.items()} | {
    name: constant(value) for name, value in PARAMETERS.items()
}


@contextmanager
def young_people() -> Iterator[Snapshot]:
    """Fill an engine with the three."""
    holidays = frozenset({date(2026, 4, 3), date(2026, 4, 6)})
    with Snapshot(AS_OF, Settings(params={}, codes={}, bank_holidays=holidays)) as snapshot:
        snapshot.settle({})
        cells = ", ".join(f"unnest(${n}::{kind}[]) AS {name}" for n, (name, (_, kind, _)) in enumerate(COLUMNS.items(), 1))
        snapshot.sql(f"CREATE TABLE young_person AS SELECT unnest([1, 2, 3]) AS no, {cells}", [v for _, _, v in COLUMNS.values()])
        yield snapshot


def asking(engine: Snapshot) -> Callable[[str], list[Any]]:
    """Make a question of an expression: what it gives for each of the three."""

    def ask(text: str) -> list[Any]:
        return [row[0] for row in engine.sql(f"SELECT {compiled(text).sql} FROM young_person s ORDER BY no")]

    return ask


def compiled(text: str, wants: Type = "any") -> Compiled:
    result = compile_expression(text, NAMES, wants)
    assert isinstance(result, Compiled), result
    return result


def faults(text: str, wants: Type = "any") -> list[ExpressionFault]:
    result = compile_expression(text, NAMES, wants)
    assert isinstance(result, list), f"{text} was let through"
    return result

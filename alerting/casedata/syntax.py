"""SQL as the engine reads it: nothing of it is run, and nothing that it names is looked up."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from alerting.casedata import engine
from alerting.casedata.catalogue import NO_MORE
from alerting.casedata.engine import EngineFailed
from alerting.casedata.macros import MACROS

_SECONDS = 20.0
"""What it may take to read one text."""


def syntax_of(query: str) -> dict[str, Any]:
    """Return the engine's syntax tree of a text of SQL, or what it cannot read in it; nothing of it is run or looked up.

    Either `statements`, each a tree, or `error_message` and `position`, in bytes. Raises RecursionError.
    """
    try:
        [(tree,)] = _reader.ask("SELECT json_serialize_sql($1::VARCHAR)", [query])
    except EngineFailed:
        raise RecursionError from None  # what takes the engine down to read it is nested beyond all measure
    found: dict[str, Any] = json.loads(tree)
    return found


@cache
def pure_functions() -> frozenset[str]:
    """Return the engine's functions whose answer depends on what they are given and nothing else, and our own."""
    known = _reader.ask(
        """SELECT DISTINCT function_name FROM duckdb_functions()
        WHERE function_type IN ('aggregate', 'window', 'macro') OR (function_type = 'scalar' AND stability = 'CONSISTENT')""",
        [],
    )
    return frozenset(name for (name,) in known) | frozenset(re.findall(r"CREATE MACRO (\w+)", MACROS))


def syntaxes_of(queries: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return by each of several texts what `syntax_of` returns of it, asked for at once; nothing where one is too much for the engine."""
    try:
        rows = _reader.ask("SELECT sql, json_serialize_sql(sql) FROM (SELECT unnest($1::VARCHAR[]) AS sql)", [list(queries)])
    except EngineFailed:
        return {}
    return {sql: json.loads(tree) for sql, tree in rows}


class _Reader:
    """A database that reads SQL and runs none of it: it holds no data and reaches nothing."""

    def __init__(self) -> None:
        self._engine: engine.Engine | None = None
        self._number = 0

    def ask(self, statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        running = engine.start()
        if running is not self._engine:
            self._engine, self._number = running, engine.new_number()
            running.open(self._number, NO_MORE.memory_mb << 20, {**engine.CLOSED, "threads": 1}, _SECONDS)
            for setting in engine.SHUT:
                running.ask("execute", self._number, setting, [], seconds=_SECONDS)
        rows: list[tuple[Any, ...]] = running.ask("execute", self._number, statement, list(parameters), seconds=_SECONDS)
        return rows


_reader = _Reader()

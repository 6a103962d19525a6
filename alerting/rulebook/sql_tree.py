"""SQL as the engine reads it: the parts of its syntax tree, and what it names.

Which columns of the case data leave the council's own system is decided by `names_in`. What stands in a comment, in a text, as
an alias or behind `EXCLUDE` names no column. Nor does a star: what nothing names is not read, and a star gives it as missing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from alerting.casedata.syntax import syntax_of, syntaxes_of


@dataclass(frozen=True, kw_only=True)
class SqlNames:
    """What a text of SQL names. Tables and columns are in lower case: to the engine, capitals make no difference."""

    #: Every table and view that is read; a step of WITH that is read stands here too.
    tables: frozenset[str] = frozenset()
    #: Every column that a value is taken from. An alias that is used again, as in ORDER BY, cannot be told from a column.
    columns: frozenset[str] = frozenset()
    #: Every function that is called, the macros of this service among them.
    functions: frozenset[str] = frozenset()
    #: The shared parameters asked for by `param('its_name')`, each with where its name first stands, in bytes.
    params: Mapping[str, int] = field(default_factory=dict)


def syntax(sql: str) -> Mapping[str, Any]:
    """Return the engine's syntax tree of a text, or what it cannot read in it, as `syntax_of`. Raises RecursionError."""
    return _trees.of(sql.rstrip())


def read_ahead(texts: Iterable[str]) -> None:
    """Have the engine read texts whose trees will be asked for, all at once: one question takes as long as one text of a hundred."""
    _trees.read_ahead([text.rstrip() for text in texts])


class _Trees:
    """The trees of the texts that were read last.

    A text is looked through for faults, for names and for where its columns come from: those of a rulebook are kept, as each takes
    milliseconds to read.
    """

    _MOST = 512

    def __init__(self) -> None:
        self._kept: dict[str, Mapping[str, Any]] = {}
        self._keeping = threading.Lock()

    def of(self, sql: str) -> Mapping[str, Any]:
        tree = self._kept.get(sql)
        if tree is None:
            tree = syntax_of(sql)
            self._keep(sql, tree)
        return tree

    def read_ahead(self, texts: Sequence[str]) -> None:
        """Read those of the texts that are not kept. Where the engine cannot read all at once, `of` reads each alone, and says which."""
        new = [text for text in dict.fromkeys(texts) if text and text not in self._kept]
        for text, tree in (syntaxes_of(new) if new else {}).items():
            self._keep(text, tree)

    def _keep(self, sql: str, tree: Mapping[str, Any]) -> None:
        with self._keeping:
            while len(self._kept) >= self._MOST:
                del self._kept[next(iter(self._kept))]
            self._kept[sql] = tree


_trees = _Trees()


def walk(tree: Any) -> Iterator[dict[str, Any]]:
    """Return every part of a tree, in the order of the text as far as the tree keeps it."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            # The call of a table function stands in the part that is about it; so does its place.
            is_call = part.get("type") == "TABLE_FUNCTION"
            parts = [
                value for name, value in part.items() if isinstance(value, (dict, list)) and not (is_call and name == "function")
            ]
            waiting += reversed(parts)
            if is_call:
                waiting.append(part["function"].get("arguments"))
        elif isinstance(part, list):
            waiting += reversed(part)


def names_in(sql: str) -> SqlNames:
    """Return what a text of SQL names; nothing where the engine cannot read it, which is a fault of its own."""
    return _names(sql.rstrip())


def names_in_all(texts: Iterable[str]) -> SqlNames:
    """Return what several texts of SQL name together."""
    found = [names_in(text) for text in texts]
    return SqlNames(
        tables=frozenset[str]().union(*(one.tables for one in found)),
        columns=frozenset[str]().union(*(one.columns for one in found)),
        functions=frozenset[str]().union(*(one.functions for one in found)),
        params={name: place for one in found for name, place in one.params.items()},
    )


def replace_calls(sql: str, function: str, by: str) -> str:
    """Return a text of SQL with the calls of a function that takes nothing, such as `as_of()`, replaced by other SQL.

    Raises ValueError where the engine cannot read the text, RecursionError where it is nested too deeply.
    """
    tree = syntax(sql)
    if tree.get("error"):
        raise ValueError("the engine cannot read this SQL")
    text, call = sql.encode(), f"{function}()".encode()
    calls = [part for part in walk(tree["statements"]) if part.get("class") == "FUNCTION" and part["function_name"] == function]
    for place in sorted({part["query_location"] for part in calls}, reverse=True):
        text = text[:place] + by.encode() + text[place:].removeprefix(call)
    return text.decode()


@lru_cache(maxsize=512)
def _names(sql: str) -> SqlNames:
    try:
        parts = list(walk(syntax(sql).get("statements"))) if sql else []
    except RecursionError:
        return SqlNames()
    columns = {name for part in parts if part.get("class") == "COLUMN_REF" for name in part["column_names"]}
    columns |= {name for part in parts if part.get("type") == "JOIN" for name in part.get("using_columns", ())}
    return SqlNames(
        tables=frozenset(part["table_name"].lower() for part in parts if part.get("type") == "BASE_TABLE"),
        columns=frozenset(name.lower() for name in columns),
        functions=frozenset(part["function_name"].lower() for part in parts if part.get("class") == "FUNCTION"),
        params=dict(reversed([(name, place) for part in parts if _is_param(part) for name, place in _texts(part["arguments"])])),
    )


def _is_param(part: Mapping[str, Any]) -> bool:
    return part.get("class") == "FUNCTION" and part["function_name"].lower() == "param"


def _texts(tree: Any) -> Iterator[tuple[str, int]]:
    """Return the texts in quotes of a tree, each with where it begins. The engine before its version 2 writes them otherwise."""
    for part in walk(tree):
        if part.get("class") == "CONSTANT":
            literal = part.get("literal")
            text = part["value"].get("value") if literal is None else literal["text"] if literal["kind"] == "STRING" else None
            if isinstance(text, str):
                yield text, int(part.get("query_location", 0)) + 1

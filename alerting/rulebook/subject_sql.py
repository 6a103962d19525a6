"""Whether the SQL of a subject or a shared view may be used: one query over our own tables and views, and nothing else.

It is the data team's and so is trusted with all that a query can say. It cannot change anything, read a file, reach a
network, ask the service's own settings or clock; the engine, which is shut as well, would refuse most of it once more.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from alerting.casedata.catalogue import TABLES
from alerting.casedata.syntax import pure_functions
from alerting.documents.document import did_you_mean, word_length
from alerting.rulebook.run_tables import RUN_TABLES
from alerting.rulebook.sql_tree import syntax, walk

LIVE = "live"
"""The table of the live alerts whose subject is not there: of `left_when` alone."""

_CALENDAR = frozenset({"calendar", "working_day"})
_MAKE_ROWS = frozenset({"unnest", "range", "generate_series"})
_SPECIAL = _MAKE_ROWS | {"if", "ifnull"}
_CHANCE = re.compile(r"random|.*uuid.*|nextval|currval|setval|setseed|txid_current|stats|vector_type")
_OPERATORS = re.compile(r"\W+")
_NEVER = re.compile(
    r"__internal.*|json_(de)?serialize_.*|json_execute.*|(pg|duckdb|pragma|read|write|load|install|http|has)_.*"
    r"|version|getenv|error|.*_log|.*_log_.*|.*secret.*|current_.*|in_search_path|sleep.*"
)
_CLOCK = frozenset(
    "current_date current_time current_timestamp localtime localtimestamp today now get_current_time get_current_timestamp "
    "transaction_timestamp current_localtime current_localtimestamp getdate sysdate sysdatetime curdate".split()
)
_WHO = frozenset("current_user session_user user current_role current_catalog current_schema current_database".split())
_PARTS = frozenset(
    "SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE CTE_NODE BASE_TABLE JOIN SUBQUERY EMPTY EXPRESSION_LIST TABLE_FUNCTION "
    "ORDER_MODIFIER DISTINCT_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER ASCENDING DESCENDING ORDER_DEFAULT".split()
)
_CLASSES = frozenset(
    "COLUMN_REF FUNCTION WINDOW COMPARISON CONJUNCTION OPERATOR CASE CONSTANT BETWEEN CAST STAR SUBQUERY LAMBDA LAMBDA_REF "
    "TYPE DEFAULT COLLATE POSITIONAL_REFERENCE".split()
)
_NO_PLACE = 2**63


@dataclass(frozen=True, kw_only=True)
class SqlFault:
    """What is wrong in a text of SQL, and where."""

    problem: str
    #: Into the text, in characters.
    offset: int = 0
    #: Of what is meant; 0 for the word there.
    length: int = 0
    remedy: str = ""


_TOO_DEEP = SqlFault(problem="this SQL is nested too deeply", remedy="Use `WITH` steps.")


@lru_cache(maxsize=512)
def find_sql_faults(sql: str, views: frozenset[str], *, live: bool = False, of_run: bool = False) -> tuple[SqlFault, ...]:
    """Find what is wrong with the SQL of a subject or a view before the engine is given it.

    views: the shared views it may read. live: whether it may read the table of the live alerts, as `left_when` does. of_run: whether
    it may read the tables of the run, as a subject does.
    """
    try:
        found = syntax(sql)
        if found["error"]:
            return (_unreadable(sql, found),)
        if not found["statements"]:
            return (SqlFault(problem="there is no query here", remedy="Begin with SELECT or WITH."),)
        if len(found["statements"]) != 1:
            return (SqlFault(problem="there is more than one statement", remedy="Write one query, without a `;` inside it."),)
        return tuple(
            _Reader(sql, views, [*([LIVE] if live else ()), *(RUN_TABLES if of_run else ())]).faults(found["statements"][0])
        )
    except RecursionError:
        return (_TOO_DEEP,)


def only_statement(sql: str) -> str:
    """Return SQL as it can stand inside other SQL: without the `;` at its end, and so that no comment reaches what follows."""
    text = sql.strip()
    ended = re.fullmatch(r"(.*?)\s*;\s*(--[^\n]*\s*|/\*.*\*/\s*)*", text, flags=re.DOTALL)
    text = ended[1] if ended and not syntax(ended[1])["error"] else text
    return f"{text}\n" if "--" in text.rpartition("\n")[2] else text


def character_offset(sql: str, position: int) -> int:
    """Return the offset in characters of a position in bytes, which is what the engine counts."""
    return len(sql.encode()[:position].decode(errors="ignore"))


def suggest_table(name: str, views: Collection[str]) -> str:
    """Return `Did you mean 'x'?` for the nearest table or view, or where to find them."""
    return did_you_mean(name, [*TABLES, *views]) or "`alerting rules subjects` shows the tables and views there are."


def _unreadable(sql: str, found: Mapping[str, Any]) -> SqlFault:
    if found["error_type"] == "not implemented":
        words = re.sub(r"--[^\n]*|/\*.*?\*/", " ", sql, flags=re.DOTALL).split()
        word = words[0].upper() if words else "nothing"
        offset = sql.upper().find(word) if words else 0
        if word in ("SELECT", "WITH"):
            remedy = "Write one query, without a `;` inside it."
            return SqlFault(problem="there is more than one statement", offset=max(sql.find(";"), 0), remedy=remedy)
        return SqlFault(
            problem=f"this is no query: it begins with {word}", offset=max(offset, 0), remedy="Begin with SELECT or WITH."
        )
    offset = character_offset(sql, int(found.get("position") or 0))
    message = str(found["error_message"]).partition("\n")[0]
    if "depth" in message:
        return _TOO_DEEP
    return SqlFault(
        problem=f"this SQL cannot be read: {message}",
        offset=offset,
        remedy="Look for a missing comma, bracket, quote or keyword just before it.",
    )


class _Reader:
    """Looks at every part of one statement's tree."""

    def __init__(self, sql: str, views: Collection[str], beside: Collection[str]) -> None:
        self.sql = sql
        self.views = views
        self.known = {name.lower() for name in (*TABLES, *views, *_CALENDAR, *beside)}

    def faults(self, tree: Any) -> Iterator[SqlFault]:
        parts = list(walk(tree))
        self.known |= {str(step["key"]).lower() for part in parts for step in part.get("map", ()) if isinstance(step, dict)}
        for part in parts:
            kind, about = part.get("type"), part.get("class")
            if about is not None:
                yield from self._value(part, str(about))
            elif kind == "BASE_TABLE":
                yield from self._table(part)
            elif kind == "TABLE_FUNCTION":
                name = str(part["function"].get("function_name", "")).lower()
                if name not in _MAKE_ROWS:
                    yield self._at(part, *_refused(name))
            elif isinstance(kind, str) and kind not in _PARTS and not kind.endswith("TYPE_INFO"):
                yield self._at(part, f"{_words(kind)} is not allowed here", "Write a plain query.")

    def _table(self, part: dict[str, Any]) -> Iterator[SqlFault]:
        name = str(part["table_name"])
        if part.get("schema_name") or part.get("catalog_name"):
            yield self._at(
                part, f"'{part.get('schema_name') or part['catalog_name']}.{name}' reaches elsewhere", f"Write `{name}`."
            )
        elif name.lower() not in self.known and re.search(r"[./\\:*]", name):
            yield self._at(part, f"a file cannot be read here: '{name}'", "Read case tables; a source reads files.")
        elif name.lower() not in self.known:
            yield self._at(part, f"there is no table or view '{name}'", suggest_table(name, self.views))
        elif part.get("at_clause"):
            yield self._at(part, "a table has no earlier versions here", "Leave out AT.")

    def _value(self, part: dict[str, Any], about: str) -> Iterator[SqlFault]:
        if about not in _CLASSES:
            yield self._at(part, f"{_words(about)} is not allowed here", "A shared parameter is written param('its_name').")
        elif about == "COLUMN_REF" and len(part["column_names"]) == 1:
            name = str(part["column_names"][0]).lower()
            if name in _CLOCK or name in _WHO:
                yield self._at(part, *_refused(name))
        elif about in ("FUNCTION", "WINDOW"):
            yield from self._call(part)

    def _call(self, part: dict[str, Any]) -> Iterator[SqlFault]:
        name = str(part.get("function_name", "")).lower()
        if part.get("schema") or part.get("catalog"):
            yield self._at(part, f"'{part.get('schema') or part['catalog']}.{name}' reaches elsewhere", f"Write `{name}(...)`.")
        elif name in _SPECIAL or _OPERATORS.fullmatch(name):
            return
        elif name in _CLOCK or name in _WHO or name == "getvariable" or _NEVER.fullmatch(name) or _CHANCE.fullmatch(name):
            yield self._at(part, *_refused(name))
        elif name not in pure_functions():
            yield self._at(part, f"there is no function '{name}' to be used here", did_you_mean(name, pure_functions()))

    def _at(self, part: dict[str, Any], problem: str, remedy: str = "") -> SqlFault:
        position = int(part.get("query_location", _NO_PLACE))
        if position >= _NO_PLACE:
            return SqlFault(problem=problem, remedy=remedy)
        offset = character_offset(self.sql, position)
        quoted = re.compile(r"'[^']*'|\"[^\"]*\"").match(self.sql, offset)
        length = len(quoted[0]) if quoted else word_length(self.sql, offset)
        return SqlFault(problem=problem, offset=offset, length=length, remedy=remedy)


def _refused(name: str) -> tuple[str, str]:
    """Return why a function may not be called, and what to do instead."""
    if name in _CLOCK:
        return f"'{name}' is the computer's day, not the day that the run is about", "Write as_of()."
    if name in _WHO:
        return f"'{name}' asks who is asking", "Leave it out: a subject is the same whoever asks."
    if name == "getvariable":
        return "getvariable() is not allowed here", "A shared parameter is written param('its_name')."
    if _CHANCE.fullmatch(name):
        return f"{name}() answers differently each time it is asked", "Use the values in the case tables."
    if re.match(r"read_|write_|glob|sniff_|parquet_|copy|http", name):
        return f"{name}() reaches a file or a network, which is not allowed here", "Read case tables; a source reads files."
    return f"{name}() is not allowed here", "Use functions of the values in the case tables."


def _words(kind: str) -> str:
    known = {"SHOW_REF": "DESCRIBE, SHOW or SUMMARIZE", "PARAMETER": "a placeholder", "PIVOT": "PIVOT or UNPIVOT"}
    return known.get(kind, kind.removesuffix("_REF").replace("_", " ").lower())

"""Where the columns of a text of SQL come from: which columns of the case data can be read off each of them.

A value that is worked out of others comes from all of them, conditions included, since `CASE WHEN ethnicity = 'X' THEN 1 END` tells
who is X; where only what a column *holds* is asked, conditions and the order of rows give nothing. A count comes from nowhere: how many
there are tells of nobody. Who is in a row at all, by WHERE and JOIN, is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from alerting.casedata.catalogue import TABLES
from alerting.rulebook.run_tables import RUN_ANSWER, RUN_TABLES
from alerting.rulebook.sql_tree import syntax

Sources = frozenset[str]
"""Columns of the case data, as `table.column`."""

Columns = Mapping[str, Sources]
"""The columns of a query, in their order, each with where it comes from."""

_NOWHERE: Sources = frozenset()
_A_CHILD: Sources = frozenset({"ssd_person.pers_person_id"})
_COUNTS = frozenset({"count", "count_star", "approx_count_distinct", "count_if", "row_number", "rank", "dense_rank"})
_ROUNDS = 5
_CONDITIONS = frozenset({"COMPARISON", "CONJUNCTION", "BETWEEN"})
_ASIDE = frozenset({"when_expr", "order_bys", "orders", "partitions", "filter", "filter_expr"})
"""Parts of an expression that decide which value it has, and are not in it."""


def columns_of(sql: str, views: Mapping[str, str], *, held: bool = False) -> Columns:
    """Return the columns of a query, each with where it comes from; none where the engine cannot read it.

    views: the SQL of the shared views that it may read, by name. held: only what a column holds, and not what it is worked out by.
    """
    try:
        return _columns(sql, tuple(views.items()), held=held)
    except RecursionError:
        return {}


@lru_cache(maxsize=512)  # a subject is asked about more than once as it is loaded, and again whenever it is loaded anew
def _columns(sql: str, views: tuple[tuple[str, str], ...], *, held: bool) -> Columns:
    return _reader(views, held=held).columns(sql)


@lru_cache(maxsize=4)
def _reader(views: tuple[tuple[str, str], ...], *, held: bool) -> _Reader:
    return _Reader(views, held=held)


def _of_catalogue(table: str) -> Columns:
    if table == RUN_ANSWER:
        # Whom another rule is about is a child, as far as can be told here.
        return dict.fromkeys(RUN_TABLES[table], _NOWHERE) | dict.fromkeys(("subject", "person_id"), _A_CHILD)
    columns = TABLES[table].columns if table in TABLES else {}
    plain = {name: frozenset({f"{table}.{name}"}) for name in columns}
    return plain | {column.beside: plain[name] for name, column in columns.items() if column.beside}


_Tables = list[tuple[str, Columns]]


class _Reader:
    """Follows values through the trees of queries, and of the views that they read."""

    def __init__(self, views: tuple[tuple[str, str], ...], *, held: bool) -> None:
        self._held = held
        self._views = {name.lower(): sql for name, sql in views}
        self._known: dict[str, Columns] = {}
        #: Of texts of SQL: several rules are about one subject.
        self._read: dict[str, Columns] = {}

    def columns(self, sql: str) -> Columns:
        if sql not in self._read:
            statements = syntax(sql).get("statements") or []
            self._read[sql] = self.query(statements[0]["node"], {}, []) if statements else {}
        return self._read[sql]

    def query(self, node: Mapping[str, Any], steps: Mapping[str, Columns], outer: _Tables) -> Columns:
        """Return the columns of a query. steps: those of WITH around it. outer: the tables of the query that it stands in."""
        steps = dict(steps)
        for step in (node.get("cte_map") or {}).get("map") or ():
            inner = step["value"].get("query_node") or step["value"]["query"]["node"]
            steps[str(step["key"]).lower()] = _renamed(self.query(inner, steps, outer), step["value"].get("aliases"))
        if node["type"] == "CTE_NODE":
            steps[str(node["cte_name"]).lower()] = _renamed(self.query(node["query"], steps, outer), node.get("aliases"))
            return self.query(node["child"], steps, outer)
        if node["type"] == "SELECT_NODE":
            tables = list(self._tables(node.get("from_table") or {}, steps, outer))
            return self._selected(node.get("select_list") or (), tables, steps, outer)
        branches = node.get("children") or [node["left"], node["right"]]
        if node["type"] != "RECURSIVE_CTE_NODE":
            return _together([self.query(branch, steps, outer) for branch in branches])
        found = _renamed(self.query(branches[0], steps, outer), node.get("aliases"))
        for _ in range(_ROUNDS):
            steps[str(node["cte_name"]).lower()] = found
            found = _together([found, self.query(branches[1], steps, outer)])
        return found

    def _tables(self, part: Mapping[str, Any], steps: Mapping[str, Columns], outer: _Tables) -> Iterator[tuple[str, Columns]]:
        """Return what stands after FROM, each by the name that it goes by."""
        alias, renames = str(part.get("alias") or "").lower(), part.get("column_name_alias")
        match part.get("type"):
            case "BASE_TABLE":
                name = str(part["table_name"]).lower()
                found = steps.get(name) or (self._view(name) if name in self._views else _of_catalogue(name))
                yield alias or name, _renamed(found, renames)
            case "SUBQUERY":
                yield alias, _renamed(self.query(part["subquery"]["node"], steps, outer), renames)
            case "JOIN":
                left = list(self._tables(part["left"], steps, outer))
                yield from left
                yield from self._tables(part["right"], steps, [*outer, *left])
            case "TABLE_FUNCTION" | "EXPRESSION_LIST" as kind:
                values = part.get("function") if kind == "TABLE_FUNCTION" else part.get("values")
                sources = self._behind(values, outer, steps, {})
                names = [alias, "unnest", "range", "generate_series", *(f"col{n}" for n in range(50))]
                yield alias, dict.fromkeys([*(str(each).lower() for each in renames or ()), *names], sources)

    def _view(self, name: str) -> Columns:
        if name not in self._known:
            self._known[name] = {}  # one that reads itself, which the engine refuses, gives nothing to itself
            self._known[name] = self.columns(self._views[name])
        return self._known[name]

    def _selected(
        self, items: Sequence[Mapping[str, Any]], tables: _Tables, steps: Mapping[str, Columns], outer: _Tables
    ) -> Columns:
        found: dict[str, Sources] = {}
        for number, item in enumerate(items):
            if item.get("class") == "STAR":
                found |= self._star(item, tables, steps, outer)
                continue
            own = item["column_names"][-1] if item.get("class") == "COLUMN_REF" else f"#{number}"
            name = str(item.get("alias") or own).lower()
            found[name] = found.get(name, _NOWHERE) | self._behind(item, [*outer, *tables], steps, found)
        return found

    def _star(self, item: Mapping[str, Any], tables: _Tables, steps: Mapping[str, Columns], outer: _Tables) -> dict[str, Sources]:
        of = str(item.get("relation_name") or "").lower()
        found: dict[str, Sources] = {}
        for alias, columns in tables:
            if not of or alias == of:
                for name, sources in columns.items():
                    found[name] = found.get(name, _NOWHERE) | sources
        for each in item.get("replace_list") or ():
            found[str(each["key"]).lower()] = self._behind(each["value"], [*outer, *tables], steps, {})
        for each in item.get("rename_list") or ():
            before = each["key"]["column"] if isinstance(each["key"], Mapping) else each["key"]
            found[str(each["value"]).lower()] = found.get(str(before).lower(), _NOWHERE)
        return found

    def _behind(self, part: Any, tables: _Tables, steps: Mapping[str, Columns], beside: Columns) -> Sources:
        """Return where the value of an expression comes from. beside: the columns of the same SELECT that stand before it."""
        if isinstance(part, list):
            return _NOWHERE.union(*(self._behind(each, tables, steps, beside) for each in part))
        if not isinstance(part, Mapping):
            return _NOWHERE
        match part.get("class"):
            case "COLUMN_REF":
                return _looked_up([str(name).lower() for name in part["column_names"]], tables, beside)
            case "FUNCTION" | "WINDOW" if str(part.get("function_name", "")).lower() in _COUNTS:
                return _NOWHERE
            case "SUBQUERY" if part.get("subquery_type") in ("EXISTS", "NOT_EXISTS"):
                return _NOWHERE
            case "SUBQUERY" if self._held and part.get("subquery_type") == "ANY":
                return _NOWHERE
            case "SUBQUERY":
                inner = self.query(part["subquery"]["node"], steps, tables)
                return _NOWHERE.union(*inner.values(), self._behind(part.get("child"), tables, steps, beside))
        aside = frozenset[str]()
        if self._held:
            kind = str(part.get("type", ""))
            if part.get("class") in _CONDITIONS or kind.startswith(("COMPARE_", "OPERATOR_IS", "OPERATOR_NOT")):
                return _NOWHERE
            aside = _ASIDE
        return _NOWHERE.union(*(self._behind(each, tables, steps, beside) for key, each in part.items() if key not in aside))


def _looked_up(names: Sequence[str], tables: _Tables, beside: Columns) -> Sources:
    of = [columns for alias, columns in tables if len(names) > 1 and alias == names[0]]
    if of:
        return _NOWHERE.union(*(columns.get(names[1], _NOWHERE) for columns in of))
    there = [columns[names[0]] for _, columns in tables if names[0] in columns]
    if there or names[0] in beside:
        return _NOWHERE.union(*there, beside.get(names[0], _NOWHERE))
    # The whole row, by the name of its table.
    return _NOWHERE.union(*(sources for alias, columns in tables if alias == names[0] for sources in columns.values()))


def _renamed(columns: Columns, names: Sequence[str] | None) -> Columns:
    if not names:
        return columns
    given = [*(str(name).lower() for name in names), *list(columns)[len(names) :]]
    return dict(zip(given, columns.values(), strict=False))


def _together(branches: Sequence[Columns]) -> Columns:
    """Return the columns of queries that are put one below the other."""
    first, *others = branches
    found = dict(first)
    for each in others:
        for name, sources in zip(first, each.values(), strict=False):
            found[name] |= sources
    return found

"""A scenario's file, read and checked, with the rules it is run with."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from alerting.authoring.scenarios.data import expand_name, find_prefix
from alerting.authoring.scenarios.file_models import Expected, Row, Scenario
from alerting.casedata.catalogue import TABLES
from alerting.documents.document import Document, KeyPath, did_you_mean, load
from alerting.errors import Fault, Faults, Place
from alerting.rulebook.book import Rulebook
from alerting.rulebook.loader import compile_rule
from alerting.rulebook.rule import Rule

_OWN = "rule_files"


@dataclass(frozen=True, kw_only=True)
class CheckedScenario:
    """A scenario in which nothing is wrong, and the rules it is run with."""

    document: Document
    file: Scenario
    book: Rulebook


def read_scenario(path: Path, book: Rulebook) -> CheckedScenario:
    """Return a scenario read and checked. Raises Faults with everything that is wrong with it."""
    document = load(path, shown=True)
    scenario = document.check(Scenario) if not document.faults else None
    if scenario is None:
        raise Faults(document.faults)
    checker = _Checker(document, scenario)
    own = checker.own_rules(book)
    chosen = checker.chosen(book, own)
    if not checker.faults:  # a rule that is not there is a fault once, not wherever it is named
        checker.names(frozenset(name for rule in (*own, *chosen) for name in (rule.code, rule.id)))
    checker.tables()
    if checker.faults:
        raise Faults(checker.faults)
    rules = tuple({rule.id: rule for rule in (*chosen, *own)}.values())
    ids = frozenset(rule.id for rule in rules)
    sources = {**book.sources, **{f"{_OWN}/{Path(rule.place).name}": rule.source for rule in own}}
    plain = replace(book, rules=rules, off=(), broken=(), faults=(), stopping=(), older={}, ids=ids, sources=sources)
    return CheckedScenario(document=document, file=scenario, book=plain)


class _Checker:
    """Finds what is wrong with a scenario beyond its shape: names that are not there."""

    def __init__(self, document: Document, scenario: Scenario) -> None:
        self._document, self._scenario = document, scenario
        self.faults: list[Fault] = []

    def own_rules(self, book: Rulebook) -> list[Rule]:
        """Compile the rules that stand in the scenario itself."""
        rules = []
        with tempfile.TemporaryDirectory() as folder:
            for name, text in self._scenario.rule_files.items():
                path = Path(folder) / _OWN / Path(name).name
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, "utf-8")
                compiled = compile_rule(book, path, {})
                if isinstance(compiled, Rule):
                    rules.append(compiled)
                    continue
                for fault in compiled:
                    self.faults.append(replace(fault, where=self._inside(("rule_files", name), fault.where)))
        return rules

    def chosen(self, book: Rulebook, own: Sequence[Rule]) -> list[Rule]:
        """Return the rules of the council that the scenario is run with: those it names, or all of them."""
        if self._scenario.rules is None:
            taken = {rule.code for rule in own}
            return [rule for rule in book.rules if rule.code not in taken]
        known = {name: rule for rule in (*book.rules, *own) for name in (rule.code, rule.id)}
        found = []
        for index, name in enumerate(self._scenario.rules):
            if name in known:
                found.append(known[name])
            else:
                self._fault(f"there is no rule '{name}' in use", ("rules", index), did_you_mean(name, known))
        return found

    def tables(self) -> None:
        """Check every table and column that is named."""
        council = self._scenario.council
        for part, table in (
            ("staff", "ext_staff"),
            ("teams", "ext_team"),
            ("cover", "ext_cover"),
            ("restricted", "ext_restricted"),
        ):
            self._rows(table, getattr(council, part) or (), ("council", part))
        for index, day in enumerate(self._scenario.days):
            at: KeyPath = ("days", index)
            for part in ("data", "add", "remove"):
                for table, rows in getattr(day, part).items():
                    self._table(table, (*at, part, table), key=True)
                    self._rows(table, rows, (*at, part, table))
            for table, changes in day.change.items():
                self._table(table, (*at, "change", table), key=True)
                for number, change in enumerate(changes):
                    self._row(table, change.where, (*at, "change", table, number, "where"))
                    self._row(table, change.to, (*at, "change", table, number, "to"))
            if day.missing_table:
                self._table(day.missing_table, (*at, "missing_table"))
            if day.half_load:
                self._table(day.half_load.table, (*at, "half_load", "table"))

    def names(self, known: frozenset[str]) -> None:
        """Check every rule and receiver that the days name; `known` are the codes and ids of the rules it is run with."""
        for index, day in enumerate(self._scenario.days):
            at: KeyPath = ("days", index)
            for part in ("acknowledge", "snooze"):
                for number, handled in enumerate(getattr(day, part)):
                    self._rule(handled.alert[0], known, (*at, part, number, "alert"))
            if day.expect:
                self._expected(day.expect, known, (*at, "expect"))

    def _expected(self, expected: Expected, known: frozenset[str], at: KeyPath) -> None:
        for number, alert in enumerate(expected.alerts or ()):
            self._rule(alert.rule, known, (*at, "alerts", number, "rule"))
        for number, message in enumerate(expected.messages or ()):
            where: KeyPath = (*at, "messages", number)
            lists = message.lists() or {}
            if message.through not in self._scenario.receivers:
                remedy = f"Write `receivers: [{', '.join((*self._scenario.receivers, message.through))}]` at the top."
                self._fault(f"no message goes through '{message.through}' here", (*where, "through"), remedy)
            if message.through == "counts" and lists:
                self._fault("a team's channel is told how many, not of whom", where, "Compare its `words`.")
            for state, listed in lists.items():
                for place, (rule, _) in enumerate(listed):
                    self._rule(rule, known, (*where, state, place))

    def _rule(self, name: str, known: frozenset[str], path: KeyPath) -> None:
        if name not in known:
            self._fault(f"there is no rule '{name}' in this scenario", path, did_you_mean(name, known))

    def _rows(self, table: str, rows: Sequence[Row], path: KeyPath) -> None:
        for index, row in enumerate(rows):
            self._row(table, row, (*path, index))

    def _row(self, table: str, row: Row, path: KeyPath) -> None:
        if table not in TABLES:
            return
        columns = TABLES[table].columns
        for name in row:
            if expand_name(table, name) not in columns:
                short = {column.removeprefix(find_prefix(table)) for column in columns}
                self._fault(f"{table} has no column '{name}'", (*path, name), did_you_mean(name, {*columns, *short}), key=True)

    def _table(self, name: str, path: KeyPath, *, key: bool = False) -> None:
        if name not in TABLES:
            self._fault(f"there is no table '{name}'", path, did_you_mean(name, dict(TABLES)), key=key)

    def _inside(self, path: KeyPath, where: Place | None) -> Place:
        if where is None or where.line is None:
            return self._document.place(path)
        return self._document.text_place(path, where.line, where.column or 1)

    def _fault(self, problem: str, path: KeyPath, remedy: str = "", *, key: bool = False) -> None:
        self.faults.append(Fault(problem=problem, where=self._document.place(path, key=key), remedy=remedy))

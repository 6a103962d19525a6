"""One rule: its file checked against its subject, part by part, and compiled for the engine.

A faulty part is noted at its place and stands for itself as null, so that every fault of a file is found in one pass.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from alerting.casedata.catalogue import ALWAYS, TABLES
from alerting.documents.document import Document, Path_, did_you_mean
from alerting.errors import Fault
from alerting.expressions.compile import Compiled, Name, compile_expression, constant
from alerting.expressions.compiler import Over
from alerting.expressions.functions import Type
from alerting.expressions.tree import NOTHING
from alerting.model import Level, Tier
from alerting.rulebook.file_models import RuleFile, Subject

_TYPES: dict[str, Type] = {
    "text": "text",
    "integer": "number",
    "number": "number",
    "date": "date",
    "boolean": "boolean",
    "codes": "codes",
}
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PARAM = re.compile(r"\bparam\(\s*'([a-z0-9_]+)'\s*\)")
_ASKED = (
    *("where", "let", "measure", "levels", "when_null", "requires"),
    *("per", "at_least", "pending_for", "keep_firing_for"),
)
"""The parts of a rule's file that decide what it answers."""

_OWN_NAMES = frozenset({"measure", "unit", "due", "level", "as_of"})
"""Names that a rule's words and levels have of themselves."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule that has been checked: its file, its subject, its parameters as they apply here, its compiled parts.

    facts: the names its words use. tables: those that its subject's SQL, and what that stands on, names. version: a hash of everything about it, its words too. logic: a hash of only what
    decides its answers, so that a change of words is not a change of logic.
    """

    file: RuleFile
    place: str
    pack: str
    subject: Subject
    params: Mapping[str, Any]
    where: Compiled
    let: Mapping[str, Compiled]
    measure: Compiled | None
    levels: Mapping[Level, Compiled]
    due: Compiled | None
    also: Mapping[str, Compiled]
    facts: tuple[str, ...]
    tiers: Mapping[str, Tier]
    tables: frozenset[str]
    version: str
    logic: str

    @property
    def id(self) -> str:
        return self.file.id

    @property
    def code(self) -> str:
        return self.file.code

    @property
    def title(self) -> str:
        return self.file.title

    @property
    def says(self) -> str:
        return self.file.says

    @property
    def clears(self) -> str:
        return self.file.clears

    @property
    def subject_kind(self) -> str:
        """What its alerts are about: its subject, or with `per` a team, a worker or a service."""
        return self.file.per or self.subject.id

    @property
    def about_child(self) -> bool:
        """Whether its alerts are about one child: restrictions apply then."""
        return self.subject.about == "child" and not self.file.per

    @property
    def unit(self) -> str:
        return self.file.unit

    @property
    def basis_kind(self) -> str:
        return self.file.basis.kind

    @property
    def basis_text(self) -> str:
        return self.file.basis.text

    @property
    def basis_source(self) -> str:
        return self.file.basis.source

    @cached_property
    def reads(self) -> frozenset[str]:
        """The tables it depends on, with those every rule does. A rule that names none depends on all that its subject reads."""
        directory = {"team": {"ext_team"}, "service": {"ext_team"}, "worker": {"ext_staff"}}.get(self.file.per or "", set())
        return (frozenset(self.file.reads) or self.tables) | ALWAYS | directory


@lru_cache(maxsize=512)
def words_in(text: str) -> frozenset[str]:
    """Return the words of a text; SQL is looked through again for every rule that stands on it."""
    return frozenset(WORD.findall(text))


@lru_cache(maxsize=512)
def _tables_in(texts: Sequence[str]) -> frozenset[str]:
    return frozenset().union(*map(words_in, texts)) & TABLES.keys()


@lru_cache(maxsize=512)
def _params_in(sql: str) -> frozenset[str]:
    return frozenset(_PARAM.findall(sql))


@lru_cache(maxsize=512)
def _in_one_line(text: str) -> str:
    return " ".join(text.replace("\\n", " ").split())


@lru_cache(maxsize=1024)
def _of_subject(name: str, kind: Type) -> Name:
    return Name(type=kind, sql=f's."{name}"', row=True)


def views_for(texts: Iterable[str], views: Mapping[str, str]) -> list[str]:
    """Return those of the shared views that these texts need, each after those it needs itself."""
    return list(_views_in_order(tuple(texts), tuple(views.items())))


@lru_cache(maxsize=512)
def _views_in_order(texts: Sequence[str], named: Sequence[tuple[str, str]]) -> Sequence[str]:
    views, ordered = dict(named), list[str]()
    waiting: set[str] = set()

    def visit(text: str) -> None:
        for name in sorted(words_in(text) & views.keys()):
            if name not in ordered and name not in waiting:
                waiting.add(name)
                visit(views[name])
                ordered.append(name)

    for text in texts:
        visit(text)
    return ordered


def compile_file(
    document: Document,
    file: RuleFile,
    subject: Subject,
    params: Mapping[str, Any],
    views: Mapping[str, str],
    *,
    place: str,
    pack: str,
) -> tuple[Rule, list[Fault]]:
    """Compile a rule's file. params: every parameter as it applies here. With faults, the rule must not be used."""
    needed = [views[name] for name in views_for([subject.sql, subject.left_when or ""], views)]
    compiler = _Compiler(document, file, subject, params)
    rule = compiler.rule(place, pack, needed)
    return rule, compiler.faults


class _Compiler:
    """Checks one rule's expressions, words and names against its subject, and compiles them."""

    def __init__(self, document: Document, file: RuleFile, subject: Subject, params: Mapping[str, Any]) -> None:
        self.document, self.file, self.subject, self.params = document, file, subject, params
        self.faults: list[Fault] = []
        self.names: dict[str, Name] = {name: constant(value) for name, value in self.params.items()}
        self.names |= {name: _of_subject(name, _TYPES[column.type]) for name, column in subject.columns.items()}
        self.tiers = {name: Tier[column.tier] for name, column in subject.columns.items()}

    def rule(self, place: str, pack: str, views: Sequence[str]) -> Rule:
        """Return the compiled rule; the parts that are faulty are noted and stand for themselves as null.

        views: the SQL of the shared views that its subject needs.
        """
        file = self.file
        where = self._compile(("where",), file.where, "boolean")
        let = {}
        for name, text in file.let.items():
            let[name] = self._compile(("let", name), text)
            self.names[name] = _of_subject(name, let[name].type)
            self.tiers[name] = max((self.tiers.get(used, Tier.reference) for used in let[name].names), default=Tier.reference)
        measure = (
            self._compile(("measure",), file.measure, "number", over="many" if file.per else "one")
            if file.measure is not None
            else None
        )
        if file.per:
            self._look_at_groups()
        self.names["measure"] = Name(type="number", sql="s.measure")
        self.tiers |= dict.fromkeys(("measure", "unit", "due", "level", "as_of"), Tier.reference)
        levels = {Level[name]: self._compile(("levels", name), text, "boolean") for name, text in file.levels.items()}
        logic = self._logic(views)
        due = self._compile(("due",), file.due, "date") if file.due is not None else None
        also: dict[str, Compiled] = {role: self._compile(("also", role), text, "boolean") for role, text in file.also.items()}
        self._check_names()
        if measure is None:
            self._check_no_measure({("levels", level.name): part for level, part in levels.items()})
        words = set(WORD.findall(" ".join(re.findall(r"\{[{%](.*?)[}%]\}", f"{file.says} {file.clears}", re.DOTALL))))
        content = [file.model_dump_json(), f"{self.params}", self.subject.model_dump_json(), *views]
        return Rule(
            file=file,
            place=place,
            pack=pack,
            subject=self.subject,
            params={name: self.params[name] for name in self.params if name in file.params or name in self._used},
            where=where,
            let=let,
            measure=measure,
            levels=dict(sorted(levels.items(), reverse=True)),
            due=due,
            also=also,
            facts=tuple(name for name in (("rows",) if file.per else (*self.subject.columns, *file.let)) if name in words),
            tiers=self.tiers,
            tables=_tables_in((self.subject.sql, self.subject.left_when or "", *views)),
            version=_hash(content),
            logic=logic,
        )

    def _logic(self, views: Sequence[str]) -> str:
        """Return the hash of what decides answers, with the parameters that what has been compiled so far, and the SQL, use."""
        sql = [self.subject.sql, self.subject.left_when or "", *views]
        used = self._used | {name for text in sql for name in _params_in(text)}
        asked = self.file.model_dump(mode="json", include=set(_ASKED))
        applied = {name: self.params[name] for name in sorted(used & self.params.keys())}
        parts = [f"{asked}", f"{applied}", self.subject.id, self.subject.key, *sql]
        # How a text is broken into lines decides nothing.
        return _hash(map(_in_one_line, parts))

    def _look_at_groups(self) -> None:
        """From here on the rule is about teams, workers or services: of one subject there is nothing left to ask."""
        if self.file.measure is None:
            self._at("a rule with `per` needs a measure", ("per",), "Add a measure that counts, such as `measure: count()`.")
        if self.file.per == "worker" and not self.subject.worker:
            self._at(f"the subject {self.subject.id} has no worker", ("per",), "Write `per: team`.")
        self.over = "counted"
        self.names |= {"rows": Name(type="number", sql='s."rows"'), str(self.file.per): Name(type="text", sql='s."group"')}
        self.tiers = {"rows": Tier.reference}

    over: Over = "one"
    _used: frozenset[str] = frozenset()

    def _compile(self, path: Path_, text: str, wants: Type = "any", *, over: Over | None = None) -> Compiled:
        compiled = compile_expression(text, self.names, wants, over=over or self.over)
        if isinstance(compiled, Compiled):
            self._used |= compiled.names
            return compiled
        for fault in compiled:
            where = self.document.text_place(path, fault.line, fault.column)
            self.faults.append(Fault(problem=f"`{'.'.join(map(str, path))}`: {fault.problem}", where=where, remedy=fault.remedy))
        return Compiled(sql="NULL", type=wants, names=frozenset(), term=NOTHING)

    def _check_names(self) -> None:
        for index, name in enumerate(self.file.reads):
            if name not in TABLES:
                self._at(f"there is no table '{name}'", ("reads", index), did_you_mean(name, list(TABLES)))
        for index, name in enumerate(self.file.requires):
            if name not in self.subject.columns:
                listed = isinstance(self.document.value.get("requires"), list)
                self._at(
                    f"there is no column '{name}'",
                    ("requires", index if listed else name),
                    did_you_mean(name, self.subject.columns),
                )
        for part, names in (("let", self.file.let), ("params", self.file.params)):
            taken = {*self.subject.columns, *_OWN_NAMES, *(self.params if part == "let" else ())}
            for name in names:
                if name in taken:
                    self._at(f"'{name}' is the name of something else", (part, name), "Give it a name of its own.", key=True)
                elif not _NAME.fullmatch(name):
                    self._at(f"'{name}' cannot be a name", (part, name), "Write it in a-z, 0-9 and _, a letter first.", key=True)
        given = {level for level in (*self.file.levels, self.file.when_null) if level}
        for level in sorted(given - self.file.notify.keys()):
            self._at(f"nobody is told of level {level}", ("notify",), f"Add `{level}: [team_manager]` or whoever it is.")
        for index, example in enumerate(self.file.examples):
            if bool(example.row) == bool(self.file.per) and (example.row or example.rows):
                remedy = (
                    "With `per`, an example has `rows`: a list of rows."
                    if self.file.per
                    else "Without `per`, an example has one `row`."
                )
                wrong = "one `row`" if example.row else "`rows`"
                self._at(f"this example has {wrong}", ("examples", index), remedy)
            rows: list[tuple[Path_, Mapping[str, Any]]] = [(("row",), example.row)]
            rows += [(("rows", number), row) for number, row in enumerate(example.rows)]
            for path, name in ((path, name) for path, row in rows for name in row if name not in self.subject.columns):
                where: Path_ = ("examples", index, *path, name)
                self._at(f"there is no column '{name}'", where, did_you_mean(name, self.subject.columns), key=True)

    def _check_no_measure(self, parts: Mapping[Path_, Compiled]) -> None:
        path = next((path for path, part in parts.items() if "measure" in part.names), None)
        if path is None:
            return
        text = next(text for name, text in self.file.levels.items() if name == path[-1])
        found = re.search(r"\bmeasure\b", text, re.IGNORECASE)
        where = self.document.value_place(path, found.start() if found else 0)
        problem = f"`{'.'.join(map(str, path))}`: this asks for the measure, and the rule has none"
        self.faults.append(Fault(problem=problem, where=where, remedy="Add `measure:`, the number that is compared."))

    def _at(self, problem: str, path: Path_, remedy: str = "", *, key: bool = False) -> None:
        where = self.document.place(path, key=key)
        self.faults.append(Fault(problem=f"`{'.'.join(map(str, path))}`: {problem}", where=where, remedy=remedy))


def _hash(parts: Iterable[str]) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=6).hexdigest()

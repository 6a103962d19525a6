"""The straight way of a rule: a source is read as a `RuleFile`, checked against its subject, and compiled to a `Rule`.

A faulty part is noted at its place and stands for itself as null, so that every fault of a file is found in one pass.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from alerting.casedata.catalogue import TABLES, Settings
from alerting.documents.document import Document, KeyPath, did_you_mean
from alerting.errors import Fault
from alerting.expressions.compile import Compiled, Name, compile_expression, constant
from alerting.expressions.compiler import Over
from alerting.expressions.functions import Type
from alerting.expressions.tree import NOTHING
from alerting.model import Level, Tier
from alerting.rulebook.file_models import Overrides, RuleFile, RuleSetting, Subject
from alerting.rulebook.recovery import PartFault, faults_as_written, recover
from alerting.rulebook.rule import FILLED_IN, WORD, Rule
from alerting.rulebook.settings import unfit
from alerting.rulebook.sql_tree import names_in, names_in_all
from alerting.rulebook.tables import apply_tables, find_uneven

_TYPES: dict[str, Type] = {
    "text": "text",
    "integer": "number",
    "number": "number",
    "date": "date",
    "moment": "moment",
    "boolean": "boolean",
    "codes": "codes",
}
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ASKED = (
    *("where", "let", "measure", "levels", "when_null", "requires", "requires_of"),
    *("per", "at_least", "pending_for", "keep_firing_for"),
)
"""The parts of a rule's file that decide what it answers."""

_OWN_NAMES = frozenset({"measure", "unit", "due", "level", "as_of"})
"""Names that a rule's words and levels have of themselves."""


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """What every rule stands on."""

    #: The subjects in use, by their ids.
    subjects: Mapping[str, Subject]
    #: The SQL of the shared views in use, by their names.
    views: Mapping[str, str]
    #: The shared parameters, code maps and bank holidays, as they apply in this council.
    settings: Settings
    #: What config.yaml says of rules.
    overrides: Overrides
    folder: Path = Path("rules")
    #: The council's own folder, whose files lie over those of `folder`; None where that is its own.
    own: Path | None = None
    #: Of each rule, by its code, the parameters and tables it has in this council: what another rule may use of it.
    numbers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def file(self, name: str) -> Path:
        """Return a file by its path in the folder of rules: the council's own, where it has one."""
        return self.own / name if self.own is not None and (self.own / name).exists() else self.folder / name

    def views_for(self, texts: Iterable[str]) -> list[str]:
        """Return the shared views that these texts of SQL read, each after those it reads itself."""
        return list(_views_in_order(tuple(texts), tuple(self.views.items())))

    def every_view(self) -> list[str]:
        """Return the names of the shared views, each after those it reads."""
        read = self.views_for(self.views.values())
        return [*read, *(name for name in self.views if name not in read)]

    def sql_of(self, subject: Subject) -> tuple[str, ...]:
        """Return the SQL that a subject stands on: its own, and that of the views below it."""
        own = (subject.sql, subject.left_when or "")
        return (*own, *(self.views[name] for name in self.views_for(own)))

    def setting(self, file: RuleFile) -> RuleSetting:
        """Return what config.yaml says of one rule."""
        return self.overrides.settings.get(self.setting_name(file), RuleSetting())

    def setting_name(self, file: RuleFile) -> str:
        """Return what config.yaml calls a rule: its code, or else its id."""
        return file.code if file.code in self.overrides.settings else file.id


@dataclass(frozen=True, kw_only=True)
class Compilation:
    """What became of one rule file."""

    #: What it says; nothing where that does not fit the model.
    file: RuleFile | None = None
    #: Nothing where it has faults.
    rule: Rule | None = None
    faults: tuple[Fault, ...] = ()


def compile_source(source: Document, ground: Foundation, *, pack: str, params: Mapping[str, Any] | None = None) -> Compilation:
    """Compile the text of a rule file. Whether its names are its own, among other rules, is not asked here.

    params: parameters set otherwise than the file and config.yaml do. What config.yaml sets and cannot set is passed over.
    """
    file = source.check(RuleFile) if not source.faults else None
    if file is None:
        return Compilation(faults=(*source.faults, *_faults_beside(source, ground)))
    subject = ground.subjects.get(file.subject)
    if subject is None:
        return Compilation(file=file, faults=(_no_subject(source, file.subject, ground),))
    shipped, given = {**ground.settings.params, **file.params, **file.tables}, params or {}
    own = {**ground.settings.params, **numbers_of(file, ground.setting(file), ground.settings.params), **given}
    compiler = _Compiler(source, file, subject, own, ground.numbers)
    rule = compiler.rule(pack, ground.sql_of(subject))
    faults = (*_given_faults(source, file, given, shipped), *(one.fault for one in compiler.faults))
    return Compilation(file=file, rule=None if faults else rule, faults=faults)


def numbers_of(file: RuleFile, setting: RuleSetting, shared: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule's own parameters and tables, with what config.yaml sets for it; what that cannot set is passed over.

    shared: the parameters of all rules, which it may set for this rule alone.
    """
    applied = apply_tables(file, setting)
    wrong = unfit(setting.params, {**shared, **file.params})
    fitting = {name: value for name, value in setting.params.items() if name not in wrong}
    return {**file.params, **fitting, **applied.tables}


def _faults_beside(source: Document, ground: Foundation) -> list[Fault]:
    """Return the faults of the expressions of a file that does not fit the model: so that one pass finds those as well."""
    rest = recover(source)
    subject = ground.subjects.get(rest.subject) if rest else None
    if rest is None or subject is None:
        return []
    compiler = _Compiler(source, rest, subject, {**ground.settings.params, **rest.params, **rest.tables}, ground.numbers)
    compiler.rule("", ground.sql_of(subject))
    return faults_as_written(source, rest, compiler.faults)


def _given_faults(source: Document, file: RuleFile, given: Mapping[str, Any], shipped: Mapping[str, Any]) -> Iterable[Fault]:
    wrong = unfit(given, shipped)
    for name in sorted(wrong, key=lambda name: name in shipped):
        if name in file.shared_params:
            yield Fault(
                problem=f"'{name}' is the shared parameter {file.shared_params[name]}, which cannot be tried for this rule alone",
                where=source.place(("shared_params",)),
                remedy=f"Set it in a copy of config.yaml, as `rules: {{settings: {{{file.code}: {{params: {{{name}: ...}}}}}}}}`, and "
                "preview the rule with `--config` and that copy.",
            )
        elif name in shipped:
            yield Fault(problem=f"parameter {name} {wrong[name]}", where=source.place(("params", name)))
        else:
            problem, where = f"the rule has no parameter '{name}'", source.place(("params",))
            yield Fault(problem=problem, where=where, remedy=did_you_mean(name, shipped))


def _no_subject(source: Document, name: str, ground: Foundation) -> Fault:
    where = source.place(("subject",))
    if ground.file(f"subjects/{name}.yaml").is_file():
        remedy = f"Put subjects/{name}.yaml right first."
        return Fault(problem=f"the subject '{name}' cannot be used: its files have faults", where=where, remedy=remedy)
    remedy = did_you_mean(name, dict(ground.subjects)) or f"The subjects are: {', '.join(ground.subjects)}."
    return Fault(problem=f"there is no subject '{name}'", where=where, remedy=remedy)


@lru_cache(maxsize=512)
def _in_one_line(text: str) -> str:
    return " ".join(text.replace("\\n", " ").split())


@lru_cache(maxsize=1024)
def _subject_name(name: str, kind: Type, texts: tuple[str, ...] = ()) -> Name:
    return Name(type=kind, sql=f's."{name}"', row=True, texts=texts)


@lru_cache(maxsize=512)
def _views_in_order(texts: Sequence[str], named: Sequence[tuple[str, str]]) -> Sequence[str]:
    views, ordered = dict(named), list[str]()
    waiting: set[str] = set()

    def visit(text: str) -> None:
        read = names_in(text).tables
        for name in sorted(name for name in views if name.lower() in read):
            if name not in ordered and name not in waiting:
                waiting.add(name)
                visit(views[name])
                ordered.append(name)

    for text in texts:
        visit(text)
    return ordered


class _Compiler:
    """Checks one rule's expressions, words and names against its subject, and compiles them."""

    def __init__(
        self,
        source: Document,
        file: RuleFile,
        subject: Subject,
        params: Mapping[str, Any],
        numbers: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.source, self.file, self.subject = source, file, subject
        self.faults: list[PartFault] = []
        self.params = {**params, **self._used_of_others(numbers)}
        self.names: dict[str, Name] = {name: constant(value) for name, value in self.params.items()}
        self.names |= {name: _subject_name(name, _TYPES[column.type]) for name, column in subject.columns.items()}
        self.tiers = {name: Tier[column.tier] for name, column in subject.columns.items()}

    def rule(self, pack: str, sql: Sequence[str]) -> Rule:
        """Return the compiled rule; the parts that are faulty are noted and stand for themselves as null.

        sql: what its subject stands on.
        """
        file = self.file
        where = self._compile(("where",), file.where, "boolean")
        let = {}
        for name, text in file.let.items():
            let[name] = self._compile(("let", name), text)
            self.names[name] = _subject_name(name, let[name].type, let[name].term.texts)
            self.tiers[name] = max((self.tiers.get(used, Tier.reference) for used in let[name].names), default=Tier.reference)
        requires_of = self._compile(("requires_of",), file.requires_of, "boolean")
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
        logic = self._logic(sql)
        due = self._compile(("due",), file.due, "date") if file.due is not None else None
        also: dict[str, Compiled] = {role: self._compile(("also", role), text, "boolean") for role, text in file.also.items()}
        self._check_names()
        if measure is None:
            self._check_no_measure({("levels", level.name): part for level, part in levels.items()})
        words = set(WORD.findall(" ".join(re.findall(r"\{[{%](.*?)[}%]\}", f"{file.says} {file.clears}", re.DOTALL))))
        content = [file.model_dump_json(), f"{self.params}", self.subject.model_dump_json(), *sql[2:]]
        return Rule(
            file=file,
            source=self.source,
            pack=pack,
            subject=self.subject,
            params={
                name: self.params[name]
                for name in self.params
                if name in file.params or name in file.tables or name in self._used
            },
            where=where,
            let=let,
            requires_of=requires_of,
            measure=measure,
            levels=dict(sorted(levels.items(), reverse=True)),
            due=due,
            also=also,
            facts=tuple(
                name
                for name in (("rows",) if file.per else (*self.subject.columns, *file.let))
                if name in words or name in (self.subject.name, self.subject.meeting)
            ),
            tiers=self.tiers,
            tables=names_in_all(sql).tables & TABLES.keys(),
            version=_hash(content),
            logic=logic,
        )

    def _logic(self, sql: Sequence[str]) -> str:
        """Return the hash of what decides answers, with the parameters that what has been compiled so far, and the SQL, use."""
        used = self._used | names_in_all(sql).params.keys()
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
        elif not self.subject.team:
            self._at(f"the subject {self.subject.id} has no team", ("per",), "Leave `per` out, or choose a subject that has one.")
        self.over = "counted"
        self.names |= {"rows": Name(type="number", sql='s."rows"'), str(self.file.per): Name(type="text", sql='s."group"')}
        self.tiers = {"rows": Tier.reference}

    over: Over = "one"
    _used: frozenset[str] = frozenset()

    def _compile(self, path: KeyPath, text: str, wants: Type = "any", *, over: Over | None = None) -> Compiled:
        compiled = compile_expression(text, self.names, wants, over=over or self.over)
        if isinstance(compiled, Compiled):
            self._used |= compiled.names
            return compiled
        for one in compiled:
            where = self.source.text_place(path, one.line, one.column)
            fault = Fault(problem=f"`{'.'.join(map(str, path))}`: {one.problem}", where=where, remedy=one.remedy)
            self.faults.append(PartFault(part=str(path[0]), fault=fault, unknown_name=one.unknown_name))
        return Compiled(sql="NULL", type=wants, names=frozenset(), term=NOTHING)

    def _used_of_others(self, numbers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Return what `uses` names of other rules, as `caseload.thresholds`. What is of a rule that cannot be used is null."""
        found: dict[str, Any] = {}
        for name, code in self.file.uses.items():
            found[f"{name}."] = None
            if not _NAME.fullmatch(name):
                self._at(f"'{name}' cannot be a name", ("uses", name), "Write it in a-z, 0-9 and _, a letter first.", key=True)
            elif code not in numbers or code == self.file.code:
                problem = (
                    "a rule does not use itself" if code == self.file.code else f"there is no rule '{code}' that can be read"
                )
                self._at(problem, ("uses", name), "Write the code of a rule, such as WF-01.")
            else:
                del found[f"{name}."]
                found |= {f"{name}.{each}": value for each, value in numbers[code].items()}
        return found

    def _check_tables(self) -> None:
        for name in self.file.tables:
            for row, problem, remedy in find_uneven(self.params[name]):
                self._at(f"the row '{row}' {problem}", ("tables", name, row), remedy, key=True)
        own = {**self.file.params, **self.file.tables}
        for name, (least, most) in self.file.sane.items():
            if name not in own:
                self._at(f"there is no parameter or table '{name}'", ("sane", name), did_you_mean(name, own), key=True)
            elif least > most:
                self._at("the least is more than the most", ("sane", name), "Write the least first, such as [28, 120].")

    def _check_off_without(self) -> None:
        listed = isinstance(self.source.value.get("off_without"), list)
        for index, (name, cells) in enumerate(self.file.off_without.items()):
            if name not in TABLES:
                path = ("off_without", index if listed else name)
                self._at(f"there is no table '{name}'", path, did_you_mean(name, list(TABLES)), key=not listed)
                continue
            for column in cells.keys() - TABLES[name].columns.keys():
                remedy = did_you_mean(column, list(TABLES[name].columns))
                self._at(f"{name} has no column '{column}'", ("off_without", name, column), remedy, key=True)

        for index, name in enumerate(self.file.off_without_all):
            if name not in TABLES:
                self._at(f"there is no table '{name}'", ("off_without_all", index), did_you_mean(name, list(TABLES)))

    def _check_in_words(self) -> None:
        """Find what cannot be filled in of the rule in words. Of a level that they do not name, the condition itself is read."""
        for key, text in self.file.in_words.items():
            for inside in re.findall(r"\{\{(.*?)\}\}", text):
                found = FILLED_IN.fullmatch(inside.strip())
                if found is None or found[1] not in self.params:
                    remedy = "Write a parameter, such as `{{ params.red_days }}`; `alerting rules keys in_words` says what may follow it."
                    self._at(f"'{inside.strip()}' cannot be filled in", ("in_words", key), remedy)

    def _check_names(self) -> None:
        self._check_tables()
        for index, name in enumerate(self.file.reads):
            if name not in TABLES:
                self._at(f"there is no table '{name}'", ("reads", index), did_you_mean(name, list(TABLES)))
        self._check_off_without()
        self._check_in_words()
        for index, name in enumerate(self.file.requires):
            if name not in self.subject.columns:
                listed = isinstance(self.source.value.get("requires"), list)
                self._at(
                    f"there is no column '{name}'",
                    ("requires", index if listed else name),
                    did_you_mean(name, self.subject.columns),
                )
        known = self.params.get("case_services", ())
        for index, service in enumerate(self.file.services):
            if service not in known:
                self._at(f"'{service}' is none of `case_services`", ("services", index), did_you_mean(service, list(known)))
        for name, shared in self.file.shared_params.items():
            if shared not in self.params:
                remedy = did_you_mean(shared, list(self.params))
                self._at(f"there is no shared parameter '{shared}'", ("shared_params", name), remedy)
        for part, names in (("let", self.file.let), ("params", self.file.params), ("tables", self.file.tables)):
            taken = {*self.subject.columns, *_OWN_NAMES}
            taken |= {*self.params} if part == "let" else {*self.file.params} if part == "tables" else set()
            for name in names:
                if name in taken:
                    self._at(f"'{name}' is the name of something else", (part, name), "Give it a name of its own.", key=True)
                elif not _NAME.fullmatch(name):
                    self._at(f"'{name}' cannot be a name", (part, name), "Write it in a-z, 0-9 and _, a letter first.", key=True)
        given = {level for level in (*self.file.levels, self.file.when_null) if level}
        for level in sorted(level for level in given if not self.file.notify.get(level)):
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
            rows: list[tuple[KeyPath, Mapping[str, Any]]] = [(("row",), example.row)]
            rows += [(("rows", number), row) for number, row in enumerate(example.rows)]
            for path, name in ((path, name) for path, row in rows for name in row if name not in self.subject.columns):
                where: KeyPath = ("examples", index, *path, name)
                self._at(f"there is no column '{name}'", where, did_you_mean(name, self.subject.columns), key=True)

    def _check_no_measure(self, parts: Mapping[KeyPath, Compiled]) -> None:
        path = next((path for path, part in parts.items() if "measure" in part.names), None)
        if path is None:
            return
        text = next(text for name, text in self.file.levels.items() if name == path[-1])
        found = re.search(r"\bmeasure\b", text, re.IGNORECASE)
        where = self.source.value_place(path, found.start() if found else 0)
        problem = f"`{'.'.join(map(str, path))}`: this asks for the measure, and the rule has none"
        fault = Fault(problem=problem, where=where, remedy="Add `measure:`, the number that is compared.")
        self.faults.append(PartFault(part="levels", fault=fault, unknown_name=True))

    def _at(self, problem: str, path: KeyPath, remedy: str = "", *, key: bool = False) -> None:
        where = self.source.place(path, key=key)
        fault = Fault(problem=f"`{'.'.join(map(str, path))}`: {problem}", where=where, remedy=remedy)
        self.faults.append(PartFault(part=str(path[0]), fault=fault))


def _hash(parts: Iterable[str]) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=6).hexdigest()

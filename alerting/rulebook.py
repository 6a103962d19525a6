"""The rules as admins wrote them, checked: rules/**.yaml -> Rulebook.

A subject says who a rule can be about (SQL over the case tables, written once); a rule is a few expressions over a
subject's columns. Loading never stops at the first fault: a faulty file is left out, named in `faults`, and the others load.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from alerting.case_data import ALWAYS, SERVICE_COLUMNS, TABLES, CodeMap, Settings, norm
from alerting.errors import ConfigError, Fault, Faults, Place
from alerting.expressions import Compiled, Name, compile_expression, constant
from alerting.functions import Type
from alerting.model import Level, Tier
from alerting.rulefile import CodeWords, Overrides, RuleFile, RuleSetting, SettingsFile, Subject
from alerting.yaml_files import Document, Path_, did_you_mean, load

_TYPES: dict[str, Type] = {
    "text": "text",
    "integer": "number",
    "number": "number",
    "date": "date",
    "boolean": "boolean",
    "codes": "codes",
}
_Model = TypeVar("_Model", bound=BaseModel)
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_NEEDED = ("row_count_tolerance", "max_row_change", "max_row_change_at_least", "max_load_age_wd", "min_fill", "min_fill_at_least")
"""The shared parameters that the service itself reads: when data is not believed."""
_OWN_NAMES = frozenset({"measure", "unit", "due", "level", "as_of"})
"""Names that a rule's words and levels have of themselves."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule that has been checked: its file, its subject, its parameters as they apply here, its compiled parts.

    facts: the names its words use. version: a hash of everything that decides what it says.
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
    version: str

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
        """The tables it depends on, with those every rule does."""
        return frozenset(self.file.reads) | ALWAYS


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A rule file that is not in use because of its faults."""

    id: str
    code: str
    job: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class Rulebook:
    """Every rule, subject and shared view in use, and the faults of those that are not.

    stopping: those of the faults that no one rule can be left out for, such as a pack that is not there: without its
    rules, their alerts would be ended as no longer checked.
    """

    rules: tuple[Rule, ...]
    off: tuple[Rule, ...]
    broken: tuple[Broken, ...]
    subjects: Mapping[str, Subject]
    views: Mapping[str, str]
    settings: Settings
    faults: tuple[Fault, ...]
    stopping: tuple[Fault, ...] = ()
    ids: frozenset[str] = field(default_factory=frozenset)

    def views_for(self, texts: Iterable[str]) -> list[str]:
        """Give the shared views that these texts need, each after those it needs itself."""
        ordered: list[str] = []
        waiting: set[str] = set()

        def visit(text: str) -> None:
            for name in sorted(set(WORD.findall(text)) & self.views.keys()):
                if name not in ordered and name not in waiting:
                    waiting.add(name)
                    visit(self.views[name])
                    ordered.append(name)

        for text in texts:
            visit(text)
        return ordered

    def wanted(self, rules: Sequence[Rule]) -> dict[str, frozenset[str]]:
        """Give the tables and columns these rules need, and no others: what is not needed is not read."""
        subjects = {rule.subject.id: rule.subject for rule in rules}
        texts = [text for subject in subjects.values() for text in (subject.sql, subject.left_when or "")]
        texts += [self.views[name] for name in self.views_for(texts)]
        words = {word for text in texts for word in WORD.findall(text)}
        words |= {word.removesuffix("_code") for word in words}
        tables = {name for name in TABLES if name in words} | {table for rule in rules for table in rule.reads}
        wanted = {
            name: frozenset(column for column in TABLES[name].columns if column in words) | SERVICE_COLUMNS.get(name, frozenset())
            for name in tables | SERVICE_COLUMNS.keys() | ALWAYS
        }
        return {name: columns or frozenset(list(TABLES[name].columns)[:1]) for name, columns in wanted.items()}


def load_rulebook(
    folder: Path, packs: Sequence[str] | None = None, overrides: Overrides | None = None, config: Document | None = None
) -> Rulebook:
    """Load every rule of the packs in `folder`, in order; `None` takes all its folders but `subjects`.

    config: the file that `overrides` was read from, for the places of their faults. Raises ConfigError where there is no
    such folder, Faults where its settings.yaml cannot be used; every other fault stands in the rulebook's `faults`.
    """
    if not (folder / "subjects").is_dir():
        raise ConfigError(
            f"there are no rules in {folder.as_posix()}", remedy="Set `rules: path:` to the folder that holds `subjects/`."
        )
    return _Loader(folder, overrides or Overrides(), config).load(packs)


class _Loader:
    """Loads one folder of rules, gathering faults as it goes."""

    def __init__(self, folder: Path, overrides: Overrides, config: Document | None) -> None:
        self.folder = folder
        self.overrides = overrides
        self.config = config
        self.faults: list[Fault] = []
        self.stopping: list[Fault] = []
        self.broken: dict[str, Broken] = {}
        self.files: list[tuple[RuleFile, str]] = []
        self.used_settings: set[str] = set()

    def load(self, packs: Sequence[str] | None) -> Rulebook:
        settings = self._settings()
        views = {
            path.stem: _one_statement(path.read_text("utf-8"))
            for path in sorted((self.folder / "subjects" / "_views").glob("*.sql"))
        }
        subjects = self._subjects()
        if packs is None:
            packs = sorted(path.name for path in self.folder.iterdir() if path.is_dir() and path.name != "subjects")
        rules: dict[str, Rule] = {}
        for index, pack in enumerate(packs):
            if not (self.folder / pack).is_dir():
                known = [path.name for path in self.folder.iterdir() if path.is_dir()]
                remedy = did_you_mean(pack, known) or "Check `rules: packs:` in config.yaml."
                self.stop(f"there is no rule pack '{pack}' in {self.folder.as_posix()}", ("packs", index), remedy)
                continue
            for path in sorted((self.folder / pack).glob("*.yaml")):
                self._add(rules, path, pack, subjects, settings)
        self._check_settings_are_of_rules(rules)
        # An id that belongs to a rule in use stays that rule's: its alerts go on.
        broken = tuple(replace(one, id=place) if one.id in rules else one for place, one in self.broken.items())
        enabled = {id_: self.setting(rule.file).enabled for id_, rule in rules.items()}
        return Rulebook(
            rules=tuple(rule for id_, rule in rules.items() if enabled[id_]),
            off=tuple(rule for id_, rule in rules.items() if not enabled[id_]),
            broken=broken,
            subjects=subjects,
            views=views,
            settings=settings,
            faults=tuple(self.faults),
            stopping=tuple(self.stopping),
            ids=frozenset(rules) | {rule.id for rule in broken},
        )

    def fault(self, problem: str, where: Place | None, remedy: str = "", severity: Literal["error", "warning"] = "error") -> None:
        self.faults.append(Fault(problem=problem, where=where, remedy=remedy, severity=severity))

    def stop(self, problem: str, path: Path_, remedy: str = "") -> None:
        """Note a fault of the overrides that no one rule can be left out for."""
        self.fault(problem, self.place(path), remedy)
        self.stopping.append(self.faults[-1])

    def place(self, path: Path_) -> Place | None:
        """Give where an override is written, where that is known."""
        return self.config.place(("rules", *path), key=isinstance(path[-1], str)) if self.config else None

    def _check_settings_are_of_rules(self, rules: Mapping[str, Rule]) -> None:
        known = {rule.code: rule.id for rule in rules.values()} | {broken.code: broken.id for broken in self.broken.values()}
        for name in self.overrides.settings:
            if name not in {*self.used_settings, *known, *known.values()}:
                remedy = did_you_mean(name.upper(), list(known)) or did_you_mean(name, list(known.values()))
                problem = f"`rules: settings:` names a rule '{name}' that is not there"
                self.fault(problem, self.place(("settings", name)), remedy, "warning")

    def _read(self, path: Path, model: type[_Model]) -> tuple[Document, _Model | None]:
        document = load(path)
        value = document.check(model) if not document.faults else None
        self.faults += document.faults
        return document, value

    def _settings(self) -> Settings:
        document, found = self._read(self.folder / "settings.yaml", SettingsFile)
        missing = [name for name in _NEEDED if found and _kind(found.params.get(name)) != "a number"]
        for name in missing:
            where, remedy = document.place(("params", name)), f"Add `{name}:` as it is in the shipped settings."
            document.faults.append(Fault(problem=f"the number `{name}` is missing", where=where, remedy=remedy))
        if found is None or missing:
            raise Faults(document.faults)
        params = dict(found.params)
        for name, value in self.overrides.params.items():
            if name not in found.params:
                problem = f"`rules: params:` names a shared parameter '{name}' that is not there"
                self.stop(problem, ("params", name), did_you_mean(name, found.params))
            elif wrong := _other_kind(value, found.params[name]):
                self.stop(f"`rules: params: {name}:` {wrong}", ("params", name))
            else:
                params[name] = value
        codes = {name: self._code_map(name, code_map) for name, code_map in found.codes.items()}
        for name in self.overrides.codes:
            if name not in codes:
                problem = f"`rules: codes:` names a code map '{name}' that is not there"
                self.stop(problem, ("codes", name), did_you_mean(name, codes))
        holidays = self.overrides.bank_holidays if self.overrides.bank_holidays is not None else found.bank_holidays
        return Settings(params=params, codes=codes, bank_holidays=frozenset(holidays))

    def _code_map(self, name: str, file: CodeWords) -> CodeMap:
        words = {word: code for code, listed in file.words.items() for word in listed}
        for code, listed in self.overrides.codes.get(name, {}).items():
            if code.upper() not in file.codes:
                remedy = f"Its codes are: {', '.join(sorted(file.codes))}."
                self.stop(f"`rules: codes: {name}:` has no code '{code}'", ("codes", name, code), remedy)
            words |= {norm(word) or "": code.upper() for word in listed}
        return CodeMap(frozenset(file.codes), words)

    def _subjects(self) -> dict[str, Subject]:
        subjects = {}
        for path in sorted((self.folder / "subjects").glob("*.yaml")):
            document, subject = self._read(path, Subject)
            if subject is None:
                continue
            named = [subject.key, subject.person, subject.member, subject.team, subject.worker, subject.adviser]
            unknown = [name for name in named if name and name not in subject.columns]
            for name in unknown:
                self.fault(
                    f"'{name}' is not one of the columns", document.place(("columns",)), did_you_mean(name, subject.columns)
                )
            if subject.id != path.stem:
                self.fault(
                    f"the id is '{subject.id}' but the file is {path.name}", document.place(("id",)), "Give both one name."
                )
            if not unknown:
                subjects[subject.id] = subject
        return subjects

    def setting(self, rule: RuleFile) -> RuleSetting:
        name = self.setting_name(rule)
        self.used_settings.add(name)
        return self.overrides.settings.get(name, RuleSetting())

    def setting_name(self, rule: RuleFile) -> str:
        """Give what the council calls the rule in its settings: its code, or else its id."""
        return rule.code if rule.code in self.overrides.settings else rule.id

    def _add(self, rules: dict[str, Rule], path: Path, pack: str, subjects: Mapping[str, Subject], settings: Settings) -> None:
        before = len(self.faults)
        document, file = self._read(path, RuleFile)
        rule = None
        if file is not None:
            self._check_identity(rules, document, file, path)
            if file.subject not in subjects:
                where = document.place(("subject",))
                self.fault(
                    f"there is no subject '{file.subject}' that can be used", where, did_you_mean(file.subject, dict(subjects))
                )
            else:
                rule = _Compiler(self, document, file, subjects[file.subject], settings).rule(path, pack)
        if any(fault.severity == "error" for fault in self.faults[before:]):
            value = document.value if isinstance(document.value, dict) else {}
            first = next(fault for fault in self.faults[before:] if fault.severity == "error")
            self.broken[f"{pack}/{path.stem}"] = Broken(
                id=str(value.get("id") or path.stem),
                code=str(value.get("code") or path.stem),
                job=str(value.get("job") or "daily"),
                problem=f"{first.where}: {first.problem}" if first.where else first.problem,
            )
        elif rule is not None:
            if rule.file.replaces:
                rules.pop(rule.file.replaces, None)
            rules[rule.id] = rule

    def _check_identity(self, rules: Mapping[str, Rule], document: Document, file: RuleFile, path: Path) -> None:
        if file.id != path.stem:
            self.fault(f"the id is '{file.id}' but the file is {path.name}", document.place(("id",)), "Give both one name.")
        if file.replaces and file.replaces not in rules:
            where = document.place(("replaces",))
            self.fault(f"'{file.replaces}' is not a rule of an earlier pack", where, did_you_mean(file.replaces, dict(rules)))
        self.files = [(other, place) for other, place in self.files if other.id != file.replaces]
        for other, place in self.files:
            if other.id == file.id:
                remedy = f"Rename one, or write `replaces: {file.id}` if this one is to stand for it."
                self.fault(f"the rule id '{file.id}' is used twice, first in {place}", document.place(("id",)), remedy)
            elif other.code == file.code:
                self.fault(f"the code {file.code} is used twice, first in {place}", document.place(("code",)))
        self.files.append((file, path.as_posix()))


class _Compiler:
    """Checks one rule's expressions, words and names against its subject, and compiles them."""

    def __init__(self, loader: _Loader, document: Document, file: RuleFile, subject: Subject, settings: Settings) -> None:
        self.loader, self.document, self.file, self.subject = loader, document, file, subject
        self.params = {**settings.params, **file.params, **self._own_params({**settings.params, **file.params})}
        self.names: dict[str, Name] = {name: constant(value) for name, value in self.params.items()}
        self.names |= {name: Name(type=_TYPES[column.type], sql=f's."{name}"') for name, column in subject.columns.items()}
        self.tiers = {name: Tier[column.tier] for name, column in subject.columns.items()}

    def _own_params(self, shipped: Mapping[str, Any]) -> dict[str, Any]:
        """Give what config.yaml says of this rule's parameters, and note what it cannot."""
        own = {}
        for name, value in self.loader.setting(self.file).params.items():
            remedy = ""
            if name not in shipped:
                problem, remedy = f"names a parameter '{name}' it does not have", did_you_mean(name, shipped)
            elif wrong := _other_kind(value, shipped[name]):
                problem = f"{name} {wrong}"
            else:
                own[name] = value
                continue
            where = self.loader.place(("settings", self.loader.setting_name(self.file), "params", name))
            self.loader.fault(f"`rules: settings: {self.file.code}:` {problem}", where, remedy)
        return own

    def rule(self, path: Path, pack: str) -> Rule | None:
        """Give the compiled rule; the parts that are faulty are noted and stand for themselves as null."""
        file = self.file
        where = self._compile(("where",), file.where, "boolean")
        let = {}
        for name, text in file.let.items():
            let[name] = self._compile(("let", name), text)
            self.names[name] = Name(type=let[name].type, sql=f's."{name}"')
            self.tiers[name] = max((self.tiers.get(used, Tier.reference) for used in let[name].names), default=Tier.reference)
        measure = self._compile(("measure",), file.measure, "number") if file.measure is not None else None
        self.names["measure"] = Name(type="number", sql="s.measure")
        self.tiers |= dict.fromkeys(("measure", "unit", "due", "level", "as_of"), Tier.reference)
        levels = {Level[name]: self._compile(("levels", name), text, "boolean") for name, text in file.levels.items()}
        due = self._compile(("due",), file.due, "date") if file.due is not None else None
        also: dict[str, Compiled] = {role: self._compile(("also", role), text, "boolean") for role, text in file.also.items()}
        self._check_names()
        words = set(WORD.findall(" ".join(re.findall(r"\{[{%](.*?)[}%]\}", f"{file.says} {file.clears}", re.DOTALL))))
        content = f"{file.model_dump_json()}{self.params}{self.subject.model_dump_json()}"
        return Rule(
            file=file,
            place=path.as_posix(),
            pack=pack,
            subject=self.subject,
            params={name: self.params[name] for name in self.params if name in file.params or name in self._used},
            where=where,
            let=let,
            measure=measure,
            levels=dict(sorted(levels.items(), reverse=True)),
            due=due,
            also=also,
            facts=tuple(name for name in (*self.subject.columns, *file.let) if name in words),
            tiers=self.tiers,
            version=hashlib.blake2b(content.encode(), digest_size=6).hexdigest(),
        )

    _used: frozenset[str] = frozenset()

    def _compile(self, path: Path_, text: str, wants: Type = "any") -> Compiled:
        compiled = compile_expression(text, self.names, wants)
        if isinstance(compiled, Compiled):
            self._used |= compiled.names
            return compiled
        for fault in compiled:
            where = self.document.text_place(path, fault.line, fault.column)
            self.loader.fault(f"`{'.'.join(map(str, path))}`: {fault.problem}", where, fault.remedy)
        return Compiled(sql="NULL", type=wants, names=frozenset())

    def _check_names(self) -> None:
        for index, name in enumerate(self.file.reads):
            if name not in TABLES:
                self._at(f"there is no table '{name}'", ("reads", index), did_you_mean(name, list(TABLES)))
        for index, name in enumerate(self.file.requires):
            if name not in self.subject.columns:
                self._at(f"there is no column '{name}'", ("requires", index), did_you_mean(name, self.subject.columns))
        for part, names in (("let", self.file.let), ("params", self.file.params)):
            for name in names:
                taken = {*self.subject.columns, *_OWN_NAMES, *(self.params if part == "let" else ())}
                if name in taken:
                    self._at(f"'{name}' is the name of something else", (part, name), "Give it a name of its own.")
                elif not _NAME.fullmatch(name):
                    self._at(f"'{name}' cannot be a name", (part, name), "Write it in a-z, 0-9 and _, a letter first.")
        given = {level for level in (*self.file.levels, self.file.when_null) if level}
        for level in sorted(given - self.file.notify.keys()):
            self._at(f"nobody is told of level {level}", ("notify",), f"Add `{level}: [team_manager]` or whoever it is.")
        for index, example in enumerate(self.file.examples):
            for name in example.row:
                if name not in self.subject.columns:
                    where: Path_ = ("examples", index, "row", name)
                    self._at(f"there is no column '{name}'", where, did_you_mean(name, self.subject.columns))

    def _at(self, problem: str, path: Path_, remedy: str = "") -> None:
        self.loader.fault(f"`{'.'.join(map(str, path))}`: {problem}", self.document.place(path), remedy)


def _other_kind(value: object, shipped: object) -> str:
    """Say that a parameter's value is of another kind than the one it stands for, or nothing."""
    kind, wanted = _kind(value), _kind(shipped)
    return "" if shipped is None or kind == wanted else f"is {kind}, but stands for {wanted}"


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "a yes-or-no"
    if isinstance(value, (int, float)):
        return "a number"
    return "a list" if isinstance(value, (list, tuple)) else "a text"


def _one_statement(text: str) -> str:
    return text.strip().rstrip(";")

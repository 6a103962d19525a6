"""The rules as admins wrote them, checked: rules/**.yaml -> Rulebook.

A subject says who a rule can be about (SQL over the case tables, written once); a rule is a few expressions over a
subject's columns. Loading never stops at the first fault: a faulty file is left out, named in `faults`, and the others load.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from alerting.case_data import ALWAYS, SERVICE_COLUMNS, TABLES, CodeMap, Settings, norm
from alerting.errors import ConfigError, Fault, Faults, Place
from alerting.rule import WORD, Rule, compile_file
from alerting.rulefile import CodeWords, Overrides, RuleFile, RuleSetting, SettingsFile, Subject
from alerting.yaml_files import Document, Path_, did_you_mean, load

_Model = TypeVar("_Model", bound=BaseModel)
_NEEDED = ("row_count_tolerance", "max_row_change", "max_row_change_at_least", "max_load_age_wd", "min_fill", "min_fill_at_least")
"""The shared parameters that the service itself reads: when data is not believed."""


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
    overrides: Overrides
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


def compile_rule(book: Rulebook, path: Path, params: Mapping[str, Any]) -> Rule | list[Fault]:
    """Compile one rule file that need not lie among the others, with some of its parameters set otherwise.

    It is checked by itself: that its id and code belong to another rule is no fault of a draft. Gives the rule or its faults.
    """
    document = load(path)
    file = document.check(RuleFile) if not document.faults else None
    if file is None:
        return document.faults
    if file.subject not in book.subjects:
        where, remedy = document.place(("subject",)), did_you_mean(file.subject, dict(book.subjects))
        return [Fault(problem=f"there is no subject '{file.subject}' that can be used", where=where, remedy=remedy)]
    every = {**book.settings.params, **file.params}
    setting = book.overrides.settings.get(file.code) or book.overrides.settings.get(file.id) or RuleSetting()
    faults = [
        Fault(problem=f"the rule has no parameter '{name}'", where=document.place(("params",)), remedy=did_you_mean(name, every))
        for name in params
        if name not in every
    ]
    faults += [
        Fault(problem=f"parameter {name} {wrong}", where=document.place(("params", name)))
        for name, value in params.items()
        if name in every and (wrong := _other_kind(value, every[name]))
    ]
    own = {name: value for name, value in setting.params.items() if name in every and not _other_kind(value, every[name])}
    applied = {**every, **own, **params}
    rule, found = compile_file(document, file, book.subjects[file.subject], applied, place=path.as_posix(), pack=path.parent.name)
    return faults + found or rule


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
            overrides=self.overrides,
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
                own = self._own_params(file, {**settings.params, **file.params})
                params = {**settings.params, **file.params, **own}
                rule, found = compile_file(document, file, subjects[file.subject], params, place=path.as_posix(), pack=pack)
                self.faults += found
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

    def _own_params(self, file: RuleFile, shipped: Mapping[str, Any]) -> dict[str, Any]:
        """Give what config.yaml says of this rule's parameters, and note what it cannot."""
        own = {}
        for name, value in self.setting(file).params.items():
            remedy = ""
            if name not in shipped:
                problem, remedy = f"names a parameter '{name}' it does not have", did_you_mean(name, shipped)
            elif wrong := _other_kind(value, shipped[name]):
                problem = f"{name} {wrong}"
            else:
                own[name] = value
                continue
            where = self.place(("settings", self.setting_name(file), "params", name))
            self.fault(f"`rules: settings: {file.code}:` {problem}", where, remedy)
        return own

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

"""The rules as admins wrote them, checked: rules/**.yaml -> Rulebook.

A subject says who a rule can be about (SQL over the case tables, written once); a rule is a few expressions over a
subject's columns. Loading never stops at the first fault: a faulty file is left out, named in `faults`, and the others load.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from alerting.casedata import engine
from alerting.casedata.catalogue import NO_MORE, TABLES, Limits, Settings
from alerting.casedata.gaps import misled_by_gaps
from alerting.documents.document import Document, KeyPath, did_you_mean, load, load_plain, load_text, many_files
from alerting.errors import ConfigError, Fault, Faults, Place
from alerting.formatting import day, listed
from alerting.model import Level
from alerting.rulebook.book import BrokenRule, FallbackVersion, LastGoodText, Rulebook
from alerting.rulebook.compilation import Foundation, compile_source, numbers_of
from alerting.rulebook.disclosure import as_private_as_it_is, find_disclosure_faults
from alerting.rulebook.file_models import Overrides, RuleFile, SettingsFile, Subject
from alerting.rulebook.rule import Rule
from alerting.rulebook.run_tables import RUN_TABLES
from alerting.rulebook.settings import apply_overrides, find_settings_faults, share_out, unfit
from alerting.rulebook.sql_tree import names_in, read_ahead
from alerting.rulebook.subject_sql import find_sql_faults, only_statement
from alerting.rulebook.tables import apply_tables

_Model = TypeVar("_Model", bound=BaseModel)
_Found = TypeVar("_Found")
_IDENTITY = re.compile(r"(?m)^(id|code|job): *([\w-]+)")
"""What can be told of a rule's file that is not YAML."""

LOCAL_PACK = "local"
"""The pack of the council's own rules, which no update touches."""

_NAMING_COLUMNS = ("key", "name", "meeting", "person", "member", "team", "service", "worker", "adviser")
"""The parts of a subject that are the names of columns."""


def load_rulebook(
    folder: Path,
    packs: Sequence[str] | None = None,
    overrides: Overrides | None = None,
    config: Document | None = None,
    last_good: Callable[[], Mapping[str, LastGoodText]] = dict,
    limits: Limits = NO_MORE,
    own: Path | None = None,
) -> Rulebook:
    """Load every rule of the packs in `folder`, in order; `None` takes all its folders but `subjects`.

    config: the file that `overrides` was read from, for the places of their faults. last_good: asked once, and only where a
    file has faults today: what to use instead, by its path in `folder`; the faults are told all the same. limits: what a rule may
    take of the engine, which is begun here, as loading needs it. own: the council's folder, whose files lie over those of
    `folder`: each stands for the one of the same path. Raises ConfigError
    where there is no such folder, Faults where its settings.yaml cannot be used; every other fault stands in the rulebook's
    `faults`.
    """
    if not (folder / "subjects").is_dir():
        raise ConfigError(
            f"there are no rules in {folder.as_posix()}", remedy="Set `rules: path:` to the folder that holds `subjects/`."
        )
    engine.start()
    with many_files():
        return _Loader(folder, overrides or Overrides(), config, last_good, limits, own).load(packs)


def compile_rule(ground: Foundation, path: Path, params: Mapping[str, Any], text: str | None = None) -> Rule | list[Fault]:
    """Compile one rule file that need not lie among the others, with some of its parameters set otherwise.

    text: what the file said at another time, instead of what it says now. Return the rule or its faults: that its id and code
    belong to another rule is no fault of a draft.
    """
    source = load(path, shown=True) if text is None else load_text(path.as_posix(), text)
    compiled = compile_source(source, ground, pack=path.parent.name, params=params)
    return compiled.rule or list(compiled.faults)


class _Loader:
    """Loads one folder of rules, gathering faults as it goes."""

    def __init__(
        self,
        folder: Path,
        overrides: Overrides,
        config: Document | None,
        last_good: Callable[[], Mapping[str, LastGoodText]],
        limits: Limits,
        own: Path | None,
    ) -> None:
        self.folder, self.own = folder, own
        #: Where files are looked for, the council's own last.
        self.folders = [folder, *([own] if own else [])]
        self.overrides = overrides
        self.config = config
        self.limits = limits
        self._last_good = last_good
        self.sources: dict[str, Document] = {}
        self.older: dict[str, FallbackVersion] = {}
        self.faults: list[Fault] = []
        self.stopping: list[Fault] = []
        self.broken: dict[str, BrokenRule] = {}
        #: Of each id and code, the id of the rule it belongs to, and its file.
        self.named: dict[str, tuple[str, str]] = {}
        self.used_settings: set[str] = set()
        self.replaced: list[Rule] = []
        #: Of the rules that others use, by code, their parameters and tables.
        self.numbers: dict[str, dict[str, Any]] = {}

    def load(self, packs: Sequence[str] | None) -> Rulebook:
        documents = self._documents(packs)
        settings = self._settings([self._as_used(document) for _, document in documents])
        self._load_views()
        ground = Foundation(
            subjects=self._subjects(),
            views=self.views,
            settings=settings,
            overrides=self.overrides,
            folder=self.folder,
            own=self.own,
        )
        rules = {id_: replace(rule, shadow=_is_in_shadow(rule, ground)) for id_, rule in self._rules(documents, ground).items()}
        self._check_settings_are_of_rules(rules)
        # An id that belongs to a rule in use stays that rule's: its alerts go on.
        broken = tuple(replace(one, id=place) if one.id in rules else one for place, one in self.broken.items())
        enabled = {id_: _is_enabled(rule.file, ground) for id_, rule in rules.items()}
        return Rulebook(
            rules=tuple(rule for id_, rule in rules.items() if enabled[id_]),
            off=tuple(rule for id_, rule in rules.items() if not enabled[id_]),
            broken=broken,
            replaced=tuple(self.replaced),
            subjects=ground.subjects,
            views=ground.views,
            settings=ground.settings,
            overrides=ground.overrides,
            faults=tuple(self.faults),
            stopping=tuple(self.stopping),
            ids=frozenset(rules) | {rule.id for rule in broken},
            folder=self.folder,
            own=self.own,
            numbers={**{rule.code: rule.numbers for rule in rules.values()}, **self.numbers},
            sources=self.sources,
            older=self.older,
        )

    def _documents(self, packs: Sequence[str] | None) -> list[tuple[str, Document]]:
        """Return the rule files of these packs, each with its pack."""
        if packs is None:
            # The council's own come last, so that they can stand for any other.
            packs = sorted(self._packs() - {"subjects"}, key=lambda name: (name == LOCAL_PACK, name))
        found: list[tuple[str, Document]] = []
        for index, pack in enumerate(packs):
            if pack not in self._packs():
                remedy = did_you_mean(pack, self._packs()) or "Check `rules: packs:` in config.yaml."
                self.stop(f"there is no rule pack '{pack}' in {self.folder.as_posix()}", ("packs", index), remedy)
                continue
            found += [(pack, load(path, shown=True)) for path in self._files(pack, "*.yaml")]
        return found

    def _rules(self, documents: Sequence[tuple[str, Document]], ground: Foundation) -> dict[str, Rule]:
        """Return the rules of these files, each with its pack, by their ids."""
        self.numbers = self._numbers([document for _, document in documents], ground)
        ground = replace(ground, numbers=self.numbers)
        rules: dict[str, Rule] = {}
        for pack, document in documents:
            self._add(rules, document, pack, ground)
        return rules

    def _numbers(self, documents: Sequence[Document], ground: Foundation) -> dict[str, dict[str, Any]]:
        """Return the parameters and tables of the rules that others use, by their codes. A rule that stands for one has its own."""
        written = [self._as_used(document) for document in documents]
        used = {code for value in written for code in _texts_of(value.get("uses"))}
        found: dict[str, dict[str, Any]] = {}
        codes = {value.get("id"): value.get("code") for value in written}
        for value in written if used else ():
            named = used & {value.get("code"), codes.get(value.get("replaces"))}
            with suppress(ValidationError):
                file = RuleFile.model_validate(value) if named else None
                found |= {code: numbers_of(file, ground.setting(file), ground.settings.params) for code in named if file}
        return found

    def _as_used(self, document: Document) -> dict[str, Any]:
        """Return what a rule file says: in its last good version where today's cannot be read."""
        good = self.last_good.get(self._name(document)) if document.faults else None
        value = load_text(document.file, good.text).value if good else document.value
        return value if isinstance(value, dict) else {}

    def _name(self, document: Document) -> str:
        """Return the path of a file in the folder of rules."""
        path = Path(document.file)
        within = next(folder for folder in reversed(self.folders) if path.is_relative_to(folder.as_posix()))
        return path.relative_to(within.as_posix()).as_posix()

    def _packs(self) -> set[str]:
        return {path.name for folder in self.folders for path in folder.iterdir() if path.is_dir()}

    def _files(self, within: str, pattern: str) -> list[Path]:
        """Return the files of a folder within that of the rules; one of the council's own stands for one of the same name."""
        found = {path.name: path for folder in self.folders for path in (folder / within).glob(pattern)}
        return [found[name] for name in sorted(found)]

    @cached_property
    def last_good(self) -> Mapping[str, LastGoodText]:
        return self._last_good()

    def fault(self, problem: str, where: Place | None, remedy: str = "", severity: Literal["error", "warning"] = "error") -> None:
        self.faults.append(Fault(problem=problem, where=where, remedy=remedy, severity=severity))

    def stop(self, problem: str, path: KeyPath, remedy: str = "") -> None:
        """Note a fault of the overrides that no one rule can be left out for."""
        self.fault(problem, self.place(path), remedy)
        self.stopping.append(self.faults[-1])

    def place(self, path: KeyPath) -> Place | None:
        """Return where an override is written, where that is known."""
        return self.config.place(("rules", *path), key=isinstance(path[-1], str)) if self.config else None

    def _check_settings_are_of_rules(self, rules: Mapping[str, Rule]) -> None:
        known = {rule.code: rule.id for rule in rules.values()} | {broken.code: broken.id for broken in self.broken.values()}
        for name in self.overrides.settings:
            if name not in {*self.used_settings, *known, *known.values()}:
                remedy = did_you_mean(name.upper(), list(known)) or did_you_mean(name, list(known.values()))
                problem = f"`rules: settings:` names a rule '{name}' that is not there"
                self.fault(problem, self.place(("settings", name)), remedy, "warning")
        self._check_misled(list(known))

    def _check_misled(self, codes_there_are: list[str]) -> None:
        """Find columns and codes that are not there, of which nothing would come."""
        columns = [f"{table.name}.{column}" for table in TABLES.values() for column in table.columns]
        for column, codes in misled_by_gaps(self.overrides.params).items():
            wrong = (
                {column: columns}
                if column not in columns
                else dict.fromkeys(sorted(codes.difference(codes_there_are)), codes_there_are)
            )
            for name, right in wrong.items():
                problem = f"`rules: params: misled_by_gaps:` names '{name}', which is not there"
                self.fault(problem, self.place(("params", "misled_by_gaps", column)), did_you_mean(name, right), "warning")

    def _mended(self, document: Document, use: Callable[[Document], _Found | None]) -> _Found | None:
        """Use a file; where that gives faults, in its last good version, if there is one. The faults are told all the same.

        use: notes a file's faults, and returns None where there are any.
        """
        before, named = len(self.faults), dict(self.named)
        name = self._name(document)
        found = use(document)
        if found is not None:
            self.sources[name] = document
            return found
        good = self.last_good.get(name)
        if good is None or good.text == document.text or not Path(document.file).exists():
            return None
        noted, named_today, self.named = list(self.faults), self.named, named
        earlier = (Document if name.endswith(".sql") else load_text)(file=document.file, text=good.text, shown=True)
        found = use(earlier)
        self.faults = noted
        if found is None:
            self.named = named_today
            return None
        self.sources[name] = earlier
        first = next(fault for fault in noted[before:] if fault.severity == "error")
        self.older[name] = FallbackVersion(file=name, seen_on=good.seen_on, fault=first)
        remedy = "Put the file right; nothing else needs to be done."
        problem = f"until this is put right, its version of {day(good.seen_on)} is used"
        self.fault(problem, Place(file=document.file), remedy, "warning")
        return found

    def _read(self, document: Document, model: type[_Model]) -> _Model | None:
        value = document.check(model) if not document.faults else None
        self.faults += document.faults
        return value

    def _load_views(self) -> None:
        """Read the shared views. One that reads another that cannot be used cannot be used either."""
        paths = self._files("subjects/_views", "*.sql")
        self.view_names = frozenset(path.stem for path in paths)
        documents = [load_plain(path, shown=True) for path in paths]
        read_ahead(document.text for document in documents)
        found = {path.stem: self._mended(document, self._use_view) for path, document in zip(paths, documents, strict=True)}
        self.views = {name: text for name, text in found.items() if text is not None}
        while spoilt := {name for name, text in self.views.items() if self._spoilt(text)}:
            self.views = {name: text for name, text in self.views.items() if name not in spoilt}

    def _spoilt(self, sql: str) -> list[str]:
        """Return the views that a text of SQL reads and that cannot be used."""
        read = names_in(sql).tables
        return sorted(name for name in self.view_names - self.views.keys() if name.lower() in read)

    def _use_view(self, document: Document) -> str | None:
        self.faults += document.faults
        found = () if document.faults else find_sql_faults(document.text, self.view_names - {Path(document.file).stem})
        for one in found:
            self.fault(one.problem, document.offset_place(one.offset, one.length), one.remedy)
        return None if document.faults or found else only_statement(document.text)

    def _settings(self, written: Sequence[Mapping[str, Any]]) -> Settings:
        """Return the shared settings, with what config.yaml says of them. written: what each rule file says."""
        found = self._mended(load(self.folder / "settings.yaml", shown=True), self._use_settings)
        if found is None:
            raise Faults(self.faults)
        self.overrides = share_out(self.overrides, written, found.params)
        settings, faults = apply_overrides(found, self.overrides, self.place)
        self.faults += faults
        self.stopping += [fault for fault in faults if fault.severity == "error"]
        return replace(settings, limits=self.limits)

    def _use_settings(self, document: Document) -> SettingsFile | None:
        found = self._read(document, SettingsFile)
        faults = find_settings_faults(document, found) if found else []
        self.faults += faults
        return None if faults else found

    def _subjects(self) -> dict[str, Subject]:
        paths = self._files("subjects", "*.yaml")
        documents = [load(path, shown=True) for path in paths]
        values = [document.value for document in documents if isinstance(document.value, dict)]
        read_ahead(text for value in values for key in ("sql", "left_when") if isinstance(text := value.get(key), str))
        found = [self._mended(document, self._use_subject) for document in documents]
        return {subject.id: subject for subject in found if subject is not None}

    def _use_subject(self, document: Document) -> Subject | None:
        subject = self._read(document, Subject)
        if subject is None:
            return None
        name = Path(document.file).name
        named = [getattr(subject, part) for part in _NAMING_COLUMNS]
        unknown = [column for column in named if column and column not in subject.columns]
        for column in unknown:
            part = next(part for part in _NAMING_COLUMNS if getattr(subject, part) == column)
            remedy = did_you_mean(column, subject.columns)
            self.fault(f"'{column}' is not one of the columns", document.place((part,)), remedy)
        if subject.id != name.removesuffix(".yaml"):
            self.fault(f"the id is '{subject.id}' but the file is {name}", document.place(("id",)), "Give both one name.")
        if not (subject.team or subject.service):
            remedy = "Add `team:`, the column with the team that answers, or `service:` for what has no team of its own."
            self.fault("it does not say who answers for it", document.place(("about",)), remedy)
            unknown.append("team")
        unknown += self._answers_faults(document, subject)
        written = [(part, sql) for part in ("sql", "left_when") if (sql := getattr(subject, part))]
        found = [
            (part, one)
            for part, sql in written
            for one in find_sql_faults(sql, self.view_names, live=part == "left_when", of_run=part == "sql")
        ]
        for part, one in found:
            self.fault(one.problem, document.value_place((part,), one.offset, one.length or None), one.remedy)
        spoilt = [(part, view) for part, sql in written for view in self._spoilt(sql)]
        for part, view in spoilt:
            where, remedy = document.place((part,), key=True), f"Put subjects/_views/{view}.sql, or what it reads, right first."
            self.fault(f"the view {view} that it reads cannot be used", where, remedy)
        return (
            None
            if unknown or found or spoilt
            else self._disclosed(document, subject.model_copy(update={part: only_statement(sql) for part, sql in written}))
        )

    def _answers_faults(self, document: Document, subject: Subject) -> list[str]:
        """Note, and return, what is wrong with whose answers a subject reads."""
        own = names_in(subject.sql).tables & RUN_TABLES.keys()
        if own and not subject.answers_of:
            remedy = "Add `answers_of:` with the codes of the rules that it reads of, or `answers_of: all`."
            self.fault(
                f"its SQL reads {listed(sorted(own))}, and it does not say of which rules",
                document.place(("sql",), key=True),
                remedy,
            )
            return ["answers_of"]
        return []

    def _disclosed(self, document: Document, subject: Subject) -> Subject | None:
        """Return a subject as private as it is; None where it tells of children without saying so."""
        faults = list(find_disclosure_faults(document, subject, self.views))
        subject, warnings = as_private_as_it_is(document, subject, self.views)
        self.faults += [*faults, *warnings]
        return None if faults else subject

    def _add(self, rules: dict[str, Rule], document: Document, pack: str, ground: Foundation) -> None:
        before, path = len(self.faults), Path(document.file)
        rule = self._mended(document, lambda document: self._use_rule(document, rules, pack, ground))
        if rule is None:
            value = document.value if isinstance(document.value, dict) else dict(_IDENTITY.findall(document.text))
            first = next(fault for fault in self.faults[before:] if fault.severity == "error")
            self.broken[f"{pack}/{path.stem}"] = BrokenRule(
                id=str(value.get("id") or path.stem),
                code=str(value.get("code") or path.stem),
                job=str(value.get("job") or "daily"),
                problem=f"{first.where}: {first.problem}" if first.where else first.problem,
            )
            return
        if rule.file.replaces:
            self.replaced.append(rules.pop(rule.file.replaces))
        rules[rule.id] = rule

    def _use_rule(self, source: Document, rules: Mapping[str, Rule], pack: str, ground: Foundation) -> Rule | None:
        before = len(self.faults)
        compiled = compile_source(source, ground, pack=pack)
        if compiled.file is not None:
            self._check_identity(rules, source, compiled.file, Path(source.file))
            self._check_setting(compiled.file, ground)
        self.faults += compiled.faults
        return None if any(fault.severity == "error" for fault in self.faults[before:]) else compiled.rule

    def _check_setting(self, file: RuleFile, ground: Foundation) -> None:
        """Note what config.yaml says of this rule's parameters and tables and cannot say."""
        name, setting = ground.setting_name(file), ground.setting(file)
        self.used_settings.add(name)
        tables = apply_tables(file, setting)
        for found in tables.faults:
            where = self.place(("settings", name, *found.path))
            self.fault(f"`rules: settings: {file.code}:` {found.problem}", where, found.remedy, found.severity)
        shared = {name: ground.settings.params.get(called) for name, called in file.shared_params.items()}
        shipped = {**ground.settings.params, **shared, **file.params}
        given = {param: value for param, value in setting.params.items() if param not in tables.old_names}
        for param, wrong in unfit(given, shipped).items():
            problem = f"{param} {wrong}" if wrong else f"names a parameter '{param}' it does not have"
            remedy = f"The rule's file has {shipped[param]}." if wrong else did_you_mean(param, shipped)
            where = self.place(("settings", name, "params", param))
            self.fault(f"`rules: settings: {file.code}:` {problem}", where, remedy)

    def _check_identity(self, rules: Mapping[str, Rule], document: Document, file: RuleFile, path: Path) -> None:
        if file.id != path.stem:
            remedy = f"Write `id: {path.stem}`, or call the file {file.id}.yaml."
            self.fault(f"the id is '{file.id}' but the file is {path.name}", document.place(("id",)), remedy)
        if file.replaces and file.replaces not in rules:
            where = document.place(("replaces",))
            self.fault(f"'{file.replaces}' is not a rule of an earlier pack", where, did_you_mean(file.replaces, rules))
        if file.replaces:
            self.named = {name: found for name, found in self.named.items() if found[0] != file.replaces}
        if file.id in self.named:
            problem = f"the rule id '{file.id}' is used twice, first in {self.named[file.id][1]}"
            remedy = f"Rename one, or write `replaces: {file.id}` if this one is to stand for it."
            self.fault(problem, document.place(("id",)), remedy)
        owner, place = self.named.get(file.code, (file.id, ""))
        if owner != file.id:
            remedy = "Give one of them another code."
            self.fault(f"the code {file.code} is used twice, first in {place}", document.place(("code",)), remedy)
        for name in (file.id, file.code):
            self.named.setdefault(name, (file.id, path.as_posix()))


def _texts_of(value: object) -> list[str]:
    """Return the texts of a mapping's values, and none of what is no mapping."""
    return [text for text in value.values() if isinstance(text, str)] if isinstance(value, dict) else []


def _is_in_shadow(rule: Rule, ground: Foundation) -> bool:
    """Return whether a rule is tried first. What is statutory or critical is only where it is named itself, and not by its pack."""
    names, given = {rule.code, rule.id}, ground.overrides
    if names & set(given.promoted):
        return False
    may_wait = rule.basis_kind != "statutory" and Level.critical not in rule.levels
    return rule.file.shadow or bool(names & set(given.shadow)) or (may_wait and rule.pack in given.shadow)


def _is_enabled(rule: RuleFile, ground: Foundation) -> bool:
    """Return whether runs ask a rule: as config.yaml says, else as its own file does."""
    own = ground.setting(rule).enabled
    return rule.enabled if own is None else own

"""What all rules share: rules/settings.yaml with its parameters, code maps and bank holidays, as config.yaml sets them here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from alerting.casedata.catalogue import Settings
from alerting.casedata.codes import CodeMap, norm
from alerting.clocks import ASK, CLOCKS, OFFICE, minutes_of
from alerting.documents.document import Document, KeyPath, did_you_mean
from alerting.errors import Fault, Place
from alerting.formatting import listed
from alerting.rulebook.file_models import CodeWords, Overrides, SettingsFile
from alerting.working_days import TERM_ENDS, read_term_end

_NEEDED = ("row_count_tolerance", "max_row_change", "max_row_change_at_least", "max_load_age_wd", "min_fill", "min_fill_at_least")
"""The shared parameters that the service itself reads: when data is not believed."""

_NUMBERS = ("reopen_window_wd", "held_too_long_wd", "critical_waits_wd", "alert_budget", "all_clear_days", "done_days")
"""Shared parameters that the service reads where they are there: settings of an earlier version may lack them."""


_CLOCK, _TERMS = "front_door_clock", "term_ends"
_SCORECARD, _TARGETED, _PARTS_OF_TARGET = "scorecard", "scorecard_rules", 3
_MISLED = "misled_by_gaps"


def find_settings_faults(document: Document, found: SettingsFile) -> list[Fault]:
    """Find what the service itself reads and that is missing or not what it can be. document: of settings.yaml."""
    given = [name for name in _NUMBERS if name in found.params]
    faults = []
    for name in (*_NEEDED, *given):
        there, value = name in found.params, found.params.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            problem = f"`params.{name}` should be a number" if there else f"the number `{name}` is missing"
            remedy = "Write it in digits." if there else f"Add `{name}:` as it is in the shipped settings."
            faults.append(Fault(problem=problem, where=document.place(("params", name)), remedy=remedy))
    for name, (problem, remedy) in _wrong_values(found.params).items():
        faults.append(Fault(problem=f"`params.{name}` {problem}", where=document.place(("params", name)), remedy=remedy))
    return faults


def _wrong_values(params: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the parameters that are not what the service can work with, each with what is wrong and what to write."""
    return _wrong_calendar(params) | _wrong_targets(params)


def _wrong_targets(params: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return what is wrong with the targets of the scorecard, with the rules that each is the target of, or that gaps in a column mislead."""
    wrong: dict[str, tuple[str, str]] = {}
    for name in (each for each, target in _pairs(params, _SCORECARD) if not _is_target(target)):
        wrong[_SCORECARD] = (
            f"has no target for {name}",
            f"Write two shares, the higher first, and a number of cases: {name}: [0.90, 0.80, 10].",
        )
    for table in (_TARGETED, _MISLED):
        for name in (each for each, codes in _pairs(params, table) if not isinstance(codes, (list, tuple))):
            wrong[table] = (f"has no list for {name}", f"Write codes in square brackets, such as {name}: [CP-03].")
    return wrong


def _pairs(params: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    given = params.get(name)
    return [(str(key), value) for key, value in given.items()] if isinstance(given, Mapping) else []


def _is_target(given: object) -> bool:
    """Return whether a value is a share from which work is on target, one from which it is only below it, and of how many at least."""
    if not isinstance(given, (list, tuple)) or len(given) != _PARTS_OF_TARGET:
        return False
    are_numbers = all(isinstance(part, (int, float)) and not isinstance(part, bool) for part in given)
    return are_numbers and 0 <= given[1] <= given[0] <= 1 and given[2] >= 0


def _wrong_calendar(params: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the parameters that times are reckoned by and that are none they can be reckoned by, each with what is wrong and what to write."""
    wrong = {
        name: ("is no time of day", 'Write it in quotes, such as "09:00".')
        for name in (*OFFICE, *ASK)
        if name in params and minutes_of(str(params[name])) is None
    }
    opens, closes = (minutes_of(str(params.get(name, shipped))) for name, shipped in OFFICE.items())
    if opens is not None and closes is not None and closes <= opens:
        wrong["office_to"] = ("is not later than office_from", "Hours are counted from office_from until office_to of one day.")
    ends = params.get(_TERMS, TERM_ENDS)
    unread = [str(one) for one in ends if not read_term_end(str(one))] if isinstance(ends, (list, tuple)) else [str(ends)]
    if unread or not ends:
        named = f"has what is no day: {', '.join(unread)}" if unread else "is empty"
        wrong[_TERMS] = (named, "Write days of every year or of one, such as [31 December, 2027-03-24].")
    if params.get(_CLOCK, CLOCKS[0]) not in CLOCKS:
        wrong[_CLOCK] = ("is no clock", did_you_mean(str(params[_CLOCK]), list(CLOCKS)) or f"Write {listed(CLOCKS, 'or')}.")
    return wrong


def _owners_of_nothing(params: Mapping[str, Any]) -> dict[str, str]:
    """Return the tables with an owner who will be told of nothing, each with the remedy."""
    owners, columns = params.get("table_owners"), params.get("hand_kept")
    if not isinstance(owners, Mapping) or not isinstance(columns, Mapping):
        return {}
    kept = sorted({str(column).partition(".")[0] for column in columns})
    none = f"Its owner is told of nothing. Those that stand still are looked for among {', '.join(kept)}."
    return {str(table): did_you_mean(str(table), kept) or none for table in owners if str(table).casefold() not in kept}


def share_out(overrides: Overrides, written: Iterable[Mapping[str, Any]], shared: Mapping[str, Any]) -> Overrides:
    """Return what config.yaml says, with what it sets for a rule under the rule's own name for a shared parameter set for the shared one.

    written: what each rule file says. shared: the shared parameters, as they are shipped. What config.yaml says of one by its own name
    goes before; what cannot be set stays where it is written, to be told there.
    """
    settings, params = dict(overrides.settings), dict(overrides.params)
    for value in written:
        for called in {name for name in (value.get("code"), value.get("id")) if isinstance(name, str)} & settings.keys():
            own = _fitting_names(value.get("shared_params"), settings[called].params, shared)
            params = {**{name: settings[called].params[mine] for mine, name in own.items()}, **params}
            rest = {name: given for name, given in settings[called].params.items() if name not in own}
            settings[called] = settings[called].model_copy(update={"params": rest})
    return overrides.model_copy(update={"settings": settings, "params": params})


def _fitting_names(names: object, given: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, str]:
    """Return a rule's own names that are set to what the shared parameter of each may be, with that one's name."""
    if not isinstance(names, Mapping):
        return {}
    known = {mine: name for mine, name in names.items() if isinstance(name, str) and name in shared and mine in given}
    return {mine: name for mine, name in known.items() if not describe_mismatch(given[mine], shared[name])}


def apply_overrides(
    found: SettingsFile, overrides: Overrides, place: Callable[[KeyPath], Place | None]
) -> tuple[Settings, list[Fault]]:
    """Return the shared settings with what config.yaml says of them, and the faults of what it cannot say.

    place: returns where an override is written, by its path below `rules:`.
    """
    faults: list[Fault] = []

    def fault(problem: str, path: KeyPath, remedy: str) -> None:
        faults.append(Fault(problem=problem, where=place(path), remedy=remedy))

    params = dict(found.params)
    for name, value in overrides.params.items():
        if name not in found.params:
            problem = f"`rules: params:` names a shared parameter '{name}' that is not there"
            fault(problem, ("params", name), did_you_mean(name, found.params))
        elif wrong := describe_mismatch(value, found.params[name]):
            fault(f"`rules: params: {name}:` {wrong}", ("params", name), f"settings.yaml has {found.params[name]}.")
        else:
            params[name] = value
    for name, (problem, remedy) in _wrong_values(params).items():
        fault(f"`rules: params: {name}:` {problem}", ("params", name), remedy)
    for table, remedy in _owners_of_nothing(params).items():
        problem = f"`rules: params: table_owners:` names '{table}', which is not among the tables that `hand_kept` looks at"
        faults.append(Fault(problem=problem, where=place(("params", "table_owners", table)), remedy=remedy, severity="warning"))
    codes = {name: _code_map(file, overrides.codes.get(name, {})) for name, file in found.codes.items()}
    for name, file in found.codes.items():
        for code in overrides.codes.get(name, {}):
            if code.upper() not in file.codes:
                remedy = f"Its codes are: {', '.join(sorted(set(file.codes)))}."
                fault(f"`rules: codes: {name}:` has no code '{code}'", ("codes", name, code), remedy)
    for name in overrides.codes:
        if name not in codes:
            fault(f"`rules: codes:` names a code map '{name}' that is not there", ("codes", name), did_you_mean(name, codes))
    return Settings(params=params, codes=codes, bank_holidays=_bank_holidays(found, overrides)), faults


def _bank_holidays(found: SettingsFile, overrides: Overrides) -> frozenset[date]:
    """Return the shipped bank holidays, or those of the council's own list, with the single days that it changes."""
    listed_days = found.bank_holidays if overrides.bank_holidays is None else overrides.bank_holidays
    changes = overrides.bank_holiday_changes
    return (frozenset(listed_days) | set(changes.add)) - set(changes.remove)


def _code_map(file: CodeWords, own: dict[str, tuple[str, ...]]) -> CodeMap:
    words = {word: code for code, listed in file.words.items() for word in listed}
    given = {norm(word) or "": code.upper() for code, listed in own.items() for word in listed}
    return CodeMap(frozenset(file.codes), words, given)


def unfit(given: Mapping[str, Any], shipped: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters that cannot be set so, each with what is wrong; nothing is said of one that is not there."""
    wrong = {name: describe_mismatch(value, shipped[name]) if name in shipped else "" for name, value in given.items()}
    return {name: problem for name, problem in wrong.items() if problem or name not in shipped}


def describe_mismatch(value: object, shipped: object) -> str:
    """Return how a parameter's value is of another kind than the one it stands for: `is a text, but stands for a number`."""
    kind, wanted = name_kind(value), name_kind(shipped)
    return "" if shipped is None or kind == wanted else f"is {kind}, but stands for {wanted}"


def name_kind(value: object) -> str:
    """Name the kind of a parameter's value in a sentence: `a number`."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "a yes-or-no"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, Mapping):
        return "a table"
    return "a list" if isinstance(value, (list, tuple)) else "a text"

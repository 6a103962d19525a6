"""A draft of a rule of the council's own: begun, checked as the service would be with it, and written where the rules are.

What is checked is a copy of the council's folder with the draft in it, read by the loader that reads the folder itself.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from alerting import private_files
from alerting.app import App
from alerting.authoring.check import check_rule_of
from alerting.authoring.copy_rule import plan_copy
from alerting.authoring.draft import find_rule
from alerting.authoring.examples import ExampleResult, try_all_examples
from alerting.documents.report import faults_of, ordered
from alerting.errors import AlertingError, Excerpt, Fault, HandlingError, Place
from alerting.formatting import visible
from alerting.rulebook.loader import LOCAL_PACK
from alerting.rulebook.rule import Rule
from alerting.store.rule_drafts import RuleDraft, mark_of

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
LONGEST = 30_000
"""Characters of a draft: more is no rule."""


@dataclass(frozen=True, kw_only=True)
class Begun:
    """What a draft begins with."""

    #: The rule's id.
    rule: str
    text: str
    #: The mark of the file that there is; None where there is none.
    based_on: str | None


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What is found of a draft."""

    #: None where it cannot be used.
    rule: Rule | None
    faults: Sequence[Fault]
    examples: Sequence[ExampleResult]

    @property
    def is_sound(self) -> bool:
        """Whether it may be released: warnings may stand, and an example that is not lived up to may not."""
        return (
            self.rule is not None
            and not any(fault.severity == "error" for fault in self.faults)
            and not any(one.wrong for one in self.examples)
        )


def begin(app: App, name: str, *, beside: bool, title: str | None) -> Begun:
    """Return what a draft of a rule begins with, by the rule's code: the council's own file, or a copy that takes a shipped one's place.

    beside: a copy that stands beside it, off until its author has it asked. Raises AlertingError where there can be none.
    """
    source = find_rule(app.book, name)
    if source.pack == LOCAL_PACK and not beside:
        place = place_of(app, source.id)
        try:
            raw = place.read_bytes()
            return Begun(rule=source.id, text=raw.decode("utf-8-sig"), based_on=mark_of(raw))
        except (OSError, UnicodeDecodeError):
            raise HandlingError(f"{place.name} cannot be read in the council's folder of rules") from None
    copy = plan_copy(app, name, id_=None, code=None, title=title or None, replaces=not beside)
    return Begun(rule=copy.id, text=copy.text.removeprefix("\ufeff"), based_on=None)


def check_text(app: App, rule: str, text: str, today: date) -> Checked:
    """Return what is wrong with a draft of a rule, as `alerting check` would say it were it in the council's folder."""
    try:
        return _check(app, rule, text, today)
    except OSError as error:
        faults = [Fault(problem=f"the council's folder of rules cannot be read ({error.strerror or 'its files'})")]
    except AlertingError as error:  # such as of its settings.yaml
        faults = [replace(fault, where=None) for fault in faults_of(error)]
    return Checked(rule=None, faults=faults, examples=[])


def _check(app: App, rule: str, text: str, today: date) -> Checked:
    folder = _folder(app)
    with private_files.for_a_moment() as copied:
        if folder.is_dir():
            # Of a folder that is kept by git the history has no rules, and can be larger than all else.
            shutil.copytree(folder, copied, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git"))
        place = copied / LOCAL_PACK / f"{rule}.yaml"
        private_files.write(private_files.make_folder(place.parent) / place.name, text)
        with_it = app.with_rules(copied)
        found = next((one for one in with_it.book.every if Path(one.place) == place), None)
        faults = [*with_it.book.faults, *(check_rule_of(with_it, found, today) if found else ())]
        examples = try_all_examples([found], with_it.book) if found else []
    home = [_at_home(fault, copied, folder) for fault in faults]
    # What else is wrong with the rules today is told elsewhere.
    known, mine = set(app.book.faults), (folder / LOCAL_PACK / f"{rule}.yaml").as_posix()
    new = [fault for fault in home if (fault.where and fault.where.file == mine) or fault not in known]
    return Checked(rule=found, faults=ordered([*_unseen(text, mine), *new]), examples=examples)


def _unseen(text: str, file: str) -> Iterator[Fault]:
    """Yield the lines whose reader does not see what a run would read: to some characters a comment ends, others turn a line round."""
    for number, line in enumerate(text.split("\n"), 1):
        seen = visible(line, keep="\t\r")
        if seen != line:
            column = next(place for place, (one, other) in enumerate(zip(line, seen, strict=True), 1) if one != other)
            yield Fault(
                problem="there is a character here that cannot be seen",
                where=Place(
                    file=file, line=number, column=column, excerpt=Excerpt(line=line, column=column, end_column=column + 1)
                ),
                remedy="Whoever releases it must see all of it: take it out, or type the line anew.",
            )


def must_be_sound(app: App, draft: RuleDraft, today: date) -> None:
    """Raise HandlingError where a draft has faults, so that it may not be released. Takes a second or two: all rules are read with it."""
    if not check_text(app, draft.rule, draft.text, today).is_sound:
        raise HandlingError("it has faults: put them right first")


def must_be_in_place(app: App, draft: RuleDraft) -> bool:
    """Return whether a draft is written already where the council's own rules are.

    Raises HandlingError where it may not be, as its file is not as it was when the draft was begun.
    """
    place = place_of(app, draft.rule)
    try:
        there = mark_of(place.read_bytes()) if place.exists() else None
    except OSError as error:
        raise HandlingError(f"{place.name} cannot be read in the council's folder of rules ({error.strerror})") from None
    if there not in (draft.mark, draft.based_on):
        raise HandlingError(
            f"{place.name} was {'changed' if there else 'deleted'} in the folder of rules since the draft was begun: "
            "begin a draft anew from the file as it is"
            if draft.based_on
            else f"there is a file {place.name} in the folder of rules by now, and the draft does not come from it"
        )
    return there == draft.mark


def write(app: App, draft: RuleDraft) -> Path:
    """Write a draft where the council's own rules are, whole and for its owner alone, and return its file; one that is there is left.

    Who calls it has seen that it is sound, and has kept that it is released: a rule in the folder that nobody released must not be.
    Raises HandlingError, having written nothing, as `must_be_in_place` does and where it cannot be written.
    """
    place = place_of(app, draft.rule)
    if not must_be_in_place(app, draft):
        try:
            private_files.make_folder(place.parent)
            private_files.write(place, draft.text, keep_rights=True, lasting=True)
        except OSError as error:
            raise HandlingError(f"{place.name} cannot be written ({error.strerror}), and nothing was") from None
    return place


def place_of(app: App, rule: str) -> Path:
    """Return the file of a rule of the council's own, by its id. Raises HandlingError where that would lie outside its folder."""
    folder = _folder(app)
    place = folder / LOCAL_PACK / f"{rule}.yaml"
    is_within = place.parent.resolve() == folder.resolve() / LOCAL_PACK and not place.is_symlink()
    if not (_ID.fullmatch(rule) and is_within):
        raise HandlingError("its file would not lie in the council's own folder of rules")
    return place


def _folder(app: App) -> Path:
    return app.loaded.folder / app.loaded.config.rules.path


def _at_home(fault: Fault, copied: Path, folder: Path) -> Fault:
    """Return a fault of the copy at its place in the folder."""
    if fault.where is None or not Path(fault.where.file).is_relative_to(copied):
        return fault
    file = folder / Path(fault.where.file).relative_to(copied)
    return replace(fault, where=replace(fault.where, file=file.as_posix()))

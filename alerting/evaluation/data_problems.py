"""What is wrong with a day's data, for those who look after the service: one cause once, with all that it touches."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from alerting.casedata.column_checks import ADDRESSES
from alerting.casedata.directory import unread_ends, unusable_addresses
from alerting.casedata.divided_source import KEPT_APART, left_beside_case_data
from alerting.casedata.kept_directory import PEOPLE
from alerting.casedata.not_understood import Kind, NotUnderstood, find_not_understood
from alerting.casedata.restricted_list import RESTRICTED
from alerting.casedata.snapshot import Snapshot, Source, Wanted
from alerting.casedata.trust import Trust
from alerting.errors import SourceError
from alerting.evaluation.allocation import OF_ROLES
from alerting.formatting import listed, plural
from alerting.model import Problem
from alerting.rulebook.book import Rulebook
from alerting.rulebook.rule import Rule

_LISTS = frozenset({"roles", "flags"})
"""Vocabularies whose words belong to lists, and stand for no code."""
_ADDRESSES = ".".join(ADDRESSES)
_SHOWN = 3
"""How many places or ways of writing are named; the others are counted."""


def data_problems(
    readers: Readers, snapshot: Snapshot, wanted: Wanted, judged: Trust, source: Source, lost: SourceError | None
) -> Iterator[Problem]:
    """Yield what is wrong with the data, with the rules that read it. lost: why nothing at all could be read."""
    unclear = find_not_understood(snapshot, wanted)
    if lost:
        # Said once, with what was found instead.
        text = f"nothing could be read: {lost.problem}. {' '.join(lost.remedy.split())}".strip(". ")
        yield Problem(about="the case data", text=text, rules=readers.codes(*wanted), stops=True)
    yield from (readers.of(problem) for problem in _doubts(judged, unclear, lost))
    yield from _taken_off(judged)
    yield from (Problem(about=unknown.about, text=unknown.problem(source, _SHOWN)) for unknown in judged.unknown_ids)
    unusable = _unusable(snapshot, judged)
    yield from (readers.of(problem) for problem in judged.told if unusable is None or problem.about != unusable.about)
    for one in unclear:
        if one.may_do_harm and not {one.about, _told_with(one)} & judged.problems.keys():
            said = f"{one.about}: {_told(one)}"
            yield readers.of(Problem(about=one.about, text=said, remedy=what_to_do(one), paste=lines_to_paste(one)))
    yield from _left_out(snapshot)
    if unusable is not None:
        yield readers.of(unusable)
    yield from _unread_ends(snapshot, judged)
    yield from _left(snapshot)


class Readers:
    """Which rules read what."""

    def __init__(self, book: Rulebook, rules: Iterable[Rule]) -> None:
        self._book, self._rules = book, tuple(rules)
        self._needs: Mapping[str, frozenset[str]] | None = None

    def codes(self, *abouts: str) -> tuple[str, ...]:
        """Return the codes of the rules that read any of these tables and columns."""
        if self._needs is None:
            self._needs = {rule.code: self._book.needs(rule) for rule in self._rules}
        return tuple(sorted(code for code, needs in self._needs.items() if needs & set(abouts)))

    def of(self, problem: Problem) -> Problem:
        """Return a problem with the rules that read what it is about."""
        return replace(problem, rules=self.codes(problem.about, *problem.also))


def what_to_do(one: NotUnderstood) -> str:
    """Return what is to be done about cells that are not understood, in a sentence or two."""
    match one.kind:
        case Kind.damaged:
            return "Have the file exported again, as UTF-8."
        case Kind.unreadable if one.vocabulary is None:
            return f"What is read is {one.accepted}. Have the extract write it so."
        case Kind.unreadable:
            return f"What is read is {one.accepted}. Map other words with `{map_command(one)}`, LIST being yes_words or no_words."
        case Kind.unmapped if one.vocabulary is None:
            return "Have them put right where the data comes from."
        case Kind.unmapped:
            return f"Map them with `{map_command(one)}`."
    return f"Say what each is with `{map_command(one)}`; one that says nothing of whose case it is goes to other_roles."


def map_command(one: NotUnderstood) -> str:
    """Return the command that maps the commonest of the words that may be shown."""
    return _map_word(one, one.words[0] if one.words else "WORD")


def _map_word(one: NotUnderstood, word: str) -> str:
    quoted = f'"{word}"' if not any(sign in word for sign in '"$`!\\%') else '"WORD"'
    # Which list a word belongs to is left open: a line that is pasted as it stands must not say that a no is a yes.
    meaning = "LIST" if one.vocabulary in _LISTS else "CODE"
    return f"alerting source map {one.vocabulary} {quoted} {meaning}"


def lines_to_paste(one: NotUnderstood) -> tuple[str, ...]:
    """Return the words that are not understood with how many cells hold each: as lines for config.yaml, in which each word's code is to be put,
    or as commands where the words belong to lists, of which config.yaml would have to hold the whole; none where no word may be shown.
    """
    words = [spelling for spelling in one.spellings if spelling.is_word]
    if not words or one.vocabulary is None:
        return ()
    if one.vocabulary in _LISTS:
        return tuple(f"{_map_word(one, word.shown)}  # in {plural(word.cells, 'cell')}" for word in words)
    # What JSON makes of a word is a text in YAML, whatever stands in it.
    lines = [f"      CODE: [{json.dumps(word.shown, ensure_ascii=False)}]  # in {plural(word.cells, 'cell')}" for word in words]
    return (
        "# in config.yaml, beside what stands there; in place of each CODE that of the word",
        "rules:",
        "  codes:",
        f"    {one.vocabulary}:",
        *lines,
    )


def _doubts(judged: Trust, unclear: Iterable[NotUnderstood], lost: SourceError | None) -> Iterator[Problem]:
    """Yield what is not trusted. What several tables have of one cause is one problem."""
    by_cause: dict[str, list[str]] = {}
    for about, why in judged.problems.items():
        if not (lost and why.endswith(lost.problem)):
            by_cause.setdefault(why, []).append(about)
    written = {_told_with(one): one for one in unclear}
    for why, abouts in by_cause.items():
        first, *others = sorted(abouts, key=lambda about: (about == RESTRICTED, about))
        if others:
            what = "columns" if all("." in about for about in abouts) else "tables"
            yield Problem(
                about=first, also=tuple(others), text=f"Each of {len(abouts)} {what} {why} ({listed(abouts)})", stops=True
            )
            continue
        one = written.get(first)
        if one and one.kind == Kind.role and not judged.releasable.get(first, {}).keys() & OF_ROLES:
            one = None  # the table is doubted for something else
        shown = f", written as {one.written_as(_SHOWN)}" if one and one.spellings else ""
        yield Problem(
            about=first,
            text=f"{first} {why}{shown}",
            stops=True,
            remedy=" ".join(filter(None, (judged.remedies.get(first), what_to_do(one) if one else ""))),
            paste=lines_to_paste(one) if one else (),
        )


def _told_with(one: NotUnderstood) -> str:
    """Return what is not trusted where this is why: roles are what a whole table is about."""
    return one.table if one.kind == Kind.role else one.about


def _told(one: NotUnderstood) -> str:
    first = f", first at {', '.join(one.places[:_SHOWN])}" if one.places else ""
    return f"{one.says()}{f', written as {one.written_as(_SHOWN)}' if one.spellings else ''}{first}"


def _taken_off(judged: Trust) -> Iterator[Problem]:
    """Return how many were taken off the list of restricted records; of one that is doubted nobody was."""
    if judged.restricted.removed and RESTRICTED not in judged.doubted:
        people = plural(judged.restricted.taken_off, "person", "people")
        yield Problem(about=RESTRICTED, text=f"{RESTRICTED} has {people} fewer than when last trusted, restricted as before")


def _left_out(snapshot: Snapshot) -> Iterator[Problem]:
    """Return which records could not be read, by place, and what was taken off ids; never what stands in them."""
    for table, reading in sorted(snapshot.readings.items()):
        for column in reading.fractions:
            about = f"{table}.{column}"
            yield Problem(
                about=about, text=f"{about}: every id ends in .0, as a spreadsheet makes them of whole numbers; it was taken off"
            )
        if reading.left_out:
            places = ", ".join(reading.record_places[:_SHOWN])
            yield Problem(about=table, text=f"{table}: {plural(reading.left_out, 'record')} cannot be read, left out ({places})")


def _unusable(snapshot: Snapshot, judged: Trust) -> Problem | None:
    """Return how many members of staff have an address that nothing can be sent to, and who the first are, by worker id.

    With what else is told of the column, as that is of one cause; where the column is not trusted that is said, and nobody's address counts.
    """
    workers = [] if _ADDRESSES in judged.problems else unusable_addresses(snapshot)
    if not workers:
        return None
    more = f" and {len(workers) - _SHOWN} more" if len(workers) > _SHOWN else ""
    said = "; ".join(told.text for told in judged.told if told.about == _ADDRESSES)
    text = (
        f"{f'{said}; ' if said else f'{_ADDRESSES}: '}{plural(len(workers), 'member')} of staff cannot be written to, as the address "
        f"is none: worker {', '.join(workers[:_SHOWN])}{more}. The next manager up is told in their place"
    )
    return Problem(about=_ADDRESSES, text=text)


def _unread_ends(snapshot: Snapshot, judged: Trust) -> Iterator[Problem]:
    """Return who of the staff is told nothing as it cannot be read whether they have left; while the staff are doubted, the last good ones are told."""
    workers = [] if PEOPLE & judged.doubted else unread_ends(snapshot)
    if workers:
        more = f" and {len(workers) - _SHOWN} more" if len(workers) > _SHOWN else ""
        text = (
            f"ext_staff.ends_on: of {plural(len(workers), 'member')} of staff the last day cannot be read: worker "
            f"{', '.join(workers[:_SHOWN])}{more}. The next manager up is told in their place, as they may have left"
        )
        yield Problem(about="ext_staff.ends_on", text=text, remedy="Write it as 2026-03-31, or leave it blank.")


def _left(snapshot: Snapshot) -> Iterator[Problem]:
    """Return which of the council's own tables stand beside the case data, where whoever changes them changes nothing."""
    tables = left_beside_case_data(snapshot)
    if tables:
        text = f"{listed(tables)} {'stand' if tables[1:] else 'stands'} beside the case data, where nobody looks: only what is at `own_tables` is read"
        yield Problem(about=tables[0], also=tuple(tables[1:]), text=text, remedy=KEPT_APART)

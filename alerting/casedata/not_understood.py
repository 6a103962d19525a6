"""Cells that are there and not understood, as whoever can mend them may see them: how they are written, never what they say.

A cell that cannot be read is shown by its shape: 9 for a digit, A and a for letters. A word that no list has is shown as it stands
only where it stands in several cells and is nobody's name or id; else by its shape too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from alerting.casedata import cells
from alerting.casedata.catalogue import TABLES, Settings
from alerting.casedata.codes import norm
from alerting.casedata.conversion import LONGEST_ID, quoted
from alerting.casedata.spellings import MOST, Spelling, commonest, shape
from alerting.formatting import listed, plain, plural

if TYPE_CHECKING:
    from alerting.casedata.snapshot import Snapshot, Wanted

_IN_SEVERAL = 5
"""A word that stands in fewer cells is not shown: it may say something of one person."""

_LONGEST_WORD = 60

_ALONE = 0.10
"""Of the cells with a role that is not known, the share of people with nobody else above which it is likely that of an allocation."""

ROLE_LISTS = ("allocated_roles", "allocated_social_worker_roles", "personal_adviser_roles", "other_roles")
"""The shared parameters that say what a worker's role in a case is."""
_ROLE = ("ssd_involvements", "invo_professional_role_id")

_NAMES = (("ext_staff", "name"), ("ssd_professionals", "prof_professional_name"))
_IDS = (
    ("ssd_person", "pers_person_id"),
    ("ext_staff", "worker_id"),
    ("ssd_professionals", "prof_professional_id"),
    ("ssd_professionals", "prof_staff_id"),
)
_LONG_NUMBER = re.compile(r"\d{5}|@|\d[-/.]\d+[-/.]\d")
"""What stands in no word that is a code's: a number of a record, a date, an address."""


class Kind(StrEnum):
    """Why cells are not understood."""

    #: They are no date, number, flag or id.
    unreadable = "unreadable"
    #: They hold bytes that are no text.
    damaged = "damaged"
    #: Words that no code map has.
    unmapped = "unmapped"
    #: Words of roles that no list of roles has.
    role = "role"


@dataclass(frozen=True, kw_only=True)
class NotUnderstood:
    """What of one column is there and not understood."""

    table: str
    column: str
    kind: Kind
    #: How many cells.
    cells: int
    #: Of how many that hold anything.
    of: int
    #: The commonest first.
    spellings: tuple[Spelling, ...] = ()
    #: How many more ways of writing there are.
    others: int = 0
    #: What would be understood, in words.
    accepted: str = ""
    #: The code map, or the group of lists, to which words can be added; None where there is none.
    vocabulary: str | None = None
    #: Where the first of the cells are.
    places: tuple[str, ...] = ()
    #: As they are written, for finding their places; nobody is shown them.
    written: frozenset[str] = field(default=frozenset(), repr=False)
    #: Of roles: how many people have somebody in one of them, and nobody in a role that is known.
    alone: int = 0

    @property
    def about(self) -> str:
        """The column, as `table.column`."""
        return f"{self.table}.{self.column}"

    @property
    def words(self) -> tuple[str, ...]:
        """The words that may be shown."""
        return tuple(spelling.shown for spelling in self.spellings if spelling.is_word)

    @property
    def may_do_harm(self) -> bool:
        """Whether rules may be wrong by it. Of roles that say nothing of whose case it is there are many in any council."""
        return self.kind != Kind.role or (self.alone >= _IN_SEVERAL and self.alone > _ALONE * self.cells)

    def says(self) -> str:
        """Return how many cells there are, of how many, and what comes of it."""
        share = f"{self.cells:,} of {plural(self.of, 'cell')} ({_percent(self.cells, self.of)})"
        match self.kind:
            case Kind.unreadable if TABLES[self.table].columns[self.column].tells_unread:
                return f"{share} cannot be read"
            case Kind.unreadable:
                return f"{share} cannot be read, and count as empty"
            case Kind.damaged:
                return f"{share} hold bytes that are no text, shown as �"
            case Kind.unmapped:
                is_cut = TABLES[self.table].columns[self.column].kind == "answers"
                return f"{share} {'are no list of answers, or one that is cut short' if is_cut else 'hold words that no code map has'}"
        alone = f"; {plural(self.alone, 'person has', 'people have')} nobody in a role that is known" if self.alone else ""
        return f"{share} hold roles that no list of roles has{alone}"

    def written_as(self, most: int = MOST) -> str:
        """Return how they are written, the commonest first."""
        shown = [str(spelling) for spelling in self.spellings[:most]]
        more = self.others + len(self.spellings) - len(shown)
        return ", ".join([*shown, *([f"{plural(more, 'other')}"] if more else [])])


def find_not_understood(snapshot: Snapshot, wanted: Wanted) -> tuple[NotUnderstood, ...]:
    """Return what of the wanted columns is there and not understood, by table and column."""
    found = [*_unreadable(snapshot, wanted), *_unmapped(snapshot, wanted), *_roles(snapshot, wanted)]
    return tuple(sorted(found, key=lambda each: (each.about, each.kind)))


def accepted(settings: Settings, kind: str, codes: str | None) -> str:
    """Return what a column of a kind may hold, in words."""
    if codes:
        return f"the codes {', '.join(sorted(settings.codes[codes].codes))}, and their words"
    match kind:
        case "date" | "moment":
            time = ", with a time or without" if kind == "date" else ", with a time such as 05:40"
            return f"2026-03-31, 31/03/2026 or 31-Mar-2026, day before month{time}"
        case "number":
            return "digits such as 0.6"
        case "id":
            return f"at most {LONGEST_ID} characters"
        case "flag":
            yes, no = (settings.params.get(name) or cells.WORDS[name] for name in ("yes_words", "no_words"))
            return f"for yes {_either(yes)}; for no {_either(no)}"
    return "text in UTF-8"


def _unreadable(snapshot: Snapshot, wanted: Wanted) -> Iterator[NotUnderstood]:
    for table, columns in wanted.items():
        reading = snapshot.readings[table]
        for kind, counts in ((Kind.unreadable, reading.unreadable_cells), (Kind.damaged, reading.damaged_cells)):
            for name, count in counts.items():
                if name not in columns:
                    continue
                if kind == Kind.unreadable and name in reading.unknown_words:
                    flags, there = reading.unknown_words[name], reading.cells_there.get(name, count)
                    of_flags = _of_words(snapshot, (table, name), kind, flags, there, "flags")
                    yield replace(of_flags, places=tuple(reading.cell_places.get(name, ())))
                    continue
                spellings, others = reading.shapes.get(name, ((), 0)) if kind == Kind.unreadable else ((), 0)
                column = TABLES[table].columns[name]
                yield NotUnderstood(
                    table=table,
                    column=name,
                    kind=kind,
                    cells=count,
                    of=reading.cells_there.get(name, count),
                    spellings=spellings,
                    others=others,
                    accepted=accepted(snapshot.settings, "text" if kind == Kind.damaged else column.kind, None),
                    places=tuple(reading.cell_places.get(name, ())),
                )


def _unmapped(snapshot: Snapshot, wanted: Wanted) -> Iterator[NotUnderstood]:
    for table, columns in wanted.items():
        for name, words in snapshot.readings[table].unknown_words.items():
            if name not in columns:
                continue
            column = TABLES[table].columns[name]
            if column.kind == "flag":
                continue
            [(of,)] = snapshot.sql(f"SELECT count({quoted(name)}) FROM {table}")
            yield _of_words(snapshot, (table, name), Kind.unmapped, words, int(of), column.codes)


def _of_words(
    snapshot: Snapshot, at: tuple[str, str], kind: Kind, words: Mapping[str, int], of: int, vocabulary: str | None
) -> NotUnderstood:
    """Return the words of a column that no list has. vocabulary: the code map, or the group of lists, that could have them."""
    alike, usual = Counter[str](), dict[str, str]()
    for word, count in sorted(words.items(), key=lambda item: (-item[1], item[0])):
        same = norm(word) or ""
        alike[same] += count
        usual.setdefault(same, word)
    common = {word for word, count in alike.items() if count >= _IN_SEVERAL}
    private = _private(snapshot, common)
    spellings, others = commonest(
        (plain(usual[same], _LONGEST_WORD), True, count)
        if same in common and same not in private
        else (shape(usual[same]), False, count)
        for same, count in alike.items()
    )
    table, column = at
    return NotUnderstood(
        table=table,
        column=column,
        kind=kind,
        cells=sum(words.values()),
        of=of,
        spellings=spellings,
        others=others,
        accepted=_accepted_words(snapshot.settings, vocabulary),
        vocabulary=vocabulary,
        written=frozenset(words),
    )


def _accepted_words(settings: Settings, vocabulary: str | None) -> str:
    if vocabulary and vocabulary in settings.codes:
        return accepted(settings, "code", vocabulary)
    return accepted(settings, "flag", None) if vocabulary == "flags" else ""


def _roles(snapshot: Snapshot, wanted: Wanted) -> Iterator[NotUnderstood]:
    """Return the roles of workers in cases that none of the lists of roles has, however spaced and in whatever case."""
    table, column = _ROLE
    if column not in wanted.get(table, ()) or column in snapshot.readings[table].missing_columns:
        return
    if unknown := unknown_roles(snapshot):
        [(of,)] = snapshot.sql(f"SELECT count({column}) FROM {table}")
        yield replace(_of_words(snapshot, _ROLE, Kind.role, unknown, of, "roles"), alone=_alone(snapshot, sorted(unknown)))


def unknown_roles(snapshot: Snapshot) -> dict[str, int]:
    """Return the roles, as written, that none of the lists of roles has, and how many cells hold each; none where there are no lists."""
    table, column = _ROLE
    known = {norm(str(role)) for name in ROLE_LISTS for role in _list(snapshot.settings, name)}
    rows = snapshot.sql(f"SELECT {column}, count(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY 1") if known else []
    return {word: int(count) for word, count in rows if norm(word) not in known}


def _alone(snapshot: Snapshot, unknown: list[str]) -> int:
    """Return how many people have somebody in one of these roles today, and nobody in another."""
    [(people,)] = snapshot.sql(
        """SELECT count(*) FROM (SELECT invo_person_id FROM ssd_involvements
        WHERE invo_person_id IS NOT NULL AND invo_professional_role_id IS NOT NULL
          AND is_open(invo_involvement_start_date, invo_involvement_end_date)
        GROUP BY 1 HAVING bool_and(list_contains($1::VARCHAR[], invo_professional_role_id)))""",
        [unknown],
    )
    return int(people)


def _list(settings: Settings, name: str) -> tuple[object, ...]:
    given = settings.params.get(name)
    return tuple(given) if isinstance(given, (list, tuple)) else ()


def _private(snapshot: Snapshot, words: set[str]) -> set[str]:
    """Return those of these words, in the form in which words are compared, that may be somebody's name or the id of a record."""
    parts = {word: frozenset(re.findall(r"\w+", word)) for word in words}
    private = {word for word in words if _LONG_NUMBER.search(word)}
    given = sorted(
        {part for word, several in parts.items() for part in several if any(map(str.isdigit, part)) and len(part) > 3} | words
    )
    ids = _ids_among(snapshot, given) if given else set()
    names = _names(snapshot) if words - private else []
    for word in words - private:
        is_named = any(name <= parts[word] or parts[word] <= name for name in names)
        if is_named or word in ids or parts[word] & ids:
            private.add(word)
    return private


def _ids_among(snapshot: Snapshot, texts: list[str]) -> set[str]:
    ids = " UNION ALL ".join(f"SELECT lower({column}) AS id FROM {table}" for table, column in _IDS)
    return {
        row[0] for row in snapshot.sql(f"SELECT DISTINCT id FROM ({ids}) WHERE id IN (SELECT unnest($1::VARCHAR[]))", [texts])
    }


def _names(snapshot: Snapshot) -> list[frozenset[str]]:
    """Return the parts of each name of a member of staff; of one letter there are none."""
    names = " UNION ".join(f"SELECT {column} AS name FROM {table}" for table, column in _NAMES)
    rows = snapshot.sql(f"SELECT DISTINCT lower(name) FROM ({names}) WHERE name IS NOT NULL")
    return [parts for (name,) in rows if (parts := frozenset(re.findall(r"\w{2,}", name)))]


def _either(words: object) -> str:
    return listed([f'"{word}"' for word in words], "or") if isinstance(words, (list, tuple)) else ""


def _percent(count: int, of: int) -> str:
    share = count / of if of else 0.0
    return f"{share:.0%}" if share >= 0.01 or not count else "under 1%"

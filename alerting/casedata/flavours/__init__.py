"""What the SSD of one case system calls otherwise and leaves out, and how it is read all the same. A flavour is a file of this folder.

title: what it is, for people. also: another flavour, all of whose columns it has too. Each column is `table.column`:

    columns    how one is come by that is not there, or is empty in every row; in this order:
      called   what it may be called there
      numbered an id that none of it has: its rows are numbered, each time anew
      through  the id (`by`) under which another table has it: `take` of the row of `table` whose `key` is that id
      answers  by key of the SSD's list of answers, the answers of a form that mean it
      until    a start: what began goes on until the `next` of the same person begins, where all but a few rows say that it ended
    lost       one that the script leaves out although no rule has to wait for it, and what that means
    not_given  one that the script leaves out or empty, and why: the rules that read it wait

What a column is called or taken from may be another column of ours, which then is both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from alerting.casedata.catalogue import TABLES
from alerting.documents.document import did_you_mean, load
from alerting.errors import Faults

_FOLDER = Path(__file__).parent


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Way(_Part):
    """A way to a cell through another table: `take` of the row of `table` whose `key` is the id in `by`."""

    by: str
    table: str
    key: str
    take: str


class Beginning(_Part):
    """When something of a person begins: a column of a table, with the column that says whose it is."""

    table: str
    person: str
    start: str


class Until(_Part):
    """How the end of what began is told: by what of the same person begins next."""

    person: str
    start: str
    next: tuple[Beginning, ...]


class Given(_Part):
    """How a column of ours is come by."""

    called: tuple[str, ...] = ()
    numbered: bool = False
    through: tuple[Way, ...] = ()
    answers: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    until: Until | None = None

    @property
    def told_by(self) -> frozenset[str]:
        """The columns of its own table that it is told by."""
        return frozenset({*self.called, *(way.by for way in self.through)})


class _File(_Part):
    title: str
    also: tuple[str, ...] = ()
    columns: Mapping[str, Given] = Field(default_factory=dict)
    lost: Mapping[str, str] = Field(default_factory=dict)
    not_given: Mapping[str, str] = Field(default_factory=dict)


class Flavour(_Part):
    """One flavour, with all that it has from others. Each column is (table, column)."""

    name: str
    title: str
    #: The columns that its own file names.
    own: frozenset[tuple[str, str]]
    columns: Mapping[tuple[str, str], Given]
    lost: Mapping[tuple[str, str], str]
    not_given: Mapping[tuple[str, str], str]

    def gives(self, table: str, column: str) -> bool:
        """Return whether no rule has to wait for a column that is not there."""
        return (table, column) in self.columns or (table, column) in self.lost


@cache
def names() -> tuple[str, ...]:
    """Return the flavours there are."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


@cache
def flavour(name: str) -> Flavour:
    """Return the flavour of a name of `names`."""
    document = load(_FOLDER / f"{name}.yaml", shown=True)
    own = document.check(_File)
    if own is None:
        raise Faults(document.faults)
    found: dict[str, dict[tuple[str, str], Any]] = {"columns": {}, "lost": {}, "not_given": {}}
    for other in own.also:
        for part, columns in found.items():
            columns.update(getattr(flavour(other), part))
    for part, columns in found.items():
        columns.update({_column(text): given for text, given in getattr(own, part).items()})
    mine = frozenset(map(_column, (*own.columns, *own.lost, *own.not_given)))
    return Flavour(name=name, title=own.title, own=mine, **found)


def every() -> Iterator[Flavour]:
    """Return each flavour, the one of the fewest columns first."""
    yield from sorted(map(flavour, names()), key=lambda each: (len(each.columns), each.name))


def _column(text: str) -> tuple[str, str]:
    table, _, column = text.partition(".")
    if column not in TABLES[table].columns:
        raise ValueError(f"there is no column {text}")
    return table, column


def _is_known(name: str) -> str:
    if name not in names():
        near = did_you_mean(name, names()) or f"There are: {', '.join(names())}."
        raise ValueError(f"there is no flavour '{name}'. {near}")
    return name


FlavourName = Annotated[str, AfterValidator(_is_known)]
"""The setting `flavour:` of a source."""


def known_as(table: str, column: str) -> tuple[str, ...]:
    """Return the flavours with which no rule may have to wait for a column that is not there."""
    return tuple(name for name in names() if flavour(name).gives(table, column))

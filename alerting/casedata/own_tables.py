"""What the columns of the council's own tables mean, with a made-up cell of each: for those who fill them in."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alerting.casedata.catalogue import TABLES
from alerting.documents.document import load

_FILE = Path(__file__).with_name("own_tables.yaml")


@dataclass(frozen=True, kw_only=True)
class OwnColumn:
    """One column of a table of the council's own."""

    name: str
    #: A cell of a made-up row.
    example: str
    means: str


@cache
def own_tables() -> Mapping[str, tuple[OwnColumn, ...]]:
    """Return the columns of each table that a council adds to the SSD, in their order."""
    said = load(_FILE, shown=True).value
    return {
        table.name: tuple(
            OwnColumn(name=name, example=str(said[table.name][name][0]), means=said[table.name][name][1])
            for name in table.columns
        )
        for table in TABLES.values()
        if table.extension
    }


def as_csv(table: str) -> str:
    """Return a table as a file to be filled in: its header and one made-up row."""
    columns, text = own_tables()[table], io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[each.name for each in columns], [each.example for each in columns]])
    return text.getvalue()


def as_page() -> str:
    """Return every such table in Markdown."""
    return "\n".join(part for table in own_tables() for part in _section(table))


def _section(table: str) -> Iterator[str]:
    yield from (f"## `{table}`", "", f"{TABLES[table].words.capitalize()}.", "", "| column | such as | means |", "|---|---|---|")
    for each in own_tables()[table]:
        yield f"| `{each.name}` | {each.example or '(blank)'} | {each.means} |"
    yield ""

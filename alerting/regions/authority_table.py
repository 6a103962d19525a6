"""A region's authorities in a table: a row for each, which says where it is, and what else is known of it.

Where tables are read from is in `table_reading`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from alerting.documents.document import did_you_mean
from alerting.errors import Fault, Faults, Place

COLUMNS = ("folder", "config", "name", "size", "on")
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the table."""

    #: As it is written, or the name of its folder; where neither says it, by its line, or its number.
    name: str
    config: Path
    #: Of whatever it is counted in, such as children; None where it is not said.
    size: float | None = None
    on: bool = True
    #: What is wrong with the row, so that the authority must not be run; empty where nothing is.
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Written:
    """A row as it is written."""

    where: Place
    #: What it is called where it does not say so itself.
    called: str
    cells: Sequence[object]


def rows_of_table(
    where: Place, heading: Sequence[str], written: Iterable[Written], base: Path, usual_config: str, *, remedy: str
) -> list[Row]:
    """Return the rows of a table. What is wrong with one is its own; Faults are raised where the heading is wrong.

    where: of the heading. base: from where folders are told. usual_config: the name of the file that is in an authority's folder. remedy:
    how columns are named in such a table.
    """
    columns = [name.strip().lower() for name in heading]
    if faults := _heading_faults(columns, where, remedy):
        raise Faults(faults)
    return [_row(base, columns, row, usual_config) for row in written]


def cell_text(cell: object) -> str:
    """Return a cell as a CSV file would have it: 21000.0 is 21000, and what is no number is nothing."""
    if cell is None:
        return ""
    if isinstance(cell, (float, Decimal)):
        if math.isnan(cell):
            return ""
        if math.isfinite(cell) and cell == int(cell):
            return str(int(cell))
    return str(cell).strip()


def _heading_faults(columns: Sequence[str], where: Place, remedy: str) -> list[Fault]:
    faults = [
        Fault(problem=f"there is no column `{name}`", where=where, remedy=did_you_mean(name, COLUMNS) or remedy)
        for name in columns
        if name not in COLUMNS
    ]
    twice = sorted({name for name in columns if columns.count(name) > 1})
    faults += [
        Fault(problem=f"the column `{name}` is there twice", where=where, remedy="Leave one of them out.") for name in twice
    ]
    if not {"folder", "config"} & set(columns) and not faults:
        faults.append(Fault(problem="no column says where an authority is", where=where, remedy=remedy))
    return faults


def _row(base: Path, columns: Sequence[str], row: Written, usual_config: str) -> Row:
    where, value = row.where, dict(zip(columns, cells := [cell_text(cell) for cell in row.cells], strict=False))
    faults = []
    if any(cells[len(columns) :]):
        problem = "the row has more cells than the table has columns"
        faults.append(Fault(problem=problem, where=where, remedy="Put a text that has a comma in it into quotes."))
    folder, config = value.get("folder", ""), value.get("config", "")
    if bool(folder) == bool(config):
        problem = "`folder` and `config` are both given" if folder else "neither `folder` nor `config` says where it is"
        faults.append(Fault(problem=problem, where=where, remedy="Give the folder with its config.yaml, or that file itself."))
    place = Path(os.path.abspath(base / (config or Path(folder) / usual_config)))  # noqa: PTH100  (no link is followed)
    on = value.get("on", "").lower()
    if on not in ("", *_YES, *_NO):
        faults.append(Fault(problem="`on` is neither yes nor no", where=where, remedy="Write yes or no; nothing is yes."))
    size = _number(value)
    if size is None and value.get("size"):
        faults.append(Fault(problem="`size` is no number above 0", where=where, remedy="Write such as 21000, or leave it out."))
    name = value.get("name") or (place.parent.name if folder or config else "") or row.called
    return Row(name=name, config=place, size=size, on=on not in _NO, faults=tuple(faults))


def _number(value: Mapping[str, str]) -> float | None:
    try:
        size = float(value.get("size", "").replace(",", ""))
    except ValueError:
        return None
    return size if math.isfinite(size) and size > 0 else None

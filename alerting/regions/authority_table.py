"""A region's authorities in a table: a CSV file with a row for each, which says where it is, and what else is known of it."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alerting.documents.document import did_you_mean
from alerting.errors import Fault, Faults, Place

COLUMNS = ("folder", "config", "name", "size", "on")
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the table."""

    #: As it is written, or the name of its folder; where neither says it, by its line.
    name: str
    config: Path
    #: Of whatever it is counted in, such as children; None where it is not said.
    size: float | None = None
    on: bool = True
    #: What is wrong with the row, so that the authority must not be run; empty where nothing is.
    faults: tuple[Fault, ...] = ()


def read_table(file: Path, usual_config: str) -> list[Row]:
    """Read a table. usual_config: the name of the file that is in an authority's folder.

    Raises Faults where no row can be read for what it is: a heading is wrong, or the file is no CSV. What is wrong with a row is that row's.
    Raises OSError and UnicodeDecodeError.
    """
    with file.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.reader(opened, strict=True)
        rows: list[tuple[int, list[str]]] = []
        try:
            rows += ((reader.line_num, [cell.strip() for cell in row]) for row in reader)
        except csv.Error:
            problem, remedy = "this is no CSV file", "Save it as CSV, with commas between its columns, in UTF-8."
            raise Faults([Fault(problem=problem, where=_place(file, reader.line_num), remedy=remedy)]) from None
    written = [(line, row) for line, row in rows if any(row)]
    if not written:
        return []
    line, heading = written[0]
    columns = [name.lower() for name in heading]
    if faults := _heading_faults(columns, _place(file, line)):
        raise Faults(faults)
    return [_row(file, line, columns, row, usual_config) for line, row in written[1:]]


def _place(file: Path, line: int) -> Place:
    return Place(file=file.as_posix(), line=line)


def _heading_faults(columns: Sequence[str], where: Place) -> list[Fault]:
    faults = [
        Fault(problem=f"there is no column `{name}`", where=where, remedy=did_you_mean(name, COLUMNS) or _known())
        for name in columns
        if name not in COLUMNS
    ]
    twice = sorted({name for name in columns if columns.count(name) > 1})
    faults += [
        Fault(problem=f"the column `{name}` is there twice", where=where, remedy="Leave one of them out.") for name in twice
    ]
    if not {"folder", "config"} & set(columns) and not faults:
        faults.append(Fault(problem="no column says where an authority is", where=where, remedy=_known()))
    return faults


def _known() -> str:
    return "The first line has the columns' names: `folder` or `config`, and where they are wanted `name`, `size` and `on`."


def _row(file: Path, line: int, columns: Sequence[str], cells: Sequence[str], usual_config: str) -> Row:
    where, value = _place(file, line), dict(zip(columns, cells, strict=False))
    faults = []
    if any(cells[len(columns) :]):
        problem = "the row has more cells than the table has columns"
        faults.append(Fault(problem=problem, where=where, remedy="Put a text that has a comma in it into quotes."))
    folder, config = value.get("folder", ""), value.get("config", "")
    if bool(folder) == bool(config):
        problem = "`folder` and `config` are both given" if folder else "neither `folder` nor `config` says where it is"
        faults.append(Fault(problem=problem, where=where, remedy="Give the folder with its config.yaml, or that file itself."))
    place = Path(os.path.abspath(file.parent / (config or Path(folder) / usual_config)))  # noqa: PTH100  (no link is followed)
    on = value.get("on", "").lower()
    if on not in ("", *_YES, *_NO):
        faults.append(Fault(problem="`on` is neither yes nor no", where=where, remedy="Write yes or no; nothing is yes."))
    size = _number(value)
    if size is None and value.get("size"):
        faults.append(Fault(problem="`size` is no number above 0", where=where, remedy="Write such as 21000, or leave it out."))
    name = value.get("name") or (place.parent.name if folder or config else "") or f"line {line}"
    return Row(name=name, config=place, size=size, on=on not in _NO, faults=tuple(faults))


def _number(value: Mapping[str, str]) -> float | None:
    try:
        size = float(value.get("size", "").replace(",", ""))
    except ValueError:
        return None
    return size if math.isfinite(size) and size > 0 else None

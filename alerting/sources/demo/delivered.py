"""The made-up council's tables as the official SSD script of a case system delivers them: what `flavours` says, the other way round."""

from __future__ import annotations

import re
from collections.abc import Mapping

from alerting.casedata.catalogue import TABLES
from alerting.casedata.flavours import Way, flavour
from alerting.sources.demo.town import Columns

_YES = re.compile(r'"(\w+)"\s*:\s*"Y"')
_COARSER = dict.fromkeys(("REMAINSUP", "RETURN1M", "RETURN6M"), "RETURNEV")
"""Answers of the SSD that a form does not tell apart, and the one that it has."""


def delivered(tables: Mapping[str, Mapping[str, list[str | None]]], name: str) -> dict[str, Columns]:
    """Return the tables as a flavour has them."""
    one = flavour(name)
    made = {table: dict(columns) for table, columns in tables.items()}
    mine = {at: given for at, given in one.columns.items() if at in one.own}
    for (table, column), given in mine.items():
        if given.through:
            _lead_away(made, table, column, given.through[0])
    for (table, column), given in mine.items():
        if given.until:
            # What is written up at once has ended as soon as it began.
            made[table][column] = list(made[table][given.until.start])
        if given.answers:
            made[table][column] = [_in_words(cell, given.answers) for cell in made[table][column]]
        if given.called:
            _call(made[table], table, column, given.called[0])
        if given.numbered:
            made[table][column] = [None] * len(made[table][column])
    for table, column in one.lost.keys() & one.own:
        made[table].pop(column, None)
    for table, column in one.not_given.keys() & one.own:
        made[table][column] = [None] * len(made[table][column])
    return made


def _lead_away(made: Mapping[str, Columns], table: str, column: str, way: Way) -> None:
    """Take a column away, and see that the id by which it is come by leads to it, as far as any does."""
    ids: dict[str, str] = {}
    leads: dict[str, str] = {}
    for key, take in zip(made[way.table][way.key], made[way.table][way.take], strict=True):
        if key and take:
            ids[take] = key
            leads[key] = take
    wanted = made[table].pop(column)
    given = made[table].get(way.by) or [None] * len(wanted)
    made[table][way.by] = [
        by if by and who and leads.get(by) == who else ids.get(who or "") for by, who in zip(given, wanted, strict=True)
    ]


def _in_words(cell: str | None, answers: Mapping[str, tuple[str, ...]]) -> str | None:
    """Return a list of answers as the one answer of a form, with the letter before it that forms have."""
    yes = [_COARSER.get(key, key) for key in _YES.findall(cell or "")]
    said = next((key for key in answers if key in yes), None)
    return None if said is None else f"{'ABCDEFGHIJ'[list(answers).index(said)]}) {answers[said][0].title()}"


def _call(columns: Columns, table: str, column: str, theirs: str) -> None:
    """Call a column as it is called there. Where that is another of ours, this one is empty, and the other has what it had."""
    columns[theirs] = columns.pop(column)
    if theirs in TABLES[table].columns:
        columns[column] = [None] * len(columns[theirs])

"""Columns that must not be believed, on a first load as on a later one: of which too much cannot be read, or too much is not there.

What is wrong is the column's, not its table's: only the rules that read it wait.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TYPE_CHECKING

from alerting.casedata.catalogue import KEYS, TABLES, Column
from alerting.mailboxes import usable

if TYPE_CHECKING:
    from alerting.casedata.snapshot import Snapshot
    from alerting.casedata.table_reading import TableReading

UNREADABLE, MISSING, NEVER, OTHER_FORM = "unreadable", "missing", "never there", "another form"

NOT_SUPPLIED = "Where the case system cannot give it, name it in `not_supplied_columns` under `rules: params:` in config.yaml."
"""What to do about a column that no extract can fill."""

REMEDIES: Mapping[str, str] = {
    OTHER_FORM: "Likely another number of the same thing, or one that is written with more around it: have the extract read the number itself.",
    MISSING: f"Have the extract fill it. {NOT_SUPPLIED}",
    NEVER: f"Have the extract hold all rows. Where it holds only what is open, name the table in `open_only`. {NOT_SUPPLIED}",
}

UNLESS_SET: Mapping[str, float] = {
    "max_unreadable": 0.10,
    "unreadable_at_least": 5,
    "max_missing": 0.10,
    "max_missing_birth_dates": 0.30,
    "essential_rows": 30,
}

_WHOSE_AND_WHEN = (
    *("*_person_id", "cina_referral_id", "cinp_referral_id", "cppr_cp_plan_id", "clar_cla_id", "clap_cla_id"),
    *("cinf_assessment_id", "invo_professional_id", "invo_professional_role_id"),
    *("prof_professional_id", "clea_care_leaver_eligibility", "lega_legal_status"),
    *("*_start_date", "*_visit_date", "cine_referral_date", "cont_contact_date"),
)
"""Columns that say whose a row is and when it began; a table's own id is another."""

_HELD_OR_OVER = frozenset(
    """cine_close_date cina_assessment_auth_date cinp_cin_plan_end_date cppl_cp_plan_end_date clae_cla_episode_ceased_date
    invo_involvement_end_date clar_cla_review_date cppr_cp_review_date cinv_cin_visit_seen cppv_cp_visit_seen clav_cla_visit_seen
    lacp_cla_care_plan_json s47e_s47_end_date icpc_icpc_date miss_missing_episode_end_date csdq_sdq_completed_date csdq_sdq_score
    clah_health_check_date clah_health_check_status clah_health_check_type clap_cla_placement_type""".split()
)
"""Columns that say that something ended, was held or was seen, and of what kind it is. None of them in a whole table is a table that was cut."""
IN_WORDS: Mapping[str, str] = {
    "clah_health_check_status": "starts_with(norm({0}), 'complete')",
    "clah_health_check_type": (
        "contains(norm({0}), 'dental') OR contains(norm({0}), 'teeth') OR contains(norm({0}), 'health assessment') OR norm({0}) = 'health'"
    ),
}
"""Columns of free words of which a few are read, and when a cell has one: a cell with none is as good as empty."""

ADDRESSES = ("ext_staff", "email")
"""The table and its column of addresses: a cell of which nothing can be sent to is as good as empty."""

_OF_A_FORM: Mapping[tuple[str, str], str] = MappingProxyType({("ssd_cla_placement", "clap_cla_placement_urn"): "urn_ok({0})"})
"""Columns whose values have a form that a rule asks for, and when a cell has it."""
_OTHER_FORM_TOLD, _OTHER_FORM_MOST = 0.25, 0.45
"""Shares of cells in another form: in so many, an extract is likely to have changed what was recorded, and not those who recorded it."""

_ENDS = frozenset(name for name in _HELD_OR_OVER if name.endswith(("_end_date", "_close_date", "_ceased_date", "_auth_date")))

_WHY_UNREADABLE = {
    "date": "dates written in another way (month first, two-digit years, a spreadsheet's numbers)",
    "moment": "dates written in another way (month first, two-digit years, a spreadsheet's numbers)",
    "id": "cells that are longer than an id can be, or cut in the wrong place",
    "number": "numbers written with words or signs",
    "flag": "other words for yes and no, which `yes_words` and `no_words` in the settings can name",
}
_WHY_NOTHING = "values that were typed over or lost, as in a workbook (#REF!, TBC)"
_SEVERAL = 3
"""Words for nothing in one column: a person writes two, what a case system has for nothing is one."""


def with_an_address(snapshot: Snapshot) -> int:
    """Return how many rows of the staff have an address that a mail can be sent to, as whoever is told is judged by."""
    table, name = ADDRESSES
    written = snapshot.sql(f"SELECT {name}, count(*) FROM {table} WHERE {name} IS NOT NULL GROUP BY 1")
    return sum(int(rows) for address, rows in written if usable(address) is not None)


def holds(table: str, name: str) -> str:
    """Return what a cell of a column does that counts as filled, in words."""
    if (table, name) == ADDRESSES:
        return "has an address"
    return "has a word that is read" if name in IN_WORDS or (table, name) == ("ext_team", "service") else "is filled"


def lacks(table: str, name: str) -> str:
    """Return what a cell of a column does that counts as empty, in words."""
    if (table, name) == ADDRESSES:
        return "has no address"
    return "has no word that is read" if name in IN_WORDS or (table, name) == ("ext_team", "service") else "is empty"


def unreadable(
    reading: TableReading, wanted: frozenset[str], most: float, least: float
) -> Iterator[tuple[str, float, bool, str]]:
    """Yield each wanted column with cells that cannot be read: its name, their share, whether that is too many, and what to say.

    A case system writes nothing in one way. Where a column of the SSD has several words for it, they stand where something else stood:
    all but the commonest word count with what cannot be read, where together they are too many.
    """
    table = TABLES[reading.table]
    for name in sorted(wanted & {*reading.unreadable_cells, *reading.words_for_nothing}):
        there, bad = reading.cells_there[name], reading.unreadable_cells.get(name, 0)
        stands_in = 0 if table.extension else _beside_the_commonest(reading.words_for_nothing.get(name, {}), least)
        too_many = bad >= least and bad > most * there
        if stands_in and not too_many and bad + stands_in > most * there:
            count = bad + stands_in
            says = (
                f"cannot be read, or holds one of several words for nothing, in {count} of {there} cells; likely {_WHY_NOTHING}"
            )
            yield name, count / there, True, says
        elif bad:
            says = f"cannot be read in {bad} of {there} cells; likely {_WHY_UNREADABLE[table.columns[name].kind]}"
            yield name, bad / there, too_many, says


def _beside_the_commonest(words: Mapping[str, int], least: float) -> int:
    """Return how many cells hold one of several words for nothing, without those of the commonest; none where so many cells hold fewer than three."""
    often = sorted(count for count in words.values() if count >= least)
    return sum(often[:-1]) if len(often) >= _SEVERAL else 0


def in_another_form(
    snapshot: Snapshot, table: str, there: Collection[str], least: float
) -> Iterator[tuple[str, float, bool, str]]:
    """Yield each column too much of which has not the form that it should: its name, that share, whether it is too much to ask rules of, and what to say."""
    for (of, name), has_it in _OF_A_FORM.items():
        if of == table and name in there:
            [(other, every)] = snapshot.sql(
                f"SELECT count({name}) FILTER (NOT {has_it.format(name)}), count({name}) FROM {table}"
            )
            if other >= least and other > _OTHER_FORM_TOLD * every:
                yield (
                    name,
                    other / every,
                    other > _OTHER_FORM_MOST * every,
                    f"is not of the usual form in {other} of {every} cells",
                )


def missing(
    reading: TableReading,
    wanted: frozenset[str],
    filled: Mapping[str, tuple[int, int]],
    params: Mapping[str, float],
    *,
    open_only: bool,
) -> Iterator[tuple[str, str, float, str]]:
    """Yield each wanted essential column that too few rows have: its name, the check, the share without it, and what to say.

    filled: of each column that is there, its cells filled of its rows. open_only: the table holds only what is open, and has no ends.
    """
    rows = reading.rows or 0
    if rows < params["essential_rows"]:
        return
    for name in sorted(wanted):
        column = TABLES[reading.table].columns[name]
        if name not in filled:
            continue
        there = filled[name][0]
        share = 1 - there / rows
        if name in _HELD_OR_OVER:
            if there == 0 and not (open_only and name in _ENDS):
                says = f"{lacks(reading.table, name)} in all {rows} rows; likely a cut extract, or a column that was renamed or moved"
                yield name, NEVER, share, says
        elif (most := _most_missing(reading.table, column, params)) is not None and share > most:
            says = f"is empty in {rows - there} of {rows} rows, and may be in {most:.0%}; likely a column that was renamed, or lost in the extract"
            yield name, MISSING, share, says


def _most_missing(table: str, column: Column, params: Mapping[str, float]) -> float | None:
    """Return the share of rows that may lack an essential column; None for one that is not essential."""
    if column.name == "pers_dob":
        return params["max_missing_birth_dates"]
    own_id = KEYS.get(table, ("",))[0]
    essential = column.name == own_id or any(fnmatchcase(column.name, pattern) for pattern in _WHOSE_AND_WHEN)
    return params["max_missing"] if essential else None

"""The same council some days on: rows gone, ended, blanked or moved, people died, sealed or vanished."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from random import Random

from tests.oracle.calendar import add_days
from tests.oracle.cells import Table, id_of
from tests.oracle.councils import decided
from tests.oracle.written import NO_DATE, Cell, written

ENDS = {
    "ssd_cla_episodes": "clae_cla_episode_ceased_date",
    "ssd_cp_plans": "cppl_cp_plan_end_date",
    "ssd_cin_episodes": "cine_close_date",
    "ssd_cin_assessments": "cina_assessment_auth_date",
    "ssd_involvements": "invo_involvement_end_date",
    "ext_staff": "ends_on",
    "ssd_cin_plans": "cinp_cin_plan_end_date",
}
STARTS = {
    "ssd_cla_episodes": "clae_cla_episode_start_date",
    "ssd_cp_plans": "cppl_cp_plan_start_date",
    "ssd_involvements": "invo_involvement_start_date",
}
OTHERWISE = {
    "ssd_cp_plans": ("cppl_cp_plan_ola", "Y"),
    "ssd_care_leavers": ("clea_care_leaver_in_touch", "c) died"),
    "ssd_legal_status": ("lega_legal_status", "V4"),
    "ssd_cin_episodes": ("cine_referral_nfa", "Y"),
}


def some_days_later(rng: Random, tables: Mapping[str, Table], as_of: date) -> dict[str, Table]:
    """Return the council as it might be read on `as_of`, a few days after `tables`."""
    gone = {person for row in tables["ssd_person"] if rng.random() < 0.04 and (person := id_of(row["pers_person_id"]))}
    return {
        name: decided(
            name,
            [dict(changed) for row in rows if (changed := _changed(rng, name, row, as_of)) and not _of(row, gone)]
            + _new(rng, name, tables, as_of),
        )
        for name, rows in tables.items()
    }


def _of(row: Mapping[str, Cell], people: set[str]) -> bool:
    """Return whether a row is the person's record, or anything else that bears their id: a record moved out of sight."""
    return any(column.endswith("_person_id") and id_of(cell) in people for column, cell in row.items())


def _changed(rng: Random, table: str, row: Mapping[str, Cell], as_of: date) -> Mapping[str, Cell] | None:
    match rng.randrange(12):
        case 0:
            return None
        case 1 | 2 if table in ENDS:
            return {**row, ENDS[table]: written(rng, add_days(as_of, rng.choice((-2, -1, 0, 1))))}
        case 3 if table in STARTS:
            return {**row, STARTS[table]: rng.choice(NO_DATE)}
        case 4 if table in OTHERWISE:
            column, cell = OTHERWISE[table]
            return {**row, column: cell}
        case _:
            return row


def _new(rng: Random, table: str, tables: Mapping[str, Table], as_of: date) -> Table:
    people = [row["pers_person_id"] for row in tables["ssd_person"]]
    chosen = [person for person in people if rng.random() < 0.05]
    if table == "ext_restricted":
        return [{"person_id": person, "level": "sealed", "allowed_recipients": None} for person in chosen]
    if table == "ssd_person":
        births = [date(as_of.year - 18, 1, 1), date(as_of.year - 21, 1, 1), date(as_of.year - 26, 1, 1)]
        return [
            {
                "pers_person_id": person,
                "pers_dob": written(rng, rng.choice(births)),
                "pers_expected_dob": None,
                "pers_death_date": died,
            }
            for person in chosen
            for died in [rng.choice((None, written(rng, as_of)))]
        ]
    return []

"""Case records in few words, and a council made of them that the shipped views and subjects can be asked of."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from alerting.casedata.snapshot import Snapshot
from alerting.rulebook.book import Rulebook
from alerting.rulebook.loader import LOCAL_PACK, Overrides, load_rulebook

RULES = Path(__file__).parents[1] / "rules"

AS_OF = date(2026, 3, 31)
Row = Mapping[str, object]
Ask = Callable[[str], list[tuple[Any, ...]]]


@cache
def shipped() -> Rulebook:
    """Return the rules that come with the product; those that this checkout has of its own stay out."""
    return load_shipped()


def load_shipped(overrides: Overrides | None = None) -> Rulebook:
    folders = {path.name for path in RULES.iterdir() if path.is_dir()}
    return load_rulebook(RULES, sorted(folders - {"subjects", LOCAL_PACK}), overrides)


def copy_shipped(to: Path) -> None:
    """Copy the folder of rules that comes with the product, with nothing in its `local` yet."""
    shutil.copytree(RULES, to)
    for own in (to / LOCAL_PACK).glob("*.yaml"):
        own.unlink()


@contextmanager
def council(rows: Sequence[tuple[str, Row]], as_of: date = AS_OF, **params: object) -> Iterator[Ask]:
    """Fill a snapshot with rows, each beside its table, and give a question that first makes the views it names."""
    book = load_shipped(Overrides(params=params)) if params else shipped()
    tables: dict[str, list[Row]] = {}
    for table, row in rows:
        tables.setdefault(table, []).append(row)
    with Snapshot(as_of, book.settings) as snapshot:
        for table, its_rows in tables.items():
            columns = sorted({column for row in its_rows for column in row})
            snapshot.fill(table, columns, [[row.get(column) for row in its_rows] for column in columns])
        snapshot.settle({})
        made: set[str] = set()

        def ask(question: str) -> list[tuple[Any, ...]]:
            for name in book.views_for([question]):
                if name not in made:
                    snapshot.sql(f"CREATE TABLE {name} AS {book.views[name]}")
                    made.add(name)
            return snapshot.sql(question)

        yield ask


def subject(name: str) -> str:
    """Return a subject's rows as a table to ask of."""
    return f"({shipped().subjects[name].sql.strip()})"


def left(
    ask: Ask, kind: str, live: Sequence[tuple[str, str | None]], person: bool = True, upper_age: int | None = None
) -> dict[str, str | None]:
    """Return why each of these live alerts has left, by its subject; each is its subject and its member."""
    rows = ", ".join(str(("rule", who, who if person else "", row or "")) for who, row in live)
    ask(
        "CREATE OR REPLACE TABLE live AS SELECT rule, subject, nullif(person, '') AS person, nullif(member, '') AS member, "
        f"{'NULL' if upper_age is None else upper_age}::INTEGER AS upper_age "
        f"FROM (VALUES {rows}) AS alert(rule, subject, person, member)"
    )
    proof = shipped().subjects[kind].left_when
    assert proof
    return {row[1]: row[2] for row in ask(proof)}


def ids(ask: Ask, view: str, column: str = "person_id") -> list[str]:
    return [row[0] for row in ask(f"SELECT {column} FROM {view} ORDER BY 1")]


def person(id: str, dob: str | None = "2014-09-01", edd: str | None = None, died: str | None = None) -> tuple[str, Row]:
    return "ssd_person", {"pers_person_id": id, "pers_dob": dob, "pers_expected_dob": edd, "pers_death_date": died}


def restricted(id: str | None, level: str | None) -> tuple[str, Row]:
    return "ext_restricted", {"person_id": id, "level": level, "allowed_recipients": None}


def episode(
    who: str,
    start: str | None = "2025-06-02",
    end: str | None = None,
    id: str = "E1",
    cla: str | None = "C1",
    entered: str | None = None,
) -> tuple[str, Row]:
    return "ssd_cla_episodes", {
        "clae_cla_episode_id": id, "clae_person_id": who, "clae_cla_episode_start_date": start,
        "clae_cla_episode_ceased_date": end, "clae_cla_id": cla, "clae_entered_care_date": entered,
    }  # fmt: skip


def legal(who: str, status: str | None, start: str = "2025-06-02", end: str | None = None) -> tuple[str, Row]:
    return "ssd_legal_status", {
        "lega_person_id": who, "lega_legal_status": status, "lega_legal_status_start_date": start, "lega_legal_status_end_date": end,
    }  # fmt: skip


def placement(cla: str, kind: str | None, start: str, end: str | None = None, id: str = "L1") -> tuple[str, Row]:
    return "ssd_cla_placement", {
        "clap_cla_placement_id": id, "clap_cla_id": cla, "clap_cla_placement_type": kind,
        "clap_cla_placement_start_date": start, "clap_cla_placement_end_date": end,
    }  # fmt: skip


def plan(
    who: str, start: str = "2025-11-03", end: str | None = None, id: str | None = "CP1", ola: str | None = None
) -> tuple[str, Row]:
    return "ssd_cp_plans", {
        "cppl_person_id": who, "cppl_cp_plan_id": id, "cppl_cp_plan_start_date": start, "cppl_cp_plan_end_date": end,
        "cppl_cp_plan_ola": ola,
    }  # fmt: skip


def referral(
    who: str, start: str = "2026-01-12", end: str | None = None, id: str = "R1", nfa: str | None = None, team: str | None = None
) -> tuple[str, Row]:
    return "ssd_cin_episodes", {
        "cine_person_id": who, "cine_referral_id": id, "cine_referral_date": start, "cine_close_date": end,
        "cine_referral_nfa": nfa, "cine_referral_team": team,
    }  # fmt: skip


def leaver(who: str, **cells: object) -> tuple[str, Row]:
    row: dict[str, object] = {
        "table_id": "T1",
        "care_leaver_eligibility": "Former relevant",
        "care_leaver_in_touch": "Yes",
    } | cells
    return "ssd_care_leavers", {"clea_person_id": who} | {f"clea_{name}": cell for name, cell in row.items()}


def involvement(
    who: str, worker: str | None, role: str = "CW", start: str | None = "2026-01-12", end: str | None = None, id: str | None = "I1",
    team: str | None = None,
) -> tuple[str, Row]:  # fmt: skip
    return "ssd_involvements", {
        "invo_involvements_id": id, "invo_person_id": who, "invo_professional_id": worker, "invo_professional_role_id": role,
        "invo_professional_team": team, "invo_involvement_start_date": start, "invo_involvement_end_date": end,
    }  # fmt: skip


def staff(worker: str, starts: str | None = None, ends: str | None = None, **cells: object) -> tuple[str, Row]:
    return "ext_staff", {"worker_id": worker, "starts_on": starts, "ends_on": ends, **cells}

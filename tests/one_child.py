"""A council of one child, for the worked examples of the definitions. As at Tuesday 31 March 2026, at 07:00."""

from __future__ import annotations

from datetime import date, timedelta

from tests.oracle.answers import Answer
from tests.oracle.rules import findings

TODAY = date(2026, 3, 31)
Rows = list[dict[str, str | None]]


def person(born: str | None = "2018-05-05", **cells: str) -> Rows:
    return [{"pers_person_id": "P1", "pers_dob": born, **cells}]


def answer(rule: str, *, as_of: date = TODAY, subject: str = "P1", **tables: Rows) -> Answer:
    return findings({"ssd_person": person(), **tables}, as_of, codes=[rule])[rule][subject]


def level(rule: str, **tables: Rows) -> str | None:
    """Return the level, or `unknown`."""
    found = answer(rule, **tables)
    return "unknown" if found.outcome == "unknown" else found.level


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def care(entered: str) -> Rows:
    return [{"clae_person_id": "P1", "clae_cla_id": "C1", "clae_cla_episode_id": "E1", "clae_cla_episode_start_date": entered}]


def placed(start: str, end: str | None = None, key: str = "Q1", kind: str = "U6", change: str = "CHILD", **more: str) -> dict:
    return {
        "clap_person_id": "P1",
        "clap_cla_id": "C1",
        "clap_cla_placement_id": key,
        "clap_cla_placement_start_date": start,
        "clap_cla_placement_end_date": end,
        "clap_cla_placement_type": kind,
        "clap_cla_placement_change_reason": change,
        **more,
    }


def plan(start: str, end: str | None = None, key: str = "L1") -> dict[str, str | None]:
    return {
        "cppl_person_id": "P1",
        "cppl_cp_plan_id": key,
        "cppl_cp_plan_start_date": start,
        "cppl_cp_plan_end_date": end,
    }


def leaver(**cells: str) -> Rows:
    return [{"clea_person_id": "P1", "clea_care_leaver_eligibility": "FREL", **cells}]


def child_referred(on: str, closed: str | None = None, **cells: str | None) -> Rows:
    return [{"cine_person_id": "P1", "cine_referral_id": "R1", "cine_referral_date": on, "cine_close_date": closed, **cells}]

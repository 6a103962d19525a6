"""Who must be told what of a made council's children, worked out from its tables in plain Python, and by nothing of the product.

It knows one rule, the overdue protection visit, as the shipped file has it, and the council's own way of saying who answers for a
child: a team and its line, who has left, who covers for whom, whose record is sealed or limited to whom. It is for proofs: where
the service and this list differ, one of the two is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

AMBER_FROM, RED_AFTER, SENIOR_AFTER = 8, 13, 15
"""Working days without a visit: from when the worker is told, after when it is red, and the service manager's too."""
LINE = ("manager_id", "service_manager_id", "head_of_service_id")

Tables = Mapping[str, Sequence[Mapping[str, str]]]


@dataclass(frozen=True, kw_only=True, order=True)
class Owed:
    """What somebody must read of one child: how long it is, at which level, and the last visit."""

    child: str
    level: str
    working_days: int
    last_visit: date


def working_days(after: date, until: date) -> int:
    """Return how many weekdays there are after one day, up to another and with it; no bank holidays."""
    return sum((after + timedelta(days=n)).weekday() < 5 for n in range(1, (until - after).days + 1))


def owed(tables: Tables, day: date) -> dict[str, frozenset[Owed]]:
    """Return what everybody must be told who must be told anything, by address."""
    due: dict[str, set[Owed]] = {}
    for plan in tables["ssd_cp_plans"]:
        child, begun = plan["cppl_person_id"], date.fromisoformat(plan["cppl_cp_plan_start_date"])
        visits = [
            date.fromisoformat(row["cppv_cp_visit_date"]) for row in tables["ssd_cp_visits"] if row["cppv_person_id"] == child
        ]
        last = max(visits)
        unseen = working_days(max(begun, last), day)
        if plan.get("cppl_cp_plan_end_date") or unseen < AMBER_FROM or sealed(tables, child):
            continue
        red = unseen > RED_AFTER
        roles = [0] if red else [None, 0]
        roles += [1] if unseen > SENIOR_AFTER else []
        told = {person for role in roles if (person := answers(tables, child, role, day))}
        allowed = limited_to(tables, child)
        if allowed is not None:
            told = told & allowed or {worker for worker in allowed if address(tables, worker, day)}
        for person in told:
            item = Owed(child=child, level="RED" if red else "AMBER", working_days=unseen, last_visit=last)
            due.setdefault(address(tables, person, day) or "", set()).add(item)
    return {to: frozenset(items) for to, items in due.items()}


def sealed(tables: Tables, child: str) -> bool:
    """Return whether nobody may be told a word of a child."""
    return any(row["person_id"] == child and row["level"] != "limited" for row in tables["ext_restricted"])


def limited_to(tables: Tables, child: str) -> set[str] | None:
    """Return the workers who alone may be told of a child; None where the record is not restricted."""
    rows = [row for row in tables["ext_restricted"] if row["person_id"] == child]
    lists = [{worker.strip() for worker in row["allowed_recipients"].split(";")} for row in rows]
    return set.intersection(*lists) if lists else None


def address(tables: Tables, worker: str, day: date) -> str | None:
    """Return the address of somebody who is a member of staff on a day; None of anybody else."""
    return next(
        (row["email"] for row in tables["ext_staff"] if row["worker_id"] == worker and _is_on(row, day) and row["email"]), None
    )


def _is_on(row: Mapping[str, str], day: date) -> bool:
    return (row.get("starts_on") or "0") <= day.isoformat() <= (row.get("ends_on") or "9")


def reads_for(tables: Tables, worker: str, day: date) -> str | None:
    """Return who reads for a worker today: themselves, or whoever covers for them; None where nobody does."""
    seen = set()
    while worker not in seen:
        seen.add(worker)
        away = [
            row
            for row in tables["ext_cover"]
            if row["staff_id"] == worker and row["from_date"] <= day.isoformat() <= (row.get("to_date") or "9")
        ]
        if not away or not address(tables, worker, day):
            return worker if address(tables, worker, day) else None
        worker = away[0].get("covered_by") or ""
    return None


def answers(tables: Tables, child: str, rank: int | None, day: date) -> str | None:
    """Return who is told of a child for somebody of a rank in its team's line, None for the worker: they, or the next up."""
    return next((reader for worker in _upwards(tables, child, rank) if (reader := reads_for(tables, worker, day))), None)


def _upwards(tables: Tables, child: str, rank: int | None) -> Iterator[str]:
    [case] = [row for row in tables["ssd_involvements"] if row["invo_person_id"] == child]
    team = next(row for row in tables["ext_team"] if row["team_id"] == case["invo_professional_team"])
    if rank is None:
        yield case["invo_professional_id"]
    yield from (team[post] for post in LINE[rank or 0 :])
    yield from (row["manager_id"] for row in tables["ext_team"] if row["service"] == "performance")

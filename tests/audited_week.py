"""A council's service that has run four days and kept every promise, for tests that damage it and see that this is found."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from alerting.audit import verify
from alerting.store.store import Store
from tests.made_council import MONDAY
from tests.office import Office

DAY = timedelta(days=1)
NOW = datetime(2026, 3, 6, 9, tzinfo=UTC)
LAST = MONDAY + 3 * DAY
THE_LAST_TO_M1, THE_LAST_TO_S1 = 12, 13
"""The numbers of the messages of the last day."""
MESSAGE = "(key, run_id, receiver, purpose, recipient, name, as_of, urgency, content, message_id, planned_at, state, attempts)"


def run_week(folder: Path) -> Path:
    """Run the service of a council for four days: an alert goes on, one is cleared, one leaves."""
    office = Office(folder)
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    office.council.on_a_plan("C3", seen=MONDAY - 50 * DAY)
    office.run(MONDAY)
    office.run(MONDAY + DAY, without=("ssd_cp_visits",))
    office.council.visited("C1", MONDAY)
    office.run(MONDAY + 2 * DAY)
    office.council.row("ssd_cp_plans", cppl_person_id="C3")["cppl_cp_plan_end_date"] = MONDAY.isoformat()
    office.council.on_a_plan("C4", seen=MONDAY - 50 * DAY)
    office.run(LAST)
    return office.folder


def copied(week: Path, tmp_path: Path) -> Path:
    """Return a copy of the service's folder, to be damaged."""
    return Path(shutil.copytree(week, tmp_path / "service"))


def opened(service: Path) -> Store:
    return Store.open(f"sqlite:///{(service / 'alerting.db').as_posix()}")


def found(store: Store, *, due: tuple[tuple[str, date], ...] = (), since: date = MONDAY, until: date = LAST) -> list[str]:
    """Return the breaches that the audit finds."""
    with store.transaction() as connection:
        return [str(each) for each in verify.verify(connection, since, until, NOW, due=due).breaches]


def damage(store: Store, *statements: str) -> None:
    with store.transaction() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def the_alert(store: Store, subject: str) -> tuple[int, str]:
    [mine] = [alert for alert in store.alerts() if (alert.subject, alert.code) == (subject, "CP-03")]
    return mine.id or 0, f"{mine.ref} (CP-03)"


def of_i2(store: Store, *, since: date = MONDAY, until: date = LAST) -> list[str]:
    return [each.removeprefix("I2 ") for each in found(store, since=since, until=until) if each.startswith("I2")]


def not_told(who: str) -> str:
    return f"and {who}, who answers for it, was neither told of it nor about to be, and no reason is kept that excuses it"

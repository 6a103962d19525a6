"""A table that is kept by hand and stands still is told to whoever keeps it, once, beside those who look after the service."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from alerting.notifications.content import NoticeContent
from alerting.rulebook.file_models import Overrides, SettingsFile
from alerting.rulebook.settings import apply_overrides
from alerting.store.schema import outbox
from tests.made_council import MONDAY
from tests.office import Office

DAY = timedelta(days=1)
NEWEST = MONDAY - 30 * DAY


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A council whose supervisions were last written down a month ago."""
    office = Office(tmp_path)
    office.rules_of_its_own("workforce/case-supervision-overdue.yaml")
    office.council.add(
        "ext_supervision", kind="case", worker_id="W1", person_id="C1", supervisor_id="M1", held_on=NEWEST.isoformat()
    )
    return office


def owned_by(office: Office, owner: str) -> None:
    office.settings["rules"] = {"params": {"table_owners": {"ext_supervision": owner}}}


def told(office: Office) -> list[tuple[str, str | None]]:
    """Who was told of the table alone, with the address."""
    return [
        (item.recipient, item.address)
        for item in office.planned
        if isinstance(item.content, NoticeContent)
        and [each.title for each in item.content.notices] == ["ext_supervision has nothing new"]
    ]


def sent(office: Office) -> int:
    """How many messages to its owner there were, on all days."""
    with closing(office.store()) as store, store.transaction() as connection:
        mine = sa.select(sa.func.count()).where(
            outbox.c.recipient == "M2", outbox.c.purpose == "admin", outbox.c.state == "accepted"
        )
        return int(connection.execute(mine).scalar_one())


@pytest.mark.parametrize(
    ("owner", "who"),
    [
        ("M2", ("M2", "m2@example.gov.uk")),
        ("Person M2", ("M2", "m2@example.gov.uk")),
        ("quality", ("Q1", "q1@example.gov.uk")),
        ("workforce@example.gov.uk", ("workforce@example.gov.uk", "workforce@example.gov.uk")),
    ],
)
@pytest.mark.slow
def test_its_owner_is_told_by_whatever_the_settings_call_them(office: Office, owner: str, who: tuple[str, str]) -> None:
    owned_by(office, owner)
    office.run(MONDAY, "weekly")

    assert told(office) == [who]
    [said] = [item.content.notices[0].detail for item in office.planned if item.recipient == who[0] and item.purpose == "admin"]
    assert said.startswith("ext_supervision.held_on has nothing newer than 31 January 2026")
    assert "WF-10" in said


@pytest.mark.slow
def test_it_is_told_once_and_again_when_it_stands_still_anew(office: Office) -> None:
    owned_by(office, "M2")
    office.run(MONDAY, "weekly")
    office.run(MONDAY + 7 * DAY, "weekly")
    assert sent(office) == 1

    office.council.add(
        "ext_supervision",
        kind="case",
        worker_id="W1",
        person_id="C1",
        supervisor_id="M1",
        held_on=(MONDAY - 20 * DAY).isoformat(),
    )
    office.run(MONDAY + 28 * DAY, "weekly")
    assert sent(office) == 2


@pytest.mark.parametrize(("owner", "said"), [("", False), ("P1", False), ("somebody", True)])
@pytest.mark.slow
def test_without_an_owner_those_who_look_after_the_service_are_told_as_before(office: Office, owner: str, said: bool) -> None:
    owned_by(office, owner)
    office.run(MONDAY, "weekly")

    assert told(office) == []
    assert "Data: ext_supervision.held_on" in {notice.title for notice in office.notices}
    assert ("Whoever keeps ext_supervision is not known" in {notice.title for notice in office.notices}) == said


@pytest.mark.parametrize(
    ("table", "remedy"),
    [
        ("ext_supervison", "Did you mean 'ext_supervision'?"),
        ("ssd_person", "Its owner is told of nothing."),
        ("ext_Supervision", None),
    ],
)
def test_an_owner_of_a_table_that_nobody_looks_at_is_a_warning(table: str, remedy: str | None) -> None:
    shipped = SettingsFile(params={"hand_kept": {"ext_supervision.held_on": 10}, "table_owners": {}}, codes={}, bank_holidays=())
    _, faults = apply_overrides(shipped, Overrides(params={"table_owners": {table: "quality"}}), lambda _: None)

    assert [fault.severity for fault in faults] == (["warning"] if remedy else [])
    assert all(remedy in fault.remedy for fault in faults if remedy)


@pytest.mark.slow
def test_such_a_warning_stops_no_run(office: Office) -> None:
    office.settings["rules"] = {"params": {"table_owners": {"ext_supervison": "M2"}}}
    office.run(MONDAY, "weekly")

    assert told(office) == []
    assert "Data: ext_supervision.held_on" in {notice.title for notice in office.notices}

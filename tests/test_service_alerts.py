"""Alerts about tables, columns and rules: in the administrators' message once, and in no list of theirs beside it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from alerting.notifications.content import DigestContent, Notice, NoticeContent
from alerting.notifications.recipient_log import NotToldReason
from alerting.notifications.report import Report
from alerting.store import recipient_log
from tests.made_council import MONDAY
from tests.office import Office

DAY = timedelta(days=1)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A council with the two rules about its data and its rules, one about visits, and one that is off for want of its table."""
    office = Office(tmp_path)
    own = ("data_quality/data-not-trusted.yaml", "data_quality/rule-cannot-run.yaml")
    office.rules_of_its_own("practice/cp-visit-overdue.yaml", "practice/contact-decision-late.yaml", *own)
    return office


def in_lists(report: Report) -> dict[str, set[str]]:
    """Return of which rules each person's list tells, by person."""
    found: dict[str, set[str]] = {}
    for item in report.planned:
        if isinstance(item.content, DigestContent):
            found.setdefault(item.recipient, set()).update(each.rule for each in item.content.items)
    return found


def noticed(report: Report) -> dict[str, Notice]:
    [content, *_] = [item.content for item in report.planned if isinstance(item.content, NoticeContent)]
    return {notice.title: notice for notice in content.notices}


@pytest.mark.slow
def test_a_table_that_is_not_believed_is_one_item_with_the_rules_that_wait_and_no_alert_beside_it(office: Office) -> None:
    office.run(MONDAY)
    report = office.run(MONDAY + DAY, without=("ssd_cp_visits",))

    told, lists = noticed(report), in_lists(report)
    assert "CP-03" in told["Data: ssd_cp_visits"].detail
    assert not any(title.startswith("DQ-06") for title in told)
    assert "data-not-trusted" not in lists.get("P1", set())
    assert "data-not-trusted" in lists["H1"], "whoever does not read of the service is told as ever"
    assert why(office, "DQ-06") == {"P1": NotToldReason.with_administrators}
    assert report.sending.not_kept == ()


@pytest.mark.slow
def test_what_no_other_notice_says_has_an_item_of_its_own_and_what_asks_nothing_is_told_once(office: Office) -> None:
    first, second = office.run(MONDAY), office.run(MONDAY + DAY)

    said = noticed(first)["DQ-07: A rule is off"]
    assert (said.items, said.asks, said.do) == (("FD-01",), False, "")
    assert in_lists(first).get("P1", set()) == set()
    assert not any(title.startswith("DQ-07") for title in noticed(second))
    assert why(office, "DQ-07") == {"P1": NotToldReason.with_administrators}


def why(office: Office, code: str) -> dict[str, NotToldReason]:
    """Return why those for whom an alert is are not told of it in their list."""
    store = office.store()
    try:
        with store.transaction() as connection:
            alert = next(alert for alert in store.live(connection) if alert.code == code)
            return {who: why.reason for who, why in recipient_log.read_not_told(connection, alert.id or 0)}
    finally:
        store.close()

"""An address of the staff list that nothing may go to, or a last day that cannot be read: who is told instead, and who hears of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerting.app import build
from alerting.authoring.check import check
from alerting.authoring.source_tables import read_tables
from alerting.casedata.snapshot import Snapshot
from alerting.casedata.trust import Past, judge
from tests.made_council import MONDAY
from tests.returned_mail import DAY, Post, to, words
from tests.servers import scripted_mail_server
from tests.test_trust import SETTINGS, ids

# What else is no address, or is in no domain that is named: test_mailboxes.py.
ELSEWHERE = ["m1@elsewhere.example", "m1@mail.example.gov.uk"]
NONE = ["a..b@example.gov.uk", "m1@example.gov.uk; s1@example.gov.uk"]


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return Post(tmp_path / "council")


def staff_problems(post: Post) -> list[str]:
    post.council.write()
    app = build(post.council.configure(post.store_url, **post.settings))
    return [problem for table in read_tables(app, MONDAY) if table.table == "ext_staff" for problem in table.problems]


@pytest.mark.parametrize(
    "address", [ELSEWHERE[0], NONE[0], *(pytest.param(other, marks=pytest.mark.slow) for other in (ELSEWHERE[1], NONE[1]))]
)
def test_the_next_up_is_told_the_same_morning_and_administrators_hear_of_it(post: Post, address: str) -> None:
    post.council.row("ext_staff", worker_id="M1")["email"] = address
    with scripted_mail_server() as relay:
        post.by_mail(relay.port, domains=["Example.gov.uk"])
        report = post.run(MONDAY)

    [told_instead] = to(relay, "s1")
    assert all(post.alert(child, "plan-long").ref in words(told_instead) for child in ("C1", "C2"))
    assert not any(address.encode() in content for content in relay.accepted)
    assert post.breaches(MONDAY) == []
    said = " ".join([*(problem for problem in report.problems), *(problem.text for problem in report.sending.problems)])
    assert ("1 address may not be written to" if address in ELSEWHERE else "worker M1. The next manager up") in said


def test_whoever_may_have_left_is_told_nothing_the_next_up_is_and_administrators_hear_of_it(post: Post) -> None:
    post.council.row("ext_staff", worker_id="M1")["ends_on"] = "27/02/26"
    with scripted_mail_server() as relay:
        post.by_mail(relay.port, domains=["example.gov.uk"])
        report = post.run(MONDAY)

    assert to(relay, "m1") == []
    [told_instead] = to(relay, "s1")
    assert all(post.alert(child, "plan-long").ref in words(told_instead) for child in ("C1", "C2"))
    assert post.breaches(MONDAY) == []
    assert not any("count as empty" in problem for problem in report.problems)
    assert any(
        "ext_staff.ends_on: of 1 member of staff the last day cannot be read: worker M1." in problem
        for problem in report.problems
    )


@pytest.mark.slow
def test_the_address_is_taken_whatever_its_case_and_the_spaces_around_it(post: Post) -> None:
    post.council.row("ext_staff", worker_id="M1")["email"] = " M1@EXAMPLE.GOV.UK "
    with scripted_mail_server() as relay:
        post.by_mail(relay.port, domains=["example.gov.uk"])
        report = post.run(MONDAY)

    assert len(to(relay, "M1")) == 1
    assert report.sending.problems == ()


@pytest.mark.slow
def test_the_check_counts_and_names_whom_nothing_can_be_sent_to(post: Post) -> None:
    post.by_mail(25, domains=["example.gov.uk"])
    assert staff_problems(post) == []

    post.council.row("ext_staff", worker_id="M1")["email"] = ELSEWHERE[0]
    post.council.row("ext_staff", worker_id="S1")["email"] = NONE[0]

    assert staff_problems(post) == [
        "email: the address of 1 member of staff (S1) is none that a mail can be sent to",
        "email: by the receiver mail, mail may not go to elsewhere.example: 1 member of staff (M1)",
    ]


@pytest.mark.slow
def test_the_check_asks_for_domains_and_names_an_administrator_outside_them(post: Post) -> None:
    def said(**changes: object) -> list[str]:
        post.by_mail(25, **changes)
        faults = check(build(post.council.configure(post.store_url, **post.settings)), MONDAY, reach=False)
        return [
            f"{fault.severity}: {fault.problem}" for fault in faults if "domain" in fault.problem or "address" in fault.problem
        ]

    assert "domains: [example.gov.uk]" in said()[0]
    assert said(domains=["example.gov.uk"]) == []
    assert said(domains=["other.gov.uk"]) == [
        "warning: by the receiver mail, mail may not go to example.gov.uk, so nothing gets to this address"
    ]


@pytest.mark.slow
def test_what_nobody_can_be_told_of_waits_and_is_told_as_new_once_the_addresses_are_there(post: Post) -> None:
    rows = [post.council.row("ext_staff", worker_id=worker) for worker in ("M1", "S1", "H1", "P1")]
    addresses = [row["email"] for row in rows]
    for row in rows:
        row["email"] = "Local sort 1"
    with scripted_mail_server() as relay:
        post.by_mail(relay.port, domains=["example.gov.uk"])
        post.run(MONDAY)
        lost = {post.alert(child, "plan-long").ref for child in ("C1", "C2")}
        assert to(relay, "m1") == to(relay, "s1") == to(relay, "h1") == []
        [said] = [notice for notice in post.notices if notice.title == "Alerts that nobody could be told of"]
        assert set(said.items) == lost
        assert said.detail.endswith(" waits: its alerts are told once somebody is.")

        for row, address in zip(rows, addresses, strict=True):
            row["email"] = address
        post.run(MONDAY + DAY)
        [told] = to(relay, "m1")

    assert all(ref in words(told) for ref in lost)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["2026-03-04", "02/06/2026", "2026-03-14", "12/11/2025"], "in 2 of 4 cells"),
        (["2026-03-04 00:00:00", "2/6/2026 00:00", None], "in 1 of 2 cells"),
        (["04/03/2026", "02/06/2026"], None),  # day first alone, as all is read
        (["2026-03-04", "02/02/2026", "23/11/2025"], None),  # there is one way to read them
        (["2026-03-04", "02/06/2026", "03/14/2026"], None),  # of which it is told that one cannot be read
    ],
)
def test_of_last_days_that_may_be_month_first_beside_others_with_the_year_first_administrators_read(
    cells: list[str | None], told: str | None
) -> None:
    with Snapshot(MONDAY, SETTINGS) as filled:
        filled.fill("ext_staff", ["worker_id", "ends_on"], [ids(len(cells)), cells])
        wanted = {"ext_staff": frozenset({"worker_id", "ends_on"})}
        filled.settle(wanted)
        said = [one.text for one in judge(filled, wanted, Past()).told if "month first" in one.text]

    assert said == (
        [f"ext_staff.ends_on may have the month first {told}, and is read day first; the others have the year first"]
        if told
        else []
    )

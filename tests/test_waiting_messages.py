"""A message that waits while a child is restricted, a reader leaves, or moves: nobody is told what they may not know, and nobody is forgotten."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerting.store import schema
from tests.bounced_mails import exchange
from tests.returned_mail import Post
from tests.sending_desk import mails, text
from tests.servers import ScriptedMailServer, closed_port

pytestmark = pytest.mark.slow

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FRIDAY = date(2026, 3, 6)
MONDAY, TUESDAY = FRIDAY + 3 * DAY, FRIDAY + 4 * DAY
CHILD = re.compile(r"\bP?(C\d+)\b")
NO_BREAK = re.compile(r"=C2=[0-9A-F]{2}")
"""How a space that does not break is written in a mail: it is no child C2."""


class Waiting(Post):
    """An office with a weekly rule beside its daily one, whose relay is down until it is back."""

    def __init__(self, folder: Path, relay: ScriptedMailServer) -> None:
        super().__init__(folder / "council")
        self.relay = relay
        self.rule("plan-of-the-week", "PL-02", job="weekly")
        self.down()
        self.council.add("ssd_person", pers_person_id="C9", pers_dob="2015-05-05")
        self.council.add("ssd_person", pers_person_id="C9", pers_dob="2015-05-05")
        self.council.add("ext_restricted", person_id="C9", level="limited", allowed_recipients="S1")

    def down(self) -> None:
        self.by_mail(closed_port())

    def back(self, at: datetime | None = None) -> None:
        """Let the relay be there again, and the service send what waits."""
        self.by_mail(self.relay.port)
        self.council.configure(self.store_url, **self.settings)
        self.look(at or self.at(TUESDAY, 12), send=True)

    def at(self, day: date, hour: int) -> datetime:
        return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)

    def limit(self, child: str, *allowed: str, level: str = "limited") -> None:
        self.council.add("ext_restricted", person_id=child, level=level, allowed_recipients=";".join(allowed))

    def leaves(self, worker: str, on: date) -> None:
        self.council.row("ext_staff", worker_id=worker)["ends_on"] = (on - DAY).isoformat()

    def succeeded_by(self, worker: str, team: str = "T1") -> None:
        """Have another manager for a team."""
        self.council.add("ext_staff", worker_id=worker, name=f"Person {worker}", email=f"{worker.lower()}@example.gov.uk", role="team_manager",
                         team_id=team)  # fmt: skip
        self.council.row("ext_team", team_id=team)["manager_id"] = worker

    def on_paper(self) -> dict[str, set[str]]:
        """Return the children whom the mails that arrived name, by the address they went to."""
        named = defaultdict[str, set[str]](set)
        for mail in mails(self.relay):
            if mail["X-Alert-Purpose"] != "admin":
                named[str(mail["To"].addresses[0].addr_spec)] |= set(
                    CHILD.findall(NO_BREAK.sub(" ", mail.as_string()) + text(mail))
                )
        return {who: children for who, children in named.items() if children}

    def messages(self, recipient: str | None = None) -> list[Any]:
        return [row for row in self.all(schema.outbox) if row.purpose != "admin" and recipient in (None, row.recipient)]

    def reasons(self) -> dict[str, str]:
        """Return why what did not go to a person did not, by recipient and purpose."""
        return {f"{row.recipient} {row.purpose}": row.reason for row in self.messages() if row.state == "cancelled"}


@pytest.fixture
def office(tmp_path: Path, relay: ScriptedMailServer) -> Waiting:
    return Waiting(tmp_path, relay)


def test_what_waits_is_sent_when_nothing_has_changed(office: Waiting) -> None:
    office.run(MONDAY, "weekly")
    office.run(TUESDAY)
    office.back()

    assert office.on_paper() == {"m1@example.gov.uk": {"C1", "C2"}}
    assert {row.purpose for row in office.messages("M1") if row.state == "accepted"} == {"daily", "weekly"}


def test_a_run_that_tells_somebody_nothing_cancels_what_waits_for_them(office: Waiting) -> None:
    office.run(MONDAY)
    office.limit("C1", "S1")
    office.limit("C2", "S1")
    office.run(MONDAY)
    office.back(office.at(MONDAY, 12))

    assert office.on_paper() == {"s1@example.gov.uk": {"C1", "C2"}}
    assert office.reasons()["M1 daily"] == "withdrawn"
    assert office.breaches(MONDAY) == []


def test_what_waits_of_another_job_names_no_child_that_was_limited_since(office: Waiting) -> None:
    office.run(MONDAY, "weekly")
    office.limit("C1", "H1")
    office.run(TUESDAY)
    office.back()

    assert office.on_paper() == {"m1@example.gov.uk": {"C2"}, "h1@example.gov.uk": {"C1"}}


@pytest.mark.slow
def test_what_waits_of_another_job_names_no_child_that_was_sealed_since(office: Waiting) -> None:
    office.run(MONDAY, "weekly")
    office.limit("C1", level="sealed")
    office.limit("C2", level="sealed")
    office.run(TUESDAY)
    office.back()

    assert office.on_paper() == {}
    assert office.reasons()["M1 weekly"] == "not_theirs"


def test_what_waits_for_a_manager_who_left_is_told_to_whoever_has_their_place(office: Waiting) -> None:
    office.run(MONDAY, "weekly")
    office.leaves("M1", TUESDAY)
    office.succeeded_by("M7")
    office.run(TUESDAY)
    office.back()

    assert office.on_paper() == {"m7@example.gov.uk": {"C1", "C2"}}
    accepted = {(row.recipient, row.purpose) for row in office.messages() if row.state == "accepted"}
    assert {("M7", "daily"), ("M7", "weekly")} <= accepted
    assert not any(recipient == "M1" for recipient, _ in accepted)
    assert [breach for breach in office.breaches(TUESDAY) if " admin " not in breach] == []


@pytest.mark.slow
def test_what_waits_for_a_manager_goes_with_them_to_their_new_address(office: Waiting) -> None:
    office.run(MONDAY, "weekly")
    office.council.row("ext_staff", worker_id="M1")["email"] = "new.name@example.gov.uk"
    office.run(TUESDAY)
    office.back()

    assert office.on_paper() == {"new.name@example.gov.uk": {"C1", "C2"}}
    assert {row.address for row in office.messages("M1") if row.state == "accepted"} == {"new.name@example.gov.uk"}


@pytest.mark.slow
def test_a_manager_who_moved_to_another_team_is_not_told_of_the_children_of_the_first(office: Waiting) -> None:
    office.run(MONDAY, "weekly")
    office.succeeded_by("M7")
    office.council.row("ext_team", team_id="T2")["manager_id"] = "M1"
    office.run(TUESDAY)
    office.back()

    assert office.on_paper() == {"m7@example.gov.uk": {"C1", "C2"}}


@pytest.mark.slow
def test_whoever_is_no_longer_allowed_is_not_told_and_whoever_is_left_is(office: Waiting) -> None:
    office.limit("C1", "M1", "S1")
    office.limit("C2", "M1", "S1")
    office.run(MONDAY, "weekly")
    for child in ("C1", "C2"):
        office.council.row("ext_restricted", person_id=child)["allowed_recipients"] = "S1"
    office.run(TUESDAY)
    office.back()

    assert office.on_paper() == {"s1@example.gov.uk": {"C1", "C2"}}


@pytest.mark.slow
def test_what_waits_about_children_waits_on_while_the_list_is_doubted_and_goes_once_it_is_not(office: Waiting) -> None:
    office.run(MONDAY, "weekly")
    columns = office.council.tables["ext_restricted"]
    office.council.tables["ext_restricted"] = []
    office.run(TUESDAY)
    office.back()
    assert office.on_paper() == {}

    office.council.tables["ext_restricted"] = columns
    office.run(TUESDAY + DAY)
    assert office.on_paper() == {"m1@example.gov.uk": {"C1", "C2"}}


@pytest.mark.slow
def test_a_relay_that_is_down_from_friday_to_tuesday(office: Waiting) -> None:
    """On Monday a child is sealed, another is limited, and a manager leaves; the list itself is damaged for one of the runs."""
    office.council.on_a_plan("C3", seen=FRIDAY)
    office.run(FRIDAY, "weekly")
    office.run(FRIDAY)
    office.limit("C1", level="sealed")
    office.limit("C2", "H1")
    office.leaves("M1", MONDAY)
    office.succeeded_by("M7")
    office.run(MONDAY, "weekly")
    office.run(MONDAY)
    there, office.council.tables["ext_restricted"] = office.council.tables["ext_restricted"], []
    office.run(MONDAY)
    office.back(office.at(MONDAY, 18))
    assert office.on_paper() == {}, "nothing about a child leaves by a list that is doubted"

    office.council.tables["ext_restricted"] = there
    office.run(TUESDAY)
    office.back(office.at(TUESDAY, 12))

    assert office.on_paper() == {"m7@example.gov.uk": {"C3"}, "h1@example.gov.uk": {"C2"}}
    for purpose in ("daily", "weekly"):
        accepted = {row.recipient for row in office.messages() if (row.purpose, row.state) == (purpose, "accepted")}
        assert {"M7", "H1"} <= accepted, f"nobody goes untold of what the {purpose} rule found"
    assert all(row.reason or row.state == "accepted" for row in office.messages()), "each has a reason, or was told"


@pytest.mark.slow
def test_a_mail_that_comes_back_after_a_child_was_limited_is_passed_on_without_it(office: Waiting) -> None:
    office.by_mail(office.relay.port)
    office.run(MONDAY)
    [sent] = [mail for mail in mails(office.relay) if mail["X-Alert-Purpose"] == "daily"]
    office.limit("C1", "H1")
    office.down()
    office.run(TUESDAY)
    office.arrives(exchange(str(sent["Message-ID"])))
    office.relay.accepted.clear()
    office.back()

    assert office.on_paper()["s1@example.gov.uk"] == {"C2"}


def test_a_run_in_the_minute_after_the_relay_is_back_sends_what_waits(office: Waiting) -> None:
    office.run(MONDAY)
    office.by_mail(office.relay.port)
    office.run(MONDAY)

    assert office.on_paper() == {"m1@example.gov.uk": {"C1", "C2"}}


def test_what_administrators_never_got_is_new_to_them_and_not_still_to_do(office: Waiting) -> None:
    def told_on(day: date) -> tuple[set[str], set[str]]:
        office.run(day, without=("ssd_cp_visits",))
        contents = [item.content for item in office.planned if item.purpose == "admin" and item.recipient == "P1"]
        new, still = ({notice.title for content in contents for notice in kind(content)} for kind in (_new, _still))
        return new, still

    for day in (FRIDAY - DAY, FRIDAY):
        new, still = told_on(day)
        assert "Data: ssd_cp_visits" in new
        assert still == set()
    office.by_mail(office.relay.port)
    # By then what had been planned for them is over.
    assert "Data: ssd_cp_visits" in told_on(TUESDAY)[0]
    new, still = told_on(TUESDAY + DAY)
    assert ("Data: ssd_cp_visits" in new, "Data: ssd_cp_visits" in still) == (False, True)


def _new(content: Any) -> Any:
    return content.notices


def _still(content: Any) -> Any:
    return content.still

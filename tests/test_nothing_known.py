"""What a manager hears on a morning on which their part could not be read, and who is told while staff and teams are away.

And whose team has nobody as its manager: said the same day, by cause, and told to the next up.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alerting.notifications.content import DigestContent, Notice
from alerting.notifications.report import Report
from tests.made_council import MONDAY
from tests.office import Office
from tests.sending_desk import refusing
from tests.servers import scripted_mail_server

DAY = timedelta(days=1)
GONE = "Teams whose manager is nobody who can be told"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    return office


def messages(report: Report) -> dict[str, DigestContent]:
    """Return the daily messages that were planned for persons, by who gets them."""
    return {item.recipient: item.content for item in report.planned if isinstance(item.content, DigestContent)}


def managers_notice(office: Office) -> Notice | None:
    return next((notice for notice in office.notices if notice.title == GONE), None)


# ---- a part that could not be read


@pytest.mark.slow
def test_whoever_has_open_alerts_of_a_rule_that_could_not_run_hears_of_it_in_a_sentence(office: Office) -> None:
    office.begin(MONDAY)

    told = messages(office.run(MONDAY + DAY, without=("ssd_cp_visits",)))

    assert set(told) == {"M1", "S1", "M2"}, "and nobody whom it does not concern"
    assert (told["M1"].items, told["M1"].told) == ((), ())
    [_, sentence] = told["M1"].banners
    assert " could not be read this morning. 1 rule could not run today: " in sentence
    assert "none of them is cleared" in sentence


@pytest.mark.slow
def test_the_manager_of_a_team_none_of_whose_rules_could_be_asked_reads_one_sentence_though_nothing_is_theirs(
    office: Office,
) -> None:
    office.begin(MONDAY)

    told = messages(office.run(MONDAY + DAY, without=("ssd_cp_visits",)))

    [sentence] = told["M2"].banners
    assert (told["M2"].items, told["M2"].told) == ((), ())
    assert sentence.startswith("No rule could be asked about Team T2 this morning: ")
    assert "could not be read" in sentence
    assert "Nothing here means that nothing is due." in sentence
    assert not {"P1", "Q1"} & told.keys(), "teams that have no cases"


@pytest.mark.slow
def test_who_has_a_rule_that_was_asked_of_their_team_reads_no_such_sentence(office: Office) -> None:
    office.rule("plan-long", "PL-01", "reads: [ssd_cp_plans]", "services: [help_protection]")
    office.begin(MONDAY)
    office.council.row("ext_team", team_id="T2")["service"] = "front_door"

    told = messages(office.run(MONDAY + DAY, without=("ssd_cp_visits",)))

    assert told["M2"].banners[0].startswith("No rule could be asked about Team T2 this morning: ")
    assert not any("No rule could be asked" in banner for banner in told["M1"].banners)


def test_a_rule_that_is_off_as_the_council_has_it_was_not_to_be_asked(office: Office) -> None:
    office.settings["rules"] = {"settings": {"CP-03": {"enabled": False, "reason": "we look at it elsewhere"}}}

    assert messages(office.run(MONDAY)) == {}


@pytest.mark.slow
def test_on_the_next_day_it_says_since_when(office: Office) -> None:
    office.begin(MONDAY)
    office.run(MONDAY + DAY, without=("ssd_cp_visits",))

    told = messages(office.run(MONDAY + 2 * DAY, without=("ssd_cp_visits",)))

    assert "This has been so since 3 March 2026." in told["M1"].banners[1]


@pytest.mark.slow
def test_it_is_sent_in_words_and_moves_no_reminder(office: Office) -> None:
    office.begin(MONDAY)
    office.run(MONDAY + DAY, without=("ssd_cp_visits",))

    pages = [page.read_text("utf-8") for page in (office.folder / "outbox").glob("2026-03-03-daily-*.html")]

    assert len(pages) == 3
    assert all("Not all could be checked today." in page and "Nothing else is new" not in page for page in pages)
    assert all("could not be read" in page and "C1" not in page for page in pages)
    assert office.run(MONDAY + 2 * DAY).sending.not_kept == ()
    assert office.people() == set(), "what they knew, they know, and it is not told again"


@pytest.mark.slow
def test_whoever_has_other_news_has_it_in_that_message_and_no_second_one(office: Office) -> None:
    office.rule("plan-long", "PL-01", "reads: [ssd_cp_plans]")
    office.begin(MONDAY)
    office.council.on_a_plan("C9", seen=MONDAY, begun=MONDAY - 70 * DAY)

    report = office.run(MONDAY + DAY, without=("ssd_cp_visits",))

    assert [item.recipient for item in report.planned if item.recipient == "M1"] == ["M1"]
    assert "could not run today" in messages(report)["M1"].banners[0]
    assert messages(report)["M1"].items


def test_the_whole_extract_gone_is_told_to_those_who_were_told_before_by_the_last_good_directory(office: Office) -> None:
    office.begin(MONDAY)

    report = office.run(MONDAY + DAY, without=tuple(office.council.tables))

    assert set(messages(report)) == {"M1", "S1", "M2"}
    for content in messages(report).values():
        assert content.items == ()
        assert content.banners
        assert "seal" not in " ".join(content.banners).lower()
    assert {item.recipient for item in report.planned if item.purpose == "admin"} == {"P1", "admin@example.gov.uk"}
    assert report.sending.not_kept == ()


def test_while_staff_or_teams_are_away_news_goes_to_whom_it_went_before(office: Office) -> None:
    office.begin(MONDAY)
    office.council.on_a_plan("C9", seen=MONDAY - 50 * DAY)

    told = messages(office.run(MONDAY + DAY, without=("ext_staff", "ext_team")))

    assert [item.subject for item in told["M1"].items] == ["C1", "C9"]
    assert "Who is who is taken from an earlier day" in {notice.title for notice in office.notices}


@pytest.mark.slow
def test_whoever_has_left_by_the_table_that_is_doubted_is_not_told_by_the_older_one(office: Office) -> None:
    office.begin(MONDAY)
    office.council.row("ext_staff", worker_id="M1")["ends_on"] = MONDAY.isoformat()
    office.council.on_a_plan("C9", seen=MONDAY - 50 * DAY)

    told = messages(office.run(MONDAY + DAY, without=("ext_team",)))

    assert "M1" not in told
    assert "C9" in [item.subject for item in told["S1"].items]


@pytest.mark.slow
def test_a_list_of_restricted_records_that_is_not_there_is_no_way_to_hear_of_a_child(office: Office) -> None:
    office.begin(MONDAY)
    office.council.on_a_plan("C9", seen=MONDAY - 50 * DAY)

    told = messages(office.run(MONDAY + DAY, without=("ext_restricted",)))

    assert set(told) == {"M1", "S1"}, "they have open alerts, and hear that nothing can be told"
    assert [content.items for content in told.values()] == [(), ()]


# ---- a team whose manager is nobody


def nobody(office: Office, cause: str) -> None:
    staff, team = office.council.row("ext_staff", worker_id="M1"), office.council.row("ext_team", team_id="T1")
    match cause:
        case "blank":
            team["manager_id"] = ""
        case "unknown":
            team["manager_id"] = "M77"
        case "left":
            staff["ends_on"] = (MONDAY - DAY).isoformat()
        case "no address":
            staff["email"] = ""


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ("blank", "Team T1: nobody is recorded"),
        pytest.param("unknown", "Team T1: M77 is nobody on the staff list", marks=pytest.mark.slow),
        ("left", "Team T1: M1 has left"),
        pytest.param("no address", "Team T1: M1 has no address", marks=pytest.mark.slow),
    ],
)
def test_a_team_whose_manager_is_nobody_is_told_of_the_same_day_by_cause(office: Office, cause: str, said: str) -> None:
    nobody(office, cause)

    report = office.run(MONDAY)

    notice = managers_notice(office)
    assert notice is not None, "nothing is clear"
    assert said in notice.detail
    assert "C1" in [item.subject for item in messages(report)["S1"].items], "the next up is told"


@pytest.mark.slow
def test_a_team_without_open_alerts_counts_where_somebody_works_in_it(office: Office) -> None:
    office.council.row("ext_team", team_id="T2")["manager_id"] = ""
    office.council.add("ext_team", team_id="T9", name="Closed long ago", service="help_protection")

    office.run(MONDAY)

    notice = managers_notice(office)
    assert notice is not None
    assert "Team T2" in notice.detail
    assert "Closed long ago" not in notice.detail


@pytest.mark.slow
def test_a_manager_who_is_away_without_cover_is_no_such_case(office: Office) -> None:
    office.council.add("ext_cover", staff_id="M1", from_date=MONDAY.isoformat(), to_date=(MONDAY + 9 * DAY).isoformat())

    office.run(MONDAY)

    assert managers_notice(office) is None


@pytest.mark.slow
def test_a_manager_whose_address_is_refused_is_one_from_the_next_day_on(office: Office) -> None:
    mail: dict[str, Any] = {"type": "email", "from": "alerts@example.gov.uk", "security": "none", "helo": "here.example.gov.uk"}
    with scripted_mail_server(RCPT=refusing("m1@example.gov.uk")) as server:
        office.settings["receivers"] = {"mail": mail | {"host": "127.0.0.1", "port": server.port, "domains": ["example.gov.uk"]}}
        office.run(MONDAY)

        office.run(MONDAY + DAY)

    notice = managers_notice(office)
    assert notice is not None
    assert "Team T1: M1 has an address that was refused" in notice.detail

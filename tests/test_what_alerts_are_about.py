"""What an alert is about beside one child: how its reader knows it, who is told, and who never is.

T1  help and protection, manager M1; T2  children in care, manager M2; over both the service manager S1 and head of service H1
TP  performance, manager P1; W1 works in T1
"""

from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from alerting.app import build
from alerting.model import About
from alerting.notifications.content import WeeklyContent
from alerting.rulebook.lint import lint_rule
from tests.made_council import MONDAY
from tests.office import Office

pytestmark = pytest.mark.slow
DAY = timedelta(days=1)
SUBJECT = """\
id: {id}
title: Something
says: One row each.
about: {about}
key: key
{names}
columns:
{columns}
sql: "{sql}"
"""
RULE = """\
id: {id}
code: {code}
title: To be looked at
says: It is to be looked at.
clears: It is looked at.
owner: head of service
basis: {{kind: local, text: things are looked at}}
job: {job}
subject: {subject}
levels: {{amber: "true"}}
notify: {{amber: [{roles}]}}
"""


@pytest.fixture
def office(tmp_path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own()
    return office


def about(
    office: Office, kind: str, sql: str, roles: str, *more: str, code: str = "XX-01", job: str = "daily", id_: str = "it"
) -> None:
    """Write a subject of which each column that has another word than `key` is what its name says, and a rule that all of it meets."""
    names = [name for name in ("team", "service", "worker", "person", "name") if f" AS {name}" in sql]
    columns = "\n".join(f"  {name}: {{type: text, tier: reference, says: It}}" for name in ("key", *names))
    named = "\n".join(f"{name}: {name}" for name in names)
    rules = office.folder / "rules"
    (rules / "subjects" / f"{id_}.yaml").write_text(
        SUBJECT.format(id=id_, about=kind, names=named, columns=columns, sql=sql), "utf-8"
    )
    rule = RULE.format(id=f"{id_}-rule", code=code, subject=id_, roles=roles, job=job)
    (rules / "local" / f"{id_}-rule.yaml").write_text("\n".join([rule.rstrip(), *more, ""]), "utf-8")


def mail_to(office: Office, person: str) -> str:
    """Return the text of the mails to a person."""
    texts = [mail.get_body(("plain",)).get_content() for mail in mails_to(office, person)]
    return "\n".join(texts).replace("\r\n", "\n")


def mails_to(office: Office, person: str) -> list[EmailMessage]:
    mails = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in (office.folder / "outbox").glob("*.eml")]
    return [mail for mail in mails if f"{person.lower()}@" in mail["To"]]


# What is about one child stands in that child's block.
READS_AS = {
    About.child: ("SELECT pers_person_id AS key, pers_person_id AS person, 'T1' AS team FROM ssd_person", "Child C1"),
    About.contact: ("SELECT '00123' AS key, 'C1' AS person, 'T1' AS team", "- AMBER: To be looked at (contact 00123) [New]"),
    About.referral: ("SELECT 'R7' AS key, 'C1' AS person, 'T1' AS team", "- AMBER: To be looked at (referral R7) [New]"),
    About.missing_episode: (
        "SELECT '88' AS key, 'C1' AS person, 'T1' AS team",
        "- AMBER: To be looked at (missing episode 88) [New]",
    ),
    About.audit: ("SELECT 'A12' AS key, NULL AS person, 'W1' AS worker, 'T1' AS team", "Audit A12, Person W1"),
    About.worker: ("SELECT 'W1' AS key, 'T1' AS team", "Person W1"),
    About.team: ("SELECT 'T1' AS key, 'T1' AS team", "Team T1"),
    About.vacancy: ("SELECT 'V12' AS key, 'T1' AS team", "Vacancy V12"),
    About.action: ("SELECT '4.10' AS key, 'W1' AS worker, 'T1' AS team", "Action 4.10, Person W1"),
    About.service: ("SELECT 'help_protection' AS key, 'help_protection' AS service", "Help protection"),
    About.table: ("SELECT 'ssd_cp_plans' AS key, 'performance' AS service", "Table ssd_cp_plans"),
    About.column: ("SELECT 'ext_staff.role' AS key, 'performance' AS service", "Column ext_staff.role"),
    About.rule: ("SELECT 'CL-01' AS key, 'performance' AS service", "Rule CL-01"),
}


def test_each_has_words_of_its_own(office: Office) -> None:
    for number, kind in enumerate(About):
        sql, _ = READS_AS[kind]
        # Who looks after the service reads of it in a message of their own.
        role = "head_of_service" if kind.is_of_service else "performance" if "performance" in sql else "team_manager"
        about(office, kind, sql, role, id_=kind.replace("_", ""), code=f"XX-{number + 10}")
    office.run(MONDAY)

    blocks = {re.sub(r", Team \w+$", "", line) for who in ("M1", "P1", "H1") for line in mail_to(office, who).split("\n")}
    assert {words for _, words in READS_AS.values()} - blocks == set()


def test_a_team_is_called_by_its_name_and_a_text_by_what_its_subject_says(office: Office) -> None:
    office.council.row("ext_team", team_id="T1")["name"] = "Assessment West"
    about(office, "team", "SELECT 'T1' AS key, 'T1' AS team", "team_manager")
    about(
        office,
        "service",
        "SELECT 's47' AS key, 'help_protection' AS service, 'Enquiries' AS name",
        "team_manager",
        code="XX-02",
        id_="counted",
    )
    office.run(MONDAY)

    mail = mail_to(office, "M1")
    assert "\nTeam Assessment West\n" in mail
    assert "\nEnquiries" in mail


# ---------------------------------------------------------------------- whose it is


def test_what_has_no_team_goes_to_all_teams_of_its_service_each_person_once(office: Office) -> None:
    office.council.row("ext_team", team_id="T2")["service"] = "Help_Protection"
    about(office, "service", "SELECT 'contacts' AS key, 'help_protection' AS service", "team_manager, service_manager")
    office.run(MONDAY)

    assert office.people() == {"M1", "M2", "S1"}
    assert [mail["Subject"] for mail in mails_to(office, "S1")] == ["Help protection: 1 to look at"]


def test_of_the_teams_of_a_service_those_count_that_have_somebody_and_next_up_is_told_where_one_has_left(office: Office) -> None:
    office.council.row("ext_team", team_id="T2")["service"] = "help_protection"
    office.council.row("ext_team", team_id="T2")["manager_id"] = ""
    about(office, "service", "SELECT 'contacts' AS key, 'help_protection' AS service", "team_manager")
    office.run(MONDAY)
    assert office.people() == {"M1"}

    office.council.row("ext_team", team_id="T2")["manager_id"] = "gone"
    office.run(MONDAY + DAY)
    assert "S1" in office.people()


def test_a_service_that_no_team_has_is_the_performance_team_s_and_administrators_are_told(office: Office) -> None:
    about(office, "service", "SELECT 'contacts' AS key, 'front_door' AS service", "service_manager")
    office.run(MONDAY)

    assert office.people() == {"S1"}, "the service manager over the performance team"
    assert {notice.detail for notice in office.notices if notice.title == "No team has the service front_door"} == {
        "Nobody answers for XX-01 there, so the performance team is told."
    }


def test_one_contact_of_a_restricted_child_is_told_only_to_those_the_record_names(office: Office) -> None:
    office.council.add("ext_restricted", person_id="C1", level="limited", allowed_recipients="W2")
    about(office, "contact", "SELECT '00123' AS key, 'C1' AS person, 'T1' AS team", "team_manager")
    office.run(MONDAY)

    assert office.people() == {"W2"}


def test_a_contact_without_its_child_is_a_fault_and_an_audit_without_one_is_told(office: Office) -> None:
    about(office, "contact", "SELECT '00123' AS key, 'T1' AS team", "team_manager")
    assert any(
        "`about: contact` needs `person`" in str(fault) for fault in build(office.council.configure(office.store_url)).book.faults
    )

    about(office, "audit", "SELECT 'A1' AS key, 'T1' AS team, 'W1' AS worker", "worker")
    office.run(MONDAY)
    assert {item.why for item in office.content("W1").items} == {"auditor"}


def test_a_subject_for_which_nobody_answers_is_a_fault(office: Office) -> None:
    about(office, "vacancy", "SELECT 'V1' AS key", "team_manager")

    assert any(
        "it does not say who answers for it" in str(fault)
        for fault in build(office.council.configure(office.store_url)).book.faults
    )


# ---------------------------------------------------------------------- nobody is told of themselves


@pytest.mark.parametrize(
    ("who", "roles", "told"),
    [
        ("W1", "worker", {"M1"}),
        ("M1", "team_manager", {"S1"}),
        ("S1", "team_manager, service_manager", {"M1", "H1"}),
        ("H1", "head_of_service", {"P1"}),
    ],
)
def test_an_alert_about_somebody_goes_to_the_next_up(office: Office, who: str, roles: str, told: set[str]) -> None:
    about(office, "worker", f"SELECT '{who}' AS key, '{who}' AS worker, 'T1' AS team", roles)
    office.run(MONDAY)

    assert office.people() == told


def test_nor_does_who_covers_for_them_hear_of_it_nor_they_as_cover_nor_under_another_id(office: Office) -> None:
    about(office, "worker", "SELECT 'W1' AS key, 'T1' AS team", "team_manager")
    office.council.add("ext_cover", staff_id="M1", covered_by="W1", from_date="2026-01-01")
    office.run(MONDAY)
    assert office.people() == {"S1"}, "whom it is about covers for the manager"

    office.council.remove("ext_cover", staff_id="M1")
    office.council.row("ext_staff", worker_id="M1")["email"] = "W1@example.gov.uk"
    about(office, "worker", "SELECT 'W1' AS key, 'T1' AS team", "service_manager, team_manager", id_="other", code="XX-02")
    office.run(MONDAY + DAY)
    assert "M1" not in office.people()


def test_a_week_counts_nothing_that_is_about_its_reader_nor_what_goes_to_nobody_else(office: Office) -> None:
    about(office, "worker", "SELECT 'M1' AS key, 'T1' AS team", "team_manager", job="weekly")
    about(
        office,
        "team",
        "SELECT 'T2' AS key, 'T2' AS team",
        "team_manager",
        "nobody_else: true",
        job="weekly",
        code="XX-02",
        id_="card",
    )
    office.run(MONDAY, "weekly")

    weeks = {who: content.teams for who, content in office.sent if isinstance(content, WeeklyContent)}
    counted = {who: {(team.team_name, row.rule) for team in teams for row in team.rows} for who, teams in weeks.items()}
    assert counted["M1"] == counted["M2"] == set()
    assert counted["S1"] == {("Team T1", "it-rule")}


# ---------------------------------------------------------------------- no channel, nobody else


@pytest.mark.parametrize(
    ("code", "counted"),
    [("WF-01", False), ("PM-02", False), ("CLA-09", False), ("CLA-18", False), ("CLA-19", True), ("CP-03", True)],
)
def test_no_channel_hears_of_those_who_work_there_of_adoption_or_of_the_missing(
    office: Office, code: str, *, counted: bool
) -> None:
    about(office, "team", "SELECT 'T1' AS key, 'T1' AS team", "team_manager", code=code)
    app = build(office.council.configure(office.store_url))
    [rule] = app.book.rules

    assert app.policy().routes[rule.id].channel is counted
    assert any("no channel is told" in finding.problem for finding in lint_rule(rule, app.book, MONDAY)) is not counted


def test_of_a_rule_that_is_only_in_shadow_it_is_not_said_that_no_channel_may_hear(office: Office) -> None:
    about(office, "team", "SELECT 'T1' AS key, 'T1' AS team", "team_manager", "shadow: true", code="CP-03")
    app = build(office.council.configure(office.store_url))
    [rule] = app.book.rules

    assert not app.policy().routes[rule.id].channel
    assert not any("no channel is told" in finding.problem for finding in lint_rule(rule, app.book, MONDAY))


def test_what_goes_to_nobody_else_cannot_be_assigned_to_another_nor_reach_the_performance_team(office: Office) -> None:
    about(office, "team", "SELECT 'T1' AS key, 'T1' AS team", "team_manager", "nobody_else: true")
    for post in ("manager_id", "service_manager_id", "head_of_service_id"):
        office.council.row("ext_team", team_id="T1")[post] = ""
    office.run(MONDAY)

    assert office.people() == set()
    assert any("nobody could be told" in notice.title for notice in office.notices)


# ---------------------------------------------------------------------- not beside another


@pytest.mark.parametrize(("level", "state"), [("amber", set()), ("red", {"lighter"})])
def test_not_beside_another_at_the_same_or_a_higher_level(office: Office, level: str, state: set[str]) -> None:
    about(office, "worker", "SELECT 'W1' AS key, 'T1' AS team", "team_manager")
    about(
        office, "worker", "SELECT 'W1' AS key, 'T1' AS team", "team_manager", "not_beside: [it-rule]", code="XX-02", id_="lighter"
    )
    path = office.folder / "rules" / "local" / "lighter-rule.yaml"
    path.write_text(path.read_text("utf-8").replace("amber", level), "utf-8")
    office.run(MONDAY)

    shown = {item.rule.removesuffix("-rule") for item in office.content("M1").items}
    assert shown == {"it", *state}

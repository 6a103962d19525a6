"""A rule explained for one subject on the page: to whoever may be told of it, by today's data, and that they looked is written down."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from alerting.authoring.explain.answer_in_words import NOT_SHOWN, Telling, tier_of
from alerting.authoring.explain.explanation import Explanation
from alerting.evaluation.trace import trace_rule
from alerting.model import Tier
from tests.made_council import MONDAY
from tests.test_explanation import LEAVER, asked, book  # noqa: F401 (the fixture)
from tests.web_site import Browser, Site, new_office, shown, words

pytestmark = pytest.mark.slow
ADMIN = "admin@example.gov.uk"


@pytest.fixture(scope="module")
def _made(tmp_path_factory):
    """A council with a rule in use and one in shadow, and a child on a plan for too short a time for that one to alert."""
    office = new_office(tmp_path_factory.mktemp("explain"))
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    office.rule("plan-long", "PL-01", "shadow: true")
    office.settings |= {"rules": {"path": "rules"}}
    office.council.on_a_plan("C3", seen=MONDAY, begun=MONDAY - timedelta(days=10))
    office.begin(MONDAY)
    with shown(office) as site:
        site.remember()
        yield site


@pytest.fixture
def site(_made):
    """The page as it began, with what a test does to the data taken back after it."""
    _made.put_back()
    tables = {name: [dict(row) for row in rows] for name, rows in _made.office.council.tables.items()}
    yield _made
    _made.office.council.tables = tables
    _made.office.council.write()


def overdue(site: Site) -> str:
    """Return the reference of C1's overdue visit."""
    return next(one.ref for one in site.office.alerts() if one.code == "CP-03" and one.person == "C1")


def of_alert(site: Site, browser: Browser):
    browser.get(f"/a/{overdue(site)}")
    return browser.send(f"/a/{overdue(site)}/explain")


def of_subject(site: Site, code: str, subject: str, person: str = "P1"):
    browser = site.reader(person)
    browser.get(f"/service/rules/{code}")
    return browser.send(f"/service/rules/{code}/explain", subject=subject)


def looked_up(site: Site) -> list[tuple[str, str, str]]:
    """Return who looked up whom, and what is written beside it."""
    with site.council.reading() as connection:
        rows = connection.exec_driver_sql("SELECT by, kind, coalesce(wanted, ''), note FROM act ORDER BY id").all()
    assert {row[1] for row in rows} <= {"child looked up"}
    return [(row[0], "".join(re.findall(r"C\d", row[2])), row[3]) for row in rows]


def test_whoever_sees_an_alert_reads_why_by_todays_data_and_what_would_change_it(site):
    page = of_alert(site, site.reader("M1"))
    said = words(page)

    assert page.status_code == 200
    assert "RED, measured 28 working days: the measure is over 'limit wd' plus 3 working days." in said
    assert "Last cp visit 21 January 2026" in said
    # How often this child is to be visited is more than the page shows, and so is what the days are measured against.
    assert "Is it red? yes : measure > limit_wd + recording_lag_wd (measure = 28) (decided)" in said
    assert "Clear if last cp visit is 19 February 2026 or later." in said
    assert looked_up(site) == [("M1", "C1", "CP-03 was explained")]


def test_it_is_asked_of_the_data_as_it_is_now_and_not_of_the_last_run(site):
    site.office.council.visited("C1", MONDAY)
    site.office.council.write()

    assert "What decided it" in words(of_alert(site, site.reader("M1")))
    assert "CLEAR" in words(site.browsers[-1].page)


def test_looking_does_nothing_by_a_link(site):
    assert site.reader("M1").get(f"/a/{overdue(site)}/explain").status_code in (404, 405)
    assert looked_up(site) == []


def test_who_does_not_see_the_alert_learns_no_more_than_of_one_that_there_is_not(site):
    for person in ("M2", "P1", "admin"):
        browser = site.reader(person)
        refused = of_alert(site, browser)
        unknown = browser.send("/a/A-ZZZZZZZZ/explain", token=browser.token())
        assert (refused.status_code, unknown.status_code, words(refused)) == (404, 404, words(unknown)), person
    assert looked_up(site) == []


def test_a_child_who_has_been_restricted_since_the_run_is_not_explained(site):
    site.office.council.add("ext_restricted", person_id="C1", level="limited", allowed_recipients="M2")
    site.office.council.write()
    refused = of_alert(site, site.reader("M1"))

    assert (refused.status_code, "21 January" in refused.text) == (404, False)
    assert looked_up(site) == [("M1", "", "CP-03 was asked about somebody, and nothing was shown")]


def test_a_child_who_has_moved_to_another_team_since_the_run_is_not_explained(site):
    site.office.council.row("ssd_involvements", invo_person_id="C1").update(
        invo_professional_team="T2", invo_professional_id="W2"
    )
    for team in site.office.council.tables["ext_team"]:
        team["service_manager_id"] = "S1"
    site.office.council.write()

    assert of_alert(site, site.reader("M1")).status_code == 404
    assert of_alert(site, site.reader("S1")).status_code == 200


def test_whoever_has_come_to_answer_for_a_team_since_the_run_waits_for_the_next_one(site):
    for team in site.office.council.tables["ext_team"]:
        team["manager_id"] = "P1"
    site.office.council.write()

    assert of_subject(site, "CP-03", "C3").status_code == 404


def test_with_a_list_that_cannot_be_trusted_nobody_is_explained(site):
    site.office.council.write(without=("ext_restricted",))

    page = of_alert(site, site.reader("M1"))
    assert (page.status_code, "21 January" in page.text) == (404, False)


def test_whoever_looks_after_rules_asks_of_a_subject_without_an_alert_where_they_would_be_told(site):
    said = words(of_subject(site, "PL-01", "C3"))

    assert "CLEAR, measured 10 days" in said
    assert looked_up(site) == [("P1", "C3", "PL-01 was explained")]


def test_of_whom_they_would_not_be_told_they_learn_no_more_than_of_nobody(site):
    nobody = words(of_subject(site, "PL-01", "nobody"))
    for code, subject in [("CP-03", "C1"), ("CP-03", "C3"), ("PL-01", "A-ZZZZZZZZ"), ("CP-03", "' or 1=1 --")]:
        refused = of_subject(site, code, subject)
        assert (refused.status_code, words(refused)) == (404, nobody), (code, subject)
    assert {child for _, child, _ in looked_up(site)} == {""}


def test_an_administrator_is_told_of_no_child_and_so_explains_none(site):
    assert of_subject(site, "PL-01", "C3", "admin").status_code == 404
    assert of_subject(site, "PL-01", "", "admin").status_code == 409


def test_what_a_brake_keeps_back_is_not_explained(site):
    with site.council.store().transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE routed SET reason = 'braked', recipient = '*' WHERE alert_id IN (SELECT id FROM alert WHERE code = 'PL-01')"
        )

    assert of_subject(site, "PL-01", "C1").status_code == 404
    assert of_subject(site, "PL-01", "C3").status_code == 200


def test_of_an_alert_that_a_brake_kept_back_until_it_ended_no_reference_is_shown(site):
    ref = next(one.ref for one in site.office.alerts() if one.code == "PL-01" and one.person == "C1")
    braked = "alert_id IN (SELECT id FROM alert WHERE code = 'PL-01')"
    with site.council.store().transaction() as connection:
        connection.exec_driver_sql(f"UPDATE routed SET reason = 'braked', recipient = '*' WHERE {braked}")
        connection.exec_driver_sql(
            f"UPDATE alert SET condition = 'resolved', resolved_on = '{MONDAY}', resolved_reason = 'cleared' WHERE code = 'PL-01'"
        )
    page = of_subject(site, "PL-01", "C1")

    assert (page.status_code, ref in page.text) == (200, False)


def test_while_it_is_not_known_what_alerts_a_subject_has_nothing_is_explained(site):
    """Whether a brake keeps one back is in the store: where that cannot be read anew, the answer is that there is nothing."""
    alert, manager = overdue(site), site.reader("M1")
    assert of_alert(site, manager).status_code == 200
    with site.council.store().transaction() as connection:
        newer = connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")  # as after an upgrade meanwhile
        assert newer.rowcount == 1
    manager.get("/a/A-ZZZZZZZZ")
    nothing = words(manager.page)

    assert manager.send(f"/a/{alert}/explain").status_code == 404
    assert words(manager.page) == nothing


def test_an_answer_that_a_run_would_not_use_is_not_shown(site):
    site.office.council.write(without=("ssd_cp_visits",))
    said = words(of_alert(site, site.reader("M1")))

    assert "Today's data gives no answer that counts" in said
    assert "measured" not in said


# ---- what a ceiling leaves out


@pytest.fixture
def leaver(book):  # noqa: F811
    """Why CL-01 says what it says of a care leaver, whose column `accommodation` is of the most private tier."""
    snapshot, rule = asked(book, "CL-01", LEAVER)
    with snapshot:
        found = trace_rule(snapshot, rule, "P1", [name for name in LEAVER if name in rule.subject.columns])
        yield Explanation(
            rule=rule, subject="P1", as_of=date(2026, 3, 31), trace=found, left=None, changes=(), alert=None,
            alert_unknown=None, withheld=None,
        )  # fmt: skip


def told(telling: Telling) -> str:
    return repr((telling.answer(), telling.facts(), list(telling.conditions())))


def test_with_a_ceiling_no_value_above_it_is_told_of_facts_or_in_conditions(leaver):
    private = {name for name in LEAVER if name in leaver.rule.subject.columns and tier_of(leaver.rule, name) > Tier.reference}
    assert private >= {"born_on", "age"}
    whole, less = Telling(found=leaver), Telling(found=leaver, ceiling=Tier.reference)

    assert "age" in {fact.name for fact in whole.facts()}
    assert not private & {fact.name for fact in less.facts()}
    assert "age = 18" in told(whole)
    assert "age = 18" not in told(less)
    assert "1 June 2007" not in told(less)


def test_with_a_ceiling_a_part_that_rests_on_more_does_not_say_whether_it_is_so(leaver):
    def parts(part):
        return [part, *(inner for each in part.parts for inner in parts(each))]

    def asked_about(ceiling):
        [first, *_] = Telling(found=leaver, ceiling=ceiling).conditions()
        return [part for part in parts(first.part)[1:] if not part.parts]

    assert all(part.is_told for part in asked_about(Tier.detail))
    assert not any(part.is_told or part.decided for part in asked_about(Tier.reference))


def test_where_what_decided_is_above_the_ceiling_that_is_said_and_no_more(leaver):
    snapshot_free = replace(leaver.trace, outcome="clear", level=None, levels={}, where=replace(leaver.trace.where, value=False))
    telling = Telling(found=replace(leaver, trace=snapshot_free), ceiling=Tier.counts)

    assert telling.answer()[0].endswith(NOT_SHOWN)
    assert all(condition.part is None for condition in telling.conditions())

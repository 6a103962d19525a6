"""What those who lead services read beside each rule: what is in hand, how long things take, records that are wrong, demand and posts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from alerting.evaluation.service_figures import Demand, Posts, ServiceFigures
from alerting.formatting import day, number
from alerting.model import Act, Alert, Level
from alerting.notifications.content import WeeklyContent
from alerting.notifications.leading import head_figures
from alerting.notifications.messages.head_figures import figure_lines
from alerting.notifications.national import AGENCY, VACANT
from alerting.notifications.scorecard import Scope
from alerting.notifications.week_content import HeadFigures
from tests.plain_day import TUESDAY, alert, ended
from tests.rendered import message, notification, read
from tests.test_scorecard import NORTH, SOUTH

CONTACTS = Demand(
    called="Contacts",
    month=date(2026, 2, 1),
    events=880,
    month_wd=20,
    base_month=date(2025, 2, 1),
    base_events=700,
    base_wd=20,
    beyond_chance=True,
)


def figures(*alerts: tuple[Alert, str | None], service: ServiceFigures | None = None, own: str = "T1 T2") -> HeadFigures:
    scope = Scope(teams=(NORTH, SOUTH), own=frozenset(own.split()), alerts=alerts)
    return head_figures(
        scope,
        service,
        as_of=TUESDAY,
        working_days=lambda start, end: (end - start).days,
        about_data=lambda one: one.rule.startswith("wrong"),
        stopped=2,
    )


def test_what_is_acknowledged_ageing_and_about_records_is_counted_of_what_is_open():
    seen = datetime(2026, 3, 2, 9, tzinfo=UTC)
    act = Act(id=1, kind="acknowledge", by="M1", at=seen, level=Level.red, until=TUESDAY)
    found = figures(
        (alert("A-1", acts=(act,)), "T1"),
        (alert("A-2", "wrong", first_seen=TUESDAY - timedelta(days=21)), "T1"),
        (alert("A-3", first_seen=TUESDAY - timedelta(days=20)), "T2"),
        (ended("A-4", acts=(act,)), "T1"),
    )

    assert (found.acknowledged, found.ageing, found.data_quality, found.not_run) == (1, 1, 1, 2)


def test_how_long_it_took_is_said_of_five_or_more_that_their_records_put_right_in_twelve_weeks():
    def took(days: int, number: int) -> tuple[Alert, str]:
        return ended(f"A-{number}", first_seen=TUESDAY - timedelta(days=days), resolved_on=TUESDAY), "T1"

    found = figures(*(took(days, number) for number, days in enumerate((1, 2, 3, 30, 90))))
    assert (found.done, found.median_days) == (5, 3.0)
    assert figures(took(1, 1)).median_days is None


def test_of_teams_that_are_not_theirs_a_few_are_kept_back():
    found = figures(*((alert(f"A-{number}", "wrong"), "T2") for number in range(4)), own="T1")

    assert (found.data_quality, found.acknowledged) == (None, 0)
    assert figures((ended("A-1"), "T2"), own="T1").done is None


def test_what_is_about_records_is_no_sum_from_which_a_rule_that_is_kept_back_in_its_row_could_be_worked_out():
    many = [(alert(f"A-{number}", "wrong"), "T2") for number in range(10)]
    few = [(alert(f"A-{number}", "wrong-too"), "T2") for number in range(10, 13)]

    assert [figures(*many, *few, own=own).data_quality for own in ("T1", "T1 T2")] == [None, 13]
    assert figures(*many, own="T1").data_quality == 10


def test_demand_is_compared_by_working_days_and_posts_are_those_of_their_teams():
    service = ServiceFigures(
        demand=(CONTACTS, replace(CONTACTS, called="Referrals", month_wd=22, base_wd=20), replace(CONTACTS, base_events=None)),
        posts={"T1": Posts(inpost=8, vacant=2, agency=2), "T2": Posts(inpost=10, vacant=0, agency=0), "T9": Posts(inpost=1, vacant=99, agency=0)},
    )  # fmt: skip
    found = figures(service=service)

    assert [one.ratio for one in found.demand] == [1.26, 1.14, None]
    assert (found.vacant, found.agency) == (10.0, 10.0)
    assert (figures().vacant, figures().demand) == (None, ())


def test_the_words_say_what_is_not_known_and_what_is_kept_back():
    few = replace(CONTACTS, called="Enquiries", events=4)
    lines = dict(figure_lines(figures(service=ServiceFigures(demand=(CONTACTS, few)))))

    assert lines["Contacts"] == "880 in February 2026, 700 in February 2025: 26 % more by working days."
    assert "Enquiries" not in lines
    assert lines["Workforce"] == "no figures."
    assert lines["Data"] == "0 about records that are wrong; 2 rules could not run."
    assert dict(figure_lines(replace(figures(), ageing=None)))["In hand"].endswith("* open for more than 20 working days.")


def test_they_stand_in_both_parts_of_the_summary():
    given = figures(service=ServiceFigures(demand=(replace(CONTACTS, beyond_chance=False),)))
    sent = message(notification("weekly", WeeklyContent(week_ending=TUESDAY, teams=(), figures=given, scope_of="8 teams")))

    for part in (sent.text, read(sent.html)):
        assert "700 in February 2025: 26 % more by working days, which may be chance." in part


def test_a_figure_of_england_stands_beside_the_councils_own_and_its_page_has_its_year_and_source():
    posts = {"T1": Posts(inpost=8, vacant=2, agency=2)}
    lines = dict(figure_lines(figures(service=ServiceFigures(posts=posts))))
    page = (Path(__file__).parent.parent / "docs/explanation/weekly-summary.md").read_text("utf-8")

    assert lines["Workforce"] == (
        "20 % of posts vacant (England 14.2 %); 20 % of workers from an agency (England 13 %, both of social workers on 30 September 2025)."
    )
    for figure in (VACANT, AGENCY):
        assert f"| {number(figure.per_cent)} % | {day(figure.as_at)} | {figure.defined} |" in page
        assert figure.source in page
    assert VACANT.as_at == AGENCY.as_at, "it is said once of both"

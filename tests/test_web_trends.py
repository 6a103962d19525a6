"""Trends on the page: what the weekly summary's scorecard says, as it stands now, to whoever gets one and of nothing else."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from alerting.app import build
from alerting.web.trends_page import _weeks
from tests.made_council import MONDAY
from tests.web_site import Site, new_office, shown, words

pytestmark = pytest.mark.slow
THIRD = MONDAY + timedelta(weeks=2)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The page in the third week: C1 is overdue since the first, C3 since the second, and C4 of the other team."""
    office = new_office(tmp_path_factory.mktemp("trends"))
    office.settings["council"] = {
        "name": "Exampleshire",
        "administrators": ["admin@example.gov.uk"],
        "domain": "alerts.example.gov.uk",
        "leadership": [{"name": "The director", "address": "director@example.gov.uk"}],
    }
    office.begin(MONDAY)
    office.council.on_a_plan("C3", seen=MONDAY - timedelta(days=40))
    office.council.on_a_plan("C4", seen=MONDAY - timedelta(days=40), team="T2", worker="W2")
    office.run(MONDAY + timedelta(weeks=1))
    office.run(THIRD)
    office.run(THIRD, "weekly")
    with shown(office, directors=["director@example.gov.uk"]) as made:
        made.clock.later(weeks=2)
        yield made


def rows(site: Site, person: str) -> dict[str, list[str]]:
    """Return how many of each rule are overdue, due soon and open, as the table has them."""
    page = site.reader(person).get("/trends").text
    found = re.findall(r'<th scope="row"><a href="#rule-\d+-\d+">([^<]+)</a></th>(.*?)</tr>', page)
    return {title: re.findall(r"<td[^>]*>([^<]*)</td>", cells) for title, cells in found}


def test_it_says_what_the_weekly_summary_says(site):
    planned = site.office.content("M1")
    app = build(site.office.folder / "config.yaml")
    titles = app.policy().titles

    assert planned.scope
    for row in planned.scope:
        assert rows(site, "M1")[titles[row.rule]] == [str(row.overdue), str(row.due_soon), str(row.open)]
    assert len(rows(site, "M1")) == len(planned.scope)


def test_each_reader_has_their_own(site):
    open_ = {person: sum(int(cells[2]) for cells in rows(site, person).values()) for person in ("M1", "M2", "S1", "H1")}

    assert open_["M1"] > open_["M2"] > 0
    assert open_["S1"] == open_["H1"] == open_["M1"] + open_["M2"]


def test_small_counts_of_teams_that_are_not_theirs_are_kept_back_from_a_director(site):
    director = site.browser(**{"X-Mail": "director@example.gov.uk"})
    assert 'href="/trends"' in director.get("/service").text
    page = director.get("/trends")

    assert page.status_code == 200
    assert "A star stands for a count that is kept back" in words(page)
    assert re.search(r'aria-label="Open at the end of each week: not known"', page.text)
    assert not re.search(r"<circle", page.text)


@pytest.mark.parametrize("person", ["W1", "admin", "stranger"])
def test_whoever_gets_no_weekly_summary_has_no_trends(site, person):
    assert site.reader(person).get("/trends").status_code in (403, 404)
    assert 'href="/trends"' not in site.reader(person).get("/").text


def test_a_chart_has_its_figures_beside_it(site):
    page = site.reader("M1").get("/trends")
    said = words(page)

    assert page.text.count("<svg") == len(rows(site, "M1"))
    assert "16 March 2026 3" in said
    assert "9 March 2026 2" in said
    assert "2 March 2026 1" in said
    assert "23 February 2026 not known" in said
    assert "from 1 to 3, 1 at the least and 3 at the most" in page.text
    assert "style=" not in page.text


def test_it_names_no_child(site):
    for person in ("M1", "S1", "H1"):
        assert not re.search(r"\bC[1-4]\b", words(site.reader(person).get("/trends")))


@pytest.mark.parametrize(
    ("trend", "lines"),
    [
        ((), []),
        ((None, None), []),
        ((0, 0), ["0.0,60.0 240.0,60.0"]),
        ((1, None, 2), ["-1.0,30.0 0.0,30.0", "239.0,0.0 240.0,0.0"]),
        ((4, 2, 0), ["0.0,0.0 120.0,30.0 240.0,60.0"]),
    ],
)
def test_a_week_that_is_not_known_is_a_gap(trend, lines):
    assert _weeks(trend, MONDAY).chart.lines == [("", lines)]


def test_weeks_end_on_the_day():
    assert [day for day, _ in _weeks((1, 2), MONDAY).counts] == [MONDAY - timedelta(days=7), MONDAY]

"""The page where people say who covers: by the function of the command, for themselves and for those whom they are above."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import requests

from tests.made_council import MONDAY
from tests.test_web_list import children
from tests.web_site import Site, first_morning, words

FRIDAY = MONDAY + timedelta(days=4)


@pytest.fixture(scope="module")
def _made(tmp_path_factory):
    with first_morning(tmp_path_factory.mktemp("cover")) as made:
        made.remember()
        yield made


@pytest.fixture
def site(_made):
    _made.put_back()
    return _made


def say(site: Site, person: str, of: str, by: str, until: str = FRIDAY.isoformat(), **more: str) -> requests.Response:
    reader = site.reader(person)
    reader.get("/cover")
    return reader.send("/cover", **{"of": of, "by": by, "begins": MONDAY.isoformat(), "until": until, "note": "leave"} | more)


def test_whoever_covers_sees_what_whoever_is_away_sees_until_it_ends(site):
    assert "C1" not in children(site, "M2")
    assert say(site, "M1", "M1", "M2").headers["location"] == "/cover?done=said"

    assert "C1" in children(site, "M2")
    assert "Person M1 is away from 2 March 2026 to 6 March 2026, covered by Person M2 ." in words(site.reader("M2").get("/cover"))
    site.clock.later(days=5)
    assert "C1" not in children(site, "M2")
    assert "Nothing is said" in words(site.reader("M2").get("/cover"))


def test_what_is_ended_counts_at_once(site):
    say(site, "M1", "M1", "M2")
    away = site.reader("M1")
    number = re.search(r'name="cover" value="(\d+)"', away.get("/cover").text)
    assert number is not None
    other = site.reader("M2")
    assert 'name="cover" value=' not in other.get("/cover").text
    assert other.send("/cover/end", cover=number[1]).status_code == 409
    assert "C1" in children(site, "M2")

    assert away.send("/cover/end", cover=number[1]).status_code == 303
    assert "C1" not in children(site, "M2")
    away.get("/cover")
    assert away.send("/cover/end", cover="x").status_code == 409


@pytest.mark.parametrize(
    ("person", "of", "by", "more", "says"),
    [
        ("W1", "W1", "W2", {}, "Person W2 is neither of the same team as Person W1 nor above it."),
        ("W1", "M1", "W1", {}, "Who covers for somebody is said by themselves, by those above them or by an administrator."),
        ("M2", "W1", "M2", {}, "Who covers for somebody is said by themselves"),
        ("W1", "W1", "nobody", {}, "Choose who covers."),
        ("W1", "nobody", "M1", {}, "Choose who covers."),
        ("W1", "W1", "M1", {"until": ""}, "Give the first and the last day."),
        ("W1", "W1", "M1", {"until": "2027-03-01"}, "That is longer than 92 days."),
    ],
)
def test_what_may_not_be_said_is_said_on_the_page_and_changes_nothing(site, person, of, by, more, says):
    answer = say(site, person, of, by, **more)

    assert answer.status_code == 409
    assert says in words(answer)
    assert "Nothing is said" in words(site.reader("H1").get("/cover"))


def test_a_manager_says_it_for_their_people_and_is_offered_those_who_may(site):
    page = site.reader("M1").get("/cover").text
    theirs = dict(re.findall(r'<option value="(\w{16})"[^>]*>([^<]+)<', page))
    assert set(theirs.values()) == {"Person M1", "Person W1"}

    veiled = next(value for value, name in theirs.items() if name == "Person W1")
    page = site.reader("M1").get(f"/cover?of={veiled}").text
    assert "Say who covers for Person W1" in page
    assert set(re.findall(r'<option value="(\w\d)"', page)) == {"M1", "S1", "H1"}
    assert say(site, "M1", "W1", "M1").status_code == 303
    assert "Person W1 is away from 2 March 2026 to 6 March 2026, covered by Person M1" in words(site.reader("W1").get("/cover"))
    assert "Nothing is said" in words(site.reader("M2").get("/cover"))


def test_nobody_says_it_by_a_link_or_from_another_page(site):
    reader = site.reader("M1")

    assert reader.send("/cover", of="M1", by="M2", begins=MONDAY.isoformat(), until=FRIDAY.isoformat()).status_code == 403
    reader.get(f"/cover?of=M1&by=M2&begins={MONDAY}&until={FRIDAY}")
    assert "Nothing is said" in words(reader.get("/cover"))
    assert site.browser(**{"X-Mail": "admin@example.gov.uk"}).get("/cover").status_code == 404

"""What people would rather have: what comes first on their list, and whether they hear anything when nothing is new."""

from __future__ import annotations

import pytest

from alerting.alerts.acts import ActKind
from alerting.audit import trail
from alerting.notifications.preferences import Preferences
from alerting.store import preferences
from alerting.store.service_state import PREFERENCES, remember
from tests.web_site import NOON, first_morning, words


@pytest.fixture(scope="module")
def _began(tmp_path_factory):
    with first_morning(tmp_path_factory.mktemp("preferences")) as site:
        site.remember()
        yield site


@pytest.fixture
def site(_began):
    _began.put_back()
    return _began


def choose(site, person, **fields):
    reader = site.reader(person)
    reader.get("/preferences")
    return reader.send("/preferences", **fields)


def kept(site):
    with site.council.reading() as connection:
        return preferences.read(connection)


def test_until_somebody_chooses_they_hear_all_that_the_council_tells(site):
    page = site.reader("M1").get("/preferences")

    assert page.text.count(" checked") == 2
    assert kept(site) == {}


def test_what_somebody_chooses_is_kept_for_them_alone_and_is_on_the_trail(site):
    assert choose(site, "M1", order="due", done="yes").headers["location"] == "/preferences?done=kept"

    assert kept(site) == {"M1": Preferences(all_clear=False, done=True, order="due")}
    assert site.reader("M1").get("/preferences").text.count(" checked") == 1
    assert site.reader("M2").get("/preferences").text.count(" checked") == 2
    with site.council.reading() as connection:
        [found] = trail.search(connection, trail.TrailQuery(kinds={ActKind.preferences_said}))
    assert found.by == "M1"


def test_whoever_chooses_leaves_what_others_chose_as_it_is(site):
    choose(site, "M1", order="due")
    choose(site, "M2", done="yes")

    assert kept(site) == {
        "M1": Preferences(all_clear=False, done=False, order="due"),
        "M2": Preferences(all_clear=False, done=True, order=""),
    }


def test_the_list_begins_as_its_reader_would_rather_have_it_unless_they_say_otherwise_there(site):
    choose(site, "M1", order="since")
    reader = site.reader("M1")

    assert '<option value="since" selected>' in reader.get("/").text
    assert '<option value="" selected>Most serious' in reader.get("/?order=").text
    assert "<details open>" not in reader.get("/").text


def test_an_order_that_there_is_not_is_none(site):
    choose(site, "M1", order="by name")

    assert kept(site)["M1"].order == ""


def test_the_page_says_where_messages_go_and_for_whom_its_reader_answers(site):
    said = words(site.reader("M1").get("/preferences"))

    assert "Messages go to m1@example.gov.uk" in said
    assert "You answer for Team T1" in said
    assert "your own cases" in words(site.reader("W1").get("/preferences"))


def test_whoever_only_looks_after_the_service_has_none(site):
    assert site.browser(**{"X-Mail": "admin@example.gov.uk"}).get("/preferences").status_code == 404


def test_it_is_said_by_a_form_of_this_page_alone(site):
    reader = site.reader("M1")
    assert reader.send("/preferences", order="due").status_code == 403
    assert kept(site) == {}


def test_what_cannot_be_read_any_more_counts_for_nothing(site):
    store = site.council.store()
    with store.transaction() as connection:
        remember(connection, PREFERENCES, {"M1": {"all_clear": "perhaps"}}, NOON)

    assert kept(site) == {}
    assert site.reader("M1").get("/").status_code == 200

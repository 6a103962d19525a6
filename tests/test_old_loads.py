"""A table that was loaded too long ago is not trusted, or is used under a banner where the council sets so."""

from __future__ import annotations

from datetime import datetime

import pytest

from alerting.casedata.trust import Past, judge
from tests.test_trust import EASTER_TUESDAY, FRIDAY, MONDAY, TUESDAY, VISITS, WANTED, problem, settings, snapshot, trust


@pytest.mark.parametrize(
    ("as_of", "loaded", "told"),
    [
        (TUESDAY, "2026-03-31 05:00", None),
        (TUESDAY, "2026-03-30 23:59", None),
        (TUESDAY, "2026-03-30 00:00", None),
        (TUESDAY, "2026-03-29 12:00", "29 March 2026"),
        (TUESDAY, "2026-03-27 18:00", "27 March 2026"),
        (MONDAY, "2026-03-27 05:00", None),
        (MONDAY, "2026-03-26 23:59", "26 March 2026"),
        (MONDAY, "2026-03-28 05:00", None),
        (EASTER_TUESDAY, "2026-04-02 05:00", None),
        (EASTER_TUESDAY, "2026-04-01 05:00", "1 April 2026"),
        (FRIDAY, "2026-03-30 05:00", None),
    ],
)
def test_a_load_is_good_for_one_working_day(as_of, loaded, told):
    assert problem(3, [(VISITS, loaded, "3")], as_of=as_of) == (f"was last loaded on {told}" if told else None)


def test_a_load_without_a_time_has_no_age():
    assert problem(3, [(VISITS, None, "3")]) is None


def test_the_age_is_a_setting():
    assert problem(3, [(VISITS, "2026-03-27 18:00", "3")], within=settings(max_load_age_wd=2)) is None


def test_the_oldest_load_of_the_tables_that_were_read_is_told():
    judged = trust(
        3, [(VISITS, "2026-03-31 05:00", "3"), ("ssd_person", "2026-03-02 05:00", "9"), ("ext_load", "2026-03-31 06:00", "3")]
    )

    assert judged.loaded_at is not None
    assert judged.loaded_at.isoformat(" ") == "2026-03-31 05:00:00"


def test_no_load_is_told_where_none_is_stated():
    assert trust(3).loaded_at is None


def test_a_council_may_have_old_data_asked_under_a_banner():
    judged = trust(3, [(VISITS, "2026-03-27 18:00", "3")], within=settings(when_stale="banner"))

    assert judged.problems == {}
    assert judged.banners == (
        "Some of the data is old: its oldest load is of 27 March 2026. What was recorded since is not in this message.",
    )


def test_every_reader_is_told_that_no_new_data_has_come():
    past = Past(loaded_at=datetime(2026, 3, 30, 5))
    with snapshot(3, [(VISITS, "2026-03-30 05:00", "3")]) as filled:
        again = judge(filled, WANTED, past)
    with snapshot(3, [(VISITS, "2026-03-31 05:00", "3")]) as filled:
        anew = judge(filled, WANTED, past)

    assert again.banners == ("No new data has come since the last run: the newest is of 30 March 2026, 05:00.",)
    assert (again.problems, anew.banners) == ({}, ())

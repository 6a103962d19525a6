"""The directory of a day, as it is read from the council's tables: which post, team, cover and address counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta

import pytest

from alerting.casedata.catalogue import SERVICE_COLUMNS, Settings
from alerting.casedata.directory import Cover, Directory, read_directory, unread_ends, unusable_addresses
from alerting.casedata.kept_directory import standing_directory
from alerting.casedata.restricted_list import RESTRICTED, ListDoubt, RestrictedList, RestrictedPerson, TrustedList
from alerting.casedata.snapshot import Snapshot
from alerting.casedata.trust import Past, Trust, judge
from alerting.notifications.nobody_there import why_not_there
from alerting.notifications.notices import of_kept_directory

DAY = date(2026, 3, 31)
SETTINGS = Settings(
    params={"row_count_tolerance": 0.005, "max_row_change": 0.2, "max_row_change_at_least": 50, "max_load_age_wd": 1},
    codes={},
    bank_holidays=frozenset(),
)
Row = dict[str, str | None]


WANTED = {**SERVICE_COLUMNS, "ssd_person": frozenset({"pers_person_id"})}


@contextmanager
def loaded(**tables: list[Row]) -> Iterator[Snapshot]:
    """Have a day's data of these tables. A list of restricted records is there, and empty."""
    with Snapshot(DAY, SETTINGS) as snapshot:
        for name, rows in ({"ssd_person": [{"pers_person_id": "C1"}, {"pers_person_id": "C2"}], RESTRICTED: []} | tables).items():
            columns = sorted(WANTED[name])
            snapshot.fill(name, columns, [[row.get(column) for row in rows] for column in columns])
        snapshot.settle(WANTED)
        yield snapshot


def read(**tables: list[Row]) -> tuple[Directory, list[str]]:
    """Return the directory of these tables, and whose address cannot be written to."""
    with loaded(**tables) as snapshot:
        return read_directory(snapshot, judge(snapshot, WANTED, Past())), unusable_addresses(snapshot)


def post(team: str | None = "T1", **cells: str | None) -> Row:
    return {
        "worker_id": "W1",
        "name": "A. Worker",
        "email": "w1@example.gov.uk",
        "role": "social_worker",
        "team_id": team,
    } | cells


def test_a_member_of_staff_is_current_from_the_first_day_of_a_post_to_its_last() -> None:
    posts = {
        "always": (None, None),
        "today": ("2026-03-31", "2026-03-31"),
        "around": ("2026-03-30", "2026-04-01"),
        "from tomorrow": ("2026-04-01", None),
        "until yesterday": (None, "2026-03-30"),
        "to come": ("2026-04-01", "2026-05-01"),
    }
    directory, _ = read(ext_staff=[post(worker_id=id_, starts_on=starts, ends_on=ends) for id_, (starts, ends) in posts.items()])

    assert directory.staff.keys() == {"always", "today", "around"}
    assert directory.former.keys() == {"from tomorrow", "until yesterday", "to come"}
    assert {id_ for id_, person in directory.former.items() if person.begins == date(2026, 4, 1)} == {"from tomorrow", "to come"}
    assert directory.former["until yesterday"].begins is None


def test_whoever_has_a_last_day_that_cannot_be_read_is_told_nothing_unless_another_post_is_theirs() -> None:
    posts = [
        post(worker_id="left", ends_on="31/03/26"),
        post(worker_id="to come", starts_on="2026-06-01", ends_on="45/13/2026"),
        post("T1", worker_id="two", ends_on="soon"),
        post("T2", worker_id="two"),
        post(worker_id="before", ends_on="2026-02-01"),
        post(worker_id="blank", ends_on="n/a"),
    ]
    with loaded(ext_staff=posts) as snapshot:
        directory = read_directory(snapshot, judge(snapshot, WANTED, Past()))
        assert unread_ends(snapshot) == ["left"]

    assert directory.staff.keys() == {"two", "blank"}
    assert directory.staff["two"].team == "T2"
    assert [why_not_there(directory, id_).value for id_ in ("left", "to come", "before")] == ["end_unread", "not_begun", "left"]


@pytest.mark.parametrize(
    ("other", "there"),
    [
        ("28/02/2026", {"april", "same", "iso", "named"}),  # day first, as all is read
        ("02/28/2026", {"same", "iso", "named"}),  # which can be read month first alone, so that April may be January
    ],
)
def test_where_one_last_day_can_be_read_month_first_alone_none_that_can_be_read_either_way_is_read(
    other: str, there: set[str]
) -> None:
    ends = {"other": other, "april": "1/04/2026 00:00", "same": "04/04/2026", "iso": "2026-04-01", "named": "01-Apr-2026"}
    with loaded(ext_staff=[post(worker_id=id_, ends_on=end) for id_, end in ends.items()]) as snapshot:
        directory = read_directory(snapshot, judge(snapshot, WANTED, Past()))
        assert set(unread_ends(snapshot)) == ({"april", "other"} if "april" not in there else set())

    assert directory.staff.keys() == there


COUNTS: dict[str, tuple[list[Row], str]] = {
    "the current one": ([post("T1", ends_on="2026-03-01"), post("T2")], "T2"),
    "the latest to start": ([post("T1", starts_on="2026-01-01"), post("T2", starts_on="2025-01-01")], "T1"),
    "one that says when": ([post("T2"), post("T1", starts_on="2025-01-01")], "T1"),
    "the later name": ([post("T1"), post("T2")], "T2"),
    "one with a team": ([post(None), post("T1")], "T1"),
    "not one to come": ([post("T9", starts_on="2026-06-01"), post("T1", starts_on="2020-01-01")], "T1"),
    "the later role": ([post(role="a"), post(role="b")], "b"),
    "one with a role": ([post(role=None), post(role="a")], "a"),
}


def test_of_several_posts_one_counts_in_whatever_order_they_come() -> None:
    posts = [row | {"worker_id": why} for why, (rows, _) in COUNTS.items() for row in rows]
    for order in (posts, posts[::-1]):
        staff = read(ext_staff=order)[0].staff
        counts = {why: staff[why].role if "role" in why else staff[why].team for why in COUNTS}
        assert counts == {why: wanted for why, (_, wanted) in COUNTS.items()}


def test_a_name_that_is_not_given_is_the_id_and_who_has_left_keeps_theirs() -> None:
    gone = post(worker_id="W2", name="B. Gone", ends_on="2026-03-01")
    directory, _ = read(ext_staff=[post(name=None), gone, post(worker_id=None), post(worker_id="W4", name="C. Here")])

    assert [directory.name(worker) for worker in ("W1", "W2", "W3", "W4", None)] == ["W1", "B. Gone", "W3", "C. Here", None]
    assert directory.staff.keys() | directory.former.keys() == {"W1", "W2", "W4"}
    assert {id_: person.id for id_, person in directory.staff.items()} == {"W1": "W1", "W4": "W4"}


def test_an_address_that_cannot_be_written_to_is_none_and_named() -> None:
    directory, unusable = read(
        ext_staff=[
            post(worker_id="W1", email=" w1@example.gov.uk "),
            post(worker_id="W2", email="a..b@example.gov.uk"),
            post(worker_id="W3", email=None),
            post(worker_id="W4", email="a..b@example.gov.uk", ends_on="2026-03-01"),
            post(worker_id="W5", email="  "),
        ]
    )

    assert {id_: person.email for id_, person in directory.staff.items()} == {
        "W1": "w1@example.gov.uk", "W2": None, "W3": None, "W5": None,
    }  # fmt: skip
    assert unusable == ["W2"]


def team(**cells: str | None) -> Row:
    return {"team_id": "T1", "name": "North", "service": "Help_Protection", "manager_id": "M1", "service_manager_id": "S1",
            "head_of_service_id": "H1"} | cells  # fmt: skip


def test_a_team_is_read_with_its_line() -> None:
    directory, _ = read(ext_team=[team(), team(team_id="T2", name=None), team(team_id=None)])
    north, unnamed = directory.teams["T1"], directory.teams["T2"]
    assert len(directory.teams) == 2

    assert (north.name, north.service, north.manager, north.service_manager, north.head_of_service) == (
        "North", "help_protection", "M1", "S1", "H1",
    )  # fmt: skip
    assert unnamed.name == "T2"


def test_of_a_team_that_is_there_twice_the_row_that_says_more_counts_then_the_first_by_its_cells() -> None:
    columns = ("manager_id", "service_manager_id", "head_of_service_id", "name", "service")
    rows = [team(team_id=f"{column} {cell}", **{column: cell}) for column in columns for cell in ("b", None)]
    rows += [row | {column: "c"} for row in rows for column in columns if row["team_id"] == f"{column} None"]
    rows += [row | {column: "a"} for row in rows for column in columns if row["team_id"] == f"{column} b"]
    for order in (rows, rows[::-1]):
        teams = read(ext_team=order)[0].teams
        found = {
            column: [getattr(teams[f"{column} {cell}"], column.removesuffix("_id")) for cell in ("b", None)] for column in columns
        }
        assert found == {key: ["a", "c"] for key in columns}


def test_of_several_teams_of_a_service_the_one_with_the_smallest_id_is_asked() -> None:
    directory, _ = read(ext_team=[team(team_id="T9", service="performance"), team(team_id="T3", service="performance"), team()])

    assert (performance := directory.team_for("performance"))
    assert performance.id == "T3"
    assert directory.team_for("commissioning") is None


def cover(by: str | None = "W2", since: str | None = "2026-03-01", until: str | None = None) -> Row:
    return {"staff_id": "W1", "covered_by": by, "from_date": since, "to_date": until}


COVERED: dict[str, tuple[list[Row], Cover | None]] = {
    "open": ([cover()], Cover(by="W2", until=None)),
    "by nobody": ([cover(None)], Cover(by=None, until=None)),
    "one day": ([cover(since="2026-03-31", until="2026-03-31")], Cover(by="W2", until=DAY)),
    "to come": ([cover(since="2026-04-01")], None),
    "over": ([cover(until="2026-03-30")], None),
    "no first day": ([cover(since=None)], None),
    "the latest": ([cover("W2", "2026-03-01"), cover("W3", "2026-03-02")], Cover(by="W3", until=None)),
    "the first by id": ([cover("W3"), cover("W2")], Cover(by="W2", until=None)),
    "somebody": ([cover(None), cover("W2")], Cover(by="W2", until=None)),
    "not one that is over": ([cover("W3", "2026-03-20", "2026-03-30"), cover("W2")], Cover(by="W2", until=None)),
}


def test_cover_counts_from_its_first_day_to_its_last_the_latest_of_several() -> None:
    rows = [row | {"staff_id": why} for why, (covers, _) in COVERED.items() for row in covers]
    for order in (rows, rows[::-1]):
        assert read(ext_cover=order)[0].cover == {why: counts for why, (_, counts) in COVERED.items() if counts}


def test_who_may_know_of_a_restricted_record() -> None:
    rows = [
        ("C1", "limited", " M1; S1 ;"),
        *(("C2", "limited", "M1;S1"), ("C2", "limited", "S1;H1")),
        *(("C3", "limited", "M1"), ("C3", "sealed", "M1")),
        ("C4", "sealed", "M1"),
    ]
    children: list[Row] = [{"pers_person_id": f"C{number}"} for number in range(1, 6)]
    listed: list[Row] = [dict(zip(("person_id", "level", "allowed_recipients"), row, strict=True)) for row in rows]
    directory, _ = read(**{"ssd_person": children, RESTRICTED: listed})

    assert {child: set(restriction.allowed) for child, restriction in (directory.restricted or {}).items()} == {
        "C1": {"M1", "S1"},
        "C2": {"S1"},  # only who is allowed by all of its rows
        "C3": set(),
        "C4": set(),  # a sealed record is told to nobody, whomever it names
    }


LIST = RestrictedList(rows=1, listed=(RestrictedPerson(ids=("C1",), level="limited", allowed=("M1",)),))
NOT_SUPPLIED = RestrictedList(last=TrustedList(rows=1), doubts={ListDoubt.not_supplied: "1 row"})


LISTS: dict[str, tuple[set[str], RestrictedList, set[str] | None]] = {
    "whole": (set(), LIST, {"C1"}),
    "another table is in doubt": ({"ssd_person"}, LIST, {"C1"}),
    "in doubt": ({RESTRICTED}, LIST, None),
    "a column of it is in doubt": ({f"{RESTRICTED}.level"}, LIST, None),
    "empty": (set(), RestrictedList(rows=0), set()),
    "never supplied": (set(), RestrictedList(), None),
    "not supplied today": (set(), NOT_SUPPLIED, None),
    "not supplied, and released so": (set(), replace(NOT_SUPPLIED, released=True, before=LIST.listed), {"C1"}),
    "in doubt and not supplied": ({RESTRICTED}, NOT_SUPPLIED, None),
}


def test_a_list_of_restricted_records_that_is_in_doubt_or_not_there_is_no_list() -> None:
    with loaded() as snapshot:
        for what, (doubted, listed, named) in LISTS.items():
            trust = Trust(problems=dict.fromkeys(doubted, "is not believed"), rows={}, loaded_at=None, restricted=listed)
            restricted = read_directory(snapshot, trust).restricted
            assert (None if restricted is None else set(restricted)) == named, what


def test_while_its_cover_cannot_be_believed_the_last_that_was_stands_as_long_as_it_lasts() -> None:
    kept = read(ext_staff=[post()], ext_cover=[cover("W2"), cover("W3", until="2026-03-31") | {"staff_id": "M1"}])[0]
    today = read(ext_staff=[post(name="B. Married")], ext_cover=[cover("W9")])[0]

    doubted = standing_directory(today, kept, {"ext_cover"}, DAY + timedelta(days=1))

    assert doubted.cover == {"W1": Cover(by="W2", until=None)}
    assert doubted.staff == today.staff, "all else is today's"
    assert standing_directory(today, kept, {"ext_cover"}, DAY).cover.keys() == {"W1", "M1"}
    assert standing_directory(today, kept, {"ssd_person"}, DAY) == today
    assert standing_directory(today, None, {"ext_cover"}, DAY) == today


def test_a_kept_directory_knows_who_has_begun_and_who_has_left_since() -> None:
    posts = [
        post(worker_id="W1"),
        post(worker_id="begins", starts_on="2026-04-02"),
        post(worker_id="leaves", ends_on="2026-04-01"),
        post("T1", worker_id="moves", ends_on="2026-04-01"),
        post("T2", worker_id="moves", starts_on="2026-04-02"),
        post(worker_id="for a day", starts_on="2026-04-01", ends_on="2026-04-01"),
    ]
    kept, today = read(ext_staff=posts)[0], read(ext_staff=[post(worker_id="W1", ends_on="31/12/26")])[0]
    stands = [standing_directory(today, kept, {"ext_staff"}, DAY + timedelta(days=days)) for days in (1, 2)]

    assert [set(one.staff) for one in stands] == [{"W1", "leaves", "moves", "for a day"}, {"W1", "begins", "moves"}]
    assert {id_: why_not_there(stands[0], id_).value for id_ in stands[0].former} == {"begins": "not_begun"}
    assert {id_: why_not_there(stands[1], id_).value for id_ in stands[1].former} == {"leaves": "left", "for a day": "left"}


LAST = date(2026, 3, 4)
BACK = {
    "not a word of it": (dict[str, str | None](), False),
    "day and month exchanged": ({"ends_on": "2026-04-03"}, False),
    "a post since": ({"starts_on": "2026-03-05"}, True),
    "the same post": ({"starts_on": "2026-03-04"}, False),
    "a later last day": ({"ends_on": "2026-06-30"}, True),
}


def test_whoever_had_left_and_is_there_again_without_a_word_of_it_has_left_in_every_load_after() -> None:
    gone = [post(worker_id=why, ends_on=LAST.isoformat()) for why in BACK]
    kept = read(ext_staff=[post(), *gone])[0]
    today = read(ext_staff=[post(), *(post(worker_id=why, **cells) for why, (cells, _) in BACK.items())])[0]
    stands = standing_directory(today, kept, set(), DAY)

    assert stands.staff.keys() == {"W1", *(why for why, (_, is_back) in BACK.items() if is_back)}
    assert {stands.former[why].ends for why, (_, is_back) in BACK.items() if not is_back} == {LAST}
    assert standing_directory(today, stands, set(), DAY + timedelta(days=1)) == stands
    assert standing_directory(today, None, set(), DAY) == today


def test_whoever_has_a_further_post_beside_the_one_that_is_over_is_back() -> None:
    over = post("T1", ends_on=LAST.isoformat())
    kept, today = read(ext_staff=[over])[0], read(ext_staff=[over, post("T2")])[0]

    assert standing_directory(today, kept, set(), DAY).staff["W1"].team == "T2"


def test_administrators_read_who_had_left_and_is_there_again() -> None:
    kept = read(ext_staff=[post(worker_id=f"W{number}", ends_on=LAST.isoformat()) for number in range(1, 6)])[0]
    today = read(ext_staff=[post(worker_id=f"W{number}") for number in range(1, 6)])[0]

    [notice] = of_kept_directory(set(), today, kept)
    assert "ext_staff.ends_on: 5 members of staff had left by the last load" in notice.detail
    assert "worker W1, W2, W3 and 2 more" in notice.detail
    [another] = of_kept_directory({"ext_team"}, today, kept)
    assert "ends_on" not in another.detail
    assert [*of_kept_directory(set(), kept, kept), *of_kept_directory({"ext_team"}, today, None)] == []


def test_a_directory_of_a_later_day_has_whoever_alone_begins_or_leaves_until_then() -> None:
    leaves = read(ext_staff=[post(worker_id="W1"), post(worker_id="leaves", ends_on="2026-04-01")])[0]
    begins = read(ext_staff=[post(worker_id="W1"), post(worker_id="begins", starts_on="2026-04-02")])[0]
    later = DAY + timedelta(days=2)

    assert [set(one.staff) for one in (leaves, leaves.on(later))] == [{"W1", "leaves"}, {"W1"}]
    assert [set(one.staff) for one in (begins, begins.on(later))] == [{"W1"}, {"W1", "begins"}]


def test_while_the_staff_cannot_be_believed_whoever_today_says_has_left_has() -> None:
    kept, today = read(ext_staff=[post()])[0], read(ext_staff=[post(ends_on="2026-03-01")])[0]

    assert standing_directory(today, kept, {"ext_staff"}, DAY).staff == {}

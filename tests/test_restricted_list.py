"""What makes the list of restricted records one to go by, whoever is on it by which id, and what people may find right of it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from alerting.alerts.people import Actor
from alerting.casedata.catalogue import SERVICE_COLUMNS, Settings
from alerting.casedata.directory import Restriction, read_directory
from alerting.casedata.restricted_list import RESTRICTED, TrustedList
from alerting.casedata.snapshot import Snapshot
from alerting.casedata.trust import Past, Trust, judge
from alerting.notifications import notices
from alerting.store import restricted_lists
from alerting.store.store import Store
from tests.made_council import MONDAY
from tests.office import Office
from tests.one_rule_office import command

pytestmark = pytest.mark.slow

DAY = date(2026, 3, 31)
OFFICER = Actor(id="W1", name="A. Officer")
NOW = datetime(2026, 3, 31, 7, tzinfo=UTC)
PEOPLE = [f"000{number}" for number in range(1, 10)]
WANTED = {**SERVICE_COLUMNS, "ssd_person": frozenset({"pers_person_id"})}
SETTINGS = Settings(
    params={"row_count_tolerance": 0.005, "max_row_change": 0.2, "max_row_change_at_least": 50, "max_load_age_wd": 1},
    codes={},
    bank_holidays=frozenset(),
)
Rows = Sequence[tuple[str | None, str | None, str | None]]


class Morning:
    """One day's list judged. rows: of the list, None where it does not come; merged: pairs of ids, the second goes on."""

    def __init__(
        self, rows: Rows | None, past: Past | None = None, people: Sequence[str] = PEOPLE, merged: Sequence[tuple[str, str]] = ()
    ) -> None:
        with Snapshot(DAY, SETTINGS) as snapshot:
            snapshot.fill("ssd_person", ["pers_person_id"], [list(people)])
            staff = sorted(SERVICE_COLUMNS["ext_staff"])
            snapshot.fill("ext_staff", staff, [["W1", "W2"] if column == "worker_id" else [None, None] for column in staff])
            if merged:
                snapshot.fill("ext_merged", ["merged_person_id", "person_id"], [list(ids) for ids in zip(*merged, strict=True)])
            if rows is not None:
                columns = [list(cells) for cells in zip(*rows, strict=True)] or [[], [], []]
                snapshot.fill(RESTRICTED, ["person_id", "level", "allowed_recipients"], columns)
            snapshot.settle(WANTED)
            self.trust: Trust = judge(snapshot, WANTED, past or Past())
            self.restricted = read_directory(snapshot, self.trust).restricted

    @property
    def doubt(self) -> str | None:
        return self.trust.problems.get(RESTRICTED)

    @property
    def past(self) -> Past:
        """What the next day is compared with."""
        return Past(restricted=self.trust.restricted.kept)

    def allowed(self, person: str) -> set[str] | None:
        """Return who may know of a person; None: anybody."""
        assert self.restricted is not None
        restriction = self.restricted.get(person)
        return set(restriction.allowed) if restriction else None


def limited(*people: str | None) -> Rows:
    return [(person, "limited", "W1") for person in people]


GOOD = Morning(limited("0001", "0002", "0003", "0004"))


# ------------------------------------------------------------------ whose an id is


@pytest.mark.parametrize("written", ["1", "0001.0", " 00001 "])
def test_an_id_is_compared_once_more_without_zeros_and_a_final_0(written: str):
    morning = Morning([(written, "limited", "W1"), ("0002", "sealed", "W1")])

    assert (morning.doubt, morning.allowed("0001"), morning.allowed("0002"), morning.allowed("0003")) == (
        None,
        {"W1"},
        set(),
        None,
    )


DRESSED = {
    "Excel's apostrophe": "'0004367",
    "commas between thousands": "4,367",
    "a space": "4 367",
    "a space that does not break": "0004\u00a0367",
    "a narrow space": "4\u202f367",
    "nothing that is seen": "0004\u200b367\ufeff",
    "full-width digits": "\uff14\uff13\uff16\uff17",
    "powers of ten": "4.367E+03",
    "a curved quote": "\u20184367\u2019",
}


@pytest.mark.parametrize("dress", DRESSED)
def test_an_id_is_compared_without_all_that_a_spreadsheet_adds_to_it(dress: str):
    others = [(f"000{number}", "limited", "W1") for number in range(1, 4)]
    people = ["0004367", "0001", "0002", "0003", "4368", "43670", "4"]
    morning = Morning([(DRESSED[dress], "limited", "W1"), *others], people=people)

    assert (morning.doubt, morning.trust.restricted.unmatched) == (None, frozenset())
    assert [morning.allowed(person) for person in ("0004367", "4368", "43670", "4")] == [{"W1"}, None, None, None]
    assert Morning(limited("0004367"), people=[DRESSED[dress], "2"]).allowed(DRESSED[dress].strip()) == {"W1"}


@pytest.mark.parametrize("id_", ["4.4E+03", "43,67", "4367.5", "MOS4367", "'"])
def test_an_id_that_has_lost_something_is_nobodys_and_counts_as_such(id_: str):
    morning = Morning([(id_, "limited", "W1"), *limited("0001", "0002", "0003")], people=["4367", "4400", "0001", "0002", "0003"])

    assert morning.trust.restricted.unmatched == {id_}
    assert [morning.allowed(person) for person in ("4367", "4400")] == [None, None]


def test_and_on_the_side_of_ssd_person_too():
    assert Morning(limited("0001"), people=["1", "2.0"]).allowed("1") == {"W1"}
    assert Morning(limited("0002"), people=["1", "2.0"]).allowed("2.0") == {"W1"}


def test_of_two_whom_a_changed_id_may_mean_both_are_restricted():
    morning = Morning(limited("1"), people=["01", "001", "2"])

    assert (morning.allowed("01"), morning.allowed("001"), morning.allowed("2")) == ({"W1"}, {"W1"}, None)


def test_an_id_that_is_somebodys_is_not_compared_again():
    assert Morning(limited("1"), people=["1", "01"]).allowed("01") is None


@pytest.mark.parametrize("level", [None, "sealed", "Limitd"])
def test_any_level_but_limited_is_sealed_and_told_to_nobody_whoever_it_names(level: str | None):
    assert Morning([("0001", level, "W1")]).allowed("0001") == set()


@pytest.mark.parametrize("level", ["LIMITED", " \u00a0Limited "])
def test_limited_is_read_however_it_is_written(level: str):
    assert Morning([("0001", level, "W1;W2")]).allowed("0001") == {"W1", "W2"}


def test_of_several_rows_only_who_is_in_all_is_allowed():
    morning = Morning([("0001", "limited", "W1;W2"), ("1", "limited", "W2"), ("0002", "limited", "W1"), ("0002", "sealed", "W1")])

    assert (morning.allowed("0001"), morning.allowed("0002")) == ({"W2"}, set())


# ------------------------------------------------------------------ when it is doubted


@pytest.mark.parametrize(
    ("rows", "doubt"),
    [
        (limited("0001", "0002", None, "0004"), "has 1 row without an id"),
        (limited("0001", "0002", " ", "SSD_PH"), "has 2 rows without an id"),
        (limited("0001", "X2", "X3"), "names 2 of 3 ids that match nobody in ssd_person"),
        (limited("0001", "X2"), None),
        (limited("X1", "X1", "X1", "0001", "0002"), "names 3 of 5 ids that match nobody in ssd_person"),
        (limited("0001", "0002"), None),
        (limited("0001"), "has 1 row, fewer than half of the 4 it had when last trusted"),
        ([], "has 0 rows, fewer than half of the 4 it had when last trusted"),
        (None, "is not supplied any more; when last trusted it had 4 rows"),
        (limited("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009"), None),
    ],
)
def test_it_is_doubted_whatever_its_size(rows: Rows | None, doubt: str | None):
    morning = Morning(rows, GOOD.past)

    assert morning.doubt == doubt
    assert (morning.restricted is None) == (doubt is not None)


def test_half_of_the_rows_is_a_list_and_one_fewer_is_none():
    five = Morning(limited("0001", "0002", "0003", "0004", "0005")).past

    assert [bool(Morning(limited(*PEOPLE[:rows]), five).doubt) for rows in (1, 2, 3)] == [True, True, False]


def test_the_first_list_may_have_no_rows_and_a_council_that_never_had_one_is_not_told_that_it_is_gone():
    assert (Morning([]).doubt, Morning([]).restricted) == (None, {})
    assert (Morning(None).doubt, Morning(None).restricted) == (None, None)


@pytest.mark.parametrize("rows", [None, limited("X1", "X2", "X3", None)])
def test_while_it_is_doubted_whoever_was_on_the_last_one_counts_beside_who_is_on_it(rows: Rows | None):
    morning = Morning(rows, Morning([("0001", "sealed", None), ("0002", "limited", "W1"), ("0003", "sealed", None)]).past)
    in_force = morning.trust.restricted.in_force(doubted=True)

    assert morning.doubt
    assert {"0001", "0003"} <= {id_ for person in in_force if person.is_sealed for id_ in person.ids}


def test_a_release_holds_for_that_very_set_of_ids():
    doubted = Morning(limited("0001", None), GOOD.past)
    released = Past(restricted=GOOD.trust.restricted.kept, released_list=doubted.trust.restricted.mark)

    assert Morning(limited("0001", None), released).doubt is None
    assert Morning(limited(None, "0001"), released).doubt is None
    for other in (limited("0002", None), limited("0001"), limited("0001", None, None), [], None):
        assert Morning(other, released).doubt, other


def test_a_released_list_goes_out_and_whoever_it_lacks_stays_restricted_until_that_is_released_too():
    mark = Morning([], GOOD.past).trust.restricted.mark
    morning = Morning([], Past(restricted=GOOD.trust.restricted.kept, released_list=mark))

    assert (morning.allowed("0001"), morning.allowed("0009")) == ({"W1"}, None)
    assert [note.text for note in morning.trust.notes if note.about == RESTRICTED] == [
        "ext_restricted has 0 rows, fewer than half of the 4 it had when last trusted (released)"
    ]


def test_while_none_comes_and_two_people_stand_in_for_it_the_last_one_counts():
    mark = Morning(None, GOOD.past).trust.restricted.mark
    morning = Morning(None, Past(restricted=GOOD.trust.restricted.kept, released_list=mark))

    assert (morning.allowed("0001"), morning.allowed("0009")) == ({"W1"}, None)
    assert morning.past.restricted == GOOD.past.restricted


# ------------------------------------------------------------------ who was taken off


def test_whoever_was_taken_off_stays_restricted_as_before_however_long():
    first = Morning([("0001", "sealed", None), ("0002", "limited", "W1"), ("0003", "limited", "W2")])
    second = Morning([("0002", "limited", "W1"), ("0003", "limited", "W2")], first.past)
    third = Morning([("0003", "limited", "W2")], second.past)

    assert (third.doubt, third.allowed("0001"), third.allowed("0002"), third.allowed("0004")) == (None, set(), {"W1"}, None)
    assert third.trust.restricted.taken_off == 2


def test_nobody_was_taken_off_who_is_there_by_another_id():
    assert Morning(limited("1", "2.0", "0003", "4"), GOOD.past).trust.restricted.removed == ()
    again = Morning(limited("0001", "0002", "0003", "0004"), Morning(limited("1", "2.0", "0003", "4")).past)
    assert again.trust.restricted.removed == ()


def test_whoever_is_back_is_on_the_list_as_it_says_now():
    gone = Morning(limited("0001", "0002"), Morning([("0001", "sealed", None), *limited("0002", "0003")]).past)
    back = Morning([("0001", "limited", "W2"), *limited("0002", "0003")], gone.past)

    assert (back.allowed("0001"), back.trust.restricted.removed) == ({"W2"}, ())


def test_a_list_whose_ids_match_nobody_today_keeps_whom_it_restricted_under_their_ids_of_yesterday():
    morning = Morning(limited("0001", "0002", "0003", "0004"), GOOD.past, people=["1", "2", "3", "4"])

    assert (morning.doubt, morning.allowed("1"), morning.allowed("0001")) == (None, {"W1"}, {"W1"})


def test_where_nobody_can_be_compared_with_the_last_list_counts_as_it_was():
    morning = Morning(limited("1", "2", "3", "4"), GOOD.past, people=[])

    assert (morning.doubt, morning.allowed("0001")) == (None, {"W1"})


@pytest.mark.parametrize(
    "merged",
    [
        [("1", "9")],
        [("0001", "9")],
        [("1.0", "0009")],
        [("0001", "0044"), ("44", "9")],
        [("0001", "0009"), ("0001", "0008")],
        [("0001", "0044"), ("0044", "0001"), ("0044", "0009")],
    ],
    ids=[
        "without zeros",
        "the survivor without zeros",
        "with .0",
        "a chain without zeros",
        "into two",
        "in a ring and out of it",
    ],
)
def test_a_restriction_follows_a_merge_whatever_is_wrong_with_its_row(merged: list[tuple[str, str]]):
    morning = Morning([("0001", "sealed", None), *limited("0002")], people=PEOPLE[1:], merged=merged)
    assert morning.doubt is None
    assert morning.allowed("0009") == set()
    assert morning.allowed("0002") == {"W1"}
    assert morning.allowed("0003") is None


def test_a_restriction_goes_on_with_a_record_that_is_merged_and_is_not_taken_off_by_it():
    morning = Morning(limited("0002", "0003", "0004", "0009"), GOOD.past, people=PEOPLE[1:], merged=[("0001", "0009")])

    assert (morning.allowed("0001"), morning.allowed("0009"), morning.trust.restricted.removed) == ({"W1"}, {"W1"}, ())


def test_a_record_that_goes_on_is_restricted_as_long_as_the_list_or_the_one_before_has_the_old_one():
    named = Morning([("0001", "sealed", None), *limited("0002")], people=PEOPLE[1:], merged=[("0001", "0009")])
    gone = Morning(limited("0002", "0003", "0004"), GOOD.past, people=PEOPLE[1:], merged=[("0001", "0009")])

    assert (named.allowed("0009"), named.trust.unknown_ids) == (set(), ())
    assert gone.allowed("0009") == {"W1"}


# ------------------------------------------------------------------ what is told of it


def test_ids_that_match_nobody_are_told_by_count_and_never_by_themselves():
    morning = Morning([*limited("0001", "0002", "X77"), ("0003", "limited", "W1;W88,W99")])
    said = [(unknown.about, len(unknown.cells), unknown.named) for unknown in morning.trust.unknown_ids]

    assert said == [("ext_restricted.person_id", 1, 4), ("ext_restricted.allowed_recipients", 1, 2)]
    assert morning.restricted is not None
    assert morning.restricted["0003"] == Restriction(allowed=frozenset({"W1", "W88,W99"}))


@pytest.mark.parametrize("rows", [None, limited("0001", None, "X1", "X2"), limited("0001", "0002")])
def test_a_notice_says_counts_a_cause_and_what_to_do_and_names_nobody(rows: Rows | None):
    [notice] = notices.of_restrictions(Morning(rows, GOOD.past).trust).values()

    assert RESTRICTED in notice.detail
    assert "likely cause is" in notice.detail
    assert "`alerting source release ext_restricted --by NAME --note WHY`" in notice.do
    assert not any(id_ in f"{notice.title} {notice.detail}" for id_ in [*PEOPLE, "X1"])


def test_a_good_list_has_no_notice_and_another_fault_of_it_is_another_one():
    assert notices.of_restrictions(GOOD.trust) == {}
    keys = [next(iter(notices.of_restrictions(Morning(rows, GOOD.past).trust))) for rows in (None, [], limited("0001", "0002"))]
    assert len(set(keys)) == 3


# ------------------------------------------------------------------ what people find right


@pytest.fixture
def store(made_store: str) -> Iterator[Store]:
    store = Store.open(made_store)
    yield store
    store.close()


def keep(store: Store, morning: Morning) -> Past:
    with store.transaction() as connection:
        restricted_lists.keep(connection, DAY, NOW, morning.trust)
        return Past(
            restricted=restricted_lists.last_trusted(connection), released_list=restricted_lists.released_mark(connection)
        )


def release(store: Store, mark: str) -> bool:
    with store.transaction() as connection:
        return restricted_lists.release_list(connection, mark, by=OFFICER, note="looked at it", now=NOW, answers=1)


def release_removal(store: Store) -> int:
    with store.transaction() as connection:
        return restricted_lists.release_removal(connection, by=OFFICER, note="it ended", now=NOW)


def past(store: Store) -> Past:
    with store.transaction() as connection:
        return Past(
            restricted=restricted_lists.last_trusted(connection), released_list=restricted_lists.released_mark(connection)
        )


def test_what_is_kept_is_what_was_trusted_last(store: Store):
    assert keep(store, GOOD) == GOOD.past
    assert keep(store, Morning([], GOOD.past)) == GOOD.past
    assert keep(store, Morning(None, GOOD.past)) == GOOD.past


def test_a_doubted_list_that_is_released_stands_until_another_was_trusted(store: Store):
    doubted = Morning(limited("0001", None), keep(store, GOOD))
    keep(store, doubted)
    assert Morning(limited("0001", None), past(store)).doubt
    assert release(store, doubted.trust.restricted.mark)

    stands = Morning(limited("0001", None), past(store))
    assert stands.doubt is None
    assert Morning(limited("0001", None), keep(store, stands)).doubt is None
    keep(store, GOOD)
    assert Morning(limited("0001", None), past(store)).doubt


def test_what_was_looked_at_is_released_and_no_other_list(store: Store):
    looked_at = Morning(limited("0001", None), keep(store, GOOD))
    keep(store, looked_at)
    keep(store, Morning([], GOOD.past))

    assert not release(store, looked_at.trust.restricted.mark)
    assert past(store).released_list is None


def test_that_people_were_taken_off_is_released_by_itself(store: Store):
    keep(store, GOOD)
    assert release_removal(store) == 0
    keep(store, Morning(limited("0001", "0002"), GOOD.past))

    assert release_removal(store) == 2
    assert Morning(limited("0001", "0002"), past(store)).allowed("0003") is None


def test_a_list_that_an_earlier_version_kept_is_read(store: Store):
    with store.transaction() as connection:
        kept = [["0001", "sealed", None], [None, "sealed", None], ["0002", "limited", "W1;W2"]]
        restricted_lists.remember(connection, "restricted records", kept, NOW)
        last = restricted_lists.last_trusted(connection)

    assert isinstance(last, TrustedList)
    assert (last.rows, [(person.ids, person.allowed) for person in last.listed]) == (
        3,
        [(("0001",), ()), (("0002",), ("W1", "W2"))],
    )


# ------------------------------------------------------------------ on the whole line


@pytest.mark.slow
@pytest.mark.parametrize(
    "edit",
    [
        "DELETE FROM state WHERE name = 'restricted records'",
        "UPDATE state SET value = replace(value, '\"C1\"', '\"C9\"') WHERE name = 'restricted records'",
        "UPDATE state SET value = 'no JSON' WHERE name = 'restricted records'",
    ],
)
@pytest.mark.parametrize("runs_before", ["sealed", "of an earlier version"])
def test_where_the_last_list_is_gone_or_another_nothing_about_a_child_goes_out_until_two_people_release_it(
    tmp_path: Path, edit: str, runs_before: str
):
    if runs_before != "sealed" and "C9" in edit:
        pytest.skip("what an earlier version kept was not sealed")
    office, day = Office(tmp_path), timedelta(days=1)
    office.rules_of_its_own()
    office.rule()
    office.council.add("ext_restricted", person_id="C1", level="sealed", allowed_recipients=None)
    office.council.add("ext_restricted", person_id="C2", level="limited", allowed_recipients="M1")
    office.begin(MONDAY)
    old = [] if runs_before == "sealed" else ["DELETE FROM sealed_row", "DELETE FROM seal"]
    with closing(sqlite3.connect(tmp_path / "alerting.db")) as connection:
        for statement in [edit, *old]:
            connection.execute(statement)
        connection.commit()
    office.council.remove("ext_restricted", person_id="C1")
    for later in (1, 2):  # it is not forgotten by having been found once
        report = office.run(MONDAY + later * day)
        assert named_to_anybody(office) == set()
        assert report.data is not None
        assert "cannot be compared with the one that was last trusted" in report.data.problems[RESTRICTED]
    asked = command(office, "source", "release", "ext_restricted", "--note", "C1 was taken off", "--by", "P1")[1]
    assert command(office, "requests", "approve", re.findall(r"[Rr]equest (\d+)", asked)[0], "--by", "H1")[0] == 0
    office.run(MONDAY + 3 * day)
    assert "C2" in named_to_anybody(office)
    office.run(MONDAY + 4 * day)
    assert "restricted" not in " ".join(notice.title for notice in office.notices)


def named_to_anybody(office: Office) -> set[str]:
    return {item.subject for _, content in office.sent for item in content.items}


@pytest.mark.slow
def test_a_list_that_does_not_come_any_more_is_not_forgotten_until_two_people_stand_in_for_it(tmp_path: Path):
    office, day = Office(tmp_path), timedelta(days=1)
    office.rules_of_its_own()
    office.rule()
    office.council.add("ext_restricted", person_id="C1", level="limited", allowed_recipients="H1")
    office.begin(MONDAY)
    office.council.on_a_plan("C3", seen=MONDAY)
    office.run(MONDAY + day, without=("ext_restricted",))
    assert named_to_anybody(office) == set()

    def asked(by: str) -> str:
        return command(office, "source", "release", "ext_restricted", "--note", "the export is being mended", "--by", by)[1]

    number = re.findall(r"[Rr]equest (\d+)", asked("P1"))[0]
    office.run(MONDAY + day, without=("ext_restricted",))
    assert named_to_anybody(office) == set()
    assert command(office, "requests", "approve", number, "--by", "person p1")[0] != 0
    assert command(office, "requests", "approve", number, "--by", "H1")[0] == 0

    office.run(MONDAY + 2 * day, without=("ext_restricted",))
    assert office.told("M1") == {"C2": "open", "C3": "new"}
    assert any("last trusted list of restricted records is used" in notice.title for notice in office.notices)

"""Cover that people say: who may say it and for whom, who is told meanwhile, and that it ends by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from alerting.alerts.acts import ActKind
from alerting.audit import trail
from alerting.casedata.directory import Cover, Directory, Team
from alerting.casedata.said_cover import SaidCover, above, may_cover, may_say, must_suit, with_said_cover
from alerting.errors import HandlingError
from alerting.model import Person
from alerting.store import newest_directory, said_cover
from alerting.store.store import Transaction
from tests.made_council import MONDAY, somebody
from tests.office import Office
from tests.test_commands import Shell

DAY = timedelta(days=1)
FRIDAY = MONDAY + 4 * DAY
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def person(id_: str, team: str | None, email: str | None = "") -> Person:
    return Person(id=id_, name=f"Person {id_}", email=f"{id_}@x.example" if email == "" else email, role=None, team=team)


def team(id_: str, manager: str, service_manager: str = "S1") -> Team:
    return Team(id=id_, name=id_, service=None, manager=manager, service_manager=service_manager, head_of_service="H1")


STAFF = [person("M1", "T1"), person("W1", "T1"), person("V1", "T1"), person("M2", "T2"), person("W2", "T2"), person("S1", None)]
STAFF += [
    person("H1", None),
    person("X1", "nowhere"),
    person("X2", "nowhere"),
    person("N1", "T1", None),
    person("A1", "T1", "w1@X.example"),
]
DIRECTORY = Directory(
    staff={one.id: one for one in STAFF},
    former={},
    teams={"T1": team("T1", "M1"), "T2": team("T2", "M2")},
    cover={},
    restricted={},
)


def said(away: str = "W1", by: str = "V1", begins: date = MONDAY, until: date = FRIDAY, **more: Any) -> SaidCover:
    return SaidCover(**{"id": 1, "away": away, "by": by, "said_by": away, "begins": begins, "until": until} | more)


# ---------------------------------------------------------------- what stands


@pytest.mark.parametrize(("day", "stands"), [(-1, False), (0, True), (4, True), (5, False)])
def test_it_holds_from_its_first_day_to_its_last_and_ends_by_itself(day, stands):
    found = with_said_cover(DIRECTORY, [said()], MONDAY + day * DAY).cover

    assert found == ({"W1": Cover(by="V1", until=FRIDAY, said=True)} if stands else {})


def test_it_stands_in_place_of_the_table_which_counts_again_afterwards():
    recorded = Cover(by="M1", until=None)
    directory = replace(DIRECTORY, cover={"W1": recorded, "W2": recorded})
    meanwhile = with_said_cover(directory, [said()], MONDAY)

    assert meanwhile.cover["W1"] == Cover(by="V1", until=FRIDAY, said=True, recorded=recorded)
    assert meanwhile.cover["W2"] == recorded
    assert with_said_cover(meanwhile, [said()], FRIDAY + DAY).cover == directory.cover
    assert with_said_cover(meanwhile, [], MONDAY).cover == directory.cover


def test_of_several_the_latest_to_begin_counts_then_what_was_said_last():
    early, late = said(), said(by="M1", begins=MONDAY + DAY, id=2)
    again = said(by="S1", begins=MONDAY + DAY, id=3)

    assert with_said_cover(DIRECTORY, [late, early], MONDAY).cover["W1"].by == "V1"
    assert with_said_cover(DIRECTORY, [late, early], FRIDAY).cover["W1"].by == "M1"
    assert with_said_cover(DIRECTORY, [again, late, early], FRIDAY).cover["W1"].by == "S1"


def moved(worker: str, to: str) -> Directory:
    return replace(DIRECTORY, staff={**DIRECTORY.staff, worker: replace(DIRECTORY.staff[worker], team=to)})


def test_whoever_has_moved_to_another_team_covers_no_more_and_nobody_does():
    found = with_said_cover(moved("V1", "T2"), [said()], MONDAY)

    assert found.cover == {"W1": Cover(by=None, until=FRIDAY, said=True)}
    assert with_said_cover(replace(DIRECTORY, cover=found.cover), [said()], MONDAY).cover["W1"].by == "V1"


def test_whoever_covers_may_have_left_and_the_directory_is_made_all_the_same():
    staff = {id_: one for id_, one in DIRECTORY.staff.items() if id_ != "V1"}

    assert with_said_cover(replace(DIRECTORY, staff=staff), [said()], MONDAY).cover["W1"].by == "V1"


def test_whoever_covers_for_who_covers_reads_for_those_alone_for_whom_they_may_cover_themselves():
    both = [said("M1", "M2", id=1), said("M2", "W2", id=2)]
    found = with_said_cover(DIRECTORY, both, MONDAY).cover

    assert found["M2"].by == "W2"
    assert found["M1"] == Cover(by=None, until=FRIDAY, said=True)
    assert with_said_cover(DIRECTORY, [both[0], said("M2", "S1", id=2)], MONDAY).cover["M1"].by == "M2"


def test_what_the_table_has_leads_through_what_was_said_to_nobody_who_may_not_cover_and_counts_again_afterwards():
    recorded = Cover(by="M2", until=None)
    directory = replace(DIRECTORY, cover={"M1": recorded})
    meanwhile = with_said_cover(directory, [said("M2", "W2")], MONDAY)

    assert meanwhile.cover["M1"] == Cover(by=None, until=None, said=True, recorded=recorded)
    assert with_said_cover(meanwhile, [], MONDAY).cover == directory.cover
    beyond = replace(DIRECTORY, cover={"W1": Cover(by="W2", until=None)})
    assert with_said_cover(beyond, [said("M1", "S1")], MONDAY).cover["W1"].by == "W2"  # the table's own is the council's to say


def test_what_the_table_had_until_a_day_counts_no_more_after_it():
    directory = replace(DIRECTORY, cover={"V1": Cover(by="M1", until=MONDAY)})

    assert with_said_cover(directory, [], MONDAY).cover == directory.cover
    assert with_said_cover(directory, [], MONDAY + DAY).cover == {}
    must_suit(directory, said(begins=MONDAY + DAY), [], MONDAY)  # whoever covers is back by then


# ---------------------------------------------------------------- who may


@pytest.mark.parametrize(
    ("away", "by", "may"),
    [
        ("W1", "V1", True),  # of the same team
        ("W1", "M1", True),  # above it
        ("W1", "H1", True),
        ("W1", "W2", False),  # of another team
        ("W1", "M2", False),
        ("M1", "M2", True),  # who answers for a team, for one who does
        ("M1", "W1", True),  # a deputy
        ("M1", "W2", False),
        ("S1", "M2", True),
        ("S1", "W2", True),  # of a team of theirs
        ("H1", "S1", True),
        ("X1", "X2", False),  # a team that there is not is none that they share
        ("X1", "M1", False),
    ],
)
def test_whoever_covers_may_need_to_know(away, by, may):
    assert may_cover(DIRECTORY, by, away) is may


@pytest.mark.parametrize(
    ("who", "away", "may"),
    [
        *(("W1", "W1", True), ("M1", "W1", True), ("S1", "W1", True), ("H1", "M1", True), ("S1", "M1", True)),
        *(("W1", "V1", False), ("W1", "M1", False), ("M2", "W1", False), ("M1", "S1", False), ("M1", "M2", False)),
    ],
)
def test_it_is_said_by_oneself_or_by_those_above(who, away, may):
    assert may_say(DIRECTORY, [who], away) is may


def test_nobody_is_above_themselves():
    both = replace(DIRECTORY, teams={"T1": team("T1", "S1")})

    assert above(both, "S1") == {"H1"}


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (said(away="Z9"), "who is away is not a current member of staff"),
        (said(by="Z9"), "who covers is not a current member of staff"),
        (said(by="N1"), "who covers has no address"),
        (said(by="W1"), "nobody covers for themselves"),
        (said(by="A1"), "nobody covers for themselves"),  # by another id with the same address
        (said(by="W2"), "Person W2 is neither of the same team as Person W1 nor above it"),
        (said(begins=MONDAY - DAY), "2026-03-01 has passed"),
        (said(until=MONDAY - DAY), "the last day is before the first"),
        (said(until=MONDAY + 93 * DAY), "that is longer than 92 days"),
        (said(by="M1"), "Person M1 is away then themselves"),
    ],
)
def test_what_is_not_to_be_is_refused(wanted, says):
    others = [said(away="M1", by="M2", id=7)]

    with pytest.raises(HandlingError) as refused:
        must_suit(DIRECTORY, wanted, others, MONDAY)
    assert refused.value.problem == says
    must_suit(DIRECTORY, said(), others, MONDAY)


# ---------------------------------------------------------------- who is told meanwhile


@contextmanager
def writing(office: Office) -> Iterator[tuple[Transaction, Directory]]:
    store = office.store()
    try:
        with store.transaction() as connection:
            newest = newest_directory.read(connection)
            assert newest is not None
            yield connection, newest.directory
    finally:
        store.close()


def say(office: Office, away: str, by: str, who: str, begins: date = MONDAY + DAY, until: date = FRIDAY) -> int:
    wanted = said(away, by, begins, until, said_by=who)
    with writing(office) as (connection, directory):
        return said_cover.say(connection, directory, wanted, somebody(who), [who], MONDAY, NOON, note="leave").id


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    made.begin(MONDAY)
    return made


@pytest.mark.slow
def test_an_administrator_says_it_for_anybody_and_never_lets_themselves_see_by_it(office):
    with writing(office) as (connection, directory):
        with pytest.raises(HandlingError, match="does not say that they cover themselves"):
            said_cover.say(connection, directory, said("M1", "M2"), somebody("M2"), None, MONDAY, NOON)
        assert said_cover.say(connection, directory, said("M1", "M2"), somebody("P1"), None, MONDAY, NOON).by == "M2"
        above_them = said("W1", "S1", MONDAY + 7 * DAY, MONDAY + 9 * DAY)
        assert said_cover.say(connection, directory, above_them, somebody("S1"), None, MONDAY, NOON).by == "S1"


@pytest.mark.slow
def test_whoever_covers_is_told_in_their_place_and_for_whom_until_it_ends(office):
    say(office, "M1", "M2", "M1")
    office.council.on_a_plan("C3", seen=MONDAY - 40 * DAY)
    office.run(MONDAY + DAY)

    assert "M1" not in office.people()
    assert "C3" in office.told("M2")
    assert office.content("M2").covering == ("Person M1 until 6 March",)
    assert {item.why for item in office.content("M2").items if item.subject == "C3"} == {"as cover for Person M1 until 6 March"}

    office.council.on_a_plan("C4", seen=MONDAY - 40 * DAY)
    office.run(FRIDAY + 3 * DAY)
    assert "C4" in office.told("M1")
    assert "M2" not in office.people()


@pytest.mark.slow
def test_a_restricted_record_does_not_go_to_whoever_covers(tmp_path):
    office = Office(tmp_path)
    office.council.add("ext_restricted", person_id="C3", level="limited", allowed_recipients="M1;S1")
    office.begin(MONDAY)
    say(office, "M1", "M2", "M1")
    office.council.on_a_plan("C3", seen=MONDAY - 40 * DAY)
    office.council.on_a_plan("C4", seen=MONDAY - 40 * DAY)
    office.run(MONDAY + DAY)

    assert "C3" not in office.told("M2")
    assert "C4" in office.told("M2")
    assert {who for who, content in office.sent if any(item.subject == "C3" for item in content.items)} == {"S1"}


@pytest.mark.slow
def test_what_is_ended_and_while_the_table_is_doubted_what_has_ended_counts_no_more(office):
    first = say(office, "M1", "M2", "M1", until=MONDAY + DAY)
    office.run(MONDAY + DAY)
    number = say(office, "W1", "M1", "W1", begins=MONDAY + 2 * DAY)
    with writing(office) as (connection, directory):
        said_cover.end(connection, directory, number, somebody("M1"), ["M1"], MONDAY, NOON)
        with pytest.raises(HandlingError, match="there is no cover"):
            said_cover.end(connection, directory, number, somebody("M1"), ["M1"], MONDAY, NOON)
        with pytest.raises(HandlingError, match="said by themselves"):
            said_cover.end(connection, directory, first, somebody("M2"), ["M2"], MONDAY, NOON)
    office.council.on_a_plan("C3", seen=MONDAY - 40 * DAY)
    office.run(MONDAY + 2 * DAY, without=("ext_cover",))

    assert "C3" in office.told("M1")
    with writing(office) as (_, directory):
        assert directory.cover == {}


@pytest.mark.slow
def test_it_is_said_by_a_command_and_stands_in_the_trail_the_list_and_who_answers(office):
    shell, today = Shell(office.folder / "config.yaml"), datetime.now(UTC).date()
    until = (today + 9 * DAY).isoformat()
    shell("people", "cover", "M1", "--covered-by", "Person M2", "--until", until, "--by", "S1", "--note", "leave")
    for refused in (("M1", "M2", "W1"), ("W1", "W2", "W1"), ("W1", "M1", "P1")):
        away, by, who = refused
        shell("people", "cover", away, "--covered-by", by, "--until", until, "--by", who, code=1)

    [found] = shell.json("people", "cover")
    assert (found["away"], found["covered_by"], found["until"], found["said_by"]) == ("M1", "M2", until, "S1")
    assert "covered by Person M2 (M2)." in shell("people", "who", "M1").output
    assert "team manager" in shell("people", "who", "T1").output
    assert "Person M2 (M2), as cover for Person M1 until" in shell("people", "who", "T1").output
    shell("people", "cover", "--end", str(found["cover"]), "--by", "admin@example.gov.uk")
    assert shell.json("people", "cover") == []

    query = trail.TrailQuery(kinds={ActKind.cover_said, ActKind.cover_ended})
    with writing(office) as (connection, _):
        events = [(one.by, one.did, one.note) for one in trail.search(connection, query)]
    assert events == [("S1", "said who covers", "leave"), ("admin@example.gov.uk", "ended cover", "")]


@pytest.mark.slow
def test_who_looks_after_the_service_says_it_for_anybody_and_a_command_that_lacks_something_says_so(office):
    shell, until = Shell(office.folder / "config.yaml"), (datetime.now(UTC).date() + DAY).isoformat()

    assert (
        "cover" in shell("people", "cover", "W1", "--covered-by", "M1", "--until", until, "--by", "admin@example.gov.uk").output
    )
    assert "not said" in shell("people", "cover", "W1", "--by", "W1", code=1).output
    assert "one of the two" in shell("people", "cover", "W1", "--end", "1", "--by", "W1", code=1).output
    assert "W1" in shell("people", "cover").output.replace("Person ", "")

"""Who may act: people of the directory and administrators, whatever they are written like; and what takes two of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from alerting.alerts.acts import (
    ActKind,
    BrakeWanted,
    CloseWanted,
    DataErrorWanted,
    FireWanted,
    ListWanted,
    Request,
    SilenceWanted,
    SnoozeWanted,
    TableWanted,
    Wanted,
    two_people,
)
from alerting.alerts.matcher import Matcher
from alerting.alerts.people import Actor, People
from alerting.cli import whence
from alerting.commands import cli
from alerting.council_people import Administrator
from alerting.errors import HandlingError
from alerting.model import Person
from alerting.store import acts, schema
from alerting.store.store import Store
from tests.made_council import MONDAY, somebody
from tests.office import Office

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PRIYA = Person(id="W0231", name="Priya Shah", email="priya.shah@example.gov.uk")
TOM = Person(id="W0417", name="Tom Reid", email="tom.reid@example.gov.uk")
ALEX = Administrator(name="Alex Okoro", address="alex.okoro@example.gov.uk", account="aokoro")
PEOPLE = People(
    staff=(PRIYA, TOM), administrators=(ALEX, Administrator(name="P. Shah", address="ps@example.gov.uk", worker_id="W0231"))
)


@pytest.mark.parametrize(
    "said",
    ["W0231", " w0231 ", "W0231\u200b", "Ｗ０２３１", "priya.shah@example.gov.uk", "PRIYA.SHAH@EXAMPLE.GOV.UK", "Priya Shah",
     "priya  shah", "Shah, Priya", "Priya\u00a0Shah", "Pri\u00adya Shah", "Príya Shah", "ps@example.gov.uk", "P. Shah", "\u202ePriya Shah"],
)  # fmt: skip
def test_somebody_is_known_by_id_address_or_name_however_it_is_written(said: str) -> None:
    assert PEOPLE.named(said) == PRIYA


@pytest.mark.parametrize("said", ["nobody", "W0232", "priya", "Рriya Shah", "shah@example.gov.uk"])
def test_whoever_is_nobody_is_refused_with_what_to_type(said: str) -> None:
    with pytest.raises(HandlingError, match="is nobody who may do this") as refused:
        PEOPLE.named(said)

    assert "worker id, address or name" in refused.value.remedy


@pytest.mark.parametrize("said", ["", "  ", "\u200b", "\u3164", "\ufeff \u2060"])
def test_what_cannot_be_seen_names_nobody(said: str) -> None:
    with pytest.raises(HandlingError, match="nobody is named"):
        PEOPLE.named(said)


def test_of_two_with_one_name_the_id_says_which() -> None:
    people = People(staff=(PRIYA, replace(PRIYA, id="W0999", email="priya.shah2@example.gov.uk")))

    with pytest.raises(HandlingError, match="more than one person") as refused:
        people.named("Priya Shah")
    assert "W0231, W0999" in refused.value.remedy
    assert people.named("W0999").id == "W0999"


def test_before_any_staff_was_read_the_administrators_may_act() -> None:
    assert People(administrators=(ALEX,)).named("alex okoro").id == "alex.okoro@example.gov.uk"
    with pytest.raises(HandlingError) as refused:
        People().named("W0231")
    assert "names no administrator" in refused.value.remedy


def test_an_administrator_is_known_by_worker_id_or_address_and_a_namesake_is_none() -> None:
    namesake = Person(id="W0500", name="Alex Okoro", email="a.okoro2@example.gov.uk")
    people = replace(PEOPLE, staff=(PRIYA, TOM, namesake))

    assert people.are_same("W0500", ALEX.address)  # where two are asked for, to be on the safe side
    found = [id_ for id_ in ("W0231", ALEX.address, "W0500", "W0417", "") if people.is_administrator(id_)]
    assert found == ["W0231", ALEX.address]


# ---- two people


def as_one(id_: str, account: str = "somebody") -> Actor:
    return Actor(id=id_, name=id_, account=account, host="here")


TWO_POSTS = replace(PRIYA, id="W0777", email="priya.shah@example.gov.uk")
NAMESAKE = replace(PRIYA, id="W0999", email="p.shah2@example.gov.uk")


@pytest.mark.parametrize(
    "second",
    ["", " ", "W0231", "w0231 ", "W0231\u200d", "priya.shah@example.gov.uk", "Priya.Shah+x@example.gov.uk", "Shah Priya", "ps@example.gov.uk",
     "W0777", "W0999", "p.shah2@example.gov.uk"],
)  # fmt: skip
def test_who_approves_is_not_who_asks_whatever_they_are_called(second: str) -> None:
    people = replace(PEOPLE, staff=(PRIYA, TOM, TWO_POSTS, NAMESAKE))

    with pytest.raises(HandlingError, match="who approves is who asks"):
        two_people(people, as_one("W0231"), as_one(second))
    two_people(people, as_one("W0231"), as_one("W0417"))


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        (as_one("W0231", "alerting"), as_one("W0417", "alerting"), "both came from the account alerting"),
        (as_one("W0231", "pshah"), as_one("W0417", ""), "both came from the account"),
        (as_one("W0231", "pshah"), as_one("alex.okoro@example.gov.uk", "treid"), "acts from the account aokoro"),
        (as_one("W0231", "pshah"), as_one("alex.okoro@example.gov.uk", "aokoro"), None),
    ],
)
def test_where_the_council_wants_it_they_are_two_accounts_too(first: Actor, second: Actor, problem: str | None) -> None:
    two_people(PEOPLE, first, second)
    if problem is None:
        two_people(PEOPLE, first, second, two_accounts=True)
        return
    with pytest.raises(HandlingError, match=problem):
        two_people(PEOPLE, first, second, two_accounts=True)


# ---- a request, and its answer


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with closing(Store.open(store_url)) as store:
        yield store


def asked(store: Store) -> int:
    request = Request(id=0, at=NOW, by=as_one("W0231"), wanted=TableWanted(), about="ssd_person", note="it is real", why="x")
    with store.transaction() as connection:
        return acts.ask(connection, request).id


def test_a_request_is_approved_once_by_another(store: Store) -> None:
    number = asked(store)
    with store.transaction() as connection, pytest.raises(HandlingError, match="who approves is who asks"):
        acts.approve(connection, number, as_one("W0231"), PEOPLE, NOW)
    with store.transaction() as connection:
        approved = acts.approve(connection, number, as_one("W0417"), PEOPLE, NOW)
        assert (approved.kind, approved.about, approved.by.id, approved.note) == (
            ActKind.table_released,
            "ssd_person",
            "W0231",
            "it is real",
        )
        assert acts.all_waiting(connection) == []
    with store.transaction() as connection, pytest.raises(HandlingError, match="was answered already: approved by W0417"):
        acts.approve(connection, number, as_one("alex.okoro@example.gov.uk"), PEOPLE, NOW)


def test_a_request_that_is_withdrawn_is_approved_by_nobody(store: Store) -> None:
    number = asked(store)
    with store.transaction() as connection:
        acts.withdraw(connection, number, as_one("W0231"), NOW)
    with store.transaction() as connection, pytest.raises(HandlingError, match="was answered already: withdrew"):
        acts.approve(connection, number, as_one("W0417"), PEOPLE, NOW)
    with store.transaction() as connection, pytest.raises(HandlingError, match="there is no request 99"):
        acts.approve(connection, 99, as_one("W0417"), PEOPLE, NOW)


@pytest.mark.parametrize(
    "wanted",
    [
        SnoozeWanted(until=MONDAY),
        DataErrorWanted(),
        CloseWanted(reason="other"),
        CloseWanted(reason="other", until=MONDAY),
        SilenceWanted(matcher=Matcher(rule=("a",), child=("C1", "C2")), begins=MONDAY, until=MONDAY, matched=3),
        BrakeWanted(rule=None),
        BrakeWanted(rule="a"),
        TableWanted(),
        ListWanted(mark="m"),
        FireWanted(),
    ],
    ids=str,
)
def test_what_is_asked_for_is_read_back_as_it_was(store: Store, wanted: Wanted) -> None:
    request = Request(id=0, at=NOW, by=as_one("W0231"), wanted=wanted, about="x", note="y", why="z", asked="W0417")
    with store.transaction() as connection:
        kept = acts.ask(connection, request)
        assert acts.waiting(connection, kept.id) == kept == replace(request, id=kept.id)
        assert acts.all_waiting(connection) == [kept]


def test_a_request_of_which_nobody_can_read_what_it_asks_for_is_not_approved_and_hides_no_other(store: Store) -> None:
    broken, other = asked(store), asked(store)
    with store.transaction() as connection:
        connection.execute(schema.act.update().where(schema.act.c.id == broken).values(wanted={"kind": "snooze", "until": 7}))
        assert [each.id for each in acts.all_waiting(connection)] == [other]
    with store.transaction() as connection, pytest.raises(HandlingError, match="cannot be read any more"):
        acts.approve(connection, broken, as_one("W0417"), PEOPLE, NOW)


def test_a_request_that_nobody_approves_lapses_after_its_last_day(store: Store) -> None:
    number, last = asked(store), (NOW + 7 * DAY).date()
    with store.transaction() as connection:
        assert acts.lapse(connection, lambda made: made + 7 * DAY, last, NOW + 7 * DAY) == 0
        assert [each.id for each in acts.all_waiting(connection)] == [number]
        assert acts.lapse(connection, lambda made: made + 7 * DAY, last + DAY, NOW + 8 * DAY) == 1
        assert acts.all_waiting(connection) == []
    with store.transaction() as connection, pytest.raises(HandlingError, match="has lapsed"):
        acts.approve(connection, number, as_one("W0417"), PEOPLE, NOW + 8 * DAY)
    with store.transaction() as connection:
        assert acts.lapse(connection, lambda made: made + 7 * DAY, last + DAY, NOW + 8 * DAY) == 0


# ---- on the command line


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule()
    office.begin(MONDAY)
    return office


def run(office: Office, *given: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), *given])
    return result.exit_code, result.output


def test_each_act_is_kept_with_the_account_and_the_machine_it_came_from(office: Office) -> None:
    code, said = run(office, "alerts", "acknowledge", office.alert("C1", "plan-long").ref, "--by", "person m1")

    assert code == 0, said
    with closing(office.store()) as store, store.transaction() as connection:
        [row] = connection.execute(sa.select(schema.act)).all()
    assert (row.by, row.kind, (row.account, row.host)) == ("M1", "acknowledge", whence())


@pytest.mark.parametrize(
    "given",
    [
        ("silences", "end", "1"),
        ("rules", "release", "--all"),
        ("source", "release", "ssd_person", "--note", "x"),
        ("store", "hold", "--note", "x"),
        ("store", "release", "--note", "x"),
        ("requests", "approve", "1"),
        ("requests", "withdraw", "1"),
        ("deliveries", "retry", "m1@example.gov.uk", "--note", "x"),
    ],
    ids=" ".join,
)
def test_nobody_does_anything_whom_nobody_knows(office: Office, given: tuple[str, ...]) -> None:
    with closing(office.store()) as store, store.transaction() as connection:
        acts.ask(
            connection,
            Request(id=0, at=datetime.now(UTC), by=somebody("M1"), wanted=TableWanted(), about="ssd_person", note="x", why="x"),
        )
    code, said = run(office, *given, "--by", "noone")

    assert (code, "'noone' is nobody who may do this" in said) == (1, True), said


@pytest.mark.slow
def test_a_brake_takes_two_people_where_the_council_says_so(office: Office) -> None:
    office.settings["handling"] = {"two_release": True}
    office.settings["rules"] = {"params": {"first_run_brake": 1}}
    office.rule("other", "PL-02")
    office.run(MONDAY.replace(day=3))

    assert "Request 1 waits for a second person" in run(office, "rules", "release", "PL-02", "--by", "P1")[1]
    assert "who approves is who asks" in run(office, "requests", "approve", "1", "--by", "person p1")[1]
    assert "PL-02" in run(office, "rules", "release")[1]
    assert run(office, "requests", "approve", "1", "--by", "A. Officer")[0] == 0
    assert "No brake is on" in run(office, "rules", "release")[1]


@pytest.mark.slow
def test_a_request_lapses_after_its_working_days_whoever_asked_is_told_and_it_is_not_done(office: Office) -> None:
    office.settings["handling"] = {"two_release": True, "request": 3}
    office.settings["rules"] = {"params": {"first_run_brake": 1}}
    office.rule("other", "PL-02")
    office.run(MONDAY.replace(day=3))
    request = Request(id=0, at=NOW, by=somebody("M1"), wanted=BrakeWanted(rule="other"), about="PL-02", note="x", why="x")
    with closing(office.store()) as store, store.transaction() as connection:
        acts.ask(connection, request)

    office.run(MONDAY.replace(day=5))
    assert told_of_lapse(office) == set()
    office.run(MONDAY.replace(day=6))

    assert told_of_lapse(office) == {"M1", "P1", "admin@example.gov.uk"}
    assert "request 1 has lapsed" in run(office, "requests", "approve", "1", "--by", "P1")[1]
    assert "PL-02" in run(office, "rules", "release")[1], "its brake is still on"


def test_nor_is_one_approved_whose_time_has_passed_since_the_last_run(office: Office) -> None:
    request = Request(
        id=0, at=NOW, by=replace(somebody("M1"), host="here"), wanted=TableWanted(), about="ssd_person", note="x", why="x"
    )
    with closing(office.store()) as store, store.transaction() as connection:
        acts.ask(connection, request)

    assert "0 requests" in run(office, "requests", "list")[1]
    assert "request 1 has lapsed" in run(office, "requests", "approve", "1", "--by", "P1")[1]
    assert told_of_lapse(office) == {"M1", "P1", "admin@example.gov.uk"}


def told_of_lapse(office: Office) -> set[str]:
    with closing(office.store()) as store, store.transaction() as connection:
        rows = connection.execute(sa.select(schema.outbox.c.recipient, schema.outbox.c.content)).all()
    return {row.recipient for row in rows if "Request 1 has lapsed: no second person approved it" in row.content}

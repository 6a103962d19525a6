"""What people did is told the same day: to those who look after the service, and to those whom it touches."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from alerting.alerts.acts import ActKind
from alerting.alerts.matcher import Matcher
from alerting.alerts.people import THE_PAGE, Actor
from alerting.casedata.directory import Directory, Team
from alerting.commands import cli
from alerting.delivery.act_notices import ToldAct, of_act
from alerting.model import Level
from alerting.notifications.routing import Router, RuleRoute
from alerting.notifications.silences import Silence
from alerting.notifications.silences import impact as impact_of
from alerting.store import schema
from alerting.store.releasing import Releasing
from tests.made_council import MONDAY
from tests.office import Office
from tests.test_silences import alert

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)


# ---- everything, by any spelling


def route(*levels: Level) -> RuleRoute:
    notify = dict.fromkeys(levels, ("team_manager",))
    return RuleRoute(notify=notify, channel=False, remind_every=5, title="t", code="X")


def team(id_: str) -> Team:
    return Team(id=id_, name=id_, service=None, manager=None, service_manager=None, head_of_service=None)


ALL = (Level.amber, Level.red, Level.critical)
ROUTER = Router(
    Directory(staff={}, former={}, teams={"T1": team("T1"), "T2": team("T2")}, cover={}, restricted={}),
    {"a": route(*ALL), "b": route(Level.amber, Level.red), "off": route(*ALL)},
)
KINDS = {"a": "worker", "b": "child"}
OPEN = [
    alert(f"C{n}", rule="ab"[n % 2], subject_kind=["worker", "child"][n % 2], team=f"T{n % 2 + 1}", worker=f"W{n}", person=f"C{n}",
          level=Level.critical if n in (0, 4) else Level.amber)
    for n in range(8)
]  # fmt: skip


def standing(*, approved_by: str | None = None, **matcher: Any) -> Silence:
    return Silence(
        id=1, matcher=Matcher(**matcher), reason="x", by="P1", approved_by=approved_by, begins=MONDAY, until=MONDAY + 9 * DAY, matched=1,
        at=datetime(2026, 3, 2, 12, tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("matcher", "others"),
    [
        ({"level": ("info", "amber", "red", "critical")}, []),
        ({"level": ("amber", "red")}, []),
        ({"rule": ("a", "b")}, []),
        ({"rule": ("b", "a", "a "), "level": ("red", "amber", "critical")}, []),
        ({"team": ("T1", "T2")}, []),
        ({"subject_kind": ("worker", "child")}, []),
        ({"subject_kind": ("worker", "child"), "team": ("T2", "T1"), "rule": ("a", "b")}, []),
        ({"child": tuple(f"C{n}" for n in range(8))}, []),
        ({"worker": tuple(f"W{n}" for n in range(8))}, []),
        ({"subject": tuple(f"C{n}" for n in range(8))}, []),
        ({"level": ("critical",)}, []),
        ({"rule": ("a",), "level": ("critical",)}, []),
        ({"team": ("T1",)}, [standing(team=("T2",))]),
        ({"rule": ("b",)}, [standing(rule=("a",), team=("T1",)), standing(rule=("a",), level=("amber", "red"))]),
        ({"rule": ("a",), "team": ("T2",), "level": ("critical",)}, [standing(team=("T1",), approved_by="H1")]),
        ({"child": ("C0", "C1", "C2", "C3")}, [standing(worker=("W4", "W5")), standing(subject=("C6", "C7"))]),
    ],
)
def test_what_leaves_nothing_to_tell_is_refused_however_it_is_written(matcher: dict[str, Any], others: list[Silence]) -> None:
    assert impact_of(Matcher(**matcher), OPEN, ROUTER, others, KINDS).everything


@pytest.mark.parametrize(
    ("matcher", "others"),
    [
        ({"team": ("T1",)}, []),
        ({"rule": ("b",)}, []),
        ({"rule": ("b",)}, [standing(team=("T2",), rule=("a",))]),
        ({"rule": ("a",), "level": ("critical",), "team": ("T1",)}, []),
        ({"rule": ("a",), "team": ("T2",), "level": ("critical",)}, [standing(team=("T1",), rule=("a",))]),
        ({"child": ("C0", "C1")}, [standing(child=("C2",))]),
    ],
)
def test_a_part_is_not_everything(matcher: dict[str, Any], others: list[Silence]) -> None:
    assert impact_of(Matcher(**matcher), OPEN, ROUTER, others, KINDS).everything is None


def test_many_small_silences_of_one_person_are_counted_together() -> None:
    small = [standing(child=("C1",)), standing(child=("C2",))]

    assert impact_of(Matcher(child=("C3",)), OPEN, ROUTER, [], KINDS).needs_two(20) is None
    assert "3 of 8 open alerts" in (impact_of(Matcher(child=("C3",)), OPEN, ROUTER, small, KINDS).needs_two(20) or "")


# ---- told the same day


@pytest.mark.parametrize("kind", [kind for kind in ActKind if kind.is_told])
def test_each_kind_of_act_that_is_told_has_words(kind: ActKind) -> None:
    notice = of_act(ToldAct(id=1, kind=kind, about="PL-01", on=MONDAY, by="Person P1", answers=2, asked_by="Person S1"))

    assert notice.title
    assert notice.detail.endswith(".")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule()
    office.rule(
        "other",
        "PL-02",
        levels="{amber: measure > 50, red: measure > 900}",
        notify="{amber: [service_manager], red: [service_manager]}",
    )
    office.begin(MONDAY)
    return office


def run(office: Office, *given: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), *given])
    assert result.exit_code == code, result.output
    return result.output


def messages(office: Office, title: str) -> dict[str, str]:
    """Of the messages that tell of something: who got it, and what became of it."""
    with closing(office.store()) as store, store.transaction() as connection:
        rows = connection.execute(sa.select(schema.outbox).where(schema.outbox.c.purpose == "admin")).all()
    found = [row for row in rows if any(title in notice["title"] for notice in json.loads(row.content)["notices"])]
    return {row.recipient: row.state for row in found}


def silence(office: Office, *about: str, by: str = "P1") -> str:
    until = (datetime.now(UTC) + 10 * DAY).date().isoformat()
    given = ["--until", until, "--reason", "Child C1 is moving", "--by", by, "--as-of", MONDAY.isoformat(), "--yes"]
    return run(office, "silences", "add", *about, *given)


def test_what_takes_two_is_told_at_once_to_whoever_looks_after_the_service_and_to_whom_it_touches(office: Office) -> None:
    assert "Request 1 waits" in silence(office, "--rule", "PL-01")
    assert messages(office, "Request 1 waits for a second person") == {"admin@example.gov.uk": "accepted", "P1": "accepted"}

    run(office, "requests", "approve", "1", "--by", "H1")
    assert messages(office, "Request 1 was approved") == {}, "what was done by it says who approved it"
    assert messages(office, "2 of 4 open alerts silenced") == {"admin@example.gov.uk": "accepted", "P1": "accepted"}
    assert messages(office, "2 alerts of yours will not be told") == {"M1": "accepted"}
    run(office, "silences", "end", "1", "--by", "P1")
    assert set(messages(office, "Silence 1 was ended")) == {"admin@example.gov.uk", "P1"}


def test_a_small_silence_is_told_to_whom_it_touches_in_the_next_daily_message_though_nothing_else_is_new(office: Office) -> None:
    office.settings["handling"] = {"silence_share": 60}
    office.council.configure(office.store_url, **office.settings)
    today = datetime.now(UTC).date()
    office.run(today - DAY)
    silence(office, "--rule", "PL-01", "--child", "C1")
    assert messages(office, "of yours will not be told") == {}

    office.run(today + DAY)
    assert "1 by Person P1 until" in str(office.content("M1").silences)
    office.run(today + 2 * DAY)
    assert "M1" not in office.people()


def test_a_closing_and_a_release_are_told_and_nothing_of_a_case(office: Office) -> None:
    ref = office.alert("C1", "plan-long").ref
    run(office, "alerts", "close", ref, "--reason", "other", "--note", "Billy C1 moved", "--by", "M1")

    assert set(messages(office, f"{ref} was closed by hand")) == {"admin@example.gov.uk", "P1"}
    silence(office, "--child", "C2", "--rule", "PL-02", by="S1")
    with closing(office.store()) as store, store.transaction() as connection:
        texts = connection.execute(sa.select(schema.outbox.c.content).where(schema.outbox.c.run_id.is_(None))).scalars().all()
    assert texts
    assert [text for text in texts if "Billy" in text or "C1" in text or "C2" in text] == []


def test_all_brakes_that_are_released_in_one_go_are_one_message_that_names_each(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.settings["go_live"] = "baseline"
    office.rules_of_its_own()
    office.rule()
    office.rule("other", "PL-02")
    office.run(MONDAY)

    run(office, "rules", "release", "--all", "--by", "P1", "--note", "Billy C1 moved")

    assert messages(office, "2 brakes were released") == {"admin@example.gov.uk": "accepted", "P1": "accepted"}
    assert messages(office, "The brake of") == {}
    with closing(office.store()) as store, store.transaction() as connection:
        texts = connection.execute(sa.select(schema.outbox.c.content).where(schema.outbox.c.run_id.is_(None))).scalars().all()
    [notice] = json.loads(texts[0])["notices"]
    assert notice["items"] == ["Other", "Plan-long"]
    assert "Billy" not in texts[0]


def release_each(office: Office, *, two: bool, by: str = "P1", **others: str) -> None:
    """Let somebody release the brakes on the page, one after the other; others: who else releases one, by its rule."""
    for minute, rule in enumerate(("plan-long", "other")):
        who = others.get(rule, by)
        person = Actor(id=who, name=f"Person {who}", account=f"{who.lower()}@example.gov.uk", host=THE_PAGE)
        with closing(office.store()) as store, store.transaction() as connection:
            at = datetime.now(UTC).replace(hour=9, minute=minute)
            Releasing(connection=connection, by=person, note="Billy C1", now=at, two=two).release_brakes(rule, rule)
    run(office, "deliveries", "send")


@pytest.fixture
def braked(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.settings["go_live"] = "baseline"
    office.rules_of_its_own()
    office.rule()
    office.rule("other", "PL-02")
    office.begin(MONDAY)
    return office


def test_brakes_that_somebody_released_on_the_page_one_after_the_other_are_one_message(braked: Office) -> None:
    release_each(braked, two=False)

    assert messages(braked, "2 brakes were released") == {"admin@example.gov.uk": "accepted", "P1": "accepted"}
    assert messages(braked, "The brake of") == {}


def test_what_is_asked_of_a_second_person_for_several_brakes_is_one_message_too(braked: Office) -> None:
    release_each(braked, two=True)

    asked = "2 requests wait for a second person: that 2 brakes are released"
    assert messages(braked, asked) == {"admin@example.gov.uk": "accepted", "P1": "accepted"}
    assert messages(braked, "Request") == {}


def test_what_two_people_released_is_told_of_each(braked: Office) -> None:
    release_each(braked, two=False, other="S1")

    assert set(messages(braked, "The brake of Plan-long was released")) == {"admin@example.gov.uk", "P1"}
    assert set(messages(braked, "The brake of Other was released")) == {"admin@example.gov.uk", "P1"}


def test_whoever_was_told_of_a_critical_alert_is_told_the_same_day_that_two_people_put_it_off(office: Office) -> None:
    office.rule(
        levels="{amber: measure > long_days, critical: measure > 60}", notify="{critical: [team_manager], amber: [team_manager]}"
    )
    office.run(MONDAY + DAY)
    ref, until = office.alert("C1", "plan-long").ref, (datetime.now(UTC) + DAY).date().isoformat()
    run(office, "alerts", "snooze", ref, "--until", until, "--reason", "Billy moved", "--by", "S1")
    run(office, "requests", "approve", "1", "--by", "H1")

    assert messages(office, f"{ref} is critical and was snoozed") == {"admin@example.gov.uk": "accepted", "P1": "accepted"}
    assert messages(office, f"A critical alert of yours was snoozed: {ref}") == {"M1": "accepted"}


def test_who_holds_fire_is_told_at_once_and_nothing_else_is_sent(office: Office) -> None:
    office.council.on_a_plan("C3", seen=MONDAY)
    run(office, "store", "hold", "--by", "S1", "--note", "Billy C1 moved")
    assert messages(office, "The service holds its fire") == {"admin@example.gov.uk": "accepted", "P1": "accepted"}

    assert office.run(MONDAY + DAY).sending.hold_fire
    assert "M1" in office.people()
    with closing(office.store()) as store, store.transaction() as connection:
        states = connection.execute(sa.select(schema.outbox.c.state).where(schema.outbox.c.as_of == MONDAY + DAY)).scalars().all()
    assert set(states) == {"planned"}


def test_what_the_store_may_forget_is_told(office: Office) -> None:
    office.settings["retention"] = {"message_contents": 30}
    office.council.configure(office.store_url, **office.settings)
    run(office, "store", "retention", "--begin", "--by", "S1", "--note", "policy 7.2")

    assert messages(office, "The service may forget what is old") == {"admin@example.gov.uk": "accepted", "P1": "accepted"}


def test_what_was_told_is_told_once(office: Office) -> None:
    ref = office.alert("C1", "plan-long").ref
    run(office, "alerts", "close", ref, "--reason", "other", "--note", "moved", "--by", "M1")
    run(office, "deliveries", "send")
    office.run(MONDAY + DAY)

    with closing(office.store()) as store, store.transaction() as connection:
        count = connection.execute(
            sa.select(sa.func.count()).where(schema.outbox.c.content.contains("was closed by hand"))
        ).scalar()
    assert count == 2
    assert isinstance(MONDAY, date)

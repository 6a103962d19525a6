"""Silences: alerts of a kind that nobody is told of for a while; what is refused, who is asked, and how each ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from alerting.alerts.matcher import Matcher
from alerting.casedata.directory import Directory
from alerting.commands import cli
from alerting.config import Handling
from alerting.errors import HandlingError
from alerting.model import Alert, Condition, Level
from alerting.notifications.routing import Router
from alerting.notifications.silences import Impact, Silence, SilenceRequest, refuse_where_wrong
from alerting.notifications.silences import impact as impact_of
from alerting.store import silences
from alerting.store.recipient_log import read_not_told
from alerting.working_days import add_working_days
from tests.made_council import MONDAY, somebody
from tests.office import Office

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
WEEK = 7 * DAY
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOBODY = Router(Directory(staff={}, former={}, teams={}, cover={}, restricted={}), {})


def alert(subject: str = "C1", **more: Any) -> Alert:
    return Alert(
        **{
            "ref": f"A-{subject}", "rule": "plan-long", "code": "PL-01", "subject_kind": "child_protection_plan", "subject": subject,
            "episode": 1, "condition": Condition.firing, "level": Level.amber, "first_seen": MONDAY, "level_since": MONDAY,
            "team": "T1", "worker": "W1", "person": "C1",
        } | more
    )  # fmt: skip


def silence(*, approved_by: str | None = None, begins: date = MONDAY, until: date = MONDAY + WEEK, **matcher: Any) -> Silence:
    return Silence(
        id=1, matcher=Matcher(**matcher), reason="migration", by="P1", approved_by=approved_by, begins=begins, until=until,
        matched=1, at=NOON,
    )  # fmt: skip


# ---- what is matched


@pytest.mark.parametrize(
    ("keys", "matched"),
    [
        ({"rule": ("plan-long",)}, True),
        ({"rule": ("plan-long",), "team": ("T1",)}, True),
        ({"rule": ("plan-long",), "team": ("T2",)}, False),
        ({"team": ("T2", "T1")}, True),
        ({"level": ("amber",)}, True),
        ({"level": ("red",)}, False),
        ({"subject": ("C1",), "subject_kind": ("child_protection_plan",)}, True),
        ({"worker": ("W2",)}, False),
        ({"child": ("C1",)}, True),
        ({}, False),
        ({"team": ("", "  ")}, False),
    ],
)
def test_an_alert_is_matched_that_is_all_that_is_asked_for(keys: dict[str, Any], matched: bool):
    assert Matcher(**keys).matches(alert()) is matched


def test_a_key_that_is_not_there_is_refused():
    with pytest.raises(ValidationError):
        Matcher(severity=("red",))


def test_a_silence_stands_from_its_first_to_its_last_day():
    stands = [silence(team=("T1",)).stands(MONDAY + days * DAY) for days in (-1, 0, 7, 8)]

    assert stands == [False, True, True, False]


def test_a_silence_of_one_person_never_matches_a_critical_alert():
    critical = alert(level=Level.critical)

    assert not silence(team=("T1",)).matches(critical)
    assert silence(team=("T1",), approved_by="H1").matches(critical)


# ---- what is refused


def wish(**changes: Any) -> SilenceRequest:
    return SilenceRequest(
        **{
            "matcher": Matcher(team=("T1",)),
            "reason": "migration",
            "by": somebody("P1"),
            "begins": MONDAY,
            "until": MONDAY + WEEK,
        }
        | changes
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"matcher": Matcher()}, "a silence of everything is refused"),
        ({"matcher": Matcher(team=("",))}, "a silence of everything is refused"),
        ({"reason": " "}, "needs a reason"),
        ({"until": MONDAY - DAY}, "has passed"),
        ({"begins": MONDAY + 2 * WEEK}, "lies before its first day"),
        ({"until": MONDAY + 85 * DAY}, "60 working days at most"),
    ],
)
def test_a_silence_says_what_why_and_until_when(changes: dict[str, Any], problem: str):
    with pytest.raises(HandlingError, match=problem):
        refuse_where_wrong(wish(**changes), MONDAY, Handling(), lambda day, count: add_working_days(day, count, frozenset()))


def impact(matched: int, opened: int, level: Level = Level.amber) -> Impact:
    alerts = [alert(f"C{number}", level=level, team="T1" if number < matched else "T2") for number in range(opened)]
    return impact_of(Matcher(team=("T1",)), alerts, NOBODY)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (impact(2, 10), None),
        (impact(3, 10), "it would silence 3 of 10 open alerts, which is more than 20 per cent"),
        (impact(1, 10, Level.critical), "it would silence 1 critical alert"),
    ],
    ids=["a fifth", "more", "critical"],
)
def test_a_fifth_of_the_open_alerts_may_be_silenced_by_one_person_and_none_that_is_critical(found: Impact, why: str | None):
    assert found.needs_two(20) == why


def test_what_is_pending_or_resolved_is_not_counted():
    found = impact_of(
        Matcher(team=("T1",)),
        [alert(), alert("C2", condition=Condition.pending), alert("C3", condition=Condition.resolved), alert("C4", team="T2")],
        NOBODY,
    )

    assert (len(found.alerts), found.open, found.levels) == (1, 2, {"amber": 1})


# ---- in the line


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule()
    office.begin(MONDAY)
    return office


def make(office: Office, **changes: Any) -> int:
    store = office.store()
    try:
        with store.transaction() as connection:
            made = silences.add(connection, wish(approved_by=somebody("H1"), **changes), impact(1, 10), Handling(), NOON)
            assert isinstance(made, int)
            return made
    finally:
        store.close()


def end(office: Office, number: int, by: str = "P1") -> None:
    store = office.store()
    try:
        with store.transaction() as connection:
            silences.end(connection, number, by=somebody(by), note="done sooner", now=NOON)
    finally:
        store.close()


def withheld(office: Office) -> dict[str, str]:

    of, store = office.alert("C1", "plan-long"), office.store()
    try:
        with store.transaction() as connection:
            return {recipient: str(why) for recipient, why in read_not_told(connection, of.id or 0)}
    finally:
        store.close()


def test_what_is_silenced_is_counted_and_not_told_and_its_condition_stays(office: Office):
    make(office, matcher=Matcher(child=("C1",)))
    office.run(MONDAY + WEEK)

    assert (office.told("M1"), office.content("M1").silenced) == ({"C2": "reminder"}, 1)
    assert office.alert("C1", "plan-long").condition == Condition.firing
    assert withheld(office) == {"M1": "silenced by P1 until 9 March 2026 (silence 1)"}


def test_it_is_the_same_in_either_database(tmp_path: Path, store_url: str):
    office = Office(tmp_path, store_url)
    office.rules_of_its_own()
    office.rule()
    office.run(MONDAY)
    end(office, make(office, matcher=Matcher(child=("C1",))))
    make(office, matcher=Matcher(child=("C2",), level=("amber",)))
    office.handle("C1", "plan-long", "recorded", MONDAY, until=MONDAY + WEEK)
    office.run(MONDAY)

    assert withheld(office) == {"M1": "said by Person M1 to be recorded on 2 March 2026, and waits for the next load"}
    office.run(MONDAY + WEEK + DAY)
    assert (office.told("M1"), office.content("M1").silenced) == ({"C1": "recorded", "C2": "reminder"}, 0)
    assert withheld(office) == {}


def test_a_silence_that_runs_out_or_is_ended_needs_no_repair(office: Office):
    make(office, matcher=Matcher(child=("C1",)))
    number = make(office, matcher=Matcher(child=("C2",)), until=MONDAY + 4 * WEEK)
    end(office, number)
    office.run(MONDAY + WEEK + DAY)

    assert office.told("M1") == {"C1": "reminder", "C2": "reminder"}
    with pytest.raises(HandlingError, match="has been ended already, by P1"):
        end(office, number)


def test_what_is_silenced_covers_nothing(office: Office):
    office.rule("other", "PL-02", "inhibited_by: [plan-long]")
    office.run(MONDAY + DAY)
    assert "PL-02" not in str(office.sent)

    make(office, matcher=Matcher(rule=("plan-long",)))
    office.run(MONDAY + 2 * DAY)
    assert {item.rule for item in office.content("M1").items} == {"other"}


def test_one_working_day_before_its_end_who_made_it_and_the_administrators_are_told(office: Office):
    make(office, matcher=Matcher(child=("C1",)), by=somebody("S1"))
    office.run(MONDAY + 3 * DAY)
    assert ends(office) == []

    office.run(MONDAY + 4 * DAY)  # Friday: it ends on Monday
    assert ends(office) == ["P1", "S1", "admin@example.gov.uk"]
    office.run(MONDAY + WEEK)
    assert ends(office) == ["S1"]  # the same message as before, which is not sent twice


def ends(office: Office) -> list[str]:
    """Return who the last run told that the silence ends."""
    title = "Silence 1 ends on 9 March 2026"
    return sorted(
        item.recipient for item in office.planned if any(notice.title == title for notice in getattr(item.content, "notices", ()))
    )


# ---- on the command line


class Shell:
    def __init__(self, office: Office) -> None:
        self.config = str(office.folder / "config.yaml")

    def __call__(self, *arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(cli, ["--config", self.config, *arguments])
        assert result.exit_code == code, result.output
        return result.output


def test_a_silence_shows_whom_it_touches_before_it_is_made_listed_and_ended(office: Office):
    office.rule(
        "other",
        "PL-02",
        levels="{amber: measure > 900, red: measure > 990}",
        notify="{amber: [team_manager], red: [team_manager]}",
    )
    shell, until = Shell(office), (datetime.now(UTC) + 10 * DAY).date().isoformat()
    arguments = ["silences", "add", "--rule", "PL-01", "--until", until, "--reason", "plans are migrated", "--by", "P1"]

    assert "Silences 2 of 2 open alerts: 2 amber" in shell("silences", "preview", "--rule", "PL-01")
    shown = shell(*arguments)
    assert all(
        words in shown
        for words in ("Team: Team T1, 2 alerts", "Not told: Person M1, 2 alerts", "Takes two", "Nothing is silenced yet")
    )
    assert "plans are migrated" not in shell("silences", "list")

    assert "Request 1 waits for a second person" in shell(*arguments, "--yes")
    assert "plans are migrated" not in shell("silences", "list")
    assert "Silence 1 is made" in shell("requests", "approve", "1", "--by", "H1")
    assert "plans are migrated" in shell("silences", "list")
    assert "silenced by P1" in shell("alerts", "show", office.alert("C1", "plan-long").ref)
    assert "is ended by Person P1" in shell("silences", "end", "1", "--by", "P1")
    assert "plans are migrated" not in shell("silences", "list")
    assert "plans are migrated" in shell("silences", "list", "--all")


def test_a_silence_of_everything_or_of_no_rule_there_is_is_refused(office: Office):
    shell = Shell(office)

    assert "a silence of everything is refused" in shell("silences", "preview", code=1)
    assert "An argument is empty" in shell("silences", "preview", "--team", "", code=2)
    assert "there is no rule 'PL-9'" in shell("silences", "preview", "--rule", "PL-9", code=1)
    assert "there is no silence 7" in shell("silences", "end", "7", "--by", "P1", code=1)

"""One function decides: what is previewed is what is sent, what is decided by is plain data, and a doubted list closes every door."""

from __future__ import annotations

import dataclasses
import pickle
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from alerting.alerts.matcher import Matcher
from alerting.app import App, build
from alerting.authoring import draft
from alerting.authoring.preview import Preview, preview
from alerting.authoring.today import Today, decide_today, look, work_out
from alerting.commands import cli
from alerting.evaluation.day import ask_all
from alerting.model import Finding, Level, Outcome
from alerting.notifications.content import CardContent, DigestContent
from alerting.notifications.decide import decide
from alerting.notifications.report import Report
from alerting.notifications.silences import SilenceRequest, impact
from alerting.store import schema, silences
from tests.made_council import MONDAY, somebody
from tests.office import Office

DAY = timedelta(days=1)
RULE = "plan-long"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule(RULE, "PL-01", "remind_every: 2 working days", channel="true", brake="20")
    for number in range(3, 9):
        office.council.on_a_plan(f"C{number}", seen=MONDAY)
    office.settings = {"go_live": "full"}
    return office


# ---------------------------------------------------------------------- a preview is the run


def previewed(office: Office, on: date) -> Preview:
    office.council.write()
    app = build(office.council.configure(office.store_url, **office.settings))
    rule = draft.find_rule(app.book, "PL-01")
    return preview(app, rule, rule, on)


def planned_by_preview(found: Preview) -> Counter[tuple[str, str, str]]:
    return Counter(
        {(one.receiver, one.name, state): count for one in found.today.messages for state, count in one.states.items()}
    )


def sent_by_run(report: Report) -> Counter[tuple[str, str, str]]:
    sent: Counter[tuple[str, str, str]] = Counter()
    for item in report.planned:
        if isinstance(item.content, DigestContent):
            sent.update((item.receiver, item.name, one.state.value) for one in item.content.items)
        if isinstance(item.content, CardContent):
            for line in item.content.lines:
                counts = {"new": line.new, "open": line.open, "cleared": line.cleared, "held": line.held}
                sent.update({(item.receiver, item.name, state): count for state, count in counts.items() if count})
    return sent


def do(office: Office, *words: str) -> str:
    result = CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def snoozed(office: Office, on: date) -> None:
    office.handle("C1", RULE, "snooze", on - DAY, until=on + 5 * DAY)


def acknowledged(office: Office, on: date) -> None:
    office.handle("C2", RULE, "acknowledge", on - DAY, until=on + 5 * DAY)


def silenced(office: Office, on: date) -> None:
    app = build(office.folder / "config.yaml")
    wanted = SilenceRequest(
        matcher=Matcher(child=("C3",)), reason="moving house", by=somebody("M1"), begins=on, until=on + 3 * DAY
    )
    today, store = decide_today(app, on).decision, app.store()
    try:
        with store.transaction() as connection:
            found = impact(wanted.matcher, today.alerts, today.router)
            silences.add(
                connection, wanted, found, app.loaded.config.handling, datetime(on.year, on.month, on.day, 6, tzinfo=UTC)
            )
    finally:
        store.close()


def comes_and_goes(office: Office, on: date) -> None:
    alert, store = office.alert("C4", RULE), office.store()
    back = {"alert_id": alert.id, "run_id": 1, "at": datetime(2026, 3, 2, 7, tzinfo=UTC), "before": "recovering"}
    back |= {"after": "firing", "level_before": 2, "level_after": 2, "reason": "back again", "by": "service"}
    try:
        with store.transaction() as connection:
            connection.execute(schema.alert.update().where(schema.alert.c.id == alert.id).values(flaps=3))
            connection.execute(schema.transition.insert(), [back | {"as_of": on - DAY * n} for n in (3, 2, 1)])
    finally:
        store.close()


def on_hold(office: Office, _: date) -> None:
    office.council.remove("ssd_cp_plans", cppl_person_id="C5")


def ended(office: Office, on: date) -> None:
    office.council.row("ssd_cp_plans", cppl_person_id="C6")["cppl_cp_plan_start_date"] = on.isoformat()


def restricted(office: Office, _: date) -> None:
    office.council.add("ext_restricted", person_id="C7", level="limited", allowed_recipients="H1")


def doubted(office: Office, _: date) -> None:
    office.council.tables["ext_load"] = [{"table_name": "ext_restricted", "loaded_at": "2026-03-03 05:00:00", "row_count": "40"}]


def new_ones(office: Office, _: date) -> None:
    for number in range(20, 24):
        office.council.on_a_plan(f"C{number}", seen=MONDAY)


def too_many_new_ones(office: Office, _: date) -> None:
    for number in range(20, 60):
        office.council.on_a_plan(f"C{number}", seen=MONDAY)


EVENTS = [
    [],
    [snoozed, acknowledged],
    [silenced, new_ones],
    [comes_and_goes, on_hold, ended],
    [restricted, new_ones],
    [snoozed, silenced, comes_and_goes, on_hold, ended, restricted, new_ones],
    [too_many_new_ones, ended],
    [doubted, new_ones],
]


@pytest.mark.parametrize(
    ("go_live", "events"),
    [("baseline", []), ("baseline", EVENTS[5]), *(("full", events) for events in EVENTS[1:])],
    ids=lambda value: value if isinstance(value, str) else "+".join(event.__name__ for event in value) or "nothing",
)
@pytest.mark.slow
def test_a_preview_of_a_rule_as_it_is_plans_what_the_run_then_sends(office: Office, go_live: str, events: list[Any]):
    """With what people did, silences, a backlog, alerts that flap or are held, restricted records and a list that is doubted in play."""
    office.settings |= {"go_live": go_live}
    office.run(MONDAY)
    if go_live == "baseline":
        do(office, "rules", "release", "--all", "--by", "P1")
    on = MONDAY + 2 * DAY if EVENTS.index(events) % 2 else MONDAY + DAY
    for event in events:
        event(office, on)

    planned = planned_by_preview(previewed(office, on))
    sent = sent_by_run(office.run(on))

    assert planned == sent
    if not events:
        assert {state for _, _, state in sent} == {"backlog"}


@pytest.mark.slow
def test_a_preview_of_a_changed_rule_plans_what_the_run_of_the_changed_rule_sends(office: Office):
    office.run(MONDAY)
    snoozed(office, MONDAY + 2 * DAY)
    office.rule(
        RULE,
        "PL-01",
        "remind_every: 2 working days",
        channel="true",
        brake="20",
        levels="{red: measure > 0}",
        notify="{red: [team_manager]}",
    )

    planned = planned_by_preview(previewed(office, MONDAY + 2 * DAY))

    assert planned == sent_by_run(office.run(MONDAY + 2 * DAY))
    assert {state for _, _, state in planned} == {"worse"}


# ---------------------------------------------------------------------- what is decided by is plain data


@pytest.fixture
def worked_out(office: Office) -> Iterator[tuple[App, Today]]:
    office.begin(MONDAY)
    for event in (snoozed, silenced, comes_and_goes, on_hold, ended, restricted, new_ones):
        event(office, MONDAY + DAY)
    office.council.write()
    app = build(office.folder / "config.yaml")
    rules = app.policy().rules_of("daily")
    with look(app, rules, MONDAY + DAY) as found:
        yield app, work_out(app, app.policy(), found, ask_all(app.book, found, rules), "daily")


@pytest.mark.slow
def test_what_a_run_decides_by_crosses_to_another_process_and_decides_the_same_there(worked_out: tuple[App, Today]):
    app, today = worked_out
    world, evaluation = pickle.loads(pickle.dumps((today.world, today.evaluation)))

    again = decide(app.policy(), "daily", world, evaluation)

    assert (world, evaluation) == (today.world, today.evaluation)
    assert again.transitions == today.decision.transitions
    assert again.notifications == today.decision.notifications
    assert again.recipient_log == today.decision.recipient_log


@pytest.mark.slow
def test_what_is_handed_on_is_frozen(worked_out: tuple[App, Today]):
    _, today = worked_out

    for value in (today.world, today.evaluation, today.decision):
        with pytest.raises(dataclasses.FrozenInstanceError):
            value.as_of = MONDAY  # type: ignore[misc]


@pytest.mark.slow
def test_deciding_twice_decides_the_same(worked_out: tuple[App, Today]):
    app, today = worked_out

    assert decide(app.policy(), "daily", today.world, today.evaluation).notifications == today.decision.notifications


@pytest.mark.slow
def test_an_alert_that_somebody_closed_since_the_data_was_asked_stays_closed_and_is_told_to_nobody(worked_out: tuple[App, Today]):
    app, today = worked_out
    [alert] = [one for one in today.world.live if one.subject == "C8"]
    evaluation = dataclasses.replace(
        today.evaluation,
        candidates=((alert.ref, Finding(rule=RULE, subject="C8", outcome=Outcome.match, level=Level.red, measure=60)),),
    )
    closed = dataclasses.replace(today.world, live=tuple(one for one in today.world.live if one is not alert))

    decision = decide(app.policy(), "daily", closed, evaluation)

    assert alert.ref in {item.alert.ref for item in decide(app.policy(), "daily", today.world, evaluation).transitions}
    assert alert.ref not in {item.alert.ref for item in decision.transitions}
    assert alert.ref not in {told.ref for item in decision.notifications for told in item.told}


# ---------------------------------------------------------------------- a list that is doubted is no list


def refused(office: Office, *words: str) -> str:
    result = CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), *words])
    assert result.exit_code != 0, result.output
    return result.output


@pytest.mark.slow
def test_on_half_a_list_of_restricted_records_nobody_is_given_a_child_s_alert(office: Office):
    office.run(MONDAY)
    ref = office.alert("C1", RULE).ref
    doubted(office, MONDAY + DAY)
    office.council.write()

    said = refused(office, "alerts", "assign", ref, "--to", "W1", "--by", "M1", "--as-of", "2026-03-03")

    assert "is not named for this restricted record" in said
    assert office.alert("C1", RULE).acts == ()


@pytest.mark.slow
def test_on_half_a_list_a_silence_s_preview_counts_a_child_s_alerts_and_names_nobody(office: Office):
    office.run(MONDAY)
    doubted(office, MONDAY + DAY)
    office.council.write()

    said = do(office, "silences", "preview", "--rule", "PL-01", "--as-of", "2026-03-03")

    assert "Not told:" not in said
    assert "Person" not in said


@pytest.mark.slow
def test_on_a_whole_list_they_are_named(office: Office):
    office.run(MONDAY)

    assert "Not told: Person M1, 8 alerts" in do(office, "silences", "preview", "--rule", "PL-01", "--as-of", "2026-03-03")
    do(office, "alerts", "assign", office.alert("C1", RULE).ref, "--to", "W1", "--by", "M1", "--as-of", "2026-03-03")


@pytest.mark.slow
def test_on_half_a_list_nobody_is_said_to_be_told(office: Office):
    office.run(MONDAY)
    doubted(office, MONDAY + DAY)
    office.council.write()
    app = build(office.folder / "config.yaml")
    with look(app, [], MONDAY + DAY) as found:
        today = work_out(app, app.policy(), found, ask_all(app.book, found, []), "daily")

    assert today.evaluation.directory.restricted is None
    assert all(not recipients for recipients in today.decision.routes.values())
    assert today.decision.routes


@pytest.mark.slow
def test_whoever_was_sealed_on_the_last_trusted_list_is_sealed_on_half_a_list_too(office: Office):
    office.council.add("ext_restricted", person_id="C1", level="sealed")
    office.council.add("ext_restricted", person_id="C2", level="sealed")
    office.run(MONDAY)
    office.council.remove("ext_restricted", person_id="C1")
    office.council.add("ext_restricted", person_id="C3", level="sealed")
    doubted(office, MONDAY + DAY)

    report = office.run(MONDAY + DAY)

    # Six are neither on today's list nor on the last that was trusted: the alerts of C1 and C2 never were, C3's has ended.
    assert report.rules[0].population == 5
    assert {alert.subject for alert in office.alerts() if alert.condition != "resolved"} == {f"C{n}" for n in range(4, 9)}
    # Who was told before of an open alert hears that nothing of a child is told, and nothing of a child.
    assert [(recipient, content.items) for recipient, content in office.sent] == [("M1", ())]


@pytest.mark.slow
def test_on_a_list_that_is_whole_again_whoever_was_taken_off_is_sealed_until_that_is_released(office: Office):
    office.council.add("ext_restricted", person_id="C1", level="sealed")
    office.council.add("ext_restricted", person_id="C2", level="sealed")
    office.run(MONDAY)
    doubted(office, MONDAY + DAY)
    office.run(MONDAY + DAY)
    office.council.tables["ext_load"] = []
    office.council.remove("ext_restricted", person_id="C1")

    office.run(MONDAY + 2 * DAY)
    assert {alert.subject for alert in office.alerts()} == {f"C{n}" for n in range(3, 9)}
    do(office, "source", "release", "ext_restricted", "--by", "P1", "--note", "the restriction ended")
    office.run(MONDAY + 3 * DAY)

    assert office.alert("C1", RULE).condition == "firing"
    assert [alert for alert in office.alerts() if alert.subject == "C2"] == []


@pytest.mark.slow
def test_half_a_list_with_no_earlier_one_lets_no_rule_be_asked(office: Office):
    doubted(office, MONDAY)

    report = office.run(MONDAY)

    assert [row.status for row in report.rules] == ["withheld"]

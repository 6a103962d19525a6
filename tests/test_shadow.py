"""A rule in shadow is asked and kept, and told to the performance team alone, who judge its alerts until it is promoted."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from alerting.app import build
from alerting.authoring.promotion import refusal
from alerting.model import About, Level
from alerting.notifications.content import WeeklyContent
from alerting.notifications.rule_quality import RuleQuality
from alerting.rulebook.file_models import Overrides
from alerting.rulebook.loader import load_rulebook
from alerting.store.schema import outbox
from tests.made_council import MONDAY
from tests.office import RULES, Office
from tests.one_rule_office import command
from tests.test_routing import ALERT, ROUTE, limited, router, told

DAY = timedelta(days=1)


# ---------------------------------------------------------------------- who is told

SHADOW = replace(ROUTE, shadow=True, escalate=[(1, "head_of_service")])


@pytest.mark.parametrize("level", [Level.amber, Level.red, Level.critical])
def test_only_the_performance_team_is_told_whatever_the_level_and_however_long(level: Level) -> None:
    late = router(SHADOW, waited_days=100)

    assert told(replace(ALERT, level=level, also=("quality",)), late) == {"P1": "in shadow: nobody else is told"}
    assert late.readers(ALERT) == {"P1"}
    assert late.instead_of(ALERT, "P1") == []
    assert "in shadow" in str(late.why_not_assigned(ALERT, "M1"))


def test_of_what_only_some_may_know_nobody_is_told_not_even_they() -> None:
    assert told(by=router(SHADOW, restricted=limited("M1"))) == {}
    assert told(by=router(replace(SHADOW, about=About.team, nobody_else=True))) == {}


# ---------------------------------------------------------------------- which rules are


@pytest.mark.parametrize(
    ("given", "there"),
    [
        ({}, set()),
        ({"shadow": ["CP-08"]}, {"CP-08"}),
        ({"shadow": ["cp-no-social-worker"]}, {"CP-08"}),
        ({"shadow": ["statutory"]}, set()),
        ({"shadow": ["workforce"]}, {"WF-01"}),
        ({"shadow": ["workforce"], "promoted": ["WF-01"]}, set()),
    ],
    ids=["none", "by code", "by id", "statutory ones not by their pack", "a pack", "promoted"],
)
def test_a_rule_is_in_shadow_by_its_name_or_its_pack(tmp_path, given, there) -> None:
    folder = Office(tmp_path).rules_of_its_own()
    for pack, rule in (("statutory", "cp-no-social-worker.yaml"), ("workforce", "worker-caseload-high.yaml")):
        (folder / pack).mkdir()
        shutil.copy(RULES / pack / rule, folder / pack)
    book = load_rulebook(folder, None, Overrides.model_validate(given))

    assert {rule.code for rule in book.rules if rule.shadow} == there


# ---------------------------------------------------------------------- when it may go live


@pytest.mark.parametrize(
    ("fired", "judged", "right", "refused"),
    [
        (0, 0, 0, None),
        (5, 4, 4, "4 of its alerts were judged, and 5 must be"),
        (5, 5, 5, None),
        (100, 19, 19, "19 of its alerts were judged, and 20 must be"),
        (100, 20, 18, None),
        (100, 20, 17, "17 of 20 were judged right, and 90% must be"),
    ],
)
def test_enough_must_be_judged_and_enough_of_those_right(fired: int, judged: int, right: int, refused: str | None) -> None:
    row = RuleQuality(code="X-1", id="x", title="X", fired=fired, judged=judged, right=right)

    assert refusal(row, {}) == refused
    assert refusal(row, {"promote_share": 0.5, "promote_judged": 1}) is None or judged == 0


@pytest.mark.parametrize(
    ("fired", "counted", "judged", "refused"),
    [(5, 1, 4, None), (5, 1, 3, "3 of its alerts were judged, and 4 must be"), (3, 3, 0, "only some may know of its alerts, so that none was judged")],
)  # fmt: skip
def test_what_only_some_may_know_of_is_not_waited_for(fired: int, counted: int, judged: int, refused: str | None) -> None:
    row = RuleQuality(code="X-1", id="x", title="X", fired=fired, counted=counted, judged=judged, right=judged, shadow=True)

    assert refusal(row, {}) == refused
    assert "fewer than 5 more that only some may know of" in row.remarks()[0]


def test_nobody_is_told_of_their_own_work_in_shadow_either() -> None:
    own = replace(ALERT, subject="P1", subject_kind="worker", person=None)

    assert told(own, router(replace(SHADOW, about=About.worker))) == {}
    assert told(replace(own, subject="W1"), router(replace(SHADOW, about=About.worker))).keys() == {"P1"}


# ---------------------------------------------------------------------- over days


@pytest.fixture
def office(tmp_path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule("plan-long", "PL-01", "shadow: true", "escalate: [{after: 1 working days, to: head_of_service}]")
    return office


@pytest.mark.slow
def test_its_alerts_are_kept_judged_and_told_to_managers_once_it_is_promoted(office: Office) -> None:
    office.run(MONDAY)
    assert office.people() == {"P1"}
    refs = {alert.subject: alert.ref for alert in office.alerts()}
    assert refs.keys() == {"C1", "C2"}

    assert command(office, "alerts", "judge", refs["C1"], "right", "--by", "P1")[0] == 0
    code, said = command(office, "rules", "promote", "PL-01", "--by", "P1")
    assert (code != 0, "1 of its alerts were judged, and 2 must be" in said) == (True, True)
    assert command(office, "alerts", "judge", refs["C2"], "wrong", "--by", "P1")[0] != 0, "it does not say why"
    assert command(office, "alerts", "judge", refs["C2"], "wrong", "--why", "closed last week", "--by", "P1")[0] == 0
    assert "1 of 2 judged right" in command(office, "rules", "quality")[1]
    assert "1 of 2 were judged right, and 90% must be" in command(office, "rules", "promote", "PL-01", "--by", "P1")[1]

    code, said = command(office, "rules", "promote", "PL-01", "--why", "agreed by the board", "--by", "P1")
    assert (code, "goes live" in said) == (0, True)
    store = office.store()
    with store.transaction() as connection:
        told = (
            connection.execute(sa.select(outbox.c.recipient).where(outbox.c.content.contains("PL-01 goes live"))).scalars().all()
        )
    store.close()
    assert sorted(told) == ["P1", "admin@example.gov.uk"]
    assert not build(office.folder / "config.yaml").book.rules[0].shadow
    office.settings = {"rules": {"promoted": ["PL-01"]}}
    office.run(MONDAY + DAY)
    assert office.told("M1").keys() == {"C1", "C2"}


@pytest.mark.slow
def test_nothing_of_it_is_counted_in_a_week_and_it_covers_nothing(office: Office) -> None:
    office.rule("plan-there", "PL-02", "inhibited_by: [plan-long]", job="weekly")
    office.run(MONDAY)
    office.run(MONDAY, "weekly")

    rows = {
        row.rule
        for who, content in office.sent
        if isinstance(content, WeeklyContent)
        for team in content.teams
        for row in team.rows
    }
    assert rows == {"plan-there"}
    digests = [content for who, content in office.sent if who == "M1" and not isinstance(content, WeeklyContent)]
    assert [content.covered for content in digests] == [0]


@pytest.mark.slow
def test_who_may_not_know_of_a_child_does_not_judge_its_alert_and_reads_a_count(office: Office) -> None:
    office.council.add("ext_restricted", person_id="C2", level="limited", allowed_recipients="M1")
    office.run(MONDAY)
    refs = {alert.subject: alert.ref for alert in office.alerts()}
    assert office.told("P1").keys() == {"C1"}

    code, said = command(office, "alerts", "judge", refs["C2"], "right", "--by", "P1")
    assert (code != 0, "of whom only some may know" in said, "C2" in said) == (True, True, False)
    assert command(office, "alerts", "judge", refs["C1"], "right", "--by", "P1")[0] == 0
    assert "1 of 1 judged right; fewer than 5 more that only some may know of" in command(office, "rules", "quality")[1]

    assert command(office, "alerts", "judge", refs["C2"], "right", "--by", "M1")[0] == 0, "who is named for the child may"
    assert "2 of 2 judged right" in command(office, "rules", "quality")[1]


@pytest.mark.slow
def test_nobody_judges_the_alerts_of_a_rule_that_tells_those_it_names_and_nobody_else(office: Office) -> None:
    office.rule("plan-long", "PL-01", "shadow: true", "nobody_else: true")
    office.run(MONDAY)
    assert office.people() == set()

    code, said = command(office, "alerts", "judge", office.alert("C1", "plan-long").ref, "right", "--by", "P1")
    assert (code != 0, "nobody judges its alerts one by one" in said) == (True, True)
    assert "fewer than 5 more that only some may know of" in command(office, "rules", "quality")[1]
    assert "none was judged" in command(office, "rules", "promote", "PL-01", "--by", "P1")[1]

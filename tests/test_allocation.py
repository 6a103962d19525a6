"""Words for roles that are not ours: where next to nobody has a worker, the involvements are not believed, and nobody is misdirected."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from alerting.alerts.advance import are_owners_known
from alerting.app import build
from alerting.casedata.engine import Engine
from alerting.casedata.trust import Past, Trust
from alerting.commands import cli
from alerting.evaluation.allocation import INVOLVEMENTS, ONLY_UNKNOWN_ROLES, UNKNOWN_ROLES
from alerting.evaluation.day import read_day
from tests.made_council import MONDAY
from tests.office import Office, rule_row

DAY = timedelta(days=1)


def council(folder: Path, children: int, allocated: int, role: str = "SOCIALWORKER", **params: object) -> Office:
    """A council whose children are all on a plan, and of whose workers all but some have a role of another name."""
    office = Office(folder)
    open_only = ["ssd_cin_episodes", "ssd_cp_plans", INVOLVEMENTS]
    office.settings = {"go_live": "full", "rules": {"params": {"open_only": open_only, **params}}}
    for number in range(3, children + 1):
        office.council.on_a_plan(f"C{number}", seen=MONDAY)
    for row in office.council.tables[INVOLVEMENTS][allocated:]:
        row["invo_professional_role_id"] = role
    return office


def judged(office: Office, past: Past | None = None) -> Trust:
    office.council.write()
    app = build(office.council.configure(office.store_url, **office.settings))
    assert app.source is not None
    with read_day(app.book, app.source, app.book.rules, MONDAY, lambda: past or Past()) as day:
        return day.trust


@pytest.mark.parametrize(
    ("children", "allocated", "role", "is_trusted"),
    [
        pytest.param(30, 8, "SOCIALWORKER", False),
        pytest.param(30, 9, "SOCIALWORKER", True, marks=pytest.mark.slow),
        pytest.param(30, 0, "pa", True, marks=pytest.mark.slow),
        pytest.param(29, 0, "SOCIALWORKER", True, marks=pytest.mark.slow),
    ],
)
def test_of_thirty_people_with_an_open_case_three_in_ten_must_have_a_worker_or_an_adviser(
    tmp_path: Path, children: int, allocated: int, role: str, *, is_trusted: bool
):
    found = judged(council(tmp_path, children, allocated, role, max_only_unknown_roles=1))

    assert (INVOLVEMENTS not in found.problems) == is_trusted
    if not is_trusted:
        assert found.problems[INVOLVEMENTS].startswith(f"gives {allocated} of the 30 people with an open case a worker")
        assert found.releasable[INVOLVEMENTS] == {UNKNOWN_ROLES: 0.7333}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("role", "params", "is_trusted"),
    [
        ("SOCIALWORKER", {}, False),
        ("SOCIALWORKER", {"other_roles": ["socialworker"]}, True),
        ("pa", {}, True),
    ],
)
def test_of_people_with_an_open_case_one_in_five_may_have_nobody_but_in_roles_that_no_list_has(
    tmp_path: Path, role: str, params: dict[str, object], *, is_trusted: bool
):
    found = judged(council(tmp_path, 30, 23, role, **params))

    assert (INVOLVEMENTS not in found.problems) == is_trusted
    if not is_trusted:
        assert found.problems[INVOLVEMENTS].startswith("gives 7 of the 30 people with an open case nobody but in roles")
        assert found.releasable[INVOLVEMENTS] == {ONLY_UNKNOWN_ROLES: 0.2333}


@pytest.mark.slow
def test_a_check_of_the_source_says_so_as_a_run_does_with_the_rules_that_wait(tmp_path: Path):
    office = council(tmp_path, 30, 8)
    office.council.write()
    config = office.council.configure(office.store_url, **office.settings)

    said = CliRunner().invoke(cli, ["--config", str(config), "source", "check", "--as-of", str(MONDAY)]).output

    waits = said.partition("ssd_involvements: gives 8 of the 30 people")[2].partition("What waits for it: ")[2].partition("\n")[0]
    assert "CP-08" in waits


@pytest.mark.slow
def test_one_in_five_in_a_role_that_no_list_has_stops_nothing(tmp_path: Path):
    assert INVOLVEMENTS not in judged(council(tmp_path, 30, 24)).problems


@pytest.mark.slow
def test_a_word_for_nothing_is_no_role(tmp_path: Path):
    office = council(tmp_path, 30, 25)
    for row, nothing in zip(office.council.tables[INVOLVEMENTS][25:], ["N/A", "TBC", "#REF!", "-", "nan"], strict=False):
        row["invo_professional_role_id"] = nothing

    says = judged(office).problems["ssd_involvements.invo_professional_role_id"]
    assert says.startswith("is empty in 5 of ")


@pytest.mark.slow
def test_what_was_found_right_is_trusted_and_more_than_that_is_not(tmp_path: Path):
    office = council(tmp_path, 30, 8)

    found = judged(office, Past(accepted={INVOLVEMENTS: {UNKNOWN_ROLES: 0.7333}}))
    assert INVOLVEMENTS not in found.problems
    assert any("(released)" in note.text for note in found.notes)
    assert INVOLVEMENTS in judged(office, Past(accepted={INVOLVEMENTS: {UNKNOWN_ROLES: 0.70}})).problems


@pytest.mark.slow
def test_no_child_is_said_to_have_no_social_worker_and_the_other_rules_run(tmp_path: Path):
    report = council(tmp_path, 30, 0).run(MONDAY)

    assert {row.code for row in report.rules if row.status == "withheld"} == {"CP-08", "DQ-02", "WF-01"}
    assert (
        "likely its words for roles (ssd_involvements.invo_professional_role_id) are in none of"
        in rule_row(report, "CP-08").problem
    )
    assert rule_row(report, "CP-03").status == "ok"


@pytest.mark.slow
def test_meanwhile_an_alert_stays_with_whom_it_is_and_a_new_one_goes_to_no_team_of_before(tmp_path: Path):
    office = council(tmp_path, 30, 30)
    for child in ("C1", "C9"):
        office.council.row("ssd_cin_episodes", cine_person_id=child)["cine_referral_team"] = "TQ"
    office.run(MONDAY)
    assert (office.alert("C1").team, office.alert("C1").worker) == ("T1", "W1")

    for row in office.council.tables[INVOLVEMENTS]:
        row["invo_professional_role_id"] = "SOCIALWORKER"
    office.council.add(
        INVOLVEMENTS, invo_involvements_id="I0", invo_person_id="C9", invo_professional_id="W2", invo_professional_team="T2",
        invo_professional_role_id="CW", invo_involvement_start_date="2025-01-01", invo_involvement_end_date="2025-02-01",
    )  # fmt: skip
    office.council.row("ssd_cp_visits", cppv_person_id="C9")["cppv_cp_visit_date"] = str(MONDAY - 40 * DAY)
    office.run(MONDAY + DAY)

    assert (office.alert("C1").team, office.alert("C1").worker) == ("T1", "W1")
    assert (office.alert("C9").team, office.alert("C9").worker) == ("TQ", None)


@pytest.mark.parametrize(
    ("doubted", "known"),
    [
        ([], True),
        (["ssd_involvements"], False),
        (["ssd_involvements.invo_professional_team"], False),
        (["ssd_involvements.invo_referral_id"], True),
        (["ext_staff.team_id"], False),
        (["ext_staff.fte", "ssd_cp_plans"], True),
    ],
)
def test_whose_a_case_is_is_known_unless_what_says_so_is_doubted(doubted: list[str], known: bool):
    assert are_owners_known(doubted) == known


@pytest.mark.slow
def test_a_new_alert_goes_to_no_team_of_before_where_a_column_of_the_involvements_is_doubted(tmp_path: Path):
    office = council(tmp_path, 30, 30)
    office.council.row("ssd_cin_episodes", cine_person_id="C9")["cine_referral_team"] = "TQ"
    office.council.add(
        INVOLVEMENTS, invo_involvements_id="I0", invo_person_id="C9", invo_professional_id="W2", invo_professional_team="T2",
        invo_professional_role_id="CW", invo_involvement_start_date="2025-01-01", invo_involvement_end_date="2025-02-01",
    )  # fmt: skip
    office.council.row("ssd_cp_visits", cppv_person_id="C9")["cppv_cp_visit_date"] = str(MONDAY - 40 * DAY)
    for row in office.council.tables[INVOLVEMENTS][:12]:
        row["invo_professional_role_id"] = ""

    report = office.run(MONDAY)

    assert "invo_professional_role_id is empty in 12 of" in (rule_row(report, "CP-08").problem or "")
    assert (office.alert("C9").team, office.alert("C9").worker) == ("TQ", None)


@pytest.mark.slow
def test_where_half_of_it_is_gone_nobody_is_asked_what_a_word_for_a_role_means(tmp_path: Path):
    office = council(tmp_path, 60, 54)
    office.run(MONDAY)
    del office.council.tables[INVOLVEMENTS][:30]
    report = office.run(MONDAY + DAY)
    [problem] = [one for one in report.data_problems if one.about == INVOLVEMENTS]

    assert problem.text == "ssd_involvements has 30 rows; when last trusted it had 60"
    assert problem.paste == ()
    assert "source map" not in problem.remedy


def test_what_the_rules_stand_on_is_made_once_though_it_is_asked_of_before_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    office, made = council(tmp_path, 3, 3), Counter[str]()
    ask = Engine.ask

    def noted(self: Engine, operation: str, number: int, *arguments: Any, seconds: float) -> Any:
        made.update(re.findall(r'CREATE TABLE "(v_\w+)"', repr(arguments)))
        assert "WITH v_" not in repr(arguments)
        return ask(self, operation, number, *arguments, seconds=seconds)

    monkeypatch.setattr(Engine, "ask", noted)
    office.run(MONDAY)

    assert {"v_open_case", "v_alloc", "v_pa"} <= made.keys()
    assert set(made.values()) == {1}

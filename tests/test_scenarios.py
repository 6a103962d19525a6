"""Scenarios: the shipped ones go as they say, a wrong expectation is told as a difference, a wrong file as a fault with its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerting.app import App, build
from alerting.authoring.scenarios.play import Played, Stage, scenario_files
from alerting.authoring.scenarios.reader import read_scenario
from alerting.errors import ConfigError, Faults
from tests.made_council import MadeCouncil
from tests.rule_folder import Folder

ROOT = Path(__file__).parent.parent
SHIPPED = sorted((ROOT / "tests" / "scenarios").glob("*.yaml"))
COUNCIL = """\
    data:
      ssd_person:
        - {person_id: C1, dob: 2015-05-05}
      ssd_cin_episodes:
        - {person_id: C1, referral_id: R1, referral_date: 2026-01-12}
      ssd_cp_plans:
        - {person_id: C1, cp_plan_id: P1, cp_plan_start_date: 2026-01-12}
      ssd_involvements:
        - {person_id: C1, involvements_id: I1, professional_id: W1, professional_team: T1, professional_role_id: CW, involvement_start_date: 2026-01-12}
      ssd_cp_visits:
        - {person_id: C1, cp_visit_id: V1, cp_visit_date: 2026-02-17, cp_visit_seen: Y}
"""
DAY = f"""\
says: One day
rules: [CP-03]
days:
  - as_of: 2026-03-09
{COUNCIL}"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    folder = tmp_path_factory.mktemp("council")
    return build(MadeCouncil(folder).configure("sqlite:///alerting.db", rules={"path": (ROOT / "rules").as_posix()}))


@pytest.fixture(scope="module")
def stage(app: App) -> Iterator[Stage]:
    with Stage(app) as stage:
        yield stage


@pytest.fixture
def play(app: App, stage: Stage, tmp_path: Path):
    def play(text: str) -> Played:
        path = tmp_path / "scenario.yaml"
        path.write_text(text, "utf-8")
        return stage.play(read_scenario(path, app.book))

    return play


def told(played: Played) -> list[tuple[str, str, str]]:
    return [(one.about, one.expected, one.came) for one in played.differences]


# ---------------------------------------------------------------- the scenarios themselves


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
@pytest.mark.slow
def test_a_shipped_scenario_goes_as_it_says(path, app, stage):
    played = stage.play(read_scenario(path, app.book))

    assert told(played) == []


@pytest.mark.slow
def test_a_scenario_leaves_the_council_as_it_was_and_its_own_folder_is_gone(app, tmp_path):
    path = tmp_path / "one.yaml"
    path.write_text(f"{DAY}    expect: {{alerts: []}}\n", "utf-8")
    before = sorted(file for file in app.loaded.folder.rglob("*") if file.is_file())

    with Stage(app) as stage:
        stage.play(read_scenario(path, app.book))
        temporary = Path(stage.folder)
        assert list(temporary.rglob("*.db"))

    assert not temporary.exists()
    assert sorted(file for file in app.loaded.folder.rglob("*") if file.is_file()) == before


# ---------------------------------------------------------------- differences


@pytest.mark.slow
def test_what_came_otherwise_is_told_beside_what_was_expected_with_its_line(play):
    played = play(
        DAY
        + """\
    expect:
      alerts:
        - {rule: CP-03, subject: C1, level: amber, measure: 13, resolved: cleared}
        - {rule: CP-03, subject: C9, level: red}
      messages:
        - {to: M1, worse: [CP-03 C1], words: [last seen, 17 February], without: C1}
        - {to: W1, new: [CP-03 C1]}
      notices: [CP-03 could not run]
"""
    )

    assert told(played) == [
        (
            "alert CP-03 C1",
            "level amber, measure 13, resolved because 'cleared'",
            "level red, measure 14, resolved is not so",
        ),
        ("alert CP-03 C9", "level red", "no alert"),
        ("message to M1 through reference", "worse: CP-03 C1", "new: CP-03 C1"),
        ("message to M1 through reference", "the words 'last seen'", "a text without them"),
        ("message to M1 through reference", "nothing of 'C1'", "a text that says it"),
        ("message to W1 through reference", "new: CP-03 C1", "no message"),
        ("notice to the performance team", "CP-03 could not run", "nothing"),
    ]
    assert [one.where.line for one in played.differences] == [18, 19, 21, 21, 21, 22, 23]


@pytest.mark.slow
def test_what_is_named_is_complete_unless_it_is_only_some(play):
    nothing_named = "    expect: {alerts: [], messages: []}\n"

    assert told(play(DAY + nothing_named)) == [
        ("alert CP-03 C1", "no alert", "firing, level red, measure 14"),
        ("message to M1 through reference", "no message", "new: CP-03 C1"),
    ]
    assert told(play(DAY + "    expect: {alerts: [], messages: [], some: true}\n")) == []
    assert told(play(DAY + "    expect: {nobody: true}\n")) == [
        ("message to M1 through reference", "no message", "new: CP-03 C1")
    ]


@pytest.mark.slow
def test_what_cannot_be_done_to_the_data_or_to_an_alert_is_a_difference(play):
    played = play(
        DAY
        + """\
    change:
      ssd_cp_visits: [{where: {cp_visit_id: V7}, to: {cp_visit_seen: N}}]
    remove:
      ssd_cp_visits: {cp_visit_id: V8}
    snooze:
      - {alert: CP-03 C1, until: 2026-03-20}
    expect: {notices: []}
"""
    )

    assert told(played) == [
        ("the run itself", "no fault", "`change` means no row of ssd_cp_visits"),
        ("the run itself", "no fault", "`remove` means no row of ssd_cp_visits"),
        ("the run itself", "no fault", "there is no open alert CP-03 C1 to snooze"),
    ]


@pytest.mark.slow
def test_a_critical_alert_cannot_be_snoozed_here_either_and_its_managers_are_those_of_the_file(play):
    played = play(
        """\
says: Nobody is allocated, in a council of its own people
rules: [CP-08]
council:
  staff:
    - {worker_id: A, name: Ada, email: a@example.gov.uk, team_id: X}
  teams:
    - {team_id: X, name: North, service: help_protection, manager_id: A}
days:
  - as_of: 2026-03-09
"""
        + COUNCIL.replace("role_id: CW", "role_id: HELPER").replace("referral_date:", "referral_team: X, referral_date:")
        + """\
    expect:
      alerts: [{rule: CP-08, subject: C1, level: critical, team: X}]
      messages: [{to: A, new: [CP-08 C1]}]
  - as_of: 2026-03-10
    snooze: [{alert: CP-08 C1, by: A, until: 2026-03-20}]
    expect: {nobody: true}
"""
    )

    assert told(played) == [("the run itself", "no fault", "CP-08 C1 is critical and cannot be snoozed")]


@pytest.mark.slow
def test_a_snoozed_alert_is_in_no_message_and_a_weekly_summary_counts_it(play):
    played = play(
        DAY
        + """\
  - as_of: 2026-03-10
    add:
      ssd_cp_visits: [{person_id: C1, cp_visit_id: V2, cp_visit_date: 2026-02-18, cp_visit_seen: Y}]
    snooze: [{alert: CP-03 C1, by: M1, until: 2026-03-31}]
    expect: {nobody: true}
  - as_of: 2026-03-16
    expect:
      alerts: [{rule: CP-03, subject: C1, condition: firing}]
      nobody: true
  - as_of: 2026-03-16
    job: weekly
    expect:
      some: true
      messages: [{to: M1, words: Team T1}]
"""
    )

    assert told(played) == []


# ---------------------------------------------------------------- faults of a file


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("says: One day\n", ""), "1:1: `says` is missing"),
        (("rules: [CP-03]", "rules: [CP-3]"), "2:9: there is no rule 'CP-3' in use\n  Did you mean 'CP-03'?"),
        (("days:", "dayz:"), "3:1: unknown key `dayz`\n  Did you mean 'days'?"),
        (("ssd_cp_plans:", "ssd_cp_plan:"), "10:7: there is no table 'ssd_cp_plan'\n  Did you mean 'ssd_cp_plans'?"),
        (("dob: 2015", "dbo: 2015"), "7:27: ssd_person has no column 'dbo'\n  Did you mean 'dob'?"),
        (("cp_visit_seen: Y", "cp_visit_seen: [Y]"), "15:"),
        (("as_of: 2026-03-09", "as_of: 9 March"), "4:12: `days.0.as_of`"),
        (("alerts: []", "alertz: []"), "16:14: unknown key `alertz`\n  Did you mean 'alerts'?"),
        (
            ("alerts: []", "messages: [{to: M1, new: [CP-3 C1]}]"),
            "16:40: there is no rule 'CP-3' in this scenario\n  Did you mean 'CP-03'?",
        ),
        (("alerts: []", "messages: [{to: M1, new: [C1]}]"), "16:40: "),
        (
            ("alerts: []", "messages: [{to: T1, through: counts}]"),
            "16:43: no message goes through 'counts' here\n  Write `receivers: [reference, counts]` at the top.",
        ),
        (("alerts: []", "nobody: true, messages: [{to: M1}]"), "16:13: "),
        (("expect: {alerts: []}", "missing_table: ssd_visits"), "1:1: "),
        (("days:\n", "days: []\nwas:\n"), "4:1: unknown key `was`"),
    ],
)
def test_a_fault_of_a_scenario_is_told_with_its_line_and_column(app, tmp_path, change, fault):
    text = f"{DAY}    expect: {{alerts: []}}\n"
    assert text.count(change[0]) == 1
    path = tmp_path / "scenario.yaml"
    path.write_text(text.replace(*change), "utf-8")

    with pytest.raises(Faults) as raised:
        read_scenario(path, app.book)

    assert any(str(one).startswith(f"{path.as_posix()}:{fault}") for one in raised.value.faults), str(raised.value)


def test_a_fault_of_a_rule_in_a_scenario_is_told_at_its_place_in_the_scenario(app, tmp_path):
    text = (ROOT / "tests/scenarios/a-rule-that-waits.yaml").read_text("utf-8")
    line = next(number for number, each in enumerate(text.splitlines(), 1) if "measure: days_since(plan_start)" in each)
    path = tmp_path / "scenario.yaml"
    path.write_text(text.replace("days_since(plan_start)", "days_since(plan_began)"), "utf-8")

    with pytest.raises(Faults) as raised:
        read_scenario(path, app.book)

    [fault] = raised.value.faults
    assert "'plan_began'" in fault.problem
    assert fault.where
    assert (fault.where.line, fault.where.column) == (line, 25)


def test_the_days_of_a_scenario_stand_in_order_and_one_expects_something(app, tmp_path):
    path = tmp_path / "scenario.yaml"
    path.write_text(f"{DAY}  - as_of: 2026-03-06\n    expect: {{nobody: true}}\n", "utf-8")
    with pytest.raises(Faults, match="in the order of their dates"):
        read_scenario(path, app.book)

    path.write_text(DAY, "utf-8")
    with pytest.raises(Faults, match="no day has `expect`"):
        read_scenario(path, app.book)


# ---------------------------------------------------------------- where they are found


def test_scenarios_are_those_beside_the_rules_or_those_that_are_named(app, tmp_path):
    Folder(tmp_path / "rules")
    council = build(MadeCouncil(tmp_path).configure("sqlite:///alerting.db"))
    with pytest.raises(ConfigError, match="there are no scenarios in"):
        scenario_files(council)

    for name in ("tests/scenarios/a.yaml", "scenarios/b.yml", "scenarios/deep/c.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(DAY, "utf-8")

    assert [path.name for path in scenario_files(council)] == ["b.yml", "c.yaml"]
    assert [path.name for path in scenario_files(council, tmp_path / "tests")] == ["a.yaml"]
    assert [path.name for path in scenario_files(council, tmp_path / "scenarios/b.yml")] == ["b.yml"]
    with pytest.raises(ConfigError):
        scenario_files(council, tmp_path / "nowhere")

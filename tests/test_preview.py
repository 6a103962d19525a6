"""A preview: a draft beside the rule in use on one day's data, and the messages that a run would send of it now."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alerting.app import build
from alerting.authoring.draft import find_in_use, load_draft
from alerting.authoring.preview import Change, Count, Preview, preview
from alerting.commands import cli
from alerting.errors import Faults
from tests.made_council import MONDAY
from tests.office import Office

TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    office.council.write()
    office.council.configure("sqlite:///alerting.db")
    return office


def looked_at(office: Office, name: str, day: date = MONDAY, *, without: tuple[str, ...] = (), **params: Any) -> Preview:
    office.council.write(without=without)
    app = build(office.council.configure(office.store_url, **office.settings))
    draft = load_draft(app.book, name, params)
    return preview(app, draft, find_in_use(app.book, draft), day)


def draft_of(office: Office, folder: Path, before: str, after: str) -> Path:
    """Write a draft of the rule about long plans, with another text in a place, outside the council's rules."""
    text = (office.folder / "rules" / "local" / "plan-long.yaml").read_text("utf-8")
    assert before in text
    path = folder / "draft.yaml"
    path.write_text(text.replace(before, after), "utf-8")
    return path


def told(found: Preview) -> dict[str, dict[str, int]]:
    return {message.name: dict(message.states) for message in found.today.messages}


# ---------------------------------------------------------------- the draft beside the rule in use


@pytest.mark.slow
def test_a_draft_s_counts_stand_beside_those_of_the_rule_in_use(office: Office) -> None:
    found = looked_at(office, "CP-03", visit_wd=1)

    assert found.before is not None
    assert (found.before.population, found.before.match["red"], found.before.clear) == (2, 1, 1)
    assert (found.after.population, found.after.match["amber"], found.after.match["red"], found.after.clear) == (2, 1, 1, 0)
    assert found.changes == (Change(kind="added", subject="C2", before="clear", after="amber", team="Team T1"),)
    assert found.teams == (Count(name="Team T1", before=1, after=2),)


@pytest.mark.slow
def test_who_would_be_told_is_counted_by_the_real_routing(office: Office) -> None:
    found = looked_at(office, "CP-03", visit_wd=1)

    people = {count.name: (count.before, count.after) for count in found.people}
    assert people == {"Person M1": (1, 2), "Person S1": (1, 1), "Person W1": (0, 1)}


@pytest.mark.slow
def test_who_is_removed_says_what_becomes_of_them_and_another_level_is_a_change(office: Office, tmp_path: Path) -> None:
    office.rule()
    one = looked_at(office, "PL-01", long_days=60)
    other = looked_at(office, str(draft_of(office, tmp_path, "amber", "red")))

    assert [(change.kind, change.before, change.after) for change in one.changes] == [("removed", "amber", "clear")] * 2
    assert [(change.kind, change.before, change.after) for change in other.changes] == [("level", "amber", "red")] * 2


def test_whom_a_narrower_rule_does_not_ask_about_says_so(office: Office, tmp_path: Path) -> None:
    office.rule()
    narrow = draft_of(office, tmp_path, "\nparams:", "\nwhere: person_id = 'C1'\nparams:")
    found = looked_at(office, str(narrow))

    assert found.in_use is not None
    assert [(change.kind, change.subject, change.after) for change in found.changes] == [("removed", "C2", "not asked about")]


@pytest.mark.slow
def test_a_file_with_a_code_that_is_not_in_use_is_a_new_rule(office: Office, tmp_path: Path) -> None:
    file = office.rule("plan-long", "PL-01").rename(tmp_path / "plan-long.yaml")
    found = looked_at(office, str(file))

    assert (found.in_use, found.before) == (None, None)
    assert found.after.match["amber"] == 2


def test_a_rule_as_it_is_says_the_same_of_everybody(office: Office) -> None:
    found = looked_at(office, "CP-03")

    assert found.changes == ()
    assert found.warnings == ("It alerts about 50 % of those it asks about (1 of 2). A list that long is not read.",)


# ---------------------------------------------------------------- the messages of today


def test_without_a_store_everything_is_new_and_none_is_made(office: Office) -> None:
    found = looked_at(office, "CP-03")

    assert told(found) == {"Person M1": {"new": 1}, "Person S1": {"new": 1}}
    assert not found.today.remembered
    assert not (office.folder / "alerting.db").exists()


@pytest.mark.slow
def test_what_people_have_been_told_is_not_told_again(office: Office) -> None:
    office.begin(MONDAY)

    assert told(looked_at(office, "CP-03", TUESDAY)) == {}
    found = looked_at(office, "CP-03", TUESDAY, visit_wd=1)
    assert told(found) == {"Person M1": {"open": 1, "new": 1}, "Person W1": {"new": 1}}
    assert found.today.remembered


@pytest.mark.slow
def test_an_alert_that_rises_is_told_as_worse_and_one_that_ends_as_cleared(office: Office, tmp_path: Path) -> None:
    office.rule()
    office.begin(MONDAY)
    both = (
        "levels: {amber: \"person_id = 'C3'\", red: \"person_id = 'C1'\"}\nnotify: {amber: [team_manager], red: [team_manager]}"
    )
    lines = "levels: {amber: measure > long_days}\nnotify: {amber: [team_manager]}"

    assert told(looked_at(office, str(draft_of(office, tmp_path, lines, both)), TUESDAY)) == {
        "Person M1": {"worse": 1, "cleared": 1}
    }


@pytest.mark.slow
def test_the_messages_are_those_that_the_changed_rule_then_sends(office: Office) -> None:
    office.begin(MONDAY)
    found = told(looked_at(office, "CP-03", TUESDAY, visit_wd=1))
    office.settings = {"rules": {"settings": {"CP-03": {"params": {"visit_wd": 1}}}}}
    office.run(TUESDAY)

    sent: dict[str, dict[str, int]] = {}
    for recipient, content in office.sent:
        states = [item.state for item in content.items]
        sent[f"Person {recipient}"] = {state: states.count(state) for state in states}
    assert found == sent


@pytest.mark.slow
def test_a_match_that_must_last_is_told_to_nobody_yet(office: Office) -> None:
    office.rule("plan-long", "PL-01", "for: 2 runs")
    found = looked_at(office, "PL-01")

    assert (found.today.pending, told(found)) == (2, {})


def test_a_restricted_child_is_told_to_nobody_but_who_may_know(office: Office) -> None:
    office.council.add("ext_restricted", person_id="C1", level="limited", allowed_recipients="H1")
    found = looked_at(office, "CP-03")

    assert told(found) == {"Person H1": {"new": 1}}


def test_only_the_receivers_of_the_rule_s_job_are_planned_for(office: Office) -> None:
    office.settings = {
        "receivers": {"one": {"type": "folder", "path": "one"}, "two": {"type": "folder", "path": "two"}},
        "jobs": {"daily": {"at": "07:00", "to": ["two"]}},
    }

    assert {message.receiver for message in looked_at(office, "CP-03").today.messages} == {"two"}


@pytest.mark.slow
def test_what_another_alert_covers_is_counted_and_not_told(office: Office) -> None:
    office.rule("plan-long", "PL-01", "inhibited_by: [cp-visit-overdue]")
    office.begin(MONDAY)
    found = looked_at(office, "PL-01", TUESDAY)

    assert told(found) == {}


# ---------------------------------------------------------------- a second look


@pytest.mark.slow
def test_a_rule_that_would_tell_nobody_is_warned_about(office: Office) -> None:
    found = looked_at(office, "CP-03", without=("ext_restricted",))

    assert told(found) == {}
    assert (
        "It would tell nobody: it alerts about 1, and no list of restricted children was read (ext_restricted)." in found.warnings
    )


@pytest.mark.slow
def test_a_rule_that_goes_beyond_its_brake_tells_nobody_and_is_warned_about(office: Office) -> None:
    office.rule("plan-long", "PL-01", "brake: 1")
    found = looked_at(office, "PL-01")

    assert told(found) == {}
    assert any(warning.startswith("It has 2 new alerts, beyond its brake") for warning in found.warnings)


@pytest.mark.slow
def test_a_table_that_is_not_trusted_would_make_it_wait_and_it_says_so(office: Office) -> None:
    found = looked_at(office, "CP-03", without=("ssd_cp_visits",))

    assert told(found) == {}
    assert "Today's run would not ask it: ssd_cp_visits is not there. Its alerts would be on hold." in found.warnings


def test_too_few_values_are_a_warning_that_names_the_column(office: Office) -> None:
    office.settings = {"rules": {"params": {"min_fill_at_least": 2}}}
    office.rule("plan-long", "PL-01", "requires: [last_cla_visit]")
    found = looked_at(office, "PL-01")

    assert any("'last_cla_visit' recorded" in warning for warning in found.warnings)


def test_a_rule_that_asks_about_nobody_is_warned_about(office: Office) -> None:
    office.rule("plan-long", "PL-01", "where: born_on is null")

    assert "It asks about nobody: nothing meets its `where`." in looked_at(office, "PL-01").warnings


def test_a_draft_with_an_id_of_its_own_would_end_the_alerts_of_the_rule_in_use(office: Office, tmp_path: Path) -> None:
    office.rule()
    file = draft_of(office, tmp_path, "id: plan-long", "id: plan-longer")

    assert any("those alerts would end as no longer checked" in warning for warning in looked_at(office, str(file)).warnings)


# ---------------------------------------------------------------- the command


def asked(office: Office, *words: str) -> Result:
    office.council.write()
    return CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), "rules", "preview", *words])


def test_the_command_says_what_changes_who_is_told_and_what_wants_a_second_look(office: Office) -> None:
    result = asked(office, "CP-03", "--set", "visit_wd=1", "--as-of", MONDAY.isoformat())

    assert result.exit_code == 1, result.output
    assert "params visit_wd: 1 instead of 10" in result.stdout
    assert "Amber\t0\t1\t+1" in result.stdout
    assert "added\tC2\tclear\tamber\tTeam T1" in result.stdout
    assert "outbox\tPerson M1\t2" in result.stdout
    assert "Look twice: It alerts about 100 % of those it asks about (2 of 2)." in result.stdout
    assert result.stderr == "\nNothing was stored or sent.\n"


@pytest.mark.slow
def test_twenty_subjects_are_listed_and_the_rest_with_all(office: Office) -> None:
    for number in range(30):
        office.council.on_a_plan(f"N{number:02}", seen=MONDAY - timedelta(days=3))
    few = asked(office, "CP-03", "--set", "visit_wd=1", "--as-of", MONDAY.isoformat()).stdout
    every = asked(office, "CP-03", "--set", "visit_wd=1", "--as-of", MONDAY.isoformat(), "--all").stdout

    assert few.count("added\t") == 20
    assert "and 11 more: --all lists them." in few
    assert every.count("added\t") == 31


@pytest.mark.slow
def test_the_command_prints_one_json_value(office: Office) -> None:
    found = json.loads(asked(office, "CP-03", "--set", "visit_wd=1", "--as-of", MONDAY.isoformat(), "--json").stdout)

    assert found["in_use"]["id"] == "cp-visit-overdue"
    assert found["draft"]["match"] == {"info": 0, "amber": 1, "red": 1, "critical": 0}
    assert found["changes"] == [{"kind": "added", "subject": "C2", "before": "clear", "after": "amber", "team": "Team T1"}]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("CP-04",), "there is no rule 'CP-04'"),
        (("nowhere.yaml",), "there is no file nowhere.yaml"),
        (("CP-03", "--set", "visit_wd"), "'visit_wd' is not NAME=VALUE"),
        (("CP-03", "--set", "visit_wdd=3"), "the rule has no parameter 'visit_wdd'"),
        (("CP-03", "--set", "visit_wd=soon"), "parameter visit_wd is a text, but stands for a number"),
    ],
)
def test_what_cannot_be_previewed_is_said_with_what_to_do(office: Office, words: tuple[str, ...], says: str) -> None:
    result = asked(office, *words, "--as-of", MONDAY.isoformat())

    assert result.exit_code == 1
    assert says in result.stderr


def test_nothing_is_stored_or_sent(office: Office) -> None:
    office.begin(MONDAY)
    before = {path.as_posix(): path.read_bytes() for path in office.folder.rglob("*") if path.is_file()}
    asked(office, "CP-03", "--set", "visit_wd=1", "--as-of", TUESDAY.isoformat())

    assert {path.as_posix(): path.read_bytes() for path in office.folder.rglob("*") if path.is_file()} == before


def test_a_rule_that_lacks_its_table_is_said_to_be_off_and_not_to_wait(office: Office) -> None:
    office.add_shipped("workforce/case-supervision-overdue.yaml")

    [said] = looked_at(office, "WF-10").warnings
    assert said == "It is off: no supervision records (ext_supervision). It tells nobody, and what it has open stays on hold."


def test_a_shared_number_cannot_be_tried_for_one_rule_and_it_is_said_where_to_set_it(office: Office) -> None:
    office.add_shipped("practice/cla-placement-moves.yaml")

    with pytest.raises(Faults) as refused:
        looked_at(office, "CLA-08", months=2)
    [fault] = refused.value.faults
    assert fault.problem == "'months' is the shared parameter placement_moves_months, which cannot be tried for this rule alone"
    assert "{settings: {CLA-08: {params: {months: ...}}}}" in (fault.remedy or "")

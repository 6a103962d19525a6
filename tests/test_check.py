"""`alerting check`: everything that is wrong, in one pass, before anything runs."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alerting import cli as clock
from alerting.commands import cli
from alerting.documents.document import load
from alerting.errors import Faults
from tests.case_rows import RULES
from tests.rule_folder import Folder

SECRET = "tr0ub4dor"
CONFIG = """\
council: {name: Exampleshire, administrators: [{name: Alex Admin, address: alerts-admin@example.gov.uk}, {name: Bo Deputy, address: bo@example.gov.uk}]}
store: sqlite:///alerting.db
source: {type: files, path: extracts}
rules: {path: rules}
receivers:
  outbox: {type: folder, ceiling: detail, path: outbox}
"""
ADMINISTRATORS = ", " + CONFIG.splitlines()[0].removeprefix("council: {name: Exampleshire, ").removesuffix("}")
THE_SAME_TWICE = (
    ", administrators: [{name: Bo Deputy, address: bo@example.gov.uk}, {name: 'DEPUTY,  Bo', address: bo2@example.gov.uk}]"
)
EXTRACTS = {
    "ssd_person": "pers_person_id,pers_dob\nP1,2012-03-04\n",
    "ext_restricted": "person_id,level,allowed_recipients\n",
    "ext_staff": "worker_id,name,email,role,team_id,fte,asye,agency,starts_on,ends_on\n",
    "ext_team": "team_id,name,service,manager_id,service_manager_id,head_of_service_id\n",
    "ext_cover": "staff_id,covered_by,from_date,to_date\n",
}


BANK_HOLIDAYS = load(RULES / "settings.yaml").value["bank_holidays"]


class Home:
    """The folder of one council: its config.yaml, its rules and its extracts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rules = Folder(path / "rules")
        self.rules.change("settings.yaml", ("[2026-04-03, 2026-04-06]", f"[{', '.join(BANK_HOLIDAYS)}]"))
        self.rules.change("practice/visits-few.yaml", ("also:", f"examples: {EXAMPLES}\nalso:"))
        self.config = path / "config.yaml"
        self.config.write_text(CONFIG)
        for table, text in EXTRACTS.items():
            self.extract(table, text)

    def extract(self, table: str, text: str | None) -> None:
        file = self.path / "extracts" / f"{table}.csv"
        file.parent.mkdir(exist_ok=True)
        file.unlink(missing_ok=True)
        if text is not None:
            file.write_text(text)

    def change(self, *changes: tuple[str, str]) -> None:
        text = self.config.read_text()
        for before, after in changes:
            assert text.count(before) == 1, before
            text = text.replace(before, after)
        self.config.write_text(text)

    def check(self, *options: str) -> Result:
        return CliRunner().invoke(cli, ["--config", str(self.config), "check", *options])

    def faults(self, *options: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.check("--json", *options).stdout)
        return found

    def errors(self, result: Result | None = None) -> list[str]:
        """Return the errors, each as `file:line:column: problem`, with the file from the council's folder."""
        blocks = (result or self.check()).stdout.replace(f"{self.path.as_posix()}/", "").split("\n\n")
        errors = [block.splitlines() for block in blocks if block.startswith("error: ")]
        return [
            f"{lines[1].partition('--> ')[2]}: {lines[0].removeprefix('error: ')}"
            if "-->" in "".join(lines[1:2])
            else lines[0].removeprefix("error: ")
            for lines in errors
        ]


EXAMPLES = "[{says: two visits, as_of: 2026-03-31, row: {person_id: P1, born_on: 2012-03-04, visits: 2}, gives: amber}]"


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path)


def test_a_council_without_faults_is_told_so(home):
    result = home.check()

    assert (result.exit_code, result.stdout) == (0, "All is well.\n")


def test_checking_changes_nothing(home):
    before = sorted(path.relative_to(home.path) for path in home.path.rglob("*"))

    home.check()

    assert sorted(path.relative_to(home.path) for path in home.path.rglob("*")) == before


def test_everything_that_is_wrong_is_found_in_one_pass(home):
    home.change(
        ("sqlite:///alerting.db", "sqlite:///nowhere/alerting.db"),
        ("{path: rules}", "{path: rules, settings: {CL-01: {params: {red_visit: 2}}}}"),
        ("path: outbox}", "path: outbox}\n  mail: {type: email, host: relay, from: nobody}\n  post: {type: pigeon}"),
    )
    home.rules.rule("zlocal/visits-few.yaml")
    home.rules.rule("zlocal/unknown-column.yaml", ("measure: visits", "measure: visit"))
    home.rules.rule("zlocal/forbidden.yaml", ("amber: measure < 3", "amber: exists (select 1 from ssd_person)"))
    home.rules.rule("zlocal/good.yaml")
    home.rules.write("subjects/plan.yaml", PLAN)
    home.rules.rule("zlocal/of-plans.yaml", ("subject: child", "subject: plan"), ("reads: [ssd_person]", "reads: [ssd_cp_plans]"))
    home.rules.write("zlocal/not-yaml.yaml", "id: not-yaml\n\tcode: X-1\n")
    home.extract("ssd_person", "pers_person_id\nP1\n")
    home.extract("ssd_cp_plans", "")
    home.extract("ext_team", "team_id,name\nT1\n")

    result = home.check()
    errors = "\n".join(home.errors(result))

    assert result.exit_code == 1
    for expected in (
        "config.yaml:2:8: there is no folder",
        "config.yaml:4:50: `rules: settings: CL-01:` names a parameter 'red_visit' it does not have",
        "config.yaml:7:42: `receivers.mail.from`: not a mail address",
        "config.yaml:8:16: unknown type `pigeon`",
        "rules/zlocal/visits-few.yaml:1:5: the rule id 'visits-few' is used twice",
        "rules/zlocal/unknown-column.yaml:17:10: `measure`: there is no column or parameter 'visit'",
        "rules/zlocal/forbidden.yaml:20:25: `levels.amber`: a subquery is not part of the rule language",
        "rules/zlocal/not-yaml.yaml:2:1: not valid YAML: a tab stands where only spaces may",
        "config.yaml:3:9: ssd_person.pers_dob: is not there; likely a column that was renamed, or left out of the extract",
        "config.yaml:3:9: ssd_cp_plans: cannot be read: ssd_cp_plans.csv: is empty, without even a header",
        "config.yaml:3:9: ext_team: ",
    ):
        assert expected in errors
    assert result.stderr == "11 errors and 2 warnings in 7 files\n"


PLAN = """\
id: plan
title: Plan
says: Everybody with a plan
about: child
key: person_id
person: person_id
team: team_id
columns:
  person_id: {type: text, tier: reference, says: Number}
  team_id: {type: text, tier: reference, says: Team}
  born_on: {type: date, tier: detail, says: Date of birth}
  visits: {type: integer, tier: reference, says: Visits}
  statuses: {type: codes, tier: detail, says: Legal statuses}
sql: SELECT cppl_person_id AS person_id, NULL AS team_id, NULL AS born_on, 1 AS visits, [] AS statuses FROM ssd_cp_plans
"""


def test_faults_of_config_itself_are_found_in_one_pass_and_come_first(home):
    home.change(("council: {name:", "council: {timezone: Mars, nam:"), ("receivers:", "recievers: {}\nreceivers:"))
    home.rules.write("zlocal/broken.yaml", "id: [")

    errors = home.errors()

    assert [error.partition(": ")[0] for error in errors] == [
        "config.yaml:1:21",
        "config.yaml:1:27",
        "config.yaml:5:1",
    ]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (("path: extracts", "path: extract"), "config.yaml:3:9: there is no folder and no Excel workbook (.xlsx) at extract"),
        (
            ("path: extracts", "path: council.xlsx"),
            "config.yaml:3:9: there is no folder and no Excel workbook (.xlsx) at council.xlsx",
        ),
        (("{path: rules}", "{path: rule}"), "there are no rules in rule"),
        (("sqlite:///alerting.db", "oracle://x/y"), "config.yaml:2:8: the store's address cannot be used"),
        (("sqlite:///alerting.db", "nonsense"), "config.yaml:2:8: the store's address cannot be used"),
    ],
)
def test_what_is_not_there_or_cannot_be_reached_is_named(home, change, error):
    home.change(change)

    result = home.check()
    errors = home.errors(result)

    assert result.exit_code == 1
    assert any(found.startswith(error) for found in errors), errors


def test_a_database_that_cannot_be_reached_is_named_without_its_password(home, monkeypatch):
    monkeypatch.setenv("ADDRESS", f"postgresql+psycopg://alerts:{SECRET}@127.0.0.1:1/alerts")
    home.change(
        ("sqlite:///alerting.db", "${env:ADDRESS}"), ("{type: files, path: extracts}", "{type: sql, url: '${env:ADDRESS}'}")
    )

    result = home.check()
    errors = home.errors(result)

    assert [error.partition(": ")[0] for error in errors] == ["config.yaml:2:8", "config.yaml:3:9"]
    assert "cannot be" in errors[0]
    assert "127.0.0.1" in errors[1]
    assert SECRET not in result.output


def test_a_store_that_is_not_a_database_is_named(home):
    (home.path / "alerting.db").write_text("not a database " * 100)

    errors = home.errors()

    assert [error.partition(": ")[0] for error in errors] == ["config.yaml:2:8"]


def test_wrong_sql_of_a_subject_is_found(home):
    home.rules.change("subjects/child.yaml", ("p.born_on, 2", "p.born, 2"))

    errors = home.errors()

    assert errors == ["rules/subjects/child.yaml:15:40: there is no column 'born'"]
    assert home.faults()[0]["remedy"] == "Did you mean 'born_on'?"


def test_words_that_cannot_be_said_are_found(home):
    home.rules.change("practice/visits-few.yaml", ("{{ visits }} visits", "{{ vists }} visits"))

    assert home.errors() == ["rules/practice/visits-few.yaml:4:11: `says`: there is no name 'vists'"]


def test_words_that_show_more_than_a_receiver_may_are_found(home):
    home.change(("ceiling: detail", "ceiling: reference"))

    assert home.errors() == [
        "rules/practice/visits-few.yaml:4:37: `says`: 'born_on' is of tier detail, and the receiver may be shown no more than reference"
    ]


# What is not an error


def test_a_cell_that_cannot_be_read_is_a_warning_with_its_line(home):
    home.extract("ssd_person", "pers_person_id,pers_dob\nP1,2012-03-04\nP2,31/31/2012\n")

    result = home.check()

    assert result.exit_code == 0
    assert "warning: " in result.stdout
    assert "ssd_person.csv:3: column pers_dob" in result.stdout
    assert "31/31/2012" not in result.output
    assert result.stderr == "1 warning in 1 file\n"


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        ((ADMINISTRATORS, ""), "nobody but the performance team's manager is told of faults"),
        ((ADMINISTRATORS, ADMINISTRATORS.partition(", {")[0] + "]"), "one administrator is named"),
        (
            (ADMINISTRATORS, ", administrators: [a@example.gov.uk, b@example.gov.uk]"),
            "an administrator has an address and no name",
        ),
        ((ADMINISTRATORS, THE_SAME_TWICE), "one administrator is named"),
        (("{path: rules}", "{path: rules, settings: {CL-99: {enabled: false}}}"), "names a rule 'CL-99' that is not there"),
    ],
)
def test_what_is_doubtful_is_a_warning(home, change, warning):
    home.change(change)

    result = home.check()

    assert result.exit_code == 0
    assert warning in result.stdout


def test_one_administrator_by_an_address_alone_is_one_warning_and_the_shipped_ones_are_none(home):
    home.change((ADMINISTRATORS, ", administrators: [a@example.gov.uk]"))
    assert home.check().stderr == "1 warning in 1 file\n"

    shipped = load(Path(__file__).parent.parent / "config.yaml").value["council"]["administrators"]
    home.change((", administrators: [a@example.gov.uk]", f", administrators: {json.dumps(shipped)}"))
    assert "warning" not in home.check().stderr


def test_a_rule_is_told_of_from_the_day_after_its_review_was_due(home, monkeypatch):
    home.rules.change("practice/visits-few.yaml", ("owner:", "review_by: 2027-04-01\nowner:"))
    monkeypatch.setattr(clock, "now", lambda: datetime(2027, 4, 1, 9, tzinfo=UTC))
    assert "review" not in home.check().stdout

    monkeypatch.setattr(clock, "now", lambda: datetime(2027, 4, 2, 9, tzinfo=UTC))

    assert "warning: its review was due on 1 April 2027" in home.check().stdout


def test_a_rule_that_another_stands_for_is_not_told_of(home):
    home.rules.change("practice/visits-few.yaml", ("owner:", "review_by: 2020-04-01\nowner:"))
    assert "its review was due" in home.check().stdout

    ours = ("title: Few visits", f"title: Ours\nreplaces: visits-few\nexamples: {EXAMPLES}")
    home.rules.rule("zlocal/visits-ours.yaml", ours)

    assert home.check().stdout == "All is well.\n"


def test_a_rule_without_examples_is_a_warning(home):
    home.rules.rule("zlocal/unproved.yaml")

    result = home.check()

    assert result.exit_code == 0
    assert result.stdout.startswith("warning: the rule has no examples\n")
    assert "zlocal/unproved.yaml:1:1\n" in result.stdout


def test_what_is_said_of_many_files_in_the_same_words_is_said_once_with_their_names(home, monkeypatch):
    for number in range(14):
        home.rules.rule(f"zlocal/rule-{number:02}.yaml", ("unit: visits", "units: visits"))
    home.rules.change("zlocal/rule-00.yaml", ("due: add_days(born_on, 7)", "due: add_days(born_an, 7)"))
    home.rules.change("zlocal/rule-01.yaml", ("also: {", "units: {"))
    monkeypatch.chdir(home.path)

    result = home.check("--no-source", "--offline")
    told = [block for block in result.stdout.split("\n\n") if "unknown key `units`" in block]

    assert told == [
        """\
error: unknown key `units`
  --> rules/zlocal/rule-00.yaml:18:1
   |
18 | units: visits
   | ^^^^^
   = help: Did you mean 'unit'?
   = also: the same in 12 other files: rules/zlocal/rule-02.yaml, rules/zlocal/rule-03.yaml, rules/zlocal/rule-04.yaml,
           rules/zlocal/rule-05.yaml, rules/zlocal/rule-06.yaml, rules/zlocal/rule-07.yaml, rules/zlocal/rule-08.yaml,
           rules/zlocal/rule-09.yaml, rules/zlocal/rule-10.yaml, rules/zlocal/rule-11.yaml and 2 more"""
    ]
    assert "born_an" in result.stdout
    assert "given twice" in result.stdout
    assert result.stderr.startswith("15 errors")
    assert len([fault for fault in home.faults("--no-source") if fault["problem"] == "unknown key `units`"]) == 13


def test_the_case_data_need_not_be_read(home):
    home.extract("ssd_person", None)

    assert home.check("--no-source").exit_code == 0
    assert home.check().exit_code == 1


# For scripts


def test_json_has_every_part_of_a_fault(home):
    home.change(("type: folder", "type: pigeon"))

    [fault] = home.faults()

    assert fault == {
        "severity": "error",
        "problem": "unknown type `pigeon`",
        "remedy": "The types are: console, email, folder, teams.",
        "file": home.config.as_posix(),
        "line": 6,
        "column": 18,
        "end_column": 24,
    }


def test_json_of_no_faults_is_an_empty_list(home):
    assert home.faults() == []


def test_the_command_itself_ends_with_1_and_shows_no_trace(home):
    home.config.write_text("council: [")

    command = [sys.executable, "-m", "alerting", "--config", str(home.config), "check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert result.returncode == 1
    assert result.stdout.startswith("error: not valid YAML")
    assert f"\n --> {home.config.as_posix()}:1:11\n" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


def test_a_config_that_is_not_there_is_a_fault_as_any_other(home):
    home.config.unlink()

    [fault] = home.faults()

    assert fault["problem"] == f"there is no {home.config.as_posix()}"
    assert home.check().exit_code == 1


def test_a_fault_of_config_yaml_does_not_hide_those_of_the_rules_the_source_and_the_store(tmp_path):
    from alerting.app import build
    from tests.made_council import MadeCouncil

    council = MadeCouncil(tmp_path)
    council.tables["ssd_permanence"] = []
    council.write(without=("ssd_cp_visits",))
    config = council.configure(
        "sqlite:///nowhere/alerting.db",
        souce={"type": "demo"},
        jobs={"daily": {"at": "01:30"}},
        receivers={"outbox": {"type": "folder", "path": "outbox"}, "mail": {"type": "email", "host": "127.0.0.1", "port": 1}},
    )
    result = CliRunner().invoke(cli, ["--config", str(config), "check", "--json"])
    problems = " | ".join(fault["problem"] for fault in json.loads(result.stdout))

    assert result.exit_code == 1
    for words in (
        "unknown key `souce`", "01:00 to 01:59", "`from` is missing", "ssd_cp_visits: is not there", "no folder", "ssd_permanence: is there and has no rows",
    ):  # fmt: skip
        assert words in problems
    with pytest.raises(Faults):
        build(config)

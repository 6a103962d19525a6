"""The command line, as a person or a script uses it."""

from __future__ import annotations

import gc
import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from alerting.commands import cli
from tests.case_rows import RULES
from tests.made_council import MONDAY, MadeCouncil
from tests.servers import mail_server

DAY = MONDAY.isoformat()


class Shell:
    """Runs `alerting --config ...` in this process."""

    def __init__(self, config: Path) -> None:
        self.config = config

    def __call__(self, *arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["--config", str(self.config), *arguments])
        assert result.exit_code == code, result.output
        return result

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self(*arguments, "--json", code=code).stdout)


@pytest.fixture
def council(tmp_path: Path) -> MadeCouncil:
    council = MadeCouncil(tmp_path)
    council.write()
    return council


@pytest.fixture
def shell(council: MadeCouncil) -> Shell:
    return Shell(council.configure("sqlite:///alerting.db"))


@pytest.fixture
def shell_of_all_rules(council: MadeCouncil) -> Shell:
    """The same where every rule is asked that comes with the product."""
    return Shell(council.configure("sqlite:///alerting.db", rules={"path": RULES.as_posix()}))


def test_help_lists_every_command_in_words() -> None:
    output = CliRunner().invoke(cli, ["--help"]).output

    assert all(
        name in output for name in ("alerts", "check", "deliveries", "demo", "rules", "run", "send-test", "source", "store")
    )


GROUPS = [(), ("alerts",), ("rules",), ("silences",)]


def imported(*arguments: str) -> set[str]:
    """Return the libraries that a command reads, of those that take long."""
    command = [sys.executable, "-X", "importtime", "-m", "alerting", *arguments]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    read = {line.rpartition("|")[2].strip() for line in found.stderr.splitlines()}
    assert "click" in read
    return read & {"duckdb", "pydantic", "sqlalchemy", "sqlglot"}


@pytest.mark.parametrize("group", GROUPS)
def test_help_lists_each_command_with_its_own_sentence(group) -> None:
    context, folder = click.Context(cli, terminal_width=100), cli
    for name in group:
        folder = folder.get_command(context, name)
    shown, as_click_shows = context.make_formatter(), context.make_formatter()
    folder.format_commands(context, shown)
    click.Group.format_commands(folder, context, as_click_shows)

    assert shown.getvalue() == as_click_shows.getvalue()


@pytest.mark.parametrize("group", GROUPS)
def test_help_reads_no_library_that_takes_long(group: tuple[str, ...]) -> None:
    assert imported(*group, "--help") == set()


def test_what_could_be_freed_is_looked_for_again_once_the_rules_are_read(shell: Shell) -> None:
    shell("rules", "list")

    assert gc.isenabled()


def test_nothing_is_looked_for_at_the_end_that_could_be_freed() -> None:
    # What is asked for first is done last.
    program = (
        "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count())); from alerting.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program, "--version"], capture_output=True, text=True, check=True)

    assert int(done.stdout.split()[-1]) > 10_000


def test_a_run_in_a_process_of_its_own_never_looks_through_what_was_read_before_it(shell: Shell) -> None:
    program = (
        "import gc; from alerting.app import App; real = App.pipeline; "
        "App.pipeline = lambda *given: (print('kept:', gc.get_freeze_count()), real(*given))[1]; "
        "from alerting.__main__ import main; main()"
    )
    before = gc.get_freeze_count()
    asked = ["run", "daily", "--as-of", DAY, "--dry-run"]
    shell(*asked)
    asked = ["--config", str(shell.config), *asked]
    done = subprocess.run([sys.executable, "-c", program, *asked], capture_output=True, text=True, check=True)

    assert int(done.stdout.split("kept:")[1].split()[0]) > 10_000
    # One that others go on in frees all as ever.
    assert gc.get_freeze_count() <= before


@pytest.mark.slow
def test_checking_rules_reads_no_store(council: MadeCouncil) -> None:
    config = council.configure("sqlite:///alerting.db", rules={"path": RULES.as_posix()})

    assert imported("--config", str(config), "check", "rules") == {"pydantic", "sqlglot"}


def test_a_command_that_is_not_there_is_a_usage_error_with_a_hint() -> None:
    result = CliRunner().invoke(cli, ["chek"])

    assert (result.exit_code, "check" in result.output) == (2, True)


def test_without_a_configuration_it_says_where_to_start(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "alerting", "run", "daily"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert "--config" in done.stderr
    assert "Traceback" not in done.stderr


def test_run_prints_one_json_value_of_the_promised_shape(shell: Shell) -> None:
    report = shell.json("run", "daily", "--as-of", DAY)

    assert set(report) == {"job", "as_of", "run", "status", "source", "missed", "causes", "rules", "older_files", "brakes", "alerts", "bounces",
                           "notifications", "hold_fire", "breaches", "timings"}  # fmt: skip
    assert (report["job"], report["as_of"], report["status"]) == ("daily", DAY, "done")
    assert set(report["source"]) == {"loaded_at", "rows", "trusted", "problems", "notes"}
    assert report["source"]["rows"] > 0
    assert set(report["rules"][0]) == {
        "code",
        "id",
        "status",
        "off",
        "lacks",
        "population",
        "match",
        "clear",
        "unknown",
        "ms",
        "problem",
    }
    assert set(report["rules"][0]["match"]) == {"info", "amber", "red", "critical"}
    assert set(report["alerts"]) == {"new", "changed", "ongoing", "held", "resolved"}
    assert set(report["notifications"]) == {"planned", "accepted", "deferred", "failed", "cancelled"}
    assert set(report["timings"]) == {"read", "evaluate", "keep", "decide", "write", "deliver", "seal"}


def test_a_run_with_faults_ends_with_1(council: MadeCouncil, shell: Shell) -> None:
    council.write(without=("ssd_cp_visits",))

    assert shell.json("run", "daily", "--as-of", DAY, code=1)["status"] == "done_with_faults"


def test_a_run_that_another_host_has_ends_with_3(shell: Shell) -> None:
    from datetime import UTC, datetime

    from alerting.app import build
    from alerting.store.job_leases import JobLeases

    store = build(shell.config).store()
    JobLeases(store).begin("daily", MONDAY, "another", datetime.now(UTC))
    store.close()

    assert shell.json("run", "daily", "--as-of", DAY, code=3).items() >= {"status": "held", "passing": True}.items()


def test_a_run_that_cannot_be_done_is_one_json_value_too_with_every_fault_in_it(council: MadeCouncil, shell: Shell) -> None:
    council.configure("sqlite:///alerting.db", go_live="soon", jobs={"daily": {"at": "25:00"}})

    value = shell.json("run", "daily", code=1)

    assert (value["job"], value["as_of"], value["status"], value["passing"]) == ("daily", None, "failed", False)
    assert [Path(fault["file"]).name for fault in value["faults"]] == ["config.yaml", "config.yaml"]
    assert all(fault["problem"] and fault["line"] for fault in value["faults"])


def test_a_dry_run_prints_who_would_be_told_and_writes_nothing(shell: Shell) -> None:
    output = shell("run", "daily", "--as-of", DAY, "--dry-run").output

    assert "Person M1" in output
    assert shell.json("alerts", "list") == []


def test_a_date_that_is_none_is_a_usage_error(shell: Shell) -> None:
    shell("run", "daily", "--as-of", "31/03/2026", code=2)


@pytest.mark.slow
def test_alerts_are_listed_shown_acknowledged_and_snoozed(shell_of_all_rules: Shell) -> None:
    shell = shell_of_all_rules
    shell("run", "daily", "--as-of", DAY)
    [alert] = shell.json("alerts", "list", "--rule", "CP-03")
    ref = alert["ref"]
    listed = shell("alerts", "list").output
    assert ("child protection plan C1" in listed, "Rule WF-12" in listed, "rule asked" in listed) == (True, True, False)
    assert "Late" in listed.splitlines()[0]
    off = next(alert["ref"] for alert in shell.json("alerts", "list", "--rule", "DQ-07") if alert["subject"] == "WF-12")
    assert "\nRule WF-12, team none" in shell("alerts", "show", off).output

    assert (alert["code"], alert["subject"], alert["level"], alert["condition"], alert["team"]) == (
        "CP-03",
        "C1",
        "red",
        "firing",
        "T1",
    )
    tomorrow = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
    stranger = shell("alerts", "acknowledge", ref, "--by", "Purson M1", "--until", tomorrow, code=1)
    assert "'Purson M1' is nobody who may do this" in stranger.output
    untold = shell("alerts", "acknowledge", ref, "--by", "M2", "--until", tomorrow)
    assert "Person M2 has not been told of it, so this quietens nobody" in untold.output
    known = shell("alerts", "acknowledge", ref, "--by", "person m1", "--note", "core group", "--until", tomorrow)
    assert known.output == f"{ref} is acknowledged by Person M1 until {tomorrow}. Whoever else is told of it still is.\n"
    shell("alerts", "acknowledge", ref, "--by", "Person M1", "--note", "core group", "--until", tomorrow)
    shell("alerts", "snooze", ref, "--by", "Person M1", "--reason", "visit booked", "--until", tomorrow)
    [alert] = shell.json("alerts", "list", "--rule", "CP-03")
    assert (alert["acknowledged_by"], alert["snoozed_until"]) == ("M1", tomorrow)
    shown = shell("alerts", "show", ref).output
    assert all(words in shown for words in ("Child protection visit due or overdue", "visit booked", "firing red (new)"))


def test_a_snooze_needs_a_reason_and_an_end(shell: Shell) -> None:
    shell("alerts", "snooze", "A-23456789", "--until", "2999-01-01", code=2)
    shell("alerts", "snooze", "A-23456789", "--reason", "visit booked", code=2)


def test_a_mistyped_reference_is_said_before_the_case_data_are_read(council: MadeCouncil, shell: Shell) -> None:
    shutil.rmtree(council.folder / "extracts")
    assert "no alert A-23456789" in shell("alerts", "assign", "A-23456789", "--to", "W1", "--by", "M1", code=1).output


@pytest.mark.slow
def test_an_alert_is_given_away_recorded_said_to_be_wrong_and_taken_back(shell: Shell) -> None:
    shell("run", "daily", "--as-of", DAY)
    [ref] = [alert["ref"] for alert in shell.json("alerts", "list", "--team", "T1")]

    assert "is Person W1's" in shell("alerts", "assign", ref, "--to", "person w1", "--by", "M1", "--note", "her case").output
    assert "nor above it" in shell("alerts", "assign", ref, "--to", "W2", "--by", "M1", code=1).output
    assert shell.json("alerts", "list", "--team", "T1")[0]["assigned_to"] == "W1"
    shell("alerts", "recorded", ref, "--by", "W1", "--note", "seen on Friday")
    shell("alerts", "data-error", ref, "--by", "M1", "--note", "the visit is under her brother")
    [error] = shell.json("alerts", "data-errors")
    assert (error["ref"], error["by"], error["note"], error["told_again"]) == (ref, "M1", "the visit is under her brother", False)
    assert "the visit is under her brother" in shell("alerts", "data-errors").output
    shell("alerts", "take-back", ref, "data-error", "--by", "P1", "--note", "put right")
    assert "It is assigned, said to be recorded" in shell("alerts", "take-back", ref, "snooze", "--by", "P1", code=1).output
    assert shell.json("alerts", "data-errors") == []
    shown = shell("alerts", "show", ref).output
    words = ("Now: assigned by M1, to W1: her case", "Now: said to be recorded by W1", "take back by P1 of data error: put right")
    assert [each for each in words if each not in shown] == []


def test_a_critical_alert_cannot_be_snoozed_by_one_person(council: MadeCouncil, shell: Shell) -> None:
    council.row("ssd_involvements", invo_person_id="C2")["invo_involvement_end_date"] = "2026-02-20"
    council.write()
    shell("run", "daily", "--as-of", DAY)
    [alert] = [alert for alert in shell.json("alerts", "list") if alert["code"] == "CP-08"]

    tomorrow = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
    result = shell("alerts", "snooze", alert["ref"], "--until", tomorrow, "--reason", "later", "--by", "M1")
    assert "critical" in result.output
    assert "alerting requests approve 1 --by NAME" in result.output
    assert [one["snoozed_until"] for one in shell.json("alerts", "list")] == [None] * len(shell.json("alerts", "list"))


def test_an_alert_that_is_not_there_is_an_error_and_no_traceback(shell: Shell) -> None:
    assert "there is no alert" in shell("alerts", "show", "A-NOBODY", code=1).output


def test_deliveries_say_what_became_of_each_message_and_not_what_stands_in_it(shell: Shell) -> None:
    shell("run", "daily", "--as-of", DAY)

    rows = shell.json("deliveries", "list")
    assert {row["state"] for row in rows} == {"accepted"}
    assert {row["recipient"] for row in rows if row["purpose"] == "daily"} == {"M1", "S1"}
    assert "content" not in rows[0]


def test_source_check_tells_rows_fill_rates_and_problems(council: MadeCouncil, shell: Shell) -> None:
    council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_start_date"] = "31/02/2026"
    council.write(without=("ssd_cp_reviews",))
    tables = {row["table"]: row for row in shell.json("source", "check", "--as-of", DAY, code=1)}

    assert tables["ssd_person"] == {
        "table": "ssd_person", "supplied": True, "rows": 2, "trusted": True, "problems": [], "doubts": {}, "remedies": {}, "unclear": [],
        "others": [], "encoding": None, "fill": tables["ssd_person"]["fill"], "unmapped": {}, "notes": [], "waiting": [], "flavour": None,
        "release": None,
    }  # fmt: skip
    assert tables["ssd_cp_reviews"]["problems"] == ["is not there"]
    assert "CP-05" in tables["ssd_cp_reviews"]["waiting"]
    [unclear] = tables["ssd_cp_plans"]["unclear"]
    assert (unclear["column"], unclear["cells"], unclear["places"]) == (
        "cppl_cp_plan_start_date", 1, ["ssd_cp_plans.csv:2: column cppl_cp_plan_start_date"],
    )  # fmt: skip
    assert [(each["shown"], each["cells"]) for each in unclear["written"]] == [("99/99/9999", 1)]
    assert "CP-03" in unclear["rules"]


def test_rules_are_listed_shown_and_their_examples_tried(shell: Shell) -> None:
    listed = shell.json("rules", "list")

    assert {row["code"] for row in listed} >= {
        "WF-01",
        "CL-01",
        "CLA-03",
        "CLA-01",
        "CLA-02",
        "CP-03",
        "CP-05",
        "AS-01",
        "CP-08",
        "DQ-02",
    }
    assert "visit_wd" in shell("rules", "show", "CP-03").output
    assert shell.json("rules", "show", "cp-visit-overdue")["params"]["visit_wd"] == 10
    assert "Did you mean" in shell("rules", "show", "CP-O3", code=1).output
    shell("rules", "test", "CP-03")
    assert "working_days_since" in shell("rules", "functions").output


def test_the_store_can_be_upgraded_from_nothing_and_again(shell: Shell) -> None:
    assert "from nothing" in shell("store", "upgrade").output
    assert "already" in shell("store", "upgrade").output


def test_a_test_message_goes_to_a_real_relay(council: MadeCouncil, tmp_path: Path) -> None:
    with mail_server(tmp_path) as relay:
        mail = {
            "type": "email",
            "host": "127.0.0.1",
            "port": relay.port,
            "from": "alerts@example.gov.uk",
            "ca_file": str(relay.ca_file),
        }
        shell = Shell(council.configure("sqlite:///alerting.db", receivers={"mail": mail}))
        output = shell("send-test", "mail", "--to", "somebody@example.gov.uk").output

    assert "250" in output
    assert [taken.recipients for taken in relay.taken] == [["somebody@example.gov.uk"]]
    assert "test" in str(relay.taken[0].mail["subject"]).lower()


def test_a_test_message_to_a_receiver_that_is_not_there_names_those_that_are(shell: Shell) -> None:
    assert "outbox" in shell("send-test", "male", code=1).output


def test_a_refused_test_message_says_why(council: MadeCouncil) -> None:
    mail = {"type": "email", "host": "127.0.0.1", "port": 1, "from": "alerts@example.gov.uk"}
    shell = Shell(council.configure("sqlite:///alerting.db", receivers={"mail": mail}))

    assert "error" in shell("send-test", "mail", "--to", "somebody@example.gov.uk", code=1).output


# ---- the demo


def test_the_demo_does_not_touch_a_folder_that_it_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "keep.txt").write_text("mine")
    result = CliRunner().invoke(cli, ["demo", "--dir", str(tmp_path), "--children", "100"])

    assert (result.exit_code, (tmp_path / "keep.txt").read_text()) == (1, "mine")
    assert "--dir" in result.output


def test_the_made_up_council_can_be_written_out(tmp_path: Path) -> None:
    arguments = ["demo", "export", "--to", str(tmp_path / "out"), "--format", "csv", "--children", "60", "--dates", "uk"]
    result = CliRunner().invoke(cli, [*arguments, "--encoding", "cp1252"])

    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "ssd_person.csv").read_text("cp1252").startswith("pers_person_id,")

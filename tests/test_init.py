"""`alerting init`: from nothing to a council that passes its check, by options or by questions, and nothing written over."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from alerting.commands import cli
from alerting.config import load_config
from alerting.errors import SourceError
from alerting.installing.case_data import recognise
from alerting.installing.configuration import Answers, Mail, Person, as_yaml
from alerting.installing.units import Place, unit_files
from alerting.sources.demo.export import export
from alerting.sources.demo.source import Source

OF_A_COUNCIL = (
    "--council", "Exampleshire", "--administrator", "Priya Shah <priya@example.gov.uk>", "--administrator", "Bo <bo@example.gov.uk>",
)  # fmt: skip

AND_NO_CHECK = (*OF_A_COUNCIL, "--team", "T-1")
"""A secret that is not in the environment yet: the check is left to whoever has put it there."""


def init(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(cli, ["init", str(folder), *options])


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made-up council as an extract of 2 March 2026."""
    folder: Path = tmp_path_factory.mktemp("extract")
    export(Source(children=60), date(2026, 3, 2), folder, "csv")
    return folder


# ---------------------------------------------------------------- what is written


@pytest.mark.slow
def test_a_council_that_is_set_up_by_options_passes_its_check(tmp_path):
    done = init(tmp_path / "council", *OF_A_COUNCIL, "--source", "demo")

    assert done.exit_code == 0, done.output
    assert done.output.endswith("All is well.\n")
    config = load_config(tmp_path / "council" / "config.yaml").config
    assert [each.address for each in config.council.administrators] == ["priya@example.gov.uk", "bo@example.gov.uk"]
    assert (tmp_path / "council" / "rules" / "local").is_dir()


@pytest.mark.slow
def test_with_a_relay_mail_goes_to_the_councils_own_domains_alone(tmp_path, extract):
    init(
        tmp_path,
        *OF_A_COUNCIL,
        "--source",
        str(extract),
        "--relay",
        "relay.example.gov.uk:465",
        "--from",
        "alerts@example.gov.uk",
    )

    mail = load_config(tmp_path / "config.yaml").config.receivers["mail"]
    assert mail["domains"] == ["example.gov.uk"]
    assert (mail["host"], mail["port"], mail["security"]) == ("relay.example.gov.uk", 465, "tls")


def test_an_address_that_is_a_secret_is_named_and_not_written(tmp_path, monkeypatch):
    monkeypatch.delenv("SSD_URL", raising=False)
    done = init(tmp_path, *OF_A_COUNCIL, "--source", "env:SSD_URL", "--team", "T-1")

    assert "Put into the environment: SSD_URL, TEAMS_T_1." in done.output
    assert yaml.safe_load((tmp_path / "config.yaml").read_text("utf-8"))["source"]["url"] == "${env:SSD_URL}"


def test_a_password_in_an_address_is_refused_and_not_repeated(tmp_path):
    done = init(tmp_path, *OF_A_COUNCIL, "--source", "postgresql://reader:s3cret@db/ssd")

    assert done.exit_code == 2
    assert "env:SSD_URL" in done.output
    assert "s3cret" not in done.output
    assert not (tmp_path / "config.yaml").exists()


def test_all_that_is_missing_or_wrong_is_said_at_once_and_nothing_is_written(tmp_path):
    done = init(tmp_path / "new", "--administrator", "nobody", "--relay", "relay:x", "--source", "demo")

    assert done.exit_code == 2
    for fault in ("--council is missing", "--administrator (two are needed): write a name", "--relay: write host:port"):
        assert fault in done.output
    assert not (tmp_path / "new").exists()


def test_nothing_is_written_over(tmp_path):
    (tmp_path / "config.yaml").write_text("council: {name: Ours}\n", "utf-8")

    done = init(tmp_path, *OF_A_COUNCIL, "--source", "demo")

    assert done.exit_code == 1
    assert (tmp_path / "config.yaml").read_text("utf-8") == "council: {name: Ours}\n"


def test_what_is_there_already_is_named_as_left_and_not_as_written(tmp_path):
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "practice-alerts.cron").write_text("# ours\n", "utf-8")

    done = init(tmp_path, *AND_NO_CHECK, "--source", "demo", "--clock", "cron")

    written, left = done.output.split("There already, and left as it was:\n")
    assert left.startswith("  service/practice-alerts.cron\n")
    assert "practice-alerts.cron" not in written
    assert (tmp_path / "service" / "practice-alerts.cron").read_text("utf-8") == "# ours\n"


def test_where_a_file_cannot_be_written_there_is_no_configuration_yet_so_that_one_may_try_again(tmp_path):
    (tmp_path / "rules").write_text("a file, and no folder\n", "utf-8")

    assert init(tmp_path, *AND_NO_CHECK, "--source", "demo").exit_code == 1
    assert not (tmp_path / "config.yaml").exists()


@pytest.mark.parametrize(
    ("relay", "where"),
    [
        ("relay", ("relay", 25)),
        ("relay.example.gov.uk:587", ("relay.example.gov.uk", 587)),
        ("[2001:db8::25]", ("2001:db8::25", 25)),
        ("[2001:db8::25]:465", ("2001:db8::25", 465)),
    ],
)
def test_a_relay_is_named_with_a_port_or_without_by_a_name_or_an_address(tmp_path, relay, where):
    init(tmp_path, *AND_NO_CHECK, "--source", "demo", "--relay", relay, "--from", "alerts@example.gov.uk")

    mail = yaml.safe_load((tmp_path / "config.yaml").read_text("utf-8"))["receivers"]["mail"]
    assert (mail["host"], mail["port"]) == where


@pytest.mark.parametrize("relay", ["::1", ":25", "2001:db8::25", "my relay", "relay:0", "relay:99999", "smtp://relay:25"])
def test_what_names_no_relay_is_refused_and_does_not_stand_for_none(tmp_path, relay):
    done = init(tmp_path, *AND_NO_CHECK, "--source", "demo", "--relay", relay, "--from", "alerts@example.gov.uk")

    assert done.exit_code == 2
    assert "--relay: write host:port" in done.output


def test_two_teams_do_not_get_each_others_channel(tmp_path):
    done = init(tmp_path, *OF_A_COUNCIL, "--source", "demo", "--team", "T-1", "--team", "T 1")

    assert done.exit_code == 2
    assert "several ids would share TEAMS_T_1" in done.output
    assert not (tmp_path / "config.yaml").exists()


@pytest.mark.parametrize("given", ["env:", "env:SSD URL", "env:SSD-URL"])
def test_what_names_no_variable_is_refused(given):
    with pytest.raises(SourceError, match="names no variable"):
        recognise(given)


def test_who_has_no_configuration_is_offered_one(tmp_path):
    done = CliRunner().invoke(cli, ["--config", str(tmp_path / "config.yaml"), "check"])

    assert "`alerting init`" in done.output


@given(name=st.text(min_size=1), address=st.sampled_from(["a@b.gov.uk", "o'neil@b.gov.uk"]), path=st.text(min_size=1))
@pytest.mark.slow
def test_whatever_the_answers_are_they_are_read_back_as_they_were_given(name, address, path):
    answers = Answers(
        council=name,
        administrators=[Person(name=name, address=address)] * 2,
        source={"type": "files", "path": path},
        mail=Mail(host="relay", port=25, sender=address),
        teams=["T1"],
        go_live="baseline",
    )

    read = yaml.safe_load(as_yaml(answers))

    assert read["council"]["name"] == name
    assert read["council"]["administrators"][1] == {"name": name, "address": address}
    assert read["source"]["path"] == path


# ---------------------------------------------------------------- by questions


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a terminal of Windows is no pty")
def test_on_a_terminal_what_is_not_given_is_asked_and_a_wrong_answer_is_asked_again(tmp_path):
    import pty

    terminal, program = pty.openpty()
    asked = subprocess.Popen(
        [sys.executable, "-m", "alerting", "init", str(tmp_path / "new"), "--source", "demo", "--clock", "none"],
        stdin=program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in ("Exampleshire", "Priya", "Priya <priya@example.gov.uk>", "Bo <bo@example.gov.uk>", "", ""):
        os.write(terminal, f"{line}\n".encode())
    out, err = asked.communicate(timeout=120)
    os.close(terminal)
    os.close(program)

    assert asked.returncode == 0, (out, err)
    assert "write a name and an address" in err
    assert load_config(tmp_path / "new" / "config.yaml").config.council.administrators[0].name == "Priya"


# ---------------------------------------------------------------- what the case data is


def test_a_folder_of_ssd_tables_is_recognised(extract):
    found = recognise(str(extract))

    assert found.settings == {"type": "files", "path": str(extract)}
    assert found.says.startswith("A folder with 29 SSD tables and 17 tables of the council's own")


def test_one_table_of_an_extract_leads_to_its_folder(extract):
    with pytest.raises(SourceError, match="is one table of several"):
        recognise(str(extract / "ssd_person.csv"))


@pytest.mark.parametrize(
    ("file", "text", "named"),
    [
        ("episodes.csv", "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST\n", "SSDA903"),
        ("list_1.csv", "Child Unique ID,Gender,Ethnicity,Date of Birth\n", "Annex A"),
        ("census.xml", "<Message><Children><Child><LAchildID>1</LAchildID></Child></Children></Message>", "children in need census"),
        ("dbo.ssd_person.csv", "pers_person_id,pers_dob\n1,2010-01-01\n", "looks like ssd_person"),
    ],
)  # fmt: skip
def test_another_extract_is_named_as_what_it_is(tmp_path, file, text, named):
    (tmp_path / file).write_text(text, "utf-8")

    with pytest.raises(SourceError, match="holds no SSD table") as refused:
        recognise(str(tmp_path))

    assert named in refused.value.problem


# ---------------------------------------------------------------- what starts the jobs


def place(folder: str) -> Place:
    return Place(program=Path("/opt/practice alerts/bin/alerting"), folder=Path(folder))


def test_a_task_of_windows_is_well_formed_whatever_the_folder_is_called():
    for name, content in unit_files("windows", place("/srv/children & families <50%>")).items():
        task = ET.fromstring(content.decode("utf-16"))
        [directory] = task.iter("{http://schemas.microsoft.com/windows/2004/02/mit/task}WorkingDirectory")
        assert directory.text == "/srv/children & families <50%>", name


def test_a_line_of_cron_starts_the_program_whatever_the_folder_is_called(tmp_path):
    folder = tmp_path / 'it\'s 50% "ours"'
    folder.mkdir()
    script = folder / "alerting"
    script.write_text(f"#!/bin/sh\npwd > {tmp_path / 'started'}\n", "utf-8")
    script.chmod(0o700)
    lines = unit_files("cron", Place(program=script, folder=folder))["practice-alerts.cron"].decode().splitlines()

    command = lines[1].split("  ", 1)[1].replace(r"\%", "%").partition(" 2>&1")[0]
    subprocess.run(["/bin/sh", "-c", command], check=True)

    assert (tmp_path / "started").read_text("utf-8").strip() == str(folder)


def test_a_unit_of_systemd_names_folder_and_program_as_systemd_reads_them():
    unit = unit_files("systemd", place("/srv/50% ours"))["practice-alerts@.service"].decode()

    assert 'ExecStart="/opt/practice alerts/bin/alerting" --config "/srv/50%% ours/config.yaml" run %i --due' in unit
    assert "WorkingDirectory=/srv/50%% ours" in unit


def test_a_folder_with_quotes_or_a_dollar_is_still_one_word_of_a_unit():
    unit = unit_files("systemd", place('/srv/the "new" council$A'))["practice-alerts@.service"].decode()

    assert r'--config "/srv/the \"new\" council$$A/config.yaml" run' in unit
    assert r'ReadWritePaths="/srv/the \"new\" council$A"' in unit
    assert 'WorkingDirectory=/srv/the "new" council$A' in unit

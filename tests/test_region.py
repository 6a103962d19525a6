"""A job of many authorities: each by itself, none at another's cost, and a report that leaves nobody out."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from alerting.commands import cli
from alerting.errors import ConfigError
from alerting.regions.authorities import Authority, Found, find_authorities, find_unsafe
from alerting.regions.one_authority import Errand
from alerting.regions.region import Before, Engine, Region, longest_first, on_this_machine
from alerting.regions.region_report import AuthorityRun, Ending, RegionReport, first_of
from tests.made_council import MONDAY
from tests.region_of_councils import NAMES, fingerprints, found_council, found_region, run_one_by_one, the_command

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says in files what a process has in use")
CONFIG = "council: {name: %s}\nstore: '%s'\nsource: {type: demo}\nreceivers: {look: {type: folder, path: outbox}}\n"


def authority(region: Path, name: str, store: str = "sqlite:///alerting.db") -> Authority:
    (region / name).mkdir(parents=True)
    config = region / name / "config.yaml"
    config.write_text(CONFIG % (name, store), "utf-8")
    return Authority(name=name, config=config)


def named(found: Found) -> list[str]:
    return [one.name for one in found.authorities]


# ---------------------------------------------------------------- who there is


def test_each_folder_with_a_config_yaml_is_an_authority_and_no_other(tmp_path):
    for name in ("corfe", "adur"):
        authority(tmp_path, name)
    (tmp_path / "rules").mkdir()
    (tmp_path / "region-daily.json").write_text("{}")

    assert named(find_authorities(tmp_path)) == ["adur", "corfe"]


def test_whoever_stands_in_a_list_is_an_authority_be_there_a_config_yaml_or_not(tmp_path):
    authority(tmp_path, "adur")
    (tmp_path / "list.txt").write_text("# the south\nadur\n\nnot/there\n")

    found = find_authorities(tmp_path / "list.txt")

    assert named(found) == ["adur", "there"]
    assert find_unsafe(found.authorities).keys() == {"there"}
    assert "there is no " in find_unsafe(found.authorities)["there"]


@pytest.mark.parametrize(
    ("place", "problem"),
    [("empty", "there is no authority in"), ("nowhere", "cannot be read from"), ("empty.csv", "there is no authority in")],
)
def test_a_place_without_authorities_is_refused_with_what_to_do(tmp_path, place, problem):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.csv").write_text("folder,on\n")

    with pytest.raises(ConfigError, match=problem) as refused:
        find_authorities(tmp_path / place)
    assert refused.value.remedy


# ---------------------------------------------------------------- who must not be run

SERVER = "postgresql+psycopg://db.example.gov.uk/alerts"


@pytest.mark.parametrize(
    ("one", "other", "is_shared"),
    [
        ("sqlite:///alerting.db", "sqlite:///alerting.db", False),  # each beside its config.yaml
        ("sqlite:///../all.db", "sqlite:///../all.db", True),
        ("sqlite:///../adur/alerting.db", "sqlite:///alerting.db", False),
        ("sqlite:///alerting.db", "sqlite:///../adur/../adur/alerting.db", True),
        (SERVER, SERVER, True),
        (SERVER.replace("//", "//adur@"), SERVER.replace("//", "//barton@"), True),
        (f"{SERVER}?options=-csearch_path%%3Dadur", f"{SERVER}?options=-csearch_path%%3Dbarton", False),
        (SERVER, SERVER.replace("alerts", "barton"), False),
        (SERVER, f"{SERVER}?sslmode=require", True),
        (SERVER, SERVER.replace("uk/", "uk:5432/"), True),
        (SERVER, SERVER.replace("uk/", "uk:5433/"), False),
        (SERVER, SERVER.replace("db.", "DB."), True),
        (SERVER, "postgresql+psycopg:///alerts?host=db.example.gov.uk&port=5432", True),
        (f"{SERVER}?options=-csearch_path%%3Dadur", f"{SERVER}?options=-c%%20search_path%%3Dadur", True),
    ],
)
def test_two_authorities_with_one_store_are_neither_of_them_run(tmp_path, one, other, is_shared):
    both = [authority(tmp_path, "adur", one.replace("%%", "%")), authority(tmp_path, "barton", other.replace("%%", "%"))]

    unsafe = find_unsafe([*both, authority(tmp_path, "corfe")])

    assert set(unsafe) == ({"adur", "barton"} if is_shared else set())
    assert not is_shared or unsafe["adur"].startswith("its store is that of barton as well")


def test_a_config_yaml_that_cannot_be_used_is_that_authoritys_alone(tmp_path):
    authority(tmp_path, "adur")
    authority(tmp_path, "dud").config.write_text("council: {name: [\n")
    authority(tmp_path, "sly").config.write_bytes(b"\xff\x00")

    assert find_unsafe(find_authorities(tmp_path).authorities).keys() == {"dud", "sly"}


@pytest.mark.parametrize(
    ("copy", "environment", "known", "not_run"),
    [
        ("adur", "", (), {"adur", "copy"}),
        ("adur", "", ("adur", "barton"), {"copy"}),
        (" ADUR  ", "", ("adur",), {"copy"}),
        ("adur", "", ("adur", "copy"), {"adur", "copy"}),
        ("adur", "environment: test, redirect_to: jo@adur.example.gov.uk", ("adur",), set()),
        ("adur east", "", (), set()),
    ],
)
def test_of_a_council_that_is_there_twice_the_one_that_ran_before_goes_on(tmp_path, copy, environment, known, not_run):
    authorities = [authority(tmp_path, name) for name in ("adur", "barton", "copy")]
    told = f"council: {{name: '{copy}', {environment}}}" if environment else f"council: {{name: '{copy}'}}"
    authorities[2].config.write_text((CONFIG % ("x", "sqlite:///alerting.db")).replace("council: {name: x}", told))

    unsafe = find_unsafe(authorities, known)

    assert set(unsafe) == not_run
    assert "copy" not in not_run or unsafe["copy"].startswith("it is of the same council as adur.")


def test_a_copy_of_a_folder_is_not_run_beside_it_today_nor_tomorrow(tmp_path):
    engine = Engine(
        name="quick", places=lambda: 1, run=lambda errand: AuthorityRun(name=errand.authority.name, ending=Ending.failed)
    )
    authority(tmp_path, "adur")
    for _ in range(3):
        region = region_of(tmp_path)
        found = region.run(engine, lambda: datetime.now(UTC), lambda: False, lambda *_: None)
        region.keep(found)
        shutil.copytree(tmp_path / "adur", tmp_path / "adur - Copy", dirs_exist_ok=True)

    assert {run.name: run.ending for run in found.authorities} == {"adur": Ending.failed, "adur - Copy": Ending.unsafe}


# ---------------------------------------------------------------- in which order, and what is said of it


def test_whoever_took_longest_is_first_and_whoever_is_not_known_before_them(tmp_path):
    sizes = {"adur": 9.0, "barton": None, "corfe": 5.0, "dell": 1.0, "ely": 7.0, "frome": None}
    found = [Authority(name=name, config=tmp_path, size=size) for name, size in sizes.items()]
    seconds = {"adur": 2.0, "barton": 9.5, "dell": 30.0, "ely": math.inf}
    last = {name: Before(ending=Ending.done, seconds=each) for name, each in seconds.items()}

    assert [one.name for one in longest_first(found, last)] == ["frome", "ely", "corfe", "dell", "barton", "adur"]


def report(*endings: Ending) -> RegionReport:
    runs = tuple(AuthorityRun(name=f"a{number}", ending=ending) for number, ending in enumerate(endings))
    return RegionReport(job="daily", as_of=MONDAY, engine="local", began_at=datetime.now(UTC), seconds=1, authorities=runs)


@pytest.mark.parametrize(
    ("endings", "code"),
    [
        ((Ending.done, Ending.done_with_faults), 0),
        ((Ending.done, Ending.held), 3),
        ((Ending.held, Ending.failed), 1),
        ((Ending.done, Ending.gone), 1),
        ((Ending.unsafe,), 1),
        ((Ending.stopped, Ending.done), 1),
        ((Ending.off, Ending.done), 0),
    ],
)
def test_the_code_says_whether_all_ran(endings, code):
    assert report(*endings).exit_code == code


def test_no_mail_address_is_in_a_report():
    run = AuthorityRun(name="adur", ending=Ending.done_with_faults, why=first_of(["jo@adur.gov.uk refuses", "x"]))

    assert run.as_json()["why"] == "[address] refuses (1 more)"


# ---------------------------------------------------------------- the whole


def region_of(place: Path) -> Region:
    return Region(place=place, job="daily", as_of=MONDAY, memory_mb=4096, minutes=5)


def told_of(place: Path, engine: Engine) -> dict[str, AuthorityRun]:
    """Run a region by an engine, and return what is reported of each."""
    found = region_of(place).run(engine, lambda: datetime.now(UTC), lambda: False, lambda *_: None)
    return {run.name: run for run in found.authorities}


def test_as_many_are_handed_over_as_the_engine_has_places_in_their_order_and_more_as_it_gets_more(tmp_path):
    names = ("adur", "barton", "corfe", "dell")
    for name in names:
        authority(tmp_path, name)
    begun: list[str] = []
    going_on: list[int] = []

    def run(errand: Errand) -> AuthorityRun:
        begun.append(errand.authority.name)
        going_on.append(1)
        time.sleep(0.05)
        most.append(len(going_on))
        going_on.pop()
        return AuthorityRun(name=errand.authority.name, ending=Ending.done)

    most: list[int] = []
    told_of(tmp_path, Engine(name="one by one", places=lambda: 1, run=run))
    assert (begun, most) == (list(names), [1, 1, 1, 1])

    told_of(tmp_path, Engine(name="growing", places=lambda: 1 if len(begun) < 5 else 3, run=run))
    assert max(most[4:]) == 3


def test_what_an_engine_raises_over_one_authority_costs_no_other(tmp_path):
    for name in ("adur", "barton"):
        authority(tmp_path, name)

    def run(errand: Errand) -> AuthorityRun:
        if errand.authority.name == "adur":
            raise RuntimeError("C1")
        return AuthorityRun(name=errand.authority.name, ending=Ending.done)

    found = told_of(tmp_path, Engine(name="odd", places=lambda: 2, run=run))

    assert {name: run.ending for name, run in found.items()} == {"adur": Ending.lost, "barton": Ending.done}
    assert found["adur"].why == "it was not heard of to its end (RuntimeError)"


def test_whoever_was_there_and_is_not_any_more_is_missing_until_they_are_back(tmp_path):
    (tmp_path / "adur").mkdir()
    (tmp_path / "adur" / "config.yaml").write_text("council: [")  # is not begun, so that nothing takes time
    region = region_of(tmp_path)
    last = replace(report(Ending.done), authorities=(AuthorityRun(name="barton", ending=Ending.done, seconds=3),))
    region.keep(last)

    for _ in range(2):
        found = region.run(on_this_machine(1, lambda: False), lambda: datetime.now(UTC), lambda: False, lambda *_: None)
        region.keep(found)
        assert {run.name: run.ending for run in found.authorities} == {"adur": Ending.unsafe, "barton": Ending.gone}


def test_a_list_of_a_few_that_lies_among_all_does_not_make_a_missing_one_be_forgotten(tmp_path):
    (tmp_path / "adur").mkdir()
    (tmp_path / "adur" / "config.yaml").write_text("council: [")
    (tmp_path / "few.txt").write_text("adur\n")
    missing = AuthorityRun(name="barton", ending=Ending.done)
    region_of(tmp_path).keep(replace(report(), authorities=(missing,)))
    few = region_of(tmp_path / "few.txt")
    few.keep(few.run(on_this_machine(1, lambda: False), lambda: datetime.now(UTC), lambda: False, lambda *_: None))

    assert few.kept == tmp_path / "region-daily-few.json"
    assert told_of(tmp_path, on_this_machine(1, lambda: False))["barton"].ending is Ending.gone


@pytest.mark.parametrize(
    "text", ["{", "3", '{"authorities": 3}', '{"authorities": [{"name": "adur", "seconds": "long", "ending": "done"}]}']
)
def test_a_kept_report_that_cannot_be_read_keeps_nobody_from_running(tmp_path, text):
    authority(tmp_path, "adur")
    region = region_of(tmp_path)
    region.kept.write_text(text)
    engine = Engine(
        name="quick", places=lambda: 1, run=lambda errand: AuthorityRun(name=errand.authority.name, ending=Ending.done)
    )

    assert {name: run.ending for name, run in told_of(tmp_path, engine).items()} == {"adur": Ending.done}


OF_THE_OTHER_ENGINE = [["--master", "spark://h:7077"], ["--engine", "spark", "--at-once", "2"]]


@pytest.mark.parametrize(
    "options", [*OF_THE_OTHER_ENGINE, [], ["--at-once", "0"], ["--minutes", "0"], ["--memory-mb", "1"], ["--as-of", "tomorrow"]]
)
def test_options_that_make_no_sense_are_refused(tmp_path, options):
    place = ["--authorities", str(tmp_path)] if options else []

    assert CliRunner().invoke(cli, ["region", "run", "daily", *place, *options]).exit_code == 2


def run_region(place: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*the_command(place), *options], capture_output=True, text=True, check=False, timeout=300)


def test_without_the_package_of_spark_it_says_what_to_install(tmp_path, monkeypatch):
    authority(tmp_path, "adur")
    monkeypatch.setitem(sys.modules, "pyspark", None)

    result = CliRunner().invoke(cli, ["region", "run", "daily", "--authorities", str(tmp_path), "--engine", "spark"])

    assert result.exit_code == 1
    assert "pip install practice-alerts[spark]" in result.stderr


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    return run_one_by_one(tmp_path_factory.mktemp("alone"))


@pytest.mark.slow
def test_a_region_tells_each_authoritys_people_what_one_by_one_would_have_and_a_broken_one_costs_no_other(tmp_path, alone):
    region = tmp_path / "region"
    found_region(region)
    found_council(region, "garbage").folder.joinpath("extracts", "ssd_cp_visits.csv").write_bytes(b"\x00\xff" * 500)
    found_council(region, "sly").folder.joinpath("config.yaml").write_text("council: [")

    done = run_region(region, "--json")

    value = json.loads(done.stdout)
    rows = {one["name"]: one for one in value["authorities"]}
    assert (done.returncode, value["ran"], value["not_run"]) == (1, 4, 1), value
    assert [rows[name]["ending"] for name in (*NAMES, "garbage", "sly")] == ["done"] * 3 + ["done_with_faults", "unsafe"]
    assert "ssd_cp_visits" in rows["garbage"]["why"]
    assert all(rows[name]["rows"] > 0 and rows[name]["messages"]["accepted"] for name in NAMES)
    assert json.loads((region / "region-daily.json").read_text()) == value
    assert "5 of 5: " in done.stderr
    assert {name: fingerprints(region / name) for name in NAMES} == alone
    assert len({one["findings"] for one in alone.values()}) == len(NAMES)


def kin(process: int) -> list[int]:
    """Return the processes that a process has started, and those that they have."""
    try:
        own = [int(one) for each in Path(f"/proc/{process}/task").iterdir() for one in (each / "children").read_text().split()]
    except OSError:  # it has ended meanwhile
        return []
    return [found for one in own for found in (one, *kin(one))]


def authorities_at_work(region: int) -> int:
    """Return how many authorities a region's process runs: each is a session, as is the process that they are forked from."""
    return sum(Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[3] == str(one) for one in kin(region)) - 1


@pytest.mark.slow
@LINUX
def test_a_region_that_is_killed_or_told_to_stop_goes_on_where_it_was(tmp_path, alone):
    region = tmp_path / "region"
    found_region(region)
    command = [*the_command(region), "--at-once", "2"]

    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list(region.glob("*/alerting.db")):
        time.sleep(0.05)
    for process in (*kin(killed.pid), killed.pid):
        os.kill(process, signal.SIGKILL)
    killed.wait()

    told = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    while authorities_at_work(told.pid) < 2:
        time.sleep(0.05)
    told.terminate()
    said, _ = told.communicate(timeout=60)

    assert told.returncode == 1
    assert "corfe\twas told to stop" in said
    assert run_region(region).returncode == 0
    assert {name: fingerprints(region / name) for name in NAMES} == alone

"""The days kept: what is kept of a run and what is not, what a crash or a full disk leaves, and for how long."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from alerting.app import build
from alerting.authoring.check import check_kept_days
from alerting.casedata.engine_errors import EngineError
from alerting.casedata.snapshot import Snapshot
from alerting.evaluation.archive import Archive, KeptRun, Manifest
from tests.made_council import MONDAY
from tests.office import Office
from tests.small_council import SETTINGS

pytestmark = pytest.mark.slow

TUESDAY = MONDAY + timedelta(days=1)
PLANS = "child_protection_plan"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.settings = {"keep": {"days": 400}}
    office.rules_of_its_own("practice/cp-visit-overdue.yaml", "statutory/cp-review-overdue.yaml")
    return office


def archive_of(office: Office, days: int = 400) -> Archive:
    return Archive(folder=office.council.folder / "kept", days=days)


def kept(office: Office, day: date, job: str = "daily") -> KeptRun:
    [run], unreadable = archive_of(office).runs(job, day, day)
    assert not unreadable
    return run


def rows(run: KeptRun, subject: str, *, gone: bool = False) -> list[tuple[Any, ...]]:
    files = run.manifest.subjects[subject]
    path = run.folder / (files.gone if gone else files.table).name
    with duckdb.connect() as engine:
        return engine.execute("SELECT * FROM read_parquet($1) ORDER BY ALL", [str(path)]).fetchall()


def files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


# ---------------------------------------------------------------- what is kept


def test_each_run_keeps_what_its_rules_were_asked_about_a_row_a_subject(office: Office) -> None:
    office.begin(MONDAY)

    run = kept(office, MONDAY)
    assert [row[0] for row in rows(run, PLANS)] == ["C1", "C2"]
    assert (run.manifest.as_of, run.manifest.job, run.manifest.run) == (MONDAY, "daily", 1)
    assert run.manifest.rules.keys() == {"cp-visit-overdue", "cp-review-overdue"}


def test_the_manifest_says_how_many_rows_and_which_bytes_each_file_has(office: Office) -> None:
    office.begin(MONDAY)

    run = kept(office, MONDAY)
    file = run.manifest.subjects[PLANS].table
    assert file.rows == 2
    assert file.sha256 == hashlib.sha256((run.folder / file.name).read_bytes()).hexdigest()
    assert run.damage(PLANS) is None


def test_only_the_columns_that_a_subject_declares_are_kept_and_no_name_of_a_person(office: Office) -> None:
    office.council.row("ext_staff", worker_id="W1")["name"] = "Ottoline Featherstone"
    office.run(MONDAY)

    run = kept(office, MONDAY)
    with duckdb.connect() as engine:
        path = str(run.folder / run.manifest.subjects[PLANS].table.name)
        columns = [row[0] for row in engine.execute("DESCRIBE SELECT * FROM read_parquet($1)", [path]).fetchall()]
    assert tuple(columns) == run.manifest.subjects[PLANS].columns
    with duckdb.connect() as engine:
        cells = str(
            [engine.execute("SELECT * FROM read_parquet($1)", [str(path)]).fetchall() for path in run.folder.glob("*.parquet")]
        )
    assert "C1" in cells
    assert "Ottoline" not in cells + (run.folder / "manifest.json").read_text("utf-8")


def test_no_file_s_name_says_anything_about_a_person(office: Office) -> None:
    office.begin(MONDAY)

    named = [path.relative_to(office.council.folder / "kept").as_posix() for path in files(office.council.folder / "kept")]
    known = r"2026-03-02/daily/(manifest\.json|[a-z_]+(\.gone)?-[0-9a-f]{12}\.parquet)"
    assert [name for name in named if not re.fullmatch(known, name)] == []


@pytest.mark.skipif(os.name != "posix", reason="rights are kept otherwise there")
def test_only_the_service_s_account_may_read_them(office: Office) -> None:
    office.begin(MONDAY)

    folder = office.council.folder / "kept"
    assert {path.stat().st_mode & 0o777 for path in [folder, *folder.rglob("*")] if path.is_dir()} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in files(folder)} == {0o600}


def test_a_dry_run_keeps_nothing(office: Office) -> None:
    office.run(MONDAY, dry_run=True)

    assert not (office.council.folder / "kept").exists()


def test_a_table_that_is_not_trusted_and_the_rules_that_waited_stand_in_the_manifest(office: Office) -> None:
    office.run(MONDAY, without=("ssd_cp_visits",))

    manifest = kept(office, MONDAY).manifest
    assert manifest.untrusted == {"ssd_cp_visits": "is not there"}
    assert "cp-visit-overdue" in manifest.withheld
    assert "cp-review-overdue" not in manifest.withheld


def test_the_weekly_run_of_a_day_stands_beside_the_daily_one(office: Office) -> None:
    office.begin(MONDAY)
    office.run(MONDAY, "weekly")

    assert kept(office, MONDAY).manifest.subjects
    assert kept(office, MONDAY, "weekly").manifest.job == "weekly"


def test_a_repeated_run_of_a_day_takes_its_place_and_leaves_nothing_of_the_last(office: Office) -> None:
    office.begin(MONDAY)
    office.council.on_a_plan("C3", seen=MONDAY)
    office.run(MONDAY)

    run = kept(office, MONDAY)
    assert [row[0] for row in rows(run, PLANS)] == ["C1", "C2", "C3"]
    assert {path.name for path in files(run.folder)} == {"manifest.json", *(file.name for file in run.manifest.files)}


# ---------------------------------------------------------------- who has gone


def test_on_the_first_day_one_file_says_of_every_subject_that_nobody_has_gone(office: Office) -> None:
    office.add_shipped("statutory/cla-review-overdue.yaml")
    office.begin(MONDAY)
    subjects = kept(office, MONDAY).manifest.subjects

    assert len(subjects) == 2
    assert [file.rows for file in {subject.gone for subject in subjects.values()}] == [0]
    assert rows(kept(office, MONDAY), PLANS, gone=True) == []


def test_who_has_left_is_kept_with_the_reason_that_the_data_proves(office: Office) -> None:
    office.begin(MONDAY)
    office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_end_date"] = MONDAY.isoformat()
    office.run(TUESDAY)

    [gone] = [row for row in rows(kept(office, TUESDAY), PLANS, gone=True) if row[0] == "C1"]
    assert gone == ("C1", "C1", "PC1", "plan ended")


def test_who_is_missing_and_not_explained_is_carried_on_until_the_data_explains_it(office: Office) -> None:
    office.begin(MONDAY)
    plan = office.council.row("ssd_cp_plans", cppl_person_id="C1")
    office.council.remove("ssd_cp_plans", cppl_person_id="C1")
    office.run(TUESDAY)
    office.run(TUESDAY + timedelta(days=1))
    office.council.tables["ssd_cp_plans"].append(plan | {"cppl_cp_plan_end_date": TUESDAY.isoformat()})
    office.run(TUESDAY + timedelta(days=2))

    reasons = [
        {row[0]: row[3] for row in rows(kept(office, TUESDAY + timedelta(days=number)), PLANS, gone=True)} for number in range(3)
    ]
    assert [said["C1"] for said in reasons] == [None, None, "plan ended"]


# ---------------------------------------------------------------- what goes wrong stops nothing


def test_a_run_that_dies_before_its_manifest_leaves_no_day(office: Office) -> None:
    office.begin(MONDAY)
    (kept(office, MONDAY).folder / "manifest.json").unlink()

    assert archive_of(office).runs("daily", MONDAY, MONDAY) == ([], {})

    office.run(MONDAY)
    run = kept(office, MONDAY)
    assert {path.name for path in files(run.folder)} == {"manifest.json", *(file.name for file in run.manifest.files)}


def test_a_repeated_run_that_cannot_write_leaves_the_day_as_it_was(office: Office) -> None:
    office.begin(MONDAY)
    before = {path.name: path.read_bytes() for path in files(kept(office, MONDAY).folder) if path.name == "manifest.json"}
    office.council.on_a_plan("C3", seen=MONDAY)
    (kept(office, MONDAY).folder / "child_protection_plan.part").mkdir()
    report = office.run(MONDAY)

    assert any(problem.startswith("kept: the day could not be kept") for problem in report.problems)
    run = kept(office, MONDAY)
    assert (run.folder / "manifest.json").read_bytes() == before["manifest.json"]
    assert run.damage(PLANS) is None


def test_a_day_that_cannot_be_kept_is_told_and_touches_no_alert_and_no_message(office: Office) -> None:
    (office.council.folder / "kept").write_text("not a folder", "utf-8")
    report = office.run(MONDAY)

    assert report.status == "done_with_faults"
    assert [problem for problem in report.problems if problem.startswith("kept: ")]
    assert report.alerts.new == 1
    assert office.people() == {"M1", "S1"}
    assert {notice.title for notice in office.notices} == {"A day could not be kept"}


def test_a_file_that_was_changed_is_damaged(office: Office) -> None:
    office.begin(MONDAY)
    run = kept(office, MONDAY)
    path = run.folder / run.manifest.subjects[PLANS].table.name
    path.write_bytes(path.read_bytes() + b"x")

    assert run.damage(PLANS) == f"{path.name} is not as it was written"


def test_a_manifest_that_cannot_be_read_makes_its_day_a_gap(office: Office) -> None:
    office.begin(MONDAY)
    (kept(office, MONDAY).folder / "manifest.json").write_text("{", "utf-8")

    runs, unreadable = archive_of(office).runs("daily", MONDAY, MONDAY)
    assert runs == []
    assert unreadable == {MONDAY: "its manifest is damaged, or of another version"}


# ---------------------------------------------------------------- for how long


def test_days_that_are_too_old_are_deleted_after_a_run(office: Office) -> None:
    office.settings = {"keep": {"days": 2}}
    for number in range(4):
        office.run(MONDAY + timedelta(days=number))

    assert archive_of(office).kept_days() == [MONDAY + timedelta(days=2), MONDAY + timedelta(days=3)]


def test_with_no_days_nothing_is_kept_and_what_there_is_goes(office: Office) -> None:
    office.begin(MONDAY)
    office.settings = {"keep": {"days": 0}}
    office.run(TUESDAY)

    assert list((office.council.folder / "kept").iterdir()) == []


def test_only_what_was_kept_is_deleted_from_a_folder_that_holds_other_things(office: Office) -> None:
    folder = office.council.folder / "kept"
    theirs = [
        folder / "2020-01-01" / "daily" / "notes.txt",
        folder / "2020-01-01" / "plans.parquet",
        folder / "letters" / "a.csv",
    ]
    for path in theirs:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("theirs", "utf-8")
    old = folder / "2020-01-01" / "daily" / "manifest.json"
    old.write_text("{}", "utf-8")
    office.run(MONDAY)

    assert not old.exists()
    assert all(path.read_text("utf-8") == "theirs" for path in theirs)


def test_a_run_for_a_day_far_ahead_deletes_none_by_its_date(office: Office) -> None:
    office.begin(MONDAY)
    app = build(office.folder / "config.yaml")
    store = app.store()
    app.pipeline(store).run("daily", date(2027, 12, 1), lambda: datetime(2026, 3, 3, 7, tzinfo=UTC))
    store.close()

    assert archive_of(office).kept_days() == [MONDAY, date(2027, 12, 1)]


# ---------------------------------------------------------------- the SQL of rules and subjects reaches none of it


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_parquet('{file}')",
        "SELECT * FROM '{file}'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM given",
        "COPY (SELECT 1) TO '{folder}/written.parquet' (FORMAT parquet)",
        "ATTACH '{folder}/written.duckdb'",
        "SET enable_external_access = true",
    ],
)
def test_sql_reaches_no_file_before_or_after_the_engine_has_written_and_read_there(tmp_path: Path, sql: str) -> None:
    with Snapshot(MONDAY, SETTINGS) as snapshot:
        snapshot.settle({})
        snapshot.write_parquet("SELECT 'C1' AS person_id", tmp_path / "kept.parquet")
        snapshot.read_parquet("back", {MONDAY: tmp_path / "kept.parquet"}, {"person_id": "VARCHAR"})

        assert snapshot.sql("SELECT as_of, person_id FROM back") == [(MONDAY, "C1")]
        with pytest.raises(EngineError):
            snapshot.sql(sql.format(file=(tmp_path / "kept.parquet").as_posix(), folder=tmp_path.as_posix()))
    assert [path.name for path in tmp_path.iterdir()] == ["kept.parquet"]


def test_a_full_disk_or_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with Snapshot(MONDAY, SETTINGS) as snapshot, pytest.raises(OSError, match="No such file"):
        snapshot.write_parquet("SELECT 1 AS one", tmp_path / "nowhere" / "kept.parquet")


def test_a_manifest_keeps_its_shape_through_its_file() -> None:
    manifest = Manifest(
        as_of=MONDAY, job="daily", run=7, untrusted={}, withheld={"a": "b"}, rules={"a": "1"}, teams={"T1": "One"}
    )

    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest


@contextmanager
def nobody_may_look_into(folder: Path) -> Iterator[None]:
    """Keep a folder from this process while the block runs: from root too, who otherwise may look anywhere."""
    user = os.geteuid()
    folder.chmod(0)
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o700)


@pytest.mark.skipif(os.name != "posix", reason="rights of this kind")
def test_a_folder_that_nobody_may_look_into_ends_no_run_and_no_check(office: Office) -> None:
    (office.folder / "kept").mkdir()
    app = build(office.council.configure(office.store_url, keep={"days": 400}))

    with nobody_may_look_into(office.folder / "kept"):
        problems, faults = app.archive().forget(MONDAY), check_kept_days(app, MONDAY)

    assert problems == ["what is too old to be kept could not be looked for (Permission denied)"]
    assert [fault.problem for fault in faults] == ["the days kept cannot be looked at (Permission denied)"]


def test_the_check_says_that_many_days_will_be_deleted_before_they_are(office: Office) -> None:
    for number in range(8):
        (office.folder / "kept" / (MONDAY - timedelta(days=30 + number)).isoformat()).mkdir(parents=True)

    def said(days: int) -> list[str]:
        app = build(office.council.configure(office.store_url, keep={"days": days}))
        return [fault.problem for fault in check_kept_days(app, MONDAY)]

    assert said(20) == ["the next run deletes 8 of the days kept, as `keep: days:` is 20"]
    assert said(0) == ["the next run deletes 8 of the days kept, as `keep: days:` is 0"]
    assert said(31) == [], "a week of them is what a week without a run leaves"

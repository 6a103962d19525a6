"""The made-up council written out: the files of an extract, that read back as the same council."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerting.casedata.catalogue import TABLES, Settings
from alerting.casedata.codes import CodeMap
from alerting.casedata.snapshot import Snapshot
from alerting.commands import cli
from alerting.errors import SourceError
from alerting.sources.demo.calendar import bank_holidays
from alerting.sources.demo.export import Encoding, Format, LineEnd, export
from alerting.sources.demo.source import Source
from alerting.sources.files.source import Source as Files

START = date(2026, 3, 2)
SMALL = Source(children=400)


def settings() -> Settings:
    codes = {c.codes: CodeMap(frozenset(), {}) for t in TABLES.values() for c in t.columns.values() if c.codes}
    return Settings(params={}, codes=codes, bank_holidays=bank_holidays(2026))


def read_back(folder: Path, wanted: dict[str, frozenset[str]]) -> dict[str, list[tuple[object, ...]]]:
    with Snapshot(START, settings()) as snapshot:
        if folder.name == "demo":
            SMALL.read(wanted, snapshot)
        else:
            Files(type="files", path=folder).read(wanted, snapshot)
        snapshot.settle(wanted)
        return {name: sorted(snapshot.sql(f"SELECT {', '.join(sorted(wanted[name]))} FROM {name}"), key=repr) for name in wanted}


@pytest.mark.parametrize(
    ("format_", "date_style", "encoding", "line_end"),
    [("csv", "uk", "cp1252", "\r\n"), ("csv", "iso", "utf-8-sig", "\n"), ("parquet", "iso", "utf-8", "\n")],
)
@pytest.mark.slow
def test_what_is_written_out_reads_back_as_the_same_council(
    tmp_path: Path, format_: Format, date_style: str, encoding: Encoding, line_end: LineEnd
):
    paths = export(
        SMALL,
        START,
        tmp_path / "extract",
        format_,
        date_style="uk" if date_style == "uk" else "iso",
        encoding=encoding,
        line_end=line_end,
    )

    wanted = {
        "ssd_cp_reviews": frozenset({"cppr_cp_review_id", "cppr_cp_review_due", "cppr_cp_review_date"}),
        "ssd_cla_placement": frozenset({"clap_cla_placement_id", "clap_cla_placement_type", "clap_cla_placement_start_date"}),
        "ssd_cla_care_plan": frozenset({"lacp_table_id", "lacp_cla_care_plan_json"}),
        "ext_staff": frozenset({"worker_id", "name", "fte", "ends_on"}),
        "ext_load": frozenset({"table_name", "loaded_at", "row_count"}),
    }
    assert sorted(path.stem for path in paths) == sorted(TABLES)
    assert read_back(tmp_path / "extract", wanted) == read_back(tmp_path / "demo", wanted)


def test_dates_of_the_uk_and_windows_letters_are_in_the_files(tmp_path: Path):
    export(SMALL, START, tmp_path, date_style="uk", encoding="cp1252")

    assert "02/03/2026 05:40:00" in (tmp_path / "ext_load.csv").read_text("cp1252")
    assert b"Zo\xeb" in (tmp_path / "ext_staff.csv").read_bytes()
    assert b"\r\n" in (tmp_path / "ext_staff.csv").read_bytes()


def test_a_folder_that_cannot_be_written_to_is_a_plain_fault(tmp_path: Path):
    (tmp_path / "taken").write_text("a file")

    with pytest.raises(SourceError, match="cannot be written"):
        export(SMALL, START, tmp_path / "taken")


def test_a_folder_with_other_files_in_it_is_left_alone_unless_it_is_forced(tmp_path: Path):
    real = tmp_path / "ssd_person.csv"
    real.write_text("the council's own", "utf-8")

    refused = exported(tmp_path)
    assert (refused.exit_code, "is not empty and was not made by" in refused.output) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["ssd_person.csv"]
    assert real.read_text("utf-8") == "the council's own"

    assert exported(tmp_path, "--force").exit_code == 0
    assert "pers_person_id" in real.read_text("utf-8")


def test_an_earlier_export_is_written_over_and_its_mark_is_no_file_of_the_extract(tmp_path: Path):
    folder = tmp_path / "sample"
    for _ in range(2):
        assert exported(folder).exit_code == 0

    wanted = {"ext_team": frozenset({"team_id"})}
    assert read_back(folder, wanted)["ext_team"]


def test_an_extract_that_was_put_where_an_export_was_is_left_alone_too(tmp_path: Path):
    assert exported(tmp_path).exit_code == 0
    real = tmp_path / "ssd_person.csv"
    real.write_text("the council's own", "utf-8")

    assert exported(tmp_path).exit_code == 1
    assert real.read_text("utf-8") == "the council's own"


@pytest.mark.slow
def test_an_export_in_another_form_stands_beside_the_earlier_one(tmp_path: Path):
    assert [exported(tmp_path, *form).exit_code for form in ((), ("--format", "parquet"), ())] == [0, 0, 0]


def exported(folder: Path, *more: str) -> Result:
    return CliRunner().invoke(cli, ["demo", "export", "--to", str(folder), "--children", "50", *more])

"""Parquet and Excel files, and the same council from each kind of file."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pytest

from alerting.errors import SourceError
from alerting.sources.files.source import Source
from tests.extracts import A_DAY, PERSON, encrypted_package, workbook
from tests.small_council import COUNCIL, read

# ---------------------------------------------------------------------- Parquet and Excel


def test_parquet_cells_of_any_type_become_what_their_text_would(tmp_path):
    target = (tmp_path / "ssd_person.parquet").as_posix()
    with duckdb.connect() as engine:
        engine.execute(
            f"""COPY (SELECT 7.0::DOUBLE AS Pers_Person_ID, true AS pers_ethnicity, DATE '2010-02-28' AS pers_dob,
                  TIMESTAMPTZ '2026-06-30 23:30:00+00' AS pers_expected_dob, 700.50::DECIMAL(9, 2) AS pers_sex, 'not wanted' AS other
                UNION ALL SELECT 'nan'::DOUBLE, NULL, DATE '1900-01-01', NULL, 700, NULL
                UNION ALL SELECT 2.5, NULL, NULL, NULL, NULL, NULL) TO '{target}'"""
        )

    wanted = {"ssd_person": frozenset({"pers_person_id", "pers_ethnicity", "pers_dob", "pers_expected_dob", "pers_sex"})}
    rows, readings = read(Source(type="files", path=tmp_path), wanted)

    assert rows["ssd_person"] == [
        (A_DAY, "true", date(2026, 7, 1), "7", "700.5"),
        (None, None, None, "2.5", None),
        (None, None, None, None, "700"),
    ]
    assert readings["ssd_person"].unreadable_cells == {}


@pytest.mark.parametrize("codec", ["brotli", "lz4_raw", "snappy", "zstd", "gzip", "uncompressed"])
def test_a_parquet_file_in_a_codec_that_none_need_have_is_not_unpacked(tmp_path, codec):
    target = (tmp_path / "ssd_person.parquet").as_posix()
    with duckdb.connect() as engine:
        engine.execute(f"COPY (SELECT '7' AS pers_person_id FROM range(999)) TO '{target}' (FORMAT parquet, COMPRESSION {codec})")

    reading = read(Source(type="files", path=tmp_path), PERSON)[1]["ssd_person"]

    if codec in ("brotli", "lz4_raw"):
        assert reading.problem == (
            f"ssd_person.parquet: is packed with {codec}, which is not read. Export it with snappy, zstd or gzip, as every tool can."
        )
    else:
        assert (reading.problem, reading.rows) == (None, 999)


def test_unreadable_parquet_cells_are_counted_without_a_place(tmp_path):
    with duckdb.connect() as engine:
        engine.execute(
            f"COPY (SELECT 1 AS pers_person_id, 'soon' AS pers_dob) TO '{(tmp_path / 'ssd_person.parquet').as_posix()}'"
        )

    reading = read(Source(type="files", path=tmp_path), PERSON)[1]["ssd_person"]

    assert (reading.unreadable_cells, reading.places) == ({"pers_dob": 1}, [])


def test_a_workbook_has_a_sheet_a_table_and_typed_cells_become_text(tmp_path):
    book = workbook(
        tmp_path / "SSD.XLSX",
        {
            "Notes": [["whatever"]],
            "SSD_Person": [
                ["Pers_Person_ID", "pers_ethnicity", "pers_dob", None],
                ["007", True, A_DAY, "beyond the header"],
                [None, None, None, None],
                [7, 2.5, "28/02/2010"],
                ["x", None, 40237.75],
            ],
        },
    )

    rows, readings = read(Source(type="files", path=book), PERSON | {"ext_staff": frozenset({"name"})})

    assert rows["ssd_person"] == [(A_DAY, "2.5", "7"), (A_DAY, "true", "007"), (None, None, "x")]
    assert readings["ssd_person"].places == ["SSD.XLSX!SSD_Person row 5: pers_dob"]
    assert not readings["ext_staff"].supplied


def test_an_empty_sheet_cannot_be_read_and_one_with_a_header_is_a_table_without_rows(tmp_path):
    book = workbook(tmp_path / "ssd.xlsx", {"ssd_person": [], "ssd_cp_visits": [["cppv_person_id"]]})

    _, readings = read(Source(type="files", path=book))

    assert readings["ssd_person"].problem == "ssd.xlsx!ssd_person: is empty, without even a header. Export it again."
    assert readings["ssd_cp_visits"].rows == 0


def test_what_only_looks_like_a_workbook_is_an_error(tmp_path):
    (tmp_path / "ssd.xlsx").write_bytes(b"no workbook")

    with pytest.raises(SourceError, match=r"ssd.xlsx is not an Excel workbook that can be read"):
        read(Source(type="files", path=tmp_path / "ssd.xlsx"))


@pytest.mark.parametrize("said", ["1", "true"])
def test_a_workbook_that_counts_its_days_from_1904_has_the_same_days(tmp_path, said):
    later = A_DAY - timedelta(days=1462)  # as a serial number, what this day is in the other count
    book = workbook(tmp_path / "ssd.xlsx", {"ssd_person": [["pers_person_id", "pers_dob"], ["007", later]]}, since_1904=said)

    rows, _ = read(Source(type="files", path=book), {"ssd_person": frozenset({"pers_person_id", "pers_dob"})})

    assert rows["ssd_person"] == [(A_DAY, "007")]


def test_a_workbook_behind_a_password_says_so_and_what_to_do(tmp_path):
    (tmp_path / "ssd.xlsx").write_bytes(encrypted_package(b"\x55" * 4096))

    with pytest.raises(SourceError, match=r"^ssd.xlsx is behind a password") as raised:
        read(Source(type="files", path=tmp_path / "ssd.xlsx"))
    assert raised.value.remedy == "Save it without one, in a folder that only the account which runs the alerts may read."


# ---------------------------------------------------------------------- the same council


def csv_text(table: str, *, british: bool = False) -> str:
    """Return a table as CSV: ISO days and LF, or British days and CRLF."""
    columns, rows = COUNCIL[table]

    def written(cell: str | None) -> str:
        if british and cell and len(cell) == 10 and cell[4] == cell[7] == "-":
            cell = f"{cell[8:]}/{cell[5:7]}/{cell[:4]}"
        return '"' + cell.replace('"', '""') + '"' if cell and set(cell) & set(',"\n') else cell or ""

    return "".join(",".join(map(written, row)) + ("\r\n" if british else "\n") for row in [columns, *rows])


def test_the_same_council_from_each_kind_of_file_is_the_same(tmp_path):
    folders = {kind: tmp_path / kind for kind in ("iso", "british", "parquet")}
    for folder in folders.values():
        folder.mkdir()
    for table in COUNCIL:
        iso, parquet = folders["iso"] / f"{table}.csv", folders["parquet"] / f"{table}.parquet"
        iso.write_bytes(csv_text(table).encode())
        (folders["british"] / f"{table}.csv").write_bytes(csv_text(table, british=True).encode("cp1252"))
        with duckdb.connect() as engine:
            rows = f"read_csv('{iso.as_posix()}', header = true, delim = ',', quote = '\"', all_varchar = true)"
            engine.execute(f"COPY (FROM {rows}) TO '{parquet.as_posix()}'")
    book = workbook(tmp_path / "ssd.xlsx", {table: [columns, *map(list, rows)] for table, (columns, rows) in COUNCIL.items()})

    rows, _ = read(Source(type="files", path=folders["iso"]))

    assert rows["ssd_cp_visits"] == [
        (date(2026, 3, 2), "1", True, "007"),
        (date(2026, 3, 30), "2", False, "7"),
        (None, "3", None, "P-3"),
    ]
    assert [len(rows[table]) for table in COUNCIL] == [4, 3, 0]
    for path in (folders["british"], folders["parquet"], book):
        assert read(Source(type="files", path=path))[0] == rows

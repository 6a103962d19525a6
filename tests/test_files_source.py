"""What `source: {type: files}` promises about every shape a file may come in."""

from __future__ import annotations

import codecs
import os
import struct
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alerting.casedata.snapshot import Snapshot, TableReading
from alerting.errors import SourceError
from alerting.sources.files.source import Source, _Csv
from tests.small_council import AS_OF, COUNCIL, SETTINGS, WANTED, read

HEADER = "pers_person_id,pers_ethnicity,pers_dob\n"
PERSON = {"ssd_person": frozenset({"pers_person_id", "pers_ethnicity", "pers_dob"})}
A_DAY = date(2010, 2, 28)


def people(folder: Path, content: str | bytes, name: str = "ssd_person.csv", **options: str) -> tuple[list[tuple], TableReading]:
    """Write one file, read it, and give its rows as (date of birth, ethnicity, id), and the reading."""
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    rows, readings = read(Source(type="files", path=folder, **options), PERSON)
    return rows["ssd_person"], readings["ssd_person"]


def ids(rows: Sequence[tuple]) -> list[str]:
    return [row[2] for row in rows]


# ---------------------------------------------------------------------- what a CSV file may look like


def test_names_of_files_and_columns_count_without_case_and_columns_in_any_order(tmp_path):
    rows, reading = people(tmp_path, "PERS_DOB,unknown, Pers_Person_Id \n2010-02-28,x,007\n", "SSD_Person.CSV")

    assert rows == [(A_DAY, None, "007")]
    assert reading.missing_columns == ("pers_ethnicity",)


def test_a_quoted_cell_may_hold_commas_doubled_quotes_and_line_breaks(tmp_path):
    rows, reading = people(tmp_path, HEADER + '1,"a, ""b""\nand\r\nc",2010-02-28\n2,,\n')

    assert rows == [(A_DAY, 'a, "b"\nand\r\nc', "1"), (None, None, "2")]
    assert reading.left_out == 0


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_lines_end_in_lf_or_crlf_with_or_without_a_byte_order_mark(tmp_path, newline, last, mark):
    text = (HEADER + "1,é,2010-02-28\n2,ü,2010-02-28" + last).replace("\n", newline)

    rows, _ = people(tmp_path, mark + text.encode())

    assert rows == [(A_DAY, "é", "1"), (A_DAY, "ü", "2")]


def test_a_quoted_first_column_name_after_a_byte_order_mark_is_found(tmp_path):
    rows, _ = people(tmp_path, b'\xef\xbb\xbf"pers_person_id","pers_dob"\n"1","2010-02-28"\n')

    assert rows == [(A_DAY, None, "1")]


def test_lines_that_end_differently_within_one_file_are_lines(tmp_path):
    rows, reading = people(tmp_path, HEADER + "1,a,\r\n2,b,\n3,c,\r\n")

    assert (ids(rows), reading.left_out) == (["1", "2", "3"], 0)


def test_a_file_that_is_not_utf8_is_windows_1252(tmp_path):
    rows, _ = people(tmp_path, HEADER.encode() + "1,Ren\xe9e \x96 \x80\x92\x81,28/02/2010\n".encode("latin-1"))

    assert rows == [(A_DAY, "Renée – €’\x81", "1")]


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_a_file_that_is_marked_as_utf16_is_read(tmp_path, mark):
    text = HEADER.replace(",", "\t").replace("\n", "\r\n") + '007\t"Zoë\tof\r\nŁódź"\t28/02/2010\r\n8\tx\tyesterday\r\n9\tbad\r\n'
    encoded = mark + text.encode("utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be")

    rows, reading = people(tmp_path, encoded, delimiter="\t")

    assert rows == [(A_DAY, "Zoë\tof\r\nŁódź", "007"), (None, "x", "8")]
    assert reading.left_out == 1
    assert reading.places == ["ssd_person.csv:5: 2 cells where the header has 3", "ssd_person.csv:4: column pers_dob"]


def test_the_encoding_is_decided_for_each_file_by_all_of_it(tmp_path):
    filler = "".join(f"{number},{'plain ' * 50},\n" for number in range(1, 20_000))

    rows, _ = people(tmp_path, (HEADER + filler).encode() + "0001,Ren\xe9e,\n".encode("latin-1"))

    assert ("0001", "Renée") in {(row[2], row[1]) for row in rows}
    assert len(rows) == 20_000


def test_a_character_across_the_pieces_a_file_is_looked_at_in_is_still_utf8(tmp_path):
    rows, _ = people(tmp_path, HEADER + '1,"' + "é\n" * 2_200_000 + '",\n')

    assert [len(row[1]) for row in rows] == [len("é\n" * 2_200_000) - 1]


def test_007_and_7_stay_two_people(tmp_path):
    assert ids(people(tmp_path, HEADER + "007,,\n7,,\n7.0,,\n")[0]) == ["007", "7", "7.0"]


def test_another_delimiter_can_be_set(tmp_path):
    rows, _ = people(tmp_path, HEADER.replace(",", ";") + '1;"a;b";2010-02-28\n', delimiter=";")

    assert rows == [(A_DAY, "a;b", "1")]


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "a", "é"])
def test_what_cannot_be_a_delimiter_is_refused(tmp_path, delimiter):
    with pytest.raises(ValidationError, match="a delimiter is one character"):
        Source(type="files", path=tmp_path, delimiter=delimiter)


def test_blank_lines_are_no_records(tmp_path):
    rows, reading = people(tmp_path, "\n" + HEADER + "\n1,a,\n\r\n2,b,\n\n\n")

    assert (ids(rows), reading.left_out) == (["1", "2"], 0)


def test_a_folder_whose_name_has_wildcards_is_read_as_it_is_called(tmp_path):
    folder = tmp_path / "ssd [new]*"
    folder.mkdir()

    assert ids(people(folder, HEADER + "1,a,\n")[0]) == ["1"]


def test_only_wanted_tables_and_columns_are_read(tmp_path):
    (tmp_path / "ssd_missing.csv").write_text("miss_table_id\n1\n")
    (tmp_path / "notes.csv").write_text("whatever\n")

    _, reading = people(tmp_path, HEADER + "1,a,\n")
    _, readings = read(Source(type="files", path=tmp_path), {"ssd_person": frozenset()})

    assert reading.rows == 1
    assert (readings["ssd_person"].rows, readings["ssd_missing"].rows) == (1, None)


# ---------------------------------------------------------------------- what is wrong with a record


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("9,too few", "2 cells where the header has 3"),
        ("9,too,many,", "4 cells where the header has 3"),
        ("9,too,many,,,,,,,,,,,", "14 cells where the header has 3"),
        ('9,"after the "quote,', "its quotation marks do not pair up"),
        ('9,"a space" ,', "its quotation marks do not pair up"),
        ('9,"never closed,', "its quotation marks do not pair up"),
        ("9,a\rb,", "a carriage return outside quotation marks"),
        ("   ", "1 cells where the header has 3"),
    ],
)
@pytest.mark.parametrize("around", ["plain", '"quoted ""twice"""'])
def test_a_bad_record_is_left_out_counted_and_listed_and_the_others_stay(tmp_path, bad, reason, around):
    rows, reading = people(tmp_path, HEADER + f"1,{around},\n{bad}\n2,{around},\n3,{around},\n")

    assert ids(rows) == ["1", "2", "3"]
    assert (reading.rows, reading.left_out, reading.places) == (3, 1, [f"ssd_person.csv:3: {reason}"])


def test_an_unclosed_quote_in_the_last_cell_swallows_nothing(tmp_path):
    rows, reading = people(tmp_path, HEADER + '1,a,\n2,b,"\n' + "".join(f"{number},c,\n" for number in range(3, 1000)))

    assert (len(rows), reading.left_out) == (998, 1)
    assert reading.places == ["ssd_person.csv:3: its quotation marks do not pair up"]


def test_the_lines_of_a_broken_record_of_several_lines_are_not_taken_for_records(tmp_path):
    rows, reading = people(tmp_path, HEADER + '1,"he said "yes"\nand, left",2010-02-28\n2,b,\n')

    assert ids(rows) == ["2"]
    assert [place.split(": ")[0] for place in reading.places] == ["ssd_person.csv:2", "ssd_person.csv:3"]


def test_a_quote_inside_an_unquoted_cell_is_a_quote(tmp_path):
    rows, reading = people(tmp_path, HEADER + '1,a 5" scar,\n2, "b",\n')

    assert {row[1] for row in rows} == {'a 5" scar', '"b"'}
    assert reading.left_out == 0


def test_the_line_of_a_bad_record_counts_the_line_breaks_inside_cells(tmp_path):
    _, reading = people(tmp_path, HEADER + '1,"a\nb\nc",\n\n2,short\n')

    assert reading.places == ["ssd_person.csv:6: 2 cells where the header has 3"]


def test_at_most_20_places_are_given_and_all_are_counted(tmp_path):
    _, reading = people(tmp_path, HEADER + "1,a,\n" + "x\n" * 50)

    assert (reading.left_out, len(reading.places)) == (50, 20)


def test_a_file_of_bad_records_only_cannot_be_read(tmp_path):
    _, reading = people(tmp_path, HEADER + "1;a;\n2;b;\n")

    assert reading.rows is None
    assert "none of its 2 records can be read; the first: ssd_person.csv:2: 1 cells where" in reading.problem


def test_a_cell_longer_than_the_engine_expects_is_read(tmp_path):
    rows, reading = people(tmp_path, HEADER + '1,"' + "x\n" * 2_500_000 + '",\n2,b,\n')

    assert (sorted(len(row[1]) for row in rows), reading.left_out) == ([1, 4_999_999], 0)


CELLS = st.text(alphabet='ab, ;"\r\n\té', max_size=8)


@pytest.fixture(scope="module")
def snapshot() -> Iterator[Snapshot]:
    with Snapshot(AS_OF, SETTINGS) as snapshot:
        yield snapshot


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12), st.sampled_from(["\n", "\r\n"]), st.booleans())
@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_written_as_rfc_4180_is_read_as_it_was(tmp_path, snapshot, records, newline, always_quoted):
    def written(cell: str) -> str:
        plain = not always_quoted and not set(cell) & set(',"\r\n')
        return cell if plain else '"' + cell.replace('"', '""') + '"'

    lines = [HEADER.strip(), *(",".join(map(written, record)) for record in records)]
    (tmp_path / "ssd_person.csv").write_bytes((newline.join(lines) + newline).encode())

    Source(type="files", path=tmp_path).read(PERSON, snapshot)

    found = snapshot.sql("SELECT pers_person_id, pers_ethnicity, pers_dob FROM raw.ssd_person")
    assert sorted(tuple(cell or "" for cell in row) for row in found) == sorted(records)
    assert "ssd_person" not in snapshot.readings


BROKEN = st.text(alphabet='a,,"\n\n\r ', max_size=40)


@given(
    st.one_of(BROKEN, st.lists(st.sampled_from(["1,a,\n", '2,"b,",\n', '"3",c,"\n', "4,d\n", '5,"e\n",\n', "\n"])).map("".join))
)
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_broken_the_fast_way_gives_what_the_exact_way_gives(tmp_path, snapshot, content):
    file = tmp_path / "ssd_person.csv"
    file.write_bytes((HEADER + content).encode())
    rows = "SELECT coalesce(pers_person_id, ''), coalesce(pers_ethnicity, ''), coalesce(pers_dob, '') FROM raw.ssd_person ORDER BY ALL"

    Source(type="files", path=tmp_path).read(PERSON, snapshot)
    reading = snapshot.readings.pop("ssd_person", TableReading(table="ssd_person"))
    found = snapshot.sql(rows) if reading.problem is None else []
    exact = _Csv(file, ",")
    try:
        exact._fill_exactly(snapshot, "ssd_person", file, {"pers_person_id": 0, "pers_ethnicity": 1, "pers_dob": 2}, 3)
    except SourceError:
        expected = []
    else:
        expected = snapshot.sql(rows)
    exactly = snapshot.readings.pop("ssd_person", TableReading(table="ssd_person"))

    assert found == expected
    assert (reading.left_out, reading.places) == (exactly.left_out, exactly.places)


# ---------------------------------------------------------------------- what is wrong with a cell


def test_unreadable_dates_are_placed_by_file_line_and_column(tmp_path):
    content = HEADER + '1,"a\nb",2010-02-30\n2,c,31/12/10\n3,d,\n4,"e\n",12 May\n'

    _, reading = people(tmp_path, content)

    assert reading.unreadable_cells == {"pers_dob": 3}
    assert reading.places == [f"ssd_person.csv:{line}: column pers_dob" for line in (2, 4, 6)]


def test_places_of_a_windows_1252_file_are_found_too(tmp_path):
    _, reading = people(tmp_path, HEADER.encode() + "1,Ren\xe9e,\n2,a,soon\n".encode("latin-1"))

    assert reading.places == ["ssd_person.csv:3: column pers_dob"]


def test_at_most_20_cells_of_a_column_are_placed(tmp_path):
    _, reading = people(tmp_path, HEADER + "1,a,soon\n" * 30)

    assert (reading.unreadable_cells, len(reading.places)) == ({"pers_dob": 30}, 20)


def test_no_message_holds_a_cell(tmp_path):
    content = HEADER + 'Secret1,"Secret2" x,\nSecret3,Secret4\n1,ok,Secret5\n'

    _, reading = people(tmp_path, content)

    assert reading.places
    assert "Secret" not in repr(reading)


# ---------------------------------------------------------------------- what is wrong with a file


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty, without even a header"),
        (b"\n\n", "is empty, without even a header"),
        (b"pers_person_id,pers_dob,PERS_DOB\n1,,\n", "the header has pers_dob twice"),
        (b"007,White,2010-02-28\n", "names none of the columns needed, such as pers_dob"),
        (HEADER.replace(",", ";").encode() + b"1;a;\n", "names none of the columns needed"),
        (b"pers_person_id,pers_dob\n1,a\0b\n", "holds zero bytes"),
        (HEADER.encode("utf-16-le"), "holds zero bytes, as UTF-16 without its mark does"),
        (HEADER.encode("utf-32"), "holds zero bytes"),
        ((HEADER + "1,White,\n").encode("utf-16")[:-1], "begins as UTF-16 and does not go on so"),
        (HEADER.replace("\n", "\r").encode() + b"1,a,\r", "its lines end in a carriage return alone"),
        (b'"pers_person_id,pers_dob\n1,2\n', "the header cannot be read: its quotation marks do not pair up"),
    ],
)
def test_a_file_that_cannot_be_read_says_so_and_what_to_do(tmp_path, content, problem):
    (tmp_path / "ssd_cp_plans.csv").write_text("cppl_cp_plan_id\n1\n")

    rows, reading = people(tmp_path, content)

    assert (rows, reading.rows) == ([], None)
    assert reading.problem.startswith("ssd_person.csv: ")
    assert problem in reading.problem
    assert reading.problem.count(". ") == 1


def test_a_file_with_a_header_only_is_a_table_without_rows(tmp_path):
    assert people(tmp_path, HEADER)[1].rows == 0
    assert people(tmp_path, HEADER.strip())[1].rows == 0


def test_a_table_of_a_single_column_is_read_record_by_record(tmp_path):
    rows, _ = people(tmp_path, 'pers_person_id\n1\n""\n\n2\n')

    assert sorted(ids(rows), key=str) == ["1", "2", None]


def test_a_table_without_a_file_is_not_supplied(tmp_path):
    people(tmp_path, HEADER + "1,a,\n")

    _, readings = read(Source(type="files", path=tmp_path), WANTED)

    assert readings["ssd_person"].supplied
    assert not readings["ssd_cp_visits"].supplied
    assert not readings["ext_staff"].supplied
    assert readings["ext_staff"].problem is None


def test_two_files_for_one_table_are_not_chosen_between(tmp_path):
    (tmp_path / "ssd_person.parquet").write_bytes(b"")

    _, reading = people(tmp_path, HEADER + "1,a,\n")

    assert reading.problem == (
        "there are ssd_person.csv and ssd_person.parquet for one table. Keep the current one and move the other away."
    )


def test_a_name_that_is_nearly_that_of_a_missing_table_is_a_fault_and_not_an_absence(tmp_path):
    (tmp_path / "ext_restrict.csv").write_text("person_id\n1\n")
    people(tmp_path, HEADER + "1,a,\n")

    _, readings = read(Source(type="files", path=tmp_path), PERSON | {"ext_restricted": frozenset({"person_id"})})

    assert readings["ext_restricted"].problem == (
        "there is no ext_restricted, but there is ext_restrict.csv. Rename it, or move it away."
    )


def test_a_path_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="there is no folder and no Excel workbook") as caught:
        read(Source(type="files", path=tmp_path / "gone"))

    assert "Set source.path" in caught.value.remedy


def test_a_folder_without_a_case_table_is_an_error_that_says_what_was_looked_for(tmp_path):
    (tmp_path / "ssd_persons.csv").write_text(HEADER)

    with pytest.raises(SourceError, match="no case table was found in") as caught:
        read(Source(type="files", path=tmp_path))

    assert "such as ssd_person.csv" in caught.value.remedy
    assert "Did you mean ssd_persons (for ssd_person)? Rename it." in caught.value.remedy


def test_a_damaged_parquet_file_cannot_be_read(tmp_path):
    _, reading = people(tmp_path, b"PAR1 and then nothing", "ssd_person.parquet")

    assert reading.problem == "ssd_person.parquet: is not a Parquet file that can be read. Export it again."


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


def test_unreadable_parquet_cells_are_counted_without_a_place(tmp_path):
    with duckdb.connect() as engine:
        engine.execute(
            f"COPY (SELECT 1 AS pers_person_id, 'soon' AS pers_dob) TO '{(tmp_path / 'ssd_person.parquet').as_posix()}'"
        )

    reading = read(Source(type="files", path=tmp_path), PERSON)[1]["ssd_person"]

    assert (reading.unreadable_cells, reading.places) == ({"pers_dob": 1}, [])


SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
XLSX = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>",
    "xl/styles.xml": '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs>'
    '<xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/></cellXfs></styleSheet>',
}
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def workbook(path: Path, sheets: dict[str, list[list[object]]], since_1904: str = "0") -> Path:
    """Write an Excel workbook by hand: text, numbers, booleans, and days as serial numbers with a date's style."""
    names = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, 1))
    links = "".join(f'<Relationship Id="r{n}" Type="{REL}/worksheet" Target="sheet{n}.xml"/>' for n in range(1, len(sheets) + 1))
    with zipfile.ZipFile(path, "w") as file:
        for part, content in XLSX.items():
            file.writestr(part, content)
        file.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{REL}">'
            f'<workbookPr date1904="{since_1904}"/><sheets>{names}</sheets></workbook>',
        )
        file.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'{links}<Relationship Id="s" Type="{REL}/styles" Target="styles.xml"/></Relationships>',
        )
        for n, rows in enumerate(sheets.values(), 1):
            lines = "".join(
                f'<row r="{r}">{"".join(excel_cell(f"{chr(64 + c)}{r}", cell) for c, cell in enumerate(row, 1))}</row>'
                for r, row in enumerate(rows, 1)
            )
            file.writestr(f"xl/sheet{n}.xml", SHEET.format(lines))
    return path


def excel_cell(at: str, cell: object) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return f'<c r="{at}" t="b"><v>{int(cell)}</v></c>'
        case date():
            return f'<c r="{at}" s="1"><v>{(cell - date(1899, 12, 30)).days}</v></c>'
        case int() | float():
            return f'<c r="{at}"><v>{cell}</v></c>'
        case _:
            return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(str(cell))}</t></is></c>'


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


def encrypted_package(content: bytes) -> bytes:
    """Return what Excel writes for a workbook with a password: an OLE2 compound file with the stream `EncryptedPackage`."""
    free, end, fat = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<9I", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<I", 0) + b"\xff" * 432
    sectors = len(content) // 512
    table = struct.pack(f"<{sectors + 2}I", fat, end, *range(3, sectors + 2), end).ljust(512, b"\xff")

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = f"{name}\0".encode("utf-16-le") if name else b""
        return text.ljust(64, b"\0") + struct.pack("<HBBIII36xIQ", len(text), kind, 1, free, free, child, start, size)

    entries = entry("Root Entry", 5, 1, end, 0) + entry("EncryptedPackage", 2, free, 2, len(content))
    return head + table + entries + entry("", 0, free, 0, 0) * 2 + content


# ---------------------------------------------------------------------- files that are not whole, or not ours to read


def marked(folder: Path, **options: str) -> TableReading:
    (folder / "ssd_cp_plans.csv").write_text("cppl_cp_plan_id\n1\n")
    _, readings = read(Source(type="files", path=folder, **options), PERSON)
    return readings["ssd_person"]


@pytest.mark.parametrize(("marker", "file"), [(".done", "ssd_person.csv.done"), ("load.done", "load.done")])
def test_with_a_marker_a_file_is_read_only_once_the_marker_says_it_is_whole(tmp_path, marker, file):
    people, done = tmp_path / "ssd_person.csv", tmp_path / file
    people.write_text(HEADER + "007,,\n")
    still = f"It is still being copied, or the copy broke off: {file} is to be written after it, each time."

    assert marked(tmp_path, done_marker=marker).problem == f"ssd_person.csv: there is no {file}. {still}"
    done.touch()
    os.utime(done, ns=(0, people.stat().st_mtime_ns))
    assert marked(tmp_path, done_marker=marker).rows == 1
    os.utime(people, ns=(0, done.stat().st_mtime_ns + 1))
    reading = marked(tmp_path, done_marker=marker)
    assert (reading.problem, reading.rows) == (f"ssd_person.csv: is newer than {file}. {still}", None)
    assert marked(tmp_path).rows == 1  # nobody asked for one


def test_a_workbook_has_its_marker_beside_it(tmp_path):
    book = workbook(tmp_path / "ssd.xlsx", {"ssd_person": [["pers_person_id"], ["007"]]})
    source = Source(type="files", path=book, done_marker=".done")

    assert "there is no ssd.xlsx.done" in (read(source, PERSON)[1]["ssd_person"].problem or "")
    (tmp_path / "ssd.xlsx.done").touch()
    assert read(source, {"ssd_person": frozenset({"pers_person_id"})})[1]["ssd_person"].rows == 1


@pytest.mark.parametrize("marker", ["", ".", " x", "../load.done", "done\\x"])
def test_what_cannot_be_a_marker_is_refused(tmp_path, marker):
    with pytest.raises(ValidationError, match="a marker is the name of a file"):
        Source(type="files", path=tmp_path, done_marker=marker)


def test_a_file_that_grows_while_it_is_read_is_not_believed(tmp_path):
    path = tmp_path / "ssd_person.csv"
    path.write_text(HEADER + "007,White,2010-02-28\n" * 100_000)
    read_through = threading.Event()

    def copy_on() -> None:
        while not read_through.wait(0.001):
            with path.open("a") as file:
                file.write("8,White,2010-02-28\n")

    copying = threading.Thread(target=copy_on)
    copying.start()
    try:
        reading = marked(tmp_path)
    finally:
        read_through.set()
        copying.join()

    assert reading.rows is None
    assert reading.problem == "ssd_person.csv: changed while it was read. It was still being copied: run again when it is whole."


@pytest.mark.parametrize("name", ["ssd_person.csv", "ssd_person.parquet"])
def test_a_file_that_may_not_be_read_costs_its_own_table_only(name):
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        (folder / "ssd_cp_plans.csv").write_text("cppl_cp_plan_id\n1\n")
        (folder / name).write_text("x\n1\n")
        (folder / name).chmod(0)
        with as_nobody():
            _, readings = read(Source(type="files", path=folder), PERSON | {"ssd_cp_plans": frozenset({"cppl_cp_plan_id"})})

    assert readings["ssd_cp_plans"].rows == 1
    assert readings["ssd_person"].problem == (
        "the file of ssd_person cannot be opened (Permission denied). "
        "Check that the account which runs the alerts may read it, and that nobody has it open."
    )


def test_a_workbook_that_may_not_be_read_is_an_error_that_says_so():
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        book = workbook(Path(made) / "ssd.xlsx", {"ssd_person": [["pers_person_id"], ["007"]]})
        book.chmod(0)
        with as_nobody(), pytest.raises(SourceError, match=r"ssd.xlsx cannot be opened \(Permission denied") as raised:
            read(Source(type="files", path=book))
    assert "the account which runs the alerts may read it" in raised.value.remedy


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be an account for which files can be closed: for root, none is."""
    us = os.geteuid()
    if us == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(us)


def test_a_workbook_without_a_case_table_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="no case table was found in"):
        read(Source(type="files", path=workbook(tmp_path / "ssd.xlsx", {"Sheet1": [["x"]]})))


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
        (None, "3", False, "P-3"),
    ]
    assert [len(rows[table]) for table in COUNCIL] == [4, 3, 0]
    for path in (folders["british"], folders["parquet"], book):
        assert read(Source(type="files", path=path))[0] == rows

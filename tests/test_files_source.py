"""CSV files: what one may look like, and what is wrong with a record or a cell."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alerting.casedata.snapshot import Snapshot, TableReading
from alerting.errors import SourceError
from alerting.sources.files.source import Source, _Csv
from tests.extracts import A_DAY, HEADER, PERSON, ids, people
from tests.small_council import AS_OF, SETTINGS, read

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


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1,Zoë Müller,\n".encode() + b"2,Ren\xe9e,\n3,caf\xc3,\n", ["Zoë Müller", "Ren\ufffde", "caf\ufffd"]),
        (codecs.BOM_UTF8 + HEADER.encode() + b"2,Ren\xe9e,\n", ["Ren\ufffde"]),
        ("1,Zoë,\n".encode() + b"2,\x96 \x80 Ren\xe9e,\n", ["ZoÃ«", "– € Renée"]),
    ],
)
def test_a_damaged_file_is_utf8_unless_more_of_it_is_not(tmp_path, text, read):
    content = text if text.startswith(codecs.BOM_UTF8) else HEADER.encode() + text

    rows, reading = people(tmp_path, content)

    damaged = [(number, cell) for number, cell in enumerate(read, 2) if "\ufffd" in cell]
    assert sorted(row[1] for row in rows) == sorted(read)
    assert reading.damaged_cells == ({"pers_ethnicity": len(damaged)} if damaged else {})
    assert reading.places == [f"ssd_person.csv:{line}: column pers_ethnicity" for line, _ in damaged]
    assert reading.encoding == ("UTF-8 in which some bytes are damaged" if damaged else "Windows-1252")


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
        exact._fill_exactly(
            snapshot, "ssd_person", exact._examine(), {"pers_person_id": 0, "pers_ethnicity": 1, "pers_dob": 2}, 3
        )
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

"""Files that are no table of the SSD, or are one in another dress: what was found, what it looks like and what to do is said."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from alerting.casedata.catalogue import TABLES
from alerting.commands import cli
from alerting.errors import SourceError
from alerting.sources.files.source import Source
from tests.extracts import HEADER, PERSON, encrypted_package, people, workbook
from tests.made_council import MONDAY, MadeCouncil
from tests.small_council import read

pytestmark = pytest.mark.slow

VISITS = "clav_cla_visit_id,clav_cla_id,clav_person_id,clav_cla_visit_date\n1,2,3,2026-03-01\n"
ANNEX = ["Child Unique ID", "Gender", "Ethnicity", "Date of Birth", "Age of Child (Years)", "Date of Contact", "Contact Source"]
EPISODES = "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN\n1,01/04/2025,S,C2,N1,U1,PR1,,,,,,\n"
CENSUS = (
    "<Message><Children><Child><ChildIdentifiers><LAchildID>SMITH01</LAchildID></ChildIdentifiers></Child></Children></Message>"
)


def looked_at(path: Path) -> None:
    """Look for tables where there are none: that is told before any is read."""
    Source(type="files", path=path).places("ssd_person", "pers_dob", frozenset())


def zipped(**files: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_csv", ".csv"), content)
    return made.getvalue()


def put(name: str, content: str | bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content.encode() if isinstance(content, str) else content) and None


def put_book(name: str, sheets: dict[str, list[list[object]]]) -> Callable[[Path], None]:
    return lambda folder: workbook(folder / name, sheets) and None


def put_several(*each: Callable[[Path], None]) -> Callable[[Path], None]:
    return lambda folder: [one(folder) for one in each] and None


def put_below(folder: Path) -> None:
    (folder / "March").mkdir()
    (folder / "March" / "ssd_person.csv").write_text(HEADER)


CASES = {
    "Annex A": (put_book("Annex A.xlsx", {"List 1": [ANNEX], "List 2": [ANNEX]}), "Annex A.xlsx: an Excel workbook that looks like Ofsted's Annex A. Alerts need an extract"),
    "Annex A as CSV": (put("list_8.csv", ",".join(ANNEX) + "\n"), "list_8.csv: looks like Ofsted's Annex A."),
    "903": (
        put_several(put("episodes.csv", EPISODES), put("reviews.csv", "CHILD,DOB,REVIEW,REVIEW_CODE\n")),
        "episodes.csv, reviews.csv: looks like the return of children looked after (SSDA903). Alerts need an extract",
    ),
    "903 workbook": (put_book("903.xlsx", {"Episodes": [["CHILD", "DECOM", "RNE"]]}), "903.xlsx: an Excel workbook that looks like the return of children looked after"),
    "CIN workbook": (put_book("cin.xlsx", {"cin": [["LAchildID", "UPN"]]}), "cin.xlsx: an Excel workbook that looks like the children in need census."),
    "CIN XML": (put("cin.xml", CENSUS), "cin.xml: looks like the children in need census."),
    "XML": (put("ssd_person.xml", "<rows/>"), "ssd_person.xml: an XML file. XML is not read: export each table as CSV."),
    "JSON": (put("ssd_person.json", "[]"), "ssd_person.json: a JSON file."),
    "old Excel": (put("ssd.xls", bytes.fromhex("d0cf11e0a1b11ae1") + b"x" * 512), "ssd.xls: an Excel workbook in the old form (.xls), or one behind a password. Open it in Excel and save it as .xlsx"),
    "a password": (put("ssd.xlsx", encrypted_package(b"\x55" * 4096)), "or one behind a password"),
    "OpenDocument": (put("ssd.ods", zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet")), "ssd.ods: an OpenDocument spreadsheet"),
    "zip": (put("ssd.zip", zipped(ssd_person_csv=HEADER, ssd_cp_plans_csv="x")), "ssd.zip: an archive (ZIP) with ssd_person.csv and 1 more. Unpack it, so that each table is a file of its own."),
    "half a zip": (put("ssd.zip", zipped(ssd_person_csv=HEADER)[:60]), "ssd.zip: an archive (ZIP) that is damaged or not copied to its end. Copy it again."),
    "gzip": (put("ssd_person.csv.gz", gzip.compress(HEADER.encode())), "ssd_person.csv.gz: packed (gzip), ssd_person in it. Unpack it, as by gunzip."),
    "tabs": (put("ssd_person.tsv", HEADER.replace(",", "\t")), 'ssd_person.tsv: looks like ssd_person. Name it ssd_person.csv and set the source\'s delimiter to "\\t".'),
    "semicolons": (put("visits.csv", VISITS.replace(",", ";")), 'visits.csv: looks like ssd_cla_visits. Name it ssd_cla_visits.csv and set the source\'s delimiter to ";".'),
    "bars": (put("visits.txt", VISITS.replace(",", "|")), 'visits.txt: looks like ssd_cla_visits. Name it ssd_cla_visits.csv and set the source\'s delimiter to "|".'),
    "a schema before its name": (put("dbo.ssd_person.csv", HEADER), "dbo.ssd_person.csv: looks like ssd_person. Name it ssd_person.csv."),
    "a download's number": (put("ssd_person (1).csv", HEADER), "ssd_person (1).csv: looks like ssd_person. Name it ssd_person.csv."),
    "a date": (put("ssd_person_2026-03-31.csv", HEADER), "ssd_person_2026-03-31.csv: looks like ssd_person."),
    "no prefix": (put("cla_visits.csv", VISITS), "cla_visits.csv: looks like ssd_cla_visits. Name it ssd_cla_visits.csv."),
    "another name": (put("extract7.csv", "Produced 31 March\n\n" + VISITS), "extract7.csv: looks like ssd_cla_visits."),
    "UTF-16": (put("visits.csv", VISITS.encode("utf-16")), "visits.csv: looks like ssd_cla_visits."),
    "an empty file": (put("cla_visits.csv", ""), "cla_visits.csv: an empty file. Export it again."),
    "a folder below": (put_below, "March: a folder with 1 table in it. Set the source's path to "),
    "a workbook of tables in a folder": (put_book("ssd.xlsx", {"ssd_person": [["pers_person_id"]]}), "ssd.xlsx: an Excel workbook with 1 table. Set the source's path to "),
    "a web page": (put("ssd_persons.csv", "<!DOCTYPE html><title>Sign in</title>"), "ssd_persons.csv: a web page, perhaps one to sign in by."),
    "something else": (put("read me.docx", b"\x01\x02"), "read me.docx: no kind of file that holds a table."),
    "nothing": (put_several(), ""),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_folder_without_a_table_is_told_by_what_is_in_it(tmp_path, case):
    make, said = CASES[case]
    make(tmp_path)

    with pytest.raises(SourceError, match="no case table was found in") as caught:
        looked_at(tmp_path)

    assert said in caught.value.remedy
    assert "there is no" not in str(caught.value)
    assert "SMITH01" not in str(caught.value)
    assert ("which is empty" in caught.value.problem) == (case == "nothing")


@pytest.mark.parametrize(
    "case", sorted(case for case in CASES if case not in ("nothing", "903", "a folder below", "a workbook of tables in a folder"))
)
def test_a_path_to_one_file_is_told_by_what_it_is(tmp_path, case):
    make, said = CASES[case]
    make(tmp_path)
    [file] = tmp_path.iterdir()

    with pytest.raises(SourceError) as caught:
        looked_at(file)

    looks_like = said.removeprefix(file.name).removeprefix(": ").partition(".")[0]
    assert looks_like in str(caught.value) or "is behind a password" in str(caught.value)
    assert "there is no" not in str(caught.value)
    assert caught.value.remedy


ASTRAY = {
    "dbo.ssd_person.csv": (HEADER, "there is no ssd_person, but there is dbo.ssd_person.csv. Name it ssd_person.csv, or move it away."),
    "ssd_person (1).csv": (HEADER, "there is no ssd_person, but there is ssd_person (1).csv. Name it"),
    "person.csv": (HEADER, "there is no ssd_person, but there is person.csv. Name it ssd_person.csv, or move it away."),
    "ssd_person.csv.gz": (gzip.compress(HEADER.encode()), "but there is ssd_person.csv.gz: packed (gzip), ssd_person in it. Unpack it, as by gunzip. Or move it away."),
    "ssd_person.tsv": (HEADER.replace(",", "\t"), "but there is ssd_person.tsv: looks like ssd_person. Name it ssd_person.csv and set the source's delimiter"),
    "ssd_person.xls": (bytes.fromhex("d0cf11e0a1b11ae1"), "but there is ssd_person.xls: an Excel workbook in the old form"),
    "ssd_person.zip": (zipped(ssd_person_csv=HEADER), "but there is ssd_person.zip: an archive (ZIP). Unpack it"),
}  # fmt: skip


def test_a_table_that_lies_there_in_another_dress_is_never_said_not_to_be_there(tmp_path):
    (tmp_path / "ssd_cp_plans.csv").write_text("cppl_cp_plan_id\n1\n")
    for name, (content, said) in ASTRAY.items():
        put(name, content)(tmp_path)
        with pytest.raises(SourceError) as caught:
            looked_at(tmp_path)
        (tmp_path / name).unlink()

        assert said in f"{caught.value.problem}. {caught.value.remedy}"


def test_a_script_or_a_note_with_a_tables_name_stands_for_no_table(tmp_path):
    (tmp_path / "ssd_cp_plans.csv").write_text("cppl_cp_plan_id\n1\n")
    (tmp_path / "ssd_person.sql").write_text("SELECT 1")
    (tmp_path / "ssd_person.csv.done").touch()

    assert read(Source(type="files", path=tmp_path), PERSON)[1]["ssd_person"].problem is None


def test_a_copy_beside_a_table_of_its_own_changes_nothing(tmp_path):
    put("ssd_person (1).csv", HEADER + "9,,\n")(tmp_path)

    assert people(tmp_path, HEADER + "7,,\n")[1].rows == 1


DRESSES = {
    "ssd_person": (HEADER.replace(",", ";"), 'its cells stand between semicolons, and not commas. Set the source\'s delimiter to ";"'),
    "ssd_cp_plans": ("cppl_cp_plan_id|cppl_person_id\n", "its cells stand between vertical bars, and not commas."),
    "ssd_cp_visits": ("cppv_cp_visit_id\tcppv_person_id\n".encode("utf-16"), 'between tabs, and not commas. Set the source\'s delimiter to "\\t"'),
    "ssd_cla_visits": ("Extract of Oakshire\n\n" + VISITS, "the names of its columns stand in line 3, below a title. Export it without"),
    "ssd_cin_plans": (zipped(**{"xl/workbook.xml": ""}), "is no CSV file: an Excel workbook"),
    "ssd_cin_visits": (gzip.compress(b"cinv_cin_visit_id,cinv_cin_plan_id\n"), "is no CSV file: packed (gzip), ssd_cin_visits in it. Unpack it"),
    "ssd_missing": (b"PAR1....", "is no CSV file: a Parquet file. Name it .parquet."),
    "ssd_contacts": ("<html><body>Sign in</body>", "is no CSV file: a web page, perhaps one to sign in by. Fetch the file itself."),
    "ssd_department": ("", "is empty, without even a header"),
}  # fmt: skip


def test_a_tables_file_that_is_written_otherwise_says_how_and_what_to_set(tmp_path):
    for table, (content, _) in DRESSES.items():
        put(f"{table}.csv", content)(tmp_path)

    _, readings = read(Source(type="files", path=tmp_path), {table: frozenset(TABLES[table].columns) for table in DRESSES})

    for table, (_, said) in DRESSES.items():
        assert readings[table].rows is None
        assert (readings[table].problem or "").startswith(f"{table}.csv: ")
        assert said in (readings[table].problem or "")


def test_a_path_that_is_misspelled_is_told_by_what_is_near(tmp_path):
    (tmp_path / "ssd_march").mkdir()

    with pytest.raises(SourceError) as caught:
        looked_at(tmp_path / "ssd_marhc" / "all")

    assert f"There is {tmp_path}, and ssd_march in it." in caught.value.remedy


# ---------------------------------------------------------------------- what Excel shows and its file does not hold


def changed(path: Path, before: str, after: str) -> Path:
    """Change the first sheet of a workbook, as other programs write it."""
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name).decode() for name in file.namelist()}
    assert before in parts["xl/sheet1.xml"]
    parts["xl/sheet1.xml"] = parts["xl/sheet1.xml"].replace(before, after)
    with zipfile.ZipFile(path, "w") as file:
        for name, text in parts.items():
            file.writestr(name, text)
    return path


def of_sheet(path: Path) -> tuple[list[tuple], dict[str, int], list[str]]:
    """Return the rows of a sheet as (date of birth, ethnicity, id), how many cells cannot be read, and where they are."""
    rows, readings = read(Source(type="files", path=path), PERSON)
    reading = readings["ssd_person"]
    return rows["ssd_person"], reading.unreadable_cells, reading.places


NOT_STORED = {
    "<f>VLOOKUP(A1,B:B,1)</f>": "a formula without a stored value",
    "<f/>": "a formula without a stored value",
    "<f>A1</f><v>#REF!</v>": "the error #REF!",
    "<v>#VALUE!</v>": "the error #VALUE!",
    "<f>A1</f><v>#N/A</v>": None,
    "<f>A1</f><v></v>": None,
    "<f>A1</f><v>2026-03-31</v>": None,
}


def test_a_cell_of_excel_without_what_it_shows_is_told_and_not_silently_empty(tmp_path):
    rows: list[list[object]] = [[f"id{n}", "", f"day{n}"] for n in range(len(NOT_STORED))]
    path = workbook(tmp_path / "ssd.xlsx", {"ssd_person": [["pers_person_id", "pers_ethnicity", "pers_dob"], *rows]})
    for n, cell in enumerate(NOT_STORED):
        for column, value in (("A", "id"), ("C", "day")):
            text = f'<c r="{column}{n + 2}" t="inlineStr"><is><t xml:space="preserve">{value}{n}</t></is></c>'
            changed(path, text, f'<c r="{column}{n + 2}" t="{"e" if "#" in cell else "str"}">{cell}</c>')

    read_rows, unreadable, places = of_sheet(path)

    told = [(n, why) for n, why in enumerate(NOT_STORED.values(), 2) if why]
    assert unreadable == {"pers_person_id": len(told), "pers_dob": len(told)}
    assert places == [
        f"ssd.xlsx!ssd_person row {n}: {name} ({why})" for name in ("pers_person_id", "pers_dob") for n, why in told
    ]
    assert sorted(row[2] or "" for row in read_rows) == [*[""] * (len(read_rows) - 1), "2026-03-31"]


def test_numbers_that_excel_keeps_whole_are_ids_and_longer_ones_are_nobodys(tmp_path):
    ids = [123456789012345, 1234567890123456, 1e15, "1234567890123456"]
    path = workbook(tmp_path / "ssd.xlsx", {"ssd_person": [["pers_person_id", "pers_ethnicity"], *([each, "b"] for each in ids)]})

    rows, unreadable, places = of_sheet(path)

    assert sorted(row[2] or "" for row in rows) == ["", "", "123456789012345", "1234567890123456"]
    assert unreadable == {"pers_person_id": 2}
    assert places[0] == "ssd.xlsx!ssd_person row 3: pers_person_id (a number of more than 15 digits)"


def test_the_rows_under_a_merged_cell_have_no_id_and_that_is_told(tmp_path):
    path = workbook(
        tmp_path / "ssd.xlsx", {"ssd_person": [["pers_person_id", "pers_ethnicity"], ["a", "1"], [None, "2"], [None, "3"]]}
    )
    changed(
        path, "</sheetData>", '</sheetData><mergeCells count="2"><mergeCell ref="A2:A3"/><mergeCell ref="D1:F9"/></mergeCells>'
    )

    rows, unreadable, places = of_sheet(path)

    assert sorted(row[2] or "" for row in rows) == ["", "", "a"]
    assert unreadable == {"pers_person_id": 1}
    assert places == ["ssd.xlsx!ssd_person row 3: pers_person_id (part of a merged cell)"]


def test_a_sheet_with_a_title_says_where_its_columns_are_named(tmp_path):
    path = workbook(
        tmp_path / "ssd.xlsx", {"ssd_person": [["Extract of Oakshire"], [], ["pers_person_id", "pers_dob"], ["a", None]]}
    )

    problem = read(Source(type="files", path=path), PERSON)[1]["ssd_person"].problem

    assert problem == (
        "ssd.xlsx!ssd_person: the names of its columns stand in row 3, below a title. "
        "Export it without a title: its first line must be the names of the columns."
    )


def test_a_sheet_that_is_named_nearly_as_a_table_is_never_said_not_to_be_there(tmp_path):
    path = workbook(tmp_path / "ssd.xlsx", {"ssd_cp_plans": [["cppl_cp_plan_id"]], "Person": [["pers_person_id"]]})

    problem = read(Source(type="files", path=path), PERSON)[1]["ssd_person"].problem

    assert problem == "there is no sheet ssd_person, but there is Person. Name it ssd_person, or take it out."


# ---------------------------------------------------------------------- said once, and by every command


def test_what_is_wrong_with_every_table_is_said_once(tmp_path):
    for name in ("ssd_person", "ssd_cp_plans"):
        (tmp_path / f"{name}.csv").write_text(";".join(TABLES[name].columns) + "\n")

    with pytest.raises(SourceError) as caught:
        read(
            Source(type="files", path=tmp_path),
            {name: frozenset(TABLES[name].columns) for name in ("ssd_person", "ssd_cp_plans")},
        )

    assert caught.value.problem == (
        f"none of the 2 tables in {tmp_path} can be read; of ssd_cp_plans.csv: its cells stand between semicolons, and not commas"
    )
    assert caught.value.remedy == 'Set the source\'s delimiter to ";" in config.yaml; all the files must be written alike.'


def test_a_run_says_once_what_it_found_in_place_of_the_case_data_and_what_to_do(tmp_path):
    (tmp_path / "episodes.csv").write_text(EPISODES)
    council = MadeCouncil(tmp_path)
    config = council.configure("sqlite:///alerting.db", source={"type": "files", "path": str(tmp_path)})

    shown = CliRunner().invoke(cli, ["--config", str(config), "run", "daily", "--as-of", MONDAY.isoformat()]).output

    data = [line for line in shown.splitlines() if line.startswith("data: ")]
    assert len(data) == 1
    assert "episodes.csv: looks like the return of children looked after (SSDA903)." in data[0]
    assert "DQ-02 and WF-01 wait" in shown

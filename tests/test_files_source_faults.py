"""Files that cannot be read, are not whole, or are not ours to read: what is said, and what it costs."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import ValidationError

from alerting.casedata.snapshot import TableReading
from alerting.errors import SourceError
from alerting.sources.files.source import Source, _Csv
from tests.extracts import HEADER, PERSON, ids, people, workbook
from tests.small_council import WANTED, read

# ---------------------------------------------------------------------- what is wrong with a file


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty, without even a header"),
        (b"\n\n", "is empty, without even a header"),
        (b"pers_person_id,pers_dob,PERS_DOB\n1,,\n", "the header has pers_dob twice"),
        (b"007,White,2010-02-28\n", "names none of the columns needed, such as pers_dob"),
        (HEADER.replace(",", ";").encode() + b"1;a;\n", "its cells stand between semicolons, and not commas"),
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
        "there is no ext_restricted, but there is ext_restrict.csv. Name it ext_restricted.csv, or move it away."
    )


def test_a_path_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="there is no folder and no Excel workbook") as caught:
        read(Source(type="files", path=tmp_path / "gone"))

    assert "Set the source's path" in caught.value.remedy


def test_a_folder_without_a_case_table_is_an_error_that_says_what_was_looked_for(tmp_path):
    (tmp_path / "ssd_persons.csv").write_text(HEADER)

    with pytest.raises(SourceError, match="no case table was found in") as caught:
        read(Source(type="files", path=tmp_path))

    assert "such as ssd_person.csv" in caught.value.remedy
    assert "ssd_persons.csv: looks like ssd_person. Name it ssd_person.csv." in caught.value.remedy


def test_a_damaged_parquet_file_cannot_be_read(tmp_path):
    _, reading = people(tmp_path, b"PAR1 and then nothing", "ssd_person.parquet")

    assert reading.problem == "ssd_person.parquet: is not a Parquet file that can be read. Export it again."


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


def test_a_file_that_is_written_anew_after_it_was_looked_through_ahead_is_looked_through_again(tmp_path, monkeypatch):
    plans, person = {"ssd_cp_plans": frozenset({"cppl_cp_plan_id"})}, tmp_path / "ssd_person.csv"
    (tmp_path / "ssd_cp_plans.csv").write_text("cppl_cp_plan_id,x\n1,\n")
    person.write_text(HEADER + "1,White,2010-02-28\n")
    looked, look_through, fill = threading.Semaphore(0), _Csv.look_through, _Csv.fill

    def look(file: _Csv):
        found = look_through(file)
        if file.path == person:
            looked.release()
        return found

    def fill_first(file: _Csv, into, table, columns):
        fill(file, into, table, columns)
        if table == "ssd_cp_plans":
            assert looked.acquire(timeout=10)
            person.write_text(HEADER + '2,"White, British",2010-02-28\n3,Other,2010-02-28\n')

    monkeypatch.setattr(_Csv, "look_through", look)
    monkeypatch.setattr(_Csv, "fill", fill_first)
    rows, readings = read(Source(type="files", path=tmp_path), PERSON | plans)

    assert looked.acquire(blocking=False)
    assert sorted(ids(rows["ssd_person"])) == ["2", "3"]
    assert readings["ssd_person"].left_out == 0


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

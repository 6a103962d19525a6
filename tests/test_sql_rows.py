"""How the rows of a database reach the engine: in a file without a name where there can be one and every cell can stand in it."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from alerting.casedata.snapshot import Snapshot
from alerting.sources import sql
from tests.case_databases import sqlite_database
from tests.small_council import AS_OF, SETTINGS

Rows = list[tuple[str | None, str | None]]
PLAIN: Rows = [("1", "Other"), ("2", 'a, "b"\r\nc'), ("3", None)]


def read(folder: Path, rows: Rows) -> Rows:
    """Return the raw rows that are read of a table of these."""
    database = sqlite_database(folder)
    database.make("ssd_person", ["pers_person_id", "pers_ethnicity"], rows)
    with Snapshot(AS_OF, SETTINGS) as snapshot:
        database.source().read({"ssd_person": frozenset({"pers_person_id", "pers_ethnicity"})}, snapshot)
        return snapshot.sql("SELECT pers_person_id, pers_ethnicity FROM raw.ssd_person ORDER BY 1")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="this system has no files without a name")
def test_rows_go_to_the_engine_in_one_file(tmp_path, monkeypatch):
    monkeypatch.setattr(sql, "_stream", lambda *_: pytest.fail("rows went piece by piece"))

    assert read(tmp_path, PLAIN) == PLAIN


def test_without_files_that_have_no_name_they_go_piece_by_piece(tmp_path, monkeypatch):
    monkeypatch.setattr("alerting.private_files.nameless", lambda: nullcontext(None))

    assert read(tmp_path, PLAIN) == PLAIN


def test_a_text_that_cannot_stand_in_a_file_arrives_as_it_is_with_the_other_rows(tmp_path):
    odd = [*PLAIN, ("4", "a\0b")]

    assert read(tmp_path, odd) == odd

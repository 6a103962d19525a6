"""The council's own tables as files to be filled in: each can be read as it is written, and says what its columns mean."""

from __future__ import annotations

import csv
import io

import pytest
from click.testing import CliRunner

from alerting.casedata.catalogue import TABLES
from alerting.casedata.extension_checks import ALWAYS_THERE, WORDS
from alerting.casedata.own_tables import as_csv, own_tables
from alerting.commands import cli
from tests.case_rows import shipped
from tests.small_council import settled

OWN = [name for name, table in TABLES.items() if table.extension]


def test_every_column_of_every_table_has_its_meaning():
    assert list(own_tables()) == OWN
    assert all(column.means for columns in own_tables().values() for column in columns)


def test_the_made_up_row_of_each_table_is_read_without_a_fault():
    files = {table: list(csv.reader(io.StringIO(as_csv(table)))) for table in OWN}
    with settled({table: (header, [row]) for table, (header, row) in files.items()}, shipped().settings) as snapshot:
        for table in OWN:
            reading = snapshot.readings[table]
            assert (reading.rows, reading.unreadable_cells, reading.unmapped) == (1, {}, {}), table
            assert [
                name for name in ALWAYS_THERE.get(table, ()) if snapshot.sql(f"SELECT {name} FROM {table}") == [(None,)]
            ] == []
            for name, words in WORDS.get(table, {}).items():
                assert snapshot.sql(f"SELECT coalesce(norm({name}), '{words[0]}') FROM {table}")[0][0] in words


@pytest.mark.parametrize("table", ["ext_plan_action", "EXT_PLAN_ACTION.csv"])
def test_a_template_is_a_file_and_its_meanings_go_beside_it(table, tmp_path):
    printed = CliRunner().invoke(cli, ["source", "template", table])
    path = tmp_path / "ext_plan_action.csv"
    written = CliRunner().invoke(cli, ["source", "template", table, "--to", str(path)])

    assert printed.stdout == path.read_text("utf-8") == as_csv("ext_plan_action")
    assert "evidence: the codes of the rules" in printed.stderr
    assert written.stdout == ""
    again = CliRunner().invoke(cli, ["source", "template", table, "--to", str(path)])
    assert again.exit_code == 1
    assert "is there already" in again.stderr


def test_a_table_of_another_name_is_refused_with_the_nearest():
    refused = CliRunner().invoke(cli, ["source", "template", "ext_plan_actions"])

    assert refused.exit_code == 1
    assert "ext_plan_action" in refused.stderr

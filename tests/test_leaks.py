"""Nothing that stands in a cell leaves the council but what is meant to: every column of every table holds a text of its own, once.

The tables and columns are those of the catalogue, and the rules are all that are shipped: what is added to either is swept too.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from alerting.app import build
from alerting.casedata.catalogue import TABLES
from alerting.commands import cli
from alerting.sources.demo.source import Source
from tests.office import RULES

pytestmark = pytest.mark.slow

DAY = date(2026, 3, 2)
JOBS = ("daily", "weekly", "monthly")
TOLD = {
    ("ext_staff", "name"): "who is written to",
    ("ext_staff", "email"): "where they are written to",
    ("ext_team", "name"): "whose alerts they are",
    ("ext_plan_action", "title"): "what the improvement plan calls an action",
    ("ssd_professionals", "prof_professional_name"): "who has a case",
    ("ssd_department", "dept_team_name"): "whose case it is",
}
"""What messages say as it stands in the data, each with why."""
_CASE_DATA = ("ssd", "kept", "alerting.db")
"""Where case data is kept, private: the extract, the days kept, and the store."""


def mark_of(table: str, column: str) -> str:
    """Return the text that is planted in a column: a name that no other text of a run has."""
    return f"Zq{sorted(TABLES).index(table)}x{column.replace('_', '').title()}"


def write_planted(folder: Path) -> dict[str, tuple[str, str]]:
    """Write the made-up council with one text planted in each column that is no id, and two columns of names; return what was planted."""
    folder.mkdir()
    planted: dict[str, tuple[str, str]] = {}
    made = Source(children=120).tables(DAY)
    somebody = made["ssd_person"]["pers_person_id"][0]
    for table, columns in made.items():
        # A table that happens to be empty has one row.
        cells = {
            name: list(column) or [somebody if name.endswith("person_id") else f"{name} 1"] for name, column in columns.items()
        }
        rows = len(next(iter(cells.values())))
        if table == "ext_team":
            cells["name"] = [f"{mark_of(table, 'name')} {number}" for number in range(rows)]
        for place, name in enumerate(cells):
            known = TABLES[table].columns.get(name)
            if known is None or known.kind == "id" or (table, name) in TOLD or table == "ext_load":
                continue
            planted[mark_of(table, name)] = table, name
            cells[name][place % rows] = mark_of(table, name)
        for name in ("forename", "notes"):  # no column of ours, and read by nothing
            planted[mark_of(table, name)] = table, name
            cells[name] = [mark_of(table, name)] * rows
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(cells)
            writer.writerows(zip(*cells.values(), strict=True))
    return planted


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Mapping[str, tuple[str, str]], Mapping[str, str]]:
    """What was planted, and by its name all that three jobs and two commands have written outside where case data is kept."""
    folder = tmp_path_factory.mktemp("leaks")
    planted = write_planted(folder / "ssd")
    config = {
        "council": {"name": "Exampleshire", "administrators": [{"name": "Ann", "address": "ann@example.gov.uk"}]},
        "source": {"type": "files", "path": "ssd"},
        "rules": {"path": RULES.as_posix()},
        "go_live": "full",
        "receivers": {"outbox": {"type": "folder", "path": "outbox"}},
    }
    (folder / "config.yaml").write_text(json.dumps(config), "utf-8")
    app = build(folder / "config.yaml")
    store = app.store()
    said = {}
    for hour, job in enumerate(JOBS, 7):
        report = app.pipeline(store).run(job, DAY, lambda hour=hour: datetime(2026, 3, 2, hour, tzinfo=UTC))
        assert report is not None
        assert any(row.has_answered for row in report.rules)
        said[f"the report of {job}"] = json.dumps(report.as_json(), default=str)
    store.close()
    for command in (["source", "check", "--as-of", str(DAY)], ["check", "--offline"]):
        said[" ".join(command)] = CliRunner().invoke(cli, ["--config", str(folder / "config.yaml"), *command]).output
    said |= {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in _written(folder)}
    return planted, said


def _written(folder: Path) -> Iterator[Path]:
    yield from (
        path for path in folder.rglob("*") if path.is_file() and not path.relative_to(folder).parts[0].startswith(_CASE_DATA)
    )


def test_every_table_and_column_has_a_text_of_its_own(swept: tuple[Mapping[str, tuple[str, str]], Mapping[str, str]]) -> None:
    planted, said = swept
    places = set(planted.values())

    for table in TABLES.keys() - {"ext_load", "ext_restricted"}:
        columns = {name for name, column in TABLES[table].columns.items() if column.kind != "id" and not column.optional}
        assert {(table, name) for name in columns} - TOLD.keys() <= places, table
    messages = [text for name, text in said.items() if name.startswith("outbox/")]
    assert sum(mark_of("ext_team", "name") in text for text in messages) > 20, (
        "what is meant to be told is found where it is looked for"
    )


def test_no_text_of_a_cell_stands_in_anything_that_leaves_or_is_written_elsewhere(
    swept: tuple[Mapping[str, tuple[str, str]], Mapping[str, str]],
) -> None:
    planted, said = swept
    leaks = {(*planted[mark], name) for name, text in said.items() for mark in planted if mark.casefold() in text.casefold()}

    assert leaks == set()

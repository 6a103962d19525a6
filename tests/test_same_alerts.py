"""A council with its own SSD: as Windows files, as Parquet, or in PostgreSQL, it gets the same alerts as from the demo itself."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from alerting.app import build
from alerting.commands.alerts import as_row
from alerting.sources.demo.export import export
from alerting.sources.demo.source import Source

DAY = date(2026, 3, 2)
MOMENT = datetime(2026, 3, 2, 7, tzinfo=UTC)
CHILDREN = 250


def alerts_of(folder: Path, source: dict[str, Any]) -> list[dict[str, Any]]:
    """Run the daily job on a source and give its alerts as the command line lists them."""
    folder.mkdir()
    config = {
        "council": {"name": "Exampleshire"},
        "source": source,
        "receivers": {"outbox": {"type": "folder", "path": "outbox"}},
    }
    (folder / "config.yaml").write_text(json.dumps(config), "utf-8")
    app = build(folder / "config.yaml")
    store = app.store()
    try:
        report = app.pipeline(store).run("daily", DAY, lambda: MOMENT)
        assert report is not None
        assert (report.status, report.problems) == ("done", ())
        return [as_row(alert) for alert in store.live()]
    finally:
        store.close()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    alerts = alerts_of(tmp_path_factory.mktemp("demo") / "demo", {"type": "demo", "children": CHILDREN})
    assert len(alerts) > 10
    return alerts


@pytest.mark.slow
def test_from_windows_files(tmp_path: Path, expected: list[dict[str, Any]]) -> None:
    export(Source(children=CHILDREN), DAY, tmp_path / "ssd", "csv", date_style="uk", encoding="cp1252", line_end="\r\n")

    assert alerts_of(tmp_path / "office", {"type": "files", "path": str(tmp_path / "ssd")}) == expected


@pytest.mark.slow
def test_from_parquet(tmp_path: Path, expected: list[dict[str, Any]]) -> None:
    export(Source(children=CHILDREN), DAY, tmp_path / "ssd", "parquet")

    assert alerts_of(tmp_path / "office", {"type": "files", "path": str(tmp_path / "ssd")}) == expected


@pytest.mark.slow
def test_from_postgresql_with_a_schema_a_prefix_and_real_dates(
    tmp_path: Path, postgres_url: str, expected: list[dict[str, Any]]
) -> None:
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA ssd_live"))
        for name, columns in Source(children=CHILDREN).tables(DAY).items():
            cells = [sa.Column(column, sa.Text) for column in columns]
            table = sa.Table(f"v_{name}", sa.MetaData(schema="ssd_live"), *cells)
            table.create(connection)
            rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
            if rows:
                connection.execute(table.insert(), rows)
        connection.execute(
            sa.text(
                "ALTER TABLE ssd_live.v_ssd_cp_visits ALTER cppv_cp_visit_date TYPE timestamp USING cppv_cp_visit_date::timestamp"
            )
        )
    engine.dispose()

    assert alerts_of(tmp_path / "office", {"type": "sql", "url": postgres_url, "schema": "ssd_live", "prefix": "v_"}) == expected

"""A region of made councils, each a folder with its config.yaml, extract, store and outbox; what became of each, to compare."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from click.testing import CliRunner

from alerting.commands import cli
from alerting.store import schema
from alerting.store.store import Store
from tests.made_council import MONDAY, MadeCouncil

DAY = MONDAY.isoformat()
NAMES = ("adur", "barton", "corfe")
_SEAL = re.compile(r"('Sealed as', 'value': ')[0-9a-f]+")
_OWN = {"message_id", "planned_at", "finished_at", "handed_over_at", "expires_at", "owner", "lease_until", "next_at", "answer"}


def found_council(region: Path, name: str, children: int = 2) -> MadeCouncil:
    """Make a council in a region, with so many more children of whom some were seen long ago."""
    folder = region / name
    folder.mkdir(parents=True)
    council = MadeCouncil(folder)
    for number in range(children):
        council.on_a_plan(f"{name}-{number}", seen=MONDAY - timedelta(days=10 * number))
    council.write()
    council.configure("sqlite:///alerting.db", council={"name": name.title(), "domain": f"{name}.example.gov.uk"})
    return council


def found_region(region: Path) -> dict[str, MadeCouncil]:
    """Make a region of three councils of different sizes."""
    return {name: found_council(region, name, children) for name, children in zip(NAMES, (2, 5, 9), strict=True)}


def the_command(region: Path) -> list[str]:
    """Return the command line that runs the day of a region."""
    return [sys.executable, "-m", "alerting", "region", "run", "daily", "--authorities", str(region), "--as-of", DAY]


def run_one_by_one(place: Path) -> dict[str, dict[str, str]]:
    """Make the region's councils anew, run each by itself, and return the fingerprints of each."""
    for name, council in found_region(place).items():
        result = CliRunner().invoke(cli, ["--config", str(council.folder / "config.yaml"), "run", "daily", "--as-of", DAY])
        assert result.exit_code == 0, (name, result.output)
    return {name: fingerprints(place / name) for name in NAMES}


def fingerprints(council: Path) -> dict[str, str]:
    """Return a hash of what a council's store says of its findings, and one of its messages; of no run, no moment and no seal."""
    store = Store.open(f"sqlite:///{(council / 'alerting.db').as_posix()}", create=False)
    try:
        with store.transaction() as connection:
            alerts = _rows(connection, sa.join(schema.alert, schema.reading), {"id", "alert_id", "run_id"}, schema.alert.c.ref)
            messages = _rows(connection, schema.outbox, {"id", "run_id", *_OWN}, schema.outbox.c.key)
    finally:
        store.close()
    return {"findings": _hash(alerts), "messages": _hash(messages), "counts": f"{len(alerts)}, {len(messages)}"}


def _rows(connection: sa.Connection, table: sa.FromClause, but: set[str], by: sa.Column[str]) -> list[str]:
    columns = [column for column in table.c if column.name not in but]
    found = connection.execute(sa.select(*columns).select_from(table).order_by(by))
    return [_SEAL.sub(r"\1", repr([_plain(value) for value in row])) for row in found]


def _plain(value: object) -> object:
    """Return a value, JSON as what it says: how it is spaced depends on who wrote it."""
    return json.loads(value) if isinstance(value, str) and value.startswith("{") else value


def _hash(rows: list[str]) -> str:
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()

"""The tables of the run, in the engine: made before rules are asked, and filled as they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from alerting.casedata.conversion import quoted
from alerting.casedata.trust import Trust
from alerting.evaluation.evaluation import Asked, Status
from alerting.model import Level
from alerting.rulebook.book import Rulebook
from alerting.rulebook.rule import Rule
from alerting.rulebook.run_tables import RUN_ANSWER, RUN_RULE, RUN_TABLE, RUN_TABLES

if TYPE_CHECKING:
    from alerting.casedata.snapshot import Snapshot

_TYPES = {"text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "date": "DATE", "boolean": "BOOLEAN"}
_LEVELS = " ".join(f"WHEN {int(level)} THEN '{level.name}'" for level in Level)
_ANSWERS = f"""SELECT r.rule, r.about, f.subject, f.outcome, CASE f.level {_LEVELS} END AS level, coalesce(f.level, 0) AS seriousness,
  f.measure, f.due, f.team AS team_id, f.worker AS worker_id, f.person AS person_id
  FROM finding f JOIN "rule of the run" r ON r.id = f.rule"""


def make_empty(snapshot: Snapshot) -> None:
    """Make the tables of the run without a row, for what only asks whether SQL can be asked at all."""
    for name in RUN_TABLES:
        _make(snapshot, name)


def make(snapshot: Snapshot, rules: Iterable[Rule], trust: Trust | None) -> None:
    """Make the tables of the run beside the answers. rules: all that are asked. trust: what is believed today; None for all."""
    known = tuple(rules)
    _make(snapshot, RUN_RULE)
    _make(snapshot, RUN_TABLE)
    snapshot.sql('CREATE TABLE "rule of the run" (id VARCHAR, rule VARCHAR, about VARCHAR)')
    snapshot.sql(
        'INSERT INTO "rule of the run" SELECT unnest($1::VARCHAR[]), unnest($2::VARCHAR[]), unnest($3::VARCHAR[])',
        [[rule.id for rule in known], [rule.code for rule in known], [rule.about.value for rule in known]],
    )
    snapshot.sql(f"CREATE VIEW {RUN_ANSWER} AS {_ANSWERS}")
    _fill_tables(snapshot, {table for rule in known for table in rule.reads}, trust)


def note(snapshot: Snapshot, notes: Sequence[tuple[Rule, Asked]]) -> None:
    """Note how asking rules went."""
    _insert(snapshot, [_row(rule, asked) for rule, asked in notes])


def note_broken(snapshot: Snapshot, book: Rulebook) -> None:
    """Note the rules that are switched on and cannot be asked at all, as their files have faults."""
    _insert(snapshot, [[rule.code, rule.id, rule.job, None, Status.error.value, False, None, 0, 0, 0] for rule in book.broken])


def _row(rule: Rule, asked: Asked) -> Sequence[object]:
    serious = asked.match[Level.red.name] + asked.match[Level.critical.name]
    return [
        rule.code,
        rule.title,
        rule.file.job,
        rule.about.value,
        asked.status.value,
        rule.shadow,
        asked.filled,
        asked.population,
        asked.unknown,
        serious,
    ]


def _insert(snapshot: Snapshot, rows: Sequence[Sequence[object]]) -> None:
    if not rows:
        return
    types = (_TYPES[column.type] for column in RUN_TABLES[RUN_RULE].values())
    cells = ", ".join(f"unnest(${number}::{kind}[])" for number, kind in enumerate(types, 1))
    snapshot.sql(f"INSERT INTO {RUN_RULE} SELECT {cells}", [list(column) for column in zip(*rows, strict=True)])


def _fill_tables(snapshot: Snapshot, tables: Collection[str], trust: Trust | None) -> None:
    names = sorted(tables)
    doubted = trust.doubted if trust else frozenset[str]()
    rows = [reading.rows if (reading := snapshot.readings.get(name)) else None for name in names]
    columns = [names, [_is_supplied(snapshot, name) for name in names], [name not in doubted for name in names], rows]
    snapshot.sql(
        f"INSERT INTO {RUN_TABLE} SELECT unnest($1::VARCHAR[]), unnest($2::BOOLEAN[]), unnest($3::BOOLEAN[]), unnest($4::BIGINT[])",
        columns,
    )


def _is_supplied(snapshot: Snapshot, table: str) -> bool:
    """Return whether a council has a table: one of its own with a row, or that cannot be read; any other unless it says it has not."""
    if not table.startswith("ext_"):
        left_out = snapshot.settings.params.get("not_supplied")
        return table not in (left_out if isinstance(left_out, (list, tuple)) else ())
    reading = snapshot.readings.get(table)
    return bool(reading and (reading.rows or reading.problem))


def _make(snapshot: Snapshot, name: str) -> None:
    columns = ", ".join(f"{quoted(column)} {_TYPES[each.type]}" for column, each in RUN_TABLES[name].items())
    snapshot.sql(f"CREATE TABLE {name} ({columns})")

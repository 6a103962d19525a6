"""A council larger than can be made at once: councils of 60,000, made one after the other and put together, their ids kept apart.

Of these as many are made as there are `SEEDS`, as each takes a minute and 2 GB; under other ids each stands in it as often as is needed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb

from alerting.casedata.catalogue import TABLES

PART = 60_000
SEEDS = (7, 8, 9, 10)
_MORE_IDS = {
    ("ext_staff", "email"): r"\S+",
    ("ext_visit_freq", "set_by"): r"\S+",
    ("ext_restricted", "allowed_recipients"): r"[^\s;]+",
}
"""Columns of texts that are, or name, ids as well: an address is a person's. As what in them an id is."""


def put_together(children: int, folder: Path, make: Callable[[int, Path], object]) -> None:
    """Write a council of so many children as Parquet. make: makes one of `PART` of a seed in a folder. Of each only its files are kept."""
    if children % PART:
        raise ValueError(f"{children} is no multiple of {PART}")
    parts, numbers = folder.with_name(f"{folder.name}-parts"), range(children // PART)
    for seed in SEEDS[: len(numbers)]:
        make(seed, parts / str(seed))
    joined(parts, [(str(10 + number), str(SEEDS[number % len(SEEDS)])) for number in numbers], folder)
    shutil.rmtree(parts)


def joined(parts: Path, stand: list[tuple[str, str]], folder: Path) -> None:
    """Write councils as one. stand: what ids begin with in each, and in which folder of `parts` it is."""
    unfinished = folder.with_name(f"{folder.name}-unfinished")
    unfinished.mkdir()
    with duckdb.connect(config={"memory_limit": "2GB"}) as engine:
        for file in sorted((parts / stand[0][1]).glob("*.parquet")):
            rows = " UNION ALL BY NAME ".join(
                f"SELECT {_apart(engine, file, prefix)} FROM read_parquet('{parts / part / file.name}')" for prefix, part in stand
            )
            if file.stem == "ext_load":  # says how many rows each table has
                rows = f"SELECT table_name, max(loaded_at) AS loaded_at, sum(row_count::BIGINT)::VARCHAR AS row_count FROM ({rows}) GROUP BY 1"
            engine.execute(f"COPY ({rows}) TO '{unfinished / file.name}' (FORMAT parquet)")
    unfinished.rename(folder)


def _apart(engine: duckdb.DuckDBPyConnection, file: Path, prefix: str) -> str:
    """Return what is selected of a table: its columns, with a prefix before each id, behind what white space stands there."""
    described = engine.execute(f"DESCRIBE SELECT * FROM read_parquet('{file}')").fetchall()
    ours, cells = TABLES[file.stem].columns, []
    for name, *_ in described:
        ids = r"\S+" if name in ours and ours[name].kind == "id" else _MORE_IDS.get((file.stem, name))
        cells.append(f"""regexp_replace("{name}", '{ids}', '{prefix}\\0', 'g') AS "{name}\"""" if ids else f'"{name}"')
    return ", ".join(cells)


def as_csv(parquet: Path, folder: Path) -> None:
    """Write the tables of a folder of Parquet files as CSV."""
    unfinished = folder.with_name(f"{folder.name}-unfinished")
    unfinished.mkdir()
    with duckdb.connect(config={"memory_limit": "2GB"}) as engine:
        for file in sorted(parquet.glob("*.parquet")):
            engine.execute(f"COPY (FROM read_parquet('{file}')) TO '{unfinished / file.stem}.csv' (FORMAT csv, HEADER)")
    unfinished.rename(folder)

"""Time the shipped rules beside others' ways of asking the same of the same tables, which must give the same answers.

    python -m bench evaluate [--children 3000 --children 60000] [--runs 5] [--folder FOLDER]

Reading beside a bare scan of the same columns; twelve rules beside hand-written SQL (`by_hand/`) in the same engine; three of them beside pandas and Polars; what can be said of one row
beside rule-engine and cel-python; a count beside pointblank. Each is asked in turn, `runs` times, after the tables were read; shown is
processor time. What is not installed is left out, and said: `pip install -e '.[bench]'`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from alerting.casedata.catalogue import TABLES
from alerting.casedata.snapshot import Snapshot, Wanted
from alerting.casedata.trust import Past
from alerting.evaluation.day import Day, ask, read_day
from alerting.evaluation.query import rule_query
from alerting.model import Level
from alerting.rulebook.book import Rulebook
from alerting.rulebook.loader import load_rulebook
from alerting.rulebook.rule import Rule
from alerting.sources.files.source import Source
from bench import dataframes, per_row
from bench.figures import Stopwatch, Times, show
from bench.made import AS_OF, as_read, export

RULES = Path(__file__).parent.parent / "rules"
BY_HAND = Path(__file__).parent / "by_hand"
SHARED = ("child", "minor", "legal", "care", "plan")
Answers = set[tuple[str, ...]]
"""Code, subject and level of every match, where whose it is was asked with its worker and team."""


def main() -> None:
    """Print a table of ratios for each council."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, action="append")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    book = load_rulebook(RULES)
    for children in given.children or [3000, 60000]:
        with tempfile.TemporaryDirectory() as place:
            council = export(children, "csv", given.folder or Path(place))
            source = Source(type="files", path=council)
            rows = list(beside_scanning(book, source, given.runs))
            with read_day(book, source, book.rules, AS_OF, Past) as day:
                rows += ask_in_turn(book, as_read(book, day), given.runs, Path(place))
            show(
                f"Data of {children:,} children, read and asked ({given.runs} of each, processor time)",
                ["what", "by", "s", "x"],
                rows,
            )


def ask_in_turn(book: Rulebook, day: Day, runs: int, folder: Path) -> Iterator[list[object]]:
    """Return a line for each way of asking one council."""
    yield from beside_sql(book, day, runs)
    yield from beside_dataframes(day.snapshot, runs, folder)
    yield from beside_libraries(book, day, runs)
    yield from beside_pointblank(day.snapshot, runs, folder)


def lines(asked: str, times: dict[str, Times], first: str) -> Iterator[list[object]]:
    """Return a line for each way, beside the first."""
    for name, each in times.items():
        yield [asked, name, each, each.beside(times[first])]


# ---------------------------------------------------------------------- reading, and a bare scan


def beside_scanning(book: Rulebook, source: Source, runs: int) -> Iterator[list[object]]:
    """Read and check all that the rules need of CSV files, and only scan the same columns with their dates."""
    wanted = book.wanted(book.rules)
    watch = Stopwatch()
    for _ in range(runs):
        with watch.timed("DuckDB alone"):
            scan(source.path, wanted)
        with watch.timed("read and checked", and_engine=True), read_day(book, source, book.rules, AS_OF, Past):
            pass
    yield from lines(f"reading {len(wanted)} tables of CSV", watch.times(), "DuckDB alone")


def scan(folder: Path, wanted: Wanted) -> None:
    """Make tables of the wanted columns, days as days; what cannot be read is nothing, and nobody is told."""
    with duckdb.connect() as engine:
        for table, columns in wanted.items():
            if not (file := folder / f"{table}.csv").exists():
                continue
            rows = f"read_csv('{file}', header = true, all_varchar = true)"
            there = {name for name, *_ in engine.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()} & columns
            days = {name for name in there if TABLES[table].columns[name].kind in ("date", "moment")}
            selected = ", ".join(f"try_cast({name} AS TIMESTAMP) AS {name}" if name in days else name for name in sorted(there))
            engine.execute(f"CREATE TABLE {table} AS SELECT {selected} FROM {rows}")


# ---------------------------------------------------------------------- twelve rules, and SQL by hand


def beside_sql(book: Rulebook, day: Day, runs: int) -> Iterator[list[object]]:
    """Ask twelve rules, and the SQL that a colleague would write for each; raise AssertionError where they do not agree."""
    codes = sorted(path.stem for path in BY_HAND.glob("[A-Z]*.sql"))
    rules = tuple(rule for rule in book.rules if rule.code in codes)
    assert len(rules) == len(codes), codes
    ways: dict[str, Callable[[], Answers]] = {
        "SQL by hand": lambda: ask_by_hand(day.snapshot, codes),
        "the rules": lambda: ask_rules(book, day, rules),
    }
    watch, answers = Stopwatch(), dict[str, Answers]()
    for _ in range(runs):
        for name, way in ways.items():
            with nothing_left(day.snapshot), watch.timed(name, and_engine=True):
                answers[name] = way()
    differing = answers["the rules"] ^ answers["SQL by hand"]
    assert not differing, f"{len(differing)} answers differ: {sorted(differing, key=str)[:6]}"
    yield from lines(f"{len(codes)} rules, {len(answers['the rules']):,} matches", watch.times(), "SQL by hand")


def ask_by_hand(snapshot: Snapshot, codes: list[str]) -> Answers:
    """Return what the SQL written by hand finds, with whose it is."""
    find_by_hand(snapshot, codes)
    return set(snapshot.sql(_by_hand("_whose")))


def find_by_hand(snapshot: Snapshot, codes: list[str]) -> Answers:
    """Return the code, subject and level of what it finds."""
    for name in SHARED:
        snapshot.sql(f"CREATE TABLE {name} AS {_by_hand(f'_{name}')}")
    found = " UNION ALL ".join(f"SELECT '{code}' AS code, * FROM ({_by_hand(code)}) WHERE level IS NOT NULL" for code in codes)
    snapshot.sql(f"CREATE TABLE found AS {found}")
    return set(snapshot.sql("SELECT code, id, level FROM found"))


def _by_hand(name: str) -> str:
    return (BY_HAND / f"{name}.sql").read_text("utf-8")


def ask_rules(book: Rulebook, day: Day, rules: tuple[Rule, ...]) -> Answers:
    """Return what the rules find; their answers hold when it is due and the facts as well, and who is clear."""
    answers = ask(book, as_read(book, day), rules)
    assert all(asked.status == "ok" for asked in answers.asked.values()), answers.asked
    rows = day.snapshot.sql("SELECT rule, subject, level, worker, team FROM finding WHERE outcome = 'match'")
    codes = {rule.id: rule.code for rule in rules}
    return {(codes[rule], subject, Level(level).name, worker, team) for rule, subject, level, worker, team in rows}


@contextmanager
def nothing_left(snapshot: Snapshot) -> Iterator[None]:
    """Drop the tables that were made in the block."""
    there = "SELECT table_name FROM duckdb_tables()"
    before = set(snapshot.sql(there))
    yield
    for (name,) in set(snapshot.sql(there)) - before:
        snapshot.sql(f'DROP TABLE "{name}"')


# ---------------------------------------------------------------------- other libraries


def beside_dataframes(snapshot: Snapshot, runs: int, folder: Path) -> Iterator[list[object]]:
    """Ask three of the rules by data frames, beside the same SQL by hand."""
    for table, columns in dataframes.READS.items():
        snapshot.write_parquet(f"SELECT {', '.join(columns)} FROM {table}", folder / f"{table}.parquet")
    snapshot.write_parquet("SELECT d, no FROM calendar", folder / "calendar.parquet")
    codes = list(dataframes.CODES)
    ways: dict[str, Callable[[], Answers]] = {"SQL by hand": lambda: find_by_hand(snapshot, codes)}
    ways |= dataframes.ways(folder, AS_OF)
    watch, answers = Stopwatch(), dict[str, Answers]()
    for _ in range(runs):
        for name, way in ways.items():
            with nothing_left(snapshot), watch.timed(name, and_engine=True):
                answers[name] = way()
    assert all(found == answers["SQL by hand"] for found in answers.values()), {name: len(each) for name, each in answers.items()}
    yield from lines(f"{', '.join(codes)}", watch.times(), "SQL by hand")


def beside_libraries(book: Rulebook, day: Day, runs: int) -> Iterator[list[object]]:
    """Ask the one rule of the twelve that says something of a single row of its subject, with no date to reckon, row by row."""
    [rule] = (rule for rule in book.rules if rule.code == per_row.CODE)
    with nothing_left(day.snapshot):
        ask(book, as_read(book, day), (rule,))
        subject = f"subject_{rule.subject.id}"
        rows = [{"plan_start": start} for (start,) in day.snapshot.sql(f"SELECT plan_start FROM {subject}")]
        ways: dict[str, Callable[[], int]] = {"the rule": lambda: matches(day.snapshot, rule_query(rule))}
        ways |= per_row.ways(rows, AS_OF)
        watch, found = Stopwatch(), dict[str, int]()
        for _ in range(runs):
            for name, way in ways.items():
                with watch.timed(name, and_engine=True):
                    found[name] = way()
    assert len(set(found.values())) == 1, found
    yield from lines(f"{per_row.CODE}, {len(rows):,} plans", watch.times(), "the rule")


def matches(snapshot: Snapshot, query: str) -> int:
    """Return how many matches a rule's query finds."""
    [(count,)] = snapshot.sql(
        f"SELECT count(*) FILTER (WHERE outcome = 'match') FROM ({query}) q(rule, subject, outcome, level, measure, due, team, worker, "
        "adviser, service, person, member, also, facts)"
    )
    return int(count)


def beside_pointblank(snapshot: Snapshot, runs: int, folder: Path) -> Iterator[list[object]]:
    """Count the assessments that are not authorised after 45 working days, as a data-quality tool counts failed rows."""
    [(limit,)] = snapshot.sql("SELECT max(d) FROM calendar WHERE no = (SELECT no FROM calendar WHERE d = as_of()) - 45")
    count = f"SELECT count(*) FROM ssd_cin_assessments WHERE cina_assessment_auth_date IS NULL AND cina_assessment_start_date < '{limit}'"
    ways: dict[str, Callable[[], int]] = {"SQL by hand": lambda: int(snapshot.sql(count)[0][0])}
    ways |= dataframes.counting(folder, limit)
    watch, found = Stopwatch(), dict[str, int]()
    for _ in range(runs):
        for name, way in ways.items():
            with watch.timed(name, and_engine=True):
                found[name] = way()
    assert len(set(found.values())) == 1, found
    yield from lines(f"a count of {found['SQL by hand']:,} late assessments", watch.times(), "SQL by hand")


if __name__ == "__main__":
    main()

"""What needs nothing of each other is asked of the engine at once: each statement as if it were alone, and one that fails touches no other."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alerting.casedata import engine
from alerting.casedata.catalogue import Limits, Settings
from alerting.casedata.engine_errors import EngineError
from alerting.casedata.snapshot import Ran, Snapshot
from alerting.rulebook import sql_tree
from alerting.sources.files.csv_text import examine
from tests.made_council import MONDAY
from tests.office import Office

SETTINGS = Settings(params={"limit": 7}, codes={}, bank_holidays=frozenset(), limits=Limits(memory_mb=1024, seconds=20))
ENDLESS = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n % 7 + 1 FROM t) SELECT max(n) AS n FROM t"
DAY = timedelta(days=1)
MANY = 12
"""More statements than there are processors, so that each connection has several."""


@pytest.fixture
def snapshot() -> Iterator[Snapshot]:
    with Snapshot(MONDAY, SETTINGS) as snapshot:
        snapshot.settle({})
        yield snapshot


def rows(snapshot: Snapshot, *statements: str) -> list[object]:
    return [each.rows for each in snapshot.sql_all(statements)]


def test_each_is_answered_in_its_place(snapshot: Snapshot) -> None:
    assert rows(snapshot, *(f"SELECT {number}" for number in range(MANY))) == [[(number,)] for number in range(MANY)]


def test_each_sees_the_day_and_the_settings(snapshot: Snapshot) -> None:
    assert rows(snapshot, *["SELECT as_of(), param('limit')"] * MANY) == [[(MONDAY, 7)]] * MANY

    snapshot.share({"limit": 8})

    assert rows(snapshot, *["SELECT param('limit')"] * MANY) == [[(8,)]] * MANY


def test_one_that_fails_touches_no_other(snapshot: Snapshot) -> None:
    assert (
        rows(snapshot, "CREATE TABLE one AS SELECT 1 AS n", "SELECT * FROM nowhere", "CREATE TABLE two AS SELECT 2 AS n")[1]
        is None
    )
    assert snapshot.sql("SELECT n FROM one UNION ALL SELECT n FROM two ORDER BY n") == [(1,), (2,)]


def test_none_reaches_anything_outside(snapshot: Snapshot, tmp_path: Path) -> None:
    there, made = tmp_path / "there.csv", tmp_path / "made.csv"
    there.write_text("id\n1\n")
    outside = [
        f"SELECT count(*) FROM read_csv('{there.as_posix()}')",
        f"COPY (SELECT 1) TO '{made.as_posix()}'",
        "SET enable_external_access = true",
    ]

    assert rows(snapshot, *outside * 4) == [None] * 12
    assert not made.exists()


def test_a_name_is_never_a_variable_of_the_program_that_asks(snapshot: Snapshot) -> None:
    assert rows(snapshot, *["SELECT current_setting('python_enable_replacements')"] * MANY) == [[(False,)]] * MANY


def test_once_data_is_read_a_statement_has_one_thread_and_is_not_shared_out(snapshot: Snapshot) -> None:
    assert rows(snapshot, *["SELECT current_setting('threads')"] * MANY) == [[(1,)]] * MANY


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the engine is asked from then on."""
    asked: list[str] = []
    ask = engine.Engine.ask

    def listening(self: engine.Engine, operation: str, number: int, *arguments: Any, seconds: float) -> Any:
        if operation == "execute_all":
            asked.extend(arguments[0])
        elif operation == "execute":
            asked.append(arguments[0])
        return ask(self, operation, number, *arguments, seconds=seconds)

    monkeypatch.setattr(engine.Engine, "ask", listening)
    return asked


def test_texts_that_are_read_ahead_are_read_by_one_question(statements: list[str]) -> None:
    texts = [f"SELECT {number} AS asked_at_once" for number in range(MANY)]
    sql_tree.read_ahead([*texts, "SELECT FROM"])

    trees = [sql_tree.syntax(text)["statements"][0]["node"]["select_list"][0]["alias"] for text in texts]

    assert (trees, sql_tree.syntax("SELECT FROM")["error"]) == (["asked_at_once"] * MANY, True)
    assert len([each for each in statements if "json_serialize_sql" in each]) == 1


@pytest.mark.slow
def test_who_has_left_is_asked_only_of_a_subject_of_which_an_alert_is_not_there(tmp_path: Path, statements: list[str]) -> None:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.settings = {"go_live": "full", "keep": {"days": 0}}
    office.rule()
    office.run(MONDAY)
    del statements[:]
    office.run(MONDAY + DAY)

    assert not [each for each in statements if "FROM live " in each]

    office.council.remove("ssd_cp_plans", cppl_person_id="C1")
    office.run(MONDAY + 2 * DAY)
    assert len([each for each in statements if "FROM live l" in each]) == 1


def test_what_was_counted_of_a_rule_asked_with_others_is_what_it_answered(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule()
    office.rule("shorter", "PL-02", params="{long_days: 70}")

    counted = {row.code: (row.population, row.match["amber"], row.clear) for row in office.run(MONDAY).rules}

    assert (counted["PL-01"], counted["PL-02"]) == ((2, 2, 0), (2, 0, 2))


@pytest.mark.slow
def test_what_was_made_is_there_again_where_the_engine_is_lost_later(snapshot: Snapshot) -> None:
    rows(snapshot, *(f"CREATE TABLE made_{number} AS SELECT {number} AS n" for number in range(MANY)))
    threading.Timer(0.3, os.kill, [engine.start()._process.pid, signal.SIGKILL]).start()
    with pytest.raises(EngineError):
        snapshot.sql(ENDLESS)

    assert snapshot.sql(f"SELECT n FROM made_{MANY - 1}") == [(MANY - 1,)]


@pytest.mark.slow
def test_where_the_engine_is_lost_in_the_middle_nothing_is_taken_for_made(snapshot: Snapshot) -> None:
    threading.Timer(0.5, os.kill, [engine.start()._process.pid, signal.SIGKILL]).start()

    assert rows(snapshot, "CREATE TABLE one AS SELECT 1 AS n", f"CREATE TABLE two AS {ENDLESS}") == [None, None]
    assert snapshot.sql("CREATE TABLE one AS SELECT 2 AS n") == [(1,)], "asked alone, it is made as if nothing had been"


def test_one_that_never_ends_takes_the_time_there_is_and_what_was_done_by_then_stands(snapshot: Snapshot) -> None:
    with snapshot.time_limit(0.5):
        made = rows(snapshot, f"CREATE TABLE endless AS {ENDLESS}", *(f"CREATE TABLE t{n} AS SELECT 1" for n in range(3)))

    assert made[0] is None
    assert all(made[1:])
    assert snapshot.sql("SELECT 1") == [(1,)]


@pytest.mark.slow
def test_one_that_never_ends_has_its_time_alone_and_need_not_be_asked_again(snapshot: Snapshot) -> None:
    with snapshot.time_limit(2):
        endless, *others = snapshot.sql_all([ENDLESS, *["SELECT 1"] * MANY])

    assert endless.rows is None
    assert str(endless.failed) == "it takes longer than the 20 seconds that it may take"
    assert others == [Ran([(1,)], each.seconds) for each in others]


@pytest.mark.skipif((os.cpu_count() or 1) == 1, reason="one after the other, each is alone")
def test_of_several_that_never_end_none_has_had_its_time(snapshot: Snapshot) -> None:
    with snapshot.time_limit(0.5):
        ran = snapshot.sql_all([ENDLESS, "SELECT 1", ENDLESS])

    assert [each.rows for each in ran] == [None, [(1,)], None]
    assert [each.failed for each in ran] == [None] * 3


@pytest.mark.parametrize(
    ("record", "is_plain"),
    [
        ('1,"a ""b"" c"', True),
        ('1,""', True),
        ('1,""""', True),
        ('1,"""b"""', True),
        ('"{""A"": ""N"", ""B"": ""Y,N""}",2', True),
        ('1,a""b', False),
        ('1,a"b"', False),
        ('1,"a"b', False),
        ('1,"a" "b"', False),
        ('1,"a\x01b"', True),
        ('1,a\x01b""c', False),
    ],
)
def test_marks_that_are_doubled_within_a_cell_leave_a_file_plain(tmp_path: Path, record: str, is_plain: bool) -> None:
    file = tmp_path / "made.csv"
    file.write_bytes(f"id,text\n{record}\n2,b\n".encode())

    shape = examine(file, b",", file.name)

    assert shape.regular == is_plain
    if is_plain:
        assert shape.delimiters == 3

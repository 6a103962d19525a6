"""Rules are asked within a memory and a time that hold: what takes more, or takes the engine down, costs itself and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerting.app import build
from alerting.casedata import engine
from alerting.casedata.catalogue import Limits, Settings
from alerting.casedata.engine_errors import EngineError
from alerting.casedata.snapshot import Snapshot, Source, Wanted
from alerting.casedata.syntax import syntax_of
from alerting.errors import AlertingError, SourceError
from alerting.evaluation import evaluate
from alerting.evaluation.evaluate import ask_rules
from alerting.rulebook import sql_tree
from tests.made_council import MONDAY
from tests.office import Office, rule_row

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
SETTINGS = Settings(params={}, codes={}, bank_holidays=frozenset(), limits=Limits(memory_mb=512, seconds=20))
MEMORY = "it needs more than the 512 MB of memory that it may take"
TOO_MUCH = {
    "a recursion that doubles": "WITH RECURSIVE t(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM t WHERE length(s) < 1e12) "
    "SELECT max(length(s)) AS n FROM t",
    "a text repeated": "SELECT max(length(s)) AS n FROM (SELECT string_agg(repeat('x', 20000000) || i) AS s FROM range(100) t(i))",
    "a long list": "SELECT len(range(4000000000::BIGINT + count(*))) AS n FROM ssd_person",
    "a cross join": "SELECT len(list(a.range + b.range)) AS n FROM range(100000) a, range(100000) b",
}
QUICK = "a long list"
ENDLESS = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n % 7 + 1 FROM t) SELECT max(n) AS n FROM t"


def subject_that(sql: str) -> str:
    """A subject of the children on a plan that asks something of the engine besides."""
    path = Path(__file__).parent.parent / "rules" / "subjects" / "child_protection_plan.yaml"
    text = path.read_text("utf-8").replace("id: child_protection_plan", "id: hostile")
    head, _, after = text.partition("sql: |\n")
    own, left, proof = after.partition("left_when:")
    asked = "  SELECT s.* FROM (\n" + own.rstrip() + f"\n  ) s WHERE (SELECT n FROM ({sql})) IS NOT NULL\n"
    return f"{head}sql: |\n{asked}{left}{proof}"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule()
    office.rule("hostile-one", "PL-02", subject="hostile")
    office.settings = {"go_live": "full", "engine": {"memory_mb": 512, "seconds": 20}}
    office.subject = lambda sql: (tmp_path / "rules/subjects/hostile.yaml").write_text(subject_that(sql))  # type: ignore[attr-defined]
    return office


def asked_for(office: Office, sql: str) -> tuple[str, str]:
    """Run a day on which that is fine, then one on which the subject asks so; return how asking the two rules went."""
    office.subject("SELECT 1 AS n")  # type: ignore[attr-defined]
    office.run(MONDAY)
    office.subject(sql)  # type: ignore[attr-defined]

    report = office.run(MONDAY + DAY)

    assert report.alerts.held == 2, "what it said before stands"
    assert [str(rule_row(report, "PL-01").match["amber"]), rule_row(report, "PL-01").status] == ["2", "ok"]
    row = rule_row(report, "PL-02")
    return row.status, row.problem or ""


@pytest.mark.parametrize(
    "sql", [pytest.param(sql, id=name, marks=() if name == QUICK else pytest.mark.slow) for name, sql in TOO_MUCH.items()]
)
def test_a_subject_that_asks_for_more_memory_than_there_may_be_is_left_out_in_the_same_morning(office: Office, sql: str) -> None:
    assert asked_for(office, sql) == ("error", f"the subject hostile cannot be made: {MEMORY}")


@pytest.mark.slow
def test_a_subject_that_never_ends_is_left_out_in_the_same_morning(office: Office) -> None:
    office.settings["engine"]["seconds"] = 5

    assert asked_for(office, ENDLESS) == (
        "error",
        "the subject hostile cannot be made: it takes longer than the 5 seconds that it may take",
    )


class _Asked(Snapshot):
    """A snapshot that notes what it is asked alone."""

    def __init__(self, as_of: date, settings: Settings) -> None:
        self.alone: list[str] = []
        super().__init__(as_of, settings)

    def sql(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        self.alone.append(statement)
        return super().sql(statement, parameters)


def test_what_never_ends_costs_its_time_once(office: Office) -> None:
    office.subject(ENDLESS)  # type: ignore[attr-defined]
    office.settings["engine"]["seconds"] = 5
    office.council.write()
    book = build(office.council.configure(office.store_url, **office.settings)).policy().book
    hostile = next(rule for rule in book.rules if rule.code == "PL-02")
    with _Asked(MONDAY, book.settings) as snapshot:
        snapshot.settle(book.wanted(book.rules))
        snapshot.alone.clear()

        answers = ask_rules(book, snapshot, [hostile])

    assert (
        answers.asked[hostile.id].problem
        == "the subject hostile cannot be made: it takes longer than the 5 seconds that it may take"
    )
    assert [statement for statement in snapshot.alone if "hostile" in statement and statement.startswith("CREATE")] == []


@pytest.fixture
def snapshot() -> Iterator[Snapshot]:
    with Snapshot(MONDAY, SETTINGS) as snapshot:
        snapshot.settle({})
        snapshot.sql("CREATE TABLE mine AS SELECT 42 AS answer")
        yield snapshot


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_a_service_that_is_told_to_stop_keeps_its_engine_for_what_it_still_does(snapshot: Snapshot, told: signal.Signals) -> None:
    process = engine.start()._process
    assert snapshot.sql("SELECT 1") == [(1,)]
    os.kill(process.pid, told)  # as systemd does to each process of a service

    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    assert snapshot.sql("SELECT 2") == [(2,)]
    assert engine.start()._process.pid == process.pid


def break_down(snapshot: Snapshot) -> str:
    """Have the engine's process end in the middle of a statement; return what is said of it."""
    threading.Timer(0.3, os.kill, [engine.start()._process.pid, signal.SIGKILL]).start()
    with pytest.raises(EngineError) as lost:
        snapshot.sql(ENDLESS)
    return lost.value.safe


def test_what_takes_the_engine_down_costs_itself_and_what_was_in_the_engine_is_there_again(snapshot: Snapshot) -> None:
    with Snapshot(MONDAY, SETTINGS) as beside:
        beside.settle({})
        beside.at(date(2026, 3, 31))

        assert break_down(snapshot) == "the engine broke down over it"
        assert snapshot.sql("SELECT answer, as_of() FROM mine") == [(42, MONDAY)]
        assert beside.sql("SELECT as_of()") == [(date(2026, 3, 31),)]
        with pytest.raises(EngineError):
            snapshot.sql("SELECT count(*) FROM read_csv('/etc/passwd')")  # its doors are shut again


def test_what_the_service_itself_asks_and_has_no_memory_for_is_said_with_what_to_do(snapshot: Snapshot) -> None:
    with pytest.raises(AlertingError) as spent:
        snapshot.sql(TOO_MUCH[QUICK])

    assert (
        str(spent.value)
        == f"a question to the engine had no answer: {MEMORY}\n  Set more memory, `engine: memory_mb:` in config.yaml, and run again."
    )


def test_what_the_service_itself_asks_wrongly_is_its_own_fault(snapshot: Snapshot) -> None:
    with pytest.raises(EngineError) as wrong:
        snapshot.sql("SELECT nothing_of_that_name")

    assert not isinstance(wrong.value, AlertingError)


@pytest.mark.parametrize("at_a_time", [1, 2, 3])
def test_live_alerts_are_laid_beside_the_answers_a_few_at_a_time(
    office: Office, monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    monkeypatch.setattr(evaluate, "_AT_A_TIME", at_a_time)
    office.subject("SELECT 1 AS n")  # type: ignore[attr-defined]
    office.run(MONDAY)
    office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_end_date"] = MONDAY.isoformat()

    alerts = office.run(MONDAY + DAY).alerts

    assert (alerts.new, alerts.ongoing, alerts.held, alerts.resolved) == (0, 2, 0, 2)


class Made(Source):
    """A source that has a person, and does something before it gives them."""

    def __init__(self, *people: str) -> None:
        self.people, self.reads = people, 0
        self.before: Mapping[str, str] = {}

    def read(self, wanted: Wanted, into: Snapshot) -> None:
        self.reads += 1
        for table, person in (("ssd_person", "pers_person_id"), ("ssd_missing", "miss_person_id")):
            try:
                if table in self.before:
                    into.fill_from(table, self.before[table])
                into.fill(table, [person], [list(self.people)])
            except SourceError as error:
                into.unreadable(table, error.problem)


WANTED = {"ssd_person": frozenset({"pers_person_id"}), "ssd_missing": frozenset({"miss_person_id"})}


def test_data_that_was_read_is_read_again_into_the_next_engine() -> None:
    source = Made("P1", "P2")
    with Snapshot(MONDAY, SETTINGS) as snapshot:
        snapshot.read(source, WANTED)
        break_down(snapshot)

        assert snapshot.sql("SELECT pers_person_id FROM ssd_person ORDER BY 1") == [("P1",), ("P2",)]
        assert source.reads == 2


def test_data_that_is_not_the_same_when_it_is_read_again_is_not_asked() -> None:
    source = Made("P1", "P2")
    with Snapshot(MONDAY, SETTINGS) as snapshot:
        snapshot.read(source, WANTED)
        source.people = ("P1", "P3")
        break_down(snapshot)

        with pytest.raises(SourceError, match="changed while rules were asked"):
            snapshot.sql("SELECT pers_person_id FROM ssd_person")


def test_a_table_over_which_the_engine_is_lost_is_unreadable_and_the_others_are_read() -> None:
    source = Made("P1")
    source.before = {"ssd_missing": "SELECT 'x' AS miss_person_id, len(range(4000000000 + count(*))) AS n FROM range(3)"}
    with Snapshot(MONDAY, SETTINGS) as snapshot:
        snapshot.read(source, WANTED)

        assert snapshot.sql("SELECT pers_person_id FROM ssd_person") == [("P1",)]
        assert (snapshot.readings["ssd_missing"].rows, MEMORY in (snapshot.readings["ssd_missing"].problem or "")) == (None, True)


class OverOnce(Made):
    """A source after which the engine is lost, as many times as it is said: nothing that it filled is to blame."""

    def __init__(self, times: int) -> None:
        super().__init__("P1")
        self.times = times

    def read(self, wanted: Wanted, into: Snapshot) -> None:
        super().read(wanted, into)
        if self.reads <= self.times:
            os.kill(engine.start()._process.pid, signal.SIGKILL)
            engine.start()._process.wait()


def test_tables_over_which_the_engine_is_lost_together_are_settled_one_by_one() -> None:
    source = OverOnce(1)
    with Snapshot(MONDAY, SETTINGS) as snapshot:
        snapshot.read(source, WANTED)

        assert snapshot.sql("SELECT pers_person_id, miss_person_id FROM ssd_person, ssd_missing") == [("P1", "P1")]
        assert source.reads == 2


def test_tables_over_which_it_is_lost_one_by_one_too_cannot_be_read() -> None:
    with Snapshot(MONDAY, SETTINGS) as snapshot, pytest.raises(SourceError, match="the case data cannot be read"):
        snapshot.read(OverOnce(2), WANTED)


def test_of_texts_read_at_once_one_that_takes_the_engine_down_leaves_the_others_readable() -> None:
    deep = "SELECT " + "(" * 100_000 + "1" + ")" * 100_000
    sql_tree.read_ahead(["SELECT 41", deep, "SELECT 42"])

    assert [sql_tree.syntax(sql)["error"] for sql in ("SELECT 41", "SELECT 42")] == [False, False]


def test_a_text_that_takes_the_engine_down_as_it_is_read_is_nested_too_deeply() -> None:
    syntax_of("SELECT 1")
    engine_process = engine.start()._process.pid
    os.kill(engine_process, signal.SIGSTOP)  # so that it is at it still when it ends
    threading.Timer(0.1, os.kill, [engine_process, signal.SIGKILL]).start()
    with pytest.raises(RecursionError):
        syntax_of("SELECT 2")

    assert syntax_of("SELECT 2")["error"] is False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks into /proc")
def test_the_engine_ends_with_whoever_asks_it_even_in_the_middle_of_a_statement() -> None:
    program = f"""
from tests.test_engine_limits import *
import threading
with Snapshot(MONDAY, SETTINGS) as snapshot:
    snapshot.settle({{}})
    print(engine.start()._process.pid, flush=True)
    snapshot.sql({ENDLESS!r})
"""
    asks = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent)
    assert asks.stdout is not None
    status = Path(f"/proc/{int(asks.stdout.readline())}/status")
    time.sleep(0.3)

    asks.kill()
    asks.communicate()

    for _ in range(100):
        if not status.exists() or "Z (zombie)" in status.read_text():
            return
        time.sleep(0.05)
    pytest.fail("the engine lives on")

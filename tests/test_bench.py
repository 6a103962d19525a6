"""Each part of `make bench` runs, at a size that says nothing of how long things take: what it measures is measured elsewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from alerting.sources.demo import Source
from alerting.sources.demo.export import export
from bench import dataframes, england, evaluate, large
from bench.figures import Times, exponent
from tests.case_rows import shipped
from tests.made_council import MONDAY

ROOT = Path(__file__).parent.parent
TINY = {
    "evaluate": ("--children", "200", "--runs", "1"),
    "daily": ("--children", "60", "--runs", "1"),
    "store": ("--findings", "200", "--runs", "1"),
    "send": ("--children", "60", "--receivers", "2", "--runs", "1"),
    "backtest": ("--children", "60", "--days", "2", "--runs", "1"),
}


@pytest.mark.slow
@pytest.mark.parametrize("part", TINY)
def test_each_part_of_the_bench_ends_with_a_table(part):
    done = subprocess.run(
        [sys.executable, "-m", "bench", part, *TINY[part]], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "| --" in done.stdout


def test_the_rules_that_are_written_by_hand_are_rules_that_there_are():
    by_hand = {path.stem for path in evaluate.BY_HAND.glob("[A-Z]*.sql")}

    assert len(by_hand) == 12
    assert by_hand | set(dataframes.CODES) <= {rule.code for rule in shipped().rules}


def test_what_takes_twice_as_long_for_twice_as_much_grows_with_the_power_of_one():
    assert exponent([100, 200, 400], [1.0, 2.0, 4.0]) == pytest.approx(1)
    assert exponent([100, 200, 400], [1.0, 4.0, 16.0]) == pytest.approx(2)


def test_a_time_is_shown_as_its_median_with_the_least_and_the_most():
    assert str(Times((1.0, 3.0, 1.25))) == "1.25 (1-3)"


def test_councils_that_are_put_together_keep_their_ids_apart_and_what_belongs_together_together(tmp_path):
    for seed in (1, 2):
        demo = Source(children=60, seed=seed)
        export(demo, MONDAY, tmp_path / "parts" / str(seed), "parquet")
    large.joined(tmp_path / "parts", [("10", "1"), ("11", "2"), ("12", "1")], tmp_path / "all")
    large.as_csv(tmp_path / "all", tmp_path / "csv")

    def rows(query: str, folder: str = "all") -> list[tuple]:
        return duckdb.execute(query.replace("FROM ", f"FROM '{tmp_path.as_posix()}/{folder}/")).fetchall()

    of = "SELECT count(*), count(DISTINCT {0}) FROM {1}.parquet'"
    for column, table in (("pers_person_id", "ssd_person"), ("email", "ext_staff"), ("team_id", "ext_team")):
        one, other = (rows(of.format(column, table), f"parts/{seed}")[0] for seed in (1, 2))
        assert rows(of.format(column, table)) == [(2 * one[0] + other[0], 2 * one[1] + other[1])]
    [(people,)] = rows("SELECT row_count FROM ext_load.parquet' WHERE table_name = 'ssd_person'")
    assert int(people) == rows("SELECT count(*) FROM ssd_person.csv'", "csv")[0][0]
    lost = "SELECT count(*) FROM ssd_cin_episodes.parquet' WHERE cine_person_id NOT IN (SELECT pers_person_id FROM ssd_person.parquet')"
    assert rows(lost) == [(0,)]


def test_the_authorities_of_england_have_all_its_rows_between_them_and_a_sample_is_of_all_sizes():
    sizes = england.children(0.1)

    assert len(sizes) == 153
    assert sum(sizes) * 58 == pytest.approx(15_200_000, rel=0.01)
    assert sizes[76] / sizes[0] == pytest.approx(sizes[-1] / sizes[76], rel=0.05)
    assert england.sampled(sizes, 3) == [sizes[0], sizes[76], sizes[-1]]
    assert england.sampled(sizes, 200) == sizes


def test_what_all_would_take_is_what_each_takes_and_what_each_row_does():
    line = england.fitted([1_000, 3_000, 5_000], [3.0, 5.0, 7.0])

    assert line.of(153, 152_000_000) == pytest.approx(153 * 2 + 152_000)

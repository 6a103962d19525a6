"""A region on a cluster of Spark: what it tells people is what each authority by itself would have told them, whatever becomes of a machine."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.region_of_councils import NAMES, fingerprints, found_council, found_region, run_one_by_one, the_command
from tests.spark_cluster import CAN_START, Cluster, descendants, kill, spark_cluster

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not CAN_START, reason="there is no Java or no pyspark (the extra `spark`), or this is no Linux: .ci/run installs both"
    ),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory):
    with spark_cluster(tmp_path_factory.mktemp("cluster") / "spark") as cluster:
        yield cluster


def driver(cluster: Cluster, region: Path) -> subprocess.Popen[str]:
    options = ["--engine", "spark", "--master", cluster.address, "--json"]
    return subprocess.Popen(
        [*the_command(region), *options], env=cluster.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def rows(council: Path, query: str) -> list[tuple[str, ...]]:
    """Return what a council's store answers; nothing where there is none yet."""
    try:
        with closing(sqlite3.connect(f"file:{council / 'alerting.db'}?mode=ro", uri=True)) as store:
            return store.execute(query).fetchall()
    except sqlite3.OperationalError:
        return []


def lose_a_machine(cluster: Cluster, region: Path) -> str:
    """End a worker in the middle of a run, with all that is on it, and return whose run it was."""
    until = time.monotonic() + 240
    while time.monotonic() < until:
        for name in NAMES:
            for (owner,) in rows(region / name, "SELECT owner FROM occurrence WHERE state = 'running'"):
                for worker in cluster.workers:
                    if int(owner.split(":")[1]) in descendants(worker.pid):
                        kill(worker)
                        return name
        time.sleep(0.02)
    pytest.fail("no worker runs any council")


def test_two_drivers_at_once_a_lost_machine_and_a_broken_authority_change_nothing_that_anybody_is_told(tmp_path, cluster):
    region, alone = tmp_path / "region", run_one_by_one(tmp_path / "alone")
    found_region(region)
    found_council(region, "garbage").folder.joinpath("extracts", "ssd_cp_visits.csv").write_bytes(b"\x00\xff" * 500)
    found_council(region, "sly").folder.joinpath("config.yaml").write_text("council: [")

    with driver(cluster, region) as one, driver(cluster, region) as other:
        try:
            lost = lose_a_machine(cluster, region)
            said = [each.communicate(timeout=400) for each in (one, other)]
        finally:
            one.kill()
            other.kill()

    reports = [json.loads(report) for report, _ in said]
    endings = {
        name: {one["ending"] for report in reports for one in report["authorities"] if one["name"] == name}
        for name in (*NAMES, "garbage", "sly")
    }
    assert all("done" in endings[name] and endings[name] <= {"done", "held"} for name in NAMES), (endings, said)
    assert "done_with_faults" in endings["garbage"]
    assert endings["sly"] == {"unsafe"}
    assert (one.returncode, other.returncode) == (1, 1)
    assert {("abandoned",), ("done",)} <= set(rows(region / lost, "SELECT status FROM run"))
    assert {name: fingerprints(region / name) for name in NAMES} == alone

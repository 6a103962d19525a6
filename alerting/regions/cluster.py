"""Authorities as tasks of Apache Spark: it says which machine does which, and gives what a lost machine had to another.

A task starts the same process as one on this machine does, and the authority's own store says whether it was done already. Each authority
is a job of its own for Spark, so that one which it gives up costs no other.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

from alerting.errors import ConfigError
from alerting.regions.one_authority import Errand, run_authority
from alerting.regions.region import Engine
from alerting.regions.region_report import AuthorityRun


def on_cluster(master: str | None) -> Engine:
    """Return the engine that runs authorities on Spark.

    master: such as spark://host:7077; None for the one that Spark's own settings name, or else all processors of this machine. Raises
    ConfigError where the package is not installed, or no cluster answers.
    """
    try:
        from pyspark import SparkConf, SparkContext
    except ImportError:
        raise ConfigError(
            "Spark needs a package that is not installed (pyspark)",
            remedy="Install the extra `spark`, such as `pip install practice-alerts[spark]`, or use `--engine local`.",
        ) from None
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    settings = SparkConf()
    settings.setIfMissing("spark.app.name", "practice-alerts")
    settings.setIfMissing("spark.ui.enabled", "false")  # no page listens that nobody asked for
    settings.setIfMissing("spark.ui.showConsoleProgress", "false")
    settings.set("spark.speculation", "false")  # a second copy of a task would find the store held, and be believed
    if master:
        settings.setMaster(master)
    else:
        settings.setIfMissing("spark.master", "local[*]")
    try:
        context = SparkContext.getOrCreate(settings)
    except Exception as error:  # noqa: BLE001  (Java's and the socket's, each its own)
        raise ConfigError(
            f"Spark does not start ({type(error).__name__})",
            remedy="See that Java 17 or later is installed (JAVA_HOME), and that --master names a cluster that can be reached from here.",
        ) from None
    return _engine(context)


def _engine(context: Any) -> Engine:
    def run(errand: Errand) -> AuthorityRun:
        context.setJobDescription(errand.authority.name)
        [ended] = context.parallelize([errand], 1).map(_run_as_task).collect()
        return ended  # type: ignore[no-any-return]

    def places() -> int:
        # One more than there are, so that none of these waits for the next. There are more as machines of the cluster come.
        with suppress(Exception):  # where Spark is gone, each authority is told of as lost
            return int(context.defaultParallelism) + 1
        return 1

    def cancel() -> None:
        with suppress(Exception):
            context.cancelAllJobs()

    return Engine(name="spark", places=places, run=run, cancel=cancel)


def _run_as_task(errand: Errand) -> AuthorityRun:
    from pyspark import TaskContext

    task = TaskContext.get()
    return run_authority(errand, is_again=task is not None and task.attemptNumber() > 0)

"""A standalone cluster of Apache Spark on loopback: a master, and workers that can be killed with all that they have started."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

CAN_START = (
    shutil.which("java") is not None and importlib.util.find_spec("pyspark") is not None and sys.platform.startswith("linux")
)
_HASTE = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""What lets a JVM that lives for seconds start sooner."""
_SMALL = f"""\
spark.driver.memory 512m
spark.driver.extraJavaOptions {_HASTE}
spark.executor.extraJavaOptions {_HASTE}
spark.driver.host 127.0.0.1
spark.driver.bindAddress 127.0.0.1
spark.executor.memory 512m
spark.cores.max 1
"""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A cluster that runs, and what a driver needs to find in its environment."""

    address: str
    environment: dict[str, str]
    workers: list[subprocess.Popen[bytes]]


def descendants(process: int) -> list[int]:
    """Return a process and all that it started and these started, as far as they live."""
    found = [process]
    with suppress(OSError):
        children = [one for task in Path(f"/proc/{process}/task").iterdir() for one in (task / "children").read_text().split()]
        for child in children:
            found += descendants(int(child))
    return found


def kill(worker: subprocess.Popen[bytes]) -> None:
    """End a worker as a machine that loses its power would: with everything on it, at once."""
    for process in descendants(worker.pid):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    worker.wait()


@contextmanager
def spark_cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """Run a cluster while the block works; its drivers take one place each."""
    import pyspark

    (folder / "settings").mkdir(parents=True)
    (folder / "settings" / "spark-defaults.conf").write_text(_SMALL)
    home = Path(pyspark.__file__).parent
    own = {
        "SPARK_HOME": str(home),
        "SPARK_CONF_DIR": str(folder / "settings"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": _HASTE,
    }
    environment, port = os.environ | own, _free_port()
    address = f"spark://127.0.0.1:{port}"

    def start(kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [
            str(home / "bin" / "spark-class"),
            f"org.apache.spark.deploy.{kind}",
            "--host",
            "127.0.0.1",
            "--webui-port",
            "0",
            *arguments,
        ]
        with (folder / f"{len(list(folder.glob('*.log')))}.log").open("wb") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    processes = [start("master.Master", "--port", str(port))]
    try:
        for number in range(workers):
            place = ["--cores", "2", "--memory", "1g", "--work-dir", str(folder / f"work-{number}")]
            processes.append(start("worker.Worker", *place, address))
        until = time.monotonic() + 180
        while sum("registered with master" in log.read_text() for log in folder.glob("*.log")) < workers:
            assert time.monotonic() < until, "the cluster does not start"
            time.sleep(0.1)
        yield Cluster(address=address, environment=environment, workers=processes[1:])
    finally:
        for process in processes:
            kill(process)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])

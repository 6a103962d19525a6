"""One authority's run in a process of its own, whichever way that is begun: how long, how large, how often, and what is told of its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from alerting.regions import one_authority
from alerting.regions.authorities import Authority
from alerting.regions.one_authority import Errand, run_authority
from alerting.regions.ready_process import ReadyProcess, begin_anew
from alerting.regions.region_report import AuthorityRun, Ending
from tests.made_council import MONDAY
from tests.region_of_councils import found_council

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says in files what a process has in use")


@dataclass(frozen=True, kw_only=True)
class Scripted(Errand):
    """An errand that is done by a few lines of Python in place of a run."""

    lines: str

    @property
    def arguments(self) -> list[str]:
        return [self.lines]


FORKED = [sys.executable, "-c", "from alerting.regions.ready_process import serve; exec(serve()[0])"]


@pytest.fixture(scope="module")
def ready():
    """Return a ready process that does scripts."""
    process = ReadyProcess(FORKED)
    yield process
    process.stop()


@pytest.fixture(params=["anew", pytest.param("forked", marks=LINUX)])
def run(request, ready):
    """Return what runs a script: by a new interpreter, or forked from a process that is ready."""
    begin = partial(begin_anew, [sys.executable, "-c"]) if request.param == "anew" else ready.begin
    return partial(run_authority, begin=begin)


def scripted(folder: Path, lines: str, *, memory_mb: int = 4096, seconds: float = 60) -> Scripted:
    one = Authority(name="adur", config=folder / "config.yaml")
    lines = f"import json, os, pathlib, signal, subprocess, sys, time\nfolder = pathlib.Path({str(folder)!r})\n{lines}"
    return Scripted(authority=one, job="daily", as_of=MONDAY, memory_mb=memory_mb, minutes=seconds / 60, lines=lines)


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(one_authority, "TRY_AGAIN_AFTER_S", 0.01)


DONE = json.dumps(
    {
        "status": "done",
        "run": 7,
        "source": {"rows": 12, "problems": []},
        "causes": [],
        "hold_fire": None,
        "breaches": [],
        "alerts": {"new": 1},
        "notifications": {"accepted": 2},
    }
)
FAILED = {
    "status": "failed",
    "passing": False,
    "faults": [{"severity": "error", "problem": "no", "remedy": "Do.", "file": "f", "line": 3}],
}


def once_then(first: str) -> str:
    """Return a program that does something the first time, and is done the second."""
    return f"begun = folder / 'begun'\nif not begun.exists():\n    begun.touch()\n    {first}\nprint({DONE!r})"


def test_what_a_run_says_of_itself_is_what_is_reported(tmp_path, run):
    ended = run(scripted(tmp_path, f"print({DONE!r})"))

    assert replace(ended, seconds=0) == AuthorityRun(
        name="adur", ending=Ending.done, run=7, rows=12, starts=1, alerts={"new": 1}, messages={"accepted": 2}
    )


def test_of_a_run_that_could_not_be_done_the_first_fault_is_told_with_its_place_and_it_is_not_tried_again(tmp_path, run):
    ended = run(scripted(tmp_path, f"print({json.dumps(FAILED)!r}); sys.exit(1)"))

    assert (ended.ending, ended.why, ended.starts) == (Ending.failed, "f:3: no. Do.", 1)


def test_a_process_that_died_is_started_once_more(tmp_path, run, at_once):
    ended = run(scripted(tmp_path, once_then("os.kill(os.getpid(), signal.SIGKILL)")))

    assert (ended.ending, ended.starts) == (Ending.done, 2)


def test_one_that_dies_again_is_left(tmp_path, run, at_once):
    ended = run(scripted(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)"))

    assert (ended.ending, ended.why, ended.starts) == (Ending.died, "by signal 9", 2)


def test_what_may_pass_is_tried_again(tmp_path, run, at_once):
    away = json.dumps(FAILED | {"passing": True})

    assert run(scripted(tmp_path, once_then(f"print({away!r}); sys.exit(1)"))).starts == 2


def test_a_store_that_another_process_has_is_left_to_it_at_once(tmp_path, run):
    held = json.dumps({"status": "held", "passing": True, "faults": FAILED["faults"]})

    assert run(scripted(tmp_path, f"print({held!r}); sys.exit(3)")).starts == 1


def test_a_lease_that_a_lost_machine_may_have_is_waited_for(tmp_path, run, at_once):
    held = json.dumps({"status": "held", "passing": True, "faults": FAILED["faults"]})
    ended = run(scripted(tmp_path, once_then(f"print({held!r}); sys.exit(3)")), is_again=True)

    assert (ended.ending, ended.starts) == (Ending.done, 2)


def test_whoever_takes_too_long_is_told_to_stop_then_ended_and_not_tried_again(tmp_path, run, monkeypatch):
    monkeypatch.setattr(one_authority, "GRACE_S", 0.3)
    deaf = "signal.signal(signal.SIGTERM, lambda *_: (folder / 'told').touch())\n"
    ended = run(scripted(tmp_path, f"{deaf}while True: time.sleep(0.05)", seconds=0.6))

    assert (ended.ending, ended.starts) == (Ending.too_long, 1)
    assert (tmp_path / "told").exists()


def test_whoever_comes_to_its_end_while_told_to_stop_has_ended(tmp_path, run):
    ends = f"signal.signal(signal.SIGTERM, lambda *_: (print({DONE!r}), sys.exit(0)))\n"
    ended = run(scripted(tmp_path, f"{ends}while True: time.sleep(0.05)", seconds=0.6))

    assert ended.ending is Ending.done


@LINUX
def test_all_processes_of_one_authority_count_and_all_are_ended(tmp_path, run):
    eats = "pathlib.Path(sys.argv[1], 'eats').write_text(str(os.getpid())); eaten = bytearray(90 << 20); time.sleep(60)"
    lines = f"program = {'import os, pathlib, sys, time; ' + eats!r}\n"
    lines += "others = [subprocess.Popen([sys.executable, '-c', program, str(folder)]) for _ in range(2)]\ntime.sleep(60)"
    began = time.monotonic()
    ended = run(scripted(tmp_path, lines, memory_mb=150))

    assert (ended.ending, ended.starts) == (Ending.too_much_memory, 1)
    assert time.monotonic() - began < 30
    left = int((tmp_path / "eats").read_text())
    for _ in range(100):
        if not Path(f"/proc/{left}").exists() or "Z" in Path(f"/proc/{left}/stat").read_text().rpartition(")")[2]:
            break
        time.sleep(0.05)
    else:
        pytest.fail("a process of an authority that was ended goes on")


def test_a_fault_that_nobody_foresaw_is_told_by_its_last_words(tmp_path, run):
    ended = run(scripted(tmp_path, "print('error: a fault of the program itself', file=sys.stderr); sys.exit(1)"))

    assert (ended.ending, ended.why) == (Ending.failed, "error: a fault of the program itself")


def test_nobody_is_begun_once_the_region_is_told_to_stop(tmp_path, run):
    ended = run(scripted(tmp_path, "(folder / 'begun').touch()"), stopping=lambda: True)

    assert ended.ending is Ending.stopped
    assert not (tmp_path / "begun").exists()


# ---------------------------------------------------------------- the process that is ready


def begun_by(ready: ReadyProcess, folder: Path, lines: str, said: Path | None = None):
    with open(said or os.devnull, "wb") as place, open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        return ready.begin(scripted(folder, lines).arguments, place, nowhere)


def state_of(process: int) -> str | None:
    """Return the letter of what a process is at, Z where it has ended and nobody has heard of it; None where there is none."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None


@LINUX
def test_a_run_has_nothing_of_another_within_reach(tmp_path, ready):
    secret = "import alerting; alerting.secret = os.environ['SECRET'] = 'of adur'\n"
    one = begun_by(ready, tmp_path, f"{secret}(folder / 'begun').touch(); time.sleep(60)")
    until = time.monotonic() + 30
    while not (tmp_path / "begun").exists() and time.monotonic() < until:
        time.sleep(0.01)
    looks = "import alerting\nprint('SECRET' in os.environ, hasattr(alerting, 'secret'), sorted(os.listdir('/proc/self/fd'), key=int))"
    other = begun_by(ready, tmp_path, f"{looks}\nprint(os.getsid(0) == os.getpid(), sys.stdin.read())", tmp_path / "said")

    assert other.wait(30) == 0
    # The fourth file is the folder that is being listed.
    assert (tmp_path / "said").read_text().split("\n")[:2] == ["False False ['0', '1', '2', '3']", "True "]
    assert one.poll() is None
    os.killpg(one.pid, signal.SIGKILL)
    assert one.wait(30) == -signal.SIGKILL


@LINUX
def test_the_number_of_a_run_is_no_other_process_until_its_end_was_heard_of(tmp_path, ready):
    begun = begun_by(ready, tmp_path, "sys.exit(3)")
    until = time.monotonic() + 30
    while state_of(begun.pid) != "Z" and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.1)

    assert state_of(begun.pid) == "Z"
    assert begun.wait(30) == 3
    while state_of(begun.pid) is not None and time.monotonic() < until:
        time.sleep(0.01)
    assert state_of(begun.pid) is None


@LINUX
def test_a_run_whose_ready_process_is_lost_is_ended_and_begun_once_more_by_another(tmp_path, at_once):
    ready = ReadyProcess(FORKED)
    kills = "(folder / 'pid').write_text(str(os.getpid())); os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)"
    try:
        ended = run_authority(scripted(tmp_path, once_then(kills)), begin=ready.begin)
    finally:
        ready.stop()

    assert (ended.ending, ended.starts) == (Ending.done, 2)
    left = int((tmp_path / "pid").read_text())
    until = time.monotonic() + 30
    while state_of(left) not in (None, "Z") and time.monotonic() < until:
        time.sleep(0.01)
    assert state_of(left) in (None, "Z")  # whoever takes on what others left may never ask how it ended


@LINUX
def test_a_thread_that_is_about_to_end_is_waited_for(tmp_path):
    ready = ReadyProcess(
        [sys.executable, "-c", f"import threading, time; threading.Thread(target=time.sleep, args=(0.5,)).start(); {FORKED[2]}"]
    )
    begun = begun_by(ready, tmp_path, "")
    ready.stop()

    assert begun is not None
    begun.wait(30)


@pytest.mark.parametrize(
    "program",
    ["", "raise ImportError", "import threading, time; threading.Thread(target=time.sleep, args=(9,), daemon=True).start()"],
)
@pytest.mark.slow
def test_where_nothing_can_be_forked_a_run_is_begun_by_a_new_interpreter(tmp_path, monkeypatch, program):
    serves = "from alerting.regions.ready_process import serve; serve()" if "Thread" in program else ""
    cannot = ReadyProcess([sys.executable, "-c", f"{program}\n{serves}"])
    monkeypatch.setattr(one_authority, "_ready", cannot)

    assert begun_by(cannot, tmp_path, "") is None
    (tmp_path / "config.yaml").write_text("council: [")
    ended = run_authority(
        Errand(
            authority=Authority(name="adur", config=tmp_path / "config.yaml"),
            job="daily",
            as_of=MONDAY,
            memory_mb=4096,
            minutes=5,
        )
    )

    assert (ended.ending, ended.starts) == (Ending.failed, 1)
    assert "config.yaml:1: not valid YAML" in ended.why


ALL_IS_READ = """
import os, sys, threading
from alerting import readied
from alerting.commands import cli
readied._read()
assert threading.active_count() == len(os.listdir("/proc/self/task")) == 1
before = set(sys.modules)
try:
    cli(sys.argv[1:])
except SystemExit as ended:
    assert ended.code == 0
print(sorted(name for name in set(sys.modules) - before if name.startswith(("alerting", "notifiers", "sqlalchemy", "jinja2", "alembic"))))
"""


@pytest.mark.slow
@LINUX
def test_what_a_run_needs_is_read_before_it_is_forked_and_no_thread_is_left_of_it(tmp_path):
    council = found_council(tmp_path, "adur")
    arguments = ["--config", str(council.folder / "config.yaml"), "run", "daily", "--as-of", MONDAY.isoformat()]
    done = subprocess.run([sys.executable, "-c", ALL_IS_READ, *arguments], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"

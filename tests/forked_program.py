"""The program in processes that are forked from one that has read its code: each begins at once, and ends as one of its own does.

    python -m tests.forked_program CONFIG

CONFIG is the file of settings whose rules are read before any is forked. It reads one line of JSON for each: the program's arguments,
what becomes of its standard output (`heard`, `closed` or `full`), and the files that its output and its errors go to. It answers with
the code that the program ended with.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import rules_read_once


@dataclass(frozen=True)
class Ended:
    """What a program ended with, and what it said."""

    returncode: int
    stdout: str
    stderr: str


@contextlib.contextmanager
def forked_program(config: Path) -> Iterator[Callable[[Sequence[str], str], Ended]]:
    """A way to run the program with such settings: given its arguments and what becomes of its output, it returns how that ended."""
    with (
        TemporaryDirectory() as place,
        subprocess.Popen(
            [sys.executable, "-m", __name__, str(config)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as ready,
    ):
        assert ready.stdin is not None
        assert ready.stdout is not None
        asks, answers = ready.stdin, ready.stdout
        files = [Path(place, name) for name in ("stdout", "stderr")]

        def run(arguments: Sequence[str], output: str) -> Ended:
            print(json.dumps([list(arguments), output, *map(str, files)]), file=asks, flush=True)
            code = int(answers.readline())
            return Ended(code, *(file.read_text("utf-8") for file in files))

        yield run
        asks.close()


def _put_through(output: str, heard: str, said: str) -> None:
    """Give this process the standard streams that it would have been begun with."""
    for stream, path in ((1, heard), (2, said)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, stream)
        os.close(file)
    if output == "full":
        file = os.open("/dev/full", os.O_WRONLY)
        os.dup2(file, 1)
        os.close(file)
    if output == "closed":
        os.close(1)
    sys.stdout = sys.__stdout__ = None if output == "closed" else open(1, "w", encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", encoding="utf-8", closefd=False, errors="backslashreplace")  # type: ignore[misc]  # noqa: SIM115


def main() -> None:
    """Return in each process that was forked; in this one when nobody asks any more."""
    from alerting.app import build
    from alerting.casedata import engine
    from tests.every_command import COMMANDS

    assert COMMANDS  # with these all code of the commands is read
    rules_read_once.read_once()
    build(Path(sys.argv[1]))
    engine.stop()
    gc.collect()
    gc.freeze()
    while asked := sys.stdin.readline():
        arguments, output, heard, said = json.loads(asked)
        if pid := os.fork():
            sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
            sys.stdout.flush()
            continue
        _put_through(output, heard, said)
        sys.argv = ["alerting", *arguments]
        runpy.run_module("alerting", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

"""The engine, from where it is asked: one process of its own, begun when it is first needed, and anew after one that was lost.

A statement has a time and a memory that it may take. The engine keeps to both by itself, as a rule. Where it does not, the process
is ended from outside: by the system where that has a limit for it (Linux), else by what looks after it here. This process, with
the store and the messages in it, never holds the engine and goes on.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from alerting.errors import SourceError

_PROGRAM = Path(__file__).with_name("engine_process.py")
_HEADROOM = 1 << 30
"""Bytes of memory in use, beyond what the engine may have, at which its process is ended from outside."""
_LOOK_EVERY_S = 0.1
_GRACE_S = 5.0
"""Seconds that the engine has to end what it is told to end."""

_ENDED = {"time": "InterruptException", "memory": "OutOfMemoryException"}


CLOSED: Mapping[str, object] = {
    "temp_directory": "",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "allow_persistent_secrets": False,
}
"""How a database is opened that fetches and loads no extension, and writes to no disk: what does not fit in is an error.

Of itself the engine would put whatever does not fit into files in the folder that the process happens to be in, for all to read.
"""

SHUT = ("SET enable_external_access = false", "SET lock_configuration = true")
"""What lets a database reach nothing outside from then on, and lets no SQL open it again."""


class EngineFailed(Exception):
    """The engine could not do what it was asked."""

    def __init__(self, kind: str, said: str = "", *, lost: bool = False) -> None:
        super().__init__(kind)
        #: The engine's own name of the kind of fault.
        self.kind = kind
        #: In its words, which can quote a cell.
        self.said = said
        #: Whether its process ended over it, and everything that was in it is gone.
        self.lost = lost


class _Values(pickle.Unpickler):
    """Reads answers, which are plain values: nothing in them is code."""

    _ALLOWED = frozenset(
        [("datetime", name) for name in ("date", "datetime", "time", "timedelta", "timezone")]
        + [("decimal", "Decimal"), ("uuid", "UUID"), ("builtins", "bytearray")]
    )

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is no value")
        return super().find_class(module, name)


class Engine:
    """One process of the engine. One thing is asked at a time, whichever thread asks; it may be several statements at once."""

    def __init__(self) -> None:
        command = [sys.executable, "-P", str(_PROGRAM)]
        self._process = subprocess.Popen(  # noqa: S603  (this program's own file)
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._requests_pipe, self._answers_pipe = cast("BinaryIO", self._process.stdin), cast("BinaryIO", self._process.stdout)
        self._requests = itertools.count(1)
        self._asking, self._sending = threading.Lock(), threading.Lock()
        #: What is being asked: its number, and until when it may take.
        self._now: tuple[int, float] | None = None
        self._interrupted: int | None = None
        self._memory = sys.maxsize
        self._ended: str | None = None
        self._over = threading.Event()
        threading.Thread(target=self._look_after, daemon=True, name="engine").start()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None and not self._over.is_set()

    def ask(self, operation: str, number: int, *arguments: Any, seconds: float) -> Any:
        """Ask one thing of a database, and return its answer. Raises EngineFailed."""
        with self._asking:
            if seconds <= 0:
                raise EngineFailed("InterruptException")
            request = next(self._requests)
            try:
                self._now = (request, time.monotonic() + seconds)
                self._send((request, operation, seconds, (number, *arguments)))
                good, answer = _Values(self._answers_pipe).load()
            except (OSError, EOFError, pickle.UnpicklingError, ValueError):
                self.stop()
                raise EngineFailed(_ENDED.get(self._ended or "", "FatalException"), lost=True) from None
            except BaseException:
                self.stop()  # half an answer would be taken for the next one
                raise
            finally:
                self._now = None
            if good:
                return answer
            kind, said, spent = answer
            if spent:
                self.stop()
            raise EngineFailed(kind, said, lost=spent)

    def open(self, number: int, memory: int, config: Mapping[str, object], seconds: float) -> None:
        """Open a database, in memory, that may use so many bytes. Raises SourceError."""
        self._memory = memory + _HEADROOM
        try:
            self.ask("open", number, memory, dict(config), seconds=seconds)
        except EngineFailed as failed:
            remedy = "See that there is memory for it, and that the package duckdb is installed as the others are."
            raise SourceError(f"the engine does not start ({failed.kind})", remedy=remedy) from None

    def stop(self) -> None:
        """End the process, whatever it is at."""
        self._over.set()
        with contextlib.suppress(OSError):
            self._process.kill()
        for pipe in (self._requests_pipe, self._answers_pipe):
            with contextlib.suppress(OSError):
                pipe.close()
        self._process.wait()

    def let_go(self) -> None:
        """Leave the process to the one that this one was forked from."""
        self._over.set()
        self._process.returncode = 0
        for pipe in (self._requests_pipe, self._answers_pipe):
            with contextlib.suppress(OSError, ValueError):
                os.close(pipe.fileno())

    def _send(self, request: object) -> None:
        with self._sending:
            pickle.dump(request, self._requests_pipe, protocol=5)
            self._requests_pipe.flush()

    def _look_after(self) -> None:
        """Interrupt what takes too long, and end what cannot be interrupted or has too much memory."""
        while not self._over.wait(_LOOK_EVERY_S):
            asked = self._now
            if asked is None:
                continue
            request, until = asked
            late = time.monotonic() - until
            if self._in_use() > self._memory:
                self._end("memory")
            elif late > _GRACE_S:
                self._end("time")
            elif late > 0 and self._interrupted != request:
                self._interrupted = request
                with contextlib.suppress(OSError, ValueError):
                    self._send((request, "interrupt", 0, ()))

    def _end(self, why: str) -> None:
        self._ended = why
        self._over.set()
        with contextlib.suppress(OSError):
            self._process.kill()

    def _in_use(self) -> int:
        """Return how many bytes of memory the process has in use; 0 where the system does not say so in a file."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            pages = int(Path(f"/proc/{self._process.pid}/statm").read_text("ascii").split()[1])
            return pages * os.sysconf("SC_PAGE_SIZE")
        return 0


class _Running:
    """The one engine of this process."""

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self.lock = threading.Lock()
        self.numbers: Iterator[int] = itertools.count(1)


_running = _Running()


def start() -> Engine:
    """Return the engine of this process, begun where there is none or it was lost. It is not waited for."""
    with _running.lock:
        if _running.engine is None or not _running.engine.alive:
            _running.engine = Engine()
        return _running.engine


def stop() -> None:
    """End the engine of this process until it is needed again."""
    with _running.lock:
        if _running.engine is not None:
            _running.engine.stop()
        _running.engine = None


def new_number() -> int:
    """Return a number for a database that no other has."""
    return next(_running.numbers)


def _forget() -> None:
    """In a process that was forked: leave the engine to the one it is from."""
    engine, _running.engine, _running.lock = _running.engine, None, threading.Lock()
    if engine is not None:
        engine.let_go()


atexit.register(stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)

"""The engine, alone in a process of its own: `engine` starts this file, asks it through its standard input, hears it on its output.

It imports nothing of the package, so that it is there at once, and holds nothing but what it is sent. What a statement does to it,
a crash or all its memory, it does to this process alone. It ends as soon as nobody can ask it any more.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, BinaryIO

import duckdb

HEADROOM = 512 << 20
"""Bytes that the process may have beyond what the engine counts as its own: not all that it allocates is counted."""

_PER_THREAD = 256 << 20
_GRACE_S = 20.0
_LOOK_EVERY_S = 0.05
_FATAL = ("OutOfMemoryException", "FatalException", "InternalException", "MemoryError")
"""Faults after which the process is not used any more: its memory is full of holes, or the engine does not trust itself."""


class _Stream:
    """A query of one engine as rows that another engine reads."""

    def __init__(self, query: Any) -> None:
        self._query = query

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._query.__arrow_c_stream__(requested_schema)


class _Statement:
    """A statement that runs beside others, or alone."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        #: Whether it was ended as it had all its time alone.
        self.had_its_time = False


class _AtWork:
    """Statements that run at once: ends what has had its time.

    seconds: what each may have alone, and all together while there are several. end_all: ends them all, and lets no other begin.
    """

    def __init__(self, seconds: float, end_all: Callable[[], None]) -> None:
        self._seconds, self._end_all = seconds, end_all
        self._began = self._changed = time.monotonic()
        self._running: list[_Statement] = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def one(self, connection: Any) -> Iterator[_Statement]:
        statement = _Statement(connection)
        with self._lock:
            self._running.append(statement)
            self._changed = time.monotonic()
        try:
            yield statement
        finally:
            with self._lock:
                self._running.remove(statement)
                self._changed = time.monotonic()

    def look(self) -> None:
        """End what has had its time by now."""
        with self._lock:
            now = time.monotonic()
            if len(self._running) == 1 and now - self._changed > self._seconds:
                self._running[0].had_its_time = True
                self._running[0].connection.interrupt()
            elif len(self._running) > 1 and now - self._began > self._seconds:
                self._end_all()


class _Databases:
    """The databases that are open, each by its number, all of them in memory."""

    def __init__(self) -> None:
        #: The connections to each, one for each of its threads: the first is asked what is asked alone.
        self._open: dict[int, list[Any]] = {}
        #: The threads that statements run in at once.
        self._threads: dict[int, ThreadPoolExecutor] = {}
        self._interrupted: set[int] = set()
        self._files: dict[int, list[Any]] = {}
        self._config: dict[int, dict[str, Any]] = {}

    def open(self, number: int, memory: int, config: dict[str, Any]) -> None:
        """Open a database that may use so many bytes of memory."""
        most = max(1, memory // _PER_THREAD)
        threads = {"threads": most} if most < (os.cpu_count() or 1) else {}
        self._config[number] = {"memory_limit": f"{memory}B", **threads, **config}
        first = duckdb.connect(config=self._config[number])
        [(count,)] = first.execute("SELECT current_setting('threads')").fetchall()
        self._open[number] = [first, *(first.cursor() for _ in range(count - 1))]
        self._threads[number] = ThreadPoolExecutor(count)
        _limit_memory(memory + HEADROOM)

    def execute(self, number: int, statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        """Run one statement and return all its rows."""
        rows: list[tuple[Any, ...]] = self._open[number][0].execute(statement, parameters).fetchall()
        return rows

    def set(self, number: int, statements: list[tuple[str, list[Any]]]) -> None:
        """Run statements that set something, each with its parameters: every connection has it for itself."""
        for connection in self._open[number]:
            for statement, parameters in statements:
                connection.execute(statement, parameters)

    def execute_all(
        self, number: int, statements: list[str], seconds: float
    ) -> list[tuple[list[tuple[Any, ...]] | None, float, bool]]:
        """Run statements none of which needs another, as many at once as there are connections.

        Return the rows of each with the seconds it took; None in place of the rows where it failed or was not begun. And whether it
        was ended as it had been the only one for so many `seconds`: asked alone it would have no more. Where several have not
        ended by then, all are, as they were in each other's way.
        """
        free: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for connection in self._open[number]:
            free.put(connection)
        self._interrupted.discard(number)
        at_work = _AtWork(seconds, lambda: self.interrupt(number))

        def run(statement: str) -> tuple[list[tuple[Any, ...]] | None, float, bool]:
            connection, started, rows = free.get(), time.perf_counter(), None
            try:
                with at_work.one(connection) as it:
                    if number not in self._interrupted:
                        rows = connection.execute(statement).fetchall()
            except Exception as error:
                if type(error).__name__ in _FATAL:
                    raise
            finally:
                free.put(connection)
            return rows, time.perf_counter() - started, rows is None and it.had_its_time

        running = [self._threads[number].submit(run, statement) for statement in statements]
        while wait(running, _LOOK_EVERY_S).not_done:
            at_work.look()
        return [each.result() for each in running]

    def write_parquet(self, number: int, query: str, statement: str) -> list[tuple[Any, ...]]:
        """Let the second engine, which is never given SQL of others, write a query's rows, its `given`, by a statement."""
        files = self._second(number)
        files.register("given", _Stream(self._open[number][0].sql(query)))
        try:
            rows: list[tuple[Any, ...]] = files.execute(statement).fetchall()
        finally:
            files.unregister("given")
        return rows

    def read_parquet(self, number: int, query: str, statement: str) -> None:
        """Run a statement over `given`, which is what the second engine's query gives."""
        database = self._open[number][0]
        database.register("given", _Stream(self._second(number).sql(query)))
        try:
            database.execute(statement)
        finally:
            database.unregister("given")

    def close(self, number: int) -> None:
        self._config.pop(number, None)
        if number in self._threads:
            self._threads.pop(number).shutdown()
        for there in (*self._files.pop(number, []), *self._open.pop(number, [])):
            there.close()

    def interrupt(self, number: int) -> None:
        self._interrupted.add(number)
        for there in (*self._files.get(number, []), *self._open.get(number, [])):
            there.interrupt()

    def _second(self, number: int) -> Any:
        if number not in self._files:
            self._files[number] = [duckdb.connect(config=self._config[number])]
        return self._files[number][0]


def _limit_memory(more: int) -> None:
    """Let the process have so many bytes more than it has now, where the system can hold it to that."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        status = Path("/proc/self/status").read_text("ascii")
        now = next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmData:"))
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = now + more if hard == resource.RLIM_INFINITY else min(now + more, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


@contextlib.contextmanager
def _ended_after(seconds: float) -> Any:
    """Have the system end the process where it is still at it by then: whoever would end it may be gone."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


class _Asked:
    """What is asked, read beside the work, so that an interruption and the end of whoever asks are noticed in the middle of it."""

    def __init__(self, databases: _Databases, asks: BinaryIO) -> None:
        self._databases, self._asks = databases, asks
        self._waiting: queue.SimpleQueue[tuple[int, str, float, tuple[Any, ...]]] = queue.SimpleQueue()
        self._now: tuple[int, int] | None = None
        self._lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while True:
                request, operation, seconds, arguments = pickle.load(self._asks)  # noqa: S301  (of the process that started this one)
                if operation == "interrupt":
                    self._interrupt(request)
                else:
                    self._waiting.put((request, operation, seconds, arguments))
        finally:
            os._exit(0)

    def _interrupt(self, request: int) -> None:
        with self._lock:
            if self._now is not None and self._now[0] == request:
                self._databases.interrupt(self._now[1])

    def each(self, work: Callable[[str, tuple[Any, ...]], None]) -> None:
        """Do what is asked, one after the other, for ever."""
        while True:
            request, operation, seconds, arguments = self._waiting.get()
            with self._lock:
                self._now = (request, arguments[0])
            with _ended_after(seconds):
                work(operation, arguments)
            with self._lock:
                self._now = None


def main() -> None:
    """Answer what is asked until nobody asks any more."""
    # A Ctrl-C, and what a stopped service sends to all its processes, are for whoever asks: when that ends, so does this.
    for ignored in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(ValueError):
            signal.signal(ignored, signal.SIG_IGN)
    asks, answers = sys.stdin.buffer, sys.stdout.buffer
    databases = _Databases()

    def work(operation: str, arguments: tuple[Any, ...]) -> None:
        try:
            answer = pickle.dumps((True, getattr(databases, operation)(*arguments)), protocol=5)
        except Exception as error:  # noqa: BLE001  (whatever it is, it is what the statement gave)
            kind = type(error).__name__
            answer = pickle.dumps((False, (kind, str(error)[:100_000], kind in _FATAL)), protocol=5)
        answers.write(answer)
        answers.flush()

    _Asked(databases, asks).each(work)


if __name__ == "__main__":
    main()

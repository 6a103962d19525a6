"""A process that has read all that every run needs, and forks a process for each run: so none waits for an interpreter and its imports.

A run is still a process of its own, in a session of its own. What it shares with another is what was read before either was begun, which
holds nothing of any authority: no config.yaml, no secret, no case data. Linux alone.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

_LONGEST = 1 << 16
"""Bytes of what is asked: the arguments of a command, one of which is a path."""
_READY = b"ready"
_READ_WITHIN_S = 120.0
_THREADS_END_WITHIN_S = 2.0


class Begun(Protocol):
    """A run that was begun, as `subprocess.Popen` has it."""

    @property
    def pid(self) -> int:
        """Its process, and the group of all processes that it starts."""

    @property
    def returncode(self) -> int | None:
        """What it ended with; of a signal the number below 0; None while it goes on."""

    def poll(self) -> int | None:
        """Return what it ended with, None while it goes on."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended. Raises subprocess.TimeoutExpired."""

    def terminate(self) -> None:
        """Tell it to stop."""


Begin = Callable[[Sequence[str], IO[bytes], IO[bytes]], Begun]
"""Begins a run with the arguments of its command, and where what it prints goes, and its talk."""


def begin_anew(program: Sequence[str], arguments: Sequence[str], said: IO[bytes], talk: IO[bytes]) -> Begun:
    """Begin a run by a new interpreter."""
    return subprocess.Popen(  # noqa: S603  (this program itself)
        [*program, *arguments], stdin=subprocess.DEVNULL, stdout=said, stderr=talk, env=_environment(), start_new_session=True
    )


def _environment() -> Mapping[str, str]:
    return {key: value for key, value in os.environ.items() if key != "ALERTING_TRACEBACK"}  # it may quote case data


# ------------------------------------------------------------------ from where it is asked


class ReadyProcess:
    """A ready process, begun when a run is first asked of it, and anew where it was lost. Any thread may ask."""

    def __init__(self, program: Sequence[str]) -> None:
        """Program: what is begun; it calls `serve`."""
        self._program = program
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._asks: socket.socket | None = None
        self._cannot = not sys.platform.startswith("linux")

    def begin(self, arguments: Sequence[str], said: IO[bytes], talk: IO[bytes]) -> Begun | None:
        """Begin a run; None where none can be begun in this way."""
        if self._cannot:
            return None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, self._lock:
            asks = self._started()
            is_asked = asks is not None and _is_asked(asks, arguments, [said.fileno(), talk.fileno(), theirs.fileno()])
        pid = _number(ours) if is_asked else None
        if pid is None:
            ours.close()
            return None
        return _Forked(pid, ours)

    @property
    def pid(self) -> int | None:
        """The process, None where there is none yet."""
        return self._process.pid if self._process else None

    def stop(self) -> None:
        """End the process. The runs that it has begun are ended by whoever looks after them."""
        with self._lock:
            self._stop()

    def _started(self) -> socket.socket | None:
        """Return where it is asked, begun where there is none or it was lost; None where it cannot be begun."""
        if self._process is not None and self._process.poll() is not None:
            self._stop()
        if self._asks is None:
            self._start()
        return self._asks

    def _start(self) -> None:
        """Start the process, and wait until it has read all."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  (this program itself)
                [*self._program, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # a Ctrl-C is for whoever asks
            )
        self._asks = ours
        if not _can_be_read(ours, _READ_WITHIN_S) or _number(ours) != self._process.pid:
            self._cannot = True
            self._stop()

    def _stop(self) -> None:
        if self._asks is not None:
            self._asks.close()
            self._asks = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class _Forked:
    """A run that was forked. The ready process lets its number go to no other process until its end has been heard of here."""

    def __init__(self, pid: int, ends: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ends = ends

    def poll(self) -> int | None:
        if self.returncode is None and _can_be_read(self._ends, 0):
            self.returncode = self._heard()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not _can_be_read(self._ends, timeout):
                raise subprocess.TimeoutExpired("alerting", timeout or 0)
            self.returncode = self._heard()
        return self.returncode

    def terminate(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)

    def _heard(self) -> int:
        code = _number(self._ends)
        if code is None:
            # The ready process is lost, and nobody is told any more how this one ends: it is ended, and can be begun again.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            code = -signal.SIGKILL
        self._ends.close()
        return code


def _is_asked(asks: socket.socket, arguments: Sequence[str], files: Sequence[int]) -> bool:
    try:
        socket.send_fds(asks, [json.dumps(list(arguments)).encode()], list(files))
    except OSError:
        return False
    return True


def _number(place: socket.socket) -> int | None:
    """Return the number that is said, None where nothing ever will be."""
    with contextlib.suppress(OSError, ValueError):
        return int(place.recv(64))
    return None


def _can_be_read(place: socket.socket, seconds: float | None) -> bool:
    waits = select.poll()  # of more files than `select` can take
    waits.register(place, select.POLLIN)
    return bool(waits.poll(None if seconds is None else max(0.0, seconds) * 1000))


# ------------------------------------------------------------------ in the process itself


@dataclass
class _Going:
    """A run that was forked, as the ready process looks after it."""

    pid: int
    #: Readable once it has ended.
    ended: int
    #: Where its end is told. Readable once whoever asked has heard of it, or wants to hear no more.
    tells: socket.socket
    #: How many of the two have not come yet.
    waits_for: int = 2


def serve() -> list[str]:
    """Fork a process for each run that is asked for, and return in it the arguments of its command.

    In this process it never returns: that ends when whoever asks does. Raises RuntimeError where it would not be safe to fork.
    """
    asks = socket.socket(fileno=int(sys.argv[-1]))
    until = time.monotonic() + _THREADS_END_WITHIN_S
    while len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208
        if time.monotonic() > until:
            raise RuntimeError("another thread is at work, whose locks a fork would keep shut for ever")
        time.sleep(0.01)  # one that was told to end may be at it
    gc.collect()
    gc.freeze()  # what was read is shared as long as nobody touches it, which a search for garbage would
    asks.send(b"%d" % os.getpid())
    with selectors.PollSelector() as looks:
        looks.register(asks, selectors.EVENT_READ)
        while True:
            for key, _ in looks.select():
                if key.fileobj is asks:
                    arguments = _fork(asks, looks)
                    if arguments is not None:
                        return arguments
                else:
                    _look_after(key, looks)


def _fork(asks: socket.socket, looks: selectors.BaseSelector) -> list[str] | None:
    """Take what is asked, and fork a process for it; in that one return the arguments of its command."""
    asked, files, _, _ = socket.recv_fds(asks, _LONGEST, 3)
    if not asked:
        os._exit(0)
    said, talk, told = files
    tells = socket.socket(fileno=told)
    try:
        pid = os.fork()
    except OSError:
        pid = None
    if pid == 0:
        for key in list(looks.get_map().values()):  # nothing of another run is within reach of this one
            _close(key.fileobj)
        _settle(said, talk, tells)
        arguments: list[str] = json.loads(asked)
        return arguments
    os.close(said)
    os.close(talk)
    if pid is None:
        tells.close()
        return None
    going = _Going(pid=pid, ended=os.pidfd_open(pid), tells=tells)
    looks.register(going.ended, selectors.EVENT_READ, going)
    looks.register(going.tells, selectors.EVENT_READ, going)
    return None


def _settle(said: int, talk: int, tells: socket.socket) -> None:
    """Make this process that was forked one of its own, as if it had been begun anew, and say that it is there."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in enumerate((nothing, said, talk)):
        os.dup2(file, number)
        os.close(file)
    tells.send(b"%d" % os.getpid())
    tells.close()


def _look_after(key: selectors.SelectorKey, looks: selectors.BaseSelector) -> None:
    """Tell of a run's end, and let its number go once that was heard."""
    going: _Going = key.data
    if key.fileobj == going.ended:
        found = cast("os.waitid_result", os.waitid(os.P_PID, going.pid, os.WEXITED | os.WNOWAIT))
        code = found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
        with contextlib.suppress(OSError):
            going.tells.send(b"%d" % code)
    looks.unregister(key.fileobj)
    _close(key.fileobj)
    going.waits_for -= 1
    if not going.waits_for:
        os.waitpid(going.pid, 0)


def _close(file: FileDescriptorLike) -> None:
    os.close(file) if isinstance(file, int) else cast("socket.socket", file).close()

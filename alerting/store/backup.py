"""A copy of the store that is whole although the service is at work: SQLite by its own means, PostgreSQL by `pg_dump`."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Collection
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from alerting import private_files
from alerting.errors import ConfigError, StoreError
from alerting.store.store import Store

_ENOUGH_S = 3600


def backup(store: Store, file: Path) -> int:
    """Copy a store into a new file that its owner alone may read; return the file's bytes.

    The file appears whole or not at all. Raises ConfigError where there is one already or it cannot be written, StoreError
    where the store cannot be copied.
    """
    if file.exists():
        raise ConfigError(f"{file} is there already", remedy="Give another name: a backup is never written over.")
    new = file.with_name(f".{file.name}.new")
    new.unlink(missing_ok=True)
    try:
        # Made first, so that nobody else can read it at any moment: it holds case data.
        private_files.make(new)
        if store.engine.dialect.name == "sqlite":
            _copy_sqlite(store, new)
        else:
            _dump_postgresql(store, new)
        with new.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(new, file)  # noqa: PTH105  (whole or not at all)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written ({error.strerror})", remedy="Check its folder, rights and space.") from None
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)
    return file.stat().st_size


def _copy_sqlite(store: Store, file: Path) -> None:
    # A line of its own: the engine's transactions take the write lock, and a copy needs none.
    source = f"file:{quote(Path(str(store.engine.url.database)).absolute().as_posix())}?mode=ro"
    try:
        with closing(sqlite3.connect(source, uri=True, timeout=30)) as theirs, closing(sqlite3.connect(file)) as copy:
            theirs.backup(copy)
            found = copy.execute("PRAGMA integrity_check").fetchone()[0]
            held = {name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            # One file and nothing beside it, whatever the store's own way of writing is.
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise StoreError(
            f"the store cannot be copied: {error}", remedy="Check the space of the disk, and the store with `alerting check`."
        ) from None
    if found != "ok":
        raise StoreError(
            "the store is damaged, so a copy of it would be", remedy="Keep the backups you have; restore the latest."
        )
    _see_that_all_is_there(store, held)


def _see_that_all_is_there(store: Store, copied: Collection[str]) -> None:
    """Raise StoreError where a copy lacks a table of the store: it would be found out on the day when it is needed."""
    with store.engine.connect() as connection:
        missing = sorted({*sa.inspect(connection).get_table_names()} - set(copied))
    if missing:
        raise StoreError(
            f"the copy lacks {', '.join(missing)}",
            remedy="Check `store:` in config.yaml, and that its user may read every table.",
        )


def _dump_postgresql(store: Store, file: Path) -> None:
    program = shutil.which("pg_dump")
    command = ["pg_dump", "--format=custom", "--no-owner", *_schema_of(store), f"--file={file}"]
    by_hand = "Run where the server's own programs are: pg_dump --format=custom --file=FILE DATABASE"
    if program is None:
        raise StoreError("pg_dump is not installed here, and PostgreSQL's copies are made by it", remedy=f"{by_hand}.")
    done = subprocess.run(  # noqa: S603  (no shell; the program is the one on the path, its words are ours)
        [program, *command[1:]],
        env={**os.environ, **_libpq(store)},
        capture_output=True,
        text=True,
        timeout=_ENOUGH_S,
        check=False,
    )
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if line.strip()), "it did not say why")
        raise StoreError(f"pg_dump could not copy the store: {said.strip()}", remedy=f"{by_hand}.")
    _see_that_all_is_there(store, _dumped_tables(file))


def _dumped_tables(file: Path) -> set[str]:
    """Return the tables whose rows a dump holds, by its own list of contents; Raises StoreError where that cannot be read."""
    program = shutil.which("pg_restore")
    if program is None:
        raise StoreError(
            "pg_restore is not installed here, so nobody can tell whether the copy is whole", remedy="Install it with pg_dump."
        )
    listed = subprocess.run([program, "--list", str(file)], capture_output=True, text=True, check=False)  # noqa: S603  (as above)
    if listed.returncode:
        raise StoreError("pg_dump made a copy that cannot be read", remedy="Check the space of the disk, and make it again.")
    return {line.split(" TABLE DATA ")[1].split()[1] for line in listed.stdout.splitlines() if " TABLE DATA " in line}


def _schema_of(store: Store) -> list[str]:
    with store.engine.connect() as connection:
        schema = connection.dialect.default_schema_name
    return [f"--schema={schema}"] if schema else []


def _libpq(store: Store) -> dict[str, str]:
    """Return the store's address as pg_dump reads it: in the environment, where no list of processes shows a password."""
    url = store.engine.url
    given = {name: value if isinstance(value, str) else value[0] for name, value in url.query.items()}
    parts = {
        "host": url.host,
        "port": str(url.port) if url.port else None,
        "user": url.username,
        "password": str(url.password) if url.password else None,
        "dbname": url.database,
    }
    given |= {name: value for name, value in parts.items() if value}
    return {variable: given[name] for name, variable in _LIBPQ.items() if name in given}


_LIBPQ = {"dbname": "PGDATABASE"} | {
    name: f"PG{name.upper()}"
    for name in (
        "host",
        "hostaddr",
        "port",
        "user",
        "password",
        "passfile",
        "service",
        "options",
        "sslmode",
        "sslcert",
        "sslkey",
        "sslrootcert",
        "sslcrl",
        "connect_timeout",
        "channel_binding",
        "krbsrvname",
        "gssencmode",
        "target_session_attrs",
    )
}
"""The variables of the environment in which PostgreSQL's programs look for each part of an address."""

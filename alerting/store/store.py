"""The service's own memory: alerts, their history, the runs. SQLite or PostgreSQL, through SQLAlchemy Core.

Every public method that writes is one transaction. On SQLite a transaction takes the write lock when it begins: one that
reads first and then wants to write fails at once when another has written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from alerting import database_address, private_files
from alerting.alerts.people import Actor
from alerting.errors import EmptyStoreError, StoreAwayError, StoreError
from alerting.evaluation.evaluation import Reading
from alerting.model import Alert, Condition, Reason, Transition
from alerting.store import alert_rows, handling_rows, schema
from alerting.store.alert_rows import CHANGING, to_row
from alerting.store.batches import batches

_MIGRATING = 7_203_117
"""The number of PostgreSQL's lock that whoever changes the tables holds: any that nothing else in the database uses."""

Transaction = sa.Connection
"""A transaction that is going on: what is written within it is kept together, or not at all."""
_Where = sa.ColumnElement[bool]


class Changes(Protocol):
    """What one run changes of the alerts there are."""

    @property
    def as_of(self) -> date: ...

    @property
    def transitions(self) -> Sequence[Transition]: ...

    @property
    def readings(self) -> Sequence[Reading]: ...

    @property
    def alerts(self) -> Sequence[Alert]:
        """Every alert that was live, and every new one, as it is now."""
        ...


@dataclass(frozen=True, kw_only=True)
class EndedRun:
    """A run that ended, as it was written down."""

    id: int
    as_of: date
    started_at: datetime
    #: As JSON, of whichever version wrote it; nothing stands in it where the run was cut short.
    report: Mapping[str, Any]

    def loaded_at(self, zone: ZoneInfo) -> datetime | None:
        """Return when the oldest of its data was loaded, where the council says so. zone: of what states the time without one."""
        stated = self.report.get("source", {}).get("loaded_at")
        loaded = datetime.fromisoformat(stated) if stated else None
        return loaded.replace(tzinfo=zone) if loaded and loaded.tzinfo is None else loaded


class Store:
    """One database. Open it with `Store.open`, which checks that it has the shape this version needs."""

    def __init__(self, engine: sa.Engine, address: str) -> None:
        self.engine = engine
        #: As it was given, which may hold a password.
        self._address = address

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> Store:
        """Open a store, making its tables when it is empty (and `create`).

        Raises StoreError when it cannot be reached, or has the shape of an older or newer version.
        """
        store = cls.connect(url)
        try:
            store._match(create=create)  # noqa: SLF001  (its own)
        except BaseException:
            store.close()
            raise
        return store

    def _match(self, *, create: bool) -> None:
        """Make the tables of an empty store, or see that they have the shape this version needs."""
        version = self.version()
        if version is None and create:
            self.upgrade()
        elif version is None:
            raise EmptyStoreError("the store is empty", remedy="Run `alerting store upgrade` to make its tables.")
        elif version > schema.SCHEMA:
            raise StoreError(
                f"the store was made by a newer version (its shape is {version}, this version knows {schema.SCHEMA})",
                remedy="Install the newer version, or restore the backup made before the upgrade.",
            )
        elif version < schema.SCHEMA:
            raise StoreError(
                f"the store has an older shape ({version}; this version needs {schema.SCHEMA})",
                remedy="Make a backup, then run `alerting store upgrade`.",
            )

    @classmethod
    def connect(cls, url: str) -> Store:
        """Return a store whatever its shape is, to look at or to upgrade. Raises StoreError when the address is wrong."""
        return cls(_engine(url), url)

    def version(self) -> str | None:
        """Return the store's shape, None when it has no tables yet. Raises StoreError when it cannot be reached."""
        try:
            with self.engine.connect().execution_options(reading=True) as connection:
                if not sa.inspect(connection).has_table(schema.alembic_version.name):
                    return None
                return connection.execute(sa.select(schema.alembic_version.c.version_num)).scalar()
        except (sa.exc.DBAPIError, OSError, ValueError, TypeError) as error:
            raise _unreachable(self._address, error) from None

    def upgrade(self) -> None:
        """Bring the store to the shape this version needs. Of two that do so at once, the second finds it done."""
        with self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                # Two hosts that start on an empty database would both make its tables; SQLite's write lock is taken already.
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))
            if sa.inspect(connection).has_table(schema.alembic_version.name):
                _migrate(connection)
            else:
                schema.make_tables(connection)

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    @contextmanager
    def transaction(self, *, lasting: bool = True) -> Iterator[sa.Connection]:
        """Run a block as one transaction. Raises StoreError when the database refuses or cannot be reached.

        lasting: whether it is on the disk when the block ends. Otherwise it may be lost when the power goes, and only then, and not
        once a lasting one has come after it: SQLite need not wait for the disk.
        """
        with self._reached(), self.engine.connect() as connection, connection.execution_options(lasting=lasting).begin():
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Run a block that only reads, as the store is when it begins: it waits for nobody who writes. Raises as `transaction` does."""
        options = {"reading": True} | ({"postgresql_readonly": True} if self.engine.dialect.name == "postgresql" else {})
        with self._reached(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.OperationalError as error:
            raise _unreachable(self._address, error) from None
        except sa.exc.DatabaseError as error:
            # A damaged SQLite file comes as this class itself; its other subclasses are mistakes of ours.
            if type(error) is not sa.exc.DatabaseError:
                raise
            raise _unreachable(self._address, error) from None

    # ------------------------------------------------------------------ runs

    @contextmanager
    def _within(self, connection: sa.Connection | None) -> Iterator[sa.Connection]:
        if connection is not None:
            yield connection
        else:
            with self.transaction() as own:
                yield own

    def latest_run(self, job: str | None = None, *, within: sa.Connection | None = None) -> EndedRun | None:
        """Return the last run that ended (of a job), by business date; None when there is none."""
        query = _ENDED_RUNS
        if job:
            query = query.where(schema.run.c.job == job)
        with self._within(within) as connection:
            row = connection.execute(query.order_by(schema.run.c.as_of.desc(), schema.run.c.id.desc()).limit(1)).first()
        return _ended_run(row) if row else None

    def recent_runs(self, count: int, within: sa.Connection) -> list[EndedRun]:
        """Return the runs that ended last, the newest first."""
        return [_ended_run(row) for row in within.execute(_ENDED_RUNS.order_by(schema.run.c.id.desc()).limit(count))]

    def ended_run(self, number: int, within: sa.Connection) -> EndedRun | None:
        """Return a run that has ended, by its number; None where there is none."""
        row = within.execute(_ENDED_RUNS.where(schema.run.c.id == number)).first()
        return _ended_run(row) if row else None

    # ------------------------------------------------------------------ alerts

    def live(self, within: sa.Connection | None = None, known: Iterable[Alert] = ()) -> list[Alert]:
        """Return every alert that is not resolved, with its latest reading and what people did to it. known: as in `alerts`."""
        return self.alerts(schema.alert.c.resolved_on.is_(None), within=within, known=known)

    def live_until_written(self, within: sa.Connection, known: Iterable[Alert] = ()) -> list[Alert]:
        """Return every alert that is not resolved; until the transaction ends, what people do to them waits.

        known: as in `alerts`. So what is decided by them is decided by all that was done before. On SQLite a transaction holds others up in any case.
        Whoever writes more than one of these tables does so in this order, so that no two wait for each other.
        """
        if within.dialect.name == "postgresql":
            within.execute(sa.text("LOCK TABLE alert, handling, silence IN SHARE ROW EXCLUSIVE MODE"))
        return self.live(within, known)

    def believed_open(self, within: sa.Connection) -> list[Alert]:
        """Return the alerts that have ended, and that somebody was told of and not told of that."""
        known = sa.select(schema.told.c.alert_id)
        return self.alerts(schema.alert.c.resolved_on.is_not(None), schema.alert.c.id.in_(known), within=within)

    def alerts(self, *where: _Where, within: sa.Connection | None = None, known: Iterable[Alert] = ()) -> list[Alert]:
        """Return the alerts that meet conditions on the table of alerts, in the order they were opened.

        within: the caller's transaction, if there is one. known: those that the caller has, which are returned where they are still so.
        """
        joined = schema.alert.outerjoin(schema.reading, schema.reading.c.alert_id == schema.alert.c.id)
        columns = [schema.reading.c.measure, schema.reading.c.due, schema.reading.c.facts]
        query = sa.select(schema.alert, *columns).select_from(joined).where(*where).order_by(schema.alert.c.id)
        with self._within(within) as connection:
            rows = connection.execute(query).all()
            done = handling_rows.read_open_acts(connection, {row.id for row in rows if row.resolved_on is None}) if rows else {}
            returns = alert_rows.read_return_days(connection, where) if any(row.flaps for row in rows) else {}
            by_hand = any(row.resolved_reason == Reason.closed for row in rows)
            closed = alert_rows.read_closed_until(connection, where) if by_hand else {}
        return alert_rows.to_alerts(rows, done, returns, closed, known)

    def recent(self, since: date, within: sa.Connection, *, and_on: date) -> list[Alert]:
        """Return every alert that is open or was resolved after `since`, and those that were open at the end of another day."""
        row = schema.alert.c
        was_open = sa.and_(row.first_seen <= and_on, row.resolved_on > and_on)
        return self.alerts(sa.or_(row.resolved_on.is_(None), row.resolved_on > since, was_open), within=within)

    def find(self, ref: str, within: sa.Connection | None = None) -> Alert | None:
        """Return the alert with a reference, None when there is none; in the caller's transaction, if given."""
        return next(iter(self.alerts(schema.alert.c.ref == ref.upper(), within=within)), None)

    def episodes(self, rule: str, subject: str) -> list[Alert]:
        """Return every alert that a rule has had about a subject, the oldest first."""
        with self.reading() as connection:
            return self.alerts(schema.alert.c.rule == rule, schema.alert.c.subject == subject, within=connection)

    def taken(self, refs: Iterable[str], within: sa.Connection) -> set[str]:
        """Return those of these references that an alert has already."""
        column, found = schema.alert.c.ref, set[str]()
        for some in batches(sorted(refs)):
            found.update(within.execute(sa.select(column).where(column.in_(some))).scalars())
        return found

    def last_ended(self, keys: Iterable[tuple[str, str]], within: sa.Connection) -> dict[tuple[str, str], Alert]:
        """Return the last alert of each rule and subject that has had one, where it has ended."""
        subjects_of: dict[str, list[str]] = {}
        for rule, subject in keys:
            subjects_of.setdefault(rule, []).append(subject)
        table, later = schema.alert, schema.alert.alias()
        last = sa.select(sa.func.max(later.c.episode)).where(later.c.rule == table.c.rule, later.c.subject == table.c.subject)
        found: dict[tuple[str, str], Alert] = {}
        for rule, subjects in subjects_of.items():
            for some in batches(subjects):
                mine = [table.c.rule == rule, table.c.subject.in_(some)]
                ended = [table.c.resolved_on.is_not(None), table.c.episode == last.scalar_subquery()]
                found |= {(rule, alert.subject): alert for alert in self.alerts(*mine, *ended, within=within)}
        return found

    def commit(
        self, connection: sa.Connection, run_id: int, now: datetime, changes: Changes, versions: Mapping[str, str]
    ) -> dict[str, int]:
        """Write what a run changed, in the caller's transaction. versions: of each rule that it asked.

        Returns the ids of the alerts there are after it, by reference.
        """
        written = self.write(connection, changes.transitions, changes.as_of, now, run_id=run_id, versions=versions)
        ids = {alert.ref: alert.id for alert in (*changes.alerts, *(item.alert for item in written)) if alert.id is not None}
        new = [
            Reading(ref=alert.ref, measure=alert.measure, due=alert.due, facts=json.dumps(alert.facts, default=str))
            for alert in (item.alert for item in written if item.before in (None, Condition.resolved))
        ]
        self._write_readings(connection, run_id, [*changes.readings, *new], ids)
        return ids

    def write(
        self,
        connection: sa.Connection,
        transitions: Sequence[Transition],
        as_of: date,
        now: datetime,
        *,
        run_id: int | None = None,
        versions: Mapping[str, str] = MappingProxyType({}),
    ) -> list[Transition]:
        """Write alerts as their transitions leave them, with the transitions; return those with the new alerts' ids.

        What people did about an alert ends with it. run_id: None where it was a person who changed them.
        """
        written = self._write_alerts(connection, transitions)
        rows = [
            {
                "alert_id": item.alert.id,
                "run_id": run_id,
                "at": now,
                "as_of": as_of,
                "before": item.before,
                "after": item.alert.condition.value,
                "level_before": item.level_before,
                "level_after": int(item.alert.level),
                "reason": item.reason.value,
                "detail": item.detail,
                "by": item.by,
                "rule_version": versions.get(item.alert.rule),
            }
            for item in written
        ]
        if rows:
            connection.execute(schema.transition.insert(), rows)
        ended = [{"b_id": item.alert.id} for item in written if item.alert.condition == Condition.resolved]
        if ended:
            done = schema.handling
            flags = (done.c.kind != "not_useful", done.c.kind != "judged", done.c.kind != "close")  # what they said of it stays
            mine = (done.c.alert_id == sa.bindparam("b_id"), *flags, done.c.ended_at.is_(None))
            connection.execute(done.update().where(*mine).values(ended_at=now, ended_by="service"), ended)
        return written

    def _write_alerts(self, connection: sa.Connection, transitions: Sequence[Transition]) -> list[Transition]:
        table = schema.alert
        changed = [item for item in transitions if item.alert.id is not None]
        if changed:
            update = table.update().where(table.c.id == sa.bindparam("b_id"))
            columns: dict[str, Any] = {name: sa.bindparam(f"b_{name}") for name in CHANGING}
            rows = [
                {"b_id": item.alert.id} | {f"b_{k}": v for k, v in to_row(item.alert).items() if k in CHANGING}
                for item in changed
            ]
            connection.execute(update.values(columns), rows)
        new = [item for item in transitions if item.alert.id is None]
        if not new:
            return changed
        connection.execute(table.insert(), [to_row(item.alert) for item in new])
        refs = [item.alert.ref for item in new]
        ids: dict[str, int] = {}
        for some in batches(refs):
            query = sa.select(table.c.ref, table.c.id).where(table.c.ref.in_(some))
            ids.update((ref, id_) for ref, id_ in connection.execute(query))
        return changed + [replace(item, alert=replace(item.alert, id=ids[item.alert.ref])) for item in new]

    def _write_readings(
        self, connection: sa.Connection, run_id: int, readings: Sequence[Reading], ids: Mapping[str, int]
    ) -> None:
        table = schema.reading
        read = {ids[reading.ref]: reading for reading in readings if reading.ref in ids}
        for some in batches(sorted(read)):
            connection.execute(table.delete().where(table.c.alert_id.in_(some)))
        rows = [
            {"alert_id": id_, "run_id": run_id, "measure": one.measure, "due": one.due, "facts": one.facts}
            for id_, one in read.items()
        ]
        if rows:
            connection.execute(table.insert(), rows)

    def handle(
        self,
        alert: Alert,
        kind: str,
        *,
        by: str,
        note: str,
        now: datetime,
        until: date | None = None,
        reason: str | None = None,
    ) -> None:
        """Write down what somebody did to an alert: acknowledge, snooze or not_useful, who, why, until when."""
        with self.transaction() as connection:
            handling_rows.add(connection, alert, kind, by=Actor(id=by, name=by), note=note, now=now, until=until, reason=reason)

    def held_spans(self, rules: Set[str]) -> dict[int, list[tuple[date, date | None]]]:
        """Return the stretches that do not count for open alerts of these rules: see `alert_rows.held_spans`."""
        with self.transaction() as connection:
            return alert_rows.held_spans(connection, rules) if rules else {}


_NOW_OF_SQLITE = sa.text("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')")
_ENDED_RUNS = sa.select(schema.run.c.id, schema.run.c.as_of, schema.run.c.started_at, schema.run.c.report).where(
    schema.run.c.status.not_in(("running", "abandoned"))
)


def _ended_run(row: Any) -> EndedRun:
    return EndedRun(id=row.id, as_of=row.as_of, started_at=row.started_at, report=row.report or {})


def database_now(connection: sa.Connection) -> datetime:
    """Return the moment by the database's own clock, the one clock that every host shares: leases are counted by it alone."""
    if connection.dialect.name == "sqlite":
        text = connection.execute(_NOW_OF_SQLITE).scalar_one()
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    # Not now(), which stands still from the transaction's beginning.
    moment: datetime = connection.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
    return moment.astimezone(UTC)


def _migrate(connection: sa.Connection) -> None:
    """Bring older tables to today's shape, a migration at a time."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    # Its settings are those of a file in which a `%` stands for something.
    config.set_main_option("script_location", (Path(__file__).parent / "migrations").as_posix().replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _engine(url: str) -> sa.Engine:
    file = database_address.sqlite_file(url)
    if file is not None:
        _refuse_another_name(url, file)
    try:
        # Letter for letter: a `?` or a `%` in the path of a file is part of its name.
        parsed = sa.make_url(url) if file is None else sa.URL.create("sqlite", database=str(file.absolute()))
        engine = sa.create_engine(parsed, hide_parameters=True, pool_pre_ping=True)
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ModuleNotFoundError, ValueError, TypeError) as error:
        raise StoreError(
            f"the store's address cannot be used ({type(error).__name__})",
            remedy="Write `store: sqlite:///alerting.db`, or `postgresql+psycopg://user@host/database` with the `postgres` extra.",
        ) from None
    if parsed.get_backend_name() == "sqlite":
        sa.event.listen(engine, "do_connect", _make_private)
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _refuse_another_name(url: str, file: Path) -> None:
    """Raise StoreError where the file is there by the name that an address of a server would give it, with a `?` or a `%20`."""
    meant = Path(sa.make_url(url).database or "")
    if meant != file and meant.is_file() and not file.exists():
        raise StoreError(
            f"there is no file {file.name}, but there is {meant.name}",
            where=str(file),
            remedy="The path of an SQLite store is used letter for letter: write its name as it is.",
        )


def _make_private(dialect: object, record: object, arguments: tuple[Any, ...], _: object) -> None:
    """Let nobody but its owner read an SQLite store, before it is made or opened; what SQLite keeps beside it takes after it."""
    del dialect, record
    file = Path(arguments[0])
    if arguments[0] != ":memory:" and file.parent.is_dir():
        with suppress(OSError):  # SQLite says better what is wrong
            private_files.make(file)
        for beside in ("-wal", "-shm", "-journal"):
            private_files.restrict(file.with_name(file.name + beside))


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    for pragma in ("busy_timeout=30000", "journal_mode=WAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    """Begin a transaction with the write lock, but for one that only reads."""
    options = connection.get_execution_options()
    synchronous = "FULL" if options.get("lasting", True) else "NORMAL"
    if connection.info.get("synchronous") != synchronous:
        connection.exec_driver_sql(f"PRAGMA synchronous={synchronous}")
        connection.info["synchronous"] = synchronous
    connection.exec_driver_sql("BEGIN" if options.get("reading") else "BEGIN IMMEDIATE")


def _unreachable(address: str, error: Exception) -> StoreError:
    where = database_address.shown(address)
    if database_address.sqlite_file(address) is None:
        kind = type(getattr(error, "orig", None) or error).__name__
        problem, remedy = database_address.why_refused(error)
        return StoreAwayError(f"the store cannot be used: the database {problem} ({kind})", where=where, remedy=remedy)
    said = str(getattr(error, "orig", None) or error).strip()
    reason = said.splitlines()[0] if said else type(error).__name__
    remedy = next((remedy for part, remedy in _REMEDIES.items() if part in reason), _REMEDY)
    return StoreError(f"the store cannot be used: {reason}", where=where, remedy=remedy)


_REMEDY = "Check `store:` in config.yaml, and that the database runs."
_REMEDIES = {
    "is full": "Make space on its disk, then run it again. Nothing was sent that is not written down.",
    "disk I/O error": "Look at its disk: it may be full, or failing. Nothing was sent that is not written down.",
    "readonly": "Let the service's account write the file and its folder. Nothing was sent that is not written down.",
    "malformed": "The file is damaged: move it and those beside it aside, and restore the latest backup.",
    "not a database": "The file is damaged, or something else: move it and those beside it aside, and restore the latest backup.",
}
"""What to do, by a part of SQLite's own words."""

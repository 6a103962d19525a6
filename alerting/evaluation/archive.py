"""The days that are kept: what the rules were asked about in each run, as Parquet, so that a change to a rule can be tried on them.

    kept/2026-03-02/daily/manifest.json                             what the run was, and which files belong to it
                          child_in_care-5d1c0a9be22f.parquet        the subject's table as it was asked: its columns, a row a key
                          child_in_care.gone-04bb71e3c9aa.parquet   who was there the time before, and why they need not be now
                          nobody.gone-9a0c41f27d35.parquet          the same of every subject that no earlier day has: nobody
                          ext_team-77c10b2d9a41.parquet             which teams there were; ext_staff: which workers

The raw case tables are not kept. A day counts once its manifest is there, which is written last and in one step. Files are
named after what is in them, so that a repeated run takes over from the last one without a moment in between.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from alerting import private_files
from alerting.casedata.conversion import quoted
from alerting.casedata.engine_errors import EngineError
from alerting.casedata.snapshot import Snapshot
from alerting.errors import AlertingError
from alerting.rulebook.file_models import Subject

JOBS = ("daily", "weekly", "monthly")
GONE = dict.fromkeys(("subject", "person", "member", "reason"), "VARCHAR")
DIRECTORY = {
    "ext_team": dict.fromkeys(("team_id", "service", "service_manager_id"), "VARCHAR"),
    "ext_staff": dict.fromkeys(("worker_id", "team_id"), "VARCHAR"),
}
"""What is kept of the directory, by table: what rules about teams, workers and services ask."""
_MANIFEST = "manifest.json"
_PART = ".part"
_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class KeptFile(BaseModel):
    """One file of a kept run."""

    model_config = _STRICT

    name: str
    rows: int
    #: Of the file's bytes.
    sha256: str


class KeptSubject(BaseModel):
    """A subject as it was asked in a run."""

    model_config = _STRICT

    table: KeptFile
    #: Who was there the time before and had gone, with the columns of GONE.
    gone: KeptFile
    #: The columns the subject had then.
    columns: tuple[str, ...]
    #: A hash of the subject's file and of the views its SQL stands on.
    version: str


class Manifest(BaseModel):
    """What one run kept, and what is known of the run."""

    model_config = _STRICT

    format: Literal[1] = 1
    as_of: date
    job: str
    run: int
    #: By table, why it was not believed.
    untrusted: dict[str, str]
    #: By rule, why it was not asked.
    withheld: dict[str, str]
    #: The version of each rule that the run was to ask.
    rules: dict[str, str]
    #: The teams' names on that day, by id.
    teams: dict[str, str] = {}
    subjects: dict[str, KeptSubject] = {}
    #: What is kept of the directory, by table.
    directory: dict[str, KeptFile] = {}

    @property
    def files(self) -> list[KeptFile]:
        """All files of the run."""
        return [file for kept in self.subjects.values() for file in (kept.table, kept.gone)] + list(self.directory.values())


@dataclass(frozen=True, kw_only=True)
class KeptRun:
    """A run that was kept."""

    #: Where its files are.
    folder: Path
    manifest: Manifest

    def damage(self, subject: str) -> str | None:
        """Return what is wrong with a subject's files or the directory's, None where they are as they were written."""
        kept = self.manifest.subjects[subject]
        for file in (kept.table, kept.gone, *self.manifest.directory.values()):
            try:
                with (self.folder / file.name).open("rb") as opened:
                    found = hashlib.file_digest(opened, "sha256").hexdigest()
            except OSError as error:
                return f"{file.name} cannot be read ({error.strerror})"
            if found != file.sha256:
                return f"{file.name} is not as it was written"
        return None


@dataclass(frozen=True, kw_only=True)
class KeptRow:
    """A row that is kept about a child."""

    job: str
    #: The subject; with `.gone` of who was there the time before.
    what: str
    #: By the column's name.
    cells: Mapping[str, object]
    #: The first and the last day on which it stood so.
    first: date
    last: date


@dataclass(frozen=True, kw_only=True)
class Archive:
    """The folder in which days are kept."""

    folder: Path
    #: How many days back a day is kept; with 0 none is.
    days: int

    def keep(self, snapshot: Snapshot, run: Manifest, subjects: Mapping[str, tuple[Subject, str]]) -> list[str]:
        """Keep the tables of these subjects, each with its version, as they stand in a run's snapshot. Return what went wrong.

        `run` is the manifest without its subjects. A run of the same job and day is replaced, in one step or not at all.
        """
        if not self.days:
            return []
        problems: list[str] = []
        folder = self.folder / run.as_of.isoformat() / run.job
        try:
            private_files.make_folder(folder)
            kept: dict[str, KeptSubject] = {}
            nobody: KeptFile | None = None
            for id_, (subject, version) in sorted(subjects.items()):
                if (before := self._before(run, id_)) is None:
                    nobody = gone = nobody or _write(snapshot, folder, "nobody.gone", _NOBODY)
                else:
                    _ask_who_has_gone(snapshot, subject, before)
                    gone = _write(snapshot, folder, f"{id_}.gone", _GONE_ROWS.format(subject=id_, key=quoted(subject.key)))
                kept[id_] = KeptSubject(
                    table=_write(snapshot, folder, id_, _select_rows(subject)),
                    gone=gone,
                    columns=tuple(subject.columns),
                    version=version,
                )
            directory = {
                table: _write(snapshot, folder, table, f"SELECT {', '.join(columns)} FROM {table} ORDER BY ALL")
                for table, columns in DIRECTORY.items()
            }
            _publish(folder, run.model_copy(update={"subjects": kept, "directory": directory}))
        except OSError as error:
            problems.append(f"the day could not be kept ({error.strerror or error})")
        except EngineError as error:
            problems.append(f"the day could not be kept: {error.safe}")
        return problems

    def runs(self, job: str, first: date, last: date) -> tuple[list[KeptRun], dict[date, str]]:
        """Return a job's kept runs from one day to another, oldest first; and the days that cannot be read, each with why."""
        runs, unreadable = [], {}
        for day in self.kept_days():
            if first <= day <= last:
                try:
                    run = _read(self.folder / day.isoformat() / job)
                except ValueError as error:
                    unreadable[day] = str(error)
                else:
                    runs += [run] if run else []
        return runs, unreadable

    def kept_days(self) -> list[date]:
        """Return the days that have a folder, oldest first."""
        names = [path.name for path in self.folder.iterdir() if path.is_dir()] if self.folder.is_dir() else []
        return sorted(day for name in names if (day := _day(name)))

    def too_old(self, today: date) -> list[date]:
        """Return the days that are older than may be kept, oldest first; all of them where none is to be kept."""
        return [day for day in self.kept_days() if not self.days or day <= today - timedelta(days=self.days)]

    def forget(self, today: date) -> list[str]:
        """Delete what is older than may be kept, and what crashed runs left. Return what could not be deleted.

        Only what `keep` writes is deleted: the folder may hold other things too.
        """
        problems = []
        try:
            too_old = self.too_old(today)
        except OSError as error:
            return [f"what is too old to be kept could not be looked for ({error.strerror})"]
        for day in too_old:
            try:
                _delete(self.folder / day.isoformat())
            except OSError as error:
                problems.append(f"{day} is too old to be kept and could not be deleted ({error.strerror})")
        return problems

    def rows_about(self, snapshot: Snapshot, ids: Collection[str]) -> tuple[list[KeptRow], list[str]]:
        """Return all that is kept about a child, each row once; and of what could not be read which run it is, and why."""
        found: dict[tuple[str, str, str], KeptRow] = {}
        unreadable: list[str] = []
        for day in self.kept_days():
            for job in JOBS:
                try:
                    run = _read(self.folder / day.isoformat() / job)
                    rows = list(_rows_of_run(snapshot, run, ids)) if run else []
                except (ValueError, EngineError) as error:
                    unreadable.append(f"{day}, {job}: {error.safe if isinstance(error, EngineError) else error}")
                    continue
                for what, cells in rows:
                    key = (job, what, repr(cells))
                    first = found[key].first if key in found else day
                    found[key] = KeptRow(job=job, what=what, cells=cells, first=first, last=day)
        return list(found.values()), unreadable

    def take_out(self, snapshot: Snapshot, ids: Collection[str]) -> int:
        """Take a child out of all that is kept, and return how many rows that was. Raises AlertingError and OSError.

        A run whose manifest cannot be read is deleted, and so is what no manifest names, as a crash leaves it: nobody can say what is in it.
        """
        count = 0
        for folder in [self.folder / day.isoformat() / job for day in self.kept_days() for job in JOBS]:
            run, rows = None, 0
            with suppress(ValueError):
                run = _read(folder)
            if run is not None:
                try:
                    kept, rows = _without(snapshot, run, ids)
                except EngineError as error:
                    raise AlertingError(
                        f"the child could not be taken out of the day kept in {folder}: {error.safe}",
                        remedy="Put that right, or delete that folder, then wipe the child once more.",
                    ) from None
            if run is not None and rows:
                _publish(folder, run.manifest.model_copy(update={"subjects": kept}))
            elif folder.is_dir():
                _delete_others(folder, run.manifest if run else None)
            count += rows
        return count

    def _before(self, run: Manifest, subject: str) -> KeptRun | None:
        """Return the job's latest kept run of an earlier day that has the subject."""
        for day in reversed([day for day in self.kept_days() if day < run.as_of]):
            try:
                found = _read(self.folder / day.isoformat() / run.job)
            except ValueError:
                continue
            if found and subject in found.manifest.subjects and not found.damage(subject):
                return found
        return None


_GONE_ROWS = """SELECT l.subject, l.person, l.member, l.reason FROM gone_since l
    WHERE l.reason IS NOT NULL OR NOT EXISTS (SELECT 1 FROM "subject_{subject}" s WHERE s.{key} = l.subject) ORDER BY 1"""


_NOBODY = f"SELECT {', '.join(f'NULL::{kind} AS {name}' for name, kind in GONE.items())} WHERE false"


def _select_rows(subject: Subject) -> str:
    columns = ", ".join(map(quoted, subject.columns))
    return f"SELECT {columns} FROM {quoted('subject_' + subject.id)} ORDER BY {quoted(subject.key)}"


def _ask_who_has_gone(snapshot: Snapshot, subject: Subject, before: KeptRun) -> None:
    """Make the table `gone_since`: for everybody who was there the time before, or went unexplained, what proves that they have left.

    Those who are still there are among them: a rule may not ask about all of its subject, and then they have left the rule.
    """
    _load_before(snapshot, subject, before)
    snapshot.sql(
        """CREATE OR REPLACE TABLE live AS
        SELECT 0 AS id, '' AS rule, subject, person, member, NULL::INTEGER AS upper_age FROM before_now"""
    )
    proof = subject.left_when.strip().rstrip(";") if subject.left_when else "SELECT NULL AS subject, NULL AS reason"
    made = "CREATE OR REPLACE TABLE gone_since AS SELECT l.subject, any_value(l.person) AS person, any_value(l.member) AS member,"
    try:
        snapshot.sql(f"{made} min(w.reason) AS reason FROM live l LEFT JOIN ({proof}) w ON w.subject = l.subject GROUP BY 1")
    except EngineError:
        # The run says so where an alert of its own is absent. Without the proof nobody is known to have left.
        snapshot.sql(f"{made} NULL::VARCHAR AS reason FROM live l GROUP BY 1")


def _load_before(snapshot: Snapshot, subject: Subject, before: KeptRun) -> None:
    kept = before.manifest.subjects[subject.id]
    columns = [name if name in kept.columns else None for name in (subject.key, subject.person, subject.member)]
    day, there = before.manifest.as_of, {name: "VARCHAR" for name in columns if name}
    snapshot.read_parquet("there_before", {day: before.folder / kept.table.name}, there)
    snapshot.read_parquet("gone_before", {day: before.folder / kept.gone.name}, GONE)
    key, person, member = (quoted(name) if name else "NULL::VARCHAR" for name in columns)
    snapshot.sql(
        f"""CREATE OR REPLACE TABLE before_now AS
        SELECT {key} AS subject, {person} AS person, {member} AS member FROM there_before WHERE {key} IS NOT NULL
        UNION ALL SELECT g.subject, g.person, g.member FROM gone_before g
        WHERE g.reason IS NULL AND g.subject NOT IN (SELECT {key} FROM there_before WHERE {key} IS NOT NULL)"""
    )


def _rows_of_run(snapshot: Snapshot, run: KeptRun, ids: Collection[str]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield the rows of a run in which a child is, each with what it is a row of."""
    for id_, kept in run.manifest.subjects.items():
        for what, file in ((id_, kept.table), (f"{id_}.gone", kept.gone)):
            if file.rows:
                snapshot.load_parquet("kept_rows", run.folder / file.name)
                names = snapshot.names("SELECT * FROM kept_rows")
                rows = snapshot.sql(f"SELECT * FROM kept_rows WHERE {_is_theirs(snapshot, 'kept_rows', ids)}")
                yield from ((what, dict(zip(names, row, strict=True))) for row in rows)


def _without(snapshot: Snapshot, run: KeptRun, ids: Collection[str]) -> tuple[dict[str, KeptSubject], int]:
    """Return a run's subjects without a child, their files written anew where the child was, and how many rows that was."""
    subjects, count = dict[str, KeptSubject](), 0
    for id_, kept in run.manifest.subjects.items():
        table, rows = _file_without(snapshot, run.folder, kept.table, id_, ids)
        gone, more = _file_without(snapshot, run.folder, kept.gone, f"{id_}.gone", ids)
        subjects[id_] = kept.model_copy(update={"table": table, "gone": gone})
        count += rows + more
    return subjects, count


def _file_without(snapshot: Snapshot, folder: Path, file: KeptFile, name: str, ids: Collection[str]) -> tuple[KeptFile, int]:
    if not file.rows:
        return file, 0
    snapshot.load_parquet("kept_rows", folder / file.name)
    theirs = _is_theirs(snapshot, "kept_rows", ids)
    [(count,)] = snapshot.sql(f"SELECT count(*) FROM kept_rows WHERE {theirs}")
    return (_write(snapshot, folder, name, f"SELECT * FROM kept_rows WHERE NOT {theirs}") if count else file), int(count)


def _is_theirs(snapshot: Snapshot, table: str, ids: Collection[str]) -> str:
    """Return, in SQL, whether an id of a child stands in a row of a table, in whatever column of text."""
    wanted = ", ".join("'" + id_.replace("'", "''") + "'" for id_ in sorted(ids))
    kinds = snapshot.columns(f"SELECT * FROM {table}")
    tests = [f"{quoted(name)} IN ({wanted})" for name, kind in kinds.items() if kind == "VARCHAR"]
    tests += [f"list_has_any({quoted(name)}, [{wanted}])" for name, kind in kinds.items() if kind == "VARCHAR[]"]
    return f"({' OR '.join(f'coalesce({test}, false)' for test in tests) or 'false'})"


def _write(snapshot: Snapshot, folder: Path, name: str, query: str) -> KeptFile:
    part = folder / f"{name}{_PART}"
    try:
        rows = snapshot.write_parquet(query, part)
        with part.open("rb") as opened:
            sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
        file = KeptFile(name=f"{name}-{sha256[:12]}.parquet", rows=rows, sha256=sha256)
        part.replace(folder / file.name)
    finally:
        part.unlink(missing_ok=True)
    return file


def _publish(folder: Path, manifest: Manifest) -> None:
    """Put a manifest in its place in one step, and then delete the files that are not its."""
    private_files.write(folder / _MANIFEST, manifest.model_dump_json(indent=1), lasting=True)
    _delete_others(folder, manifest)


def _delete_others(folder: Path, manifest: Manifest | None) -> None:
    """Delete the files of a folder that are not its manifest's; all where it has none."""
    named = {_MANIFEST, *(file.name for file in manifest.files)} if manifest else set[str]()
    _unlink([path for path in _own(folder) if path.name not in named])


def _read(folder: Path) -> KeptRun | None:
    """Read the run of a folder, None where there is none. Raises ValueError with what is wrong where it cannot be read."""
    try:
        text = (folder / _MANIFEST).read_text("utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ValueError(f"its manifest cannot be read ({error.strerror})") from None
    try:
        return KeptRun(folder=folder, manifest=Manifest.model_validate_json(text))
    except ValidationError:
        raise ValueError("its manifest is damaged, or of another version") from None


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name) if len(name) == len("2026-03-02") else None
    except ValueError:
        return None


def _own(folder: Path) -> list[Path]:
    """Return the files of a folder that `keep` writes."""
    return [path for path in folder.iterdir() if _is_own(path)]


def _is_own(path: Path) -> bool:
    return path.name == _MANIFEST or path.suffix in (".parquet", _PART) or path.name.startswith(private_files.UNFINISHED)


def _delete(day: Path) -> None:
    for folder in [day / job for job in JOBS if (day / job).is_dir()]:
        # The manifest goes first: what is left after a crash is no day, rather than half of one.
        _unlink(sorted(_own(folder), key=lambda path: path.name != _MANIFEST))
        if not any(folder.iterdir()):
            folder.rmdir()
    if not any(day.iterdir()):
        day.rmdir()


def _unlink(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink()

"""What a council says its case data is: recognised by looking, so that `source:` of config.yaml can be written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alerting.casedata.catalogue import TABLES
from alerting.database_address import has_password
from alerting.errors import SourceError, docs_page
from alerting.formatting import plural, visible
from alerting.sources.files import found, workbook

MADE_UP = "demo"
_ENVIRONMENT = "env:"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SUFFIXES = (".csv", ".parquet")
_SQLITE = b"SQLite format 3\0"
_CONNECT = f"{docs_page('how-to/connect-your-ssd.md')} says in which forms case data is read."


@dataclass(frozen=True, kw_only=True)
class CaseData:
    """Where case data comes from."""

    #: The keys of `source:` in config.yaml, as they are to stand there.
    settings: Mapping[str, str]
    #: What was found, in a sentence.
    says: str
    #: The variable of the environment that must hold the address of the database; None where there is none.
    variable: str | None = None


def recognise(given: str) -> CaseData:
    """Return what a place is: a folder, a workbook, an SQLite file, a database's address, `env:NAME`, or `demo`.

    Raises SourceError, with what lies there instead, where it holds no table that is known.
    """
    given = given.strip()
    if given == MADE_UP:
        return CaseData(settings={"type": MADE_UP}, says="The made-up council, to look at.")
    if given.startswith(_ENVIRONMENT):
        name = given.removeprefix(_ENVIRONMENT)
        if not _VARIABLE.fullmatch(name):
            raise SourceError(
                f"{visible(given)} names no variable of the environment", remedy="Write `env:` and its name, such as env:SSD_URL."
            )
        return CaseData(
            settings={"type": "sql", "url": f"${{env:{name}}}"},
            says=f"A database; its address is what the variable {visible(name)} of the environment holds.",
            variable=name,
        )
    if "://" in given:
        return _database(given)
    return _place(Path(given))


def _database(url: str) -> CaseData:
    if has_password(url):
        raise SourceError(
            "the address holds a password, which does not belong in a file or on a command line",
            remedy="Put the address into a variable of the environment, such as SSD_URL, and give `env:SSD_URL`.",
        )
    return CaseData(settings={"type": "sql", "url": url}, says="A database.")


def _place(path: Path) -> CaseData:
    try:
        if path.is_dir():
            return _folder(path)
        if path.is_file():
            return _file(path)
    except OSError as error:
        raise SourceError(
            f"{visible(str(path))} cannot be looked into: {error.strerror}", remedy="See that this account may read it."
        ) from None
    raise SourceError(f"there is no {visible(str(path))}", remedy="Give a folder, a file, or `env:NAME` for a database.")


def _folder(path: Path) -> CaseData:
    tables = {each.stem.lower() for each in path.iterdir() if each.suffix.lower() in _SUFFIXES} & TABLES.keys()
    if not any(table.startswith("ssd_") for table in tables):
        raise _nothing_known(path, found.in_words(found.survey(path)))
    return CaseData(settings={"type": "files", "path": str(path.resolve())}, says=_tables("A folder", tables))


def _file(path: Path) -> CaseData:
    with path.open("rb") as file:
        is_sqlite = file.read(len(_SQLITE)) == _SQLITE
    if is_sqlite:
        return CaseData(settings={"type": "sql", "url": f"sqlite:///{path.resolve().as_posix()}"}, says="An SQLite database.")
    tables: set[str] = set()
    if path.suffix.lower() in _SUFFIXES and path.stem.lower() in TABLES:
        raise SourceError(
            f"{visible(str(path))} is one table of several", remedy="Give the folder in which it lies with the others."
        )
    if path.suffix.lower() == ".xlsx":
        tables = {name.strip().lower() for name in workbook.first_rows(path, most_sheets=200, most_rows=1)} & TABLES.keys()
    if not any(table.startswith("ssd_") for table in tables):
        raise _nothing_known(path, found.in_words([found.sight(path)]))
    return CaseData(settings={"type": "files", "path": str(path.resolve())}, says=_tables("A workbook", tables))


def _tables(what: str, tables: set[str]) -> str:
    own = [table for table in tables if not table.startswith("ssd_")]
    return f"{what} with {plural(len(tables) - len(own), 'SSD table')} and {plural(len(own), 'table')} of the council's own."


def _nothing_known(path: Path, seen: str) -> SourceError:
    return SourceError(f"{visible(str(path))} holds no SSD table" + (f"\n  {seen}" if seen else ""), remedy=_CONNECT)

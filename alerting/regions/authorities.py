"""Which authorities a region has, and which of them cannot be run safely: each has its own folder with its own config.yaml."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

from alerting.config import Loaded, load_config, sqlite_path
from alerting.database_address import sqlite_file
from alerting.documents.report import as_json, faults_of
from alerting.errors import AlertingError, ConfigError
from alerting.formatting import listed
from alerting.regions.authority_table import Row
from alerting.regions.region_report import why_of
from alerting.regions.table_reading import DatabaseTable, is_parquet, read_csv, read_database, read_parquet

CONFIG = "config.yaml"
_APART = "If this is a copy of it, take it away from here; if one council has two services, give each its own `council: name:` in config.yaml."
_USUAL_PORT = ":5432"
_SCHEMA = re.compile(r"search_path\s*=\s*(\S+)")


@dataclass(frozen=True, kw_only=True)
class Authority:
    """One authority: a name that is its own in the region, and where its config.yaml is."""

    name: str
    config: Path
    #: How large it is beside the others, of whatever that is counted in; None where nobody says so.
    size: float | None = None


@dataclass(frozen=True, kw_only=True)
class Found:
    """The authorities of a region."""

    #: By name.
    authorities: tuple[Authority, ...]
    #: By the name of one that must not be run, why: what is said of it cannot be read.
    unsafe: Mapping[str, str] = field(default_factory=dict)
    #: The names of those that are switched off.
    off: tuple[str, ...] = ()


def find_authorities(place: Path | DatabaseTable) -> Found:
    """Return the authorities of a region.

    place: a folder, each folder in which with a config.yaml is an authority; a table with a row for each (`authority_table`), as CSV, as
    Parquet or in a database; or another text file with the folder of an authority on each line, from where the file is. One of a file that
    has no config.yaml is an authority as well, which will not run, and so is one whose row is wrong. Those of one name are none of them
    run. Raises ConfigError and Faults.
    """
    try:
        rows = list(_rows(place))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(
            f"the authorities cannot be read from {_named(place)} ({why})",
            remedy="Give a folder of folders, each with a config.yaml; a CSV or Parquet file, or the address of a database and --table, with "
            "a row for each; or a text file with a folder on each line.",
        ) from None
    if not rows:
        remedy = "Each authority is a folder in it with a config.yaml; `alerting init` writes one."
        if not is_folder_of(place):
            remedy = "Each authority is a row, or a line, with the folder of its config.yaml; `alerting init` writes one."
        raise ConfigError(f"there is no authority in {_named(place)}", remedy=remedy)
    named = Counter(row.name for row in rows)
    unsafe = {row.name: why_of([as_json(fault) for fault in row.faults]) for row in rows if row.faults}
    unsafe |= {name: _twice(place) for name, count in named.items() if count > 1}
    kept = [row for row in rows if row.name not in unsafe]
    authorities = [Authority(name=row.name, config=row.config, size=row.size) for row in kept if row.on]
    return Found(
        authorities=tuple(sorted(authorities, key=lambda authority: authority.name)),
        unsafe=unsafe,
        off=tuple(sorted(row.name for row in kept if not row.on)),
    )


def is_folder_of(place: Path | DatabaseTable) -> bool:
    """Return whether a place is a folder of authorities, and no table or list of them."""
    return isinstance(place, Path) and place.is_dir() and not is_parquet(place)


def _rows(place: Path | DatabaseTable) -> Iterable[Row]:
    if isinstance(place, DatabaseTable):
        return read_database(place, CONFIG)
    if is_parquet(place):
        return read_parquet(place, CONFIG)
    if place.is_file() and place.suffix.lower() == ".csv":
        return read_csv(place, CONFIG)
    folders = _listed(place) if place.is_file() else [one for one in place.iterdir() if _is_one(one)]
    return [Row(name=one.name, config=one / CONFIG) for one in folders]


def _named(place: Path | DatabaseTable) -> str:
    return place.as_posix() if isinstance(place, Path) else str(place)


def _twice(place: Path | DatabaseTable) -> str:
    return f"its name stands in {_named(place)} more than once. Name each once; folders of one name need names of their own."


def _is_one(folder: Path) -> bool:
    """Return whether a folder is an authority's. One that cannot be looked into is, and will be told of."""
    try:
        return folder.is_dir() and (folder / CONFIG).is_file()
    except OSError:
        return True


def _listed(file: Path) -> list[Path]:
    lines = (line.strip() for line in file.read_text("utf-8-sig").splitlines())
    return [Path(os.path.abspath(file.parent / line)) for line in lines if line and not line.startswith("#")]  # noqa: PTH100


def find_unsafe(authorities: Iterable[Authority], known: Collection[str] = ()) -> Mapping[str, str]:
    """Return, by name, why an authority must not be run: its config.yaml cannot be used, its store or its council is another's as well.

    known: the names of those that were run before. Two authorities with one store would each take the other's alerts for its own, and tell
    its own people of them: neither is run. Two of one council, such as a folder that was copied with its store, would each tell the same
    people of the same children: of these the one that is known goes on, and the other is not run; neither, where not just one is known.
    """
    unsafe: dict[str, str] = {}
    users: dict[str, list[str]] = defaultdict(list)
    councils: dict[tuple[str, str], list[str]] = defaultdict(list)
    for authority in authorities:
        try:
            loaded = load_config(authority.config)
            users[_store(loaded)].append(authority.name)
            councils[_council(loaded)].append(authority.name)
        except AlertingError as error:
            unsafe[authority.name] = why_of([as_json(fault) for fault in faults_of(error)])
        except Exception as error:  # noqa: BLE001  (of whatever kind, it is nothing to the other authorities)
            unsafe[authority.name] = f"{authority.config}: it cannot be read ({type(error).__name__})"
    for names in councils.values():
        before = [name for name in names if name in known]
        for name in names if len(names) > 1 else ():
            if before != [name]:
                unsafe[name] = f"it is of the same council as {_others(name, names)}. {_APART}"
    for names in users.values():
        for name in names if len(names) > 1 else ():
            unsafe[name] = (
                f"its store is that of {_others(name, names)} as well. Give each its own under `store:` in config.yaml."
            )
    return unsafe


def _others(name: str, names: Sequence[str]) -> str:
    return listed([other for other in names if other != name])


def _council(loaded: Loaded) -> tuple[str, str]:
    """Return what tells an authority's council from any other: a test installation of it is another."""
    council = loaded.config.council
    return " ".join(council.name.casefold().split()), council.environment


def _store(loaded: Loaded) -> str:
    """Return what tells an authority's store from any other."""
    address = sqlite_path(loaded.config.store, loaded.folder)
    file = sqlite_file(address)
    return _place_on_server(address) if file is None else str(file.resolve())


def _place_on_server(address: str) -> str:
    """Return host, database and schema of an address: who signs in, and how, makes no other store of it."""
    place, _, query = address.rpartition("@")[2].rpartition("://")[2].partition("?")
    host, _, database = place.partition("/")
    asked = dict(parse_qsl(query))
    host, port = asked.get("host", host).lower(), asked.get("port", "")
    schema = _SCHEMA.search(asked.get("options", ""))
    server = f"{host}:{port}" if port else host
    return f"{server.removesuffix(_USUAL_PORT)}/{database} {schema[1] if schema else ''}"

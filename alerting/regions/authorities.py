"""Which authorities a region has, and which of them cannot be run safely: each has its own folder with its own config.yaml."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from alerting.config import load_config, sqlite_path
from alerting.database_address import sqlite_file
from alerting.documents.report import as_json, faults_of
from alerting.errors import AlertingError, ConfigError
from alerting.formatting import listed
from alerting.regions.region_report import why_of

CONFIG = "config.yaml"
_USUAL_PORT = ":5432"
_SCHEMA = re.compile(r"search_path\s*=\s*(\S+)")


@dataclass(frozen=True, kw_only=True)
class Authority:
    """One authority: a name that is its own in the region, and where its config.yaml is."""

    name: str
    config: Path


def find_authorities(place: Path) -> tuple[Authority, ...]:
    """Return the authorities of a region, by name.

    place: a folder, each folder in which with a config.yaml is an authority; or a text file with the folder of an authority on each
    line, from where the file is. One of a file that has no config.yaml is an authority as well, which will not run. Raises ConfigError.
    """
    try:
        folders = _listed(place) if place.is_file() else [one for one in place.iterdir() if _is_one(one)]
    except (OSError, UnicodeDecodeError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(
            f"the authorities cannot be read from {place.as_posix()} ({why})",
            remedy="Give a folder of folders, each with a config.yaml, or a text file with the folder of an authority on each line.",
        ) from None
    found = sorted((Authority(name=one.name, config=one / CONFIG) for one in folders), key=lambda authority: authority.name)
    if not found:
        remedy = "Each authority is a folder in it with a config.yaml; `alerting init` writes one."
        raise ConfigError(f"there is no authority in {place.as_posix()}", remedy=remedy)
    names = [authority.name for authority in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        remedy = "Name each once; folders of one name in different places need names of their own."
        raise ConfigError(f"{listed(twice)} stands in {place.as_posix()} more than once", remedy=remedy)
    return tuple(found)


def _is_one(folder: Path) -> bool:
    """Return whether a folder is an authority's. One that cannot be looked into is, and will be told of."""
    try:
        return folder.is_dir() and (folder / CONFIG).is_file()
    except OSError:
        return True


def _listed(file: Path) -> list[Path]:
    lines = (line.strip() for line in file.read_text("utf-8-sig").splitlines())
    return [Path(os.path.abspath(file.parent / line)) for line in lines if line and not line.startswith("#")]  # noqa: PTH100


def find_unsafe(authorities: Iterable[Authority]) -> Mapping[str, str]:
    """Return, by name, why an authority must not be run: its config.yaml cannot be used, or its store is another's as well.

    Two authorities with one store would each take the other's alerts for its own, and tell its own people of them: neither is run.
    """
    unsafe: dict[str, str] = {}
    users: dict[str, list[str]] = defaultdict(list)
    for authority in authorities:
        try:
            users[_store(authority.config)].append(authority.name)
        except AlertingError as error:
            unsafe[authority.name] = why_of([as_json(fault) for fault in faults_of(error)])
        except Exception as error:  # noqa: BLE001  (of whatever kind, it is nothing to the other authorities)
            unsafe[authority.name] = f"{authority.config}: it cannot be read ({type(error).__name__})"
    for names in users.values():
        for name in names if len(names) > 1 else ():
            others = listed([other for other in names if other != name])
            unsafe[name] = f"its store is that of {others} as well. Give each its own under `store:` in config.yaml."
    return unsafe


def _store(config: Path) -> str:
    """Return what tells an authority's store from any other."""
    loaded = load_config(config)
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

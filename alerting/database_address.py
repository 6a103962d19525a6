"""The address of a database: which SQLite file it is, whether a password stands in it, and what of it may be shown.

An address is not taken apart as libraries do where a password may stand in it: of one that is badly written, with an `@` or a `/` of
its own, they take a part for the host, and show it.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, unquote_plus

_SQLITE = "sqlite:///"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_PLACE = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*)(:[0-9]{1,5})?(/[A-Za-z0-9._-]*)?")
_NAMED = re.compile(
    r"[?&;{](?:[^=&;]*[_-])?(?:pass(?:word|wd|phrase)?|sslpassword|pwd|secret|token|sig|signature|api_?key)=[^&;]", re.IGNORECASE
)
_ODBC = re.compile(r"[?&]odbc_connect=([^&]*)", re.IGNORECASE)
"""A whole connection string of ODBC in an address: `Server=...;Database=...;UID=...;PWD=...`."""
_ODBC_PLACE = re.compile(r"(?:^|;)\s*(server|database|dsn)\s*=\s*([^;]*)", re.IGNORECASE)
_NEEDED_FOR_NOTHING = re.compile(r"[?&][^=&]*(?:pass|pwd|secret|token|sig|key)[^=&]*=[^&]*", re.IGNORECASE)


def sqlite_file(address: str) -> Path | None:
    """Return the file of an SQLite database, letter for letter as it is written; None for any other database, or one in memory."""
    name = address.removeprefix(_SQLITE)
    return None if name == address or name in ("", ":memory:") else Path(name)


def is_in_memory(address: str) -> bool:
    """Return whether it is an SQLite database that is gone with the process."""
    scheme, _, rest = address.partition("://")
    return scheme.partition("+")[0] == "sqlite" and (
        rest in ("", "/", "/:memory:") or ":memory:" in rest or "mode=memory" in rest
    )


def has_password(text: str) -> bool:
    """Return whether a text is an address, of a database or of the web, with a password or the like in it."""
    found = _SCHEME.fullmatch(text)
    if found is None or text.startswith(_SQLITE):
        return False
    scheme, rest = found[1].lower(), found[2]
    if scheme in ("http", "https"):
        who, at, _ = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")
        in_front = bool(at)
    else:
        who, at, _ = rest.rpartition("@")
        in_front = bool(at) and ":" in who
    return in_front or any(_NAMED.search(part) for part in (rest, unquote(rest)))


def shown(address: str) -> str:
    """Return what of an address may be shown: its kind, host, port and database; the kind alone where these are not plain to tell."""
    if sqlite_file(address) is not None:
        return address
    found = _SCHEME.fullmatch(address)
    if found is None:
        return "the database"
    place = found[2]
    if place.count("@") > 1 or "?" in place.partition("@")[0] * ("@" in place):
        return f"{found[1]}://..."
    place = place.rpartition("@")[2].partition("?")[0]
    return f"{found[1]}://{place}" if _PLACE.fullmatch(place) else f"{found[1]}://..."


def without_secrets(address: str) -> str:
    """Return an address by which two places can be told apart: without who signs in there, and how."""
    found = _SCHEME.fullmatch(address)
    if found is None or address.startswith(_SQLITE):
        return address
    if odbc := _ODBC.search(address):
        return f"{found[1]}://{';'.join(f'{key}={value}' for key, value in _ODBC_PLACE.findall(unquote_plus(odbc[1])))}"
    return f"{found[1]}://{_NEEDED_FOR_NOTHING.sub('', found[2].rpartition('@')[2])}"


def why_refused(error: BaseException) -> tuple[str, str]:
    """Return why a database's driver could not reach it, and what to do.

    Its words are looked at and never shown: they can quote an address, or a part of a password that it took for one.
    """
    words = str(getattr(error, "orig", None) or error).lower()
    if any(word in words for word in ("password", "authentication", "login failed", "access denied", "no pg_hba", 'role "')):
        return "refuses the user's name or password", "Check the user and password."
    unreachable = "unavailable or does not exist" in words  # so FreeTDS says of a server
    if not unreachable and any(
        word in words for word in ("does not exist", "unknown database", "cannot open database", "unable to open")
    ):
        return "is not there, or not to be opened", "Check the name of the database, and that its user may use it."
    if any(word in words for word in ("no space", "disk full", "could not extend")):
        return "has no more room on its disk", "Make space where the server keeps its files."
    return "cannot be reached", "Check host and port, that the server runs, and that the network lets this machine through."

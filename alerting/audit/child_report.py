"""What is kept about a child, as a page to print, a table or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from alerting import formatting
from alerting.audit.child_file import Entry
from alerting.notifications.messages.layouts import lay_out

HEADINGS = ("When", "About", "What", "Who", "Why")


def as_cells(entry: Entry, zone: ZoneInfo) -> tuple[str, ...]:
    """Return an entry as the cells of a table, in the order of HEADINGS; moments as the council's clocks show them."""
    return _when(entry.at, zone), entry.about, entry.what, entry.who, entry.why


def as_csv(entries: Sequence[Entry], zone: ZoneInfo) -> str:
    """Return all entries as one table, each with its part."""
    rows = [(entry.part.words, *as_cells(entry, zone)) for entry in entries]
    return formatting.as_csv([("Part", *HEADINGS), *rows])


def as_json(entries: Sequence[Entry]) -> dict[str, list[dict[str, Any]]]:
    """Return the entries of each part that has any, by the part."""
    return {
        part.value: [
            {"at": each.at and each.at.isoformat(), "about": each.about, "what": each.what, "who": each.who, "why": each.why}
            for each in mine
        ]
        for part, mine in groupby(entries, key=lambda entry: entry.part)
    }


def as_page(entries: Sequence[Entry], zone: ZoneInfo, *, council: str, child: str, at: datetime, by: str) -> str:
    """Return the entries as one file of HTML, laid out for a screen and for paper."""
    parts = [
        (part.words, [as_cells(entry, zone) for entry in mine]) for part, mine in groupby(entries, key=lambda entry: entry.part)
    ]
    local = at.astimezone(zone).replace(tzinfo=None)
    return lay_out("child.html", council=council, child=child, at=local, by=by, headings=HEADINGS, parts=parts)


def _when(at: datetime | date | None, zone: ZoneInfo) -> str:
    if isinstance(at, datetime):
        return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
    return at.isoformat() if at else ""

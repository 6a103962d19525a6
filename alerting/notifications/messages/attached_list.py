"""A whole list as a file that a spreadsheet opens: one item a row, in the words of its message and with no more than it may say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alerting.formatting import as_csv, plain
from alerting.model import Attachment
from alerting.notifications.messages.digest import Telling, in_words
from alerting.notifications.triage import Part
from alerting.notifications.whole_list import Entry, whole_list

MOST_BYTES = 150_000
"""What a file has at most, so that a message stays small on a telephone. A row has 300 or so, and nobody works through more than 500."""

_BOM = "\ufeff"
"""Without it Excel reads a name with an accent by a code page of its own."""

_HEADINGS = (
    "Reference", "Where it stands", "Level", "What", "About", "Worker", "Team", "Due", "When", "Listed since", "News", "What the data shows",
    "Who has it",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class AttachedList:
    """A file, and what its message says of it."""

    file: Attachment
    said: str


def attach(parts: Sequence[Part], telling: Telling) -> AttachedList | None:
    """Return all that is open as a file, None where the message tells it: of one that would be too large the first rows."""
    whole = whole_list(parts)
    if whole is None:
        return None
    lines, size = [as_csv([_HEADINGS])], 0
    for entry in whole.entries:
        line = as_csv([_cells(entry, telling)])
        size += len(line.encode())
        if size > MOST_BYTES:
            break
        lines.append(line)
    told, count = len(lines) - 1, len(whole.entries)
    name = f"open-items-{telling.as_of.isoformat()}.csv"
    how_many = f"All {count} open items are" if told == count else f"The first {told} of {count} open items are"
    return AttachedList(
        file=Attachment(name=name, subtype="csv", content=(_BOM + "".join(lines)).encode()),
        said=f"{how_many} in the attached list, {name}. It is as private as this message: delete it when you have used it.",
    )


def _cells(entry: Entry, telling: Telling) -> tuple[str, ...]:
    item, said = entry.item, in_words(entry.item, telling, entry.section)
    return (
        plain(item.ref, 20),
        said.section,
        said.level,
        said.what,
        said.about,
        plain(item.worker_name or ""),
        plain(item.team_name),
        item.due.isoformat() if item.due else "",
        said.when,
        item.first_seen.isoformat(),
        ", ".join(said.tags),
        said.sentence,
        plain(item.in_hand, 300),
    )

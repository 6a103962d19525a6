"""All that is open of a reader's list, for a file beside a message that cannot tell each of it. Pure: what stands in it, and no words.

It is made of what the message holds when it leaves, and kept nowhere: what is taken out of a message is in no file of it either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alerting.notifications.content import Item
from alerting.notifications.triage import OPEN, Part, Section

_LISTED = OPEN | {Section.backlog}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One open item, and where in the message it stands."""

    section: Section
    item: Item


@dataclass(frozen=True, kw_only=True)
class WholeList:
    """Every open item of a message, in the order of its sections."""

    entries: tuple[Entry, ...]


def whole_list(parts: Sequence[Part]) -> WholeList | None:
    """Return all that is open; None where the message tells each of it by itself.

    What is on hold is told a rule a line with every number, however little there is.
    """
    listed = [part for part in parts if part.section in _LISTED]
    if not any(part.counted or (part.named and part.section is not Section.held) for part in listed):
        return None
    return WholeList(entries=tuple(Entry(section=part.section, item=item) for part in listed for item in part.all_items))

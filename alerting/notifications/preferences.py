"""What somebody would rather have, of what they may choose: never whether they are told of what is new."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What one person would rather have."""

    #: Whether they hear that nothing of theirs is open, where the council tells it.
    all_clear: bool = True
    #: Whether they hear of what is done where nothing else is new, where the council tells it.
    done: bool = True
    #: What comes first within the sections of their list, by its name on the page.
    order: str = ""

"""Why nobody could be told at a place where somebody was looked for."""

from __future__ import annotations

from alerting.casedata.directory import Directory
from alerting.model import Worded


class NobodyThere(Worded):
    """Why nobody could be told at a place where somebody was looked for."""

    not_recorded = "not_recorded", "nobody is recorded"
    cover_in_a_ring = "cover_in_a_ring", "those who are away cover for each other"
    not_covered = "not_covered", "is away, and nobody covers"
    no_address = "no_address", "has no address"
    themselves = "themselves", "is whom it is about"
    refused = "refused", "has an address that was refused"
    left = "left", "has left"
    not_begun = "not_begun", "has not begun yet"
    end_unread = "end_unread", "has a last day that cannot be read"
    not_staff = "not_staff", "is nobody on the staff list"

    @property
    def about_somebody(self) -> bool:
        """Whether its words go on from somebody's name."""
        return self not in (NobodyThere.not_recorded, NobodyThere.cover_in_a_ring)


def why_not_there(directory: Directory, worker: str) -> NobodyThere:
    """Return why somebody who is no current member of staff is none."""
    person = directory.former.get(worker)
    if person is None:
        return NobodyThere.not_staff
    if person.end_unread:
        return NobodyThere.end_unread
    return NobodyThere.not_begun if person.begins else NobodyThere.left

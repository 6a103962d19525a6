"""Outcomes as case systems write them: JSON, what was cut from it, or a plain list. Nothing here parses JSON."""

from __future__ import annotations

import re

from tests.oracle.cells import clean, norm, yes

_COMMENTS = re.compile(r'"(?:OUTCOME_)?COMMENTS"', re.IGNORECASE)
_ANY_KEY = re.compile(r'"[A-Za-z0-9_]+"\s*:')
# The flags that say why nothing is expected to start after a referral.
REFERRAL_FLAGS = ("CARE_LEAVER_FLAG", "NON_AGENCY_ADOPTION_FLAG", "PRIVATE_FOSTERING_FLAG")

FACTOR_CODES = (
    "1A 1B 1C 2A 2B 2C 3A 3B 3C 4A 4B 4C 5A 5B 5C 6A 6B 6C 7A 8B 8C 8D 8E 8F 9A 10A 11A 12A 13A 14A 15A 16A 17A "
    "18A 18B 18C 19A 19B 19C 20 21 22A 23A 24A"
).split()
FACTOR_GROUPS = {
    "sexual_abuse": ("19B", "19C"),
    "mental_health": ("4A", "4B", "4C"),
    "substance_misuse": ("1A", "1B", "1C", "2A", "2B", "2C"),
    "exploitation": ("11A", "12A", "13A", "24A"),
}


def told(cell: str | None) -> str | None:
    """Return the text up to the first comments."""
    text = clean(cell)
    return None if text is None else _COMMENTS.split(text, maxsplit=1)[0]


def said(cell: str | None, key: str) -> str | None:
    """Return what a text says of a key; None where it says nothing."""
    found = _match(cell, key)
    if found is None:
        return None
    return clean(found.group(1) if found.group(1) is not None else found.group(2))


def _match(cell: str | None, key: str) -> re.Match[str] | None:
    return re.search(rf'"{key}"\s*:\s*(?:"([^"]*)"|([A-Za-z0-9_.+-]+))', told(cell) or "", re.IGNORECASE)


def flag(cell: str | None, key: str, words: tuple[str, ...] = ()) -> bool:
    """Return whether a text raises a flag. words: what stands for it in a list; by default nothing does."""
    text = told(cell)
    if text is None:
        return False
    if _ANY_KEY.search(text):
        return yes(said(cell, key))
    wanted = {norm(word) for word in words}
    return any(norm(item) in wanted for item in re.split(r"[;,|\n\r]", text) if norm(item) is not None)


def factors(cell: str | None) -> frozenset[str]:
    """Return the codes of the factors that a text names."""
    if any(_match(cell, code) for code in FACTOR_CODES):
        return frozenset(code for code in FACTOR_CODES if flag(cell, code))
    return frozenset(run.upper() for run in re.findall(r"[^\W_]+", told(cell) or "") if run.upper() in FACTOR_CODES)

"""What went wrong in the engine, in words."""

from __future__ import annotations

import json
from typing import Any

from alerting.casedata.catalogue import Limits


def in_words(kind: str, limits: Limits) -> str:
    match kind:
        case "OutOfMemoryException" | "MemoryError":
            return f"it needs more than the {limits.memory_mb:,} MB of memory that it may take"
        case "InterruptException":
            return f"it takes longer than the {limits.seconds:g} seconds that it may take"
        case "FatalException" | "InternalException":
            return "the engine broke down over it"
    return f"the query failed ({kind})"


def taken_apart(error: str) -> tuple[str, dict[str, Any]]:
    """Take an error of the engine apart: what it calls it, and what it says, which it gives as JSON."""
    label, _, said = error.partition(": ")
    try:
        found = json.loads(said)
    except ValueError:
        found = {"exception_message": said.partition("\n\nLINE")[0]}
    return label, found

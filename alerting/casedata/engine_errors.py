"""What went wrong in the engine: in words, and as what is raised."""

from __future__ import annotations

import json
from typing import Any

from alerting.casedata.catalogue import Limits
from alerting.casedata.engine import EngineFailed
from alerting.errors import AlertingError


class EngineError(Exception):
    """A statement failed. `safe` may be shown: other texts of the engine can quote a cell, which can be a child's name.

    position: where in the statement, in bytes, where the engine says so.
    """

    def __init__(self, failed: EngineFailed, limits: Limits) -> None:
        label, said = taken_apart(failed.said)
        named = failed.kind in ("BinderException", "CatalogException", "ParserException", "PermissionException")
        message = str(said.get("exception_message", ""))
        self.kind = failed.kind
        #: In the engine's words, which can quote a cell.
        self.said = failed.said
        self.safe = f"{label}: {message}".replace("\n", " ") if named else in_words(failed.kind, limits)
        self.position = int(said["position"]) if named and "position" in said else None
        super().__init__(self.safe)


class EngineSpentError(EngineError, AlertingError):
    """A statement was ended, or ended the engine: of a rule that is the rule's fault, of the program's own that of what it may use."""

    def __init__(self, failed: EngineFailed, limits: Limits) -> None:
        super().__init__(failed, limits)
        self.problem, self.remedy = f"a question to the engine had no answer: {self.safe}", remedy_of(failed.kind)


def in_words(kind: str, limits: Limits) -> str:
    match kind:
        case "OutOfMemoryException" | "MemoryError":
            return f"it needs more than the {limits.memory_mb:,} MB of memory that it may take"
        case "InterruptException":
            return f"it takes longer than the {limits.seconds:g} seconds that it may take"
        case "FatalException" | "InternalException":
            return "the engine broke down over it"
    return f"the query failed ({kind})"


def remedy_of(kind: str) -> str:
    """Return what to do where the engine ended a statement of the program's own; empty where the program itself is at fault."""
    match kind:
        case "OutOfMemoryException" | "MemoryError":
            return "Set more memory, `engine: memory_mb:` in config.yaml, and run again."
        case "InterruptException":
            return "Set more time, `engine: seconds:` in config.yaml, and run again."
        case "FatalException" | "InternalException":
            return "Run again; where it comes again, report it."
    return ""


def taken_apart(error: str) -> tuple[str, dict[str, Any]]:
    """Take an error of the engine apart: what it calls it, and what it says, which it gives as JSON."""
    label, _, said = error.partition(": ")
    try:
        found = json.loads(said)
    except ValueError:
        found = {"exception_message": said.partition("\n\nLINE")[0]}
    return label, found

"""What can still be told of a rule file that does not fit its model: so that one pass finds the faults of its expressions too.

What is made here is never used as a rule.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from alerting.documents.document import Document, KeyPath, did_you_mean
from alerting.errors import Fault
from alerting.rulebook.file_models import RuleFile

_STAND_INS: dict[str, Any] = dict.fromkeys(("title", "says", "clears", "owner"), "") | {
    "id": "unnamed",
    "code": "X-0",
    "job": "daily",
    "basis": {"kind": "local", "text": ""},
    "levels": {"info": "false"},
    "notify": {},
}
_EXPRESSIONS = ("where", "let", "measure", "levels", "due", "also")
_NAMING = ("let", "params", "measure")
_MOST_ROUNDS = 5


@dataclass(frozen=True, kw_only=True)
class PartFault:
    """A fault of one part of a rule's file."""

    #: The key that the part stands under, such as `levels`.
    part: str
    fault: Fault
    #: Whether the part names something that is not there.
    unknown_name: bool = False


def recover(source: Document) -> RuleFile | None:
    """Return a rule file without what does not fit, stand-ins where something must be; None where too little is left."""
    if not isinstance(source.value, dict):
        return None
    rest: dict[str, Any] = copy.deepcopy(source.value)
    for _ in range(_MOST_ROUNDS):
        try:
            return RuleFile.model_validate(rest)
        except ValidationError as error:
            for detail in error.errors(include_input=False):
                location = detail["loc"][:-1] if detail["loc"][-1:] == ("[key]",) else detail["loc"]
                if detail["type"] == "missing" and len(location) == 1 and location[0] in _STAND_INS:
                    rest[str(location[0])] = copy.deepcopy(_STAND_INS[str(location[0])])
                else:
                    _drop(rest, location[:-1] if detail["type"] == "missing" and len(location) > 1 else location)
    return None


def faults_as_written(source: Document, rest: RuleFile, found: Iterable[PartFault]) -> list[Fault]:
    """Return those of the faults found in such a rest that are faults of what is written, not of what was left out."""
    written: dict[str, Any] = source.value
    named = all(set(written.get(part) or ()) == set(getattr(rest, part)) for part in ("let", "params", "tables", "uses"))
    known = {field.alias or name for name, field in RuleFile.model_fields.items()}
    whole = named and not any(did_you_mean(str(key), _NAMING) for key in written.keys() - known)
    kept = []
    for one in found:
        # A flow mapping that is torn at a comma leaves half an expression behind.
        cut_off = isinstance(written.get(one.part), dict) and any(")" in str(key) for key in written[one.part])
        # A name that is not there may be that of a step or a parameter that was left out.
        by_omission = one.unknown_name and not whole
        if one.part in _EXPRESSIONS and one.part in written and not cut_off and not by_omission:
            kept.append(one.fault)
    return kept


def _drop(rest: Any, location: KeyPath) -> None:
    for part in location[:-1]:
        inside = rest.get(part) if isinstance(rest, dict) else None
        rest = rest[part] if isinstance(rest, list) and isinstance(part, int) and part < len(rest) else inside
    last = location[-1] if location else None
    if isinstance(rest, dict) and last is not None:
        rest.pop(last, None)
    elif isinstance(rest, list) and isinstance(last, int) and last < len(rest):
        del rest[last]

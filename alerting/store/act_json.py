"""What acts hold beside their columns, as JSON of the store: what a request asks for, and how far a silence reaches."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from alerting.alerts import acts
from alerting.alerts.acts import ActKind, Request, Wanted
from alerting.alerts.matcher import Matcher
from alerting.alerts.people import Actor


@dataclass(frozen=True, kw_only=True)
class SilenceReach:
    """How far a silence reached when it was made."""

    until: date
    #: The open alerts that it met, of how many.
    matched: int
    open: int
    #: How many of each reader's, by id.
    touched: Mapping[str, int] = field(default_factory=dict)


def reach_to_json(reach: SilenceReach) -> dict[str, Any]:
    """Return what the store keeps of how far a silence reaches."""
    return {"matched": reach.matched, "open": reach.open, "until": reach.until.isoformat(), "touched": dict(reach.touched)}


def reach_from_json(kept: Any) -> SilenceReach | None:
    """Return how far a silence reaches; None where that cannot be read."""
    try:
        touched = {str(id_): int(count) for id_, count in kept["touched"].items()}
        return SilenceReach(until=_day(kept["until"]), matched=int(kept["matched"]), open=int(kept["open"]), touched=touched)
    except (LookupError, ValueError, TypeError, AttributeError):
        return None


def request_to_json(request: Request) -> dict[str, Any]:
    """Return what the store keeps of a request beside the columns of its act."""
    about = {"kind": request.kind.value, "asked": request.asked, "name": request.by.name, "why": request.why}
    return about | wanted_to_json(request.wanted)


def request_from_json(row: Any) -> Request | None:
    """Return the request of a row of acts; None where what it asks for cannot be read."""
    try:
        kept: Mapping[str, Any] = row.wanted
        return Request(
            id=row.id,
            at=row.at,
            wanted=_wanted_from_json(ActKind(kept["kind"]), kept),
            asked=kept.get("asked"),
            by=Actor(id=row.by, name=kept.get("name") or row.by, account=row.account or "", host=row.host or ""),
            why=kept.get("why", ""),
            about=row.about,
            note=row.note,
        )
    except (LookupError, ValueError, TypeError, AttributeError):
        return None


_CHILDREN = "children"


def children_to_json(ids: Collection[str]) -> dict[str, Any]:
    """Return what the store keeps of which child an act is about: in what may be erased, and nowhere else."""
    return {_CHILDREN: sorted(ids)}


def children_from_json(kept: Any) -> tuple[str, ...]:
    """Return the ids of the child that an act is about; none of what is about none, was erased or cannot be read."""
    ids = kept.get(_CHILDREN) if isinstance(kept, dict) else None
    return tuple(map(str, ids)) if isinstance(ids, list) else ()


def without(kept: Any, is_named: Callable[[str], bool]) -> Any:
    """Return what an act keeps, less whoever is named in a list of several; None where nobody else is left in any, or a name stands elsewhere.

    A list of alerts that was saved, or a silence, is about other children too: of those it goes on saying so.
    """
    if not isinstance(kept, dict) or any(is_named(json.dumps(key)) for key in kept):
        return None
    found: dict[str, Any] = {}
    for key, value in kept.items():
        if isinstance(value, list):
            left: Any = [one for one in value if not is_named(json.dumps(one))]
            if value and not left:
                return None
        elif isinstance(value, dict):
            left = without(value, is_named)
            if left is None:
                return None
        elif is_named(json.dumps(value)):
            return None
        else:
            left = value
        found[key] = left
    return found


def wanted_to_json(wanted: Wanted) -> dict[str, Any]:
    """Return what a request takes to be done."""
    match wanted:
        case acts.SnoozeWanted():
            return {"until": wanted.until.isoformat()}
        case acts.CloseWanted():
            return {"reason": wanted.reason, "until": wanted.until.isoformat() if wanted.until else None}
        case acts.SilenceWanted():
            days = {"begins": wanted.begins.isoformat(), "until": wanted.until.isoformat()}
            return {"matcher": wanted.matcher.given(), **days, "matched": wanted.matched}
        case acts.BrakeWanted():
            return {"rule": wanted.rule}
        case acts.ListWanted():
            return {"mark": wanted.mark}
        case acts.WipeWanted():
            return children_to_json(wanted.children)
        case acts.RuleWanted():
            return {"draft": wanted.draft, "mark": wanted.mark}
    return {}


def _wanted_from_json(kind: ActKind, kept: Mapping[str, Any]) -> Wanted:
    match kind:
        case ActKind.snooze:
            return acts.SnoozeWanted(until=_day(kept["until"]))
        case ActKind.close:
            return acts.CloseWanted(reason=kept["reason"], until=_day(kept["until"]) if kept.get("until") else None)
        case ActKind.silence:
            matcher, begins, until = Matcher(**kept["matcher"]), _day(kept["begins"]), _day(kept["until"])
            return acts.SilenceWanted(matcher=matcher, begins=begins, until=until, matched=int(kept["matched"]))
        case ActKind.brake_released:
            return acts.BrakeWanted(rule=kept["rule"])
        case ActKind.list_released:
            return acts.ListWanted(mark=kept["mark"])
        case ActKind.child_wiped:
            return acts.WipeWanted(children=tuple(map(str, kept[_CHILDREN])))
        case ActKind.rule_released:
            return acts.RuleWanted(draft=int(kept["draft"]), mark=str(kept["mark"]))
    without = {each.kind: each for each in (acts.DataErrorWanted, acts.TableWanted, acts.FireWanted)}
    return without[kind]()


def _day(text: str) -> date:
    return date.fromisoformat(text)

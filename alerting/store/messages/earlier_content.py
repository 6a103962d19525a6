"""The content of messages as earlier versions wrote it, brought into the form of this one.

Its JSON did not say what it is, which shows by its keys, and named alerts by their ids. What is not known any more is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from alerting.formatting import dated
from alerting.model import Condition, Level
from alerting.notifications.content import Item, ItemState, Notice, RuleFigures

KIND = "kind"
"""The key by which content says what it is."""

References = Callable[[Iterable[int]], Mapping[int, str]]
"""Finds the references of alerts by their ids."""

Raw = dict[str, Any]
_Bring = Callable[[Raw, Mapping[int, str]], Raw]


def as_of_this_version(raw: Raw, references: References) -> Raw:
    """Return content in the form of this version. Raises what reading a value that is not there raises."""
    refs = references(_ids(raw))
    kind, bring = next((found for key, found in _BY_KEY.items() if key in raw), ("test", _send_test))
    return {KIND: kind, "banners": list(raw.get("banners") or ())} | bring(raw, refs)


def _ids(raw: Mapping[str, Any]) -> set[int]:
    chains = (id_ for chain in raw.get("instead") or () for id_ in chain["alerts"])
    return {*(told[0] for told in raw.get("told") or ()), *chains}


def _digest(raw: Raw, refs: Mapping[int, str]) -> Raw:
    data_as_at, meant = dated(raw.get("data_as_at")), raw.get("for")
    return {
        "items": [_known(Item, _item(item)) for item in raw["items"]],
        "told": _told(raw, refs),
        "covering": list(raw.get("covering") or ()),
        "snoozed": raw.get("hidden", 0),
        **{name: raw.get(name, 0) for name in ("silenced", "covered", "flapping")},
        "data_as_at": data_as_at.isoformat() if isinstance(data_as_at, datetime) else None,
        "instead": [
            {"people": chain["people"], "alerts": [refs[id_] for id_ in chain["alerts"] if id_ in refs]}
            for chain in raw.get("instead") or ()
        ],
        "meant_for": {"id": meant["id"], "name": meant["name"], "address": None} if meant else None,
    }


def _item(raw: Raw) -> Raw:
    state = raw["state"] if raw["state"] in ItemState.__members__ else ItemState.open.value
    dates = {name: raw[name][:10] for name in ("first_seen", "due") if raw.get(name)}
    return {**raw, **dates, "state": state}


def _told(raw: Raw, refs: Mapping[int, str]) -> Sequence[Raw]:
    return [
        {"ref": refs[id_], "level": Level(level).name, "condition": Condition(condition).value}
        for id_, level, condition in raw.get("told") or ()
        if id_ in refs
    ]


def _card(raw: Raw, refs: Mapping[int, str]) -> Raw:
    lines = [line | {"level": line["level"] if line["level"] in Level.__members__ else None} for line in raw["lines"]]
    return {"team_name": raw["team_name"], "lines": lines, "told": _told(raw, refs)}


def _weekly(raw: Raw, _refs: Mapping[int, str]) -> Raw:
    return {name: raw[name] for name in ("week_ending", "teams", "not_run", "covering") if name in raw}


def _notice(raw: Raw, _refs: Mapping[int, str]) -> Raw:
    run = [{"name": name, "value": value} for name, value in (raw.get("run") or {}).items() if isinstance(value, int | str)]
    new, still = ([_known(Notice, each) for each in raw.get(name) or ()] for name in ("notices", "still"))
    return {"notices": new, "still": still, "run": run}


def _quality(raw: Raw, _refs: Mapping[int, str]) -> Raw:
    rules = [rule | {"median_days": rule["median_working_days_to_clear"]} for rule in raw["rules"]]
    return {"since": raw["since"], "rules": [_known(RuleFigures, rule) for rule in rules]}


def _check(raw: Raw, _refs: Mapping[int, str]) -> Raw:
    return {"team_name": raw["team_name"], "word": raw["word"]}


def _send_test(raw: Raw, _refs: Mapping[int, str]) -> Raw:
    return {"receiver": raw["receiver"]}


_BY_KEY: Mapping[str, tuple[str, _Bring]] = {
    "items": ("digest", _digest),
    "lines": ("card", _card),
    "teams": ("weekly", _weekly),
    "notices": ("notice", _notice),
    "rules": ("quality", _quality),
    "word": ("check", _check),
}
"""What each purpose's content is called and read by, by the key that it alone has."""


def _known(kind: type[Item | Notice | RuleFigures], raw: Mapping[str, Any]) -> Raw:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in raw.items() if name in names}

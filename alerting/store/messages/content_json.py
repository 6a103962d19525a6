"""What a message holds, as the JSON of its row in the outbox and back. Nobody else makes this JSON or reads it.

A row says what it is by `kind`; one without is of an earlier version, and is brought into the form of this one first. Reading is strict: what is there must be what the type says, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import Enum, IntEnum
from functools import cache
from types import MappingProxyType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from alerting.errors import StoreError
from alerting.notifications.content import (
    AnyContent,
    CardContent,
    CheckContent,
    DigestContent,
    NoticeContent,
    Notification,
    QualityContent,
    SendTestContent,
    WeeklyContent,
)
from alerting.store.messages import earlier_content
from alerting.store.messages.earlier_content import KIND, References

_KINDS: Mapping[str, Any] = {
    "digest": DigestContent,
    "card": CardContent,
    "weekly": WeeklyContent,
    "notice": NoticeContent,
    "quality": QualityContent,
    "check": CheckContent,
    "test": SendTestContent,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


Texts = Mapping[str, str]
"""What messages hold as JSON, by the messages' keys."""

NO_TEXTS: Texts = MappingProxyType({})


class ContentError(StoreError):
    """What stands in a row of the outbox cannot be a message of this version."""


def to_json(content: AnyContent) -> str:
    """Return content as JSON."""
    return json.dumps({KIND: _NAMES[type(content)], **_plain_fields(content)})


def texts_of(notifications: Iterable[Notification]) -> Texts:
    """Return what messages hold as JSON, by their keys: of many it takes long, and nobody need wait for the store meanwhile."""
    return {item.key: to_json(item.content) for item in notifications}


def from_json(text: str, references: References) -> AnyContent:
    """Return the content that a row holds. references: asked only about a row of an earlier version, which has ids.

    Raises ContentError for what is not content.
    """
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise _broken("it is not JSON") from error
    if not isinstance(raw, dict):
        raise _broken("it is not an object")
    if KIND not in raw:
        try:
            raw = earlier_content.as_of_this_version(raw, references)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _broken("it is neither of this version nor of an earlier one") from error
    kind = _KINDS.get(raw.pop(KIND))
    if kind is None:
        raise _broken("its kind is not known")
    content: AnyContent = _reader(kind)(raw)
    return content


def add_banner(text: str, banner: str) -> str:
    """Return the JSON of content that says something more at its head, after what it said there already; unchanged where it cannot be read."""
    try:
        raw = json.loads(text)
        return json.dumps(raw | {"banners": [*raw.get("banners", ()), banner]})
    except (ValueError, AttributeError, TypeError):  # whoever sends it finds it out
        return text


def without_items(text: str, may_go: Callable[[frozenset[str]], bool], said: str) -> str | None:
    """Return the JSON of content without its items, and with what is said of it at its head; None where it has none, or they stay.

    may_go: whether items about these alerts, by reference, may go. What it told, by reference alone, stays: by that is proved
    who was told.
    """
    refs = items_in(text)
    if not refs or not may_go(refs):
        return None
    raw = json.loads(text)
    return json.dumps(raw | {"items": [], "banners": [*(raw.get("banners") or ()), said]})


def items_in(text: str) -> frozenset[str]:
    """Return the references of the alerts of which content says something itself; none of what is no person's list."""
    try:
        return frozenset(item["ref"] for item in json.loads(text)["items"])
    except (ValueError, AttributeError, KeyError, TypeError):
        return frozenset()


def is_emptied(text: str | None) -> bool:
    """Return whether nothing is said of any alert."""
    if not text:
        return True
    try:
        return bool(json.loads(text).get("items") == [])
    except (ValueError, AttributeError):
        return False


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a message tells of alerts."""

    #: Each alert, by reference, or by id in a row of an earlier version, with its condition.
    alerts: tuple[tuple[str | int, str], ...] = ()
    #: Whom it was for first, by id, where it stands in for another message.
    meant_for: str | None = None


def told_from_json(text: str) -> Told:
    """Return only what a row tells of alerts, which is all that whoever reads very many rows needs; nothing where it was wiped."""
    try:
        raw = json.loads(text)
        told = [
            (each["ref"], each["condition"]) if isinstance(each, dict) else (each[0], each[2]) for each in raw.get("told", ())
        ]
        meant = raw.get("meant_for") or raw.get("for")
        return Told(alerts=tuple(told), meant_for=meant and str(meant["id"]))
    except (ValueError, AttributeError, KeyError, TypeError, IndexError):
        return Told()


def _broken(why: str) -> ContentError:
    return ContentError(
        f"what stands in the outbox cannot be read: {why}",
        remedy="Was the store used by a newer version of the service? Use that version, or restore the backup from before it.",
    )


# ---------------------------------------------------------------------- values to JSON


@cache
def _names_of(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _plain_fields(value: Any) -> dict[str, Any]:
    return {name: _plain(getattr(value, name)) for name in _names_of(value.__class__)}


def _plain(value: Any) -> Any:
    if type(value) in _AS_IT_IS:  # spares most of a message's values the other questions
        return value
    if isinstance(value, IntEnum):
        return value.name
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, tuple | list) else _plain_fields(value)


_AS_IT_IS = frozenset({str, int, float, bool, type(None)})


# ---------------------------------------------------------------------- JSON to values


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """Return what reads a value of a type from JSON."""
    if kind in (date, datetime):
        return _reader_of_dates(kind)
    if is_dataclass(kind):
        return _reader_of_fields(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _reader_of_names(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _reader_of_either(arguments)
    if origin is tuple:
        one = _reader(arguments[0])
        return lambda raw: tuple(one(part) for part in _typed(raw, list))
    if origin is not None:  # a mapping of facts, as JSON has them
        return lambda raw: _typed(raw, dict)
    return (lambda raw: float(_typed(raw, int, float))) if kind is float else _reader_of_one(kind)


def _typed(raw: Any, *kinds: Any) -> Any:
    if type(raw) in kinds:
        return raw
    # The value itself can be a child's name.
    raise _broken(f"{type(raw).__name__} stands where another type belongs")


def _reader_of_one(kind: type) -> Callable[[Any], Any]:
    def read(raw: Any) -> Any:
        return raw if type(raw) is kind else _typed(raw, kind)  # spares most of a message's values a call

    return read


def _reader_of_dates(kind: type[date]) -> Callable[[Any], Any]:
    def read(raw: Any) -> date:
        try:
            return kind.fromisoformat(_typed(raw, str))
        except ValueError as error:
            raise _broken("a date cannot be read") from error

    return read


def _reader_of_names(kind: type[Enum]) -> Callable[[Any], Any]:
    known = {member.name if issubclass(kind, IntEnum) else member.value: member for member in kind}

    def read(raw: Any) -> Enum:
        if _typed(raw, str) not in known:
            raise _broken(f"there is no such {kind.__name__}")
        return known[raw]

    return read


def _reader_of_either(kinds: tuple[Any, ...]) -> Callable[[Any], Any]:
    """Return what reads a value that may be missing, or is one of several plain types."""
    others = [kind for kind in kinds if kind is not type(None)]
    if len(others) == 1:
        other = _reader(others[0])
        return lambda raw: None if raw is None else other(raw)
    return lambda raw: _typed(raw, *others)


def _reader_of_fields(kind: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}
    needed = {field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING}

    def read(raw: Any) -> Any:
        if not readers.keys() >= _typed(raw, dict).keys() >= needed:
            raise _broken(f"the fields of a {kind.__name__} are others")
        return kind(**{name: readers[name](value) for name, value in raw.items()})

    return read

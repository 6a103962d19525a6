"""The types of the store's columns: what each takes in, and how it is read back."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import DateTime, String, Text, TypeDecorator


class Moment(TypeDecorator[datetime]):
    """A moment with its zone, kept as UTC: databases differ in what they do with zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Store UTC without a zone. Raises ValueError for a moment that has none: nobody could tell which one it is."""
        del dialect
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment needs its zone")
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Return the moment back in UTC."""
        del dialect
        return value.replace(tzinfo=UTC) if value else None


def _storable(text: str) -> str:
    """Return a text without what databases refuse: the character of no number, and halves of characters."""
    return text if text.isascii() and "\x00" not in text else _NOT_STORABLE.sub("\ufffd", text)


_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


class Prose(TypeDecorator[str]):
    """A text of any length, whatever it holds."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        """Store it as any database can."""
        del dialect
        return None if value is None else _storable(value)


class Line(TypeDecorator[str]):
    """A text of at most so many characters, whatever it holds: a longer one would end a run on PostgreSQL, with nobody told.

    What is too long is kept cut, with a mark at its end that another long text with the same beginning has not.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length=length)
        self.length = length

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        """Store it as any database can, and find it again by the same text."""
        del dialect
        if value is None:
            return None
        text = _storable(value)
        if len(text) <= self.length:
            return text
        mark = blake2b(text.encode(), digest_size=4).hexdigest()
        return f"{text[: self.length - len(mark) - 1]}~{mark}"

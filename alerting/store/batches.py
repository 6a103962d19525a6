"""Values in parts that are short enough for one statement: databases limit how many a statement may name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Value = TypeVar("Value")
AT_ONCE = 500


def batches(values: Iterable[Value], size: int = AT_ONCE) -> Iterator[list[Value]]:
    """Return the values in order, in lists of at most so many; none where there are none."""
    left = iter(values)
    while batch := list(islice(left, size)):
        yield batch

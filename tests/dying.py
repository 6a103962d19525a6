"""A death at a point, within a process that goes on: from then on nothing of that life reaches a store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alerting.store.store import Store
from tests.crashes import POINTS, Point

IN_PROCESS = sorted(name for name in POINTS if name != "K6 behind the dot")
"""The points that a process which goes on can be thought dead at, by name."""


class KilledError(BaseException):
    """The process is gone. Nothing that comes after it in this life may reach the store."""


@contextmanager
def dying(point: Point, nth: int) -> Iterator[None]:
    """Let whoever reaches a point for the n-th time die there: from then on nothing reaches a store."""
    call, transaction = getattr(point.owner, point.call), Store.transaction
    left, dead = [nth], [False]

    def die() -> None:
        dead[0] = True
        raise KilledError

    def reaching(*arguments: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] == 0 and point.when == "before":
            die()
        given = call(*arguments, **named)
        if left[0] == 0:
            die()
        return given

    @contextmanager
    def of_the_living(store: Store) -> Iterator[Any]:
        if dead[0]:
            raise KilledError
        with transaction(store) as connection:
            yield connection

    setattr(point.owner, point.call, reaching)
    Store.transaction = of_the_living  # type: ignore[method-assign]
    try:
        yield
    finally:
        setattr(point.owner, point.call, call)
        Store.transaction = transaction  # type: ignore[method-assign]

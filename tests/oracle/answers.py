"""What a rule answers about one subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

Params = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a rule says of one subject. team: None stands for the performance team."""

    level: str | None
    outcome: str
    measure: float | None = None
    #: The measure, where it is a share.
    share: Fraction | None = None
    due: date | None = None
    team: str | None = None
    worker: str | None = None
    adviser: str | None = None
    also: frozenset[str] = frozenset()
    #: Whether it names a worker, as those about a child do; and an adviser, as those about a care leaver do.
    names_worker: bool = False
    names_adviser: bool = False
    #: False where the definitions give it no team.
    has_team: bool = True

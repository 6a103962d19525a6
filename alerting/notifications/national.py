"""Published figures of England that stand beside a council's own, where both are worked out in the same way. Each with its year and source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True)
class NationalFigure:
    """One figure of England."""

    per_cent: float
    as_at: date
    #: What it is a share of, by which it may stand beside the council's own.
    defined: str
    source: str


_WORKFORCE = (
    "Department for Education, Children's social work workforce, in the data of its dashboard of children's social care outcomes and "
    "enablers; Open Government Licence v3.0"
)
VACANT = NationalFigure(
    per_cent=14.2,
    as_at=date(2025, 9, 30),
    defined="vacant full-time equivalents of child and family social workers, of these and those in post",
    source=_WORKFORCE,
)
AGENCY = NationalFigure(
    per_cent=13.0,
    as_at=date(2025, 9, 30),
    defined="full-time equivalents of agency child and family social workers, of these and those in post",
    source=_WORKFORCE,
)

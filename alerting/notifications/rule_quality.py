"""How well each rule serves: what it fired, what cleared and how soon, what people made of it, what it could not answer.

A rule that never fires, fires and fires again, or is called not useful is looked at by who answers for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from alerting.formatting import day, masked, number, plural
from alerting.notifications.content import QualityContent, RuleFigures

PERIOD = timedelta(days=90)
"""How far back a rule is looked at, and how long one may be silent before that is said of it."""


@dataclass(frozen=True, kw_only=True)
class RuleQuality:
    """One rule since a day. median_days: working days from first seen to cleared, None where nothing cleared.

    not_useful: people who said so, by their reason. flapping: the references of alerts that keep coming back. silent: it has been
    there for 90 days and has not fired in them. withheld, error: days on which it could not be asked.
    """

    code: str
    id: str
    title: str
    fired: int = 0
    cleared: int = 0
    median_days: float | None = None
    open: int = 0
    acknowledged: int = 0
    not_useful: Mapping[str, int] = field(default_factory=dict)
    #: Whether it is tried first, and of its alerts how many were judged right of how many judged.
    shadow: bool = False
    right: int = 0
    judged: int = 0
    #: Of a rule that is tried first, its alerts that nobody judges, as only some may know of them.
    counted: int = 0
    flapping: tuple[str, ...] = ()
    silent: bool = False
    review_by: date | None = None
    review_passed: bool = False
    withheld: int = 0
    error: int = 0

    @property
    def judged_words(self) -> str:
        """How many of its alerts were judged right, in words."""
        judged = f"{self.right} of {self.judged} judged right" if self.judged else "None of its alerts was judged"
        aside = f"; {masked(self.counted)} more that only some may know of" if self.counted else ""
        return f"{judged}{aside}"

    def remarks(self) -> list[str]:
        """Return what somebody should look at, a few words each; nothing of a rule that does as it should."""
        reasons = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in self.not_useful.items())
        said = {
            f"in shadow: {self.judged_words[:1].lower()}{self.judged_words[1:]}": self.shadow,
            f"called not useful {_times(sum(self.not_useful.values()))} ({reasons})": bool(self.not_useful),
            f"comes and goes for {plural(len(self.flapping), 'subject')}": bool(self.flapping),
            f"has not fired in {PERIOD.days} days": self.silent,
            f"was to be reviewed by {day(self.review_by) if self.review_by else ''}": self.review_passed,
            f"failed on {plural(self.error, 'day')}": self.error > 0,
            f"waited for its data on {plural(self.withheld, 'day')}": self.withheld > 0,
        }
        return [words for words, so in said.items() if so]

    def figures(self) -> RuleFigures:
        """Return the row as the weekly message shows it."""
        return RuleFigures(
            code=self.code,
            title=self.title,
            fired=self.fired,
            cleared=self.cleared,
            median_days=self.median_days,
            open=self.open,
            acknowledged=self.acknowledged,
            remarks=tuple(self.remarks()),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return {
            "code": self.code,
            "id": self.id,
            "title": self.title,
            "fired": self.fired,
            "cleared": self.cleared,
            "median_working_days_to_clear": self.median_days,
            "open": self.open,
            "acknowledged": self.acknowledged,
            "not_useful": dict(self.not_useful),
            "shadow": self.shadow,
            "judged_right": self.right,
            "judged": self.judged,
            "counted_only": masked(self.counted),
            "flapping": len(self.flapping),
            "flapping_alerts": list(self.flapping),
            "never_fired_in_90_days": self.silent,
            "review_by": self.review_by.isoformat() if self.review_by else None,
            "review_passed": self.review_passed,
            "withheld_days": self.withheld,
            "error_days": self.error,
            "remarks": self.remarks(),
        }


def quality_content(rows: Sequence[RuleQuality], since: date) -> QualityContent:
    """Return what the weekly message to the administrators says of the rules."""
    return QualityContent(since=since, rules=tuple(row.figures() for row in rows))


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{number(count)} times")

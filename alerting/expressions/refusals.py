"""What may not stand in an expression, or not like that, and what to write instead."""

from __future__ import annotations

from alerting.expressions.tree import Term

FOREIGN = {
    **dict.fromkeys(("Subquery", "Exists"), "a subquery"),
    **dict.fromkeys(("Select", "Union"), "a query"),
    "Window": "a window",
    **dict.fromkeys(("Drop", "Command"), "a statement"),
    "Alias": "a second thing beside the first",
    "Cast": "a cast",
    "Interval": "an interval",
    "Star": "a star",
    **dict.fromkeys(("Placeholder", "Parameter"), "a placeholder"),
}
NAMES = "`alerting rules subjects NAME` lists the columns; a step of `let` is known only below its own line."
OF_THE_SUBJECT = "A rule asks about its subject's own columns; what they are made of stands in the subject's SQL."
REMEDIES = {
    **dict.fromkeys(("Subquery", "Select", "Exists", "Union"), OF_THE_SUBJECT),
    "Alias": "Is a unit or a second word left over? Write `x > 3`, not `x > 3 days`.",
    "Interval": "Write `add_days(x, 3)` or `x + days(3)`.",
    "Cast": "A date is written date '2026-03-31'; other casts are not needed.",
    "DPipe": "Put words together in `says`, not in an expression.",
}


def to_compare(left: Term, right: Term) -> str:
    """Return how to write one side of a comparison of different types, where a slip of the pen is likely."""
    types = {left.type, right.type}
    if types == {"boolean", "number"} and "compare" in (left.kind, right.kind):
        return "Write each comparison by itself: x > 35 and x < 42; or x between 36 and 41."
    if types == {"date", "moment"}:
        return "Compare days with days: date_of(x) is the day of a moment."
    if "date" in types and types & {"text", "number"}:
        return "A day is written date '2026-03-31'; days are counted by days_since(x) or days_between(x, y)."
    return "A number stands without quotes, a text in single quotes." if types == {"text", "number"} else ""

"""The card of a team's work in words: a row a measure, with what it is of, the months before, and the service's middle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alerting.evaluation.team_measures import TeamMeasure
from alerting.formatting import plain, plural
from alerting.notifications.team_card import CardRow, TeamCard

_WORDS = ("green", "amber", "red")
_COLOURS = ("good", "amber", "red")
_CHILDREN = "overdue work"
"""What is counted in children, and has no share."""


@dataclass(frozen=True, kw_only=True)
class ShownMeasure:
    """One measure in words."""

    called: str
    #: Green, amber or red, and the class of its colour; empty where it is not known.
    word: str
    colour: str
    #: How many are good, of how many, or why that is not known.
    says: str
    #: The months before and this one, and the service's middle, in sentences.
    aside: str


@dataclass(frozen=True, kw_only=True)
class ShownCard:
    """A team's card in words."""

    title: str
    rows: tuple[ShownMeasure, ...]


def view_team_cards(cards: Sequence[TeamCard]) -> tuple[ShownCard, ...]:
    """Return cards in words."""
    return tuple(
        ShownCard(title=f"{plain(card.team_name)}: its work in {card.month:%B %Y}", rows=tuple(map(_measure, card.rows)))
        for card in cards
    )


def _measure(row: CardRow) -> ShownMeasure:
    now = row.now
    return ShownMeasure(
        called=plain(now.called).capitalize(),
        word="" if now.steps is None else _WORDS[now.steps],
        colour="" if now.steps is None else _COLOURS[now.steps],
        says=_says(now),
        aside=" ".join(filter(None, [_months(row), _middle(row)])),
    )


def _says(now: TeamMeasure) -> str:
    if now.called == _CHILDREN and now.of is not None:
        return f"{plural(now.of, 'child', 'children')} long overdue"
    if now.share is not None:
        return f"{now.good} of {now.of}, {now.share} %"
    if now.of:
        return f"too few to say: {now.of}, of at least {now.at_least} needed"
    return "not known" if now.steps is None else ""


def _months(row: CardRow) -> str:
    """Return the months before and this one, the oldest first; of what was never known before, that."""
    if all(_short(each) == "" for each in row.before):
        return "No earlier month is known."
    months = [_short(each) or "not known" for each in (*row.before, row.now)]
    return f"{len(months)} months: {', '.join(months)}."


def _short(one: TeamMeasure | None) -> str:
    if one is None:
        return ""
    if one.share is not None:
        return f"{one.share} %"
    if one.called == _CHILDREN and one.of is not None:
        return str(one.of)
    return "" if one.steps is None else _WORDS[one.steps]


def _middle(row: CardRow) -> str:
    if row.now.at_least is None:
        return ""
    if row.middle is None:
        return "Too few teams of the service to compare with."
    low, high = row.middle
    return f"The middle half of the service's teams: {low} to {high} %."

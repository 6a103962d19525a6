"""The card of a first-line manager: the measures of their team's work this month, in the months before, and beside the service's middle. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from alerting.casedata.directory import Team
from alerting.evaluation.team_measures import SUBJECT, Measures, TeamMeasure, measures_of, text_of

MONTHS = 6
"""How many months a card shows, its own the last."""

_PEERS = 5
"""Of fewer teams the middle would say how single ones stand."""

_STEP = 5
"""To how many percent the middle is widened, so that its edges are no one team's share."""

Kept = Mapping[str, Mapping[str, str]]
"""The measures of earlier months as texts, by team and month, such as 2026-03."""


@dataclass(frozen=True, kw_only=True)
class CardRow:
    """One measure on a card."""

    #: This month's.
    now: TeamMeasure
    #: Of the months before, the oldest first; None where nothing is known of one.
    before: tuple[TeamMeasure | None, ...]
    #: Between which shares, in percent, the middle half of the service's teams stands; None of too few teams.
    middle: tuple[int, int] | None


@dataclass(frozen=True, kw_only=True)
class TeamCard:
    """How the work of one team is going."""

    team: str
    team_name: str
    month: date
    rows: tuple[CardRow, ...]


def compose_team_cards(measures: Measures, kept: Kept, teams: Mapping[str, Team], as_of: date) -> tuple[TeamCard, ...]:
    """Return a card of each team of the directory. kept: earlier months."""
    known = {id_: found for id_, found in measures.items() if id_ in teams}
    months = [_back(as_of, back) for back in range(MONTHS - 1, 0, -1)]
    shares: dict[tuple[str, str], list[int | None]] = defaultdict(list)
    for id_, found in known.items():
        for one in found:
            shares[_service(teams[id_]), one.called].append(one.share)
    middles = {key: middle(of_all) for key, of_all in shares.items()}
    cards = []
    for id_, found in known.items():
        earlier = [_by_name(kept.get(id_, {}).get(month)) for month in months]
        rows = [
            CardRow(
                now=one,
                before=tuple(month.get(one.called) for month in earlier),
                middle=middles[_service(teams[id_]), one.called],
            )
            for one in found
        ]
        cards.append(TeamCard(team=id_, team_name=teams[id_].name, month=as_of.replace(day=1), rows=tuple(rows)))
    return tuple(cards)


def middle(shares: Iterable[int | None]) -> tuple[int, int] | None:
    """Return between which shares the middle half of teams stands, widened to whole steps, to one at least; None of too few.

    >>> middle([70, 81, 88, 92, 97]), middle([70, 81, 88, 92, None]), middle([60, 100, 100, 100, 100])
    ((80, 95), None, (95, 100))
    """
    known = sorted(share for share in shares if share is not None)
    if len(known) < _PEERS:
        return None
    low, high = known[len(known) // 4], known[-1 - len(known) // 4]
    # Where all stand at one share, a band without width would be theirs: of 100, that no other team has anybody late.
    lower = min(low // _STEP * _STEP, 100 - _STEP)
    return lower, max(-(-high // _STEP) * _STEP, lower + _STEP)


def keep_month(kept: Kept, measures: Measures, as_of: date) -> dict[str, dict[str, str]]:
    """Return what is to be kept once a month is over: that of the months that a later card shows, and of teams there are still."""
    months = [_back(as_of, back) for back in range(MONTHS)]
    return {
        team: {month: text for month, text in kept.get(team, {}).items() if month in months} | {months[0]: text_of(found)}
        for team, found in measures.items()
    }


def _by_name(text: str | None) -> dict[str, TeamMeasure]:
    return {each.called: each for each in measures_of(text)} if text else {}


def _back(as_of: date, months: int) -> str:
    year, month = divmod(as_of.year * 12 + as_of.month - 1 - months, 12)
    return f"{year}-{month + 1:02}"


def _service(team: Team) -> str:
    return (team.service or "").casefold()


def cards_of(cards: Iterable[TeamCard], told: Iterable[tuple[str, str]]) -> tuple[TeamCard, ...]:
    """Return the cards that whoever is told of these sees: by its team, of the rule that is about it, and of nothing else.

    told: of each alert in a message the kind of its subject, and its subject.
    """
    teams = {subject for kind, subject in told if kind == SUBJECT}
    return tuple(card for card in cards if card.team in teams)

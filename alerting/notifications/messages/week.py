"""A week as a reader sees it: their whole scope, three sentences worked out from it, the teams beside each other, then each team."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from alerting.formatting import counted, day, listed, plain, plural
from alerting.model import Level
from alerting.notifications.content import WeeklyContent
from alerting.notifications.messages.digest import level_word
from alerting.notifications.messages.head_figures import figure_lines
from alerting.notifications.messages.plan import PlanLine, plan_lines, plan_summary
from alerting.notifications.messages.summary import View
from alerting.notifications.week_content import RuleWeek, ScopeWeek, Standing, StoppedRule, TeamStanding, TeamWeek, Watched

SCOPE_ROWS, TEAM_ROWS = 12, 9
"""How many rows of the whole, and of all teams together, a message shows; the rest are counted. Mail programs cut long messages."""

HEAT_TEAMS, HEAT_CELLS = 16, 48
"""How many teams stand in the tables of teams, and how many of their cells there are at most."""

PLAN_ROWS = 12
"""How many actions of the improvement plan a message shows."""

_ACROSS = 3
"""How many rules a table of teams has, so that a telephone shows it; there are two such tables where there is room."""
_BEHIND = "*"
_PARAGRAPH = 1_200
_BARS = "▁▂▃▄▅▆▇█"
_CELL = {
    Standing.on_target: "good",
    Standing.below: "amber",
    Standing.far_below: "red",
}


@dataclass(frozen=True, kw_only=True)
class Trend:
    """A rule's last weeks: as a line of characters, and as counts."""

    line: str
    counts: str
    weeks: int


@dataclass(frozen=True, kw_only=True)
class WeekRow:
    """One rule's week in one team."""

    title: str
    level: str
    open: int
    new: int
    new_last: int
    cleared: int
    cleared_last: int
    #: Since when the oldest is open, what is on hold and what flaps, in sentences.
    aside: str
    trend: Trend | None


@dataclass(frozen=True, kw_only=True)
class TeamView:
    """One team's week."""

    name: str
    says: str
    rows: tuple[WeekRow, ...]
    #: How many rules are not shown.
    more: int


@dataclass(frozen=True, kw_only=True)
class ScopeRow:
    """One rule's week in all that is the reader's. A count that is kept back from them is a star."""

    title: str
    level: str
    #: How it stands against its target, and the class of that word's colour.
    standing: str
    colour: str
    overdue: str
    due_soon: str
    open: str
    #: How much is in time, what is longest overdue, what changed, what is on hold: in sentences.
    says: str
    trend: Trend | None


@dataclass(frozen=True, kw_only=True)
class HeatCell:
    """How one team stands by one rule: the word, the colour's class, and what is known of it in figures."""

    words: str
    colour: str
    figures: str


@dataclass(frozen=True, kw_only=True)
class HeatTable:
    """Teams by some rules."""

    titles: tuple[str, ...]
    #: Each team's name, with a cell a title.
    rows: tuple[tuple[str, tuple[HeatCell, ...]], ...]


@dataclass(frozen=True, kw_only=True)
class WeekView(View):
    """A week, the whole first, this week against the one before."""

    week_ending: date
    #: What is better, what is worse, and what needs the reader, each with its first words apart.
    news: tuple[tuple[str, str], ...]
    scope: tuple[ScopeRow, ...]
    #: What of the whole is not shown, as a sentence.
    scope_more: str
    heat: tuple[HeatTable, ...]
    #: How many teams are not shown there.
    heat_more: int
    #: What a star stands for, where there may be one.
    masked: str
    #: For those who lead services: each figure's name, and what it says.
    figures: tuple[tuple[str, str], ...]
    #: How the improvement plan stands, in a sentence; nothing where the reader is not told of it.
    plan_says: str
    plan: tuple[PlanLine, ...]
    #: How many actions are not shown.
    plan_more: int
    teams: tuple[TeamView, ...]
    #: How many people with a sealed record no rule asks about, and of how many contacts and referrals nobody may be told, in words.
    sealed: str
    not_run: tuple[StoppedRule, ...]


def card_of_week(content: WeeklyContent, title_of: Callable[[str], str]) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """Return what a card says of a team's week, and a row a rule: what it is, how many are open, how many are new. Noughts are blank."""
    rows = [row for team in content.teams for row in team.rows]
    ranked = sorted(rows, key=lambda row: (not row.open, -row.level, -row.open, row.rule))
    cells = tuple(
        (
            ": ".join(filter(None, [level_word(row.level) if row.open else "", plain(row.title) or title_of(row.rule)])),
            str(row.open or ""),
            str(row.new or ""),
        )
        for row in ranked
    )
    return _week(rows) or _nothing(content, content.teams), cells


def view_week(content: WeeklyContent, title_of: Callable[[str], str]) -> WeekView:
    """Return a week in words."""
    scope, shown = content.scope, content.scope[:SCOPE_ROWS]
    heat, heat_more = _heat(scope)
    return WeekView(
        week_ending=content.week_ending,
        summary=_summary(content),
        news=_news(scope, content.week_ending, masked=content.masked),
        scope=tuple(_scope_row(row, content.week_ending) for row in shown),
        scope_more=_more(scope[SCOPE_ROWS:], masked=content.masked),
        heat=heat,
        heat_more=heat_more,
        masked="A star stands for a count that is kept back: fewer than five, or one by which such a count could be worked out."
        if content.masked
        else "",
        figures=figure_lines(content.figures) if content.figures else (),
        plan_says=plan_summary(content.plan) if content.plan else "",
        plan=plan_lines(content.plan[:PLAN_ROWS]),
        plan_more=max(0, len(content.plan) - PLAN_ROWS),
        teams=_teams(content, title_of),
        sealed=_kept_back(content),
        not_run=tuple(
            replace(rule, title=plain(rule.title), problem=plain(rule.problem, _PARAGRAPH)) for rule in content.not_run
        ),
    )


# ---------------------------------------------------------------------- the whole


def _summary(content: WeeklyContent) -> str:
    """Return what there is in one sentence; across rules nothing is added up of which something may be kept back."""
    if not content.scope:
        together = _week([row for team in content.teams for row in team.rows]) or _nothing(content, content.teams)
        return together if len(content.teams) <= 1 else f"{len(content.teams)} teams together: {together}"
    standings = [row.standing for row in content.scope]
    stands = counted(
        [(standings.count(each), f"{each.words}") for each in (Standing.far_below, Standing.below, Standing.on_target)]
    )
    targets = f"Of {plural(sum(map(standings.count, _CELL)), 'rule')} with a target: {listed(stands)}." if stands else ""
    if content.masked:
        return f"{content.scope_of}. {targets}".strip()
    open_, late, soon = (_sum(content.scope, name) for name in ("open", "overdue", "due_soon"))
    if not open_:
        return f"{content.scope_of}: {_nothing_open(content)} {targets}".strip()
    return f"{content.scope_of}: {open_} open, {late} overdue, {soon} due in the next seven days. {targets}".strip()


def _nothing_open(content: WeeklyContent) -> str:
    cleared = sum(row.cleared for row in content.scope)
    return f"nothing open; {cleared} cleared this week." if cleared else "nothing open."


def _sum(rows: Sequence[ScopeWeek], name: str) -> int:
    return sum(getattr(row, name) or 0 for row in rows)


def _more(rows: Sequence[ScopeWeek], *, masked: bool) -> str:
    if not rows:
        return ""
    what = f"And {plural(len(rows), 'more rule')}"
    return f"{what}." if masked else f"{what}: {_sum(rows, 'open')} open, {_sum(rows, 'overdue')} overdue."


def _scope_row(row: ScopeWeek, as_of: date) -> ScopeRow:
    return ScopeRow(
        title=plain(row.title),
        level=level_word(row.level) if row.open != 0 and row.level is Level.critical else "",
        standing=row.standing.words if row.standing in _CELL else "",
        colour=_CELL.get(row.standing, ""),
        overdue=_shown(row.overdue),
        due_soon=_shown(row.due_soon),
        open=_shown(row.open),
        says=" ".join(filter(None, [_in_time(row), _longest(row, as_of), _changed(row), _aside(row.held, row.flapping)])),
        trend=_trend(row.trend) if len([count for count in row.trend if count is not None]) > 2 else None,
    )


def _shown(count: int | None) -> str:
    return _BEHIND if count is None else str(count)


def _in_time(row: ScopeWeek) -> str:
    if row.in_time is not None:
        return f"{row.in_time} % of {row.of} in time (target {row.target} %)."
    if row.standing is Standing.too_few:
        return "Too few to say how much is in time."
    if row.standing is Standing.kept_back:
        return "How much is in time is kept back."
    return "How much is in time is not known." if row.standing is Standing.not_known else ""


def _longest(row: ScopeWeek, as_of: date) -> str:
    return f"Longest overdue {lasting((as_of - row.longest).days)}." if row.longest else ""


def lasting(days: int) -> str:
    """Return how long something lasts, in the unit in which people would say it.

    >>> lasting(1), lasting(75), lasting(200), lasting(1900)
    ('1 day', '75 days', '6 months', '5 years')
    """
    if days < 90:
        return plural(days, "day")
    return plural(days // 30, "month") if days < 730 else plural(days // 365, "year")


def _changed(row: ScopeWeek) -> str:
    """Return how many more or fewer are open than a week and a year ago."""
    if row.open is None:
        return ""
    since = [(row.open_last, "last week"), (row.open_last_year, "a year ago")]
    said = [_against(row.open - before, when) for before, when in since if before is not None]
    return f"{'; '.join(said)}.".capitalize() if said else ""


def _against(change: int, when: str) -> str:
    if change == 0:
        return f"as many open as {when}"
    return f"{abs(change)} {'more' if change > 0 else 'fewer'} open than {when}"


def _news(scope: Sequence[ScopeWeek], as_of: date, *, masked: bool) -> tuple[tuple[str, str], ...]:
    """Return what is better and worse than last week, and what needs the reader: one sentence each."""
    if not scope:
        return ()
    changes = [(row.open - row.open_last, row) for row in scope if row.open is not None and row.open_last is not None]
    if changes:
        least, most = min(changes, key=lambda one: one[0]), max(changes, key=lambda one: one[0])
        better = f"{_named(least[1])}: {least[1].open} open, {-least[0]} fewer than last week." if least[0] < 0 else ""
        worse = f"{_named(most[1])}: {most[1].open} open, {most[0]} more than last week." if most[0] > 0 else ""
        none = "no rule" if len(changes) == len(scope) or not masked else "no rule whose counts are shown"
        known = (
            ("Better", better or f"{none} has fewer open than last week."),
            ("Worse", worse or f"{none} has more open than last week."),
        )
    else:
        is_first = not any(count is not None for row in scope for count in row.trend[:-1])
        why = "the counts of last week or this are kept back." if masked and not is_first else "there is no week before this one."
        known = (("Better", f"not known: {why}"), ("Worse", f"not known: {why}"))
    return (*known, ("Needs you", _needs(scope, as_of)))


def _needs(scope: Sequence[ScopeWeek], as_of: date) -> str:
    worst = scope[0]
    if worst.level is Level.critical and worst.open != 0:
        return f"{_named(worst)}: {plural(worst.open, 'open alert') if worst.open else 'open'}, critical among them."
    late = [row for row in scope if row.standing in (Standing.far_below, Standing.below)] or [
        row for row in scope if row.overdue != 0
    ]
    if not late:
        return "nothing is critical, overdue or below its target."
    row = late[0]
    # How many are overdue may be kept back, that some are is not.
    overdue = "some overdue" if row.overdue is None else f"{row.overdue} overdue" if row.overdue else ""
    longest = f"the longest {lasting((as_of - row.longest).days)}" if row.longest else ""
    share = (
        f"{row.in_time} % in time against {row.target} %"
        if row.in_time is not None
        else row.standing.words
        if row.standing in _CELL
        else ""
    )
    return f"{_named(row)}: {', '.join(filter(None, [overdue, longest, share]))}."


def _named(row: ScopeWeek) -> str:
    return plain(row.title)


# ---------------------------------------------------------------------- teams beside each other


def _heat(scope: Sequence[ScopeWeek]) -> tuple[tuple[HeatTable, ...], int]:
    """Return the tables of teams by rules, and how many teams are not in them: those that stand worst are."""
    chosen = [row for row in scope if any(team.standing in _CELL for team in row.teams)]
    if not chosen:
        return (), 0
    is_roomy = len(chosen[0].teams) * 2 * _ACROSS <= HEAT_CELLS
    chosen = chosen[: 2 * _ACROSS if is_roomy else _ACROSS]
    names = [team.team_name for team in chosen[0].teams]
    known = [place for place in range(len(names)) if any(row.teams[place].standing in _CELL for row in chosen)]
    worst = sorted(
        known,
        key=lambda place: [
            -sum(row.teams[place].standing is each for row in chosen) for each in (Standing.far_below, Standing.below)
        ],
    )
    shown = sorted(worst[:HEAT_TEAMS])
    tables = tuple(
        HeatTable(
            titles=tuple(plain(row.title) for row in across),
            rows=tuple((plain(names[place]), tuple(_heat_cell(row.teams[place]) for row in across)) for place in shown),
        )
        for across in (chosen[start : start + _ACROSS] for start in range(0, len(chosen), _ACROSS))
    )
    return tables, len(known) - len(shown)


def _heat_cell(team: TeamStanding) -> HeatCell:
    is_known = team.standing in _CELL
    share = f"{team.in_time} %" if team.in_time is not None else ""
    overdue = _BEHIND if team.overdue is None else f"{team.overdue} overdue" if team.overdue else ""
    return HeatCell(
        words=team.standing.words if is_known or team.standing is Standing.too_few else "–",
        colour=_CELL.get(team.standing, ""),
        figures=", ".join(filter(None, [share, overdue])),
    )


# ---------------------------------------------------------------------- each team


def _teams(content: WeeklyContent, title_of: Callable[[str], str]) -> tuple[TeamView, ...]:
    """Return each team's week; of one team alone the rules stand in the whole already."""
    share = max(3, TEAM_ROWS // max(1, len(content.teams)))
    room = TEAM_ROWS if len(content.teams) > 1 or not content.scope else 0
    given: dict[str, int] = {}
    for team in sorted(content.teams, key=lambda team: (-sum(row.open for row in team.rows), team.team_name)):
        given[team.team_name] = min(len(team.rows), share, room) if content.scope else len(team.rows)
        room -= given[team.team_name]
    return tuple(_team(team, given[team.team_name], content, title_of) for team in content.teams)


def _team(team: TeamWeek, shown: int, content: WeeklyContent, title_of: Callable[[str], str]) -> TeamView:
    ranked = sorted(team.rows, key=lambda row: (-row.level, -row.open, -row.new, row.rule))
    rows = tuple(_week_row(row, title_of, with_trend=not content.scope) for row in ranked[:shown])
    return TeamView(
        name=plain(team.team_name),
        says=" ".join(filter(None, [_week(team.rows) or _nothing(content, [team]), _watched(team.watched)])),
        rows=rows,
        more=len(ranked) - len(rows) if rows else 0,
    )


def _kept_back(content: WeeklyContent) -> str:
    """Return what is counted because nobody may be told of it."""
    sealed = f"Of those whose record is sealed, {content.sealed} are asked about by no rule." if content.sealed else ""
    divided = (
        f"Of the contacts and referrals that wait, {content.divided} are told to nobody, as different people may know of the "
        "children on them: please look for them in the case system."
    )
    return " ".join(filter(None, [sealed, divided if content.divided else ""]))


def _week(rows: Sequence[RuleWeek]) -> str:
    open_, held = sum(row.open for row in rows), sum(row.held for row in rows)
    new, new_last = sum(row.new for row in rows), sum(row.new_last for row in rows)
    cleared, cleared_last = sum(row.cleared for row in rows), sum(row.cleared_last for row in rows)
    if not any((open_, new, cleared, held, new_last, cleared_last)):
        return ""
    on_hold = f", {held} on hold" if held else ""
    return f"{open_} open{on_hold}; {new} new, was {new_last}; {cleared} cleared, was {cleared_last}."


def _watched(watched: Watched | None) -> str:
    """Return at what of a team's work rules look."""
    if watched is None or not watched.rules:
        return ""
    people = f"{plural(watched.people, 'child or young person', 'children and young people')} under " if watched.people else ""
    look = "looks" if watched.rules == 1 else "look"
    said = f"{people}{plural(watched.rules, 'rule')}." if people else f"{plural(watched.rules, 'rule')} {look} at its work."
    nobody = f" About {watched.unwatched} more with an open case no rule asks." if watched.unwatched else ""
    return said + nobody


def _nothing(content: WeeklyContent, teams: Sequence[TeamWeek]) -> str:
    """Return that there was nothing in a week, of what was asked: what was not asked is not known, and what waits is not told."""
    if content.asked == 0:
        return "No rule looked at anybody, so nothing is known."
    if teams and all(team.watched is not None and not team.watched.rules for team in teams):
        return f"No rule looks at the work of {'this team' if len(teams) == 1 else 'these teams'}, so nothing is known of it."
    asked = f" under {plural(content.asked, 'rule')}" if content.asked else ""
    aside = f", {sum(rule.rules for rule in content.not_run)} more did not run" if content.asked and content.not_run else ""
    waits = f", and what {plural(content.braked, 'rule')} found waits to be looked at first" if content.braked else ""
    return f"Nothing open, new or cleared{asked}{aside}{waits}."


def _week_row(row: RuleWeek, title_of: Callable[[str], str], *, with_trend: bool) -> WeekRow:
    oldest = f"Oldest since {day(row.oldest, 'short')}, {plural(row.oldest_days, 'day')}." if row.oldest else ""
    return WeekRow(
        open=row.open,
        new=row.new,
        cleared=row.cleared,
        new_last=row.new_last,
        cleared_last=row.cleared_last,
        title=plain(row.title) if row.title else title_of(row.rule),
        level=level_word(row.level) if row.open else "",
        aside=" ".join(filter(None, [oldest, _aside(row.held, row.flapping)])),
        trend=_trend(row.trend) if row.trend and with_trend else None,
    )


def _aside(held: int, flapping: int) -> str:
    verb = "comes and goes and is" if flapping == 1 else "come and go and are"
    return " ".join(
        filter(None, [f"{held} on hold." if held else "", f"{flapping} {verb} told of here only." if flapping else ""])
    )


def _trend(counts: Sequence[int | None]) -> Trend:
    """Return a row of counts in both its forms, from the first that is known on; a week that was not counted is a gap in each."""
    known = next((place for place, count in enumerate(counts) if count is not None), 0)
    counts = counts[known:]
    most = max([1, *(count for count in counts if count is not None)])
    line = "".join(" " if count is None else _BARS[round(count * (len(_BARS) - 1) / most)] for count in counts)
    return Trend(line=line, counts=" ".join("–" if count is None else str(count) for count in counts), weeks=len(counts))

"""What messages of counts and notices show, in words: a channel's rules, a team's week, the service's own notices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from alerting.formatting import counted, day, number, plain, plural
from alerting.notifications.content import (
    CardLine,
    CheckContent,
    Notice,
    NoticeContent,
    QualityContent,
    RuleFigures,
    RuleWeek,
    StoppedRule,
    TeamWeek,
    Watched,
    WeeklyContent,
)
from alerting.notifications.messages.digest import level_word, said

ROWS = 60
"""How many rows of teams and rules a weekly message shows; the rest are counted."""

TRENDS = 24
"""How many of these rows have bars. Each costs 5 kB, and mail programs cut or slow down on very long messages."""

NOTICES, REFERENCES = 50, 50
"""How many notices, and how many references of one notice, a message shows."""

_PARAGRAPH = 1_200
_BARS = "▁▂▃▄▅▆▇█"
_PIXELS = 28


@dataclass(frozen=True, kw_only=True)
class View:
    """What a template lays out, in words: the fields are the names that it uses. Every text is plain."""

    summary: str


# ---------------------------------------------------------------------- a channel's rules


@dataclass(frozen=True, kw_only=True)
class CountsRow:
    """One rule's counts."""

    level: str
    title: str
    new: int
    open: int
    cleared: int

    def as_cells(self) -> tuple[str, ...]:
        """Return rule, new, open and cleared as a card shows them. The level is a word, for no cell has a colour."""
        return (": ".join(filter(None, [self.level, self.title])), str(self.new), str(self.open), str(self.cleared))


@dataclass(frozen=True, kw_only=True)
class CountsView(View):
    """A channel's rules, the most serious first. Nothing of any one child."""

    #: For the subject line: what there is, the most important first.
    told: tuple[str, ...]
    #: How many are on hold, as a sentence.
    held: str
    rows: tuple[CountsRow, ...]


def view_counts(lines: Iterable[CardLine], whose: str, title_of: Callable[[str], str]) -> CountsView:
    """Return a channel's rules with their sum in one sentence."""
    ranked = sorted(lines, key=lambda line: (-(line.level or 0), -line.new, -line.open, line.rule))
    held = sum(line.held for line in ranked)
    told = counted([(sum(line.new for line in ranked), "new"), (sum(line.open for line in ranked), "open")])
    aside = counted([(sum(line.cleared for line in ranked), "cleared"), (held, "on hold")])
    return CountsView(
        told=tuple(told or aside or ["nothing new"]),
        summary=said(told, aside, whose, on_hold=held > 0),
        held=f"{plural(held, 'alert')} on hold: the data could not be trusted or did not say." if held else "",
        rows=tuple(
            CountsRow(
                level=level_word(line.level),
                title=_titled(line, title_of),
                new=line.new,
                open=line.open,
                cleared=line.cleared,
            )
            for line in ranked
        ),
    )


# ---------------------------------------------------------------------- a week


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One week of a trend: its count, and the height of its bar in pixels."""

    count: str
    height: int


@dataclass(frozen=True, kw_only=True)
class Trend:
    """A rule's last weeks: as bars, as a line of characters, and as counts."""

    cells: tuple[Bar, ...]
    line: str
    counts: str


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
    with_bars: bool


@dataclass(frozen=True, kw_only=True)
class TeamView:
    """One team's week."""

    name: str
    says: str
    rows: tuple[WeekRow, ...]
    #: How many rules are not shown.
    more: int


@dataclass(frozen=True, kw_only=True)
class WeekView(View):
    """Each team's week, rules by severity, this week against the one before."""

    week_ending: date
    teams: tuple[TeamView, ...]
    #: How many people with a sealed record no rule asks about, and of how many contacts and referrals nobody may be told, in words.
    sealed: str
    not_run: tuple[StoppedRule, ...]


def week_cells(content: WeeklyContent) -> tuple[tuple[str, ...], ...]:
    """Return each team's week as one row of a card: team, new, open, cleared."""
    return tuple(
        (
            plain(team.team_name),
            str(sum(row.new for row in team.rows)),
            str(sum(row.open for row in team.rows)),
            str(sum(row.cleared for row in team.rows)),
        )
        for team in content.teams
    )


def _kept_back(content: WeeklyContent) -> str:
    """Return what is counted because nobody may be told of it."""
    sealed = f"Of those whose record is sealed, {content.sealed} are asked about by no rule." if content.sealed else ""
    divided = (
        f"Of the contacts and referrals that wait, {content.divided} are told to nobody, as different people may know of the "
        "children on them: please look for them in the case system."
    )
    return " ".join(filter(None, [sealed, divided if content.divided else ""]))


def view_week(content: WeeklyContent, title_of: Callable[[str], str]) -> WeekView:
    """Return each team's week in words."""
    left, bars, teams = ROWS, TRENDS, []
    for team in content.teams:
        ranked = sorted(team.rows, key=lambda row: (-row.level, -row.open, -row.new, row.rule))
        rows = tuple(_week_row(row, title_of, with_bars=place < bars) for place, row in enumerate(ranked[:left]))
        left, bars = left - len(rows), bars - len(rows)
        says = " ".join(filter(None, [_week(ranked) or _nothing(content, [team]), _watched(team.watched)]))
        teams.append(TeamView(name=plain(team.team_name), says=says, rows=rows, more=len(ranked) - len(rows)))
    together = _week([row for team in content.teams for row in team.rows]) or _nothing(content, content.teams)
    return WeekView(
        week_ending=content.week_ending,
        summary=together if len(teams) == 1 else f"{len(teams)} teams together: {together}",
        teams=tuple(teams),
        sealed=_kept_back(content),
        not_run=tuple(
            replace(rule, title=plain(rule.title), problem=plain(rule.problem, _PARAGRAPH)) for rule in content.not_run
        ),
    )


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
        return "No rule was asked of anybody, so nothing is known."
    if all(team.watched is not None and not team.watched.rules for team in teams):
        return f"No rule looks at the work of {'this team' if len(teams) == 1 else 'these teams'}, so nothing is known of it."
    asked = f": {plural(content.asked, 'rule')} asked" if content.asked else ""
    aside = f", {sum(rule.rules for rule in content.not_run)} not" if content.asked and content.not_run else ""
    waits = f", and what {plural(content.braked, 'rule')} found waits to be looked at first" if content.braked else ""
    return f"Nothing open, new or cleared{asked}{aside}{waits}."


def _week_row(row: RuleWeek, title_of: Callable[[str], str], *, with_bars: bool) -> WeekRow:
    oldest = f"Oldest since {day(row.oldest, 'short')}, {plural(row.oldest_days, 'day')}." if row.oldest else ""
    held = f"{row.held} on hold." if row.held else ""
    verb = "comes and goes and is" if row.flapping == 1 else "come and go and are"
    returns = f"{row.flapping} {verb} told of here only." if row.flapping else ""
    return WeekRow(
        open=row.open,
        new=row.new,
        cleared=row.cleared,
        new_last=row.new_last,
        cleared_last=row.cleared_last,
        title=_titled(row, title_of),
        level=level_word(row.level) if row.open else "",
        aside=" ".join(filter(None, [oldest, held, returns])),
        trend=_trend(row.trend) if row.trend else None,
        with_bars=with_bars,
    )


def _trend(counts: Sequence[int | None]) -> Trend:
    """Return a row of counts in its three forms; a week that was not counted is a gap in each."""
    most = max([1, *(count for count in counts if count is not None)])
    cells = tuple(
        Bar(
            count="–" if count is None else str(count),
            height=1 if not count else max(2, round(count * _PIXELS / most)),
        )
        for count in counts
    )
    line = "".join(" " if count is None else _BARS[round(count * (len(_BARS) - 1) / most)] for count in counts)
    return Trend(cells=cells, line=line, counts=" ".join(cell.count for cell in cells))


# ---------------------------------------------------------------------- what is told to those who look after the service


@dataclass(frozen=True, kw_only=True)
class ShownNotice:
    """One notice in words."""

    title: str
    since: str
    detail: str
    items: tuple[str, ...]
    #: How many references are not shown.
    more: int


@dataclass(frozen=True, kw_only=True)
class NoticesView(View):
    """The service's own notices, with the references of alerts and nothing else about them: what is new, then what lasts."""

    #: For the subject line.
    told: str
    notices: tuple[ShownNotice, ...]
    still: tuple[ShownNotice, ...]
    #: How many notices are not shown.
    more: int
    #: The figures of the run, each with its name.
    run: tuple[tuple[str, str], ...]


def view_notices(content: NoticeContent) -> NoticesView:
    """Return the service's own notices in words."""
    new, still = content.notices, content.still
    every = [*new, *still]
    shown = tuple(map(_shown_notice, every[:NOTICES]))
    to_do = plural(len(every), "thing to do", "things to do")
    return NoticesView(
        summary=f"{to_do}, {len(new)} new." if still else f"{to_do}." if every else _quiet(content.asked),
        told=to_do if every else "all clear" if content.asked else "nothing to do" if content.asked is None else "nothing asked",
        notices=shown[: len(new)],
        still=shown[len(new) :],
        more=len(every) - len(shown),
        run=tuple((plain(figure.name.replace("_", " ").capitalize()), plain(figure.value)) for figure in content.run),
    )


def _quiet(asked: int | None) -> str:
    """Return that there is nothing to do, with what was asked to know it."""
    if asked == 0:
        return "No rule was asked of anybody, so nothing is known."
    return (
        f"All clear: {plural(asked, 'rule')} asked, and nothing needs your attention."
        if asked
        else "Nothing needs your attention."
    )


def _shown_notice(notice: Notice) -> ShownNotice:
    return ShownNotice(
        title=plain(notice.title),
        since=f"since {day(notice.since)}" if notice.since else "",
        detail=plain(notice.detail, _PARAGRAPH),
        items=tuple(plain(item, 40) for item in notice.items[:REFERENCES]),
        more=max(0, len(notice.items) - REFERENCES),
    )


@dataclass(frozen=True, kw_only=True)
class QualityRow:
    """How one rule serves."""

    title: str
    code: str
    #: Fired, cleared, days to clear, open, acted on.
    figures: tuple[int | str, ...]
    remarks: str


@dataclass(frozen=True, kw_only=True)
class QualityView(View):
    """How well each rule serves, those with a remark in full and first; the others as figures, the rest counted."""

    #: For the subject line.
    told: str
    since: date
    rows: tuple[QualityRow, ...]
    #: How many rules are not shown.
    more: int


def view_quality(content: QualityContent) -> QualityView:
    """Return how well each rule serves, in words."""
    rows = [_quality_row(rule) for rule in content.rules]
    remarked = [row for row in rows if row.remarks]
    shown = [*remarked[:ROWS], *(row for row in rows if not row.remarks)][:ROWS]
    told = f"{plural(len(remarked), 'rule')} to look at" if remarked else "nothing to look at"
    return QualityView(
        told=told,
        summary=f"{plural(len(rows), 'rule')}: {told}.",
        since=content.since,
        rows=tuple(shown),
        more=len(rows) - len(shown),
    )


def _quality_row(rule: RuleFigures) -> QualityRow:
    days = "–" if rule.median_days is None else number(rule.median_days)
    remarks = "; ".join(plain(words) for words in rule.remarks)
    return QualityRow(
        title=plain(rule.title),
        code=plain(rule.code),
        figures=(rule.fired, rule.cleared, days, rule.open, rule.acknowledged),
        remarks=f"{remarks[:1].upper()}{remarks[1:]}." if remarks else "",
    )


# ---------------------------------------------------------------------- single sentences


def ask_whether_seen(content: CheckContent) -> str:
    """Return what the card of a weekly check asks of whoever sees it in its channel."""
    return (
        f"If you can read this, cards reach the channel of {plain(content.team_name)}. Please tell your performance team the "
        f"word {plain(content.word)}, so that they know. Nothing else is asked of you."
    )


def as_at(moment: datetime | None, as_of: date) -> str:
    """Return how old the data is: `Data as at 31 March, 05:40.`, with the year where it is not that of `as_of`."""
    if moment is None:
        return "How old the data is, is not known."
    words = day(moment)
    return f"Data as at {words.replace(f' {moment.year}', '', 1) if moment.year == as_of.year else words}."


def _titled(row: CardLine | RuleWeek, title_of: Callable[[str], str]) -> str:
    return plain(row.title) if row.title else title_of(row.rule)

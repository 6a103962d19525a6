"""Counts in the form that messages show them: a channel's rules, a team's week, the service's own notices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from alerting.formatting import counted, day, number, plain, plural
from alerting.notifications.content import (
    CardLine,
    CheckContent,
    NoticeContent,
    QualityContent,
    RuleWeek,
    WeeklyContent,
)
from alerting.notifications.messages.digest import level_word, said

ROWS = 60
"""How many rows of teams and rules a weekly message shows; the rest are counted."""

TRENDS = 24
"""How many of these rows have bars. Each costs 5 kB, and mail programs cut or slow down on very long messages."""

NOTICES, REFERENCES = 50, 50
"""How many notices, and how many references of one notice, a message shows."""

_PARAGRAPH = 600
_BARS = "▁▂▃▄▅▆▇█"
_PIXELS = 28


def channel(lines: Iterable[CardLine], whose: str, title_of: Callable[[str], str]) -> dict[str, Any]:
    """Return a channel's rules, the most serious first, with their sum in one sentence. Nothing of any one child."""
    ranked = sorted(lines, key=lambda line: (-(line.level or 0), -line.new, -line.open, line.rule))
    held = sum(line.held for line in ranked)
    told = counted([(sum(line.new for line in ranked), "new"), (sum(line.open for line in ranked), "open")])
    aside = counted([(sum(line.cleared for line in ranked), "cleared"), (held, "on hold")])
    return {
        "told": told or ["nothing open"],
        "summary": said(told, aside, whose),
        "held": f"{plural(held, 'alert')} on hold: the data could not be trusted or did not say." if held else "",
        "rows": [
            {
                "level": level_word(line.level),
                "title": _titled(line, title_of),
                "new": line.new,
                "open": line.open,
                "cleared": line.cleared,
            }
            for line in ranked
        ],
    }


def card(
    title: str,
    words: str,
    columns: Sequence[str] = ("Rule",),
    rows: Iterable[Sequence[object]] = (),
    *,
    footer: str = "",
    stamp: str | None,
    link: str | None,
) -> dict[str, Any]:
    """Return what a channel's card shows. Plain text in every field and cell: the receiver escapes it for its own format."""
    return {
        "title": title,
        "summary": f"{stamp}. {words}" if stamp else words,
        "columns": list(columns),
        "rows": [[str(cell) for cell in row] for row in rows],
        "footer": footer,
        "link": link,
    }


def rule_rows(view: Mapping[str, Any]) -> list[list[object]]:
    """Return a channel's rules as rows: level and rule, new, open, cleared. The level is a word, for no cell has a colour."""
    return [
        [": ".join(filter(None, [row["level"], row["title"]])), row["new"], row["open"], row["cleared"]] for row in view["rows"]
    ]


def team_rows(content: WeeklyContent) -> list[list[object]]:
    """Return each team's week as one row: team, new, open, cleared."""
    return [
        [
            plain(team.team_name),
            sum(row.new for row in team.rows),
            sum(row.open for row in team.rows),
            sum(row.cleared for row in team.rows),
        ]
        for team in content.teams
    ]


def week(content: WeeklyContent, title_of: Callable[[str], str]) -> dict[str, Any]:
    """Return each team's week, rules by severity, this week against the one before."""
    left, bars, teams = ROWS, TRENDS, []
    for team in content.teams:
        ranked = sorted(team.rows, key=lambda row: (-row.level, -row.open, -row.new, row.rule))
        rows = [_week_row(row, title_of, with_bars=place < bars) for place, row in enumerate(ranked[:left])]
        left, bars = left - len(rows), bars - len(rows)
        teams.append({"name": plain(team.team_name), "says": _week(ranked), "rows": rows, "more": len(ranked) - len(rows)})
    together = _week([row for team in content.teams for row in team.rows])
    return {
        "week_ending": content.week_ending,
        "summary": together if len(teams) == 1 else f"{len(teams)} teams together: {together}",
        "teams": teams,
        "not_run": [{"title": plain(rule.title), "problem": plain(rule.problem, _PARAGRAPH)} for rule in content.not_run],
    }


def _week(rows: Sequence[RuleWeek]) -> str:
    open_, held = sum(row.open for row in rows), sum(row.held for row in rows)
    new, new_last = sum(row.new for row in rows), sum(row.new_last for row in rows)
    cleared, cleared_last = sum(row.cleared for row in rows), sum(row.cleared_last for row in rows)
    if not any((open_, new, cleared, held, new_last, cleared_last)):
        return "Nothing open, new or cleared."
    on_hold = f", {held} on hold" if held else ""
    return f"{open_} open{on_hold}; {new} new, was {new_last}; {cleared} cleared, was {cleared_last}."


def _week_row(row: RuleWeek, title_of: Callable[[str], str], *, with_bars: bool) -> dict[str, Any]:
    oldest = f"Oldest since {day(row.oldest, 'short')}, {plural(row.oldest_days, 'day')}." if row.oldest else ""
    held = f"{row.held} on hold." if row.held else ""
    verb = "comes and goes and is" if row.flapping == 1 else "come and go and are"
    returns = f"{row.flapping} {verb} told of here only." if row.flapping else ""
    return {
        "open": row.open,
        "new": row.new,
        "cleared": row.cleared,
        "new_last": row.new_last,
        "cleared_last": row.cleared_last,
        "title": _titled(row, title_of),
        "level": level_word(row.level) if row.open else "",
        "aside": " ".join(filter(None, [oldest, held, returns])),
        "trend": _trend(row.trend) if row.trend else None,
        "with_bars": with_bars,
    }


def _trend(counts: Sequence[int | None]) -> dict[str, Any]:
    """Return a row of counts as bars of pixels and as a line of characters; a week that was not counted has neither."""
    most = max([1, *(count for count in counts if count is not None)])
    cells = [
        {"count": "–" if count is None else str(count), "height": 1 if not count else max(2, round(count * _PIXELS / most))}
        for count in counts
    ]
    line = "".join(" " if count is None else _BARS[round(count * (len(_BARS) - 1) / most)] for count in counts)
    return {"cells": cells, "line": line, "counts": " ".join(str(cell["count"]) for cell in cells)}


def notices(content: NoticeContent) -> dict[str, Any]:
    """Return the service's own notices, with the references of alerts and nothing else about them: what is new, then what lasts."""
    new, still = content.notices, content.still
    every = [*new, *still]
    shown = [
        {
            "title": plain(notice.title),
            "since": f"since {day(notice.since)}" if notice.since else "",
            "detail": plain(notice.detail, _PARAGRAPH),
            "items": [plain(item, 40) for item in notice.items[:REFERENCES]],
            "more": max(0, len(notice.items) - REFERENCES),
        }
        for notice in every[:NOTICES]
    ]
    to_do = plural(len(every), "thing to do", "things to do")
    return {
        "summary": f"{to_do}, {len(new)} new." if still else f"{to_do}." if every else "All clear: nothing needs your attention.",
        "told": to_do if every else "all clear",
        "notices": shown[: len(new)],
        "still": shown[len(new) :],
        "more": len(every) - len(shown),
        "run": [(plain(figure.name.replace("_", " ").capitalize()), plain(figure.value)) for figure in content.run],
    }


def check(content: CheckContent) -> str:
    """Return what the card of a weekly check asks of whoever sees it in its channel."""
    return (
        f"If you can read this, cards reach the channel of {plain(content.team_name)}. Please tell your performance team the "
        f"word {plain(content.word)}, so that they know. Nothing else is asked of you."
    )


def quality(content: QualityContent) -> dict[str, Any]:
    """Return how well each rule serves, those with a remark in full and first; the others as figures, the rest counted."""
    rows = [
        {
            "title": plain(rule.title),
            "code": plain(rule.code),
            "figures": [
                rule.fired,
                rule.cleared,
                "–" if rule.median_days is None else number(rule.median_days),
                rule.open,
                rule.acknowledged,
            ],
            "remarks": _sentence(plain(words) for words in rule.remarks),
        }
        for rule in content.rules
    ]
    remarked = [row for row in rows if row["remarks"]]
    shown = [*remarked[:ROWS], *(row for row in rows if not row["remarks"])][:ROWS]
    told = f"{plural(len(remarked), 'rule')} to look at" if remarked else "nothing to look at"
    return {
        "told": told,
        "summary": f"{plural(len(rows), 'rule')}: {told}.",
        "since": content.since,
        "rows": shown,
        "more": len(rows) - len(shown),
    }


def _sentence(parts: Iterable[str]) -> str:
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def as_at(moment: datetime | None, as_of: date) -> str:
    """Return how old the data is: `Data as at 31 March, 05:40.`, with the year where it is not that of `as_of`."""
    if moment is None:
        return "How old the data is, is not known."
    words = day(moment)
    return f"Data as at {words.replace(f' {moment.year}', '', 1) if moment.year == as_of.year else words}."


def _titled(row: CardLine | RuleWeek, title_of: Callable[[str], str]) -> str:
    return plain(row.title) if row.title else title_of(row.rule)

"""Counts in the form that messages show them: a channel's rules, a team's week, the service's own notices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from alerting.formatting import counted, dated, day, number, plain, plural
from alerting.notifications.messages.digest import level_word, said, severity

ROWS = 60
"""How many rows of teams and rules a weekly message shows; the rest are counted."""

TRENDS = 24
"""How many of these rows have bars. Each costs 5 kB, and mail programs cut or slow down on very long messages."""

NOTICES, REFERENCES = 50, 50
"""How many notices, and how many references of one notice, a message shows."""

_PARAGRAPH = 600
_BARS = "▁▂▃▄▅▆▇█"
_PIXELS = 28


def channel(lines: Iterable[Mapping[str, Any]], whose: str, title_of: Callable[[str], str]) -> dict[str, Any]:
    """Return a channel's rules, the most serious first, with their sum in one sentence. Nothing of any one child."""
    ranked = sorted(lines, key=lambda line: (-severity(line["level"]), -line["new"], -line["open"], line["rule"]))
    total = {key: sum(line[key] for line in ranked) for key in ("new", "open", "cleared", "held")}
    told = counted([(total["new"], "new"), (total["open"], "open")])
    held = total["held"]
    return {
        "told": told or ["nothing open"],
        "summary": said(told, counted([(total["cleared"], "cleared"), (held, "on hold")]), whose),
        "held": f"{plural(held, 'alert')} on hold: the data could not be trusted or did not say." if held else "",
        "rows": [
            {
                "level": level_word(line["level"]),
                "title": _titled(line, title_of),
                **{key: line[key] for key in ("new", "open", "cleared")},
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


def team_rows(content: Mapping[str, Any]) -> list[list[object]]:
    """Return each team's week as one row: team, new, open, cleared."""
    return [
        [plain(team["team_name"]), *(sum(row[key] for row in team["rows"]) for key in ("new", "open", "cleared"))]
        for team in content["teams"]
    ]


def week(content: Mapping[str, Any], title_of: Callable[[str], str]) -> dict[str, Any]:
    """Return each team's week, rules by severity, this week against the one before."""
    every = [row for team in content["teams"] for row in team["rows"]]
    left, bars, teams = ROWS, TRENDS, []
    for team in content["teams"]:
        ranked = sorted(team["rows"], key=lambda row: (-severity(row["level"] or ""), -row["open"], -row["new"], row["rule"]))
        rows = [_week_row(row, title_of, with_bars=place < bars) for place, row in enumerate(ranked[:left])]
        left, bars = left - len(rows), bars - len(rows)
        teams.append({"name": plain(team["team_name"]), "says": _week(ranked), "rows": rows, "more": len(ranked) - len(rows)})
    not_run = [{"title": plain(rule["title"]), "problem": plain(rule["problem"], _PARAGRAPH)} for rule in content["not_run"]]
    return {
        "week_ending": date.fromisoformat(content["week_ending"]),
        "summary": _week(every) if len(teams) == 1 else f"{len(teams)} teams together: {_week(every)}",
        "teams": teams,
        "not_run": not_run,
    }


def _week(rows: Sequence[Mapping[str, Any]]) -> str:
    total = Counter[str]()
    for row in rows:
        total.update({key: row[key] for key in ("open", "new", "cleared", "new_last", "cleared_last", "held")})
    if not total.total():
        return "Nothing open, new or cleared."
    held = f", {total['held']} on hold" if total["held"] else ""
    return (
        f"{total['open']} open{held}; {total['new']} new, was {total['new_last']}; "
        f"{total['cleared']} cleared, was {total['cleared_last']}."
    )


def _week_row(row: Mapping[str, Any], title_of: Callable[[str], str], *, with_bars: bool) -> dict[str, Any]:
    oldest = f"Oldest since {day(row['oldest'], 'short')}, {plural(row['oldest_days'], 'day')}." if row["oldest"] else ""
    held = f"{row['held']} on hold." if row["held"] else ""
    flapping = row.get("flapping", 0)
    returns = (
        f"{flapping} {'comes and goes and is' if flapping == 1 else 'come and go and are'} told of here only." if flapping else ""
    )
    return {
        **{key: row[key] for key in ("open", "new", "cleared", "new_last", "cleared_last")},
        "title": _titled(row, title_of),
        "level": level_word(row["level"]) if row["open"] else "",
        "aside": " ".join(filter(None, [oldest, held, returns])),
        "trend": _trend(row["trend"]) if row["trend"] else None,
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


def notices(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the service's own notices, with the references of alerts and nothing else about them: what is new, then what lasts."""
    new, still = content["notices"], content.get("still") or ()
    every = [*new, *still]
    shown = [
        {
            "title": plain(notice["title"]),
            "since": f"since {day(notice['since'])}" if notice.get("since") else "",
            "detail": plain(notice.get("detail") or "", _PARAGRAPH),
            "items": [plain(item, 40) for item in notice.get("items", ())[:REFERENCES]],
            "more": max(0, len(notice.get("items", ())) - REFERENCES),
        }
        for notice in every[:NOTICES]
    ]
    run = content.get("run") or {}
    to_do = plural(len(every), "thing to do", "things to do")
    return {
        "summary": f"{to_do}, {len(new)} new." if still else f"{to_do}." if every else "All clear: nothing needs your attention.",
        "told": to_do if every else "all clear",
        "notices": shown[: len(new)],
        "still": shown[len(new) :],
        "more": len(every) - len(shown),
        "run": [
            (plain(name.replace("_", " ").capitalize()), plain(count))
            for name, count in run.items()
            if isinstance(count, (str, int, float))
        ],
    }


def check(content: Mapping[str, Any]) -> str:
    """Return what the card of a weekly check asks of whoever sees it in its channel."""
    return (
        f"If you can read this, cards reach the channel of {plain(content['team_name'])}. Please tell your performance team the "
        f"word {plain(content['word'])}, so that they know. Nothing else is asked of you."
    )


def quality(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return how well each rule serves, those with a remark in full and first; the others as figures, the rest counted."""
    rows = [
        {
            "title": plain(rule["title"]),
            "code": plain(rule["code"]),
            "figures": [
                rule["fired"],
                rule["cleared"],
                "–" if rule["median_working_days_to_clear"] is None else number(rule["median_working_days_to_clear"]),
                rule["open"],
                rule["acknowledged"],
            ],
            "remarks": _sentence(plain(words) for words in rule["remarks"]),
        }
        for rule in content["rules"]
    ]
    remarked = [row for row in rows if row["remarks"]]
    shown = [*remarked[:ROWS], *(row for row in rows if not row["remarks"])][:ROWS]
    told = f"{plural(len(remarked), 'rule')} to look at" if remarked else "nothing to look at"
    return {
        "told": told,
        "summary": f"{plural(len(rows), 'rule')}: {told}.",
        "since": date.fromisoformat(content["since"]),
        "rows": shown,
        "more": len(rows) - len(shown),
    }


def _sentence(parts: Iterable[str]) -> str:
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def as_at(value: str | None, as_of: date) -> str:
    """Return how old the data is: `Data as at 31 March, 05:40.`, with the year where it is not that of `as_of`."""
    moment = dated(value)
    if not isinstance(moment, date):
        return "How old the data is, is not known."
    words = day(moment)
    return f"Data as at {words.replace(f' {moment.year}', '', 1) if moment.year == as_of.year else words}."


def _titled(row: Mapping[str, Any], title_of: Callable[[str], str]) -> str:
    return plain(row["title"]) if row.get("title") else title_of(row["rule"])

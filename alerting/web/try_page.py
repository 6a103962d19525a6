"""A rule tried with other numbers, for those who look after it: how many it would alert about today, and on the days kept.

As counts. Nothing is stored or sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.responses import Response

from alerting.app import App
from alerting.authoring.backtest.backtest import look_back
from alerting.authoring.backtest.charts import Bar, draw_bars
from alerting.authoring.backtest.report import (
    SERIES,
    draw,
    make_figures,
    make_periods,
    make_team_table,
    name_timelines,
    write_notes,
    write_span,
)
from alerting.authoring.draft import find_in_use, load_draft
from alerting.authoring.preview import Preview, preview
from alerting.evaluation.evaluation import Asked
from alerting.formatting import number, plain
from alerting.model import Level
from alerting.rulebook.rule import Rule
from alerting.web import case_data
from alerting.web.sections import RULES
from alerting.web.visits import Visit

_LARGEST = 100_000
_LEVELS = tuple(level.name.capitalize() for level in reversed(Level))
_MOST_TEAMS = 20
"""How many teams are drawn; the table has all."""
_WIDE, _HIGH, _BARS_WIDE = 320, 110, 270
"""Of pictures, in the units of their drawing: small, so that what is written in them is read on a telephone."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What of a rule is counted, as it is in use and as it was tried."""

    name: str
    before: int | None
    after: int


def numbers_of(rule: Rule) -> list[tuple[str, str]]:
    """Return the parameters of a rule that are numbers, each with its value."""
    return [(name, number(value)) for name, value in rule.params.items() if _is_number(value)]


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What somebody wants tried: a rule, with these numbers, as they were written and as they differ from those in use."""

    rule: Rule
    given: Mapping[str, str]
    params: Mapping[str, float]
    wrong: str


def show_tried(visit: Visit) -> Response:
    """Show what a rule would say today with the numbers that are asked for."""
    asked = _asked(visit)
    if asked is None:
        return visit.nothing_there()
    found, why_not = (
        (None, "") if asked.wrong else case_data.ask(visit, lambda app, today: preview_of(app, _draft(app, asked), today))
    )
    return _show(visit, "tried.html", asked, why_not=why_not, **preview_values(found))


def show_looked_back(visit: Visit) -> Response:
    """Show what a rule would have done on the days kept with the numbers that are asked for."""
    asked = _asked(visit)
    if asked is None:
        return visit.nothing_there()
    found, why_not = (None, "") if asked.wrong else case_data.ask(visit, lambda app, _: look_back(app, _draft(app, asked)))
    return _show(
        visit,
        "looked_back.html",
        asked,
        why_not=why_not,
        span=write_span(found.draft.days[0].as_of, found.draft.days[-1].as_of) if found else "",
        count=len(found.draft.days) if found else 0,
        headings=[name or asked.rule.code for name, _ in name_timelines(found)] if found else (),
        figures_of=make_figures(found) if found else (),
        charts=[(title, draw(found, what, title, width=_WIDE, height=_HIGH)) for title, what in SERIES] if found else (),
        periods=make_periods(found) if found else ((), ()),
        by_team=make_team_table(found) if found else ((), ()),
        notes=[plain(text, 400) for text in write_notes(found)] if found else (),
    )


def preview_values(found: Preview | None) -> dict[str, Any]:
    """Return what a page shows of a preview, as counts: of none, nothing."""
    counts = _counts(found) if found else []
    teams = [Tried(name=plain(one.name), before=one.before, after=one.after) for one in found.teams] if found else []
    return {
        "counts": counts,
        "levels": _bars([one for one in counts if one.name in _LEVELS]),
        "teams": teams,
        "of_teams": _bars(teams[:_MOST_TEAMS]),
        "changes": _changes(found) if found else {},
        "messages": len(found.today.messages) if found else 0,
        "warnings": [plain(text, 400) for text in found.warnings] if found else (),
    }


def preview_of(app: App, draft: Rule, today: date) -> Preview:
    """Return what a draft would do today, beside the rule in use that it stands for."""
    return preview(app, draft, find_in_use(app.book, draft), today)


def _asked(visit: Visit) -> _Asked | None:
    rule = next((rule for rule in visit.app.book.every if rule.code == visit.path["code"]), None)
    if rule is None:
        return None
    given = {name: visit.query.get(name, value).strip() for name, value in numbers_of(rule)}
    params, wrong = _params(rule, given)
    return _Asked(rule=rule, given=given, params=params, wrong=wrong)


def _draft(app: App, asked: _Asked) -> Rule:
    return load_draft(app.book, asked.rule.code, asked.params)


def _show(visit: Visit, template: str, asked: _Asked, **values: object) -> Response:
    return visit.show(
        template,
        status=409 if asked.wrong else 200,
        here=RULES.path,
        code=asked.rule.code,
        title=plain(asked.rule.title),
        given=asked.given,
        wrong=asked.wrong,
        **values,
    )


def _bars(rows: Sequence[Tried]) -> list[Bar]:
    return draw_bars([(one.name, one.before or 0, one.after) for one in rows], _BARS_WIDE)


def _params(rule: Rule, given: Mapping[str, str]) -> tuple[dict[str, float], str]:
    """Return the numbers that differ from those in use, or what is wrong with one."""
    params: dict[str, float] = {}
    for name, text in given.items():
        try:
            value = float(text)
        except ValueError:
            return {}, f"{name} is not a number."
        if not 0 <= value <= _LARGEST:
            return {}, f"{name} is not between 0 and {_LARGEST:,}."
        if value != rule.params[name]:
            params[name] = int(value) if value.is_integer() else value
    return params, ""


def _counts(found: Preview) -> list[Tried]:
    def column(asked: Asked) -> list[int]:
        return [asked.population, *(asked.match[level.name] for level in reversed(Level)), asked.clear, asked.unknown]

    names = ["Asked about", *_LEVELS, "Clear", "Not known"]
    before = column(found.before) if found.before else [None] * len(names)
    return [Tried(name=name, before=old, after=new) for name, old, new in zip(names, before, column(found.after), strict=True)]


def _changes(found: Preview) -> dict[str, int]:
    words = {"added": "more", "removed": "fewer", "level": "at another level"}
    return {words[kind]: sum(change.kind == kind for change in found.changes) for kind in words}


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)

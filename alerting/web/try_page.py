"""A rule tried with other numbers, for those who look after it: how many it would alert about, as counts. Nothing is stored or sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from alerting.app import App
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


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What of a rule is counted, as it is in use and as it was tried."""

    name: str
    before: int | None
    after: int


def numbers_of(rule: Rule) -> list[tuple[str, str]]:
    """Return the parameters of a rule that are numbers, each with its value."""
    return [(name, number(value)) for name, value in rule.params.items() if _is_number(value)]


def show_tried(visit: Visit) -> Response:
    """Show what a rule would say with the numbers that are asked for."""
    book, code = visit.app.book, visit.path["code"]
    rule = next((rule for rule in book.every if rule.code == code), None)
    if rule is None:
        return visit.nothing_there()
    given = {name: visit.query.get(name, value).strip() for name, value in numbers_of(rule)}
    params, wrong = _params(rule, given)
    found, why_not = (None, "") if wrong else case_data.ask(visit, lambda app, today: _try(app, rule, params, today))
    return visit.show(
        "tried.html",
        status=409 if wrong else 200,
        here=RULES.path,
        code=rule.code,
        title=plain(rule.title),
        given=given,
        wrong=wrong,
        why_not=why_not,
        counts=_counts(found) if found else (),
        teams=[Tried(name=plain(one.name), before=one.before, after=one.after) for one in found.teams] if found else (),
        changes=_changes(found) if found else {},
        messages=len(found.today.messages) if found else 0,
        warnings=[plain(text, 400) for text in found.warnings] if found else (),
    )


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


def _try(app: App, rule: Rule, params: Mapping[str, float], today: date) -> Preview:
    draft = load_draft(app.book, rule.code, params)
    return preview(app, draft, find_in_use(app.book, draft), today)


def _counts(found: Preview) -> list[Tried]:
    def column(asked: Asked) -> list[int]:
        return [asked.population, *(asked.match[level.name] for level in reversed(Level)), asked.clear, asked.unknown]

    names = ["Asked about", *(level.name.capitalize() for level in reversed(Level)), "Clear", "Not known"]
    before = column(found.before) if found.before else [None] * len(names)
    return [Tried(name=name, before=old, after=new) for name, old, new in zip(names, before, column(found.after), strict=True)]


def _changes(found: Preview) -> dict[str, int]:
    words = {"added": "more", "removed": "fewer", "level": "at another level"}
    return {words[kind]: sum(change.kind == kind for change in found.changes) for kind in words}


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)

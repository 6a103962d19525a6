"""The rules, for those who look after them: how each stands, what it asks in plain words, how many it met, and which teams it looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from alerting.authoring.explain.answer_in_words import kind_of
from alerting.authoring.explain.rule_in_words import JOBS, Section, describe_rule
from alerting.authoring.rule_states import LastKnown, last_known, state_of
from alerting.evaluation.evaluation import Status
from alerting.formatting import plain
from alerting.model import Level
from alerting.notifications.report import RuleRow
from alerting.rulebook.departures import find_departures
from alerting.rulebook.rule import Rule
from alerting.web.council import page_of
from alerting.web.looked_round import Looked
from alerting.web.sections import RULES
from alerting.web.try_page import numbers_of
from alerting.web.visits import Visit


@dataclass(frozen=True, kw_only=True)
class ListedRule:
    """One rule of the list."""

    code: str
    title: str
    state: str
    job: str
    owner: str
    #: How many the last run asked about, and how many met it; None where none asked.
    asked: int | None
    met: int


@dataclass(frozen=True, kw_only=True)
class PartShown:
    """A part of what is said of a rule: each line with the lines that belong to it."""

    heading: str
    lines: Sequence[tuple[str, Sequence[str]]]


def show_rules(visit: Visit) -> Response:
    """Show every rule, and which files have faults."""
    book, known = visit.app.book, _known(visit)
    rules = sorted(book.every, key=lambda rule: rule.code)
    states = [_listed(visit, rule, known) for rule in rules]
    wanted = visit.query.get("state", "")
    return visit.show(
        "rules.html",
        here=RULES.path,
        rules=[one for one in states if not wanted or one.state.startswith(wanted)],
        broken=[(one.code, plain(one.problem, 300)) for one in book.broken],
        state=wanted if wanted in _STATES else "",
        states=_STATES,
        total=len(states),
        drafts=page_of(visit.app).drafts,
    )


_STATES = {"in use": "In use", "in shadow": "In shadow", "off": "Off"}
"""How a state begins, and what that is called."""


def show_rule(visit: Visit) -> Response:
    """Show one rule, by its code."""
    return page_of_rule(visit)


def page_of_rule(visit: Visit, *, wrong: str = "") -> Response:
    """Return the page of the rule in the path. wrong: why what its reader has just asked for was not done."""
    book, code = visit.app.book, visit.path["code"]
    rule = next((rule for rule in book.every if rule.code == code), None)
    if rule is None:
        return visit.nothing_there()
    known = _known(visit)
    row = _row(rule, known)
    return visit.show(
        "rule.html",
        status=409 if wrong else 200,
        wrong=wrong,
        kind=kind_of(rule),
        drafts=page_of(visit.app).drafts,
        here=RULES.path,
        rule=_listed(visit, rule, known),
        departures=[plain(found.says, 300) for found in find_departures(book) if found.rule.id == rule.id],
        problem=plain(row.problem or "", 600),
        levels=[(level.name, row.match.get(level.name, 0)) for level in reversed(Level)],
        clear=row.clear,
        unknown=row.unknown,
        parts=[_shown(part) for part in describe_rule(rule, book)],
        own_numbers=numbers_of(rule),
        version=rule.version,
        place=str(rule.place),
    )


def show_coverage(visit: Visit, looked: Looked) -> Response:
    """Show which teams' work rules look at, and how many people none asks about."""
    found = looked.found.watched if looked.found else None
    teams = [
        (one.team.id, plain(one.team.name), len(one.watch.rules), one.watch.people, one.watch.unwatched)
        for one in (found.teams if found else ())
    ]
    return visit.show(
        "coverage.html",
        status=looked.status,
        here=RULES.path,
        looked=looked,
        teams=teams,
        not_asked=[(code, plain(why, 300)) for code, why in (found.not_asked if found else ())],
    )


def _known(visit: Visit) -> LastKnown:
    return last_known(visit.app.book, visit.council.store(), visit.connection)


def _row(rule: Rule, known: LastKnown) -> RuleRow:
    """Return how asking a rule went; of one that no run asked, as of one that is off."""
    return known.asked.get(rule.id) or RuleRow(id=rule.id, code=rule.code, status=Status.off)


def _listed(visit: Visit, rule: Rule, known: LastKnown) -> ListedRule:
    row = _row(rule, known)
    return ListedRule(
        code=rule.code,
        title=plain(rule.title),
        state=state_of(visit.app.book, rule, known),
        job=JOBS[rule.file.job],
        owner=plain(rule.file.owner),
        asked=row.population if row.status is Status.ok else None,
        met=sum(row.match.values()),
    )


def _shown(part: Section) -> PartShown:
    lines: list[tuple[str, list[str]]] = []
    for line in part.lines:
        if line.startswith("  ") and lines:
            lines[-1][1].append(line.strip())
        else:
            lines.append((line.strip(), []))
    return PartShown(heading=part.heading, lines=lines)

"""Why a rule says what it says of one subject today, as `alerting rules explain` has it: for whoever may be told of it, and nobody else.

It is asked by a form, as that somebody looked is written down. Whoever may see an alert asks about it; whoever looks after rules asks
about any subject, and learns of one that they may not know no more than of one that there is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from starlette.responses import Response

from alerting.alerts.acts import ActKind
from alerting.app import App
from alerting.authoring.explain.answer_in_words import Fact, Telling, ToldPart, kind_of
from alerting.authoring.explain.explanation import Explanation, Question, ask_about
from alerting.authoring.explain.what_if import Change
from alerting.casedata.said_cover import with_said_cover
from alerting.errors import HandlingError
from alerting.formatting import capital, plain
from alerting.model import Alert, Condition, Tier
from alerting.rulebook.rule import Rule
from alerting.store import act_json, acts, said_cover, wiping
from alerting.web import case_data
from alerting.web.council import page_of
from alerting.web.rules_page import page_of_rule
from alerting.web.visits import Visit

_LONGEST = 100
"""Of what a subject is called."""
_TRUTHS = {True: "yes", False: "no", None: "not known"}
_MOST = 12
"""How many changes are shown."""


@dataclass(frozen=True, kw_only=True)
class PartShown:
    """A part of a condition: how it came out, whether it decided, and of what it is made."""

    truth: str
    says: str
    decided: bool
    parts: Sequence[PartShown]


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What was found of a subject, for this reader."""

    explanation: Explanation
    #: The child it is about, by id; None where it is about none.
    person: str | None


def explain_alert(visit: Visit) -> Response:
    """Show why there is an alert by today's data; of what there is not, and of what is not for this reader, the same."""
    alert = visit.scope.find(visit.path["ref"])
    rule = next((rule for rule in visit.app.book.every if alert and rule.id == alert.rule), None)
    if alert is None or rule is None:
        return visit.nothing_there()
    return _look_up(visit, rule, alert.subject, back=f"/a/{alert.ref}")


def explain_subject(visit: Visit) -> Response:
    """Show what a rule says of a subject that is named. Raises HandlingError where none is."""
    rule = next((rule for rule in visit.app.book.every if rule.code == visit.path["code"]), None)
    if rule is None:
        return visit.nothing_there()
    subject = visit.form.get("subject", "").strip()
    if not subject or len(subject) > _LONGEST:
        raise HandlingError("give what alerts call their subject, such as a case number, or an alert's reference")
    return _look_up(visit, rule, subject, back=f"/service/rules/{rule.code}")


def show_not_explained(visit: Visit, error: HandlingError) -> Response:
    """Show the rule to somebody who asked about nobody, with why that cannot be."""
    return page_of_rule(visit, wrong=f"{capital(error.problem)}.")


def _look_up(visit: Visit, rule: Rule, subject: str, *, back: str) -> Response:
    found, why_not = case_data.ask(visit, lambda app, today: _ask(visit, app, rule, subject, today))
    if why_not:
        return _page(visit, rule, back=back, why_not=why_not)
    if found is None or found.person is not None:
        _write_down(visit, rule, found)
    if found is None:
        return visit.nothing_there()
    return _page(visit, rule, back=back, found=found.explanation)


def _write_down(visit: Visit, rule: Rule, found: _Found | None) -> None:
    """Write down that a child was looked up, before anything is shown; of what is not shown no id, as it may be anything."""
    children = act_json.children_to_json([found.person]) if found and found.person else None
    note = f"{rule.code} was explained" if found else f"{rule.code} was asked about somebody, and nothing was shown"
    with visit.council.store().transaction() as connection:
        acts.keep(connection, visit.reader.actor, ActKind.child_looked_up, wiping.ABOUT, visit.now, note=note, wanted=children)


def _ask(visit: Visit, app: App, rule: Rule, subject: str, today: date) -> _Found | None:
    """Return what a rule says of a subject; None where there is none, and where this reader may not be told of it alike."""
    with ask_about(app, rule, subject, today) as question:
        alert = question.alert_today()
        if alert is None or not _may_know(visit, question, alert):
            return None
        explanation = question.explain()
    there_was = explanation.alert and visit.scope.find(explanation.alert.ref)
    return _Found(explanation=replace(explanation, alert=there_was or None), person=alert.person)


def _may_know(visit: Visit, question: Question, alert: Alert) -> bool:
    there_is = question.looked.alert
    if question.looked.unknown is not None:
        return False
    # What a brake keeps back, or is not told yet, is not shown in this way either.
    if there_is and there_is.condition is not Condition.resolved and visit.scope.find(there_is.ref) is None:
        return False
    said = said_cover.read(visit.connection, visit.today)
    return visit.scope.may_know(alert, with_said_cover(question.directory, said, visit.today))


def _page(visit: Visit, rule: Rule, *, back: str, found: Explanation | None = None, why_not: str = "") -> Response:
    is_told = found is not None and not found.withheld
    telling = Telling(found=found, ceiling=Tier[page_of(visit.app).ceiling]) if found and is_told else None
    has_changes = telling and telling.found.trace and not rule.file.per
    return visit.show(
        "explained.html",
        code=rule.code,
        title=plain(rule.title),
        kind=kind_of(rule),
        subject=plain(found.subject) if found else "",
        back=back,
        why_not=plain(why_not, 300),
        withheld=plain(found.withheld, 300) if found and found.withheld else "",
        answer=[plain(line, 600) for line in telling.answer()] if telling else (),
        facts=[_fact(one) for one in telling.facts()] if telling else (),
        conditions=[(one.asks, one.part and _part(one.part)) for one in telling.conditions()] if telling else (),
        changes=[_change(one) for one in telling.changes()[:_MOST]] if telling and has_changes else None,
        alert=found.alert if found else None,
    )


def _fact(fact: Fact) -> Fact:
    return Fact(name=fact.name.replace("_", " ").capitalize(), value=plain(fact.value, 300), says=plain(fact.says, 300))


def _part(part: ToldPart) -> PartShown:
    return PartShown(
        truth=_TRUTHS.get(part.value, "cannot be worked out") if part.is_told else "not shown here",
        says=plain(part.when + part.says, 400),
        decided=part.decided,
        parts=[_part(each) for each in part.parts],
    )


def _change(change: Change) -> Change:
    return Change(column=change.column.replace("_", " "), gives=change.gives, when=plain(change.when, 300))

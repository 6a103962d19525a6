"""All twins of rules by code, and what each answers about a council."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from tests.oracle import (
    assessment,
    audits,
    data_quality,
    demand,
    enquiries,
    front_door,
    health,
    in_care,
    leavers,
    missing,
    need,
    oversight,
    permanence,
    placements,
    plan_actions,
    protection,
    reviews,
    scorecard,
    teams,
    visits,
    workers,
)
from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule
from tests.oracle.cells import Table
from tests.oracle.fill import mostly_empty
from tests.oracle.views import Views

_NOUNS = (
    front_door,
    demand,
    assessment,
    visits,
    enquiries,
    protection,
    reviews,
    health,
    placements,
    in_care,
    missing,
    need,
    permanence,
    leavers,
    workers,
    oversight,
    audits,
    teams,
    scorecard,
    data_quality,
)


def wf_08(views: Views, p: Params) -> dict[str, Answer] | None:
    """Ask about the actions of the plan, by what the other rules answer today."""
    found: dict[str, dict[str, Answer] | None] = {}

    def answers_of(code: str) -> dict[str, Answer] | None:
        if code in RULES and code not in found:
            found[code] = RULES[code](views, DEFAULTS[code])
        return found.get(code)

    return plan_actions.wf_08(views, p, answers_of)


RULES: Mapping[str, Rule] = {code: rule for noun in _NOUNS for code, rule in noun.RULES.items()} | {"WF-08": wf_08}
DEFAULTS: Mapping[str, Params] = {code: params for noun in (*_NOUNS, plan_actions) for code, params in noun.DEFAULTS.items()}


def asked(
    tables: Mapping[str, Table], as_of: date, params: Mapping[str, Params] | None = None, codes: Collection[str] = ()
) -> dict[str, dict[str, Answer] | None]:
    """Return every rule's answers, by rule code and subject; None of a rule that is off, because there is no such data.

    params: by rule code, or `shared`, what differs from the defaults. codes: only these rules, where there are any.
    """
    chosen = params or {}
    views = Views(tables, as_of, chosen.get("shared"))
    rules = {code: rule for code, rule in RULES.items() if not codes or code in codes}
    return {code: rule(views, {**DEFAULTS[code], **chosen.get(code, {})}) for code, rule in rules.items()}


def findings(
    tables: Mapping[str, Table], as_of: date, params: Mapping[str, Params] | None = None, codes: Collection[str] = ()
) -> dict[str, dict[str, Answer]]:
    """Return every rule's answers, by rule code and subject; none of a rule that is off."""
    return {code: answers or {} for code, answers in asked(tables, as_of, params, codes).items()}


def believed(
    tables: Mapping[str, Table], as_of: date, params: Mapping[str, Params] | None = None, codes: Collection[str] = ()
) -> dict[str, dict[str, Answer] | None]:
    """Return what `asked` does; None, too, of a rule that must not be believed because a column it needs is mostly empty."""
    views = Views(tables, as_of, (params or {}).get("shared"))
    return {
        code: None if answers is None or mostly_empty(views, code, answers) else answers
        for code, answers in asked(tables, as_of, params, codes).items()
    }


def off(tables: Mapping[str, Table], as_of: date, params: Mapping[str, Params] | None = None) -> set[str]:
    """Return the rules that are off."""
    return {code for code, answers in believed(tables, as_of, params).items() if answers is None}

"""All twins of rules by code, and what each answers about a council."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from functools import cache

from tests.oracle import (
    assessment,
    audits,
    data_checks,
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
    return plan_actions.wf_08(views, p, lambda code: views.once(_answers_of(code)) if code in RULES else None)


@cache
def _answers_of(code: str) -> Callable[[Views], dict[str, Answer] | None]:
    return lambda views: RULES[code](views, views.params(DEFAULTS, code))


def dq_06(views: Views, p: Params) -> dict[str, Answer]:
    return data_checks.dq_06(views, p, list(views.switched_on or RULES))


def dq_07(views: Views, p: Params) -> dict[str, Answer]:
    return data_checks.dq_07(
        views, {code: code in _CAN_BE_OFF and views.once(_answers_of(code)) is None for code in views.switched_on or RULES}
    )


# Of the rules only these can be off for want of a table.
_CAN_BE_OFF = frozenset(
    "FD-01 FD-02 FD-03 FD-08 WF-19 CLA-07 PL-01 CL-03 WF-03 WF-10 WF-04 WF-05 WF-11 WF-12 WF-18 WF-06 WF-14 WF-15 WF-16 WF-08".split()
)
RULES: Mapping[str, Rule] = {code: rule for noun in _NOUNS for code, rule in noun.RULES.items()} | {
    "WF-08": wf_08,
    "DQ-06": dq_06,
    "DQ-07": dq_07,
    "DQ-08": data_checks.dq_08,
}
DEFAULTS: Mapping[str, Params] = {
    code: params for noun in (*_NOUNS, plan_actions, data_checks) for code, params in noun.DEFAULTS.items()
}


def asked(
    tables: Mapping[str, Table], as_of: date, params: Mapping[str, Params] | None = None, codes: Collection[str] = ()
) -> dict[str, dict[str, Answer] | None]:
    """Return every rule's answers, by rule code and subject; None of a rule that is off, because there is no such data.

    params: by rule code, or `shared`, what differs from the defaults. codes: only these rules, where there are any.
    """
    chosen = params or {}
    views = Views(tables, as_of, chosen.get("shared"), switched_on=codes, own=chosen)
    rules = {code: rule for code, rule in RULES.items() if not codes or code in codes}
    return {code: rule(views, views.params(DEFAULTS, code)) for code, rule in rules.items()}


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

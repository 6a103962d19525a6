"""All twins of rules by code, and what each answers about a council."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from fractions import Fraction

from tests.oracle import (
    assessment,
    data_quality,
    front_door,
    health,
    leavers,
    placements,
    protection,
    reviews,
    visits,
    workers,
)
from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule
from tests.oracle.cells import Table
from tests.oracle.views import Views

_NOUNS = (front_door, assessment, visits, protection, reviews, health, placements, leavers, workers, data_quality)
RULES: Mapping[str, Rule] = {code: rule for noun in _NOUNS for code, rule in noun.RULES.items()}
DEFAULTS: Mapping[str, Params] = {code: params for noun in _NOUNS for code, params in noun.DEFAULTS.items()}

NEEDS: Mapping[str, str] = {"AS-01": "cina_assessment_start_date", "CL-01": "clea_care_leaver_latest_contact"}
MIN_FILL, MIN_FILL_POPULATION = Fraction("0.70"), 30


def findings(
    tables: Mapping[str, Table], as_of: date, params: Mapping[str, Params] | None = None, codes: Collection[str] = ()
) -> dict[str, dict[str, Answer]]:
    """Return every rule's answers, by rule code and subject.

    params: by rule code, or `shared`, what differs from the defaults. codes: only these rules, where there are any.
    """
    chosen = params or {}
    views = Views(tables, as_of, chosen.get("shared"))
    asked = {code: ask for code, ask in RULES.items() if not codes or code in codes}
    return {code: ask(views, {**DEFAULTS[code], **chosen.get(code, {})}) for code, ask in asked.items()}


def off(tables: Mapping[str, Table], as_of: date, params: Mapping[str, Params] | None = None) -> set[str]:
    """Return the rules that must not be believed because a column they need is mostly empty."""
    chosen = params or {}
    views = Views(tables, as_of, chosen.get("shared"))
    asked = findings(tables, as_of, params)
    filled = {
        "AS-01": sum(answer.outcome != "unknown" for answer in asked["AS-01"].values()),
        "CL-01": sum(views.leavers[who].contact_cell is not None for who in asked["CL-01"]),
    }
    return {
        rule for rule in NEEDS if len(asked[rule]) >= MIN_FILL_POPULATION and Fraction(filled[rule], len(asked[rule])) < MIN_FILL
    }

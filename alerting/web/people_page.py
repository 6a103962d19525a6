"""What is wrong with who is who, for administrators: what `alerting people check` finds, and what to do about each."""

from __future__ import annotations

from itertools import groupby

from starlette.responses import Response

from alerting.authoring.people import REMEDIES, check_people
from alerting.web import case_data
from alerting.web.sections import PEOPLE
from alerting.web.visits import Visit


def show_people(visit: Visit) -> Response:
    """Show what leads to nobody, or to the wrong person, by kind."""
    faults, why_not = case_data.ask(visit, check_people)
    kinds = groupby(faults or (), key=lambda fault: fault.kind)
    return visit.show(
        "people.html",
        here=PEOPLE.path,
        kinds=[(kind.words, REMEDIES[kind], [fault.says for fault in found]) for kind, found in kinds],
        why_not=why_not,
    )

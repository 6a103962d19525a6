"""What is wrong with who is who, for administrators: what `alerting people check` finds, and what to do about each."""

from __future__ import annotations

from itertools import groupby

from starlette.responses import Response

from alerting.authoring.people import REMEDIES
from alerting.web.looked_round import Looked
from alerting.web.sections import PEOPLE
from alerting.web.visits import Visit


def show_people(visit: Visit, looked: Looked) -> Response:
    """Show what leads to nobody, or to the wrong person, by kind."""
    kinds = groupby(looked.found.people if looked.found else (), key=lambda fault: fault.kind)
    return visit.show(
        "people.html",
        status=looked.status,
        here=PEOPLE.path,
        looked=looked,
        kinds=[(kind.words, REMEDIES[kind], [fault.says for fault in found]) for kind, found in kinds],
    )

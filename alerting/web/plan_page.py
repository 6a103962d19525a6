"""The improvement plan, stated beside measured, as `alerting report plan` has it for a board. Nothing of any child."""

from __future__ import annotations

from starlette.responses import Response

from alerting.web.looked_round import Looked
from alerting.web.sections import PLAN
from alerting.web.visits import Visit


def show_plan(visit: Visit, looked: Looked) -> Response:
    """Show each open action of the plan, changes first."""
    found = looked.found
    return visit.show(
        "plan.html",
        status=looked.status,
        here=PLAN.path,
        looked=looked,
        summary=found.plan_summary if found else "",
        lines=found.plan if found else (),
        why_not=found.no_plan if found else "",
    )

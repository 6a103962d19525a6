"""The improvement plan, stated beside measured, as `alerting report plan` has it for a board. Nothing of any child."""

from __future__ import annotations

from starlette.responses import Response

from alerting.authoring.plan_report import plan_today
from alerting.notifications.messages.plan import plan_summary
from alerting.web import case_data
from alerting.web.sections import PLAN
from alerting.web.visits import Visit


def show_plan(visit: Visit) -> Response:
    """Show each open action of the plan, changes first."""
    report, why_not = case_data.ask(visit, plan_today)
    return visit.show(
        "plan.html",
        here=PLAN.path,
        summary=plan_summary(report.rows) if report else "",
        lines=report.lines if report else (),
        why_not=why_not,
    )

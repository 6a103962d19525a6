"""What the pages about the service say of the case data: found in one reading, and kept until somebody looks again.

Each daily run of a council that shows the page ends with such a look, as to read and ask everything takes seconds: what was found in
the morning is there at once for whoever opens a page, with the moment it was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from pydantic import TypeAdapter, ValidationError

from alerting.app import App
from alerting.authoring.people import FoundFault, check_people
from alerting.authoring.plan_report import plan_of
from alerting.authoring.source_tables import TableReport, reports_of_tables
from alerting.authoring.today import look
from alerting.authoring.watched import Watched, watched_of
from alerting.errors import AlertingError
from alerting.evaluation import day
from alerting.notifications.messages.plan import PlanLine, plan_summary
from alerting.store import service_state
from alerting.store.store import Transaction


@dataclass(frozen=True, kw_only=True)
class LookedRound:
    """What was found of the case data on one day."""

    at: datetime
    as_of: date
    tables: Sequence[TableReport]
    watched: Watched
    people: Sequence[FoundFault]
    #: The improvement plan: its actions in words, what they come to, or why there is none to show.
    plan: Sequence[PlanLine] = ()
    plan_summary: str = ""
    no_plan: str = ""


_AS_JSON = TypeAdapter(LookedRound)


def look_round(app: App, as_of: date, now: datetime) -> LookedRound:
    """Read all that any rule needs, ask every rule, and return what is found. Raises SourceError and StoreError."""
    people = check_people(app, as_of)  # by what a run would decide without asking anything: a day's data is asked once
    with look(app, app.book.rules, as_of) as found:
        tables = reports_of_tables(app, found)
        answers = day.ask(app.book, found, app.book.rules, watch=True)
        looked = LookedRound(at=now, as_of=as_of, tables=tables, people=people, watched=watched_of(found, answers))
        try:
            plan = plan_of(app, found, answers)
        except AlertingError as error:
            return replace(looked, no_plan=error.problem)
    return replace(looked, plan=plan.lines, plan_summary=plan_summary(plan.rows))


def keep(connection: Transaction, looked: LookedRound) -> None:
    """Keep what was found, in place of what was found before."""
    service_state.remember(connection, service_state.LOOKED_ROUND, _AS_JSON.dump_python(looked, mode="json"), looked.at)


def read(connection: Transaction) -> LookedRound | None:
    """Return what was found when somebody, or a run, looked last; None where nobody has, or an earlier version did."""
    text = service_state.remembered_text(connection, service_state.LOOKED_ROUND)
    try:
        return None if text is None else _AS_JSON.validate_json(text)
    except ValidationError:
        return None

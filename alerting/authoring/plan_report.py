"""The improvement plan as it stands on a day, as a page, a table or a paper for a board."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from alerting import formatting
from alerting.app import App
from alerting.authoring.today import look
from alerting.casedata.directory import read_directory
from alerting.casedata.snapshot import Snapshot
from alerting.errors import AlertingError, SourceError
from alerting.evaluation import day
from alerting.evaluation.day import Day
from alerting.evaluation.evaluate import Answers
from alerting.evaluation.plan_actions import read_plan
from alerting.model import About, Alert, Condition
from alerting.notifications.improvement_plan import compose_plan, stale_after
from alerting.notifications.messages.layouts import lay_out
from alerting.notifications.messages.plan import PlanLine, plan_lines, plan_summary
from alerting.notifications.week_content import PlanRow
from alerting.rulebook.rule import Rule
from alerting.store import brakes

PLAN = "ext_plan_action"
_REMEDY = f"`alerting source template {PLAN}` writes its table to be filled in."


@dataclass(frozen=True, kw_only=True)
class PlanReport:
    """The improvement plan on one day."""

    council: str
    as_of: date
    #: Words on every page of an installation that is not the live one.
    stamp: str
    rows: Sequence[PlanRow]

    @property
    def lines(self) -> tuple[PlanLine, ...]:
        """Each action in words."""
        return plan_lines(self.rows)


def plan_today(app: App, as_of: date) -> PlanReport:
    """Return the improvement plan as it stands on a day. Raises AlertingError where there is none, or no rule about it."""
    rules = _rules_about_it(app)
    if not _has_rows(app, rules, as_of):
        raise AlertingError(f"there is no action in {PLAN}", remedy=_REMEDY)
    with look(app, rules, as_of) as found:
        return plan_of(app, found, day.ask(app.book, found, rules))


def plan_of(app: App, found: Day, answers: Answers) -> PlanReport:
    """Return the improvement plan by the answers of a day's data. Raises AlertingError where it cannot be read, or no rule is about it."""
    rules, as_of = _rules_about_it(app), found.as_of
    actions = read_plan(found.snapshot)
    directory = read_directory(found.snapshot, found.trust)
    if actions is None:
        problems = (answers.asked[rule.id].problem for rule in rules if rule.id in answers.asked)
        why = next(filter(None, problems), "its data is not there")
        raise AlertingError(
            f"the improvement plan cannot be read: {why}",
            remedy=_REMEDY,
        )
    council, known = app.loaded.config.council, _known(app, {rule.id for rule in rules})
    return PlanReport(
        council=council.name,
        as_of=as_of,
        stamp=council.stamped or "",
        rows=compose_plan(actions, known.alerts, directory, as_of, stale_after(rules), known.implausible),
    )


def _rules_about_it(app: App) -> list[Rule]:
    rules = [rule for rule in app.book.rules if rule.about is About.action]
    if not rules:
        raise AlertingError(
            "no rule is about actions of the improvement plan",
            remedy="WF-08 is: `alerting rules list` shows whether it is switched off or has a fault.",
        )
    return rules


def _has_rows(app: App, rules: Sequence[Rule], as_of: date) -> bool:
    """Return whether the plan's table has a row, or cannot be read: without one no rule need be asked, which takes long."""
    if app.source is None:
        return True
    wanted = {table: columns for table, columns in app.book.wanted(rules).items() if table == PLAN}
    with Snapshot(as_of, app.book.settings) as snapshot, suppress(SourceError):
        snapshot.read(app.source, wanted)
        reading = snapshot.readings.get(PLAN)
        return reading is None or bool(reading.rows or reading.problem)
    return True


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What the store says beside the data; nothing where there is none yet."""

    #: What is open about actions of the plan.
    alerts: tuple[Alert, ...] = ()
    #: The codes of the rules of which more match than can be right.
    implausible: frozenset[str] = frozenset()


def _known(app: App, rules: set[str]) -> _Known:
    store = app.store_there_is()
    if store is None:
        return _Known()
    try:
        with store.transaction() as connection:
            live, doubted = store.live(connection), {brake.rule for brake in brakes.on(connection) if brake.is_implausible}
    finally:
        store.close()
    return _Known(
        alerts=tuple(alert for alert in live if alert.rule in rules and alert.condition is not Condition.pending),
        implausible=frozenset(rule.code for rule in app.book.rules if rule.id in doubted),
    )


def as_page(report: PlanReport) -> str:
    """Return the plan as one file of HTML, laid out for a screen and for paper."""
    return lay_out(
        "plan.html",
        council=report.council,
        as_of=report.as_of,
        stamp=report.stamp,
        summary=plan_summary(report.rows),
        lines=report.lines,
    )


HEADINGS = ("Action", "Stated", "Measured", "Since", "Remarks", "Evidence due", "Updated", "Owner", "Evidence")


def as_cells(line: PlanLine) -> tuple[str, ...]:
    """Return an action as the cells of a table, in the order of HEADINGS."""
    return (
        line.called,
        line.stated,
        line.measured,
        line.since,
        line.says,
        line.evidence_due,
        line.updated,
        line.owner,
        line.evidence,
    )


def as_csv(report: PlanReport) -> str:
    """Return the plan as CSV with dates as 2026-03-31. A text that a spreadsheet would take for a formula begins with an apostrophe."""
    rows = [
        (
            row.ref,
            row.called,
            row.stated.words if row.stated else "",
            row.before.words if row.before else "",
            row.measured.words if row.measured else "",
            "yes" if row.is_better_than_measured else "no",
            row.since or "",
            row.evidence_due or "",
            row.updated_on or "",
            row.owner,
            " ".join(row.evidence),
        )
        for row in report.rows
    ]
    names = ["ref", "action", "stated", "stated_before", "measured", "stated_better_than_measured", "since", "evidence_due"]
    return formatting.as_csv([[*names, "updated", "owner", "evidence"], *rows])

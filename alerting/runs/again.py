"""When a day's daily run is done once more: its data has been loaded since, and a rule waited for that or is asked between the runs.

Everything is asked again, and only what is news is told. Whether data was loaded since, the table of loads says; without one nothing does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import alerting.runs.timetable as times
from alerting.casedata.snapshot import Snapshot, Source
from alerting.casedata.trust import read_load_times
from alerting.config import Job
from alerting.evaluation.evaluation import Status
from alerting.formatting import listed
from alerting.notifications.policy import Policy
from alerting.rulebook.rule import Rule
from alerting.store import load_history
from alerting.store.job_leases import JobLeases
from alerting.store.rule_rows import read_rule_rows
from alerting.store.store import EndedRun, Store

DAILY = "daily"
LOADS = "ext_load"


@dataclass(frozen=True, kw_only=True)
class Again:
    """Why a day's daily run is done once more."""

    #: The codes of the rules for whose sake it is.
    rules: tuple[str, ...]
    #: The tables that were loaded since.
    tables: tuple[str, ...]

    def __str__(self) -> str:
        return f"daily once more for {listed(self.rules)}: {listed(self.tables)} loaded since"


def find_again(policy: Policy, source: Source, store: Store, settings: Job, now: datetime) -> Again | None:
    """Return why the daily run is to be done once more now; None where it is not. settings: of the daily job.

    Raises StoreError, and SourceError where the loads cannot be read.
    """
    local = now.astimezone(policy.zone)
    last, leases = store.latest_run(DAILY), JobLeases(store)
    if last is None or last.as_of != local.date() or leases.running() is not None:
        return None
    waiting = _waiting(policy, last, settings, local)
    if not waiting:
        return None
    with store.transaction() as connection:
        before = load_history.loads_of(connection, last.id)
    moved = _moved(before, _loads(policy, source, local.date()))
    rules = [rule for rule in waiting if rule.reads & moved]
    if not rules:
        return None
    tables = sorted(moved & {table for rule in rules for table in rule.reads})
    return Again(rules=tuple(rule.code for rule in rules), tables=tuple(tables))


def _waiting(policy: Policy, last: EndedRun, settings: Job, local: datetime) -> list[Rule]:
    """Return the rules that wait for their data, until it is too late today, and those whose time between the runs has come."""
    held = {row.id for row in read_rule_rows(last) if row.status is Status.withheld}
    if times.is_over(settings, local):
        held = set()
    began = last.started_at.astimezone(policy.zone)
    return [rule for rule in policy.rules_of(DAILY) if rule.id in held or _has_come(rule, began, local, policy.zone)]


def _has_come(rule: Rule, began: datetime, local: datetime, zone: ZoneInfo) -> bool:
    """Return whether a time at which a rule is asked between the runs has come since the last one began."""
    between = rule.file.between
    days = (datetime.combine(local.date(), slot, zone) for slot in between.times()) if between else ()
    return any(began < slot <= local for slot in days)


def _loads(policy: Policy, source: Source, as_of: date) -> Mapping[str, datetime]:
    """Read when each table was loaded, and nothing else."""
    wanted = {LOADS: frozenset(("table_name", "loaded_at", "row_count"))}
    with Snapshot(as_of, policy.book.settings) as snapshot:
        snapshot.read(source, wanted)
        return read_load_times(snapshot)


def _moved(before: Mapping[str, datetime], now: Mapping[str, datetime]) -> frozenset[str]:
    return frozenset(table for table, at in now.items() if table not in before or at > before[table])

"""How each rule stands: in use, off and why, in shadow, in an older version, held by its brake; by what the last runs found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from alerting.casedata.gaps import column_of, not_supplied_columns
from alerting.formatting import day, listed, plain
from alerting.notifications.report import RuleRow
from alerting.rulebook.book import Rulebook
from alerting.rulebook.rule import Rule
from alerting.store import brakes
from alerting.store.rule_rows import read_rule_rows
from alerting.store.store import Store, Transaction


@dataclass(frozen=True, kw_only=True)
class LastKnown:
    """What is known of rules by the last runs, by rule: nothing where there was none."""

    #: The day on which a brake that is on was put on.
    brakes: Mapping[str, date] = field(default_factory=dict)
    #: What the last run of its job said of it.
    asked: Mapping[str, RuleRow] = field(default_factory=dict)

    @property
    def lacking(self) -> Mapping[str, str]:
        """What was found to be missing for a rule."""
        return {id_: row.problem or "" for id_, row in self.asked.items() if row.lacks}


def last_known(book: Rulebook, store: Store, connection: Transaction) -> LastKnown:
    """Return what the last run of each job found."""
    runs = [store.latest_run(job, within=connection) for job in sorted({rule.file.job for rule in book.rules})]
    asked = {row.id: row for run in runs for row in read_rule_rows(run)}
    return LastKnown(brakes={brake.rule: brake.since for brake in brakes.on(connection)}, asked=asked)


def state_of(book: Rulebook, rule: Rule, known: LastKnown) -> str:
    """Return how a rule stands, in words."""
    if rule in book.off:
        reason = book.setting(rule.file).reason
        return f"off: {plain(reason)}" if reason else "off"
    missing = sorted(map(column_of, book.needs(rule) & not_supplied_columns(book.settings.params)))
    if missing:
        return f"off: {listed(missing)} {'is' if len(missing) == 1 else 'are'} not supplied here"
    older = min((book.older[file].seen_on for file in book.files_of(rule) if file in book.older), default=None)
    parts = [f"off: {known.lacking[rule.id]}" if rule.id in known.lacking else "in shadow" if rule.shadow else "in use"]
    if older:
        parts.append(f"last good version of {day(older, 'short')}")
    if rule.id in known.brakes:
        parts.append(f"brake on since {day(known.brakes[rule.id], 'short')}")
    return ", ".join(parts)

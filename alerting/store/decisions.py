"""A decision written: alerts, their history, what is planned and why others are not told, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from alerting.evaluation.evaluation import Evaluation
from alerting.notifications.admin_digest import AdminDigest
from alerting.notifications.decision import Decision
from alerting.notifications.policy import Policy
from alerting.notifications.team_card import keep_month
from alerting.store import brakes, load_history, newest_directory, recipient_log, restricted_lists, service_state, steering
from alerting.store.messages.content_json import Texts
from alerting.store.messages.outbox import Outbox
from alerting.store.rule_versions import RuleHistory
from alerting.store.schema import notice
from alerting.store.store import Store, Transaction


@dataclass(frozen=True, kw_only=True)
class DecisionWriter:
    """Writes what a run has decided. tables: those that the run read."""

    store: Store
    outbox: Outbox
    policy: Policy
    run_id: int

    def write(
        self,
        connection: Transaction,
        evaluation: Evaluation,
        decision: Decision,
        tables: Collection[str],
        now: datetime,
        texts: Texts,
    ) -> int:
        """Write a decision, and return how many of its messages were not planned before.

        tables: those that were read. texts: what the messages hold, as `texts_of` gives it.
        """
        as_of, book = decision.as_of, self.policy.book
        steering.keep_found(connection, now)
        load_history.keep(connection, self.run_id, as_of, now, evaluation.trust, tables)
        restricted_lists.keep(connection, as_of, now, evaluation.trust)
        newest_directory.keep(connection, self.run_id, decision.router.directory, now)
        versions = {rule.id: rule.version for rule in book.rules}
        ids = self.store.commit(connection, self.run_id, now, decision, versions)
        RuleHistory(self.store).keep(connection, self.run_id, as_of, now, book, evaluation.put)
        brakes.put_on(connection, decision.brakes, self.run_id)
        brakes.believe_no_more(connection, decision.plausible_again, now)
        brakes.remember_source(connection, evaluation.source, now)
        if decision.job == "monthly" and evaluation.measures:
            kept = service_state.remembered(connection, service_state.MONTHS) or {}
            service_state.remember(connection, service_state.MONTHS, keep_month(kept, evaluation.measures, as_of), now)
        mine = self.policy.every_rule_of(decision.job)
        recipient_log.write(connection, self.run_id, as_of, mine, decision.recipient_log, ids)
        planned, _ = self.outbox.plan(connection, self.run_id, decision.notifications, now, texts)
        if decision.is_planned:
            keys = {notification.key for notification in decision.notifications}
            self.outbox.withdraw(connection, self.run_id, decision.job, keys, as_of, now)
        return planned

    def write_admin_digest(self, connection: Transaction, decision: Decision, digest: AdminDigest, now: datetime) -> int:
        """Write the administrators' message, and which notices they have been told of; return how many messages are new."""
        self._note(connection, decision, digest)
        planned, _ = self.outbox.plan(connection, self.run_id, digest.messages, now)
        return planned

    def _note(self, connection: Transaction, decision: Decision, digest: AdminDigest) -> None:
        """Keep today's notices, and forget those of the job that passed.

        What a run of another job has told of already, such as a table that both read, stays that job's.
        """
        jobs = {row.key: row.job for row in connection.execute(sa.select(notice.c.key, notice.c.job))}
        gone = {key for key in jobs.keys() - digest.titles.keys() if jobs[key] == decision.job}
        if gone:
            connection.execute(notice.delete().where(notice.c.job == decision.job, notice.c.key.in_(gone)))
        new = digest.titles.keys() - jobs.keys()
        rows = [{"key": key, "job": decision.job, "first_on": decision.as_of, "title": digest.titles[key]} for key in sorted(new)]
        if rows:
            connection.execute(notice.insert(), rows)

"""The `World` that a run decides by, read from the store in one transaction, and what is read once it has been written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from alerting.alerts.advance import Ended
from alerting.evaluation.evaluation import Evaluation, RuleSubject
from alerting.evaluation.rule_changes import AskedBefore
from alerting.model import Alert, Condition, reference
from alerting.notifications.admin_digest import Aftermath, DailyKeys
from alerting.notifications.content import Addressee
from alerting.notifications.decision import Decision
from alerting.notifications.policy import Policy
from alerting.notifications.rule_quality import PERIOD
from alerting.notifications.scorecard import A_YEAR, WEEKS
from alerting.notifications.world import Week, World
from alerting.rulebook.rule import Rule
from alerting.store import (
    brakes,
    channel_checks,
    load_history,
    newest_directory,
    preferences,
    rule_quality,
    said_cover,
    service_state,
    silences,
    unreadable_rows,
)
from alerting.store.alert_rows import held_spans
from alerting.store.job_leases import missed_days, missed_lately
from alerting.store.messages import circuit_breaker
from alerting.store.messages.channel_cards import cards_not_posted
from alerting.store.messages.told import last_heard, told_rows
from alerting.store.rule_rows import read_rule_rows
from alerting.store.rule_versions import RuleHistory
from alerting.store.schema import alert, brake, notice, outbox, routed, run
from alerting.store.store import Store, Transaction


def read_before(store: Store, rules: Sequence[Rule]) -> tuple[Sequence[Alert], AskedBefore]:
    """Return the live alerts, and how these rules were last asked: what a day's data is compared with."""
    with store.reading() as connection:
        return store.live(connection), RuleHistory(store).asked_before(connection, rules)


def read_world(
    store: Store, connection: Transaction, policy: Policy, job: str, evaluation: Evaluation, *, before: World | None = None
) -> World:
    """Read what a run decides by.

    before: the world that it was decided by, read once more to be written by in the same transaction, so that what people do meanwhile
    waits for it.
    """
    as_of = evaluation.as_of
    live = store.live(connection) if before is None else store.live_until_written(connection, before.live)
    refs = {found.id: found.ref for found in live}
    return World(
        live=tuple(live),
        ended=_ended(store, connection, evaluation, live),
        believed_open=tuple(store.believed_open(connection)),
        told=told_rows(connection),
        kept_directory=kept.directory if (kept := newest_directory.read(connection)) else None,
        cover=said_cover.read(connection, as_of),
        refused=frozenset(circuit_breaker.known_bad(connection)),
        backlog=brakes.backlog(connection),
        held_spans={refs[id_]: spans for id_, spans in held_spans(connection, policy.book.ids).items() if id_ in refs},
        silences=tuple(silences.standing(connection, as_of)),
        new_silences=frozenset(silences.made_since_daily(connection, as_of)),
        unreadable=(*unreadable_rows.lately(connection), *silences.unreadable(connection)),
        doubted_since=load_history.doubted_since(connection),
        brakes=tuple(brakes.on(connection)),
        history=brakes.history(connection, job, as_of, evaluation.source),
        missed_days=missed_days(connection, "daily"),
        missed=tuple(str(item) for item in missed_lately(connection, as_of)) if job == "daily" else (),
        cards_not_posted=cards_not_posted(connection, as_of),
        months=service_state.remembered(connection, service_state.MONTHS) or {} if job == "monthly" else {},
        last_heard=last_heard(connection, as_of) if policy.quiet(job, {}).is_wanted else {},
        preferences=preferences.read(connection),
        week=_week(store, connection, policy, as_of) if job == "weekly" else Week(),
    )


def _ended(store: Store, connection: Transaction, evaluation: Evaluation, live: Iterable[Alert]) -> Ended:
    """Return the last alert of each rule and subject that may begin today, and the references that are taken."""
    by_ref = {found.ref: found for found in live}
    new = {(finding.rule, finding.subject) for ref, finding in evaluation.candidates if ref is None}
    moved = {(by_ref[move.ref].rule, move.subject) for move in evaluation.moves.moved if move.ref in by_ref}
    last = store.last_ended(new | moved, connection)
    episodes = {(found.rule, found.subject): found.episode for found in by_ref.values()}
    first = {key: max(last[key].episode if key in last else 0, episodes.get(key, 0)) + 1 for key in new}
    return Ended(last=last, taken=_taken(store, connection, first))


def _taken(store: Store, connection: Transaction, first: Mapping[RuleSubject, int]) -> frozenset[str]:
    """Return the references that an alert has already, up to the first that is free. first: each new alert's number."""
    found: set[str] = set()
    asked = [(*key, episode) for key, episode in first.items()]
    while asked:
        wanted = defaultdict(list)
        for rule, subject, number in asked:
            wanted[reference(rule, subject, number)].append((rule, subject, number + 1))
        there = store.taken(wanted, connection)
        found |= there
        asked = [each for ref, following in wanted.items() if ref in there or len(following) > 1 for each in following]
    return frozenset(found)


def _week(store: Store, connection: Transaction, policy: Policy, as_of: date) -> Week:
    daily = store.latest_run("daily", within=connection)
    return Week(
        recent=tuple(store.recent(as_of - timedelta(weeks=WEEKS + 1), connection, and_on=as_of - A_YEAR)),
        asked_since=RuleHistory(store).asked_since(connection),
        daily_rules=read_rule_rows(daily),
        channels=tuple(channel_checks.channels(connection, policy.receivers_of("weekly"))),
    )


def _told_notices(connection: Transaction, administrators: Iterable[Addressee]) -> list[sa.Row[Any]]:
    """Return the notices that last, of which a message to administrators has said so since and was accepted.

    What others were told of one brake, table or silence says nothing of the other notices.
    """
    to_them = outbox.c.recipient.in_([one.id for one in administrators])
    accepted = sa.select(run.c.job, sa.func.max(outbox.c.as_of)).join(run, run.c.id == outbox.c.run_id)
    accepted = accepted.where(outbox.c.purpose == "admin", outbox.c.state == "accepted", to_them).group_by(run.c.job)
    last: dict[str, date] = {row[0]: row[1] for row in connection.execute(accepted)}
    return [row for row in connection.execute(sa.select(notice)) if row.first_on <= last.get(row.job, date.min)]


def _arrived(connection: Transaction, keys: DailyKeys) -> frozenset[str]:
    """Return the keys of today to whom the last message about a day's run has arrived, of those of the days before."""
    every = sorted(key for before in keys.lately.values() for key in before)
    rows = connection.execute(sa.select(outbox.c.key, outbox.c.state).where(outbox.c.key.in_(every)))
    state: dict[str, str] = {row[0]: row[1] for row in rows}
    last = {today: next((state[key] for key in before if key in state), None) for today, before in keys.lately.items()}
    return frozenset(today for today, became in last.items() if became == "accepted")


def read_aftermath(connection: Transaction, policy: Policy, decision: Decision, keys: DailyKeys) -> Aftermath:
    """Read what those who look after the service are told of a run that has been written and sent.

    keys: of messages to them that may have been planned already.
    """
    job, as_of = decision.job, decision.as_of
    planned = sa.select(outbox.c.key).where(outbox.c.key.in_(sorted(keys.today)))
    told = _told_notices(connection, decision.administrators)
    since = as_of - PERIOD
    quality = rule_quality.measure(connection, policy.book.rules, since, as_of, policy.working_days) if job == "weekly" else []
    told_of = alert.c.condition.not_in((Condition.resolved.value, Condition.pending.value))
    open_ = connection.execute(sa.select(alert.c.condition, sa.func.count()).where(told_of).group_by(alert.c.condition))
    kept_back = sa.select(sa.func.count(sa.distinct(routed.c.alert_id))).where(
        routed.c.until.is_(None), routed.c.reason.is_not(None)
    )
    return Aftermath(
        told_since={row.key: row.first_on if row.job == job else as_of for row in told},
        told_before={row.key: row.title for row in told if row.job == job},
        planned=frozenset(connection.execute(planned).scalars()),
        told_lately=_arrived(connection, keys),
        open={row[0]: row[1] for row in open_},
        withheld=connection.execute(kept_back).scalar_one(),
        brakes_on=connection.execute(sa.select(sa.func.count()).where(brake.c.released_at.is_(None))).scalar_one(),
        quality=tuple(quality),
        quality_since=since,
    )

"""How the service goes, in counts of the whole council: by rule, level, job and state alone, and nothing of a case."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from alerting.model import Level
from alerting.store.schema import DONE, alert, outbox, run


def count_open(connection: sa.Connection) -> dict[tuple[str, int], int]:
    """Return how many alerts are open, by the code of the rule and the level, of those that have come to be told."""
    told = alert.c.condition.in_(("firing", "recovering", "held")), alert.c.resolved_on.is_(None)
    query = sa.select(alert.c.code, alert.c.level, sa.func.count()).where(*told).group_by(alert.c.code, alert.c.level)
    return {(row[0], row[1]): row[2] for row in connection.execute(query)}


def count_open_by_level(connection: sa.Connection) -> dict[Level, int]:
    """Return how many alerts are open at each level, the least serious first; see `count_open`."""
    opened = dict.fromkeys(Level, 0)
    for (_, level), count in count_open(connection).items():
        opened[Level(level)] += count
    return opened


def count_messages(connection: sa.Connection) -> dict[str, int]:
    """Return how many messages there are in each state."""
    query = sa.select(outbox.c.state, sa.func.count()).group_by(outbox.c.state)
    return {row[0]: row[1] for row in connection.execute(query)}


def count_runs(connection: sa.Connection) -> dict[tuple[str, str], int]:
    """Return how many runs there were, by job and by how they went."""
    query = sa.select(run.c.job, run.c.status, sa.func.count()).group_by(run.c.job, run.c.status)
    return {(row[0], row[1]): row[2] for row in connection.execute(query)}


def last_done(connection: sa.Connection) -> dict[str, datetime]:
    """Return when the last run of each job ended that did its work, be it with faults that administrators were told of."""
    query = sa.select(run.c.job, sa.func.max(run.c.finished_at)).where(run.c.status.in_(DONE)).group_by(run.c.job)
    return {row[0]: row[1] for row in connection.execute(query) if row[1] is not None}

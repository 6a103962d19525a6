"""What people would rather have, as the store keeps it: the last word of each. That they said so stays among the acts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from alerting.alerts.acts import ActKind
from alerting.alerts.people import Actor
from alerting.notifications.preferences import Preferences
from alerting.store import acts
from alerting.store.service_state import PREFERENCES, remember, remembered


def read(connection: sa.Connection) -> Mapping[str, Preferences]:
    """Return what people would rather have, by worker id, of those who said so; nothing of what cannot be read any more."""
    kept = remembered(connection, PREFERENCES) or {}
    return {id_: Preferences(all_clear=one["all_clear"], done=one["done"], order=one["order"]) for id_, one in kept.items()}


def read_of(connection: sa.Connection, ids: Collection[str]) -> Preferences:
    """Return what somebody with these ids would rather have."""
    kept = read(connection)
    return next((kept[id_] for id_ in sorted(ids) if id_ in kept), Preferences())


def keep(connection: sa.Connection, ids: Collection[str], wanted: Preferences, actor: Actor, now: datetime) -> None:
    """Keep what somebody would rather have, under each id that they have."""
    acts.keep(connection, actor, ActKind.preferences_said, "what they would rather have", now)
    # Read once the act is kept: from then on whoever else says so waits.
    said = {**read(connection), **dict.fromkeys(ids, wanted)}
    remember(connection, PREFERENCES, {id_: asdict(one) for id_, one in said.items()}, now)

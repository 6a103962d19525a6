"""What stands, on a day, of what people did about an alert. Pure: worked out when it is asked, and kept nowhere.

What somebody did was about the alert as it was then: an acknowledgement and a snooze lapse when its level rises. A snooze also
lapses when a due date passes that lay ahead when it was made: what was put off as not yet due must not stay unseen.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from alerting.model import Act, Alert

SNOOZES = ("snooze", "recorded", "data_error")
"""What keeps an alert out of everybody's messages for a while."""


def active_acknowledgements(alert: Alert, as_of: date) -> list[Act]:
    """Return the acknowledgements that stand, the newest of each person, the oldest first."""
    newest = {act.by.casefold(): act for act in alert.acts if act.kind == "acknowledge"}
    return [act for act in newest.values() if _of_this_level(alert, act) and act.until is not None and act.until >= as_of]


def active_snooze(alert: Alert, as_of: date, loaded_at: datetime | None = None) -> Act | None:
    """Return the act that keeps an alert out of messages: the last of them, where it still stands; None where none does.

    loaded_at: when the oldest of today's tables was loaded. What was recorded is waited for until a load after that;
    where the council does not say when it loads, until the next day.
    """
    act = next((act for act in reversed(alert.acts) if act.kind in SNOOZES), None)
    if act is None or not _of_this_level(alert, act) or act.until is None or act.until < as_of:
        return None
    if act.kind == "recorded":
        return None if _loaded_since(act, as_of, loaded_at) else act
    came_due = alert.due is not None and act.on <= alert.due < as_of
    return None if came_due else act


def recorded_in_vain(alert: Alert, as_of: date, loaded_at: datetime | None = None) -> Act | None:
    """Return the act by which somebody said that the missing is recorded now, where a load since then does not show it."""
    act = next((act for act in reversed(alert.acts) if act.kind in SNOOZES), None)
    if act is None or act.kind != "recorded" or active_snooze(alert, as_of, loaded_at) is not None:
        return None
    return act if _loaded_since(act, as_of, loaded_at) else None


def active_assignment(alert: Alert) -> Act | None:
    """Return the act by which somebody was last made responsible for an alert; None where nobody was."""
    return next((act for act in reversed(alert.acts) if act.kind == "assign"), None)


def escalation_start(alert: Alert) -> date:
    """Return the day from which an alert's wait counts: it was first seen, or first acknowledged at its level.

    Only the first acknowledgement starts the clock again, so that nobody can keep an alert from going up by repeating it.
    """
    first = next((act.on for act in alert.acts if act.kind == "acknowledge" and _of_this_level(alert, act)), None)
    return max(alert.first_seen, first) if first else alert.first_seen


def _of_this_level(alert: Alert, act: Act) -> bool:
    return act.level >= alert.level


def _loaded_since(act: Act, as_of: date, loaded_at: datetime | None) -> bool:
    if loaded_at is None:
        return act.on < as_of
    return (loaded_at if loaded_at.tzinfo else loaded_at.replace(tzinfo=UTC)) > act.at

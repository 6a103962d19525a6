"""Cards in teams' Teams channels: the settings and what each answer of a flow means (`notifier`), a message as cards (`cards`)."""

from notifiers.teams.notifier import Notifier

__all__ = ["Notifier"]

"""Mail through the council's own relay, one recipient a message: the settings and the order of the steps (`notifier`), the line to
the server (`line`), what a fault at each step means (`faults`), and a message written as a mail (`writing`).
"""

from notifiers.email.notifier import Notifier

__all__ = ["Notifier"]

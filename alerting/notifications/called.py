"""What an alert is about, as a reader knows it: `Team Assessment West`, `Contact 00123`, `Action 4.10`."""

from __future__ import annotations

from alerting.casedata.directory import Directory
from alerting.formatting import capital
from alerting.model import About, Alert
from alerting.notifications.routing import RuleRoute


def called(alert: Alert, route: RuleRoute, directory: Directory) -> str:
    """Return what readers call what an alert is about; nothing of a child, who is known by the number of the record alone."""
    about, given = route.about, alert.facts.get(route.name) if route.name else None
    name = str(given or alert.subject)
    if about is About.child:
        return ""
    if about is About.worker and directory.name(alert.subject) != alert.subject:
        return str(directory.name(alert.subject))
    if about is About.team and alert.subject in directory.teams:
        name = directory.teams[alert.subject].name
    if not about.words:
        return capital(name.replace("_", " "))
    # A team may be named `Team West` already.
    return capital(name if name.casefold().startswith(f"{about.words} ") else f"{about.words} {name}")

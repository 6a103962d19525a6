"""A second person approves on the page what another asked for: by who they are, as they have signed in, and never the one who asked."""

from __future__ import annotations

from alerting.alerts.acts import Approval, Request, RuleWanted, SilenceWanted
from alerting.alerts.matcher import Matcher
from alerting.errors import HandlingError
from alerting.model import Alert
from alerting.notifications.silences import Impact, impact
from alerting.store import acts, silences
from alerting.store.granting import Granting
from alerting.store.people import read_people
from alerting.web.visits import Visit


def read_requests(visit: Visit) -> list[Request]:
    """Return what waits for a second person and can still be approved."""
    last_day = visit.app.last_day_of_request
    return [one for one in acts.all_waiting(visit.connection) if last_day(one.at.date()) >= visit.today]


def waiting_at(visit: Visit, alert: Alert) -> list[Request]:
    """Return what waits for a second person at an alert: what is about it, and a silence that names somebody, meets it and may be read.

    What of silences names nobody is approved by those who look after the service.
    """
    return [
        one
        for one in read_requests(visit)
        if one.about == alert.ref or (isinstance(one.wanted, SilenceWanted) and _is_approved_at(visit, one.wanted.matcher, alert))
    ]


def _is_approved_at(visit: Visit, matcher: Matcher, alert: Alert) -> bool:
    return names_somebody(matcher) and matcher.matches(alert) and sees_all(visit, matcher)


def names_somebody(matcher: Matcher) -> bool:
    """Return whether a silence may be about one child."""
    return bool(matcher.child or matcher.subject)


def may_read(visit: Visit, matcher: Matcher) -> bool:
    """Return whether a reader may read what a silence is about: where it names somebody, they may see all the alerts that it meets."""
    return not names_somebody(matcher) or sees_all(visit, matcher)


def sees_all(visit: Visit, matcher: Matcher) -> bool:
    """Return whether a reader may see all the alerts that a silence meets, and there is one of everybody whom it names."""
    met = [alert for alert in visit.council.store().live(visit.connection) if matcher.matches(alert)]
    seen = [alert for alert in visit.scope.every_open() if matcher.matches(alert)]
    children, subjects = {alert.person for alert in seen}, {alert.subject for alert in seen}
    are_known = children.issuperset(matcher.child) and subjects.issuperset(matcher.subject)
    return are_known and bool(met) and len(met) == len(seen)


def approve(visit: Visit, request: Request, *, is_draft_read: bool = False) -> str:
    """Approve what another asked for, in the name of a reader, and do it; return what was done. Raises HandlingError where it may not be.

    is_draft_read: whether they have read the draft of a rule that it is about; else they do not release it.
    """
    app, store, limits = visit.app, visit.council.store(), visit.app.loaded.config.handling
    if app.last_day_of_request(request.at.date()) < visit.today:
        raise HandlingError(f"request {request.id} has lapsed, as nobody approved it in time")
    people, second = read_people(visit.connection, app.loaded.config.council.administrators), visit.reader.actor
    acts.approve(
        visit.connection,
        request.id,
        second,
        people,
        visit.now,
        two_accounts=limits.two_accounts,
        on_page=limits.approve_on_page or isinstance(request.wanted, RuleWanted),
    )
    actions = app.actions(store, visit.connection, request.by, visit.now, approval=Approval(request=request, by=second))
    found = impact_of(visit, request.wanted.matcher) if isinstance(request.wanted, SilenceWanted) else None
    return Granting(request=request, actions=actions, marker=app.marker(store), impact=found, is_draft_read=is_draft_read).do()


def impact_of(visit: Visit, matcher: Matcher) -> Impact:
    """Return what a silence would silence of the open alerts, by the directory of the day."""
    opened, others = visit.council.store().live(visit.connection), silences.not_over(visit.connection, visit.today)
    kinds = {rule.id: rule.subject_kind for rule in visit.app.book.rules}
    return impact(matcher, opened, visit.scope.router, others, kinds)

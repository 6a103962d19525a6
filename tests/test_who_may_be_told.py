"""Whoever the router names for an alert may know of it, and may be told of it: whatever the rule, the directory, and what people did."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from alerting.casedata.directory import Cover, Directory, Restriction, Team
from alerting.model import About, Act, Alert, Level, Person
from alerting.notifications.roles import NEXT_UP, SERVICES
from alerting.notifications.routing import Router, RuleRoute
from tests.test_routing import ALERT

WORKERS, TEAMS, CHILDREN = ("W0", "W1", "W2", "W3", "W4"), ("T1", "T2"), ("C1", "C2")
ROLES = ("worker", "adviser", *dict.fromkeys((*NEXT_UP, *SERVICES)))
DONE_AT = datetime(2026, 3, 1, 9, tzinfo=UTC)

_WORKER, _ROLE, _LEVEL = st.sampled_from(WORKERS), st.sampled_from(ROLES), st.sampled_from(Level)
_HOLDER = st.sampled_from((*WORKERS, None, "nobody"))
_SERVICE = st.sampled_from(("assessment", "performance", "quality_assurance", None))


@st.composite
def directories(draw: st.DrawFn) -> Directory:
    """Return staff who are there or have left, some of them without an address or with one that is another's, cover, and a list or none."""
    address = st.sampled_from(("w0@example.gov.uk", None, "own"))
    staff, former = dict[str, Person](), dict[str, Person]()
    for worker in WORKERS:
        email = draw(address)
        own = f"{worker.lower()}@example.gov.uk" if email == "own" else email
        person = Person(id=worker, name=f"Person {worker}", email=own, role=None, team=draw(st.sampled_from((*TEAMS, None))))
        (former if draw(st.integers(0, 4)) == 0 else staff)[worker] = person
    return Directory(
        staff=staff,
        former=former,
        teams={
            id_: Team(id=id_, name=id_, service=draw(_SERVICE), manager=draw(_HOLDER), service_manager=draw(_HOLDER),
                      head_of_service=draw(_HOLDER))
            for id_ in TEAMS
        },
        cover=draw(st.dictionaries(_WORKER, st.builds(Cover, by=_HOLDER, until=st.none()), max_size=2)),
        restricted=draw(
            st.none()
            | st.dictionaries(
                st.sampled_from(CHILDREN), st.builds(Restriction, allowed=st.frozensets(_WORKER, max_size=2)), max_size=2
            )
        ),
    )  # fmt: skip


ROUTES = st.builds(
    RuleRoute,
    notify=st.dictionaries(_LEVEL, st.lists(_ROLE, max_size=2).map(tuple), min_size=1),
    channel=st.just(False),
    remind_every=st.just(5),
    title=st.just("Title"),
    code=st.just("X-01"),
    escalate=st.lists(st.tuples(st.integers(0, 3), _ROLE), max_size=1).map(tuple),
    about=st.sampled_from((About.child, About.contact, About.worker, About.team)),
    nobody_else=st.booleans(),
    shadow=st.sampled_from((False, False, True)),
)
ALERTS = st.builds(
    replace,
    st.just(ALERT),
    level=_LEVEL,
    team=st.sampled_from((*TEAMS, None, "T9")),
    service=st.sampled_from((None, "assessment", "nowhere")),
    worker=_HOLDER,
    adviser=_HOLDER,
    person=st.sampled_from((*CHILDREN, "C3", None)),
    subject=st.sampled_from((*WORKERS, "C1", "T1")),
    also=st.lists(_ROLE, max_size=1).map(tuple),
    acts=st.lists(
        st.builds(
            Act,
            id=st.just(1),
            kind=st.just("assign"),
            by=_WORKER,
            at=st.just(DONE_AT),
            level=st.just(Level.red),
            assignee=_WORKER,
        ),
        max_size=1,
    ).map(tuple),
)


def may_know(directory: Directory, route: RuleRoute, alert: Alert, person: Person) -> bool:
    """Return whether somebody may know of an alert: by the list, and as it is not about their own work."""
    if route.about.concerns_child:
        if directory.restricted is None:
            return False
        restriction = directory.restricted.get(alert.person or "")
        if restriction and person.id not in restriction.allowed:
            return False
    if route.about is not About.worker:
        return True
    whose = directory.staff.get(alert.subject) or directory.former.get(alert.subject)
    return person.id != alert.subject and (whose is None or not whose.email or whose.email != person.email)


@pytest.mark.slow
@given(directory=directories(), route=ROUTES, alert=ALERTS)
@settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_whoever_is_told_or_told_instead_or_may_be_told_may_know(directory: Directory, route: RuleRoute, alert: Alert) -> None:
    router = Router(directory, {alert.rule: route}, lambda _: 2)

    told = [recipient.person for recipient in router.recipients(alert)]
    instead = [person for reader in told for person in router.instead_of(alert, reader.id)]
    readers = router.readers(alert)

    for person in (*told, *instead, *(directory.staff[id_] for id_ in readers)):
        assert directory.staff.get(person.id) == person, f"{person.id} is no member of staff"
        assert may_know(directory, route, alert, person), f"{person.id} may not know"
    assert {person.id for person in told if person.email} <= readers, "what waits would be kept from whom it is for"
    if not route.nobody_else:
        assert {person.id for person in instead} <= readers

"""Whatever happens, nobody is told of a child they may not know of, and nobody goes untold: by what arrived, and not by the service's own tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings

from alerting.casedata import directory
from alerting.casedata.directory import Cover, Restriction
from alerting.model import Alert, Delivery, Person
from alerting.notifications.routing import NEXT_UP, Router
from alerting.store import schema
from alerting.store.messages import told
from alerting.store.messages.claims import ClaimedMessage
from alerting.store.messages.outbox import Outbox, content_of, notification_of
from tests.told_on_paper import SOME_DAYS, Event, live

pytestmark = pytest.mark.slow

ONE, TWO = frozenset({"H1"}), frozenset({"M2", "H1"})
DOWN_WHILE_A_CHILD_IS_LIMITED: list[list[Event]] = [
    [("succeed", "M7", "T1"), ("relay", "down"), ("run", "monthly")],
    [("limit", "C1", ONE, "limited"), ("relay", "well")],
]


def test_a_child_is_limited_and_a_manager_follows_another_while_the_relay_is_down() -> None:
    live(DOWN_WHILE_A_CHILD_IS_LIMITED)


@pytest.mark.slow
@given(SOME_DAYS)
@settings(
    max_examples=16,  # each takes a good five seconds of the processor
    deadline=None,
    derandomize=True,  # the same days each time; a failure is the change's and not chance's
    phases=[Phase.generate],  # to shrink what was found takes minutes
    suppress_health_check=list(HealthCheck),
)
def test_whatever_happens(days: list[list[Event]]) -> None:
    live(days)


# ---------------------------------------------------------------------- with a fault planted, it fails

_confined_to, _read, _settle, _withdraw = Router.confined_to, directory.read_directory, Outbox.settle, Outbox.withdraw


def _any_row_allows(rows: Sequence[Any]) -> dict[str, Restriction]:
    found: dict[str, Restriction] = {}
    for person, allowed in rows:
        named = frozenset((allowed or "").split(";"))
        found[person] = Restriction(allowed=named | found[person].allowed if person in found else named)
    return found


def _any_row(snapshot: Any, trust: Any) -> Any:
    rows = snapshot.sql("SELECT person_id, allowed_recipients FROM ext_restricted WHERE person_id IS NOT NULL")
    found = _read(snapshot, trust)
    return found if found.restricted is None else replace(found, restricted=_any_row_allows(rows))


def _cover_without_an_end(snapshot: Any, trust: Any) -> Any:
    rows = snapshot.sql("SELECT staff_id, covered_by FROM ext_cover WHERE from_date <= as_of()")
    return replace(_read(snapshot, trust), cover={staff: Cover(by=by, until=None) for staff, by in rows})


def _no_list_restricts_nobody(snapshot: Any, trust: Any) -> Any:
    found = _read(snapshot, trust)
    return replace(found, restricted=found.restricted or {})


def _restricts_nobody(router: Router, alert: Alert) -> frozenset[str] | None:
    return None if router.directory.restricted is not None else _confined_to(router, alert)


def _up_the_line_whoever_may_know(router: Router, alert: Alert, recipient: str) -> list[Person]:
    team = router.team(alert)
    line = [getattr(team, name) for name in ("manager", "service_manager", "head_of_service")][: len(NEXT_UP) - 1]
    return [router.directory.staff[worker] for worker in line if worker != recipient and worker in router.directory.staff]


def _told_though_it_never_came(outbox: Outbox, connection: Any, claimed: ClaimedMessage, result: Delivery) -> bool:
    if result.state == "unknown":
        told.insert(connection, claimed.notification, claimed.notification.told)
    return _settle(outbox, connection, claimed, result)


def _told_though_withdrawn(outbox: Outbox, connection: Any, *given: Any) -> int:
    count = _withdraw(outbox, connection, *given)
    for row in connection.execute(sa.select(schema.outbox).where(schema.outbox.c.reason == "withdrawn")):
        message = notification_of(row, content_of(connection, row.content))
        told.forget(connection, message)
        told.insert(connection, message, message.told)
    return count


READS = ("alerting.evaluation.day.read_directory",)
FAULTS: dict[str, tuple[str, Any, list[list[Event]]]] = {
    "routing: a restriction is passed over": (
        "alerting.notifications.routing.Router.confined_to",
        _restricts_nobody,
        [[("limit", "C1", ONE, "limited"), ("move", "C1", "T2")]],
    ),
    "fallback: whoever is up the line is told instead": (
        "alerting.notifications.routing.Router.instead_of",
        _up_the_line_whoever_may_know,
        [[("move", "C1", "T2"), ("limit", "C1", frozenset({"M2"}), "limited"), ("refuse", "M2")]],
    ),
    "directory: of two rows either allows": (
        READS[0],
        _any_row,
        [[("limit", "C1", TWO, "limited"), ("limit", "C1", ONE, "limited"), ("move", "C1", "T2")]],
    ),
    "directory: cover never ends": (
        READS[0],
        _cover_without_an_end,
        [[("succeed", "M7", "T1"), ("cover", "M7", "W2", 0), ("relay", "down")], [("relay", "well")]],
    ),
    "directory: no list restricts nobody": (
        READS[0],
        _no_list_restricts_nobody,
        [[("limit", "C1", ONE, "limited"), ("lose_the_list",), ("move", "C1", "T2")]],
    ),
    "list: whoever is taken off it is free": (
        "alerting.casedata.restricted_list._removed",
        lambda *_: (),
        [[("limit", "C1", ONE, "limited")], [("take_off", "C1"), ("move", "C1", "T2")]],
    ),
    "list: an id without its zeros is nobody's": (
        "alerting.casedata.restricted_list.but_for_zeros",
        lambda id_: id_,
        [[("limit", "0070103", ONE, "limited"), ("through_a_spreadsheet",), ("move", "0070103", "T1")]],
    ),
    "sending: what waited is not looked at again": (
        "alerting.store.messages.outbox.ClaimedMessage.is_older",
        False,
        DOWN_WHILE_A_CHILD_IS_LIMITED,
    ),
    "sending: the directory of the last run is not kept": (
        "alerting.store.newest_directory.keep",
        lambda *_: None,
        DOWN_WHILE_A_CHILD_IS_LIMITED,
    ),
    "outbox: what never came counts as told": (
        "alerting.store.messages.outbox.Outbox.settle",
        _told_though_it_never_came,
        [[("succeed", "M7", "T1"), ("relay", "deaf")]],
    ),
    "outbox: what is withdrawn counts as told": (
        "alerting.store.messages.outbox.Outbox.withdraw",
        _told_though_withdrawn,
        [[("succeed", "M7", "T1"), ("relay", "down")], [("cover", "M7", "W1", 0)], [("relay", "well")]],
    ),
}


@pytest.fixture(scope="module")
def lived_well() -> list[list[list[Event]]]:
    """The days that went well without a fault."""
    return []


@pytest.mark.slow
@pytest.mark.parametrize(("place", "fault", "days"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found(
    monkeypatch: pytest.MonkeyPatch,
    lived_well: list[list[list[Event]]],
    place: str,
    fault: Callable[..., Any],
    days: list[list[Event]],
) -> None:
    if days not in lived_well:  # several faults are planted into the same days
        live(days)
        lived_well.append(days)
    monkeypatch.setattr(place, fault)
    with pytest.raises(AssertionError):
        live(days)

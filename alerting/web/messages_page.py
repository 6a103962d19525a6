"""What became of messages, for administrators: whom each was for, and never what stands in it. A refused address is tried again here."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from alerting.errors import HandlingError
from alerting.formatting import capital
from alerting.model import DeliveryReason
from alerting.store.messages import circuit_breaker
from alerting.store.messages.sent import STATES, count_states, list_messages
from alerting.web.sections import MESSAGES
from alerting.web.visits import Visit

STATE_WORDS = {
    "planned": "waiting",
    "claimed": "being sent",
    "deferred": "to be tried again",
    "accepted": "accepted",
    "failed": "failed",
    "cancelled": "not sent",
    "unknown": "perhaps sent",
}
_NOT_THERE = ("planned", "claimed", "deferred", "failed", "unknown")
"""The states of what has not arrived, as far as is known."""
_MOST = 100
_COUNTED = timedelta(days=14)


def show_messages(visit: Visit) -> Response:
    """Show what has not arrived, or what is in one state; and which receivers and addresses are left alone."""
    return _page(visit, done="tried" if visit.query.get("done") == "tried" else "")


def show_not_tried(visit: Visit, error: HandlingError) -> Response:
    """Show the page to somebody who wanted to have an address tried that is not, with why."""
    return _page(visit, wrong=f"{capital(error.problem)}.")


def try_again(visit: Visit) -> Response:
    """Have a refused address tried again with the next message. Raises HandlingError where it may not be."""
    address, note = visit.text("address"), visit.text("note")
    if not note:
        raise HandlingError("say why it will be taken now")
    if not circuit_breaker.try_again(visit.connection, address, by=visit.reader.actor, note=note, now=visit.now):
        raise HandlingError("that address is not refused any more")
    return visit.go_to(f"{MESSAGES.path}?done=tried")


def _page(visit: Visit, *, done: str = "", wrong: str = "") -> Response:
    state = visit.query.get("state", "")
    chosen = (state,) if state in STATES else _NOT_THERE
    counts = count_states(visit.connection, visit.now - _COUNTED)
    return visit.show(
        "messages.html",
        status=409 if wrong else 200,
        here=MESSAGES.path,
        zone=visit.zone,
        states=STATE_WORDS,
        state=state if state in STATES else "",
        counts=[(words, counts[name]) for name, words in STATE_WORDS.items() if counts.get(name)],
        days=_COUNTED.days,
        rows=list_messages(visit.connection, chosen, most=_MOST),
        most=_MOST,
        bounced=DeliveryReason.bounced.value,
        resting=list(circuit_breaker.resting_receivers(visit.connection).values()),
        refused=circuit_breaker.refused_addresses(visit.connection),
        again_after=circuit_breaker.AGAIN_AFTER,
        done=done,
        wrong=wrong,
    )

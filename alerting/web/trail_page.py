"""The trail, for auditors and administrators: who did what and when, with the filters of `alerting audit search`. To look is written down.

What may be about a child stays unsaid here: which child was looked up or silenced, and what somebody wrote beside an alert. Whoever needs
that asks by `alerting audit search` and `alerting audit subject`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from starlette.responses import Response

from alerting.alerts.acts import ActKind
from alerting.audit.trail import Kind, ServiceKind, TrailEvent, TrailQuery, search
from alerting.audit.trail_search import ALL, HEADINGS, KINDS, as_cells, is_somebodys, kinds_wanted
from alerting.errors import HandlingError
from alerting.formatting import capital
from alerting.store import acts
from alerting.web import pages
from alerting.web.sections import TRAIL
from alerting.web.visits import Visit

_MOST = 300
"""How many events one page shows; the file has all."""
_LOOKED_BACK = timedelta(days=30)
"""How far back it is looked where no first day is given."""
_LONGEST = 200
_REFERENCE = re.compile(r"A-[0-9A-Z]{8}")
_OF_NO_CHILD: frozenset[Kind] = frozenset(
    {
        *(ActKind.brake_released, ActKind.table_released, ActKind.list_released, ActKind.removal_released),
        *(ActKind.fire_held, ActKind.fire_released, ActKind.address_tried, ActKind.channel_seen, ActKind.rule_promoted),
        *(ActKind.rule_drafted, ActKind.draft_discarded, ActKind.rule_released),
        *(ActKind.retention_begun, ActKind.word_mapped, ActKind.trail_read),
        *(ServiceKind.run, ServiceKind.message, ServiceKind.rules),
    }
)
"""The kinds of which what they are about, and what was written beside them, say nothing of a child."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What a form asks for."""

    person: str = ""
    since: date | None = None
    until: date | None = None
    ref: str = ""
    kind: str = ""

    def __str__(self) -> str:
        parts = {"person": self.person, "from": self.since, "to": self.until, "alert": self.ref, "kind": self.kind}
        return ", ".join(f"{name} {value}" for name, value in parts.items() if value) or "all that people did lately"


def show_trail(visit: Visit) -> Response:
    """Show what can be asked for."""
    return _page(visit)


def show_not_found(visit: Visit, error: HandlingError) -> Response:
    """Show what can be asked for to somebody who asked for what cannot be, with why."""
    return _page(visit, wrong=f"{capital(error.problem)}.", form=visit.form)


def show_events(visit: Visit) -> Response:
    """Show what was done, the newest first, and write down who looked for what. Raises HandlingError for what cannot be asked."""
    asked, found = _look(visit)
    rows = [as_cells(event, visit.zone) for event in reversed(found[-_MOST:])]
    return _page(visit, rows=rows, total=len(found), asked=str(asked), form=visit.form)


def save_events(visit: Visit) -> Response:
    """Return what was done as a table for a spreadsheet, and write down who looked for what."""
    _, found = _look(visit)
    return pages.table("trail.csv", [HEADINGS, *(as_cells(event, visit.zone) for event in found)])


def _page(
    visit: Visit,
    *,
    rows: list[list[object]] | None = None,
    total: int = 0,
    asked: str = "",
    wrong: str = "",
    form: Mapping[str, str] | None = None,
) -> Response:
    return visit.show(
        "trail.html",
        status=409 if wrong else 200,
        here=TRAIL.path,
        headings=HEADINGS,
        kinds=[(name, kind.words) for name, kind in KINDS.items()],
        rows=rows,
        total=total,
        most=_MOST,
        days=_LOOKED_BACK.days,
        asked=asked,
        given=form or {},
        wrong=wrong,
    )


def _look(visit: Visit) -> tuple[_Asked, list[TrailEvent]]:
    """Return what was done, as far as it is shown here, once it is written down that somebody looked for it."""
    asked, zone = _asked(visit), visit.zone
    administrators = visit.app.loaded.config.council.administrators
    since = asked.since or (None if asked.ref else visit.today - _LOOKED_BACK)
    query = TrailQuery(
        since=datetime.combine(since, time.min, zone) if since else None,
        before=datetime.combine(asked.until + timedelta(days=1), time.min, zone) if asked.until else None,
        is_wanted=is_somebodys(visit.connection, administrators, asked.person) if asked.person else None,
        alert=asked.ref or None,
        kinds=kinds_wanted([asked.kind] if asked.kind else [], of_one_alert=bool(asked.ref)),
    )
    found = [_without_a_child(event) for event in search(visit.connection, query)]
    acts.keep(visit.connection, visit.reader.actor, ActKind.trail_read, asked.ref or "the trail", visit.now, note=str(asked))
    return asked, found


def _asked(visit: Visit) -> _Asked:
    text = {name: value.strip()[:_LONGEST] for name, value in visit.form.items()}
    ref, kind = text.get("alert", "").upper(), text.get("kind", "")
    if ref and visit.council.store().find(ref, visit.connection) is None:
        raise HandlingError("there is no alert with that reference")
    if kind and kind not in KINDS and kind != ALL:
        raise HandlingError("choose a kind that there is")
    since, until = _day(text.get("from", "")), _day(text.get("to", ""))
    return _Asked(person=text.get("person", ""), since=since, until=until, ref=ref, kind=kind)


def _day(given: str) -> date | None:
    if not given:
        return None
    try:
        found = date.fromisoformat(given)
    except ValueError:
        raise HandlingError("a day is not a date") from None
    if not 1950 <= found.year <= 2098:
        raise HandlingError("a day is out of reach")
    return found


def _without_a_child(event: TrailEvent) -> TrailEvent:
    """Return an event without what may be about a child."""
    if event.kind in _OF_NO_CHILD:
        return replace(event, children=())
    named = (
        event.about if _REFERENCE.fullmatch(event.about) else f"request {event.request}" if event.request else "not shown here"
    )
    return replace(event, about=named, note="", children=())

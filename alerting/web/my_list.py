"""My list: what a reader is told of, or may see, in the sections of a message, under whom it is about; with counts and filters.

It can be saved as a table for a spreadsheet too. Who did so, when and of which children is written down, as it leaves the page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from starlette.responses import Response

from alerting.alerts.acts import ActKind
from alerting.formatting import plural
from alerting.model import Alert, Level
from alerting.store import act_json, acts, preferences
from alerting.web import pages
from alerting.web.shown import ENDED_SECTIONS, OPEN_SECTIONS, Shown
from alerting.web.visits import Then, Visit

_DONE_FOR = timedelta(days=14)
_MOST = 200
"""How many alerts one page shows; the rest is found by its filters."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """All alerts of one section about one child, worker or team."""

    heading: str
    alerts: Sequence[Shown]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What of their alerts somebody wants to see. An empty text asks for nothing."""

    #: `all` for all that they may see, and not only what they are told of.
    whose: str = ""
    #: `done` for what has ended.
    show: str = ""
    #: A worker's id, veiled.
    worker: str = ""
    #: A rule's code.
    rule: str = ""
    level: str = ""
    #: What comes first, by its name in `ORDERS`; what is most serious unless it is one.
    order: str = ""

    @property
    def is_done(self) -> bool:
        """Whether it is what has ended."""
        return self.show == "done"

    @property
    def is_every(self) -> bool:
        """Whether it is all that they may see."""
        return self.whose == "all"

    @property
    def sections(self) -> tuple[str, ...]:
        """The sections that there can be, in the order of a message."""
        return ENDED_SECTIONS if self.is_done else OPEN_SECTIONS

    def read(self, visit: Visit) -> list[Alert]:
        """Return the alerts of which a choice can be made."""
        if self.is_done:
            return visit.scope.ended(visit.today - _DONE_FOR)
        return visit.scope.every_open() if self.is_every else visit.scope.told()

    def choose(self, visit: Visit, alerts: Sequence[Alert]) -> list[Alert]:
        """Return what of alerts is wanted, in the order that is."""
        return sorted((alert for alert in alerts if self._is_one(visit, alert)), key=_RANKS.get(self.order, _rank))

    def _is_one(self, visit: Visit, alert: Alert) -> bool:
        return (
            (not self.worker or (alert.worker is not None and visit.veiled(alert.worker) == self.worker))
            and (not self.rule or alert.code == self.rule)
            and (not self.level or alert.level.name == self.level)
        )


def read_wanted(given: Mapping[str, str], order: str = "") -> Wanted:
    """Return what an address or a form asks for. order: what comes first unless it says."""
    return Wanted(**{name: given.get(name, "") for name in asdict(Wanted())} | {"order": given.get("order", order)})


def show_list(visit: Visit) -> Response:
    """Show a reader's list."""
    reader = visit.reader
    if not reader.ids:
        return visit.go_to("/service") if reader.sees_runs else visit.nothing_there()
    shower, wanted = visit.shower(), read_wanted(visit.query, preferences.read_of(visit.connection, reader.ids).order)
    alerts = wanted.read(visit)
    workers = {visit.veiled(alert.worker): shower.name(alert.worker) for alert in alerts if alert.worker}
    chosen = wanted.choose(visit, alerts)
    shown = [shower.show(alert) for alert in chosen[:_MOST]]
    return visit.show(
        "list.html",
        here="list",
        wanted=wanted,
        fields=asdict(wanted),
        is_narrowed=any(visit.query.get(name) for name in asdict(wanted)),
        counts=Counter([*(one.section for one in shown), *map(shower.section, chosen[_MOST:])]),
        listed=[(section, _blocks([one for one in shown if one.section == section])) for section in wanted.sections],
        total=len(chosen),
        more=max(0, len(chosen) - _MOST),
        closed=visit.scope.is_closed,
        workers=sorted(workers.items(), key=lambda one: one[1]),
        rules=sorted({(alert.code, shower.title(alert)) for alert in alerts}),
        orders=ORDERS,
        levels=[level.name for level in reversed(Level)],
        most=_MOST,
        as_of=visit.as_of,
    )


def save_list(visit: Visit) -> Response | Then:
    """Return a reader's list, all that their form asks for, as a table for a spreadsheet, and write down that they saved it.

    What many alerts are in words takes seconds, in which nobody else is kept from writing.
    """
    if not visit.reader.ids or visit.scope.is_closed:
        return visit.nothing_there()
    shower, wanted = visit.shower(), read_wanted(visit.form)
    alerts = wanted.choose(visit, wanted.read(visit))
    children = {alert.person for alert in alerts if alert.person}
    shown = sorted(map(shower.show, alerts), key=lambda one: wanted.sections.index(one.section))
    saved = pages.table(f"alerts-{visit.today.isoformat()}.csv", [_HEADINGS, *map(_cells, shown)])
    return Then(do=partial(_write_down_saved, saved, len(alerts), children), to_write=True)


def _write_down_saved(saved: Response, count: int, children: Set[str], visit: Visit) -> Response:
    acts.keep(
        visit.connection,
        visit.reader.actor,
        ActKind.list_saved,
        "a list",
        visit.now,
        note=plural(count, "alert"),
        wanted=act_json.children_to_json(children),
    )
    return saved


_HEADINGS = ("Section", "About", "Level", "Rule", "What", "In full", "Due", "Since", "Worker", "Team", "Notes", "Reference")


def _cells(one: Shown) -> tuple[object, ...]:
    alert = one.alert
    what = (one.section, one.heading, one.level, alert.code, one.title, one.sentence)
    return (*what, alert.due, alert.first_seen, one.worker, one.team, " ".join(one.notes), alert.ref)


def _rank(alert: Alert) -> tuple[int, date, str]:
    return -alert.level, alert.resolved_on or alert.due or date.max, alert.ref


def _rank_by_due(alert: Alert) -> tuple[date, int, str]:
    return alert.resolved_on or alert.due or date.max, -alert.level, alert.ref


def _rank_by_age(alert: Alert) -> tuple[date, int, str]:
    return alert.first_seen, -alert.level, alert.ref


_RANKS: Mapping[str, Callable[[Alert], tuple[Any, ...]]] = {"due": _rank_by_due, "since": _rank_by_age}
ORDERS = {"": "Most serious", "due": "Due first", "since": "Longest open"}
"""What may come first within each section, in words, by its name in the address."""


def _blocks(shown: Sequence[Shown]) -> list[Block]:
    """Return alerts under what they are about, in the order of the first of each."""
    found: dict[str, list[Shown]] = {}
    for one in shown:
        found.setdefault(one.heading, []).append(one)
    return [Block(heading=heading, alerts=alerts) for heading, alerts in found.items()]

"""What of a person's list stands where in their message: the worst first, each child once. Pure: items in, groups of items out, no words."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from alerting.model import Level
from alerting.notifications.content import NEWS, CardLine, Item, ItemState

ALL = 30
"""Up to so many open items, a message shows each of them."""

WORST = 20
"""Of more than that it shows so many, the worst; critical and red ones are named beyond them, the others counted."""

SOON = timedelta(days=7)
"""What is due within so long is due soon."""


class Section(StrEnum):
    """Where in a message an item stands, the most urgent first."""

    #: Whatever is news of it, on hold too.
    critical = "critical"
    #: Due before today, at whatever level.
    overdue = "overdue"
    due_soon = "due_soon"
    held = "held"
    #: Open, with no date by which something is due.
    to_look_at = "to_look_at"
    due_later = "due_later"
    backlog = "backlog"
    done = "done"
    #: Over, for a reason that says nothing about what is recorded.
    ended = "ended"
    moved = "moved"


ORDER = tuple(Section)
_OVER = {ItemState.cleared: Section.done, ItemState.moved: Section.moved}
_APART = {ItemState.backlog: Section.backlog, ItemState.held: Section.held}
OPEN = frozenset({Section.critical, Section.overdue, Section.due_soon, Section.held, Section.to_look_at, Section.due_later})
"""The sections of what is open, or may be: a child has one block among them."""

_WORST_FIRST = tuple(sorted(ORDER, key=lambda section: (section not in OPEN, section is Section.held)))
"""By which of its sections a child has its place: what is known to be open goes before what is on hold."""

_A_LINE_A_RULE = frozenset({Section.held, Section.done, Section.ended, Section.moved})
"""What asks nothing of anybody is told in a line a rule."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Items that stand together: all that is open of one child, or one thing that is to be said of several."""

    items: tuple[Item, ...]

    @property
    def worst(self) -> Item:
        """The item by which it has its place."""
        return self.items[0]

    @property
    def is_of_several(self) -> bool:
        """Whether one thing is said of several children."""
        return len({whom(item) for item in self.items}) > 1

    @property
    def is_of_one_meeting(self) -> bool:
        """Whether one meeting is what several children have in common."""
        meetings = Counter(meeting for _, meeting in {(whom(item), item.meeting) for item in self.items} if meeting)
        return any(count > 1 for count in meetings.values())


@dataclass(frozen=True, kw_only=True)
class Part:
    """One section of a message."""

    section: Section
    #: In the order in which they are read.
    groups: tuple[Group, ...]
    #: What is named in a line a rule, and not told one by one.
    named: tuple[Item, ...] = ()
    #: What is counted, and not named.
    counted: tuple[Item, ...] = ()
    #: Of how many it is, by what they are: of `child` and of others, each counted where its worst item stands.
    kinds: Mapping[str, int] = field(default_factory=dict)
    #: How many items.
    items: int = 0

    @property
    def all_items(self) -> tuple[Item, ...]:
        """All that stands in it, shown or not."""
        return (*(item for group in self.groups for item in group.items), *self.named, *self.counted)

    @property
    def subjects(self) -> int:
        """How many children, or whom else, it is about."""
        return sum(self.kinds.values())


def section_of(item: Item, as_of: date) -> Section:
    """Return where an item stands by itself."""
    if item.state is ItemState.cleared and not (item.resolved_reason is None or item.resolved_reason.by_the_record):
        return Section.ended
    return place_of(item.state, item.level, item.due, as_of)


def place_of(state: ItemState, level: Level, due: date | None, as_of: date) -> Section:
    """Return where what stands so is told. Due today is not overdue, at whatever level."""
    if state in _OVER:
        return _OVER[state]
    if level is Level.critical:
        return Section.critical
    if state in _APART:
        return _APART[state]
    if due is None or state is ItemState.improving:
        return Section.to_look_at
    if due < as_of:
        return Section.overdue
    return Section.due_soon if due - as_of <= SOON else Section.due_later


def is_overdue(state: ItemState, level: Level, due: date | None, as_of: date) -> bool:
    """Return whether what stands so is late, as far as is known today: neither what is on hold nor what improves."""
    if due is None or due >= as_of or state in (ItemState.held, ItemState.improving):
        return False
    return place_of(state, level, due, as_of) in (Section.critical, Section.overdue)


Standing = tuple[ItemState, Level, date | None]
"""How an alert stands to its reader, its level, and when something is due."""


def count_rule(rule: str, standings: Sequence[Standing], as_of: date, title: str | None = None) -> CardLine:
    """Return the counts of one rule's alerts, by the sections in which a list would have each of them."""
    count = Counter(state for state, _, _ in standings)
    new, cleared, held = count[ItemState.new], count[ItemState.cleared], count[ItemState.held]
    holds = [one for one in standings if one[0] not in (ItemState.cleared, ItemState.held)]
    levels = Counter(level for _, level, _ in holds)
    return CardLine(
        rule=rule,
        title=title,
        level=max((level for state, level, _ in standings if state is not ItemState.cleared), default=None),
        new=new,
        open=len(standings) - new - cleared - held,
        cleared=cleared,
        held=held,
        levels={level.name: levels[level] for level in sorted(levels, reverse=True)},
        overdue=sum(is_overdue(*one, as_of) for one in holds),
    )


def worst_of(placed: Iterable[tuple[object, Section]]) -> Mapping[Section, int]:
    """Return how many there are in each section, each counted once, by the worst. placed: whom it is about, and where that stands."""
    worst: dict[object, Section] = {}
    for who, section in placed:
        worst[who] = min(section, worst.get(who, section), key=_WORST_FIRST.index)
    return Counter(worst.values())


def whom(item: Item) -> tuple[str, str]:
    """Return whom an item is about: the same for all items of a child, by whichever of the child's records each is known."""
    if item.person:
        return ("child", item.person)
    if item.called:
        return (item.called, "")
    return (family(item.subject_kind), item.subject)


def family(kind: str) -> str:
    """Return what a subject's id is an id of: a child in care and a child on a plan are numbered alike, an assessment is not."""
    words = set(kind.split("_"))
    if "worker" in words:
        return "worker"
    return "child" if words & {"child", "children", "person", "leaver", "young", "case"} else kind


def is_child(item: Item) -> bool:
    """Return whether an item is about a child, by the number of the child's record."""
    return whom(item)[0] == "child"


def triage(items: Sequence[Item], as_of: date, *, budget: int | None = None) -> tuple[Part, ...]:
    """Return the sections of a message that have anything in them, the most urgent first.

    budget: of how many new amber and info items more than a count is told.
    """
    by_section: defaultdict[Section, list[Group]] = defaultdict(list)
    blocks = _blocks(items, as_of)
    for section, group in blocks:
        by_section[section].append(group)
    late = {item.ref for item in beyond_budget(items, budget)}
    shown = _shown([group for section in ORDER for group in by_section[section] if section in OPEN], late)
    return tuple(_part(section, by_section[section], shown, late) for section in ORDER if by_section[section])


def beyond_budget(items: Iterable[Item], budget: int | None) -> tuple[Item, ...]:
    """Return the new amber and info items that a message counts because there are more of them than it may bring."""
    fresh = sorted((item for item in items if item.state is ItemState.new and item.level < Level.red), key=_rank)
    return tuple(fresh[budget:]) if budget is not None else ()


def _blocks(items: Iterable[Item], as_of: date) -> list[tuple[Section, Group]]:
    """Return one group of all that is open of each child, with its section; of the rest a group each item. In order of urgency."""
    open_: defaultdict[tuple[str, str], list[tuple[Section, Item]]] = defaultdict(list)
    found: list[tuple[Section, Group]] = []
    for item in items:
        section = section_of(item, as_of)
        if section in OPEN:
            open_[whom(item)].append((section, item))
        else:
            found.append((section, Group(items=(item,))))
    for mine in open_.values():
        ranked = sorted(mine, key=lambda one: (_WORST_FIRST.index(one[0]), _rank(one[1])))
        found.append((ranked[0][0], Group(items=tuple(item for _, item in ranked))))
    return sorted(found, key=lambda one: (ORDER.index(one[0]), _place(*one)))


def _place(section: Section, group: Group) -> tuple[object, ...]:
    """Return where a group stands in its section: by date where the date is what matters, else the most serious first."""
    rank = _rank(group.worst)
    return (group.worst.due, *rank) if section in (Section.due_soon, Section.due_later) else rank


def _rank(item: Item) -> tuple[int, date, date, str, str]:
    return (-item.level, item.due or date.max, item.first_seen, item.rule, item.subject)


def _shown(groups: Sequence[Group], late: Set[str]) -> Set[str]:
    """Return the references of the open items that are told one by one. late: of those that are beyond the budget."""
    ranked = [item for group in groups for item in group.items if item.ref not in late]
    most = len(ranked) if len(ranked) <= ALL else WORST
    return {item.ref for item in [*ranked[:most], *(item for item in ranked if item.level is Level.critical)]}


def _part(section: Section, groups: Sequence[Group], shown: Set[str], late: Set[str]) -> Part:
    every = [item for group in groups for item in group.items]
    if section in _A_LINE_A_RULE:
        kept, named, counted = [], every, []
    else:
        kept = [Group(items=mine) for group in groups if (mine := tuple(item for item in group.items if item.ref in shown))]
        rest = [item for item in every if item.ref not in shown]
        # What is red, or is why the message comes, has at least its number in a line.
        named = [item for item in rest if _has_a_line(section, item, late)]
        counted = [item for item in rest if not _has_a_line(section, item, late)]
    kinds = {whom(item): "child" if is_child(item) else family(item.subject_kind) for item in (group.worst for group in groups)}
    return Part(
        section=section,
        groups=tuple(_together(section, kept)),
        named=tuple(named),
        counted=tuple(counted),
        kinds=Counter(kinds.values()),
        items=len(every),
    )


def _has_a_line(section: Section, item: Item, late: Set[str]) -> bool:
    return section is not Section.backlog and (item.level >= Level.red or (item.state in NEWS and item.ref not in late))


def _together(section: Section, groups: Iterable[Group]) -> list[Group]:
    """Put those groups together of which the same is to be said: one rule, one worker, one date. What is critical stands alone,
    or with the siblings who wait for the same meeting.
    """
    found: dict[object, list[Item]] = {}
    for group in _siblings(groups):
        alone = len(group.items) > 1 or section is Section.critical
        found.setdefault(group.worst.ref if alone else _said(section, group.worst), []).extend(group.items)
    return [Group(items=tuple(items)) for items in found.values()]


def _siblings(groups: Iterable[Group]) -> list[Group]:
    """Put the children of a section together who wait for the same meeting, where the first of them stands."""
    found: list[tuple[set[str], list[Item]]] = []
    for group in groups:
        meetings = {item.meeting for item in group.items if item.meeting}
        same = [one for one in found if one[0] & meetings]
        first = same[0] if same else (set[str](), list[Item]())
        for other in same[1:]:
            first[0].update(other[0])
            first[1].extend(other[1])
            found.remove(other)
        first[0].update(meetings)
        first[1].extend(group.items)
        found += [] if same else [first]
    return [Group(items=tuple(items)) for _, items in found]


def lines_of(group: Group, as_of: date) -> list[tuple[Item, ...]]:
    """Return the items of a group of which one line is said: of one child each by itself, of several those of whom it is the same."""
    if not group.is_of_several:
        return [(item,) for item in group.items]
    found: dict[object, list[Item]] = {}
    for item in group.items:
        found.setdefault(_said(section_of(item, as_of), item), []).append(item)
    return [tuple(items) for items in found.values()]


def _said(section: Section, item: Item) -> tuple[object, ...]:
    """Return all that is said of an item beside its number."""
    who = (item.worker_name, item.team_name, item.why, item.in_hand)
    facts = json.dumps([item.measure, dict(item.facts)], default=str) if section is Section.to_look_at else ""
    return (item.rule, item.level, item.state, item.due, is_child(item), *who, facts)

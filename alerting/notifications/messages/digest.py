"""A person's list in words: what the triage of its items shows, in the order in which it is read. Every text is plain."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from alerting.formatting import capital, in_unit, listed, number, plain, plural
from alerting.model import ClosingReason, Level, Reason
from alerting.notifications.content import DigestContent, Item, ItemState
from alerting.notifications.messages.dates import day_of_year, until_when
from alerting.notifications.triage import OPEN, Group, Part, Section, family, is_child, is_overdue, lines_of, section_of

ROOMY = 8
"""Up to so many open items, each is told with its rule's sentence; of more, what is critical and what has no date."""

_NAMED, _LISTED = 12, 60
"""How many numbers stand in the line of several children, and in a rule's line of what is not told one by one; the rest are counted."""

_TITLES = {
    Section.critical: "Critical",
    Section.overdue: "Overdue",
    Section.due_soon: "Due soon",
    Section.held: "On hold",
    Section.to_look_at: "To look at",
    Section.due_later: "Due later",
    Section.backlog: "Open already when this service began",
    Section.done: "Done since last time",
    Section.ended: "No longer checked",
    Section.moved: "With somebody else now",
}
_TAGS = {
    ItemState.new: "New",
    ItemState.worse: "Worse",
    ItemState.back: "Back again",
    ItemState.reminder: "Reminder",
    ItemState.improving: "Improving",
    ItemState.held: "On hold",
}
_NOTES = {
    ItemState.improving: "The record shows it now; it closes when that lasts.",
    ItemState.recorded: "Still open: the data loaded since then does not show it.",
}
_KINDS = {"child": "children", "contact": "contacts", "referral": "referrals", "assessment": "assessments", "worker": "workers"}
"""What a heading counts by name, with its plural."""

_MOST_KINDS = 3
_UNCHECKED = "Nobody has checked yet whether what its rule found is right."
_SAYS = {
    Section.held: "Nothing was decided about these, and none of them is cleared.",
    Section.backlog: "These are no news: each is counted here once, and is in your list from the next message on.",
}
_HELD = {
    Reason.not_in_data: "No longer in the data, which does not say why",
    Reason.not_recorded: "Something that is needed to judge it is not recorded",
    Reason.rule_broken: "The rule could not be used this morning",
}


@dataclass(frozen=True, kw_only=True)
class RuleTitle:
    """What a message calls a rule."""

    title: str
    #: What falls due, such as `Protection visit`; empty where that is said by the title.
    falls_due: str = ""
    #: What is critical, after its count: of one, and of many.
    one: str = ""
    many: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One item in words; empty where there is nothing to say."""

    level: str
    what: str
    #: How late it is, or by when it is due.
    when: str
    is_late: bool
    #: What is news of it, and how it stands, in a word or two each.
    tags: tuple[str, ...]
    #: The rule's own words about it.
    sentence: str
    #: Since when it is listed, why this reader, who has it in hand.
    aside: str
    refs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Block:
    """All that is said together: of one child, or of several of whom the same is said."""

    heading: str
    #: The number by which the case system knows the child; empty of several, or of no child.
    child: str
    #: The worker, and the team where a message is about several.
    whose: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class ShownSection:
    """One section of a message."""

    title: str
    #: How many children, and how many items where that is another number.
    count: str
    #: What it means to stand in it, where that is not plain.
    says: str
    blocks: tuple[Block, ...]
    #: A rule a line: what is done, what is on hold, what is named and not told one by one.
    rows: tuple[str, ...]
    #: How many of which rules and workers are not shown, as sentences.
    more: str


@dataclass(frozen=True, kw_only=True)
class Telling:
    """What the words of a list depend on beside its items."""

    as_of: date
    title_of: Callable[[str], RuleTitle]
    #: A rule's own words about an item.
    sentence_of: Callable[[Item], str]
    #: What is said of so many items that were due, and are recorded now.
    praise_of: Callable[[int], str]
    #: Why the reader is told of most items of each team, by its name: said once.
    whys: Mapping[str, str] = field(default_factory=dict)
    #: The reader's name, which nobody needs to be told.
    reader: str = ""
    several_teams: bool = False
    #: Whether there is room for every rule's sentence.
    roomy: bool = True


def by_the_record(reason: Reason | None) -> bool:
    """Return whether the reason for which an alert ended, if it has, says something about its record."""
    return reason is None or reason.by_the_record


def sections(parts: Sequence[Part], telling: Telling) -> list[ShownSection]:
    """Return the sections of a message in words."""
    return [_section(part, telling) for part in parts]


def _section(part: Part, telling: Telling) -> ShownSection:
    # Why all of it waits is said once.
    reasons = {_held(item) for item in part.named} if part.section is Section.held else set()
    once = next(iter(reasons)) if len(reasons) == 1 else ""
    praise = _earned(part, telling) if part.section is Section.done else ""
    return ShownSection(
        title=_TITLES[part.section],
        count=_count(part),
        says=" ".join(filter(None, [once, praise, _SAYS.get(part.section, "")])),
        blocks=tuple(_block(group, telling) for group in part.groups),
        rows=tuple(_rows(part, telling, once)),
        more=_more(part, telling),
    )


def _count(part: Part) -> str:
    """Return `5 children (7 items)`: how many there are, each once, and in brackets how many items they make."""
    named: Counter[str] = Counter()
    for kind, count in part.kinds.items():
        named[kind if kind in _KINDS else "other"] += count
    kinds = sorted(named, key=[*_KINDS, "other"].index)
    who = listed([plural(named[kind], kind, _KINDS.get(kind)) for kind in kinds]) if len(kinds) <= _MOST_KINDS else ""
    said = who or f"{plural(named['child'], 'child', 'children')} and {plural(part.subjects - named['child'], 'other')}"
    return f"{said} ({plural(part.items, 'item')})" if part.items != part.subjects else said


# ---------------------------------------------------------------------- what is told one by one


def _block(group: Group, telling: Telling) -> Block:
    heading, child = _heading(group)
    whose = _whose(group.items, telling)
    if group.is_of_several:
        # Of several children the heading names whoever has them all; who has one of them stands with that one.
        whose = [name for name in whose if all(name in _whose((item,), telling) for item in group.items)]
    together = lines_of(group, telling.as_of)
    # The heading of one line names its record, and all whom it is about; of several, each names its own.
    lines = [_line(items, telling, _about(items, group, telling, whose) if len(together) > 1 else "") for items in together]
    return Block(
        heading=heading,
        child=child,
        # Whoever the heading names already is not named again.
        whose=", ".join(name for name in map(plain, whose) if not heading.endswith(name)),
        lines=tuple(lines),
    )


def _whose(items: Iterable[Item], telling: Telling) -> list[str]:
    """Return the workers of items but for the reader, then their teams where the reader has several."""
    items = tuple(items)
    workers = {item.worker_name for item in items if item.worker_name and plain(item.worker_name) != telling.reader}
    return [*sorted(workers), *(sorted({item.team_name for item in items if item.team_name}) if telling.several_teams else [])]


def _heading(group: Group) -> tuple[str, str]:
    """Return what a block is about, and the child's number where it is about one."""
    first = group.worst
    if group.is_of_several:
        names = list(dict.fromkeys(_number(item) for item in group.items))
        meeting = " · one meeting" if group.is_of_one_meeting else ""
        return f"{'Children' if is_child(first) else _many(first)} {_few(names)}{meeting}".strip(), ""
    if is_child(first):
        records = sorted({_record(item) for item in group.items} - {""})
        child = first.person or first.subject
        one = records[0] if len(records) == 1 and len(group.items) == 1 else ""
        return plain(f"Child {child}{f' · {one}' if one else ''}"), plain(child)
    if first.called:
        return plain(first.called), ""
    if family(first.subject_kind) == "worker" and first.worker_name:
        return plain(first.worker_name), ""
    return capital(plain(f"{first.subject_kind.replace('_', ' ')} {first.subject}")), ""


def _record(item: Item) -> str:
    """Return which record of a child an item is about, such as `assessment 5006633`; empty where it is the child's own."""
    if item.subject in (item.person or item.subject, ""):
        return ""
    called = item.called or f"{item.subject_kind.replace('_', ' ')} {item.subject}"
    return plain(f"{called[:1].lower()}{called[1:]}")


def _number(item: Item) -> str:
    """Return the number by which an item is one of several: of a child, the child's own."""
    if is_child(item):
        return plain(item.person or item.subject)
    return plain(item.called.removeprefix(_kind(item)).strip() if item.called else item.subject)


def _kind(item: Item) -> str:
    """Return what stands before a number in what an item is called, such as `Contact`; empty where it is a name."""
    return item.called.removesuffix(item.subject).strip() if item.called.endswith(item.subject) else ""


def _many(item: Item) -> str:
    kind = _kind(item) if item.called else capital(item.subject_kind.replace("_", " "))
    return f"{plain(kind)}s" if kind else ""


def _few(names: Sequence[str], most: int = _NAMED) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _about(items: Sequence[Item], group: Group, telling: Telling, known: Sequence[str]) -> str:
    """Return whom of a group a line is about, where that is not all of it: a record, some of the children, or both, and of some of the
    children whose they are. known: whom the heading names.
    """
    everybody, these = (list(dict.fromkeys(map(_number, each))) for each in (group.items, items))
    children = f"{'child' if len(these) == 1 else 'children'} {_few(these)}" if len(these) < len(everybody) else ""
    whose = [plain(name) for name in _whose(items, telling) if name not in known] if group.is_of_several else []
    return ", ".join(filter(None, [children, _record(items[0]) if len(items) == 1 else "", *whose]))


def _line(items: Sequence[Item], telling: Telling, about: str = "") -> Line:
    item, section = items[0], section_of(items[0], telling.as_of)
    named = telling.title_of(item.rule)
    when = _when(item, section, telling.as_of)
    full = telling.roomy or section in (Section.critical, Section.to_look_at)
    what = f"{named.falls_due if when and named.falls_due else named.title}{f' ({about})' if about else ''}"
    return Line(
        level=level_word(item.level),
        what=f"{what}," if when and not named.falls_due else what,
        when=when,
        is_late=is_overdue(item.state, item.level, item.due, telling.as_of),
        tags=_tags(item),
        sentence=_sentence(items, telling) if full else "",
        aside=_aside(items, telling),
        refs=tuple(plain(one.ref, 20) for one in items),
    )


@dataclass(frozen=True, kw_only=True)
class ItemInWords:
    """One item in words, for whoever shows it by itself."""

    section: str
    level: str
    what: str
    #: The child or record, always with its number.
    about: str
    when: str
    tags: tuple[str, ...]
    sentence: str


def in_words(item: Item, telling: Telling, section: Section) -> ItemInWords:
    """Return one item in the words of its message. section: where in it that stands."""
    return ItemInWords(
        section=_TITLES[section],
        level=level_word(item.level),
        what=telling.title_of(item.rule).title,
        about=_heading(Group(items=(item,)))[0],
        when=_when(item, section_of(item, telling.as_of), telling.as_of),
        tags=_tags(item),
        sentence=_sentence((item,), telling),
    )


def _sentence(items: Sequence[Item], telling: Telling) -> str:
    """Return the rule's sentence about an item; of several, where it is the same of each.

    It says what the data shows; of what is on hold or improving that is no longer known to hold.
    """
    if items[0].state in (ItemState.held, ItemState.improving):
        return ""
    said = {telling.sentence_of(item) for item in items}
    return said.pop() if len(said) == 1 else ""


def _tags(item: Item) -> tuple[str, ...]:
    said = [_TAGS.get(item.state, ""), "In hand" if item.is_in_hand else "", "Not checked" if item.unchecked else ""]
    return tuple(filter(None, said))


def _when(item: Item, section: Section, as_of: date) -> str:
    """Return how late an item is, or by when it is due; empty where nothing is due, or that is not what matters now."""
    if item.due is None or section is Section.held or item.state in (ItemState.held, ItemState.improving):
        return ""
    in_hours = item.unit == "hours"
    when = until_when(item.due, as_of, item.working_days_to_due, in_hours=in_hours)
    return f"{when} ({day_of_year(item.due, as_of)})" if item.due < as_of and not in_hours else when


def _aside(items: Sequence[Item], telling: Telling) -> str:
    item, days = items[0], sorted({one.first_seen for one in items})
    since = [day_of_year(seen, telling.as_of) for seen in dict.fromkeys((days[0], days[-1]))]
    said = [
        f"listed since {' to '.join(since)}" if days[0] < telling.as_of else "",
        f"why you: {plain(item.why)}" if item.why and plain(item.why) != telling.whys.get(item.team_name) else "",
    ]
    aside = ", ".join(filter(None, said))
    notes = [plain(item.in_hand, 300), _NOTES.get(item.state, ""), _held(item) if item.state is ItemState.held else ""]
    notes += [_UNCHECKED] if item.unchecked else []
    return " ".join(filter(None, [f"{capital(aside)}." if aside else "", *notes]))


def _held(item: Item) -> str:
    """Return why an item is on hold, in words of practice: which table it was is for administrators."""
    if item.unread:
        return f"{capital(listed([plain(name) for name in item.unread]))} could not be read or believed this morning."
    reason = _HELD.get(item.held_reason, "") if item.held_reason else ""
    return f"{reason or 'What it needs could not be read or believed this morning'}."


# ---------------------------------------------------------------------- what is told a rule a line


def _rows(part: Part, telling: Telling, once: str) -> list[str]:
    """Return a line for each rule, with what has become of its items or why they wait, and the numbers."""
    grouped: defaultdict[tuple[str, str], list[Item]] = defaultdict(list)
    one_by_one = part.section not in OPEN and part.section is not Section.backlog
    for item in part.named or (item for group in part.groups for item in group.items if one_by_one):
        grouped[(item.rule, _became(item, part.section))].append(item)
    return [_row(items, became if became != once else "", part.section, telling) for (_, became), items in grouped.items()]


def _row(items: Sequence[Item], became: str, section: Section, telling: Telling) -> str:
    named = telling.title_of(items[0].rule)
    if len(items) == 1:
        heading, _ = _heading(Group(items=tuple(items)))
        about = f"{heading[:1].lower()}{heading[1:]}" if is_child(items[0]) else heading
    else:
        children = all(map(is_child, items))
        about = f"{'children' if children else _many(items[0])} {_few(list(dict.fromkeys(map(_number, items))), _LISTED)}".strip()
    asked = "" if section is Section.done else f" ({_few([plain(item.ref, 20) for item in items], _LISTED)})"
    return f"{named.falls_due or named.title}: {about}{asked}.{f' {became}' if became else ''}"


def _became(item: Item, section: Section) -> str:
    if section is Section.held:
        return _held(item)
    if item.state is ItemState.moved:
        return plain(item.in_hand, 300)
    if section not in (Section.done, Section.ended) or item.resolved_reason in (None, Reason.cleared):
        return ""
    return item.resolved_reason.sentence(_detail(item.resolved_reason, item.resolved_detail)) if item.resolved_reason else ""


def _detail(reason: Reason, detail: str | None) -> str:
    if reason is Reason.closed:
        detail = ClosingReason.choices().get(detail or "", detail)
    return plain(detail).rstrip(".") if detail else ""


def _earned(part: Part, telling: Telling) -> str:
    """Return praise for what was due, and is recorded now: what time alone has cleared earns none."""
    items = [*part.named, *(item for group in part.groups for item in group.items)]
    earned = [item for item in items if item.resolved_reason is Reason.cleared and telling.title_of(item.rule).falls_due]
    return telling.praise_of(len(earned)) if earned else ""


def _more(part: Part, telling: Telling) -> str:
    """Return what is counted and not named, by rule and by worker."""
    if not part.counted:
        return ""
    named = (telling.title_of(item.rule) for item in part.counted)
    rules = Counter(rule.falls_due or rule.title for rule in named)
    workers = Counter(plain(item.worker_name or "nobody allocated") for item in part.counted)
    begin = f"And {len(part.counted)} more, less urgent" if part.groups or part.named else "Counted by rule"
    by_rule = f"{begin}: {', '.join(f'{title} ({count})' for title, count in rules.most_common())}."
    if part.section is Section.backlog or len(workers) < 2:
        return by_rule
    return f"{by_rule} By worker: {', '.join(f'{name} ({count})' for name, count in workers.most_common(_NAMED))}."


# ---------------------------------------------------------------------- shared with the messages of counts


def left_out(content: DigestContent) -> str:
    """Return how many alerts a message leaves out, and why."""
    snoozed, silenced, covered, flapping = content.snoozed, content.silenced, content.covered, content.flapping
    said = [f"{plural(snoozed, 'more alert')} snoozed until a day that somebody set, and not listed here." if snoozed else ""]
    whose = f": {'; '.join(content.silences)}" if content.silences else ""
    said += [f"{plural(silenced, 'more alert')} silenced for a while, and not listed here{whose}." if silenced else ""]
    said += [f"{plural(covered, 'more alert')} covered by another alert about the same child or case." if covered else ""]
    said += [f"{plural(flapping, 'more alert')} coming and going, and told in the weekly summary only." if flapping else ""]
    return " ".join(filter(None, said))


def usual_whys(items: Iterable[Item]) -> dict[str, str]:
    """Return why the reader is told of most items of each team, by the team's name."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for item in items:
        if item.why:
            counts[item.team_name][plain(item.why)] += 1
    return {team: count.most_common(1)[0][0] for team, count in counts.items()}


def why_you(whys: Mapping[str, str]) -> str:
    """Return why the reader, once for all items of which nothing else is said; empty where that is not known."""
    teams: defaultdict[str, list[str]] = defaultdict(list)
    for team, why in whys.items():
        teams[why].append(plain(team))
    said = [why if len(teams) == 1 else f"{why} ({listed(sorted(names))})" for why, names in teams.items()]
    return f"Why you: {'; '.join(said)}, unless an item says otherwise." if said else ""


def teams_of(names: Iterable[str]) -> str:
    different = sorted({plain(name) for name in names if name})
    return different[0] if len(different) == 1 else f"{len(different)} teams" if different else "your teams"


def as_at(moment: datetime | None, as_of: date) -> str:
    """Return how old the data is: `Data as at 05:40 today.`, with the year where it is not that of `as_of`."""
    if moment is None:
        return "How old the data is, is not known."
    days = (as_of - moment.date()).days
    if days in (0, 1):
        return f"Data as at {moment:%H:%M} {'yesterday' if days else 'today'}."
    return f"Data as at {day_of_year(moment.date(), as_of)}, {moment:%H:%M}."


def level_word(level: Level | None) -> str:
    """Return a level as a word, "" where there is none."""
    return level.name.capitalize() if level else ""


def measured(item: Item) -> str:
    """Return the sentence that stands in where a rule's own words cannot be used. Title and due date stand beside it."""
    if item.measure is None or not item.unit:
        return ""
    one = item.unit.removesuffix("s") if item.unit.endswith("s") else item.unit
    return f"{number(in_unit(item.measure, item.unit))} {plain(one if item.measure == 1 else item.unit)}."

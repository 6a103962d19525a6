"""Items put in the order a reader needs them: sections, then one block a child or worker, the most serious first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from alerting.formatting import counted, day, in_unit, listed, number, plain, plural, until
from alerting.model import ClosingReason, Level, Reason
from alerting.notifications.content import CardLine, DigestContent, Item, ItemState

FULL = 50
"""How many items a message shows in full; the rest are counted by rule."""


class Section(StrEnum):
    """Where in a message an alert stands."""

    backlog = "backlog"
    new = "new"
    back = "back"
    worse = "worse"
    open = "open"
    cleared = "cleared"
    #: Over, for a reason that says nothing about what is recorded.
    ended = "ended"
    held = "held"
    moved = "moved"


_TITLES = {
    Section.backlog: "Open already when this service began",
    Section.new: "New",
    Section.back: "Back again",
    Section.worse: "Worse",
    Section.open: "Still open",
    Section.cleared: "Cleared since last time",
    Section.ended: "No longer asked for",
    Section.held: "On hold",
    Section.moved: "With somebody else now",
}
HOLDING = frozenset({Section.new, Section.back, Section.worse, Section.open})
"""The sections of what holds today, rather than what is over or not known."""

_TAGS = {
    ItemState.back: "It had been cleared, or was improving.",
    ItemState.improving: "Improving: the record shows it now. It closes when that lasts.",
    ItemState.worse: "More serious than before.",
    ItemState.reminder: "A reminder: nothing has changed.",
    ItemState.recorded: "Still open: the data loaded since then does not show it.",
}
_MEANS = {
    Section.held: "The data could not be trusted or did not say, so nothing was decided about these. They are not cleared.",
    Section.backlog: "These are no news: each is counted here once, and is in your list from the next message on.",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One item in words. Every field is plain text; empty where there is nothing to say."""

    level: str
    title: str
    #: The rule's own words about it.
    sentence: str
    due: str
    #: How far the due date is away.
    over: str
    since: str
    #: What has become of it, and who has it in hand.
    note: str
    #: Why this reader.
    why: str
    ref: str


@dataclass(frozen=True, kw_only=True)
class Block:
    """All lines of one section about one child, worker or service."""

    heading: str
    #: The worker, and the team where a message is about several.
    whose: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class ShownSection:
    """One section of a message."""

    title: str
    count: int
    #: What it means to stand in it, where that is not plain.
    says: str
    blocks: tuple[Block, ...]
    #: How many of which rules are not shown in full, as a sentence.
    more: str


def by_the_record(reason: Reason | None) -> bool:
    """Return whether the reason for which an alert ended, if it has, says something about its record."""
    return reason is None or reason.by_the_record


def section_of(item: Item) -> Section:
    """Return where in a message an item stands."""
    if item.state == ItemState.cleared and not by_the_record(item.resolved_reason):
        return Section.ended
    return Section(item.state.value) if item.state.value in Section.__members__ else Section.open


def sections(
    items: Sequence[Item], as_of: date, title_of: Callable[[str], str], sentence_of: Callable[[Item], str]
) -> list[ShownSection]:
    """Put items into sections, and the most serious `FULL` of them into words; what is no news is counted.

    sentence_of: asked only for items that are shown in full and still hold today.
    """
    backlog = [item for item in items if item.state == ItemState.backlog]
    ranked = sorted((item for item in items if item.state != ItemState.backlog), key=lambda item: (_place(item), _rank(item)))
    shown, rest = sorted(ranked[:FULL], key=_rank), [*backlog, *ranked[FULL:]]
    several_teams = len({item.team_name for item in items}) > 1
    found = []
    for section, title in _TITLES.items():
        mine = [item for item in shown if section_of(item) == section]
        more = Counter(title_of(item.rule) for item in rest if section_of(item) == section)
        blocks = [
            _block(group, as_of, title_of, sentence_of if section in HOLDING else _nothing, several_teams=several_teams)
            for group in _by_subject(mine)
        ]
        if mine or more:
            found.append(
                ShownSection(
                    title=title,
                    count=len(mine) + more.total(),
                    says=_MEANS.get(section, ""),
                    blocks=tuple(blocks),
                    more=_more(more, after_others=bool(mine)),
                )
            )
    return found


def _more(counts: Counter[str], *, after_others: bool) -> str:
    if not counts:
        return ""
    begin = f"And {counts.total()} more, less urgent" if after_others else "Counted by rule"
    return f"{begin}: {', '.join(f'{count} {title}' for title, count in counts.most_common())}."


_WORDS = {
    Section.backlog: "open already when this service began",
    Section.new: "new",
    Section.back: "back again",
    Section.worse: "worse",
    Section.open: "still open",
    Section.cleared: "cleared",
    Section.ended: "no longer asked for",
    Section.held: "on hold",
    Section.moved: "with somebody else now",
}
_OVER = (Section.cleared, Section.ended, Section.held, Section.moved)


def summary(items: Sequence[Item]) -> str:
    """Return in one sentence how many there are of what, and for whom; of nothing, what stands above it is all."""
    if not items:
        return "Nothing else is new today."
    count = Counter(map(section_of, items))
    active = counted((count[section], words) for section, words in _WORDS.items() if section not in _OVER)
    aside = counted((count[section], _WORDS[section]) for section in _OVER)
    return said(active, aside, teams_of(item.team_name for item in items), on_hold=count[Section.held] > 0)


def headline(items: Sequence[Item]) -> list[str]:
    """Return what there is for the subject line, the most important first: of what is over only where there is nothing else."""
    if not items:
        return ["not all could be checked"]
    count = Counter(map(section_of, items))
    critical = sum(item.level == Level.critical and section_of(item) in HOLDING for item in items)
    changed = ((count[section], _WORDS[section]) for section in (Section.new, Section.back, Section.worse))
    active = counted([(critical, "critical"), *changed, (count[Section.open] + count[Section.backlog], "open")])
    return active or counted((count[section], _WORDS[section]) for section in _OVER) or ["nothing new"]


def said(active: list[str], aside: list[str], whose: str, *, on_hold: bool = False) -> str:
    """Return `3 new and 2 still open for Assessment North; 1 cleared.` What is on hold is not known to be over."""
    nothing = "Nothing new" if on_hold else "Nothing new and nothing open"
    return "; ".join([f"{listed(active) or nothing} for {whose}", *aside]) + "."


def left_out(content: DigestContent) -> str:
    """Return how many alerts a message leaves out, and why."""
    snoozed, silenced, covered, flapping = content.snoozed, content.silenced, content.covered, content.flapping
    said = [f"{plural(snoozed, 'more alert')} snoozed until a day that somebody set, and not listed here." if snoozed else ""]
    whose = f": {'; '.join(content.silences)}" if content.silences else ""
    said += [f"{plural(silenced, 'more alert')} silenced for a while, and not listed here{whose}." if silenced else ""]
    said += [f"{plural(covered, 'more alert')} covered by another alert about the same child or case." if covered else ""]
    said += [f"{plural(flapping, 'more alert')} coming and going, and told in the weekly summary only." if flapping else ""]
    return " ".join(filter(None, said))


def teams_of(names: Iterable[str]) -> str:
    different = sorted({plain(name) for name in names if name})
    return different[0] if len(different) == 1 else f"{len(different)} teams" if different else "your teams"


def counts_by_rule(items: Iterable[Item]) -> list[CardLine]:
    """Return items as the lines of a channel: per rule its worst level and how many are new, open, cleared and on hold."""
    grouped: defaultdict[str, list[Item]] = defaultdict(list)
    for item in items:
        if section_of(item) not in (Section.ended, Section.moved):
            grouped[item.rule].append(item)
    return [_counts(rule, mine) for rule, mine in grouped.items()]


def _counts(rule: str, items: Iterable[Item]) -> CardLine:
    count = Counter(map(section_of, items))
    return CardLine(
        rule=rule,
        level=max(item.level for item in items),
        new=count[Section.new],
        open=count[Section.open] + count[Section.back] + count[Section.worse] + count[Section.backlog],
        cleared=count[Section.cleared],
        held=count[Section.held],
    )


def level_word(level: Level | None) -> str:
    """Return a level as a word, "" where there is none."""
    return level.name.capitalize() if level else ""


def _place(item: Item) -> int:
    """Return an item's claim to a place in full: what is critical, the news, what is still open, then what is over."""
    section = section_of(item)
    if section not in HOLDING:
        return 4
    return 1 if item.level == Level.critical else 2 if section != Section.open else 3


def _rank(item: Item) -> tuple[int, date, date, str, str]:
    return (-item.level, item.due or date.max, item.first_seen, item.rule, item.subject)


def _by_subject(items: Sequence[Item]) -> list[list[Item]]:
    """Group ranked items by whom they are about; groups and their items keep the order of rank."""
    groups: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        groups.setdefault((item.called or _family(item.subject_kind), item.subject), []).append(item)
    return list(groups.values())


def _family(kind: str) -> str:
    """Return what a subject's id is an id of: a child in care and a child on a plan are numbered alike, an assessment is not."""
    words = set(kind.split("_"))
    if "worker" in words:
        return "worker"
    return "person" if words & {"child", "children", "person", "leaver", "young", "case"} else kind


def _block(
    group: Sequence[Item],
    as_of: date,
    title_of: Callable[[str], str],
    sentence_of: Callable[[Item], str],
    *,
    several_teams: bool,
) -> Block:
    heading = _heading(group)
    whose = sorted({item.worker_name for item in group if item.worker_name})
    teams = sorted({item.team_name for item in group if item.team_name}) if several_teams else []
    return Block(
        heading=heading,
        # Whoever the heading names already is not named again.
        whose=", ".join(name for name in map(plain, [*whose, *teams]) if not heading.endswith(name)),
        lines=tuple(_line(item, as_of, title_of(item.rule), sentence_of(item)) for item in group),
    )


def _heading(group: Sequence[Item]) -> str:
    first = group[0]
    if first.called:
        return plain(first.called)
    if _family(first.subject_kind) == "worker" and first.worker_name:
        return plain(first.worker_name)
    kinds = {item.subject_kind for item in group}
    kind = first.subject_kind.replace("_", " ") if len(kinds) == 1 else "child or young person"
    return plain(f"{kind[:1].upper()}{kind[1:]} {first.subject}")


def _line(item: Item, as_of: date, title: str, sentence: str) -> Line:
    holds = section_of(item) in HOLDING
    dates_matter = item.state != ItemState.cleared
    return Line(
        level=level_word(item.level) if dates_matter else "",
        title=title,
        sentence=sentence,
        due=f"Due {day(item.due)}" if item.due and dates_matter else "",
        over=until(item.due, as_of) if item.due and dates_matter else "",
        since=_since(item, as_of),
        note=" ".join(filter(None, [plain(item.in_hand, 300), _TAGS.get(item.state, "") if holds else _reason(item)])),
        why=plain(item.why) if holds else "",
        ref=plain(item.ref, 20),
    )


def _since(item: Item, as_of: date) -> str:
    days = (as_of - item.first_seen).days
    if days <= 0:
        return "Since today"
    return f"Since {day(item.first_seen)} ({plural(days, 'day')})"


def _reason(item: Item) -> str:
    # Told in the words of whoever decided it, table names and all, so it is not made the start of a sentence.
    if item.state == ItemState.cleared:
        return item.resolved_reason.sentence(_detail(item.resolved_reason, item.resolved_detail)) if item.resolved_reason else ""
    return f"On hold: {plain(item.held_reason.say(item.held_detail)).rstrip('.')}." if item.held_reason else ""


def _detail(reason: Reason, detail: str | None) -> str:
    if reason is Reason.closed:
        detail = ClosingReason.choices().get(detail or "", detail)
    return plain(detail).rstrip(".") if detail else ""


def _nothing(_: Item) -> str:
    return ""


def measured(item: Item) -> str:
    """Return the sentence that stands in where a rule's own words cannot be used. Title and due date stand beside it."""
    if item.measure is None or not item.unit:
        return ""
    one = item.unit.removesuffix("s") if item.unit.endswith("s") else item.unit
    return f"{number(in_unit(item.measure, item.unit))} {plain(one if item.measure == 1 else item.unit)}."

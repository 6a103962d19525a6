"""A channel's card, and the list of a reader who is shown counts alone: a row a rule, and nothing of any one child."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from alerting.formatting import plain, plural
from alerting.model import Level
from alerting.notifications.content import CardContent, CardLine, DigestContent
from alerting.notifications.messages.digest import as_at
from alerting.notifications.messages.headline import words_of_counts
from alerting.notifications.messages.summary import View
from alerting.notifications.triage import Section, Standing, count_rule, section_of, whom, worst_of

COLUMNS = ("Rule", "Now", "Overdue")


@dataclass(frozen=True, kw_only=True)
class CountsRow:
    """One rule's counts, in words: nought is left blank."""

    title: str
    #: Such as `5 red · 3 amber`, and what is on hold or done.
    now: str
    overdue: str

    def as_cells(self) -> tuple[str, ...]:
        """Return the row as a card shows it."""
        return (self.title, self.now, self.overdue)


@dataclass(frozen=True, kw_only=True)
class CountsView(View):
    """A channel's rules, the most serious first."""

    #: For the subject line and the head of a card: what there is, the worst first.
    told: str
    data_as_at: str
    #: How many are on hold, and how many are in no row, in sentences.
    aside: str
    rows: tuple[CountsRow, ...]


def view_card(content: CardContent, as_of: date, title_of: Callable[[str], str]) -> CountsView:
    """Return a channel's card in words."""
    counts = content.counts
    if counts is None:  # as an earlier version planned it
        lines = content.lines
        counts = {"to_look_at": sum(line.new + line.open for line in lines), "held": sum(line.held for line in lines)}
        counts["done"] = sum(line.cleared for line in lines)
    by_section = {Section(name): count for name, count in counts.items()}
    return _view(content.lines, by_section, content.data_as_at, as_of, title_of)


def view_digest(content: DigestContent, as_of: date, title_of: Callable[[str], str]) -> CountsView:
    """Return a person's list as counts, for a receiver that may be shown no more."""
    items = [item for item in content.items if section_of(item, as_of) not in (Section.ended, Section.moved)]
    by_rule: defaultdict[str, list[Standing]] = defaultdict(list)
    for item in items:
        by_rule[item.rule].append((item.state, item.level, item.due))
    counts = worst_of((whom(item), section_of(item, as_of)) for item in content.items)
    lines = [count_rule(rule, mine, as_of) for rule, mine in by_rule.items()]
    view, over = _view(lines, counts, content.data_as_at, as_of, title_of), len(content.items) - len(items)
    if not over:
        return view
    gone = f"{plural(over, 'alert')} with somebody else now, or no longer checked: in no row."
    return replace(view, aside=" ".join(filter(None, [view.aside, gone])))


def _view(
    lines: Iterable[CardLine],
    counts: Mapping[Section, int],
    data_as_at: datetime | None,
    as_of: date,
    title_of: Callable[[str], str],
) -> CountsView:
    ranked = sorted(
        lines, key=lambda line: (-(line.level or 0), *(-line.levels.get(name, 0) for name in _WORST_FIRST), line.rule)
    )
    held, new = sum(line.held for line in ranked), sum(line.new for line in ranked)
    told = words_of_counts(counts)
    return CountsView(
        told=told,
        summary=f"{told}{f'; {new} new' if new else ''}.",
        data_as_at=as_at(data_as_at, as_of),
        aside=f"{plural(held, 'alert')} on hold: the data could not be believed or did not say." if held else "",
        rows=tuple(_row(line, title_of) for line in ranked),
    )


_WORST_FIRST = tuple(level.name for level in sorted(Level, reverse=True))


def _row(line: CardLine, title_of: Callable[[str], str]) -> CountsRow:
    levels = line.levels or ({line.level.name: line.new + line.open} if line.level else {})
    now = [f"{count} {name}" for name, count in levels.items() if count]
    now += [f"{count} {word}" for count, word in ((line.held, "on hold"), (line.cleared, "done")) if count]
    return CountsRow(
        title=plain(line.title) if line.title else title_of(line.rule),
        now=" · ".join(now),
        overdue=str(line.overdue) if line.overdue else "",
    )

"""The subject line and the first line of a list: the worst first, in words, and nothing by which anybody is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from alerting.formatting import counted, plural
from alerting.notifications.content import AllClear, ItemState
from alerting.notifications.messages.digest import RuleTitle
from alerting.notifications.triage import Part, Section, section_of, whom

WORDS = {
    Section.critical: "critical",
    Section.overdue: "overdue",
    Section.due_soon: "due soon",
    Section.to_look_at: "to look at",
    Section.due_later: "due later",
    Section.held: "on hold",
    Section.backlog: "open already when this service began",
    Section.done: "done",
    Section.ended: "no longer checked",
    Section.moved: "with somebody else now",
}
"""What each section is called, in a line and on a page."""

QUIET_FOOT = "A quiet week is told once a week at most. What comes up is told on the day."
_AS_FAR = ", as far as could be checked"
_OVER = (Section.done, Section.ended, Section.moved)


def subject_line(parts: Iterable[Part], *, all_clear: bool = False, warned: bool = False) -> str:
    """Return what there is for the subject line, the worst first. warned: as `first_line` has it."""
    if all_clear:
        return f"nothing open{_AS_FAR if warned else ''}"
    return words_of_counts({part.section: part.subjects for part in parts}) or "not all could be checked"


def words_of_counts(counts: Mapping[Section, int]) -> str:
    """Return `2 critical, 5 overdue`: of what is over only where there is nothing else."""
    active = counted((counts.get(section, 0), words) for section, words in WORDS.items() if section not in _OVER)
    return ", ".join(active or counted((counts.get(section, 0), WORDS[section]) for section in _OVER))


def _all_clear_line(looked: AllClear, *, warned: bool) -> str:
    """Return that nothing is open, and of how much that is known."""
    sentences = [
        f"Nothing of yours is open or due{_AS_FAR if warned else ''}.",
        f"{plural(looked.cases, 'case')} {'was' if looked.cases == 1 else 'were'} looked at under {plural(looked.rules, 'rule')}.",
    ]
    if looked.not_known:
        sentences.append(f"Of {looked.not_known} not all could be said, as something that a rule needs is not recorded.")
    return " ".join(sentences)


def first_line(
    parts: Sequence[Part],
    as_of: date,
    title_of: Callable[[str], RuleTitle],
    *,
    warned: bool = False,
    all_clear: AllClear | None = None,
) -> str:
    """Return in words what is worst, then what there is of the rest. No name and no number of anybody.

    warned: whether the message says at its head what could not be found out today. all_clear: at how much was looked of whom nothing is open.
    """
    if all_clear:
        return _all_clear_line(all_clear, warned=warned)
    if not parts:
        return "Not all could be checked today." if warned else "Nothing else is new today."
    count = {part.section: part.subjects for part in parts}
    due = {
        section: count.get(section, 0) for section in (Section.overdue, Section.due_soon, Section.to_look_at, Section.due_later)
    }
    words = {**WORDS, Section.due_soon: "due within a week"}
    said = [*counted((due[section], words[section]) for section in due)]
    said += counted((count.get(section, 0), words[section]) for section in (Section.held, Section.backlog, *_OVER[1:]))
    said += [f"{count[Section.done]} done since last time"] if Section.done in count else []
    critical = [part for part in parts if part.section is Section.critical]
    sentences = [_critically(part, as_of, title_of) for part in critical]
    fresh = sum(item.state is ItemState.new for part in parts for item in part.all_items)
    sentences += [f"{', '.join(said)}{f'; {fresh} new' if fresh else ''}."] if said else []
    return " ".join(sentences)


def _critically(part: Part, as_of: date, title_of: Callable[[str], RuleTitle]) -> str:
    """Return what is critical in words, a clause a rule, and what of it is on hold."""
    items = [item for item in part.all_items if section_of(item, as_of) is Section.critical]
    known: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for item in items:
        if item.state is not ItemState.held:
            known[item.rule].add(whom(item))
    clauses = [_clause(len(who), title_of(rule)) for rule, who in known.items()]
    held = len({whom(item) for item in items if item.state is ItemState.held})
    clauses += [f"{held} critical {'is' if held == 1 else 'are'} on hold"] if held else []
    return f"{'; '.join(clauses)}."


def _clause(count: int, rule: RuleTitle) -> str:
    words = rule.one if count == 1 else rule.many
    return f"{count} {words}" if words else f"{count} critical: {rule.title}"

"""What came of a scenario's day beside what was expected: the differences, in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from alerting.authoring.scenarios.file_models import STATES, About, Expected, ExpectedAlert, ExpectedMessage
from alerting.documents.document import Document, KeyPath
from alerting.errors import Place
from alerting.formatting import number
from alerting.model import Alert, Condition

_Wanted = TypeVar("_Wanted")
_Given = TypeVar("_Given")
_NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class SentMessage:
    """A message that a receiver was given."""

    to: str
    through: str
    #: Rule code and subject of each item, by the state it is told in.
    items: Mapping[str, frozenset[About]]
    #: Its subject line and its text.
    text: str


@dataclass(frozen=True, kw_only=True)
class DayResult:
    """What came of a day."""

    #: Those that are open, and those that were resolved on the day.
    alerts: Sequence[Alert]
    messages: Sequence[SentMessage]
    #: The titles of what the performance team was told.
    notices: Sequence[str]
    #: What should never be.
    faults: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """One thing that is not as expected."""

    as_of: date
    about: str
    expected: str
    came: str
    #: Where the expectation stands; or the day, where nothing was expected.
    where: Place


def compare(
    expected: Expected, came: DayResult, as_of: date, codes: Mapping[str, str], document: Document, at: KeyPath
) -> list[Mismatch]:
    """Return what is not as expected. `codes` are the rules' codes by id, `at` is where the expectation stands in the document."""
    comparison = _Comparison(as_of, codes, document, at)
    found: list[Mismatch] = []
    if expected.alerts is not None:
        found += comparison.alerts(expected.alerts, came.alerts, some=expected.some)
    if expected.messages is not None or expected.nobody:
        found += comparison.messages(expected.messages or (), came.messages, some=expected.some)
    if expected.notices is not None:
        found += comparison.notices(expected.notices, came.notices, some=expected.some)
    return found


class _Comparison:
    """One day's expectation against what came."""

    def __init__(self, as_of: date, codes: Mapping[str, str], document: Document, at: KeyPath) -> None:
        self._as_of, self._codes, self._document, self._at = as_of, codes, document, at

    def alerts(self, wanted: Sequence[ExpectedAlert], given: Sequence[Alert], *, some: bool) -> Iterator[Mismatch]:
        def about(alert: Alert) -> str:
            return f"{self._codes.get(alert.rule, alert.rule)} {alert.subject}"

        def same(expected: ExpectedAlert, alert: Alert) -> bool:
            return expected.subject == alert.subject and expected.rule in (alert.rule, self._codes.get(alert.rule))

        pairs, more = _paired(wanted, given, same, lambda one, alert: not _list_mismatches(one, alert))
        for index, (expected, alert) in enumerate(pairs):
            title = f"alert {expected.rule} {expected.subject}"
            if alert is None:
                yield self._difference(title, _describe_expected(expected) or "an alert", "no alert", "alerts", index)
            elif unlike := _list_mismatches(expected, alert):
                told = (
                    ", ".join(f"{name} {wish}" for name, wish, _ in unlike),
                    ", ".join(f"{name} {fact}" for name, _, fact in unlike),
                )
                yield self._difference(title, *told, "alerts", index)
        if not some:
            for alert in more:
                yield self._difference(f"alert {about(alert)}", "no alert", _told(alert), "alerts")

    def messages(self, wanted: Sequence[ExpectedMessage], given: Sequence[SentMessage], *, some: bool) -> Iterator[Mismatch]:
        def same(expected: ExpectedMessage, sent: SentMessage) -> bool:
            return (expected.to, expected.through) == (sent.to, sent.through)

        pairs, more = _paired(wanted, given, same, lambda one, sent: not self._unlike(one, sent))
        for index, (expected, sent) in enumerate(pairs):
            title = f"message to {expected.to} through {expected.through}"
            if sent is None:
                yield self._difference(
                    title, self._listed(self._wanted(expected)) or "a message", "no message", "messages", index
                )
            else:
                for wish, fact in self._unlike(expected, sent):
                    yield self._difference(title, wish, fact, "messages", index)
        if not some:
            for sent in more:
                came = self._listed(sent.items) or sent.text.partition("\n")[0]
                yield self._difference(f"message to {sent.to} through {sent.through}", "no message", came, "messages")

    def notices(self, wanted: Sequence[str], given: Sequence[str], *, some: bool) -> Iterator[Mismatch]:
        pairs, more = _paired(wanted, given, lambda words, title: _holds(title, words), lambda *_: True)
        for index, (words, title) in enumerate(pairs):
            if title is None:
                yield self._difference("notice to the performance team", words, _NOTHING, "notices", index)
        if not some:
            for title in more:
                yield self._difference("notice to the performance team", _NOTHING, title, "notices")

    def _wanted(self, expected: ExpectedMessage) -> Mapping[str, frozenset[About]] | None:
        """Return what must stand in a message, each rule by its code."""
        codes = dict(self._codes)
        lists = expected.lists()
        return (
            None
            if lists is None
            else {
                state: frozenset((codes.get(rule, rule), subject) for rule, subject in listed) for state, listed in lists.items()
            }
        )

    def _unlike(self, expected: ExpectedMessage, sent: SentMessage) -> list[tuple[str, str]]:
        wanted, found = self._wanted(expected), []
        if wanted is not None and any(wanted[state] != sent.items.get(state, frozenset()) for state in STATES):
            found.append((self._listed(wanted) or "nothing in it", self._listed(sent.items) or "nothing in it"))
        found += [(f"the words '{words}'", "a text without them") for words in expected.words if not _holds(sent.text, words)]
        found += [(f"nothing of '{words}'", "a text that says it") for words in expected.without if _holds(sent.text, words)]
        return found

    def _listed(self, items: Mapping[str, Iterable[About]] | None) -> str:
        told = [
            f"{state}: {', '.join(' '.join(about) for about in sorted(items[state]))}"
            for state in STATES
            if items and items.get(state)
        ]
        return "; ".join(told)

    def _difference(self, about: str, expected: str, came: str, part: str, index: int | None = None) -> Mismatch:
        where = self._document.place((*self._at, part, *(() if index is None else (index,))))
        return Mismatch(as_of=self._as_of, about=about, expected=expected, came=came, where=where)


def _paired(
    wanted: Sequence[_Wanted],
    given: Sequence[_Given],
    same: Callable[[_Wanted, _Given], bool],
    fits: Callable[[_Wanted, _Given], bool],
) -> tuple[list[tuple[_Wanted, _Given | None]], list[_Given]]:
    """Return each thing wanted with what came under its name, best fits first; and what came besides."""
    left = list(given)
    chosen: dict[int, _Given] = {}
    for wholly in (True, False):
        for index, wish in enumerate(wanted):
            found = next((one for one in left if same(wish, one) and (not wholly or fits(wish, one))), None)
            if index not in chosen and found is not None:
                chosen[index] = found
                left = [one for one in left if one is not found]
    return [(wish, chosen.get(index)) for index, wish in enumerate(wanted)], left


def _list_mismatches(expected: ExpectedAlert, alert: Alert) -> list[tuple[str, str, str]]:
    """Return each thing about an alert that is not as expected: what, as expected, as it came."""
    found: list[tuple[str, str, str]] = []
    facts: list[tuple[str, object, object]] = [
        ("condition", expected.condition, alert.condition.value),
        ("level", expected.level, alert.level.name),
        ("measure", expected.measure, alert.measure),
        ("due", expected.due, alert.due),
        ("episode", expected.episode, alert.episode),
        ("team", expected.team, alert.team),
    ]
    found += [(name, _plain(wish), _plain(fact)) for name, wish, fact in facts if wish is not None and wish != fact]
    reasons = (("held", expected.held, alert.why_held), ("resolved", expected.resolved, alert.why_resolved))
    found += [
        (name, f"because '{wish}'", f"because '{reason}'" if reason else "is not so")
        for name, wish, reason in reasons
        if wish is not None and not _holds(reason or "", wish)
    ]
    return found


def _describe_expected(expected: ExpectedAlert) -> str:
    facts = {name: getattr(expected, name) for name in ("condition", "level", "measure", "due", "held", "resolved")}
    return ", ".join(f"{name} {_plain(value)}" for name, value in facts.items() if value is not None)


def _told(alert: Alert) -> str:
    ended = f" ({alert.why_resolved})" if alert.condition == Condition.resolved else ""
    held = f" ({alert.why_held})" if alert.condition == Condition.held else ""
    measure = f", measure {_plain(alert.measure)}" if alert.measure is not None else ""
    return f"{alert.condition.value}{ended}{held}, level {alert.level.name}{measure}"


def _plain(value: object) -> str:
    if isinstance(value, float):
        return number(value)
    return _NOTHING if value is None else str(value)


def _holds(text: str, words: str) -> bool:
    """Return whether a text has these words, however its lines are broken."""
    return " ".join(words.split()).lower() in " ".join(text.split()).lower()

"""Notification -> Message.

Two kinds of template, kept apart. The files of `templates/` lay a message out and are ours (`layouts`). A rule's `says` and `clears`
are the council's: they may print, choose, compare and filter, and nothing else; what comes of them is one line of plain
text, escaped like any other value where it meets HTML. Case data is only ever a value, never part of a template.

What a rule's words may name is decided here by tier: a fact above the receiver's ceiling is not handed to them at all.
Where words cannot be used, the item is shown without them (title, measure, due date, days over) and the reason returned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from jinja2 import UndefinedError

from alerting.formatting import capital, dated, in_unit, listed, plain
from alerting.model import Attachment, Card, Message, Problem, Tier
from alerting.notifications.content import (
    CardContent,
    CheckContent,
    DigestContent,
    Item,
    ItemState,
    NoticeContent,
    Notification,
    QualityContent,
    SendTestContent,
    WeeklyContent,
)
from alerting.notifications.messages import attached_list, counts, digest, headline, layouts, summary, team_card, week
from alerting.notifications.messages.counts import CountsView
from alerting.notifications.messages.digest import RuleTitle, ShownSection
from alerting.notifications.messages.own_words import NotUsedError, OwnWords, Voice
from alerting.notifications.messages.sentences import (
    LONGEST,
    NoValueError,
    Sentence,
    WordsFault,
    WordsFaultKind,
    nearest,
    sentence_of,
)
from alerting.notifications.messages.summary import View
from alerting.notifications.team_card import cards_of
from alerting.notifications.triage import OPEN, Part, triage

ITEM_NAMES = frozenset({"measure", "unit", "due", "level", "as_of"})
"""What a rule's words may name besides its params and its facts."""

_WAYS = 3

_NAMES = {"daily": "Practice alerts", "weekly": "Practice alerts, weekly", "monthly": "Practice alerts, monthly"}
_PURPOSES = {"daily": "", "weekly": ", weekly list", "monthly": ", monthly list"}
_BASES = {"statutory": "Statutory", "guidance": "Statutory guidance", "local": "Local standard"}

_FOOT = (
    "An item clears by itself after the next load once the record shows what is needed. This message is a prompt, not the case "
    "record: type decisions and reasons into the case system. If an item is wrong or not yours, "
)


@dataclass(frozen=True, kw_only=True)
class RuleWords:
    """What a message says of one rule."""

    id: str
    code: str
    title: str
    says: str
    clears: str
    basis_kind: str
    basis_text: str
    basis_source: str
    params: Mapping[str, object]
    #: Of each fact that its words may name; a fact that is not there is `detail`.
    tiers: Mapping[str, Tier]
    #: What falls due, such as `Protection visit`; empty where its title says it.
    falls_due: str = ""
    #: What is critical, after its count in a first line: of one, and of many.
    one: str = ""
    many: str = ""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A message, and what went wrong with the words of rules on the way."""

    message: Message
    #: For administrators.
    problems: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class AboutRule:
    """What a message says once of a rule whose alerts it lists: what clears it, and why it is asked."""

    code: str
    title: str
    clears: str
    basis_kind: str
    basis: str


@dataclass(frozen=True, kw_only=True)
class DigestView(View):
    """A person's list, in words."""

    sections: tuple[ShownSection, ...]
    cards: tuple[team_card.ShownCard, ...]
    about: tuple[AboutRule, ...]
    data_as_at: str
    foot: str
    covering: str
    #: How many alerts are left out, and why, in sentences.
    hidden: str
    #: What is attached, in a sentence.
    attached: str


@dataclass(frozen=True, kw_only=True)
class _Page:
    """What becomes of a notification before it is laid out."""

    template: str
    title: str
    subject: str
    view: View
    #: For a channel only.
    card: Card | None = None
    attachments: tuple[Attachment, ...] = ()


class Words:
    """The words of one council: its rules', and the messages' own."""

    def __init__(
        self,
        rules: Mapping[str, RuleWords],
        *,
        council: str,
        page_url: str | None = None,
        stamp: str | None = None,
        ask: str | None = None,
        case_link: str | None = None,
        attach_lists: bool = True,
        own: OwnWords | None = None,
    ) -> None:
        """Stamp: marks every message of an installation that is not the live one, such as `TEST SYSTEM`.

        ask: the address to which the reference of an item is sent by whoever finds it wrong, where there is no page. case_link: the
        address of a child's record in the case system, with `{child}` for its number. attach_lists: whether a list that is too long for
        its message goes with it as a file, where there is no page. own: the parts that the council words itself.
        """
        self._rules = rules
        self._titles = {
            id_: RuleTitle(title=plain(rule.title), falls_due=plain(rule.falls_due), one=plain(rule.one), many=plain(rule.many))
            for id_, rule in rules.items()
        }
        self._council = plain(council)
        self._page_url = page_url
        self._ask, self._case_link = ask, case_link
        self._attaches = attach_lists and not page_url
        self._stamp = plain(stamp) if stamp else None
        self._own = own or OwnWords()

    def render(
        self,
        notification: Notification,
        *,
        ceiling: Tier,
        message_id: str,
        planned_at: datetime,
        repeated: bool = False,
        channel: str | None = None,
    ) -> Rendered:
        """Put a notification into words for a receiver that may be shown facts up to `ceiling`.

        repeated: an earlier attempt may have arrived, and the message says so. A rule's words never raise.
        """
        problems: Counter[Problem] = Counter()
        voice = self._voice(notification, problems)
        page = self._page(notification, ceiling, problems, voice)
        banners = [plain(banner, LONGEST) for banner in notification.content.heads]
        values = {
            **vars(page.view),
            "title": " ".join(voice.say("title")) or page.title,
            "opening": voice.say("head"),
            "closing": voice.say("foot"),
            "council": self._council,
            "as_of": notification.as_of,
            "banners": banners,
            "page_url": self._page_url,
            "items_at": f"{self._page_url.rstrip('/')}/a/" if self._page_url else None,
            "ask": self._ask,
            "case_link": self._case_link,
            "stamp": self._stamp,
            "repeated": repeated,
        }
        message = Message(
            key=notification.key,
            purpose=notification.purpose,
            to_name=plain(notification.name),
            to_address=notification.address,
            subject=f"[{self._stamp}] {page.subject}" if self._stamp else page.subject,
            text=layouts.lay_out(f"{page.template}.txt", **values).strip() + "\n",
            html=layouts.inline(layouts.lay_out(f"{page.template}.html", **values)),
            message_id=message_id,
            date=planned_at,
            channel=channel,
            card=_noting(page.card, banners) if channel is not None and page.card else None,
            repeated=repeated,
            attachments=page.attachments,
        )
        return Rendered(message=message, problems=tuple(_told(problem, count) for problem, count in problems.items()))

    def _voice(self, notification: Notification, problems: Counter[Problem]) -> Voice:
        """Return how the parts of a message are said that a council may word: those of people's lists and summaries."""
        is_own = isinstance(notification.content, DigestContent | WeeklyContent) and not notification.is_for_channel
        own = self._own if is_own else OwnWords()
        problems.update(own.problems())
        values = self._values_of_own_words(notification.purpose, notification.as_of, plain(notification.name))
        return Voice(own=own, values=values, note=lambda problem: problems.update([problem]))

    def _values_of_own_words(self, purpose: str, as_of: date, name: str) -> dict[str, object]:
        at_hand = {"council": self._council, "ask": self._ask, "page": self._page_url}
        return {**at_hand, "purpose": purpose, "as_of": as_of, "name": name}

    def try_own_words(self, as_of: date) -> dict[str, str]:
        """Return why a part that the council words cannot be said in a message, by the part: for `check`."""
        failing: dict[str, str] = {}
        for part in self._own.parts:
            for purpose in _NAMES:
                try:
                    self._own.say(part, {**self._values_of_own_words(purpose, as_of, "Sam Okoro"), "count": 2})
                except NotUsedError as error:
                    failing[part] = str(error)
        return failing

    def say(self, item: Item, as_of: date, ceiling: Tier) -> tuple[str, AboutRule | None]:
        """Return what a message says of one alert, and of its rule: for a page that shows it. Without words of its own it says what is measured."""
        problems: Counter[Problem] = Counter()
        about = self._about([item], as_of, ceiling, problems)
        return self._says(item, as_of, ceiling, problems), next(iter(about), None)

    def problems(self, rule: RuleWords, ceiling: Tier) -> list[WordsFault]:
        """Return what is wrong with a rule's words for a receiver of this ceiling: for `check`.

        A receiver of counts is shown no rule's words, so nothing is above its ceiling.
        """
        return [
            replace(fault, part=part)
            for part, source in (("says", rule.says), ("clears", rule.clears))
            for fault in _words_faults(sentence_of(source), rule, ceiling)
        ]

    # ------------------------------------------------------------------ what each purpose shows

    def _page(self, notification: Notification, ceiling: Tier, problems: Counter[Problem], voice: Voice) -> _Page:
        match notification.content:
            case CardContent() as content:
                return self._counts(
                    notification, counts.view_card(content, notification.as_of, self._title), plain(content.team_name)
                )
            case DigestContent() as content if ceiling < Tier.reference:
                whose = digest.teams_of(item.team_name for item in content.items)
                return self._counts(notification, counts.view_digest(content, notification.as_of, self._title), whose)
            case DigestContent() as content:
                return self._items(notification, content, ceiling, problems, voice)
            case WeeklyContent() as content:
                return self._week(content)
            case NoticeContent() as content:
                notices, title = summary.view_notices(content), "Practice alerts service"
                card, subject = self._card(title, notices.summary), f"{title}: {notices.told}"
                return _Page(template="notices", title=title, subject=subject, view=notices, card=card)
            case QualityContent() as content:
                return self._quality(content)
            case CheckContent() as content:
                asks = summary.ask_whether_seen(content)
                return self._sentence("Practice alerts: are these cards seen?", asks, "Are these cards seen?")
            case SendTestContent(receiver=receiver):
                says = f"This is a test message of the receiver {plain(receiver)}. It arrived, so the receiver works."
                return self._sentence("Practice alerts: a test message", says, "Practice alerts: a test message")

    def _sentence(self, title: str, says: str, title_of_card: str) -> _Page:
        return _Page(template="test", title=title, subject=title, view=View(summary=says), card=self._card(title_of_card, says))

    def _quality(self, content: QualityContent) -> _Page:
        view = summary.view_quality(content)
        return _Page(
            template="quality",
            title="Practice alerts: how the rules serve",
            subject=f"Practice alerts rules, weekly: {view.told}",
            view=view,
            card=self._card("Practice alerts rules", view.summary),
        )

    def _week(self, content: WeeklyContent) -> _Page:
        view = week.view_week(content, self._title)
        subject = f"Practice alerts weekly summary, week ending {content.week_ending.day} {content.week_ending:%B}"
        says, rows = week.card_of_week(content, self._title)
        whose = f": {plain(content.teams[0].team_name)}" if len(content.teams) == 1 else ""
        footer = "Counts only: each manager gets the summary by mail."
        card = self._card(f"The week in practice alerts{whose}", says, ("Rule", "Open", "New"), rows, footer=footer)
        return _Page(template="weekly", title="Practice alerts: the week", subject=subject, view=view, card=card)

    def _items(
        self, notification: Notification, content: DigestContent, ceiling: Tier, problems: Counter[Problem], voice: Voice
    ) -> _Page:
        as_of, items, teams = notification.as_of, content.items, {item.team_name for item in content.items}
        parts = triage(items, as_of, budget=content.budget)
        telling = digest.Telling(
            as_of=as_of,
            title_of=self._called,
            sentence_of=lambda item: self._says(item, as_of, ceiling, problems),
            praise_of=lambda count: " ".join(voice.say("praise", count=count)),
            whys=digest.usual_whys(items),
            reader=plain(notification.name),
            several_teams=len(teams) > 1,
            roomy=sum(part.items for part in parts if part.section in OPEN) <= digest.ROOMY,
        )
        attached = attached_list.attach(parts, telling) if self._attaches else None
        clear, warned = content.all_clear, bool(content.banners)
        view = DigestView(
            summary=headline.first_line(parts, as_of, self._called, warned=warned, all_clear=clear),
            sections=tuple(digest.sections(parts, telling)),
            about=self._about(_shown(parts), as_of, ceiling, problems),
            data_as_at=digest.as_at(content.data_as_at, as_of),
            foot=headline.QUIET_FOOT if clear else self._foot(digest.why_you(telling.whys)),
            cards=team_card.view_team_cards(cards_of(content.cards, ((item.subject_kind, item.subject) for item in items))),
            covering=listed([plain(who) for who in content.covering]),
            hidden=digest.left_out(content),
            attached=attached.said if attached else "",
        )
        whose = f"{'Your cases' if clear else capital(digest.teams_of(teams))}{_PURPOSES[notification.purpose]}"
        return _Page(
            template="daily",
            title=_NAMES[notification.purpose],
            subject=f"{whose}: {headline.subject_line(parts, all_clear=clear is not None, warned=warned)}",
            view=view,
            attachments=(attached.file,) if attached else (),
        )

    def _foot(self, why: str) -> str:
        """Return what is said once of all items: why the reader, what a message is and is not, and the one way to act."""
        told = f"{why} " if why else ""
        if self._page_url:
            return f"{told}{_FOOT}its reference (A-...) leads to its page."
        to = f": {self._ask}" if self._ask else ""
        return f"{told}{_FOOT}send its reference (A-...) to the performance team{to}."

    def _counts(self, notification: Notification, view: CountsView, whose: str) -> _Page:
        footer = " ".join(filter(None, [view.data_as_at, view.aside, "Counts only: each manager gets the list by mail."]))
        subject = f"{capital(whose)}{_PURPOSES[notification.purpose]}: {view.told or 'nothing new'}"
        card = self._card(subject, view.summary, counts.COLUMNS, tuple(row.as_cells() for row in view.rows), footer=footer)
        return _Page(template="counts", title=_NAMES[notification.purpose], subject=subject, view=view, card=card)

    def _card(
        self,
        title: str,
        words: str,
        columns: tuple[str, ...] = ("Rule",),
        rows: tuple[tuple[str, ...], ...] = (),
        *,
        footer: str = "",
    ) -> Card:
        says = f"{self._stamp}. {words}" if self._stamp else words
        return Card(title=title, summary=says, columns=columns, rows=rows, footer=footer, link=self._page_url)

    # ------------------------------------------------------------------ the words of rules

    def _title(self, rule: str) -> str:
        words = self._rules.get(rule)
        return plain(words.title) if words else plain(rule.replace("-", " ").capitalize())

    def _called(self, rule: str) -> RuleTitle:
        return self._titles.get(rule) or RuleTitle(title=self._title(rule))

    def _says(self, item: Item, as_of: date, ceiling: Tier, problems: Counter[Problem]) -> str:
        rule = self._rules.get(item.rule)
        return (rule and self._say(rule, "says", item, as_of, ceiling, problems)) or digest.measured(item)

    def _about(self, items: Iterable[Item], as_of: date, ceiling: Tier, problems: Counter[Problem]) -> tuple[AboutRule, ...]:
        """Return of each rule what clears it and why it is asked, once; what differs from item to item, each way."""
        clears: dict[str, dict[str, None]] = {}
        for item in items:
            if item.state != ItemState.cleared and item.rule in self._rules:
                words = self._say(self._rules[item.rule], "clears", item, as_of, ceiling, problems)
                clears.setdefault(item.rule, {})[words or "The record no longer meets the rule."] = None
        about = []
        for rule in sorted((self._rules[id] for id in clears), key=lambda rule: (rule.title, rule.id)):
            source = f" ({plain(rule.basis_source)})" if rule.basis_source else ""
            basis = f"{plain(rule.basis_text, LONGEST).rstrip('.')}{source}".strip()
            about.append(
                AboutRule(
                    code=plain(rule.code),
                    title=plain(rule.title),
                    clears=" Or: ".join(list(clears[rule.id])[:_WAYS]),
                    basis_kind=_BASES.get(rule.basis_kind, plain(rule.basis_kind.replace("_", " ").capitalize())),
                    basis=f"{basis}." if basis else "",
                )
            )
        return tuple(about)

    def _say(self, rule: RuleWords, part: str, item: Item, as_of: date, ceiling: Tier, problems: Counter[Problem]) -> str:
        """Return one part of a rule's words about an item as one line, or "" with the reason noted."""
        try:
            return self._put(rule, part, item, as_of, ceiling)
        except _NotSaidError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001  # a rule's words may fail in any way, and only they
            # The error's own words can quote a value, and a value can be a child's name.
            problem = f"they could not be worked out ({type(error).__name__})"
        named = f"{rule.code} {rule.id}"
        problems[Problem(about=named, text=f"{named}: its words in '{part}' were not used: {problem}")] += 1
        return ""

    def _put(self, rule: RuleWords, part: str, item: Item, as_of: date, ceiling: Tier) -> str:
        """Put the values of an item into one part of a rule's words. Raises whatever they give, such as _NotSaidError."""
        # A fact that was not delivered is a null: what to say then is for the rule's words, by `if`.
        facts: dict[str, object] = {**dict.fromkeys(rule.tiers), **item.facts}
        sentence = sentence_of(rule.says if part == "says" else rule.clears)
        said = sentence.names & facts.keys()  # a rule has many facts, and its words name few
        names = {name: _value(facts[name]) for name in said if _tier(rule, name) <= ceiling}
        measure = int(item.measure) if item.measure is not None and float(item.measure).is_integer() else item.measure
        measure = measure if measure is None else in_unit(measure, item.unit)
        names |= {"measure": measure, "unit": plain(item.unit), "due": item.due, "level": item.level.name, "as_of": as_of}
        names["params"] = {name: _value(value) for name, value in rule.params.items()} if "params" in sentence.names else {}
        if sentence.fault:
            raise _NotSaidError(sentence.problem)
        try:
            return sentence.in_words(names)
        except UndefinedError:
            raise _NotSaidError(_not_there(sentence, names, facts.keys() - names.keys(), rule)) from None
        except NoValueError:
            raise _NotSaidError("a value that they print is missing") from None


def _shown(parts: Iterable[Part]) -> list[Item]:
    """Return the items that are named, of whose rules the foot tells."""
    return [item for part in parts for item in (*part.named, *(item for group in part.groups for item in group.items))]


class _NotSaidError(Exception):
    """Why one part of a rule's words is not said, without anything of the case."""


def _value(value: Any) -> Any:
    """Return a fact as words may use it: dates as dates, text on one line and cut, lists no longer than twenty."""
    if isinstance(value, str):
        given = dated(value)
        return plain(value) if given is value else given
    if isinstance(value, (list, tuple)):
        return [_value(part) for part in value[:20]]
    return value if isinstance(value, (int, float, date, type(None))) else plain(value)


def _tier(rule: RuleWords, name: str) -> Tier:
    return Tier.reference if name in ITEM_NAMES else rule.tiers.get(name, Tier.detail)


def _words_faults(sentence: Sentence, rule: RuleWords, ceiling: Tier) -> Iterator[WordsFault]:
    known = {*rule.tiers, *ITEM_NAMES}
    if sentence.fault:
        yield sentence.fault
    for name in sorted(sentence.names - known - {"params"}):
        problem, param = f"there is no name '{name}'", f"params.{name}" if name in rule.params else ""
        yield WordsFault(problem=problem, name=name, param=param, near="" if param else nearest(name, known))
    for name in sorted(sentence.params - set(rule.params)):
        yield WordsFault(problem=f"there is no parameter '{name}'", name=name, near=nearest(name, rule.params))
    for name in sorted((sentence.names & known) - sentence.guarded):
        tier = _tier(rule, name)
        if tier > ceiling >= Tier.reference:
            problem = f"'{name}' is of tier {tier.name}, and the receiver may be shown no more than {ceiling.name}"
            yield WordsFault(problem=problem, kind=WordsFaultKind.above_ceiling, name=name)


def _not_there(sentence: Sentence, names: Mapping[str, object], hidden: Set[str], rule: RuleWords) -> str:
    above = sorted(sentence.names & hidden)
    if above:
        return f"they name {listed(above)}, above what this receiver may be shown"
    absent = sorted(
        (sentence.names - set(names) - {"params"}) | {f"params.{name}" for name in sentence.params - set(rule.params)}
    )
    return f"they name {listed(absent)}, which is not there" if absent else "they name something that is not there"


def _noting(card: Card, banners: list[str]) -> Card:
    return replace(card, summary=" ".join([card.summary, *(f"Please note: {banner}" for banner in banners)]))


def _told(problem: Problem, count: int) -> Problem:
    return replace(problem, text=f"{problem.text} ({count} times)") if count > 1 else problem

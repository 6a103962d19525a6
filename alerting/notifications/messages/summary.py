"""What messages of counts and notices show, in words: a channel's rules, a team's week, the service's own notices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from alerting.formatting import capital, day, number, plain, plural
from alerting.notifications.content import CheckContent, Notice, NoticeContent, QualityContent, RuleFigures

ROWS = 60
"""How many rules a message about how they serve shows; the rest are counted."""

NOTICES, REFERENCES = 50, 50
"""How many notices, and how many references of one notice, a message shows."""

_PARAGRAPH = 1_200


@dataclass(frozen=True, kw_only=True)
class View:
    """What a template lays out, in words: the fields are the names that it uses. Every text is plain."""

    summary: str


# ---------------------------------------------------------------------- what is told to those who look after the service


@dataclass(frozen=True, kw_only=True)
class ShownNotice:
    """One notice in words."""

    title: str
    since: str
    detail: str
    do: str
    items: tuple[str, ...]
    #: How many references are not shown.
    more: int
    #: Lines for config.yaml, or commands.
    paste: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class NoticesView(View):
    """The service's own notices, with the references of alerts and nothing else about them: what is new, then what lasts."""

    #: For the subject line.
    told: str
    notices: tuple[ShownNotice, ...]
    still: tuple[ShownNotice, ...]
    #: How many notices are not shown.
    more: int
    #: What was told before and is over, in one sentence.
    over: str
    #: The figures of the run, each with its name.
    run: tuple[tuple[str, str], ...]


def view_notices(content: NoticeContent) -> NoticesView:
    """Return the service's own notices in words."""
    new, still = content.notices, content.still
    every = [*new, *still]
    shown = tuple(map(_shown_notice, every[:NOTICES]))
    asks = sum(notice.asks for notice in every)
    to_do = plural(asks, "thing to do", "things to do")
    is_new = f", {sum(notice.asks for notice in new)} new" if still else ""
    known = len(every) - asks
    said = [f"{to_do}{is_new}." if asks else _quiet(content.asked), f"{plural(known, 'thing')} to know." if known else ""]
    return NoticesView(
        summary=" ".join(filter(None, said)),
        told=to_do if asks else "all clear" if content.asked else "nothing to do" if content.asked is None else "nothing asked",
        notices=shown[: len(new)],
        still=shown[len(new) :],
        more=len(every) - len(shown),
        over=_over(content.over),
        run=tuple((plain(figure.name.replace("_", " ").capitalize()), plain(figure.value)) for figure in content.run),
    )


def _over(titles: Sequence[str]) -> str:
    """Return what is no longer so, the last of many counted."""
    named = [plain(title) for title in titles[:NOTICES]]
    more = [f"{len(titles) - NOTICES} more"] if len(titles) > NOTICES else []
    return f"No longer so: {'; '.join([*named, *more])}." if titles else ""


def _quiet(asked: int | None) -> str:
    """Return that there is nothing to do, with what was asked to know it."""
    if asked == 0:
        return "No rule was asked of anybody, so nothing is known."
    return (
        f"All clear: {plural(asked, 'rule')} asked, and nothing needs your attention."
        if asked
        else "Nothing needs your attention."
    )


def _shown_notice(notice: Notice) -> ShownNotice:
    return ShownNotice(
        title=plain(notice.title),
        since=f"since {day(notice.since)}" if notice.since else "",
        detail=plain(notice.detail, _PARAGRAPH),
        do=plain(notice.do, _PARAGRAPH),
        items=tuple(plain(item, 40) for item in notice.items[:REFERENCES]),
        paste=tuple(f"{line[: len(line) - len(line.lstrip())]}{plain(line, 200)}" for line in notice.paste),
        more=max(0, len(notice.items) - REFERENCES),
    )


@dataclass(frozen=True, kw_only=True)
class QualityRow:
    """How one rule serves."""

    title: str
    code: str
    #: Fired, cleared, days to clear, open, acted on.
    figures: tuple[int | str, ...]
    remarks: str


@dataclass(frozen=True, kw_only=True)
class QualityView(View):
    """How well each rule serves, those with a remark in full and first; the others as figures, the rest counted."""

    #: For the subject line.
    told: str
    since: date
    rows: tuple[QualityRow, ...]
    #: How many rules are not shown.
    more: int


def view_quality(content: QualityContent) -> QualityView:
    """Return how well each rule serves, in words."""
    rows = [_quality_row(rule) for rule in content.rules]
    remarked = [row for row in rows if row.remarks]
    shown = [*remarked[:ROWS], *(row for row in rows if not row.remarks)][:ROWS]
    told = f"{plural(len(remarked), 'rule')} to look at" if remarked else "nothing to look at"
    return QualityView(
        told=told,
        summary=f"{plural(len(rows), 'rule')}: {told}.",
        since=content.since,
        rows=tuple(shown),
        more=len(rows) - len(shown),
    )


def _quality_row(rule: RuleFigures) -> QualityRow:
    days = "–" if rule.median_days is None else number(rule.median_days)
    remarks = "; ".join(plain(words) for words in rule.remarks)
    return QualityRow(
        title=plain(rule.title),
        code=plain(rule.code),
        figures=(rule.fired, rule.cleared, days, rule.open, rule.acknowledged),
        remarks=f"{capital(remarks)}." if remarks else "",
    )


# ---------------------------------------------------------------------- single sentences


def ask_whether_seen(content: CheckContent) -> str:
    """Return what the card of a weekly check asks of whoever sees it in its channel."""
    return (
        f"If you can read this, cards reach the channel of {plain(content.team_name)}. Please tell your performance team the "
        f"word {plain(content.word)}, so that they know. Nothing else is asked of you."
    )

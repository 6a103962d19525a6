"""A message as the cards that a Teams channel shows: counts as a table, text that nothing acts on, several cards where one is too small."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from alerting.errors import DeliveryError
from alerting.model import Card, Message

if TYPE_CHECKING:
    from microsoft_teams.cards import AdaptiveCard, Mention, RichTextBlock, Table, TableRow

TOO_LARGE = "The card is too large for the flow: lower the number of rules that are shown in a channel."

# Teams wraps a card again before it counts its 28 KB, by a fifth in the cases seen.
_LARGEST_CARD = 20_000
_AROUND_A_CARD = 200
"""Bytes of the message that one card is in."""
_MOST_ROWS = 25
_MARKDOWN = re.compile(r"([\\`*_\[\]<>~#|])")

Cells = tuple[str, ...]


class Mentioned(BaseModel):
    """Somebody whom Teams tells of a card because it names them: a colleague, never anybody whom a record is about."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    #: As the card shows it.
    name: str = Field(min_length=1, max_length=80)
    #: By which Teams knows them: what they sign in with, such as jo.reed@council.gov.uk, or their id in Entra.
    account: str = Field(min_length=1, max_length=200)

    @property
    def as_text(self) -> str:
        """What stands in the card, which Teams looks for letter for letter."""
        name = _MARKDOWN.sub("", self.name)
        return f"<at>{_inert(name)}</at>"

    def as_entity(self) -> Mention:
        """Return who is meant by it."""
        from microsoft_teams.cards import Mention, MentionedEntity

        return Mention(text=self.as_text, mentioned=MentionedEntity(id=self.account.strip(), name=self.name))


def posted(message: Message, mentioned: Mentioned | None = None) -> bytes:
    """Return the body of the request: a message with as many cards as its rows need, which a flow posts one after the other.

    Raises DeliveryError where not even one row makes it fit.
    """
    if message.card is None:
        raise DeliveryError("the message has no card that can be posted", passing=False, where="teams")
    attachments = [
        {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        for card in map(_as_json, cards(message.card, mentioned))
    ]
    return _encoded({"type": "message", "attachments": attachments})


def _as_json(card: AdaptiveCard) -> dict[str, Any]:
    return card.model_dump(mode="json", by_alias=True, exclude_none=True)


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def cards(shown: Card, mentioned: Mentioned | None = None) -> list[AdaptiveCard]:
    """Return what is shown as one card, or as several that say which of how many each is: nothing is cut off."""
    shares = _shares(shown, shown.rows, mentioned)
    if len(shares) == 1:
        return [_card(shown, mentioned)]
    first, last = 0, len(shares) - 1
    parts = [
        replace(
            shown,
            title=f"{shown.title} ({place + 1} of {len(shares)})",
            summary=shown.summary if place == first else "",
            rows=rows,
            footer=shown.footer if place == last else "",
            link=shown.link if place == last else None,
        )
        for place, rows in enumerate(shares)
    ]
    return [_card(part, mentioned if place == first else None) for place, part in enumerate(parts)]


def _shares(shown: Card, rows: Sequence[Cells], mentioned: Mentioned | None) -> list[tuple[Cells, ...]]:
    """Return rows as the cards have them, in their order: as many in each as Teams takes beside all else that any of them says."""
    if len(rows) > _MOST_ROWS:
        return [*_shares(shown, rows[:_MOST_ROWS], mentioned), *_shares(shown, rows[_MOST_ROWS:], mentioned)]
    size = len(_encoded(_as_json(_card(replace(shown, rows=tuple(rows)), mentioned)))) + _AROUND_A_CARD
    if size <= _LARGEST_CARD:
        return [tuple(rows)]
    if len(rows) <= 1:
        raise DeliveryError(f"the card has {size:,} bytes, and Teams takes {_LARGEST_CARD:,}", passing=False, remedy=TOO_LARGE)
    half = len(rows) // 2
    return [*_shares(shown, rows[:half], mentioned), *_shares(shown, rows[half:], mentioned)]


def _card(shown: Card, mentioned: Mentioned | None = None) -> AdaptiveCard:
    from microsoft_teams.cards import AdaptiveCard, OpenUrlAction, TeamsCardProperties, TextBlock

    title = TextBlock(text=_without_markdown(shown.title), style="heading", size="Large", weight="Bolder", wrap=True)
    words = [_plain(shown.summary)] if shown.summary else []
    at = [TextBlock(text=mentioned.as_text, wrap=True)] if mentioned else []
    end = [_plain(shown.footer, quiet=True)] if shown.footer else []
    linked = shown.link is not None and urlsplit(shown.link).scheme == "https"
    return AdaptiveCard(
        version="1.5",
        lang="en",
        fallback_text=_inert(f"{shown.title}. {shown.summary}".strip()),
        speak=_inert(f"{shown.title}. {shown.summary}".strip()),
        msteams=TeamsCardProperties(width="full", entities=[mentioned.as_entity()] if mentioned else None),
        body=[title, *words, *at, *([_table(shown)] if shown.rows else []), *end],
        actions=[OpenUrlAction(title="Open the list", url=shown.link)] if linked else None,
    )


def _table(shown: Card) -> Table:
    from microsoft_teams.cards import ColumnDefinition, Table

    widths = [3, 2, 1] if len(shown.columns) == 3 else [4, *[1] * (len(shown.columns) - 1)]
    # A number stands under its heading's last letter, so that counts can be compared down a column.
    numbers = [all(cell.removeprefix("<").isdecimal() or not cell for cell in column) for column in zip(*shown.rows, strict=True)]
    return Table(
        columns=[ColumnDefinition(width=width) for width in widths],
        rows=[_row(shown.columns, numbers, bold=True), *(_row(cells, numbers) for cells in shown.rows)],
        show_grid_lines=False,
    )


def _row(cells: Cells, numbers: Sequence[bool], *, bold: bool = False) -> TableRow:
    from microsoft_teams.cards import TableCell, TableRow

    return TableRow(
        cells=[TableCell(items=[_plain(cell, bold=bold, right=right)]) for cell, right in zip(cells, numbers, strict=True)]
    )


def _plain(text: str, *, bold: bool = False, quiet: bool = False, right: bool = False) -> RichTextBlock:
    """Return text as it stands: a run of rich text, unlike a text block, is not read as Markdown."""
    from microsoft_teams.cards import RichTextBlock, TextRun

    run = TextRun(text=_inert(text), weight="Bolder" if bold else None, is_subtle=quiet or None, size="Small" if quiet else None)
    return RichTextBlock(inlines=[run], horizontal_alignment="Right" if right else None)


def _without_markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", _inert(text))


def _inert(text: str) -> str:
    """Drop control characters, and part the braces and brackets that Teams would act on: {{DATE(...)}}, <at>...</at>."""
    kept = "".join(character if character.isprintable() else " " if character.isspace() else "" for character in text)
    return kept.replace("{{", "{\u200b{").replace("<at", "<\u200bat").replace("</at", "</\u200bat")

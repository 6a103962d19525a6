"""Why alerts changed, and why people were not told, as values with a detail beside each: until here they were sentences.

The sentences stand here as the versions before wrote them, whatever the program says today. Each text is judged once, as it was:
one statement a group of rows, in which every row meets its own list of sentences.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


class _Sentence(NamedTuple):
    """A sentence and the value it stands for. What a row has in place of `{}` is its detail."""

    value: str
    text: str

    @property
    def ends(self) -> tuple[str, str | None]:
        """What it begins with, and ends with; None where it has no detail."""
        head, found, tail = self.text.partition("{}")
        return head, tail if found else None

    def matches(self, column: Any) -> sa.ColumnElement[bool]:
        """Return whether a row has this sentence."""
        head, tail = self.ends
        if tail is None:
            matches: sa.ColumnElement[bool] = column == head
            return matches
        begins = sa.func.substr(column, 1, len(head)) == head
        if not tail:
            return begins
        length = sa.func.length(column)
        return sa.and_(begins, length >= len(head) + len(tail), sa.func.substr(column, length - len(tail) + 1) == tail)

    def detail(self, column: Any) -> Any:
        """Return the detail of a row that has this sentence."""
        head, tail = self.ends
        if tail is None:
            return sa.null()
        return sa.func.substr(column, len(head) + 1, sa.func.length(column) - len(head) - len(tail))

    def detail_in(self, text: str) -> tuple[bool, str | None]:
        """Return whether a text is this sentence, and its detail."""
        head, tail = self.ends
        if tail is None:
            return text == head, None
        whole = len(text) >= len(head) + len(tail)
        return whole and text.startswith(head) and text.endswith(tail), text[len(head) : len(text) - len(tail)]


_FOLLOWED = _Sentence("record_followed", "record merged")
_GOES_ON = (
    _Sentence("matches", "matches"),
    _Sentence("new", "new"),
    _Sentence("back_again", "back again"),
    _Sentence("improving", "improving"),
    _Sentence("level_raised", "level raised"),
    _Sentence("level_lowered", "level lowered"),
    _Sentence("reassigned", "reassigned"),
    _Sentence("trusted_again", "data trusted again"),
    _FOLLOWED,
)
_HELD = (
    _Sentence("not_in_data", "not in the data any more, and the data does not say why"),
    _Sentence("not_recorded", "a value the rule needs is not recorded"),
    _Sentence("rule_broken", "the rule cannot be used: {}"),
    # Whatever else it was held for is why its rule was not asked.
    _Sentence("not_asked", "{}"),
)
_ENDED = (
    _Sentence("never_fired", "never fired"),
    _Sentence("cleared", "cleared"),
    _Sentence("left", "left: {}"),
    _Sentence("closed", "manual: {}"),
    _Sentence("rule_removed", "rule_removed"),
    _Sentence("rule_changed", "rule_changed"),
    _Sentence("record_merged", "record_merged"),
)
_NOT_TOLD = (
    _Sentence("braked", "kept back by the brake of its rule"),
    _Sentence("nothing_planned", "none of the rules of its job could be asked"),
    _Sentence("restricted", "the record is restricted, or not known not to be: only those it names are told"),
    _Sentence("nobody_found", "nobody was found who could be told"),
    _Sentence("flapping", "it comes and goes too often: told in the weekly summary only"),
    _Sentence("improving", "improving, and told if it comes back"),
    _Sentence("no_receiver", "no receiver of persons is set for this job"),
    _Sentence("snoozed", "snoozed {}"),
    _Sentence("recorded", "said {}, and waits for the next load"),
    _Sentence("data_error", "said {} for that to be put right"),
    _Sentence("silenced", "silenced {}"),
    _Sentence("covered", "covered by {}"),
    _Sentence("on_hold", "on hold: {}"),
    _Sentence("acknowledged", "acknowledged {}, and not due"),
)
_OTHER = _Sentence("other", "{}")


def upgrade() -> None:
    """Part each reason into its value and its detail: of alerts, of their history, of who was not told, and of messages."""
    op.add_column("alert", sa.Column("held_detail", sa.Text(), nullable=True))
    op.add_column("alert", sa.Column("resolved_detail", sa.Text(), nullable=True))
    op.add_column("transition", sa.Column("detail", sa.Text(), nullable=True))
    op.add_column("routed", sa.Column("detail", sa.Text(), nullable=True))
    with op.batch_alter_table("routed") as routed:
        routed.alter_column("reason", existing_type=sa.Text(), nullable=True)
    _convert("alert", ("held_reason", "held_detail"), _HELD, "1 = 1")
    _convert("alert", ("resolved_reason", "resolved_detail"), _ENDED, "1 = 1")
    _convert("transition", ("reason", "detail"), (_FOLLOWED, *_HELD), "after = 'held'")
    _convert("transition", ("reason", "detail"), _ENDED, "after = 'resolved'")
    _convert("transition", ("reason", "detail"), _GOES_ON, "after NOT IN ('held', 'resolved')")
    _convert("routed", ("reason", "detail"), _NOT_TOLD, "1 = 1")
    op.execute("UPDATE routed SET reason = NULL WHERE reason = ''")  # nothing keeps it from them
    _convert_messages(op.get_bind())


def _convert(table_name: str, columns: tuple[str, str], sentences: Sequence[_Sentence], where: str) -> None:
    """Part the reasons of one group of rows. One that says nothing goes on saying nothing."""
    table = sa.table(table_name, *map(sa.column, columns))
    reason, detail = (table.c[name] for name in columns)
    known = [(sa.func.trim(reason) == "", ""), *((each.matches(reason), each.value) for each in sentences)]
    details = [(sa.func.trim(reason) == "", sa.null()), *((each.matches(reason), each.detail(reason)) for each in sentences)]
    values = {reason: sa.case(*known, else_=_OTHER.value), detail: sa.case(*details, else_=reason)}
    op.execute(table.update().where(reason.is_not(None), sa.text(where)).values(values))


def _convert_messages(connection: sa.Connection) -> None:
    """Part the reasons in what messages tell of alerts: those that wait are put into words yet, and so is one that comes back."""
    outbox = sa.table("outbox", sa.column("id", sa.Integer()), sa.column("content", sa.Text()))
    says = sa.or_(outbox.c.content.contains('"held_reason": "'), outbox.c.content.contains('"resolved_reason": "'))
    for id_ in connection.execute(sa.select(outbox.c.id).where(says)).scalars().all():
        content = json.loads(connection.execute(sa.select(outbox.c.content).where(outbox.c.id == id_)).scalar_one())
        for item in content.get("items", ()):
            item["held_reason"], item["held_detail"] = _parted(item.get("held_reason"), _HELD)
            item["resolved_reason"], item["resolved_detail"] = _parted(item.get("resolved_reason"), _ENDED)
        connection.execute(outbox.update().where(outbox.c.id == id_).values(content=json.dumps(content)))


def _parted(text: str | None, sentences: Sequence[_Sentence]) -> tuple[str | None, str | None]:
    if not text:
        return None, None
    for sentence in (*sentences, _OTHER):
        matches, detail = sentence.detail_in(text)
        if matches:
            return sentence.value, detail
    raise AssertionError(text)

"""Drafts of rules, as rows of the store: one of each rule. What was done with them is on the trail."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from alerting.alerts.acts import ActKind, Request, RuleWanted
from alerting.alerts.people import Actor
from alerting.errors import HandlingError
from alerting.store import acts
from alerting.store.schema import act, rule_draft


@dataclass(frozen=True, kw_only=True)
class RuleDraft:
    """A draft of a rule's file."""

    id: int
    #: The rule's id, after which its file is called.
    rule: str
    text: str
    #: The mark of the file that it is to take the place of, as it was when the draft was begun; None where there was none.
    based_on: str | None
    #: Who saved it last, by id.
    by: str
    at: datetime

    @property
    def mark(self) -> str:
        """What tells its text from any other."""
        return mark_of(self.text.encode())


def mark_of(raw: bytes) -> str:
    """Return what tells these bytes from any others."""
    return hashlib.blake2b(raw, digest_size=20).hexdigest()


def every(connection: sa.Connection) -> list[RuleDraft]:
    """Return every draft, by its rule."""
    return [_draft(row) for row in connection.execute(sa.select(rule_draft).order_by(rule_draft.c.rule))]


def find(connection: sa.Connection, number: int) -> RuleDraft | None:
    """Return the draft with a number; None where there is none."""
    row = connection.execute(sa.select(rule_draft).where(rule_draft.c.id == number)).first()
    return _draft(row) if row else None


def hold(connection: sa.Connection, number: int) -> None:
    """Let nobody else change a draft until the transaction ends; of what they are changing, wait for the end."""
    connection.execute(sa.select(rule_draft.c.id).where(rule_draft.c.id == number).with_for_update())


def begin(connection: sa.Connection, rule: str, text: str, based_on: str | None, by: Actor, now: datetime) -> int:
    """Keep a new draft, and return its number. Raises HandlingError where there is one of that rule."""
    acts.keep(connection, by, ActKind.rule_drafted, rule, now, note="begun")
    # Looked for once the act is kept: from then on whoever else begins one waits.
    if connection.execute(sa.select(rule_draft.c.id).where(rule_draft.c.rule == rule)).first() is not None:
        raise HandlingError(f"there is a draft of {rule} already: go on with it, or discard it")
    values = {"rule": rule, "text": text, "based_on": based_on, "by": by.id, "at": now}
    key = connection.execute(rule_draft.insert().values(values)).inserted_primary_key
    return int(key[0]) if key else 0


def save(connection: sa.Connection, draft: RuleDraft, text: str, by: Actor, now: datetime) -> None:
    """Keep another text of a draft. Whoever was asked to release it as it was is asked no more."""
    connection.execute(rule_draft.update().where(rule_draft.c.id == draft.id).values(text=text, by=by.id, at=now))
    acts.keep(connection, by, ActKind.rule_drafted, draft.rule, now)
    _ask_no_more(connection, draft, by, now, "the draft was changed")


def discard(connection: sa.Connection, draft: RuleDraft, by: Actor, now: datetime) -> None:
    """Let go of a draft."""
    delete(connection, draft)
    acts.keep(connection, by, ActKind.draft_discarded, draft.rule, now)
    _ask_no_more(connection, draft, by, now, "the draft was discarded")


def request_of(connection: sa.Connection, draft: RuleDraft) -> Request | None:
    """Return what waits for a second person to release a draft, as it is; None where nothing does."""
    wanted = RuleWanted(draft=draft.id, mark=draft.mark)
    return next((one for one in acts.all_waiting(connection) if one.wanted == wanted), None)


def ask(connection: sa.Connection, draft: RuleDraft, by: Actor, now: datetime, *, note: str) -> Request:
    """Ask a second person to release a draft as it is. Raises HandlingError where somebody has."""
    same = request_of(connection, draft)
    if same is not None:
        raise HandlingError(f"request {same.id} of {same.by.name} asks for that already")
    wanted, why = RuleWanted(draft=draft.id, mark=draft.mark), "a rule decides who is told of whom"
    return acts.ask(connection, Request(id=0, at=now, by=by, about=draft.rule, note=note, wanted=wanted, why=why))


def is_released(connection: sa.Connection, draft: RuleDraft) -> bool:
    """Return whether two people have released a draft as it is: what is left is to write its file, and to let go of it."""
    of_rule = sa.select(sa.func.max(act.c.id)).where(act.c.about == draft.rule)
    released = connection.execute(of_rule.where(act.c.kind == ActKind.rule_released.value)).scalar()
    # Drafts of one rule follow each other, and may have one number and one text: each begins with an act of its own.
    saved = connection.execute(of_rule.where(act.c.kind == ActKind.rule_drafted.value)).scalar()
    return released is not None and released > (saved or 0)


def _ask_no_more(connection: sa.Connection, draft: RuleDraft, by: Actor, now: datetime, why: str) -> None:
    for one in acts.all_waiting(connection):
        if isinstance(one.wanted, RuleWanted) and one.wanted.draft == draft.id:
            acts.withdraw(connection, one.id, by, now, note=why)


def delete(connection: sa.Connection, draft: RuleDraft) -> None:
    """Delete a draft, as one that has become a rule."""
    connection.execute(rule_draft.delete().where(rule_draft.c.id == draft.id))


def _draft(row: Any) -> RuleDraft:
    return RuleDraft(id=row.id, rule=row.rule, text=row.text, based_on=row.based_on, by=row.by, at=row.at)

"""What was asked from run to run: every text of a file of rules, every version of a rule, and which were asked last.

A text is good once what it says has been asked and could be. So a file with faults can be used in its last good version,
and a rule that now answers otherwise can be told from a record that now says otherwise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from alerting.evaluation.rule_changes import AskedBefore
from alerting.rulebook.book import LastGoodText, Rulebook
from alerting.rulebook.rule import Rule
from alerting.store import unreadable_rows
from alerting.store.schema import rule_file, rule_version
from alerting.store.store import Store


@dataclass(frozen=True, kw_only=True)
class RuleVersion:
    """A version of a rule that a run has seen."""

    rule: str
    version: str
    #: The version of only what decides its answers.
    logic: str
    code: str
    path: str
    params: Mapping[str, Any]
    first_seen_at: datetime
    first_seen_on: date
    #: Whose file it is; None where the rule's own file had not changed.
    by: str | None
    last_asked_on: date | None


class RuleHistory:
    """The history of one store's rules."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def last_good(self) -> dict[str, LastGoodText]:
        """Return each file's last good text, by its path in the folder of rules."""
        query = sa.select(rule_file.c.path, rule_file.c.text, rule_file.c.last_seen_on).where(rule_file.c.good)
        with self._store.transaction() as connection:
            query = query.where(unreadable_rows.is_readable(connection, rule_file))
            rows = connection.execute(query.order_by(rule_file.c.last_seen_on, rule_file.c.first_seen_at))
            return {row.path: LastGoodText(text=row.text, seen_on=row.last_seen_on) for row in rows}

    def asked_before(self, connection: sa.Connection, rules: Iterable[Rule]) -> AskedBefore:
        """Return how these rules were last asked, with the texts of those that now answer by another logic."""
        asked = rule_version.c.last_asked_run.is_not(None)
        query = sa.select(rule_version.c.rule, rule_version.c.logic, rule_version.c.version).where(asked)
        last = {row.rule: row for row in connection.execute(query.order_by(rule_version.c.last_asked_run))}
        logic = {rule: row.logic for rule, row in last.items()}
        changed = AskedBefore(logic=logic).changed(list(rules))
        texts = {rule.id: self._text(connection, rule.id, last[rule.id].version) for rule in changed}
        return AskedBefore(logic=logic, texts={id_: kept for id_, kept in texts.items() if kept})

    def asked_since(self, connection: sa.Connection) -> dict[str, date]:
        """Return the day on which each rule was asked first, in whichever version; a rule that never was is not there."""
        since = sa.func.min(rule_version.c.first_asked_on)
        query = sa.select(rule_version.c.rule, since.label("since")).group_by(rule_version.c.rule).having(since.is_not(None))
        return {row.rule: row.since for row in connection.execute(query)}

    def keep(self, connection: sa.Connection, run_id: int, as_of: date, now: datetime, book: Rulebook, asked: Set[str]) -> None:
        """Write down what a run has used, in the caller's transaction. asked: the rules that were, and could be."""
        hashes = {path: _hash(text) for path, text in book.texts.items()}
        self._keep_files(connection, as_of, now, book, hashes, asked)
        self._keep_versions(connection, run_id, as_of, now, book, hashes)
        mine = [(rule.id, rule.version) for rule in book.rules if rule.id in asked]
        if mine:
            update = rule_version.update().where(
                rule_version.c.rule == sa.bindparam("b_rule"), rule_version.c.version == sa.bindparam("b_version")
            )
            since = sa.func.coalesce(rule_version.c.first_asked_on, as_of)
            values = update.values(first_asked_on=since, last_asked_on=as_of, last_asked_run=run_id)
            connection.execute(values, [{"b_rule": rule, "b_version": version} for rule, version in mine])

    def _keep_files(
        self, connection: sa.Connection, as_of: date, now: datetime, book: Rulebook, hashes: Mapping[str, str], asked: Set[str]
    ) -> None:
        known = {(row.path, row.hash): row for row in connection.execute(sa.select(*(rule_file.c[name] for name in _FILE)))}
        good = {path for rule in book.rules if rule.id in asked for path in book.files_of(rule)}
        good |= {"settings.yaml"} if good else set()
        new, changed = [], []
        for path, hash_ in hashes.items():
            if path in book.older:  # this text is not in the file any more
                continue
            row = known.get((path, hash_))
            if row is None:
                new.append(
                    {
                        "path": path,
                        "hash": hash_,
                        "text": book.texts[path],
                        "first_seen_at": now,
                        "by": _owner(book.file(path)),
                        "last_seen_on": as_of,
                        "good": path in good,
                    }
                )
            elif row.last_seen_on < as_of or (path in good and not row.good):
                seen_on, is_good = max(row.last_seen_on, as_of), row.good or path in good
                changed.append({"b_path": path, "b_hash": hash_, "b_seen": seen_on, "b_good": is_good})
        if new:
            connection.execute(rule_file.insert(), new)
        if changed:
            mine = sa.and_(rule_file.c.path == sa.bindparam("b_path"), rule_file.c.hash == sa.bindparam("b_hash"))
            values: dict[str, Any] = {"last_seen_on": sa.bindparam("b_seen"), "good": sa.bindparam("b_good")}
            connection.execute(rule_file.update().where(mine).values(values), changed)

    def _keep_versions(
        self, connection: sa.Connection, run_id: int, as_of: date, now: datetime, book: Rulebook, hashes: Mapping[str, str]
    ) -> None:
        columns = (rule_version.c.rule, rule_version.c.version, rule_version.c.hash)
        known = connection.execute(sa.select(*columns).order_by(rule_version.c.first_seen_at)).all()
        there, before = {(row.rule, row.version) for row in known}, {row.rule: row.hash for row in known}
        rows = []
        for rule in book.every:
            path = book.files_of(rule)[0]
            # What a subject, settings.yaml or config.yaml changed was not done by who owns the rule's file.
            own = hashes[path] != before.get(rule.id)
            if (rule.id, rule.version) not in there:
                rows.append(
                    {
                        "rule": rule.id,
                        "version": rule.version,
                        "logic": rule.logic,
                        "code": rule.code,
                        "path": path,
                        "hash": hashes[path],
                        "params": _plain(rule),
                        "first_seen_at": now,
                        "first_seen_on": as_of,
                        "first_run": run_id,
                        "by": _owner(book.file(path)) if own else None,
                    }
                )
        if rows:
            connection.execute(rule_version.insert(), rows)

    def versions(self, rule: str | None = None) -> list[RuleVersion]:
        """Return every version of a rule, or of all, each rule's newest first."""
        columns = [rule_version.c[each.name] for each in fields(RuleVersion)]
        query = sa.select(*columns).order_by(rule_version.c.code, rule_version.c.rule, rule_version.c.first_seen_at.desc())
        if rule is not None:
            query = query.where(rule_version.c.rule == rule)
        with self._store.transaction() as connection:
            return [RuleVersion(**row) for row in connection.execute(query).mappings()]

    def version(self, rule: str, version: str) -> tuple[str, dict[str, Any]] | None:
        """Return the text of a rule's file in a version, and its parameters as they applied; None where there is none such."""
        with self._store.transaction() as connection:
            return self._text(connection, rule, version)

    def _text(self, connection: sa.Connection, rule: str, version: str) -> tuple[str, dict[str, Any]] | None:
        joined = rule_file.join(
            rule_version, sa.and_(rule_version.c.path == rule_file.c.path, rule_version.c.hash == rule_file.c.hash)
        )
        query = sa.select(rule_file.c.text, rule_version.c.params).select_from(joined)
        row = connection.execute(query.where(rule_version.c.rule == rule, rule_version.c.version == version)).first()
        return (row.text, row.params) if row else None


_FILE = ("path", "hash", "last_seen_on", "good")


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _owner(path: Path) -> str | None:
    """Return whose file it is by the operating system; None where it keeps no owners, or does not know this one by name."""
    with suppress(OSError, KeyError, NotImplementedError):
        return path.owner()
    return None


def _plain(rule: Rule) -> dict[str, Any]:
    """Return a rule's parameters as JSON has them."""
    kinds = (str, int, float, bool, list, dict, type(None))
    return {name: value if isinstance(value, kinds) else str(value) for name, value in rule.params.items()}

"""Drafts of rules in the store, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from alerting.alerts.people import Actor
from alerting.errors import HandlingError
from alerting.store import rule_drafts
from alerting.store.store import Store

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
AUTHOR, OTHER = Actor(id="P1", name="Pat"), Actor(id="P2", name="Paula")


@pytest.fixture
def store(made_store: str) -> Iterator[Store]:
    store = Store.open(made_store)
    yield store
    store.close()


def begun(store: Store) -> int:
    with store.transaction() as connection:
        return rule_drafts.begin(connection, "plan-long", "id: plan-long\n", None, AUTHOR, NOW)


def test_a_draft_is_read_by_whoever_only_reads(store):
    number = begun(store)
    with store.reading() as connection:
        draft = rule_drafts.find(connection, number)
        assert draft is not None
        assert (draft.rule, draft.text, draft.by) == ("plan-long", "id: plan-long\n", "P1")
        assert rule_drafts.find(connection, number + 1) is None


def in_a_thread(store: Store, done: list[str], doing) -> threading.Thread:
    """Do something in a transaction of its own, and note what came of it."""

    def run() -> None:
        try:
            with store.transaction() as connection:
                done.append(str(doing(connection)))
        except HandlingError as error:
            done.append(error.problem)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(0.3)
    return thread


def test_of_two_who_begin_a_draft_of_one_rule_at_once_the_second_is_told(store):
    done: list[str] = []
    with store.transaction() as connection:
        rule_drafts.begin(connection, "plan-long", "id: plan-long\n", None, AUTHOR, NOW)
        second = in_a_thread(
            store, done, lambda other: rule_drafts.begin(other, "plan-long", "id: plan-long\n", None, OTHER, NOW)
        )
        assert done == []
    second.join(10)
    assert done == ["there is a draft of plan-long already: go on with it, or discard it"]


def test_whoever_holds_a_draft_sees_what_was_saved_before_and_nobody_changes_it_meanwhile(store):
    number, done = begun(store), list[str]()

    def look(other) -> str:
        rule_drafts.hold(other, number)
        draft = rule_drafts.find(other, number)
        return draft.text if draft else "gone"

    with store.transaction() as connection:
        rule_drafts.hold(connection, number)
        draft = rule_drafts.find(connection, number)
        assert draft is not None
        second = in_a_thread(store, done, look)
        assert done == []
        rule_drafts.save(connection, draft, "id: plan-long\n# more\n", AUTHOR, NOW)
    second.join(10)
    assert done == ["id: plan-long\n# more\n"]

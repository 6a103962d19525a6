"""An office with one rule, what its store holds, and what its commands say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from click.testing import CliRunner

from alerting.commands import cli
from alerting.store.messages.sent import list_messages
from alerting.store.store import Store
from tests.office import Office


def one_rule(office: Office) -> Office:
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    return office


@contextmanager
def store_of(office: Office) -> Iterator[Store]:
    store = office.store()
    try:
        yield store
    finally:
        store.close()


def messages(office: Office, **wanted: object) -> list[dict[str, Any]]:
    with store_of(office) as store, store.transaction() as connection:
        rows = [asdict(row) for row in list_messages(connection)]
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def command(office: Office, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), *words])
    return result.exit_code, result.output

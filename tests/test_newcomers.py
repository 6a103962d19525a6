"""A notifier or a source is one new file: the least that one may be, and those of the docs, do their work in a whole run."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner
from pytest_httpserver import HTTPServer

import notifiers
from alerting import sources
from alerting.commands import cli
from alerting.sources.demo.source import Source
from alerting.sources.demo.town import Columns
from tests.made_council import MONDAY
from tests.office import Office

DOCS = Path(__file__).parent.parent / "docs" / "how-to"
LEAST_NOTIFIER = """
from typing import Literal
from pydantic import BaseModel
from alerting.delivery import notifier
from alerting.delivery.notifier import Ceiling

class Notifier(BaseModel, notifier.Notifier):
    type: Literal["postcard"]
    ceiling: Ceiling

    def send(self, message, handed_over):
        handed_over()
        with open("postcards", "a") as file:
            file.write(f"{message.to_address}\\n")
        return "posted"
"""
LEAST_SOURCE = """
from typing import Literal
from pydantic import BaseModel
from alerting.casedata import snapshot

class Source(BaseModel, snapshot.Source):
    type: Literal["memory"]

    def read(self, wanted, into):
        for table, columns in wanted.items():
            into.fill(table, sorted(columns), [[] for _ in columns])
"""


def example_of(page: str) -> str:
    [written] = re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return str(written)


@pytest.fixture
def add_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[ModuleType, str, str], None]]:
    """Let a package have one more file, for as long as the test runs."""
    added = []

    def add(package: ModuleType, name: str, written: str) -> None:
        folder = tmp_path / package.__name__
        folder.mkdir()
        (folder / f"{name}.py").write_text(written, "utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
        added.append(f"{package.__name__}.{name}")

    yield add
    for name in added:
        sys.modules.pop(name, None)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.chdir(tmp_path)
    office = Office(tmp_path / "office")
    office.folder.mkdir(exist_ok=True)
    return office


def checked(office: Office) -> str:
    return CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), "check"]).output


@pytest.mark.slow
def test_the_least_notifier_sends_the_messages_of_a_run(office, add_file, tmp_path):
    add_file(notifiers, "postcard", LEAST_NOTIFIER)
    office.settings = {"receivers": {"cards": {"type": "postcard", "ceiling": "reference"}}}

    report = office.run(MONDAY)

    assert report.sending.messages.accepted == report.sending.messages.planned > 0
    assert "m1@example.gov.uk" in (tmp_path / "postcards").read_text().split()
    assert "cards" not in checked(office)


@pytest.mark.slow
def test_kept_apart_from_production_the_least_notifier_sends_to_the_one_address(office, add_file, tmp_path):
    add_file(notifiers, "postcard", LEAST_NOTIFIER)
    council = {"name": "Exampleshire", "environment": "test", "redirect_to": "tester@example.gov.uk"}
    office.settings = {"council": council, "receivers": {"cards": {"type": "postcard", "ceiling": "reference"}}}

    office.run(MONDAY)

    assert set((tmp_path / "postcards").read_text().split()) == {"tester@example.gov.uk"}


def test_a_notifier_that_cannot_send_is_refused(add_file):
    add_file(notifiers, "postcard", LEAST_NOTIFIER.partition("    def send")[0])

    from notifiers.postcard import Notifier

    with pytest.raises(TypeError, match="send"):
        Notifier(type="postcard", ceiling="counts")


@pytest.mark.slow
def test_the_notifier_of_the_docs_sends_the_messages_of_a_run(office, add_file):
    add_file(notifiers, "sms", example_of("add-a-notifier.md"))
    with HTTPServer(host="127.0.0.1") as gateway:
        gateway.expect_request("/texts", method="POST").respond_with_data(status=202)
        texts = {"type": "sms", "address": gateway.url_for("/texts"), "key": "made-up"}
        office.settings = {"receivers": {"texts": texts}}

        report = office.run(MONDAY)

        assert report.sending.messages.accepted == report.sending.messages.planned == len(gateway.log) > 0
    assert "the address is not https" in checked(office)


def test_the_least_source_is_read_by_a_run(office, add_file):
    add_file(sources, "memory", LEAST_SOURCE)
    office.settings = {"source": {"type": "memory"}}

    report = office.run(MONDAY)

    assert report.status == "done"
    assert set(report.data.rows.values()) == {0}


@pytest.mark.slow
def test_the_source_of_the_docs_gives_the_alerts_that_the_same_tables_give_elsewhere(office, add_file):
    office.settings = {"source": {"type": "demo", "children": 50, "start": MONDAY.isoformat()}}
    office.run(MONDAY)
    expected = {(alert.rule, alert.subject, alert.level) for alert in office.alerts()}
    (office.folder / "alerting.db").unlink()
    add_file(sources, "json_lines", example_of("add-a-source.md"))
    as_json_lines(Source(children=50, start=MONDAY).tables(MONDAY), office.folder / "lines")
    office.settings = {"source": {"type": "json_lines", "path": "lines"}}

    office.run(MONDAY)

    assert {(alert.rule, alert.subject, alert.level) for alert in office.alerts()} == expected != set()


def as_json_lines(tables: dict[str, Columns], folder: Path) -> None:
    folder.mkdir()
    for table, columns in tables.items():
        rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
        (folder / f"{table}.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")


@pytest.mark.slow
def test_nothing_is_probed_for_of_a_notifier_or_a_source():
    package = DOCS.parent.parent / "alerting"
    probing = {"getattr", "hasattr"}
    probed = [
        f"{path.relative_to(package)}:{node.lineno}"
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in probing
        and ast.unparse(node.args[0]).rpartition(".")[2] in ("notifier", "receiver", "source")
    ]

    assert probed == []

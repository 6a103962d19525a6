"""A table of the council's own, all of whose columns are damaged on their way, touches the rules that read it and no other.

The tables and columns are those of the catalogue, the rules all that are shipped, of whatever job: what is added is swept too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from alerting.casedata.catalogue import TABLES
from alerting.casedata.snapshot import Snapshot
from alerting.evaluation.evaluate import ask_rules
from alerting.model import Finding
from alerting.sources.demo.source import Source
from tests.case_rows import shipped
from tests.column_damage import DAMAGES

pytestmark = pytest.mark.slow

DAY = date(2026, 3, 2)
OF_THE_SERVICE = {"ext_staff", "ext_team", "ext_cover", "ext_load", "ext_restricted", "ext_merged"}
"""Tables that every rule goes by."""
OWN = sorted(name for name in TABLES if name.startswith("ext_") and name not in OF_THE_SERVICE)
Tables = Mapping[str, Mapping[str, list[str | None]]]


@pytest.fixture(scope="module")
def council() -> Tables:
    return Source(children=120).tables(DAY)


@pytest.fixture(scope="module")
def whole(council: Tables) -> dict[str, list[Finding]]:
    return asked(council)


def asked(tables: Tables) -> dict[str, list[Finding]]:
    """Return what each rule answers, by its code; none fails."""
    book = shipped()
    with Snapshot(DAY, book.settings) as snapshot:
        for name, columns in tables.items():
            snapshot.fill(name, list(columns), [columns[column] for column in columns])
        snapshot.settle(book.wanted(book.rules))
        answers = ask_rules(book, snapshot, book.rules)
        assert {row.code: row.problem for row in answers.asked.values() if row.status not in ("ok", "off")} == {}
        return {rule.code: sorted(answers.findings(rule.id), key=lambda finding: finding.subject) for rule in book.rules}


def damaged(table: str, columns: Mapping[str, list[str | None]], turn: int) -> dict[str, list[str | None]]:
    """Return a table each of whose columns has another of the damages that may befall it, by turns."""
    left = {}
    for place, (name, cells) in enumerate(columns.items()):
        may = [one for one in DAMAGES if TABLES[table].columns[name].kind in one.kinds]
        left[name] = may[(place + turn) % len(may)].cells(cells)
    return left


@pytest.mark.parametrize(("turn", "table"), list(enumerate(OWN)))
def test_what_befalls_a_table_befalls_no_rule_that_does_not_read_it(
    council: Tables, whole: Mapping[str, list[Finding]], turn: int, table: str
) -> None:
    book = shipped()
    others = {
        rule.code
        for rule in book.rules
        if not any(name.partition(".")[0] == table for name in book.needs(rule))
        and not rule.subject.answers_of
        and not rule.about.is_of_the_run
    }
    assert others

    now = asked({**council, table: damaged(table, council[table], turn)})

    assert {code for code in others if now[code] != whole[code]} == set()
    assert now.keys() == whole.keys()


def test_it_does_befall_those_that_read_it(council: Tables, whole: Mapping[str, list[Finding]]) -> None:
    now = asked({**council, "ext_supervision": damaged("ext_supervision", council["ext_supervision"], 0)})

    assert {"WF-03", "WF-10"} <= {code for code in whole if now[code] != whole[code]}


def test_every_table_is_read_by_a_rule_and_has_rows_in_the_made_up_council(council: Tables) -> None:
    book = shipped()
    read = {name.partition(".")[0] for rule in book.rules for name in book.needs(rule)}

    assert set(OWN) <= read
    assert [table for table in OWN if not any(map(any, council[table].values()))] == []

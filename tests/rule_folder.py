"""A small folder of rules that a test writes and changes: one subject, one view, one rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from alerting.casedata.snapshot import Snapshot
from alerting.evaluation.evaluate import ask_rules
from alerting.model import Finding
from alerting.rulebook.book import Rulebook
from alerting.rulebook.file_models import Overrides
from alerting.rulebook.loader import load_rulebook

SETTINGS = """\
params:
  adult_age: 18
  short_statuses: [V3, V4]
  grace: null
  row_count_tolerance: 0.005
  max_row_change: 0.20
  max_row_change_at_least: 50
  max_load_age_wd: 1
  min_fill: 0.70
  min_fill_at_least: 30
codes:
  legal_status:
    codes: [C2, V3]
    words: {C2: ["full care order"]}
bank_holidays: [2026-04-03, 2026-04-06]
"""
SUBJECT = """\
id: child
title: Child
says: Everybody recorded
about: child
key: person_id
person: person_id
team: team_id
columns:
  person_id: {type: text, tier: reference, says: Case system number}
  team_id: {type: text, tier: reference, says: The team}
  born_on: {type: date, tier: detail, says: Date of birth}
  visits: {type: integer, tier: reference, says: Visits}
  statuses: {type: codes, tier: detail, says: Legal statuses}
sql: |
  SELECT p.person_id, 'T1' AS team_id, p.born_on, 2 AS visits, ['C2'] AS statuses FROM v_everybody p
"""
VIEW = "SELECT pers_person_id AS person_id, pers_dob AS born_on FROM ssd_person;\n"
RULE = """\
id: visits-few
code: CL-01
title: Few visits
says: "{{ visits }} visits, born {{ born_on | day }}"
clears: A visit is recorded.
owner: head of service
basis: {kind: local, text: seen often}
job: daily
reads: [ssd_person]
params:
  red_visits: 1
requires: [born_on]
subject: child
where: age_on(born_on, today()) < adult_age
let:
  age: age_on(born_on, today())
measure: visits
unit: visits
levels:
  amber: measure < 3
  red: |
    measure < red_visits
      and age < adult_age
due: add_days(born_on, 7)
notify: {amber: [worker], red: [team_manager]}
also: {service_manager: "has(statuses, short_statuses)"}
"""


class Folder:
    """A folder of rules that a test writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write("settings.yaml", SETTINGS)
        self.write("subjects/child.yaml", SUBJECT)
        self.write("subjects/_views/v_everybody.sql", VIEW)
        self.write("practice/visits-few.yaml", RULE)

    def write(self, name: str, text: str) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def change(self, name: str, *changes: tuple[str, str]) -> None:
        text = (self.path / name).read_text("utf-8")
        for before, after in changes:
            assert text.count(before) == 1, before
            text = text.replace(before, after)
        self.write(name, text)

    def rule(self, name: str, *changes: tuple[str, str]) -> None:
        """Write another good rule, with changes; its id is the name of its file."""
        id_ = Path(name).stem
        code = f"CL-{10 + len(list(self.path.rglob('*.yaml')))}"
        self.write(name, RULE.replace("id: visits-few", f"id: {id_}").replace("code: CL-01", f"code: {code}"))
        self.change(name, *changes)

    def load(self, overrides: Mapping[str, Any] | None = None, packs: list[str] | None = None) -> Rulebook:
        return load_rulebook(self.path, packs, Overrides.model_validate(overrides or {}))

    def faults(self, **kinds: Any) -> list[str]:
        return [str(fault).replace(f"{self.path.as_posix()}/", "") for fault in self.load(**kinds).faults]


def ids(book: Rulebook) -> list[str]:
    """Return the rules in use."""
    return [rule.id for rule in book.rules]


def asked(book: Rulebook) -> list[Finding]:
    """Return what the folder's rule finds of one person who was born on 1 May 2010, on 31 March 2026."""
    with Snapshot(date(2026, 3, 31), book.settings) as snapshot:
        snapshot.fill("ssd_person", ["pers_person_id", "pers_dob"], [["P1"], ["2010-05-01"]])
        snapshot.settle(book.wanted(book.rules))
        return ask_rules(book, snapshot, book.rules).findings("visits-few")

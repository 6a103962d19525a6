"""A council of a handful of people, written as a folder of CSV files, for tests of the whole line.

T1  help and protection  manager M1, service manager S1, head of service H1, worker W1
T2  children in care     manager M2, the same above
TP  performance          manager P1;  TQ  quality assurance  manager Q1
C1  a child on a protection plan, of T1 and W1, seen long ago: CP-03 is red
C2  a child on a protection plan, of T1 and W1, seen yesterday: nothing is wrong
"""

from __future__ import annotations

import atexit
import csv
import shutil
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from alerting.alerts.people import Actor
from alerting.casedata.catalogue import TABLES
from tests.case_rows import RULES, shipped

MONDAY = date(2026, 3, 2)
Row = dict[str, str]
ITS_RULES = frozenset({"AS-01", "CL-01", "CLA-01", "CLA-02", "CLA-03", "CP-03", "CP-05", "CP-08", "DQ-02", "PL-01", "WF-01"})
"""The codes of the shipped rules that a made council lives by: hundreds of tests ask each of them, day after day.

All that are shipped are asked by the tests of the rules, of the demo and of the whole line.
"""


def somebody(id_: str) -> Actor:
    """Return a member of the made council's staff as one who does something."""
    return Actor(id=id_, name=f"Person {id_}", account="somebody", host="a-machine")


@cache
def its_rules() -> Path:
    """Return a folder of those of the shipped rules that a made council lives by, with what they stand on."""
    book, folder = shipped(), Path(tempfile.mkdtemp()) / "rules"
    atexit.register(shutil.rmtree, folder.parent, ignore_errors=True)
    rules = [rule for rule in book.rules if rule.code in ITS_RULES]
    packs = [f"{pack.name}/README.md" for pack in RULES.iterdir() if (pack / "README.md").exists()]
    for name in {"settings.yaml", *packs, *(file for rule in rules for file in book.files_of(rule))}:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(RULES / name, folder / name)
    return folder


class MadeCouncil:
    """Tables of rows that a test changes and writes again, as a nightly extract would be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: By table, what becomes of its file on the way; None where it does not arrive.
        self.spoilt: dict[str, Callable[[bytes], bytes | None]] = {}
        self.tables: dict[str, list[Row]] = {name: [] for name in TABLES if name != "ext_load"}
        people = {"M1": ("team_manager", "T1"), "M2": ("team_manager", "T2"), "S1": ("service_manager", "T1"), "W1": ("social_worker", "T1"),
                  "H1": ("head_of_service", "T1"), "P1": ("performance", "TP"), "Q1": ("other", "TQ"), "W2": ("social_worker", "T2")}  # fmt: skip
        for worker, (role, team) in people.items():
            self.add(
                "ext_staff",
                worker_id=worker,
                name=f"Person {worker}",
                email=f"{worker.lower()}@example.gov.uk",
                role=role,
                team_id=team,
                fte="1",
            )
            self.add("ssd_professionals", prof_professional_id=worker, prof_professional_name=f"Person {worker}")
        services = {"T1": "help_protection", "T2": "children_in_care", "TP": "performance", "TQ": "quality_assurance"}
        for team, manager in {"T1": "M1", "T2": "M2", "TP": "P1", "TQ": "Q1"}.items():
            self.add(
                "ext_team",
                team_id=team,
                name=f"Team {team}",
                service=services[team],
                manager_id=manager,
                service_manager_id="S1",
                head_of_service_id="H1",
            )
        self.on_a_plan("C1", seen=MONDAY - timedelta(days=40))
        self.on_a_plan("C2", seen=MONDAY - timedelta(days=3))

    def add(self, table: str, **cells: str) -> None:
        self.tables[table].append(cells)

    def row(self, table: str, **key: str) -> Row:
        [found] = [row for row in self.tables[table] if key.items() <= row.items()]
        return found

    def remove(self, table: str, **key: str) -> None:
        self.tables[table] = [row for row in self.tables[table] if not key.items() <= row.items()]

    def on_a_plan(
        self, child: str, *, seen: date, team: str = "T1", worker: str = "W1", begun: date = MONDAY - timedelta(days=60)
    ) -> None:
        """Add a child with a protection plan, a review booked, an allocated worker and one visit."""
        self.add("ssd_person", pers_person_id=child, pers_dob="2015-05-05")
        self.add("ssd_cin_episodes", cine_referral_id=f"R{child}", cine_person_id=child, cine_referral_date=begun.isoformat())
        self.add("ssd_cp_plans", cppl_cp_plan_id=f"P{child}", cppl_person_id=child, cppl_cp_plan_start_date=begun.isoformat())
        self.add("ssd_involvements", invo_involvements_id=f"I{child}", invo_person_id=child, invo_professional_id=worker, invo_professional_team=team,
                 invo_professional_role_id="CW", invo_involvement_start_date=begun.isoformat())  # fmt: skip
        self.visited(child, seen)

    def visited(self, child: str, day: date) -> None:
        count = len(self.tables["ssd_cp_visits"])
        self.add(
            "ssd_cp_visits",
            cppv_cp_visit_id=f"V{count}",
            cppv_person_id=child,
            cppv_cp_visit_date=day.isoformat(),
            cppv_cp_visit_seen="Y",
        )

    def write(self, *, without: tuple[str, ...] = ()) -> Path:
        """Write every table, header and rows, and take away the files of those to be left out."""
        extracts = self.folder / "extracts"
        extracts.mkdir(exist_ok=True)
        for name, rows in self.tables.items():
            path = extracts / f"{name}.csv"
            path.unlink(missing_ok=True)
            if name in without:
                continue
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(TABLES[name].columns))
                writer.writeheader()
                writer.writerows(rows)
        for name, spoil in self.spoilt.items():
            path = extracts / f"{name}.csv"
            content = spoil(path.read_bytes())
            path.unlink()
            if content is not None:
                path.write_bytes(content)
        return extracts

    def configure(self, store: str, **changes: Any) -> Path:
        """Write a config.yaml that reads the extracts, keeps no days and delivers into a folder; `changes` replace whole sections.

        Its rules are those it lives by, unless it has a folder of its own or `changes` says where they are.
        """
        config = {
            "council": {
                "name": "Exampleshire",
                "administrators": [{"name": "A. Officer", "address": "admin@example.gov.uk"}],
                # So that what each day says of itself can be read.
                "administrators_daily": True,
                "domain": "alerts.example.gov.uk",
            },
            "store": store,
            "go_live": "full",
            "keep": {"days": 0},
            "source": {"type": "files", "path": "extracts"},
            "receivers": {"outbox": {"type": "folder", "path": "outbox"}},
        } | changes
        if not (self.folder / "rules").exists():
            config["rules"] = {"path": its_rules().as_posix()} | config.get("rules", {})
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
        return path

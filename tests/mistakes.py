"""Mistakes that people make in the files they write: a small good council, and what `alerting check` prints of a mistake in it.

Each is made alone in a file that is good. What is printed is to say what is wrong, where, and what to do, in the words of
somebody who knows a little SQL and no Python: change a message in the tests first, and read it as that person would.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from alerting.commands import cli
from alerting.documents.document import load
from tests.case_rows import RULES

BANK_HOLIDAYS = load(RULES / "settings.yaml").value["bank_holidays"]
CONFIG, SETTINGS = "config.yaml", "rules/settings.yaml"
RULE, OTHER = "rules/local/plan-visit-late.yaml", "rules/local/plan-without-a-worker.yaml"
SUBJECT, VIEW = "rules/subjects/plan.yaml", "rules/subjects/_views/v_plan.sql"
GOOD = {
    CONFIG: """\
council: {name: Exampleshire, administrators: [{name: Alex Admin, address: alerts-admin@example.gov.uk}, {name: Bo Deputy, address: bo@example.gov.uk}]}
store: sqlite:///alerting.db
source: {type: files, path: extracts}
rules:
  path: rules
  settings:
    LOC-01:
      params: {red_days: 40}
    plan-without-a-worker:
      enabled: false
      reason: tried again in May
  params: {adult_age: 18}
receivers:
  outbox: {type: folder, path: outbox, ceiling: reference}
""",
    SETTINGS: f"""\
params:
  adult_age: 18
  row_count_tolerance: 0.005
  max_row_change: 0.20
  max_row_change_at_least: 50
  max_load_age_wd: 1
  min_fill: 0.70
  min_fill_at_least: 30
codes:
  legal_status:
    codes: [C2, V3]
    words: {{C2: [full care order]}}
bank_holidays: [{BANK_HOLIDAYS[0]}, {BANK_HOLIDAYS[1]},
  {", ".join(BANK_HOLIDAYS[2:])}]
""",
    SUBJECT: """\
id: plan
title: Child on a plan
says: One row per child on a child protection plan today.
about: child
key: plan_id
person: person_id
team: team_id
worker: worker_id
columns:
  plan_id: {type: text, tier: reference, says: The plan's number}
  person_id: {type: text, tier: reference, says: Case system number}
  team_id: {type: text, tier: reference, says: The team that answers}
  worker_id: {type: text, tier: reference, says: The allocated worker}
  plan_start: {type: date, tier: reference, says: First day of the plan}
  last_visit: {type: date, tier: reference, says: Latest visit at which the child was seen}
  ethnicity: {type: text, tier: detail, says: Ethnicity as a national code}
  unborn: {type: boolean, tier: reference, says: Not born yet}
sql: |
  SELECT p.plan_id, p.person_id, i.team_id, i.worker_id, p.plan_start,
    max(v.cppv_cp_visit_date) AS last_visit, c.pers_ethnicity AS ethnicity, false AS unborn
  FROM v_plan p
  LEFT JOIN ssd_person c ON c.pers_person_id = p.person_id
  LEFT JOIN v_worker i ON i.person_id = p.person_id
  LEFT JOIN ssd_cp_visits v ON v.cppv_cp_plan_id = p.plan_id
  GROUP BY ALL
""",
    VIEW: """\
-- One row per child protection plan that has not ended.
SELECT cppl_cp_plan_id AS plan_id, cppl_person_id AS person_id, cppl_cp_plan_start_date AS plan_start
FROM ssd_cp_plans
WHERE cppl_cp_plan_start_date <= as_of() AND cppl_cp_plan_end_date IS NULL
""",
    "rules/subjects/_views/v_worker.sql": """\
SELECT invo_person_id AS person_id, invo_professional_id AS worker_id, invo_professional_team AS team_id FROM ssd_involvements
""",
    RULE: """\
id: plan-visit-late
code: LOC-01
title: No visit for six weeks
says: "{{ measure }} days without a visit, the last on {{ last_visit | day }}. The limit is {{ params.red_days }} days."
clears: A visit at which the child was seen is recorded.
owner: child protection service manager
basis: {kind: local, text: A child on a plan is seen every six weeks, source: service standard}
review_by: 2099-04-01
job: daily
reads: [ssd_cp_plans, ssd_cp_visits, ssd_involvements]
params:
  amber_days: 35
  red_days: 42
subject: plan
where: not unborn
let:
  seen: greatest(plan_start, last_visit)
measure: days_since(seen)
unit: days
levels:
  amber: measure > amber_days
  red: measure > red_days
due: add_days(seen, red_days)
notify:
  amber: [worker]
  red: [worker, team_manager]
examples:
  - says: 35 days, still clear
    as_of: 2026-03-31
    row: {plan_id: P1, unborn: false, plan_start: 2025-10-01, last_visit: 2026-02-24}
    gives: none
  - says: 43 days, red
    as_of: 2026-03-31
    row: {plan_id: P1, unborn: false, plan_start: 2025-10-01, last_visit: 2026-02-16}
    gives: red
""",
    OTHER: """\
id: plan-without-a-worker
code: LOC-02
title: Plan without a worker
says: Nobody is allocated to this child.
clears: A worker is allocated.
owner: child protection service manager
basis: {kind: local, text: Every child on a plan has a worker}
review_by: 2099-04-01
job: daily
reads: [ssd_cp_plans, ssd_involvements]
subject: plan
levels:
  red: worker_id is null
notify: {red: [team_manager]}
examples:
  - says: nobody
    as_of: 2026-03-31
    row: {plan_id: P1}
    gives: red
  - says: somebody
    as_of: 2026-03-31
    row: {plan_id: P1, worker_id: W1}
    gives: none
""",
}
"""A small council without a fault."""


@dataclass(frozen=True)
class Mistake:
    """A mistake: what it is, the file it is made in, what stands there, what is written instead, and what is printed of it."""

    what: str
    file: str
    good: str
    bad: str
    printed: str

    @property
    def name(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.what.lower()).strip("-")

    def made(self) -> str:
        text = GOOD[self.file]
        assert text.count(self.good) == 1, self.good
        return text.replace(self.good, self.bad)


def check(folder: Path, files: Mapping[str, str]) -> str:
    """Return what `alerting check` prints of a council that has these files."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    with contextlib.chdir(folder):
        result = CliRunner().invoke(cli, ["check", "--no-source", "--offline"], catch_exceptions=False)
    return result.stdout


def check_copies(folder: Path, mistakes: Sequence[Mistake]) -> dict[str, str]:
    """Return what is printed of each mistake in a rule or in SQL, all made in one council, each in a copy of its own."""
    files = {name: text for name, text in GOOD.items() if name != RULE}
    files[CONFIG] = re.sub(r"  settings:\n(    .*\n)+", "", GOOD[CONFIG])
    copies = {}
    for number, mistake in enumerate(mistakes):
        good = Path(mistake.file)
        # As long as the name that it stands for, or messages would be laid out otherwise.
        name = f"{chr(97 + number // 26)}{chr(97 + number % 26)}".ljust(len(good.stem), "x")
        copies[good.with_stem(name).as_posix()] = mistake
        text = mistake.made().replace(f"id: {good.stem}\n", f"id: {name}\n").replace("code: LOC-01", f"code: LOC-{number + 10}")
        files[good.with_stem(name).as_posix()] = text
    found: dict[str, list[str]] = {mistake.name: [] for mistake in copies.values()}
    for block in check(folder, files).strip().split("\n\n"):
        [path] = re.findall(r"--> ([^:\n]+)", block)
        mistake = copies[path]
        found[mistake.name].append(block.replace(Path(path).stem, Path(mistake.file).stem))
    return {name: "\n\n".join(blocks) for name, blocks in found.items()}


def assert_useful(printed: str) -> None:
    """Every message has a place, a mark under what is meant, and what to do."""
    for block in printed.strip("\n").split("\n\n"):
        assert re.match(r"(error|warning): .+\n +--> [\w./-]+:\d+:\d+\n", block)
        assert re.search(r"\^", block)
        assert " = help: " in block or "should be" in block

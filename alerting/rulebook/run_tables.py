"""What a run knows itself, as tables that a subject's SQL may read: what other rules answered today, how asking each went, which data is
believed.

A rule over such a subject is asked after the rules that its `answers_of` names. Those that are of another job are asked for it, and nobody is
told by that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ALL = "all"
"""Stands in `answers_of` for every rule that is switched on."""

RUN_ANSWER, RUN_RULE, RUN_TABLE = "run_answer", "run_rule", "run_table"


@dataclass(frozen=True)
class RunColumn:
    """One column of a table of the run."""

    type: Literal["text", "integer", "number", "date", "boolean"]
    says: str


_RULE = RunColumn("text", "Code of the rule")

RUN_TABLES: Mapping[str, Mapping[str, RunColumn]] = {
    RUN_ANSWER: {
        "rule": _RULE,
        "about": RunColumn("text", "What it is about: child, worker, team ..."),
        "subject": RunColumn("text", "The key of its subject"),
        "outcome": RunColumn("text", "match, clear or unknown; of nobody outside its population there is a row"),
        "level": RunColumn("text", "info, amber, red or critical; empty unless it matches"),
        "seriousness": RunColumn("integer", "The level as a number: 1 info, 2 amber, 3 red, 4 critical, 0 none"),
        "measure": RunColumn("number", "What was measured"),
        "due": RunColumn("date", "The due date; empty unless it matches"),
        "team_id": RunColumn("text", "The team that answers for it"),
        "worker_id": RunColumn("text", "Its worker"),
        "person_id": RunColumn("text", "The child it is about"),
    },
    RUN_RULE: {
        "rule": _RULE,
        "title": RunColumn("text", "Its title"),
        "job": RunColumn("text", "daily, weekly or monthly"),
        "about": RunColumn("text", "What it is about: child, worker, team ..."),
        "status": RunColumn(
            "text",
            "ok, withheld (its data is not trusted today), off (too few have a value that it needs, or a table is not supplied) "
            "or error",
        ),
        "in_shadow": RunColumn("boolean", "Whether it is tried first, and told to the performance team alone"),
        "filled": RunColumn("number", "Where too few have a value that it needs, the lowest share that has one, in percent"),
        "population": RunColumn("integer", "How many it asks about"),
        "unknown": RunColumn("integer", "Of how many it cannot be told"),
        "serious": RunColumn("integer", "How many are red or critical"),
    },
    RUN_TABLE: {
        "table_name": RunColumn("text", "A table that a rule reads"),
        "is_supplied": RunColumn("boolean", "Whether the council has it: one of its own, ext_..., with a row"),
        "is_trusted": RunColumn("boolean", "Whether all of it can be believed today, each column that a rule reads"),
        "rows": RunColumn("integer", "Its rows, empty where it is not there or cannot be read"),
    },
}
"""Each table of the run with its columns."""

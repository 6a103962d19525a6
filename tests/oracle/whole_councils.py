"""The random councils of `councils`, with what all other rules read put beside it: nasty in every column that is read."""

from __future__ import annotations

from datetime import date
from random import Random

from tests.oracle.adding import Adding, with_columns
from tests.oracle.cells import Table
from tests.oracle.councils import TABLES, decided, random_council
from tests.oracle.councils_children import CHILDREN, more_columns

MORE_TABLES = "ssd_contacts ssd_s47_enquiry ssd_cla_health ssd_cin_plans ssd_cin_visits".split()


def whole_council(seed: int, as_of: date, people: int = 200) -> dict[str, Table]:
    """Make a council that every rule can be asked about, all tables as raw cells; some `ext_` tables are not there at all."""
    tables = random_council(Random(seed), as_of, people)
    for name in (*TABLES, *MORE_TABLES):
        if not name.startswith("ext_"):
            tables.setdefault(name, [])
    for more in CHILDREN:
        more(Adding(tables, Random(f"{seed} {more.__name__}"), as_of, more.__name__[0]))
    for name in more_columns(Random(seed)):
        with_columns(tables[name], str(seed), lambda rng, name=name: more_columns(rng)[name])  # type: ignore[misc]
    return {name: decided(name, rows) for name, rows in tables.items()}

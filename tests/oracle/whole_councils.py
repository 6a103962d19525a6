"""The random councils of `councils`, with what all other rules read put beside it: nasty in every column that is read."""

from __future__ import annotations

from datetime import date
from random import Random

from tests.oracle.adding import Adding, with_columns
from tests.oracle.cells import Row, Table, id_of, real_date
from tests.oracle.councils import TABLES, decided, random_council
from tests.oracle.councils_care import CARE
from tests.oracle.councils_children import CHILDREN, demand, referred_again
from tests.oracle.councils_columns import COLUMNS
from tests.oracle.councils_front_door import FRONT_DOOR, referred_and_no_more, strategies
from tests.oracle.councils_newcomers import newcomers
from tests.oracle.councils_shares import SHARES, month_against_month
from tests.oracle.councils_work import WORK
from tests.oracle.written import working_days_before

MORE_TABLES = (
    "ssd_contacts ssd_s47_enquiry ssd_cla_health ssd_cin_plans ssd_cin_visits ssd_initial_cp_conference ssd_sdq_scores ssd_missing "
    "ssd_immigration_status ssd_pre_proceedings ssd_assessment_factors"
).split()
SMALL = 100
SOMETIMES_GONE = (
    "ext_contact ext_referral ext_strategy ext_pep ext_supervision ext_oversight ext_audit ext_plan_action ext_workforce ext_vacancy "
    "ext_cover"
).split()
MORE = (newcomers, referred_and_no_more, *CHILDREN, *CARE, *FRONT_DOOR, *WORK, *SHARES)


def whole_council(seed: int, as_of: date, people: int = 200) -> dict[str, Table]:
    """Make a council that every rule can be asked about, all tables as raw cells; some `ext_` tables are not there at all.

    A small one has hardly anything that is counted in hundreds: demand, and shares of the whole council.
    """
    tables = random_council(Random(seed), as_of, people)
    for name in (*TABLES, *MORE_TABLES):
        if name.startswith("ssd_"):
            tables.setdefault(name, [])
    left_out = [*SHARES, demand, strategies] if people < SMALL else []
    if Random(f"{seed} quiet").random() < 0.25:  # few are referred again
        left_out += [referred_again, demand, month_against_month]
    for more in [more for more in MORE if more not in left_out]:
        more(Adding(tables, Random(f"{seed} {more.__name__}"), as_of, more.__name__[:2]))
    for name, columns in COLUMNS.items():
        with_columns(tables[name], f"{seed} {name}", columns, as_of)
    _stand_still(tables, Random(f"{seed} still"), as_of)
    gone = Random(f"{seed} gone")
    for name in SOMETIMES_GONE:
        if gone.random() < 0.05:
            tables.pop(name, None)
    return {name: decided(name, _one_each(name, rows)) for name, rows in tables.items()}


def _stand_still(tables: dict[str, Table], rng: Random, as_of: date) -> None:
    """Take the newest rows out of some tables of events, as if nothing had come for some days."""
    for table, column in (("ssd_contacts", "cont_contact_date"), ("ssd_cin_episodes", "cine_referral_date")):
        last = working_days_before(rng, as_of, rng.choice((2, 3, 4)))
        if rng.random() < 0.2:
            tables[table] = [row for row in tables[table] if not last < (real_date(row.get(column)) or last) <= as_of]


# What orders the rows of somebody: of rows that are equal in it and not in the rest, the definitions choose none.
_ORDER = {
    "ssd_cin_plans": ("cinp_person_id", "cinp_cin_plan_start_date", "cinp_cin_plan_id"),
    "ssd_cin_assessments": ("cina_person_id", "cina_assessment_auth_date", "cina_assessment_id"),
    "ssd_permanence": ("perm_person_id", "perm_adm_decision_date", "perm_table_id"),
    "ssd_pre_proceedings": ("prep_person_id", "prep_pre_pro_decision_date", "prep_table_id"),
}
# Subjects: of rows with one id that are not the same, the definitions choose none.
_KEYS = {
    "ssd_missing": ("miss_table_id",),
    "ssd_cin_assessments": ("cina_assessment_id",),
    "ext_audit": ("audit_id", "audited_on", "due_on"),
    "ext_vacancy": ("vacancy_id", "vacant_from"),
    "ext_plan_action": ("ref", "updated_on", "rag"),
}


def _one_each(table: str, rows: Table) -> Table:
    kept = rows
    for columns, none_too in ((_ORDER.get(table), True), (_KEYS.get(table), False)):
        seen: dict[tuple[object, ...], Row] = {}
        keys = [_read(row, columns or ()) for row in kept]
        kept = [
            row
            for key, row in zip(keys, kept, strict=True)
            if not key or (key[0] is None and not none_too) or seen.setdefault(key, row) == row
        ]
    return kept


def _read(row: Row, columns: tuple[str, ...]) -> tuple[object, ...]:
    return tuple(real_date(row.get(name)) or id_of(row.get(name)) for name in columns)

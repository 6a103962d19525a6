"""What a council's own tables hold less of than they should, or say in other words than ours: told at any size.

They are small, and everybody's way to their messages: a team whose service is worded in another way is nobody's quality assurance.
Rules wait for a column that says nothing at all: it is empty in a whole table, or its words are mostly not ours. Of the tables of what was
done they wait for what says of whom, when and of what kind, where more than a quarter of it is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

from alerting.casedata.column_checks import ADDRESSES, lacks
from alerting.casedata.conversion import quoted
from alerting.formatting import day, listed, plural

if TYPE_CHECKING:
    from alerting.casedata.snapshot import Snapshot, Wanted

_ROLES = (
    *("social_worker", "senior_social_worker", "lead_practitioner", "personal_adviser", "team_manager"),
    *("service_manager", "head_of_service", "iro", "performance", "other"),
)

WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "ext_staff": {"role": _ROLES},
        "ext_team": {
            "service": (
                *("front_door", "assessment", "help_protection", "children_in_care", "care_leavers", "disabled_children"),
                *("fostering", "quality_assurance", "commissioning", "performance", "other"),
            )
        },
        "ext_restricted": {"level": ("limited", "sealed")},
        "ext_visit_freq": {"kind": ("cp", "cla"), "regime": ("reg19", "reg24")},
        "ext_contact": {"rag": ("red", "amber", "green")},
        "ext_supervision": {"kind": ("staff", "case")},
        "ext_audit": {"kind": ("audit", "dip_sample", "re_audit")},
        "ext_vacancy": {"role": _ROLES},
    }
)
"""By table and column, the words that it may hold, as they are compared."""

ALWAYS_THERE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ext_staff": ("worker_id", "email", "role", "team_id"),
        "ext_team": ("team_id", "service"),
        "ext_cover": ("staff_id", "from_date"),
        "ext_visit_freq": ("person_id", "kind", "valid_from"),
        "ext_contact": ("contact_id", "received_at"),
        "ext_referral": ("referral_id", "received_at"),
        "ext_strategy": ("strategy_id", "person_id", "held_on"),
        "ext_supervision": ("kind", "held_on"),
        "ext_oversight": ("person_id", "noted_on"),
        "ext_audit": ("audit_id", "kind"),
        "ext_plan_action": ("ref", "title", "owner_id", "rag", "updated_on"),
        "ext_workforce": ("team_id", "month", "inpost_fte", "vacant_fte", "agency_fte", "leavers_fte"),
        "ext_vacancy": ("vacancy_id", "team_id", "role", "vacant_from"),
        "ext_pep": ("person_id", "pep_on"),
    }
)
"""By table, the columns that nearly every row has."""


SOMETIMES_THERE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ext_contact": ("decision_at",),
        "ext_referral": ("completed_at",),
        "ext_supervision": ("worker_id", "person_id"),
        "ext_audit": ("audited_on",),
        "ext_team": ("manager_id",),
    }
)
"""By table, the columns that say of some rows that something was done, of whom or by whom: of a whole table some row has each."""

_OF_KIND: Mapping[tuple[str, str], str] = MappingProxyType(
    {("ext_supervision", "worker_id"): "staff", ("ext_supervision", "person_id"): "case"}
)
"""The columns that only rows of one kind have: a council that records the other kind alone has none, and nothing is lost."""

_OF_EVENTS = frozenset(
    {"ext_contact", "ext_referral", "ext_strategy", "ext_supervision", "ext_oversight", "ext_audit", "ext_pep"}
)
"""The tables of what was done, of whom and when: what a row does not say is looked for in vain."""

ENDS = frozenset({"decision_at", "completed_at", "audited_on"})
"""The columns that say that something is over, which a table of what is open does not have."""

VISITS = "ext_visit_freq"
"""The table of agreed visit frequencies."""

_SAYS_WHAT_A_ROW_IS = frozenset({("ext_supervision", "kind"), ("ext_audit", "kind")})

_BY_MANAGERS: Mapping[str, tuple[str, str]] = MappingProxyType({"ext_oversight": ("by_id", "noted_on")})
"""By table of what counts only where a manager wrote it, the columns that say who did and when."""
_A_YEAR = 365

SERVICES = ("ext_team", "service")
"""The table and its column of services: a team of a service in other words than ours is no more found by it than one of none."""

WHO_IS_TOLD = frozenset({ADDRESSES, SERVICES, ("ext_team", "team_id"), ("ext_team", "manager_id"), ("ext_cover", "to_date")})
"""The columns without which somebody else is told of all that is open, as of something new, from one load to the next."""

_TO_REACH = frozenset({("ext_staff", "email"), ("ext_team", "service"), ("ext_restricted", "level")})
"""What says nothing of what is due, only who is told: without it a message finds another way, or goes to nobody."""


def can_do_without(table: str, column: str) -> bool:
    """Return whether no rule waits for a column, whatever is in it: who is told, or how often a child is visited at least.

    Of the latter the standard frequency holds; nobody's visit is looked for where its rules wait.
    """
    return (table, column) in _TO_REACH or table == VISITS


def is_a_service() -> str:
    """Write whether a cell of services, which stands for `{0}`, is one of ours."""
    table, name = SERVICES
    return f"norm({{0}}) IN ({', '.join(map(_text, WORDS[table][name]))})"


def says_what_a_row_is(table: str, column: str) -> bool:
    """Return whether a row whose word is none of a column's own counts for no rule at all: what was done is then looked for in vain."""
    return (table, column) in _SAYS_WHAT_A_ROW_IS


def never_there(
    snapshot: Snapshot, table: str, filled: Mapping[str, tuple[int, int]], least: float, least_of_teams: float, *, open_only: bool
) -> Iterator[tuple[str, str]]:
    """Yield each column that no row has of a table of so many, and some should: its name, and what to say.

    least_of_teams: of so many teams. open_only: the table holds only what is open, and has no ends.
    """
    ends = ENDS if open_only else frozenset[str]()
    for name in frozenset((*ALWAYS_THERE.get(table, ()), *SOMETIMES_THERE.get(table, ()))) - ends:
        there, rows, of_kind = _there(snapshot, table, name, filled)
        # A council has few teams; and of which service each is, rules go by.
        is_of_teams = table == "ext_team" and rows >= least_of_teams
        if there == 0 and (is_of_teams or (rows >= least and not can_do_without(table, name))):
            yield name, f"{lacks(table, name)} in all {rows} rows{of_kind}"


def _there(snapshot: Snapshot, table: str, name: str, filled: Mapping[str, tuple[int, int]]) -> tuple[int, int, str]:
    """Return in how many rows a column is filled, of how many that should have it, and of which kind those are, in words."""
    kind = _OF_KIND.get((table, name))
    if kind is None or not {"kind", name} <= filled.keys():
        return *filled.get(name, (0, 0)), ""
    by_word = f"SELECT kind, count({quoted(name)}) AS there, count(*) AS n FROM {table} GROUP BY kind"
    of_it = f"FILTER (norm(kind) = {_text(kind)})"
    [(there, rows)] = snapshot.sql(f"SELECT sum(there) {of_it}, sum(n) {of_it} FROM ({by_word})")
    return int(there or 0), int(rows or 0), f" of kind {kind}"


def other_words(snapshot: Snapshot, table: str, there: frozenset[str]) -> Iterator[tuple[str, int, int, str]]:
    """Yield each column that is there and holds words that are none of its own: its name, how many, of how many, and what to say."""
    for name, words in WORDS.get(table, {}).items():
        if name not in there:
            continue
        [(every, other)] = snapshot.sql(
            f"SELECT sum(n), sum(n) FILTER (norm(word) NOT IN ({', '.join(map(_text, words))})) "
            f"FROM (SELECT {quoted(name)} AS word, count(*) AS n FROM {table} WHERE {quoted(name)} IS NOT NULL GROUP BY 1)"
        )
        if other:
            counts_as = ", which count as sealed" if table == "ext_restricted" else ""
            yield name, other, every, f"is none of {listed(words)} in {other} of {every} cells{counts_as}"


def thin(
    snapshot: Snapshot, table: str, filled: Mapping[str, tuple[int, int]], told: float, most: float, least: float
) -> Iterator[tuple[str, float, bool, str]]:
    """Yield each column that more than a share of the rows, `told`, are without and should have: its name, how large theirs is, whether rules wait, and what to say.

    In a table of so many rows they wait where more than `most` do not say of whom something was recorded, or when. It is more than of the SSD:
    these tables are written by hand.
    """
    of_a_kind = [column for of, column in _OF_KIND if of == table]
    for name in (*ALWAYS_THERE.get(table, ()), *of_a_kind):
        there, rows, of_kind = _there(snapshot, table, name, filled)
        waits = table in _OF_EVENTS and rows >= least and rows - there > most * rows
        # Of a few rows of one kind nothing is told: it says little that they name nobody.
        if rows and 1 - there / rows > told and (waits or not of_kind):
            yield name, 1 - there / rows, waits, f"{lacks(table, name)} in {rows - there} of {rows} rows{of_kind}"


def by_nobody_known(
    snapshot: Snapshot, wanted: Wanted, table: str, most: float, least: float
) -> Iterator[tuple[str, float, str]]:
    """Yield the column that says who wrote what counts only of a manager, where more than a share of the last year's is of staff in no role.

    Whether they are managers cannot be said then. Yield its name, the share and what to say.
    """
    name, day = _BY_MANAGERS.get(table, ("", ""))
    if not ({name, day} <= wanted.get(table, frozenset()) and {"worker_id", "role"} <= wanted.get("ext_staff", frozenset())):
        return
    ours = "list_contains(list_transform(param('oversight_roles'), lambda word: norm(word)), norm(role))"
    known = f"SELECT worker_id FROM ext_staff WHERE (norm(role) IN ({', '.join(map(_text, _ROLES))}) OR {ours})"
    [(rows, nobodys)] = snapshot.sql(
        f"SELECT count(*), count(*) FILTER ({name} NOT IN ({known} AND worker_id IS NOT NULL)) FROM {table} "
        f"WHERE {name} IN (SELECT worker_id FROM ext_staff) AND {day} BETWEEN as_of() - {_A_YEAR} AND as_of()"
    )
    if rows >= least and nobodys > most * rows:
        says = "is somebody whose ext_staff.role is empty, or no word that it may hold,"
        yield name, nobodys / rows, f"{says} in {nobodys} of the {rows} rows of the last year whose writer is on the staff list"


def standing_still(snapshot: Snapshot, table: str, column: str, most: float) -> tuple[date, str] | None:
    """Return since when a table has nothing newer, and what to say of it, where that is more working days: whoever keeps it may have stopped."""
    name = quoted(column)
    [(newest, since)] = snapshot.sql(
        f"SELECT d, wd_between(d, as_of()) FROM (SELECT max({name}) AS d FROM {table} WHERE {name} <= as_of())"
    )
    if newest is None or since is None or since <= most:
        return None
    said = f"has nothing newer than {day(newest)}, {plural(since, 'working day')} ago; whoever keeps it may have stopped, and its rules find everybody late"
    return newest, said


def _text(word: str) -> str:
    return f"'{word}'"

"""What is lost of a column of which much is there, seen without an earlier load, by what stands beside it.

Of ends: of what began long ago too much is open, where nearly all else of its kind had ended long before. Nothing is said of what goes on
for years, of which too little began in the time that the data covers. Of columns that are filled in together: that too often only one is not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

from alerting.casedata import cells
from alerting.casedata.column_checks import IN_WORDS
from alerting.formatting import day, listed

if TYPE_CHECKING:
    from alerting.casedata.snapshot import Snapshot, Wanted

ENDS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "ssd_cin_episodes": (("cine_referral_date", "cine_close_date"),),
        "ssd_cin_assessments": (("cina_assessment_start_date", "cina_assessment_auth_date"),),
        "ssd_cin_plans": (("cinp_cin_plan_start_date", "cinp_cin_plan_end_date"),),
        "ssd_s47_enquiry": (("s47e_s47_start_date", "s47e_s47_end_date"),),
        "ssd_cp_plans": (("cppl_cp_plan_start_date", "cppl_cp_plan_end_date"),),
        "ssd_cp_reviews": (("cppr_cp_review_due", "cppr_cp_review_date"),),
        "ssd_cla_episodes": (("clae_cla_episode_start_date", "clae_cla_episode_ceased_date"),),
        "ssd_cla_reviews": (("clar_cla_review_due_date", "clar_cla_review_date"),),
        "ssd_missing": (("miss_missing_episode_start_date", "miss_missing_episode_end_date"),),
        "ext_contact": (("received_at", "decision_at"),),
        "ext_referral": (("received_at", "completed_at"),),
        "ext_audit": (("due_on", "audited_on"), ("actions_due_on", "actions_done_on")),
    }
)
"""By table, when something began or was due, and when it ended or was held. Not of involvements: of many roles no system records the end."""

_HELD = ("invo_involvement_end_date", "invo_person_id", "invo_professional_role_id", "invo_involvement_start_date")
"""Of involvements, when one ended, whose and in which role it is, and when it began."""

_NEVER_ASKED: Mapping[str, str] = MappingProxyType(
    {"ssd_cin_episodes": "NOT cine_referral_nfa", "ssd_cla_reviews": "NOT clar_cla_review_cancelled"}
)
"""By table, which rows have an end at all, as SQL."""

TOGETHER: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ssd_cla_health": ("clah_health_check_date", "clah_health_check_type", "clah_health_check_status"),
        "ssd_sdq_scores": ("csdq_sdq_completed_date", "csdq_sdq_score"),
        "ssd_cla_care_plan": ("lacp_cla_care_plan_start_date", "lacp_cla_care_plan_json"),
        "ssd_cin_visits": ("cinv_cin_visit_date", "cinv_cin_visit_seen"),
        "ssd_cp_visits": ("cppv_cp_visit_date", "cppv_cp_visit_seen"),
        "ssd_cla_visits": ("clav_cla_visit_date", "clav_cla_visit_seen"),
        "ext_plan_action": ("updated_on", "rag"),
    }
)
"""By table, the columns that are filled in together, the day first."""

EXPECTED = "ssd_person.pers_expected_dob"
"""The column that is filled in where there is no date of birth yet: of whom it is asked, `without_any_birth` says."""

_OTHER_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "clah_health_check_type": (
            "immuni|vaccin|inocul|opti|optom|ophthal|eye|sight|vision|hearing|audio|growth|develop|substance|drug|alcohol|smok|sexual|mental|camhs|emotion"
            "|psych|well.?being|sdq|strength|orthodon|physio|occupational|speech|blood|allerg|height|weight|diet"
        ),
        "clah_health_check_status": (
            "plan|book|arrang|schedul|request|refer|refus|declin|cancel|abandon|withdr|not |no |dna|miss|fail|late|outstand|overdue|due|await|wait|pending|defer|progress|start|open|incomplete"
        ),
    }
)
"""By column of words of which a few are read, what stands in those that are known to mean something else, as a pattern."""

_MOST_ALONE = 0.40
"""The share of rows that may lack one of such columns, or both of two of which one is always there: a questionnaire that is not back has a day and no score."""
_LATELY = 730
"""Days: what was not kept of older reviews, checks and plans harms nobody today."""
_OF_VISITS_LATELY = 365
"""Days: whether a child was seen years ago is nobody's question today, and was not written down then."""
_ONLY_LATELY = frozenset({"ssd_cp_reviews", "ssd_cla_reviews"})

_NEARLY_ALL = 0.95
_FIRST_ENDS = 0.05
_TIMES = 2
_AT_LEAST = 30
"""Days after which, at the earliest, what has not ended is old."""


def without_ends(
    snapshot: Snapshot, table: str, there: Collection[str], most: float, least: float
) -> Iterator[tuple[str, float, str]]:
    """Yield each column of ends that more than a share is without of so many rows or more that are old: its name, the share, what to say.

    Old is what began twice as long ago as nearly all took that have ended; and after the first ends that the table has, as of what began before
    those it may hold only what is open.
    """
    for began, ended in ENDS.get(table, ()):
        if not {began, ended} <= set(there):
            continue
        lately = f"greatest(since.day, as_of() - {_LATELY})" if table in _ONLY_LATELY else "since.day"
        [(rows, open_, until)] = snapshot.sql(
            f"""WITH every AS (
                SELECT CAST({began} AS DATE) AS began, CAST({ended} AS DATE) AS ended FROM {table}
                WHERE {began} IS NOT NULL AND {_NEVER_ASKED.get(table, "true")}
            ), since AS (SELECT quantile_disc(ended, {_FIRST_ENDS}) AS day FROM every), covered AS (
                SELECT began, ended FROM every, since WHERE began >= {lately} AND began <= as_of()
            ), took AS (
                SELECT as_of() - greatest({_AT_LEAST}, {_TIMES} * quantile_disc(ended - began, {_NEARLY_ALL}))::INTEGER AS old FROM covered
            )
            SELECT count(*), count(*) FILTER (ended IS NULL), any_value(old) FROM covered, took WHERE began < old"""
        )
        if rows >= least and open_ > most * rows and isinstance(until, date):
            says = f"is empty in {open_} of the {rows} rows that began before {day(until)}, by when nearly all others had ended"
            yield ended, open_ / rows, says


def handed_on(
    snapshot: Snapshot, table: str, there: Collection[str], most: float, least: float
) -> Iterator[tuple[str, float, str]]:
    """Yield the column of ends of involvements that more than a share is without of so many rows or more after which somebody else took the case over.

    Only of those who hold a case, as of other roles no system records the end. Its name, the share, what to say.
    """
    ended, person, role, began = _HELD
    if table != "ssd_involvements" or not set(_HELD) <= set(there):
        return
    roles = "list_transform(list_concat(param('allocated_roles'), param('personal_adviser_roles')), lambda word: norm(word))"
    # A table has few different roles: each is compared once.
    [(rows, open_)] = snapshot.sql(
        f"""WITH holding AS (
            SELECT {role}, norm({role}) AS held_as FROM (SELECT DISTINCT {role} FROM {table}) WHERE list_contains({roles}, norm({role}))
        ), held AS (
            SELECT {ended} AS ended, {began} AS began, lead({began}) OVER (PARTITION BY {person}, held_as ORDER BY {began}) AS next
            FROM {table} JOIN holding USING ({role}) WHERE {person} IS NOT NULL AND {began} IS NOT NULL
        )
        SELECT count(*), count(*) FILTER (ended IS NULL) FROM held WHERE next > began AND next <= as_of() - {_AT_LEAST}"""
    )
    if rows >= least and open_ > most * rows:
        yield ended, open_ / rows, f"is empty in {open_} of the {rows} rows of a worker after whom another took the case over"


def without_companions(snapshot: Snapshot, table: str, there: Collection[str], least: float) -> Iterator[tuple[str, float, str]]:
    """Yield each column that says nothing in more than two in five of so many rows or more in which those filled in with it do: its name, the share, what to say."""
    asked = [(name, others, where, f"NOT ({_says_something(table, name)})") for name, others, where in _together(table, there)]
    for name, others, lost, rows in _count_together(snapshot, table, there, asked, least):
        yield name, lost / rows, f"says nothing in {lost} of the {rows} rows{_of_when(table)} that have {listed(others)}"


def without_any_birth(snapshot: Snapshot, wanted: Wanted, there: Collection[str], least: float) -> Iterator[tuple[float, str]]:
    """Yield the share of people without a date of birth who have no expected one, and what to say, where it is more than two in five of so many.

    Of open cases and care leavers: of others it is long past, and was not always kept. there: the tables that have rows.
    """
    read = {
        "ssd_person": {"pers_person_id", "pers_dob", "pers_expected_dob"},
        "ssd_cin_episodes": {"cine_person_id", "cine_referral_date", "cine_close_date"},
        "ssd_care_leavers": {"clea_person_id"},
    }
    if "ssd_person" not in there or not all(columns <= wanted.get(name, frozenset()) for name, columns in read.items()):
        return
    known = """SELECT cine_person_id FROM ssd_cin_episodes WHERE cine_referral_date IS NOT NULL AND cine_close_date IS NULL
        UNION SELECT clea_person_id FROM ssd_care_leavers"""
    [(rows, lost)] = snapshot.sql(
        "SELECT count(*), count(*) - count(pers_expected_dob) FROM ssd_person "
        f"WHERE pers_dob IS NULL AND pers_person_id IN ({known})"
    )
    if _is_lost(lost, rows, least):
        yield lost / rows, f"is empty in {lost} of the {rows} rows of open cases and care leavers without a date of birth"


def in_other_words(snapshot: Snapshot, table: str, there: Collection[str], least: float) -> Iterator[tuple[str, float, str]]:
    """Yield each column of words of which a few are read that has neither these nor known others in more than two in five of the cells: its name, the share, what to say."""
    asked = [
        (
            name,
            others,
            f"{where} AND {_says_something(table, name)}",
            f"NOT ({IN_WORDS[name].format(name)} OR regexp_matches(norm({name}), '{_OTHER_WORDS[name]}'))",
        )
        for name, others, where in _together(table, there)
        if name in _OTHER_WORDS
    ]
    for name, others, lost, rows in _count_together(snapshot, table, there, asked, least):
        says = f"is in words that are not known in {lost} of the {rows} rows{_of_when(table)} that have {listed(others)}"
        yield name, lost / rows, says


_Asked = tuple[str, list[str], str, str]
"""A column, those that are filled in with it, in which rows these are, and where it is lost, both as SQL over the rows of `_count_together`."""


def _count_together(
    snapshot: Snapshot, table: str, there: Collection[str], asked: Sequence[_Asked], least: float
) -> Iterator[tuple[str, list[str], int, int]]:
    """Yield each column that is lost in more than two in five of at least so many rows: its name, the others, in how many rows, and of how many.

    The same words stand in many rows: each is read once.
    """
    day, *words = TOGETHER.get(table, ("",))
    if not asked:
        return
    day_is = f"{day} IS NULL AS no_day, coalesce({day} BETWEEN as_of() - {_lately(table)} AND as_of(), false) AS lately"
    selected = ", ".join([*([day_is] if day in there else []), *(name for name in words if name in there), "count(*) AS n"])
    counts = ", ".join(f"sum(n) FILTER ({where}), sum(n) FILTER ({where} AND {is_lost})" for _, _, where, is_lost in asked)
    [found] = snapshot.sql(f"SELECT {counts} FROM (SELECT {selected} FROM {table} GROUP BY ALL)")
    numbers = [int(number or 0) for number in found]
    for (name, others, _, _), rows, lost in zip(asked, numbers[::2], numbers[1::2], strict=True):
        if _is_lost(lost, rows, least):
            yield name, others, lost, rows


def _is_lost(lost: int, rows: int, least: float) -> bool:
    return rows >= least and lost > _MOST_ALONE * rows


def _together(table: str, there: Collection[str]) -> Iterator[tuple[str, list[str], str]]:
    """Yield each column that is filled in with others: its name, the others, and which rows have those, as SQL."""
    together = [name for name in TOGETHER.get(table, ()) if name in there]
    for name in together if len(together) > 1 else ():
        others = [other for other in together if other != name]
        # Of a check that is booked there may be no day yet, so only one in words that are read counts.
        counts = [IN_WORDS[other].format(other) if other in IN_WORDS else _says_something(table, other) for other in others]
        if others[0] == TOGETHER[table][0]:
            counts[0] = "lately"
        yield name, others, " AND ".join(f"({each})" for each in counts)


def _says_something(table: str, name: str) -> str:
    """Write whether a cell says anything, over the rows of `_count_together`."""
    if name == TOGETHER[table][0]:
        return "NOT no_day"
    return f"{name} IS NOT NULL AND NOT {cells.is_nothing(f'CAST({name} AS VARCHAR)')}"


def _of_when(table: str) -> str:
    return " of the last year" if _lately(table) == _OF_VISITS_LATELY else ""


def _lately(table: str) -> int:
    return _OF_VISITS_LATELY if table.endswith("_visits") else _LATELY

"""The ids of people, staff and teams that the council's own tables name and that nobody has, whatever the size of the table.

A few stop nothing: whoever it is about is simply not found, which nobody would notice if it were not told. Where the ids by which a table
says whom it is about are of another kind, none of them met or many but for what a spreadsheet changes, the rules that read them wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerting.casedata.catalogue import SERVICE_COLUMNS, Reference
from alerting.casedata.conversion import but_for_zeros, quoted
from alerting.casedata.extension_checks import can_do_without
from alerting.casedata.restricted_list import RESTRICTED, ListDoubt, RestrictedList
from alerting.formatting import plural

if TYPE_CHECKING:
    from alerting.casedata.snapshot import Snapshot, Source, Wanted


@dataclass(frozen=True, kw_only=True)
class _Naming:
    """A column that names rows of another table."""

    reference: Reference
    #: In SQL, the rows of it that count on a day.
    counts: str = "true"
    #: What comes of it, in words.
    effect: str


def _naming(table: str, column: str, of: str, key: str, effect: str, counts: str = "true") -> _Naming:
    return _Naming(reference=Reference(table, column, of, key), counts=counts, effect=effect)


_STAFF, _PERSON, _TEAM = ("ext_staff", "worker_id"), ("ssd_person", "pers_person_id"), ("ext_team", "team_id")
_NEXT_UP = "the next up is told in their place"
_AWAY = "to_date IS NULL OR to_date >= as_of()"
_A_WEEK_AGO = "received_at < as_of() - 7"
"""What came since may not have been written into the case system."""

_NAMING = (
    _naming(
        "ext_visit_freq",
        "person_id",
        *_PERSON,
        "the standard frequency applies to them",
        "valid_to IS NULL OR valid_to > as_of()",
    ),
    _naming("ext_cover", "staff_id", *_STAFF, "nobody is covered by these rows", _AWAY),
    _naming("ext_cover", "covered_by", *_STAFF, _NEXT_UP, _AWAY),
    _naming("ext_merged", "person_id", *_PERSON, "no alert goes on under these ids"),
    _naming("ext_team", "manager_id", *_STAFF, _NEXT_UP),
    _naming("ext_team", "service_manager_id", *_STAFF, _NEXT_UP),
    _naming("ext_team", "head_of_service_id", *_STAFF, _NEXT_UP),
    _naming("ext_staff", "team_id", "ext_team", "team_id", "they belong to no team", "ends_on IS NULL OR ends_on >= as_of()"),
    _naming("ext_contact", "contact_id", "ssd_contacts", "cont_contact_id", "nobody is asked about by them", _A_WEEK_AGO),
    _naming("ext_contact", "team_id", *_TEAM, "the front door answers for them", "decision_at IS NULL"),
    _naming(
        "ext_referral",
        "referral_id",
        "ssd_cin_episodes",
        "cine_referral_id",
        "nobody is asked about by them",
        _A_WEEK_AGO,
    ),
    _naming("ext_referral", "team_id", *_TEAM, "the front door answers for them", "completed_at IS NULL"),
    _naming("ext_strategy", "person_id", *_PERSON, "their discussions are not counted"),
    _naming(
        "ext_supervision",
        "worker_id",
        *_STAFF,
        "it counts for nobody who is in post",
        "norm(kind) = 'staff' AND held_on > as_of() - 90",
    ),
    _naming("ext_supervision", "person_id", *_PERSON, "it counts for no case", "norm(kind) = 'case'"),
    _naming("ext_oversight", "person_id", *_PERSON, "it counts for no case"),
    _naming("ext_audit", "person_id", *_PERSON, "these audits are asked about by no rule"),
    _naming("ext_audit", "team_id", *_TEAM, "the performance team is told in their place"),
    _naming("ext_audit", "auditor_id", *_STAFF, _NEXT_UP, "audited_on IS NULL"),
    _naming("ext_audit", "reaudit_of", "ext_audit", "audit_id", "no audit counts as looked at again by them"),
    _naming("ext_plan_action", "owner_id", *_STAFF, "the performance team is told in their place", "closed_on IS NULL"),
    _naming("ext_workforce", "team_id", *_TEAM, "these figures are of no team", "month > as_of() - 62"),
    _naming(
        "ext_vacancy",
        "team_id",
        *_TEAM,
        "the performance team is told in their place",
        "filled_on IS NULL AND withdrawn_on IS NULL",
    ),
    _naming("ext_pep", "person_id", *_PERSON, "these plans count for nobody"),
)
_WHOM = frozenset({"person_id", "contact_id", "referral_id", "worker_id"})
_WHO_ANSWERS = frozenset(("ext_team", column) for column in ("manager_id", "service_manager_id", "head_of_service_id"))
"""Who answers for a team: where these are of another kind the last good directory serves, and nobody hears of all that a team has open anew."""
_SPREADSHEET = "is an id but for leading zeros or a final .0, as a spreadsheet changes them"


@dataclass(frozen=True, kw_only=True)
class UnknownIds:
    """The ids of one column that nobody has."""

    table: str
    column: str
    #: As they are written; nobody is shown them.
    cells: frozenset[str]
    #: How many different ids the column names.
    named: int
    #: Where nobody has them.
    of: str
    #: What comes of it.
    effect: str
    #: How many of them are somebody's but for leading zeros and a final `.0`.
    changed: int = 0

    def are_of_another_kind(self, most: float, least: float) -> bool:
        """Return whether at least so many say whom it is about, and none of them is met or more than a share is but for zeros.

        Of those that say who answers for a team, only whether more than a share is but for zeros.
        """
        changed = self.changed > most * self.named
        if (self.table, self.column) in _WHO_ANSWERS:
            # Of a team without its manager the next up is told, so not all that is unknown is a fault.
            return len(self.cells) >= least and changed
        if self.column not in _WHOM or self.table in SERVICE_COLUMNS or can_do_without(self.table, self.column):
            return False
        return len(self.cells) >= least and (len(self.cells) == self.named or changed)

    @property
    def says(self) -> str:
        """What is wrong with the column, as the end of a sentence."""
        return f"names {len(self.cells)} of {self.named} ids that {self.of} does not have"

    @property
    def about(self) -> str:
        """The column, as `table.column`."""
        return f"{self.table}.{self.column}"

    def problem(self, source: Source, most: int) -> str:
        """Return how many there are, where the first of them stand, what has caused it and what comes of it; never which they are."""
        verb = "matches" if len(self.cells) == 1 else "match"
        said = f"{self.about}: {len(self.cells)} of {plural(self.named, 'id')} {verb} nobody in {self.of}"
        places = source.places(self.table, self.column, self.cells)
        shown = f" ({', '.join(places[:most])}{', ...' if len(places) > most else ''})" if places else ""
        likely = f"; {self.changed} {_SPREADSHEET}" if self.changed else ""
        return f"{said}{shown}{likely}; {self.effect}"


def find_unknown(
    snapshot: Snapshot, wanted: Wanted, restricted: RestrictedList, problems: Mapping[str, str]
) -> tuple[UnknownIds, ...]:
    """Return the ids that nobody has, of each column of a table that is there and trusted. Of no ids to compare with, none are."""
    found = list(_in_list(snapshot, restricted, problems))
    asked = [
        naming
        for naming in _NAMING
        if naming.reference.table in wanted and not ({naming.reference.table, naming.reference.of} & problems.keys())
    ]
    for naming, rows in zip(asked, snapshot.each([_ids_of_nobody(naming) for naming in asked]), strict=True):
        if rows:
            found.append(_unknown(snapshot, naming, frozenset(row[0] for row in rows), named=rows[0][1]))
    return tuple(found)


def _ids_of_nobody(naming: _Naming) -> str:
    """Write the query for the ids that nobody has, each with how many are named."""
    one = naming.reference
    column, key = quoted(one.column), quoted(one.key)
    # Of a chain of merges only its end is still there.
    merged = " UNION SELECT merged_person_id FROM ext_merged" if one.table == "ext_merged" else ""
    return f"""WITH known AS (SELECT {key} AS id FROM {one.of} WHERE {key} IS NOT NULL{merged}),
        named AS (SELECT DISTINCT {column} AS id FROM {one.table} WHERE {column} IS NOT NULL AND ({naming.counts}))
        SELECT id, (SELECT count(*) FROM named) FROM named
        WHERE id NOT IN (SELECT id FROM known WHERE id IS NOT NULL) AND EXISTS (SELECT 1 FROM {one.of} WHERE {key} IS NOT NULL)"""


def _unknown(snapshot: Snapshot, naming: _Naming, cells: frozenset[str], named: int) -> UnknownIds:
    one = naming.reference
    key = quoted(one.key)
    changed = snapshot.sql(
        f"SELECT count(DISTINCT n.id) FROM (SELECT unnest($1::VARCHAR[]) AS id) n JOIN {one.of} k "
        f"ON {but_for_zeros('n.id')} = {but_for_zeros(f'k.{key}')} AND {but_for_zeros('n.id')} <> ''",
        [sorted(cells)],
    )[0][0]
    return UnknownIds(
        table=one.table, column=one.column, cells=cells, named=named, of=one.of, effect=naming.effect, changed=int(changed)
    )


def _in_list(snapshot: Snapshot, restricted: RestrictedList, problems: Mapping[str, str]) -> Iterator[UnknownIds]:
    """Return the ids of the list of restricted records that nobody has; where it is doubted because of them, that is told already."""
    if restricted.unmatched and (restricted.released or ListDoubt.matches_nobody not in restricted.doubts):
        yield UnknownIds(
            table=RESTRICTED,
            column="person_id",
            cells=restricted.unmatched,
            named=restricted.ids,
            of="ssd_person",
            effect="whoever is meant is told of like anybody else, unless an earlier list had them",
        )
    staff = {row[0] for row in snapshot.sql("SELECT DISTINCT worker_id FROM ext_staff WHERE worker_id IS NOT NULL")}
    named = {worker for person in restricted.listed for worker in person.allowed}
    if staff and named - staff and "ext_staff" not in problems:
        yield UnknownIds(
            table=RESTRICTED,
            column="allowed_recipients",
            cells=frozenset(named - staff),
            named=len(named),
            of="ext_staff",
            effect="they are not told, and of a record that names nobody else nobody is",
        )

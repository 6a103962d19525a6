"""Which records of persons were merged into others, by the table `ext_merged`, and what is wrong with what it says.

A chain (A into B, B into C) leads to whoever is at its end. What goes round in a ring, into itself or to two ends leads nowhere:
those rows are left out and told, the others count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alerting.casedata.snapshot import Snapshot, Source


TABLE = "ext_merged"

_SHOWN = 3
_INTO_ITSELF = "merged into itself"
_TWO_ENDS = "merged into two that are not the same"
_RING = "merged round in a ring"
_NOBODY = "merged into nobody"


@dataclass(frozen=True, kw_only=True)
class Merges:
    """Which records of persons were merged into others."""

    #: By the id of a record that was merged away, the id it goes on under.
    survivors: Mapping[str, str] = field(default_factory=dict)
    #: By what is wrong, the ids of which that is so.
    faults: Mapping[str, Set[str]] = field(default_factory=dict)
    #: Each two ids that a row says are of one person, whatever is wrong with them together.
    pairs: Sequence[tuple[str, str]] = ()

    def problem(self, source: Source) -> str | None:
        """Return how many records cannot be followed, why, and where they stand; never which. None where all can be."""
        if not self.faults:
            return None
        said = [f"{len(ids)} {'is' if len(ids) == 1 else 'are'} {what}" for what, ids in self.faults.items()]
        places = source.places(TABLE, "merged_person_id", frozenset().union(*self.faults.values()))
        more = ", ..." if len(places) > _SHOWN else ""
        shown = f" ({', '.join(places[:_SHOWN])}{more})" if places else ""
        return f"of the records that were merged away, {', '.join(said)}; left out, and the others used{shown}"


def read(snapshot: Snapshot) -> Merges:
    """Read which records were merged by the snapshot's day; nothing where no table was supplied."""
    rows = snapshot.sql(
        f"SELECT DISTINCT merged_person_id, person_id FROM {TABLE} "
        "WHERE merged_person_id IS NOT NULL AND (merged_on IS NULL OR merged_on <= as_of()) ORDER BY ALL"
    )
    return resolve(rows)


def resolve(rows: Iterable[tuple[str, str | None]]) -> Merges:
    """Find where each merged record goes on. rows: the id of one merged away, and the id it was merged into."""
    targets: defaultdict[str, set[str]] = defaultdict(set)
    faults: dict[str, set[str]] = {what: set() for what in (_INTO_ITSELF, _TWO_ENDS, _RING, _NOBODY)}
    for old, new in rows:
        if new is None or new == old:
            faults[_NOBODY if new is None else _INTO_ITSELF].add(old)
        else:
            targets[old].add(new)
    ends = _ends(targets)
    faults[_RING] |= targets.keys() - ends.keys()
    faults[_TWO_ENDS] |= {old for old, news in targets.items() if old in ends and len({ends[new] for new in news}) > 1}
    survivors = {old: end for old in targets if (end := ends.get(old)) is not None}
    pairs = [(old, new) for old, news in targets.items() for new in sorted(news)]
    return Merges(survivors=survivors, faults={what: ids for what, ids in faults.items() if ids}, pairs=pairs)


def _ends(targets: Mapping[str, Set[str]]) -> dict[str, str | None]:
    """Return where each id ends, itself where it was not merged, None where it has two ends; those that reach a ring are left out."""
    sources: defaultdict[str, list[str]] = defaultdict(list)
    for old, news in targets.items():
        for new in news:
            sources[new].append(old)
    ends: dict[str, str | None] = {}
    left = {old: len(news) for old, news in targets.items()}
    ready = [new for new in sources if new not in targets]
    while ready:
        id_ = ready.pop()
        found = {ends[new] for new in targets.get(id_, ())} or {id_}
        ends[id_] = found.pop() if len(found) == 1 else None
        for old in sources[id_]:
            left[old] -= 1
            if not left[old]:
                ready.append(old)
    return ends

"""Of whom the rows of a subject tell, and how private that is, by where its columns come from: a file's word is not taken for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from alerting.casedata.catalogue import DETAIL, OTHER_IDS, PERSON_IDS
from alerting.documents.document import Document
from alerting.errors import Fault
from alerting.formatting import listed
from alerting.model import About
from alerting.rulebook.file_models import Subject
from alerting.rulebook.lineage import columns_of

_HOLDS_IDS = ("text", "codes", "integer")


def find_disclosure_faults(document: Document, subject: Subject, views: Mapping[str, str]) -> Iterator[Fault]:
    """Find a subject whose rows tell of a child without saying so, or of another than they say."""
    held = columns_of(subject.sql, views, held=True)
    about = About(subject.about)
    if about.needs_child and subject.person is None:
        where, remedy = document.place(("about",)), "Add `person:`, the column with the id of the child."
        yield Fault(problem=f"`about: {about}` needs `person`: whose record a row is of", where=where, remedy=remedy)
        return
    if about.concerns_child and subject.person is not None:
        ids = held.get(subject.person, frozenset()) & (PERSON_IDS | OTHER_IDS)
        if ids and not ids & PERSON_IDS:
            problem = f"'{subject.person}' is not the id of a child: it comes from {listed(sorted(ids))}"
            yield Fault(
                problem=problem, where=document.place(("person",)), remedy="Name the column with the child's id in ssd_person."
            )
        return
    for name in subject.columns:
        ids = held.get(name, frozenset()) & PERSON_IDS
        if ids and subject.columns[name].type in _HOLDS_IDS:
            problem = f"'{name}' names a child, from {listed(sorted(ids))}, and the subject is not about a child"
            remedy = (
                f"Write `about: child` and `person: {name}`, or leave the column out: of a restricted child nobody may hear so."
            )
            yield Fault(problem=problem, where=document.place(("columns", name), key=True), remedy=remedy)


def others_named(subject: Subject, views: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns of a subject, beside its `person`, whose values are ids of people."""
    held = columns_of(subject.sql, views, held=True)
    named = [
        name for name, column in subject.columns.items() if column.type == "text" and held.get(name, frozenset()) & PERSON_IDS
    ]
    return tuple(name for name in named if name != subject.person)


def as_private_as_it_is(document: Document, subject: Subject, views: Mapping[str, str]) -> tuple[Subject, list[Fault]]:
    """Return a subject with each column as private as what it comes from, and where its file says less, as warnings."""
    behind = columns_of(subject.sql, views)
    columns, warnings = dict(subject.columns), []
    for name, column in subject.columns.items():
        private = behind.get(name, frozenset()) & DETAIL
        if private and column.tier == "reference":
            columns[name] = column.model_copy(update={"tier": "detail"})
            problem = f"'{name}' comes from {listed(sorted(private))} and is treated as `tier: detail`"
            where = document.place(("columns", name, "tier"))
            warnings.append(Fault(problem=problem, where=where, remedy="Write `tier: detail`.", severity="warning"))
    if subject.name and columns[subject.name].tier == "detail":
        problem = f"'{subject.name}' is `tier: detail`, and what readers call it stands in every message"
        warnings.append(Fault(problem=problem, where=document.place(("name",)), remedy="Name another column, or leave it out."))
    return subject.model_copy(update={"columns": columns}), warnings

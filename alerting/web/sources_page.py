"""What the case data is like today: rows, fill, what is not trusted, what is not understood; an administrator says what a word means.

A cell that cannot be read is shown by its shape, and a word only where it stands in several cells and is nobody's name or id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from alerting.alerts.acts import ActKind
from alerting.authoring.source_tables import TableReport, Unclear, looks_like
from alerting.authoring.word_mapping import map_word, vocabularies
from alerting.errors import AlertingError, HandlingError
from alerting.formatting import plain
from alerting.store import acts
from alerting.web.looked_round import Looked
from alerting.web.readers import Role
from alerting.web.sections import SOURCES
from alerting.web.visits import Visit

_MAPPED = "It is written into config.yaml, and counts from the next run on. What is below was found before: look again to see it with that."


@dataclass(frozen=True, kw_only=True)
class UnclearShown:
    """What of one column is not understood."""

    about: str
    one: Unclear
    #: Why it is not trusted; "" where it is.
    doubt: str
    remedy: str
    #: The words that can be mapped, and what each can mean.
    words: Sequence[str]
    meanings: Sequence[str]


def map_one(visit: Visit) -> Response:
    """Write into config.yaml what a word means. Raises HandlingError where that cannot be written, and then nothing is."""
    if Role.administrator not in visit.reader.roles:
        raise HandlingError("this is for administrators")
    what, word, meaning = (visit.text(name) for name in ("what", "word", "meaning"))
    if not (what and word and meaning):
        raise HandlingError("choose a word, and what it means")
    # Kept first: were the act refused, nothing would be written.
    acts.keep(visit.connection, visit.reader.actor, ActKind.word_mapped, f"{what}: {meaning}", visit.now)
    try:
        map_word(visit.app.loaded, visit.app.book.settings, what, word, meaning)
    except AlertingError as error:
        raise HandlingError(error.problem) from None
    return visit.go_to(f"{SOURCES.path}?done=mapped")


def show_sources(visit: Visit, looked: Looked) -> Response:
    """Show the tables that rules need, as they were when somebody looked."""
    found = looked.found.tables if looked.found else ()
    like = looks_like(found)
    known = vocabularies(visit.app.book.settings)
    return visit.show(
        "sources.html",
        status=looked.status,
        here=SOURCES.path,
        looked=looked,
        done=_MAPPED if visit.query.get("done") == "mapped" else looked.done,
        tables=found,
        troubled=[(row, _causes(row), [_shown(row, one, known) for one in row.unclear]) for row in found if _needs_a_look(row)],
        like=f"{like.says}. To have it read so, add `{like.setting}` to `source:` in config.yaml." if like else "",
        may_map=Role.administrator in visit.reader.roles,
    )


def _needs_a_look(row: TableReport) -> bool:
    return bool(row.doubts or row.unclear or row.others or row.notes)


def _causes(row: TableReport) -> list[tuple[str, str]]:
    """Return what is not trusted of a table, with what to do about it, but for the columns that are not understood."""
    return [(plain(f"{about} {why}", 400), plain(row.remedies.get(about, ""), 400)) for about, why in row.causes.items()]


def _shown(row: TableReport, one: Unclear, known: Mapping[str, Sequence[str]]) -> UnclearShown:
    about = row.about(one)
    return UnclearShown(
        about=about,
        one=one,
        doubt=row.doubts.get(about, ""),
        remedy=row.remedies.get(about) or one.remedy,
        words=[spelling.shown for spelling in one.written if spelling.is_word] if one.vocabulary else [],
        meanings=known.get(one.vocabulary or "", ()),
    )

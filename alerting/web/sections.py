"""The pages about the service itself: where each stands, and for whom there is one. For everybody else there is nothing there."""

from __future__ import annotations

from dataclasses import dataclass

from alerting.web.readers import SEE_RUNS, Reader, Role

ADMINISTRATORS = frozenset({Role.administrator})
LOOK_AFTER_RULES = frozenset({Role.administrator, Role.performance})


@dataclass(frozen=True, kw_only=True)
class Section:
    """One page about the service, with those that lead on from it."""

    path: str
    name: str
    #: Whoever has one of them may open it.
    roles: frozenset[Role]


TODAY = Section(path="/service", name="Today", roles=SEE_RUNS)
MESSAGES = Section(path="/service/messages", name="Messages", roles=ADMINISTRATORS)
WAITING = Section(path="/service/waiting", name="What waits", roles=ADMINISTRATORS)
PEOPLE = Section(path="/service/people", name="People", roles=ADMINISTRATORS)
RULES = Section(path="/service/rules", name="Rules", roles=LOOK_AFTER_RULES)
JUDGING = Section(path="/service/judging", name="Judging", roles=frozenset({Role.performance}))
SOURCES = Section(path="/service/sources", name="Sources", roles=LOOK_AFTER_RULES)
PLAN = Section(path="/service/plan", name="Improvement plan", roles=SEE_RUNS)
TRAIL = Section(path="/service/trail", name="Trail", roles=frozenset({Role.administrator, Role.auditor}))
SECTIONS = (TODAY, WAITING, MESSAGES, PEOPLE, RULES, JUDGING, SOURCES, PLAN, TRAIL)


def sections_of(reader: Reader | None) -> list[Section]:
    """Return the pages about the service that there are for a reader."""
    return [section for section in SECTIONS if reader is not None and not section.roles.isdisjoint(reader.roles)]

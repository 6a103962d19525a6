"""When each rule is asked, the levels it knows and who is told of each, as the definitions list them.

A line is: code job level: roles; level: roles ...
Roles: w(orker) a(dviser) t(eam manager) s(ervice manager) h(ead of service) q(uality) c(ommissioning) p(erformance).
"""

from __future__ import annotations

from dataclasses import dataclass

ROLES = {
    "w": "worker",
    "a": "adviser",
    "t": "team_manager",
    "s": "service_manager",
    "h": "head_of_service",
    "q": "quality",
    "c": "commissioning",
    "p": "performance",
}

_LINES = """
FD-01 daily amber: t; red: t; critical: t s
FD-02 weekly amber: t s; red: t s h
FD-03 daily amber: t; red: t s
FD-04 weekly info: t; amber: t
FD-05 weekly amber: s h; red: s h
FD-06 weekly amber: t; red: t s
FD-07 monthly amber: s h; red: s h
FD-08 weekly amber: s h; red: s h
FD-09 weekly amber: s h; red: s h
FD-10 monthly amber: s h; red: s h
AS-01 daily amber: w t; red: t
AS-02 daily amber: t; red: t s
AS-03 weekly amber: t
CP-01 daily amber: w t; red: t s
CP-02 daily amber: t; red: t q
CP-03 daily amber: w t; red: t
CP-04 weekly amber: w t
CP-05 daily amber: w t; red: t q
CP-06 weekly info: t; amber: t; red: t s q
CP-07 weekly amber: t; red: t q
CP-08 daily critical: t s h
CP-09 weekly amber: w t p
CIN-01 daily amber: w t; red: t
CIN-02 weekly amber: t
CIN-03 weekly amber: t; red: t s
CIN-04 weekly amber: t p
CLA-01 daily amber: w t; red: t
CLA-02 daily amber: w t; red: t q
CLA-03 daily amber: w t; red: t s q
CLA-04 weekly amber: w t; red: t
CLA-05 weekly amber: w; red: w t
CLA-06 monthly amber: w t
CLA-07 weekly amber: w t; red: t s
CLA-08 weekly amber: t; red: t s c
CLA-09 daily red: w t s; critical: t s h
CLA-10 daily amber: t; red: t s
CLA-11 daily amber: c t
CLA-12 daily critical: t s h c
CLA-13 weekly amber: t; red: t s c
CLA-14 monthly amber: t; red: t s
CLA-15 monthly amber: t s
CLA-16 weekly amber: w t
CLA-17 daily amber: w t p
CLA-18 daily red: w t s
CLA-19 weekly amber: t
CLA-20 monthly amber: s h q; red: s h q
CLA-21 daily amber: t c; red: t c s h
PM-01 monthly amber: t; red: t s
PM-02 weekly info: s q
PM-03 monthly amber: t
PL-01 weekly amber: w t; red: t s
PL-02 monthly amber: t; red: t s
CL-01 daily amber: a t; red: t
CL-02 weekly amber: a; red: a t
CL-03 weekly red: w t
CL-04 daily info: a; amber: a t; red: t s
CL-05 monthly info: a
CL-06 weekly red: t
CL-07 monthly info: a
CL-08 weekly amber: s h; red: s h
WF-01 daily amber: t; red: t s
WF-02 weekly amber: s; red: s h
WF-03 weekly amber: t; red: t s
WF-04 weekly amber: t; red: t s
WF-05 monthly amber: s; red: s h
WF-06 weekly amber: w; red: w q
WF-07 monthly info: t; amber: t s; red: t s h
WF-08 weekly amber: w; red: w s
WF-09 weekly amber: s h; red: s h
WF-10 weekly amber: t; red: t s
WF-11 monthly amber: s; red: s h
WF-12 monthly amber: s; red: s h
WF-13 weekly amber: s h; red: s h
WF-14 weekly amber: t; red: t s q
WF-15 weekly amber: t; red: t q
WF-16 monthly amber: t s q; red: t s q
WF-17 weekly amber: t; red: t s
WF-18 monthly amber: s; red: s h
WF-19 weekly amber: t
DQ-01 daily amber: t s; red: t s
DQ-02 daily red: t s
DQ-03 weekly amber: p
DQ-04 weekly amber: p
DQ-05 weekly amber: p
DQ-06 daily amber: p; critical: p h
DQ-07 daily info: p; amber: p; red: p
DQ-08 daily amber: p; red: p
"""


@dataclass(frozen=True)
class Told:
    job: str
    #: By level, the roles that are told.
    roles: dict[str, frozenset[str]]


def _read(line: str) -> tuple[str, Told]:
    code, job, levels = line.split(maxsplit=2)
    told = {}
    for part in levels.split(";"):
        level, _, roles = part.partition(":")
        told[level.strip()] = frozenset(ROLES[role] for role in roles.split())
    return code, Told(job, told)


TOLD = dict(_read(line) for line in _LINES.strip().splitlines())

"""The roles that a rule names, as people call them, and who is asked where one has nobody."""

from __future__ import annotations

from alerting.model import About

NEXT_UP = ("team_manager", "service_manager", "head_of_service", "performance")
SERVICES = {"quality": "quality_assurance", "commissioning": "commissioning", "performance": "performance"}

ROLE_WORDS = {
    "worker": "allocated worker",
    "adviser": "personal adviser",
    "team_manager": "team manager",
    "service_manager": "service manager",
    "head_of_service": "head of service",
    "quality": "quality assurance",
    "commissioning": "commissioning",
    "performance": "performance team",
}
_WORKER_OF = {About.audit: "auditor", About.action: "owner of the action"}
"""What the worker of an alert is, where it is not who a case is allocated to."""


def role_words(role: str, about: About | None = None) -> str:
    """Return what a role is called, of what an alert is about: the worker of an audit is its auditor."""
    return (_WORKER_OF.get(about) if about and role == "worker" else None) or ROLE_WORDS.get(role, role)

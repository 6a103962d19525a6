"""Pages that are worked out of the case data, as a command would: one at a time, and a source that is away is said in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from alerting.app import App
from alerting.errors import AlertingError
from alerting.web.visits import Visit

_Answer = TypeVar("_Answer")


def ask(visit: Visit, asking: Callable[[App, date], _Answer]) -> tuple[_Answer | None, str]:
    """Return what is found of today's case data, or None and why nothing was."""
    if not visit.council.at_case_data.acquire(blocking=False):
        return None, "somebody else is looking at the case data just now: try again in a minute"
    try:
        return asking(visit.app, visit.today), ""
    except AlertingError as error:
        return None, error.problem
    finally:
        visit.council.at_case_data.release()

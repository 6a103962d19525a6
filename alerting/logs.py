"""What is logged: entries of a fixed shape, so that nobody's name, number or address, and nothing of a case, has a place in one.

Only what an entry says is free text, of an error or a fault, which hold no case data; mail addresses in it are masked all the same.
Whether lines are JSON or plain is for `terminal` to say.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import date
from enum import StrEnum


class Event(StrEnum):
    """What happened, by the word that an operator looks for."""

    started = "started"
    stopped = "stopped"
    config_kept = "config_kept"
    rule_fault = "rule_fault"
    runs_missed = "runs_missed"
    run_not_due = "run_not_due"
    run_standby = "run_standby"
    run_again = "run_again"
    step_ended = "step_ended"
    run_ended = "run_ended"
    work_failed = "work_failed"
    sending_problem = "sending_problem"
    heartbeat_problem = "heartbeat_problem"
    page_listens = "page_listens"
    page_not_shown = "page_not_shown"
    page_request = "page_request"
    page_failed = "page_failed"
    page_turned_away = "page_turned_away"
    page_not_signed_in = "page_not_signed_in"
    store_away = "store_away"
    library_warning = "library_warning"

    @property
    def is_problem(self) -> bool:
        """Whether somebody should look at it."""
        return self in _PROBLEMS


_PROBLEMS = frozenset(
    {
        *(Event.config_kept, Event.rule_fault, Event.runs_missed, Event.work_failed, Event.sending_problem),
        *(
            Event.heartbeat_problem,
            Event.page_not_shown,
            Event.page_failed,
            Event.page_turned_away,
            Event.page_not_signed_in,
            Event.store_away,
            Event.library_warning,
        ),
    }
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One event, a line of the log."""

    event: Event
    #: In words, for whoever reads along; empty where the rest says it all.
    says: str = ""
    job: str | None = None
    as_of: date | None = None
    #: The number of the run.
    run: int | None = None
    #: How a run went.
    status: str | None = None
    step: str | None = None
    seconds: float | None = None
    #: How many, by what.
    counts: Mapping[str, int] = field(default_factory=dict)
    #: Of which kind an error is: the name of its class, never its words.
    error: str | None = None
    #: In which line of ours an error arose.
    where: str | None = None
    method: str | None = None
    #: The route of the page, without what stands in its place in an address.
    route: str | None = None
    answer: int | None = None

    def as_fields(self) -> dict[str, str | int | float | Mapping[str, int]]:
        """Return what the entry has, by name, its words with no address in them."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        given = {name: value for name, value in found.items() if value not in (None, "", {})}
        return {name: _plain(value) for name, value in given.items()}


Log = Callable[[Entry], None]
"""Where entries go."""


class LibraryWarnings(logging.Handler):
    """Logs that a library has warned of something: which, and where in it. Its words may quote a record, and stay unsaid."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Log a warning of a library."""
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        where = f"{record.module}, line {record.lineno}"
        says = f"{record.name} has warned of something" + (f" ({kind})" if kind else "")
        self._log(Entry(event=Event.library_warning, says=says, error=kind, where=where))


@contextmanager
def warnings_logged(log: Log) -> Iterator[None]:
    """Let what libraries warn of be logged while the block works, and printed nowhere else."""
    handler, root = LibraryWarnings(log), logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


_ADDRESS = re.compile(r"(?:\"[^\"]*\"|[^\s<>\"(),;:]+)@[^\s<>\"(),;:]+")


def without_addresses(text: str) -> str:
    """Return a text with something in place of every mail address.

    >>> without_addresses("admin@example.gov.uk has refused it")
    '[address] has refused it'
    """
    return _ADDRESS.sub("[address]", text)


def not_logged(_: Entry) -> None:
    """Take an entry that nobody wants."""


def _plain(value: str | float | date | Mapping[str, int]) -> str | float | Mapping[str, int]:
    match value:
        case StrEnum():
            return value.value
        case str():
            return without_addresses(value)
        case date():
            return value.isoformat()
        case float():
            return round(value, 3)
    return value

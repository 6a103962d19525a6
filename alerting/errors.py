"""What can go wrong, and what to do about it.

    AlertingError            problem, place, remedy: never case data, never a secret
    ├── ConfigError          config.yaml or the command line
    ├── RuleError            a rule, a subject or a view
    ├── SourceError          the case data cannot be read
    ├── StoreError           the service's own database
    │   └── RunHeld          another process has this run, or took it over
    ├── HandlingError        what somebody may not do to an alert
    └── DeliveryError        one message, one receiver; says whether it is worth trying again

A `Fault` is the same three things as a value, for the checks that collect every fault of every file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

_CARRIED_DOCS = Path(__file__).parent / "_docs"


def docs_page(name: str) -> str:
    """Return where a page of the docs is, such as `how-to/deploy.md`: what is installed carries them, and a checkout has them at `docs/`."""
    carried = _CARRIED_DOCS / name
    return carried.as_posix() if carried.is_file() else f"docs/{name}"


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """A line of a file as it may be shown, and the part of it that is meant."""

    line: str
    #: Where that part begins, from 1 on.
    column: int
    #: The column after its last.
    end_column: int


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a fault is: a file and, where they are known, its line and column, from 1 on."""

    file: str
    line: int | None = None
    column: int | None = None
    #: The column after the last of the word that is meant.
    end_column: int | None = field(default=None, compare=False)
    #: For people, where the line may be shown.
    excerpt: Excerpt | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong, where, and what to do. Errors stop something; warnings do not."""

    problem: str
    where: Place | None = None
    remedy: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f"\n  {self.remedy}" if self.remedy else ""
        return f"{place}{self.problem}{advice}"


class AlertingError(Exception):
    """An error that a person can act on: what is wrong, where, and what to do about it."""

    #: What the command line ends with.
    exit_code = 1

    def __init__(self, problem: str, *, where: str | Place | None = None, remedy: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f"\n  {self.remedy}" if self.remedy else ""
        return f"{place}{self.problem}{advice}"

    @property
    def in_one_line(self) -> str:
        """All of it, for where a line is all there is room for."""
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.problem}. {self.remedy}".strip()


class ConfigError(AlertingError):
    """config.yaml, or the command line, asks for something that cannot be done."""


class RuleError(AlertingError):
    """A rule, a subject or a shared view is wrong."""


class SourceError(AlertingError):
    """The case data, or one table of it, cannot be read."""


class StoreError(AlertingError):
    """The service's own database cannot be used."""


class StoreAwayError(StoreError):
    """The server of the service's own database does not let it in just now; it may do so later."""


class EmptyStoreError(StoreError):
    """The service's own database is there and has no tables yet."""


class RunHeld(StoreError):
    """Another process has this run, or took it over."""

    exit_code = 3

    def __init__(self, problem: str, *, remedy: str = "", other: bool = False) -> None:
        super().__init__(problem, remedy=remedy)
        #: Whether it is another run that the process is at, for which this one has to wait.
        self.other = other


class HandlingError(AlertingError):
    """Something that may not be done to an alert, or by this person alone."""


class DeliveryError(AlertingError):
    """One message was not accepted by one receiver.

    What is at fault, `about`, decides what becomes of the other messages and of this one:

        line        the receiver cannot be reached, trusted or signed in to: it is left alone for a while
        sender      it refuses whoever sends, or the message as a whole: the same
        address     it takes nothing for this address: the message goes to the next who may see it, and the address is remembered
        recipient   our own settings let nothing go to this recipient: the same, and tried anew as soon as they change
        message     anything else: this message alone
    """

    def __init__(
        self,
        problem: str,
        *,
        passing: bool,
        ambiguous: bool = False,
        about: Literal["line", "sender", "address", "recipient", "message"] = "message",
        where: str | Place | None = None,
        remedy: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(problem, where=where, remedy=remedy)
        #: Whether the fault may pass, so that it is tried again later: a 4xx answer of a mail server, a 503, a time-out.
        self.passing = passing
        self.about = about
        #: Whether the message had been handed over when the fault came, so that it may have arrived.
        self.ambiguous = ambiguous
        #: After how many seconds the receiver asks to be tried again.
        self.retry_after_s = retry_after_s


class Faults(AlertingError):
    """Every fault found in one pass, together."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)

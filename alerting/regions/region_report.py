"""What became of a job of a whole region: who ran, who did not and why, in rows and seconds. Nothing of a case, and nobody's address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from alerting.logs import without_addresses
from alerting.model import Worded


class Ending(Worded):
    """How an authority's run ended."""

    done = "done", "done"
    done_with_faults = "done_with_faults", "done with faults"
    held = "held", "another process has it"
    failed = "failed", "failed"
    unsafe = "unsafe", "must not be run"
    off = "off", "is switched off"
    gone = "gone", "is not there any more"
    stopped = "stopped", "was told to stop"
    too_long = "too_long", "took too long"
    too_much_memory = "too_much_memory", "took too much memory"
    died = "died", "its process died"
    lost = "lost", "was lost by the cluster"

    @property
    def has_run(self) -> bool:
        """Whether the authority's day is done, whatever in it needs a look."""
        return self in (Ending.done, Ending.done_with_faults)


@dataclass(frozen=True, kw_only=True)
class AuthorityRun:
    """What became of one authority."""

    name: str
    ending: Ending
    #: What needs a look, or why it did not run; empty where nothing does.
    why: str = ""
    #: The number of the run in the authority's own store.
    run: int | None = None
    #: How many rows of case data it read.
    rows: int | None = None
    #: From its first start to its last end.
    seconds: float = 0.0
    #: How often it was started.
    starts: int = 0
    #: What became of its alerts, and of its messages.
    alerts: Mapping[str, int] = field(default_factory=dict)
    messages: Mapping[str, int] = field(default_factory=dict)
    #: Whether the same may work later with nothing changed.
    passing: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return {
            "name": self.name,
            "ending": self.ending.value,
            "why": without_addresses(self.why),
            "run": self.run,
            "rows": self.rows,
            "seconds": round(self.seconds, 1),
            "starts": self.starts,
            "alerts": dict(self.alerts),
            "messages": dict(self.messages),
        }


@dataclass(frozen=True, kw_only=True)
class RegionReport:
    """What became of a job of all authorities."""

    job: str
    #: None where it was each authority's own today.
    as_of: date | None
    engine: str
    began_at: datetime
    seconds: float
    #: By name.
    authorities: tuple[AuthorityRun, ...]

    @property
    def not_run(self) -> tuple[AuthorityRun, ...]:
        """The authorities whose day is not done, though it was to be."""
        return tuple(one for one in self.authorities if not one.ending.has_run and one.ending is not Ending.off)

    @property
    def off(self) -> tuple[AuthorityRun, ...]:
        """The authorities that are switched off."""
        return tuple(one for one in self.authorities if one.ending is Ending.off)

    @property
    def ran(self) -> tuple[AuthorityRun, ...]:
        """The authorities whose day is done."""
        return tuple(one for one in self.authorities if one.ending.has_run)

    @property
    def exit_code(self) -> int:
        """0 where all have run, 3 where other processes have all that have not, else 1."""
        if not self.not_run:
            return 0
        return 3 if all(one.ending is Ending.held for one in self.not_run) else 1

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "job": self.job,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "engine": self.engine,
            "began_at": self.began_at.isoformat(timespec="seconds"),
            "seconds": round(self.seconds, 1),
            "ran": len(self.ran),
            "not_run": len(self.not_run),
            "authorities": [one.as_json() for one in self.authorities],
        }


def why_of(faults: Sequence[Mapping[str, Any]]) -> str:
    """Return what the first error among faults says, with its place and what to do. faults: as JSON values."""
    return first_of([_placed(fault) for fault in faults if fault["severity"] == "error"])


def first_of(problems: Sequence[str]) -> str:
    """Return the first of several problems, and how many more there are."""
    more = len(problems) - 1
    return "".join(problems[:1]) + (f" ({more} more)" if more > 0 else "")


def _placed(fault: Mapping[str, Any]) -> str:
    place = ":".join(str(part) for part in (fault["file"], fault["line"]) if part is not None)
    return " ".join(filter(None, [f"{place}:" if place else "", f"{fault['problem']}.", fault["remedy"]]))

"""Messages that a relay took and could not deliver: their bounces, read from a folder, and what follows from each.

The folder is a Maildir, filled by the council's mail server. What a bounce says counts only where it names a message of this store
and the address that this message went to; anything else in the folder changes nothing and is counted. A bounce takes
effect as one transaction, and by the state of its message alone: read twice, or by two at once, it has one effect.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from alerting.delivery import bounce_reports
from alerting.delivery.bounce_reports import LARGEST, Failure, NoFailureError
from alerting.delivery.sending import Clock, Sender
from alerting.formatting import plural
from alerting.model import Delivery, DeliveryReason, Problem
from alerting.store.messages import bounced_messages, circuit_breaker
from alerting.store.messages.bounced_messages import SentMessage
from alerting.store.store import Transaction

RETURNED, KNOWN, EARLY, NOT_OURS, OTHER_ADDRESS, UNREADABLE = (
    "returned", "known", "early", "not_ours", "other_address", "unreadable",
)  # fmt: skip
_MOST = 5000
"""So many files are read at once; the others wait for the next time."""
_REMEDY = "Correct the address in the staff list, or ask the mail team."


@dataclass(frozen=True, kw_only=True)
class BounceReport:
    """What a look into the folders of bounces found."""

    #: Files, by what became of them.
    counts: Counter[str]
    #: What went wrong, as a run reports it.
    problems: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class Bounces:
    """The folders in which bounces land."""

    #: By path, the names of the receivers whose bounces land there.
    folders: Mapping[Path, frozenset[str]]
    sender: Sender

    def read(self, clock: Clock) -> BounceReport:
        """Read what is new in every folder, and write down what follows. Raises StoreError; what was not read then stays new."""
        counts, problems = Counter[str](), list[Problem]()
        for folder, receivers in self.folders.items():
            named = f"receiver {', '.join(sorted(receivers))}"
            problem, paths = _look_into(folder)
            if problem:
                problems.append(Problem(about=named, text=f"{named}: {problem}"))
                continue
            kinds = Counter(self._read_one(path, receivers, clock) for path in paths)
            del kinds[""]
            counts.update(kinds)
            if stuck := kinds[UNREADABLE]:
                text = f"{named}: {plural(stuck, 'bounce')} cannot be read, or not moved from `new` to `cur`"
                problems.append(Problem(about=named, text=text))
        return BounceReport(counts=counts, problems=tuple(problems))

    def _read_one(self, path: Path, receivers: frozenset[str], clock: Clock) -> str:
        """Return what became of a file; nothing where another process has just read it."""
        try:
            with path.open("rb") as file:
                content = file.read(LARGEST + 1)
        except FileNotFoundError:
            return ""
        except OSError:
            return UNREADABLE
        kind = self._told_by(content, receivers, clock())
        try:
            if kind != EARLY:
                _put_away(path)
        except FileNotFoundError:
            return kind
        except OSError:
            return UNREADABLE
        return kind

    def _told_by(self, content: bytes, receivers: frozenset[str], now: datetime) -> str:
        try:
            failures = bounce_reports.failures(content)
        except NoFailureError as error:
            return error.reason
        kinds = {self._take(failure, receivers, now) for failure in failures}
        # One mail may tell of several recipients, of whom one is ours.
        return min(kinds, key=[EARLY, RETURNED, KNOWN, OTHER_ADDRESS, NOT_OURS].index)

    # ------------------------------------------------------------------ one failure

    def _take(self, failure: Failure, receivers: frozenset[str], now: datetime) -> str:
        """Return what became of a failure, and write down what follows from it."""
        with self.sender.outbox.transaction() as connection:
            message = bounced_messages.find(connection, failure.message_ids, receivers)
            if message is None:
                return NOT_OURS
            if not any(circuit_breaker.is_same(message.address, address) for address in failure.recipients):
                return OTHER_ADDRESS
            if message.is_open:
                # It came back before its sender has written down that it went: what becomes of it is known next time.
                return EARLY
            if not bounced_messages.fail(connection, message, failure.answer, now):
                return KNOWN
            self._follow(connection, message, failure, now)
        return RETURNED

    def _follow(self, connection: Transaction, message: SentMessage, failure: Failure, now: datetime) -> None:
        """Take back what the recipient counts as told, and let the sender do what it does with a message that was refused.

        One bounce concerns its own message alone, as whoever has the message could have made it up: its address is
        remembered as refused once messages of two days came back.
        """
        again = bounced_messages.came_back_before(connection, message, now)
        # Two weeks after it was sent, the address may have been mended: then the next message tries it.
        fresh = message.planned_at + circuit_breaker.AGAIN_AFTER > now
        about = ("bounce" if again else "one bounce") if (failure.is_of_the_address or again) and fresh else "message"
        result = Delivery(
            outbox_id=message.id,
            state="failed",
            phase="bounce",
            answer=failure.answer,
            reason=DeliveryReason.bounced,
            at=now,
            about=about,
            remedy=_REMEDY,
        )
        self.sender.pass_on(connection, bounced_messages.take_back(connection, message, now), result, message.address)


def counted(kinds: Mapping[str, int]) -> str:
    """Return what a look found, on one line, for a person."""
    return ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in sorted(kinds.items()))


def problem_of(folder: Path) -> str | None:
    """Return what is wrong with a folder of bounces; None where it can be used."""
    return _look_into(folder)[0]


def _look_into(folder: Path) -> tuple[str | None, list[Path]]:
    """Return what is wrong with a folder, None where it can be used, and the files in it that are new."""
    try:
        for name in ("new", "cur"):
            if not (folder / name).is_dir():
                return f"bounces: there is no folder {name} in {folder.as_posix()}; a Maildir has `new`, `cur` and `tmp`", []
            if not os.access(folder / name, os.R_OK | os.W_OK | os.X_OK):
                return f"bounces: this account may not read and write {(folder / name).as_posix()}", []
        return None, _new(folder)
    except OSError as error:
        # Such as a folder above it that this account may not enter, or a shared disk that is away.
        return f"bounces: {folder.as_posix()} cannot be looked into ({error.strerror or type(error).__name__})", []


def _new(folder: Path) -> list[Path]:
    """Return the files that are new, the oldest name first: in a Maildir a name begins with the time."""
    with os.scandir(folder / "new") as entries:
        names = sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False))
    return [folder / "new" / name for name in names[:_MOST]]


def _put_away(path: Path) -> None:
    """Move a file that was read to `cur`, marked as seen where the file system can have the mark in a name."""
    seen = "" if os.name == "nt" or ":2," in path.name else ":2,S"
    path.replace(path.parent.parent / "cur" / f"{path.name}{seen}")

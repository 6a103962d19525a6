"""Messages that a relay took and could not deliver: their bounces, read from a folder, and what follows from each.

The folder is a Maildir, filled by the council's mail server. What a bounce says counts only where it names a message of this store
and the address that this message went to; anything else in the folder changes nothing and is counted. A bounce takes
effect as one transaction, and by the state of its message alone: read twice, or by two at once, it has one effect.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from alerting.delivery import bounce_reports
from alerting.delivery.bounce_reports import LARGEST, Failure, NoFailureError
from alerting.delivery.sending import Clock, Sender
from alerting.formatting import plural
from alerting.model import BOUNCED, Delivery, DeliveryReason
from alerting.notifications.fallback import PASSED_ON
from alerting.store import circuit_breaker
from alerting.store.outbox import OPEN, Waiting, notification_of
from alerting.store.schema import alert, delivery, outbox, told
from alerting.store.store import Transaction

RETURNED, KNOWN, EARLY, NOT_OURS, OTHER_ADDRESS, UNREADABLE = (
    "returned", "known", "early", "not_ours", "other_address", "unreadable",
)  # fmt: skip
_MOST = 5000
"""So many files are read at once; the others wait for the next time."""
_REMEDY = "Correct the address in the staff list, or ask the mail team."


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What a look into the folders found. counts: files, by what became of them; problems: as a run reports them."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Bounces:
    """The folders of bounces. folders: by path, the names of the receivers whose bounces land there."""

    folders: Mapping[Path, frozenset[str]]
    sender: Sender

    def read(self, clock: Clock) -> Looked:
        """Read what is new in every folder, and write down what follows. Raises StoreError; what was not read then stays new."""
        looked = Looked()
        for folder, receivers in self.folders.items():
            named = f"receiver {', '.join(sorted(receivers))}"
            problem, paths = _look_into(folder)
            if problem:
                looked.problems.append(f"{named}: {problem}")
                continue
            kinds = Counter(self._read_one(path, receivers, clock) for path in paths)
            del kinds[""]
            looked.counts.update(kinds)
            if stuck := kinds[UNREADABLE]:
                looked.problems.append(f"{named}: {plural(stuck, 'bounce')} cannot be read, or not moved from `new` to `cur`")
        return looked

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
        with self.sender.outbox.transaction() as connection:
            query = sa.select(outbox).where(outbox.c.key.in_(_keys(failure)), outbox.c.message_id.in_(failure.message_ids))
            row = connection.execute(query.where(outbox.c.receiver.in_(receivers), outbox.c.address.is_not(None))).first()
            if row is None:
                return NOT_OURS
            if not any(circuit_breaker.is_same(row.address, address) for address in failure.recipients):
                return OTHER_ADDRESS
            if row.state in OPEN:
                # It came back before its sender has written down that it went: what becomes of it is known next time.
                return EARLY
            if not self._fail(connection, row, failure.answer, now):
                return KNOWN
            again = _came_back_before(connection, row, now)
            self._follow(connection, row, failure, now, of_address=again or failure.is_of_the_address)
        return RETURNED

    def _fail(self, connection: Transaction, row: Any, answer: str, now: datetime) -> bool:
        """Write down that a message came back; False where that, or another end of it, is known."""
        mine = sa.and_(outbox.c.id == row.id, outbox.c.state.in_(("accepted", "unknown")))
        values = {"state": "failed", "reason": DeliveryReason.bounced, "answer": answer, "finished_at": now}
        if connection.execute(outbox.update().where(mine).values(values)).rowcount != 1:
            return False
        tried = {"outbox_id": row.id, "attempt": row.attempts, "at": now, "phase": "bounce", "state": BOUNCED, "answer": answer}
        connection.execute(delivery.insert().values(tried))
        return True

    def _follow(self, connection: Transaction, row: Any, failure: Failure, now: datetime, *, of_address: bool) -> None:
        """Take back what the recipient counts as told, and let the sender do what it does with a message that was refused."""
        content = _content(row)
        later = _told_before(connection, row, content)
        # Two weeks after it was sent, the address may have been mended: then the next message tries it.
        fresh = row.planned_at + circuit_breaker.AGAIN_AFTER > now
        result = Delivery(
            outbox_id=row.id,
            state="failed",
            phase="bounce",
            answer=failure.answer,
            reason=DeliveryReason.bounced,
            at=now,
            about="bounce" if of_address and fresh else "message",
            remedy=_REMEDY,
        )
        self.sender.pass_on(connection, _waiting(row, _left(connection, content, later), now), result, row.address)


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


def _keys(failure: Failure) -> list[str]:
    """Return the keys of the outbox that ids may be made of: they are indexed, and the ids are not."""
    return [id_.strip("<>").rpartition("@")[0] for id_ in failure.message_ids]


def _came_back_before(connection: Transaction, row: Any, now: datetime) -> bool:
    """Return whether the message of another day to the same address came back within two weeks."""
    same = (outbox.c.receiver == row.receiver, outbox.c.address == row.address, outbox.c.as_of != row.as_of)
    lately = (outbox.c.reason == DeliveryReason.bounced, outbox.c.finished_at > now - circuit_breaker.AGAIN_AFTER)
    query = sa.select(outbox.c.id).where(*same, *lately).limit(1)
    return connection.execute(query).first() is not None


# ---------------------------------------------------------------------- what the recipient knows all the same


def _content(row: Any) -> dict[str, Any]:
    try:
        content = json.loads(row.content)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _meant(row: Any, content: Mapping[str, Any]) -> str:
    return str(content["for"]["id"]) if row.stands_for is not None and content.get("for") else row.recipient


def _told_before(connection: Transaction, row: Any, content: Mapping[str, Any]) -> set[int]:
    """Let the recipient know of the message's alerts what the last message that did not come back said of each.

    Gives the alerts that a later message than this has told them of.
    """
    meant = _meant(row, content)
    wanted = {id_ for id_, _, _ in content.get("told", ())}
    mine = sa.and_(told.c.receiver == row.receiver, told.c.recipient == meant)
    for ids in _batches(wanted):
        connection.execute(told.delete().where(mine, told.c.alert_id.in_(ids)))
    later: set[int] = set()
    theirs = sa.or_(outbox.c.recipient == meant, outbox.c.stands_for.is_not(None))
    query = sa.select(outbox.c.id).where(outbox.c.receiver == row.receiver, outbox.c.state == "accepted", theirs)
    for id_ in connection.execute(query.order_by(outbox.c.finished_at.desc(), outbox.c.id.desc())).scalars().all():
        if not wanted:
            break
        other = connection.execute(sa.select(outbox).where(outbox.c.id == id_)).one()
        said = _content(other)
        if _meant(other, said) != meant:
            continue
        listed = [each for each in said.get("told", ()) if each[0] in wanted]
        wanted -= {each[0] for each in listed}
        later |= {each[0] for each in listed} if other.id > row.id else set()
        rows = [
            {
                "receiver": row.receiver,
                "recipient": meant,
                "alert_id": alert_id,
                "level": level,
                "condition": PASSED_ON if other.stands_for is not None else condition,
                "told_on": other.as_of,
            }
            for alert_id, level, condition in listed
            if condition != "resolved"
        ]
        if rows:
            connection.execute(told.insert(), rows)
    return later


def _batches(ids: Iterable[int]) -> Iterator[list[int]]:
    """Return ids in lists that are short enough for one statement."""
    every = sorted(ids)
    for start in range(0, len(every), 500):
        yield every[start : start + 500]


def _left(connection: Transaction, content: Mapping[str, Any], later: set[int]) -> dict[str, Any]:
    """Return of a message what is still to be told to somebody: not what a later one told, nor what was open and has ended."""
    items = [item for item in content.get("items", ()) if item["alert_id"] not in later]
    query = sa.select(alert.c.id).where(alert.c.resolved_on.is_not(None))
    ended: set[int] = set()
    for ids in _batches(item["alert_id"] for item in items):
        ended.update(connection.execute(query.where(alert.c.id.in_(ids))).scalars())
    items = [item for item in items if item["alert_id"] not in ended or item["state"] in ("cleared", "moved")]
    left = {item["alert_id"] for item in items}
    chains = [chain | {"alerts": [id_ for id_ in chain["alerts"] if id_ in left]} for chain in content.get("instead", ())]
    return dict(content) | {
        "items": items,
        "told": [each for each in content.get("told", ()) if each[0] in left],
        "instead": [chain for chain in chains if chain["alerts"]],
    }


def _waiting(row: Any, content: dict[str, Any], now: datetime) -> Waiting:
    """Return a message as the sender knows it. What stands in for it has as long from now as it had."""
    return Waiting(
        id=row.id,
        notification=notification_of(row, content),
        message_id=row.message_id,
        planned_at=row.planned_at,
        attempts=row.attempts,
        repeated=False,
        owner="",
        lease=timedelta(0),
        run_id=row.run_id,
        expires_at=now + (row.expires_at - row.planned_at) if row.expires_at else None,
    )

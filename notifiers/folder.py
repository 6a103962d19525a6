"""Messages as files in a folder, with a page to read them by: for a trial, a demonstration, and a copy to keep.

    2026-11-23-daily-5f0c....eml    the mail as a mail program opens it
    2026-11-23-daily-5f0c....html   the same as a page
    2026-11-23-daily-91ab....json   a card for a channel
    messages.json                   what the page is made of
    index.html                      the page: every message, by day and purpose

No file name holds a name or a number of anybody. Files can be read by their owner alone.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from functools import cache
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    TypeAdapter,
    ValidationError,
)

from alerting import private_files
from alerting.delivery import notifier
from alerting.delivery.notifier import Ceiling
from alerting.errors import DeliveryError
from alerting.mailboxes import Mailbox, is_address, nobody, one_line
from alerting.mails import printable, write_mail
from alerting.model import Message, Tier

_PURPOSES = ("daily", "weekly", "monthly", "admin", "quality", "test")
_LONGEST_LEAD = 220


class _Entry(BaseModel):
    """One message as the page lists it. id: of its key; the same key again takes its place."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: str
    at: datetime
    purpose: str
    name: str
    subject: str
    lead: str
    files: dict[str, str]
    address: str | None = None
    channel: str | None = None

    @property
    def order(self) -> tuple[int, int, str, str, str]:
        """Newest day first, then the purposes as they come round, then by name."""
        known = _PURPOSES.index(self.purpose) if self.purpose in _PURPOSES else len(_PURPOSES)
        return (-self.at.date().toordinal(), known, self.purpose, self.name.casefold(), self.id)


class Notifier(BaseModel, notifier.Notifier):
    """A folder. It and its page grow with every run; one run at a time writes into it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    type: Literal["folder"] = "folder"
    ceiling: Ceiling = Tier.reference
    path: Path = Field(examples=["outbox"])
    #: Ids of teams whose channels' cards it keeps; none: it keeps messages to people.
    teams: tuple[str, ...] = ()

    _has_sent: bool = PrivateAttr(default=False)

    def send(self, message: Message, handed_over: Callable[[], None]) -> str:
        """Write one message: a mail and a page, or a card. The same key again replaces what it wrote before.

        Each file appears whole or not at all. Raises DeliveryError, passing unless the folder may not be written to.
        """
        entry, contents = _filed(message)
        with self._faults():
            private_files.make_folder(self.path)
            handed_over()
            for name, content in contents.items():
                private_files.write(self.path / name, content)
            self._note(entry)
        self._has_sent = True
        return f"written {', '.join(sorted(contents))}"

    def check(self) -> list[str]:
        """Return why the folder cannot be made or written to; nothing where it can."""
        nearest = next(place for place in (self.path, *self.path.absolute().parents) if place.exists())
        if not nearest.is_dir():
            return [f"path: {nearest} is a file, not a folder"]
        return [] if os.access(nearest, os.W_OK | os.X_OK) else [f"path: {nearest} may not be written to"]

    def teams_reached(self) -> frozenset[str] | None:
        """Return the teams whose cards are kept here; None where messages to people are."""
        return frozenset(self.teams) or None

    def only_keeps(self) -> bool:
        """Return that somebody must look into the folder to learn of anything."""
        return True

    def reach(self) -> list[str]:
        """Return why a message could not be written now; found by writing an empty file, where the folder is there."""
        if not self.path.is_dir():
            return []
        tried = self.path / f"{private_files.UNFINISHED}tried"
        try:
            private_files.write(tried, b"")
            tried.unlink()
        except OSError as error:
            return [f"path: {self.path} cannot be written to ({error.strerror or type(error).__name__})"]
        return []

    def close(self) -> None:
        """Write the page that lists every message in the folder, of this run and of those before.

        Raises DeliveryError where it cannot be written; the messages themselves are in the folder all the same.
        """
        if not self._has_sent:
            return
        with self._faults():
            entries = self._entries()
            listed = [entry.model_dump(mode="json", exclude_none=True) for entry in entries]
            private_files.write(self.path / "messages.json", json.dumps(listed, indent=1, ensure_ascii=False).encode())
            private_files.write(self.path / "index.html", _page(entries, self.path).encode("utf-8", "replace"))
            self._journal.unlink(missing_ok=True)
        self._has_sent = False

    @property
    def _journal(self) -> Path:
        # Survives a run that is killed before it comes to write the page; the next run's page takes it up.
        return self.path / "messages.journal"

    def _note(self, entry: _Entry) -> None:
        # The line end in front keeps this entry apart from one that a crash cut short.
        private_files.append(self._journal, b"\n" + entry.model_dump_json().encode() + b"\n")

    def _entries(self) -> list[_Entry]:
        """Return what is in the folder, in the order of the page, and drop the files of what was replaced."""
        latest: dict[str, _Entry] = {}
        for entry in (*self._listed(), *self._noted()):
            before = latest.get(entry.id)
            for name in set(before.files.values()) - set(entry.files.values()) if before else ():
                (self.path / name).unlink(missing_ok=True)
            latest[entry.id] = entry
        present = (entry for entry in latest.values() if all((self.path / name).exists() for name in entry.files.values()))
        return sorted(present, key=lambda entry: entry.order)

    def _listed(self) -> list[_Entry]:
        file = self.path / "messages.json"
        if not file.exists():
            return []
        try:
            return TypeAdapter(list[_Entry]).validate_json(file.read_bytes())
        except ValidationError:
            raise DeliveryError(
                "the list of messages in the folder cannot be understood",
                passing=False,
                where=str(file),
                remedy="Move the folder aside, and a new one is begun; the messages in it stay readable.",
            ) from None

    def _noted(self) -> Iterator[_Entry]:
        for line in filter(None, self._journal.read_bytes().split(b"\n")):
            try:
                yield _Entry.model_validate_json(line)
            except ValidationError:
                # A line cut short by a crash. Its message was not yet reported as sent, so it is sent again and noted anew.
                continue

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            lasting = isinstance(error, PermissionError | FileExistsError | NotADirectoryError)
            raise DeliveryError(
                f"the folder cannot be written to ({error.strerror or type(error).__name__})",
                passing=not lasting,
                about="line",
                where=str(self.path),
                remedy="Check that the folder may be written to and that its disk has room.",
            ) from None


def _filed(message: Message) -> tuple[_Entry, dict[str, bytes]]:
    """Return a message's entry, and the content of each of its files by name."""
    key = blake2b(message.key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    purpose = re.sub(r"[^a-z0-9]+", "-", message.purpose.lower())[:20].strip("-") or "message"
    stem = f"{message.date.date().isoformat()}-{purpose}-{key}"
    contents: dict[str, bytes] = {}
    if message.html:
        contents["page"] = printable(message.html).encode()
    if message.channel is None:
        contents["mail"] = _mail(message)
    if message.card is not None:
        contents["card"] = json.dumps(asdict(message.card), indent=1).encode()
    names = {
        kind: f"{stem}.{ending}" for kind, ending in (("page", "html"), ("mail", "eml"), ("card", "json")) if kind in contents
    }
    entry = _Entry(
        id=key,
        at=message.date,
        purpose=purpose,
        name=one_line(message.to_name),
        address=None if message.to_address is None else one_line(message.to_address),
        channel=None if message.channel is None else one_line(message.channel),
        subject=one_line(message.subject),
        lead=_lead(message.text),
        files=names,
    )
    return entry, {names[kind]: content for kind, content in contents.items()}


def _mail(message: Message) -> bytes:
    # A mail has a sender, but a folder is nobody's mailbox: this one can never be answered by mistake.
    sender = Mailbox(name="Practice alerts", address="alerts@folder.invalid").header()
    return write_mail(message, {"From": sender, "To": _receiver(message)})


def _receiver(message: Message) -> str:
    address = (message.to_address or "").strip()
    return Mailbox(name=message.to_name, address=address).header() if is_address(address) else nobody(message.to_name)


def _page(entries: list[_Entry], folder: Path) -> str:
    days = [_day(day, list(messages), folder) for day, messages in groupby(entries, key=lambda entry: entry.at.date())]
    return str(_words().get_template("folder.html").render(days=days, messages=len(entries)))


@cache
def _words() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # only a run that sends needs it

    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _day(day: date, entries: list[_Entry], folder: Path) -> dict[str, Any]:
    purposes = [
        {"name": purpose, "messages": [_shown(entry, folder) for entry in group]}
        for purpose, group in groupby(entries, key=lambda entry: entry.purpose)
    ]
    return {
        "id": day.isoformat(),
        "title": f"{day:%A} {day.day} {day:%B %Y}",
        "messages": len(entries),
        "people": len({entry.address or entry.name for entry in entries if entry.channel is None}),
        "channels": len({entry.channel for entry in entries if entry.channel is not None}),
        "purposes": purposes,
    }


def _shown(entry: _Entry, folder: Path) -> dict[str, Any]:
    card = json.loads((folder / entry.files["card"]).read_bytes()) if "card" in entry.files else None
    return {"entry": entry, "card": card, "counts": _counts(card) if card else []}


def _counts(card: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Add up the columns of a card that hold numbers; a column with anything else, such as "<5", is left out."""
    columns = list(zip(*card.get("rows", []), strict=False))
    named = zip(card.get("columns", []), columns, strict=False)
    return [(name, sum(map(int, cells))) for name, cells in named if all(str(cell).isdecimal() for cell in cells)]


def _lead(text: str) -> str:
    """Return what a message says first: its first paragraph that is a sentence, not a banner or a heading."""
    paragraphs = [one_line(paragraph) for paragraph in printable(text).split("\n\n")]
    words = next((words for words in paragraphs if words.endswith(".")), next(filter(None, paragraphs), ""))
    return words if len(words) <= _LONGEST_LEAD else words[:_LONGEST_LEAD].rsplit(" ", 1)[0] + " ..."

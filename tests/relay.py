"""A relay as a process of its own: it writes each mail down before it answers 250, so that what was accepted is known whoever dies.

    python -m tests.relay FILE      prints its port, and serves until its standard input is closed

A line of the file is one mail as JSON: id (its Message-ID), to, purpose, at (seconds), repeat (it says that it may be one, in
both its parts), and its words: subject, text, html.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers import free_port

REPEAT = "You may have had this message already."
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail that the relay accepted."""

    id: str
    to: str
    purpose: str
    at: float
    repeat: bool
    subject: str
    text: str
    html: str


class Writer:
    """Writes each mail down, then accepts it."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        mail = message_from_bytes(bytes(envelope.content or b""), policy=default)
        assert isinstance(mail, EmailMessage)
        text, html = (_words(mail, kind) for kind in ("plain", "html"))
        row = {
            "id": str(mail["Message-ID"]),
            "to": envelope.rcpt_tos[0],
            "purpose": str(mail["X-Alert-Purpose"]),
            "at": time.time(),
            "repeat": REPEAT in text and REPEAT in html,
            "subject": str(mail["Subject"]),
            "text": text,
            "html": html,
        }
        os.write(self._file, json.dumps(row).encode() + b"\n")
        return "250 2.0.0 Ok: queued"


def _words(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


@dataclass(frozen=True, kw_only=True)
class Relay:
    """A relay at work. path: the file it writes."""

    port: int
    path: Path

    def mails(self) -> list[Mail]:
        """Return every mail that was accepted, in the order they came."""
        return [Mail(**json.loads(line)) for line in self.path.read_text("utf-8").splitlines()]

    def forget(self) -> None:
        """Empty the file: what comes from now on is written from its beginning."""
        os.truncate(self.path, 0)


@contextmanager
def relay_process(path: Path) -> Iterator[Relay]:
    """Run a relay in a process of its own while the block runs."""
    path.touch()
    command = [sys.executable, "-m", "tests.relay", str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Relay(port=int(process.stdout.readline()), path=path)
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def main() -> None:
    """Serve until the standard input is closed, as it is when whoever started this is gone."""
    controller = Controller(Writer(Path(sys.argv[1])), hostname="127.0.0.1", port=free_port())
    controller.start()
    print(controller.port, flush=True)  # noqa: T201  (how the port is told)
    sys.stdin.read()
    controller.stop()


if __name__ == "__main__":
    main()

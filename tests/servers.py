"""Servers on real sockets for the tests of delivery.

mail_server            takes mail as a relay does: STARTTLS, TLS or plain, with a sign-in if asked
scripted_mail_server   answers each step of the dialogue as a test says: a refusal, silence, a broken line
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as parsed
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

CLOSE = "close"
SILENCE = "silence"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A mail that a server took. line: which connection it came over, counted from 1."""

    sender: str
    recipients: list[str]
    content: bytes
    over_tls: bool
    signed_in: bool
    line: int

    @property
    def mail(self) -> EmailMessage:
        mail = message_from_bytes(self.content, policy=parsed)
        assert isinstance(mail, EmailMessage)
        return mail

    def text(self, kind: str) -> str:
        """Return one part's words, plain or html, with the line ends they had before they went over the wire."""
        part = self.mail.get_body((kind,))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")


@dataclass(kw_only=True)
class MailServer:
    """A relay on 127.0.0.1. ca_file: the authority that signed its certificate."""

    port: int
    ca_file: Path | None = None
    taken: list[Taken] = field(default_factory=list)
    lines: list[Any] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if session.peer not in self.lines:
            self.lines.append(session.peer)
        self.taken.append(
            Taken(
                sender=str(envelope.mail_from),
                recipients=list(envelope.rcpt_tos),
                content=bytes(envelope.content or b""),
                over_tls=server.transport.get_extra_info("ssl_object") is not None,
                signed_in=bool(session.authenticated),
                line=self.lines.index(session.peer) + 1,
            )
        )
        return "250 2.0.0 Ok: queued as 4F1C2"


_HELD: list[socket.socket] = []


def closed_port() -> int:
    """Return a port at which nothing answers, for as long as the tests last: it is held, so that no other process gets it."""
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    held.bind(("127.0.0.1", 0))
    _HELD.append(held)
    return int(held.getsockname()[1])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def mail_server(
    folder: Path, *, security: str = "starttls", user: str = "", password: str = "", without: Sequence[str] = ()
) -> Iterator[MailServer]:
    """Run a relay whose certificate is for 127.0.0.1; with a user, it takes mail only after that sign-in.

    without: the ways of signing in that it does not offer.
    """
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    ca_file = folder / "authority.pem"
    authority.cert_pem.write_to_path(ca_file)
    server = MailServer(port=free_port(), ca_file=ca_file)

    def sign_in(smtp: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        right = isinstance(given, LoginPassword) and (given.login, given.password) == (
            user.encode(),
            password.encode("utf-8", "surrogateescape"),
        )
        return AuthResult(success=right, handled=right)

    controller = Controller(
        server,
        hostname="127.0.0.1",
        port=server.port,
        ssl_context=context if security == "tls" else None,
        tls_context=context if security == "starttls" else None,
        require_starttls=security == "starttls",
        authenticator=sign_in if user else None,
        # aiosmtpd knows only the TLS that it began itself, not a line that is TLS from the first byte.
        auth_required=bool(user) and security == "starttls",
        auth_require_tls=security == "starttls",
        auth_exclude_mechanism=without if user else ["LOGIN", "PLAIN"],
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


@dataclass(kw_only=True)
class ScriptedMailServer:
    """A relay that misbehaves to order.

    answers: by step (greeting, EHLO, MAIL, RCPT, DATA, body, dot, QUIT) a reply, CLOSE or SILENCE, or a list of them,
    one for each time, the last for good, or a function of what was said. A body of CLOSE hangs up as soon as the message may begin. received: what
    came with a final dot; accepted: what was also answered with 250.
    """

    port: int
    answers: dict[str, str | list[str] | Callable[[str], str]]
    received: list[bytes] = field(default_factory=list)
    accepted: list[bytes] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    lines: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    USUAL = {  # noqa: RUF012  (never changed)
        "greeting": "220 relay ready",
        "EHLO": "250-relay\r\n250 SIZE 10000000",
        "MAIL": "250 2.1.0 Ok",
        "RCPT": "250 2.1.5 Ok",
        "DATA": "354 go ahead",
        "body": "",
        "dot": "250 2.0.0 Ok: queued",
        "QUIT": "221 bye",
        "RSET": "250 2.0.0 Ok",
    }

    def _say(self, line: socket.socket, step: str, said: str = "") -> str:
        self.steps.append(step)
        answer = self.answers.get(step, self.USUAL.get(step, "502 unknown"))
        if callable(answer):
            answer = answer(said)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if answer == SILENCE:
            self.stopped.wait(30)
        if answer in {CLOSE, SILENCE}:
            raise ConnectionAbortedError
        if step == "dot" and answer.startswith("250"):
            # Before the answer: whoever hears it may look at once.
            self.accepted.append(self.received[-1])
        if answer:
            # The end of the line then travels with the answer, so that a client cannot be quicker than it.
            last = step == "DATA" and self.answers.get("body") == CLOSE
            line.sendall(answer.encode() + b"\r\n", getattr(socket, "MSG_MORE", 0) if last else 0)
        return answer

    def serve_line(self, line: socket.socket) -> None:
        self.lines += 1
        with suppress(OSError), line, line.makefile("rb") as heard:
            self._say(line, "greeting")
            for said in heard:
                step = said[:4].decode("ascii", "replace").strip().upper()
                answer = self._say(line, step, said.decode("ascii", "replace"))
                if step == "DATA" and answer.startswith("354"):
                    self._take_message(line, heard)
                if step == "QUIT" or answer.startswith("421"):
                    return

    def _take_message(self, line: socket.socket, heard: Any) -> None:
        self._say(line, "body")
        written = [heard.readline()]
        while written[-1] not in {b".\r\n", b""}:
            written.append(heard.readline())
        if written[-1] == b"":
            return
        self.received.append(b"".join(written[:-1]))
        self._say(line, "dot")


@contextmanager
def scripted_mail_server(**answers: str | list[str] | Callable[[str], str]) -> Iterator[ScriptedMailServer]:
    """Run a relay without TLS that answers each step as told."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        server = ScriptedMailServer(port=listener.getsockname()[1], answers=answers)
        threads: list[threading.Thread] = []

        def listen() -> None:
            with suppress(OSError):
                while True:
                    line, _ = listener.accept()
                    threads.append(threading.Thread(target=server.serve_line, args=(line,)))
                    threads[-1].start()

        listening = threading.Thread(target=listen)
        listening.start()
        try:
            yield server
        finally:
            server.stopped.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listening.join(5)
            for thread in threads:
                thread.join(5)

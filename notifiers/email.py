"""Mail through the council's own relay, one recipient a message, over a line that is kept open between messages.

The dialogue is driven step by step, because what a fault means depends on where it strikes. Until the final dot the
server has nothing and may be asked again; after it, silence means that the message may have arrived.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import parseaddr
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, field_validator, model_validator

from alerting.delivery import notifier
from alerting.delivery.notifier import Ceiling
from alerting.errors import DeliveryError
from alerting.model import Message, Tier

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_HOST = r"^(?:[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?|[0-9A-Fa-f:]+)$"
_ANY_ADDRESS = re.compile(r"[^\s<>@:;,\"']+@([^\s<>@:;,\"']+)")
_ENHANCED = re.compile(rb"5\.(\d{1,3})\.\d{1,3}\b")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LONGEST_ANSWER = 200
_QUIT_TIMEOUT_S = 5

_REMEDIES = {
    "530": "The server wants a user and a password, or refuses this host: ask the mail team to allow it to relay.",
    "534": "The server wants another way of signing in: ask the mail team for a relay that trusts this host.",
    "535": "Check user and password; many servers no longer take passwords, so ask the mail team for a relay.",
    "552": "The message is larger than the server takes: lower the number of alerts a message may list.",
    "554": "Ask the mail team whether this host may relay and whether the sender may write.",
    "5.7.30": "This server no longer takes a user and a password: ask the mail team for a relay that trusts this host.",
    "5.7.68": "This server takes no mail sent to it directly: ask the mail team for the relay connector's host.",
}


class Notifier(BaseModel, notifier.Notifier):
    """A mail relay and how to reach it. Threads may send at once, each over a line of its own."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, validate_by_name=True, validate_by_alias=True
    )

    type: Literal["email"] = "email"
    ceiling: Ceiling = Tier.reference
    host: str = Field(pattern=_HOST, examples=["relay.exampleshire.gov.uk"])
    port: int = Field(default=25, ge=1, le=65535)
    from_address: str = Field(alias="from", examples=["Practice alerts <alerts@exampleshire.gov.uk>"])
    reply_to: str | None = None
    #: The sender on the envelope, where bounces go.
    return_path: str | None = None
    #: The Maildir in which bounces land, for others to read.
    bounces: Path | None = None
    #: starttls (port 25 or 587), tls (465) or none. There is no falling back from one to another.
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: SecretStr | None = None
    password: SecretStr | None = None
    ca_file: Path | None = None
    #: The only domains that mail may go to; any where left out.
    domains: tuple[str, ...] | None = None
    helo: str | None = Field(default=None, pattern=_HOST)
    #: For each step up to the final dot.
    timeout_s: float = Field(default=30, gt=0)
    #: For the answer to the final dot, which servers may take minutes over, and which is better waited for than guessed.
    after_dot_timeout_s: float = Field(default=300, gt=0)
    #: After so many messages a new line is opened.
    messages_per_connection: int = Field(default=100, ge=1)
    #: To a server that takes long over a message, so many lines at once at most.
    lines: int = Field(default=4, ge=1, le=20)

    _idle: list[_Line] = PrivateAttr(default_factory=list)

    @field_validator("from_address", "reply_to", "return_path")
    @classmethod
    def _holds_an_address(cls, value: str | None) -> str | None:
        if value is not None and not (value.isprintable() and _ADDRESS.fullmatch(parseaddr(value)[1])):
            raise ValueError("not a mail address: write name@council.gov.uk, or Name <name@council.gov.uk>")
        return value

    @field_validator("domains")
    @classmethod
    def _plain_domains(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if value is None else tuple(domain.strip().removeprefix("@").lower() for domain in value)

    @model_validator(mode="after")
    def _signs_in_over_tls_only(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("give both user and password, or neither")
        if self.user is not None and self.security == "none":
            raise ValueError("a password is sent over TLS only: set security to starttls or tls, or leave user and password out")
        return self

    def send(self, message: Message, handed_over: Callable[[], None]) -> str:
        """Send one message to its one recipient; the answer is the server's own, without addresses.

        A repeat goes out under the same Message-ID and Date, by which servers know it.
        Raises DeliveryError: passing for an answer 4xx, no connection and a broken line; ambiguous where the line
        broke, or fell silent, after the final dot; lasting for an answer 5xx, a certificate that is not trusted,
        a sign-in that is refused and an address that is not allowed. Of the address is only a refusal at RCPT that says so:
        the same code for the sender, for the message or at the greeting would be answered to everybody.
        """
        recipient = self._recipient(message)
        written = self._written(message, recipient)
        with self._faults_before_hand_over():
            line = self._open_for(len(written))
        try:
            with self._faults_before_hand_over():
                line.address(recipient)
                line.write(written)
            handed_over()
            with self._faults_after_hand_over():
                code, reply = line.finish(self.after_dot_timeout_s)
        except BaseException:
            line.leave()
            raise
        self._keep(line)
        return _words(code, reply)

    def check(self) -> list[str]:
        """Return what is unwise or cannot work: plain text, an unreadable ca_file, a sender without a full domain."""
        sender_domain = parseaddr(self.from_address)[1].rpartition("@")[2]
        found = {
            "security is none: messages about children cross the network in plain text": self.security == "none",
            f"from: {sender_domain} is not a full domain, so replies and bounces have nowhere to go": "." not in sender_domain,
            f"ca_file {self.ca_file} is not a certificate file that can be read": not self._trust_is_readable(),
            "ceiling is detail: a mail can be forwarded, so details of a case belong behind a sign-in": (
                self.ceiling >= Tier.detail
            ),
            "port 465 expects TLS from the first byte: set security to tls": self.port == 465 and self.security != "tls",
            "domains is empty, so no message can be sent": self.domains == (),
        }
        return [problem for problem, holds in found.items() if holds]

    def reach(self) -> list[str]:
        """Connect, agree on TLS and sign in as for a mail, and leave again."""
        try:
            with self._faults_before_hand_over():
                self._connected().leave()
        except DeliveryError as error:
            return [". ".join(filter(None, (error.problem, error.remedy)))]
        return []

    def close(self) -> None:
        """Say goodbye on every open line. How the server takes it changes nothing: each message has its answer."""
        while self._idle:
            self._idle.pop().leave()

    def at_once(self) -> int:
        """Return over how many lines a slow server may be sent to at once."""
        return self.lines

    def bounce_folder(self) -> Path | None:
        """Return the Maildir in which bounces land."""
        return self.bounces

    def _recipient(self, message: Message) -> str:
        address = (message.to_address or "").strip()
        if not _ADDRESS.fullmatch(address):
            problem = "the recipient has no mail address" if not address else "the recipient's mail address cannot be used"
            raise DeliveryError(
                problem, passing=False, about="recipient", where=self._where, remedy="Correct it in the staff list."
            )
        domain = address.rpartition("@")[2].lower()
        if self.domains is not None and domain not in self.domains:
            raise DeliveryError(
                f"mail may not go to {domain}",
                passing=False,
                about="recipient",
                where=self._where,
                remedy="Correct the address in the staff list, or add the domain to the receiver's domains.",
            )
        return address

    def _written(self, message: Message, recipient: str) -> bytes:
        name, sender = parseaddr(self.from_address)
        domain = sender.rpartition("@")[2]
        mail = EmailMessage(policy=WIRE)
        mail["From"] = Address(display_name=name, addr_spec=sender)
        mail["To"] = Address(display_name=_one_line(message.to_name), addr_spec=recipient)
        mail["Subject"] = _one_line(message.subject)
        mail["Date"] = message.date
        mail["Message-ID"] = f"<{_one_line(message.message_id).strip('<>')}>"
        mail["Reply-To"] = self.reply_to or sender
        mail["List-Id"] = f"<practice-alerts.{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        mail["X-Alert-Purpose"] = _one_line(message.purpose)
        # Quoted-printable keeps every byte on the wire ASCII, so that no server needs to offer 8BITMIME.
        mail.set_content(_printable(message.text), cte="quoted-printable")
        mail.add_alternative(_printable(message.html), subtype="html", cte="quoted-printable")
        return mail.as_bytes()

    def _open_for(self, size: int) -> _Line:
        """Return a line on which the server has agreed to take a message of so many bytes from us."""
        with suppress(IndexError):
            line = self._idle.pop()
            # A server may hang up on an idle line at any time. Nothing of this message has been said: ask on a new one.
            with suppress(smtplib.SMTPServerDisconnected):
                code, reply = line.offer(self.return_path or self.from_address, size)
                if code != 421:
                    return self._agreed(line, code, reply)
            line.leave()
        line = self._connected()
        return self._agreed(line, *line.offer(self.return_path or self.from_address, size))

    def _agreed(self, line: _Line, code: int, reply: bytes) -> _Line:
        try:
            line.expect({250}, code, reply)
        except BaseException:
            line.leave()
            raise
        return line

    def _connected(self) -> _Line:
        context = None if self.security == "none" else self._trust()
        with self._faults_before_hand_over(connecting=True):
            line = _Line(self.host, self.port, self.helo, self.timeout_s, context if self.security == "tls" else None)
            try:
                self._make_safe(line, context)
                if self.user is not None and self.password is not None:
                    line.login(self.user.get_secret_value(), self.password.get_secret_value())
            except BaseException:
                line.close()
                raise
        return line

    def _make_safe(self, line: _Line, context: ssl.SSLContext | None) -> None:
        line.ehlo_or_helo_if_needed()
        if self.security != "starttls":
            return
        if not line.has_extn("starttls"):
            raise _no_safe_line(None, self._where)
        line.starttls(context=context)
        line.ehlo_or_helo_if_needed()

    def _trust(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ValueError):
            raise DeliveryError(
                "the file of trusted certificates cannot be read",
                passing=False,
                about="line",
                where=str(self.ca_file),
                remedy="Point ca_file at a PEM file with the certificate of the authority that signed the server's.",
            ) from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def _trust_is_readable(self) -> bool:
        try:
            self._trust()
        except DeliveryError:
            return False
        return True

    def _keep(self, line: _Line) -> None:
        if line.messages < self.messages_per_connection:
            self._idle.append(line)
        else:
            line.leave()

    @property
    def _where(self) -> str:
        return f"{self.host}:{self.port}"

    @contextmanager
    def _faults_before_hand_over(self, *, connecting: bool = False) -> Iterator[None]:
        # `from None` throughout: the errors of smtplib can carry addresses, and a chained error is printed too.
        try:
            yield
        except ssl.SSLError as error:
            raise _no_safe_line(error, self._where) from None
        except smtplib.SMTPAuthenticationError as error:
            raise _refused(error, self._where, "the sign-in was refused:", "line") from None
        except _AddressRefusedError as error:
            raise _refused(error, self._where, "the address was refused:", "address") from None
        except smtplib.SMTPResponseException as error:
            raise _refused(error, self._where, "the server answered", "line" if connecting else None) from None
        except smtplib.SMTPServerDisconnected:
            raise DeliveryError(
                "the server broke off before the message was complete", passing=True, about="line", where=self._where
            ) from None
        except smtplib.SMTPException:
            raise DeliveryError(
                "the server offers no way of signing in that can be used here",
                passing=False,
                about="line",
                where=self._where,
                remedy="Ask the mail team for a relay that trusts this host, and leave user and password out.",
            ) from None
        except OSError as error:
            raise _unreachable(error, self._where) from None

    @contextmanager
    def _faults_after_hand_over(self) -> Iterator[None]:
        try:
            yield
        except smtplib.SMTPResponseException as error:
            if 400 <= error.smtp_code < 600:
                raise _refused(error, self._where, "the message was refused:") from None
            raise DeliveryError(
                "the answer after the message makes no sense: it may have arrived",
                passing=True,
                ambiguous=True,
                about="line",
                where=self._where,
            ) from None
        except OSError:
            raise DeliveryError(
                "no answer came after the message was handed over: it may have arrived",
                passing=True,
                ambiguous=True,
                about="line",
                where=self._where,
            ) from None


class _AddressRefusedError(smtplib.SMTPResponseException):
    """The server takes nothing for this mailbox, whoever sends and whatever it is."""


class _Line(smtplib.SMTP):
    """One connection to a server."""

    #: How many messages the server has taken on this line.
    messages: int

    def __init__(self, host: str, port: int, helo: str | None, timeout_s: float, tls: ssl.SSLContext | None) -> None:
        self.messages = 0
        self._tls = tls
        self._in_message = False
        super().__init__(host, port, local_hostname=helo, timeout=timeout_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        line = socket.create_connection((host, port), timeout)
        # Without this a message over 16 KB waits 40 ms for the acknowledgement of its first TLS record.
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return line if self._tls is None else self._tls.wrap_socket(line, server_hostname=host)

    def expect(self, codes: set[int], code: int, reply: bytes) -> None:
        """Raise what the server answered unless it is one of `codes`."""
        if code not in codes:
            raise smtplib.SMTPResponseException(code, reply)

    def offer(self, sender: str, size: int) -> tuple[int, bytes]:
        """Tell the server who a message is from and, where it asks, how large it is; return its answer."""
        # A bounce then brings back the headers alone, and not what stands in the message.
        asked = {"size": f"SIZE={size}", "dsn": "RET=HDRS"}
        return self.mail(sender, [option for name, option in asked.items() if self.has_extn(name)])

    def address(self, recipient: str) -> None:
        """Tell the server whom a message is for. Raises _AddressRefusedError where the refusal is of the mailbox."""
        code, reply = self.rcpt(recipient)
        if 500 <= code < 600 and _is_of_the_address(reply):
            raise _AddressRefusedError(code, reply)
        self.expect({250, 251}, code, reply)

    def write(self, written: bytes) -> None:
        """Write a message but for the final dot. Raises SMTPServerDisconnected where the server has already given up."""
        self.expect({354}, *self.docmd("DATA"))
        self._in_message = True
        self.send(re.sub(rb"(?m)^\.", b"..", written))
        if not self._is_listening():
            raise smtplib.SMTPServerDisconnected

    def _is_listening(self) -> bool:
        """Return whether the server still waits for the rest: one that has hung up, or speaks out of turn, does not."""
        line = self._socket()
        line.settimeout(0)
        try:
            # What the server said may have come along with its last answer and lie in the buffer of `file` by now.
            said = self.file is not None and self.file.peek(1)
            if not said:
                line.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            line.settimeout(self.timeout)
            return True
        except OSError:
            return False
        return False

    def finish(self, timeout_s: float) -> tuple[int, bytes]:
        """Write the final dot and wait so long for the answer."""
        line = self._socket()
        line.settimeout(timeout_s)
        self.send(b".\r\n")
        code, reply = self.getreply()
        line.settimeout(self.timeout)
        self._in_message = False
        self.expect({250}, code, reply)
        self.messages += 1
        return code, reply

    def leave(self) -> None:
        """Say goodbye and hang up; never raises. In the middle of a message only hang up, so that nothing is accepted."""
        if self.sock is not None and not self._in_message:
            self._socket().settimeout(_QUIT_TIMEOUT_S)
            with suppress(OSError):
                self.quit()
        self.close()

    def _socket(self) -> socket.socket:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected
        return self.sock


def _is_of_the_address(reply: bytes) -> bool:
    """Return whether a refusal of RCPT, 5xx, is about the mailbox: by its enhanced code (RFC 3463), and where it has none.

    5.1, 5.2 and 5.4 are about the address, the mailbox and the way to it; 5.7 and the others about who sends, and what.
    """
    code = _ENHANCED.match(reply)
    return code is None or (code[1] in {b"1", b"2", b"4"} and code[0] not in {b"5.1.7", b"5.1.8"})


def _refused(
    error: smtplib.SMTPResponseException, where: str, what: str, about: Literal["line", "address"] | None = None
) -> DeliveryError:
    words = _words(error.smtp_code, error.smtp_error)
    # An answer outside 5xx that is not the one the step allows is a server in disorder, which may pass.
    lasting = 500 <= error.smtp_code < 600
    # After 421 the server hangs up, whatever it was asked.
    otherwise: Literal["sender", "line", "message"] = "sender" if lasting else "line" if error.smtp_code == 421 else "message"
    return DeliveryError(
        f"{what} {words}",
        passing=not lasting,
        about=about or otherwise,
        where=where,
        remedy=next((_REMEDIES[part] for part in reversed(words.split()[:2]) if part in _REMEDIES), ""),
    )


def _no_safe_line(error: ssl.SSLError | None, where: str) -> DeliveryError:
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return DeliveryError("the server broke off while the line was being made safe", passing=True, about="line", where=where)
    if isinstance(error, ssl.SSLCertVerificationError):
        return DeliveryError(
            f"the server's certificate is not to be trusted: {error.verify_message}",
            passing=False,
            about="line",
            where=where,
            remedy="Use the host name that is in the certificate, and set ca_file if your own authority signed it.",
        )
    return DeliveryError(
        "no TLS could be agreed with the server, and nothing is sent without",
        passing=False,
        about="line",
        where=where,
        remedy="Use security: starttls on port 25 or 587 and tls on 465, with a server that knows TLS 1.2.",
    )


def _unreachable(error: OSError, where: str) -> DeliveryError:
    reason = type(error).__name__
    if isinstance(error, socket.gaierror):
        reason = "its name is not known"
    elif isinstance(error, ConnectionRefusedError):
        reason = "nothing answers at this port"
    elif isinstance(error, TimeoutError):
        reason = "it does not answer in time"
    return DeliveryError(
        f"the mail server cannot be reached: {reason}",
        passing=True,
        about="line",
        where=where,
        remedy="Check host, port and the firewall between this machine and the server.",
    )


def _words(code: int, reply: bytes | str) -> str:
    """Return a server's answer on one line, short, with the local part of every address left out."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    without_addresses = _ANY_ADDRESS.sub(r"(somebody)@\1", _one_line(text))
    return f"{code} {without_addresses}"[:_LONGEST_ANSWER]


def _one_line(text: str) -> str:
    """Make text fit for a header: control, format and line-breaking characters end no header and turn no text round."""
    fit = {"Cc": " ", "Zl": " ", "Zp": " ", "Cf": "", "Cs": ""}
    return " ".join("".join(fit.get(unicodedata.category(character), character) for character in text).split())


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))

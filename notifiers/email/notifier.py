"""The settings of a mail relay, and one message through it, over a line that is kept open between messages.

The dialogue is driven step by step, because what a fault means depends on where it strikes. Until the final dot the
server has nothing and may be asked again; after it, silence means that the message may have arrived.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, field_validator, model_validator

from alerting.delivery import notifier
from alerting.delivery.notifier import Ceiling
from alerting.errors import DeliveryError
from alerting.mailboxes import Mailbox, domain_of, is_domain, why_unusable
from alerting.model import Message, Tier
from notifiers.email import faults
from notifiers.email.line import Line
from notifiers.email.writing import written

_HOST = r"^(?:[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?|[0-9A-Fa-f:]+)$"


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

    _idle: list[Line] = PrivateAttr(default_factory=list)

    @field_validator("from_address", "reply_to", "return_path")
    @classmethod
    def _holds_an_address(cls, value: str | None) -> str | None:
        if value is not None:
            Mailbox.read(value)
        return value

    @field_validator("domains")
    @classmethod
    def _plain_domains(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        domains = None if value is None else tuple(domain.strip().removeprefix("@").lower() for domain in value)
        if wrong := [domain for domain in domains or () if not is_domain(domain)]:
            raise ValueError(
                f"{wrong[0]!r} is not a domain: write it as it stands behind the @ of an address, such as council.gov.uk"
            )
        return domains

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
        mail = written(
            message, sender=self._sender, reply_to=Mailbox.read(self.reply_to or self._sender.address), recipient=recipient
        )
        with faults.before_hand_over(self._where):
            line = self._open_for(len(mail))
        try:
            with faults.before_hand_over(self._where):
                line.address(recipient.address)
                line.write(mail)
            handed_over()
            with faults.after_hand_over(self._where):
                code, reply = line.finish(self.after_dot_timeout_s)
        except BaseException:
            line.leave()
            raise
        self._keep(line)
        return faults.words(code, reply)

    def check(self) -> list[str]:
        """Return what is unwise or cannot work: plain text, no domains, an unreadable ca_file, a sender without a full domain."""
        sender_domain = domain_of(self._sender.address)
        found = {
            "security is none: messages about children cross the network in plain text": self.security == "none",
            f"from: {sender_domain} is not a full domain, so replies and bounces have nowhere to go": "." not in sender_domain,
            f"ca_file {self.ca_file} is not a certificate file that can be read": not self._trust_is_readable(),
            "ceiling is detail: a mail can be forwarded, so details of a case belong behind a sign-in": (
                self.ceiling >= Tier.detail
            ),
            "port 465 expects TLS from the first byte: set security to tls": self.port == 465 and self.security != "tls",
            "domains is empty, so no message can be sent": self.domains == (),
            "domains is left out, so a message goes to whatever address the staff list has, outside the council too: name the "
            f"domains that messages may go to, such as domains: [{sender_domain}]": self.domains is None,
        }
        return [problem for problem, holds in found.items() if holds]

    def reach(self) -> list[str]:
        """Connect, agree on TLS and sign in as for a mail, and leave again."""
        try:
            with faults.before_hand_over(self._where):
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

    def why_not_to(self, address: str | None) -> str | None:
        """Return why nothing may go to an address: no address, one that cannot be written to, or none of `domains`."""
        return why_unusable(address, self.domains)

    def _recipient(self, message: Message) -> Mailbox:
        address = (message.to_address or "").strip()
        if why := self.why_not_to(address):
            raise DeliveryError(
                why,
                passing=False,
                about="recipient",
                where=self._where,
                remedy="Correct it in the staff list; or, where it is right, add its domain to the receiver's domains.",
            )
        return Mailbox(name=message.to_name, address=address)

    def _open_for(self, size: int) -> Line:
        """Return a line on which the server has agreed to take a message of so many bytes from us."""
        with suppress(IndexError):
            line = self._idle.pop()
            # A server may hang up on an idle line at any time. Nothing of this message has been said: ask on a new one.
            with suppress(smtplib.SMTPServerDisconnected):
                code, reply = line.offer(self._envelope_sender, size)
                if code != 421:
                    return self._agreed(line, code, reply)
            line.leave()
        line = self._connected()
        return self._agreed(line, *line.offer(self._envelope_sender, size))

    def _agreed(self, line: Line, code: int, reply: bytes) -> Line:
        try:
            line.expect({250}, code, reply)
        except BaseException:
            line.leave()
            raise
        return line

    def _connected(self) -> Line:
        context = None if self.security == "none" else self._trust()
        with faults.before_hand_over(self._where, connecting=True):
            line = Line(self.host, self.port, self.helo, self.timeout_s, context if self.security == "tls" else None)
            try:
                self._make_safe(line, context)
                if self.user is not None and self.password is not None:
                    line.sign_in(self.user.get_secret_value(), self.password.get_secret_value())
            except BaseException:
                line.close()
                raise
        return line

    def _make_safe(self, line: Line, context: ssl.SSLContext | None) -> None:
        line.ehlo_or_helo_if_needed()
        if self.security != "starttls":
            return
        if not line.has_extn("starttls"):
            raise faults.no_safe_line(None, self._where)
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

    def _keep(self, line: Line) -> None:
        if line.messages < self.messages_per_connection:
            self._idle.append(line)
        else:
            line.leave()

    @property
    def _sender(self) -> Mailbox:
        return Mailbox.read(self.from_address)

    @property
    def _envelope_sender(self) -> str:
        return Mailbox.read(self.return_path).address if self.return_path else self._sender.address

    @property
    def _where(self) -> str:
        return f"{self.host}:{self.port}"

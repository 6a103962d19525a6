"""A message written as a mail: its headers, its words as text and as HTML, and the files that go with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from types import MappingProxyType

from alerting.mailboxes import one_line
from alerting.model import Message

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_UTF_8 = {"charset": "utf-8"}
_BOUNDARIES = ("=_whole", "=_words")
"""Of the mail and of its words. In quoted-printable a `=` stands before two digits or the end of a line, in base64 before another or an end:
neither has these.
"""
_NONE: Mapping[str, str] = MappingProxyType({})


def write_mail(message: Message, mailboxes: Mapping[str, str], more: Mapping[str, str] = _NONE) -> bytes:
    """Return a message as a mail, ASCII throughout; the same message is written alike each time.

    mailboxes: what stands in each header for a sender or a reader, by `Mailbox.header`. more: headers besides those of every mail.
    """
    mail = EmailMessage(policy=WIRE)
    mail["Subject"] = one_line(message.subject)
    mail["Date"] = message.date
    mail["Message-ID"] = f"<{one_line(message.message_id).strip('<>')}>"
    for name, value in more.items():
        mail[name] = one_line(value)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Alert-Purpose"] = one_line(message.purpose)
    # Quoted-printable keeps every byte on the wire ASCII, so that no server needs to offer 8BITMIME.
    mail.set_content(printable(message.text), cte="quoted-printable")
    mail.add_alternative(printable(message.html), subtype="html", cte="quoted-printable")
    for attached in message.attachments:
        mail.add_attachment(attached.content, maintype="text", subtype=attached.subtype, filename=attached.name, params=_UTF_8)
    parts = [part for part in mail.walk() if part.is_multipart()]
    for part, boundary in zip(parts, _BOUNDARIES[-len(parts) :], strict=True):
        part.set_boundary(boundary)
    return "".join(f"{name}: {mailbox}\r\n" for name, mailbox in mailboxes.items()).encode("ascii") + mail.as_bytes()


def printable(text: str) -> str:
    """Return a text of several lines without what no reader sees and some mail programs stumble over."""
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))

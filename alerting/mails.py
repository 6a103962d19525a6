"""A message written as a mail: its headers, its words as text and as HTML, and the files that go with it.

Written by hand, as the standard library takes ten times as long: it reads each header and each body again several times.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from email.policy import SMTP as WIRE
from email.utils import format_datetime
from functools import lru_cache
from types import MappingProxyType

from alerting.mailboxes import one_line
from alerting.model import Attachment, Message

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# In quoted-printable a `=` stands before two digits or the end of a line, in base64 before another or an end: this is in neither.
_WORDS, _WHOLE = "=_words", "=_whole"

_NONE: Mapping[str, str] = MappingProxyType({})


def write_mail(message: Message, mailboxes: Mapping[str, str], more: Mapping[str, str] = _NONE) -> bytes:
    """Return a message as a mail, ASCII throughout; the same message is written alike each time.

    mailboxes: what stands in each header for a sender or a reader, by `Mailbox.header`. more: headers besides those of every mail.
    """
    headers = {
        "Subject": message.subject,
        "Message-ID": f"<{one_line(message.message_id).strip('<>')}>",
        **more,
        "Auto-Submitted": "auto-generated",
        "X-Alert-Purpose": message.purpose,
    }
    head = "".join(f"{name}: {mailbox}\r\n" for name, mailbox in mailboxes.items())
    head += "".join(_header(name, one_line(value)) for name, value in headers.items())
    head += f"Date: {format_datetime(message.date)}\r\nMIME-Version: 1.0\r\n"
    words = _parts("alternative", _WORDS, [_text("plain", message.text), _text("html", message.html)])
    files = [_file(attached) for attached in message.attachments]
    return head.encode("ascii") + (_parts("mixed", _WHOLE, [words, *files]) if files else words)


def printable(text: str) -> str:
    """Return a text of several lines without what no reader sees and some mail programs stumble over."""
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


@lru_cache(maxsize=100)
def _header(name: str, value: str) -> str:
    """Return a header, folded, and in encoded words where it is not ASCII: here the library knows more than one would write."""
    return str(WIRE.header_factory(name, value).fold(policy=WIRE))


def _parts(kind: str, boundary: str, parts: list[bytes]) -> bytes:
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n'
    between = f"\r\n--{boundary}\r\n".encode("ascii")
    return between.join([head.encode("ascii"), *parts]) + f"\r\n--{boundary}--\r\n".encode("ascii")


def _text(subtype: str, text: str) -> bytes:
    # Quoted-printable keeps every byte on the wire ASCII, so that no server needs to offer 8BITMIME.
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    lines = printable(text).removesuffix("\n").replace("\n", "\r\n") + "\r\n"
    return head.encode("ascii") + binascii.b2a_qp(lines.encode())


def _file(attached: Attachment) -> bytes:
    head = (
        f'Content-Type: text/{attached.subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: base64\r\n'
        f'Content-Disposition: attachment; filename="{attached.name}"\r\n\r\n'
    )
    return head.encode("ascii") + base64.encodebytes(attached.content).replace(b"\n", b"\r\n")

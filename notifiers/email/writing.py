"""A message written as a mail."""

from __future__ import annotations

import re
from email.message import EmailMessage
from email.policy import SMTP as WIRE

from alerting.mailboxes import Mailbox, domain_of, one_line
from alerting.model import Message

_UTF_8 = {"charset": "utf-8"}
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def written(message: Message, *, sender: Mailbox, reply_to: Mailbox, recipient: Mailbox) -> bytes:
    """Return a message as it goes over the wire, ASCII throughout, with all that says that a machine wrote it."""
    mail = EmailMessage(policy=WIRE)
    mail["Subject"] = one_line(message.subject)
    mail["Date"] = message.date
    mail["Message-ID"] = f"<{one_line(message.message_id).strip('<>')}>"
    mail["List-Id"] = f"<practice-alerts.{domain_of(sender.address)}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["X-Alert-Purpose"] = one_line(message.purpose)
    # Quoted-printable keeps every byte on the wire ASCII, so that no server needs to offer 8BITMIME.
    mail.set_content(_printable(message.text), cte="quoted-printable")
    mail.add_alternative(_printable(message.html), subtype="html", cte="quoted-printable")
    for attached in message.attachments:
        mail.add_attachment(attached.content, maintype="text", subtype=attached.subtype, filename=attached.name, params=_UTF_8)
    mailboxes = {"From": sender, "To": recipient, "Reply-To": reply_to}
    return "".join(f"{name}: {mailbox.header()}\r\n" for name, mailbox in mailboxes.items()).encode("ascii") + mail.as_bytes()


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))

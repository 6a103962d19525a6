"""A message written as a mail that goes over the wire."""

from __future__ import annotations

from alerting.mailboxes import Mailbox, domain_of
from alerting.mails import write_mail
from alerting.model import Message


def written(message: Message, *, sender: Mailbox, reply_to: Mailbox, recipient: Mailbox) -> bytes:
    """Return a message as it goes over the wire, ASCII throughout, with all that says that a machine wrote it."""
    more = {"List-Id": f"<practice-alerts.{domain_of(sender.address)}>", "X-Auto-Response-Suppress": "All"}
    mailboxes = {"From": sender.header(), "To": recipient.header(), "Reply-To": reply_to.header()}
    return write_mail(message, mailboxes, more)

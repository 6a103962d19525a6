"""A mail from the folder of bounces -> the recipients that a message could not be delivered to. Pure; RFC 3464 and 6533.

Everything in such a mail may be made up: it is read as data of strangers, and what it says is believed by nobody here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.parser import HeaderParser

from alerting.formatting import plain
from alerting.model import DeliveryReason

LARGEST = 2_000_000
"""Bytes: more than any of our messages, with whatever a server puts around it."""
NO_REPORT, MALFORMED, TOO_LARGE, DELAYED = "no_report", "malformed", "too_large", "delayed"
_LONGEST_ANSWER = 200
_MOST_PARTS, _MOST_IDS, _DEEPEST = 200, 20, 4
_STATUSES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED = frozenset({"message/rfc822", "message/global", "message/global-headers", "text/rfc822-headers"})
_ID = re.compile(r"<[!-;=?-~]{3,250}>")
"""Of what can be printed alone, as ours are: a database may refuse to be asked for anything else."""
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_ANY_ADDRESS = re.compile(r"[^\s<>@:;,\"'()\[\]]+@([^\s<>@:;,\"'()\[\]]+)")


class NoFailureError(Exception):
    """A mail that tells of no failed delivery."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        #: no_report (an answer of a person or a machine too), malformed, too_large or delayed (the server still tries)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One recipient that a message could not be delivered to, for good."""

    #: Of the message, in angle brackets; the first that is one of ours is meant.
    message_ids: tuple[str, ...]
    #: As the last server knew the address, and as the message was addressed.
    recipients: tuple[str, ...]
    #: The code of RFC 3463, such as 5.1.1.
    status: str
    #: On one line, without the local part of any address.
    answer: str

    @property
    def is_of_the_address(self) -> bool:
        """Return whether the mailbox is at fault, and not who wrote, what, or the way there, by the code of RFC 3463."""
        kind, subject, detail = self.status.split(".")
        if (subject, detail) in {("1", "7"), ("1", "8")}:
            return False
        return subject in ({"0", "1", "2", "4"} if kind == "5" else {"1", "2"})


def failures(content: bytes) -> list[Failure]:
    """Return the failures that a mail tells of. Raises NoFailureError where it tells of none, whatever stands in it."""
    if len(content) > LARGEST:
        raise NoFailureError(TOO_LARGE)
    # Each part within another makes the parser slower: nobody who reports a failure needs so many.
    if content.lower().count(b"boundary=") > _MOST_PARTS:
        raise NoFailureError(MALFORMED)
    try:
        return _failures(message_from_bytes(content))
    except NoFailureError:
        raise
    except Exception:  # noqa: BLE001  (the parser of the standard library gives up on broken mails in many ways)
        raise NoFailureError(MALFORMED) from None


def _failures(mail: Message) -> list[Failure]:
    parts = list(_parts(mail))
    reports = [part for part in parts if part.get_content_type() in _STATUSES]
    if not reports:
        raise NoFailureError(NO_REPORT)
    blocks = [block for block in _blocks(reports[0]) if _field(block, "Action")]
    ids = tuple(dict.fromkeys(_ids_of_returned(parts) or _ids_in(mail, "In-Reply-To", "References")))[:_MOST_IDS]
    found = [
        Failure(message_ids=ids, recipients=_recipients(block), status=status, answer=_answer(block, status))
        for block in blocks
        if _field(block, "Action").lower().startswith("failed") and (status := _status(block))
    ]
    if not found and any(_field(block, "Action").lower() != "failed" for block in blocks):
        raise NoFailureError(DELAYED)
    if not ids or not any(failure.recipients for failure in found):
        raise NoFailureError(MALFORMED)
    return found


def _parts(part: Message, depth: int = 0) -> Iterator[Message]:
    """Return the parts of a mail. What is inside a returned message is not part of the report about it."""
    yield part
    if part.get_content_maintype() == "multipart" and depth < _DEEPEST:
        for inner in _inside(part):
            yield from _parts(inner, depth + 1)


def _inside(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [inner for inner in payload if isinstance(inner, Message)] if isinstance(payload, list) else []


def _blocks(report: Message) -> Iterator[Message]:
    """Return the groups of fields of a report: one about the message, then one a recipient."""
    for block in _inside(report):
        yield block
        # The parser knows the groups of message/delivery-status; of its younger sister it gives the first, and the rest as text.
        rest = block.get_payload()
        if isinstance(rest, str):
            yield from (HeaderParser().parsestr(text) for text in re.split(r"\r?\n\s*\r?\n", rest) if text.strip())


def _ids_of_returned(parts: list[Message]) -> list[str]:
    for part in parts:
        if part.get_content_type() in _RETURNED:
            inside = _inside(part)
            returned = inside[0] if inside else HeaderParser().parsestr(_text(part))
            if ids := _ids_in(returned, "Message-ID"):
                return ids
    return []


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace").lstrip() if isinstance(payload, bytes) else ""


def _ids_in(mail: Message, *names: str) -> list[str]:
    return [id_ for name in names for id_ in _ID.findall(_field(mail, name))]


def _field(block: Message, name: str) -> str:
    return " ".join(str(block.get(name, ""))[: 10 * _LONGEST_ANSWER].split())


def _recipients(block: Message) -> tuple[str, ...]:
    fields = (_field(block, name) for name in ("Final-Recipient", "Original-Recipient"))
    # `rfc822; somebody@example.gov.uk`: what kind of address it is, and the address.
    return tuple(value.rpartition(";")[2].strip().strip("<>") for value in fields if "@" in value)


def _status(block: Message) -> str:
    """Return the code of a failure; that of an answer without one is 5.0.0. Empty where it tells of a success."""
    found = _STATUS.search(_field(block, "Status")) or _STATUS.search(_field(block, "Diagnostic-Code"))
    if found is None:
        return "5.0.0"
    return "" if found[1] == "2" else found[0]


def _answer(block: Message, status: str) -> str:
    said = _field(block, "Diagnostic-Code")
    said = said.partition(";")[2].strip() if ";" in said else said
    said = _ANY_ADDRESS.sub(r"(somebody)@\1", said)
    return DeliveryReason.bounced.say(plain(said if status in said else f"{status} {said}", _LONGEST_ANSWER))

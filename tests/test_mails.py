"""A message written as a mail: whatever is said arrives as it was said, and nothing of it is taken for something else."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as parsed
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alerting.mailboxes import Mailbox
from alerting.mails import printable, write_mail
from alerting.model import Attachment
from tests.messages import mail_message

TO = Mailbox(name="Zoë Łukasz", address="zoe.lukasz@exampleshire.gov.uk").header()
LIST = Attachment(name="open-items-2026-11-23.csv", subtype="csv", content="\ufeffReference,About\r\nA-1,Zoë\r\n".encode())
# Where lines end, are too long, or look like the end of a part or of the mail.
LINES = st.lists(st.sampled_from(["", ".", "..", "--", "=", "=_", " ", "a \t", "From me", "é" * 90, "long " * 60]))
WORDS = st.text() | LINES.map("\n".join)


def written(**said: Any) -> bytes:
    return write_mail(mail_message(**said), {"To": TO})


def read(mail: bytes) -> EmailMessage:
    message = message_from_bytes(mail, policy=parsed)
    assert isinstance(message, EmailMessage)
    return message


def words(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


@given(text=WORDS, html=WORDS, attached=st.binary())
def test_whatever_stands_in_a_message_arrives_as_it_was_written(text, html, attached):
    files = (Attachment(name=LIST.name, subtype="csv", content=attached),) if attached else ()

    wire = written(text=text, html=html, attachments=files)

    mail = read(wire)
    assert [part.defects for part in mail.walk()] == [[] for _ in mail.walk()]
    assert words(mail, "plain").removesuffix("\n") == printable(text).removesuffix("\n")
    assert words(mail, "html").removesuffix("\n") == printable(html).removesuffix("\n")
    assert [part.get_payload(decode=True) for part in mail.iter_attachments()] == [file.content for file in files]


@given(text=WORDS, subject=st.text())
def test_a_mail_is_of_short_lines_of_ascii(text, subject):
    wire = written(text=text, html=text, subject=subject, attachments=(LIST,))

    assert wire.isascii()
    lines = wire.split(b"\r\n")
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert max(map(len, lines)) <= 78


def test_no_line_of_a_message_ends_a_part_of_the_mail():
    ends = [part.get_boundary() for part in read(written(attachments=(LIST,))).walk() if part.is_multipart()]
    text = "".join(f"--{end}\n--{end}--\n" for end in ends)

    mail = read(written(text=text, html=text, attachments=(LIST,)))

    assert len(ends) == 2
    assert [words(mail, kind) for kind in ("plain", "html")] == [text, text]


def test_a_list_goes_with_the_words_as_a_file_of_its_own():
    mail = read(written(attachments=(LIST,)))

    [file] = mail.iter_attachments()
    assert (file.get_filename(), file.get_content_type(), file.get_content_charset()) == (LIST.name, "text/csv", "utf-8")
    assert file.get_payload(decode=True) == LIST.content
    assert words(mail, "plain") == mail_message().text


def test_a_mail_says_when_it_was_planned_and_in_which_zone_whatever_the_language_of_the_machine():
    assert b"\r\nDate: Mon, 23 Nov 2026 07:00:00 +0000\r\n" in written()


def test_the_same_message_is_the_same_mail_to_the_letter():
    assert written(attachments=(LIST,)) == written(attachments=(LIST,))

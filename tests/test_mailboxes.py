"""What is an address, and how a mailbox is written: one mailbox, whatever stands in the name, for whoever reads it."""

from __future__ import annotations

from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default as parsed
from email.utils import getaddresses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.mailboxes import Mailbox, is_address, one_line, why_unusable

ODD = st.text(st.sampled_from(",;:\"()<>@\\ '.[]=?_éŁ太\u202e\u200f\r\n\t\x00\ud800abcXYZ "), max_size=200)
NAMES = ODD | st.text(max_size=200) | st.text(st.characters(codec="ascii"), min_size=60, max_size=200)
LOCAL = st.from_regex(r"[A-Za-z0-9#$&'*+/=?^_`{|}~-]{1,30}(\.[A-Za-z0-9#$&'*+/=?^_`{|}~-]{1,30})?", fullmatch=True)
DOMAINS = st.from_regex(r"([A-Za-z0-9]([A-Za-z0-9-]{0,20}[A-Za-z0-9])?\.){0,4}[A-Za-z]{2,20}", fullmatch=True)


@pytest.mark.parametrize(
    "text",
    [
        "a..b@example.gov.uk", "a.@example.gov.uk", ".a@example.gov.uk", "@example.gov.uk", "a@", "a", "a@b@example.gov.uk",
        "a@example..uk", "a@example.gov.uk.", "a@-example.gov.uk", "a@exam_ple.uk", "a b@example.gov.uk", "a@example.gov.uk\n",
        "a@example.gov.uk; b@example.gov.uk", "a@example.gov.uk,b@example.gov.uk", "A <a@example.gov.uk>", "mailto:a@example.gov.uk",
        '"a b"@example.gov.uk', "a@[127.0.0.1]", "zoë@example.gov.uk", "a@exаmple.gov.uk", "a@example.gov.uk\u200b", "a@ｅxample.gov.uk",
        "a%evil.example@example.gov.uk", "evil.example!a@example.gov.uk", f"{'a' * 65}@example.gov.uk", f"a@{'b' * 64}.uk",
        f"a@{'b.' * 130}uk", "#REF!", "N/A", "-",
    ],
)  # fmt: skip
def test_what_is_no_one_address_is_none(text: str) -> None:
    assert not is_address(text)


@pytest.mark.parametrize(
    "text", ["o'brien-smith.a+b@mail.example.gov.uk", "A_1@EXAMPLE.gov.uk", "a@x", f"{'a' * 64}@example.gov.uk"]
)
def test_what_a_relay_takes_is_one(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("Somebody@EXAMPLE.GOV.UK ", None),
        ("somebody@sub.example.gov.uk", "mail may not go to sub.example.gov.uk"),
        ("somebody@notexample.gov.uk", "mail may not go to notexample.gov.uk"),
        ("somebody@example.gov.uk.evil.example", "mail may not go to example.gov.uk.evil.example"),
        ("somebody@xn--exmple-cua.gov.uk", "mail may not go to xn--exmple-cua.gov.uk"),
        ("somebody@example.gov.uk.", "the mail address cannot be used"),
        ("somebody@exаmple.gov.uk", "the mail address cannot be used"),
        (None, "there is no mail address"),
    ],
)
def test_a_domain_is_one_of_those_that_are_named_and_none_like_it(address: str | None, why: str | None) -> None:
    assert why_unusable(address, ["example.gov.uk"]) == why


@settings(max_examples=150)
@given(name=NAMES, local=LOCAL, domain=DOMAINS)
@pytest.mark.slow
def test_a_mailbox_is_written_as_one_mailbox_that_reads_back(name: str, local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    assert is_address(address)
    written = f"To: {Mailbox(address=address, name=name).header()}\r\nX-Next: 1\r\n\r\n".encode("ascii")

    mail = message_from_bytes(written, policy=parsed)
    assert isinstance(mail, EmailMessage)
    assert mail.keys() == ["To", "X-Next"]
    [read] = mail["To"].addresses
    assert read.addr_spec == address
    # Some releases of Python read a space between two encoded words, which has no meaning.
    assert "".join(read.display_name.split()) == "".join(one_line(name).split())
    [(older, same)] = getaddresses([message_from_bytes(written)["To"]])
    assert same == address
    assert not older or str(make_header(decode_header(older))) == one_line(name)
    assert max(map(len, written.splitlines())) < 900


@given(text=st.text() | NAMES.map(lambda name: f"{name} <a@example.gov.uk>"))
def test_what_is_read_as_a_mailbox_is_one_and_is_written_so(text: str) -> None:
    try:
        box = Mailbox.read(text)
    except ValueError:
        return
    assert [address for _, address in getaddresses([box.header().replace("\r\n", "")])] == [box.address]


@pytest.mark.parametrize(
    "text", ["a@example.gov.uk, b@example.gov.uk", "A <a@example.gov.uk>, B <b@example.gov.uk>", "<a@example.gov.uk> B", ""]
)
def test_of_two_mailboxes_none_is_taken(text: str) -> None:
    with pytest.raises(ValueError, match="not a mail address"):
        Mailbox.read(text)

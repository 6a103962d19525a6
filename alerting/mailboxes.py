"""Mail addresses: the one syntax of them, by which they are judged wherever they are read, and how one is written into a mail."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Self

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# The dot-atom of RFC 5322, in ASCII as every relay takes it. Without `%` and `!`, by which some relays are told to send a mail
# on to another domain than the one that it is addressed to.
_ATOM = r"[A-Za-z0-9#$&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(rf"(?=[^@]{{1,64}}@)(?=.{{3,254}}\Z){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_NAMED = re.compile(r"(?P<name>[^<>]*)<\s*(?P<address>[^<>\s]+)\s*>")
_WORD_BYTES = 42
"""Bytes of a name in one encoded word, which may have 75 characters with all that stands around it."""
_LONGEST_QUOTED = 400


def is_address(text: str) -> bool:
    """Return whether a text is one address that a mail can be sent to: ASCII, no spaces, nothing in quotes, nothing beside it.

    >>> [is_address(text) for text in ("a.b@example.gov.uk", "a..b@example.gov.uk", "a.@x.uk", "a@x.uk.", "a@x.uk; b@x.uk", "é@x.uk")]
    [True, False, False, False, False, False]
    """
    return _ADDRESS.fullmatch(text) is not None


def usable(text: str | None) -> str | None:
    """Return an address as it is written to, without the white space around it; None for one that nothing can be sent to, whose reader then has none.

    >>> usable(" a@x.uk "), usable("Local sort 3"), usable(None)
    ('a@x.uk', None, None)
    """
    text = (text or "").strip()
    return text if is_address(text) else None


def is_domain(text: str) -> bool:
    """Return whether a text is the name of a domain, as it stands behind the @ of an address.

    >>> [is_domain(text) for text in ("example.gov.uk", "example..uk", "example.gov.uk.", "exаmple.gov.uk")]
    [True, False, False, False]
    """
    return len(text) <= 253 and _DOMAIN.fullmatch(text) is not None


def domain_of(address: str) -> str:
    """Return the domain of an address, in small letters.

    >>> domain_of("Somebody@EXAMPLE.gov.uk")
    'example.gov.uk'
    """
    return address.rpartition("@")[2].lower()


def why_unusable(address: str | None, domains: Collection[str] | None = None) -> str | None:
    """Return why nothing can be sent to an address; None where something can. domains: the only ones it may be in.

    >>> why_unusable(" "), why_unusable("a..b@x.uk"), why_unusable("a@mail.x.uk", ["x.uk"]), why_unusable("a@X.uk", ["x.uk"])
    ('there is no mail address', 'the mail address cannot be used', 'mail may not go to mail.x.uk', None)
    """
    address = (address or "").strip()
    if not address:
        return "there is no mail address"
    if not is_address(address):
        return "the mail address cannot be used"
    if domains is not None and domain_of(address) not in domains:
        return f"mail may not go to {domain_of(address)}"
    return None


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """An address, with the name of whose it is."""

    address: str
    name: str = ""

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `name@example.gov.uk` or `Name <name@example.gov.uk>`. Raises ValueError where it is neither, or holds several.

        >>> Mailbox.read("Practice alerts, Exampleshire <alerts@example.gov.uk>")
        Mailbox(address='alerts@example.gov.uk', name='Practice alerts, Exampleshire')
        """
        found = _NAMED.fullmatch(text.strip())
        address = found["address"] if found else text.strip()
        name = found["name"].strip().strip('"').replace('\\"', '"').replace("\\\\", "\\") if found else ""
        if not text.isprintable() or not is_address(address):
            raise ValueError("not a mail address: write name@council.gov.uk, or Name <name@council.gov.uk>")
        return cls(address=address, name=name)

    def header(self) -> str:
        """Return the mailbox as the value of a header, folded: ASCII, and one mailbox whatever stands in the name.

        The standard library's way of folding long names has had faults, each of another version, by which a comma in a name
        begins a second address. Here a name is quoted where it is ASCII, and else in encoded words (RFC 2047), which hold
        nothing that means anything in a header.

        >>> Mailbox(address="a@x.uk", name='Brennan, Aoife (acting)').header()
        '"Brennan, Aoife (acting)" <a@x.uk>'
        """
        name = _phrase(self.name)
        # A fold where one line would be longer than lines should be.
        fold = " " if len(name) < 50 else "\r\n "
        return f"{name}{fold}<{self.address}>" if name else self.address


def nobody(name: str) -> str:
    """Return what stands in a header for somebody who has no address: a group of none, by their name.

    >>> nobody("Aoife Brennan")
    'Aoife Brennan:;'
    """
    return f"{_phrase(name) or 'nobody'}:;"


def one_line(text: str) -> str:
    """Make text fit for a header: control, format and line-breaking characters end no header and turn no text round.

    >>> one_line("Sam\\r\\nBcc: x")
    'Sam Bcc: x'
    """
    if text.isprintable():  # most is, and nothing of it is any of those
        return " ".join(text.split())
    fit = {"Cc": " ", "Zl": " ", "Zp": " ", "Cf": "", "Cs": ""}
    return " ".join("".join(fit.get(unicodedata.category(character), character) for character in text).split())


def _phrase(name: str) -> str:
    """Write a name as it stands before an address."""
    name = one_line(name)
    if not name.isascii() or len(name) > _LONGEST_QUOTED or "=?" in name:
        return "\r\n ".join(_encoded(name))
    if re.fullmatch(r"[A-Za-z0-9 ]*", name):
        return name
    return '"{}"'.format(name.replace("\\", "\\\\").replace('"', '\\"'))


def _encoded(name: str) -> Iterator[str]:
    """Write a name as encoded words. They end where a word of the name does, if one does, as some readers part them by a space."""
    rest = name
    while rest:
        part = rest[:_WORD_BYTES]
        while len(part.encode()) > _WORD_BYTES:
            part = part[:-1]
        if len(part) < len(rest) and " " in part:
            part = part[: part.rindex(" ") + 1]
        rest = rest[len(part) :]
        yield f"=?utf-8?b?{base64.b64encode(part.encode()).decode('ascii')}?="

"""Who may act: current staff of the directory and the administrators of config.yaml, known by who they are and not by how they are written.

Case, spaces, characters that cannot be seen, accents and the many forms of one letter make no other person. Whoever shares a
worker id, an address or a name is taken for one person where two are asked for: to refuse two namesakes costs a third
signature, and to take one person for two costs what the second was to look at.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from alerting.errors import HandlingError
from alerting.model import Person

if TYPE_CHECKING:
    from alerting.council_people import Administrator

THE_PAGE = "the page"
"""What is written down as the machine from which somebody acted who had signed in on the page."""
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that show nothing, beside those that Unicode counts as format or control."""
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Somebody who does something, and from where."""

    #: A worker id; the address of an administrator who has none.
    id: str
    name: str
    #: The operating system's account that asked, and its machine.
    account: str = ""
    host: str = ""

    @property
    def is_signed_in(self) -> bool:
        """Whether they acted on the page, which knows them by their sign-in; a command knows what was typed, and the account."""
        return self.host == THE_PAGE


SERVICE = Actor(id="service", name="the service")


def plain(text: str) -> str:
    """Return a text as it is compared: no case, no accents, nothing unseen, each letter in its one form, single spaces."""
    once = unicodedata.normalize("NFKD", text).casefold()
    kept = (_seen(character) for character in unicodedata.normalize("NFKD", once))
    return " ".join("".join(kept).split())


def _seen(character: str) -> str:
    if character.isspace():
        return " "
    kind = unicodedata.category(character)
    if kind[0] == "C" or kind in ("Mn", "Me") or character in _UNSEEN:
        return ""
    return "-" if kind == "Pd" else character


@dataclass(frozen=True)
class People:
    """Everybody who may act. staff: of the directory that was read last; administrators: of config.yaml."""

    staff: Collection[Person] = ()
    administrators: Collection[Administrator] = ()

    def named(self, said: str) -> Person:
        """Return whom an id, an address or a name means. Raises HandlingError where that is nobody, or more than one."""
        wanted = plain(said)
        if not wanted:
            raise HandlingError("nobody is named as who does this", remedy="Give your worker id, address or name with --by.")
        for key in (("id", wanted), ("address", wanted), ("name", _name(wanted))):
            found = self._with(key)
            if len(found) == 1:
                return found[0]
            if found:
                ids = ", ".join(sorted(person.id for person in found))
                raise HandlingError(f"more than one person is called '{said.strip()}'", remedy=f"Give one of these ids: {ids}.")
        raise HandlingError(f"'{said.strip()}' is nobody who may do this", remedy=self._remedy(wanted))

    def of_account(self, account: str) -> Person | None:
        """Return the administrator whose account of the operating system this is, as config.yaml says; None where none has it."""
        owners = [one for one in self.administrators if one.account and plain(one.account) == plain(account)]
        return self.named(owners[0].address) if len(owners) == 1 else None

    def account_of(self, person: str) -> str | None:
        """Return the operating system's account that an administrator acts from, where config.yaml says so."""
        owned = (one for one in self.administrators if one.account and self.are_same(one.address, person))
        return next((one.account for one in owned), None)

    def is_administrator(self, id_: str) -> bool:
        """Return whether somebody, by the id by which they act, looks after the service: by worker id or address, as a namesake does not."""
        own = self._keys.get(id_, frozenset())
        return any(key in own for one in self.administrators for key in _keys_of(one.worker_id, one.address, None))

    def are_same(self, one: str, other: str) -> bool:
        """Return whether two ids, addresses or names are one person's, as far as anybody can tell."""
        return bool(self._all_keys(one) & self._all_keys(other))

    def _remedy(self, wanted: str) -> str:
        if not self.staff and not self.administrators:
            return "No run has read the staff yet, and config.yaml names no administrator: add one under `council:`."
        # Read where it is used: most commands name nobody wrong, and some name nobody.
        from alerting.documents.document import did_you_mean

        known = [name for person in self._everybody for name in (person.id, person.email) if name]
        near = did_you_mean(wanted, known)
        whom = "Give the worker id, address or name of a current member of staff, or of an administrator of config.yaml."
        return f"{near} {whom}".strip() if self.staff else f"{whom} No run has read the staff yet."

    @cached_property
    def _everybody(self) -> list[Person]:
        """Everybody once by id and address: an administrator who is of the staff is that member of staff."""
        people = {person.id: person for person in self.staff}
        by_id = {plain(person.id): person for person in self.staff}
        by_address = {plain(person.email): person for person in self.staff if person.email}
        for one in self.administrators:
            if plain(one.worker_id or "") not in by_id and plain(one.address) not in by_address:
                id_ = one.worker_id or one.address
                people.setdefault(id_, Person(id=id_, name=one.name or one.address, email=one.address))
        return list(people.values())

    def _with(self, key: tuple[str, str]) -> list[Person]:
        """Return the people who have a key themselves, or as the administrator they are; each address once."""
        found = {person.id: person for person in self._everybody if key in self._keys[person.id]}
        once: dict[str, Person] = {}
        for id_ in sorted(found):
            # One person with two posts, and so two ids, has one address.
            once.setdefault(plain(found[id_].email or id_), found[id_])
        return list(once.values())

    @cached_property
    def _keys(self) -> Mapping[str, frozenset[tuple[str, str]]]:
        """Of each person by id, what they are known by."""
        own = {person.id: set(_keys_of(person.id, person.email, person.name)) for person in self._everybody}
        for one in self.administrators:
            keys = set(_keys_of(one.worker_id, one.address, one.name))
            hard = {key for key in keys if key[0] != "name"}
            for known in [known for known in own.values() if not known.isdisjoint(hard)]:
                known.update(keys)
        return {id_: frozenset(keys) for id_, keys in own.items()}

    def _all_keys(self, said: str) -> set[tuple[str, str]]:
        """Return all that somebody is known by, through everybody who shares some of it."""
        text = plain(said)
        found = {("id", text), ("address", _without_tag(text)), ("name", _name(text))}
        rest = list(self._keys.values())
        while joined := [keys for keys in rest if not found.isdisjoint(keys)]:
            found.update(*joined)
            rest = [keys for keys in rest if keys not in joined]
        return found


def _keys_of(id_: str | None, address: str | None, name: str | None) -> Iterator[tuple[str, str]]:
    if id_:
        yield "id", plain(id_)
    if address:
        yield "address", plain(address)
        yield "address", _without_tag(plain(address))
    if name and _name(plain(name)):
        yield "name", _name(plain(name))


def _without_tag(address: str) -> str:
    """Return an address without what stands after a plus: one mailbox has many of those."""
    box, at, domain = address.partition("@")
    return box.partition("+")[0] + at + domain


def _name(text: str) -> str:
    """Return a name whatever the order of its parts: `Shah, Priya` is `Priya Shah`."""
    return " ".join(sorted(_WORDS.findall(text)))

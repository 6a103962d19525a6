"""Which code a council's word stands for. One that could be two is none: a wrong code is worse than a word that is named.

A word is read in the first of these ways that finds a code: it is a code; a code stands before its first colon or dash; it is
a description; one code alone stands in it in a shape in which case systems put codes; it is a description but for signs, small
words and what says by which section of which act, or at which age.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

UNMAPPED = "UNMAPPED"

_WIDTH = 100
_CUT = 95
"""From so many characters on, a cell may be a description that was cut."""
_NOTHING = frozenset({"", "NULL", "SSD_PH", "PLACEHOLDER_DATA", "#N/A"})
_SPACE = " \t\n\r\f\v\u00a0"
_TYPOGRAPHIC = str.maketrans({"\u00a0": " ", "\u2018": "'", "\u2019": "'", "\u2013": "-", "\u2014": "-"})

_AT_THE_START = re.compile(r"(\w+)[ -]")
_IN_BRACKETS = re.compile(r"(?<!\w)[\[(](\w+)[\])](?!\w)")  # and not the (s) of "carer(s)"
_AFTER_A_LETTER = re.compile(r"\w\) ?(\w+)\b")
_BETWEEN_DASHES = re.compile(r"(?<= - )(\w+)(?= - )")

_NUMBERED = re.compile(r"^(?:\w\)|\d{1,2}[.)]) *")
_BY_SECTION = re.compile(
    r"\b(?:s|ss|sec|sect|section)[. ]*\d+[a-z]?(?: ?\(\w+\))*"
    r"(?:,? (?:of )?(?:the )?(?:ca|aca|children act|adoption (?:and|&) children act)\b)?(?:,? (?:19|20)\d\d\b)?"
)
_BY_AGE = re.compile(r"\b(?:aged? )?\d\d ?(?:-|to|/) ?\d\d\b|\b(?:aged? |over |under )\d\d\b|\b\d\d ?(?:\+|and over|& over)")
_SAME = {"local authority": "la", "accomodation": "accommodation", "independant": "independent"}
"""What is often written for a word, or in short."""
_FILLER = frozenset("the a an of and or is are was were who young person persons people engaged yp".split())


@dataclass(frozen=True)
class CodeMap:
    """A set of codes and the council's words for them."""

    #: In upper case.
    codes: frozenset[str]
    #: From a description, in `norm` form, to its code.
    words: Mapping[str, str]
    #: The council's own among them, which stand before what is shipped where the two differ only in signs and small words.
    own: Mapping[str, str] = field(default_factory=dict)

    def code(self, cell: str | None) -> str | None:
        """Return the code a cell stands for; UNMAPPED where it is none of ours or could be two, None where it is empty.

        A description counts by its first 100 characters too, because the columns are that wide and do cut.
        """
        whole = norm(cell)
        if whole is None:
            return None
        text = whole[:_WIDTH].strip()
        if text.upper() in self.codes:
            return text.upper()
        for separator in (":", " - "):
            before, found, rest = text.partition(separator)
            if found and (code := before.strip().upper()) in self.codes:
                # Two codes are none, unless the council has said of these very words which it is.
                is_another = self._is_another(rest.strip(), code)
                return _only(self._exact.get(text, frozenset())) if is_another else code
        described = self._exact.get(text)
        if described:
            return _only(described)
        inside = self._codes_inside(text) or self._codes_inside(whole)
        if len(inside) == 1:
            [code] = inside
            is_another = self._is_another(_without(whole, code), code)
            return UNMAPPED if is_another or self._joined_to(code, text) - _same(code) else code
        return _only(self._alike(whole))

    def _is_another(self, text: str, code: str) -> bool:
        """Return whether what stands beside a code is another, or the description of another: then it is two codes."""
        described = self._exact.get(text) or self._alike(text)
        return bool(described) and not described & _same(code)

    def _joined_to(self, code: str, text: str) -> frozenset[str]:
        """Return the codes that a text has beside one, as in `c1 / c2`."""
        found = re.findall(rf"\b{code.lower()}\b ?(?:[/&+,]|or|and|to) ?(\w+)", text)
        return frozenset(word.upper() for word in found if word.upper() in self.codes)

    def _codes_inside(self, text: str) -> frozenset[str]:
        """Return the codes that stand in a text in one of the shapes of case systems; a code that is a word is none."""
        words = set()
        if found := _AT_THE_START.match(text):
            words.add(found[1])
        end = len(text.rstrip(" .,;"))
        brackets = [found for found in _IN_BRACKETS.finditer(text) if found.start() == 0 or found.end() == end]
        words |= {found[1] for found in brackets}
        if found := _AFTER_A_LETTER.match(text):
            words.add(found[1])
        words |= set(_BETWEEN_DASHES.findall(text))
        letters = {found[1] for found in brackets if len(found[1]) == 1}
        return frozenset(
            word.upper() for word in words if word.upper() in self.codes and (word in letters or any(map(str.isdigit, word)))
        )

    def _alike(self, text: str) -> frozenset[str]:
        """Return the codes of the descriptions that a text is but for signs and small words, whole or cut."""
        found = frozenset[str]()
        for each in (text, _NUMBERED.sub("", text)):
            found |= self._loose.get(_plain(each), frozenset()) | self._itself.get(_letters(each), frozenset())
        if not found and len(text) >= _CUT:
            begins = _letters(text)
            found |= {code for words, code in {**self.words, **self.own}.items() if _letters(words).startswith(begins)}
        return found

    @cached_property
    def _exact(self) -> Mapping[str, frozenset[str]]:
        found = defaultdict[str, set[str]](set)
        for words, code in {**self.words, **self.own}.items():
            found[words].add(code)
            cut = words[:_WIDTH].strip()
            if cut not in self.words and cut not in self.own:
                found[cut].add(code)
        return {words: frozenset(codes) for words, codes in found.items()}

    @cached_property
    def _loose(self) -> Mapping[str, frozenset[str]]:
        shipped = defaultdict[str, set[str]](set)
        for words, code in self.words.items():
            if words not in self.own:
                shipped[_plain(words)].add(code)
        own = defaultdict[str, set[str]](set)
        for words, code in self.own.items():
            own[_plain(words)].add(code)
        return {plain: frozenset(codes) for plain, codes in {**shipped, **own}.items() if plain}

    @cached_property
    def _itself(self) -> Mapping[str, frozenset[str]]:
        """The codes but for signs: beside a small word, as in `was c1`, one says something else."""
        return {code.lower(): frozenset({code}) for code in self.codes if len(code) > 1}


def clean(cell: str | None) -> str | None:
    """Return a cell without the white space around it; None for an empty cell or a place-holder."""
    if cell is None:
        return None
    text = cell.strip(_SPACE)
    return None if text.upper() in _NOTHING else text


def norm(cell: str | None) -> str | None:
    """Return a cell in the form in which words are compared: lower case, plain quotes and dashes, single spaces."""
    text = clean(cell)
    return None if text is None else " ".join(text.translate(_TYPOGRAPHIC).lower().split())


def _only(codes: frozenset[str]) -> str:
    return next(iter(codes)) if len(codes) == 1 else UNMAPPED


def _same(code: str) -> frozenset[str]:
    """Return what is not another code beside one: B2 is B, and says more of it."""
    return frozenset({code, code[:-1]})


def _without(text: str, code: str) -> str:
    """Return a text without a code and the signs around it."""
    return re.sub(rf"(?:\w\) ?)?[\[(]?\b{code.lower()}\b[\])]?[:\- ]*", "", text)


def _plain(text: str) -> str:
    """Return a text as only its letters and digits, without small words, sections of acts, and ages, each word written in one way."""
    for often, once in _SAME.items():
        text = text.replace(often, once)
    for phrase in (_BY_SECTION, _BY_AGE):
        shorter = phrase.sub(" ", text)
        text = shorter if re.search(r"[a-z]{3}", shorter) else text
    words = [word for word in re.split(r"[^\w()?]+", text) if word.strip("()") not in _FILLER]
    return _letters("".join(words))


def _letters(text: str) -> str:
    """Return a text without its signs; a question mark stays, because whoever set it was not sure."""
    return "".join(letter for letter in text if letter.isalnum() or letter == "?")

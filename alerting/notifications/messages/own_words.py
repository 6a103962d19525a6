"""What a council says in its own words: a file of plain text for each part of a message that is its own to word.

What a message says of alerts, of faults and of what is on hold is no such part. A file may print a few values and choose with `if`, as
the words of a rule may, so that it takes no time and no room. One that cannot be used is not: what this version says stands there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import UndefinedError

from alerting.errors import Fault, Place
from alerting.formatting import listed, visible
from alerting.model import Problem
from alerting.notifications.messages.sentences import NoValueError, Sentence, WordsFaultKind, nearest, sentence_of

PARTS: Mapping[str, str] = {
    "title": "",
    "head": "",
    "praise": "Well done: {{ count }} of these {% if count == 1 %}is{% else %}are{% endif %} recorded now.",
    "foot": "Sent by practice alerts for {{ council }} to {{ name }}. Please do not forward it.",
}
"""The parts, each with what this version says there: the name of a message, what stands under its first line, praise, its last line."""

NAMES = frozenset({"council", "name", "purpose", "as_of", "ask", "page"})
"""What every part may print; `praise` its `count` as well."""

MOST_PARAGRAPHS = 4
_ONE_LINE = ("title", "praise")
_MOST_BYTES = 8_000


class NotUsedError(Exception):
    """Why a part is not said in the council's words, without anything of a message."""


@dataclass(frozen=True, kw_only=True)
class OwnWords:
    """The parts that a council words itself."""

    #: By the name of a part, its paragraphs; none of what cannot be used.
    parts: Mapping[str, tuple[Sentence, ...]] = field(default_factory=dict)
    #: What is wrong, with the file and the line.
    faults: tuple[Fault, ...] = ()

    def problems(self) -> Iterator[Problem]:
        """Yield what is not used and why, for administrators."""
        for fault in self.faults:
            if fault.severity == "error":
                about = Path(fault.where.file).name if fault.where else "messages"
                yield _not_used(about, fault.problem)

    def say(self, part: str, values: Mapping[str, object]) -> tuple[str, ...] | None:
        """Return the paragraphs of a part; None of one that the council does not word. Raises NotUsedError where it cannot be said."""
        sentences = self.parts.get(part)
        if sentences is None:
            return None
        try:
            paragraphs = [visible(" ".join(sentence.text(values).split())) for sentence in sentences]
        except NoValueError:
            raise NotUsedError("a value that it prints is missing") from None
        except UndefinedError:
            raise NotUsedError("it names something that is not there") from None
        except Exception as error:  # noqa: BLE001  (a council's words may fail in any way, and only they)
            raise NotUsedError(f"it could not be worked out ({type(error).__name__})") from None
        return tuple(filter(None, paragraphs))


@dataclass(frozen=True, kw_only=True)
class Voice:
    """How the parts of one message are said: in the council's words where they can be, else in those of this version."""

    own: OwnWords
    values: Mapping[str, object]
    #: Notes, for administrators, what was not used and why.
    note: Callable[[Problem], None]

    def say(self, part: str, **more: object) -> tuple[str, ...]:
        """Return the paragraphs of a part. more: what it may print beside what all may."""
        values = {**self.values, **more}
        try:
            said = self.own.say(part, values)
        except NotUsedError as error:
            self.note(_not_used(f"{part}.txt", str(error)))
            said = None
        return said if said is not None else tuple(filter(None, [sentence_of(PARTS[part]).in_words(values)]))


def _not_used(about: str, why: str) -> Problem:
    return Problem(about=about, text=f"{about}: the council's own words were not used: {why}")


def names_of(part: str) -> frozenset[str]:
    """Return what a part may print."""
    return NAMES | {"count"} if part == "praise" else NAMES


def read_own_words(folder: Path) -> OwnWords:
    """Read a council's folder of words. What is wrong in it stands in the answer's `faults`."""
    try:
        files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        why = "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        missing = Fault(
            problem=f"the folder of `messages: templates:` {why}",
            where=Place(file=folder.as_posix()),
            remedy=f"Make it, with any of {_file_names()} in it; or leave the setting out.",
        )
        return OwnWords(faults=(missing,))
    parts: dict[str, tuple[Sentence, ...]] = {}
    faults: list[Fault] = []
    for path in files:
        if path.suffix != ".txt" or path.stem not in PARTS:
            faults.append(_unknown(path))
            continue
        found = _read(path)
        if isinstance(found, Fault):
            faults.append(found)
        else:
            parts[path.stem] = found
    return OwnWords(parts=parts, faults=tuple(faults))


def _file_names() -> str:
    return listed([f"{part}.txt" for part in PARTS])


def _unknown(path: Path) -> Fault:
    near = path.stem if path.stem in PARTS else nearest(path.stem, PARTS)
    remedy = f"Did you mean {near}.txt?" if near else f"There are {_file_names()}."
    problem = f"{path.name} is no part of a message, and is not read"
    return Fault(problem=problem, where=Place(file=path.as_posix()), remedy=remedy, severity="warning")


def _read(path: Path) -> tuple[Sentence, ...] | Fault:
    """Return the paragraphs of a file, or the first thing that is wrong with it."""
    place = Place(file=path.as_posix())
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        return Fault(problem=f"it cannot be read ({error.strerror})", where=place)
    except UnicodeDecodeError:
        return Fault(problem="it is not UTF-8", where=place, remedy="Save it as UTF-8.")
    if len(raw) > _MOST_BYTES:
        return Fault(
            problem=f"it has more than {_MOST_BYTES:,} bytes", where=place, remedy="A few sentences are read; more is not."
        )
    # What shows as nothing, such as a soft hyphen: it comes with what is pasted from a word processor.
    text = "".join(one for one in text if unicodedata.category(one) != "Cf")
    paragraphs = [(found.start(), found[0]) for found in re.finditer(r"\S(?:.|\n(?![ \t]*\n))*", text)]
    most = 1 if path.stem in _ONE_LINE else MOST_PARAGRAPHS
    if len(paragraphs) > most:
        remedy = "Leave no line blank." if most == 1 else "Say it in fewer."
        return Fault(problem=f"it has {len(paragraphs)} paragraphs, and there may be {most}", where=place, remedy=remedy)
    sentences = []
    for start, paragraph in paragraphs:
        sentence = sentence_of(paragraph.strip())
        fault = _fault(path.stem, sentence, place, text.count("\n", 0, start))
        if fault:
            return fault
        sentences.append(sentence)
    return tuple(sentences)


def _fault(part: str, sentence: Sentence, place: Place, lines_before: int) -> Fault | None:
    """Return what is wrong in a paragraph. lines_before: how many lines of its file stand before it."""
    known = names_of(part)
    if sentence.fault:
        line = lines_before + (sentence.fault.line or 1)
        remedy = "It may print values and choose with `if`."
        if sentence.fault.near:
            remedy = f"Did you mean '{sentence.fault.near}'?"
        elif sentence.fault.kind is WordsFaultKind.if_not_closed:
            remedy = "End it with {% endif %} in the same paragraph; where a line is blank, another begins."
        return Fault(problem=sentence.fault.problem, where=Place(file=place.file, line=line), remedy=remedy)
    for name in sorted(sentence.names - known):
        near = nearest(name, known)
        remedy = f"Did you mean '{near}'?" if near else f"There are {listed(sorted(known))}."
        return Fault(problem=f"there is no name '{name}'", where=Place(file=place.file, line=lines_before + 1), remedy=remedy)
    return None

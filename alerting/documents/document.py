"""YAML read as YAML 1.2, with the place of every value kept, checked into pydantic models with every fault at once.

`no` is a word, `012` is twelve and `2026-11-23` is text, as editors have it; a key given twice is a fault.
"""

from __future__ import annotations

import difflib
import gc
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from alerting.documents.positions import BREAK, find_spots
from alerting.documents.syntax_messages import explain_syntax_error
from alerting.documents.validation_messages import allowed_words, explain_misfit, field_at, model_keys, such_as
from alerting.errors import Excerpt, Fault, Place

_Model = TypeVar("_Model", bound=BaseModel)
_MOST_BYTES = 2_000_000
_MOST_FAULTS = 200
"""How many faults of a file are worked out, each with its place and what to do: more are no help to anybody, and take their time."""
_LONGEST_NUMBER = 30
_DEEPEST = 100
"""How many levels a file may have: ours have eight at most."""
_MASK, _KEY = "…", "[key]"
_BLANKS = "\u00a0\u2007\u202f\u200b\ufeff \t"
_WORD = re.compile(r"""\w+|'[^'\n]*'|"[^"\n]*"|&&|\|\||[<>=]{2}""")


_NO_TEXT = re.compile(
    r"(?P<bool>true|True|TRUE|false|False|FALSE)|(?P<null>~|null|Null|NULL|)"
    r"|(?P<int>[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
)
"""The scalars of YAML 1.2's core schema that are not text."""
_BEGINS_NO_TEXT = frozenset(("", *"tTfF~nN-+.0123456789"))


class _Loader(yaml.CSafeLoader):
    """The fast parser. It asks what each node is that is written without a tag: that is seen later, where it is used.

    It goes down as many levels as a file has, without an end of its own: tens of thousands of brackets would end the process.
    """

    _depth = 0

    def resolve(self, _: type[yaml.Node], __: Any, ___: Any) -> str:
        return ""

    def descend_resolver(self, around: yaml.Node | None, __: Any) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise yaml.MarkedYAMLError(problem="this is nested too deeply", problem_mark=around.start_mark if around else None)

    def ascend_resolver(self) -> None:
        self._depth -= 1


def _scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    text: str = node.value
    if node.style or text[:1] not in _BEGINS_NO_TEXT:
        return text
    try:
        return _meant(text)
    except OverflowError as error:
        raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from None


@lru_cache(maxsize=4096)
def _meant(text: str) -> str | int | float | bool | None:
    """Return what a text without quotes means; the same few are written again and again. Raises OverflowError."""
    found = _NO_TEXT.fullmatch(text)
    kind = found.lastgroup if found else "text"
    # Python refuses to read a number of thousands of digits, and makes infinity of 1e400.
    coded = text[:2] in ("0o", "0x")
    if kind in ("int", "float") and (len(text) > _LONGEST_NUMBER or not (coded or math.isfinite(float(text)))):
        raise OverflowError("this number is too large")
    match kind:
        case "bool":
            return text.lower() == "true"
        case "null":
            return None
        case "int":
            return int(text, 0) if coded else int(text)
        case "float":
            return float(text)
    return text


KeyPath = tuple[str | int, ...]


@dataclass
class Document:
    """One file that people write: its text, its value, and where each part of it stands."""

    #: Its path.
    file: str
    text: str = ""
    #: What its YAML says; nothing for a text that is not YAML.
    value: Any = None
    faults: list[Fault] = field(default_factory=list)
    #: Whether its lines may be shown with a fault. Those of any other file may hold secrets: of them only the keys are shown.
    shown: bool = False
    _root: yaml.Node | None = None

    @property
    def root(self) -> Any:
        """The node of the parser that is its whole value; None for an empty file. Nodes know their kind as `id`, and their marks."""
        return self._root

    def place(self, path: KeyPath, *, key: bool = False) -> Place:
        """Return where the value at `path` starts (its key with `key`), or the nearest part around it that exists."""
        keys, values = self._nodes
        nodes = keys if key else values
        while path and path not in nodes:
            path = path[:-1]
            nodes = values
        node = nodes.get(path)
        return Place(file=self.file) if node is None else self._node_place(node)

    def text_place(self, path: KeyPath, line: int, column: int) -> Place:
        """Return the place in the file of a 1-based line and column inside the text at `path`, and of the word there.

        Exact however the text is written: plain, in quotes, folded or as a block.
        """
        node = self._nodes[1].get(path)
        if not isinstance(node, yaml.ScalarNode):
            return self.place(path)
        starts = [0, *(found.end() for found in re.finditer("\n", node.value))]
        return self.value_place(path, starts[min(line, len(starts)) - 1] + column - 1)

    def value_place(self, path: KeyPath, offset: int, length: int | None = None) -> Place:
        """Return the place in the file of an offset into the text at `path`; length: of what is meant, else it is a word."""
        node = self._nodes[1].get(path)
        if not isinstance(node, yaml.ScalarNode):
            return self.place(path)
        spots = find_spots(node.value, node.style, self.text, node.start_mark.index, node.end_mark.index)
        if spots is None:
            return self.place(path)
        offset = min(offset, len(node.value))
        length = word_length(node.value, offset) if length is None else length
        (line, column), (last_line, last) = spots[offset], spots[min(offset + max(length, 1), len(spots)) - 1]
        if offset + length <= len(node.value) and last_line == line and length:
            last = spots[offset + length - 1][1]
        return self._place(line, column, last + 1 if last_line == line else None)

    def offset_place(self, offset: int, length: int = 0) -> Place:
        """Return the place of an offset into the file's own text; length: of what is meant, else it is a word."""
        offset = min(offset, len(self.text))
        breaks = list(BREAK.finditer(self.text, 0, offset))
        start = breaks[-1].end() if breaks else 0
        column = offset - start
        return self._place(len(breaks), column, column + (length or word_length(self.text, offset)))

    def is_quoted(self, path: KeyPath) -> bool:
        """Return whether the text at `path` stands in quotes: then whoever wrote it meant a text."""
        return getattr(self._nodes[1].get(path), "style", None) in ("'", '"')

    def _node_place(self, node: yaml.Node) -> Place:
        start, end = node.start_mark, node.end_mark
        one_line = isinstance(node, yaml.ScalarNode) and node.style not in ("|", ">") and start.line == end.line
        return self._place(start.line, start.column, end.column if one_line and end.column > start.column else None)

    def _place(self, line: int, column: int, end: int | None = None) -> Place:
        """Make a place of a line and column from 0. end: where what is meant ends on this line; None for a word."""
        written = self._lines[line] if line < len(self._lines) else ""
        end = column + word_length(written, column) if end is None else end
        end = max(column + 1, min(end, len(written)))
        whole = Excerpt(line=written, column=column + 1, end_column=end + 1)
        excerpt = whole if self.shown else self._masked(line, column)
        return Place(file=self.file, line=line + 1, column=column + 1, end_column=end + 1, excerpt=excerpt)

    def _masked(self, line: int, column: int) -> Excerpt | None:
        """Return a line with its keys alone, and a mark in the place of each value: a value can be a secret."""
        every, values = self._nodes
        keys = sorted(
            (key.start_mark.column, str(key.value), "" if isinstance(values[path], yaml.MappingNode) else f"{_MASK} ")
            for path, key in every.items()
            if key.start_mark.line == line
        )
        if not keys:
            return None
        text, meant = " " * keys[0][0], (1, 2)
        for start, key, mask in keys:
            text += f"{key}: "
            if column >= start:
                end = len(text) - 1
                meant = (end - len(key), end) if column < start + len(key) else (len(text) + 1, len(text) + 2)
            text += mask
        return Excerpt(line=text.rstrip(), column=meant[0], end_column=meant[1])

    @cached_property
    def _lines(self) -> list[str]:
        return BREAK.split(self.text)

    def _valued(self, node: Any) -> Any:
        """Return the value of a node, and note the keys that are given twice."""
        kind = type(node)
        if kind is yaml.ScalarNode:
            return _scalar(node)
        if kind is yaml.SequenceNode:
            return [self._valued(part) for part in node.value]
        value: dict[Any, Any] = {}
        seen: dict[str, yaml.Node] = {}
        for key, part in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="found unhashable key", problem_mark=key.start_mark)
            first = seen.setdefault(key.value, key)
            if first is not key:
                problem = f"the key `{key.value}` is given twice, first on line {first.start_mark.line + 1}"
                self.faults.append(Fault(problem=problem, where=self._node_place(key), remedy="Leave one of them out."))
            value[_scalar(key)] = _scalar(part) if type(part) is yaml.ScalarNode else self._valued(part)
        return value

    @cached_property
    def _nodes(self) -> tuple[dict[KeyPath, yaml.Node], dict[KeyPath, yaml.Node]]:
        """The keys and the values by their paths: only a file with faults is asked for places."""
        keys: dict[KeyPath, yaml.Node] = {}
        values: dict[KeyPath, yaml.Node] = {}
        waiting: list[tuple[KeyPath, yaml.Node]] = [((), self._root)] if self._root is not None else []
        while waiting:
            path, node = waiting.pop()
            values[path] = node
            if isinstance(node, yaml.MappingNode):
                for key, part in node.value:
                    keys[(*path, str(key.value))] = key
                    waiting.append(((*path, str(key.value)), part))
            elif isinstance(node, yaml.SequenceNode):
                waiting += [((*path, number), part) for number, part in enumerate(node.value)]
        return keys, values

    def check(self, model: type[_Model], value: Any = None, within: KeyPath = ()) -> _Model | None:
        """Read the document (or the part `within` it) as `model`. Faults are noted, each at its place; then return None."""
        if not within and value is None and not isinstance(self.value, dict):
            problem = "there is nothing in this file" if self.value is None else "this is not a list of keys and values"
            self.faults.append(Fault(problem=problem, where=self.place(()), remedy="Each line is `key: value`."))
            return None
        given = self.value if not within and value is None else value
        try:
            return model.model_validate(given)
        except ValidationError as error:
            details = _by_place(error.errors(include_input=False), given)
        keys = {detail["loc"][:-1] for detail in details if detail["loc"][-1:] == (_KEY,)}
        misspelt: set[KeyPath] = {detail["loc"] for detail in details if detail["type"] == "extra_forbidden"}
        told = (
            detail
            for detail in details
            if detail["loc"] not in keys
            and not (detail["type"] == "missing" and _is_said_already(detail["loc"], misspelt, given))
        )
        self.faults += [self._fault(model, detail, within, given) for detail in islice(told, _MOST_FAULTS)]
        if next(told, None):
            remedy = f"Mend these {_MOST_FAULTS} first, then look again."
            self.faults.append(Fault(problem="there are more faults in this file", where=self.place(within), remedy=remedy))
        return None

    def _unknown_key(self, path: KeyPath, known: Sequence[str]) -> Fault:
        name, above = str(path[-1]), self._empty_above(path)
        if above:
            remedy = f"If it belongs to `{above}`, indent it by two spaces."
        elif ")" in name:
            remedy = "Put the expression before it in quotes: inside { } a comma begins a new key."
        elif name.strip(_BLANKS) in known:
            remedy = f"A blank that is no ordinary space stands beside it; type `{name.strip(_BLANKS)}` anew."
        else:
            remedy = did_you_mean(name, list(known)) or (f"The keys here are: {', '.join(known)}." if known else "")
        return Fault(problem=f"unknown key `{name}`", where=self.place(path, key=True), remedy=remedy)

    def _empty_above(self, path: KeyPath) -> str:
        """Return the key with nothing after it that stands last before a key, where what is not indented belongs to it."""
        around = _at(self.value, path[:-1])
        above = list(around)[: list(around).index(path[-1])] if isinstance(around, dict) and path[-1] in around else []
        return next((str(key) for key in reversed(above) if around[key] is None), "")

    def _fault(self, model: type[BaseModel], detail: ErrorDetails, within: KeyPath, given: Any) -> Fault:
        location: KeyPath = detail["loc"]
        path = (*within, *location)
        if detail["type"] == "extra_forbidden":
            return self._unknown_key(path, model_keys(field_at(model, location[:-1])[0]))
        if location[-1:] == (_KEY,) and detail["type"] == "literal_error":
            return self._unknown_key(path[:-1], allowed_words(detail))
        asked, field_info = field_at(model, location)
        if detail["type"] == "missing" and isinstance(path[-1], int):
            few = field_at(model, location[:-1])[1]
            return Fault(problem=f"`{_dotted(path[:-1])}` has too few parts", where=self.place(path[:-1]), remedy=such_as(few))
        if detail["type"] == "missing":
            meaning = f" {field_info.description}." if field_info and field_info.description else ""
            around = path[:-1]
            where = self.place(around, key=bool(around) and isinstance(around[-1], str))
            return Fault(problem=f"`{path[-1]}` is missing", where=where, remedy=f"Add `{path[-1]}:`.{meaning}")
        written = _at(given, location)
        phrase, remedy = explain_misfit(detail, asked, field_info, written)
        if detail["type"] == "literal_error":
            remedy = did_you_mean(str(written), allowed_words(detail)) or remedy
        elif detail["type"] in ("tuple_type", "list_type") and self.shown and isinstance(written, str):
            remedy = f"Write it in square brackets: [{written}]."
        message = detail["msg"].removeprefix("Value error, ")
        said = f" {phrase}" if phrase else f": {message[:1].lower()}{message[1:]}"
        return Fault(problem=f"`{_dotted(path)}`{said}", where=self.place(path), remedy=remedy)


def _by_place(details: Sequence[ErrorDetails], given: Any) -> list[ErrorDetails]:
    """Return findings by their place in the file: of a value that may be of several kinds, pydantic has one for each and names the kind in it."""
    found: list[ErrorDetails] = []
    for detail in details:
        place = detail["loc"]
        kind = next((at for at, part in enumerate(place) if _is_kind(part, _at(given, place[:at]))), None)
        if kind is None:
            found.append(detail)
            continue
        value = _at(given, place[:kind])
        is_near = isinstance(value, str) and bool(did_you_mean(value, allowed_words(detail)))
        if is_near:
            found = [other for other in found if other["loc"][:kind] != place[:kind]]
        if is_near or detail["type"] != "literal_error":
            found.append({**detail, "loc": (*place[:kind], *place[kind + 1 :])})
    return found


def _is_kind(part: str | int, within: Any) -> bool:
    """Return whether a part of a finding's path is no key of what it is within, and so names a kind."""
    return isinstance(part, str) and part != _KEY and not isinstance(within, Mapping)


def _dotted(path: KeyPath) -> str:
    return ".".join(map(str, path))


def _at(value: Any, location: KeyPath) -> Any:
    for part in location:
        inside = value.get(part) if isinstance(value, Mapping) else None
        value = value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else inside
    return value


def _is_said_already(missing: KeyPath, unknown: set[KeyPath], given: Any) -> bool:
    """Return whether what is missing is told of in another way: of a list, its first part that is not there stands for the rest."""
    if isinstance(missing[-1], int):
        return missing[-1] > len(_at(given, missing[:-1]))
    return _is_misspelt(missing, unknown)


def _is_misspelt(missing: KeyPath, unknown: set[KeyPath]) -> bool:
    """Return whether a key that is missing is there in other letters: then there is one fault, not two."""
    beside = [str(path[-1]).lower() for path in unknown if path[:-1] == missing[:-1]]
    return bool(difflib.get_close_matches(str(missing[-1]).lower(), beside, n=1, cutoff=0.6))


@contextmanager
def many_files() -> Iterator[None]:
    """Read many files faster: in the block nothing is thrown away that only a search of the whole memory would find.

    The parser makes millions of small objects and none of them is garbage, yet makes Python look for some again and again:
    that takes longer than the reading.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def load(path: Path, *, shown: bool = False) -> Document:
    """Read one YAML file. Never raises: what is wrong stands in the document's `faults`. shown: see Document."""
    document = load_plain(path, shown=shown)
    return document if document.faults else load_text(document.file, document.text, shown=shown)


def load_plain(path: Path, *, shown: bool = False) -> Document:
    """Read one file as a text that is not YAML, such as a view's SQL. Never raises, as `load`."""
    file, raw, problem, remedy, line = path.as_posix(), b"", "", "", None
    try:
        raw = path.read_bytes()
        if len(raw) <= _MOST_BYTES:
            return Document(file=file, text=raw.decode("utf-8-sig"), shown=shown)
        problem = "the file is too large to be a rule or a setting"
    except OSError as error:
        problem = f"this file cannot be read ({error.strerror})"
    except UnicodeDecodeError as error:
        problem, remedy = "this file is not UTF-8 text", "Save it as UTF-8: the editor's `Save as` has a choice of encodings."
        line = raw.count(b"\n", 0, error.start) + 1
    return Document(file=file, faults=[Fault(problem=problem, where=Place(file=file, line=line), remedy=remedy)])


def load_text(file: str, text: str, *, shown: bool = False) -> Document:
    """Read the text of a YAML file, of today or of an earlier day. Never raises, as `load`."""
    document = Document(file=file, text=text, shown=shown)
    try:
        node = _Loader(text).get_single_node()
        if node is not None:
            if "&" in text or "!" in text:
                _refuse_aliases_and_tags(node)
            document._root = node  # noqa: SLF001  (the document is being made)
            document.value = document._valued(node)  # noqa: SLF001
    except yaml.YAMLError as error:
        document.faults.append(_unreadable(document, error))
    return document


def word_length(text: str, offset: int) -> int:
    """Count the characters of the word that begins at an offset, at least one."""
    found = _WORD.match(text, offset)
    return len(found[0]) if found else 1


def did_you_mean(word: str, known: Mapping[str, Any] | set[str] | frozenset[str] | list[str] | tuple[str, ...]) -> str:
    """Return `Did you mean 'x'?` for the nearest known word, or nothing."""
    by_lower = {str(name).lower(): str(name) for name in known}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f"Did you mean '{by_lower[near[0]]}'?" if near else ""


def _refuse_aliases_and_tags(node: yaml.Node) -> None:
    # An alias inside an alias can grow a small file without bound; a tag can make a value of an odd kind, or fail on it.
    seen: set[int] = set()
    stack = [node]
    while stack:
        current = stack.pop()
        if id(current) in seen:
            problem = "an alias (*name) stands for this value, which is not allowed here"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=current.start_mark)
        seen.add(id(current))
        if current.tag:
            raise yaml.MarkedYAMLError(problem="a tag (!name) is not allowed here", problem_mark=current.start_mark)
        if isinstance(current, yaml.MappingNode):
            stack.extend(part for pair in current.value for part in pair)
        elif isinstance(current, yaml.SequenceNode):
            stack.extend(current.value)


def _unreadable(document: Document, error: yaml.YAMLError) -> Fault:
    mark, position = getattr(error, "problem_mark", None), getattr(error, "position", None)
    offset = mark.index if mark else position
    if offset is None:
        return Fault(problem=f"not valid YAML: {error}", where=Place(file=document.file))
    found = explain_syntax_error(document.text, offset, str(getattr(error, "problem", None) or error).partition("\n")[0])
    where = document.offset_place(found.offset, 1)
    return Fault(problem=f"not valid YAML: {found.problem}", where=where, remedy=found.remedy)

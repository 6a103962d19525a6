"""YAML read as YAML 1.2, with the place of every value kept, checked into pydantic models with every fault at once.

`no` is a word, `012` is twelve and `2026-11-23` is text, as editors have it; a key given twice is a fault.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from alerting.errors import Excerpt, Fault, Place
from alerting.scalar_places import BREAK, spots_of

_Model = TypeVar("_Model", bound=BaseModel)
_MOST_BYTES = 2_000_000
_LONGEST_NUMBER = 30
_MASK = "…"
_WORD = re.compile(r"\w+")


class _Loader(yaml.CSafeLoader):
    """The fast parser with the scalars of YAML 1.2's core schema."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^[-+]?[0-9]+$|^0o[0-7]+$|^0x[0-9a-fA-F]+$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def _whole_number(_: _Loader, node: yaml.ScalarNode) -> int:
    return int(_in_bounds(node), 0) if node.value[:2] in ("0o", "0x") else int(_in_bounds(node))


def _number(_: _Loader, node: yaml.ScalarNode) -> float:
    return float(_in_bounds(node))


def _in_bounds(node: yaml.ScalarNode) -> str:
    # Python refuses to read a number of thousands of digits, and makes infinity of 1e400.
    text: str = node.value
    if len(text) > _LONGEST_NUMBER or not math.isfinite(float(text if text[:2] not in ("0o", "0x") else 0)):
        raise yaml.MarkedYAMLError(problem="this number is too large", problem_mark=node.start_mark)
    return text


_Loader.add_constructor("tag:yaml.org,2002:int", _whole_number)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)

Path_ = tuple[str | int, ...]


@dataclass
class Document:
    """One YAML file: its text, its value, and where each part of it stands.

    shown: whether its lines may be shown with a fault. The lines of any other file may hold secrets: of those only the keys
    are shown.
    """

    file: str
    text: str = ""
    value: Any = None
    faults: list[Fault] = field(default_factory=list)
    shown: bool = False
    _keys: dict[Path_, yaml.Node] = field(default_factory=dict)
    _values: dict[Path_, yaml.Node] = field(default_factory=dict)

    def place(self, path: Path_, *, key: bool = False) -> Place:
        """Give where the value at `path` starts (its key with `key`), or the nearest part around it that exists."""
        nodes = self._keys if key else self._values
        while path and path not in nodes:
            path = path[:-1]
            nodes = self._values
        node = nodes.get(path)
        return Place(file=self.file) if node is None else self._node_place(node)

    def text_place(self, path: Path_, line: int, column: int) -> Place:
        """Give the place in the file of a 1-based line and column inside the text at `path`, and of the word there.

        Exact however the text is written: plain, in quotes, folded or as a block.
        """
        node = self._values.get(path)
        if not isinstance(node, yaml.ScalarNode):
            return self.place(path)
        starts = [0, *(found.end() for found in re.finditer("\n", node.value))]
        return self.value_place(path, starts[min(line, len(starts)) - 1] + column - 1)

    def value_place(self, path: Path_, offset: int, length: int | None = None) -> Place:
        """Give the place in the file of an offset into the text at `path`; length: of what is meant, else it is a word."""
        node = self._values.get(path)
        if not isinstance(node, yaml.ScalarNode):
            return self.place(path)
        spots = spots_of(node.value, node.style, self.text, node.start_mark.index, node.end_mark.index)
        if spots is None:
            return self.place(path)
        offset = min(offset, len(node.value))
        length = word_length(node.value, offset) if length is None else length
        (line, column), (last_line, last) = spots[offset], spots[min(offset + max(length, 1), len(spots)) - 1]
        if offset + length <= len(node.value) and last_line == line and length:
            last = spots[offset + length - 1][1]
        return self._place(line, column, last + 1 if last_line == line else None)

    def offset_place(self, offset: int, length: int = 0) -> Place:
        """Give the place of an offset into the file's own text; length: of what is meant, else it is a word."""
        offset = min(offset, len(self.text))
        breaks = list(BREAK.finditer(self.text, 0, offset))
        start = breaks[-1].end() if breaks else 0
        column = offset - start
        return self._place(len(breaks), column, column + (length or word_length(self.text, offset)))

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
        """Give a line with its keys alone, and a mark in the place of each value: a value can be a secret."""
        keys = sorted((key.start_mark.column, str(key.value)) for key in self._keys.values() if key.start_mark.line == line)
        if not keys:
            return None
        text, meant = " " * keys[0][0], (1, 2)
        for start, key in keys:
            text += f"{key}: "
            if column >= start:
                end = len(text) - 1
                meant = (end - len(key), end) if column < start + len(key) else (len(text) + 1, len(text) + 2)
            text += f"{_MASK} "
        return Excerpt(line=text.rstrip(), column=meant[0], end_column=meant[1])

    @cached_property
    def _lines(self) -> list[str]:
        return BREAK.split(self.text)

    def _walk(self, node: yaml.Node, path: Path_) -> None:
        self._values[path] = node
        if isinstance(node, yaml.MappingNode):
            seen: dict[str, yaml.Node] = {}
            for key, value in node.value:
                name = str(key.value)
                if name in seen:
                    first = seen[name].start_mark.line + 1
                    problem, where = f"the key `{name}` is given twice, first on line {first}", self._node_place(key)
                    self.faults.append(Fault(problem=problem, where=where))
                seen[name] = key
                self._keys[(*path, name)] = key
                self._walk(value, (*path, name))
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                self._walk(value, (*path, index))

    def check(self, model: type[_Model], value: Any = None, within: Path_ = ()) -> _Model | None:
        """Read the document (or the part `within` it) as `model`. Faults are noted, each at its place; then gives None."""
        if not within and value is None and not isinstance(self.value, dict):
            problem = "there is nothing in this file" if self.value is None else "this is not a list of keys and values"
            self.faults.append(Fault(problem=problem, where=self.place(()), remedy="Each line is `key: value`."))
            return None
        try:
            return model.model_validate(self.value if not within and value is None else value)
        except ValidationError as error:
            details: list[dict[str, Any]] = [dict(detail) for detail in error.errors(include_input=False)]
            unknown = [detail["loc"][:-1] for detail in details if detail["loc"][-1:] == ("[key]",)]
            self.faults += [self._fault(model, detail, within) for detail in details if detail["loc"] not in unknown]
            return None

    def _unknown_key(self, path: Path_, expected: str) -> Fault:
        name, known = str(path[-1]), re.findall(r"'(.*?)'", expected)
        remedy = did_you_mean(name, known) or f"The keys here are: {', '.join(known)}."
        if ")" in name:
            remedy = "Put the expression before it in quotes: inside { } a comma begins a new key."
        return Fault(problem=f"unknown key `{name}`", where=self.place(path, key=True), remedy=remedy)

    def _fault(self, model: type[BaseModel], detail: dict[str, Any], within: Path_) -> Fault:
        path = (*within, *detail["loc"])
        kind, name = detail["type"], str(detail["loc"][-1]) if detail["loc"] else ""
        if kind == "extra_forbidden":
            known = _names_at(model, detail["loc"][:-1])
            remedy = did_you_mean(name, known) or (f"The keys here are: {', '.join(sorted(known))}." if known else "")
            return Fault(problem=f"unknown key `{name}`", where=self.place(path, key=True), remedy=remedy)
        if name == "[key]" and kind == "literal_error":
            return self._unknown_key(path[:-1], str(detail["ctx"]["expected"]))
        if kind == "missing":
            return Fault(problem=f"`{name}` is missing", where=self.place(path[:-1]), remedy=f"Add `{name}:`.")
        message = detail["msg"].removeprefix("Value error, ")
        return Fault(problem=f"`{'.'.join(map(str, path))}`: {message[:1].lower()}{message[1:]}", where=self.place(path))


def load(path: Path, *, shown: bool = False) -> Document:
    """Read one YAML file. Never raises: what is wrong stands in the document's `faults`. shown: see Document."""
    document = load_plain(path, shown=shown)
    return document if document.faults else load_text(document.file, document.text, shown=shown)


def load_plain(path: Path, *, shown: bool = False) -> Document:
    """Read one file as a text that is not YAML, such as a view's SQL. Never raises, as `load`."""
    file, problem, remedy = path.as_posix(), "", ""
    try:
        raw = path.read_bytes()
        if len(raw) <= _MOST_BYTES:
            return Document(file=file, text=raw.decode("utf-8-sig"), shown=shown)
        problem = "the file is too large to be a rule or a setting"
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
    except UnicodeDecodeError:
        problem, remedy = "is not UTF-8 text", "Save it as UTF-8."
    return Document(file=file, faults=[Fault(problem=problem, where=Place(file=file), remedy=remedy)])


def load_text(file: str, text: str, *, shown: bool = False) -> Document:
    """Read the text of a YAML file, of today or of an earlier day. Never raises, as `load`."""
    document = Document(file=file, text=text, shown=shown)
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is not None:
            _refuse_aliases_and_tags(node, loader)
            document._walk(node, ())  # noqa: SLF001  (the document is being made)
            document.value = loader.construct_document(node)
    except RecursionError:
        document.faults.append(Fault(problem="is nested too deeply", where=Place(file=file)))
    except yaml.YAMLError as error:
        document.faults.append(_yaml_fault(document, error))
    return document


def word_length(text: str, offset: int) -> int:
    """Count the characters of the word that begins at an offset, at least one."""
    found = _WORD.match(text, offset)
    return len(found[0]) if found else 1


def did_you_mean(word: str, known: Mapping[str, Any] | set[str] | frozenset[str] | list[str] | tuple[str, ...]) -> str:
    """Give `Did you mean 'x'?` for the nearest known word, or nothing."""
    by_lower = {str(name).lower(): str(name) for name in known}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f"Did you mean '{by_lower[near[0]]}'?" if near else ""


def _refuse_aliases_and_tags(node: yaml.Node, loader: _Loader) -> None:
    # An alias inside an alias can grow a small file without bound; a tag can make a value of an odd kind, or fail on it.
    seen: set[int] = set()
    stack = [node]
    while stack:
        current = stack.pop()
        if id(current) in seen:
            problem = "an alias (*name) stands for this value, which is not allowed here"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=current.start_mark)
        seen.add(id(current))
        plain = not getattr(current, "style", None)
        meant = loader.resolve(type(current), current.value, (plain, not plain))  # type: ignore[no-untyped-call]
        if current.tag != meant:
            raise yaml.MarkedYAMLError(problem="a tag (!name) is not allowed here", problem_mark=current.start_mark)
        if isinstance(current, yaml.MappingNode):
            stack.extend(part for pair in current.value for part in pair)
        elif isinstance(current, yaml.SequenceNode):
            stack.extend(current.value)


_YAML_REMEDIES = {
    "this number": "Write it in plain digits, at most 30.",
    "an alias": "Write the value out in both places.",
    "a tag": "Leave it out; a text that looks like a number stands in quotes.",
    "but found another document": "Leave out the second `---`.",
    "mapping values are not allowed": "A text with a colon in it stands in quotes.",
    "found character that cannot start": "A text that begins with this character stands in quotes.",
    "control characters": "Take the character out; a plain text editor shows it.",
}


def _yaml_fault(document: Document, error: yaml.YAMLError) -> Fault:
    where = _yaml_place(document, error)
    problem = str(getattr(error, "problem", None) or error).partition("\n")[0]
    remedy = next((remedy for part, remedy in _YAML_REMEDIES.items() if part in problem), "")
    line = "".join(BREAK.split(document.text)[(where.line or 1) - 1 : where.line])
    if line[(where.column or 1) - 1 : where.column] == "\t":
        problem, remedy = "a tab stands where only spaces may", "Indent with spaces."
    remedy = remedy or "Check the indentation and the quotes around here."
    return Fault(problem=f"not valid YAML: {problem}", where=where, remedy=remedy)


def _yaml_place(document: Document, error: yaml.YAMLError) -> Place:
    mark, position = getattr(error, "problem_mark", None), getattr(error, "position", None)
    if mark:
        return document._place(mark.line, mark.column)  # noqa: SLF001  (the document is being made)
    return Place(file=document.file) if position is None else document.offset_place(position, 1)


def _names_at(model: type[BaseModel], loc: tuple[Any, ...]) -> frozenset[str]:
    """Give the field names of the model that a validation error's location leads to."""
    current: Any = model
    for part in loc:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field_info = next((f for n, f in current.model_fields.items() if part in (n, f.alias)), None)
            current = field_info.annotation if field_info else current
        for candidate in _models_in(current):
            current = candidate
            if part in ((candidate.model_fields.get("type") and _literals(candidate)) or ()):
                break
    if isinstance(current, type) and issubclass(current, BaseModel):
        return frozenset(f.alias or n for n, f in current.model_fields.items())
    return frozenset()


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]


def _literals(model: type[BaseModel]) -> tuple[Any, ...]:
    return tuple(getattr(model.model_fields["type"].annotation, "__args__", ()))

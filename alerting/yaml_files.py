"""YAML read as YAML 1.2, with the place of every value kept, checked into pydantic models with every fault at once.

`no` is a word, `012` is twelve and `2026-11-23` is text, as editors have it; a key given twice is a fault.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from alerting.errors import Fault, Place

_Model = TypeVar("_Model", bound=BaseModel)
_MOST_BYTES = 2_000_000
_LONGEST_NUMBER = 30


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
    """One YAML file: its text, its value, and where each part of it stands."""

    file: str
    text: str = ""
    value: Any = None
    faults: list[Fault] = field(default_factory=list)
    _keys: dict[Path_, yaml.Node] = field(default_factory=dict)
    _values: dict[Path_, yaml.Node] = field(default_factory=dict)
    _lines: list[str] = field(default_factory=list)

    def place(self, path: Path_, *, key: bool = False) -> Place:
        """Give where the value at `path` starts (its key with `key`), or the nearest part around it that exists."""
        nodes = self._keys if key else self._values
        while path and path not in nodes:
            path = path[:-1]
            nodes = self._values
        node = nodes.get(path)
        if node is None:
            return Place(file=self.file)
        return Place(file=self.file, line=node.start_mark.line + 1, column=node.start_mark.column + 1)

    def text_place(self, path: Path_, line: int, column: int) -> Place:
        """Give the place in the file of a 1-based line and column inside the text at `path`.

        Exact for plain and quoted one-line texts and for `|` blocks; the start of the text where YAML folded lines, or
        where escapes in double quotes moved what follows them.
        """
        node = self._values.get(path)
        if not isinstance(node, yaml.ScalarNode):
            return self.place(path)
        start, end = node.start_mark, node.end_mark
        if node.style == "|":
            return Place(file=self.file, line=start.line + 1 + line, column=self._indent(start.line + 1) + column)
        if start.line != end.line:
            return self.place(path)
        if node.style == "'":
            column += 1 + node.value[: column - 1].count("'")
        elif node.style == '"':
            written = self._lines[start.line][start.column + 1 : end.column - 1]
            column = column + 1 if written == node.value else 1
        return Place(file=self.file, line=start.line + 1, column=start.column + column)

    def _indent(self, first: int) -> int:
        """Give the indentation of a `|` block: that of its first line with something on it."""
        line = next((line for line in self._lines[first:] if line.strip()), "")
        return len(line) - len(line.lstrip(" "))

    def _walk(self, node: yaml.Node, path: Path_) -> None:
        self._values[path] = node
        if isinstance(node, yaml.MappingNode):
            seen: dict[str, yaml.Node] = {}
            for key, value in node.value:
                name = str(key.value)
                if name in seen:
                    first = seen[name].start_mark.line + 1
                    where = Place(file=self.file, line=key.start_mark.line + 1, column=key.start_mark.column + 1)
                    self.faults.append(Fault(problem=f"the key `{name}` is given twice, first on line {first}", where=where))
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


def load(path: Path) -> Document:
    """Read one YAML file. Never raises: what is wrong stands in the document's `faults`."""
    document = load_plain(path)
    return document if document.faults else load_text(document.file, document.text)


def load_plain(path: Path) -> Document:
    """Read one file as a text that is not YAML, such as a view's SQL. Never raises, as `load`."""
    file, problem, remedy = path.as_posix(), "", ""
    try:
        raw = path.read_bytes()
        if len(raw) <= _MOST_BYTES:
            return Document(file=file, text=raw.decode("utf-8-sig"))
        problem = "the file is too large to be a rule or a setting"
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
    except UnicodeDecodeError:
        problem, remedy = "is not UTF-8 text", "Save it as UTF-8."
    return Document(file=file, faults=[Fault(problem=problem, where=Place(file=file), remedy=remedy)])


def load_text(file: str, text: str) -> Document:
    """Read the text of a YAML file, of today or of an earlier day. Never raises, as `load`."""
    document = Document(file=file, text=text)
    try:
        document._lines = text.splitlines()  # noqa: SLF001  (the document is being made)
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is not None:
            _refuse_aliases_and_tags(node, loader)
            document._walk(node, ())  # noqa: SLF001  (the document is being made)
            document.value = loader.construct_document(node)
    except RecursionError:
        document.faults.append(Fault(problem="is nested too deeply", where=Place(file=file)))
    except yaml.YAMLError as error:
        document.faults.append(_yaml_fault(file, error, text))
    return document


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


def _yaml_fault(file: str, error: yaml.YAMLError, text: str) -> Fault:
    where = _yaml_place(file, error, text)
    problem = str(getattr(error, "problem", None) or error).partition("\n")[0]
    remedy = next((remedy for part, remedy in _YAML_REMEDIES.items() if part in problem), "")
    line = "".join(text.splitlines()[(where.line or 1) - 1 : where.line])
    if line[(where.column or 1) - 1 : where.column] == "\t":
        problem, remedy = "a tab stands where only spaces may", "Indent with spaces."
    remedy = remedy or "Check the indentation and the quotes around here."
    return Fault(problem=f"not valid YAML: {problem}", where=where, remedy=remedy)


def _yaml_place(file: str, error: yaml.YAMLError, text: str) -> Place:
    mark, position = getattr(error, "problem_mark", None), getattr(error, "position", None)
    if mark:
        return Place(file=file, line=mark.line + 1, column=mark.column + 1)
    if position is None:
        return Place(file=file)
    return Place(file=file, line=text.count("\n", 0, position) + 1, column=position - text.rfind("\n", 0, position))


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

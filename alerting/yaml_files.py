"""YAML read as YAML 1.2, with the place of every value kept, checked into pydantic models with every fault at once.

`no` is a word, `012` is twelve and `2026-11-23` is text, as editors have it; a key given twice is a fault.
"""

from __future__ import annotations

import difflib
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
    return int(node.value, 0) if node.value[:2] in ("0o", "0x") else int(node.value)


_Loader.add_constructor("tag:yaml.org,2002:int", _whole_number)

Path_ = tuple[str | int, ...]


@dataclass
class Document:
    """One YAML file: its value, and where each part of it stands."""

    file: str
    value: Any = None
    faults: list[Fault] = field(default_factory=list)
    _keys: dict[Path_, yaml.Node] = field(default_factory=dict)
    _values: dict[Path_, yaml.Node] = field(default_factory=dict)

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

        Exact for plain and quoted one-line texts and for `|` blocks; the start of the text where YAML folded lines.
        """
        node = self._values.get(path)
        if not isinstance(node, yaml.ScalarNode):
            return self.place(path)
        start = node.start_mark
        if node.style == "|":
            return Place(file=self.file, line=start.line + 1 + line, column=self._indent(path) + column)
        if node.style is None and node.end_mark.line == start.line:
            return Place(file=self.file, line=start.line + 1, column=start.column + column)
        if node.style in ("'", '"') and node.end_mark.line == start.line:
            return Place(file=self.file, line=start.line + 1, column=start.column + 1 + column)
        return self.place(path)

    def _indent(self, path: Path_) -> int:
        key = self._keys.get(path)
        return (key.start_mark.column if key else 0) + 2

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
        try:
            return model.model_validate(self.value if not within and value is None else value)
        except ValidationError as error:
            self.faults.extend(self._fault(model, dict(detail), within) for detail in error.errors(include_input=False))
            return None

    def _fault(self, model: type[BaseModel], detail: dict[str, Any], within: Path_) -> Fault:
        path = (*within, *detail["loc"])
        kind, name = detail["type"], str(detail["loc"][-1]) if detail["loc"] else ""
        if kind == "extra_forbidden":
            known = _names_at(model, detail["loc"][:-1])
            remedy = did_you_mean(name, known) or (f"The keys here are: {', '.join(sorted(known))}." if known else "")
            return Fault(problem=f"unknown key `{name}`", where=self.place(path, key=True), remedy=remedy)
        if kind == "missing":
            return Fault(problem=f"`{name}` is missing", where=self.place(path[:-1]), remedy=f"Add `{name}:`.")
        message = detail["msg"].removeprefix("Value error, ")
        return Fault(problem=f"`{'.'.join(map(str, path))}`: {message[:1].lower()}{message[1:]}", where=self.place(path))


def load(path: Path) -> Document:
    """Read one YAML file. Never raises: what is wrong stands in the document's `faults`."""
    document = Document(file=path.as_posix())
    try:
        raw = path.read_bytes()
        if len(raw) > _MOST_BYTES:
            document.faults.append(
                Fault(problem="the file is too large to be a rule or a setting", where=Place(file=document.file))
            )
            return document
        loader = _Loader(raw.decode("utf-8-sig"))
        node = loader.get_single_node()
        if node is not None:
            _refuse_aliases(node, document)
            document._walk(node, ())  # noqa: SLF001  (the document is being made)
            document.value = loader.construct_document(node)
    except OSError as error:
        document.faults.append(Fault(problem=f"cannot be read ({error.strerror})", where=Place(file=document.file)))
    except UnicodeDecodeError:
        document.faults.append(Fault(problem="is not UTF-8 text", where=Place(file=document.file), remedy="Save it as UTF-8."))
    except yaml.YAMLError as error:
        document.faults.append(_yaml_fault(document.file, error))
    return document


def did_you_mean(word: str, known: Mapping[str, Any] | set[str] | frozenset[str] | list[str] | tuple[str, ...]) -> str:
    """Give `Did you mean 'x'?` for the nearest known word, or nothing."""
    near = difflib.get_close_matches(word.lower(), [str(name) for name in known], n=1, cutoff=0.6)
    return f"Did you mean '{near[0]}'?" if near else ""


def _refuse_aliases(node: yaml.Node, document: Document) -> None:
    # An alias inside an alias can grow a small file without bound; nobody needs one in a rule.
    seen: set[int] = set()
    stack = [node]
    while stack:
        current = stack.pop()
        if id(current) in seen:
            mark = current.start_mark
            where = Place(file=document.file, line=mark.line + 1, column=mark.column + 1)
            raise yaml.YAMLError(f"an alias (*name) is used, which is not allowed here; the anchor is at {where}")
        seen.add(id(current))
        if isinstance(current, yaml.MappingNode):
            stack.extend(part for pair in current.value for part in pair)
        elif isinstance(current, yaml.SequenceNode):
            stack.extend(current.value)


def _yaml_fault(file: str, error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None)
    where = Place(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Place(file=file)
    problem = getattr(error, "problem", None) or str(error)
    return Fault(problem=f"not valid YAML: {problem}", where=where, remedy="Check the indentation and the quotes around here.")


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

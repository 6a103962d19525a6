"""Items added to a list of a YAML file that people write: its comments, its layout and all else in it stay as they are."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

from alerting.documents.document import KeyPath, load_text

_NOTHING = frozenset({"~", "null", "Null", "NULL"})


def add_items(text: str, path: KeyPath, items: Sequence[str]) -> str | None:
    """Return the text with items added at the end of the list at a path of keys; what of the path is not there is made.

    None where the text is written in a way in which that cannot be done safely. What is returned has been read back, and says what
    the text said and the items, nothing else.
    """
    before = load_text("", text)
    expected = _added(before.value, path, items)
    if before.faults or expected is None:
        return None
    at = _Where(text, path)
    changed = at.changed(items)
    after = load_text("", changed) if changed is not None else None
    return changed if after is not None and not after.faults and after.value == expected else None


def as_block(path: KeyPath, items: Sequence[str], indent: int = 0) -> str:
    """Return a list under its keys, a key a line: as people would write it."""
    lines = [f"{' ' * (indent + 2 * depth)}{_scalar(str(key))}:" for depth, key in enumerate(path)]
    return "\n".join([*lines[:-1], f"{lines[-1]} {_flow_list(items)}"])


def _added(value: Any, path: KeyPath, items: Sequence[str]) -> Any:
    """Return a file's value with items in the list at a path; None where something else stands in the way."""
    whole: Any = {} if value is None else copy.deepcopy(value)
    within = whole
    for key in path[:-1]:
        if not isinstance(within, dict):
            return None
        if within.get(key) is None:
            within[key] = {}
        within = within[key]
    if not isinstance(within, dict) or not isinstance(within.get(path[-1]) or [], list):
        return None
    within[path[-1]] = [*(within.get(path[-1]) or []), *items]
    return whole


class _Where:
    """The nearest part of a text to a path that is there, and what of the path is not."""

    def __init__(self, text: str, path: KeyPath) -> None:
        self.text, self.rest = text, list(path)
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self.node: Any = load_text("", text).root
        #: The key that it stands under; None at the top of the file.
        self.key: Any = None
        self.in_flow = False
        while self.rest and _kind(self.node) == "mapping":
            found = next(((key, part) for key, part in self.node.value if key.value == str(self.rest[0])), None)
            self.in_flow = self.in_flow or bool(self.node.flow_style)
            if found is None:
                break
            self.key, self.node = found
            self.rest.pop(0)

    def changed(self, items: Sequence[str]) -> str | None:
        node = self.node
        if _kind(node) == "sequence" and not self.rest:
            return self._in_list(node, items)
        if _kind(node) == "mapping" and self.rest:
            if node.flow_style:
                return self._put(node.start_mark.index + 1, f"{self._flow(items)}{', ' if node.value else ''}")
            indent = node.value[0][0].start_mark.column
            return self._lines_below(as_block(tuple(self.rest), items, indent))
        return self._in_nothing(items)

    def _in_nothing(self, items: Sequence[str]) -> str | None:
        """Fill the place after a key that has nothing, or a file without anything."""
        node = self.node
        written = _flow_list(items) if not self.rest else f"{{{self._flow(items)}}}"
        if node is None:
            return self._lines_below(as_block(tuple(self.rest), items))
        if _kind(node) != "scalar" or node.style or self.key is None:
            return None
        if node.value in _NOTHING or (not node.value and self.in_flow):
            end = node.end_mark.index
            return f"{self.text[: node.start_mark.index]}{'' if node.value else ' '}{written}{self.text[end:]}"
        if not node.value and self.rest:
            return self._lines_below(as_block(tuple(self.rest), items, self.key.start_mark.column + 2))
        return None if node.value else self._put(self.key.end_mark.index + 1, f" {written}")

    def _in_list(self, node: Any, items: Sequence[str]) -> str | None:
        if node.flow_style:
            # After the last: a comma there is one too many nowhere, and before a comment it would be one.
            at = node.value[-1].end_mark.index if node.value else node.start_mark.index + 1
            return self._put(at, f"{', ' if node.value else ''}{', '.join(map(_quoted, items))}")
        last = node.value[-1]
        if _kind(last) != "scalar" or last.style in ("|", ">"):
            return None
        lines = [f"{' ' * node.start_mark.column}- {_quoted(item)}" for item in items]
        return self._after_line(last.end_mark.index, lines)

    def _lines_below(self, block: str) -> str:
        """Put lines below the key, before what stands under it; at the top of the file, at its end."""
        if self.key is not None:
            return self._after_line(self.key.end_mark.index, block.split("\n"))
        text = self.text if not self.text or self.text.endswith("\n") else f"{self.text}{self.newline}"
        return text + self.newline.join([*block.split("\n"), ""])

    def _after_line(self, at: int, lines: Sequence[str]) -> str:
        end = self.text.find("\n", at) + 1
        added = self.newline.join([*lines, ""])
        return f"{self.text}{self.newline}{added}" if not end else f"{self.text[:end]}{added}{self.text[end:]}"

    def _put(self, at: int, written: str) -> str:
        return f"{self.text[:at]}{written}{self.text[at:]}"

    def _flow(self, items: Sequence[str]) -> str:
        """Return what of the path is not there, in one line."""
        written = _flow_list(items)
        for key in reversed(self.rest[1:]):
            written = f"{{{_scalar(str(key))}: {written}}}"
        return f"{_scalar(str(self.rest[0]))}: {written}"


def _kind(node: Any) -> str:
    """Return the kind of a node: mapping, sequence or scalar; nothing for none."""
    return "" if node is None else str(node.id)


def _flow_list(items: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, items))}]"


def _scalar(key: str) -> str:
    return key if key.isidentifier() and load_text("", key).value == key else _quoted(key)


def _quoted(text: str) -> str:
    # What JSON writes in quotes, YAML reads; what it would not print it has escaped.
    return json.dumps(text, ensure_ascii=not text.isprintable())

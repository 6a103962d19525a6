"""Why a text is not YAML, in the words of whoever wrote it: the parser's findings, said anew.

The parser says what it wanted next; a person wants to know what to change. What is said depends on the text around the place,
because one of the parser's sentences stands for several slips of the pen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BLANK = re.compile("(?m)^[ \t]*[\u00a0\u2007\u202f\u3000]|:[\u00a0\u2007\u202f\u3000]")
_OPENED = re.compile(r"""(?m)^ *(?:- )*[\w-]+: +(["'])(.*)$""")
_KEY = re.compile(r" *(?:- )*[\w-]+:(?:\s|$)")
_SIMPLE = {
    "this number": ("this number is too large", "Write it in plain digits, at most 30."),
    "nested too deeply": ("this is nested too deeply", "Take brackets or dashes out: nothing here has a hundred levels."),
    "an alias": ("an alias (*name) stands for this value, which is not allowed here", "Write the value out in both places."),
    "a tag": ("a tag (!name) is not allowed here", "Leave it out; a text that looks like a number stands in quotes."),
    "another document": ("there is a second `---`", "Leave it out: a file is one list of keys."),
    "cannot start any token": ("a text cannot begin with this character", "Put the whole text in quotes."),
    "control characters": ("there is a character here that cannot be seen", "Take it out; a plain text editor shows it."),
    "unknown escape character": ("in double quotes a backslash begins a special character", "Use single quotes."),
    "block sequence entries": ("a list cannot begin on the line of its key", "Begin it on the next line: `- one`."),
    "end of stream": ("a quote is opened and not closed", "Close it where the text ends."),
    "unhashable key": ("a list or a bracket stands where a key should", "Write `key: value`."),
    "expected ',' or ']'": ("a `[` is opened and not closed", "Close it with ], and put commas between what is in it."),
    "expected ',' or '}'": ("a `{` is opened and not closed", "Close it with }, and put commas between what is in it."),
    "undefined alias": ("a text cannot begin with `*`", "Put the whole text in quotes."),
    "alphabetic or numeric": ("a text cannot begin with this character", "Put the whole text in quotes."),
}


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """What is wrong with a text, where it begins, and what to do."""

    problem: str
    offset: int
    remedy: str


def explain_syntax_error(text: str, offset: int, problem: str) -> Unreadable:
    """Return why a text is not YAML. offset, problem: where the parser stopped, and what it says of it."""
    begins = text.rfind("\n", 0, offset) + 1
    line = text[begins:].partition("\n")[0]
    if text[offset : offset + 1] == "\t":
        return Unreadable(problem="a tab stands where only spaces may", offset=offset, remedy="Indent with spaces.")
    blank = _BLANK.search(text, max(0, text.rfind("\n", 0, max(0, begins - 1))), offset + len(line))
    if blank:
        remedy = "Delete it and type a space: it looks like one and is another, as text copied from a document has it."
        return Unreadable(problem="a blank that is no ordinary space stands here", offset=blank.end() - 1, remedy=remedy)
    braces = re.search(r":\s+(\{[{%])", line)
    if braces:
        remedy = "Put the whole text in double quotes; an expression needs no braces."
        return Unreadable(problem="a text that begins with a brace needs quotes", offset=begins + braces.start(1), remedy=remedy)
    opened = _open_quote(text, offset)
    if opened is not None:
        remedy = "Close it where the text ends; a quote inside it is written twice, or stands in quotes of the other kind."
        return Unreadable(problem="a quote is opened here and not closed", offset=opened, remedy=remedy)
    simple = next((said for part, said in _SIMPLE.items() if part in problem), None)
    if simple and problem.endswith(("',' or ']'", "',' or '}'")):
        offset = _open_bracket(text, offset, problem[-2])
    if simple:
        return Unreadable(problem=simple[0], offset=offset, remedy=simple[1])
    return _explain_lines(text, offset, problem, line)


def _open_quote(text: str, offset: int) -> int | None:
    """Find a quote before a place that does not end on its line, where the next line is a key of its own."""
    for found in _OPENED.finditer(text, 0, offset):
        quote, rest = found[1], found[2].replace(found[1] * 2, "").replace("\\" + found[1], "")
        if quote not in rest and _KEY.match(text, found.end() + 1):
            return found.start(1)
    return None


def _open_bracket(text: str, offset: int, closing: str) -> int:
    """Find the bracket before a place that has no other half; the place itself where there is none."""
    opening, depth = {"]": "[", "}": "{"}[closing], 0
    for at in range(offset - 1, -1, -1):
        depth += (text[at] == closing) - (text[at] == opening)
        if depth < 0:
            return at
    return offset


def _explain_lines(text: str, offset: int, problem: str, line: str) -> Unreadable:
    """Return what is wrong with how lines stand below each other, or with a colon in one."""
    if "mapping values are not allowed" in problem and len(re.findall(r":(?=\s|$)", line)) > 1:
        key, _, value = line.strip().partition(":")
        remedy = f'Put the text after the first in quotes: {key}: "...".' if value else "Put the text in quotes."
        return Unreadable(problem="there is a second colon on this line", offset=offset, remedy=remedy)
    if "could not find expected ':'" in problem:
        before = text[:offset].rstrip().rfind("\n") + 1
        remedy = "Write `key: value`, with a space after the colon; a text of several lines stands indented below its key."
        return Unreadable(problem="this line is no `key: value`", offset=before + _indent(text[before:]), remedy=remedy)
    if "node content" in problem:
        remedy = "Take out the comma before it, or close the bracket with ] or }."
        return Unreadable(problem="a value is missing, or a bracket is not closed", offset=offset, remedy=remedy)
    remedy = "Put it exactly below the keys or dashes it belongs with, in spaces; or close the quote or bracket before it."
    at = max(offset - len(line), text.rfind("\n", 0, offset) + 1)
    return Unreadable(problem="this line does not line up with those above it", offset=at + _indent(text[at:]), remedy=remedy)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))

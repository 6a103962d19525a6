"""Why a value does not fit its model, in the words of whoever wrote the file: pydantic's findings, said anew.

Of the value itself nothing is said here but its kind: in config.yaml it can be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

Location = tuple[str | int, ...]

_FEW = 4
"""Words that may stand somewhere, so few that they are said at once; of more the nearest is enough."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_TRUTHS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def explain_misfit(detail: ErrorDetails, asked: Any, field: FieldInfo | None, written: object) -> tuple[str, str]:
    """Return what a value should be, to stand after its key, and what to do; both empty where pydantic's own words are best.

    detail: one of a ValidationError's errors. asked, field: what `field_at` says of its place. written: the value there.
    """
    kind, context = str(detail["type"]), detail.get("ctx", {})
    if kind == "literal_error":
        words = allowed_words(detail)
        if len(words) > _FEW:
            return "is none of the words that may stand here", f"Write {_or(words)}."
        return f"should be {_or(words)}", ""
    if isinstance(written, str) and written.startswith("-") and kind in ("tuple_type", "list_type", "dict_type"):
        return "should be a list", "Put a space after each dash: - one."
    if kind in ("tuple_type", "list_type"):
        brackets = "Put square brackets around it: [{...}]." if isinstance(written, Mapping) else ""
        return "should be a list", brackets or "Write it in square brackets: [one, two]."
    if kind == "string_type":
        return _should_be_text(written)
    if kind == "string_pattern_mismatch":
        return "is not written as it should be", such_as(field)
    if kind.startswith("date"):
        if isinstance(written, str) and _DAY.fullmatch(written):
            return "is not a day that there is", "Look at the calendar: a month has 28 to 31 days."
        return "should be a day", "Write the year first: 2026-03-31."
    if kind.startswith("int") and field and field.examples and isinstance(field.examples[0], str):
        return "is not written as it should be", such_as(field)
    if kind.startswith(("int", "float")):
        return f"should be a {'whole ' if kind.startswith('int') else ''}number", such_as(field) or "Write it in digits alone."
    if kind.startswith("bool"):
        meant = _TRUTHS.get(str(written).lower())
        return (
            "should be true or false",
            f"Here that is only a word: write {meant}." if meant else "Write true or false, without quotes.",
        )
    if kind in ("model_type", "dict_type"):
        keys = model_keys(asked)
        such = f"Its keys are: {', '.join(keys)}." if keys else "Write `key: value`, indented below it."
        examples = (field.examples if field else None) or ()
        if not keys and examples and isinstance(examples[0], dict):
            name, value = next(iter(examples[0].items()))
            such = f"Indented below it, `{name}: {value}`." if isinstance(value, str) else such
        return "should have keys of its own", such
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = context.get("ge", context.get("le"))
        return f"should be at {'least' if 'ge' in context else 'most'} {bound}", ""
    if kind == "string_too_long":
        return f"is longer than the {context['max_length']} characters that it may have", "Say it in fewer words."
    if kind == "too_long":
        return f"has more than the {context['max_length']} parts that it may have", "Leave out what is not needed."
    if kind == "too_short":
        return "has nothing in it", such_as(field)
    return "", ""


def allowed_words(detail: ErrorDetails) -> list[str]:
    """Return the words that may stand where another does."""
    return re.findall(r"'(.*?)'", str(detail.get("ctx", {}).get("expected", "")))


def field_at(model: type[BaseModel], location: Location) -> tuple[Any, FieldInfo | None]:
    """Return what a model asks for at a location: its type, and its field where it is one."""
    annotation: Any = model
    field: FieldInfo | None = None
    for part in location:
        annotation, field = _step(annotation, part)
    return annotation, field


def model_keys(annotation: Any) -> tuple[str, ...]:
    """Return the keys that a value of this type has, where it is a model."""
    models = [option for option in _options(annotation) if isinstance(option, type) and issubclass(option, BaseModel)]
    return tuple(field.alias or name for model in models for name, field in model.model_fields.items())


def _step(annotation: Any, part: str | int) -> tuple[Any, FieldInfo | None]:
    for option in _options(annotation):
        if isinstance(option, type) and issubclass(option, BaseModel):
            for name, field in option.model_fields.items():
                if part in (name, field.alias):
                    return field.annotation, field
        elif get_origin(option) is dict:
            return get_args(option)[1], None
        elif get_origin(option) in (tuple, list):
            return get_args(option)[0], None
    return None, None


def _options(annotation: Any) -> Iterator[Any]:
    """Return the types that a value may have, each alone."""
    if get_origin(annotation) in (Union, UnionType):
        for option in get_args(annotation):
            yield from _options(option)
    elif get_origin(annotation) is Annotated:
        yield from _options(get_args(annotation)[0])
    else:
        yield annotation


def _should_be_text(written: object) -> tuple[str, str]:
    if written is None:
        return "has nothing written after it", "Write it, or leave the key out."
    if isinstance(written, Mapping):
        return "should be text", "It reads as keys and values: put the whole text in quotes."
    if isinstance(written, list):
        return "should be text, and only one", "Leave out the square brackets, or put the whole text in quotes."
    return "should be text", "Put it in quotes."


def such_as(field: FieldInfo | None) -> str:
    """Return what may stand in a field, by its first example or else by what it means; empty where nothing says it."""
    if field is None:
        return ""
    if field.examples:
        example = field.examples[0]
        if isinstance(example, list) and all(isinstance(part, str) for part in example):
            return f"Such as [{', '.join(example)}]."
        return f"Such as {example}." if isinstance(example, (str, int, float)) else ""
    return f"{field.description}." if field.description else ""


def _or(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)

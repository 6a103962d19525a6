"""What a rule or subject file may say, whom rules can be about, and what is read for them, as tables of a page: made of models and files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from alerting.casedata.catalogue import ALWAYS, SERVICE_COLUMNS, TABLES
from alerting.expressions.functions import FUNCTIONS
from alerting.rulebook.book import Rulebook
from alerting.rulebook.file_models import Basis, Escalation, Example, RuleFile, Subject, SubjectColumn
from alerting.rulebook.run_tables import RUN_TABLES

PARTS: Mapping[str, type[BaseModel]] = {
    "A rule": RuleFile,
    "The basis of a rule": Basis,
    "An example of a rule": Example,
    "An escalation of a rule": Escalation,
    "A subject": Subject,
    "A column of a subject": SubjectColumn,
}
"""The tables of keys, by the heading each stands under."""

_NAMED = 6
"""As many rules as are named one by one beside a table."""


def keys_page() -> str:
    """Return the tables of every key, each under its heading, as Markdown."""
    return "\n".join(f"## {heading}\n\n{_table(('key', 'default', 'says'), _keys(model))}" for heading, model in PARTS.items())


def key_says(name: str) -> list[str]:
    """Return what a key means, a line for each kind of file or part that has it; nothing where none has."""
    return [
        f"{heading}: {says} Default: {default.strip('`')}." if default != "needed" else f"{heading}: {says} Needed."
        for heading, model in PARTS.items()
        for key, default, says in _keys(model)
        if key == f"`{name}`"
    ]


def key_names() -> list[str]:
    """Return the name of every key, once each, in the order of the page."""
    return list(dict.fromkeys(key.strip("`") for model in PARTS.values() for key, _, _ in _keys(model)))


def subjects_page(subjects: Iterable[Subject]) -> str:
    """Return every subject with its columns under a heading each, and then the tables of the run, as Markdown."""
    return "\n".join([*map(_subject, subjects), _RUN, *map(_run_table, RUN_TABLES)])


@dataclass(frozen=True, kw_only=True)
class TableRead:
    """A table of the council's that runs read, as far as they do."""

    name: str
    columns: tuple[str, ...]
    #: Whether every run reads it, whatever its rules are.
    is_always: bool
    #: The codes of the rules for which it is read; of one that every run reads, those that stand on it.
    rules: tuple[str, ...]

    @property
    def wanted_by(self) -> str:
        """What it is read for, in words."""
        rules = f"{len(self.rules)} rules" if len(self.rules) > _NAMED else ", ".join(self.rules)
        return " and ".join([*(["every run"] if self.is_always else []), *([rules] if rules else [])])


def tables_read(book: Rulebook) -> list[TableRead]:
    """Return every table and column that the rules that are switched on need, with those of every run, and no others."""
    wanted, always = book.wanted(book.rules), ALWAYS | SERVICE_COLUMNS.keys()
    # The SQL of a subject is asked whole, for a rule that needs half of it too.
    read_for = {rule.code: rule.reads | (book.wanted([rule]).keys() - always) for rule in book.rules}
    return [
        TableRead(
            name=name,
            columns=tuple(column for column in TABLES[name].columns if column in wanted[name]),
            is_always=name in always,
            rules=tuple(sorted(code for code, tables in read_for.items() if name in tables)),
        )
        for name in sorted(wanted)
    ]


def tables_page(book: Rulebook) -> str:
    """Return these tables as Markdown."""
    rows = [(f"`{each.name}`", ", ".join(f"`{column}`" for column in each.columns), each.wanted_by) for each in tables_read(book)]
    return _table(("table", "columns", "for"), rows)


def functions_page() -> str:
    """Return the table of every function that a rule may call, as Markdown."""
    rows = [(f"`{each.name}`", each.says, f"`{each.example}`", each.answer) for each in FUNCTIONS.values()]
    return _table(("function", "gives", "example", "which is"), rows)


_RUN = """## What a run knows

A rule about what other rules answered, about how asking them went, or about which data is believed has a subject whose SQL reads these
tables. Its `answers_of` names the rules by their codes, or says `all`: they are asked first, whatever their job, and nobody is told by that. Of
rules that read all none reads another. A shared view cannot read these tables.
"""


def _run_table(name: str) -> str:
    rows = [(f"`{column}`", each.type, _sentence(each.says)) for column, each in RUN_TABLES[name].items()]
    return f"`{name}`:\n\n{_table(('column', 'type', 'means'), rows)}"


def _subject(subject: Subject) -> str:
    columns = [(f"`{name}`", column.type, column.tier, _sentence(column.says)) for name, column in subject.columns.items()]
    about = subject.about.replace("_", " ")
    whose = (
        f"`{subject.team}` answers for it" if subject.team else f"the teams of the service in `{subject.service}` answer for it"
    )
    facts = f"`subject: {subject.id}`. An alert is about one {about}, by `{subject.key}`; {whose}."
    return f"## {subject.title}\n\n{subject.says}\n\n{facts}\n\n{_table(('column', 'type', 'tier', 'means'), columns)}"


def _keys(model: type[BaseModel]) -> list[tuple[str, str, str]]:
    return [(f"`{field.alias or name}`", _default(field), _says(field)) for name, field in model.model_fields.items()]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value in (None, "", (), {}):
        return "none"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _says(field: FieldInfo) -> str:
    said = _sentence(field.description or "")
    words = _words(field.annotation)
    if words:
        said += f" Words: {'; '.join(', '.join(f'`{word}`' for word in group) for group in words)}."
    if field.examples:
        said += f" Such as {' or '.join(f'`{_flow(value)}`' for value in field.examples)}."
    return said


def _words(annotation: object) -> list[list[str]]:
    """Return the words that a key takes, a list for each place that takes words: a mapping's keys, then its values."""
    if get_origin(annotation) is Literal:
        return [[str(word) for word in get_args(annotation)]]
    if get_origin(annotation) is Annotated:
        return _words(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType, dict, tuple):
        return [words for part in get_args(annotation) for words in _words(part)]
    return []


def _flow(value: Any) -> str:
    """Write a value as it stands on one line of a rule file."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_flow, value))}]"
    return str(value)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    bar = "\\|"
    lines = (f"| {' | '.join(cell.replace('|', bar) for cell in row)} |" for row in rows)
    return "\n".join([f"| {' | '.join(headings)} |", "|---" * len(headings) + "|", *lines]) + "\n"

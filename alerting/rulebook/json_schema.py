"""What editors are told of rule and subject files: JSON Schemas made of the models that `alerting check` reads them with.

An editor shows the description of a key, completes keys and values, and marks what is wrong while it is being written. A
schema may be narrower than its model, where what it leaves out is nothing anybody means to write; it is never wider.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from alerting.casedata.catalogue import TABLES
from alerting.clocks import MOMENT
from alerting.expressions.functions import FUNCTIONS
from alerting.formatting import capital
from alerting.rulebook.between import BETWEEN
from alerting.rulebook.file_models import RuleFile, Subject

Schema = dict[str, Any]

RULE_FILE, SUBJECT_FILE = "rule.schema.json", "subject.schema.json"
"""The names of the two files in a folder of rules, as the first line of a rule or subject file points to them."""

# Draft 7 is the newest that every editor understands. Its name is an identifier: nothing is fetched from there.
_DRAFT = "http://json-schema.org/draft-07/schema#"
_LEVELS = {
    "info": "worth knowing; nothing has to be done at once",
    "amber": "needs somebody's attention soon",
    "red": "needs somebody's attention now",
    "critical": "cannot wait, and cannot be snoozed",
}
_ROLES = {
    "worker": "the allocated worker",
    "adviser": "the personal adviser",
    "team_manager": "the manager of the team that answers",
    "service_manager": "the service manager over that team",
    "head_of_service": "the head of service over that team",
    "quality": "who leads quality assurance",
    "commissioning": "who leads commissioning",
    "performance": "the performance team",
}
_MEANINGS: tuple[Mapping[str, str], ...] = (
    _LEVELS,
    _ROLES,
    _LEVELS | {"none": "it is clear", "unknown": "a value that is needed is missing", "out": "it is not in the population"},
    {"daily": "every working day", "weekly": "once a week", "monthly": "once a month"},
    {"statutory": "an Act or regulations say so", "guidance": "guidance says so", "local": "the council has decided it"},
    {"team": "one answer a team", "worker": "one answer a worker", "service": "one answer a service"},
    {
        "child": "a child or young person: restrictions on who may know apply",
        "contact": "a contact: restrictions on who may know of its child apply",
        "referral": "a referral: restrictions on who may know of its child apply",
        "missing_episode": "a missing episode: restrictions on who may know of its child apply",
        "audit": "an audit: restrictions on who may know of its child apply, where it has one",
        "worker": "a member of staff, who is not told of it",
        "team": "a team",
        "vacancy": "a vacant post",
        "action": "an action of the improvement plan",
        "service": "a service, or what is counted over one or over the whole council",
        "table": "a table of the case data",
        "column": "a column of a table",
        "rule": "a rule of the council's",
    },
    {
        "text": "words or an identifier",
        "integer": "a whole number",
        "number": "a number, with decimals or without",
        "date": "a day",
        "moment": "a day and a time, as clocks in London show them",
        "boolean": "true or false",
        "codes": "a list of codes",
    },
    {
        "reference": "may stand in a mail: identifiers, dates and numbers",
        "detail": "only where the receiver may show it: what tells of a person's life",
    },
)
"""What each value of a key means: the values of one key, in its order, are the keys of one of these."""

_PATTERNS = {
    r"^[a-z0-9][a-z0-9-]*$": "Write it in small letters, digits and dashes, such as care-leaver-not-in-touch.",
    r"^[A-Z]+-[0-9]+$": "Write capital letters, a dash and a number, such as CL-01.",
    r"^[a-z][a-z0-9_]*$": "Write it in small letters, digits and _, such as care_leaver.",
    rf"^{BETWEEN}$": "Write hours and times of day: 2 hours between 08:00 and 18:00.",
    r"^[0-9]{1,4} runs?$": "Write a number of runs: 2, or 2 runs.",
    r"^[0-9]{1,4} working days?$": "Write a number of working days: 5, or 5 working days.",
}
"""What to write where a value does not have the form of its key."""

_DAY = {"format": "date", "patternErrorMessage": "Write a date as 2026-03-31."}
_CELLS: Mapping[str, Schema] = {
    "text": {"type": ["string", "number", "null"]},
    "integer": {"type": ["integer", "null"]},
    "number": {"type": ["number", "null"]},
    "date": {"type": ["string", "null"], **_DAY},
    "moment": {
        "type": ["string", "null"],
        "pattern": f"^{MOMENT.pattern}$",
        "patternErrorMessage": "Write a moment as 2026-03-31 07:00.",
    },
    "boolean": {"type": ["boolean", "null"]},
    "codes": {"type": ["array", "null"], "items": {"type": "string"}},
}


def rule_schema(subjects: Mapping[str, Subject]) -> Schema:
    """Return the schema of a rule file, with the names of these subjects and, for each, its columns."""
    schema = _model_schema(RuleFile, "A rule")
    keys = schema["properties"]
    keys["subject"] |= {
        "enum": list(subjects),
        "enumDescriptions": [f"{subject.title}. {subject.says}" for subject in subjects.values()],
        "markdownEnumDescriptions": [_with_columns(subject) for subject in subjects.values()],
    }
    words = [f"{capital(table.words)}." for table in TABLES.values()]
    keys["reads"]["items"] = {"type": "string", "enum": list(TABLES), "enumDescriptions": words}
    keys["off_without"]["items"] = keys["off_without_all"]["items"] = keys["reads"]["items"]
    functions = ", ".join(f"`{name}`" for name in FUNCTIONS)
    hint = "The subject's columns are listed with its name, under `subject`."
    for name in ("where", "let", "measure", "levels", "due", "also"):
        keys[name]["markdownDescription"] += f"\n\n{hint} Functions: {functions}."
    schema["definitions"] = {subject.id: _row(subject) for subject in subjects.values()}
    schema["allOf"] = [_for_subject(subject) for subject in subjects.values()]
    return schema


def subject_schema() -> Schema:
    """Return the schema of a subject file."""
    return _model_schema(Subject, "A subject")


def as_text(schema: Schema) -> str:
    """Write a schema as it stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _with_columns(subject: Subject) -> str:
    columns = ", ".join(f"`{name}`" for name in subject.columns)
    return f"{subject.title}. {subject.says} Columns: {columns}"


def _row(subject: Subject) -> Schema:
    """Return the schema of a row of a subject, as an example may have it: any of its columns may be missing."""
    columns = {
        name: _CELLS[column.type] | {"description": f"{column.says} ({column.type})"} for name, column in subject.columns.items()
    }
    return {"type": "object", "properties": columns, "additionalProperties": False}


def _for_subject(subject: Subject) -> Schema:
    """Return what holds of a rule about this subject: only its columns may stand in `requires` and in the rows of examples."""
    row = {"$ref": f"#/definitions/{subject.id}"}
    columns = {"enum": list(subject.columns)}
    examples = {"items": {"properties": {"row": row, "rows": {"items": row}}}}
    return {
        "if": {"properties": {"subject": {"const": subject.id}}, "required": ["subject"]},
        "then": {"properties": {"requires": {"items": columns, "propertyNames": columns}, "examples": examples}},
    }


def _model_schema(model: type[BaseModel], title: str) -> Schema:
    """Return a model's schema as an editor serves a reader best: no references, no titles, words for every value."""
    made = model.model_json_schema(by_alias=True, mode="validation")
    described = _in_place(made, made.get("$defs", {}))
    return {"$schema": _DRAFT, "title": title, **described}


def _in_place(schema: Schema, models: Mapping[str, Schema]) -> Schema:
    """Rewrite one schema and all in it: each reference by what it stands for, with the words said where it is used."""
    if "$ref" in schema:
        schema = models[schema["$ref"].rpartition("/")[2]] | {key: value for key, value in schema.items() if key != "$ref"}
    schema = {key: value for key, value in schema.items() if key not in ("title", "$defs")}
    into: Callable[[Schema], Schema] = lambda part: _in_place(part, models)  # noqa: E731  (said once, used five times)
    if "anyOf" in schema:
        schema = _any_of([into(part) for part in schema.pop("anyOf")], schema)
    if isinstance(schema.get("items"), dict):
        schema["items"] = into(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        schema["additionalProperties"] = into(schema["additionalProperties"])
    if "properties" in schema:
        needed = schema.get("required", ())
        schema["properties"] = {name: _key(into(part), name in needed) for name, part in schema["properties"].items()}
    if "enum" in schema:
        schema["enumDescriptions"] = list(_meanings(schema["enum"]).values())
    if "pattern" in schema and "patternErrorMessage" not in schema:
        schema["patternErrorMessage"] = _PATTERNS[schema["pattern"]]
    if schema.get("format") == "date":
        schema |= _DAY
    return _named_keys(schema)


def _key(schema: Schema, needed: bool) -> Schema:
    """Return the schema of a key, with what it is when it is left out. A key that is there has a value: null is no choice."""
    default = schema.pop("default", None)
    said = f"{schema['description']}."
    if needed:
        said += " Needed."
    elif default not in (None, "", [], {}):
        schema["default"] = default
        said += f" When it is left out: `{default if isinstance(default, str) else json.dumps(default)}`."
    if isinstance(schema.get("type"), list):
        kinds = [kind for kind in schema["type"] if kind != "null"]
        schema["type"] = kinds if len(kinds) > 1 else kinds[0]
    return schema | {"markdownDescription": said}


def _any_of(choices: list[Schema], around: Schema) -> Schema:
    """Join choices of different types into one schema: each keyword holds for the values of its own type alone.

    An editor then says what is wrong with a value, and not only that no choice fits it.
    """
    joined: Schema = {"type": [choice["type"] for choice in choices]}
    for choice in choices:
        joined |= {key: part for key, part in _of_its_type(choice).items() if key != "type"}
    return joined | around


def _of_its_type(choice: Schema) -> Schema:
    """Return a choice without `const`, which would hold for values of every type: a pattern says the same of text alone."""
    if "const" not in choice:
        return choice
    word = choice["const"]
    rest = {key: part for key, part in choice.items() if key != "const"}
    return rest | {"pattern": f"^{re.escape(word)}$", "patternErrorMessage": f"The only word that may stand here is `{word}`."}


def _named_keys(schema: Schema) -> Schema:
    """Turn a mapping whose keys are known words into one with those keys: editors complete and describe them."""
    if "enum" not in schema.get("propertyNames", {}):
        return schema
    value = schema["additionalProperties"]
    keys = {name: value | {"description": says} for name, says in _meanings(schema["propertyNames"]["enum"]).items()}
    rest = {key: part for key, part in schema.items() if key not in ("propertyNames", "additionalProperties")}
    return rest | {"properties": keys, "additionalProperties": False}


def _meanings(values: list[str]) -> Mapping[str, str]:
    """Return what each of a key's values means, in the order of the values."""
    return next((meanings for meanings in _MEANINGS if list(meanings) == values), dict.fromkeys(values, ""))

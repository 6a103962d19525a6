"""What rule authors try before it counts: a rule, or a draft of one, asked of the data as it is. Nothing is stored or sent.

A draft is a rule file that need not lie in the council's folder, or a rule in use with other parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alerting.documents.document import did_you_mean, load_text
from alerting.errors import AlertingError, ConfigError, Faults
from alerting.rulebook.book import Rulebook
from alerting.rulebook.loader import compile_rule
from alerting.rulebook.rule import Rule

_YAML = (".yaml", ".yml")


def find_rule(book: Rulebook, name: str) -> Rule:
    """Return a rule, in use or off, by its code or id. Raises AlertingError with the nearest name where there is none."""
    every = book.every
    found = next((rule for rule in every if name.lower() == rule.id or name.upper() == rule.code), None)
    if found is None:
        broken = next((one for one in book.broken if name.lower() == one.id or name.upper() == one.code), None)
        if broken:
            raise AlertingError(
                f"the rule {broken.code} cannot be used: {broken.problem}", remedy="`alerting check` shows its faults."
            )
        known = [known for rule in every for known in (rule.code, rule.id)]
        raise AlertingError(f"there is no rule '{name}'", remedy=did_you_mean(name, known) or "`alerting rules list` shows them.")
    return found


def load_draft(book: Rulebook, name: str, params: Mapping[str, Any] | None = None) -> Rule:
    """Return a rule compiled anew from its file, given by its code, its id or a path, with some of its parameters set otherwise.

    Raises Faults with everything that is wrong with it, AlertingError where there is no such rule or file.
    """
    path = Path(name)
    if path.suffix not in _YAML:
        path = Path(find_rule(book, name).place)
    elif not path.is_file():
        raise ConfigError(f"there is no file {path.as_posix()}", remedy="Give the path of a rule file, or a rule's code.")
    compiled = compile_rule(book, path, params or {})
    if isinstance(compiled, list):
        raise Faults(compiled)
    return compiled


def find_or_load(book: Rulebook, name: str) -> Rule:
    """Return the rule that a name means: a code, an id or the path of a file. Raises as `find_rule` and `load_draft` do."""
    return load_draft(book, name) if Path(name).suffix in _YAML else find_rule(book, name)


def parse_params(texts: Sequence[str]) -> dict[str, Any]:
    """Read parameters as the command line has them, `NAME=VALUE` each, the value as YAML. Raises ConfigError."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        document = load_text("--set", value)
        if not equals or not name.strip() or document.faults:
            raise ConfigError(
                f"'{text}' is not NAME=VALUE", remedy="Write --set red_days=60, or --set 'codes=[V3, V4]' for a list."
            )
        found[name.strip()] = document.value
    return found


def find_in_use(book: Rulebook, draft: Rule) -> Rule | None:
    """Return the rule in use that a draft stands for: by its id, its code or what it replaces; None where it is a new rule."""
    known = {draft.id, draft.file.replaces} - {None}
    return next((rule for rule in book.rules if rule.id in known or rule.code == draft.code), None)

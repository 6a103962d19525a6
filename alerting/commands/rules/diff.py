"""`alerting rules diff`: what a change of a rule comes to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerting.cli import build_app
from alerting.errors import AlertingError, Faults
from alerting.terminal import echo, echo_json

if TYPE_CHECKING:
    from alerting.app import App
    from alerting.authoring.differences import Difference
    from alerting.rulebook.rule import Rule


@click.command()
@click.argument("old")
@click.argument("new")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def command(ctx: click.Context, old: str, new: str, *, as_json: bool) -> None:
    """Return what differs between two rules, each a code, an id or the path of a file; CODE@VERSION is one as it was.

    Ends with 1 where something differs.
    """
    from alerting.authoring.differences import compare_rules, summarise

    app = build_app(ctx)
    before, after = load_rule(app, old), load_rule(app, new)
    found = compare_rules(before, after)
    said = summarise(before, after, found)
    if as_json:
        changes = [asdict(each) for each in found]
        echo_json({"old": _named(before), "new": _named(after), "same": not found, "summary": said, "changes": changes})
    else:
        _print(before, after, found, said)
    sys.exit(1 if found else 0)


def load_rule(app: App, name: str) -> Rule:
    """Return the rule that a name means, as it applies here: a code or id of a rule in use or off, or the path of a file.

    With @ and a version behind it, the rule as it was in that version, with the parameters that applied. Raises
    AlertingError where there is none, Faults where a file makes no rule.
    """
    from alerting.authoring.draft import find_or_load

    if "@" in name:
        return _in_version(app, *name.split("@", 1))
    return find_or_load(app.book, name)


def _in_version(app: App, name: str, version: str) -> Rule:
    from alerting.authoring.draft import find_rule
    from alerting.rulebook.loader import compile_rule
    from alerting.store.rule_versions import RuleHistory

    rule = find_rule(app.book, name)
    store = app.store()
    try:
        kept = RuleHistory(store).version(rule.id, version)
    finally:
        store.close()
    if kept is None:
        raise AlertingError(
            f"no run has seen {rule.code} in a version '{version}'", remedy=f"`alerting rules versions {rule.code}` lists them."
        )
    text, params = kept
    # A shared parameter that there is no more has nothing to be set on.
    known = {param: value for param, value in params.items() if param in text or param in app.book.settings.params}
    compiled = compile_rule(app.book, Path(rule.place), known, text)
    if isinstance(compiled, list):
        raise Faults(compiled)
    return replace(compiled, version=version)


def _named(rule: Rule) -> dict[str, str]:
    return {"id": rule.id, "code": rule.code, "file": rule.place, "version": rule.version}


def _print(old: Rule, new: Rule, found: Sequence[Difference], said: str) -> None:
    from alerting.authoring.differences import EFFECTS, show_lines

    echo(f"- {old.code} {old.title} ({old.place}, version {old.version})")
    echo(f"+ {new.code} {new.title} ({new.place}, version {new.version})")
    echo(f"\n{said}")
    width = max((len(each.key) for each in found), default=0)
    for effect, heading in EFFECTS.items():
        touched = [each for each in found if each.effect == effect]
        if touched:
            echo(f"\n{heading}")
        for each in touched:
            echo(f"  {each.key:<{width}}  {each.says}")
            for line in show_lines(each) if each.expression else ():
                echo(f"      {line}")

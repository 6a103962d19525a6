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
    from alerting.authoring.shipped import Comparison
    from alerting.rulebook.rule import Rule


@click.command()
@click.argument("old", required=False)
@click.argument("new", required=False)
@click.option(
    "--shipped", is_flag=True, help="Compare the council's rules with those that this version carries; OLD is then one."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def command(ctx: click.Context, old: str | None, new: str | None, *, shipped: bool, as_json: bool) -> None:
    """Return what differs between two rules, each a code, an id or the path of a file; CODE@VERSION is one as it was.

    Ends with 1 where something differs.
    """
    from alerting.authoring.differences import compare_rules, summarise

    app = build_app(ctx)
    if shipped and new is None:
        sys.exit(1 if _print_shipped(app, old, as_json=as_json) else 0)
    if shipped or old is None or new is None:
        raise click.UsageError("Give two rules; or --shipped, and one rule or none.", ctx)
    before, after = load_rule(app, old), load_rule(app, new)
    found = compare_rules(before, after)
    said = summarise(before, after, found)
    if as_json:
        changes = [asdict(each) for each in found]
        echo_json({"old": _named(before), "new": _named(after), "same": not found, "summary": said, "changes": changes})
    else:
        _print(before, after, found, said)
    sys.exit(1 if found else 0)


def _print_shipped(app: App, name: str | None, *, as_json: bool) -> bool:
    """Print what of the council's rules, or of one of them, is not as it is shipped; return whether anything is."""
    from alerting.authoring.draft import find_rule
    from alerting.authoring.shipped import compare_with_shipped

    found = compare_with_shipped(app.book)
    if name is not None:
        rule = find_rule(app.book, name)
        found = replace(
            found, changed=tuple(one for one in found.changed if one.own.id == rule.id), only_own=(), missing=(), shared_files=()
        )
    differs = bool(found.changed or found.only_own or found.missing or found.shared_files)
    if as_json:
        echo_json(_shipped_as_json(found))
    elif name is not None and found.changed:
        [one] = found.changed
        _print(one.shipped, one.own, one.differences, one.summary)
    else:
        _list_shipped(found)
    if not differs:
        echo("Every rule is as it is shipped.", err=True)
    return differs


def _list_shipped(found: Comparison) -> None:
    for one in found.changed:
        echo(f"{one.own.code} {one.own.title}: {one.summary}")
        for each in one.differences:
            echo(f"  {each.key}: {each.says}")
        if not one.follows:
            echo(f"  its file is the council's own, {one.own.place}: an update of the shipped one does not reach it")
    for rule in found.only_own:
        echo(f"{rule.code} {rule.title}: the council's own")
    for rule in found.missing:
        echo(f"{rule.code} {rule.title}: shipped, and not there")
    for file in found.shared_files:
        echo(f"{file}: not as it is shipped")


def _shipped_as_json(found: Comparison) -> dict[str, object]:
    changed = [
        {
            "shipped": _named(one.shipped),
            "own": _named(one.own),
            "follows_updates": one.follows,
            "summary": one.summary,
            "changes": [asdict(each) for each in one.differences],
        }
        for one in found.changed
    ]
    return {
        "changed": changed,
        "only_own": [_named(rule) for rule in found.only_own],
        "missing": [_named(rule) for rule in found.missing],
        "shared_files": list(found.shared_files),
    }


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

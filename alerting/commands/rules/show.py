"""`alerting rules show`: one rule as it applies here."""

from __future__ import annotations

import click

from alerting.authoring.draft import find_rule
from alerting.cli import build_app
from alerting.rulebook.rule import Rule
from alerting.terminal import echo, echo_json


@click.command()
@click.argument("rule")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def command(ctx: click.Context, rule: str, *, as_json: bool) -> None:
    """Show one rule, by its code or id: what it asks, its parameters as they apply here, the columns it may use."""
    found = find_rule(build_app(ctx).book, rule)
    if as_json:
        echo_json(found.file.model_dump(mode="json", by_alias=True) | {"params": dict(found.params), "version": found.version})
        return
    _print(found)


def _print(rule: Rule) -> None:
    file = rule.file
    echo(f"{rule.code} {rule.title} ({rule.id}), {rule.place}, version {rule.version}")
    echo(f"Basis: {rule.basis_kind}: {rule.basis_text} ({rule.basis_source or 'no source'}). Owner: {file.owner}.")
    echo(f"Asked {file.job} of every {rule.subject.title.lower()} where {file.where}")
    for name, text in file.let.items():
        echo(f"  {name} is {text}")
    echo(f"Measure: {file.measure} ({rule.unit})" if file.measure else "It measures nothing.")
    for level, text in file.levels.items():
        echo(f"  {level} when {text}; tells {', '.join(file.notify.get(level, ()))}")
    for role, text in file.also.items():
        echo(f"  also {role} when {text}")
    echo(f"Due: {file.due or 'no date'}. Clears when: {rule.clears}")
    echo("Parameters: " + (", ".join(f"{name} {value}" for name, value in rule.params.items()) or "none"))
    echo("Columns:")
    for name, column in rule.subject.columns.items():
        echo(f"  {name} ({column.type}): {column.says}")

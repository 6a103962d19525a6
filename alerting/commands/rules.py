"""`alerting rules`: what is asked, of whom, and why."""

from __future__ import annotations

import sys

import click

from alerting.cli import build_app, echo_json, echo_table
from alerting.errors import AlertingError
from alerting.functions import FUNCTIONS
from alerting.rulebook import Rule
from alerting.yaml_files import did_you_mean


@click.group()
def command() -> None:
    """What is asked, of whom, and why."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_context
def list_rules(ctx: click.Context, *, as_json: bool) -> None:
    """List every rule, in use or not."""
    book = build_app(ctx).book
    rows = [
        {
            "code": rule.code,
            "id": rule.id,
            "title": rule.title,
            "pack": rule.pack,
            "job": rule.file.job,
            "subject": rule.subject.id,
            "status": "in use" if rule in book.rules else "off",
            "basis": rule.basis_kind,
            "owner": rule.file.owner,
            "version": rule.version,
        }
        for rule in (*book.rules, *book.off)
    ]
    rows += [
        {"code": item.code, "id": item.id, "job": item.job, "status": "broken", "problem": item.problem} for item in book.broken
    ]
    rows.sort(key=lambda row: str(row["code"]))
    if as_json:
        echo_json(rows)
        return
    names = ["code", "status", "job", "title", "basis", "owner"]
    echo_table([name.capitalize() for name in names], [[row.get(name, row.get("problem", "")) for name in names] for row in rows])


@command.command()
@click.argument("rule")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def show(ctx: click.Context, rule: str, *, as_json: bool) -> None:
    """Show one rule, by its code or id: what it asks, its parameters as they apply here, the columns it may use."""
    book = build_app(ctx).book
    every = (*book.rules, *book.off)
    found = next((item for item in every if rule in (item.code, item.id) or rule.upper() == item.code), None)
    if found is None:
        known = [name for item in every for name in (item.code, item.id)]
        raise AlertingError(f"there is no rule '{rule}'", remedy=did_you_mean(rule, known) or "`alerting rules list` shows them.")
    if as_json:
        echo_json(found.file.model_dump(mode="json", by_alias=True) | {"params": dict(found.params), "version": found.version})
        return
    _tell(found)


@command.command()
def functions() -> None:
    """List the functions that expressions may use, each with an example and its answer on 31 March 2026."""
    for function in FUNCTIONS.values():
        click.echo(f"{function.example:<70} {function.answer}")
        click.echo(f"    {function.says}")


@command.command()
@click.argument("rule", required=False)
@click.pass_context
def test(ctx: click.Context, rule: str | None) -> None:
    """Try the examples of every rule, or of one."""
    from alerting.evaluate import failing_examples

    book = build_app(ctx).book
    chosen = [item for item in book.rules if rule in (None, item.code, item.id)]
    failures = failing_examples(chosen, book)
    for failure in failures:
        click.echo(failure)
    tried = sum(len(item.file.examples) for item in chosen)
    click.echo(f"{tried - len(failures)} of {tried} examples are lived up to", err=True)
    sys.exit(1 if failures or not chosen else 0)


def _tell(rule: Rule) -> None:
    file = rule.file
    click.echo(f"{rule.code} {rule.title} ({rule.id}), {rule.place}, version {rule.version}")
    click.echo(f"Basis: {rule.basis_kind}: {rule.basis_text} ({rule.basis_source or 'no source'}). Owner: {file.owner}.")
    click.echo(f"Asked {file.job} of every {rule.subject.title.lower()} where {file.where}")
    for name, text in file.let.items():
        click.echo(f"  {name} is {text}")
    click.echo(f"Measure: {file.measure} ({rule.unit})" if file.measure else "It measures nothing.")
    for level, text in file.levels.items():
        click.echo(f"  {level} when {text}; tells {', '.join(file.notify.get(level, ()))}")
    for role, text in file.also.items():
        click.echo(f"  also {role} when {text}")
    click.echo(f"Due: {file.due or 'no date'}. Clears when: {rule.clears}")
    click.echo("Parameters: " + (", ".join(f"{name} {value}" for name, value in rule.params.items()) or "none"))
    click.echo("Columns:")
    for name, column in rule.subject.columns.items():
        click.echo(f"  {name} ({column.type}): {column.says}")

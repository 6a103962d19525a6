"""`alerting rules test`: the examples of every rule, tried."""

from __future__ import annotations

import sys

import click

from alerting.cli import build_app


@click.command()
@click.argument("rule", required=False)
@click.pass_context
def command(ctx: click.Context, rule: str | None) -> None:
    """Try the examples of every rule, or of one."""
    from alerting.examples import failing_examples

    book = build_app(ctx).book
    chosen = [item for item in book.rules if rule in (None, item.code, item.id)]
    failures = failing_examples(chosen, book)
    for failure in failures:
        click.echo(failure)
    tried = sum(len(item.file.examples) for item in chosen)
    click.echo(f"{tried - len(failures)} of {tried} examples are lived up to", err=True)
    sys.exit(1 if failures or not chosen else 0)

"""`alerting rules functions`: what an expression may call."""

from __future__ import annotations

import click

from alerting.functions import FUNCTIONS


@click.command()
def command() -> None:
    """List the functions that expressions may use, each with an example and its answer on 31 March 2026."""
    for function in FUNCTIONS.values():
        click.echo(f"{function.example:<70} {function.answer}")
        click.echo(f"    {function.says}")

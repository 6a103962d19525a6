"""`alerting rules catalogue`: every rule, as it is read to people who know the work and not the data."""

from __future__ import annotations

import click

from alerting.cli import build_app
from alerting.terminal import echo, echo_table


@click.command()
@click.option("--markdown", is_flag=True, help="Print every rule in words, as a page.")
@click.pass_context
def command(ctx: click.Context, *, markdown: bool) -> None:
    """List what every rule that is switched on tells; with --markdown, what it asks, when it is amber or red, and who is told."""
    from alerting.authoring.explain.catalogue import catalogue_page

    book = build_app(ctx).book
    if markdown:
        echo(catalogue_page(book), nl=False)
        return
    echo_table(
        ["Code", "What it tells", "Asked", "Basis"],
        [[rule.code, rule.title, rule.file.job, rule.basis_kind] for rule in sorted(book.rules, key=lambda rule: rule.code)],
    )
    echo("`alerting rules explain CODE` says all of one; --markdown prints all of them in words.", err=True)

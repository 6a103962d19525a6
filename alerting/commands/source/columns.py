"""`alerting source columns`: what is read of the council's data."""

from __future__ import annotations

import click

from alerting.cli import build_app
from alerting.terminal import echo, echo_table


@click.command("columns")
@click.option("--markdown", is_flag=True, help="Print it as a page.")
@click.pass_context
def command(ctx: click.Context, *, markdown: bool) -> None:
    """List every table and column that is read, and for which rules; nothing else leaves the council's system.

    It is what the account in the database may read, and what an assessment of data protection has to name. A rule that is switched off asks for nothing.
    """
    from alerting.rulebook.reference import tables_page, tables_read

    book = build_app(ctx).book
    if markdown:
        echo(tables_page(book), nl=False)
        return
    echo_table(
        ["Table", "Columns", "For"],
        [[each.name, " ".join(each.columns), each.wanted_by] for each in tables_read(book)],
    )

"""`alerting rules subjects`: whom rules can be about, and the columns of each."""

from __future__ import annotations

import click

from alerting.cli import build_app
from alerting.terminal import echo, echo_table


@click.command()
@click.argument("name", required=False)
@click.option("--markdown", is_flag=True, help="Print the whole catalogue as a page.")
@click.pass_context
def command(ctx: click.Context, name: str | None, *, markdown: bool) -> None:
    """List whom rules can be about, or show one with its columns: what each holds, and how private it is."""
    from alerting.documents.document import did_you_mean
    from alerting.errors import AlertingError
    from alerting.rulebook.reference import subjects_page

    subjects = build_app(ctx).book.subjects
    if markdown:
        echo(subjects_page(subjects.values()), nl=False)
    elif name is None:
        echo_table(["Subject", "Is"], [[subject.id, subject.says] for subject in subjects.values()])
        echo("`alerting rules subjects NAME` shows the columns of one.", err=True)
    elif name not in subjects:
        remedy = did_you_mean(name, list(subjects)) or "`alerting rules subjects` lists them all."
        raise AlertingError(f"there is no subject '{name}'", remedy=remedy)
    else:
        subject = subjects[name]
        echo(f"{subject.title}. {subject.says}", err=True)
        rows = [[column, about.type, about.tier, about.says] for column, about in subject.columns.items()]
        echo_table(["Column", "Type", "Tier", "Means"], rows)

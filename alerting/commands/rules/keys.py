"""`alerting rules keys`: what may stand in a rule or subject file."""

from __future__ import annotations

import click

from alerting.terminal import echo


@click.command()
@click.argument("name", required=False)
@click.option("--markdown", is_flag=True, help="Print every key as the tables of a page.")
def command(name: str | None, *, markdown: bool) -> None:
    """List the keys that a rule or subject file may have, or say what one means."""
    from alerting.documents.document import did_you_mean
    from alerting.errors import AlertingError
    from alerting.rulebook.reference import PARTS, key_names, key_says, keys_page

    if markdown:
        echo(keys_page(), nl=False)
    elif name is None:
        for heading, model in PARTS.items():
            echo(f"{heading}: {', '.join(field.alias or key for key, field in model.model_fields.items())}")
        echo("`alerting rules keys NAME` says what one means.", err=True)
    elif name not in key_names():
        remedy = did_you_mean(name, key_names()) or "`alerting rules keys` lists them all."
        raise AlertingError(f"there is no key '{name}'", remedy=remedy)
    else:
        echo("\n".join(key_says(name)))

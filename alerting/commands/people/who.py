"""`alerting people who`: who answers for a team, somebody of the staff, or a child."""

from __future__ import annotations

from datetime import datetime

import click

from alerting.cli import DAY, build_app, today
from alerting.terminal import echo, echo_json


@click.command()
@click.argument("whom")
@click.option("--as-of", type=DAY, help="The business date; today when left out.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def command(ctx: click.Context, whom: str, as_of: datetime | None, *, as_json: bool) -> None:
    """Show who answers for a team, a member of staff or a child on a day: as cover, or as the next up, too.

    WHOM is a team's id or name, a worker's id, address or name, or a child's number. Whom a restricted record names is not said.
    Reads the case data; nothing is stored or sent. `alerting rules who` says who is told of one rule's alert.
    """
    from alerting.authoring.people import who_answers

    app = build_app(ctx)
    found = who_answers(app, whom, as_of.date() if as_of else today(app))
    if as_json:
        echo_json({"title": found.title, "answers": [list(line) for line in found.lines], "notes": list(found.notes)})
        return
    echo(found.title, bold=True)
    width = max((len(role) for role, _ in found.lines), default=0)
    for role, who in found.lines:
        echo(f"  {role:<{width}}  {who}")
    for note in found.notes:
        echo(note)

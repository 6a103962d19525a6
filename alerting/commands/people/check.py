"""`alerting people check`: what is wrong with who is who."""

from __future__ import annotations

import sys
from datetime import datetime
from itertools import groupby

import click

from alerting.cli import DAY, build_app, today
from alerting.formatting import plural
from alerting.terminal import echo, echo_json


@click.command()
@click.option("--as-of", type=DAY, help="The business date; today when left out.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_context
def command(ctx: click.Context, as_of: datetime | None, *, as_json: bool) -> None:
    """Find what leads to nobody, or to the wrong person: posts, addresses, cover, people who have left, two of one.

    Looks at ext_staff, ext_team and ext_cover as a run would, and at whom open alerts name. Nothing is stored or sent.
    """
    from alerting.authoring.people import REMEDIES, check_people

    app = build_app(ctx)
    faults = check_people(app, as_of.date() if as_of else today(app))
    if as_json:
        echo_json([{"kind": one.kind.value, "says": one.says, "remedy": REMEDIES[one.kind]} for one in faults])
    else:
        for kind, of_kind in groupby(faults, key=lambda one: one.kind):
            echo(f"{kind.words}. {REMEDIES[kind]}", bold=True)
            for one in of_kind:
                echo(f"  {one.says}")
        echo(plural(len(faults), "fault") if faults else "Every post leads to somebody who can be told.", err=bool(faults))
    sys.exit(1 if faults else 0)

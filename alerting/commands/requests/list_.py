"""`alerting requests list`: what waits for a second person."""

from __future__ import annotations

from contextlib import closing

import click

from alerting.cli import build_app, today
from alerting.terminal import echo, echo_json, echo_table


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """List what waits for a second person, the oldest first: who asked, for what, and why it takes two."""
    from alerting.store import act_json, acts

    app = build_app(ctx)
    store, day = app.store(), today(app)
    with closing(store), store.transaction() as connection:
        until = {each: app.last_day_of_request(each.at.date()) for each in acts.all_waiting(connection)}
    found = [each for each in until if until[each] >= day]
    rows = [
        {
            "request": each.id,
            "at": each.at.isoformat(),
            "kind": each.kind.value,
            "about": each.about,
            "by": each.by.id,
            "asked": each.asked,
            "note": each.note,
            "why": each.why,
            "wanted": act_json.wanted_to_json(each.wanted),
            "until": until[each].isoformat(),
        }
        for each in found
    ]
    if as_json:
        echo_json(rows)
        return
    cells = [
        [
            each.id,
            f"{each.at:%Y-%m-%d %H:%M}",
            until[each],
            each.kind.words,
            each.about,
            each.by.name,
            each.asked or "anybody else",
            each.note,
        ]
        for each in found
    ]
    echo_table(["Request", "Since", "Until", "To be", "About", "By", "Asked", "Why"], cells)
    echo(f"{len(rows)} requests", err=True)
